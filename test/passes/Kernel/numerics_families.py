# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Numbers of the families contraction, gemv, convolution and depthwise, with epilogues, tails and strided buffers, against numpy in f64.

Usage: numerics_families.py FOLDER_OF_INGOT_OPT [PART_OF_A_NAME]

Each region is computed as planned for AVX-512 and for AVX2, by one thread and by two; both must give the same bits, and no element outside of the
outputs may be written. Gaps of the buffers hold NaN, so an element read by mistake shows, too.
"""

import sys

import numpy as np
from planned_regions import Buffer, Region, check_regions, convolution, pack, pack_convolution

R = np.random.default_rng(11)
REGIONS = []


def f32(*shape):
    return R.uniform(-1, 1, shape).astype(np.float32)


def spread():
    """Layouts as concat, halos and slices make them."""
    return [(0, 0), (3, 5), (16, 0), (1, 7)][R.integers(4)]


def epilogue(kind, anchor, y, extra):
    """Text after the anchor `%c`, the expected results, and more inputs. `extra`: number of the next input."""
    n = y.shape[-1]
    if kind == "none":
        return f"%c = {anchor}\ningot.yield %c : $r", [y], []
    if kind == "bias relu":
        bias = f32(n)
        text = f"%c = {anchor}\n%d = ingot.binary add %c, %{extra} : $r, ${extra} -> $r\n%e = ingot.unary relu %d : $r -> $r\ningot.yield %e : $r"
        return text, [np.maximum(y + bias, 0)], [bias]
    if kind == "residual":
        bias, more = f32(n), f32(*y.shape)
        text = f"%c = {anchor}\n%d = ingot.binary add %c, %{extra} : $r, ${extra} -> $r\n%e = ingot.binary add %d, %{extra + 1} : $r, $r -> $r\n"
        text += "%f = ingot.unary hard_swish %e : $r -> $r\ningot.yield %f : $r"
        z = y + bias + more
        return text, [z * np.clip(z / 6 + 0.5, 0, 1)], [bias, more]
    assert kind == "two results"
    row = f32(*y.shape[:-1], 1)
    text = f"%c = {anchor}\n%d = ingot.binary mul %c, %{extra} : $r, ${extra} -> $r\n%e = ingot.unary relu %c : $r -> $r\n"
    return text + "ingot.yield %d, %e : $r, $r", [y * row, np.maximum(y, 0)], [row]


KINDS = ["none", "bias relu", "residual", "two results"]


def add(name, anchor, inputs, y, before=""):
    kind = KINDS[R.integers(len(KINDS))]
    text, results, more = epilogue(kind, anchor, y, len(inputs))
    weights = inputs[1]
    buffers = [Buffer(i, *((0, 0) if i is weights else spread())) for i in inputs + more]
    REGIONS.append(
        Region(f"{name} {kind}", before + text, buffers, [Buffer(r, *spread()) for r in results], 2e-6 * np.sqrt(max(inputs[0].shape[-1], 16)) * 8)
    )


def contractions():
    for rows, columns, depth in [
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
        (40, 6625, 12),
        (128, 8, 40),
        (131, 72, 30),
        (64, 129, 65),
        (6, 2, 5),
        (9, 24, 16),
        (100, 17, 1),
        (29, 1, 12),
    ]:
        x, w = f32(rows, depth), f32(depth, columns)
        add(
            f"contraction {rows}x{columns}x{depth}",
            f"ingot.packed_matmul %0, %1 : $0, $1 -> $r",
            [x, pack(w)],
            x.astype(np.float64) @ w,
        )
    for lead, rows, columns, depth in [((2,), 13, 20, 9), ((3, 4), 10, 18, 32), ((2, 2), 1, 33, 16), ((5,), 7, 64, 11), ((12,), 40, 40, 8)]:
        x, w = f32(*lead, rows, depth), f32(*lead, depth, columns)
        anchor = f"ingot.packed_matmul %0, %1 : $0, $1 -> $r"
        add(f"batched {lead} {rows}x{columns}x{depth}", anchor, [x, pack(w)], x.astype(np.float64) @ w)
        w = f32(depth, columns)
        add(f"rows {lead} {rows}x{columns}x{depth}", anchor, [x, pack(w)], x.astype(np.float64) @ w)
    # The body computes the left side: one and several row and column blocks, tails of both, rows of less than a vector; gemv with 1 to 3 rows.
    for lead, columns, depth in [
        ((4,), 20, 9),
        ((30,), 64, 17),
        ((131,), 200, 40),
        ((67,), 250, 33),
        ((2, 19), 24, 512),
        ((40,), 17, 1),
        ((1,), 48, 10),
        ((1,), 1000, 129),
        ((2,), 77, 64),
        ((3,), 300, 1024),
    ]:
        x, w, scale = f32(*lead, depth), f32(depth, columns), f32(depth)
        add(
            f"prologue {lead}x{columns}x{depth}",
            f"ingot.packed_matmul %q, %1 : $0, $1 -> $r",
            [x, pack(w), scale],
            np.maximum(x * scale, 0).astype(np.float64) @ w,
            "%p = ingot.binary mul %0, %2 : $0, $2 -> $0\n%q = ingot.unary relu %p : $0 -> $0\n",
        )


def gates():
    """Panels of two products in turn, of which an elementwise body makes one tensor: many rows, few, one; columns that tiles divide and such that
    leave a pair over; a left side that the body computes; the first product as a result of its own."""
    for lead, columns, depth, kind in [
        ((40,), 96, 33, "swiglu"),
        ((37,), 80, 64, "bias"),
        ((2, 13), 16, 20, "swiglu"),
        ((131,), 208, 100, "two results"),
        ((1,), 32, 7, "swiglu"),
        ((1,), 304, 129, "two results"),
        ((3,), 48, 65, "bias"),
        ((29,), 112, 40, "prologue"),
        ((2,), 64, 48, "prologue"),
    ]:
        x, wg, wu, row, scale = f32(*lead, depth), f32(depth, columns), f32(depth, columns), f32(columns), f32(depth)
        weights = np.stack([pack(wg), pack(wu)], axis=1).reshape(columns // 8, depth, 16)
        tensor = lambda *dims: f"tensor<{'x'.join(str(dim) for dim in lead + dims)}xf32>"
        both, pairs, part, whole = tensor(2 * columns), tensor(columns // 16, 2, 16), tensor(columns // 16, 1, 16), tensor(columns)
        left = "%p" if kind == "prologue" else "%0"
        text = f"%p = ingot.binary mul %0, %2 : $0, $2 -> $0\n" if kind == "prologue" else ""
        text += f"%c = ingot.packed_matmul {left}, %1 : $0, $1 -> {both}\n%r = ingot.reshape %c : {both} -> {pairs}\n"
        for i, name in enumerate("gu"):
            offsets, ones = [0] * (len(lead) + 1) + [i, 0], [1] * (len(lead) + 3)
            text += f"%s{i} = ingot.slice %r {offsets} {[*lead, columns // 16, 1, 16]} {ones} : {pairs} -> {part}\n"
            text += f"%{name} = ingot.reshape %s{i} : {part} -> {whole}\n"
        text += "%a = ingot.unary silu %g {alpha = 1.0 : f64} : $r -> $r\n%y = ingot.binary mul %a, %u : $r, $r -> $r\n"
        left = (x * scale if kind == "prologue" else x).astype(np.float64)
        g, u = left @ wg, left @ wu
        y, inputs = g / (1 + np.exp(-g)) * u, [x, weights] + {"bias": [row], "prologue": [scale]}.get(kind, [])
        if kind == "bias":
            text, y = text + "%z = ingot.binary add %y, %2 : $r, $2 -> $r\n", y + row
        text += {"bias": "ingot.yield %z : $r", "two results": "ingot.yield %y, %g : $r, $r"}.get(kind, "ingot.yield %y : $r")
        buffers = [Buffer(i, *((0, 0) if i is weights else spread())) for i in inputs]
        outputs = [Buffer(r, *spread()) for r in ([y, g] if kind == "two results" else [y])]
        REGIONS.append(Region(f"gate {lead}x{columns}x{depth} {kind}", text, buffers, outputs, 1e-4))


def prologues_of_convolutions():
    for shape, outputs in [((1, 9, 11, 20), 24), ((2, 14, 14, 48), 112), ((1, 7, 7, 672), 40), ((1, 3, 50, 7), 8), ((1, 1, 2, 33), 250)]:
        x, scale, w = f32(*shape), f32(shape[0], 1, 1, shape[3]), f32(1, 1, shape[3], outputs)
        anchor = "ingot.conv %p, %1 channels_last kernel [1, 1] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 "
        anchor += f"channels {outputs} : $0, $1 -> $r"
        y = convolution(x * scale, w, (1, 1), (1, 1), 1)
        before = "%p = ingot.binary mul %0, %2 : $0, $2 -> $0\n"
        add(f"conv with prologue {shape} to {outputs}", anchor, [x, pack_convolution(w, 1), scale], y, before)


def convolutions():
    cases = []  # images, height, width, in, out, kernel, strides, dilations, groups
    for size, inputs, outputs in [
        ((14, 14), 8, 24),
        ((9, 11), 16, 16),
        ((7, 7), 40, 72),
        ((1, 20), 12, 8),
        ((5, 5), 3, 10),
        ((6, 40), 64, 130),
        ((3, 3), 8, 1),
    ]:
        for strides in [(1, 1), (2, 2), (2, 1)]:
            cases.append((2, *size, inputs, outputs, (1, 1), strides, (1, 1), 1))
    for size, inputs, outputs, kernel in [
        ((12, 13), 3, 16, (3, 3)),
        ((20, 21), 3, 32, (7, 7)),
        ((10, 10), 8, 8, (3, 3)),
        ((9, 30), 16, 48, (3, 3)),
        ((8, 8), 20, 33, (2, 3)),
        ((11, 9), 1, 8, (5, 5)),
        ((6, 70), 4, 16, (1, 9)),
        ((16, 5), 8, 20, (5, 1)),
        ((40, 12), 8, 4, (39, 3)),
        ((7, 7), 32, 64, (7, 7)),
    ]:
        for strides, dilations in [((1, 1), (1, 1)), ((2, 2), (1, 1)), ((1, 2), (1, 1)), ((1, 1), (2, 2))]:
            if all(s > (k - 1) * d for s, k, d in zip(size, kernel, dilations)):
                cases.append((1, *size, inputs, outputs, kernel, strides, dilations, 1))
    for inputs, outputs, groups in [(16, 32, 2), (12, 20, 4), (32, 32, 4), (6, 3, 3), (8, 16, 8)]:
        cases.append((2, 9, 10, inputs, outputs, (3, 3), (1, 1), (1, 1), groups))
        cases.append((1, 6, 6, inputs, outputs, (1, 1), (1, 1), (1, 1), groups))
    for channels in [8, 16, 24, 40, 5, 100, 1]:
        for kernel, strides, dilations in [
            ((3, 3), (1, 1), (1, 1)),
            ((3, 3), (2, 2), (1, 1)),
            ((5, 5), (1, 1), (1, 1)),
            ((5, 5), (2, 1), (1, 1)),
            ((3, 3), (1, 1), (2, 2)),
            ((1, 7), (1, 1), (1, 1)),
            ((1, 12), (1, 1), (1, 1)),
        ]:
            cases.append((2, 11, 17, channels, channels, kernel, strides, dilations, channels))
    for images, height, width, inputs, outputs, kernel, strides, dilations, groups in cases:
        x, w = f32(images, height, width, inputs), f32(*kernel, inputs // groups, outputs)
        anchor = (
            f"ingot.conv %0, %1 channels_last kernel {list(kernel)} strides {list(strides)} pads [0, 0, 0, 0] dilations {list(dilations)} "
            f"groups {groups} "
            f"channels {outputs} : $0, $1 -> $r"
        )
        name = f"conv {images}x{height}x{width}x{inputs} to {outputs} kernel {kernel} strides {strides} dilations {dilations} groups {groups}"
        add(name, anchor, [x, pack_convolution(w, groups)], convolution(x, w, strides, dilations, groups))
    # Pads that lie nowhere: tiles inside and not, no row inside at all, rows that no window reads, several tiles at an edge.
    for size, channels, kernel, strides, dilations, pads in [
        ((11, 19), 40, (3, 3), (1, 1), (1, 1), (1, 0, 1, 0)),
        ((11, 40), 16, (3, 3), (1, 1), (1, 1), (1, 1, 1, 1)),
        ((12, 56), 16, (3, 3), (2, 2), (1, 1), (1, 1, 1, 1)),
        ((11, 50), 5, (5, 5), (1, 1), (1, 1), (2, 2, 2, 2)),
        ((9, 33), 24, (5, 3), (2, 1), (1, 1), (1, 0, 2, 1)),
        ((2, 41), 32, (5, 5), (1, 1), (1, 1), (2, 2, 2, 2)),
        ((3, 21), 100, (5, 5), (2, 1), (1, 1), (2, 2, 2, 2)),
        ((7, 7), 16, (3, 3), (1, 1), (2, 2), (2, 2, 2, 2)),
        ((4, 3), 8, (3, 3), (1, 1), (3, 1), (3, 4, 3, 5)),
        ((3, 9), 16, (3, 1), (1, 1), (1, 1), (0, 0, 4, 0)),
        ((1, 30), 9, (3, 3), (1, 1), (1, 1), (2, 30, 0, 0)),
        ((5, 40), 8, (3, 12), (1, 1), (1, 1), (1, 6, 1, 5)),
        ((5, 40), 8, (1, 12), (1, 2), (1, 2), (0, 6, 0, 11)),
    ]:
        top, left, bottom, right = pads
        x, w = f32(2, *size, channels), f32(*kernel, 1, channels)
        anchor = (
            f"ingot.conv %0, %1 channels_last kernel {list(kernel)} strides {list(strides)} pads {list(pads)} "
            f"dilations {list(dilations)} groups {channels} channels {channels} : $0, $1 -> $r"
        )
        y = convolution(np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0))), w, strides, dilations, channels)
        add(f"conv pads {pads} of {size} kernel {kernel} strides {strides}", anchor, [x, pack_convolution(w, channels)], y)
    for channels, outputs, groups in [(8, 24, 1), (16, 16, 16)]:
        x, w = f32(2, 30, channels), f32(1, 5, channels // groups, outputs)
        anchor = f"ingot.conv %0, %1 channels_last kernel [5] strides [2] pads [0, 0] dilations [1] groups {groups} channels {outputs} : $0, $1 -> $r"
        add(f"conv 1-D groups {groups}", anchor, [x, pack_convolution(w, groups)], convolution(x[:, None], w, (1, 2), (1, 1), groups)[:, 0])


def main():
    contractions()
    gates()
    convolutions()
    prologues_of_convolutions()
    return check_regions(REGIONS, {"contraction", "gemv", "convolution", "depthwise"})


if __name__ == "__main__":
    sys.exit(main())
