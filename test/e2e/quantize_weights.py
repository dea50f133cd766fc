# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Cases of test/e2e/quantize.py that quantise weights alone: what each format and method stores, and what it computes."""

import json
import pathlib

import ml_dtypes
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import harness
from compression import LEVEL, Bench, expect, info, literally, model, near, ops, unpack, weights


def dequantized(path, name) -> np.ndarray:
    """The weights that stand for `name` in a file with DequantizeLinear, computed here."""
    proto = onnx.load(path)
    constants = {tensor.name: tensor for tensor in proto.graph.initializer}
    node = next(node for node in proto.graph.node if node.op_type == "DequantizeLinear" and node.input[0].startswith(name))
    attributes = {attribute.name: attribute.i for attribute in node.attribute}
    codes, scales, *points = [unpack(constants[value]) for value in node.input]
    repeat = lambda x: np.repeat(x, attributes["block_size"], attributes["axis"])[: codes.shape[0], : codes.shape[1]]
    return (codes - (repeat(points[0]) if points else 0)) * repeat(scales)


def weight_only_qdq(b: Bench):
    """Every choice: the weights are near, ONNX Runtime computes with these weights, and more bits are nearer."""
    exact = {tensor.name: unpack(tensor) for tensor in onnx.load(b.perceptron).graph.initializer}
    errors = {}
    for bits in ("int4", "int8"):
        for symmetry in ("--symmetric", "--asymmetric"):
            for block in (16, 32, 128):
                for method in ("rtn", "hqq"):
                    words = (f"--weights={bits}", symmetry, f"--block-size={block}", f"--method={method}")
                    path = b.quantize(b.perceptron, "weights", *words)
                    w1, w2 = dequantized(path, "w1"), dequantized(path, "w2")
                    errors[words] = float(np.sqrt(np.mean((w1 - exact["w1"]) ** 2)) / np.std(exact["w1"]))
                    expected = np.tanh(b.x["x"] @ w1 + exact["b1"]) @ w2.T + exact["b2"]
                    near({"y": expected}, literally(path, b.x), 1e-4, words)
                    near({"y": expected}, harness.oracle(path, b.x), 0.02, f"{words}, optimised")
                    if method == "rtn" and bits == "int8":
                        near({"y": expected}, b.own(path, b.x), 1e-4, f"{words}, program of our own")
    for words, error in errors.items():
        limit = 0.13 if words[0].endswith("int4") else 0.012
        assert 0 < error < limit, f"{words}: the weights are off by {error:.4f} of their spread, limit {limit}"
    finest, coarsest = ("--asymmetric", "--block-size=16"), ("--symmetric", "--block-size=128")
    assert errors["--weights=int4", *finest, "--method=rtn"] < errors["--weights=int4", *coarsest, "--method=rtn"]


def weight_only_matmulnbits(b: Bench):
    """The same weights as with DequantizeLinear, multiplied by ONNX Runtime's own kernel."""
    for bits in ("int4", "int8"):
        for symmetry in ("--symmetric", "--asymmetric"):
            for block in (16, 64):
                words = (f"--weights={bits}", symmetry, f"--block-size={block}")
                packed = b.quantize(b.perceptron, "nbits", *words, "--format=matmulnbits")
                found = ops(packed)
                expect((found.count("MatMulNBits"), "MatMul" in found, "Gemm" in found), (2, False, False), "operators")
                plain = b.quantize(b.perceptron, "plain", *words)
                near(literally(plain, b.x), harness.oracle(packed, b.x), 2e-4, words)


def weight_only_lookup(b: Bench):
    nodes = [helper.make_node("Gather", ["table", "i"], ["g"], name="lookup"), helper.make_node("Tanh", ["g"], ["t"]),
             helper.make_node("MatMul", ["t", "w"], ["y"], name="product")]
    constants = {"table": weights(7, 50, 64), "w": weights(8, 64, 24)}
    source = b.save(model(nodes, [info("i", TensorProto.INT64, [2, 5])], [info("y", TensorProto.FLOAT, [2, 5, 24])], constants), "lookup")
    inputs = {"i": np.random.default_rng(1).integers(0, 50, (2, 5))}
    exact = harness.oracle(source, inputs)
    expect("Gather" in ops(b.quantize(source, "default")), True, "a lookup without --include")
    for words in (("--weights=int8",), ("--weights=int8", "--asymmetric"), ("--weights=int4",), ("--weights=int4", "--format=matmulnbits"),
                  ("--weights=int4", "--format=matmulnbits", "--asymmetric"), ("--weights=int8", "--asymmetric", "--format=matmulnbits")):
        path = b.quantize(source, "looked", "--include=Gather,MatMul", "--block-size=32", *words)
        near(exact, harness.oracle(path, inputs), 0.15 if words[0].endswith("int4") else 0.01, words)


