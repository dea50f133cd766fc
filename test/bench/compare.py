#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures Ingot beside its peers in one run and writes docs/benchmarks/main-job.md and .json.

Every engine runs in a process of its own, pinned to as many cores as it has threads. Rounds go through all engines in turn, so that a machine that
changes its speed changes it for all; a figure is the median over the rounds of each round's median. The FMA peak is measured in the same rounds.

    test/bench/compare.py                                   all of it (about 20 minutes)
    test/bench/compare.py --models ppocr-rec --rounds 3     some models
    test/bench/compare.py --parts kernels                   of: models, kernels, start
    test/bench/compare.py --peers onnxruntime,openvino      OpenVINO only where it is installed
    test/bench/compare.py --output build/bench/report       another place for the report
"""

import argparse
import datetime
import json
import math
import pathlib
import platform
import statistics
import subprocess
import sys
import time

import numpy as np
import onnx

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import harness  # noqa: E402
import kernels  # noqa: E402
import models  # noqa: E402
import report as pages  # noqa: E402
import spills  # noqa: E402

THREADS = (1, 2)
BLOCK_SECONDS = 0.7  # how long one engine runs in one round
MOST, FEWEST = 2000, 5


def say(text: str) -> None:
    print(f"[{time.monotonic() - BEGAN:6.0f} s] {text}", flush=True)


BEGAN = time.monotonic()


# ---- One measurement of an engine, in its own process ------------------------------------------------------------------------------------------


def worker(engine: str, path: str, data: str, threads: int, iterations: int) -> None:
    """Runs in a child: prints what a user of the peer's Python interface sees, as JSON."""
    with np.load(data) as archive:
        inputs = {name: archive[name] for name in archive.files}
    if engine == "onnxruntime":
        import onnxruntime  # noqa: F401  the import is not the peer's session creation

        begin = time.perf_counter()
        session = harness.session(path, threads)
        run = lambda: session.run(None, inputs)  # noqa: E731
    else:
        import openvino

        core = openvino.Core()
        begin = time.perf_counter()
        read = core.read_model(path)
        read.reshape({name: value.shape for name, value in inputs.items()})
        settings = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
        request = core.compile_model(read, "CPU", settings).create_infer_request()
        run = lambda: request.infer(inputs)  # noqa: E731
    run()
    first = (time.perf_counter() - begin) * 1e3
    times = []
    for _ in range(iterations):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1e3)
    print(json.dumps({"median_ms": statistics.median(times) if times else first, "start_to_first_ms": first}))


def pinned(threads: int) -> list[str]:
    return ["taskset", "-c", ",".join(map(str, range(threads)))]


def measure(engine: str, path, executable, data, threads: int, iterations: int) -> dict:
    if engine == "ingot":
        command = [executable, "--inputs", data, "--threads", threads, "--warmup", 3, "--iterations", iterations, "--json"]
    else:
        command = [sys.executable, HERE / "compare.py", "--worker", engine, path, data, threads, iterations]
    outcome = harness.execute(pinned(threads) + command, timeout=600)
    if outcome.code != 0:
        raise RuntimeError(f"{engine}: exit code {outcome.code}: {outcome.text()}")
    result = json.loads(outcome.out.strip().splitlines()[-1])
    result["process_ms"], result["peak_mb"] = outcome.seconds * 1e3, outcome.peak_mb
    return result


def peak_program() -> pathlib.Path:
    program = harness.BUILD / "bench" / "fma_peak"
    program.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["clang-22", "-O2", "-pthread", str(HERE / "fma_peak.c"), "-o", str(program)], check=True)
    return program


def peak(program: pathlib.Path, threads: int) -> float:
    outcome = harness.execute(pinned(threads) + [program, threads])
    if outcome.code != 0:
        raise RuntimeError(outcome.text())
    return float(outcome.out)


# ---- Parts of the report -----------------------------------------------------------------------------------------------------------------------


def interleave(engines, path, executable, data, rounds: int) -> dict:
    """{engine: {threads: median ms}}. The first, unrecorded block finds how many iterations fill a block."""
    iterations = {}
    for engine in engines:
        for threads in THREADS:
            median = measure(engine, path, executable, data, threads, FEWEST)["median_ms"]
            iterations[engine, threads] = int(min(MOST, max(FEWEST, BLOCK_SECONDS * 1e3 / max(median, 1e-3))))
    times = {key: [] for key in iterations}
    for _ in range(rounds):
        for threads in THREADS:
            for engine in engines:
                times[engine, threads].append(measure(engine, path, executable, data, threads, iterations[engine, threads])["median_ms"])
    return {engine: {threads: statistics.median(times[engine, threads]) for threads in THREADS} for engine in engines}


def build(path, executable, shapes, options) -> dict:
    made = harness.compile_model(path, executable, "-O3", shapes, [f"--target={options.target}"], timeout=900)
    if made.code != 0:
        raise RuntimeError(f"ingot compile: exit code {made.code}: {made.text()}")
    # External tools read the weights too; only the code of the program is disassembled.
    loops, spilling = spills.count(executable)
    return {
        "seconds": made.seconds,
        "peak_mb": made.peak_mb,
        "file_mb": executable.stat().st_size / 1e6,
        "vector_loops": loops,
        "spilling_loops": len(spilling),
    }


