#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures Ingot beside its peers in one run and writes docs/benchmarks/cpu.md, .json and .svg.

Every engine runs in a process of its own, pinned to as many cores as it has threads. Rounds go through all engines in turn, so that a machine that
changes its speed changes it for all; a figure is the median over the rounds of each round's median. The FMA peak is measured in the same rounds.
A peer that is not installed (`compiler/dev/setup.sh --bench`), or that cannot run a model, is said so and left out.

    test/bench/compare.py                                   all of it (about 20 minutes; the first time 10 more, in which IREE compiles)
    test/bench/compare.py --models ppocr-rec --rounds 1     some models
    test/bench/compare.py --parts times,kernels             of: times, tail, memory, functions, kernels, compile, overhead, bf16,
                                                            partition
    test/bench/compare.py --peers onnxruntime,openvino      without IREE
    test/bench/compare.py --keep --models vit-b-16          the report keeps what it says of all that is not measured again
    test/bench/compare.py --output build/bench/report       another place for the report
"""

import argparse
import dataclasses
import datetime
import json
import os
import pathlib
import platform
import statistics
import sys
import time

import numpy as np
import onnx

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import bars  # noqa: E402
import cases  # noqa: E402
import chart  # noqa: E402
import costs  # noqa: E402
import engines  # noqa: E402
import flops  # noqa: E402
import harness  # noqa: E402
import kernels  # noqa: E402
import models  # noqa: E402
import report  # noqa: E402
import spills  # noqa: E402

THREADS = (1, 2)
BLOCK_SECONDS = 0.7  # how long one engine runs in one round
PARTS = ("times", "tail", "memory", "functions", "kernels", "compile", "overhead", "bf16", "partition")
ONCE = ("iree",)  # far from the others: measured in the first round only
BEGAN = time.monotonic()


def say(text: str) -> None:
    print(f"[{time.monotonic() - BEGAN:6.0f} s] {text}", flush=True)


# ---- Models ------------------------------------------------------------------------------------------------------------------------------------


def prepare(case: cases.Case, row: dict, options, folder: pathlib.Path) -> engines.Built:
    """Compiles a model and checks what it computes."""
    path = models.prepare(case.model)
    built = engines.Built(path, folder / f"{case.name}.npz", folder / case.name)
    np.savez(built.data, **case.inputs)
    row["model_mb"] = path.stat().st_size / 1e6
    given = [f"--target={options.target}", *case.options]
    row["compile"] = engines.compile_model(path, built.executable, given, case.shapes)
    loops, spilling = spills.count(built.executable)
    described = engines.info(built.executable)
    row["compile"] |= {"file_mb": built.executable.stat().st_size / 1e6, "vector_loops": loops, "spilling_loops": len(spilling)}
    row |= {f"{name}_mb": described[f"{key}_bytes"] / 1e6 for name, key in (("weights", "weight"), ("arena", "arena"), ("scratch", "scratch"))}
    outcome, got = harness.run_model(built.executable, case.inputs, 2)
    if got is None:
        raise RuntimeError(f"run: exit code {outcome.code}: {outcome.text()}")
    row["error"], complaint = harness.compare(harness.oracle(path, case.inputs), got)
    if complaint:
        row["wrong"] = complaint
    if "functions" in options.parts:
        row["largest_function"] = engines.largest_function(path, given, case.shapes)
    return built


def prepare_iree(case: cases.Case, built: engines.Built) -> engines.Built:
    shapes = {name: value.shape for name, value in case.inputs.items()}
    program = engines.compile_for_iree(built.path, shapes, harness.CACHE / "bench" / "iree")
    return engines.Built(built.path, built.data, built.executable, program)


def interleave(names: list, built: engines.Built, rounds: int, row: dict) -> None:
    """Fills in the row: `ms` and `start_ms` by engine and threads, `peak_gflops` by threads, and `failed_peers`."""
    taken, starts, peaks, failed = {}, {}, {threads: [] for threads in THREADS}, row["failed_peers"]
    guess = {threads: engines.measure("ingot", built, threads, 0)["median_ms"] for threads in THREADS}
    for turn in range(rounds):
        for threads in THREADS:
            peaks[threads].append(engines.peak(threads))
            for engine in names:
                if engine in failed or (engine in ONCE and turn > 0):
                    continue
                try:
                    block = engines.measure(engine, built, threads, BLOCK_SECONDS, guess[threads])
                except RuntimeError as error:
                    if engine == "ingot":
                        raise
                    failed[engine] = str(error)[:300]
                    continue
                taken.setdefault(engine, {}).setdefault(threads, []).append(block["median_ms"])
                starts.setdefault(engine, {}).setdefault(threads, []).append(block["start_to_first_ms"])
    row["ms"] = {engine: medians(values) for engine, values in taken.items() if engine not in failed}
    row["start_ms"] = {engine: medians(values) for engine, values in starts.items() if engine not in failed}
    row["peak_gflops"] = medians(peaks)


def medians(values: dict) -> dict:
    return {threads: statistics.median(values[threads]) for threads in values}


def measure_models(options, names: list, folder: pathlib.Path) -> list[dict]:
    rows = []
    for case in cases.find([name for name in options.models.split(",") if name]):
        row = {"model": case.name, "failed_peers": {}}
        rows.append(row)
        try:
            built = prepare(case, row, options, folder)
            if work := flops.count(built.path, case.inputs):
                row |= {"gflop": work.direct / 1e9, "winograd_gflop": work.winograd / 1e9, "counted_gflop": work.counted / 1e9}
            if "times" in options.parts:
                if "iree" in names:
                    try:
                        built = prepare_iree(case, built)
                    except (RuntimeError, ValueError) as error:
                        row["failed_peers"]["iree"] = str(error)[:300]
                interleave(names, built, options.rounds, row)
            if "tail" in options.parts:
                row["tail"] = costs.tail(built)
            if "memory" in options.parts:
                row["memory"] = costs.memory(built)
            built.executable.unlink()
            say(f"{case.name}: " + ", ".join(f"{engine} {ms.get(1, 0):.3f} / {ms.get(2, 0):.3f} ms" for engine, ms in row.get("ms", {}).items()))
        except RuntimeError as error:
            row["failed"] = str(error)
            say(f"{case.name}: {error}")
    return rows


# ---- Kernels -----------------------------------------------------------------------------------------------------------------------------------


def measure_kernels(options, folder) -> list[dict]:
    rows = []
    for kernel in kernels.all_kernels():
        row = {"kernel": kernel.name, "goal": kernel.goal, "gflop": kernel.flops / 1e9}
        rows.append(row)
        stem = kernel.name.replace(" ", "-")
        built = engines.Built(folder / f"{stem}.onnx", folder / f"{stem}.npz", folder / stem)
        onnx.save(kernel.model, built.path)
        shape = [dim.dim_value for dim in kernel.model.graph.input[0].type.tensor_type.shape.dim]
        np.savez(built.data, x=np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32))
        try:
            engines.compile_model(built.path, built.executable, [f"--target={options.target}"])
            loops, spilling = spills.count(built.executable)
            rates, peaks = {threads: [] for threads in THREADS}, {threads: [] for threads in THREADS}
            for _ in range(options.rounds):
                for threads in THREADS:
                    peaks[threads].append(engines.peak(threads))
                    rates[threads].append(kernel.flops / engines.measure_ingot(built, threads, 300)["median_ms"] / 1e6)
            row |= {"gflops": medians(rates), "peak_gflops": medians(peaks), "vector_loops": loops, "spilling_loops": len(spilling)}
            row["share"] = {threads: row["gflops"][threads] / row["peak_gflops"][threads] for threads in THREADS}
            say(f"{kernel.name}: {row['share'][1]:.1%} / {row['share'][2]:.1%} of the FMA peak")
        except RuntimeError as error:
            row["failed"] = str(error)
            say(f"{kernel.name}: {error}")
    return rows


# ---- The whole ---------------------------------------------------------------------------------------------------------------------------------


def machine() -> dict:
    with open("/proc/cpuinfo") as file:
        name = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), platform.machine())
    return {"cpu": name, "cores": len(os.sched_getaffinity(0)), "date": str(datetime.date.today())}


def installed(wanted: list) -> dict:
    """{peer: version} of those that are there."""
    for name in wanted:
        if name not in engines.PACKAGES:
            raise SystemExit(f"unknown peer '{name}'; peers are: {', '.join(engines.PACKAGES)}")
    found = {name: engines.version(name) for name in wanted}
    for name in [name for name in wanted if not found[name]]:
        say(f"{name} is not installed and is left out: compiler/dev/setup.sh --bench")
    return {name: number for name, number in found.items() if number}


def guarded(part: str, measure, *arguments) -> dict:
    """A part that fails is said so and does not end the run."""
    try:
        values = measure(*arguments)
        say(f"{part}: " + ", ".join(f"{key} {value:.4g}" for key, value in values.items() if isinstance(value, float)))
        return values
    except RuntimeError as error:
        say(f"{part}: {error}")
        return {"failed": str(error)[:600]}


def kept(path: pathlib.Path, result: dict) -> dict:
    """The result, with what an earlier report says of other models and parts."""
    if not path.exists():
        return result
    old = json.loads(path.read_text())
    for key, name in (("models", "model"), ("kernels", "kernel")):
        new = {row[name]: row for row in result[key]}
        rows = [row | new.pop(row[name]) if row[name] in new and "failed" not in row else new.pop(row[name], row) for row in old[key]]
        result[key] = rows + list(new.values())
    result["placement"] = {key: old.get("placement", {}).get(key, 0) + count for key, count in result.get("placement", {}).items()}
    engines_known = [name for name in engines.TITLES if name in {*old["engines"], *result["engines"]}]
    return old | result | {"engines": engines_known, "versions": old["versions"] | result["versions"]}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--peers", default=",".join(engines.PACKAGES))
    parser.add_argument("--target", default="native")
    parser.add_argument("--output", type=pathlib.Path, default=harness.ROOT / "docs/benchmarks/cpu", help="path without suffix")
    parser.add_argument("--keep", action="store_true", help="what the report says of other models and parts")
    options = parser.parse_args()
    options.parts = options.parts.split(",")
    if unknown := [part for part in options.parts if part not in PARTS]:
        raise SystemExit(f"unknown part '{unknown[0]}'; parts are: {', '.join(PARTS)}")
    harness.need_ingot()
    versions = installed([name for name in options.peers.split(",") if name])
    names, folder = [*versions, "ingot"], harness.scratch("bench")
    result = {"machine": machine(), "rounds": options.rounds, "engines": names, "versions": versions, "models": [], "kernels": []}
    if {"times", "tail", "memory", "functions"} & set(options.parts):
        result["models"] = measure_models(options, names, folder)
    if "kernels" in options.parts:
        result["kernels"] = measure_kernels(options, folder)
    others = {"compile": costs.compilation, "overhead": costs.overhead, "bf16": costs.bf16, "partition": costs.partition}
    for part, measure in others.items():
        if part in options.parts:
            result[part] = guarded(part, measure, options, versions, folder)
    result["placement"] = dataclasses.asdict(engines.placement)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    result = json.loads(json.dumps(result))  # as whoever reads the file gets it: its keys are strings
    if options.keep:
        result = kept(options.output.with_suffix(".json"), result)
    options.output.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
    options.output.with_suffix(".svg").write_text(chart.draw(result))
    options.output.with_suffix(".md").write_text(report.page(result, options.output.name))
    say(f"wrote {options.output}.md, .json and .svg")
    for bar in bars.rows(result):
        say(f"{bar.mark:3} {bar.what}: {bar.value} (asked for: {bar.asked})")
    return 1 if any("failed" in row or "wrong" in row for row in result["models"] + result["kernels"]) else 0


if __name__ == "__main__":
    sys.exit(main())