def weight_only_convolution(b: Bench):
    path = b.quantize(b.residual, "weights-conv", "--weights=int8", "--include=Conv")
    expect(ops(path).count("DequantizeLinear"), 6, "dequantised filters")
    near(harness.oracle(b.residual, b.images), harness.oracle(path, b.images), 0.02)
    near(literally(path, b.images), b.own(path, b.images), 1e-4, "program of our own")


def weight_only_halves(b: Bench):
    """Floats of 16 bits, rounded to nearest, in the file and in the program; what is too large for float16 stays."""
    x = {"x": np.random.default_rng(2).standard_normal((3, 512), dtype=np.float32)}
    ports = [info("x", TensorProto.FLOAT, [3, 512])], [info("y", TensorProto.FLOAT, [3, 384])]
    nodes = [helper.make_node("MatMul", ["x", "w"], ["p"], name="first"), helper.make_node("MatMul", ["p", "v"], ["y"], name="second")]
    constants = {"w": weights(1, 512, 512), "v": weights(2, 512, 384)}
    source = b.save(model(nodes, *ports, constants), "halves")
    exact, sizes = literally(source, x), {}
    for name, bits in (("fp16", 11), ("bf16", 8)):
        path = b.quantize(source, name, f"--weights={name}")
        expect(ops(path), ["Cast", "MatMul", "Cast", "MatMul"], "operators")
        assert path.stat().st_size < source.stat().st_size * 0.51, "the file is not half as large"
        stored = {tensor.name: numpy_helper.to_array(tensor).astype(np.float32) for tensor in onnx.load(path).graph.initializer}
        off = np.abs(stored[f"w_{name}"] - constants["w"]) / np.maximum(np.abs(constants["w"]), 2.0**-14)
        assert 2.0 ** -(bits + 2) < off.max() <= 2.0**-bits, f"{name}: relative error {off.max()}"
        near(literally(path, x), b.own(path, x), 1e-4, "program of our own")
        near(harness.oracle(path, x), literally(path, x), 1e-4, "ONNX Runtime")
        near(exact, literally(path, x), 0.02, name)
    for path in (source, b.folder / "fp16.onnx", b.folder / "bf16.onnx"):
        made = harness.compile_model(path, b.folder / "sized", LEVEL)
        expect(made.code, 0, made.text())
        sizes[path.stem] = (b.folder / "sized").stat().st_size
    assert sizes["fp16"] < 0.6 * sizes["halves"] and sizes["bf16"] < 0.6 * sizes["halves"], f"sizes of programs: {sizes}"
    large = b.save(model(nodes, *ports, {**constants, "v": constants["v"] * 1e7}), "large")
    done = b.ingot("quantize", large, "-o", b.folder / "kept.onnx", "--weights=fp16", "--json")
    expect(json.loads(done.out)["left_alone"], [{"node": "second", "op": "MatMul", "reason": "its weights are too large for float16"}], "left alone")
    b.quantize(large, "kept", "--weights=bf16")
    b.refused(2, "has no scales, and so no blocks", source=source, options=("--weights=fp16", "--block-size=32"))
    b.refused(2, "only changes how weights are stored", source=source, options=("--weights=bf16", "--asymmetric"))


