#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Profiles of whole models: a trace that agrees with itself and with the run, regions with the names of their nodes, the same bits with and without.

    test/e2e/profiles.py                     everything
    test/e2e/profiles.py --filter 'loop.*'   only these
"""

import json
import os
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import harness

info = helper.make_tensor_value_info


def save(path: pathlib.Path, graph) -> pathlib.Path:
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


def images(folder: pathlib.Path) -> pathlib.Path:
    """Convolution with an activation, pooling, product and softmax: regions of several families."""
    random = np.random.default_rng(3)
    weights = [numpy_helper.from_array(random.standard_normal(s, dtype=np.float32), n) for n, s in (("k", (32, 16, 3, 3)), ("w", (32, 10)))]
    nodes = [
        helper.make_node("Conv", ["x", "k"], ["c"], name="the_conv", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["r"], name='an "activation"'),
        helper.make_node("GlobalAveragePool", ["r"], ["g"], name="pool"),
        helper.make_node("Flatten", ["g"], ["f"], name="flat"),
        helper.make_node("MatMul", ["f", "w"], ["m"], name="product"),
        helper.make_node("Softmax", ["m"], ["y"], name="softmax"),
    ]
    graph = helper.make_graph(nodes, "g", [info("x", TensorProto.FLOAT, [1, 16, 56, 56])], [info("y", TensorProto.FLOAT, [1, 10])], weights)
    return save(folder / "images.onnx", graph)


def loop(folder: pathlib.Path) -> pathlib.Path:
    """A body that runs as often as an input says."""
    inputs = [info("i", TensorProto.INT64, []), info("go", TensorProto.BOOL, []), info("a", TensorProto.FLOAT, [64])]
    outputs = [info("more", TensorProto.BOOL, []), info("b", TensorProto.FLOAT, [64])]
    nodes = [helper.make_node("Identity", ["go"], ["more"]), helper.make_node("Tanh", ["a"], ["b"], name="in_the_loop")]
    body = helper.make_graph(nodes, "body", inputs, outputs)
    node = helper.make_node("Loop", ["trips", "", "x"], ["y"], body=body, name="the_loop")
    given = [info("trips", TensorProto.INT64, []), info("x", TensorProto.FLOAT, [64])]
    return save(folder / "loop.onnx", helper.make_graph([node], "g", given, [info("y", TensorProto.FLOAT, [64])]))


def sizes(folder: pathlib.Path) -> pathlib.Path:
    """An output that only the run can size."""
    given, found = info("x", TensorProto.FLOAT, [300]), info("y", TensorProto.INT64, [1, "n"])
    return save(folder / "sizes.onnx", helper.make_graph([helper.make_node("NonZero", ["x"], ["y"], name="find")], "g", [given], [found]))


class Bench:
    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.images, self.loop, self.sizes = images(folder), loop(folder), sizes(folder)

    def execute(self, *words) -> harness.Outcome:
        return harness.execute(words, timeout=120, cwd=self.folder)

    def compile(self, model: pathlib.Path, *options) -> pathlib.Path:
        program = self.folder / (model.stem + "".join(options).translate(str.maketrans("=.:", "---")))
        if not program.exists():
            done = self.execute(harness.INGOT, "compile", model, "-o", program, *options)
            assert done.code == 0, done.text()
        return program

    def trace(self, *words) -> tuple[dict, str]:
        done = self.execute(*words, "--profile", "trace.json")
        assert done.code == 0, f"{words} ended with {done.code}: {done.text()}"
        with open(self.folder / "trace.json") as file:
            return json.load(file), done.out


def expect(value, expected, what=""):
    assert value == expected, f"{what} is {value!r}, expected {expected!r}"


def check_trace(trace: dict, threads: int, runs: int):
    """Bars of a thread follow each other inside of its runs; sums of regions are those of the summary."""
    bars, summary = [event for event in trace["traceEvents"] if event["ph"] == "X"], trace["ingot"]
    expect((summary["threads"], summary["runs"]), (threads, runs), "threads and runs")
    expect(sorted({bar["tid"] for bar in bars}), list(range(threads)), "threads")
    expect(len([event for event in trace["traceEvents"] if event["name"] == "thread_name"]), threads, "names of threads")
    for thread in range(threads):
        own = [bar for bar in bars if bar["tid"] == thread]
        outer = [bar for bar in own if bar["name"] == "run" and "args" not in bar]
        expect(len(outer), runs + 1, "runs of a thread, with the first one")
        at, inside = -1.0, [bar for bar in own if "args" in bar]
        for bar in inside:
            assert bar["ts"] >= at - 0.002 and bar["dur"] >= 0, f"{bar} begins before {at}"
            at = bar["ts"] + bar["dur"]
            assert any(run["ts"] - 0.002 <= bar["ts"] and at <= run["ts"] + run["dur"] + 0.002 for run in outer), f"{bar} is in no run"
    whole = sum(region["share"] for region in summary["regions"])
    assert abs(summary["compute"] + summary["wait"] + summary["start_and_end"] - 1) < 1e-3, summary
    assert abs(whole - summary["compute"] - summary["wait"]) < 1e-3, f"regions have {whole} of the time"
    # What threads did in one run after the first: the chosen runs lie between the least and the most that bars say.
    busy = [0.0] * runs
    for thread in range(threads):
        own = [bar for bar in bars if bar["tid"] == thread]
        for i, run in enumerate([bar for bar in own if bar["name"] == "run" and "args" not in bar][1:]):
            inside = [bar for bar in own if "region" in bar.get("args", {}) and run["ts"] - 0.002 <= bar["ts"] < run["ts"] + run["dur"]]
            busy[i] += sum(bar["dur"] for bar in inside)
    expected = summary["compute"] * summary["run_us"] * threads
    assert min(busy) * 0.99 - 1 <= expected <= max(busy) * 1.01 + 1, f"bars in regions take {busy} us, a chosen run {expected}"
    assert runs / 2 <= summary["chosen_runs"] <= runs, summary
    assert summary["bottleneck"].endswith("."), summary


def names_regions(b: Bench):
    program = b.compile(b.images, "--exact")
    for threads in (1, 2, 3):
        trace, text = b.trace(program, "--random", "--iterations", 6, "--threads", threads)
        check_trace(trace, threads, 5)
        regions = trace["ingot"]["regions"]
        names = " ".join(region["name"] for region in regions)
        for name in ("the_conv", 'an "activation"', "pool", "product", "softmax"):
            assert name in names, f"no {name} in {names}"
        conv = next(region for region in regions if region["family"] == "convolution")
        assert "the_conv" in conv["name"] and conv["calls"] == 5, conv
        assert conv["flops"] in (0, 2 * 56 * 56 * 32 * 16 * 9) or conv["flops"] > 2 * 56 * 56 * 32 * 16 * 9, conv  # 0: not known
        assert conv["bytes"] > 4 * 56 * 56 * 32 and 0 < conv["share_of_roofline"] < 3, conv
        expect(len({region["region"] for region in regions}), len(regions), "numbers of regions")
        for line in ("profile of 5 runs with", "measured on this machine:", "convolution: the_conv", trace["ingot"]["bottleneck"]):
            assert line in text, f"no {line!r} in {text}"
        assert len(text.split("median us")[1].splitlines()) <= 1 + 5 + 1, text


def keeps_the_bits(b: Bench):
    for model, options in ((b.images, ()), (b.images, ("-O0",)), (b.images, ("--target=x86-64-v3",))):
        program = b.compile(model, *options)
        for threads in (1, 2, 3):
            for name, more in (("plain.npz", ()), ("profiled.npz", ("--profile", "trace.json"))):
                done = b.execute(program, "--random", "--threads", threads, "--outputs", name, *more)
                assert done.code == 0, done.text()
            plain, profiled = (np.load(b.folder / name) for name in ("plain.npz", "profiled.npz"))
            for name in plain.files:
                assert plain[name].tobytes() == profiled[name].tobytes(), f"{name} differs with {threads} threads"


def counts_trips_of_loops(b: Bench):
    np.save(b.folder / "trips.npy", np.array(7, np.int64))
    trace, _ = b.trace(b.compile(b.loop), "--input", "trips=trips.npy", "--random", "--iterations", 4, "--threads", 2)
    check_trace(trace, 2, 3)
    region = next(region for region in trace["ingot"]["regions"] if "in_the_loop" in region["name"])
    expect(region["calls"], 3 * 7, "calls of the body")


def follows_growing_memory(b: Bench):
    trace, _ = b.trace(b.compile(b.sizes), "--random", "--iterations", 3, "--threads", 2)
    assert any("find" in region["name"] for region in trace["ingot"]["regions"]), trace["ingot"]["regions"]


def chooses_among_bodies(b: Bench):
    model = onnx.load(b.images)
    for value in (model.graph.input[0], model.graph.output[0]):
        value.type.tensor_type.shape.dim[0].dim_param = "n"
    onnx.save(model, b.folder / "open.onnx")
    program = b.compile(b.folder / "open.onnx", "--dim=n=1..4:2")
    for size in (1, 2):
        trace, _ = b.trace(program, "--random", "--dim", f"n={size}", "--iterations", 3, "--threads", 2)
        check_trace(trace, 2, 2)
        assert any("the_conv" in region["name"] for region in trace["ingot"]["regions"]), trace["ingot"]["regions"]


def tools_pass_it_on(b: Bench):
    trace, text = b.trace(harness.INGOT, "run", b.images, "--random", "--threads", 2)
    check_trace(trace, 2, 10)
    assert "profile of 10 runs" in text, text
    trace, text = b.trace(harness.INGOT, "bench", b.images, "--iterations", 8, "--threads", 2)
    check_trace(trace, 2, 7)
    assert "profile of 7 runs" in text and trace["ingot"]["bottleneck"] in text, text
    _, text = b.trace(harness.INGOT, "bench", b.images, "--iterations", 8, "--threads", 2, "--json")
    assert json.loads(text)["profile"].startswith("profile of 7 runs"), text


def refuses_paths(b: Bench):
    program = b.compile(b.images)
    for command in ((program, "--random"), (harness.INGOT, "run", b.images, "--random"), (harness.INGOT, "bench", b.images)):
        done = b.execute(*command, "--iterations", 100000000, "--profile", "absent/trace.json")
        lines = done.err.splitlines()
        assert done.code == 1 and len(lines) == 1 and lines[0].startswith("error: ") and "absent" in lines[0], f"{done.code}: {done.text()}"


CASES = [names_regions, keeps_the_bits, counts_trips_of_loops, follows_growing_memory, chooses_among_bodies, tools_pass_it_on, refuses_paths]


def main() -> int:
    report, wanted = harness.begin(__doc__)
    bench = Bench(harness.scratch("profiles"))
    for case in CASES:
        name = case.__name__.replace("_", "-")
        if not wanted(name):
            continue
        try:
            case(bench)
            report.case(f"profiles/{name}", None)
        except (AssertionError, KeyError, ValueError, StopIteration) as error:
            report.case(f"profiles/{name}", f"{type(error).__name__}: {error}")
    return report.finish()


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C")
    sys.exit(main())
