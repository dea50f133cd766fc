#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`ingot quantize`: what it writes, run by ONNX Runtime and by programs of our own; what it refuses.

    test/e2e/quantize.py                       everything
    test/e2e/quantize.py --filter 'static.*'   only these
"""

import json
import re
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import harness
import quantize_weights
from compression import LEVEL, Bench, expect, info, literally, model, near, ops, perceptron, residual, unpack, weights

# Products of bytes have errors of about 1/256 of a range, a few times over; a wrong scale or zero point gives more than 0.2.
BYTES = 0.03


def dynamic_as_onnxruntime(b: Bench):
    """Against the quantiser of ONNX Runtime with the same choices."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    ours = b.quantize(b.perceptron, "dynamic", "--granularity=tensor")
    theirs = b.folder / "theirs.onnx"
    quantize_dynamic(b.perceptron, theirs, per_channel=True, weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul", "Gemm"])
    exact, got = harness.oracle(b.perceptron, b.x), harness.oracle(ours, b.x)
    near(harness.oracle(theirs, b.x), got, 1e-3, "against ONNX Runtime's quantiser")
    near(exact, got, BYTES, "against f32")
    found = ops(ours)
    expect((found.count("MatMulInteger"), found.count("DynamicQuantizeLinear"), "Gemm" in found), (2, 2, False), "operators")
    near(got, b.own(ours, b.x), 1e-3, "program of our own")


def dynamic_rows(b: Bench):
    """A scale for each row: numpy computes the same, rows of zeros and of any size are as exact as others, in files before and after opset 18."""
    size = np.array([1, 1e-3, 0, 1e4, 1e-41, 3], np.float32)[:, None]
    inputs, w = {"x": b.x["x"] * size}, weights(1, 72, 96)
    scale = np.maximum(np.abs(inputs["x"]).max(-1, keepdims=True) * np.float32(1 / 127), np.finfo(np.float32).tiny)
    channels = np.abs(w).max(0) / np.float32(127)
    expected = (np.rint(inputs["x"] * (1 / scale)).clip(-128, 127) * scale) @ (np.rint(w / channels) * channels)
    rows = lambda outputs: {"y": outputs["y"].reshape(6, 96)[[0, 1, 3, 5]] / size[[0, 1, 3, 5]]}
    for opset, shape in ((13, [6, 72]), (17, [2, 3, 72]), (21, [1, 6, 72])):
        ports = [info("x", TensorProto.FLOAT, shape)], [info("y", TensorProto.FLOAT, [*shape[:-1], 96])]
        source = b.save(model([helper.make_node("MatMul", ["x", "w"], ["y"])], *ports, {"w": w}, opset), "rows")
        path = b.quantize(source, "rows-int8", "--mode=dynamic")
        expect(("MatMulInteger" in ops(path), "DynamicQuantizeLinear" in ops(path)), (True, False), "operators")
        given = {"x": inputs["x"].reshape(shape)}
        for who, outputs in (("ONNX Runtime", harness.oracle(path, given)), ("program of our own", b.own(path, given))):
            near(rows({"y": expected}), rows(outputs), 1e-3, f"opset {opset}, {who}")
            rest = outputs["y"].reshape(6, 96)[[2, 4]]
            assert np.abs(rest).max() < 1e-36, f"opset {opset}, {who}: rows of zeros give {rest}"
    near(harness.oracle(b.perceptron, b.x), harness.oracle(b.quantize(b.perceptron, "both"), b.x), BYTES, "with a Gemm and its bias")


def dynamic_convolution(b: Bench):
    ours = b.quantize(b.residual, "dynamic-conv", "--include=Conv", "--exclude=depthwise")
    found = ops(ours)
    expect((found.count("ConvInteger"), found.count("Conv"), found.count("Gemm")), (5, 1, 1), "operators")
    got = harness.oracle(ours, b.images)
    near(harness.oracle(b.residual, b.images), got, BYTES, "against f32")
    near(got, b.own(ours, b.images), 1e-3, "program of our own")


def check_names_products_in_floats(b: Bench):
    """Of two activations, of 16 bits, of one quantised side: each with its reason; products of bytes are not named."""
    ports = [info("x", TensorProto.FLOAT, [4, 32])], [info("y", TensorProto.FLOAT, [4, 4])]
    constants = {"s": np.float32(0.05), "z": np.uint8(128), "t": np.float32(0.01), "wide": np.uint16(30000),
                 "w": np.random.default_rng(1).integers(-99, 99, (32, 32)).astype(np.int8), "v": weights(2, 32, 32)}
    node = lambda op, inputs, output: helper.make_node(op, inputs, [output], name=output)
    nodes = [node("QuantizeLinear", ["x", "s", "z"], "q"), node("DequantizeLinear", ["q", "s", "z"], "d"), node("DequantizeLinear", ["w", "t"], "e"),
             node("MatMul", ["d", "e"], "bytes"), node("MatMul", ["d", "v"], "one_side"), node("MatMul", ["one_side", "e"], "other_side"),
             node("QuantizeLinear", ["bytes", "s", "wide"], "p"), node("DequantizeLinear", ["p", "s", "wide"], "f"),
             node("MatMul", ["f", "e"], "words"),
             node("QuantizeLinear", ["words", "s", "z"], "g"), node("DequantizeLinear", ["g", "s", "z"], "h"), node("Transpose", ["h"], "k"),
             node("MatMul", ["d", "k"], "both"), node("Transpose", ["other_side"], "i"), node("MatMul", ["other_side", "i"], "floats"),
             node("Add", ["both", "floats"], "y")]
    path = b.save(model(nodes, *ports, constants), "mixed")
    done = harness.execute([harness.INGOT, "check", path])
    expect(done.code, 0, "exit code")
    named = {name: f"'{name}'" in done.out for name in ("bytes", "one_side", "other_side", "words", "both", "floats")}
    expect(named, {"bytes": False, "one_side": True, "other_side": True, "words": True, "both": True, "floats": False}, done.out)
    for reason in ("its weights are not quantised", "its activation is not quantised", "integers of 16 bits", "its right side is no constant"):
        assert f"is computed in floats: {reason}" in done.out.replace("it multiplies ", ""), f"{reason} is missing in {done.out}"


def static_flows(b: Bench):
    """Bytes from product to product, in both placements and all ways to find ranges."""
    exact = harness.oracle(b.residual, b.images)
    for words in ((), ("--qdq=every",), ("--activation-type=int8",), ("--calibration-method=percentile", "--percentile=99.99"),
                  ("--calibration-method=entropy",), ("--calibration-method=mse",), ("--reduce-range",)):
        path = b.quantize(b.residual, "static", "--mode=static", "--calibration=samples.npz", *words)
        near(exact, harness.oracle(path, b.images), 0.08 if "entropy" in str(words) or "range" in str(words) else 0.04, words)
        near(harness.oracle(path, b.images), b.own(path, b.images), 0.02, f"{words}, program of our own")


def static_places(b: Bench):
    path = b.quantize(b.residual, "places", "--calibration=samples.npz")
    proto = onnx.load(path)
    quantized = {node.input[0] for node in proto.graph.node if node.op_type == "QuantizeLinear"}
    # c1 and c2 are clamped before they become bytes; c3 stays in the convolution that adds the other side; y is a result.
    expect(quantized, {"x", "r1", "m1", "r2", "r3", "c4", "c5", "j", "c6", "g", "f"}, "what becomes bytes")
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in proto.graph.initializer}
    scale = lambda value: float(constants[f"{value}_scale"])
    expect(scale("r1"), scale("m1"), "the scale behind a max pool")
    expect(scale("g"), scale("f"), "the scale behind a Flatten")
    expect(constants["r2_zero_point"].item(), 0, "the zero point of what is not negative")
    assert scale("r2") <= 6 / 255 * 1.0001, "the scale of what is clipped"
    bias = next(node for node in proto.graph.node if node.name == "stem").input[2]
    codes, scales = next(list(node.input) for node in proto.graph.node if node.output[0] == bias)
    expect(constants[codes].dtype, np.dtype(np.int32), "type of a bias")
    stem = next(tensor for tensor in onnx.load(b.residual).graph.initializer if tensor.name == "stem.b")
    assert np.abs(constants[codes] * constants[scales] - unpack(stem)).max() <= constants[scales].max() / 2 * 1.001, "a bias is off"


