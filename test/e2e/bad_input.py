#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Wrong input gives one clear error: it names the file, node or option and says what is wrong, the exit code is not 0, no output is left behind, and
a file that was there before is untouched.

Each row of the tables below is one test. Exit codes: 1 the input is wrong, 2 the command line is wrong, 3 the machine cannot run the program.

    test/e2e/bad_input.py                      everything
    test/e2e/bad_input.py --filter 'model-.*'  only these
"""

import pathlib
import re
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import harness

FLOAT = TensorProto.FLOAT
OLD = b"an older output that must survive"


def value(name, shape, element=FLOAT):
    return helper.make_tensor_value_info(name, element, shape)


def model(nodes, inputs=None, outputs=None, weights=(), opset=20, domains=()):
    graph = helper.make_graph(nodes, "g", inputs or [value("x", [2, 3])], outputs or [value("y", [2, 3])], list(weights))
    imports = [helper.make_opsetid("", opset), *[helper.make_opsetid(domain, 1) for domain in domains]]
    return helper.make_model(graph, opset_imports=imports, ir_version=9)


def good():
    return model([helper.make_node("Relu", ["x"], ["y"], name="the_relu")])


def node(op, inputs, outputs, **attributes):
    return helper.make_node(op, inputs, outputs, name=f"the_{op.lower()}", **attributes)


def matmul_with(tensor):
    return model([node("MatMul", ["x", "w"], ["y"])], outputs=[value("y", [2, 4])], weights=[tensor])


def external(location, offset=0, length=48, dims=(3, 4)):
    tensor = TensorProto(name="w", data_type=FLOAT, dims=dims, data_location=TensorProto.EXTERNAL)
    for key, text in (("location", location), ("offset", offset), ("length", length)):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, str(text)
    return matmul_with(tensor)


def weight(dims, payload_bytes):
    return TensorProto(name="w", data_type=FLOAT, dims=dims, raw_data=b"\0" * payload_bytes)


def dynamic():
    return model([node("Relu", ["x"], ["y"])], [value("x", ["batch", 3])], [value("y", ["batch", 3])])


def quantize(scale, op="QuantizeLinear", **attributes):
    """x [2, 3] with this scale, and a zero point of the same shape where it is an integer operator's."""
    scale = np.asarray(scale, np.float32)
    if op == "QuantizeLinear":
        nodes, kinds = [node(op, ["x", "s"], ["y"], **attributes)], (FLOAT, TensorProto.UINT8)
    else:
        nodes, kinds = [node(op, ["x", "s"], ["y"], **attributes)], (TensorProto.INT8, FLOAT)
    return model(nodes, [value("x", [2, 3], kinds[0])], [value("y", [2, 3], kinds[1])], [numpy_helper.from_array(scale, "s")], opset=21)


def block_product(b=(4, 2, 16), scales=(4, 2), points=None, g_idx=None, scale=0.5, **attributes):
    """MatMulNBits of 64 by 4 weights in blocks of 32; the shapes of its operands, which may be wrong."""
    weights = [numpy_helper.from_array(np.ones(b, np.uint8), "b"), numpy_helper.from_array(np.full(scales, scale, np.float32), "s")]
    operands = ["x", "b", "s"]
    if points:
        weights.append(numpy_helper.from_array(np.ones(points, np.uint8), "z"))
    operands.append("z" if points else "")
    if g_idx:
        weights.append(numpy_helper.from_array(np.zeros(g_idx, np.int32), "g"))
        operands.append("g")
    attributes = {"K": 64, "N": 4, "block_size": 32, **attributes}
    nodes = [node("MatMulNBits", operands, ["y"], domain="com.microsoft", **attributes)]
    return model(nodes, [value("x", [2, 64])], [value("y", [2, 4])], weights, domains=["com.microsoft"])


