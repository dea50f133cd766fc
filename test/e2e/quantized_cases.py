# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The table of small quantised models for run_ops.py: products between QuantizeLinear and DequantizeLinear, as quantisers write them, and operators
on integers.

ONNX Runtime runs them without its own optimisations, which take it for granted that biases have the scales of products. What it computes in f32
between DequantizeLinear and QuantizeLinear may round to the neighbouring integer, so results may differ by one step of 255. Operators whose integers
ONNX defines exactly are cases of ONNX's own suite (test/conformance) and of `exact` here. What ONNX Runtime does not have (`REFERENCE`) is compared
with ONNX's reference implementation.
"""

import numpy as np
from onnx import TensorProto

from op_cases import Graph, name_of

CASES = {}
EXACT, REFERENCE = set(), set()
STEP = 1.01 / 255


def tolerance(name: str) -> float:
    return 0.0 if name in EXACT else STEP


def build(name: str):
    """The model of a case, and the inputs of its runs."""
    graph = Graph(name)
    results = CASES[name](graph)
    newest = {"opset": 25, "ir_version": 13} if name in REFERENCE else {}
    return graph.model(results, **newest), [graph.inputs]


def case(name: str, build, exact=False, reference=False) -> None:
    if name in CASES:
        raise ValueError(f"two cases are named {name}")
    CASES[name] = build
    if exact:
        EXACT.add(name)
    if reference:
        REFERENCE.add(name)


def requantize(g: Graph, x: str, scale: float, point: int, kind=np.uint8) -> str:
    """x in 8 bits, and what that stands for."""
    parameters = (g.scalar(scale), g.constant(kind(point)))
    return g.DequantizeLinear(g.QuantizeLinear(x, *parameters), *parameters)


def weights(g: Graph, shape: tuple, axis: int | None, kind=np.int8, points=False) -> str:
    low, high = (-127, 127) if kind == np.int8 else (0, 255)
    values = g.constant(g.rng.integers(low, high, shape, endpoint=True).astype(kind))
    count = () if axis is None else shape[axis]
    scales = g.constant(g.rng.uniform(0.002, 0.01, count).astype(np.float32))
    middle = 0 if kind == np.int8 else 128
    offsets = g.rng.integers(-9, 9, count) if points else np.zeros(count, int)
    return g.DequantizeLinear(values, scales, g.constant((offsets + middle).astype(kind)), **({} if axis is None else {"axis": axis}))


def bias(g: Graph, count: int) -> str:
    scale = g.constant(np.full(count, 3e-4, np.float32))
    return g.DequantizeLinear(g.constant(g.rng.integers(-900, 900, count).astype(np.int32)), scale, axis=0)


def add_convolutions() -> None:
    # input, output channels, kernel, attributes; activations: type and zero point; weights: type, zero points, one scale per channel
    u8, i8 = np.uint8, np.int8
    rows = [
        ("1x1", (1, 16, 14, 14), 32, (1, 1), {}, u8, 0, i8, False, True),
        ("1x1-point", (1, 32, 9, 7), 24, (1, 1), {}, u8, 113, i8, False, True),
        ("1x1-signed", (2, 64, 5, 6), 16, (1, 1), {"strides": [2, 2]}, i8, -128, i8, False, True),
        ("3x3", (1, 16, 12, 12), 16, (3, 3), {"pads": [1] * 4}, u8, 0, i8, False, True),
        ("3x3-point", (1, 16, 12, 13), 20, (3, 3), {"pads": [1, 1, 2, 0]}, u8, 97, i8, False, True),
        ("3x3-signed", (1, 8, 12, 12), 16, (3, 3), {"pads": [1] * 4, "strides": [2, 2]}, i8, -5, i8, False, True),
        ("3x3-one-scale", (1, 16, 8, 8), 16, (3, 3), {"pads": [1] * 4, "dilations": [2, 2]}, u8, 12, i8, False, False),
        ("narrow", (1, 3, 17, 17), 16, (7, 7), {"pads": [3] * 4, "strides": [2, 2]}, u8, 114, i8, False, True),
        ("odd", (1, 5, 8, 8), 7, (3, 3), {"pads": [1] * 4}, i8, 3, i8, False, True),
        ("depthwise", (1, 24, 14, 14), 24, (3, 3), {"pads": [1] * 4, "group": 24}, u8, 0, i8, False, True),
        ("depthwise-point", (1, 19, 9, 9), 19, (5, 5), {"pads": [2] * 4, "group": 19, "strides": [2, 2]}, u8, 31, i8, False, True),
        ("groups", (1, 32, 7, 7), 64, (3, 3), {"pads": [1] * 4, "group": 4}, u8, 0, i8, False, True),
        ("groups-odd", (1, 6, 7, 7), 8, (3, 3), {"pads": [1] * 4, "group": 2}, u8, 8, i8, False, True),
        ("1d", (1, 12, 33), 20, (3,), {"pads": [1, 1]}, u8, 77, i8, False, True),
        ("3d", (1, 8, 4, 5, 6), 12, (3, 3, 3), {"pads": [1] * 6}, u8, 128, i8, False, True),
        ("unsigned", (1, 16, 9, 9), 16, (3, 3), {"pads": [1] * 4}, u8, 128, u8, False, False),
        ("weight-points", (1, 16, 9, 9), 18, (3, 3), {"pads": [1] * 4}, u8, 7, u8, True, True),
        ("weight-points-signed", (1, 7, 9, 9), 16, (1, 1), {}, i8, 7, i8, True, False),
    ]
    for label, shape, outputs, kernel, attributes, kind, point, weight, points, channels in rows:

        def conv(g, shape=shape, outputs=outputs, kernel=kernel, attributes=attributes, kind=kind, point=point, weight=weight, points=points,
                 channels=channels):  # fmt: skip
            x = requantize(g, g.input(*shape), 4.0 / 255, point, kind)
            w = weights(g, (outputs, shape[1] // attributes.get("group", 1), *kernel), 0 if channels else None, weight, points)
            return requantize(g, g.Conv(x, w, bias(g, outputs), **attributes), 0.04, 120)

        case(name_of("qdq-conv", label), conv)


def add_contractions() -> None:
    rows = [
        # left shape, right shape, axis of the right side's scales, zero point of the left side, of the right side
        ("2d", (7, 64), (64, 48), 1, 0, False),
        ("point", (5, 36), (36, 17), 1, 77, False),
        ("odd-depth", (6, 37), (37, 20), 1, 130, False),
        ("3d", (2, 9, 32), (32, 40), 1, 5, False),
        ("one-row", (1, 256), (256, 100), 1, 128, False),
        ("one-scale", (4, 32), (32, 32), None, 12, False),
        ("weight-points", (4, 33), (33, 20), 1, 9, True),
    ]
    for label, left, right, axis, point, points in rows:

        def matmul(g, left=left, right=right, axis=axis, point=point, points=points):
            y = g.MatMul(requantize(g, g.input(*left), 4.0 / 255, point), weights(g, right, axis, points=points))
            return requantize(g, g.Add(y, g.weight(right[1])), 0.06, 128)

        case(name_of("qdq-matmul", label), matmul)
    case("qdq-gemm", lambda g: g.Gemm(requantize(g, g.input(3, 24), 4.0 / 255, -3, np.int8), weights(g, (10, 24), 0), bias(g, 10), transB=1))
    case("qdq-batched", lambda g: requantize(g, g.MatMul(*(requantize(g, g.input(*s), 4.0 / 255, 100) for s in ((2, 5, 8), (2, 8, 6)))), 0.1, 128))

    def integers(g, kind, left, point):
        low = -128 if kind == np.int8 else 0
        x = g.feed(g.rng.integers(low, low + 255, left, endpoint=True).astype(kind))
        w = g.constant(g.rng.integers(-128, 127, (left[-1], 24), endpoint=True).astype(np.int8))
        return g.MatMulInteger(x, w, g.constant(kind(point)), g.constant(np.int8(3)))

    case("integers-unsigned", lambda g: integers(g, np.uint8, (5, 70), 121), exact=True)
    case("integers-signed", lambda g: integers(g, np.int8, (3, 4, 33), -7), exact=True)

    def dynamic(g):
        """As ONNX Runtime's quantiser writes a linear layer."""
        x, scale, point = g.node("DynamicQuantizeLinear", g.input(2, 9, 48), outputs=3)
        w = g.constant(g.rng.integers(-127, 127, (48, 32), endpoint=True).astype(np.int8))
        sums = g.MatMulInteger(x, w, point, g.constant(np.int8(0)))
        scales = g.Mul(scale, g.constant(g.rng.uniform(0.002, 0.01, 32).astype(np.float32)))
        return g.Add(g.Mul(g.Cast(sums, to=1), scales), g.weight(32))

    case("dynamic-linear", dynamic)