def upsampling() -> onnx.ModelProto:
    """Transposed convolutions: with windows side by side, into many channels and into one, with overlapping windows, and the means of an image."""
    nodes = [
        helper.make_node("Conv", ["x", "stem.w"], ["c"], name="stem"),
        helper.make_node("ConvTranspose", ["c", "wide.w", "wide.b"], ["u"], name="wide", strides=[2, 2]),  # of a value that is not only positive
        helper.make_node("Relu", ["u"], ["r"]),
        helper.make_node("ConvTranspose", ["r", "narrow.w", "narrow.b"], ["y"], name="narrow", strides=[2, 2], kernel_shape=[2, 2]),
        helper.make_node("ConvTranspose", ["c", "overlap.w"], ["o"], name="overlap", strides=[2, 2]),
        helper.make_node("GlobalAveragePool", ["c"], ["m"]),
        helper.make_node("Conv", ["m", "gate.w"], ["g"], name="gate"),
        helper.make_node("Mul", ["o", "g"], ["z"]),
    ]
    constants = {"stem.w": weights(1, 10, 3, 1, 1), "wide.w": weights(2, 10, 12, 2, 2), "wide.b": weights(3, 12), "narrow.w": weights(4, 12, 1, 2, 2),
                 "narrow.b": weights(5, 1), "overlap.w": weights(6, 10, 6, 3, 3), "gate.w": weights(7, 6, 10, 1, 1)}
    outputs = [info("y", TensorProto.FLOAT, ["n", 1, 64, 64]), info("z", TensorProto.FLOAT, ["n", 6, 33, 33])]
    return model(nodes, [info("x", TensorProto.FLOAT, ["n", 3, 16, 16])], outputs, constants)


