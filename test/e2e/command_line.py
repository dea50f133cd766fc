#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`ingot inspect`, `opt` and `bench` on whole models and what was compiled of them; the same bytes from every folder and number of cores.

    test/e2e/command_line.py                       everything
    test/e2e/command_line.py --filter 'inspect.*'  only these
"""

import hashlib
import json
import os
import pathlib
import sys
from xml.etree import ElementTree

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from PIL import Image

import harness


def network() -> onnx.ModelProto:
    """An open batch, weights of two types, a node with a subgraph."""
    random = np.random.default_rng(7)
    weights = [
        numpy_helper.from_array(random.standard_normal((8, 4), dtype=np.float32), "w"),
        numpy_helper.from_array(random.standard_normal(4, dtype=np.float32), "b"),
        numpy_helper.from_array(np.array([0, -1], np.int64), "shape"),
    ]
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["p"], name="product"),
        helper.make_node("Add", ["p", "b"], ["s"]),
        helper.make_node("Relu", ["s"], ["r"]),
        helper.make_node("Relu", ["r"], ["q"]),
        helper.make_node("Reshape", ["q", "shape"], ["y"]),
    ]
    info = helper.make_tensor_value_info
    graph = helper.make_graph(nodes, "g", [info("x", TensorProto.FLOAT, ["batch", 8])], [info("y", TensorProto.FLOAT, ["batch", 4])], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9, producer_name="a test")


class Bench:
    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.model = folder / "net.onnx"
        onnx.save(network(), self.model)
        self.hash = hashlib.sha256(self.model.read_bytes()).hexdigest()

    def ingot(self, *words, env=None) -> harness.Outcome:
        return harness.execute([harness.INGOT, *words], timeout=120, cwd=self.folder, env=env)

    def object(self, *words):
        """What a command prints as JSON; an AssertionError when it fails."""
        done = self.ingot(*words, "--json")
        assert done.code == 0, f"{words} ended with {done.code}: {done.text()}"
        return json.loads(done.out)

    def compile(self, output, *options):
        done = self.ingot("compile", self.model, "-o", self.folder / output, *options)
        assert done.code == 0, f"ingot compile ended with {done.code}: {done.text()}"
        return self.folder / output


def expect(value, expected, what=""):
    assert value == expected, f"{what} is {value!r}, expected {expected!r}"


def refused(done: harness.Outcome, code: int, *words):
    missing = [word for word in words if word not in done.err]
    assert done.code == code and not missing, f"exit code {done.code}, expected {code}; no {missing} in: {done.text()}"


def inspect_model(b: Bench):
    got = b.object("inspect", b.model)
    expect(got["kind"], "model", "kind")
    ports = [(port["name"], port["type"], port["shape"]) for port in got["inputs"] + got["outputs"]]
    expect(ports, PORTS)
    expect(got["dims"], [{"name": "batch", "min": 1, "max": 256}], "dims")
    expect(got["operators"], {"MatMul": 1, "Add": 1, "Relu": 2, "Reshape": 1}, "operators")
    types = {"float32": {"count": 2, "bytes": 144}, "int64": {"count": 1, "bytes": 16}}
    expect(got["weights"], {"count": 3, "bytes": 160, "types": types}, "weights")
    expect((got["model_sha256"], got["opsets"], got["producer"], got["problems"]), (b.hash, {"ai.onnx": 17}, "a test", []))
    expect(b.object("inspect", b.model, "--dim", "batch=3")["inputs"][0]["shape"], [3, 8], "the shape with --dim")
    expect(b.object("inspect", b.model, "--dim", "batch=2..5")["dims"], [{"name": "batch", "min": 2, "max": 5}], "dims with --dim")
    text = b.ingot("inspect", b.model).out
    for part in ("x  f32 [batch, 8]", "batch  1 to 256", "5 nodes of 4 kinds", "     2  Relu", "3 tensors", "float32  2 tensors", b.hash):
        assert part in text, f"no {part!r} in: {text}"


def inspect_model_that_cannot_be_compiled(b: Bench):
    proto = network()
    proto.graph.node[2].op_type = "Frobnicate"
    onnx.save(proto, b.folder / "odd.onnx")
    got = b.object("inspect", b.folder / "odd.onnx")
    expect((got["operators"]["Frobnicate"], got["inputs"][0]["shape"]), (1, ["batch", 8]))
    assert any("Frobnicate" in line for line in got["problems"]), got["problems"]
    assert "cannot be compiled" in b.ingot("inspect", b.folder / "odd.onnx").out


def check_compiled(b: Bench, path, kind):
    got = b.object("inspect", path)
    expect(got["kind"], kind, "kind")
    ports = [(port["name"], port["type"], port["shape"]) for port in got["inputs"] + got["outputs"]]
    expect(ports, PORTS)
    expect(got["dims"], [{"name": "batch", "min": 1, "max": 6}], "dims")
    expect((got["variants"], got["variant"]), (["x86-64-v3"], "x86-64-v3"))
    expect(got["peak_memory_bytes"], got["arena_bytes"] + got["weight_bytes"], "peak memory")
    assert got["weight_bytes"] >= 144, got
    check_manifest(b, got["manifest"])
    text = b.ingot("inspect", path).out
    for part in (kind, "x  f32 [batch, 8]", "batch  1 to 6", "x86-64-v3", "compiled", b.hash):
        assert part in text, f"no {part!r} in: {text}"


def memory_as_a_formula(b: Bench):
    deep = network()
    deep.graph.node[3].op_type = "Softmax"  # which is no part of the region before it
    weight = numpy_helper.from_array(np.ones((4, 4), np.float32), "v")
    deep.graph.initializer.append(weight)
    deep.graph.node.insert(4, helper.make_node("MatMul", ["q", "v"], ["z"]))
    deep.graph.node[5].input[0] = "z"
    onnx.save(deep, b.folder / "deep.onnx")
    done = b.ingot("compile", "deep.onnx", "-o", "formula", "--dim", "batch=1..200")
    formula = b.object("inspect", "formula")["manifest"]["memory_formula"]
    assert done.code == 0 and f"arena: at most {formula[0]} bytes\n" in done.out, f"{formula}: {done.out}"
    assert f"  arena: at most {formula[0]} bytes\n" in b.ingot("inspect", "formula").out
    most = max(eval(text.replace("^", "**"), {"batch": 200}) for text in formula)
    arena = b.object("inspect", "formula")["arena_bytes"]
    assert arena <= most <= 1.1 * arena + 256, f"{formula} gives {most}, the arena has {arena}"
    closed = b.ingot("compile", "deep.onnx", "-o", "formula", "--dim", "batch=7")
    assert "at most" not in closed.out and "memory_formula" not in b.object("inspect", "formula")["manifest"], closed.out


def check_manifest(b: Bench, manifest):
    expect((manifest["model_sha256"], manifest["level"], manifest["targets"]), (b.hash, 3, ["x86-64-v3"]))
    expect((manifest["dims"], manifest["input_shapes"]), ({"batch": "1..6"}, {}))
    assert manifest["compiler"].startswith("ingot ") and manifest["llvm"], manifest
    expect(list(manifest["passes"]), ["graph", "kernel", "llvm", "plan", "region"], "the stages")
    assert "interface" not in manifest, manifest
    assert "ingot-fold-scales" in manifest["passes"]["graph"] and manifest["passes"]["plan"][-1] == "ingot-verify-plan", manifest["passes"]


PORTS = [("x", "f32", ["batch", 8]), ("y", "f32", ["batch", 4])]
OPTIONS = ("--target=x86-64-v3", "--dim", "batch=1..6")


def inspect_program(b: Bench):
    check_compiled(b, b.compile("program", *OPTIONS), "program")
    check_compiled(b, b.compile("static-program", "--static", *OPTIONS), "program")


def inspect_shared_library(b: Bench):
    check_compiled(b, b.compile("libnet.so", "--emit=shared", *OPTIONS), "shared library")
    expect(b.object("inspect", "libnet.so")["symbol"], "net_model", "the symbol, with a name without folder")


def inspect_static_library_and_object(b: Bench):
    for name, emit, kind in (("libnet.a", "static", "static library"), ("net.o", "object", "object")):
        got = b.object("inspect", b.compile(name, f"--emit={emit}", *OPTIONS))
        expect((got["kind"], got["models"]), (kind, ["net_model"]))
        ports = [(port["name"], port["type"], port["shape"]) for port in got["inputs"] + got["outputs"]]
        expect((ports, got["dims"]), (PORTS, [{"name": "batch", "min": 1, "max": 6}]))
        expect(got["peak_memory_bytes"], got["arena_bytes"] + got["weight_bytes"], "peak memory")
        assert got["weight_bytes"] >= 144, got
        check_manifest(b, got["manifest"])
        text = b.ingot("inspect", b.folder / name).out
        for part in ("net_model", "x  f32 [batch, 8]", "batch  1 to 6"):
            assert part in text, f"no {part!r} in: {text}"


def external_data_is_hashed(b: Bench):
    folder = b.folder / "external"
    folder.mkdir()
    onnx.save(network(), folder / "net.onnx", save_as_external_data=True, location="net.weights", size_threshold=0)
    digest = lambda name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
    expected = (digest("net.onnx"), {"net.weights": digest("net.weights")})
    got = b.object("inspect", folder / "net.onnx")
    expect((got["model_sha256"], got["external_sha256"]), expected, "hashes of the model")
    assert f"net.weights  {expected[1]['net.weights']}" in b.ingot("inspect", folder / "net.onnx").out
    done = b.ingot("compile", folder / "net.onnx", "-o", "external-net")
    assert done.code == 0, done.text()
    manifest = b.object("inspect", "external-net")["manifest"]
    expect((manifest["model_sha256"], manifest["external_sha256"]), expected, "hashes of the manifest")
    expect(b.object("inspect", b.model)["external_sha256"], {}, "hashes of a model without external data")


def inspect_other_files(b: Bench):
    (b.folder / "text").write_text("no model")
    refused(b.ingot("inspect", b.folder / "text"), 1, "text")
    refused(b.ingot("inspect", "/bin/true"), 1, "was not made by Ingot")
    refused(b.ingot("inspect", b.folder / "absent"), 1, "absent")
    program = b.compile("whole", *OPTIONS).read_bytes()
    (b.folder / "cut").write_bytes(program[: len(program) // 2])
    done = b.ingot("inspect", b.folder / "cut")
    assert done.code == 1 and done.err.startswith("error: "), f"a cut program: {done.code} {done.text()}"
    refused(b.ingot("inspect"), 2, "no file given")
    refused(b.ingot("inspect", b.model, "--dim", "bacth=1"), 2, "bacth")


def check_result(result, name, runs):
    expect((result["name"], result["iterations"]), (name, runs))
    assert 0 < result["min_ms"] <= result["median_ms"] <= result["p90_ms"] <= result["p99_ms"], result
    assert result["throughput_per_s"] > 0 and 1 << 18 < result["peak_memory_bytes"] < 1 << 31, result


def bench_program(b: Bench):
    program = b.compile("timed", *OPTIONS)
    got = b.object("bench", program, "--iterations", 20, "--warmup", 2, "--threads", 1, "--dim", "batch=5")
    expect((got["threads"], got["sessions"], len(got["results"])), (1, 1, 1))
    check_result(got["results"][0], "ingot", 20)
    several = b.object("bench", program, "--iterations", 10, "--threads", 1, "--sessions", 2, "--dim=batch=5")
    check_result(several["results"][0], "ingot", 20)
    compared = b.object("bench", b.model, "--dim=batch=2", "--iterations", 6, "--threads=1", "--sessions", 3, "--compare=onnxruntime")
    for result, name in zip(compared["results"], ("ingot", "onnxruntime"), strict=True):
        check_result(result, name, 18)
    refused(b.ingot("bench", program, "--dim", "batch=9"), 1, "ended with exit code 1")
    refused(b.ingot("bench", program, "--iterations=1", "--compare=onnxruntime"), 2, "--compare wants a model")


def bench_model(b: Bench):
    text = b.ingot("bench", b.model, "--dim", "batch=2", "--iterations", 5, "--sessions", 2)
    assert text.code == 0 and "2 sessions at the same time" in text.out and "ingot           10" in text.out, text.out + text.err
    got = b.object("bench", b.model, "--seconds", 0.05, "--threads", 1)
    assert got["results"][0]["iterations"] >= 1, got
    refused(b.ingot("bench", b.folder / "absent.onnx"), 1, "absent.onnx")
    for option, value in (("--iterations", "0"), ("--sessions", "x"), ("--seconds", "-1"), ("--compare", "tvm"), ("--threads", "2000")):
        refused(b.ingot("bench", b.model, option, value), 2, value)
    assert not list(b.folder.glob("ingot-bench*")), "files left"


def bench_compares(b: Bench):
    got = b.object("bench", b.model, "--dim", "batch=4", "--iterations", 9, "--threads", 1, "--compare", "onnxruntime")
    check_result(got["results"][0], "ingot", 9)
    check_result(got["results"][1], "onnxruntime", 9)
    expect(got["time_ratio"], got["results"][0]["median_ms"] / got["results"][1]["median_ms"], "the ratio")
    bare = {**os.environ, "INGOT_PYTHON": "/bin/false"}
    refused(b.ingot("bench", b.model, "--iterations", 1, "--compare", "onnxruntime", env=bare), 1, "no package onnxruntime", "INGOT_PYTHON")


def bench_draws(b: Bench):
    name = "a <b> & 'c'.onnx"
    (b.folder / name).write_bytes(b.model.read_bytes())
    svg = "{http://www.w3.org/2000/svg}"
    for iterations, sessions, options, names in (
        (20, 2, (), ["ingot"]),
        (1, 1, (), ["ingot"]),
        (30, 1, ("--compare=onnxruntime",), ["ingot", "onnxruntime"]),
        (5000, 1, (), ["ingot"]),
    ):
        b.object("bench", name, "--dim=batch=2", "--iterations", iterations, "--sessions", sessions, "--chart", "times.svg", *options)
        root = ElementTree.fromstring((b.folder / "times.svg").read_text())
        expect(root.tag, svg + "svg")
        assert not [node for node in root.iter() for key in node.attrib if "href" in key], "the chart refers to another file"
        expect([node.get("data-name") for node in root.iter(svg + "g") if node.get("class") == "series"], names, "the series")
        for node in root.iter(svg + "g"):
            if node.get("class") == "series":
                expect(int(node.get("data-runs")), iterations * sessions, "runs of a series")
                marks = len(node.findall(svg + "circle")) + len(node.findall(svg + "line")) - 1 + len(node.findall(svg + "path"))
                assert min(iterations * sessions, 600) <= marks <= 1200, f"{marks} marks"
        expect(sum(node.get("class") == "percentile" for node in root.iter(svg + "rect")), 4 * len(names), "bars")
        text = " ".join("".join(node.itertext()) for node in root.iter(svg + "text"))
        for part in (name, "median", "90 %", "99 %", "ms", *names):
            assert part in text, f"no {part!r} in: {text}"
        heights = [float(node.get("height")) for node in root.iter(svg + "rect") if node.get("class") == "percentile"]
        assert heights[:: len(names)] == sorted(heights[:: len(names)]) and 0 < max(heights) <= 318.1, heights
    refused(b.ingot("bench", b.model, "--chart", "times.png"), 2, "times.png", ".svg")
    refused(b.ingot("bench", b.model, "--chart", "absent/times.svg"), 1, "absent")


def identity(b: Bench, name, shape, element=TensorProto.FLOAT):
    info = helper.make_tensor_value_info
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [info("x", element, shape)], [info("y", element, shape)])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), b.folder / name)
    return b.folder / name


def picture(b: Bench) -> np.ndarray:
    """Writes photo.png (16 x 12, with transparency), photo.jpg and photo16.png; returns the pixels of the first, which is smooth, as photos are."""
    noise = np.random.default_rng(5).integers(0, 256, (5, 6, 3), np.uint8)
    photo = Image.fromarray(noise).resize((16, 12), Image.BICUBIC)
    photo.save(b.folder / "photo.jpg", quality=95)
    clear = photo.convert("RGBA")
    clear.putalpha(100)
    clear.save(b.folder / "photo.png")
    photo.convert("L").save(b.folder / "gray.png")
    return np.asarray(photo)


def run_on(b: Bench, model, *words) -> np.ndarray:
    (b.folder / "y.npy").unlink(missing_ok=True)
    done = b.ingot("run", model, "-O0", *words, "--output", "y.npy")
    assert done.code == 0, f"{words} ended with {done.code}: {done.text()}"
    return np.load(b.folder / "y.npy")


def near(got, expected, tolerance):
    assert got.shape == expected.shape, f"shape {got.shape}, expected {expected.shape}"
    error = np.abs(got.astype(np.float64) - expected).max()
    assert error <= tolerance, f"differs by {error}, allowed is {tolerance}"


def images(b: Bench):
    photo = picture(b)
    pillow = lambda name, width, height, mode="RGB": np.asarray(
        Image.open(b.folder / name).convert(mode).resize((width, height), Image.BILINEAR), np.float64
    )
    small = identity(b, "small.onnx", [1, 3, 7, 5])
    near(run_on(b, small, "--image", "x=photo.png") * 255, pillow("photo.png", 5, 7).transpose(2, 0, 1)[None], 1)  # Pillow rounds to 8 bits, twice
    large = identity(b, "large.onnx", [3, 20, 33])
    near(run_on(b, large, "--image", "photo.jpg", "--scale=1"), pillow("photo.jpg", 33, 20).transpose(2, 0, 1), 1)
    mean, scale = np.array([123.7, 116.3, 103.5]), np.array([1 / 58.4, 1 / 57.1, 0.0175])
    normal = (photo - mean) * scale
    last = identity(b, "last.onnx", ["n", "h", "w", 3], TensorProto.FLOAT16)
    options = ("--mean", "123.7,116.3,103.5", "--scale", "1/58.4,1/57.1,0.0175")
    near(run_on(b, last, "--image=x=photo.png", *options), normal[None], 2e-3)
    bgr = run_on(b, last, "--threads=1", *options, "--channels", "bgr", "--image=photo.png")  # among the program's options, too
    near(bgr, (photo[None, :, :, ::-1] - mean) * scale, 2e-3)
    batch = run_on(b, last, "--image", "x=photo.png", "--scale=1", "--image", "x=gray.png")
    near(batch, np.stack([photo, pillow("gray.png", 16, 12)]), 0)
    one = identity(b, "one.onnx", [1, 1, 12, 16], TensorProto.UINT8)
    near(run_on(b, one, "--image", "x=photo.jpg"), pillow("photo.jpg", 16, 12, "L")[None, None], 1)
    several = b.object("bench", small, "--image", "photo.png", "--iterations", 3)
    check_result(several["results"][0], "ingot", 3)
    (b.folder / "scratch").mkdir()
    done = b.ingot("run", small, "--image", "photo.png", env={**os.environ, "TMPDIR": str(b.folder / "scratch")})
    assert done.code == 0 and not list((b.folder / "scratch").iterdir()), f"failed or left files: {done.text()}"


def image_errors(b: Bench):
    picture(b)
    (b.folder / "text.png").write_text("no picture")
    (b.folder / "empty.jpg").write_bytes(b"")
    for name in ("photo.png", "photo.jpg"):
        data = (b.folder / name).read_bytes()
        (b.folder / f"cut-{name}").write_bytes(data[: len(data) * 2 // 3])
        (b.folder / f"head-{name}").write_bytes(data[:12])
    Image.open(b.folder / "photo.jpg").convert("CMYK").save(b.folder / "print.jpg")
    model, flat = identity(b, "small.onnx", [2, 3, 7, 5]), identity(b, "flat.onnx", [1, 10])
    pixels = identity(b, "pixels.onnx", [1, 3, 7, 5], TensorProto.UINT8)
    ids = identity(b, "ids.onnx", [1, 3, 7, 5], TensorProto.INT64)
    two = ("--image", "x=photo.png")
    cases = [
        (pixels, ("--image", "x=absent.png"), 1, ["input 'x'", "absent.png", "No such file"]),
        (pixels, ("--image", "x=text.png"), 1, ["input 'x'", "text.png", "neither PNG nor JPEG"]),
        (pixels, ("--image", "x=empty.jpg"), 1, ["empty.jpg", "it is empty"]),
        *[(pixels, ("--image", f"x={cut}-photo.png"), 1, [f"{cut}-photo.png", "cannot read"]) for cut in ("cut", "head")],
        *[(pixels, ("--image", f"x={cut}-photo.jpg"), 1, [f"{cut}-photo.jpg", "cannot read"]) for cut in ("cut", "head")],
        (pixels, ("--image", "x=print.jpg"), 1, ["print.jpg", "convert it to RGB"]),
        (pixels, ("--image", "z=photo.png"), 2, ["no input 'z'", "inputs are x"]),
        (pixels, ("--image", "x=photo.png", "--scale=1"), 2, ["--scale", "u8"]),
        (model, two, 2, ["takes 2 pictures, 1 is given"]),
        (model, (*two, *two, "--mean", "1,2"), 2, ["--mean has 2 numbers", "3 channels"]),
        (model, (*two, "--mean", "1,two,3"), 2, ["1,two,3"]),
        (model, (*two, "--scale", "1/0"), 2, ["1/0"]),
        (model, (*two, "--channels", "rbg"), 2, ["rbg"]),
        (flat, two, 1, ["input 'x' is f32 [1,10]", "a picture needs"]),
        (ids, two, 1, ["input 'x' is i64"]),
        (pixels, (*two, "--fill", "x=ones"), 2, ["input 'x' is given twice"]),
    ]
    for path, words, code, text in cases:
        refused(b.ingot("run", path, "-O0", *words), code, *text)


def inputs_without_a_header(b: Bench):
    data = np.random.default_rng(8).standard_normal((3, 8), dtype=np.float32)
    (b.folder / "x.bin").write_bytes(data.tobytes())
    np.save(b.folder / "x.npy", data)
    expected = run_on(b, b.model, "--input", "x=x.npy")
    near(run_on(b, b.model, "--raw", "x=x.bin:f32:3x8"), expected, 0)
    near(run_on(b, b.model, "--dim", "batch=3", "--raw", "x=x.bin"), expected, 0)
    assert len(run_on(b, b.model, "--dim", "batch=2", "--fill", "x=zeros")) == 2
    refused(b.ingot("run", b.model, "--raw", "x=x.bin"), 2, "input 'x'", "dim 'batch' is open")
    refused(b.ingot("run", b.model, "--raw", "x=x.bin:f32:2x8"), 1, "x.bin has 96 bytes", "takes 64")
    refused(b.ingot("run", b.model, "--raw", "x=x.bin:f32:2x12"), 1, "input 'x' must be f32 [batch, 8]", "f32 [2, 12]")
    got = b.object("bench", b.model, "--raw", "x=x.bin:f32:3x8", "--iterations", 4, "--compare", "onnxruntime")
    expect(len(got["results"]), 2)
    refused(b.ingot("bench", b.model, "--raw", "x=x.bin:f32:3x9", "--iterations", 4), 1, "x.bin has 96 bytes")
    refused(b.ingot("bench", b.model, "--fill", "x=twos", "--iterations", 4), 2, "twos")


def same_bytes_everywhere(b: Bench):
    """Other folders, other working folders and one core instead of all give the same files."""
    outputs = []
    for place, command in (("one", []), ("an other place", ["taskset", "-c", "0"])):
        folder = b.folder / place
        folder.mkdir()
        (folder / "copy.onnx").write_bytes(b.model.read_bytes())
        for name, options in (("net", []), ("libnet.a", ["--emit=static"]), ("libnet.so", ["--emit=shared"]), ("wide", ["--weights=w"])):
            words = [*command, harness.INGOT, "compile", "copy.onnx", "-o", name, "--dim", "batch=1..8", *options]
            done = harness.execute(words, timeout=120, cwd=folder)
            assert done.code == 0, done.text()
        (folder / "copy.onnx").unlink()
        outputs.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()})
    assert len(outputs[0]) >= 6, outputs
    expect(outputs[1], outputs[0], "the files of the second place")


def algorithms(b: Bench):
    """A 3x3 convolution takes Winograd's algorithm, unless that is forbidden or would lose too much with the layer's own weights."""
    info, shape = helper.make_tensor_value_info, [1, 64, 28, 28]

    def graph_of(scale, *words):
        w = (np.abs(np.random.default_rng(3).standard_normal((64, 64, 3, 3))) * scale).astype(np.float32)
        node = helper.make_node("Conv", ["x", "w"], ["y"], pads=[1] * 4)
        graph = helper.make_graph([node], "g", [info("x", 1, shape)], [info("y", 1, shape)], [numpy_helper.from_array(w, "w")])
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), b.folder / "conv.onnx")
        done = b.ingot("compile", "conv.onnx", "-o", "conv", "--compile-to=graph", *words)
        assert done.code == 0, done.text()
        return done.out

    assert "tile 4" in graph_of(0.05), "the convolution stays direct"
    assert "winograd_conv" not in graph_of(0.05, "--exact"), "--exact has no effect"
    assert "tile 4" not in graph_of(2.5e36), "sums that overflow are no reason to stay direct"  # the direct ones are below 3e38


CASES = [
    algorithms,
    inspect_model,
    inspect_model_that_cannot_be_compiled,
    inspect_program,
    memory_as_a_formula,
    inspect_shared_library,
    inspect_static_library_and_object,
    inspect_other_files,
    external_data_is_hashed,
    bench_program,
    bench_model,
    bench_compares,
    bench_draws,
    images,
    image_errors,
    inputs_without_a_header,
    same_bytes_everywhere,
]


def main() -> int:
    report, wanted = harness.begin(__doc__)
    bench = Bench(harness.scratch("command-line"))
    for case in CASES:
        name = case.__name__.replace("_", "-")
        if not wanted(name):
            continue
        try:
            case(bench)
            report.case(f"command-line/{name}", None)
        except (AssertionError, KeyError, ValueError) as error:
            report.case(f"command-line/{name}", f"{type(error).__name__}: {error}")
    return report.finish()


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C")
    sys.exit(main())
