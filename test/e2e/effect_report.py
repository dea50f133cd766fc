#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Passes that are left out, the effect report and what passes are worth: right results without each pass, a report as docs/CommandLine.md says.

    test/e2e/effect_report.py                       everything
    test/e2e/effect_report.py --filter 'report.*'   only these
"""

import html.parser
import json
import os
import pathlib
import re
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import harness


def network(name="first") -> onnx.ModelProto:
    """Something for every pass: padded and depthwise convolutions, scales, few channels, a GELU written out, a product."""
    random = np.random.default_rng(3)
    shapes = {"w1": (8, 3, 3, 3), "w2": (8, 1, 3, 3), "w3": (2, 8, 1, 1), "w4": (2, 10), "scale": (8,), "shift": (8,), "mean": (8,)}
    weights = [numpy_helper.from_array(random.standard_normal(shape).astype(np.float32), key) for key, shape in shapes.items()]
    weights.append(numpy_helper.from_array(np.full(8, 1.5, np.float32), "variance"))
    constants = {"root": np.sqrt(2.0), "one": 1.0, "half": 0.5}
    weights += [numpy_helper.from_array(np.array(value, np.float32), key) for key, value in constants.items()]
    node = helper.make_node
    nodes = [
        node("Conv", ["x", "w1"], ["c1"], name=name, pads=[1, 1, 1, 1]),
        node("BatchNormalization", ["c1", "scale", "shift", "mean", "variance"], ["n1"], name="norm"),
        node("Relu", ["n1"], ["r1"], name="relu"),
        node("Conv", ["r1", "w2"], ["c2"], name="depthwise", pads=[1, 1, 1, 1], group=8),
        node("Add", ["c2", "r1"], ["a2"], name="residual"),
        node("Conv", ["a2", "w3"], ["c3"], name="narrow"),
        node("GlobalAveragePool", ["c3"], ["p3"], name="pool"),
        node("Flatten", ["p3"], ["f3"], name="flatten"),
        node("MatMul", ["f3", "w4"], ["m4"], name="product"),
        node("Div", ["m4", "root"], ["d5"]),
        node("Erf", ["d5"], ["e5"]),
        node("Add", ["e5", "one"], ["s5"]),
        node("Mul", ["m4", "s5"], ["t5"]),
        node("Mul", ["t5", "half"], ["g5"], name="gelu"),
        node("Softmax", ["g5"], ["y"], name="softmax"),
    ]
    info = helper.make_tensor_value_info
    graph = helper.make_graph(nodes, "g", [info("x", TensorProto.FLOAT, [1, 3, 24, 24])], [info("y", TensorProto.FLOAT, [1, 10])], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


class Bench:
    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.model = folder / "net.onnx"
        onnx.save(network(), self.model)
        self.inputs = {"x": np.random.default_rng(1).standard_normal((1, 3, 24, 24)).astype(np.float32)}
        self.expected = harness.oracle(self.model, self.inputs)

    def ingot(self, *words, timeout=120) -> harness.Outcome:
        return harness.execute([harness.INGOT, *words], timeout=timeout, cwd=self.folder)

    def compile(self, output, *options, model=None):
        done = self.ingot("compile", model or self.model, "-o", output, *options, timeout=600)
        assert done.code == 0, f"ingot compile {options} ended with {done.code}: {done.text()}"
        return self.folder / output

    def manifest(self, program) -> dict:
        return json.loads(self.ingot("inspect", program, "--json").out)["manifest"]

    def check(self, program, what):
        outcome, got = harness.run_model(program, self.inputs)
        assert outcome.code == 0, f"{what}: ended with {outcome.code}: {outcome.text()}"
        _, complaint = harness.compare(self.expected, got)
        assert not complaint, f"{what}: {complaint}"


def refused(done: harness.Outcome, code: int, *words):
    missing = [word for word in words if word not in done.err]
    assert done.code == code and not missing, f"exit code {done.code}, expected {code}; no {missing} in: {done.text()}"


def without_each_pass(b: Bench):
    """The results do not depend on any pass that can be left out; the others say why they cannot."""
    manifest = b.manifest(b.compile("all"))
    names = sorted({name for passes in manifest["passes"].values() for name in passes})
    left = []
    for name in names:
        done = b.ingot("compile", b.model, "-o", "fewer", f"--disable-pass={name}")
        if done.code == 2:
            assert f"the pass '{name}' cannot be left out: " in done.err, done.text()
            continue
        assert done.code == 0, f"without {name}: {done.text()}"
        b.check(b.folder / "fewer", f"without {name}")
        assert b.manifest("fewer")["disabled_passes"] == [name], name
        left.append(name)
    graph = ("ingot-fold-scales", "ingot-channels-last", "ingot-sink-views", "ingot-choose-algorithms")
    for name in (*graph, "ingot-form-regions", "ingot-choose-kernels", "cse"):
        assert name in left, f"{name} is not among {left}"
    b.check(b.compile("none", "--disable-pass", ",".join(left)), "without all of them")
    assert b.manifest("none")["disabled_passes"] == left


def pass_is_left_out(b: Bench):
    one = b.manifest(b.compile("one", "--disable-pass=ingot-fold-scales", "--disable-pass=cse"))
    assert one["disabled_passes"] == ["ingot-fold-scales", "cse"], one
    assert not {"ingot-fold-scales", "cse"} & {name for passes in one["passes"].values() for name in passes}, one["passes"]
    base = b.manifest(b.compile("padded", "--disable-pass=ingot-split-padding"))
    assert "ingot-channels-last" not in base["passes"]["graph"], "rests on the pass that is left out"
    assert "disabled_passes" not in b.manifest(b.compile("all"))
    done = b.ingot("run", b.model, "--disable-pass=ingot-sink-views", "--", "--random")
    assert done.code == 0, done.text()
    done = b.ingot("bench", b.model, "--disable-pass=ingot-sink-views", "--iterations=3")
    assert done.code == 0, done.text()


def pass_errors(b: Bench):
    compile = lambda *words: b.ingot("compile", b.model, "-o", "wrong", *words)
    refused(compile("--disable-pass=ingot-fold-scale"), 2, "unknown pass 'ingot-fold-scale'", "did you mean 'ingot-fold-scales'?")
    refused(compile("--disable-pass=ingot-plan-buffers"), 2, "'ingot-plan-buffers' cannot be left out")
    refused(compile("--disable-pass=ingot-verify-plan"), 2, "cannot be left out", "checks")
    refused(compile("-O0", "--disable-pass=ingot-fold-scales"), 2, "'ingot-fold-scales' does not run at -O0")
    refused(compile("--disable-pass=cse,"), 2, "'cse,'")
    refused(b.ingot("run", b.model, "--disable-pass=cs"), 2, "unknown pass 'cs'")
    assert not (b.folder / "wrong").exists()


def documented() -> dict:
    """The block of docs/CommandLine.md that says what a report holds: each value names a type."""
    text = (harness.ROOT / "docs/CommandLine.md").read_text()
    return json.loads(re.search(r"### The report as JSON.*?```json\n(.*?)```", text, re.DOTALL).group(1))


def check_shape(value, shape, path="report"):
    """`shape`: an object with the same keys, a list of one shape for all entries, or names of types with | between."""
    types = {"text": str, "integer": int, "number": (int, float), "flag": bool, "null": type(None), "body": dict}
    if isinstance(shape, dict):
        assert isinstance(value, dict), f"{path} is no object"
        needed, known = {key for key in shape if not key.endswith("?")}, {key.rstrip("?") for key in shape}
        assert needed <= set(value) <= known, f"{path} has {sorted(value)}, documented are {sorted(shape)}"
        for key, inner in shape.items():
            if key.rstrip("?") in value:
                check_shape(value[key.rstrip("?")], inner, f"{path}.{key.rstrip('?')}")
    elif isinstance(shape, list) and len(shape) == 2:  # [null, shape]
        if value is not None:
            check_shape(value, shape[1], path)
    elif isinstance(shape, list):
        assert isinstance(value, list), f"{path} is no list"
        for i, entry in enumerate(value):
            check_shape(entry, shape[0], f"{path}[{i}]")
    else:
        fits = any(isinstance(value, types[name]) and (name == "flag" or not isinstance(value, bool)) for name in shape.split("|"))
        assert fits, f"{path} is {value!r}, documented is {shape}"


def check_report(report):
    check_shape(report, documented())
    check_body(report)
    for body in report["others"]:
        check_shape(body, {key: documented()[key] for key in ("target", "sizes", "machine", "totals", "regions", "memory")}, "body")
        check_body(body)
    order = [["graph", "region", "plan", "kernel", "llvm"].index(entry["stage"]) for entry in report["passes"]]
    assert order == sorted(order) and set(order) == set(range(5)), order


def check_body(report):
    regions = report["regions"]
    assert [region["region"] for region in regions] == list(range(len(regions)))
    for region in regions:
        assert all(0 <= other < len(regions) and other != region["region"] for other in region["reads"]), region
        assert region["efficiency"][0] == {"threads": 1, "efficiency": 1}, region
        assert 0 <= region["roofline_share"] <= 1 and len(region["rejected"]) <= 2, region
        assert region["predicted_us"] > 0 and region["bytes_written"] > 0, region
    for tensor in report["memory"]:
        assert 0 <= tensor["offset"] and tensor["offset"] + tensor["bytes"] <= report["totals"]["arena_bytes"], tensor
        assert 0 <= tensor["first"] <= tensor["last"] < len(regions), tensor
    assert report["totals"]["regions"] == len(regions)
    assert sum(region["flops"] * region["calls"] for region in regions) == report["totals"]["flops"]


def report_as_json(b: Bench):
    silent = b.compile("reported").read_bytes()
    assert b.compile("reported", "--report=report.json").read_bytes() == silent, "who watches changes the code"
    report = json.loads((b.folder / "report.json").read_text())
    check_report(report)
    assert report["model"] == "net.onnx" and report["level"] == 3 and report["measurement"] is None, report
    nodes = {node for region in report["regions"] for node in region["nodes"]}
    assert {"first", "depthwise", "product", "softmax"} <= nodes, nodes
    find = lambda node, operation: next(region for region in report["regions"] if node in region["nodes"] and operation in region["operations"])
    convolution = find("first", "conv")
    assert "relu" in convolution["operations"], convolution
    assert 2 * 24 * 24 * 8 * 27 <= convolution["flops"] < 3 * 24 * 24 * 8 * 27, convolution["flops"]
    reader = find("depthwise", "conv")
    assert convolution["region"] in reader["reads"], reader
    passes = {entry["name"]: entry for entry in report["passes"]}
    fold = passes["ingot-fold-scales"]
    assert fold["operations_changed"] > 0 and fold["after"]["flops"] < fold["before"]["flops"], fold
    fused = passes["ingot-form-regions"]
    assert fused["after"]["regions"] < fused["before"]["regions"] and fused["after"]["bytes"] < fused["before"]["bytes"], fused
    assert passes["ingot-plan-buffers"]["after"]["arena_bytes"] == report["totals"]["arena_bytes"]


def report_of_open_dims_and_variants(b: Bench):
    proto = network()
    proto.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "batch"
    proto.graph.output[0].type.tensor_type.shape.dim[0].dim_param = "batch"
    onnx.save(proto, b.folder / "open.onnx")
    b.compile("libopen.a", "--emit=static", "--dim=batch=1..6:2", "--target=x86-64-v3,x86-64-v4", "--report=open.json", model="open.onnx")
    report = json.loads((b.folder / "open.json").read_text())
    check_report(report)
    assert report["open_dims"] == ["batch 1..6"] and report["target"] == "x86-64-v4", report["open_dims"]
    bodies = [report, *report["others"]]
    found = sorted((body["target"], body["sizes"]) for body in bodies)
    assert found == sorted((f"x86-64-v{level}", sizes) for level in (3, 4) for sizes in ([], ["batch 2"])), found
    assert all(body["totals"]["code_bytes"] > 0 and any(region["function"] for region in body["regions"]) for body in bodies)
    for body in bodies:  # places are those of the largest sizes: the arena is full of them up to its end, and what is alive at once does not overlap
        tensors = body["memory"]
        assert max(tensor["offset"] + tensor["bytes"] for tensor in tensors) == body["totals"]["arena_bytes"], body["sizes"]
        for i, one in enumerate(tensors):
            for other in tensors[:i]:
                together = one["first"] <= other["last"] and other["first"] <= one["last"]
                apart = one["offset"] >= other["offset"] + other["bytes"] or other["offset"] >= one["offset"] + one["bytes"]
                assert not together or apart or one["first"] == other["last"] or other["first"] == one["last"], (one, other)
    general = next(body for body in bodies if not body["sizes"])
    assert any(tensor["type"].startswith("?x") for tensor in general["memory"]), general["memory"]
    assert sum(len(region["reads"]) for region in general["regions"]) >= 4, "who reads what is known without sizes"
    b.compile("plain.o", "-O0", "--emit=object", "--report=plain.json")
    plain = json.loads((b.folder / "plain.json").read_text())
    check_report(plain)
    assert {region["family"] for region in plain["regions"]} == {"plain"}


class Page(html.parser.HTMLParser):
    """Checks that elements are closed in order, and keeps what scripts hold."""

    VOID = {"meta", "input", "br", "link", "img"}

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.json = [], set(), ""

    def handle_starttag(self, tag, attributes):
        for key, value in attributes:
            assert key not in ("src", "href", "srcset"), f"the page refers to another file: {value}"
            if key == "id":
                assert value not in self.ids, f"two elements are called {value}"
                self.ids.add(value)
        if tag not in self.VOID:
            self.open.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open and self.open[-1][0] == tag, f"</{tag}> closes {self.open[-1:]}"
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1][1].get("type") == "application/json":
            self.json += data


def report_as_page(b: Bench):
    onnx.save(network("</script><b>&amp;"), b.folder / "odd <i>.onnx")
    b.compile("shown", "--report", "report.html", model="odd <i>.onnx")
    text = (b.folder / "report.html").read_text()
    page = Page()
    page.feed(text)
    page.close()
    assert not page.open, f"never closed: {page.open}"
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "") and "https://" not in text, "the page refers to another host"
    report = json.loads(page.json)
    check_report(report)
    assert any("</script><b>&amp;" in region["nodes"] for region in report["regions"])
    assert report["others"] == [] and "body" in page.ids
    used = set(re.findall(r'byId\("([\w-]+)"\)', text))
    assert used and used <= page.ids, f"the script draws into {used - page.ids}, which is not there"


def report_errors(b: Bench):
    compile = lambda *words: b.ingot("compile", b.model, "-o", "wrong", *words)
    refused(compile("--report=report.svg"), 2, "--report writes .html or .json", "report.svg")
    refused(compile("--report=absent/report.json"), 1, "absent/report.json")
    refused(compile("--report=report.json", "--compile-to=plan"), 2, "--compile-to")
    refused(compile("--measure", "--target=aarch64-linux"), 3, "aarch64-linux")
    assert not (b.folder / "wrong").exists()


def check_worths(passes):
    for entry in passes:
        assert entry["problem"] is None, entry
        assert 0 < entry["low"] <= entry["ratio"] <= entry["high"], entry
        assert not entry["same"] or entry["low"] == entry["high"] == 1, entry
    names = [entry["name"] for entry in passes]
    assert "ingot-channels-last" in names and len(names) == len(set(names)) and any(not entry["same"] for entry in passes), names


def ablation(b: Bench):
    done = b.ingot("bench", b.model, "--ablate", "--threads=1", "--seconds=0.05", "--json", timeout=600)
    assert done.code == 0, done.text()
    got = json.loads(done.out)
    assert set(got) == {"file", "threads", "median_ms", "passes"} and got["median_ms"] > 0, got
    check_worths(got["passes"])
    b.compile("program")
    refused(b.ingot("bench", "program", "--ablate"), 2, "--ablate wants a model")
    refused(b.ingot("bench", b.model, "--ablate", "--sessions=2"), 2, "--ablate")
    assert (b.folder / "program").exists()
    few = b.ingot("bench", b.model, "--ablate", "--seconds=0.02", "--disable-pass=ingot-channels-last", "--threads=1", timeout=600)
    assert few.code == 0 and "ingot-sink-views" in few.out and "ingot-channels-last" not in few.out, few.text()


def twins() -> onnx.ModelProto:
    """Two products that are the same, and one that is not."""
    random = np.random.default_rng(5)
    weights = [numpy_helper.from_array((random.standard_normal(shape) / 12).astype(np.float32), name)
               for name, shape in (("a", (96, 96)), ("b", (96, 96)), ("c", (96, 160)))]
    nodes = [helper.make_node("MatMul", ["x", "a"], ["p"], name="one"), helper.make_node("Relu", ["p"], ["q"])]
    nodes += [helper.make_node("MatMul", ["q", "b"], ["r"], name="two"), helper.make_node("Relu", ["r"], ["s"])]
    nodes.append(helper.make_node("MatMul", ["s", "c"], ["y"], name="three"))
    info = helper.make_tensor_value_info
    graph = helper.make_graph(nodes, "g", [info("x", TensorProto.FLOAT, [64, 96])], [info("y", TensorProto.FLOAT, [64, 160])], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def same_results(b: Bench, model, program):
    inputs = {"x": np.random.default_rng(2).standard_normal((64, 96)).astype(np.float32)}
    outcome, got = harness.run_model(b.folder / program, inputs)
    _, complaint = harness.compare(harness.oracle(b.folder / model, inputs), got) if outcome.code == 0 else (0, outcome.text())
    assert not complaint, complaint


def tiles(b: Bench):
    onnx.save(twins(), b.folder / "twins.onnx")
    b.compile("tiled", "--tile=two:4x32/2@1+24", "--tile", "three:3x16", "--report=tiled.json", "--target=x86-64-v4", model="twins.onnx")
    report = json.loads((b.folder / "tiled.json").read_text())
    check_report(report)
    got = {region["nodes"][0]: (region["tile"], region["unroll"], region["loads"]) for region in report["regions"]}
    assert got["two"] == ([4, 32], 2, [1, 24]) and got["three"][0] == [3, 16], got
    assert not any(region["other_loads"] for region in report["regions"]), "kept for measuring only"
    assert b.manifest("tiled")["tiles"] == ["two:4x32/2@1+24", "three:3x16"]
    same_results(b, "twins.onnx", "tiled")
    compile = lambda tile: b.ingot("compile", "twins.onnx", "-o", "wrong", "--target=x86-64-v4", "--tile", tile)
    refused(compile("two:20x64"), 1, "two", "[20, 64]", "registers")
    refused(compile("two:4x32/64"), 1, "cannot be unrolled 64 times")
    refused(compile("four:4x32"), 1, "'four'")
    refused(compile("two"), 1, "'two' is no forced tile")
    refused(compile("two:4x32/2@1"), 1, "is no forced tile")
    refused(compile("two:4x32/2@1+5000"), 1, "two", "cannot fetch its weights as 1+5000", "0 to 4096 steps")
    assert not (b.folder / "wrong").exists()


def tuning(b: Bench):
    onnx.save(twins(), b.folder / "twins.onnx")
    os.environ["XDG_CACHE_HOME"] = str(b.folder / "cache")
    try:
        b.compile("tuned", "--tune", "--report=tuned.json", model="twins.onnx")
        report = json.loads((b.folder / "tuned.json").read_text())
        check_report(report)
        first = report["measurement"]["tuning"]
        assert first["distinct"] == first["measured"] == 2 and 1 <= first["programs"] <= 7, first
        same_results(b, "twins.onnx", "tuned")
        (cache,) = (b.folder / "cache/ingot").iterdir()
        assert len(json.loads(cache.read_text())) == 2
        bytes_of = (b.folder / "tuned").read_bytes()
        remembered = cache.read_text()
        b.compile("tuned", "--tune", "--report=tuned.json", model="twins.onnx")
        second = json.loads((b.folder / "tuned.json").read_text())["measurement"]["tuning"]
        assert (second["distinct"], second["measured"], second["programs"], second["tiles"]) == (2, 0, 0, first["tiles"]), second
        assert (b.folder / "tuned").read_bytes() == bytes_of, "what is remembered gives other code"
        for fetch, known in (("@0+7", True), ("@0+x", False)):  # what was found about fetches is taken, but for what is none
            cache.write_text(json.dumps({entry: tile.partition("@")[0] + fetch for entry, tile in json.loads(remembered).items()}))
            b.compile("tuned", "--tune", "--report=tuned.json", model="twins.onnx")
            third = json.loads((b.folder / "tuned.json").read_text())
            assert third["measurement"]["tuning"]["measured"] == (0 if known else 2), third["measurement"]
            assert all(region["loads"] == [0, 7] for region in third["regions"] if region["family"] == "contraction") or not known, third["regions"]
        cache.write_text("{ damaged")
        b.compile("tuned", "--tune", model="twins.onnx")
        assert len(json.loads(cache.read_text())) == 2
    finally:
        del os.environ["XDG_CACHE_HOME"]
    refused(b.ingot("compile", "twins.onnx", "-o", "wrong", "--tune", "--target=aarch64-linux"), 3, "aarch64-linux")


def measured(b: Bench):
    b.compile("measured", "--measure", "--seconds=0.05", "--report=measured.json")
    report = json.loads((b.folder / "measured.json").read_text())
    check_report(report)
    measurement = report["measurement"]
    check_worths(measurement["passes"])
    dropped = [entry["name"] for entry in measurement["passes"] if entry["dropped"]]
    for left in (report["disabled_passes"], b.manifest("measured").get("disabled_passes", [])):
        assert sorted(left) == sorted(dropped), f"{left}, but measured as harmful are {dropped}"
    assert measurement["runs"][0]["threads"] == 1 and all(run["us"] > 0 for run in measurement["runs"]), measurement
    assert all(region["measured_us"] is not None for region in report["regions"]) and sum(region["measured_us"] for region in report["regions"]) > 0
    predictions = measurement["predictions"]
    timed = [region for region in report["regions"] if region["measured_us"]]
    sums = [sum(region["predicted_us"] * region["calls"] for region in timed), sum(region["measured_us"] for region in timed)]
    assert np.allclose([predictions["predicted_us"], predictions["measured_us"], predictions["ratio"]], [*sums, sums[0] / sums[1]]), predictions
    assert sum(family["regions"] for family in predictions["families"]) == predictions["regions"] <= len(report["regions"]), predictions
    for region in report["regions"]:
        ratio = region["predicted_us"] * region["calls"] / region["measured_us"] if region["measured_us"] else None
        assert region["prediction_ratio"] is ratio is None or np.isclose(region["prediction_ratio"], ratio), region
    if predictions["regions"]:
        assert predictions["low"] <= predictions["median"] <= predictions["high"], predictions
    b.check(b.folder / "measured", "measured")
    b.compile("measured", "--measure", "--seconds=0.02", "--report=measured.html", "--disable-pass=ingot-channels-last")


CASES = [
    without_each_pass,
    pass_is_left_out,
    pass_errors,
    report_as_json,
    report_of_open_dims_and_variants,
    report_as_page,
    report_errors,
    ablation,
    tiles,
    tuning,
    measured,
]


def main() -> int:
    report, wanted = harness.begin(__doc__)
    bench = Bench(harness.scratch("effect-report"))
    for case in CASES:
        name = case.__name__.replace("_", "-")
        if not wanted(name):
            continue
        try:
            case(bench)
            report.case(f"effect-report/{name}", None)
        except (AssertionError, KeyError, ValueError) as error:
            report.case(f"effect-report/{name}", f"{type(error).__name__}: {error}")
    return report.finish()


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C")
    sys.exit(main())
