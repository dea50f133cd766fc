#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures quantised models beside their own f32 and beside peers that run the same files, and writes docs/benchmarks/compression.md and .json.

Every engine runs in a process of its own, pinned to as many cores as it has threads; rounds go through all of them in turn, and a figure is the
median over the rounds of each round's median. `ingot quantize` makes the int8 files (random samples: speed does not depend on them). "f32" is Ingot
without Winograd convolutions (--exact), which the shares of int8 products are held against.

    test/bench/compression.py                               all of it (about 5 minutes)
    test/bench/compression.py --models resnet50             some models
    test/bench/compression.py --output build/bench/report   another place for the report
"""

import argparse
import dataclasses
import json
import pathlib
import statistics
import sys

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import compare  # noqa: E402
import engines  # noqa: E402
import flops  # noqa: E402
import harness  # noqa: E402
import models  # noqa: E402

THREADS, BLOCK_SECONDS = (1, 2), 0.7
PEERS = ("onnxruntime", "openvino")


@dataclasses.dataclass(frozen=True)
class Bars:
    """What is asked of the figures at two threads; 0: nothing."""

    own: float = 0  # times faster than its own f32
    peer: float = 0  # times faster than the better peer
    share: float = 0  # of the peak of products of bytes


@dataclasses.dataclass(frozen=True)
class Case:
    model: str
    mode: str
    bars: Bars

    @property
    def options(self) -> list:
        # What suits the peers: bytes on both sides of every operator, and dynamic products as ONNX Runtime's own quantiser writes them.
        return [f"--mode={self.mode}", *(["--random-calibration", "--qdq=every"] if self.mode == "static" else ["--granularity=tensor"])]

    @property
    def name(self) -> str:
        return f"{self.model} {self.mode} int8"


CASES = [
    Case("resnet50", "static", Bars(own=3.2, peer=1.0, share=0.8)),
    Case("mobilenet-v2", "static", Bars(own=2.0, peer=1.15)),
    Case("bert-base-128", "dynamic", Bars(peer=1.4)),
]


def quantize(case: Case, source: pathlib.Path, target: pathlib.Path) -> pathlib.Path:
    engines.run([harness.INGOT, "quantize", source, "-o", target, *case.options], "ingot quantize", 600)
    return target


def measure(case: Case, peers: list, rounds: int, folder: pathlib.Path, quantized: str) -> dict:
    model = next(model for model in models.MODELS if model.name == case.model)
    path, inputs = models.prepare(model), models.inputs(model)
    stem = folder / case.name.replace(" ", "-")
    data = stem.with_suffix(".npz")
    np.savez(data, **inputs)
    file = pathlib.Path(quantized.format(case.model)) if quantized else quantize(case, path, stem.with_suffix(".onnx"))
    plain = engines.Built(path, data, stem.with_name(f"{case.model}-f32"))
    bytes_ = engines.Built(file, data, stem)
    engines.compile_model(plain.path, plain.executable, ["--target=native", "--exact"], model.shapes)
    row = {"case": case.name, "bars": dataclasses.asdict(case.bars), "failed_peers": {}, "gflop": flops.count(path, inputs).direct / 1e9}
    row["compile_seconds"] = engines.compile_model(bytes_.path, bytes_.executable, ["--target=native"], model.shapes)["seconds"]
    row["mb"] = {"f32": path.stat().st_size / 1e6, "int8": file.stat().st_size / 1e6}
    outcome, got = harness.run_model(bytes_.executable, inputs, 2)
    if got is None:
        raise RuntimeError(f"run: exit code {outcome.code}: {outcome.text()}")
    row["cosine"] = cosine(harness.oracle(file, inputs, optimize=False), got)
    taken, peaks = {}, {}
    for _ in range(rounds):
        for threads in THREADS:
            peaks.setdefault(threads, []).append(engines.peak(threads, "int8"))
            for engine in ("f32", "int8", *peers):
                if engine in row["failed_peers"]:
                    continue
                try:
                    ours = engine in ("f32", "int8")
                    built, name = (plain if engine == "f32" else bytes_), ("ingot" if ours else engine)
                    guess = engines.measure("ingot", built, threads, 0)["median_ms"] if ours else None
                    block = engines.measure(name, built, threads, BLOCK_SECONDS, guess, "" if engine != "openvino" else "f32")
                    taken.setdefault(engine, {}).setdefault(threads, []).append(block["median_ms"])
                except RuntimeError as error:
                    if ours:
                        raise
                    row["failed_peers"][engine] = str(error)[:300]
    row["ms"] = {engine: {str(threads): statistics.median(values) for threads, values in by.items()} for engine, by in taken.items()}
    row["peak_gops"] = {str(threads): statistics.median(values) for threads, values in peaks.items()}
    return row


def cosine(expected: dict, got: dict) -> float:
    """The smallest of any output."""

    def one(a, b):
        a, b = a.astype(np.float64).ravel(), b.astype(np.float64).ravel()
        return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))

    return min(one(expected[name], got[name]) for name in expected)


def judged(row: dict) -> list[tuple[str, float, float]]:
    """(what, measured, asked for), at two threads."""
    ms, bars = {engine: by["2"] for engine, by in row["ms"].items()}, row["bars"]
    best = min((ms[peer] for peer in PEERS if peer in ms), default=None)
    figures = [("times faster than its own f32", ms["f32"] / ms["int8"], bars["own"])]
    if best:
        figures.append(("times faster than the better peer", best / ms["int8"], bars["peer"]))
    figures.append(("of the peak of products of bytes", row["gflop"] / ms["int8"] * 1e3 / row["peak_gops"]["2"], bars["share"]))
    return figures


def page(result: dict) -> str:
    machine = result["machine"]
    versions = ", ".join(f"{engines.TITLES[name]} {number}" for name, number in result["versions"].items())
    lines = [
        "# Compression", "",
        f"Made by `test/bench/compression.py` on {machine['cpu']}, {machine['cores']} cores, {machine['date']}; peers: {versions}.",
        f"Milliseconds at 1 / 2 threads, medians of {result['rounds']} rounds in which all engines run in turn. Peers run the same quantised file.",
        "\"f32\" is Ingot without Winograd convolutions; cosine: of int8 results to what ONNX Runtime computes of the same file without its",
        "optimisations.", "",
        "Pruned models: [pruning.md](pruning.md); 4 bits: [blocks.md](blocks.md); accuracy on real weights: [accuracy.md](accuracy.md).", "",
        "| model | MB before / after | own f32 | int8 | ONNX Runtime | OpenVINO | cosine |", "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for row in result["models"]:
        if "failed" in row:
            lines.append(f"| {row['case']} | failed: {row['failed'][:200]} | | | | | |")
            continue
        known = [row["ms"].get(engine, {}) for engine in ("f32", "int8", *PEERS)]
        times = [" / ".join(f"{ms:.2f}" for ms in by.values()) or "-" for by in known]
        lines.append(f"| {row['case']} | {row['mb']['f32']:.1f} / {row['mb']['int8']:.1f} | {' | '.join(times)} | {row['cosine']:.6f} |")
    lines += ["", "At 2 threads:", "", "| model | what | measured | asked for | met |", "|---|---|---|---|---|"]
    for row in result["models"]:
        for what, value, asked in [] if "failed" in row else judged(row):
            met = "" if not asked else "yes" if value >= asked else "no"
            lines.append(f"| {row['case']} | {what} | {value:.2f} | {asked or '-'} | {met} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--quantized", default="", help="int8 files that are there already, with {} for the model's name")
    parser.add_argument("--output", type=pathlib.Path, default=harness.ROOT / "docs/benchmarks/compression", help="path without suffix")
    options = parser.parse_args()
    harness.need_ingot()
    wanted = [name for name in options.models.split(",") if name]
    if unknown := set(wanted) - {case.model for case in CASES}:
        raise SystemExit(f"unknown model '{min(unknown)}'; models are: {', '.join(case.model for case in CASES)}")
    versions = compare.installed([name for name in options.peers.split(",") if name])
    folder = harness.scratch("compression")
    result = {"machine": compare.machine(), "rounds": options.rounds, "versions": versions, "models": []}
    for case in [case for case in CASES if not wanted or case.model in wanted]:
        try:
            row = measure(case, list(versions), options.rounds, folder, options.quantized)
            compare.say(f"{case.name}: " + ", ".join(f"{engine} {ms['1']:.2f} / {ms['2']:.2f} ms" for engine, ms in row["ms"].items()))
        except RuntimeError as error:
            row = {"case": case.name, "failed": str(error)}
            compare.say(f"{case.name}: {error}")
        result["models"].append(row)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
    options.output.with_suffix(".md").write_text(page(result))
    compare.say(f"wrote {options.output}.md and .json")
    return 1 if any("failed" in row for row in result["models"]) else 0


if __name__ == "__main__":
    sys.exit(main())