def weight_only_bytes(b: Bench):
    """Floats of 8 bits with a scale per channel or block, rounded to nearest, in the file and in the program."""
    x = {"x": np.random.default_rng(2).standard_normal((3, 512), dtype=np.float32)}
    ports = [info("x", TensorProto.FLOAT, [3, 512])], [info("y", TensorProto.FLOAT, [3, 384])]
    nodes = [helper.make_node("MatMul", ["x", "w"], ["p"], name="first"), helper.make_node("Gemm", ["p", "v"], ["y"], name="second", transB=1)]
    constants = {"w": weights(1, 512, 512) * np.linspace(0.01, 100, 512, dtype=np.float32), "v": weights(2, 384, 512)}
    source = b.save(model(nodes, *ports, constants, opset=17), "bytes")
    exact = literally(source, x)
    kinds = {"fp8": (ml_dtypes.float8_e4m3fn, 448, 0.04), "fp8-e5m2": (ml_dtypes.float8_e5m2, 57344, 0.08)}
    for name, (dtype, largest, limit) in kinds.items():
        path = b.quantize(source, name, f"--weights={name}")
        expect(ops(path), ["DequantizeLinear", "MatMul", "DequantizeLinear", "Gemm"], "operators")
        assert path.stat().st_size < source.stat().st_size * 0.26, "the file is not a quarter as large"
        proto = onnx.load(path)
        expect(proto.opset_import[0].version, 19, "opset")
        stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in proto.graph.initializer}
        for node, constant, depth in zip([proto.graph.node[0], proto.graph.node[2]], ("w", "v"), (0, 1)):
            codes, scales = stored[node.input[0]], stored[node.input[1]]
            wanted = (np.abs(constants[constant]).max(depth) / np.float32(largest)).astype(np.float32)
            assert np.array_equal(scales, wanted), f"{name}: scales of {constant}"
            rounded = (constants[constant] / np.expand_dims(wanted, depth)).clip(-largest, largest).astype(dtype)
            assert np.array_equal(codes.view(np.uint8), rounded.view(np.uint8)), f"{name}: numbers of {constant}"
        near(harness.oracle(path, x), literally(path, x), 1e-4, "ONNX Runtime")
        near(literally(path, x), b.own(path, x), 1e-4, "program of our own")
        near(exact, literally(path, x), limit, name)
        blocked = b.quantize(source, f"{name}-blocks", f"--weights={name}", "--block-size=32")
        expect(onnx.load(blocked).opset_import[0].version, 21, "opset")
        near(exact, literally(blocked, x), limit, f"{name} in blocks")
        near(literally(blocked, x), b.own(blocked, x), 1e-4, "program of our own, in blocks")
    sizes = {}
    for path in (source, b.folder / "fp8.onnx", b.folder / "fp8-e5m2.onnx"):
        made = harness.compile_model(path, b.folder / "sized", LEVEL)
        expect(made.code, 0, made.text())
        sizes[path.stem] = (b.folder / "sized").stat().st_size
    made = harness.compile_model(source, b.folder / "sized", LEVEL, extra=["--quantize=fp8"])
    expect(made.code, 0, made.text())
    sizes["compile"] = (b.folder / "sized").stat().st_size
    saved = sum(array.nbytes for array in constants.values()) * 3 / 4
    for name in ("fp8", "fp8-e5m2", "compile"):
        assert sizes["bytes"] - sizes[name] > 0.97 * saved, f"sizes of programs: {sizes}, {saved} bytes could be saved"
    images = b.quantize(b.residual, "bytes-conv", "--weights=fp8")
    expect(ops(images).count("DequantizeLinear"), 7, "dequantised filters")
    near(literally(images, b.images), b.own(images, b.images), 1e-4, "convolutions in a program of our own")
    b.refused(2, "only changes how weights are stored", source=source, options=("--weights=fp8", "--method=hqq"))
    b.refused(2, "fp8 or fp8-e5m2, got 'fp4'", source=source, options=("--weights=fp4",))


def weight_only_shares_constants(b: Bench):
    """One constant of two products, given by a Constant node, is stored once."""
    constant = helper.make_node("Constant", [], ["w"], value=numpy_helper.from_array(weights(11, 64, 64)))
    nodes = [constant, helper.make_node("MatMul", ["x", "w"], ["p"]), helper.make_node("MatMul", ["p", "w"], ["y"])]
    source = b.save(model(nodes, [info("x", TensorProto.FLOAT, [3, 64])], [info("y", TensorProto.FLOAT, [3, 64])], {}), "shared")
    path = b.quantize(source, "shared-int8", "--weights=int8")
    expect(ops(path), ["DequantizeLinear", "MatMul", "MatMul"], "operators")
    x = {"x": np.random.default_rng(2).standard_normal((3, 64), dtype=np.float32)}
    near(harness.oracle(source, x), harness.oracle(path, x), 0.02)


