# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""More cases of op_cases.py: weights in blocks of 2, 4 and 8 bits, and the com.microsoft operators on quantised tensors. Integers must be those of
ONNX Runtime, bit by bit. Scales are powers of two where ONNX Runtime and the operator's definition round in different places. Without its
optimisations it does not multiply weights of 4 bits by a left side that it has rounded to 8."""

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

import op_cases

CASES = {}


class Graph(op_cases.Graph):
    """`g.ms("QLinearAdd", ...)` adds a node of domain com.microsoft."""

    def ms(self, op: str, *operands: str, **attributes) -> str:
        return self.node(op, *operands, domain="com.microsoft", **attributes)

    def bytes(self, *shape: int, signed=False) -> np.ndarray:
        return self.rng.integers(-128, 128, shape).astype(np.int8) if signed else self.rng.integers(0, 256, shape).astype(np.uint8)

    def typed(self, array: np.ndarray, element: int) -> str:
        """A constant whose elements numpy has no type for; `array` holds their values."""
        name = self.fresh("w")
        self.weights.append(helper.make_tensor(name, element, array.shape, array.flatten().tolist()))
        return name

    def quantized(self, array: np.ndarray, scale, point) -> tuple[str, str, str]:
        """An input of bytes with its scale and zero point."""
        return self.feed(array), self.constant(np.float32(scale)), self.constant(np.asarray(point, array.dtype))


# What the graph stage must hold: zero points that are all 8 are not kept.
PLAIN = r"block_matmul %\w+, %\w+ scales %\w+ block"
GRAPHS = {"matmulnbits-4bit": PLAIN, "matmulnbits-4bit-middle-points": PLAIN, "matmulnbits-4bit-middle-points-outside": PLAIN,
          "matmulnbits-4bit-packed-points": r"block_matmul %\w+, %\w+ scales %\w+ points %\w+ block"}


def case(name: str, build) -> None:
    if name in CASES:
        raise ValueError(f"two cases are named {name}")
    CASES[name] = build


def build(name: str):
    g = Graph(name)
    result, element = CASES[name](g)
    output = helper.make_tensor_value_info(result, element, None)
    graph = helper.make_graph(g.nodes, "case", g.values, [output], g.weights)
    imports = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=imports, ir_version=10)
    # ONNX's checker wants a shape, and its inference does not know these operators.
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    shape = session.run(None, g.inputs)[0].shape
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info(result, element, shape))
    return model, [g.inputs]


def packed(codes: np.ndarray, bits: int) -> np.ndarray:
    """Codes along the last dim as they lie in bytes, the first ones in the low bits."""
    each = 8 // bits
    padded = np.pad(codes, [(0, 0)] * (codes.ndim - 1) + [(0, -codes.shape[-1] % each)]).astype(np.uint32)
    parts = padded.reshape(*codes.shape[:-1], -1, each)
    return (parts << (np.arange(each, dtype=np.uint32) * bits)).sum(-1).astype(np.uint8)


def block_product(bits=4, rows=3, k=64, n=24, block=32, points=None, half=False, flat=False, groups=False, bias=False, batch=(), turned=False):
    """points: None, "packed", "middle" (packed, all 8) or "float"."""

    def case_of(g):
        blocks, element = -(-k // block), np.float16 if half else np.float32
        b = packed(g.rng.integers(0, 1 << bits, (n, blocks * block)), bits).reshape(n, blocks, -1)
        scales = g.rng.uniform(-0.2, 0.2, (n, blocks)).astype(element)  # negative ones, too
        zeros = g.rng.integers(0, 1 << bits, (n, blocks))
        zeros = 0 * zeros + 8 if points == "middle" else zeros
        zero_points = {None: "", "float": (zeros + 0.25).astype(element)}.get(points, packed(zeros, bits))
        if flat:
            scales = scales.reshape(-1)
            zero_points = zero_points if points is None else zero_points.reshape(-1)
        x = g.feed(g.rng.uniform(-1, 1, (k, rows) if turned else (*batch, rows, k)).astype(element))
        x = g.Transpose(x, perm=[1, 0]) if turned else x
        operands = [x, g.constant(b), g.constant(scales), "" if points is None else g.constant(zero_points)]
        operands.append(g.constant(g.rng.permutation(np.arange(k) // block).astype(np.int32)) if groups else "")
        operands.append(g.constant(g.rng.uniform(-1, 1, n).astype(element)) if bias else "")
        while not operands[-1]:
            operands.pop()
        y = g.ms("MatMulNBits", *operands, K=k, N=n, bits=bits, block_size=block, accuracy_level=0)
        return y, TensorProto.FLOAT16 if half else TensorProto.FLOAT

    return case_of


def add_block_products() -> None:
    for name, options in {
        "4bit": {},
        "4bit-one-row": {"rows": 1, "k": 256, "n": 48, "block": 128},
        "4bit-packed-points": {"points": "packed"},
        "4bit-float-points": {"points": "float"},
        "4bit-middle-points": {"points": "middle", "n": 20},
        "4bit-middle-points-outside": {"points": "middle", "rows": 1, "k": 512, "n": 640, "block": 16},  # too many for constants in the IR
        "4bit-odd-blocks": {"k": 96, "points": "packed"},
        "4bit-last-block-padded": {"k": 88, "points": "packed"},
        "4bit-block-16": {"block": 16, "points": "packed"},
        "4bit-block-256": {"k": 512, "block": 256},
        "4bit-flat-layout": {"k": 96, "points": "packed", "flat": True},
        "4bit-groups": {"k": 128, "groups": True},
        "4bit-bias": {"bias": True},
        "4bit-batch": {"batch": (2,), "rows": 5},
        "4bit-turned": {"turned": True},
        "4bit-many-rows": {"rows": 70, "n": 65, "k": 160},
        "8bit": {"bits": 8},
        "8bit-points": {"bits": 8, "points": "packed", "k": 80, "block": 16},
        "2bit": {"bits": 2},
        "2bit-points": {"bits": 2, "points": "packed", "k": 96},
    }.items():
        case(f"matmulnbits-{name}", block_product(**options))


def gather_blocks(element=None, bits=4, shape=(20, 64), block=16, axis=0, along=1, points=True, indices=(3, 0, -1, 7)):
    """element: of the data, None for packed bytes."""

    def case_of(g):
        codes = g.rng.integers(-8, 8, shape) if element == TensorProto.INT4 else g.rng.integers(0, 1 << bits, shape)
        blocks = [*shape[:along], -(-shape[along] // block), *shape[along + 1 :]]
        zeros = g.rng.integers(0, 7, blocks)
        scales = g.constant(g.rng.uniform(-0.2, 0.2, blocks).astype(np.float32))
        as_data = (lambda x: g.constant(packed(x, bits))) if element is None else (lambda x: g.typed(x, element))
        operands = [as_data(codes), g.feed(np.array(indices, np.int64)), scales, *([as_data(zeros)] if points else [])]
        attributes = {"bits": bits} if element is None else {}
        y = g.ms("GatherBlockQuantized", *operands, block_size=block, gather_axis=axis, quantize_axis=along, **attributes)
        return y, TensorProto.FLOAT

    return case_of


def add_gathers() -> None:
    for name, options in {
        "int4": {"element": TensorProto.INT4},
        "int4-no-points": {"element": TensorProto.INT4, "points": False},
        "uint4": {"element": TensorProto.UINT4, "shape": (5, 40, 32), "along": 2, "axis": 1},
        "uint4-no-points": {"element": TensorProto.UINT4, "points": False},
        "uint4-last-block-cut": {"element": TensorProto.UINT4, "shape": (20, 40)},
        "uint4-same-axis": {"element": TensorProto.UINT4, "shape": (48, 6), "along": 0, "axis": 0},
        "bytes": {},
        "bytes-no-points": {"points": False},
        "bytes-matrix-of-indices": {"indices": ((1, 2, 0), (5, -20, 19))},
        "bytes-8bit": {"bits": 8},
    }.items():
        case(f"gather-blocks-{name}", gather_blocks(**options))


def add_elementwise() -> None:
    for signed in (False, True):
        name, element = ("int8", TensorProto.INT8) if signed else ("uint8", TensorProto.UINT8)
        points = (-7, 11, 3) if signed else (120, 131, 100)

        def binary(op, other, signed=signed, element=element, points=points):
            def case_of(g):
                a, b = g.quantized(g.bytes(3, 5, 17, signed=signed), 0.125, points[0]), g.quantized(g.bytes(*other, signed=signed), 0.0625, points[1])
                c = g.constant(np.float32(0.25 if op == "QLinearAdd" else 2.0)), g.constant(np.asarray(points[2], np.int8 if signed else np.uint8))
                return g.ms(op, *a, *b, *c), element

            return case_of

        def unary(op, scale, out, signed=signed, element=element, points=points, **attributes):
            def case_of(g):
                x = g.quantized(g.bytes(4, 6, 10, signed=signed), scale, points[0])
                point = g.constant(np.asarray(points[2], np.int8 if signed else np.uint8))
                return g.ms(op, *x, g.constant(np.float32(out)), point, **attributes), element

            return case_of

        case(f"qlinear-add-{name}", binary("QLinearAdd", (3, 5, 17)))
        case(f"qlinear-add-broadcast-{name}", binary("QLinearAdd", (5, 1)))
        case(f"qlinear-mul-{name}", binary("QLinearMul", (3, 5, 17)))
        case(f"qlinear-mul-broadcast-{name}", binary("QLinearMul", (17,)))
        case(f"qlinear-sigmoid-{name}", unary("QLinearSigmoid", 0.047, 1 / 256))
        case(f"qlinear-leaky-relu-{name}", unary("QLinearLeakyRelu", 0.05, 0.04, alpha=0.2))

        def concat(g, signed=signed, element=element, points=points):
            kind = np.int8 if signed else np.uint8
            parts = []
            for i, columns in enumerate((4, 1, 9)):
                parts += g.quantized(g.bytes(2, columns, 3, signed=signed), (0.1, 0.05, 0.11)[i], points[i])
            return g.ms("QLinearConcat", g.constant(np.float32(0.12)), g.constant(np.asarray(points[1], kind)), *parts, axis=1), element

        case(f"qlinear-concat-{name}", concat)


def add_pools() -> None:
    def pool(op, shape, signed=False, **attributes):
        def case_of(g):
            x = g.quantized(g.bytes(*shape, signed=signed), 0.03, 3 if signed else 117)
            y = g.constant(np.float32(0.0273)), g.constant(np.asarray(-5 if signed else 90, np.int8 if signed else np.uint8))
            return g.ms(op, *x, *y, **attributes), TensorProto.INT8 if signed else TensorProto.UINT8

        return case_of

    case("qlinear-average-pool", pool("QLinearAveragePool", (1, 5, 9, 11), kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4))
    case("qlinear-average-pool-count-pads", pool("QLinearAveragePool", (2, 3, 8, 8), kernel_shape=[2, 3], pads=[1, 1, 1, 1], count_include_pad=1))
    case("qlinear-average-pool-last", pool("QLinearAveragePool", (1, 9, 8, 6), signed=True, kernel_shape=[3, 2], channels_last=1))
    case("qlinear-global-average-pool", pool("QLinearGlobalAveragePool", (2, 12, 7, 7)))
    case("qlinear-global-average-pool-last", pool("QLinearGlobalAveragePool", (1, 5, 6, 20), channels_last=1))


def add_products() -> None:
    def gemm(signed=False, columns=False, bias=True, quantizes=True, **attributes):
        def case_of(g):
            m, k, n = 7, 33, 19
            a = g.bytes(*((k, m) if attributes.get("transA") else (m, k)), signed=signed)
            b = g.bytes(*((n, k) if attributes.get("transB") else (k, n)), signed=True)
            b_scale = g.rng.uniform(0.01, 0.03, n).astype(np.float32) if columns else np.float32(0.02)
            b_point = g.rng.integers(-9, 9, n).astype(np.int8) if columns else np.int8(4)
            operands = [*g.quantized(a, 0.05, 3 if signed else 120), g.constant(b), g.constant(b_scale), g.constant(b_point)]
            operands.append(g.constant(g.rng.integers(-9999, 9999, (n,)).astype(np.int32)) if bias else "")
            if quantizes:
                operands += [g.constant(np.float32(3.0)), g.constant(np.asarray(-8 if signed else 77, np.int8 if signed else np.uint8))]
            while not operands[-1]:
                operands.pop()
            element = TensorProto.FLOAT if not quantizes else TensorProto.INT8 if signed else TensorProto.UINT8
            return g.ms("QGemm", *operands, **attributes), element

        return case_of

    case("qgemm", gemm())
    case("qgemm-columns", gemm(columns=True))
    case("qgemm-int8-transposed", gemm(signed=True, transB=1, alpha=0.5))
    case("qgemm-transposed-a", gemm(transA=1, bias=False))
    case("qgemm-float-result", gemm(quantizes=False))
    case("qgemm-float-result-no-bias", gemm(quantizes=False, bias=False, columns=True))

    def to_float(columns, points, bias, signed=False):
        def case_of(g):
            a, b = g.feed(g.bytes(2, 6, 40, signed=signed)), g.constant(g.bytes(40, 21, signed=True))
            b_scale = g.rng.uniform(0.01, 0.03, 21).astype(np.float32) if columns else np.float32(0.02)
            operands = [a, b, g.constant(np.float32(0.04)), g.constant(b_scale)]
            left = np.int8(-9) if signed else np.uint8(99)
            operands += [g.constant(left), g.constant(np.int8(5))] if points else ["", ""]
            operands += [g.weight(21)] if bias else []
            while not operands[-1]:
                operands.pop()
            return g.ms("MatMulIntegerToFloat", *operands), TensorProto.FLOAT

        return case_of

    case("matmul-integer-to-float", to_float(False, False, False))
    case("matmul-integer-to-float-points", to_float(True, True, True))
    case("matmul-integer-to-float-int8", to_float(False, True, False, signed=True))

    def dynamic(columns, point, bias):
        def case_of(g):
            b_scale = g.rng.uniform(0.01, 0.03, 21).astype(np.float32) if columns else np.float32(0.02)
            b_point = g.constant(g.rng.integers(-9, 9, 21).astype(np.int8) if columns else np.int8(3)) if point else ""
            operands = [g.input(3, 5, 40), g.constant(g.bytes(40, 21, signed=True)), g.constant(b_scale), b_point, g.weight(21) if bias else ""]
            while not operands[-1]:
                operands.pop()
            return g.ms("DynamicQuantizeMatMul", *operands), TensorProto.FLOAT

        return case_of

    case("dynamic-quantize-matmul", dynamic(False, False, False))
    case("dynamic-quantize-matmul-columns", dynamic(True, True, True))


def add_linear() -> None:
    def round_trip(g):
        scale, point = g.constant(np.array([0.1, 0.02, 0.3], np.float32)), g.constant(np.array([3, 200, 128], np.uint8))
        return g.ms("DequantizeLinear", g.ms("QuantizeLinear", g.input(4, 3, 5), scale, point, axis=1), scale, point, axis=1), TensorProto.FLOAT

    case("microsoft-quantize-and-back", round_trip)

    def nibbles(g):
        scale = g.constant(np.float32(0.25))
        point = g.typed(np.array(2), TensorProto.INT4)
        return g.DequantizeLinear(g.QuantizeLinear(g.input(5, 7), scale, point), scale, point), TensorProto.FLOAT

    case("int4-quantize-and-back", nibbles)

    def weights(element, block, k=64, n=40):
        def case_of(g):
            low, high = (-8, 8) if element == TensorProto.INT4 else (0, 16)
            w = g.typed(g.rng.integers(low, high, (k, n)), element)
            shape = (k // block, n) if block else (n,)
            scales = g.constant(g.rng.uniform(-0.1, 0.1, shape).astype(np.float32))
            points = g.typed(g.rng.integers(0, 8, shape), element)
            attributes = {"axis": 0, "block_size": block} if block else {"axis": 1}
            return g.MatMul(g.input(3, k), g.DequantizeLinear(w, scales, points, **attributes)), TensorProto.FLOAT

        return case_of

    case("int4-weights-columns", weights(TensorProto.INT4, 0))
    case("int4-weights-blocks", weights(TensorProto.INT4, 32))
    case("uint4-weights-blocks", weights(TensorProto.UINT4, 16))
    case("uint4-weights-odd", weights(TensorProto.UINT4, 0, k=7, n=13))

    def float8(element):
        def case_of(g):
            scale = g.constant(np.float32(0.02))
            point = g.typed(np.array(0.0), element)
            return g.DequantizeLinear(g.QuantizeLinear(g.input(40, 30), scale, point), scale, point), TensorProto.FLOAT

        return case_of

    for element in ("FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ"):
        case(f"{element.lower()}-quantize-and-back", float8(getattr(TensorProto, element)))


add_block_products()
add_gathers()
add_elementwise()
add_pools()
add_products()
add_linear()