def static_transposed(b: Bench):
    """Where windows lie side by side a product of bytes makes them, whatever the zero point; where they overlap floats do."""
    source = b.save(upsampling(), "upsampling")
    path = b.quantize(source, "transposed", "--calibration=samples.npz")
    dequantized = {node.output[0] for node in onnx.load(path).graph.node if node.op_type == "DequantizeLinear"}
    made = {node.name: [name in dequantized for name in node.input] for node in onnx.load(path).graph.node if node.op_type == "ConvTranspose"}
    expect(made, {"wide": [True, True, True], "narrow": [True, True, True], "overlap": [False, False]}, "operands of bytes")
    near(harness.oracle(source, b.images), harness.oracle(path, b.images), 0.04)
    near(harness.oracle(path, b.images), b.own(path, b.images), 0.02, "program of our own")
    done = b.ingot("compile", path, "--compile-to=graph", "--dim", "n=2")
    expect(done.code, 0, done.text())
    kinds = re.findall(r"ingot\.(packed_matmul|conv_transpose) .*-> tensor<[^>]*x(\w+)>", done.out)
    # Two products for the rows of wide windows, one for narrow ones, and the convolution of one pixel.
    expect(sorted(kinds), [("conv_transpose", "f32"), *[("packed_matmul", "i32")] * 4], "products")


def static_samples(b: Bench):
    """One file with stacked samples, one per file, with a new first dim, in a folder: the same bytes come out."""
    images = np.load(b.samples)["x"]
    folder = b.folder / "samples"
    folder.mkdir()
    for i, image in enumerate(images):
        np.savez(folder / f"{i:03}.npz", x=image[None])
    np.savez(b.folder / "stacked.npz", x=images[:, None])
    np.savez_compressed(b.folder / "halves.npz", x=images[:12])
    np.savez(b.folder / "rest.npz", x=images[12:])
    expected = b.quantize(b.residual, "one", "--calibration=samples.npz").read_bytes()
    for words in (("--calibration=samples",), ("--calibration", "stacked.npz"), ("--calibration=halves.npz", "--calibration=rest.npz")):
        expect(b.quantize(b.residual, "other", *words).read_bytes() == expected, True, f"the same file with {words}")


def static_random(b: Bench):
    done = b.ingot("quantize", b.residual, "-o", b.folder / "random.onnx", "--random-calibration")
    expect(done.code, 0, "exit code")
    assert "warning: " in done.err and "--random-calibration" in done.err, done.err


