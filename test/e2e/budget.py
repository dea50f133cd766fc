#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measured errors of compressed models and budgets for them: what `ingot quantize` says of a model, beside what ONNX Runtime makes of the same files.

    test/e2e/budget.py                       everything
    test/e2e/budget.py --filter 'report.*'   only these
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
LAYERS = ["first", "outliers", "middle", "last"]


def weights(seed, *shape):
    depth = np.prod(shape[1:]) if len(shape) > 2 else shape[0]
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32) / np.float32(np.sqrt(depth))


def save(path, nodes, inputs, outputs, constants):
    graph = helper.make_graph(nodes, "g", inputs, outputs, [numpy_helper.from_array(value, name) for name, value in constants.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), path)


def perceptron(path):
    """Four products; one has a few weights so large that the others of their blocks are lost in 4 bits."""
    constants = {f"w{i}": weights(i, 64, 64) for i in range(4)} | {"b1": weights(9, 64)}
    constants["w1"][::16] *= np.float32(25)
    nodes, value = [], "x"
    for i, name in enumerate(LAYERS):
        if name == "middle":
            nodes.append(helper.make_node("Gemm", [value, f"w{i}", "b1"], [f"p{i}"], name=name))
        else:
            nodes.append(helper.make_node("MatMul", [value, f"w{i}"], ["y" if i == 3 else f"p{i}"], name=name))
        value = f"t{i}"
        if i < 3:
            nodes.append(helper.make_node("Tanh", [f"p{i}"], [value]))
    save(path, nodes, [info("x", TensorProto.FLOAT, ["n", 64])], [info("y", TensorProto.FLOAT, ["n", 64])], constants)