def add_chains() -> None:
    def block(g, kind=np.uint8, zero=0):
        """A bottleneck of a quantised residual network."""
        x = requantize(g, g.input(1, 32, 10, 10), 4.0 / 255, zero + 128, kind)
        y = requantize(g, g.Relu(g.Conv(x, weights(g, (16, 32, 1, 1), 0), bias(g, 16))), 0.02, zero, kind)
        y = requantize(g, g.Relu(g.Conv(y, weights(g, (16, 16, 3, 3), 0), bias(g, 16), pads=[1] * 4)), 0.03, zero, kind)
        y = requantize(g, g.Conv(y, weights(g, (32, 16, 1, 1), 0), bias(g, 32)), 0.04, zero + 125, kind)
        return requantize(g, g.Relu(g.Add(x, y)), 0.04, zero, kind)

    case("qdq-residual", block)
    case("qdq-residual-signed", lambda g: block(g, np.int8, -128))

    def inverted(g):
        """An inverted bottleneck: clipped activations, depthwise in the middle."""
        x = requantize(g, g.input(1, 16, 12, 12), 4.0 / 255, 128)
        clip = lambda y: g.Clip(y, g.scalar(0), g.scalar(6))
        y = requantize(g, clip(g.Conv(x, weights(g, (48, 16, 1, 1), 0), bias(g, 48))), 6 / 255, 0)
        y = requantize(g, clip(g.Conv(y, weights(g, (48, 1, 3, 3), 0), bias(g, 48), pads=[1] * 4, group=48)), 6 / 255, 0)
        y = requantize(g, g.Conv(y, weights(g, (16, 48, 1, 1), 0), bias(g, 16)), 0.05, 121)
        return requantize(g, g.Add(x, y), 0.06, 126)

    case("qdq-inverted", inverted)

    def pools(g):
        x = requantize(g, g.input(1, 16, 9, 9), 4.0 / 255, 128)
        y = requantize(g, g.Relu(g.Conv(x, weights(g, (32, 16, 3, 3), 0), bias(g, 32))), 0.02, 0)
        y = requantize(g, g.MaxPool(y, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4), 0.02, 0)
        y = requantize(g, g.GlobalAveragePool(y), 0.01, 0)
        return g.Gemm(g.Flatten(y), weights(g, (10, 32), 0), bias(g, 10), transB=1)

    case("qdq-pools", pools)

    def joined(g):
        x = requantize(g, g.input(1, 8, 6, 6), 4.0 / 255, 128)
        parts = [requantize(g, g.Conv(x, weights(g, (c, 8, 1, 1), 0), bias(g, c)), 0.04, 127) for c in (8, 24)]
        y = requantize(g, g.Concat(*parts, axis=1), 0.04, 127)
        return requantize(g, g.Conv(y, weights(g, (16, 32, 1, 1), 0), bias(g, 16)), 0.09, 127)

    case("qdq-concat", joined)

    def attention(g):
        """The products around an attention, with reshapes and transposes between them."""
        x = requantize(g, g.input(1, 6, 32), 4.0 / 255, 128)
        q, k, v = (requantize(g, g.MatMul(x, weights(g, (32, 32), 1)), 0.03, 128) for _ in range(3))
        heads = lambda y: g.Transpose(g.Reshape(y, g.ints(1, 6, 4, 8)), perm=[0, 2, 1, 3])
        scores = g.Softmax(g.Mul(g.MatMul(heads(q), g.Transpose(heads(k), perm=[0, 1, 3, 2])), g.scalar(8**-0.5)), axis=-1)
        y = requantize(g, g.Reshape(g.Transpose(g.MatMul(scores, heads(v)), perm=[0, 2, 1, 3]), g.ints(1, 6, 32)), 0.03, 128)
        return requantize(g, g.Add(g.MatMul(y, weights(g, (32, 16), 1)), bias(g, 16)), 0.04, 128)

    case("qdq-attention", attention)