def smooth_outliers(b: Bench):
    """Channels a hundred times as large as others: smoothing makes the error several times smaller, in both kinds of products."""
    random = np.random.default_rng(6)
    size = np.where(np.arange(72) % 24 == 5, 100, 1).astype(np.float32)
    inputs, source = {"x": b.x["x"] * size}, perceptron()
    for tensor in source.graph.initializer:
        if tensor.name == "w1":
            tensor.CopyFrom(numpy_helper.from_array(unpack(tensor) / size[:, None], "w1"))
    source = b.save(source, "outliers")
    np.savez(b.folder / "outliers.npz", x=random.standard_normal((400, 72), dtype=np.float32) * size)
    exact = literally(source, inputs)["y"]
    for mode in ("dynamic", "static"):
        samples = ["--calibration=outliers.npz"]
        plain = b.quantize(source, "plain", f"--mode={mode}", *([*samples, "--no-smooth-quant"] if mode == "static" else []))
        smooth = b.quantize(source, "smooth", f"--mode={mode}", "--smooth-quant", *samples)
        errors = [float(np.abs(literally(path, inputs)["y"] - exact).mean()) for path in (plain, smooth)]
        assert errors[1] < errors[0] / 3, f"{mode}: mean errors without and with smoothing are {errors}"
        near({"y": exact}, literally(smooth, inputs), BYTES, mode)
    b.refused(2, "not for --qdq=every", options=("--calibration=outliers.npz", "--smooth-quant", "--qdq=every"), source=source)
    expect(b.quantize(source, "default", "--calibration=outliers.npz").read_bytes() == smooth.read_bytes(), True, "static products are smoothed")
    b.refused(2, "--smooth-quant needs samples", options=("--mode=dynamic", "--smooth-quant"), source=source)
    b.refused(2, "--no-smooth-quant is for --mode=static", options=("--mode=dynamic", "--no-smooth-quant"), source=source)
    b.refused(2, "contradict each other", options=("--calibration=outliers.npz", "--smooth-quant", "--no-smooth-quant"), source=source)


def smooth_norms(b: Bench):
    """Outliers that a norm makes go from its gain into the weights, unless others read them, too."""
    size = np.where(np.arange(72) % 24 == 5, 60, 1).astype(np.float32)
    constants = {"gain": size, "shift": size / 3, "w1": weights(3, 72, 48) / size[:, None], "w2": weights(4, 72, 72) / size[:, None]}
    norm = helper.make_node("LayerNormalization", ["x", "gain", "shift"], ["n"], name="norm")
    up, across = helper.make_node("MatMul", ["n", "w1"], ["y"], name="up"), helper.make_node("MatMul", ["n", "w2"], ["p"], name="across")
    residual = helper.make_node("Add", ["n", "p"], ["z"], name="residual")
    inputs = {"x": np.random.default_rng(6).standard_normal((40, 72), dtype=np.float32)}
    np.savez(b.folder / "norms.npz", **inputs)
    for nodes, muls in (([norm, up], 0), ([norm, up, across, residual], 1)):
        outputs = [info("y", TensorProto.FLOAT, [40, 48]), info("z", TensorProto.FLOAT, [40, 72])][: 1 + muls]
        source = b.save(model(nodes, [info("x", TensorProto.FLOAT, [40, 72])], outputs, constants), "norms")
        exact = literally(source, inputs)
        smooth = b.quantize(source, "smooth", "--calibration=norms.npz")
        plain = b.quantize(source, "plain", "--calibration=norms.npz", "--no-smooth-quant")
        expect(ops(smooth).count("Mul"), muls, "divisions at run time")
        errors = [float(np.abs(literally(path, inputs)["y"] - exact["y"]).mean()) for path in (plain, smooth)]
        assert errors[1] < errors[0] / 3, f"mean errors without and with smoothing are {errors}"
        near(exact, b.own(smooth, inputs), BYTES, "program of our own")


