#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What open dims cost: models compiled once for all sizes, beside the same models compiled for each size and ONNX Runtime.

The three run in turn, each in a process of its own, pinned to as many cores as it has threads; a figure is the median over the rounds of each
round's median. Writes docs/benchmarks/open-dims.md.

    test/bench/open_dims.py                                all of it (about 10 minutes)
    test/bench/open_dims.py --models minilm --rounds 5
    test/bench/open_dims.py --output build/bench/open-dims
"""

import argparse
import dataclasses
import datetime
import json
import math
import pathlib
import statistics
import subprocess
import sys
import tempfile

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import harness  # noqa: E402
import models  # noqa: E402
import run_dynamic  # noqa: E402

SIZES = {
    "minilm": [(1, 8), (1, 32), (1, 64), (1, 77), (1, 128), (1, 256), (1, 512), (8, 32), (8, 128)],
    "ppocr-cls": [(1, 192), (6, 192), (1, 97)],
    "ppocr-rec": [(1, 320), (1, 97), (6, 320), (1, 1280)],
    "ppocr-det": [(1, 320, 320), (1, 640, 640), (1, 736, 480)],
}
BLOCK_SECONDS = 0.6

PEER = """
import json, statistics, sys, time
import numpy as np, onnxruntime
model, data, threads, iterations = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
options = onnxruntime.SessionOptions()
options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
with np.load(data) as archive:
    inputs = {name: archive[name] for name in archive.files}
times = []
for i in range(iterations + 2):
    begin = time.perf_counter()
    session.run(None, inputs)
    times.append(time.perf_counter() - begin)
print(json.dumps({"median_ms": 1e3 * statistics.median(times[2:])}))
"""


def median_ms(command: list, threads: int) -> float:
    cores = "0" if threads == 1 else f"0-{threads - 1}"
    outcome = subprocess.run(["taskset", "-c", cores, *map(str, command)], capture_output=True, text=True, check=True)
    return json.loads(outcome.stdout)["median_ms"]


def compile_model(path, output, options) -> None:
    made = harness.compile_model(path, output, "-O3", {}, [*options, "--quiet"], timeout=900)
    if made.code != 0:
        raise SystemExit(made.text())


def measure(dynamic, threads: int, rounds: int, folder: pathlib.Path) -> list:
    path = models.prepare(dynamic.model)
    opened = folder / f"{dynamic.name}-open"
    compile_model(path, opened, dataclasses.replace(dynamic, special={}).options())
    names = [name for name, size in dynamic.ranges.items() if isinstance(size, tuple)]
    rows = []
    for size in SIZES[dynamic.name]:
        sizes = dict(zip(names, size))
        fixed = folder / f"{dynamic.name}-fixed"
        given = [f"--dim={name}={value}" for name, value in (dynamic.ranges | sizes).items()]
        compile_model(path, fixed, given)
        data = folder / "inputs.npz"
        np.savez(data, **dynamic.feed(np.random.default_rng(0), sizes))
        once = median_ms([opened, "--inputs", data, "--json", "--threads", threads], threads)
        iterations = int(min(max(1e3 * BLOCK_SECONDS / max(once, 1e-3), 3), 500))
        engines = {
            "open": [opened, "--inputs", data, "--json", "--threads", threads, "--warmup", 2, "--iterations", iterations],
            "fixed": [fixed, "--inputs", data, "--json", "--threads", threads, "--warmup", 2, "--iterations", iterations],
            "onnxruntime": [sys.executable, "-c", PEER, path, data, threads, iterations],
        }
        times = {engine: [] for engine in engines}
        for _ in range(rounds):
            for engine, command in engines.items():
                times[engine].append(median_ms(command, threads))
        row = {engine: statistics.median(values) for engine, values in times.items()}
        rows.append({"model": dynamic.name, "size": "x".join(map(str, size)), "threads": threads} | row)
        print(f"{dynamic.name} {rows[-1]['size']} {threads}T: " + ", ".join(f"{engine} {value:.2f} ms" for engine, value in row.items()), flush=True)
    return rows


def mean_ratio(rows, engine: str) -> float:
    return math.exp(statistics.mean(math.log(row["open"] / row[engine]) for row in rows))


def page(rows: list, rounds: int) -> str:
    lines = [
        "# Open dims",
        "",
        f"Made by `test/bench/open_dims.py` on {datetime.date.today()}: one program for all sizes, beside a program compiled for the size and",
        f"ONNX Runtime, in turn for {rounds} rounds, each pinned to its cores; medians. The peer's time includes its call from Python (10 to 30 us).",
        "",
        "| model | size | threads | open ms | fixed ms | ONNX Runtime ms | open / fixed | open / ONNX Runtime |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        times = " | ".join(f"{row[engine]:.2f}" for engine in ("open", "fixed", "onnxruntime"))
        ratios = f"{row['open'] / row['fixed']:.2f} | {row['open'] / row['onnxruntime']:.2f}"
        lines.append(f"| {row['model']} | {row['size']} | {row['threads']} | {times} | {ratios} |")
    lines += ["", "| model | threads | geometric mean open / fixed | open / ONNX Runtime |", "|---|---:|---:|---:|"]
    for model in SIZES:
        for threads in (1, 2):
            own = [row for row in rows if row["model"] == model and row["threads"] == threads]
            if own:
                lines.append(f"| {model} | {threads} | {mean_ratio(own, 'fixed'):.2f} | {mean_ratio(own, 'onnxruntime'):.2f} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", default=str(harness.ROOT / "docs/benchmarks/open-dims"), help="path without suffix")
    options = parser.parse_args()
    wanted = [name for name in options.models.split(",") if name]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for dynamic in run_dynamic.dynamic_models():
            if not wanted or dynamic.name in wanted:
                for threads in (1, 2):
                    rows += measure(dynamic, threads, options.rounds, pathlib.Path(folder))
    output = pathlib.Path(options.output)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.with_suffix(".md").write_text(page(rows, options.rounds))
    print(f"wrote {output}.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