def truncated() -> bytes:
    data = matmul_with(numpy_helper.from_array(np.ones((3, 4), np.float32), "w")).SerializeToString()
    return data[: len(data) * 2 // 3]


# name, file contents (bytes or a model), words that the error must hold (regular expressions, any case)
MODELS = [
    ("not-a-protobuf", b"This is a text, not a model.\n" * 20, [r"model\.onnx", r"not (an )?(ONNX|protobuf)|cannot be (parsed|read)|protobuf"]),
    ("truncated", truncated(), [r"model\.onnx", r"truncated|ends|protobuf|parse"]),
    ("empty-file", b"", [r"model\.onnx", r"empty"]),
    ("random-bytes", np.random.default_rng(1).bytes(4096), [r"model\.onnx"]),
    ("no-graph", onnx.ModelProto(ir_version=9, opset_import=[helper.make_opsetid("", 20)]), [r"graph"]),
    ("no-opset", helper.make_model(good().graph, opset_imports=[]), [r"opset"]),
    ("unknown-op", model([node("Frobnicate", ["x"], ["y"])]), [r"Frobnicate", r"the_frobnicate"]),
    ("unknown-domain", model([node("Relu", ["x"], ["y"], domain="com.example")], domains=["com.example"]), [r"com\.example", r"the_relu"]),
    ("undeclared-domain", model([node("Relu", ["x"], ["y"], domain="com.example")]), [r"com\.example"]),
    ("opset-too-new", model([node("Relu", ["x"], ["y"])], opset=999), [r"opset", r"999"]),
    ("opset-too-old", model([node("Relu", ["x"], ["y"])], opset=1), [r"opset", r"\b1\b"]),
    ("op-newer-than-opset", model([node("Gelu", ["x"], ["y"])], opset=13), [r"Gelu", r"13"]),
    ("missing-input", model([node("Relu", ["nowhere"], ["y"])]), [r"nowhere", r"the_relu"]),
    ("too-few-inputs", model([node("MatMul", ["x"], ["y"])]), [r"the_matmul", r"input"]),
    ("too-many-inputs", model([node("Relu", ["x", "x"], ["y"])]), [r"the_relu", r"input"]),
    ("missing-attribute", model([node("Cast", ["x"], ["y"])]), [r"the_cast", r"\bto\b"]),
    ("unknown-attribute", model([node("Relu", ["x"], ["y"], colour=3)]), [r"the_relu", r"colour"]),
    ("attribute-of-wrong-type", model([node("Transpose", ["x"], ["y"], perm=1.5)]), [r"the_transpose", r"perm"]),
    ("cycle", model([node("Relu", ["b"], ["a"]), node("Neg", ["a"], ["b"]), node("Add", ["x", "b"], ["y"])]), [r"cycl|order|before"]),
    ("duplicate-value", model([node("Relu", ["x"], ["y"]), node("Neg", ["x"], ["y"])]), [r"'?y'?", r"twice|duplicate|already|more than once|single"]),
    ("duplicate-input", model([node("Relu", ["x"], ["y"])], [value("x", [2, 3]), value("x", [2, 3])]), [r"'?x'?", r"twice|duplicate|already|once"]),
    ("output-nobody-makes", model([node("Relu", ["x"], ["z"])]), [r"\by\b", r"output"]),
    ("shape-contradicts", model([node("MatMul", ["x", "x"], ["y"])]), [r"the_matmul"]),
    ("type-contradicts", model([node("Relu", ["x"], ["y"])], outputs=[value("y", [2, 3], TensorProto.INT64)]), [r"\by\b", r"type|int64"]),
    ("declared-output-shape-contradicts", model([node("Relu", ["x"], ["y"])], outputs=[value("y", [5, 5])]), [r"\by\b", r"shape|5"]),
    ("string-where-float", model([node("Relu", ["x"], ["y"])], [value("x", [2, 3], TensorProto.STRING)]), [r"the_relu|\bx\b"]),
    ("external-missing", external("weights.bin"), [r"weights\.bin"]),
    ("external-outside", external("../secret.bin"), [r"\.\./secret\.bin", r"outside|folder|directory"]),
    ("external-absolute", external("/etc/hostname"), [r"/etc/hostname", r"outside|absolute|folder|directory"]),
    ("external-too-short", external("short.bin"), [r"short\.bin", r"\b48\b|short|end"]),
    ("external-negative-offset", external("short.bin", offset=-8), [r"offset"]),
    ("external-huge-offset", external("short.bin", offset=2**62), [r"short\.bin|offset"]),
    ("payload-too-short", matmul_with(weight([3, 4], 44)), [r"'?w'?", r"48|44|size|bytes"]),
    ("payload-too-long", matmul_with(weight([3, 4], 52)), [r"'?w'?", r"48|52|size|bytes"]),
    ("negative-dim", matmul_with(weight([-3, 4], 48)), [r"'?w'?", r"-3|negative"]),
    ("huge-dims", matmul_with(weight([2**40, 2**40], 48)), [r"'?w'?"]),
    (
        "index-out-of-range",
        model([node("Gather", ["x", "i"], ["y"])], weights=[numpy_helper.from_array(np.array([0, 2]), "i")]),
        [r"the_gather", r"range"],
    ),
    (
        "index-of-weights-out-of-range",
        model(
            [node("Gather", ["w", "i"], ["z"]), node("Add", ["x", "z"], ["y"])],
            weights=[numpy_helper.from_array(np.ones((5000, 3), np.float32), "w"), numpy_helper.from_array(np.array([0, 5000]), "i")],
        ),
        [r"the_gather", r"range"],
    ),
    (
        "division-by-zero",
        model(
            [node("Div", ["x", "d"], ["y"])],
            [value("x", [2, 3], TensorProto.INT32)],
            [value("y", [2, 3], TensorProto.INT32)],
            [numpy_helper.from_array(np.array([3, 0, 1], np.int32), "d")],
        ),
        [r"the_div", r"zero"],
    ),
    ("scale-of-nan", quantize(np.nan), [r"the_quantizelinear", r"nan", r"y_scale", r"finite"]),
    ("scale-of-infinity", quantize([0.5, np.inf, 1], axis=1), [r"the_quantizelinear", r"inf", r"element 1", r"finite"]),
    ("scale-of-zero", quantize(0.0), [r"the_quantizelinear", r"divides by 0"]),
    ("scale-denormal", quantize(1e-41), [r"the_quantizelinear", r"e-4[12]\b", r"denormal"]),
    ("scale-of-nan-back", quantize(np.nan, "DequantizeLinear"), [r"the_dequantizelinear", r"nan", r"x_scale"]),
    ("scales-too-many", quantize([0.5] * 4, axis=1), [r"the_quantizelinear", r"scales"]),
    ("blocks-do-not-fit", quantize([[0.5]] * 2, axis=1, block_size=2), [r"the_quantizelinear", r"scales"]),
    ("blocks-odd-size", block_product(block_size=48), [r"the_matmulnbits", r"48", r"power of two"]),
    ("blocks-too-small", block_product(block_size=8), [r"the_matmulnbits", r"\b8\b", r"16"]),
    ("blocks-of-3-bits", block_product(bits=3), [r"the_matmulnbits", r"3 bits"]),
    ("blocks-weights-of-other-shape", block_product(b=(4, 2, 15)), [r"the_matmulnbits", r"'B'", r"4x2x15", r"4x32"]),
    ("blocks-scales-of-other-shape", block_product(scales=(4, 3)), [r"the_matmulnbits", r"'scales'", r"4x3", r"4x2"]),
    ("blocks-points-of-other-shape", block_product(points=(4, 2)), [r"the_matmulnbits", r"'zero_points'", r"4x2", r"4x1"]),
    ("blocks-short-g_idx", block_product(g_idx=(60,)), [r"the_matmulnbits", r"g_idx", r"64"]),
    ("blocks-scale-of-nan", block_product(scale=np.nan), [r"the_matmulnbits", r"nan", r"scales"]),
    ("blocks-prepacked", block_product(weight_prepacked=1), [r"the_matmulnbits", r"weight_prepacked"]),
    (
        "huge-input",
        model([node("Relu", ["x"], ["y"])], [value("x", [2**31, 2**31])], [value("y", [2**31, 2**31])]),
        [r"\bx\b|\by\b", r"large|bytes|limit|size|fit"],
    ),
]

# name, model, options, exit code, words
OPTIONS = [
    ("unknown-option", good(), ["--tarjet=native"], 2, [r"--?tarjet", r"--?target"]),
    ("unknown-target", good(), ["--target=x86-64-v9"], 2, [r"x86-64-v9", r"x86-64-v[34]"]),
    ("prefix-no-identifier", good(), ["--prefix=4-net"], 2, [r"--prefix", r"4-net", r"C identifier"]),
    ("prefix-of-the-runtime", good(), ["--prefix=ingot"], 2, [r"--prefix", r"other than 'ingot'"]),
    ("memory-no-number", good(), ["--max-memory=lots"], 2, [r"--max-memory", r"lots"]),
    ("unknown-emit", good(), ["--emit=exee"], 2, [r"exee", r"exe\b"]),
    ("unknown-stage", good(), ["--compile-to=kernal"], 2, [r"kernal", r"kernel"]),
    ("unknown-dim", dynamic(), ["--dim", "bach=2"], 2, [r"bach", r"batch"]),
    ("dim-not-a-number", dynamic(), ["--dim", "batch=two"], 2, [r"batch", r"two"]),
    ("dim-negative", dynamic(), ["--dim", "batch=-2"], 2, [r"batch", r"-2"]),
    ("unknown-input", good(), ["--input-shape", "xx=2x3"], 2, [r"\bxx\b", r"\bx\b"]),
    ("input-shape-wrong-rank", good(), ["--input-shape", "x=2x3x4"], 2, [r"\bx\b", r"rank|dim|2x3x4"]),
    ("input-shape-contradicts", good(), ["--input-shape", "x=4x3"], 2, [r"\bx\b", r"4"]),
    ("input-shape-garbage", good(), ["--input-shape", "x=2xthree"], 2, [r"2xthree"]),
    ("dim-range-backwards", dynamic(), ["--dim", "batch=4..2"], 2, [r"batch", r"4\.\.2"]),
    ("dim-special-outside", dynamic(), ["--dim", "batch=1..4:9"], 2, [r"batch", r"\b9\b", r"1\.\.4"]),
    ("dim-special-of-one-size", dynamic(), ["--dim", "batch=4:4"], 2, [r"batch=4:4"]),
    ("dim-range-from-zero", dynamic(), ["--dim", "batch=0..2"], 2, [r"batch", r"0\.\.2"]),
]


def run_time_cases():
    """Wrong arguments of a compiled program: name, arguments, files to write first, words."""
    x = np.ones((2, 3), np.float32)
    return [
        ("wrong-shape", ["--input", "x=a.npy"], {"a.npy": np.ones((3, 2), np.float32)}, [r"\bx\b", r"2x3|2, ?3", r"3x2|3, ?2"]),
        ("wrong-rank", ["--input", "x=a.npy"], {"a.npy": np.ones(6, np.float32)}, [r"\bx\b", r"2x3|2, ?3", r"\b6\b"]),
        ("wrong-type", ["--input", "x=a.npy"], {"a.npy": x.astype(np.float64)}, [r"\bx\b", r"f(loat)?32", r"f(loat)?64|double"]),
        ("missing-file", ["--input", "x=absent.npy"], {}, [r"absent\.npy"]),
        ("not-npy", ["--input", "x=a.npy"], {"a.npy": b"no array\n" * 9}, [r"a\.npy"]),
        ("truncated-npy", ["--input", "x=a.npy"], {"a.npy": ("cut", x)}, [r"a\.npy"]),
        ("empty-npy", ["--input", "x=a.npy"], {"a.npy": b""}, [r"a\.npy"]),
        ("raw-wrong-size", ["--raw", "x=a.bin"], {"a.bin": b"\0" * 20}, [r"\bx\b", r"a\.bin", r"20 bytes", r"2, ?3", r"24"]),
        ("raw-missing", ["--raw", "x=a.bin:f32:2x3"], {}, [r"\bx\b", r"a\.bin", r"No such file"]),
        ("raw-wrong-type", ["--raw", "x=a.bin:f64:2x3"], {"a.bin": b"\0" * 48}, [r"\bx\b", r"a\.bin", r"f32", r"f64"]),
        ("raw-unknown-type", ["--raw", "x=a.bin:float:2x3"], {"a.bin": b"\0" * 24}, [r"float\b", r"f32, f64"]),
        ("raw-no-shape", ["--raw", "x=a.bin:f32:2,3"], {"a.bin": b"\0" * 24}, [r"2,3", r"1x3x224"]),
        ("fill-unknown-kind", ["--fill", "x=noise"], {}, [r"noise", r"random, zeros, ones, iota"]),
        ("fill-and-file", ["--input", "x=a.npy", "--fill", "x=ones"], {"a.npy": x}, [r"\bx\b", r"twice"]),
        ("unknown-input", ["--input", "xx=a.npy"], {"a.npy": x}, [r"\bxx\b", r"\bx\b"]),
        ("input-not-given", ["--output", "y=y.npy"], {}, [r"\bx\b"]),
        ("unknown-output", ["--input", "x=a.npy", "--output", "why=y.npy"], {"a.npy": x}, [r"why", r"\by\b"]),
        ("npz-without-input", ["--inputs", "a.npz"], {"a.npz": {"other": x}}, [r"\bx\b|other"]),
        ("output-unwritable", ["--input", "x=a.npy", "--output", "y=absent/y.npy"], {"a.npy": x}, [r"absent/y\.npy"]),
        ("unknown-option", ["--itterations", "3"], {}, [r"itterations", r"iterations"]),
        ("threads-not-a-number", ["--random", "--threads", "many"], {}, [r"threads", r"many"]),
        ("iterations-zero", ["--random", "--iterations", "-1"], {}, [r"iterations", r"-1"]),
        ("option-without-value", ["--input"], {}, [r"input"]),
    ]


INT32, INT64 = TensorProto.INT32, TensorProto.INT64


def lookup(op, inputs, output, bad, words=("index out of range",), **attributes):
    """A run-time failure: the node `the_<op>` on good `inputs` gives what ONNX Runtime gives, on those that differ as in `bad` it fails."""
    types = {"float32": FLOAT, "int32": INT32, "int64": INT64}
    names = [f"i{k}" for k in range(len(inputs))]
    given = [value(name, array.shape, types[array.dtype.name]) for name, array in zip(names, inputs)]
    proto = model([node(op, names, ["y"], **attributes)], given, [value("y", output, types[inputs[0].dtype.name])])
    return op, proto, dict(zip(names, inputs)), [{**dict(zip(names, inputs)), f"i{at}": array} for at, array in bad], [f"the_{op.lower()}", *words]


def run_failures():
    """Values that a model cannot process, known only when it runs."""
    x = np.arange(60, dtype=np.float32).reshape(5, 12)
    wide = np.arange(4 * 48, dtype=np.float32).reshape(4, 48)
    ints = np.array([7, -7, 9, -9, 100, 5, 6, -2**31, 3, 17, 18], np.int32)
    divisors = np.array([2, 2, -4, -4, 7, -1, 3, 5, 1, 16, -16], np.int32)
    zero = np.where(np.arange(11) == 10, 0, divisors).astype(np.int32)  # in the tail of a vector
    row = lambda *numbers: np.array(numbers, np.int64)
    beyond = [(1, row(0, 5, 1)), (1, row(-6, 0, 0)), (1, row(0, 0, 2**40)), (1, row(0, 0, -(2**63)))]
    division = ("division by zero",)
    return [
        lookup("Gather", [x, row(0, 4, -5)], [3, 12], beyond),
        lookup("Gather", [wide, row(0, 3, -4)], [3, 48], beyond),
        lookup("Gather", [wide, row(0, 47, -48)], [4, 3], [(1, row(48, 0, 0)), (1, row(0, 0, -49))], axis=1),
        lookup("GatherElements", [x, np.full((2, 12), -5, np.int64)], [2, 12], [(1, np.full((2, 12), 5, np.int64))]),
        lookup("GatherND", [x, np.array([[4, 11], [-5, -12]], np.int64)], [2], [(1, np.array([[4, 11], [0, 12]], np.int64))]),
        lookup("ScatterElements", [x, np.full((1, 12), 4, np.int64), x[:1]], [5, 12], [(1, np.full((1, 12), -6, np.int64))]),
        lookup("ScatterND", [x, np.array([[4], [-5]], np.int64), x[:2]], [5, 12], [(1, np.array([[4], [5]], np.int64))]),
        lookup("Div", [ints, divisors], [11], [(1, zero)], division),
        lookup("Mod", [np.abs(ints - 1), np.abs(divisors)], [11], [(1, zero)], division),
    ]


def check_run_failure(folder: pathlib.Path, proto, good_inputs, bad_inputs, words) -> str | None:
    """At both levels, with one thread and with two: the right numbers, or exit code 1 and a text that names the node."""
    folder.mkdir()
    (folder / "model.onnx").write_bytes(proto.SerializeToString())
    expected = harness.oracle(folder / "model.onnx", good_inputs)
    for level in ("-O0", "-O3"):
        made = harness.compile_model(folder / "model.onnx", folder / level, level)
        if made.code != 0:
            return f"{level} does not compile: {made.text()}"
        for threads in (1, 2):
            outcome, got = harness.run_model(folder / level, good_inputs, threads)
            complaint = outcome.text() if got is None else harness.compare(expected, got)[1]
            for inputs in bad_inputs:
                complaint = complaint or judge(harness.run_model(folder / level, inputs, threads)[0], 1, words)
            if complaint:
                return f"{level}, {threads} threads: {complaint}"
    np.savez(folder / "bad.npz", **bad_inputs[0])
    complaint = judge(harness.execute([harness.INGOT, "run", folder / "model.onnx", "--inputs", folder / "bad.npz"]), 1, words)
    return f"ingot run: {complaint}" if complaint else None


def wrong_length():
    """A sequence that is longer than its tensor, and one of negative length."""
    random = np.random.default_rng(3)
    x, w, r = (random.standard_normal(shape, dtype=np.float32) for shape in ((4, 2, 3), (1, 32, 3), (1, 32, 8)))
    weights = [numpy_helper.from_array(w, "w"), numpy_helper.from_array(r, "r")]
    nodes = [node("LSTM", ["x", "w", "r", "", "n"], ["y"], hidden_size=8)]
    proto = model(nodes, [value("x", [4, 2, 3]), value("n", [2], INT32)], [value("y", [4, 1, 2, 8])], weights)
    inputs = lambda *lengths: {"x": x, "n": np.array(lengths, np.int32)}
    return "length", proto, inputs(4, 2), [inputs(1, 5), inputs(-1, 4), inputs(-(2**31), 1)], ["the_lstm", "length of a sequence"]


def division_that_wraps(folder: pathlib.Path) -> str | None:
    """The smallest integer divided by -1 wraps and leaves no remainder; the processor's instruction would trap. ONNX Runtime runs into that."""
    folder.mkdir()
    smallest, minus = np.full(19, -(2**31), np.int32), np.full(19, -1, np.int32)
    ports = [value("a", [19], INT32), value("b", [19], INT32)]
    nodes = [node("Div", ["a", "b"], ["y"]), node("Mod", ["a", "b"], ["z"])]
    proto = model(nodes, ports, [value("y", [19], INT32), value("z", [19], INT32)])
    (folder / "model.onnx").write_bytes(proto.SerializeToString())
    for level in ("-O0", "-O3"):
        made = harness.compile_model(folder / "model.onnx", folder / level, level)
        outcome, got = harness.run_model(folder / level, {"a": smallest, "b": minus}) if made.code == 0 else (made, None)
        complaint = outcome.text() if got is None else harness.compare({"y": smallest, "z": np.zeros(19, np.int32)}, got)[1]
        if complaint:
            return f"{level}: {complaint}"
    return None


def nan_as_index():
    """A NaN that becomes an index is no index 0."""
    nodes = [node("Cast", ["f"], ["i"], to=INT64), node("Gather", ["x", "i"], ["y"])]
    proto = model(nodes, [value("x", [5, 12]), value("f", [3])], [value("y", [3, 12])])
    x, f = np.arange(60, dtype=np.float32).reshape(5, 12), np.array([0, 4, -5], np.float32)
    return "NaN", proto, {"x": x, "f": f}, [{"x": x, "f": np.array([0, np.nan, 1], np.float32)}], ["the_gather", "index out of range"]


def judge(outcome: harness.Outcome, code: int | None, words) -> str | None:
    text = outcome.out + outcome.err
    if outcome.code == 0:
        return "exit code 0, expected an error"
    if outcome.code < 0 or outcome.code >= 124:
        return f"ended by a signal or the time limit ({outcome.code}): {outcome.text()}"
    if code is not None and outcome.code != code:
        return f"exit code {outcome.code}, expected {code}: {outcome.text()}"
    if not outcome.err.strip():
        return "nothing on standard error"
    for trace in ("PLEASE submit a bug report", "Stack dump", "Assertion", "terminate called", "Sanitizer"):
        if trace in text:
            return f"crashed instead of an error: {outcome.text()}"
    if len(outcome.err.splitlines()) > 12:
        return f"{len(outcome.err.splitlines())} lines of error text; one clear error is wanted"
    missing = [word for word in words if not re.search(word, outcome.err, re.IGNORECASE)]
    return f"the error does not say {missing}: {outcome.text()}" if missing else None


def check_compile(folder: pathlib.Path, contents, options, code, words) -> str | None:
    """Once without an output file and once over an older one."""
    folder.mkdir()
    path = folder / "model.onnx"
    path.write_bytes(contents if isinstance(contents, bytes) else contents.SerializeToString())
    (folder / "short.bin").write_bytes(b"\0" * 16)
    (folder.parent / "secret.bin").write_bytes(b"\0" * 48)
    output = folder / "out"
    before = {entry.name for entry in folder.iterdir()}
    for old in (False, True):
        if old:
            output.write_bytes(OLD)
        outcome = harness.execute([harness.INGOT, "compile", path, "-o", output, *options], timeout=60)
        complaint = judge(outcome, code, words)
        if complaint:
            return complaint
        if outcome.peak_mb > 2000:
            return f"took {outcome.peak_mb:.0f} MB to say so"
        left = {entry.name for entry in folder.iterdir()} - before - ({"out"} if old else set())
        if left:
            return f"left files behind: {sorted(left)}"
        if old and output.read_bytes() != OLD:
            return "the older output file was changed"
    return None


def write_file(path: pathlib.Path, contents) -> None:
    if isinstance(contents, bytes):
        path.write_bytes(contents)
    elif isinstance(contents, dict):
        np.savez(path, **contents)
    elif isinstance(contents, tuple):
        np.save(path, contents[1])
        path.write_bytes(path.read_bytes()[:-5])
    else:
        np.save(path, contents)


def check_run(folder: pathlib.Path, executable, arguments, files, words) -> str | None:
    folder.mkdir()
    for name, contents in files.items():
        write_file(folder / name, contents)
    outcome = harness.execute([executable, *arguments], timeout=60, cwd=folder, env={})
    left = {entry.name for entry in folder.iterdir()} - set(files)
    return judge(outcome, None, words) or (f"left files behind: {sorted(left)}" if left else None)


def other_cases(folder: pathlib.Path):
    """Cases that fit no table: yields name and complaint."""
    folder.mkdir()
    path = folder / "model.onnx"
    path.write_bytes(good().SerializeToString())
    run = lambda *words, **named: harness.execute([harness.INGOT, *words], timeout=60, **named)
    yield "no-arguments", judge(run(), 2, [r"compile", r"check|run"])
    yield "unknown-command", judge(run("compil", path, "-o", folder / "out"), 2, [r"compil\b", r"compile"])
    yield "missing-model", judge(run("compile", folder / "absent.onnx", "-o", folder / "out"), None, [r"absent\.onnx"])
    yield "no-model-given", judge(run("compile", "-o", folder / "out"), 2, [r"model"])
    yield "model-is-a-folder", judge(run("compile", folder, "-o", folder / "out"), None, [re.escape(folder.name)])
    yield "output-in-no-folder", judge(run("compile", path, "-o", folder / "absent" / "out"), None, [r"absent"])
    (folder / "taken").mkdir()
    yield "output-is-a-folder", judge(run("compile", path, "-o", folder / "taken"), None, [r"taken"])
    yield "output-is-the-model", judge(run("compile", path, "-o", path), None, [r"model\.onnx"])
    yield "model-survives", None if path.read_bytes() == good().SerializeToString() else "the model file was changed"
    unknown = model([node("Frobnicate", ["x"], ["a"]), node("Relu", ["a"], ["b"]), node("Twiddle", ["b"], ["y"])])
    path.write_bytes(unknown.SerializeToString())
    yield "check-lists-all", judge(run("check", path), None, [r"the_frobnicate", r"the_twiddle"])


def main() -> int:
    report, wanted = harness.begin(__doc__)
    folder = harness.scratch("input")
    rows = [("model", name, contents, [], 1, words) for name, contents, words in MODELS]
    rows += [("option", name, contents, extra, code, words) for name, contents, extra, code, words in OPTIONS]
    for kind, name, contents, extra, code, words in rows:
        if wanted(f"{kind}-{name}"):
            report.case(f"input/{kind}-{name}", check_compile(folder / f"{kind}-{name}", contents, extra, code, words))
    for name, complaint in other_cases(folder / "other"):
        if wanted(f"tool-{name}"):
            report.case(f"input/tool-{name}", complaint)
    path, executable = folder / "good.onnx", folder / "good"
    path.write_bytes(good().SerializeToString())
    made = harness.compile_model(path, executable)
    report.case("input/good-model-compiles", None if made.code == 0 else made.text())
    for name, arguments, files, words in run_time_cases():
        if wanted(f"run-{name}"):
            complaint = check_run(folder / f"run-{name}", executable, arguments, files, words) if made.code == 0 else "nothing to run"
            report.case(f"input/run-{name}", complaint)
    for number, (name, proto, good_inputs, bad_inputs, words) in enumerate([*run_failures(), nan_as_index(), wrong_length()]):
        if wanted(f"failure-{number}-{name}"):
            report.case(f"input/failure-{number}-{name}", check_run_failure(folder / f"failure-{number}", proto, good_inputs, bad_inputs, words))
    if wanted("failure-wraps"):
        report.case("input/failure-wraps", division_that_wraps(folder / "failure-wraps"))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