def uneven(between="Relu") -> onnx.ModelProto:
    """Convolutions with norms, a depthwise one, pools and products, whose channels have sizes from 1/30 to 30 that the next layer takes back."""
    conv = lambda x, y, name, **rest: helper.make_node("Conv", [x, f"{name}.w", f"{name}.b"], [y], name=name, **rest)
    norm = lambda x, y, name: helper.make_node("BatchNormalization", [x, *(f"{name}.{part}" for part in ("scale", "shift", "mean", "variance"))], [y])
    act = (lambda x, y: helper.make_node("Clip", [x, "zero", "six"], [y])) if between == "Clip" else (lambda x, y: helper.make_node("Relu", [x], [y]))
    nodes = [
        helper.make_node("Conv", ["x", "a.w"], ["a0"], name="a", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        norm("a0", "a1", "a"), act("a1", "a2"),
        conv("a2", "b0", "b", kernel_shape=[3, 3], pads=[1, 1, 1, 1], group=24),
        norm("b0", "b1", "b"), helper.make_node("LeakyRelu", ["b1"], ["b2"], alpha=0.1),
        helper.make_node("MaxPool", ["b2"], ["b3"], kernel_shape=[2, 2], strides=[2, 2]),
        conv("b3", "c0", "c", kernel_shape=[3, 3], group=2), helper.make_node("PRelu", ["c0", "slope"], ["c1"]),
        helper.make_node("AveragePool", ["c1"], ["c2"], kernel_shape=[3, 3], strides=[3, 3]), helper.make_node("Flatten", ["c2"], ["c3"]),
        helper.make_node("Gemm", ["c3", "d.w", "d.b"], ["d0"], name="d", transB=1), helper.make_node("Relu", ["d0"], ["d1"]),
        helper.make_node("MatMul", ["d1", "e.w"], ["e0"], name="e"), helper.make_node("Add", ["e.b", "e0"], ["e1"]),
        helper.make_node("Relu", ["e1"], ["e2"]),
        helper.make_node("Gemm", ["e2", "f.w", "f.b"], ["y"], name="f", alpha=0.5),
    ]
    random = np.random.default_rng(11)
    constants = {"zero": np.float32(0), "six": np.float32(6), "slope": np.array([0.2], np.float32)}
    shapes = {"a": (24, 3, 3, 3), "b": (24, 1, 3, 3), "c": (16, 12, 3, 3), "d": (32, 64), "e": (32, 24), "f": (24, 10)}
    before = np.ones(3, np.float32)
    for i, (name, shape) in enumerate(shapes.items()):
        outputs = shape[1] if name in "ef" else shape[0]
        after = np.exp(random.uniform(-3.4, 3.4, outputs)).astype(np.float32) if name != "f" else np.ones(10, np.float32)
        w = weights(60 + i, *shape)
        if name in "ef":  # [inputs, outputs]
            w = w / before[:, None] * after
        elif name == "d":  # four pixels of each channel
            w = w / np.repeat(before, 4) * after[:, None]
        elif name == "c":
            w = w / before.reshape(2, 12)[np.arange(16) // 8][:, :, None, None] * after[:, None, None, None]
        elif name == "b":
            w = w / before[:, None, None, None]
        constants[f"{name}.w"] = w.astype(np.float32)
        bias = lambda: (random.standard_normal(outputs) * 0.1).astype(np.float32)
        if name in "ab":
            constants |= {f"{name}.scale": after * random.choice([-1, 1], outputs).astype(np.float32), f"{name}.shift": bias() * after,
                          f"{name}.mean": bias(), f"{name}.variance": random.uniform(0.5, 2, outputs).astype(np.float32)}
        if name != "a":
            constants[f"{name}.b"] = bias() * (after if name in "cdef" else 1)
        before = after
    return model(nodes, [info("x", TensorProto.FLOAT, ["n", 3, 16, 16])], [info("y", TensorProto.FLOAT, ["n", 10])], constants, 17)


def equalize_channels(b: Bench):
    """Badly scaled channels: the error of bytes becomes several times smaller, and what floats compute stays the same but for rounding."""
    source = b.save(uneven(), "uneven")
    exact = literally(source, b.images)
    floats = b.quantize(source, "floats", "--equalize", "--weights=fp16")
    proto = onnx.load(floats)
    for node in [node for node in proto.graph.node if node.op_type == "Cast"]:
        name = node.input[0].removesuffix("_fp16")
        assert name.endswith("_equalized"), f"the weights of {node.output[0]} are not equalised"
    expect("BatchNormalization" in ops(floats), False, "a norm behind a convolution")
    near(exact, literally(floats, b.images), 4e-3, "with weights of 16 bits")
    # Dynamic products leave convolutions in floats, and a value that the caller reads cannot take a factor.
    seen = uneven()
    seen.graph.output.append(info("c0", TensorProto.FLOAT, ["n", 16, 6, 6]))
    seen = b.save(seen, "seen")
    done = b.ingot("quantize", seen, "-o", b.folder / "one.onnx", "--equalize", "--mode=dynamic", "--json")
    expect((done.code, json.loads(done.out)["equalized"]), (0, {"pairs": 4, "norms": 2, "clipped": 0}), "pairs around an output")
    near({"c0": literally(seen, b.images)["c0"]}, literally(b.folder / "one.onnx", b.images), 1e-5, "convolutions in floats")
    done = b.ingot("quantize", source, "-o", b.folder / "one.onnx", "--equalize", "--weights=int8", "--exclude=f", "--json")
    expect((done.code, json.loads(done.out)["equalized"]), (0, {"pairs": 4, "norms": 2, "clipped": 0}), "pairs without the last")
    clipped = b.save(uneven("Clip"), "clipped")
    done = b.ingot("quantize", clipped, "-o", b.folder / "one.onnx", "--equalize", "--weights=fp16", "--json")
    expect((done.code, json.loads(done.out)["equalized"]), (0, {"pairs": 4, "norms": 2, "clipped": 1}), "pairs with a Clip in the first")
    near(literally(clipped, b.images), literally(b.folder / "one.onnx", b.images), 4e-3, "with a Clip")
    for words in (["--mode=static", "--no-smooth-quant", "--calibration=samples.npz"], ["--mode=dynamic"]):
        plain, equal = b.quantize(source, "plain", *words), b.quantize(source, "equal", "--equalize", *words)
        errors = [float(np.abs(literally(path, b.images)["y"] - exact["y"]).mean()) for path in (plain, equal)]
        assert errors[1] < errors[0] / 3, f"{words}: mean errors without and with equalising are {errors}"
        near(exact, literally(equal, b.images), BYTES, words)
    near(literally(equal, b.images), b.own(equal, b.images), 1e-2, "program of our own")


def select_by_name(b: Bench):
    cases = {"--exclude=down": "Gemm", "--include=Gemm": "MatMul", "--include=u.*": "Gemm", "--exclude=MatMul": "MatMul"}
    for words, kept in cases.items():
        found = ops(b.quantize(b.perceptron, "selected", words))
        expect([op for op in found if op in ("MatMul", "Gemm")], [kept], f"left by {words}")
    done = b.ingot("quantize", b.perceptron, "-o", b.folder / "selected.onnx", "--exclude=down", "--json")
    report = json.loads(done.out)
    expect(report["left_alone"], [{"node": "down", "op": "Gemm", "reason": "is excluded"}], "the report")
    expect(report["quantized"], 1, "quantized")


def again_leaves_alone(b: Bench):
    once = b.quantize(b.perceptron, "once", "--include=up")
    twice = b.quantize(once, "twice")
    expect(ops(twice).count("MatMulInteger"), 2, "products of both times")
    b.refused(1, "nothing to quantise", "is quantised already", source=twice)
    static = b.quantize(b.residual, "static-once", "--calibration=samples.npz")
    b.refused(1, "nothing to quantise", "is quantised already", source=static, options=("--calibration=samples.npz",))


def external_data(b: Bench):
    source = b.save(perceptron(), "apart", save_as_external_data=True, location="apart.bin", size_threshold=0)
    data = (b.folder / "apart.bin").read_bytes()
    expected = harness.oracle(b.quantize(b.perceptron, "together", "--weights=int8"), b.x)
    near(expected, harness.oracle(b.quantize(source, "inside", "--weights=int8"), b.x), 1e-6, "read from external data")
    path = b.quantize(source, "beside", "--weights=int8", "--external-data")
    assert (b.folder / "beside.onnx.data").exists(), "no file of data"
    near(expected, harness.oracle(path, b.x), 1e-6, "written as external data")
    near(literally(path, b.x), b.own(path, b.x), 1e-4, "program of our own")
    expect((b.folder / "apart.bin").read_bytes() == data, True, "the input's data")
    done = b.ingot("quantize", source, "-o", source)
    assert done.code == 2 and "would replace the model itself" in done.err, done.text()
    renamed = b.folder / "x.onnx"
    onnx.save(perceptron(), renamed, save_as_external_data=True, location="y.onnx.data", size_threshold=0)
    done = b.ingot("quantize", renamed, "-o", b.folder / "y.onnx")
    assert done.code == 2 and "would replace the model's weights" in done.err, done.text()


def old_operators(b: Bench):
    """Opset 11: axes and sizes that are attributes, a Softmax that flattens."""
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["p"], name="product"),
        helper.make_node("Softmax", ["p"], ["s"], axis=1, name="soft"),
        helper.make_node("Unsqueeze", ["s"], ["u"], axes=[0]),
        helper.make_node("ReduceMean", ["u"], ["m"], axes=[2], keepdims=1),
        helper.make_node("Sub", ["u", "m"], ["d"]),
        helper.make_node("Split", ["d"], ["d1", "d2"], axis=2, split=[5, 11]),
        helper.make_node("Concat", ["d2", "d1"], ["j"], axis=2),
        helper.make_node("Squeeze", ["j"], ["y"], axes=[0]),
    ]
    ports = [info("x", TensorProto.FLOAT, [4, 32])], [info("y", TensorProto.FLOAT, [4, 16])]
    make = lambda nodes: model(nodes, *ports, {"w": weights(3, 32, 16) * 9}, 11)
    x = {"x": np.random.default_rng(2).standard_normal((4, 32), dtype=np.float32)}
    np.savez(b.folder / "old.npz", **x)
    for axis in (1, 0):
        nodes[1] = helper.make_node("Softmax", ["p"], ["s"], axis=axis, name="soft")
        source = b.save(make(nodes), f"old-{axis}")
        for words in (("--weights=int8",), ("--calibration=old.npz",), ()):
            path = b.quantize(source, "new", *words)
            near(harness.oracle(source, x), harness.oracle(path, x), 0.05, (axis, words))


