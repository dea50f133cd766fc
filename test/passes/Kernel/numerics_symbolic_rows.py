# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Numbers of the families map, row and pool where shapes depend on symbols: every region is compiled once and called with many values of the symbols.

Usage: numerics_symbolic_rows.py <folder of ingot-opt> [<part of a case's name>]

As numerics_symbolic.py. A case whose name begins with a family must be planned for it.
"""
import os
import re
import sys
import tempfile

import numpy as np

import numerics_symbolic as symbolic
from numerics_plain import R, f32
from numerics_rows import norm, windows
from planned_regions import pack

VALUES = [(1, 1), (2, 3), (5, 16), (3, 17), (7, 33), (1, 64), (2, 150), (33, 7), (16, 47), (33, 100)]
symbolic.SYMBOLS.update(a=33, b=150)


def case(name, text, inputs, outputs, function, tolerance=1e-5):
    """`function(*arrays, a, b)` gives what is expected for the inputs."""
    def compute(a, b):
        env = {"a": a, "b": b}
        arrays = []
        for spec in inputs:
            buffer = symbolic.Buffer(spec, 0)
            shape = buffer.shape(env)
            arrays.append(f32(*shape) if spec.startswith("f") else R.integers(0, 2 if spec.startswith("i1 ") else 50, shape).astype(buffer.dtype))
        with np.errstate(all="ignore"):
            results = function(*arrays, a, b)
        results = results if isinstance(results, list) else [results]
        return arrays, [np.asarray(r).astype(symbolic.Buffer(spec, 0).dtype) for r, spec in zip(results, outputs)]
    symbolic.case(name, text, inputs, outputs, compute, tolerance)


#===-- Maps -------------------------------------------------------------------------------------------------------------------------------===#


def maps():
    def one(name, text, x, y, function):
        case(f"map {name}", text, [f"f32 {x}"], [f"f32 {y}"], function)
    one("contiguous", "ingot.unary relu %0 : $0 -> $r0", "a b 24", "a b 24", lambda x, a, b: np.maximum(x, 0))
    case("map broadcasts",
         "%s = ingot.binary add %0, %1 : $0, $1 -> $r0\n%t = ingot.broadcast %2 : $2 -> $r0\ningot.select %3, %s, %t : $3, $r0, $r0 -> $r0",
         ["f32 a 1 b", "f32 6 b", "f32 6 1", "i1 a 1 1"], ["f32 a 6 b"], lambda x, y, z, c, a, b: np.where(c, x + y, z))
    case("map bias", "ingot.binary add %0, %1 : $0, $1 -> $r0", ["f32 a b 40", "f32 40"], ["f32 a b 40"], lambda x, y, a, b: x + y)
    case("map bytes", "ingot.binary add %0, %1 : $0, $1 -> $r0", ["i8 a 3 b", "i8 a 1 b"], ["i8 a 3 b"], lambda x, y, a, b: x + y)
    case("map flags", "ingot.compare lt %0, %1 : $0, $1 -> $r0", ["i64 a b", "i64 b"], ["i1 a b"], lambda x, y, a, b: x < y)
    for axes, x, y in [
        ((0, 2, 1), "a b 40", "a 40 b"),
        ((0, 2, 1), "a 40 b", "a b 40"),
        ((1, 0), "a b", "b a"),
        ((0, 2, 1, 3), "a b 3 20", "a 3 b 20"),
        ((0, 2, 3, 1), "a 3 b a+2", "a b a+2 3"),
        ((0, 2, 3, 1), "a 20 b 5", "a b 5 20"),
        ((0, 3, 1, 2), "a b a+2 3", "a 3 b a+2"),
        ((0, 2, 1), "a 3 b", "a b 3"),
        ((2, 0, 1), "a b 7", "7 a b"),
    ]:
        one(f"transpose {axes} {x}", f"ingot.transpose %0 {list(axes)} : $0 -> $r0", x, y, lambda x, a, b, axes=axes: x.transpose(axes))
        text = f"%t = ingot.transpose %0 {list(axes)} : $0 -> $r0\ningot.binary mul %t, %1 : $r0, $1 -> $r0"
        case(f"map transpose {axes} {x} mul", text, [f"f32 {x}", f"f32 {y}"], [f"f32 {y}"], lambda x, y, a, b, axes=axes: x.transpose(axes) * y)
    heads = "tensor<?x?x3x16xf32, #ingot.dims<()[a, b] -> (a, b, 3, 16)>>"
    one("heads", f"%h = ingot.reshape %0 : $0 -> {heads}\ningot.transpose %h [0, 2, 1, 3] : {heads} -> $r0", "a b 48", "a 3 b 16",
        lambda x, a, b: x.reshape(a, b, 3, 16).transpose(0, 2, 1, 3))
    reshapes = [("a*b 24", "a b 24", "a, b, 24"), ("a b*4", "a b 4", "a, b, 4"), ("a b 24", "a*b 24", "a * b, 24")]
    reshapes.append(("6 a b", "2 a*3 b", "2, a * 3, b"))
    for x, y, shape in reshapes:
        one(f"reshape {x} {y}", "ingot.reshape %0 : $0 -> $r0", x, y, lambda x, a, b, shape=shape: x.reshape(eval(shape)))
    case("map concat", "ingot.concat %0, %1, %2 axis 1 : ($0, $1, $2) -> $r0", ["f32 a b 3", "f32 a 2 3", "f32 a b*2 3"], ["f32 a b*3+2 3"],
         lambda x, y, z, a, b: np.concatenate([x, y, z], 1))
    case("map concat last", "%c = ingot.concat %0, %1 axis 1 : ($0, $1) -> $r0\ningot.unary neg %c : $r0 -> $r0", ["f32 a b", "f32 a 3"],
         ["f32 a b+3"], lambda x, y, a, b: -np.concatenate([x, y], 1))
    for mode, extra in (("constant", dict(constant_values=7)), ("edge", {})):
        one(f"pad {mode}", f"ingot.pad {mode} %0 low [1, 0, 2] high [3, 0, 1] value dense<7.0> : tensor<f32> : $0 -> $r0", "a 2 b", "a+4 2 b+3",
            lambda x, a, b, mode=mode, extra=extra: np.pad(x, [(1, 3), (0, 0), (2, 1)], mode=mode, **extra))
    dynamic = -(2**63)
    one("slice", f"%s = ingot.slice %0 [1, {dynamic}] [{dynamic}, 3] [1, -1] bounds affine_map<()[a, b] -> (1, b + 1, a, 3)> : $0 -> $r0\n"
        "ingot.unary neg %s : $r0 -> $r0", "a+1 b+2", "a 3", lambda x, a, b: -x[1:, [b + 1, b, b - 1]])
    for step, first in ((-1, "b - 1"), (2, "0"), (-2, "b * 2 - 2")):
        bounds = f"bounds affine_map<()[a, b] -> (0, {first}, a, b)>"
        one(f"slice {step}", f"%s = ingot.slice %0 [0, {dynamic}] [{dynamic}, {dynamic}] [1, {step}] {bounds} : $0 -> $r0\n"
            "ingot.unary neg %s : $r0 -> $r0", "a b*2", "a b", lambda x, a, b, step=step, first=first: -x[:, eval(first) :: step][:, :b])
    one("pack", "ingot.pack %0 : $0 -> $r0", "a b 21", "a 2 b 16", lambda x, a, b: pack(x))
    one("pack columns", "ingot.pack %0 : $0 -> $r0", "a 3 b", "a (b+15)floordiv(16) 3 16", lambda x, a, b: pack(x))
    turned = "tensor<?x20x?xf32, #ingot.dims<()[a, b] -> (a, 20, b)>>"
    one("pack turned", f"%t = ingot.transpose %0 [0, 2, 1] : $0 -> {turned}\ningot.pack %t : {turned} -> $r0", "a b 20",
        "a (b+15)floordiv(16) 20 16", lambda x, a, b: pack(x.transpose(0, 2, 1)))


#===-- Rows -------------------------------------------------------------------------------------------------------------------------------===#


def rows():
    shapes = [
        ("a 5 b", (2,)),
        ("a 5 b", (0,)),
        ("a 5 b", (1,)),
        ("a b 40", (1,)),
        ("a b 40", (2,)),
        ("a b 24", (1, 2)),
        ("7 a b", (0, 2)),
        ("a b 7", (0, 1)),
        ("2 b*(a*3)", (1,)),
        ("a 3 b 20", (1, 3)),
        ("a b", (0, 1)),
    ]
    for dims, axes in shapes:
        sizes = dims.split()
        last = sizes[-1]
        kept = " ".join("1" if i in axes else size for i, size in enumerate(sizes))
        rest = " ".join(size for i, size in enumerate(sizes) if i not in axes)
        kinds = ("softmax", "log_softmax", "standardize", "rms")
        for kind in kinds if len(sizes) == 3 and sizes[0] == "a" and len(axes) == 1 else kinds[::2]:
            line = lambda operand: f"ingot.norm {kind} {operand} axes {list(axes)} {{epsilon = 1.0e-5 : f64}} : $0 -> $r0"
            function = lambda x, a, b, kind=kind, axes=axes: norm(kind, x, axes)
            case(f"row {kind} {dims} {axes}", line("%0"), [f"f32 {dims}"], [f"f32 {dims}"], function, 2e-5)
            text = f"%p = ingot.unary tanh %0 : $0 -> $0\n%q = ingot.binary add %p, %2 : $0, $2 -> $0\n%c = {line('%q')}\n"
            text += "%d = ingot.binary mul %c, %1 : $r0, $1 -> $r0\ningot.binary add %d, %2 : $r0, $r0 -> $r0"
            function = lambda x, bias, full, a, b, kind=kind, axes=axes: norm(kind, np.tanh(x.astype(np.float64)) + full, axes) * bias + full
            case(f"row {kind} {dims} {axes} fused", text, [f"f32 {dims}", f"f32 {last}", f"f32 {dims}"], [f"f32 {dims}"], function, 4e-5)
        for kind, function in (("sum", np.sum), ("mean", np.mean), ("max", np.max)):
            of = lambda x, a, b, axes=axes, function=function, keep=True: function(x.astype(np.float64), axis=axes, keepdims=keep)
            line = f"ingot.reduce {kind} %0 axes {list(axes)} {{keep_dims}} : $0 -> $r0"
            case(f"row {kind} {dims} {axes}", line, [f"f32 {dims}"], [f"f32 {kept}"], of, 2e-4)
            if rest:
                fused = f"%p = ingot.binary mul %0, %1 : $0, $1 -> $0\n%c = ingot.reduce {kind} %p axes {list(axes)} : $0 -> $r0\n"
                function = lambda x, y, a, b, of=of: np.tanh(of(x * y, a, b, keep=False))
                fused += "ingot.unary tanh %c : $r0 -> $r0"
                case(f"row {kind} {dims} {axes} fused", fused, [f"f32 {dims}", f"f32 {last}"], [f"f32 {rest}"], function, 2e-4)
    case("row min i32", "ingot.reduce min %0 axes [1] : $0 -> $r0", ["i32 a b"], ["i32 a"], lambda x, a, b: x.min(1))


#===-- Pools ------------------------------------------------------------------------------------------------------------------------------===#


def pools():
    def one(kind, x, y, kernel, strides, pads, dilations=(1, 1), count_pads=None):
        def function(x, bias, a, b):
            if kind == "max":
                v = windows(x, kernel, strides, pads, dilations, -np.inf).max(0)
            else:
                own = count_pads or pads
                border = ((0, 0), (own[0], own[2]), (own[1], own[3]), (0, 0))
                ones = np.pad(np.ones_like(x), border, constant_values=1.0 if count_pads else 0.0)
                more = [p - q for p, q in zip(pads, own)]
                v = windows(x.astype(np.float64), kernel, strides, pads, dilations, 0).sum(0)
                v /= windows(ones, kernel, strides, more, dilations, 0).sum(0)
            return np.maximum(v * bias, 0)
        listed = lambda values: str(list(values))
        include = " {count_include_pad}" if count_pads else ""
        text = (f"%c = ingot.pool {kind} %0 channels_last kernel {listed(kernel)} strides {listed(strides)} pads {listed(pads)} "
                f"dilations {listed(dilations)} count_pads {listed(count_pads or pads)}{include} : $0 -> $r0\n"
                "%d = ingot.binary mul %c, %1 : $r0, $1 -> $r0\ningot.unary relu %d : $r0 -> $r0")
        name = f"pool {kind} {x} {kernel} {strides} {pads} {dilations}{include}"
        case(name, text, [f"f32 {x}", f"f32 {x.split()[-1]}"], [f"f32 {y}"], function, 2e-6)

    for kind in ("max", "average"):
        one(kind, "a b a+2 16", "a (b+1)floordiv(2) (a+1)floordiv(2)+1 16", (3, 3), (2, 2), (1, 1, 1, 1))
        one(kind, "a b+1 a*2 20", "a (b+1)floordiv(2) a 20", (2, 2), (2, 2), (0, 0, 0, 0))
        one(kind, "1 a b 8", "1 a b 8", (7, 7), (1, 1), (3, 3, 3, 3))
        one(kind, "a 5 b+6 5", "a 3 b 5", (3, 4), (1, 1), (0, 0, 0, 0), (1, 2))
        one(kind, "2 a b+1 16", "2 a+2 b+1 16", (3, 3), (1, 1), (2, 2, 2, 2), (1, 2))
        one(kind, "1 4 b+20 16", "1 4 (b+1)floordiv(2)+10 16", (1, 21), (1, 2), (0, 10, 0, 10))
    for count_pads in ((1, 1, 1, 1), (1, 1, 0, 0)):
        one("average", "a b a+2 16", "a (b+1)floordiv(2) (a+1)floordiv(2)+1 16", (3, 3), (2, 2), (1, 1, 1, 1), count_pads=count_pads)


def main():
    symbolic.CASES.clear()
    np.seterr(all="ignore")
    for family in (maps, rows, pools):
        family()
    cases = [one for one in symbolic.CASES if len(sys.argv) < 3 or sys.argv[2] in one.name]
    failed, functions = [], {}
    with tempfile.TemporaryDirectory() as folder:
        folder = os.environ.get("INGOT_KEEP", folder)
        for what in ("AVX-512", "AVX2"):
            functions[what] = symbolic.build(sys.argv[1], folder, cases, what == "AVX-512", plain=False)
            with open(f"{folder}/plan.mlir") as file:
                families = re.findall(r"plan <family = (\w+)", file.read())
            for one, family in zip(cases, families, strict=True):
                if family != one.name.split()[0]:
                    failed.append(f"FAIL {one.name}, {what}: is left to the family {family}")
    for values in VALUES:
        env = dict(zip(symbolic.SYMBOLS, values))
        arrays = [one.compute(*values) for one in cases]
        for what, function in functions.items():
            failed += symbolic.check(function, cases, arrays, env, what)
    print("\n".join(failed + [f"{len(cases)} regions, {len(failed)} failed"]))
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
