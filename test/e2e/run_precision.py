#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Precision: small networks compiled with --precision=bf16, and networks whose weights are stored as f16, bf16, fp8 or
in 4 bits, against ONNX Runtime in f32.

    test/e2e/run_precision.py                       everything
    test/e2e/run_precision.py --filter 'bf16/.*'    only these

Tolerances are shares of an output's range.
- bf16: a number has 8 bits, so rounding moves each factor of a product by up to 2^-9; over the few layers here that is below one percent of the
  range, and a product that is not computed in bf16 at all is closer than 1e-6, which would show that the option does nothing.
- weights of 4 bits: the reference multiplies the same numbers in f32, and so does --activations=f32; with int8 an activation is rounded by up to
  1/254 of its block's largest.
- weights of 8 bits, floats with a scale for each channel: the reference multiplies the same numbers in f32.
- f16 and bf16 models: the reference has the same rounded weights in f32; only the results are rounded to 2^-12 and 2^-9 of each number.
"""

import re
import sys

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

import block_models
import harness
import op_cases

BF16_TOLERANCE, BF16_LEAST = 2e-2, 1e-6
BLOCK_TOLERANCE = {"f32": 2e-6, "int8": 2e-2}
BYTES_TOLERANCE = 5e-6
STORED = {"f16": (TensorProto.FLOAT16, 1e-3), "bf16": (TensorProto.BFLOAT16, 8e-3)}


def transformer(g: op_cases.Graph):
    """A layer with residuals, norms and attention; sizes that leave rests everywhere."""
    rows, width, heads, hidden = 13, 60, 3, 101
    x = g.input(2, rows, width)

    def dense(value, *shape):
        scale = 1 / np.sqrt(shape[0])
        return g.Add(g.MatMul(value, g.weight(*shape, low=-2 * scale, high=2 * scale)), g.weight(shape[1]))

    def split(value, order):
        return g.Transpose(g.Reshape(value, g.ints(2, rows, heads, width // heads)), perm=order)

    def norm(value):
        return g.LayerNormalization(value, g.weight(width, low=0.5, high=1.5), g.weight(width), axis=-1)

    q, k, v = (dense(x, width, width) for _ in range(3))
    scores = g.Softmax(g.Mul(g.MatMul(split(q, [0, 2, 1, 3]), split(k, [0, 2, 3, 1])), g.scalar(0.2)), axis=-1)
    mixed = g.Reshape(g.Transpose(g.MatMul(scores, split(v, [0, 2, 1, 3])), perm=[0, 2, 1, 3]), g.ints(2, rows, width))
    x = norm(g.Add(x, dense(mixed, width, width)))
    return norm(g.Add(x, dense(g.Gelu(dense(x, width, hidden)), hidden, width)))


def images(g: op_cases.Graph):
    """Channels odd and even, borders, strides, groups, a depthwise layer, a residual, and one row at the end."""

    def conv(value, outputs, inputs, kernel, **more):
        scale = 2 / np.sqrt(inputs * kernel * kernel)
        return g.Conv(value, g.weight(outputs, inputs, kernel, kernel, low=-scale, high=scale), g.weight(outputs), pads=[kernel // 2] * 4, **more)

    x = g.Relu(conv(g.input(1, 3, 33, 31), 24, 3, 3, strides=[2, 2]))
    y = g.Relu(conv(x, 24, 24, 3))
    x = g.Relu(g.Add(x, conv(y, 24, 24, 3)))
    x = g.MaxPool(g.HardSwish(conv(x, 24, 1, 5, group=24)), kernel_shape=[3, 3], strides=[2, 2])
    x = g.Relu(conv(x, 20, 12, 3, group=2))
    x = g.Sigmoid(conv(x, 34, 20, 1))
    x = g.Flatten(g.GlobalAveragePool(x))
    return g.MatMul(x, g.weight(34, 10))


def one_row(g: op_cases.Graph):
    """Products that read each weight once."""
    x = g.Relu(g.MatMul(g.input(1, 77), g.weight(77, 300)))
    return g.MatMul(g.Concat(x, g.input(1, 5), axis=-1), g.weight(305, 1))


def gate(g: op_cases.Graph):
    """Two products that meet, with many rows and with one."""
    x, row = g.input(21, 60), g.input(1, 60)
    wg, wu = g.weight(60, 96, low=-0.3, high=0.3), g.weight(60, 96, low=-0.3, high=0.3)

    def swiglu(value):
        gate = g.MatMul(value, wg)
        return g.Mul(g.Mul(gate, g.Sigmoid(gate)), g.MatMul(value, wu))

    return [swiglu(x), swiglu(row)]


NETWORKS = {"transformer": transformer, "images": images, "one-row": one_row, "gate": gate}


def build(name: str):
    graph = op_cases.Graph(name)
    model = graph.model(NETWORKS[name](graph))
    return model, graph.inputs


def rounded(array: np.ndarray, kind: int) -> np.ndarray:
    tensor = onnx.helper.make_tensor("t", kind, array.shape, array.astype(np.float32).ravel())
    return numpy_helper.to_array(tensor).astype(np.float32)


def stored_in(model: onnx.ModelProto, kind: int):
    """The model with all its floats of this type, and one in f32 with the same numbers."""
    narrow, same = onnx.ModelProto(), onnx.ModelProto()
    narrow.CopyFrom(model)
    same.CopyFrom(model)
    for theirs, ours in zip(same.graph.initializer, narrow.graph.initializer):
        if theirs.data_type == TensorProto.FLOAT:
            array = numpy_helper.to_array(theirs)
            theirs.CopyFrom(numpy_helper.from_array(rounded(array, kind), theirs.name))
            ours.CopyFrom(onnx.helper.make_tensor(ours.name, kind, array.shape, array.ravel()))
    for value in [*narrow.graph.input, *narrow.graph.output, *narrow.graph.value_info]:
        if value.type.tensor_type.elem_type == TensorProto.FLOAT:
            value.type.tensor_type.elem_type = kind
    return narrow, same


def compile_model(path, options) -> tuple:
    executable = path.with_suffix(".exe")
    made = harness.compile_model(path, executable, extra=options)
    assert made.code == 0, f"compile: exit code {made.code}: {made.text()}"
    weights = float(re.search(r"weights ([0-9.]+) MiB", made.out).group(1))
    return executable, made.out, weights


def run_all(executable, inputs) -> dict:
    """The results, which must be the same bits for any number of threads."""
    first = None
    for threads in (1, 2, 3, 7):
        outcome, got = harness.run_model(executable, inputs, threads, timeout=60)
        assert got is not None, f"run with {threads} threads: exit code {outcome.code}: {outcome.text()}"
        assert first is None or all(first[key].tobytes() == got[key].tobytes() for key in first), f"1 and {threads} threads give different bits"
        first = got
    return first


def check_bf16(folder, name: str, target: str):
    model, inputs = build(name)
    path = folder / f"{name}-{target}.onnx"
    onnx.save(model, path)
    executable, text, _ = compile_model(path, ["--precision=bf16", f"--target={target}"])
    assert "error against f32" in text, f"no error is printed: {text}"
    assert ("no instructions for bf16" in text) == (target == "x86-64-v3") or target == "native", text
    expected, got = harness.oracle(path, inputs), run_all(executable, inputs)
    worst, complaint = harness.compare(expected, got, BF16_TOLERANCE)
    assert not complaint, complaint
    assert worst > BF16_LEAST, f"an error of {worst:.1e} only: nothing was computed in bf16"


def check_stored(folder, name: str, kind: str):
    number, tolerance = STORED[kind]
    model, inputs = build(name)
    narrow, same = stored_in(model, number)
    path, reference = folder / f"{name}-{kind}.onnx", folder / f"{name}-{kind}-reference.onnx"
    onnx.save(narrow, path)
    onnx.save(same, reference)
    exact = {key: rounded(value, number) for key, value in inputs.items()}
    expected = harness.oracle(reference, exact)
    executable, _, weights = compile_model(path, [])
    arguments, files = [], folder / f"{name}-{kind}"
    files.mkdir()
    for key, value in exact.items():
        tensor = onnx.helper.make_tensor(key, number, value.shape, value.ravel(), raw=False)
        (files / f"{key}.pb").write_bytes(tensor.SerializeToString())
        arguments += ["--input", f"{key}={key}.pb"]
    seen = None
    for threads in (1, 2, 3):
        outputs = [item for key in expected for item in ("--output", f"{key}={key}.npy")]
        done = harness.execute([executable, *arguments, *outputs, "--threads", threads], cwd=files)
        assert done.code == 0, f"run with {threads} threads: {done.text()}"
        raw = b"".join((files / f"{key}.npy").read_bytes() for key in expected)
        assert seen in (None, raw), "results depend on the number of threads"
        seen = raw
    for key, value in expected.items():
        got = np.load(files / f"{key}.npy")
        if kind == "bf16":  # numpy has no such type: two bytes each
            got = (got.view(np.uint16).astype(np.uint32) << 16).view(np.float32).reshape(value.shape)
        error = harness.difference(value, got.astype(np.float32))
        assert not isinstance(error, str) and error <= tolerance, f"output '{key}': {error}, limit {tolerance}"
    wide = folder / f"{name}-{kind}-wide.onnx"
    onnx.save(same, wide)
    _, _, wide_weights = compile_model(wide, [])
    assert weights <= 0.75 * wide_weights or wide_weights < 0.05, f"weights take {weights} MiB, in f32 {wide_weights} MiB"


def check_blocks(folder, name: str, kind: str, target: str):
    model, inputs = block_models.build(name)
    path = folder / f"blocks-{name}-{kind}-{target}.onnx"
    onnx.save(model, path)
    options = [f"--activations={kind}", f"--target={target}"]
    plan = harness.execute([harness.INGOT, "compile", path, "-o", folder / "none", "--compile-to=plan", *options])
    products = sum(node.op_type in ("MatMul", "Gemm") for node in model.graph.node)
    kept = plan.out.count("plan <family = blocks")
    assert kept == products, f"{kept} of {products} products keep their weights in 4 bits"
    expected = harness.oracle(path, inputs, optimize=False)  # or it multiplies by activations of 8 bits
    for number, what in enumerate((model, block_models.open_rows(model))):
        path = folder / f"blocks-{name}-{kind}-{target}-{number}.onnx"
        onnx.save(what, path)
        executable, _, _ = compile_model(path, options)
        got = run_all(executable, inputs)
        worst, complaint = harness.compare(expected, got, BLOCK_TOLERANCE[kind])
        assert not complaint, complaint
        assert kind == "f32" or worst > BLOCK_TOLERANCE["f32"], f"an error of {worst:.1e} only: activations were not rounded"
    for value in (np.nan, np.inf):  # one row is lost, the others are not
        spoilt = {key: array.copy() for key, array in inputs.items()}
        only = next(iter(spoilt.values()))
        only[(0,) * only.ndim] = value
        got = run_all(executable, spoilt)
        for key, array in harness.oracle(path, spoilt, optimize=False).items():
            lost, other = got[key].reshape(-1, array.shape[-1])[0], got[key].reshape(-1, array.shape[-1])[1:]
            assert not np.isfinite(lost).all(), f"{value} disappears"
            assert np.isfinite(other).all(), f"{value} spoils other rows"


def dequantized(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with the numbers that DequantizeLinear of constants makes, as constants."""
    same = onnx.ModelProto()
    same.CopyFrom(model)
    constants = {tensor.name: numpy_helper.to_array(tensor).astype(np.float32) for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "DequantizeLinear":
            codes, scales = (constants[name] for name in node.input)
            shape = [1] * codes.ndim
            shape[next(attribute.i for attribute in node.attribute if attribute.name == "axis")] = scales.size
            same.graph.initializer.append(numpy_helper.from_array(codes * scales.reshape(shape), node.output[0]))
            same.graph.node.remove(node)
    used = {name for node in same.graph.node for name in node.input}
    for tensor in [tensor for tensor in same.graph.initializer if tensor.name not in used]:
        same.graph.initializer.remove(tensor)
    return same


def check_bytes(folder, name: str, kind: str, target: str):
    model, inputs = build(name)
    path, small = folder / f"{name}-{kind}-{target}-source.onnx", folder / f"{name}-{kind}-{target}.onnx"
    onnx.save(model, path)
    done = harness.execute([harness.INGOT, "quantize", path, "-o", small, f"--weights={kind}"])
    assert done.code == 0, done.text()
    reference = folder / f"{name}-{kind}-{target}-reference.onnx"
    onnx.save(dequantized(onnx.load(small)), reference)
    executable, _, weights = compile_model(small, [f"--target={target}"])
    worst, complaint = harness.compare(harness.oracle(reference, inputs), run_all(executable, inputs), BYTES_TOLERANCE)
    assert not complaint, complaint
    _, _, wide_weights = compile_model(path, [f"--target={target}"])
    # Groups, depthwise filters, biases and norms stay in f32.
    assert weights <= 0.45 * wide_weights or wide_weights < 0.05, f"weights take {weights} MiB, in f32 {wide_weights} MiB"


def check_words(folder):
    model, _ = build("one-row")
    path = folder / "words.onnx"
    onnx.save(model, path)
    for options, words in [
        (["--precision=fp4"], ["--precision wants stored or bf16, got 'fp4'"]),
        (["--precision=bf16", "-O0"], ["--precision=bf16 needs -O3"]),
        (["--activations=fp4"], ["--activations wants f32 or int8, got 'fp4'"]),
        (["--activations=int8", "-O0"], ["--activations=int8 needs -O3"]),
        (["--precision=bf16", "--measure-error=maybe"], ["--measure-error wants on or off"]),
    ]:
        done = harness.execute([harness.INGOT, "compile", path, "-o", folder / "words.exe", *options])
        assert done.code == 2 and all(word in done.err for word in words), f"{options}: exit code {done.code}: {done.text()}"
    done = harness.execute([harness.INGOT, "compile", path, "-o", folder / "words.exe", "--precision=bf16", "--measure-error=off"])
    assert done.code == 0 and "error against f32" not in done.out, done.text()


def cases():
    for name in NETWORKS:
        for target in ("native", "x86-64-v3"):
            yield f"bf16/{name}/{target}", check_bf16, (name, target)
        for kind in STORED if name != "images" else ["f16"]:  # ONNX knows no convolution of bf16 in this opset
            yield f"stored/{name}/{kind}", check_stored, (name, kind)
    for name in NETWORKS:
        for kind, target in (("fp8", "native"), ("fp8", "x86-64-v3"), ("fp8-e5m2", "native")):
            yield f"bytes/{name}/{kind}/{target}", check_bytes, (name, kind, target)
    for name in block_models.NETWORKS:
        for kind in BLOCK_TOLERANCE:
            for target in ("native", "x86-64-v3"):
                yield f"blocks/{name}/{kind}/{target}", check_blocks, (name, kind, target)
    yield "words", check_words, ()


def main() -> int:
    report, wanted = harness.begin(__doc__)
    folder = harness.scratch("precision")
    for name, check, arguments in cases():
        if not wanted(name):
            continue
        try:
            check(folder, *arguments)
            report.case(f"precision/{name}", None)
        except (AssertionError, KeyError, ValueError, AttributeError) as error:
            report.case(f"precision/{name}", f"{type(error).__name__}: {error}")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
