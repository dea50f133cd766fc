#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a chunk of sound costs: the models of silero-vad on one thread, beside ONNX Runtime with its inputs and outputs bound.

Both run in turn, pinned to one core; a figure is the least of the rounds' medians, in microseconds. Ingot's includes the call of its C interface with
all its checks, ONNX Runtime's that of `run_with_iobinding` from Python (about 3 us of it are Python). Writes docs/benchmarks/voice.md.

    test/bench/voice.py --rounds 9
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import sys
import tempfile
import time

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import harness  # noqa: E402
import models  # noqa: E402
import voice  # noqa: E402

RUNS = 2000


def peer(path, feeds):
    import onnxruntime

    session = harness.session(str(path), 1)
    binding = session.io_binding()
    for value in session.get_inputs():
        binding.bind_ortvalue_input(value.name, onnxruntime.OrtValue.ortvalue_from_numpy(feeds[value.name]))
    for value in session.get_outputs():
        binding.bind_output(value.name)

    def measure() -> float:
        times = []
        for _ in range(RUNS):
            begin = time.perf_counter()
            session.run_with_iobinding(binding)
            times.append(time.perf_counter() - begin)
        return float(np.median(times)) * 1e6

    return measure


def ours(path, shapes, feeds, folder):
    program = folder / path.stem
    made = harness.compile_model(path, program, "-O3", shapes, extra=["--target=native"])
    if made.code != 0:
        raise SystemExit(made.text())
    np.savez(folder / "inputs.npz", **feeds)
    command = [program, "--inputs", folder / "inputs.npz", "--threads", 1, "--warmup", 100, "--iterations", RUNS, "--json"]

    def measure() -> float:
        return json.loads(harness.execute(command).out)["median_ms"] * 1e3

    return measure


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--output", default=harness.ROOT / "docs/benchmarks/voice.md", type=pathlib.Path)
    options = parser.parse_args()
    harness.need_ingot()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    chunk = voice.sound()[20000 : 20000 + 576].astype(np.float32)[None] / 32768
    lines = []
    for model in models.find(["silero-vad"]) + models.VOICE:
        path = models.prepare(model)
        names = [value.name for value in harness.session(str(path), 1).get_inputs()]
        feeds = {"input": chunk, "state": np.zeros((2, 1, 128), np.float32), "sr": np.array(voice.RATE)}
        feeds = {name: feeds[name] for name in names}
        with tempfile.TemporaryDirectory() as folder:
            runners = {"ingot": ours(path, model.shapes, feeds, pathlib.Path(folder)), "peer": peer(path, feeds)}
            best = {name: float("inf") for name in runners}
            for _ in range(options.rounds):
                for name, measure in runners.items():
                    best[name] = min(best[name], measure())
        lines.append(f"| {model.name} | {best['ingot']:.1f} | {best['peer']:.1f} | {best['ingot'] / best['peer']:.2f} |")
        print(lines[-1], flush=True)
    date = datetime.date.today().isoformat()
    rows = "\n".join(lines)
    options.output.write_text(f"""# A chunk of sound

`test/bench/voice.py`, {date}, {platform.machine()}, one thread, microseconds per chunk of 32 ms (576 samples with their context), the least of
{options.rounds} interleaved rounds' medians. Both sides include their call; ONNX Runtime's inputs and outputs are bound.

| model | Ingot | ONNX Runtime | ratio |
|---|---:|---:|---:|
{rows}
""")
    return 0


if __name__ == "__main__":
    sys.exit(main())