def convolutions(path):
    nodes = [
        helper.make_node("Conv", ["x", "w0", "b0"], ["c0"], name="stem", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c0"], ["r0"]),
        helper.make_node("Conv", ["r0", "w1", "b1"], ["c1"], name="body", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        helper.make_node("Add", ["c1", "r0"], ["s"]),
        helper.make_node("Relu", ["s"], ["r1"]),
        helper.make_node("GlobalAveragePool", ["r1"], ["g"]),
        helper.make_node("Flatten", ["g"], ["f"]),
        helper.make_node("Gemm", ["f", "w2", "b2"], ["y"], name="head", transB=1),
    ]
    constants = {"w0": weights(1, 16, 3, 3, 3), "b0": weights(2, 16), "w1": weights(3, 16, 16, 3, 3), "b1": weights(4, 16), "w2": weights(5, 10, 16),
                 "b2": weights(6, 10)}
    save(path, nodes, [info("x", TensorProto.FLOAT, [1, 3, 12, 12])], [info("y", TensorProto.FLOAT, [1, 10])], constants)


class Bench:
    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        os.environ["XDG_CACHE_HOME"] = str(folder / "cache")  # tiles that were measured
        self.perceptron, self.convolutions = folder / "perceptron.onnx", folder / "convolutions.onnx"
        perceptron(self.perceptron)
        convolutions(self.convolutions)
        random = np.random.default_rng(5)
        self.rows = [{"x": random.standard_normal((1, 64), dtype=np.float32)} for _ in range(6)]
        self.images = [{"x": random.standard_normal((1, 3, 12, 12), dtype=np.float32)} for _ in range(6)]
        np.savez(folder / "rows.npz", x=np.concatenate([row["x"] for row in self.rows]))
        np.savez(folder / "images.npz", x=np.concatenate([image["x"] for image in self.images]))

    def ingot(self, *words) -> harness.Outcome:
        return harness.execute([harness.INGOT, *words], timeout=600, cwd=self.folder)

    def done(self, *words) -> harness.Outcome:
        outcome = self.ingot(*words)
        assert outcome.code == 0, f"ingot {' '.join(map(str, words))} ended with {outcome.code}: {outcome.text()}"
        self.nothing_left()
        return outcome

    def nothing_left(self):
        left = [path.name for path in self.folder.iterdir() if ".tmp" in path.name]
        assert not left, f"left behind: {left}"

    def refused(self, code, *words, options):
        outcome = self.ingot("quantize", self.perceptron, "-o", "refused.onnx", *options)
        missing = [word for word in words if word not in outcome.err]
        assert outcome.code == code and not missing, f"{options}: exit code {outcome.code}, expected {code}; no {missing} in: {outcome.text()}"
        assert not (self.folder / "refused.onnx").exists(), f"{options}: a file was written"
        self.nothing_left()


def error_of(original, compressed, samples) -> dict:
    """The measures of the one output, by ONNX Runtime and numpy."""
    wanted, got = [[session.run(None, sample)[0].astype(np.float64) for sample in samples]
                   for session in (harness.session(str(original)), harness.session(str(compressed)))]
    difference = [w - g for w, g in zip(wanted, got)]
    cosines = [float(np.vdot(w, g) / (np.linalg.norm(w) * np.linalg.norm(g))) for w, g in zip(wanted, got)]
    noise = sum(float(np.sum(d * d)) for d in difference) / sum(float(np.sum(w * w)) for w in wanted)
    return {"max_error": max(float(np.abs(d).max()) for d in difference) / max(float(np.abs(w).max()) for w in wanted),
            "sqnr_db": -10 * np.log10(noise), "cosine": float(np.mean(cosines)), "least_cosine": min(cosines),
            "top1": float(np.mean([np.argmax(w, -1) == np.argmax(g, -1) for w, g in zip(wanted, got)]))}


def agree(said: dict, known: dict, what: str, relative=0.05, decibels=0.4):
    """Rounding of activations to bytes falls the other way here and there, so errors agree to some percent, not to the last bit."""
    assert abs(said["sqnr_db"] - known["sqnr_db"]) <= decibels, f"{what}: {said} and {known}"
    assert abs(said["max_error"] - known["max_error"]) <= relative * known["max_error"] + 1e-6, f"{what}: {said} and {known}"
    for key in ("cosine", "least_cosine"):
        assert abs((1 - said[key]) - (1 - known[key])) <= 2 * relative * (1 - known[key]) + 1e-6, f"{what}: {said} and {known}"
    assert abs(said["top1"] - known["top1"]) <= 0.02, f"{what}: {said} and {known}"  # a row of 60 with two equal elements


KINDS = {"int4": ("--weights=int4",), "dynamic": ("--mode=dynamic",), "static": ("--mode=static",)}


def report_agrees(b: Bench):
    for name, source, samples, file, layers in (("perceptron", b.perceptron, b.rows, "rows.npz", LAYERS),
                                                ("convolutions", b.convolutions, b.images, "images.npz", ["stem", "body", "head"])):
        for kind, options in KINDS.items():
            if kind != "static" and name == "convolutions":
                options += ("--include=Conv,Gemm",)
            out = b.folder / f"{name}.{kind}.onnx"
            b.done("quantize", source, "-o", out, *options, f"--calibration={file}", "--report=report.json")
            report = json.loads((b.folder / "report.json").read_text())
            assert report["measured_samples"] == len(samples), report["measured_samples"]
            assert [one["name"] for one in report["layers"]] == layers, report["layers"]
            agree(report["outputs"][0]["error"], error_of(source, out, samples), f"{name} {kind}")
            ratio = report["constant_bytes_before"] / report["constant_bytes_after"]
            assert abs(report["compression_ratio"] - ratio) < 1e-9, report["compression_ratio"]


def sensitivities_agree(b: Bench):
    """A layer's sensitivity, found by switching, is the error of a model in which only that layer is quantised."""
    for kind, options in KINDS.items():
        b.done("quantize", b.perceptron, "-o", "all.onnx", *options, "--calibration=rows.npz", "--report=report.json")
        report = json.loads((b.folder / "report.json").read_text())
        found = {one["name"]: one["error"] for one in report["sensitivities"]}
        assert sorted(found) == sorted(LAYERS), found
        noises = [one["error"]["sqnr_db"] for one in report["sensitivities"]]
        assert noises == sorted(noises), f"{kind}: not from the most to the least sensitive: {noises}"
        for layer in LAYERS:
            b.done("quantize", b.perceptron, "-o", "one.onnx", *options, f"--include={layer}",
                   *(["--calibration=rows.npz"] if kind == "static" else []))
            agree(found[layer], error_of(b.perceptron, b.folder / "one.onnx", b.rows), f"{kind} {layer}", relative=0.1, decibels=0.6)
    b.done("quantize", b.perceptron, "-o", "all.onnx", "--weights=int4", "--calibration=rows.npz", "--report=report.json")
    assert json.loads((b.folder / "report.json").read_text())["most_sensitive"][0] == "outliers"


def report_times(b: Bench):
    """Times are there, and are positive; how long they are is no matter of a test."""
    for name, source, file, layers in (("perceptron", b.perceptron, "rows.npz", LAYERS), ("convolutions", b.convolutions, "images.npz",
                                                                                        ["stem", "body", "head"])):
        for kind, options in KINDS.items():
            if kind != "static" and name == "convolutions":
                options += ("--include=Conv,Gemm",)
            done = b.done("quantize", source, "-o", "out.onnx", *options, f"--calibration={file}", "--report=report.json", "--exclude", layers[-1])
            report = json.loads((b.folder / "report.json").read_text())
            time, what = report["time"], f"{name} {kind}"
            threads = [run["threads"] for run in time["runs"]]
            assert threads == ([1, 2] if time["efficiency"]["measured"] else [1]), f"{what}: {time}"
            assert time["efficiency"]["measured"] == (os.cpu_count() >= 2) and time["efficiency"]["threads"] == 2, f"{what}: {time}"
            for run in time["runs"]:
                assert run["before_us"] > 0 and run["after_us"] > 0, f"{what}: {run}"
                assert abs(run["speedup"] * run["after_us"] - run["before_us"]) < 1e-6 * run["before_us"], f"{what}: {run}"
            assert time["efficiency"]["before"] > 0 and time["efficiency"]["after"] > 0, f"{what}: {time}"
            found = {one["name"]: one for one in report["layer_times"]}
            assert list(found) == layers, f"{what}: {list(found)}"
            for one in found.values():
                assert one["before_us"] > 0 and one["after_us"] > 0 and one["efficiency_before"] > 0 and one["efficiency_after"] > 0, f"{what}: {one}"
            whole = time["runs"][0]
            for side in ("before_us", "after_us"):
                assert sum(one[side] for one in found.values()) < 2 * whole[side], f"{what}: the layers take longer than the model: {report}"
            assert "time with one thread: " in done.out and "efficiency of 2 threads" in done.out, done.out


def summary_and_page(b: Bench):
    done = b.done("quantize", b.perceptron, "-o", "out.onnx", "--weights=int4", "--calibration=rows.npz", "--report=report.html")
    for part in ("times smaller", "error at the outputs, 6 samples: max ", "the most sensitive layers: 'outliers', '"):
        assert part in done.out, f"no '{part}' in: {done.out}"
    page = (b.folder / "report.html").read_text()
    for part in ("<h1>", "perceptron.onnx", "<h2>Time</h2>", "the model, one thread", *LAYERS):
        assert part in page, f"no '{part}' in the page"
    assert "http" not in page, "the page needs another file"


def budget_is_met(b: Bench):
    out = b.folder / "out.onnx"
    b.done("quantize", b.perceptron, "-o", "all.onnx", "--weights=int4")
    everything = error_of(b.perceptron, b.folder / "all.onnx", b.rows)
    for option, key, goal, holds in (("--max-error", "max_error", everything["max_error"] * 0.6, lambda e, g: e <= g * 1.001),
                                     ("--min-cosine", "least_cosine", 1 - 0.3 * (1 - everything["least_cosine"]), lambda e, g: e >= g - 1e-6)):
        done = b.done("quantize", b.perceptron, "-o", out, "--weights=int4", "--calibration=rows.npz", f"{option}={goal}", "--json")
        said = json.loads(done.out)
        error = error_of(b.perceptron, out, b.rows)
        assert holds(error[key], goal), f"{option}={goal}, but {error}"
        assert "outliers" in said["kept_by_budget"] and len(said["kept_by_budget"]) < len(LAYERS), said["kept_by_budget"]
        ops = {node.name: node for node in onnx.load(out).graph.node}
        for name in LAYERS:
            constant = any(ops[name].input[1] == tensor.name for tensor in onnx.load(out).graph.initializer)
            assert constant == (name in said["kept_by_budget"]), f"'{name}' is{'' if constant else ' not'} as it was"
    done = b.done("quantize", b.perceptron, "-o", out, "--weights=int4", "--calibration=rows.npz", "--max-error=10", "--json")
    assert json.loads(done.out)["kept_by_budget"] == []
    assert error_of(b.perceptron, out, b.rows) == everything


def budget_of_other_samples(b: Bench):
    """Static products calibrate on some samples and are measured on others."""
    done = b.done("quantize", b.convolutions, "-o", "out.onnx", "--calibration=images.npz", "--measure-on=images.npz", "--min-top1=0.1", "--json")
    assert json.loads(done.out)["kind"] == "static int8"
    np.savez(b.folder / "three.npz", x=np.ones((3, 3, 12, 12), np.float32))
    done = b.done("quantize", b.convolutions, "-o", "out.onnx", "--calibration=images.npz", "--measure-on=three.npz", "--max-error=9", "--json")
    assert json.loads(done.out)["measured_samples"] == 3


def budget_is_not_met(b: Bench):
    b.refused(1, "no choice of layers meets --max-error=1e-06", "the best found: max ", "1 of 4 layers compressed",
              "the most sensitive layers: 'outliers'", options=("--weights=int4", "--calibration=rows.npz", "--max-error=1e-6"))


def bad_options(b: Bench):
    b.refused(2, "--min-cosine wants a number from 0 to 1, got '1.5'", options=("--min-cosine=1.5",))
    b.refused(2, "--max-error wants a number of at least 0, got 'x'", options=("--max-error=x",))
    b.refused(2, "errors are measured on samples", options=("--max-error=0.1",))
    b.refused(2, "must end in .html or .json", options=("--report=page.txt", "--calibration=rows.npz"))
    b.refused(1, "gone.npz", options=("--mode=dynamic", "--measure-on=gone.npz", "--max-error=0.1"))
    done = b.ingot("compile", b.perceptron, "-o", "program", "--max-error=0.1")
    assert done.code == 2 and "need --quantize" in done.err, done.text()
    done = b.ingot("quantize", b.perceptron, "-o", b.perceptron, "--max-error=9", "--calibration=rows.npz")
    assert done.code == 2 and "would replace the model" in done.err, done.text()


def random_samples(b: Bench):
    done = b.done("quantize", b.perceptron, "-o", "out.onnx", "--mode=dynamic", "--random-calibration", "--max-error=9")
    assert "errors are those of random inputs" in done.err, done.text()


def compile_within(b: Bench):
    done = b.done("compile", b.perceptron, "-o", "program", "--quantize=dynamic", "--calibration=rows.npz", "--min-cosine=0.9", "--dim", "n=1")
    assert "error at the outputs, 6 samples" in done.out, done.out
    _, outputs = harness.run_model(b.folder / "program", b.rows[0])
    wanted = harness.oracle(b.perceptron, b.rows[0])["y"]
    assert np.vdot(outputs["y"], wanted) > 0.9 * np.linalg.norm(outputs["y"]) * np.linalg.norm(wanted)
    done = b.ingot("compile", b.perceptron, "-o", "none", "--quantize=int4", "--calibration=rows.npz", "--max-error=1e-6", "--dim", "n=1")
    assert done.code == 1 and "no choice of layers meets" in done.err and not (b.folder / "none").exists(), done.text()


def search_front(b: Bench):
    """Every point can be compiled, and is what the search said: its errors are those of the program."""
    done = b.done("compile", b.perceptron, "--search", "--time-budget=600s", "--calibration=rows.npz", "--search-file=search.json",
                  "--chart=front.svg")
    assert "Pareto front" in done.out and " as it is" in done.out, done.out
    found = json.loads((b.folder / "search.json").read_text())
    points = found["points"]
    assert found["complete"] and [point["point"] for point in points] == list(range(1, len(points) + 1)), found
    names = [point["name"] for point in points]
    assert names[0] == "as it is" and points[0]["pareto"], names
    for part in ("static int8", "dynamic int8", "int4 weights", "int4 weights, activations int8", "int8 weights", "bf16",
                 "int4 weights, 1 layer kept", "int4 weights, 2 layers dynamic int8", "half of the weights in blocks of 1x16"):
        assert part in names, f"no '{part}' in {names}"
    for one in points:
        measures = lambda point: (point["weight_bytes"], point["milliseconds"], -(point["error"]["sqnr_db"] or 1e9))
        better = [other for other in points if measures(other) != measures(one) and all(x <= y for x, y in zip(measures(other), measures(one)))]
        assert one["pareto"] == (not better), f"{one['name']}: {one['pareto']}, but {[other['name'] for other in better]} are better"
    svg = (b.folder / "front.svg").read_text()
    assert svg.count("<circle") == len(points) and "http://www.w3.org/2000/svg" in svg
    assert points[names.index("int4 weights, 1 layer kept")]["recipe"]["steps"][0]["exclude"] == ["outliers"]
    dense = [point for point in points if point["name"].startswith("a fifth of the weights in blocks of 1x16, 2 layers kept dense")]
    assert len(dense) == 1 and len(dense[0]["recipe"]["prune"]["exclude"]) == 2, names
    assert dense[0]["error"]["sqnr_db"] > points[names.index("a fifth of the weights in blocks of 1x16")]["error"]["sqnr_db"], dense
    tuned = [point for point in points if "tuned tiles" in point["name"]]
    assert all(point["recipe"]["tiles"] for point in tuned) and len(tuned) + done.out.count("with other tiles: none is faster") == 2, done.out
    assert points[names.index("int4 weights")]["weight_bytes"] < points[0]["weight_bytes"] / 4
    for name in ("static int8", "a fifth of the weights in blocks of 1x16", "int4 weights, 1 layer kept", "int4 weights, 2 layers dynamic int8"):
        point = points[names.index(name)]
        b.done("compile", b.perceptron, "-o", "program", "--search-file=search.json", f"--point={point['point']}", "--calibration=rows.npz",
               "--dim", "n=6")
        _, outputs = harness.run_model(b.folder / "program", {"x": np.concatenate([row["x"] for row in b.rows])})
        wanted = harness.oracle(b.perceptron, {"x": np.concatenate([row["x"] for row in b.rows])})["y"].astype(np.float64)
        sqnr = -10 * np.log10(np.sum((outputs["y"] - wanted) ** 2) / np.sum(wanted ** 2))
        assert abs(sqnr - point["error"]["sqnr_db"]) < 0.5, f"{name}: {sqnr} dB, the search said {point['error']}"


def points_keep_tiles(b: Bench):
    """The tiles of a recipe are those of the program; tiles of regions that it does not have are nothing."""
    b.done("compile", b.perceptron, "-o", "program", "--dim", "n=6", "--tile=#0000000000000000:2x16", "--report=keys.json")
    regions = json.loads((b.folder / "keys.json").read_text())["regions"]
    key = next(region["key"] for region in regions if "first" in region["nodes"])
    tiles = [f"{key}:2x16/1", "#0000000000000000:2x16"]
    (b.folder / "s.json").write_text(json.dumps({"points": [{"point": 1, "recipe": {"name": "tiled", "steps": [], "tiles": tiles}}]}))
    b.done("compile", b.perceptron, "-o", "program", "--search-file=s.json", "--point=1", "--dim", "n=6", "--report=tiled.json")
    regions = json.loads((b.folder / "tiled.json").read_text())["regions"]
    found = next(region for region in regions if region["key"] == key)
    assert (found["tile"], found["unroll"]) == ([2, 16], 1), found
    x = {"x": np.concatenate([row["x"] for row in b.rows])}
    _, outputs = harness.run_model(b.folder / "program", x)
    assert harness.compare(harness.oracle(b.perceptron, x), outputs, 1e-4)[1] is None
    (b.folder / "s.json").write_text(json.dumps({"points": [{"point": 1, "recipe": {"steps": [], "tiles": [3]}}]}))
    done = b.ingot("compile", b.perceptron, "-o", "p", "--search-file=s.json", "--point=1")
    assert done.code == 1 and "'tiles' holds no name" in done.err and not (b.folder / "p").exists(), done.text()


def search_within(b: Bench):
    done = b.done("compile", b.perceptron, "-o", "program", "--search", "--calibration=rows.npz", "--max-error=0.02", "--dim", "n=1", "--json")
    found = json.loads(done.out)
    chosen = next(point for point in found["points"] if point["point"] == found["compiled_point"])
    fits = [point for point in found["points"] if point["error"]["max_error"] <= 0.02]
    assert chosen["milliseconds"] == min(point["milliseconds"] for point in fits), found
    assert {point["point"] for point in fits} == {point["point"] for point in found["points"] if point["meets_budget"]}
    _, outputs = harness.run_model(b.folder / "program", b.rows[0])
    wanted = harness.oracle(b.perceptron, b.rows[0])["y"]
    assert np.abs(outputs["y"] - wanted).max() < 0.03 * np.abs(wanted).max()


def search_keeps_time(b: Bench):
    """Too little time for anything: the model as it is remains, and the time is not much overdrawn."""
    done = b.done("compile", b.convolutions, "--search", "--time-budget=0.001", "--calibration=images.npz", "--json")
    found = json.loads(done.out)
    assert [point["name"] for point in found["points"]] == ["as it is"] and not found["complete"], found
    whole = json.loads(b.done("compile", b.convolutions, "--search", "--time-budget=300s", "--calibration=images.npz", "--json").out)
    assert whole["complete"], whole
    time = f"--time-budget={whole['seconds'] / 2}s"
    half = json.loads(b.done("compile", b.convolutions, "--search", time, "--calibration=images.npz", "--json").out)
    # The machine may be busy in between, so the bound is wider than what the search aims at.
    assert half["seconds"] < 0.75 * whole["seconds"] + 1, f"{half['seconds']} s of {whole['seconds'] / 2}"
    # Which points get other tiles depends on what was measured; they come last.
    ours, names = ([point["name"] for point in found["points"] if "tuned tiles" not in point["name"]] for found in (half, whole))
    assert ours == names[:len(ours)], "another order"


def bad_searches(b: Bench):
    for options, words in ((("--search",), "--search measures on samples"), (("--search", "-o", "p", "--calibration=rows.npz"), "within a budget"),
                           (("--search", "--max-error=1", "--calibration=rows.npz"), "add -o FILE"), (("-o", "p", "--point=2"), "is one of a search"),
                           (("--search", "--time-budget=soon"), "wants a time as 60s"), (("-o", "p", "--search-file=s.json"), "go with --search"),
                           (("--search", "--quantize=int4"), "without --quantize, --prune")):
        done = b.ingot("compile", b.perceptron, *options)
        assert done.code == 2 and words in done.err, f"{options}: {done.code}, {done.text()}"
    (b.folder / "s.json").write_text('{"points": [{"point": 1, "recipe": {"steps": [{"mode": "odd"}]}}]}')
    for point, words in ((1, "no recipe of a search"), (7, "there is no point 7, only 1 to 1")):
        done = b.ingot("compile", b.perceptron, "-o", "p", "--search-file=s.json", f"--point={point}")
        assert done.code == 1 and words in done.err and not (b.folder / "p").exists(), done.text()


FITTED = {"int4": ("--weights=int4",), "int4-asymmetric": ("--weights=int4", "--asymmetric"),
          "matmulnbits": ("--weights=int4", "--format=matmulnbits"), "dynamic": ("--mode=dynamic",),
          "dynamic-tensor": ("--mode=dynamic", "--granularity=tensor"), "static": ("--mode=static",)}


def distilled_layers(b: Bench):
    """Fitted files are right for ONNX Runtime, no worse than before, and what the report says of them is so."""
    random = np.random.default_rng(8)
    rows = [{"x": random.standard_normal((1, 64), dtype=np.float32) + np.float32(1)} for _ in range(60)]
    images = [{"x": random.standard_normal((1, 3, 12, 12), dtype=np.float32)} for _ in range(40)]
    for name, source, samples in (("perceptron", b.perceptron, rows), ("convolutions", b.convolutions, images)):
        np.savez(b.folder / "fit.npz", x=np.concatenate([sample["x"] for sample in samples]))
        for kind, options in FITTED.items():
            if name == "convolutions" and kind == "matmulnbits":
                continue
            options += ("--include=Conv,Gemm",) if name == "convolutions" and kind != "static" else ()
            plain, fitted = b.folder / "plain.onnx", b.folder / "fitted.onnx"
            b.done("quantize", source, "-o", plain, *options, *(["--calibration=fit.npz"] if kind == "static" else []))
            for flag in ("--bias-correction", "--distill"):
                done = b.done("quantize", source, "-o", fitted, *options, "--calibration=fit.npz", flag, "--json")
                onnx.checker.check_model(str(fitted))
                said, what = json.loads(done.out), f"{name} {kind} {flag}"
                assert len(said["fitted"]) == (len(LAYERS) if name == "perceptron" else 3), f"{what}: {said['fitted']}"
                assert all(one["noise_after"] <= one["noise_before"] for one in said["fitted"]), f"{what}: {said['fitted']}"
                before, after = error_of(source, plain, samples), error_of(source, fitted, samples)
                agree(said["error_before_fit"], before, what)
                agree(said["outputs"][0]["error"], after, what)
                assert after["sqnr_db"] >= before["sqnr_db"] - 0.05, f"{what}: {after} is worse than {before}"
                if kind == "int4":
                    assert any(one["noise_after"] < 0.98 * one["noise_before"] for one in said["fitted"]), f"{what}: {said['fitted']}"


def bias_is_the_mean_difference(b: Bench):
    """One product of inputs with a large mean: rounding weights shifts its result, and the constant that is added takes it back."""
    path = b.folder / "one.onnx"
    save(path, [helper.make_node("MatMul", ["x", "w"], ["p"], name="only"), helper.make_node("Add", ["p", "b"], ["y"])],
         [info("x", TensorProto.FLOAT, ["n", 64])], [info("y", TensorProto.FLOAT, ["n", 32])], {"w": weights(3, 64, 32), "b": weights(4, 32)})
    random = np.random.default_rng(7)
    rows = [{"x": random.standard_normal((1, 64), dtype=np.float32) + np.float32(3)} for _ in range(50)]
    np.savez(b.folder / "rows.npz", x=np.concatenate([row["x"] for row in rows]))
    plain, fitted = b.folder / "plain.onnx", b.folder / "fitted.onnx"
    b.done("quantize", path, "-o", plain, "--weights=int4")
    b.done("quantize", path, "-o", fitted, "--weights=int4", "--bias-correction", "--calibration=rows.npz")
    before, after = error_of(path, plain, rows), error_of(path, fitted, rows)
    assert after["sqnr_db"] > before["sqnr_db"] + 6, f"{before}, then {after}"
    used = {"x": np.concatenate([row["x"] for row in rows[:40]])}
    # Its optimiser makes products of bytes of these.
    exact = lambda model: harness.oracle(model, used, optimize=False)["y"].astype(np.float64)
    shift = np.mean(exact(path) - exact(plain), axis=0)
    model = onnx.load(fitted)
    name = next(node for node in model.graph.node if node.op_type == "Add").input[1]
    constant = numpy_helper.to_array(next(tensor for tensor in model.graph.initializer if tensor.name == name))
    assert np.abs(constant - weights(4, 32) - shift).max() < 1e-4, "the shift is not the mean difference"
    assert len(model.graph.node) == len(onnx.load(plain).graph.node), "the shift has a node of its own"


def useless_fits_are_undone(b: Bench):
    """The samples that judge lie elsewhere than those before them, so what is fitted to these makes them worse."""
    random = np.random.default_rng(7)
    rows = random.standard_normal((50, 64), dtype=np.float32)
    rows[:40] += 3
    rows[40:] -= 3
    np.savez(b.folder / "shifted.npz", x=rows)
    path = b.folder / "one.onnx"
    save(path, [helper.make_node("MatMul", ["x", "w"], ["y"], name="only")], [info("x", TensorProto.FLOAT, ["n", 64])],
         [info("y", TensorProto.FLOAT, ["n", 32])], {"w": weights(3, 64, 32)})
    b.done("quantize", path, "-o", "plain.onnx", "--weights=int4")
    done = b.done("quantize", path, "-o", "fitted.onnx", "--weights=int4", "--bias-correction", "--calibration=shifted.npz", "--json")
    said = json.loads(done.out)["fitted"]
    assert said[0]["noise_after"] == said[0]["noise_before"], said
    x = {"x": rows}
    assert np.array_equal(harness.oracle(b.folder / "plain.onnx", x)["y"], harness.oracle(b.folder / "fitted.onnx", x)["y"])


def distilled_within_budget(b: Bench):
    """A budget that rounding alone does not meet with all layers."""
    done = b.done("quantize", b.perceptron, "-o", "out.onnx", "--weights=int4", "--calibration=rows.npz", "--distill", "--max-error=0.1", "--json")
    said = json.loads(done.out)
    assert error_of(b.perceptron, b.folder / "out.onnx", b.rows)["max_error"] <= 0.1 * 1.001
    assert {one["name"] for one in said["fitted"]} == set(LAYERS) - set(said["kept_by_budget"]), said


CASES = [report_agrees, sensitivities_agree, report_times, summary_and_page, budget_is_met, budget_of_other_samples, budget_is_not_met,
         bad_options, random_samples, compile_within, search_front, points_keep_tiles, search_within, search_keeps_time, bad_searches,
         distilled_layers, bias_is_the_mean_difference, useless_fits_are_undone, distilled_within_budget]


if __name__ == "__main__":
    sys.exit(harness.run_cases(__doc__, "budget", CASES, Bench))
