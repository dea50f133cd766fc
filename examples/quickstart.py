#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The part of quickstart.sh that follows the build: fetch the model, draw a picture, compile, run, read, compare.

examples/quickstart.py [TEXT] [--ort-only]      --ort-only shows the oracle's side alone, without Ingot
"""

import argparse
import contextlib
import json
import os
import pathlib
import sys
import tempfile
import time

import numpy as np
from PIL import Image, ImageDraw, ImageFont

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "test/e2e"))
import harness  # noqa: E402
import models  # noqa: E402

TEXT = "Ingot compiles models"
HEIGHT, WIDTH = 48, 320
ITERATIONS = 50


@contextlib.contextmanager
def step(name: str):
    print(f"\n[{name}]", flush=True)
    start = time.monotonic()
    yield
    print(f"[{name}] {time.monotonic() - start:.1f} s", flush=True)


def draw(text: str) -> Image.Image:
    """Dark text on a light ground, as large as the height allows, cut to what it covers."""
    font = ImageFont.load_default(36)
    left, top, right, bottom = font.getbbox(text)
    image = Image.new("RGB", (right - left + 16, bottom - top + 16), (245, 243, 238))
    ImageDraw.Draw(image).text((8 - left, 8 - top), text, font=font, fill=(25, 30, 45))
    return image


def normalise(image: Image.Image) -> np.ndarray:
    """What PP-OCR's recogniser expects: height 48 in proportion, BGR, (x / 255 - 0.5) / 0.5, padded with zeros to the full width."""
    width = min(WIDTH, max(1, round(image.width * HEIGHT / image.height)))
    pixels = np.asarray(image.resize((width, HEIGHT), Image.Resampling.BILINEAR), np.float32)[:, :, ::-1]
    batch = np.zeros((1, 3, HEIGHT, WIDTH), np.float32)
    batch[0, :, :, :width] = ((pixels / 255 - 0.5) / 0.5).transpose(2, 0, 1)
    return batch


def decode(probabilities: np.ndarray, alphabet: list[str]) -> str:
    """Greedy CTC: the best class of every column, repeats merged, class 0 (blank) dropped. The last class is the space."""
    best = probabilities[0].argmax(axis=1)
    kept = [index for index, before in zip(best, [-1, *best[:-1]]) if index != before and index != 0]
    return "".join((["", *alphabet, " "])[index] for index in kept)


def alphabet_of(path: pathlib.Path) -> list[str]:
    import onnx

    entries = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    return entries["character"].splitlines()


def time_oracle(path: pathlib.Path, batch: np.ndarray, threads: int) -> tuple[float, float]:
    """Milliseconds of session creation with the first run, and the median of a run."""
    start = time.perf_counter()
    session = harness.session(str(path), threads)
    name = session.get_inputs()[0].name
    session.run(None, {name: batch})
    first = (time.perf_counter() - start) * 1e3
    times = []
    for _ in range(ITERATIONS):
        begin = time.perf_counter()
        session.run(None, {name: batch})
        times.append((time.perf_counter() - begin) * 1e3)
    return first, float(np.median(times))


def time_ingot(executable: pathlib.Path, picture: pathlib.Path, threads: int) -> tuple[float, float]:
    outcome = harness.execute([executable, "--input", f"x={picture}", "--iterations", ITERATIONS, "--warmup", 5, "--threads", threads, "--json"])
    if outcome.code != 0:
        raise SystemExit(f"the compiled program ended with exit code {outcome.code}: {outcome.text()}")
    result = json.loads(outcome.out)
    return result["start_to_first_ms"], result["median_ms"]


def run_ingot(executable: pathlib.Path, folder: pathlib.Path, output: str) -> np.ndarray:
    command = [executable, "--input", f"x={folder / 'picture.npy'}", "--output", f"{output}={folder / 'result.npy'}"]
    print("  " + " ".join(map(str, command)))
    outcome = harness.execute(command)
    if outcome.code != 0:
        raise SystemExit(f"the compiled program ended with exit code {outcome.code}: {outcome.text()}")
    return np.load(folder / "result.npy")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", nargs="?", default=TEXT)
    parser.add_argument("--ort-only", action="store_true")
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ingot-quickstart-"))
    threads = [1, 2] if len(os.sched_getaffinity(0)) > 1 else [1]

    with step("fetch the model"):
        path = models.prepare(models.find(["ppocr-rec"])[0])
        alphabet = alphabet_of(path)
        print(f"  PP-OCRv4 text recognition, {path.stat().st_size / 1e6:.1f} MB, {len(alphabet)} characters: {path}")
    with step("draw a picture"):
        image = draw(options.text)
        image.save(folder / "picture.png")
        batch = normalise(image)
        np.save(folder / "picture.npy", batch)
        print(f"  '{options.text}' in {folder / 'picture.png'}, {image.width} x {image.height}")
    with step("ask ONNX Runtime"):
        session = harness.session(str(path))
        output = session.get_outputs()[0].name
        expected = session.run([output], {"x": batch})[0]
        print(f"  reads: {decode(expected, alphabet)}")
    if options.ort_only:
        return 0

    executable = folder / "read-text"
    with step("compile"):
        made = harness.compile_model(path, executable, shapes={"x": (1, 3, HEIGHT, WIDTH)}, extra=["--target=native"])
        if made.code != 0:
            raise SystemExit(f"ingot compile ended with exit code {made.code}: {made.text()}")
        summary = (made.out + made.err).strip().splitlines()
        print(f"  {summary[-1] if summary else ''}")
        print(f"  peak memory of the compiler {made.peak_mb:.0f} MB, executable {executable.stat().st_size / 1e6:.1f} MB")
    with step("run"):
        got = run_ingot(executable, folder, output)
        text = decode(got, alphabet)
        print(f"  reads: {text}")
    error, complaint = harness.compare({output: expected}, {output: got})
    with step("compare"):
        print(f"  numbers: largest difference {error:.1e} of the output's range (limit {harness.TOLERANCE:.0e})")
        print("  time in ms      first result   one run (median)")
        for count in threads:
            for name, (first, median) in (
                ("ONNX Runtime", time_oracle(path, batch, count)),
                ("Ingot", time_ingot(executable, folder / "picture.npy", count)),
            ):
                print(f"  {name:12} {count}T {first:12.1f} {median:15.2f}")
    if complaint:
        raise SystemExit(complaint)
    if text != decode(expected, alphabet):
        raise SystemExit("Ingot and ONNX Runtime read different text")
    print(f"\nThe picture says: {text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