def compile_with_quantize(b: Bench):
    for words in (("--quantize=dynamic",), ("--quantize=int8", "--block-size=32"), ("--quantize=static", "--calibration=calibration.npz")):
        np.savez(b.folder / "calibration.npz", x=np.random.default_rng(4).standard_normal((40, 72), dtype=np.float32))
        done = b.ingot("compile", b.perceptron, "-o", b.folder / "made", "--dim", "n=6", LEVEL, *words)
        assert done.code == 0 and "2 nodes, constants" in done.out, f"{words}: {done.text()}"
        _, outputs = harness.run_model(b.folder / "made", b.x)
        near(harness.oracle(b.perceptron, b.x), outputs, BYTES, words)
    done = b.ingot("compile", b.perceptron, "-o", b.folder / "made", "--calibration=samples.npz")
    assert done.code == 2 and "need --quantize" in done.err, done.text()


def bad_options(b: Bench):
    b.refused(2, "did you mean 'down'", options=("--exclude=dwon",))
    b.refused(2, "--block-size wants 16, 32", options=("--block-size=48",))
    b.refused(2, "--mode wants dynamic, static or weight-only", options=("--mode=fast",))
    b.refused(2, "--granularity wants row or tensor", options=("--granularity=column",))
    b.refused(2, "--granularity is for --mode=dynamic", options=("--weights=int8", "--granularity=row"))
    b.refused(2, "contradict", options=("--symmetric", "--asymmetric"))
    b.refused(2, "for weights alone", options=("--mode=dynamic", "--weights=int4"))
    b.refused(2, "needs samples", options=("--mode=static",))
    b.refused(2, "of no use here", options=("--mode=dynamic", "--calibration=samples.npz"))
    b.refused(2, "are for --mode=static", options=("--weights=int8", "--qdq=every"))
    b.refused(2, "goes with --calibration-method=percentile", options=("--calibration=x.npz", "--calibration-method=mse", "--percentile=99"))
    b.refused(2, "contradict", options=("--calibration=x.npz", "--random-calibration"))
    b.refused(2, "above 50", options=("--percentile=20",))


