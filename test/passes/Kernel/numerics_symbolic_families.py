# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Numbers of the families contraction, gemv, convolution, winograd and depthwise where shapes depend on symbols: every region is compiled once for
AVX-512 and once for AVX2, and called with many values of the symbols by one, two and three threads.

Usage: numerics_symbolic_families.py FOLDER_OF_INGOT_OPT [PART_OF_A_NAME]
"""
import os
import re
import sys
import tempfile

import numpy as np

import numerics_symbolic as symbolic
from numerics_plain import f32
from numerics_winograd import transform_filters
from planned_regions import convolution, pack, pack_convolution

symbolic.SYMBOLS.update(a=33, b=50)
VALUES = [(1, 1), (2, 3), (5, 1), (1, 16), (7, 5), (3, 13), (16, 2), (17, 17), (2, 33), (1, 50), (33, 7)]
FAMILIES = {}


def shape(spec, a, b):
    return symbolic.Buffer(f"f32 {spec}", 0).shape({"a": a, "b": b})


def product(values):
    return " * ".join(f"({value})" for value in values) or "1"


def spread(buffer, gaps):
    """`gaps` elements between the rows of each dim, the innermost first."""
    rows = [f"({dim}) + {gap}" for dim, gap in zip(buffer.dims, [0] * (len(buffer.dims) - len(gaps)) + gaps[::-1])]
    buffer.strides = [product(rows[i + 1 :]) for i in range(len(rows))]


class Guarded(symbolic.Buffer):
    """An input whose gaps and end hold NaN, so that an element read by mistake shows."""

    def place(self, array, env):
        raw, view = super().place(array, env)
        raw[...] = 0xFF
        view[...] = array
        return raw, view


def region(family, name, anchor, x, w, y, compute, kind=0, weights=None, strides=None):
    """One region: `anchor` reads %0 of dims `x` and the packed %1 of dims `w` and gives dims `y`; `compute(a, b)` gives both inputs and the result.
    `kind` chooses what follows the anchor, and the gaps of the buffers."""
    more, text, last, before = {
        0: ([], "", "ingot.unary relu %c : $r0 -> $r0", ""),
        1: ([y.split()[-1]], "%d = ingot.binary add %c, %2 : $r0, $2 -> $r0\n", "ingot.unary relu %d : $r0 -> $r0", ""),
        2: ([y], "%d = ingot.binary add %c, %2 : $r0, $2 -> $r0\n", "ingot.unary hard_swish %d : $r0 -> $r0", ""),
        3: ([" ".join(y.split()[:-1] + ["1"])], "", "ingot.binary mul %c, %2 : $r0, $2 -> $r0", ""),
        4: ([x.split()[-1]], "", "ingot.unary relu %c : $r0 -> $r0", "%p = ingot.binary mul %0, %2 : $0, $2 -> $0\n"),
        5: ([" ".join([x.split()[0]] + ["1"] * (len(x.split()) - 2) + [x.split()[-1]])], "", "ingot.unary relu %c : $r0 -> $r0",
            "%p = ingot.binary mul %0, %2 : $0, $2 -> $0\n"),
        6: ([" ".join(["1"] * (len(y.split()) - 2) + y.split()[-2:])], "", "ingot.binary add %c, %2 : $r0, $2 -> $r0", ""),
    }[kind]

    def results(a, b):
        v, u = (array.astype(np.float32) for array in compute.inputs(a, b))
        extra = [f32(*shape(spec, a, b)) for spec in more]
        z = compute.result(v * extra[0] if kind in (4, 5) else v, u, a, b)
        z = z + extra[0] if kind in (1, 2, 6) else z * extra[0] if kind == 3 else z
        z = z * np.clip(z / 6 + 0.5, 0, 1) if kind == 2 else z if kind in (3, 6) else np.maximum(z, 0)
        packed = (weights or pack)(u)
        return [v, np.ascontiguousarray(packed), *extra], [z.astype(np.float32)]

    anchor = anchor.replace("%0", "%p") if before else anchor
    inputs = [f"f32 {spec}" for spec in [x, w, *more]]
    symbolic.case(f"{name}, kind {kind}", f"{before}%c = {anchor}\n{text}{last}", inputs, [f"f32 {y}"], results, 2e-5)
    case = symbolic.CASES[-1]
    case.inputs = [Guarded(spec, 0) for spec in inputs]
    for i, buffer in enumerate(case.inputs + case.outputs):
        gaps = [[], [3], [5, 2], [0, 1]][len(symbolic.CASES) % 4]
        spread(buffer, [] if i == 1 else gaps[: max(len(buffer.dims) - 1, 0)])
    if strides:
        case.inputs[0].strides = strides
    FAMILIES[case.name] = family


class Computed:
    def __init__(self, inputs, result):
        self.inputs, self.result = inputs, result


def contractions():
    def matmul(family, name, x, w, columns, kinds, strides=None):
        """`w`: the leading dims and the depth of the right side."""
        anchor = "ingot.packed_matmul %0, %1 : $0, $1 -> $r0"
        *lead, depth = w.split()
        y = " ".join(x.split()[:-1] + [columns])
        computed = Computed(
            lambda a, b: (f32(*shape(x, a, b)), f32(*shape(f"{w} {columns}", a, b))),
            lambda v, u, a, b: v.astype(np.float64) @ u,
        )
        panels = f"({columns}+15)floordiv(16)" if re.search("[ab]", columns) else str(-(-int(columns) // 16))
        for kind in kinds:
            region(family, f"matmul {name}", anchor, x, " ".join([*lead, panels, depth, "16"]), y, computed, kind, strides=strides)

    matmul("contraction", "rows", "a b 24", "24", "40", range(7))
    matmul("contraction", "one dim of rows", "b 7", "7", "100", (1, 4))
    matmul("contraction", "wide", "a b 9", "9", "200", (0, 4))
    matmul("contraction", "one column", "a b 9", "9", "1", (1,))
    matmul("contraction", "deep", "b 130", "130", "24", (1,))
    matmul("contraction", "three dims of rows", "a 3 b 20", "20", "16", (0, 5, 6))
    matmul("contraction", "inner dim of 1", "a b 1 20", "20", "17", (2, 3))
    matmul("contraction", "expression", "a 2*b+1 20", "20", "24", (1,))
    matmul("contraction", "even rows", "a 12*b 20", "20", "32", (1, 6))
    matmul("contraction", "scores", "a 3 b 8", "a 3 8", "b", (2, 3, 1))
    matmul("contraction", "scores of a view", "a 3 b 8", "a 3 8", "b", (2,), ["b*24", "8", "24", "1"])
    matmul("contraction", "weighted values", "a 3 b b", "a 3 b", "24", (0, 1, 2))
    matmul("contraction", "whole panels", "3 a 8", "3 8", "16*b", (0,))
    matmul("contraction", "columns", "7 24", "24", "2*b", (1,))
    matmul("contraction", "depth", "20 b", "b", "40", (1,))
    matmul("contraction", "many weights", "b 96", "96", "160", (1, 2))  # in bands from 15 rows on, below in blocks of columns
    matmul("contraction", "even depth", "20 4*b", "4*b", "40", (1,))
    matmul("contraction", "batches", "a b 9 11", "a b 11", "20", (1,))
    matmul("gemv", "one row", "2 24", "24", "b", (1,))
    matmul("gemv", "batches of a row", "a 1 b", "a b", "50", (0,))


def convolutions():
    def conv(family, name, x, y, kernel, outputs, kinds, strides=(1, 1), dilations=(1, 1), groups=1, rows=(0, 0)):
        """`rows`: pads above and below."""
        inputs, two = int(x.split()[-1]), len(kernel) == 2
        own = [list(v[-len(kernel) :]) for v in (kernel, strides, dilations)]
        pads = [rows[0], 0, rows[1], 0] if two else [0, 0]
        anchor = (
            f"ingot.conv %0, %1 channels_last kernel {own[0]} strides {own[1]} pads {pads} dilations {own[2]} groups {groups} "
            f"channels {outputs} : $0, $1 -> $r0"
        )
        wide = (*kernel, inputs // groups, outputs) if two else (1, *kernel, inputs // groups, outputs)

        def result(v, u, a, b):
            v = np.pad(v, ((0, 0), rows, (0, 0), (0, 0))) if two else v[:, None]
            z = convolution(v, u, strides, dilations, groups)
            return z if two else z[:, 0]
        packed = pack_convolution(np.zeros(wide, np.float32), groups).shape
        for kind in kinds:
            computed = Computed(lambda a, b: (f32(*shape(x, a, b)), f32(*wide)), result)
            region(family, f"conv {name}", anchor, x, " ".join(map(str, packed)), f"{y} {outputs}", computed, kind,
                   lambda u: pack_convolution(u, groups))

    conv("convolution", "1x1", "a b a+3 20", "a b a+3", (1, 1), 24, range(7))
    conv("convolution", "1x1 strides", "a 2*b+1 a+4 8", "a b+1 (a+1)floordiv(2)+2", (1, 1), 40, (0, 1, 2, 3), (2, 2))
    conv("convolution", "1x1 width", "1 3 b 8", "1 3 b", (1, 1), 24, (1, 2))
    conv("convolution", "3x3", "a b+2 a+2 5", "a b a", (3, 3), 24, range(4))
    conv("convolution", "3x3 strides", "a b+4 a+7 3", "a (b+1)floordiv(2)+1 (a)floordiv(2)+3", (3, 3), 16, range(2), (2, 2))
    conv("convolution", "3x3 dilations", "1 b+4 a+4 9", "1 b a", (3, 3), 40, (1,), (1, 1), (2, 2))
    conv("convolution", "images", "a 7 7 12", "a 5 5", (3, 3), 8, (1, 2))
    conv("convolution", "height", "2 b+2 9 8", "2 b 7", (3, 3), 24, (1,))
    conv("convolution", "width", "2 9 b+4 8", "2 9 b", (1, 5), 100, (1,))
    conv("convolution", "groups", "a b+2 a+2 12", "a b a", (3, 3), 20, (1, 2), groups=4)
    conv("convolution", "1x1 groups", "a b a 12", "a b a", (1, 1), 24, (1,), groups=3)
    conv("convolution", "one dim", "a b+4 6", "a b", (5,), 24, (1, 3))
    conv("convolution", "one dim 1x1", "a b 6", "a b", (1,), 24, (1, 4))
    for channels in (5, 24, 40):
        conv("depthwise", f"depthwise {channels}", f"a b+2 a+2 {channels}", "a b a", (3, 3), channels, (0, 1), groups=channels)
    conv("depthwise", "depthwise strides", "a b+4 a+7 16", "a (b+1)floordiv(2)+1 (a)floordiv(2)+3", (3, 3), 16, (2,), (2, 2), groups=16)
    conv("depthwise", "depthwise 5x5", "1 b+4 a+4 20", "1 b a", (5, 5), 20, (1, 3), groups=20)
    conv("depthwise", "depthwise long", "1 a b+11 8", "1 a b", (1, 12), 8, (1,), groups=8)
    conv("depthwise", "depthwise images", "a 9 9 8", "a 7 7", (3, 3), 8, (1,), groups=8)
    conv("depthwise", "depthwise rows", "a b a+2 20", "a b a", (3, 3), 20, (1, 3), groups=20, rows=(1, 1))
    conv("depthwise", "depthwise rows strides", "a b+1 a+4 16", "a (b)floordiv(2)+1 a", (5, 5), 16, (0,), (2, 1), groups=16, rows=(2, 2))
    conv("depthwise", "depthwise one dim", "a b+2 16", "a b", (3,), 16, (1,), groups=16)


def winograd():
    def conv(tile, name, x, y, outputs, kinds):
        inputs = int(x.split()[-1])
        anchor = f"ingot.winograd_conv %0, %1 tile {tile} channels {outputs} : $0, $1 -> $r0"
        filters = f"{-(-outputs // 16)} {(tile + 2) ** 2} {inputs} 16"
        computed = Computed(lambda a, b: (f32(*shape(x, a, b)), f32(3, 3, inputs, outputs)), lambda v, u, a, b: convolution(v, u, (1, 1), (1, 1), 1))
        for kind in kinds:
            region("winograd", f"conv {name}, tiles of {tile}", anchor, x, filters, f"{y} {outputs}", computed, kind,
                   lambda u: transform_filters(u, tile))
            symbolic.CASES[-1].tolerance = 6e-5  # the transforms round, too

    for tile in (2, 4):
        conv(tile, "3x3", "a b+2 a+2 20", "a b a", 40, range(4))
        conv(tile, "3x3 images", "a 9 12 16", "a 7 10", 16, (1,))
        conv(tile, "3x3 width", "2 12 b+2 9", "2 10 b", 24, (2,))
        conv(tile, "3x3 height", "1 b+2 7 32", "1 b 5", 100, (3,))


def main():
    contractions()
    convolutions()
    winograd()
    cases = [one for one in symbolic.CASES if len(sys.argv) < 3 or sys.argv[2] in one.name]
    failed, functions = [], {}
    with tempfile.TemporaryDirectory() as folder:
        folder = os.environ.get("INGOT_KEEP", folder)
        for what, avx512 in (("AVX-512", True), ("AVX2", False)):
            functions[what] = symbolic.build(sys.argv[1], folder, cases, avx512, plain=False)
            with open(f"{folder}/plan.mlir") as file:
                families = re.findall(r"plan <family = (\w+)", file.read())
            failed += [f"FAIL {one.name}: family {family}" for one, family in zip(cases, families) if family != FAMILIES[one.name]]
    for values in VALUES:
        env = dict(zip(symbolic.SYMBOLS, values))
        arrays = [one.compute(*values) for one in cases]
        for what, function in functions.items():
            failed += symbolic.check(function, cases, arrays, env, what)
    print("\n".join(failed + [f"{len(cases)} regions, {len(failed)} failed"]))
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
