#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures pruned models beside the models that they come from, and writes docs/benchmarks/pruning.md and .json.

Every program runs in a process of its own, pinned to as many cores as it has threads; rounds go through all of them in turn, and a figure is the
median over the rounds of each round's median. `ingot prune` makes the models by magnitude: speed does not depend on what is kept.

    test/bench/pruning.py                               all of it (about 3 minutes)
    test/bench/pruning.py --models resnet50             some models
    test/bench/pruning.py --output build/bench/report   another place for the report
"""

import argparse
import dataclasses
import json
import pathlib
import statistics
import sys

import numpy as np
import onnx

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import compare  # noqa: E402
import engines  # noqa: E402
import harness  # noqa: E402
import models  # noqa: E402

THREADS, BLOCK_SECONDS = (1, 2), 0.7
FAMILIES = ("sparse", "pairs")  # of products that leave out zeros


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    model: str
    options: tuple
    feed_forward: bool = False  # only these products, which are four times as wide on one side
    bar: float = 0  # times faster, the model
    layers_bar: float = 0  # the products whose zeros are left out


CASES = [
    Case("ResNet-50, 30 % of the channels", "resnet50", ("--pattern=channels", "--sparsity=0.3"), bar=1.35),
    Case("MobileNetV2, 30 % of the channels", "mobilenet-v2", ("--pattern=channels", "--sparsity=0.3")),
    Case("BERT-base, 80 % of the feed-forward part", "bert-base-128", ("--sparsity=0.8", "--uniform"), True, bar=1.5, layers_bar=2.5),
    Case("BERT-base, 50 % of the feed-forward part", "bert-base-128", ("--sparsity=0.5", "--uniform"), True, bar=1.0, layers_bar=1.0),
    Case("BERT-base, two of four", "bert-base-128", ("--pattern=2:4",), bar=1.0),
]


def feed_forward(path: pathlib.Path) -> str:
    """The nodes of products with weights that are four times as long on one side as on the other."""
    graph = onnx.load(path, load_external_data=False).graph
    dims = {tensor.name: sorted(tensor.dims) for tensor in graph.initializer}
    wide = lambda sizes: len(sizes) == 2 and sizes[1] == 4 * sizes[0]
    return ",".join(node.name for node in graph.node if node.op_type in ("MatMul", "Gemm") and wide(dims.get(node.input[1], [])))


def layer_times(built: engines.Built, threads: int, of: set) -> dict:
    """Median microseconds of each region by the names of its nodes, for the nodes named (all that leave out zeros if there are none)."""
    trace = built.executable.with_suffix(".trace.json")
    engines.measure_ingot(built, threads, 7, ["--profile", trace])
    regions = json.loads(trace.read_text())["ingot"]["regions"]
    return {region["name"]: region["median_us"] for region in regions if (region["name"] in of if of else region["family"] in FAMILIES)}


def measure(case: Case, rounds: int, folder: pathlib.Path) -> dict:
    model = next(model for model in models.MODELS if model.name == case.model)
    path, inputs = models.prepare(model), models.inputs(model)
    stem = folder / "".join(letter if letter.isalnum() else "-" for letter in case.name)
    data = stem.with_suffix(".npz")
    np.savez(data, **inputs)
    file = stem.with_suffix(".onnx")
    include = [f"--include={feed_forward(path)}"] if case.feed_forward else []
    engines.run([harness.INGOT, "prune", path, "-o", file, *case.options, *include], "ingot prune", 600)
    programs = {
        "before": engines.Built(path, data, folder / f"{case.model}-before"),
        "zeros kept": engines.Built(file, data, stem.with_suffix(".dense")),
        "pruned": engines.Built(file, data, stem.with_suffix(".sparse")),
    }
    for name, built in programs.items():
        options = ["--disable-pass=ingot-form-sparse-products"] if name == "zeros kept" else []
        engines.compile_model(built.path, built.executable, ["--target=native", *options], model.shapes)
    row = {"case": case.name, "bar": case.bar, "layers_bar": case.layers_bar}
    row["mb"] = {name: built.executable.stat().st_size / 1e6 for name, built in programs.items()}
    taken, layers = {}, {}
    for _ in range(rounds):
        for threads in THREADS:
            for name, built in programs.items():
                guess = engines.measure("ingot", built, threads, 0)["median_ms"]
                block = engines.measure("ingot", built, threads, BLOCK_SECONDS, guess)
                taken.setdefault(name, {}).setdefault(threads, []).append(block["median_ms"])
    row["ms"] = {name: {str(threads): statistics.median(values) for threads, values in by.items()} for name, by in taken.items()}
    for threads in THREADS:
        sparse = layer_times(programs["pruned"], threads, set())
        dense = layer_times(programs["zeros kept"], threads, set(sparse)) if sparse else {}
        same = set(sparse) & set(dense)
        dense_ms, pruned_ms = (sum(times[name] for name in same) / 1e3 for times in (dense, sparse))
        layers[str(threads)] = {"count": len(same), "dense": dense_ms, "pruned": pruned_ms}
    row["layers"] = layers
    return row


def page(result: dict) -> str:
    machine = result["machine"]
    lines = [
        "# Pruning", "",
        f"Made by `test/bench/pruning.py` on {machine['cpu']}, {machine['cores']} cores, {machine['date']}.",
        f"Milliseconds at 1 / 2 threads, medians of {result['rounds']} rounds in which all programs run in turn. \"Zeros kept\" is the pruned model",
        "without `ingot-form-sparse-products`; \"layers\" are the products that this pass changes, without and with it.", "",
        "| model | MB before / after | before | zeros kept | pruned | times faster (2) | asked for | layers (2) | times faster (2) | asked for |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for row in result["models"]:
        if "failed" in row:
            lines.append(f"| {row['case']} | failed: {row['failed'][:200]} | | | | | | | | |")
            continue
        times = [" / ".join(f"{ms:.2f}" for ms in row["ms"][name].values()) for name in ("before", "zeros kept", "pruned")]
        faster = row["ms"]["before"]["2"] / row["ms"]["pruned"]["2"]
        layers = row["layers"]["2"]
        changed = ["-", "-"]
        if layers["count"]:
            changed = [f"{layers['count']}: {layers['dense']:.1f}, {layers['pruned']:.1f} ms", f"{layers['dense'] / layers['pruned']:.2f}"]
        cells = [row["case"], f"{row['mb']['before']:.1f} / {row['mb']['pruned']:.1f}", *times, f"{faster:.2f}", str(row["bar"] or "-")]
        lines.append(f"| {' | '.join([*cells, *changed, str(row['layers_bar'] or '-')])} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=pathlib.Path, default=harness.ROOT / "docs/benchmarks/pruning", help="path without suffix")
    options = parser.parse_args()
    harness.need_ingot()
    wanted = [name for name in options.models.split(",") if name]
    if unknown := set(wanted) - {case.model for case in CASES}:
        raise SystemExit(f"unknown model '{min(unknown)}'; models are: {', '.join(sorted({case.model for case in CASES}))}")
    folder = harness.scratch("pruning")
    result = {"machine": compare.machine(), "rounds": options.rounds, "models": []}
    for case in [case for case in CASES if not wanted or case.model in wanted]:
        try:
            row = measure(case, options.rounds, folder)
            compare.say(f"{case.name}: " + ", ".join(f"{name} {ms['1']:.2f} / {ms['2']:.2f} ms" for name, ms in row["ms"].items()))
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