def bad_models(b: Bench):
    nodes = [helper.make_node("Relu", ["x"], ["y"])]
    plain = b.save(model(nodes, [info("x", TensorProto.FLOAT, [4])], [info("y", TensorProto.FLOAT, [4])], {}), "plain-relu")
    b.refused(1, "nothing to quantise; it has no MatMul, Gemm or Conv", source=plain)
    broken = perceptron()
    values = numpy_helper.to_array(broken.graph.initializer[0]).copy()
    values[3, 4] = np.nan
    broken.graph.initializer[0].CopyFrom(numpy_helper.from_array(values, "w1"))
    b.refused(1, "node 'up' (MatMul) its weights hold NaN or infinities", source=b.save(broken, "nan"), options=("--include=up",))
    (b.folder / "no.onnx").write_bytes(b"no model at all")
    b.refused(1, "no.onnx", source=b.folder / "no.onnx")
    b.refused(1, "missing.onnx", source=b.folder / "missing.onnx")


def bad_samples(b: Bench):
    image = np.zeros((2, 3, 16, 16), np.float32)
    nan, infinite = image.copy(), image.copy()
    nan[1, 2, 3, 4] = np.nan
    infinite[0, 0, 0, 5] = -np.inf
    cases = {
        "type": ({"x": image.astype(np.float64)}, ["'x' is float64, the model wants float32"]),
        "shape": ({"x": image[:, :, :, :8]}, ["'x' has the shape [2, 3, 16, 8], the model wants [?, 3, 16, 16]"]),
        "empty": ({"x": image[:0]}, ["'x' has the shape [0, 3, 16, 16]: it is empty"]),
        "nan": ({"x": nan}, ["element [1, 2, 3, 4] of 'x' is NaN"]),
        "infinite": ({"x": infinite}, ["element [0, 0, 0, 5] of 'x' is infinite"]),
        "missing": ({}, ["there is no array 'x'"]),
        "unknown": ({"x": image, "xx": image}, ["the model has no input 'xx'; did you mean 'x'?"]),
    }
    for name, (arrays, said) in cases.items():
        np.savez(b.folder / f"{name}.npz", **arrays)
        b.refused(1, f"{name}.npz: ", *said, source=b.residual, options=(f"--calibration={name}.npz",))
    (b.folder / "text.npz").write_text("no archive")
    b.refused(1, "text.npz", source=b.residual, options=("--calibration=text.npz",))
    b.refused(1, "gone.npz", source=b.residual, options=("--calibration=gone.npz",))
    (b.folder / "nothing").mkdir()
    b.refused(1, "there is no .npz file in this folder", source=b.residual, options=("--calibration=nothing",))
    two = model([helper.make_node("MatMul", ["x", "w"], ["p"]), helper.make_node("Add", ["p", "z"], ["y"])],
                [info("x", TensorProto.FLOAT, ["n", 4]), info("z", TensorProto.FLOAT, ["n", 4])], [info("y", TensorProto.FLOAT, ["n", 4])],
                {"w": weights(1, 4, 4)})
    np.savez(b.folder / "uneven.npz", x=np.ones((3, 4), np.float32), z=np.ones((2, 4), np.float32))
    b.refused(1, "uneven.npz: ", "holds 2 samples, but 'x' 3", source=b.save(two, "two"), options=("--calibration=uneven.npz",))


CASES = [dynamic_as_onnxruntime, dynamic_rows, dynamic_convolution, *quantize_weights.CASES, check_names_products_in_floats, static_flows,
         static_places, static_transposed, static_samples, static_random, smooth_outliers, smooth_norms, equalize_channels, select_by_name,
         again_leaves_alone, external_data, old_operators, compile_with_quantize, bad_options, bad_models, bad_samples]


if __name__ == "__main__":
    sys.exit(harness.run_cases(__doc__, "quantize", CASES, Bench))