def add_divisions() -> None:
    """QuantizeLinear that divides in halves: about a tenth of the numbers become another integer than they do in f32."""
    f16, bf16, f32 = TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.FLOAT
    rows = [
        # precision, shape, scales, attributes, type of the result, type of x and of the scales
        ("f16", f16, (8, 100), (), {}, np.uint8, np.float32),
        ("bf16", bf16, (8, 100), (), {}, np.int8, np.float32),
        ("f32", f32, (8, 100), (), {}, np.uint8, np.float32),
        ("f16-of-f16", f16, (8, 100), (), {}, np.int8, np.float16),
        ("bf16-of-f16", bf16, (8, 100), (8,), {"axis": 0}, np.int8, np.float16),
        ("f16-axis", f16, (3, 7, 5), (7,), {"axis": 1}, np.uint8, np.float32),
        ("bf16-blocks", bf16, (4, 64), (4, 4), {"axis": 1, "block_size": 16}, np.int8, np.float32),
        ("f16-words", f16, (8, 100), (), {}, np.int16, np.float32),  # quotients beyond the halves' largest are infinite
    ]
    for label, precision, shape, scales, attributes, kind, element in rows:

        def divided(g, precision=precision, shape=shape, scales=scales, attributes=attributes, kind=kind, element=element):
            steps = (7e-5, 9e-5) if kind == np.int16 else (0.015, 0.02)
            low = 0 if kind == np.uint8 else -20
            points = g.rng.integers(low, 20, scales).astype(kind)
            x = g.feed((g.rng.standard_normal(shape) * 1.5).astype(element))
            scale = g.constant(np.asarray(g.rng.uniform(*steps, scales), element))
            return g.QuantizeLinear(x, scale, g.constant(points), precision=precision, **attributes)

        case(name_of("quantize-in", label), divided, exact=True, reference=True)

    def chained(g):
        """Between operations that are fused with it, and without a zero point."""
        x = g.Relu(g.Mul(g.input(16, 48), g.scalar(1.37)))
        q = g.QuantizeLinear(x, g.scalar(0.0131), precision=f16)
        return g.DequantizeLinear(q, g.scalar(1))

    case("quantize-in-f16-chain", chained, exact=True, reference=True)

    def blocks(g):
        scales = g.constant(g.rng.uniform(0.015, 0.02, (4, 3)).astype(np.float32))  # of which the last belong to half a block
        return g.QuantizeLinear(g.input(4, 40), scales, precision=f16, axis=1, block_size=16, output_dtype=TensorProto.INT8)

    case("quantize-in-f16-blocks-without-points", blocks, exact=True, reference=True)

    def floats(g):
        q = g.QuantizeLinear(g.input(16, 48), g.scalar(0.0131), precision=bf16, output_dtype=TensorProto.FLOAT8E4M3FN)
        return g.Cast(q, to=TensorProto.FLOAT)

    case("quantize-in-bf16-to-fp8", floats, exact=True, reference=True)


add_convolutions()
add_contractions()
add_divisions()
add_chains()
