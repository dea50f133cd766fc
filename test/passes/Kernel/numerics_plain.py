# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Numbers of the family `plain`: every operation of the dialect in one function, against numpy, the ONNX reference evaluator or ONNX Runtime.

Usage: numerics_plain.py [-O3] <folder of ingot-opt> [<part of a case's name>]

With -O3 the regions are fused and each takes the fastest family that covers it.
"""
import ctypes
import os
import re
import subprocess
import sys
import tempfile

import ml_dtypes
import numpy as np
import onnx
from onnx import helper
from onnx.reference import ReferenceEvaluator

R = np.random.default_rng(7)
TYPES = {
    "float32": "f32",
    "float64": "f64",
    "float16": "f16",
    "bfloat16": "bf16",
    "bool": "i1",
    "int8": "i8",
    "int16": "i16",
    "int32": "i32",
    "int64": "i64",
    "uint8": "ui8",
    "uint16": "ui16",
    "uint32": "ui32",
    "uint64": "ui64",
}
CASES = []


def tensor_type(array):
    return "tensor<" + "".join(f"{d}x" for d in array.shape) + TYPES[array.dtype.name] + ">"


def case(name, text, inputs, expected, tolerance=1e-5):
    """`text` is one operation: %0, %1 .. are the inputs, $0, $1 .. their types, $r0 .. the types of the results. Lines before the last one stay."""
    expected = [np.asarray(e) for e in (expected if isinstance(expected, (list, tuple)) else [expected])]
    CASES.append((name, text, [np.asarray(i) for i in inputs], expected, tolerance))


def f32(*shape, low=-1.0, high=1.0):
    return R.uniform(low, high, shape).astype(np.float32)


def reference(op, inputs, outputs=1, opset=22, runtime=False, **attributes):
    """The results of one ONNX node."""
    names = [f"x{i}" if x is not None else "" for i, x in enumerate(inputs)]
    results = [f"y{i}" for i in range(outputs)]
    node = helper.make_node(op, names, results, **attributes)
    infos = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape) for n, x in zip(names, inputs) if x is not None]
    graph = helper.make_graph([node], "g", infos, [helper.make_value_info(r, onnx.TypeProto()) for r in results])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    feeds = {n: x for n, x in zip(names, inputs) if x is not None}
    if not runtime:
        return ReferenceEvaluator(model).run(None, feeds)
    import onnxruntime
    model = onnx.shape_inference.infer_shapes(model)
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, feeds)


def wide(x):
    return x.astype(np.float32) if x.dtype in (np.float16, ml_dtypes.bfloat16) else x


#===-- Elementwise ------------------------------------------------------------------------------------------------------------------------===#

def elementwise():
    special = np.array([0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.5, 1e-4, -1e-4, 90.0, -90.0, np.inf, -np.inf, np.nan], np.float32)
    x = np.concatenate([f32(50, low=-4, high=4), special])
    sigmoid = lambda v: 1 / (1 + np.exp(-v.astype(np.float64)))
    erf = np.vectorize(__import__("math").erf)
    d = x.astype(np.float64)
    unary = {
        "abs": np.abs(x),
        "neg": -x,
        "sign": np.sign(x),
        "ceil": np.ceil(x),
        "floor": np.floor(x),
        "round_even": np.rint(x),
        "sqrt": np.sqrt(x),
        "reciprocal": 1 / x,
        "exp": np.exp(d),
        "log": np.log(d),
        "sin": np.sin(d),
        "cos": np.cos(d),
        "tan": np.tan(d),
        "asin": np.arcsin(d),
        "acos": np.arccos(d),
        "atan": np.arctan(d),
        "sinh": np.sinh(d),
        "cosh": np.cosh(d),
        "tanh": np.tanh(d),
        "asinh": np.arcsinh(d),
        "acosh": np.arccosh(d),
        "atanh": np.arctanh(d),
        "erf": erf(d),
        "relu": np.maximum(x, 0),
        "leaky_relu {alpha = 0.1 : f64}": np.where(x < 0, x * np.float32(0.1), x),
        "elu {alpha = 0.7 : f64}": np.where(d < 0, 0.7 * np.expm1(d), d),
        "sigmoid": sigmoid(x),
        "hard_sigmoid {alpha = 0.2 : f64, beta = 0.5 : f64}": np.clip(0.2 * d + 0.5, 0, 1),
        "hard_swish": d * np.clip(d / 6 + 0.5, 0, 1),
        "softplus": np.logaddexp(d, 0),
        "gelu": 0.5 * d * (1 + erf(d * np.sqrt(0.5))),
        "gelu_tanh": 0.5 * d * (1 + np.tanh(np.sqrt(2 / np.pi) * (d + 0.044715 * d**3))),
        "silu {alpha = 1.0 : f64}": np.where(np.isneginf(d), 0, d * sigmoid(x)),  # the limit
    }
    for name, value in unary.items():
        kind, _, attributes = name.partition(" ")
        case(f"unary {kind}", f"ingot.unary {kind} %0 {attributes} : $0 -> $r0", [x], value.astype(np.float32), 2e-6)
    finite = x[np.isfinite(x)]
    for dtype, tolerance in ((np.float16, 2e-3), (ml_dtypes.bfloat16, 1e-2), (np.float64, 1e-12)):
        v = finite.astype(dtype)
        case(f"unary tanh {v.dtype}", "ingot.unary tanh %0 : $0 -> $r0", [v], np.tanh(wide(v)).astype(dtype), tolerance)
    case("is_nan", "ingot.unary is_nan %0 : $0 -> $r0", [x], np.isnan(x))
    case("is_inf", "ingot.unary is_inf %0 {alpha = 1.0 : f64, beta = 0.0 : f64} : $0 -> $r0", [x], np.isposinf(x))
    ints = np.array([0, 1, -1, 5, -7, 127, -128], np.int8)
    case("abs i8", "ingot.unary abs %0 : $0 -> $r0", [ints], np.abs(ints))
    case("sign i8", "ingot.unary sign %0 : $0 -> $r0", [ints], np.sign(ints))
    case("not i8", "ingot.unary not %0 : $0 -> $r0", [ints], ~ints)
    flags = np.array([True, False, True])
    case("not i1", "ingot.unary not %0 : $0 -> $r0", [flags], ~flags)

    a, b = f32(3, 1, 5, low=-3, high=3), f32(4, 1, low=0.5, high=3)
    for kind, value in {"add": a + b, "sub": a - b, "mul": a * b, "div": a / b, "mod": np.mod(a, b), "fmod": np.fmod(a, b), "min": np.minimum(a, b),
                        "max": np.maximum(a, b)}.items():
        case(f"binary {kind}", f"ingot.binary {kind} %0, %1 : $0, $1 -> $r0", [a, b], value, 1e-5)
    p, q = f32(4, 6, low=0, high=3), f32(6, low=-3, high=3)
    case("pow", "ingot.binary pow %0, %1 : $0, $1 -> $r0", [p, q], np.power(p, q), 1e-5)
    for exponent in (2.0, 3.0, 0.5, -1.0, 1.5, 0.0):
        case(f"pow {exponent}", f"%c = ingot.constant dense<{exponent}> : tensor<f32>\ningot.binary pow %0, %c : $0, tensor<f32> -> $r0", [p],
             np.power(p, np.float32(exponent)), 1e-5)
    case("clip", "%c = ingot.constant dense<1.0> : tensor<f32>\ningot.binary min %0, %c : $0, tensor<f32> -> $r0", [x], np.minimum(x, np.float32(1)))
    for dtype in (np.int8, np.int32, np.int64, np.uint8, np.uint64):
        info = np.iinfo(dtype)
        a = np.concatenate([R.integers(info.min, info.max, 40, dtype=dtype), np.array([info.min, info.max, 7, 0], dtype)])
        b = np.concatenate([R.integers(max(info.min, -9), 9, 40, dtype=dtype), np.array([info.max if info.min == 0 else -1, 3, 0, 2], dtype)])
        with np.errstate(all="ignore"):
            guarded = np.where(b == 0, 1, b).astype(dtype)
            quotient = np.array([int(abs(int(u)) // abs(int(v))) * (1 if (int(u) < 0) == (int(v) < 0) else -1) for u, v in zip(a, guarded)], object)
            quotient = np.array([int(z) & ((1 << info.bits) - 1) for z in quotient], np.uint64).astype(dtype)
            remainder = np.where((guarded == -1) if info.min else False, 0, np.mod(a, np.where(guarded == info.max + 1, 1, guarded)))
            case(f"div {a.dtype}", "ingot.binary div %0, %1 : $0, $1 -> $r0", [a, b], np.where(b == 0, 0, quotient).astype(dtype))
            case(f"mod {a.dtype}", "ingot.binary mod %0, %1 : $0, $1 -> $r0", [a, b], np.where(b == 0, 0, remainder).astype(dtype))
            case(f"mul {a.dtype}", "ingot.binary mul %0, %1 : $0, $1 -> $r0", [a, b], a * b)
            case(f"max {a.dtype}", "ingot.binary max %0, %1 : $0, $1 -> $r0", [a, b], np.maximum(a, b))
            e = (np.abs(b.astype(np.int64)) % 6).astype(dtype)
            case(f"pow {a.dtype}", "ingot.binary pow %0, %1 : $0, $1 -> $r0", [a, e], np.power(a, e))
            case(f"lt {a.dtype}", "ingot.compare lt %0, %1 : $0, $1 -> $r0", [a, b], a < b)
    u = R.integers(0, 255, 20, dtype=np.uint8)
    s = np.arange(20, dtype=np.uint8) % 11
    case("shl", "ingot.binary shl %0, %1 : $0, $1 -> $r0", [u, s], (u.astype(np.uint32) << s).astype(np.uint8))
    case("shr", "ingot.binary shr %0, %1 : $0, $1 -> $r0", [u, s], (u.astype(np.uint32) >> s).astype(np.uint8))
    y = R.permutation(x)
    for predicate, value in {"eq": x == y, "ne": x != y, "lt": x < y, "le": x <= y, "gt": x > y, "ge": x >= y}.items():
        case(f"compare {predicate}", f"ingot.compare {predicate} %0, %1 : $0, $1 -> $r0", [x, y], value)
    condition = R.random((3, 1)) < 0.5
    p, q = f32(4), f32(1)
    case("select", "ingot.select %0, %1, %2 : $0, $1, $2 -> $r0", [condition, p, q], np.where(condition, p, q))
    case("broadcast", "ingot.broadcast %0 : $0 -> $r0", [f := f32(3, 1)], np.broadcast_to(f, (2, 3, 4)))
    values = np.concatenate([f32(20, low=-100, high=100), np.array([0.0, 300.0, -300.0, 1e20, -1e20, np.nan, np.inf], np.float32)])
    for dtype in (np.int8, np.int32, np.int64, np.uint8, np.uint32):
        info = np.iinfo(dtype)
        nan = info.min if dtype in (np.int32, np.int64) else 0  # no valid index
        clamped = np.array(
            [nan if np.isnan(v) else max(info.min, min(info.max, int(np.trunc(v)) if np.isfinite(v) else int(np.sign(v)) * 2**70)) for v in values],
            dtype,
        )
        case(f"cast f32 {np.dtype(dtype)}", f"ingot.cast %0 to {TYPES[np.dtype(dtype).name]} : $0 -> $r0", [values], clamped)
    plain = R.integers(-100, 100, 30)
    for source in (np.int64, np.uint8, np.bool_, np.float16, ml_dtypes.bfloat16, np.float32, np.float64):
        for target in (np.int16, np.int64, np.bool_, np.float16, ml_dtypes.bfloat16, np.float32, np.float64):
            v = (np.abs(plain) if source == np.uint8 else plain).astype(source)
            if v.dtype.kind == "f" and v.dtype.itemsize > 2:
                v = v + np.array(0.3337, v.dtype)
            if v.dtype != target:
                case(
                    f"cast {v.dtype} {np.dtype(target)}", f"ingot.cast %0 to {TYPES[np.dtype(target).name]} : $0 -> $r0", [v], v.astype(target), 1e-9
                )
    every = np.arange(256, dtype=np.uint8)  # with the smallest numbers, zeros, infinities and NaNs
    for dtype, element in ((ml_dtypes.float8_e4m3fn, "f8E4M3FN"), (ml_dtypes.float8_e5m2, "f8E5M2")):
        narrow = f"tensor<256x{element}>"
        bits = "%bits_" + element.lower()
        text = f"{bits} = ingot.bitcast %0 to {element} : $0 -> {narrow}\ningot.cast {bits} to f32 : {narrow} -> $r0"
        case(f"every {element}", text, [every], every.view(dtype).astype(np.float32), 0.0)
    case("cast f32 bf16 special", "ingot.cast %0 to bf16 : $0 -> $r0", [x], x.astype(ml_dtypes.bfloat16), 0.0)


#===-- Layout -----------------------------------------------------------------------------------------------------------------------------===#


def blocks_of_bits():
    """Weights of 4 bits: 40 columns of 45 elements in blocks of 16, packed by numpy."""
    def pack_blocks(q):
        padded = np.zeros((48, 48), np.uint8)
        padded[:40, :45] = q
        chunks = padded.reshape(3, 16, 3, 2, 2, 4)  # panel, column, block, chunk, half, row
        return np.ascontiguousarray((chunks[..., 0, :] | chunks[..., 1, :] << 4).transpose(0, 2, 3, 1, 4)).reshape(3, 3, 128)

    def panels(matrix):
        return np.ascontiguousarray(np.pad(matrix, ((0, 8), (0, 0))).reshape(3, 16, 3).transpose(0, 2, 1))

    q = R.integers(0, 16, (40, 45)).astype(np.uint8)
    case("pack_blocks ui8", "ingot.pack_blocks %0 block 16 : $0 -> $r0", [q], pack_blocks(q))
    case("pack_blocks i8", "ingot.pack_blocks %0 block 16 : $0 -> $r0", [(q.astype(np.int64) - 8).astype(np.int8)], pack_blocks(q))
    x, scales, points = f32(2, 3, 45), f32(40, 3), R.integers(0, 16, (40, 3)).astype(np.uint8)
    spread = lambda matrix: np.repeat(matrix, 16, axis=1)[:, :45].astype(np.float64)
    each = np.pad(x, ((0, 0), (0, 0), (0, 3))).reshape(2, 3, 3, 16)
    largest = np.abs(each).max(-1, keepdims=True)
    bytes_ = (np.rint(each * (np.float32(127) / largest)) * (largest * np.float32(1 / 127)).astype(np.float64)).reshape(2, 3, 48)[..., :45]
    for bytes, left in ((4, x), (1, bytes_)):
        words = f"block 16 columns 40 bytes {bytes}"
        case(f"block_matmul {bytes}", f"ingot.block_matmul %0, %1 scales %2 {words} : ($0, $1, $2) -> $r0", [x, pack_blocks(q), panels(scales)],
             (left @ ((q.astype(np.float64) - 8) * spread(scales)).T).astype(np.float32))
        case(f"block_matmul {bytes} points", f"ingot.block_matmul %0, %1 scales %2 points %3 {words} : ($0, $1, $2, $3) -> $r0",
             [x, pack_blocks(q), panels(scales), panels(points)], (left @ ((q - spread(points)) * spread(scales)).T).astype(np.float32), 3e-5)


def zero_blocks():
    """Packed weights of which every third block is not zero, and one panel has none; room for five more."""
    w = f32(4, 21, 16) * (np.arange(84).reshape(4, 21, 1) % 3 == 0)
    w[2] = -0.0
    steps = [np.flatnonzero((panel != 0).any(1)) for panel in w]
    starts = np.cumsum([0, *map(len, steps)])
    places = np.concatenate([starts, *steps, np.zeros(5)]).astype(np.int32)
    blocks = np.concatenate([*[panel[own] for panel, own in zip(w, steps)], np.zeros((5, 16))]).astype(np.float32)
    case("sparse_places", f"ingot.sparse_places %0 blocks {len(blocks)} : $0 -> $r0", [w.astype(np.float32)], places)
    case("sparse_blocks", "ingot.sparse_blocks %0, %1 : $0, $1 -> $r0", [w.astype(np.float32), places], blocks)
    x = f32(2, 3, 21)
    dense = w.transpose(1, 0, 2).reshape(21, 64)[:, :60]
    product = "ingot.sparse_matmul %0, %1 places %2 columns {} : ($0, $1, $2) -> $r0"
    case("sparse_matmul", product.format(60), [x, blocks, places], (x @ dense).astype(np.float32))
    left, right = R.integers(0, 256, (3, 22)).astype(np.uint8), R.integers(-128, 128, (2, 6, 64)).astype(np.int8)
    all_places = np.array([0, 6, 12, *range(6), *range(6)], np.int32)
    rows = right.reshape(2, 6, 16, 4).transpose(1, 3, 0, 2).reshape(24, 32)[:22].astype(np.int32)
    case("sparse_matmul bytes", product.format(32), [left, right.reshape(12, 64), all_places], left.astype(np.int32) @ rows)


def pairs_of_four():
    """Packed weights of which two of four, one or none are not zero."""
    w = f32(3, 64, 16) * (R.random((3, 16, 4, 16)).argsort(2) < R.integers(0, 3, (3, 16, 1, 16))).reshape(3, 64, 16)
    groups = w.reshape(3, 16, 4, 16)
    rows = np.argsort(groups == 0, axis=2, kind="stable")[:, :, :2]
    values = np.take_along_axis(groups, rows, 2)
    rows = np.where(values != 0, rows, 0).astype(np.uint32)
    shifts = 4 * np.arange(8, dtype=np.uint32)[:, None] + 2 * np.arange(2, dtype=np.uint32)
    places = (rows.reshape(3, 2, 8, 2, 16) << shifts[..., None]).sum((2, 3), dtype=np.uint32).view(np.int32)
    values = values.reshape(3, 32, 16).astype(np.float32)
    case("pair_places", "ingot.pair_places %0 : $0 -> $r0", [w.astype(np.float32)], places)
    case("pair_values", "ingot.pair_values %0 : $0 -> $r0", [w.astype(np.float32)], values)
    x, dense = f32(2, 3, 64), w.transpose(1, 0, 2).reshape(64, 48)[:, :40]
    case("pair_matmul", "ingot.pair_matmul %0, %1 places %2 columns 40 : ($0, $1, $2) -> $r0", [x, values, places], (x @ dense).astype(np.float32))


def layout():
    x = f32(2, 3, 4, 5)
    case("reshape", "ingot.reshape %0 : $0 -> $r0", [x], x.reshape(6, 20))
    case("reshape scalar", "ingot.reshape %0 : $0 -> $r0", [v := f32(1, 1)], v.reshape(()))
    case("transpose", "ingot.transpose %0 [2, 0, 3, 1] : $0 -> $r0", [x], x.transpose(2, 0, 3, 1))
    case("slice", "ingot.slice %0 [1, 2, 0, 4] [1, 2, 2, 3] [1, -1, 2, -2] : $0 -> $r0", [x], x[1:2, 2:0:-1, 0:4:2, 4::-2])
    y = f32(2, 2, 4, 5)
    case("concat 1", "ingot.concat %0, %1 axis 1 : ($0, $1) -> $r0", [x, y], np.concatenate([x, y], 1))
    z = f32(3, 3, 4, 5)
    case("concat 0", "ingot.concat %0, %1 axis 0 : ($0, $1) -> $r0", [x, z], np.concatenate([x, z], 0))
    case("concat empty", "ingot.concat %0, %1 axis 0 : ($0, $1) -> $r0", [v := f32(0, 3), w := f32(2, 3)], w)
    pads = [(1, 0), (2, 1), (0, 0), (3, 2)]
    low, high = [p[0] for p in pads], [p[1] for p in pads]
    case(
        "pad constant",
        f"ingot.pad constant %0 low {low} high {high} value dense<7.0> : tensor<f32> : $0 -> $r0",
        [x],
        np.pad(x, pads, constant_values=7),
    )
    for mode in ("edge", "reflect", "wrap"):
        case(f"pad {mode}", f"ingot.pad {mode} %0 low {low} high {high} value dense<0.0> : tensor<f32> : $0 -> $r0", [x],
             np.pad(x, pads, mode=mode) if mode != "wrap" else np.pad(x, pads, mode="wrap"))
    case(
        "pad empty",
        "ingot.pad constant %0 low [1, 0] high [1, 0] value dense<3> : tensor<i64> : $0 -> $r0",
        [np.zeros((0, 2), np.int64)],
        np.full((2, 2), 3),
    )
    m = f32(7, 21)
    packed = np.zeros((2, 7, 16), np.float32)
    for j in range(21):
        packed[j // 16, :, j % 16] = m[:, j]
    case("pack", "ingot.pack %0 : $0 -> $r0", [m], packed)
    blocks_of_bits()
    zero_blocks()
    pairs_of_four()
    stored = R.integers(0, 256, (3, 5)).astype(np.uint8)
    for bits in (2, 4):
        each = np.stack([stored >> s & (1 << bits) - 1 for s in range(0, 8, bits)], -1).reshape(3, -1).astype(np.uint8)
        signed = each.astype(np.int8) - ((each >> bits - 1) << bits).astype(np.int8)
        case(f"unpack_bits {bits} ui8", f"ingot.unpack_bits %0 bits {bits} to ui8 : $0 -> $r0", [stored], each)
        case(f"unpack_bits {bits} i8", f"ingot.unpack_bits %0 bits {bits} to i8 : $0 -> $r0", [stored], signed)
        case(f"unpack_bits {bits} vector", f"ingot.unpack_bits %0 bits {bits} to i8 : $0 -> $r0", [stored[0]], signed[0])
    a = f32(5, 7)
    case("packed_matmul", "ingot.packed_matmul %0, %1 : $0, $1 -> $r0", [a, packed], a @ m)
    flags = R.random((3, 4)) < 0.5
    case("transpose i1", "ingot.transpose %0 [1, 0] : $0 -> $r0", [flags], flags.T)


#===-- Contractions -----------------------------------------------------------------------------------------------------------------------===#

def contractions():
    for dtype, tolerance in ((np.float32, 1e-5), (np.float64, 1e-12), (np.float16, 3e-3), (ml_dtypes.bfloat16, 2e-2), (np.int32, 0)):
        def make(*shape):
            return R.integers(-9, 9, shape).astype(dtype) if dtype == np.int32 else f32(*shape).astype(dtype)
        a, b = make(2, 1, 5, 19), make(3, 19, 300)
        name = np.dtype(dtype).name
        case(f"matmul {name}", "ingot.matmul %0, %1 : $0, $1 -> $r0", [a, b], (wide(a) @ wide(b)).astype(dtype), tolerance)
        at, bt = np.ascontiguousarray(np.swapaxes(a, -1, -2)), np.ascontiguousarray(np.swapaxes(b, -1, -2))
        case(
            f"matmul tt {name}",
            "ingot.matmul %0, %1 {transpose_lhs, transpose_rhs} : $0, $1 -> $r0",
            [at, bt],
            (wide(a) @ wide(b)).astype(dtype),
            tolerance,
        )
        case(f"matmul nt {name}", "ingot.matmul %0, %1 {transpose_rhs} : $0, $1 -> $r0", [a, bt], (wide(a) @ wide(b)).astype(dtype), tolerance)
    case(
        "matmul k=0",
        "ingot.matmul %0, %1 {transpose_lhs} : $0, $1 -> $r0",
        [np.zeros((0, 2), np.float32), np.zeros((0, 3), np.float32)],
        np.zeros((2, 3), np.float32),
    )

    def conv(x, w, kernel, strides, pads, dilations, groups):
        spatial = len(kernel)
        text = (
            f"ingot.conv %0, %1 channels_first kernel {kernel} strides {strides} pads {pads} dilations {dilations} "
            f"groups {groups} channels {w.shape[0]}"
            " : $0, $1 -> $r0"
        )
        y = reference("Conv", [x, w], strides=strides, pads=pads, dilations=dilations, group=groups, runtime=True)[0]
        case(f"conv {spatial}d k{kernel} s{strides} g{groups}", text, [x, w], y)
    conv(f32(2, 6, 9, 11), f32(8, 3, 3, 3), [3, 3], [2, 1], [1, 0, 2, 1], [1, 2], 2)
    conv(f32(1, 4, 7, 7), f32(4, 1, 3, 3), [3, 3], [1, 1], [1, 1, 1, 1], [1, 1], 4)
    conv(f32(1, 3, 700), f32(5, 3, 9), [9], [2], [4, 3], [1], 1)
    conv(f32(1, 2, 4, 5, 6), f32(2, 2, 2, 3, 3), [2, 3, 3], [1, 2, 1], [0, 1, 1, 1, 1, 1], [1, 1, 1], 1)

    x, w = f32(1, 6, 6, 5), f32(4, 3, 3, 2)
    y = reference("Conv", [x, w], group=2, runtime=True)[0]
    packed = np.zeros((2, 1, 18, 16), np.float32)
    for o in range(4):
        packed[o // 2, 0, :, o % 2] = w[o].transpose(1, 2, 0).reshape(-1)
    case(
        "conv last",
        "ingot.conv %0, %1 channels_last kernel [3, 2] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 2 channels 4 : $0, $1 -> $r0",
        [np.ascontiguousarray(x.transpose(0, 2, 3, 1)), packed],
        y.transpose(0, 2, 3, 1),
    )
    x, w = f32(1, 20, 6, 5), f32(20, 1, 3, 3)
    y = reference("Conv", [x, w], group=20, strides=[1, 2], pads=[1, 1, 1, 1], runtime=True)[0]
    packed = np.zeros((2, 9, 16), np.float32)
    for c in range(20):
        packed[c // 16, :, c % 16] = w[c, 0].reshape(-1)
    case("conv last depthwise",
         "ingot.conv %0, %1 channels_last kernel [3, 3] strides [1, 2] pads [1, 1, 1, 1] dilations [1, 1] groups 20 channels 20 : $0, $1 -> $r0",
         [np.ascontiguousarray(x.transpose(0, 2, 3, 1)), packed], y.transpose(0, 2, 3, 1))

    def conv_transpose(x, w, strides, pads, dilations, groups):
        y = reference("ConvTranspose", [x, w], strides=strides, pads=pads, dilations=dilations, group=groups, runtime=True)[0]
        case(f"conv_transpose {x.ndim - 2}d s{strides} d{dilations}",
             f"ingot.conv_transpose %0, %1 strides {strides} pads {pads} dilations {dilations} groups {groups} : $0, $1 -> $r0", [x, w], y)
    conv_transpose(f32(1, 4, 5, 6), f32(4, 3, 2, 2), [2, 2], [0, 0, 0, 0], [1, 1], 1)
    conv_transpose(f32(2, 4, 5, 6), f32(4, 3, 3, 4), [2, 3], [1, 0, 2, 1], [2, 1], 2)
    conv_transpose(f32(1, 2, 300), f32(2, 3, 5), [3], [1, 2], [1], 1)


#===-- Windows and rows -------------------------------------------------------------------------------------------------------------------===#

def rows():
    x = f32(2, 3, 8, 9)
    text = "ingot.pool {kind} %0 channels_first kernel [3, 2] strides [2, 1] pads [1, 1, 1, 0] dilations [1, 2] "
    text += "count_pads [1, 1, 1, 0] {more} : $0 -> $r0"
    common = dict(kernel_shape=[3, 2], strides=[2, 1], pads=[1, 1, 1, 0], dilations=[1, 2])
    y, i = reference("MaxPool", [x], 2, runtime=True, **common)
    case("pool max", text.format(kind="max", more=""), [x], y)
    case("max_pool_indices", "ingot.max_pool_indices %0 kernel [3, 2] strides [2, 1] pads [1, 1, 1, 0] dilations [1, 2] : $0 -> $r0", [x], i)
    i = reference("MaxPool", [x], 2, runtime=True, storage_order=1, **common)[1]
    case(
        "max_pool_indices column",
        "ingot.max_pool_indices %0 kernel [3, 2] strides [2, 1] pads [1, 1, 1, 0] dilations [1, 2] {column_major} : $0 -> $r0",
        [x],
        i,
    )
    case("pool average", text.format(kind="average", more=""), [x], reference("AveragePool", [x], runtime=True, **common)[0])
    case("pool average pads", text.format(kind="average", more="{count_include_pad}"), [x],
         reference("AveragePool", [x], runtime=True, count_include_pad=1, **common)[0])
    case("pool lp", text.format(kind="lp", more="{p = 3 : i64}"), [x], reference("LpPool", [x], runtime=True, p=3, **common)[0])
    u = R.integers(0, 255, (1, 1, 6, 6), dtype=np.uint8)
    case(
        "pool ui8",
        "ingot.pool max %0 channels_first kernel [2, 2] strides [2, 2] pads [0, 0, 0, 0] dilations [1, 1] count_pads [0, 0, 0, 0] : $0 -> $r0",
        [u],
        u.reshape(1, 1, 3, 2, 3, 2).max((3, 5)),
    )
    for kind, function in {"sum": np.sum, "mean": np.mean, "max": np.max, "min": np.min, "prod": np.prod}.items():
        case(f"reduce {kind}", f"ingot.reduce {kind} %0 axes [1, 3] {{keep_dims}} : $0 -> $r0", [x], function(x, axis=(1, 3), keepdims=True))
        case(f"reduce {kind} drop", f"ingot.reduce {kind} %0 axes [0, 2] : $0 -> $r0", [x], function(x, axis=(0, 2)))
        h = x.astype(np.float16)
        case(f"reduce {kind} f16", f"ingot.reduce {kind} %0 axes [2] : $0 -> $r0", [h], function(wide(h), axis=2).astype(np.float16), 2e-3)
        u = R.integers(0, 200, (4, 6), dtype=np.uint8)
        expected = u.astype(np.int64).sum(1) // 6 if kind == "mean" else function(u, axis=1)
        case(f"reduce {kind} ui8", f"ingot.reduce {kind} %0 axes [1] : $0 -> $r0", [u], expected.astype(np.uint8))
    case("reduce all", "ingot.reduce sum %0 axes [0, 1, 2, 3] : $0 -> $r0", [x], x.sum())
    case("reduce empty", "ingot.reduce max %0 axes [0] : $0 -> $r0", [np.zeros((0, 2), np.float32)], np.full(2, -np.inf, np.float32))
    flags = R.random((5, 3)) < 0.3
    case("reduce any", "ingot.reduce max %0 axes [1] : $0 -> $r0", [flags], flags.any(1))
    case("reduce all i1", "ingot.reduce min %0 axes [1] : $0 -> $r0", [flags], flags.all(1))
    q = R.integers(0, 4, (3, 8, 5)).astype(np.float32)
    case("arg max", "ingot.arg_reduce max %0 axis 1 {keep_dims} : $0 -> $r0", [q], q.argmax(1)[:, None])
    case("arg min last", "ingot.arg_reduce min %0 axis 1 {select_last} : $0 -> $r0", [q], 7 - q[:, ::-1].argmin(1))
    e = np.exp(x.astype(np.float64) - x.max(1, keepdims=True))
    case("softmax", "ingot.norm softmax %0 axes [1] : $0 -> $r0", [x], (e / e.sum(1, keepdims=True)).astype(np.float32))
    case("log_softmax", "ingot.norm log_softmax %0 axes [1] : $0 -> $r0", [x], np.log(e / e.sum(1, keepdims=True)).astype(np.float32))
    standard = (x - x.mean((0, 2, 3), keepdims=True)) / np.sqrt(x.var((0, 2, 3), keepdims=True) + 1e-3)
    case("standardize", "ingot.norm standardize %0 axes [0, 2, 3] {epsilon = 1.0e-3 : f64} : $0 -> $r0", [x], standard)
    case("rms", "ingot.norm rms %0 axes [2, 3] {epsilon = 1.0e-3 : f64} : $0 -> $r0", [x], x / np.sqrt((x * x).mean((2, 3), keepdims=True) + 1e-3))
    case("softmax f16", "ingot.norm softmax %0 axes [1] : $0 -> $r0", [x.astype(np.float16)], (e / e.sum(1, keepdims=True)).astype(np.float16), 2e-3)
    for exclusive in (0, 1):
        for reverse in (0, 1):
            more = "{" + ", ".join(["exclusive"] * exclusive + ["reverse"] * reverse) + "}" if exclusive or reverse else ""
            y = reference("CumSum", [x, np.array(2)], exclusive=exclusive, reverse=reverse, runtime=True)[0]
            case(f"cumsum {more}", f"ingot.cumulative sum %0 axis 2 {more} : $0 -> $r0", [x], y)
    i = R.integers(1, 4, (2, 5))
    case("cumprod", "ingot.cumulative prod %0 axis 1 : $0 -> $r0", [i], np.cumprod(i, 1))
    for k, n in ((3, 20), (1, 5), (50, 120), (40, 40)):
        for largest in (True, False):
            v = R.integers(0, 30, (2, n, 3)).astype(np.float32)
            order = np.argsort(-v if largest else v, axis=1, kind="stable")[:, :k]
            case(f"top_k {k} of {n} {largest}", f"ingot.top_k %0 k {k} axis 1 {'{largest}' if largest else ''} : $0 -> $r0, $r1", [v],
                 [np.take_along_axis(v, order, 1), order])
    v = np.array([[np.nan, 1, 5, -np.inf]], np.float32)
    case("top_k nan", "ingot.top_k %0 k 3 axis 1 {largest} : $0 -> $r0, $r1", [v], [np.array([[np.nan, 5, 1]], np.float32), np.array([[0, 2, 1]])])
    u = R.integers(0, 255, (50,), dtype=np.uint8)
    order = np.argsort(-u.astype(int), kind="stable")
    case("top_k ui8", "ingot.top_k %0 k 50 axis 0 {largest} : $0 -> $r0, $r1", [u], [u[order], order])


#===-- Indexing ---------------------------------------------------------------------------------------------------------------------------===#

def indexing():
    x = f32(4, 5, 6)
    i = R.integers(-5, 5, (2, 3))
    case("gather", "ingot.gather %0, %1 axis 1 : $0, $1 -> $r0", [x, i], np.take(x, i, 1))
    case("gather scalar", "ingot.gather %0, %1 axis 2 : $0, $1 -> $r0", [x, np.array(3, np.int32)], x[:, :, 3])
    case("gather outside", "ingot.gather %0, %1 axis 0 : $0, $1 -> $r0", [x, np.array([99, -99, 2])], x[[0, 0, 2]])
    i = R.integers(-5, 5, (4, 3, 6))
    case("gather_elements", "ingot.gather_elements %0, %1 axis 1 : $0, $1 -> $r0", [x, i], np.take_along_axis(x, i % 5, 1))
    i = np.stack([R.integers(-4, 4, (3, 2)), R.integers(0, 5, (3, 2))], -1)
    case("gather_nd", "ingot.gather_nd %0, %1 batch_dims 0 : $0, $1 -> $r0", [x, i], reference("GatherND", [x, i])[0])
    i = R.integers(0, 5, (4, 2, 1))
    case("gather_nd batch", "ingot.gather_nd %0, %1 batch_dims 1 : $0, $1 -> $r0", [x, i], reference("GatherND", [x, i], batch_dims=1)[0])
    names = {"assign": "none", "add": "add", "mul": "mul", "max": "max", "min": "min"}
    for kind, reduction in names.items():
        i = (
            np.stack([R.permutation(5)[:3] for _ in range(18)]).reshape(3, 6, 3).transpose(0, 2, 1)
            if kind == "assign"
            else R.integers(-5, 5, (3, 3, 6))
        )
        u = f32(3, 3, 6)
        y = reference("ScatterElements", [x, i, u], axis=1, reduction=reduction, runtime=True)[0]
        case(f"scatter_elements {kind}", f"ingot.scatter_elements {kind} %0, %1, %2 axis 1 : $0, $1, $2 -> $r0", [x, i, u], y)
        i = R.permutation(4)[:3, None] if kind == "assign" else R.integers(-4, 4, (3, 1))
        u = f32(3, 5, 6)
        y = reference("ScatterND", [x, i, u], reduction=reduction, runtime=True)[0]
        case(f"scatter_nd {kind}", f"ingot.scatter_nd {kind} %0, %1, %2 : $0, $1, $2 -> $r0", [x, i, u], y)


#===-- Resize -----------------------------------------------------------------------------------------------------------------------------===#

def resize():
    x = f32(1, 2, 5, 6)
    text = "ingot.resize {mode} %0 scales [1.0, 1.0, {s0!r}, {s1!r}] \"{coordinates}\" \"{rounding}\" {more} : $0 -> $r0"

    def one(mode, s0, s1, coordinates="half_pixel", rounding="round_prefer_floor", more="", roi=None, **attributes):
        scales = np.array([1, 1, s0, s1], np.float32)
        inputs = [x, np.array(roi, np.float32) if roi else None, scales]
        y = reference("Resize", inputs, mode=mode, coordinate_transformation_mode=coordinates, nearest_mode=rounding, opset=19, **attributes)[0]
        filled = text.format(mode=mode, s0=float(scales[2]), s1=float(scales[3]), coordinates=coordinates, rounding=rounding, more=more)
        case(f"resize {mode} {s0} {s1} {coordinates} {rounding} {more}", filled, [x], y)
    for coordinates in ("half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric"):
        for mode in ("nearest", "linear", "cubic"):
            one(mode, 1.7, 2.0, coordinates)
            one(mode, 0.7, 0.5, coordinates)
    for rounding in ("round_prefer_ceil", "floor", "ceil"):
        one("nearest", 2.0, 0.6, "asymmetric", rounding)
    for mode in ("linear", "cubic"):
        one(mode, 0.4, 0.8, more="{antialias}", antialias=1)
        one(mode, 2.0, 0.8, more="{antialias}", antialias=1)
        one(mode, 0.4, 2.3, more="{exclude_outside}", exclude_outside=1)
    one("cubic", 2.0, 2.0, more="{cubic_coefficient = -0.5 : f64}", cubic_coeff_a=-0.5)
    roi = [0, 0, 0.2, -0.1, 1, 1, 0.8, 1.2]
    for mode in ("nearest", "linear"):
        one(
            mode,
            1.6,
            1.5,
            "tf_crop_and_resize",
            more=f"{{extrapolation = 10.0 : f64, roi = array<f64: {', '.join(map(str, map(float, roi)))}>}}",
            roi=roi,
            extrapolation_value=10.0,
        )


#===-- Recurrent --------------------------------------------------------------------------------------------------------------------------===#

def recurrent():
    steps, batch, size, hidden = 5, 3, 7, 9

    def one(kind, op, gates, names, more="", lengths=None, direction="forward", h=hidden, dtype=np.float32, **attributes):
        lstm = kind == "lstm"
        x, w, r = f32(steps, batch, size), f32(gates * h, size), f32(gates * h, h)
        bias, h0, c0, p = f32(2 * gates * h), f32(batch, h), f32(batch, h), f32(3 * h)
        own = np.array(lengths if lengths else [steps] * batch, np.int32)
        inputs = [x, w[None], r[None], bias[None], own, h0[None]] + ([c0[None], p[None]] if lstm else [])
        outputs = reference(op, inputs, 3 if lstm else 2, runtime=True, hidden_size=h, direction=direction, **attributes)
        expected = [outputs[0][:, 0], outputs[1][0], outputs[2][0] if lstm else np.zeros(0, np.float32)]
        empty = np.zeros(0, np.float32)
        text = (
            f"ingot.recurrent {kind} (%0, %1, %2, %3, %4, %5, %6, %7) [{', '.join(chr(34) + n + chr(34) for n in names)}] alphas [] betas [] {more}"
            " : ($0, $1, $2, $3, $4, $5, $6, $7) -> ($r0, $r1, $r2)"
        )
        case(f"{op} {more} {lengths} {h}", text, [x, w, r, bias, h0, c0 if lstm else empty.reshape(0), p if lstm else empty, own], expected, 2e-5)
    one("lstm", "LSTM", 4, ["Sigmoid", "Tanh", "Tanh"])
    one("lstm", "LSTM", 4, ["Sigmoid", "Tanh", "Tanh"], "{reverse}", [5, 2, 3], "reverse")
    one("lstm", "LSTM", 4, ["Sigmoid", "Tanh", "Tanh"], "{clip = 0.3 : f64}", clip=0.3)
    one("lstm", "LSTM", 4, ["Sigmoid", "Tanh", "Tanh"], "{input_forget}", input_forget=1)
    one("gru", "GRU", 3, ["Sigmoid", "Tanh"], "", [5, 1, 3])
    one("gru", "GRU", 3, ["Sigmoid", "Tanh"], "{linear_before_reset}", linear_before_reset=1)
    one("rnn", "RNN", 1, ["Tanh"])
    one("rnn", "RNN", 1, ["Relu"], activations=["Relu"])


#===-- Running ----------------------------------------------------------------------------------------------------------------------------===#

def build(tools, folder, cases, level):
    arguments, lines, results, types = [], [], [], []
    for number, (_, text, inputs, expected, _) in enumerate(cases):
        own = {}
        for i, value in enumerate(inputs):
            own[str(i)] = f"%c{number}_{i}"
            arguments.append(f"%c{number}_{i}: {tensor_type(value)}")
        known = {**{f"{i}": tensor_type(e) for i, e in enumerate(inputs)}, **{f"r{i}": tensor_type(e) for i, e in enumerate(expected)}}
        filled = re.sub(r"\$(r?\d)", lambda m: known[m.group(1)], text)
        filled = re.sub(r"%(\d+)", lambda m: own[m.group(1)], filled).replace("%c,", f"%k{number},").replace("%c ", f"%k{number} ")
        *before, last = filled.split("\n")
        name = f"%r{number}"
        lines += before + [f"{name}{':' + str(len(expected)) if len(expected) > 1 else ''} = {last}"]
        results += [f"{name}#{i}" for i in range(len(expected))] if len(expected) > 1 else [name]
        types += [tensor_type(e) for e in expected]
    named = ", ".join(f'{t} {{ingot.name = "y{i}"}}' for i, t in enumerate(types))
    named_arguments = ", ".join(f'{a} {{ingot.name = "x{i}"}}' for i, a in enumerate(arguments))
    body = "\n  ".join(lines)
    with open(f"{folder}/cases.mlir", "w") as file:
        file.write(f"func.func @main({named_arguments}) -> ({named}) {{\n  {body}\n  return {', '.join(results)} : {', '.join(types)}\n}}\n")
    llvm = os.environ.get("INGOT_LLVM_BIN", "/usr/lib/llvm-22/bin")
    stages = [f"--ingot-stage-{stage}{'' if level == '-O3' else level}" for stage in ("region", "plan", "kernel")]
    with open(f"{folder}/kernel.mlir", "w") as file:
        subprocess.run([f"{tools}/ingot-opt", *stages, f"{folder}/cases.mlir"], check=True, stdout=file)
    subprocess.run([f"{tools}/ingot-opt", "--ingot-stage-llvm", f"{folder}/kernel.mlir", "-o", f"{folder}/llvm.mlir"], check=True)
    subprocess.run([f"{llvm}/mlir-translate", "--mlir-to-llvmir", f"{folder}/llvm.mlir", "-o", f"{folder}/cases.ll"], check=True)
    with open(f"{folder}/barrier.c", "w") as file:
        file.write("int ingot_team_barrier(void *team) { return team != 0; }\n")  # of one thread, which waits for nobody
    subprocess.run(
        [
            f"{llvm}/clang",
            "-x",
            "ir",
            "-O2",
            "-march=native",
            "-shared",
            "-fPIC",
            "-Wno-override-module",
            f"{folder}/cases.ll",
            "-x",
            "c",
            f"{folder}/barrier.c",
            "-o",
            f"{folder}/cases.so",
            "-lm",
        ],
        check=True,
    )
    with open(f"{folder}/kernel.mlir") as file:
        header = file.read()
    arena = int(re.search(r"memref<(\d+)xi8> \{ingot\.arena\}", header).group(1))
    symbol = re.search(r"llvm\.func @(\w+)\(%arg0: !llvm\.ptr, %arg1: i64, %arg2: i64\)", open(f"{folder}/llvm.mlir").read()).group(1)
    return getattr(ctypes.CDLL(f"{folder}/cases.so"), symbol), arena


def call(function, arena_bytes, inputs, outputs):
    def aligned(size):
        raw = np.zeros(size + 128, np.uint8)
        return raw[(-raw.ctypes.data) % 64:]
    keep = [np.ascontiguousarray(i) for i in inputs]
    arena = aligned(arena_bytes)
    arena[:] = 0xCD
    pointers = lambda arrays: (ctypes.c_void_p * len(arrays))(*[a.ctypes.data for a in arrays])
    record = (ctypes.c_void_p * 6)(
        None, arena.ctypes.data, ctypes.cast(i := pointers(keep), ctypes.c_void_p), ctypes.cast(o := pointers(outputs), ctypes.c_void_p)
    )
    function.argtypes = [ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64]
    function(ctypes.cast(record, ctypes.c_void_p), 0, 1)
    del i, o


def close(actual, expected, tolerance):
    if expected.dtype.kind in "iub":
        return np.array_equal(actual, expected)
    a, e = actual.astype(np.float64), expected.astype(np.float64)
    same = (a == e) | (np.isnan(a) & np.isnan(e))
    with np.errstate(invalid="ignore"):
        return bool(np.all(same | (np.abs(a - e) <= tolerance * np.maximum(1.0, np.abs(e)))))


def main():
    np.seterr(all="ignore")
    for family in (elementwise, layout, contractions, rows, indexing, resize, recurrent):
        family()
    level = "-O3" if "-O3" in sys.argv else "-O0"
    arguments = [a for a in sys.argv[1:] if a != level]
    cases = [c for c in CASES if len(arguments) < 2 or arguments[1] in c[0]]
    with tempfile.TemporaryDirectory() as folder:
        folder = os.environ.get("INGOT_KEEP", folder)
        function, arena = build(arguments[0], folder, cases, level)
        outputs = [[np.full(e.size * e.itemsize + 64, 0xAB, np.uint8) for e in c[3]] for c in cases]
        call(function, arena, [i for c in cases for i in c[2]], [o for group in outputs for o in group])
    failed = 0
    for (name, _, _, expected, tolerance), group in zip(cases, outputs):
        for raw, e in zip(group, expected):
            bytes_ = e.size * e.itemsize
            actual = raw[:bytes_].view(e.dtype).reshape(e.shape)
            if not close(actual, e, tolerance) or np.any(raw[bytes_:] != 0xAB):
                failed += 1
                print(f"FAIL {name}: expected\n{e.ravel()[:24]}\nactual\n{actual.ravel()[:24]}")
                break
    print(f"{len(cases) - failed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
