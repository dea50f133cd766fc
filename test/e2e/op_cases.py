# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The table of small models for run_ops.py: single ops and short chains that a compiler fuses, with the corner cases that kernels get wrong.

A case is a name, nodes in the order of execution, inputs, and constants. Values are drawn from the case's name, so that a case stays as it is
when another is added. `Graph` keeps a case at one to three lines.
"""

import zlib

import numpy as np
from onnx import TensorProto, ValueInfoProto, helper, numpy_helper, shape_inference

OPSET = 20
CASES = {}


class Graph:
    """Builds one small model: `x = g.input(1, 3, 8, 8)`, `w = g.weight(4, 3, 3, 3)`, `y = g.Conv(x, w, pads=[1] * 4)`."""

    def __init__(self, name: str):
        self.rng = np.random.default_rng(zlib.crc32(name.encode()))
        self.inputs, self.values, self.weights, self.nodes, self.count = {}, [], [], [], 0

    def fresh(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}"

    def feed(self, array: np.ndarray) -> str:
        name = self.fresh("in")
        self.inputs[name] = array
        self.values.append(helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape))
        return name

    def input(self, *shape: int, low=-2.0, high=2.0) -> str:
        return self.feed(self.rng.uniform(low, high, shape).astype(np.float32))

    def constant(self, array) -> str:
        name = self.fresh("w")
        self.weights.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def weight(self, *shape: int, low=-0.5, high=0.5) -> str:
        return self.constant(self.rng.uniform(low, high, shape).astype(np.float32))

    def ints(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def scalar(self, value: float) -> str:
        return self.constant(np.float32(value))

    def node(self, op: str, *operands: str, outputs=1, **attributes):
        names = [self.fresh("v") for _ in range(outputs)]
        self.nodes.append(helper.make_node(op, operands, names, name=f"{op}_{self.count}", **attributes))
        return names[0] if outputs == 1 else names

    def __getattr__(self, op: str):
        if not op[0].isupper():
            raise AttributeError(op)
        return lambda *operands, **attributes: self.node(op, *operands, **attributes)

    def model(self, results, opset=OPSET, ir_version=9):
        # Types and shapes of the outputs are inferred from the nodes.
        outputs = [ValueInfoProto(name=name) for name in ([results] if isinstance(results, str) else results)]
        graph = helper.make_graph(self.nodes, "case", self.values, outputs, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir_version)
        return shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)


def case(name: str, build) -> None:
    if name in CASES:
        raise ValueError(f"two cases are named {name}")
    CASES[name] = build


def build(name: str, cases=None):
    """The model of a case, and the inputs of its runs."""
    graph = Graph(name)
    results = (CASES if cases is None else cases)[name](graph)
    return graph.model(results), [graph.inputs]


def name_of(*parts) -> str:
    """Words joined for a case name: (1, 3, 8) -> 1x3x8."""
    return "-".join("x".join(map(str, part)) if isinstance(part, (tuple, list)) else str(part) for part in parts)


def add_convolutions() -> None:
    # input, output channels, kernel, attributes
    rows = [
        ("1x1", (1, 16, 14, 14), 32, (1, 1), {}),
        ("1x1-odd-channels", (1, 13, 9, 7), 29, (1, 1), {}),
        ("1x1-stride", (1, 16, 15, 15), 24, (1, 1), {"strides": [2, 2]}),
        ("1x1-batch", (3, 16, 7, 7), 16, (1, 1), {}),
        ("1x1-one-pixel", (1, 64, 1, 1), 17, (1, 1), {}),
        ("3x3", (1, 16, 14, 14), 32, (3, 3), {"pads": [1] * 4}),
        ("3x3-no-pad", (1, 16, 14, 14), 16, (3, 3), {}),
        ("3x3-stride", (1, 8, 15, 17), 16, (3, 3), {"pads": [1] * 4, "strides": [2, 2]}),
        ("3x3-first-layer", (1, 3, 33, 31), 16, (3, 3), {"pads": [1] * 4, "strides": [2, 2]}),
        ("3x3-uneven-pads", (1, 8, 10, 11), 8, (3, 3), {"pads": [0, 1, 2, 1]}),
        ("3x3-dilated", (1, 8, 16, 16), 8, (3, 3), {"pads": [2] * 4, "dilations": [2, 2]}),
        ("3x3-odd-channels", (1, 5, 11, 13), 7, (3, 3), {"pads": [1] * 4}),
        ("3x3-wide-channels", (1, 64, 12, 12), 72, (3, 3), {"pads": [1] * 4}),
        ("3x3-batch", (2, 16, 8, 8), 16, (3, 3), {"pads": [1] * 4}),
        ("3x3-tiles-and-edges", (1, 32, 23, 18), 48, (3, 3), {"pads": [1] * 4}),
        ("3x3-tiles-batch", (3, 40, 14, 13), 33, (3, 3), {"pads": [1] * 4}),
        ("3x3-tiles-many-channels", (1, 256, 7, 7), 256, (3, 3), {"pads": [1] * 4}),
        ("3x3-same-upper", (1, 8, 9, 10), 8, (3, 3), {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
        ("3x3-same-lower", (1, 8, 9, 10), 8, (3, 3), {"auto_pad": "SAME_LOWER", "strides": [2, 2]}),
        ("3x3-valid", (1, 8, 9, 10), 8, (3, 3), {"auto_pad": "VALID"}),
        ("5x5", (1, 8, 14, 14), 16, (5, 5), {"pads": [2] * 4}),
        ("7x7-stride", (1, 3, 28, 28), 16, (7, 7), {"pads": [3] * 4, "strides": [2, 2]}),
        ("1x7", (1, 8, 9, 17), 16, (1, 7), {"pads": [0, 3, 0, 3]}),
        ("7x1", (1, 8, 17, 9), 16, (7, 1), {"pads": [3, 0, 3, 0]}),
        ("2x2-stride", (1, 8, 12, 12), 16, (2, 2), {"strides": [2, 2]}),
        ("stride-1-2", (1, 16, 12, 40), 16, (3, 3), {"pads": [1] * 4, "strides": [1, 2]}),
        ("stride-2-1", (1, 16, 12, 40), 16, (3, 3), {"pads": [1] * 4, "strides": [2, 1]}),
        ("kernel-as-large-as-input", (1, 8, 6, 6), 10, (6, 6), {}),
        ("group-2", (1, 16, 10, 10), 32, (3, 3), {"pads": [1] * 4, "group": 2}),
        ("group-4-odd", (1, 12, 10, 10), 20, (3, 3), {"pads": [1] * 4, "group": 4}),
        ("group-1x1", (1, 24, 8, 8), 24, (1, 1), {"group": 3}),
        ("depthwise-3x3", (1, 32, 14, 14), 32, (3, 3), {"pads": [1] * 4, "group": 32}),
        ("depthwise-3x3-stride", (1, 24, 15, 15), 24, (3, 3), {"pads": [1] * 4, "strides": [2, 2], "group": 24}),
        ("depthwise-5x5", (1, 16, 12, 12), 16, (5, 5), {"pads": [2] * 4, "group": 16}),
        ("depthwise-odd-channels", (1, 19, 9, 11), 19, (3, 3), {"pads": [1] * 4, "group": 19}),
        ("depthwise-multiplier", (1, 8, 10, 10), 16, (3, 3), {"pads": [1] * 4, "group": 8}),
        ("depthwise-dilated", (1, 16, 16, 16), 16, (3, 3), {"pads": [2] * 4, "dilations": [2, 2], "group": 16}),
        ("depthwise-stride-2-1", (1, 16, 12, 20), 16, (3, 3), {"pads": [1] * 4, "strides": [2, 1], "group": 16}),
        ("1d", (1, 8, 40), 16, (5,), {"pads": [2, 2]}),
        ("1d-stride", (1, 1, 200), 12, (9,), {"strides": [4]}),
        ("1d-depthwise", (2, 16, 33), 16, (3,), {"pads": [1, 1], "group": 16}),
        ("1d-dilated", (1, 6, 50), 10, (3,), {"dilations": [4]}),
    ]
    for name, shape, channels, kernel, attributes in rows:
        group = attributes.get("group", 1)

        def convolution(g, shape=shape, channels=channels, kernel=kernel, attributes=attributes, group=group):
            return g.Conv(g.input(*shape), g.weight(channels, shape[1] // group, *kernel), g.weight(channels), **attributes)

        case(f"conv-{name}", convolution)
    case("conv-no-bias", lambda g: g.Conv(g.input(1, 8, 9, 9), g.weight(16, 8, 3, 3), pads=[1] * 4))
    case("conv-weights-as-input", lambda g: g.Conv(g.input(1, 8, 9, 9), g.input(16, 8, 3, 3), g.input(16), pads=[1] * 4))
    case("conv-3d", lambda g: g.Conv(g.input(1, 3, 6, 7, 8), g.weight(5, 3, 3, 3, 3), pads=[1] * 6))
    for name, shape, channels, kernel, attributes in [
        ("2x2-stride", (1, 8, 7, 9), 6, (2, 2), {"strides": [2, 2]}),
        ("3x3-pads", (1, 8, 7, 9), 6, (3, 3), {"strides": [2, 2], "pads": [1] * 4, "output_padding": [1, 1]}),
        ("4x4", (1, 6, 5, 5), 4, (4, 4), {"strides": [2, 2], "pads": [1] * 4}),
        ("stride-1", (1, 4, 6, 6), 5, (3, 3), {}),
        ("dilated", (1, 4, 6, 6), 5, (3, 3), {"dilations": [2, 2]}),
        ("1d", (1, 4, 12), 6, (4,), {"strides": [2], "pads": [1, 1]}),
    ]:
        case(
            f"conv-transpose-{name}",
            lambda g, shape=shape, channels=channels, kernel=kernel, attributes=attributes: g.ConvTranspose(
                g.input(*shape), g.weight(shape[1], channels, *kernel), g.weight(channels), **attributes
            ),
        )
    case("conv-transpose-group", lambda g: g.ConvTranspose(g.input(1, 8, 6, 6), g.weight(8, 3, 3, 3), group=2, strides=[2, 2]))


def add_contractions() -> None:
    for left, right in [
        ((1, 64), (64, 48)),
        ((2, 64), (64, 48)),
        ((3, 33), (33, 17)),
        ((4, 64), (64, 64)),
        ((5, 7), (7, 3)),
        ((13, 100), (100, 31)),
        ((64, 64), (64, 64)),
        ((1, 1), (1, 1)),
        ((128, 96), (96, 80)),
        ((6, 768), (768, 16)),
        ((7, 16), (16, 1)),
        ((1, 300), (300, 1000)),
        ((2, 9, 32), (32, 24)),
        ((2, 3, 5, 16), (16, 20)),
        ((64,), (64, 20)),
        ((1, 40, 120), (120, 360)),
    ]:
        case(name_of("matmul-weight", left, right), lambda g, left=left, right=right: g.MatMul(g.input(*left), g.weight(*right)))
    for left, right in [
        ((9, 32), (32, 24)),
        ((2, 9, 32), (2, 32, 24)),
        ((2, 4, 9, 16), (2, 4, 16, 9)),
        ((4, 9, 32), (32, 24)),
        ((9, 32), (5, 32, 24)),
        ((2, 1, 5, 8), (1, 3, 8, 7)),
        ((1, 8), (8, 1)),
        ((16,), (16,)),
        ((3, 16), (16,)),
        ((1, 1, 33), (1, 33, 65)),
        ((2, 3, 1, 7), (7, 5)),
    ]:
        case(name_of("matmul-dynamic", left, right), lambda g, left=left, right=right: g.MatMul(g.input(*left), g.input(*right)))
    for transposed_a in (0, 1):
        for transposed_b in (0, 1):

            def gemm(g, a=transposed_a, b=transposed_b):
                left, right = ((7, 20), (20, 7))[a], ((20, 30), (30, 20))[b]
                return g.Gemm(g.input(*left), g.weight(*right), g.weight(30), transA=a, transB=b, alpha=0.5, beta=2.0)

            case(f"gemm-{transposed_a}-{transposed_b}", gemm)
    case("gemm-no-bias", lambda g: g.Gemm(g.input(3, 20), g.weight(20, 30)))
    case("gemm-bias-column", lambda g: g.Gemm(g.input(6, 20), g.weight(20, 30), g.weight(6, 1)))
    case("gemm-bias-scalar", lambda g: g.Gemm(g.input(6, 20), g.weight(20, 30), g.weight(1)))
    case("gemm-bias-matrix", lambda g: g.Gemm(g.input(6, 20), g.weight(20, 30), g.weight(6, 30)))
    case("matmul-transposed-left", lambda g: g.MatMul(g.Transpose(g.input(20, 9), perm=[1, 0]), g.weight(20, 16)))
    case("matmul-transposed-right", lambda g: g.MatMul(g.input(9, 20), g.Transpose(g.input(16, 20), perm=[1, 0])))
    case("einsum", lambda g: g.Einsum(g.input(2, 5, 8), g.input(2, 7, 8), equation="bij,bkj->bik"))


def add_rows() -> None:
    for shape, axis in [((4, 10), -1), ((4, 10), 0), ((2, 3, 17), 1), ((2, 5, 8, 8), 1), ((1, 1000), 1), ((3, 1), 1), ((2, 4, 33, 33), -1)]:
        case(name_of("softmax", shape, axis), lambda g, shape=shape, axis=axis: g.Softmax(g.input(*shape, low=-8, high=8), axis=axis))
    case("softmax-large-values", lambda g: g.Softmax(g.feed(np.array([[1000.0, 999.0, -1000.0, 0.0]], np.float32))))
    case("log-softmax", lambda g: g.LogSoftmax(g.input(4, 37, low=-8, high=8), axis=-1))
    case("hardmax", lambda g: g.Hardmax(g.input(4, 9), axis=1))
    for shape, axis in [((4, 64), -1), ((2, 9, 33), -1), ((2, 4, 6), 1), ((1, 128, 768), -1)]:
        case(
            name_of("layer-norm", shape, axis),
            lambda g, shape=shape, axis=axis: g.LayerNormalization(g.input(*shape), g.weight(*shape[axis:]), g.weight(*shape[axis:]), axis=axis),
        )
    case("batch-norm", lambda g: g.BatchNormalization(g.input(2, 6, 5, 5), g.weight(6), g.weight(6), g.weight(6), g.weight(6, low=0.5, high=2)))
    case("instance-norm", lambda g: g.InstanceNormalization(g.input(2, 6, 5, 7), g.weight(6), g.weight(6)))
    case("lp-norm", lambda g: g.LpNormalization(g.input(3, 20), axis=1, p=2))
    ops = ["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp"]
    for op in ops:
        case(f"{op.lower()}-last", lambda g, op=op: g.node(op, g.input(3, 5, 19), g.ints(-1), keepdims=0))
    for axes in [(0,), (1,), (2,), (3,), (0, 2), (2, 3), (1, 2, 3), (0, 1, 2, 3)]:
        for op in ("ReduceMean", "ReduceMax"):
            case(
                name_of(op.lower(), "axes", axes), lambda g, op=op, axes=axes: g.node(op, g.input(2, 5, 7, 18), g.ints(*axes), keepdims=len(axes) % 2)
            )
    case("reducesum-long", lambda g: g.ReduceSum(g.input(2, 5000), g.ints(1)))
    case("reducesum-int64", lambda g: g.ReduceSum(g.feed(np.arange(24, dtype=np.int64).reshape(4, 6)), g.ints(0)))
    case("argmax", lambda g: g.ArgMax(g.input(3, 50), axis=1, keepdims=0))
    case("argmin-first-axis", lambda g: g.ArgMin(g.input(7, 20), axis=0))
    case("cumsum", lambda g: g.CumSum(g.input(3, 12), g.constant(np.int64(1))))
    axis = np.int64(0)  # two branches that no thread can share: at the same time on two
    case("cumsum-branches", lambda g: g.Add(g.CumSum(g.input(12000), g.constant(axis)), g.CumSum(g.input(12000), g.constant(axis), exclusive=1)))
    case("topk", lambda g: g.TopK(g.input(3, 40), g.ints(5), axis=1, outputs=2))


def add_pools() -> None:
    for op in ("MaxPool", "AveragePool"):
        for name, shape, attributes in [
            ("2x2", (1, 16, 12, 12), {"kernel_shape": [2, 2], "strides": [2, 2]}),
            ("3x3-pads", (1, 16, 13, 11), {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1] * 4}),
            ("3x3-uneven", (1, 7, 10, 10), {"kernel_shape": [3, 3], "pads": [0, 1, 2, 1]}),
            ("ceil", (1, 8, 12, 13), {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}),
            ("2x1", (1, 8, 12, 13), {"kernel_shape": [2, 1], "strides": [2, 1]}),
            ("1d", (2, 5, 21), {"kernel_shape": [4], "strides": [3]}),
            ("same-upper", (1, 4, 9, 10), {"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "SAME_UPPER"}),
        ]:
            case(f"{op.lower()}-{name}", lambda g, op=op, shape=shape, attributes=attributes: g.node(op, g.input(*shape), **attributes))
        case(f"global-{op.lower()}", lambda g, op=op: g.node(f"Global{op}", g.input(2, 19, 7, 9)))
    case("averagepool-count-include-pad", lambda g: g.AveragePool(g.input(1, 8, 9, 9), kernel_shape=[3, 3], pads=[1] * 4, count_include_pad=1))


def add_elementwise() -> None:
    unary = [
        "Relu",
        "Sigmoid",
        "Tanh",
        "Exp",
        "Neg",
        "Abs",
        "Erf",
        "Floor",
        "Ceil",
        "Round",
        "Sin",
        "Cos",
        "Softplus",
        "Softsign",
        "Elu",
        "Selu",
        "LeakyRelu",
        "HardSigmoid",
        "HardSwish",
        "Mish",
        "Gelu",
        "Sign",
        "ThresholdedRelu",
        "Atan",
        "Celu",
    ]
    for op in unary:
        case(f"{op.lower()}", lambda g, op=op: g.node(op, g.input(3, 5, 37, low=-4, high=4)))
    for op in ["Log", "Sqrt", "Reciprocal"]:
        case(f"{op.lower()}", lambda g, op=op: g.node(op, g.input(3, 5, 37, low=0.01, high=9)))
    case("gelu-tanh", lambda g: g.Gelu(g.input(3, 37, low=-4, high=4), approximate="tanh"))
    case("exp-extremes", lambda g: g.Exp(g.feed(np.array([-200, -88, -1e-8, 0, 1e-8, 1, 88, 200], np.float32))))
    case("tanh-extremes", lambda g: g.Tanh(g.feed(np.array([-1e30, -20, -1e-6, 0, 1e-6, 0.5, 20, 1e30], np.float32))))
    case("sigmoid-extremes", lambda g: g.Sigmoid(g.feed(np.array([-1e30, -100, -1, 0, 1, 100, 1e30, -88.5], np.float32))))
    case("relu-nan", lambda g: g.Relu(g.feed(np.array([np.nan, -1, 2, np.inf, -np.inf], np.float32))))
    for op in ["Add", "Sub", "Mul", "Div", "Min", "Max", "PRelu"]:
        case(f"{op.lower()}-same", lambda g, op=op: g.node(op, g.input(4, 33), g.input(4, 33, low=0.5)))
    for left, right in [
        ((2, 3, 8, 8), (3, 1, 1)),
        ((2, 3, 8, 8), (1,)),
        ((2, 3, 8, 8), (8,)),
        ((2, 3, 8, 8), (2, 1, 1, 8)),
        ((5, 1), (1, 7)),
        ((1, 9, 1), (4, 1, 6)),
        ((1, 1, 1, 17), (2, 3, 4, 1)),
        ((33,), ()),
        ((2, 16, 5, 5), (2, 16, 1, 1)),
    ]:
        case(name_of("add-broadcast", left, right or "scalar"), lambda g, left=left, right=right: g.Add(g.input(*left), g.input(*right)))
    case("pow-square", lambda g: g.Pow(g.input(3, 17), g.scalar(2)))
    case("pow-half", lambda g: g.Pow(g.input(3, 17, low=0.1, high=4), g.scalar(0.5)))
    case("pow-dynamic", lambda g: g.Pow(g.input(3, 17, low=0.1, high=4), g.input(3, 17)))
    case("clip", lambda g: g.Clip(g.input(4, 19), g.scalar(-1), g.scalar(0.5)))
    case("clip-upper-only", lambda g: g.Clip(g.input(4, 19), "", g.scalar(0.5)))
    case("where", lambda g: g.Where(g.Greater(g.input(4, 19), g.input(19)), g.input(4, 19), g.scalar(-1)))
    case("compare-and", lambda g: g.And(g.Less(g.input(4, 19), g.scalar(1)), g.Not(g.GreaterOrEqual(g.input(4, 19), g.scalar(0)))))
    case("equal-int64", lambda g: g.Equal(g.feed(np.arange(12, dtype=np.int64)), g.constant(np.array(5, np.int64))))
    case("sum-three", lambda g: g.Sum(g.input(3, 17), g.input(17), g.input(3, 1)))
    case("mean-two", lambda g: g.Mean(g.input(3, 17), g.input(3, 17)))
    case("mod-fmod", lambda g: g.Mod(g.input(3, 17, low=-9, high=9), g.scalar(2.5), fmod=1))
    case("div-int32", lambda g: g.Div(g.feed(np.array([7, -7, 9, -9], np.int32)), g.constant(np.array([2, 2, -4, -4], np.int32))))
    case("cast-to-int32", lambda g: g.Cast(g.input(3, 17, low=-9, high=9), to=TensorProto.INT32))
    case("cast-from-int64", lambda g: g.Cast(g.feed(np.arange(-6, 6, dtype=np.int64)), to=TensorProto.FLOAT))
    case("cast-to-bool", lambda g: g.Cast(g.feed(np.array([0.0, 0.5, -1, 0], np.float32)), to=TensorProto.BOOL))


def add_layout() -> None:
    for shape, perm in [
        ((4, 7), (1, 0)),
        ((2, 3, 5), (2, 1, 0)),
        ((2, 3, 5), (0, 2, 1)),
        ((1, 16, 9, 9), (0, 2, 3, 1)),
        ((1, 9, 9, 16), (0, 3, 1, 2)),
        ((2, 5, 4, 8), (0, 2, 1, 3)),
        ((2, 3, 4, 5, 6), (4, 0, 3, 1, 2)),
        ((33, 65), (1, 0)),
        ((1, 40, 120), (1, 0, 2)),
    ]:
        case(name_of("transpose", shape, perm), lambda g, shape=shape, perm=perm: g.Transpose(g.input(*shape), perm=perm))
    case("reshape", lambda g: g.Reshape(g.input(2, 3, 8), g.ints(0, -1, 4)))
    case("flatten", lambda g: g.Flatten(g.input(2, 3, 4, 5), axis=1))
    case("squeeze-unsqueeze", lambda g: g.Unsqueeze(g.Squeeze(g.input(1, 3, 1, 5), g.ints(0, 2)), g.ints(1)))
    case("concat-first-axis", lambda g: g.Concat(g.input(2, 5), g.input(3, 5), g.input(1, 5), axis=0))
    case("concat-channels", lambda g: g.Concat(g.input(1, 5, 6, 6), g.input(1, 3, 6, 6), axis=1))
    case("concat-last-axis", lambda g: g.Concat(g.input(3, 5), g.input(3, 1), g.input(3, 17), axis=-1))
    case("concat-same-twice", lambda g: (lambda x: g.Concat(x, x, axis=1))(g.input(2, 7)))
    case("split", lambda g: g.Split(g.input(2, 9, 4), g.ints(2, 3, 4), axis=1, outputs=3))

    def part(g, x, index):
        return g.Unsqueeze(g.Gather(g.Shape(x), g.constant(np.int64(index)), axis=0), g.ints(0))

    # How exporters write an expand: -1 in the shape stands for the operand's own dim.
    def expand_by_where(g):
        x, y = g.input(5, 1, 6), g.input(5, 4, 6)
        shape = g.Concat(part(g, y, 0), part(g, y, 1), g.ints(-1), axis=0)
        ones = g.ConstantOfShape(g.Shape(shape), value=numpy_helper.from_array(np.array([1], np.int64)))
        return g.Expand(x, g.Where(g.Equal(shape, g.Mul(ones, g.ints(-1))), ones, shape))

    case("expand-by-where", expand_by_where)

    # Pads up to a multiple of 4.
    def pad_to_multiple(g):
        x = g.input(5, 6)
        missing = [g.Mod(g.Sub(g.ints(4), g.Mod(part(g, x, i), g.ints(4))), g.ints(4)) for i in (0, 1)]
        return g.Pad(x, g.Concat(g.ints(0, 0), *missing, axis=0), g.scalar(0.5))

    case("pad-to-multiple", pad_to_multiple)
    case("tile-by-shape", lambda g: (lambda x: g.Tile(g.input(1, 3), g.Concat(part(g, x, 0), part(g, x, 1), axis=0)))(g.input(5, 2)))
    case("split-halves", lambda g: g.Split(g.input(5, 7), axis=0, num_outputs=2, outputs=2))
    case("split-halves-last", lambda g: g.Split(g.input(5, 7), axis=1, num_outputs=2, outputs=2))
    case("slice-last-row", lambda g: g.Slice(g.input(6, 20), g.ints(-1), g.ints(9223372036854775807), g.ints(0)))
    case("slice-all-but-first", lambda g: g.Slice(g.input(6, 20), g.ints(1, 1), g.ints(9223372036854775807, 1000), g.ints(0, 1)))
    case("slice-every-second", lambda g: g.Slice(g.input(6, 21), g.ints(0, 0), g.ints(99999999999, 99999999999), g.ints(0, 1), g.ints(2, 2)))
    case("slice-mirror", lambda g: g.Slice(g.input(6, 20), g.ints(-1, -1), g.ints(-99999999999, -99999999999), g.ints(0, 1), g.ints(-1, -2)))
    case("eye-like", lambda g: g.Add(g.EyeLike((x := g.input(5, 7)), k=1), x))
    case("reverse-sequence", lambda g: g.ReverseSequence(g.input(5, 3, 2), g.ints(4, 1, 5), time_axis=0, batch_axis=1))
    case("compress-flat", lambda g: g.Compress(g.input(5, 4), g.constant(np.array([False, True, False, True]))))
    case("slice", lambda g: g.Slice(g.input(6, 20), g.ints(1, 3), g.ints(5, 18), g.ints(0, 1)))
    case("slice-step", lambda g: g.Slice(g.input(6, 20), g.ints(0, 1), g.ints(6, 20), g.ints(0, 1), g.ints(2, 3)))
    case("slice-backwards", lambda g: g.Slice(g.input(6, 20), g.ints(-1), g.ints(-100), g.ints(1), g.ints(-1)))
    case("slice-beyond-end", lambda g: g.Slice(g.input(6, 20), g.ints(-3), g.ints(9223372036854775807), g.ints(1)))
    case("pad-constant", lambda g: g.Pad(g.input(2, 5, 6), g.ints(0, 1, 2, 0, 0, 3), g.scalar(1.5)))
    case("pad-reflect", lambda g: g.Pad(g.input(1, 4, 9), g.ints(0, 0, 3, 0, 0, 4), mode="reflect"))
    case("pad-edge", lambda g: g.Pad(g.input(2, 5, 6), g.ints(0, 1, 2, 0, 2, 1), mode="edge"))
    case("pad-crop", lambda g: g.Pad(g.input(4, 9), g.ints(0, -2, 1, -1)))
    case("expand", lambda g: g.Expand(g.input(3, 1), g.ints(2, 3, 6)))
    case("tile", lambda g: g.Tile(g.input(2, 3), g.ints(2, 3)))
    case("gather-rows", lambda g: g.Gather(g.weight(30, 16), g.feed(np.array([[0, 29, 3], [-1, 7, 7]], np.int64))))
    case("gather-columns", lambda g: g.Gather(g.input(5, 9), g.ints(2, 0), axis=1))
    case("gather-scalar", lambda g: g.Gather(g.input(5, 9), g.constant(np.array(-1, np.int64)), axis=1))
    case("gather-elements", lambda g: g.GatherElements(g.input(3, 4), g.feed(np.array([[0, 3], [-1, 1], [2, 2]], np.int64)), axis=1))
    case("gather-nd", lambda g: g.GatherND(g.input(3, 4, 5), g.feed(np.array([[0, 1], [2, -1]], np.int64))))
    case("scatter-nd", lambda g: g.ScatterND(g.input(6, 4), g.constant(np.array([[1], [4]], np.int64)), g.input(2, 4)))
    case("depth-to-space", lambda g: g.DepthToSpace(g.input(1, 12, 4, 5), blocksize=2))
    case("space-to-depth", lambda g: g.SpaceToDepth(g.input(1, 3, 4, 6), blocksize=2))
    case(
        "pixel-shuffle-by-hand",
        lambda g: g.Reshape(g.Transpose(g.Reshape(g.input(1, 4, 3, 3), g.ints(1, 1, 2, 2, 3, 3)), perm=[0, 1, 4, 2, 5, 3]), g.ints(1, 1, 6, 6)),
    )
    scales = {"up-2": (1, 1, 2, 2), "up-uneven": (1, 1, 1.5, 2.5), "down": (1, 1, 0.5, 0.5)}
    for name, factors in scales.items():
        for mode, way in [("nearest", "asymmetric"), ("linear", "half_pixel"), ("linear", "align_corners")]:
            extra = {"nearest_mode": "floor"} if mode == "nearest" else {}
            case(
                f"resize-{name}-{mode}-{way}",
                lambda g, factors=factors, mode=mode, way=way, extra=extra: g.Resize(
                    g.input(1, 3, 8, 6), "", g.constant(np.array(factors, np.float32)), mode=mode, coordinate_transformation_mode=way, **extra
                ),
            )
    case(
        "shape-arithmetic",
        lambda g: (lambda x: g.Reshape(x, g.Concat(g.Slice(g.Shape(x), g.ints(0), g.ints(1)), g.ints(-1), axis=0)))(g.input(2, 3, 4)),
    )
    case("range", lambda g: g.Add(g.input(6), g.Cast(g.Range(*[g.constant(np.array(value, np.int64)) for value in (2, 20, 3)]), to=1)))
    case(
        "constant-of-shape",
        lambda g: g.Add(g.input(3, 4), g.ConstantOfShape(g.ints(3, 4), value=helper.make_tensor("v", TensorProto.FLOAT, [1], [0.5]))),
    )
    case(
        "one-hot",
        lambda g: g.OneHot(g.feed(np.array([0, 3, -1], np.int64)), g.constant(np.array(5, np.int64)), g.constant(np.array([0, 1], np.float32))),
    )
    case("identity", lambda g: g.Identity(g.input(3, 4)))
    case("input-used-by-all-outputs", lambda g: (lambda x: [g.Relu(x), g.Neg(x), g.Identity(x)])(g.input(2, 17)))
    case("trilu", lambda g: g.Trilu(g.input(2, 6, 6), upper=0))


def add_fusions() -> None:
    def residual(g, activation):
        x = g.input(1, 16, 10, 10)
        y = g.node(activation, g.Conv(x, g.weight(16, 16, 3, 3), g.weight(16), pads=[1] * 4))
        y = g.Conv(y, g.weight(16, 16, 3, 3), g.weight(16), pads=[1] * 4)
        return g.node(activation, g.Add(y, x))

    for activation in ("Relu", "HardSwish", "Sigmoid", "LeakyRelu"):
        case(f"residual-{activation.lower()}", lambda g, activation=activation: residual(g, activation))

    def squeeze_excite(g, gate):
        x = g.Conv(g.input(1, 8, 12, 12), g.weight(24, 8, 1, 1), g.weight(24))
        s = g.Relu(g.Conv(g.GlobalAveragePool(x), g.weight(6, 24, 1, 1), g.weight(6)))
        return g.Mul(x, g.node(gate, g.Conv(s, g.weight(24, 6, 1, 1), g.weight(24))))

    for gate in ("HardSigmoid", "Sigmoid"):
        case(f"squeeze-excite-{gate.lower()}", lambda g, gate=gate: squeeze_excite(g, gate))

    def squeeze_depthwise(g, size, kernel, channels, strides):
        """The image of a depthwise convolution, scaled by what its mean gives; as mobile networks have it."""
        y = g.HardSwish(g.Conv(g.input(1, 8, *size), g.weight(channels, 8, 1, 1), g.weight(channels)))
        y = g.Conv(y, g.weight(channels, 1, kernel, kernel), g.weight(channels), pads=[kernel // 2] * 4, strides=[strides] * 2, group=channels)
        y = g.HardSwish(y)
        s = g.Relu(g.Conv(g.GlobalAveragePool(y), g.weight(8, channels, 1, 1), g.weight(8)))
        y = g.Mul(y, g.HardSigmoid(g.Conv(s, g.weight(channels, 8, 1, 1), g.weight(channels))))
        return g.Conv(y, g.weight(16, channels, 1, 1), g.weight(16))

    for size, kernel, channels, strides in (((14, 14), 3, 48, 1), ((9, 23), 5, 20, 1), ((15, 15), 3, 40, 2)):
        name = f"squeeze-depthwise-{size[0]}x{size[1]}-{channels}"
        case(name, lambda g, size=size, kernel=kernel, channels=channels, strides=strides: squeeze_depthwise(g, size, kernel, channels, strides))

    def inverted_residual(g):
        x = g.input(1, 16, 14, 14)
        y = g.Clip(g.Conv(x, g.weight(48, 16, 1, 1), g.weight(48)), g.scalar(0), g.scalar(6))
        y = g.Clip(g.Conv(y, g.weight(48, 1, 3, 3), g.weight(48), pads=[1] * 4, group=48), g.scalar(0), g.scalar(6))
        return g.Add(g.Conv(y, g.weight(16, 48, 1, 1), g.weight(16)), x)

    case("inverted-residual", inverted_residual)

    def attention(g, masked, rows=12):
        heads, width = 4, 16
        x = g.input(1, rows, heads * width)

        def project():
            y = g.Add(g.MatMul(x, g.weight(heads * width, heads * width, low=-0.2, high=0.2)), g.weight(heads * width))
            return g.Reshape(y, g.ints(1, rows, heads, width))

        query, value = (g.Transpose(project(), perm=[0, 2, 1, 3]) for _ in range(2))
        scores = g.Div(g.MatMul(query, g.Transpose(project(), perm=[0, 2, 3, 1])), g.scalar(4.0))
        if masked == "causal":
            scores = g.Add(scores, g.constant(np.triu(np.full((rows, rows), -np.inf, np.float32), 1)))
        elif masked:
            mask = np.zeros((1, 1, 1, rows), np.float32)
            mask[..., 9:] = -1e4
            scores = g.Add(scores, g.feed(mask))
        y = g.Transpose(g.MatMul(g.Softmax(scores, axis=-1), value), perm=[0, 2, 1, 3])
        return g.Add(x, g.MatMul(g.Reshape(y, g.ints(1, rows, heads * width)), g.weight(heads * width, heads * width)))

    case("attention", lambda g: attention(g, False))
    case("attention-masked", lambda g: attention(g, True))
    case("attention-causal", lambda g: attention(g, "causal", rows=70))

    def feed_forward(g):
        x = g.input(1, 9, 32)
        y = g.LayerNormalization(x, g.weight(32), g.weight(32))
        y = g.Gelu(g.Add(g.MatMul(y, g.weight(32, 128)), g.weight(128)))
        return g.Add(x, g.Add(g.MatMul(y, g.weight(128, 32)), g.weight(32)))

    case("feed-forward", feed_forward)

    def layer_norm_by_hand(g):
        x = g.input(2, 9, 48)
        centred = g.Sub(x, g.ReduceMean(x, g.ints(-1)))
        variance = g.ReduceMean(g.Pow(centred, g.scalar(2)), g.ints(-1))
        return g.Add(g.Mul(g.Div(centred, g.Sqrt(g.Add(variance, g.scalar(1e-5)))), g.weight(48)), g.weight(48))

    case("layer-norm-by-hand", layer_norm_by_hand)

    def gelu_by_hand(g):
        x = g.Add(g.MatMul(g.input(6, 24), g.weight(24, 40)), g.weight(40))
        return g.Mul(g.Mul(x, g.Add(g.Erf(g.Div(x, g.scalar(2**0.5))), g.scalar(1))), g.scalar(0.5))

    case("gelu-by-hand", gelu_by_hand)
    case(
        "conv-batch-norm-relu",
        lambda g: g.Relu(
            g.BatchNormalization(
                g.Conv(g.input(1, 8, 9, 9), g.weight(16, 8, 3, 3), pads=[1] * 4),
                g.weight(16),
                g.weight(16),
                g.weight(16),
                g.weight(16, low=0.5, high=2),
            )
        ),
    )
    case("pad-then-conv", lambda g: g.Conv(g.Pad(g.input(1, 6, 9, 9), g.ints(0, 0, 1, 2, 0, 0, 0, 1)), g.weight(8, 6, 3, 3)))
    case(
        "conv-concat-conv",
        lambda g: (lambda x: g.Conv(g.Concat(g.Relu(g.Conv(x, g.weight(8, 6, 3, 3), pads=[1] * 4)), x, axis=1), g.weight(12, 14, 1, 1)))(
            g.input(1, 6, 9, 9)
        ),
    )
    case(
        "conv-3x3-residual",
        lambda g: (lambda x: g.Relu(g.Add(g.Conv(x, g.weight(32, 32, 3, 3), g.weight(32), pads=[1] * 4), x)))(g.Relu(g.input(1, 32, 21, 30))),
    )
    case(
        "conv-two-consumers",
        lambda g: (lambda y: [g.Relu(y), g.Sigmoid(g.Conv(y, g.weight(4, 8, 1, 1)))])(
            g.Conv(g.input(1, 6, 9, 9), g.weight(8, 6, 3, 3), pads=[1] * 4)
        ),
    )
    case("conv-swish", lambda g: (lambda y: g.Mul(y, g.Sigmoid(y)))(g.Conv(g.input(1, 6, 9, 9), g.weight(8, 6, 3, 3), g.weight(8), pads=[1] * 4)))
    case(
        "conv-resize-add",
        lambda g: (
            lambda x: g.Add(
                g.Resize(
                    g.Conv(x, g.weight(8, 6, 1, 1), strides=[2, 2]),
                    "",
                    g.constant(np.array([1, 1, 2, 2], np.float32)),
                    mode="nearest",
                    coordinate_transformation_mode="asymmetric",
                    nearest_mode="floor",
                ),
                g.Conv(x, g.weight(8, 6, 1, 1)),
            )
        )(g.input(1, 6, 8, 10)),
    )

    def pyramid(g):
        """Each level, scaled by channel, plus the smaller one upsampled, goes through a convolution."""
        halves = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        x = g.input(1, 6, 8, 12)
        small, large = g.Relu(g.Conv(x, g.weight(10, 6, 3, 3), strides=[2, 2], pads=[1] * 4)), g.Conv(x, g.weight(10, 6, 1, 1))
        scaled = g.Mul(large, g.Sigmoid(g.GlobalAveragePool(large)))
        level = g.Add(g.Add(large, scaled), g.Resize(small, "", g.constant(np.array([1, 1, 2, 2], np.float32)), **halves))
        return [g.Conv(level, g.weight(7, 10, 3, 3), pads=[1] * 4), g.Conv(small, g.weight(7, 10, 3, 3), pads=[1] * 4)]

    case("pyramid", pyramid)
    case(
        "split-and-gate",
        lambda g: (lambda parts: g.Mul(parts[0], g.Sigmoid(parts[1])))(
            g.Split(g.Conv(g.input(1, 6, 9, 9), g.weight(16, 6, 1, 1)), g.ints(8, 8), axis=1, outputs=2)
        ),
    )

    def gated(g, rows, hidden, activation, biases=False, outside=False):
        """Two products of one activation that meet: SwiGLU and its relatives. `outside`: the gate alone is a result, too."""
        x = g.LayerNormalization(g.input(*rows, 40), g.weight(40, low=0.5, high=1.5), axis=-1)
        gate, up = g.MatMul(x, g.weight(40, hidden)), g.MatMul(x, g.weight(40, hidden))
        if biases:
            gate, up = g.Add(gate, g.weight(hidden)), g.Add(g.weight(hidden), up)
        shut = g.Mul(gate, g.Sigmoid(gate)) if activation == "silu" else g.node(activation, gate)
        y = g.MatMul(g.Mul(shut, up), g.weight(hidden, 24))
        return [y, gate] if outside else y

    for name, rows in (("row", (1,)), ("rows", (3,)), ("many", (2, 37))):
        case(f"gate-silu-{name}", lambda g, rows=rows: gated(g, rows, 112, "silu"))
        case(f"gate-gelu-{name}", lambda g, rows=rows: gated(g, rows, 80, "Gelu", biases=True))
        case(f"gate-relu-outside-{name}", lambda g, rows=rows: gated(g, rows, 32, "Relu", outside=True))
    case("gate-odd-columns", lambda g: gated(g, (11,), 90, "silu"))
    case("elementwise-chain", lambda g: g.Tanh(g.Add(g.Mul(g.Exp(g.Neg(g.Abs(g.input(3, 5, 37)))), g.input(37)), g.scalar(0.3))))
    case("matmul-softmax", lambda g: g.Softmax(g.Add(g.MatMul(g.input(1, 10, 24), g.weight(24, 101)), g.weight(101)), axis=2))
    case(
        "pool-flatten-gemm", lambda g: g.Gemm(g.Flatten(g.GlobalAveragePool(g.Relu(g.input(2, 20, 7, 7)))), g.weight(10, 20), g.weight(10), transB=1)
    )

    def recurrent(g, direction, peers):
        directions = 2 if direction == "bidirectional" else 1
        x = g.input(7, 2, 10)
        operands = [x, g.weight(directions, 4 * 12, 10), g.weight(directions, 4 * 12, 12), g.weight(directions, 8 * 12)]
        if peers:
            operands += ["", g.input(directions, 2, 12), g.input(directions, 2, 12)]
        return g.node("LSTM", *operands, outputs=3, hidden_size=12, direction=direction)

    def small_cell(g, op, gates, layout=0):
        x = g.input(*((5, 3, 6) if layout else (3, 5, 6)))
        return g.node(op, x, g.weight(1, gates * 7, 6), g.weight(1, gates * 7, 7), outputs=2, hidden_size=7, layout=layout)

    case("gru", lambda g: small_cell(g, "GRU", 3))
    case("rnn", lambda g: small_cell(g, "RNN", 1))
    for direction in ("forward", "reverse", "bidirectional"):
        case(f"lstm-{direction}", lambda g, direction=direction: recurrent(g, direction, False))
    case("lstm-initial-state", lambda g: recurrent(g, "forward", True))


for add in (add_convolutions, add_contractions, add_rows, add_pools, add_elementwise, add_layout, add_fusions):
    add()