def measure_models(options, engines, folder) -> list[dict]:
    rows = []
    for model in models.find([name for name in options.models.split(",") if name]):
        path = models.prepare(model)
        row = {"model": model.name, "model_mb": path.stat().st_size / 1e6}
        rows.append(row)
        try:
            executable, data = folder / model.name, folder / f"{model.name}.npz"
            inputs = models.inputs(model)
            np.savez(data, **inputs)
            row["compile"] = build(path, executable, model.shapes, options)
            outcome, got = harness.run_model(executable, inputs, 2)
            if got is None:
                raise RuntimeError(f"run: exit code {outcome.code}: {outcome.text()}")
            row["error"], complaint = harness.compare(harness.oracle(path, inputs), got)
            if complaint:
                row["wrong"] = complaint
            row["ms"] = interleave(engines, path, executable, data, options.rounds)
            if "start" in options.parts:
                starts = {engine: [] for engine in engines}
                for _ in range(options.rounds):
                    for engine in engines:
                        starts[engine].append(measure(engine, path, executable, data, 2, 0 if engine != "ingot" else 1)["start_to_first_ms"])
                row["start_ms"] = {engine: statistics.median(values) for engine, values in starts.items()}
            executable.unlink()
            say(f"{model.name}: " + ", ".join(f"{engine} {row['ms'][engine][1]:.3f} / {row['ms'][engine][2]:.3f} ms" for engine in engines))
        except RuntimeError as error:
            row["failed"] = str(error)
            say(f"{model.name}: {error}")
    return rows


def measure_kernels(options, folder) -> list[dict]:
    program, rows = peak_program(), []
    for kernel in kernels.all_kernels():
        row = {"kernel": kernel.name, "goal": kernel.goal, "gflop": kernel.flops / 1e9}
        rows.append(row)
        stem = kernel.name.replace(" ", "-")
        path, executable, data = folder / f"{stem}.onnx", folder / stem, folder / f"{stem}.npz"
        onnx.save(kernel.model, path)
        shape = [dim.dim_value for dim in kernel.model.graph.input[0].type.tensor_type.shape.dim]
        np.savez(data, x=np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32))
        try:
            row["compile"] = build(path, executable, {}, options)
            rates, peaks = {threads: [] for threads in THREADS}, {threads: [] for threads in THREADS}
            for _ in range(options.rounds):
                for threads in THREADS:
                    peaks[threads].append(peak(program, threads))
                    median = measure("ingot", path, executable, data, threads, 300)["median_ms"]
                    rates[threads].append(kernel.flops / median / 1e6)
            row["gflops"] = {threads: statistics.median(rates[threads]) for threads in THREADS}
            row["peak_gflops"] = {threads: statistics.median(peaks[threads]) for threads in THREADS}
            row["share"] = {threads: row["gflops"][threads] / row["peak_gflops"][threads] for threads in THREADS}
            say(f"{kernel.name}: {row['share'][1]:.1%} / {row['share'][2]:.1%} of the FMA peak")
        except RuntimeError as error:
            row["failed"] = str(error)
            say(f"{kernel.name}: {error}")
    return rows


def geometric_means(rows, engines) -> dict:
    means = {}
    for peer in engines:
        if peer == "ingot":
            continue
        for threads in THREADS:
            ratios = [row["ms"]["ingot"][threads] / row["ms"][peer][threads] for row in rows if "ms" in row]
            if ratios:
                means[f"{peer} {threads}T"] = math.exp(sum(map(math.log, ratios)) / len(ratios))
    return means


def machine() -> dict:
    with open("/proc/cpuinfo") as file:
        name = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), platform.machine())
    import onnxruntime

    return {"cpu": name, "cores": len(harness.os.sched_getaffinity(0)), "onnxruntime": onnxruntime.__version__, "date": str(datetime.date.today())}


def main() -> int:
    if sys.argv[1:2] == ["--worker"]:
        engine, path, data, threads, iterations = sys.argv[2:7]
        worker(engine, path, data, int(threads), int(iterations))
        return 0
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--parts", default="models,kernels,start")
    parser.add_argument("--peers", default="onnxruntime")
    parser.add_argument("--target", default="native")
    parser.add_argument("--output", type=pathlib.Path, default=harness.ROOT / "docs/benchmarks/main-job", help="path without suffix")
    options = parser.parse_args()
    harness.need_ingot()
    engines = [*options.peers.split(","), "ingot"]
    folder = harness.scratch("bench")
    result = {"machine": machine(), "rounds": options.rounds, "engines": engines, "models": [], "kernels": []}
    if "models" in options.parts:
        result["models"] = measure_models(options, engines, folder)
        result["geometric_means"] = geometric_means(result["models"], engines)
    if "kernels" in options.parts:
        result["kernels"] = measure_kernels(options, folder)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
    options.output.with_suffix(".md").write_text(pages.page(json.loads(json.dumps(result))))
    say(f"wrote {options.output}.md and .json")
    return 1 if any("failed" in row or "wrong" in row for row in result["models"] + result["kernels"]) else 0


if __name__ == "__main__":
    sys.exit(main())
