# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Numbers of products whose operands are bf16 (pairs of rows), or whose weights alone are f16, bf16 or floats of 8 bits, against numpy in f64.

Usage: numerics_narrow.py FOLDER_OF_INGOT_OPT [PART_OF_A_NAME]

As numerics_families.py, and once more with the instructions of AVX-512 BF16 where this CPU has them. Operands are rounded before both compute with
them and sums are f32, so f32's tolerance holds; results that are stored in bf16 are compared within its rounding.
"""

import sys

import numpy as np
from planned_regions import AVX512_BF16, Buffer, Region, check_regions, convolution, pack, pack_convolution, rounded

R = np.random.default_rng(12)
REGIONS = []


def values(element, *shape):
    return rounded(R.uniform(-1, 1, shape), element)


def spread():
    return [(0, 0), (3, 5), (16, 0), (1, 7)][R.integers(4)]


def epilogue(kind, anchor, y, extra):
    """Text after the anchor, results with their element types, and more inputs (f32). `extra`: number of the next input."""
    shape = "x".join(map(str, y.shape))
    if kind == "none":
        return f"%c = {anchor}\ningot.yield %c : $r", [(y, "f32")], []
    if kind == "bias relu":
        bias = values("f32", y.shape[-1])
        text = f"%c = {anchor}\n%d = ingot.binary add %c, %{extra} : $r, ${extra} -> $r\n%e = ingot.unary relu %d : $r -> $r\ningot.yield %e : $r"
        return text, [(np.maximum(y + bias, 0), "f32")], [bias]
    if kind == "to bf16":
        text = f"%c = {anchor}\n%d = ingot.unary relu %c : tensor<{shape}xf32> -> tensor<{shape}xf32>\n"
        return text + f"%e = ingot.cast %d to bf16 : tensor<{shape}xf32> -> $r\ningot.yield %e : $r", [(np.maximum(y, 0), "bf16")], []
    assert kind == "residual, both"
    more = values("f32", *y.shape)
    text = f"%c = {anchor}\n%d = ingot.binary add %c, %{extra} : $r, $r -> $r\n%e = ingot.cast %d to bf16 : $r -> tensor<{shape}xbf16>\n"
    return text + f"ingot.yield %d, %e : $r, tensor<{shape}xbf16>", [(y + more, "f32"), (y + more, "bf16")], [more]


KINDS = ["none", "bias relu", "to bf16", "residual, both"]


def add(name, anchor, inputs, y, before=""):
    """`anchor`: without its result type. `inputs`: pairs of an array and its element type; the second one holds weights."""
    kind = KINDS[len(REGIONS) % len(KINDS)]
    shape = "x".join(map(str, y.shape))
    text, results, more = epilogue(kind, f"{anchor} -> tensor<{shape}xf32>", y, len(inputs))
    buffers = [Buffer(array, *((0, 0) if i == 1 else spread()), element) for i, (array, element) in enumerate(inputs)]
    buffers += [Buffer(array, *spread()) for array in more]
    outputs = [Buffer(array, *spread(), element) for array, element in results]
    tolerance = 2e-6 * np.sqrt(max(inputs[0][0].shape[-1], 16)) * 8
    if outputs[-1].element == "bf16":
        tolerance += np.abs(y).max() * 2.0**-7
    REGIONS.append(Region(f"{name}, {kind}", before + text, buffers, outputs, tolerance))


def contractions():
    shapes = [
        (1, 1, 1),
        (1, 16, 7),
        (1, 100, 64),
        (2, 40, 33),
        (3, 1000, 20),
        (5, 10, 8),
        (7, 16, 3),
        (12, 50, 100),
        (17, 64, 31),
        (33, 96, 48),
        (128, 8, 40),
        (131, 72, 30),
        (64, 129, 65),
        (6, 2, 5),
        (100, 17, 1),
        (29, 1, 12),
        (40, 48, 2),
        (23, 70, 256),
    ]
    for left, right, group in (("bf16", "bf16", 2), ("f32", "f16", 1), ("f32", "bf16", 1), ("f32", "f8E4M3FN", 1), ("f32", "f8E5M2", 1)):
        for rows, columns, depth in shapes:
            x, w = values(left, rows, depth), values(right, depth, columns)
            anchor = "ingot.packed_matmul %0, %1 : $0, $1"
            add(f"{left} x {right} {rows}x{columns}x{depth}", anchor, [(x, left), (pack(w, group), right)], x.astype(np.float64) @ w)
        for lead, rows, columns, depth in [((2,), 13, 20, 9), ((3, 4), 10, 18, 32)]:
            x, w = values(left, *lead, rows, depth), values(right, *lead, depth, columns)
            name = f"{left} x {right} batched {lead} {rows}x{columns}x{depth}"
            add(name, anchor, [(x, left), (pack(w, group), right)], x.astype(np.float64) @ w)
    # The body computes the left side and rounds it: rows of odd length, and of less than a vector.
    prologues = [((4,), 20, 9), ((30,), 64, 17), ((131,), 200, 40), ((2, 19), 24, 512), ((40,), 17, 1), ((1,), 48, 10), ((3,), 300, 129)]
    for lead, columns, depth in prologues:
        x, w, scale = values("f32", *lead, depth), values("bf16", depth, columns), values("f32", depth)
        shape = "x".join(map(str, x.shape))
        before = f"%p = ingot.binary mul %0, %2 : $0, $2 -> $0\n%q = ingot.cast %p to bf16 : $0 -> tensor<{shape}xbf16>\n"
        anchor = f"ingot.packed_matmul %q, %1 : tensor<{shape}xbf16>, $1"
        y = rounded(x * scale, "bf16").astype(np.float64) @ w
        add(f"bf16 prologue {lead}x{columns}x{depth}", anchor, [(x, "f32"), (pack(w, 2), "bf16"), (scale, "f32")], y, before)


def convolutions():
    cases = []  # images, height, width, in, out, kernel, strides, dilations, groups
    for size, inputs, outputs, kernel in [
        ((9, 11), 16, 16, (1, 1)),
        ((7, 7), 40, 72, (1, 1)),
        ((12, 13), 4, 16, (3, 3)),
        ((20, 21), 2, 32, (7, 7)),
        ((9, 30), 16, 48, (3, 3)),
        ((8, 8), 20, 33, (2, 3)),
        ((6, 70), 4, 16, (1, 9)),
        ((16, 5), 8, 20, (5, 1)),
    ]:
        for strides, dilations in [((1, 1), (1, 1)), ((2, 2), (1, 1)), ((1, 1), (1, 2))]:
            if all(s > (k - 1) * d for s, k, d in zip(size, kernel, dilations)):
                cases.append((2, *size, inputs, outputs, kernel, strides, dilations, 1))
    for inputs, outputs, groups in [(16, 32, 2), (12, 20, 2), (32, 32, 4)]:
        cases.append((2, 9, 10, inputs, outputs, (3, 3), (1, 1), (1, 1), groups))
    for left, right, group in (("bf16", "bf16", 2), ("f32", "f16", 1), ("f32", "f8E4M3FN", 1)):
        for images, height, width, inputs, outputs, kernel, strides, dilations, groups in cases:
            x, w = values(left, images, height, width, inputs), values(right, *kernel, inputs // groups, outputs)
            anchor = (
                f"ingot.conv %0, %1 channels_last kernel {list(kernel)} strides {list(strides)} pads [0, 0, 0, 0] dilations {list(dilations)} "
                f"groups {groups} channels {outputs} : $0, $1"
            )
            name = f"{left} x {right} conv {height}x{width}x{inputs} to {outputs} kernel {kernel} {strides} {dilations} groups {groups}"
            add(name, anchor, [(x, left), (pack_convolution(w, groups, group), right)], convolution(x, w, strides, dilations, groups))


def main():
    contractions()
    convolutions()
    return check_regions(REGIONS, {"contraction", "gemv", "convolution"}, AVX512_BF16)


if __name__ == "__main__":
    sys.exit(main())
