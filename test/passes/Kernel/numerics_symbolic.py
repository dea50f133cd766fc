# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Numbers of the family `plain` where shapes depend on symbols: every operation is compiled once and called with many values of the symbols.

Usage: numerics_symbolic.py <folder of ingot-opt> [<part of a case's name>]

Dims are written in the symbols a and b: "a 3 b+2". Buffers have gaps between their rows in every second case. Tensors without elements lie where
nothing may be read or written: whoever does is killed.
"""
import ctypes
import mmap
import os
import re
import subprocess
import sys
import tempfile

import ml_dtypes
import numpy as np

from numerics_plain import R, TYPES, close, f32, reference, wide
from planned_regions import CPU, LLVM, kernel_stage, pack, pack_convolution, plan_stage, run

SYMBOLS = {"a": 33, "b": 17}  # the largest values
VALUES = [(1, 1), (2, 3), (5, 1), (1, 16), (7, 5), (16, 2), (17, 17), (33, 7)]
CASES = []
UNSPECIFIED = -77  # what integers are not compared with
FORBIDDEN = mmap.mmap(-1, 2 * mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=0)
NOWHERE = np.frombuffer(FORBIDDEN, np.uint8).ctypes.data + mmap.PAGESIZE  # neither before nor behind it


class Buffer:
    def __init__(self, spec, gap):
        self.element, *self.dims = spec.split()
        self.gap = gap if self.dims else 0
        rows = [f"({dim})" for dim in self.dims]
        if rows and gap:
            rows[-1] = f"({self.dims[-1]} + {gap})"
        self.strides = [" * ".join(rows[i + 1 :]) or "1" for i in range(len(rows))]
        self.storage = {"i1": "i8"}.get(self.element, self.element.replace("u", ""))
        self.dtype = np.dtype({v: k for k, v in TYPES.items()}[self.element]) if self.element != "bf16" else np.dtype(ml_dtypes.bfloat16)

    def shape(self, env):
        return tuple(eval(dim.replace("floordiv", "//"), {}, env) for dim in self.dims)

    def step(self, env):
        return [eval(stride.replace("floordiv", "//"), {}, env) for stride in self.strides]

    def extent(self, env):
        shape = self.shape(env)
        return 0 if 0 in shape else 1 + sum((size - 1) * stride for size, stride in zip(shape, self.step(env)))

    def is_symbolic(self):
        return bool(re.search(r"\b[ab]\b", " ".join(self.dims)))

    def tensor(self):
        if not self.is_symbolic():
            return "tensor<" + "".join(f"{d}x" for d in self.dims) + self.element + ">"
        sizes = "".join(("?" if re.search(r"\b[ab]\b", dim) else str(eval(dim))) + "x" for dim in self.dims)
        symbols = "a, b" if "b" in "".join(self.dims) else "a"  # no more than it needs
        return f"tensor<{sizes}{self.element}, #ingot.dims<()[{symbols}] -> ({', '.join(self.dims)})>>"

    def memref(self):
        if self.is_symbolic():
            return f"memref<{max(self.extent(SYMBOLS), 1)}x{self.storage}>"
        shape = "".join(f"{d}x" for d in self.dims)
        return f"memref<{shape}{self.storage}, strided<[{', '.join(str(s) for s in self.step({}))}]>>"

    def argument(self):
        return self.memref() if self.is_symbolic() else f"memref<{max(self.extent({}), 1)}x{self.storage}>"

    def strides_map(self):
        return f"affine_map<()[a, b] -> ({', '.join(self.strides)})>"

    def place(self, array, env):
        """The bytes of a buffer that holds `array`, and the array in it."""
        assert array.shape == self.shape(env) and array.dtype == self.dtype, (array.shape, self.shape(env), array.dtype, self.dtype)
        raw = np.full(self.extent(env) * array.itemsize + 64, 0xAB, np.uint8)
        view = np.lib.stride_tricks.as_strided(raw[: raw.size - 64].view(self.dtype), array.shape, [s * array.itemsize for s in self.step(env)])
        view[...] = array
        return raw, view


class Case:
    def __init__(self, name, text, inputs, outputs, compute, tolerance, scratch=()):
        gap = 3 if len(CASES) % 2 else 0
        self.name, self.text, self.compute, self.tolerance = name, text, compute, tolerance
        self.inputs, self.outputs = [Buffer(spec, gap) for spec in inputs], [Buffer(spec, gap) for spec in outputs]
        self.results = len(self.outputs)
        self.scratch = [Buffer(spec, 0) for spec in scratch]
        self.outputs += self.scratch

    def lines(self, number, first):
        buffers, lines, names = self.inputs + self.outputs, [], []
        for i, buffer in enumerate(buffers):
            names.append(f"%a{first + i}")
            if not buffer.is_symbolic() and buffer not in self.scratch:
                sizes, strides = [int(d) for d in buffer.dims], buffer.step({})
                lines.append(f"%v{first + i} = memref.reinterpret_cast {names[-1]} to offset: [0], sizes: {sizes}, strides: {strides}"
                             f" : {buffer.argument()} to {buffer.memref()}")
                names[-1] = f"%v{first + i}"
        count = len(self.inputs)
        known = {**{f"{i}": b.tensor() for i, b in enumerate(self.inputs)}, **{f"r{i}": b.tensor() for i, b in enumerate(self.outputs)}}
        text = re.sub(r"\$(r?\d)", lambda m: known[m.group(1)], self.text)
        text = re.sub(r"%(\d)", lambda m: f"%i{number}_{m.group(1)}", text)
        *before, last = text.split("\n")
        results = self.results
        yields = [f"%r#{i}" for i in range(results)] if results > 1 else ["%r"]
        types = [b.argument() if b in self.scratch else b.memref() for b in buffers]
        maps = ", ".join(b.strides_map() for b in buffers if b not in self.scratch)
        strides = f" strides [{maps}]" if any(b.is_symbolic() for b in buffers) else ""
        return lines + [
            f"ingot.region ins({', '.join(names[:count])}) outs({', '.join(names[count:])})"
            f"{strides} : ({', '.join(types)}) -> () {{",
            f"^bb0({', '.join(f'%i{number}_{i}: {b.tensor()}' for i, b in enumerate(self.inputs))}):",
            *before,
            f"%r{':' + str(results) if results > 1 else ''} = {last}",
            f"ingot.yield {', '.join(yields)} : {', '.join(b.tensor() for b in self.outputs[:results])}",
            "}",
        ]


def case(name, text, inputs, outputs, compute, tolerance=1e-5, scratch=()):
    """`text` as in numerics_plain.py; `inputs` and `outputs` are element types with dims; `compute(a, b)` gives the arrays of both. `scratch` are
    outputs that are no results."""
    CASES.append(Case(name, text, inputs, outputs, compute, tolerance, scratch))


def integers(low, high, *shape):
    return R.integers(low, high, shape)


#===-- Layout and elementwise -------------------------------------------------------------------------------------------------------------===#

def layout():
    def one(name, text, x, y, function):
        case(name, text, [f"f32 {x}"], [f"f32 {y}"], lambda a, b: (lambda v: ([v], [function(v, a, b)]))(f32(*Buffer(f"f32 {x}", 0).shape(locals()))))
    one("reshape", "ingot.reshape %0 : $0 -> $r0", "a 6 b", "a*2 3 b", lambda x, a, b: x.reshape(a * 2, 3, b))
    one("reshape gaps", "ingot.reshape %0 : $0 -> $r0", "a 6 b", "6 a b", lambda x, a, b: x.reshape(6, a, b))
    one("transpose", "ingot.transpose %0 [2, 0, 1] : $0 -> $r0", "a 5 b", "b a 5", lambda x, a, b: x.transpose(2, 0, 1))
    dynamic = -(2**63)
    one("slice", f"ingot.slice %0 [1, {dynamic}] [{dynamic}, 3] [1, -1] bounds affine_map<()[a, b] -> (1, b + 1, a, 3)> : $0 -> $r0",
        "a+1 b+2", "a 3", lambda x, a, b: x[1:, [b + 1, b, b - 1]])
    case("slice of numbers", f"ingot.slice %0 [{dynamic}] [2] [1] bounds affine_map<()[a, b] -> (a, 2)> : $0 -> $r0", ["f32 40"], ["f32 2"],
         lambda a, b: (lambda x: ([x], [x[a : a + 2]]))(f32(40)))
    case("symbols inside", "%t = ingot.broadcast %0 : $0 -> tensor<3x?xf32, #ingot.dims<()[a, b] -> (3, b)>>\n"
         "ingot.reduce sum %t axes [1] : tensor<3x?xf32, #ingot.dims<()[a, b] -> (3, b)>> -> $r0", ["f32 3 1"], ["f32 3"],
         lambda a, b: (lambda x: ([x], [x[:, 0] * b]))(f32(3, 1)))
    for mode, extra in (("constant", dict(constant_values=7)), ("edge", {}), ("reflect", {}), ("wrap", {})):
        one(f"pad {mode}", f"ingot.pad {mode} %0 low [1, 0, 2] high [3, 0, 1] value dense<7.0> : tensor<f32> : $0 -> $r0", "a 2 b", "a+4 2 b+3",
            lambda x, a, b, mode=mode, extra=extra: np.pad(x, [(1, 3), (0, 0), (2, 1)], mode=mode, **extra))
    one("pad nothing", "ingot.pad constant %0 low [1, 1] high [0, 0] value dense<7.0> : tensor<f32> : $0 -> $r0", "a b-1", "a+1 b",
        lambda x, a, b: np.pad(x, [(1, 0), (1, 0)], constant_values=7))
    for mode in ("edge", "reflect", "wrap"):  # b - 1 may be 0: then all of the result is the value
        for x, y, low in (("a b-1", "a b+2", [0, 2]), ("b-1 a", "b+1 a+3", [1, 2])):
            high = [low[0], 1]

            def border(x, a, b, mode=mode, low=low, high=high):
                return np.pad(x, list(zip(low, high)), **(dict(mode=mode) if x.size else dict(constant_values=7)))
            one(f"pad {mode} nothing {x}", f"ingot.pad {mode} %0 low {low} high {high} value dense<7.0> : tensor<f32> : $0 -> $r0", x, y, border)

    def panels(x):
        columns = x.shape[-1]
        padded = np.zeros((*x.shape[:-1], -(-columns // 16) * 16), np.float32)
        padded[..., :columns] = x
        return padded.reshape(*x.shape[:-1], -1, 16).swapaxes(-2, -3)
    one("pack", "ingot.pack %0 : $0 -> $r0", "a 3 b", "a (b+15)floordiv(16) 3 16", lambda x, a, b: panels(x))
    case("concat", "ingot.concat %0, %1, %2 axis 1 : ($0, $1, $2) -> $r0", ["f32 a b 3", "f32 a 2 3", "f32 a b*2 3"], ["f32 a b*3+2 3"],
         lambda a, b: (lambda v: (v, [np.concatenate(v, 1)]))([f32(a, b, 3), f32(a, 2, 3), f32(a, b * 2, 3)]))
    case("elementwise", "%s = ingot.binary add %0, %1 : $0, $1 -> $r0\n"
         "%t = ingot.broadcast %2 : $2 -> $r0\ningot.select %3, %s, %t : $3, $r0, $r0 -> $r0",
         ["f32 a 1 b", "f32 6 b", "f32 6 1", "i1 a 1 1"], ["f32 a 6 b"],
         lambda a, b: (lambda x, y, z, c: ([x, y, z, c], [np.where(c, x + y, z)]))(f32(a, 1, b), f32(6, b), f32(6, 1), integers(0, 2, a, 1, 1) == 1))


#===-- Contractions -----------------------------------------------------------------------------------------------------------------------===#

def contractions():
    def matmul(name, x, y, to, more="", left=lambda v: v, right=lambda v: v):
        def compute(a, b):
            p, q = (f32(*Buffer(f"f32 {spec}", 0).shape({"a": a, "b": b})) for spec in (x, y))
            return [np.ascontiguousarray(p), np.ascontiguousarray(q)], [left(p) @ right(q)]
        case(f"matmul {name}", f"ingot.matmul %0, %1 {more} : $0, $1 -> $r0", [f"f32 {x}", f"f32 {y}"], [f"f32 {to}"], compute)
    swap = lambda v: np.swapaxes(v, -1, -2)
    matmul("rows", "a 1 b 19", "3 19 300", "a 3 b 300")
    matmul("columns", "a 5 7", "a 7 b*16+3", "a 5 b*16+3")
    matmul("depth", "2 5 a*b", "a*b 20", "2 5 20")
    matmul("tt", "a b 5", "7 b", "a 5 7", "{transpose_lhs, transpose_rhs}", swap, swap)
    matmul("nt", "a b 9*a+1", "a b 9*a+1", "a b b", "{transpose_rhs}", right=swap)
    case("packed_matmul", "ingot.packed_matmul %0, %1 : $0, $1 -> $r0", ["f32 a b 7", "f32 2 7 16"], ["f32 a b 21"],
         lambda a, b: (lambda x, w: ([x, pack(w)], [x @ w]))(f32(a, b, 7), f32(7, 21)))

    def conv(name, x, w, to, strides, pads, dilations, groups):
        kernel = [int(d) for d in w.split()[2:]]
        text = (f"ingot.conv %0, %1 channels_first kernel {kernel} strides {strides} pads {pads} dilations {dilations} groups {groups} "
                f"channels {w.split()[0]} : $0, $1 -> $r0")

        def compute(a, b):
            v, u = (f32(*Buffer(f"f32 {spec}", 0).shape({"a": a, "b": b})) for spec in (x, w))
            return [v, u], reference("Conv", [v, u], strides=strides, pads=pads, dilations=dilations, group=groups, runtime=True)
        case(f"conv {name}", text, [f"f32 {x}", f"f32 {w}"], [f"f32 {to}"], compute)
    conv("image", "a 6 b+3 a+5", "8 3 3 3", "a 8 (b+1)floordiv(2)+2 a+2", [2, 1], [1, 0, 2, 1], [1, 2], 2)
    conv("long", "1 3 b*40", "5 3 9", "1 5 b*20", [2], [4, 3], [1], 1)

    def last(a, b):
        x, w = f32(a, 6, b + 2, 5), f32(4, 3, 3, 2)
        y = reference("Conv", [x, w], group=2, runtime=True)[0]
        return [np.ascontiguousarray(x.transpose(0, 2, 3, 1)), pack_convolution(w.transpose(2, 3, 1, 0), 2)], [y.transpose(0, 2, 3, 1)]
    case("conv last", "ingot.conv %0, %1 channels_last kernel [3, 2] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 2 channels 4"
         " : $0, $1 -> $r0", ["f32 a b+2 5 6", "f32 2 1 18 16"], ["f32 a b 4 4"], last)

    def transposed(a, b):
        x, w = f32(a, 4, b, 6), f32(4, 3, 3, 4)
        return [x, w], reference("ConvTranspose", [x, w], strides=[2, 3], pads=[1, 0, 2, 1], dilations=[2, 1], group=2, runtime=True)
    case("conv_transpose", "ingot.conv_transpose %0, %1 strides [2, 3] pads [1, 0, 2, 1] dilations [2, 1] groups 2 : $0, $1 -> $r0",
         ["f32 a 4 b 6", "f32 4 3 3 4"], ["f32 a 6 b*2 18"], transposed)


#===-- Windows and rows -------------------------------------------------------------------------------------------------------------------===#

def rows():
    common = dict(kernel_shape=[3, 2], strides=[2, 1], pads=[1, 1, 1, 0], dilations=[1, 2])
    window = "kernel [3, 2] strides [2, 1] pads [1, 1, 1, 0] dilations [1, 2]"
    to = "a 3 (b+1)floordiv(2)+1 a+1"

    def pool(name, text, element, op, **more):
        def compute(a, b):
            x = f32(a, 3, b + 2, a + 2)
            return [x], [reference(op, [x], 2 if element == "i64" else 1, runtime=True, **common, **more)[-1]]
        case(name, text, ["f32 a 3 b+2 a+2"], [f"{element} {to}"], compute)
    text = f"ingot.pool {{}} %0 channels_first {window} count_pads [1, 1, 1, 0] {{}} : $0 -> $r0"
    pool("pool max", text.format("max", ""), "f32", "MaxPool")
    pool("pool average", text.format("average", ""), "f32", "AveragePool")
    pool("pool average pads", text.format("average", "{count_include_pad}"), "f32", "AveragePool", count_include_pad=1)
    pool("max_pool_indices", f"ingot.max_pool_indices %0 {window} : $0 -> $r0", "i64", "MaxPool")
    pool("max_pool_indices column", f"ingot.max_pool_indices %0 {window} {{column_major}} : $0 -> $r0", "i64", "MaxPool", storage_order=1)

    def row(name, text, y, function, element="f32", tolerance=1e-5):
        def compute(a, b):
            x = f32(a, 5, b)
            return [x], [function(x, a, b)]
        case(name, text, ["f32 a 5 b"], [f"{element} {y}"], compute, tolerance)
    row("reduce sum", "ingot.reduce sum %0 axes [0, 2] : $0 -> $r0", "5", lambda x, a, b: x.sum((0, 2)))
    row("reduce mean", "ingot.reduce mean %0 axes [1, 2] {keep_dims} : $0 -> $r0", "a 1 1", lambda x, a, b: x.mean((1, 2), keepdims=True))
    row("reduce max", "ingot.reduce max %0 axes [2] : $0 -> $r0", "a 5", lambda x, a, b: x.max(2))
    case("reduce mean ui8", "ingot.reduce mean %0 axes [1] : $0 -> $r0", ["ui8 a b"], ["ui8 a"],
         lambda a, b: (lambda x: ([x], [(x.astype(np.int64).sum(1) // b).astype(np.uint8)]))(integers(0, 200, a, b).astype(np.uint8)))
    row("arg_reduce", "ingot.arg_reduce max %0 axis 2 {keep_dims} : $0 -> $r0", "a 5 1", lambda x, a, b: x.argmax(2)[..., None], "i64")
    case("arg_reduce nothing", "ingot.arg_reduce min %0 axis 1 : $0 -> $r0", ["f32 a b-1 3"], ["i64 a 3"],
         lambda a, b: (lambda x: ([x], [x.argmin(1) if b > 1 else np.zeros((a, 3), np.int64)]))(f32(a, b - 1, 3)))

    def softmax(x, axis):
        e = np.exp(x.astype(np.float64) - x.max(axis, keepdims=True))
        return (e / e.sum(axis, keepdims=True)).astype(np.float32)
    row("softmax", "ingot.norm softmax %0 axes [2] : $0 -> $r0", "a 5 b", lambda x, a, b: softmax(x, 2))
    row("softmax first", "ingot.norm softmax %0 axes [0] : $0 -> $r0", "a 5 b", lambda x, a, b: softmax(x, 0))
    row("standardize", "ingot.norm standardize %0 axes [1, 2] {epsilon = 1.0e-3 : f64} : $0 -> $r0", "a 5 b",
        lambda x, a, b: (x - x.mean((1, 2), keepdims=True)) / np.sqrt(x.var((1, 2), keepdims=True) + np.float32(1e-3)))
    row("cumsum", "ingot.cumulative sum %0 axis 2 {reverse} : $0 -> $r0", "a 5 b", lambda x, a, b: np.cumsum(x[..., ::-1], 2)[..., ::-1])
    for k in (3, 50):
        def top(a, b, k=k):
            v = integers(0, 30, a, b + k, 2).astype(np.float32)
            order = np.argsort(-v, axis=1, kind="stable")[:, :k]
            return [v], [np.take_along_axis(v, order, 1), order]
        case(f"top_k {k}", f"ingot.top_k %0 k {k} axis 1 {{largest}} : $0 -> $r0, $r1", [f"f32 a b+{k} 2"], [f"f32 a {k} 2", f"i64 a {k} 2"], top)


#===-- Indexing ---------------------------------------------------------------------------------------------------------------------------===#

def indexing():
    for name, last in (("gather", "6"), ("gather rows", "b*5")):
        def gather(a, b, last=last):
            x, i = f32(a + 2, eval(last, {}, {"b": b})), integers(-a - 2, a + 2, b, 3)
            return [x, i], [np.take(x, i, 0)]
        case(name, "ingot.gather %0, %1 axis 0 : $0, $1 -> $r0", [f"f32 a+2 {last}", "i64 b 3"], [f"f32 b 3 {last}"], gather)

    def elements(a, b):
        x, i = f32(a, b, 6), integers(-b, b, a, 3, 6)
        return [x, i], [np.take_along_axis(x, i % b, 1)]
    case("gather_elements", "ingot.gather_elements %0, %1 axis 1 : $0, $1 -> $r0", ["f32 a b 6", "i64 a 3 6"], ["f32 a 3 6"], elements)

    def points(a, b):
        x, i = f32(a, 5, b), np.stack([integers(0, a, b), integers(-5, 5, b)], -1)
        return [x, i], [x[i[:, 0], i[:, 1]]]
    case("gather_nd", "ingot.gather_nd %0, %1 batch_dims 0 : $0, $1 -> $r0", ["f32 a 5 b", "i64 b 2"], ["f32 b b"], points)

    def scatter(a, b):
        x, i, u = f32(a + 1, b), integers(-a - 1, a + 1, 3, b), f32(3, b)
        return [x, i, u], reference("ScatterElements", [x, i, u], axis=0, reduction="add", runtime=True)
    case("scatter_elements", "ingot.scatter_elements add %0, %1, %2 axis 0 : $0, $1, $2 -> $r0", ["f32 a+1 b", "i64 3 b", "f32 3 b"],
         ["f32 a+1 b"], scatter)

    def scatter_points(a, b):
        x, i, u = f32(a, 5, b), integers(-a, a, 3, 1), f32(3, 5, b)
        return [x, i, u], reference("ScatterND", [x, i, u], reduction="max", runtime=True)
    case("scatter_nd", "ingot.scatter_nd max %0, %1, %2 : $0, $1, $2 -> $r0", ["f32 a 5 b", "i64 3 1", "f32 3 5 b"], ["f32 a 5 b"], scatter_points)


#===-- Resize and recurrent ---------------------------------------------------------------------------------------------------------------===#

def resize():
    def one(mode, coordinates, scales, to, more="", roi=None, **attributes):
        def compute(a, b):
            x, sizes = f32(1, a, b, 4), np.array([1, *Buffer(f"f32 {to}", 0).shape({"a": a, "b": b})[1:]])
            inputs = [x, roi and np.array(roi, np.float32)] + ([np.array(scales, np.float32)] if all(scales) else [None, sizes])
            return [x], reference("Resize", inputs, mode=mode, coordinate_transformation_mode=coordinates, opset=19, **attributes)
        text = f'ingot.resize {mode} %0 scales {list(map(float, scales))} "{coordinates}" "round_prefer_floor" {more} : $0 -> $r0'
        case(f"resize {mode} {coordinates} {scales} {more}", text, ["f32 1 a b 4"], [f"f32 {to}"], compute, 1e-4)
    for coordinates in ("half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric"):
        one("linear", coordinates, [1, 2, 1.5, 1], "1 a*2 (b*3)floordiv(2) 4")
    one("nearest", "asymmetric", [1, 2, 3, 1], "1 a*2 b*3 4")
    one("linear", "half_pixel", [1, 0, 0, 0], "1 b+3 a+2 4")
    one("cubic", "align_corners", [1, 0, 0, 1], "1 b a+2 4")
    one("linear", "half_pixel", [1, 0, 0, 1], "1 b a+2 4", "{antialias}", antialias=1)
    case("resize nothing", 'ingot.resize linear %0 scales [1.0, 0.0] "half_pixel" "floor" {extrapolation = 10.0 : f64} : $0 -> $r0',
         ["f32 a b-1"], ["f32 a 3"], lambda a, b: (lambda x: ([x], reference("Resize", [x, None, None, np.array([a, 3])], mode="linear", opset=19)
                                                              if b > 1 else [np.full((a, 3), 10, np.float32)]))(f32(a, b - 1)), 1e-4)
    roi = [0, 0.25, -0.125, 0, 1, 0.75, 1.25, 1]
    crop = f"{{extrapolation = 10.0 : f64, roi = array<f64: {', '.join(str(float(r)) for r in roi)}>}}"
    for mode, to in (("nearest", "1 b+2 a 4"), ("linear", "1 b a+3 4"), ("linear", "1 1 a*2 4"), ("cubic", "1 b+1 a+2 4")):
        one(mode, "tf_crop_and_resize", [1, 0, 0, 1], to, crop, roi=roi, extrapolation_value=10.0)


def recurrent():
    def one(kind, op, gates, names, more="", **attributes):
        size, h = 7, 9
        names = ", ".join(f'"{n}"' for n in names)

        def compute(a, b):
            x, w, r, bias, h0 = f32(b, a, size), f32(gates * h, size), f32(gates * h, h), f32(2 * gates * h), f32(a, h)
            lengths = integers(1, b + 1, a).astype(np.int32)
            inputs = [x, w[None], r[None], bias[None], lengths, h0[None]] + ([h0[None]] if kind == "lstm" else [])
            y = reference(op, inputs, 3 if kind == "lstm" else 2, runtime=True, hidden_size=h, **attributes)
            return [x, w, r, bias, h0, lengths], [y[0][:, 0], y[1][0], y[2][0] if kind == "lstm" else np.zeros(0, np.float32)]
        ends = ["f32 a 9", "f32 a 9" if kind == "lstm" else "f32 0"]
        cell, none = ("%4", "$4") if kind == "lstm" else ("%e", "tensor<0xf32>")
        empty = "%e = ingot.constant dense<> : tensor<0xf32>\n"
        text = (f"{empty}ingot.recurrent {kind} (%0, %1, %2, %3, %4, {cell}, %e, %5) [{names}] alphas [] betas [] {more}"
                f" : ($0, $1, $2, $3, $4, {none}, tensor<0xf32>, $5) -> ($r0, $r1, $r2)")
        case(f"{op} {more}", text, ["f32 b a 7", f"f32 {gates * h} 7", f"f32 {gates * h} {h}", f"f32 {2 * gates * h}", "f32 a 9", "i32 a"],
             ["f32 b a 9", *ends], compute, 2e-5)
    one("lstm", "LSTM", 4, ["Sigmoid", "Tanh", "Tanh"])
    one("lstm", "LSTM", 4, ["Sigmoid", "Tanh", "Tanh"], "{reverse}", direction="reverse")
    one("gru", "GRU", 3, ["Sigmoid", "Tanh"])


#===-- Results as large as data says ------------------------------------------------------------------------------------------------------===#

def counted():
    def whole(used, capacity):
        array = np.full(capacity, UNSPECIFIED)
        array[tuple(slice(n) for n in used.shape)] = used
        return array
    for name, shape, size in (("", "a b 3", "b*(a*3)"), (" of nothing", "a b-1", "a*b-a")):
        def nonzero(a, b, shape=shape):
            x = integers(0, 2, *Buffer(f"i8 {shape}", 0).shape({"a": a, "b": b})).astype(np.int8)
            return [x], [whole(np.array(np.nonzero(x)), (x.ndim, x.size)), np.array(np.count_nonzero(x))]
        places = f"i64 {len(shape.split())} {size}"
        case(f"counted nonzero{name}", "ingot.nonzero %0 : $0 -> $r0, $r1", [f"i8 {shape}"], [places, "i64"], nonzero)
    for rows, columns in (("a*3", "1"), ("a", "b"), ("b-1", "2"), ("a", "b-1")):
        def unique(a, b, rows=rows, columns=columns):
            x = integers(0, 3, *Buffer(f"f32 {rows} {columns}", 0).shape({"a": a, "b": b})).astype(np.float32)
            if x.size:
                used = reference("Unique", [x], 4, axis=0)[1:]
            else:
                used = [np.zeros(min(1, len(x)), np.int64), np.zeros(len(x), np.int64), np.array([len(x)] * min(1, len(x)))]
            return [x], [whole(u, len(x)) for u in used] + [np.array(len(used[0]))]
        nothing = " of nothing" if "-1" in rows + columns else ""
        case(f"counted unique {rows} {columns}{nothing}", "ingot.unique %0 {sorted} : $0 -> $r0, $r1, $r2, $r3", [f"f32 {rows} {columns}"],
             [*[f"i64 {rows}"] * 3, "i64"], unique)
    for spatial, most in (("a", "b*(a*2)"), ("a", "7"), ("a-1", "b*6")):
        def suppression(a, b, spatial=spatial, most=most):
            count, rows = (eval(dim, {}, {"a": a, "b": b}) for dim in (spatial, most))
            boxes, scores = f32(b, count, 4, low=0, high=3), f32(b, 2, count)
            limits = np.array([3]), np.array([0.3], np.float32), np.array([-0.5], np.float32)
            used = reference("NonMaxSuppression", [boxes, scores, *limits])[0].reshape(-1, 3)[:rows]
            return [boxes, scores, *(v[0] for v in limits)], [whole(used, (rows, 3)), np.array(len(used)), np.full(33 * 8, UNSPECIFIED, np.int8)]
        case(f"counted suppression {spatial} {most}{' of nothing' if '-1' in spatial else ''}",
             "ingot.non_max_suppression %0, %1, %2, %3, %4 : ($0, $1, $2, $3, $4) -> ($r0, $r1)",
             [f"f32 b {spatial} 4", f"f32 b 2 {spatial}", "i64", "f32", "f32"], [f"i64 {most} 3", "i64"], suppression, scratch=["i8 264"])


#===-- Running ----------------------------------------------------------------------------------------------------------------------------===#

def build(tools, folder, cases, avx512, plain=True, optimize=("-O1", "-ffp-contract=off")):
    buffers, lines = [], []
    for number, one in enumerate(cases):
        lines += one.lines(number, len(buffers))
        buffers += one.inputs + one.outputs
    arguments = ", ".join(f'%a{i}: {buffer.argument()} {{ingot.name = "x"}}' for i, buffer in enumerate(buffers))
    names, ranges = ", ".join(f'"{s}"' for s in SYMBOLS), ", ".join(f"array<i64: 1, {most}>" for most in SYMBOLS.values())
    with open(f"{folder}/cases.mlir", "w") as file:
        file.write(f'func.func @main({arguments}, %values: memref<2xi64> {{ingot.name = "v", ingot.values}}, %arena: memref<0xi8> {{ingot.arena}}, ')
        file.write(f"%weights: memref<0xi8> {{ingot.weights}}) attributes {{ingot.input_count = {len(buffers) + 1} : i64, ")
        file.write(f"ingot.output_count = 0 : i64, ingot.symbols = [{names}], ingot.ranges = [{ranges}]}} {{\n")
        file.write("\n".join(lines) + "\nreturn\n}\n")
    stage = plan_stage(avx512, "plain=true" if plain else "", "always=true")
    run(f"{tools}/ingot-opt", stage, f"{folder}/cases.mlir", "-o", f"{folder}/plan.mlir")
    run(f"{tools}/ingot-opt", kernel_stage(avx512), f"{folder}/plan.mlir", "-o", f"{folder}/kernel.mlir")
    run(f"{tools}/ingot-opt", "--ingot-stage-llvm", f"{folder}/kernel.mlir", "-o", f"{folder}/llvm.mlir")
    run(f"{LLVM}/mlir-translate", "--mlir-to-llvmir", f"{folder}/llvm.mlir", "-o", f"{folder}/cases.ll")
    flags = [*optimize, *CPU[avx512], "-shared", "-fPIC", "-Wno-override-module"]
    run(f"{LLVM}/clang", "-x", "ir", *flags, f"{folder}/cases.ll", "-o", f"{folder}/cases{avx512}.so", "-lm")
    with open(f"{folder}/llvm.mlir") as file:
        entry = re.search(r"llvm\.func @(\w+)\(%arg0: !llvm\.ptr, %arg1: i64, %arg2: i64\)", file.read()).group(1)
    function = getattr(ctypes.CDLL(f"{folder}/cases{avx512}.so"), entry)
    function.argtypes = [ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64]
    with open(f"{folder}/plan.mlir") as file:
        whole = file.read().count("parallel = false")
    serial = sum(any(word in one.name for word in ("scatter", "counted")) for one in cases)
    assert not plain or whole == serial, f"{whole} regions are not divided"
    return function


def mark(view):
    """Fills an array with bytes that tell where nothing was written."""
    view = view.view(np.uint8) if view.dtype == bool else view
    view[...] = np.frombuffer(b"\xab" * view.dtype.itemsize, view.dtype)[0]


def check(function, cases, arrays, env, what):
    """Calls the function for one, two and three threads; returns what is wrong."""
    failed, seen = [], None
    values, arena = np.array([env[name] for name in SYMBOLS], np.int64), np.zeros(64, np.uint8)
    for threads in (1, 2, 3):
        pointers, outputs, keep = [], [], []
        for one, (inputs, expected) in zip(cases, arrays):
            placed = [buffer.place(np.asarray(array), env) for buffer, array in zip(one.inputs, inputs)]
            results = [buffer.place(np.zeros_like(array), env) for buffer, array in zip(one.outputs, expected)]
            for raw, view in results:
                mark(view)
            pointers += [raw.ctypes.data if view.size else NOWHERE for raw, view in placed + results]
            outputs.append(results)
            keep.append(placed)
        table = (ctypes.c_void_p * (len(pointers) + 1))(*pointers, values.ctypes.data)
        scratch = np.full(4 << 20, 0xFF, np.uint8)  # NaN: nobody may read what nobody has written
        record = (ctypes.c_void_p * 16)(None, arena.ctypes.data, ctypes.cast(table, ctypes.c_void_p), ctypes.cast(table, ctypes.c_void_p))
        record[7] = scratch.ctypes.data + -scratch.ctypes.data % 64
        for thread in range(threads):
            function(ctypes.cast(record, ctypes.c_void_p), thread, threads)
        for one, results, (_, expected) in zip(cases, outputs, arrays):
            for (raw, view), array in zip(results, expected):
                if not close(np.where(array == UNSPECIFIED, array, view) if array.dtype.kind == "i" else view, np.asarray(array), one.tolerance):
                    failed.append(f"FAIL {one.name}, {env}, {what}, {threads} threads: expected\n{np.ravel(array)[:20]}\nactual\n{view.ravel()[:20]}")
                copy = raw.copy()
                window = np.lib.stride_tricks.as_strided(copy[: copy.size - 64].view(view.dtype), view.shape, view.strides)
                mark(window)
                if (copy != 0xAB).any():
                    failed.append(f"FAIL {one.name}, {env}, {what}, {threads} threads: writes outside of its result")
        bits = [raw.tobytes() for results in outputs for raw, _ in results]
        if seen is not None and bits != seen:
            failed.append(f"FAIL {env}, {what}: {threads} threads give other bits")
        seen = bits
    return failed


def main():
    np.seterr(all="ignore")
    for family in (layout, contractions, rows, indexing, resize, recurrent, counted):
        family()
    cases = [one for one in CASES if len(sys.argv) < 3 or sys.argv[2] in one.name]
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        folder = os.environ.get("INGOT_KEEP", folder)
        functions = {what: (build(sys.argv[1], folder, cases, what == "AVX-512"), cases) for what in ("AVX-512", "AVX2")}
        nothing = [one for one in cases if "nothing" in one.name]  # every read of the kernel stays, whether or not its value counts
        if nothing:
            functions["AVX2, not optimised"] = build(sys.argv[1], tempfile.mkdtemp(dir=folder), nothing, False, optimize=["-O0"]), nothing
    for values in VALUES:
        env = dict(zip(SYMBOLS, values))
        arrays = {one: one.compute(*values) for one in cases}
        for what, (function, some) in functions.items():
            failed += check(function, some, [arrays[one] for one in some], env, what)
    print("\n".join(failed + [f"{len(cases)} regions, {len(failed)} failed"]))
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
