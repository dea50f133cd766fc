# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A sound with something like a voice in it, and what silero-vad says about it in ONNX Runtime."""

import wave

import numpy as np

import harness

RATE, CHUNK, CONTEXT = 16000, 512, 64
VOWELS = np.array([[730, 1090, 2440], [270, 2290, 3010], [300, 870, 2240], [530, 1840, 2480], [570, 840, 2410]])  # formants in Hz
SPOKEN = ((1.0, 3.0), (4.0, 5.5))  # seconds


def voice(seconds: float, rng) -> np.ndarray:
    """The harmonics of a gliding pitch through the formants of changing vowels, four syllables a second."""
    time = np.arange(round(seconds * RATE)) / RATE
    pitch = 130 + 25 * np.sin(2 * np.pi * 0.7 * time) + 10 * np.sin(2 * np.pi * 3.1 * time)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    syllable = (4 * time).astype(int)
    order = rng.integers(0, len(VOWELS), syllable.max() + 2)
    turn = np.clip((4 * time - syllable) * 3 - 2, 0, 1)[:, None]
    formants = VOWELS[order[syllable]] * (1 - turn) + VOWELS[order[syllable + 1]] * turn
    sound = np.zeros(len(time))
    for harmonic in range(1, 40):
        frequency = harmonic * pitch
        gain = ((1, 0.6, 0.3) / (1 + ((frequency[:, None] - formants) / 90) ** 2)).sum(axis=1)
        sound += gain * np.sin(harmonic * phase) * (frequency < 7500)
    return 0.25 * sound * np.clip(np.sin(np.pi * (4 * time - syllable)), 0, 1) ** 0.6


def sound(seconds: float = 6.5, spoken=SPOKEN) -> np.ndarray:
    """16-bit samples; voices where `spoken` says, noise everywhere."""
    rng = np.random.default_rng(2)
    samples = np.zeros(int(seconds * RATE))
    for begin, end in spoken:
        part = voice(end - begin, rng)
        samples[round(begin * RATE) :][: len(part)] = part
    return np.clip((samples + 0.003 * rng.standard_normal(len(samples))) * 32767, -32768, 32767).astype(np.int16)


def write(path, samples: np.ndarray, rate: int = RATE) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())


def listen(run, samples: np.ndarray) -> np.ndarray:
    """A probability for each chunk, the last one filled up with silence. `run` takes a chunk and the state, and gives probability and next state."""
    state, padded = np.zeros((2, 1, 128), np.float32), np.zeros(CONTEXT + -(-len(samples) // CHUNK) * CHUNK, np.float32)
    padded[CONTEXT : CONTEXT + len(samples)] = samples.astype(np.float32) / 32768
    probabilities = []
    for begin in range(0, len(padded) - CONTEXT, CHUNK):
        probability, state = run(padded[None, begin : begin + CONTEXT + CHUNK], state)
        probabilities.append(probability[0, 0])
    return np.array(probabilities)


def oracle(model, samples: np.ndarray) -> np.ndarray:
    """What ONNX Runtime hears."""
    session = harness.session(str(model), 1)
    rate = {"sr": np.array(RATE)} if any(value.name == "sr" for value in session.get_inputs()) else {}
    return listen(lambda chunk, state: session.run(["output", "stateN"], {"input": chunk, "state": state, **rate}), samples)