def gptq_feeds_back(b: Bench):
    """Activations that go along with each other: products are several times nearer than with weights that are rounded each on its own."""
    random = np.random.default_rng(8)
    x = lambda rows: (random.standard_normal((rows, 8)) @ mix + 0.1 * random.standard_normal((rows, 72))).astype(np.float32)
    mix = random.standard_normal((8, 72))
    np.savez(b.folder / "along.npz", x=x(400))
    inputs = {"x": x(50)}
    exact = literally(b.perceptron, inputs)["y"]
    for words in (("--weights=int4",), ("--weights=int4", "--asymmetric", "--format=matmulnbits"), ("--weights=int8", "--block-size=32")):
        plain, better = (b.quantize(b.perceptron, name, *words, *more)
                         for name, more in (("plain", ()), ("gptq", ("--method=gptq", "--calibration=along.npz"))))
        errors = [float(np.square(literally(path, inputs)["y"] - exact).mean()) for path in (plain, better)]
        assert errors[1] < errors[0] / 2, f"{words}: mean squared errors without and with feedback are {errors}"
        assert plain.stat().st_size == better.stat().st_size, "the size of the file depends on the method"
        near(literally(better, inputs), b.own(better, inputs), 1e-4, f"{words}, program of our own")
    b.refused(2, "--method=gptq needs samples", options=("--weights=int4", "--method=gptq"))


def gptq_of_convolutions(b: Bench):
    """Images whose neighbours are alike: filters, those of groups too, are rounded with feedback. What has no patches is said."""
    random = np.random.default_rng(8)

    def smooth(count):
        noise = random.standard_normal((count, 3, 20, 20))
        return sum(noise[:, :, i:i + 16, j:j + 16] for i in range(5) for j in range(5)).astype(np.float32) / 5

    np.savez(b.folder / "smooth.npz", x=smooth(16))
    inputs = {"x": smooth(4)}
    values = ["c1", "c3", "c6"]  # of a plain, a depthwise and a pointwise filter
    shown = onnx.load(b.residual)
    exact = literally(with_outputs(shown, values, b), inputs)
    words = ("--weights=int4", "--include=Conv")
    plain = b.quantize(b.residual, "plain", *words)
    better = b.quantize(b.residual, "gptq", *words, "--method=gptq", "--calibration=smooth.npz")
    errors = {}
    for path in (plain, better):
        got = literally(with_outputs(onnx.load(path), values, b), inputs)
        errors[path.stem] = {value: float(np.square(got[value] - exact[value]).mean()) for value in values}
    assert all(errors["gptq"][value] < 0.6 * errors["plain"][value] for value in values), errors
    assert plain.stat().st_size == better.stat().st_size, "the size of the file depends on the method"
    near(literally(better, b.images), b.own(better, b.images), 1e-4, "program of our own")
    padded = onnx.load(b.residual)
    padded.graph.node[0].ClearField("attribute")
    padded.graph.node[0].attribute.append(helper.make_attribute("auto_pad", "SAME_UPPER"))
    source = b.save(padded, "padded")
    done = b.ingot("quantize", source, "-o", b.folder / "padded-gptq.onnx", *words, "--method=gptq", "--calibration=smooth.npz")
    expect(done.code, 0, done.text())
    assert "warning: node 'stem', went by rounding alone: they are convolutions with auto_pad=SAME_UPPER" in done.err, done.err


def with_outputs(proto: onnx.ModelProto, values, b: Bench) -> pathlib.Path:
    """The model with these values as outputs, too."""
    for value in values:
        proto.graph.output.append(info(value, TensorProto.FLOAT, None))
    return b.save(proto, "shown")


def awq_is_finer_where_it_matters(b: Bench):
    """Few channels that are much larger than the others: their weights are rounded more finely. In the norm's gain, or by a Mul."""
    random = np.random.default_rng(9)
    size = np.where(np.arange(72) % 12 == 3, 30, 1)
    x = lambda rows: (random.standard_normal((rows, 72)) * size).astype(np.float32)
    np.savez(b.folder / "large.npz", x=x(400))
    inputs = {"x": x(50)}
    exact = literally(b.perceptron, inputs)["y"]
    for words in (("--weights=int4",), ("--weights=int4", "--asymmetric", "--format=matmulnbits")):
        plain, better = (b.quantize(b.perceptron, name, *words, *more)
                         for name, more in (("plain", ()), ("awq", ("--method=awq", "--calibration=large.npz"))))
        errors = [float(np.square(literally(path, inputs)["y"] - exact).mean()) for path in (plain, better)]
        assert errors[1] < errors[0] * 0.7, f"{words}: mean squared errors without and with it are {errors}"
        assert "Mul" in ops(better), "nothing divides the activation"
        near(literally(better, inputs), b.own(better, inputs), 1e-4, f"{words}, program of our own")
    b.refused(2, "--method=awq needs samples", options=("--weights=int4", "--method=awq"))


CASES = [weight_only_qdq, weight_only_matmulnbits, weight_only_lookup, weight_only_convolution, weight_only_halves, weight_only_bytes,
         weight_only_shares_constants, gptq_feeds_back, gptq_of_convolutions, awq_is_finer_where_it_matters]
