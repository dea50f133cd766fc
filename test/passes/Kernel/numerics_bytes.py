# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Products of bytes against numpy: every family that multiplies them, with what quantised models do around them.

Usage: numerics_bytes.py FOLDER_OF_INGOT_OPT [PART_OF_A_NAME]

Integers do not round, and the arithmetic in f32 around them is that of numpy, operation by operation: results must be the same bits with the
instructions of AVX-512 VNNI (where this CPU has them), with pairs of words and with neither. Elements have all values of their types, also those
with which a sum of two products would not fit into 16 bits.
"""

import sys

import numpy as np
from planned_regions import AVX512_VNNI, Buffer, Region, check_regions, convolution, pack, pack_convolution

R = np.random.default_rng(13)
REGIONS = []
F = np.float32


def bytes_of(*shape):
    extremes = R.choice([0, 1, 254, 255], shape)
    return np.where(R.random(shape) < 0.5, extremes, R.integers(0, 256, shape))


def weights_of(*shape):
    extremes = R.choice([-128, -127, 127], shape)
    return np.where(R.random(shape) < 0.5, extremes, R.integers(-128, 128, shape))


def spread():
    """Layouts as concat, halos and slices make them."""
    return [(0, 0), (3, 5), (16, 0), (1, 7)][R.integers(4)]


def quantized(x, scale, point, low, high):
    return np.clip(np.rint(x / F(scale)) + F(point), low, high).astype(np.int64)


def text_of_quantize(name, shape, scale, point, low, high, to):
    """`%q`: what ONNX QuantizeLinear makes of the value `name`."""
    f32 = f"tensor<{shape}xf32>"
    lines, last = [], name
    for i, (op, number) in enumerate((("div", scale), ("", 0), ("add", point), ("max", low), ("min", high))):
        if op:
            lines.append(f"%k{i} = ingot.constant dense<{F(number):.9e}> : tensor<f32>")
            lines.append(f"%q{i} = ingot.binary {op} {last}, %k{i} : {f32}, tensor<f32> -> {f32}")
        else:
            lines.append(f"%q{i} = ingot.unary round_even {last} : {f32} -> {f32}")
        last = f"%q{i}"
    return "\n".join([*lines, f"%q = ingot.cast {last} to {to} : {f32} -> tensor<{shape}x{to}>"])


def epilogue(kind, anchor, y, extra):
    """Text after the anchor, results with their element types, and more inputs. `extra`: number of the next input."""
    shape = "x".join(map(str, y.shape))
    i32, f32 = f"tensor<{shape}xi32>", f"tensor<{shape}xf32>"
    text = f"%c = {anchor} -> {i32}\n"
    if kind == "none":
        return text + f"ingot.yield %c : {i32}", [(y, "i32")], []
    columns = y.shape[-1]
    bias, scales = R.integers(-9999, 9999, columns), R.uniform(0.5, 2, columns).astype(F) * F(1e-3)
    text += f"%b = ingot.binary add %c, %{extra} : {i32}, ${extra} -> {i32}\n%f = ingot.cast %b to f32 : {i32} -> {f32}\n"
    text += f"%m = ingot.binary mul %f, %{extra + 1} : {f32}, ${extra + 1} -> {f32}\n"
    more = [(bias, "i32"), (scales, "f32")]
    real = (y + bias).astype(F) * scales
    if kind == "scaled":
        return text + f"ingot.yield %m : {f32}", [(real, "f32")], more
    size = F(np.abs(real).max() / 100 + 1e-3)
    if kind == "relu to ui8":
        text += f"%r = ingot.unary relu %m : {f32} -> {f32}\n" + text_of_quantize("%r", shape, size / 3, 3, 0, 255, "ui8")
        return text + f"\ningot.yield %q : tensor<{shape}xui8>", [(quantized(np.maximum(real, 0), size / 3, 3, 0, 255), "ui8")], more
    if kind == "to i8":
        text += text_of_quantize("%m", shape, size, -7, -128, 127, "i8")
        return text + f"\ningot.yield %q : tensor<{shape}xi8>", [(quantized(real, size, -7, -128, 127), "i8")], more
    assert kind == "residual"
    added, step = bytes_of(*y.shape), size / F(7)
    text += f"%u = ingot.cast %{extra + 2} to f32 : ${extra + 2} -> {f32}\n%z = ingot.constant dense<1.28e+02> : tensor<f32>\n"
    text += f"%v = ingot.binary sub %u, %z : {f32}, tensor<f32> -> {f32}\n%s = ingot.constant dense<{step:.9e}> : tensor<f32>\n"
    text += f"%w = ingot.binary mul %v, %s : {f32}, tensor<f32> -> {f32}\n%t = ingot.binary add %m, %w : {f32}, {f32} -> {f32}\n"
    shared = (added - 128).astype(F) * step
    total = ((y + bias).astype(F).astype(np.float64) * scales + shared).astype(F)  # a product that is only added is not rounded before
    text += text_of_quantize("%t", shape, size, 100, 0, 255, "ui8")
    results = [(quantized(total, size, 100, 0, 255), "ui8"), (total, "f32")]
    return text + f"\ningot.yield %q, %t : tensor<{shape}xui8>, {f32}", results, [*more, (added, "ui8")]


KINDS = ["none", "relu to ui8", "residual", "scaled", "to i8"]


def add(name, anchor, inputs, y, before=""):
    """`anchor`: without its result type. `inputs`: pairs of an array and its element type; the second one holds weights."""
    kind = KINDS[len(REGIONS) % len(KINDS)]
    text, results, more = epilogue(kind, anchor, y.astype(np.int64), len(inputs))
    buffers = [Buffer(array, *((0, 0) if i == 1 else spread()), element) for i, (array, element) in enumerate(inputs)]
    buffers += [Buffer(array, *spread(), element) for array, element in more]
    outputs = [Buffer(array, *spread(), element) for array, element in results]
    REGIONS.append(Region(f"{name}, {kind}", before + text, buffers, outputs, tolerance=0))


def contractions():
    for rows, columns, depth in [
        (1, 1, 1),
        (1, 16, 7),
        (1, 100, 64),
        (2, 40, 33),
        (3, 1000, 22),
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
        (9, 33, 4096),
    ]:
        x, w = bytes_of(rows, depth), weights_of(depth, columns)
        add(f"{rows}x{columns}x{depth}", "ingot.packed_matmul %0, %1 : $0, $1", [(x, "ui8"), (pack(w, 4), "i8")], x @ w)
    for lead, rows, columns, depth in [((2,), 13, 20, 9), ((3, 4), 10, 18, 32)]:
        x, w = bytes_of(*lead, rows, depth), weights_of(*lead, depth, columns)
        name = f"batched {lead} {rows}x{columns}x{depth}"
        add(name, "ingot.packed_matmul %0, %1 : $0, $1", [(x, "ui8"), (pack(w, 4), "i8")], x @ w)
    # The body computes the left side: rows of odd length, and of less than a vector.
    prologues = [((4,), 20, 9), ((30,), 64, 17), ((131,), 200, 40), ((2, 19), 24, 512), ((40,), 17, 1), ((1,), 48, 10), ((3,), 300, 129)]
    for lead, columns, depth in prologues:
        x, w = R.uniform(-1, 1, (*lead, depth)).astype(F), weights_of(depth, columns)
        shape = "x".join(map(str, x.shape))
        before = text_of_quantize("%0", shape, 1 / 150, 120, 0, 255, "ui8").replace("%q", "%p").replace("%k", "%l") + "\n"
        y = quantized(x, F(1 / 150), 120, 0, 255) @ w
        anchor = f"ingot.packed_matmul %p, %1 : tensor<{shape}xui8>, $1"
        add(f"prologue {lead}x{columns}x{depth}", anchor, [(x, "f32"), (pack(w, 4), "i8")], y, before)


def convolutions():
    cases = []  # images, height, width, in, out, kernel, strides, dilations, groups
    for size, inputs, outputs, kernel in [
        ((9, 11), 16, 16, (1, 1)),
        ((7, 7), 40, 72, (1, 1)),
        ((6, 40), 64, 130, (1, 1)),
        ((3, 3), 8, 1, (1, 1)),
        ((12, 13), 4, 16, (3, 3)),
        ((20, 21), 4, 32, (7, 7)),
        ((9, 30), 16, 48, (3, 3)),
        ((8, 8), 20, 33, (2, 3)),
        ((6, 70), 4, 16, (1, 9)),
        ((16, 5), 8, 20, (5, 1)),
    ]:
        for strides, dilations in [((1, 1), (1, 1)), ((2, 2), (1, 1)), ((1, 1), (1, 2))]:
            if all(s > (k - 1) * d for s, k, d in zip(size, kernel, dilations)):
                cases.append((2, *size, inputs, outputs, kernel, strides, dilations, 1))
    for inputs, outputs, groups in [(16, 32, 2), (8, 20, 2), (32, 32, 4)]:
        cases.append((2, 9, 10, inputs, outputs, (3, 3), (1, 1), (1, 1), groups))
    for channels in [8, 16, 40, 5, 100]:
        for kernel, strides, dilations in [((3, 3), (1, 1), (1, 1)), ((3, 3), (2, 2), (1, 1)), ((5, 5), (2, 1), (1, 1)), ((1, 12), (1, 1), (1, 1))]:
            cases.append((2, 11, 17, channels, channels, kernel, strides, dilations, channels))
    for images, height, width, inputs, outputs, kernel, strides, dilations, groups in cases:
        x, w = bytes_of(images, height, width, inputs), weights_of(*kernel, inputs // groups, outputs)
        anchor = (
            f"ingot.conv %0, %1 channels_last kernel {list(kernel)} strides {list(strides)} pads [0, 0, 0, 0] dilations {list(dilations)} "
            f"groups {groups} channels {outputs} : $0, $1"
        )
        name = f"conv {height}x{width}x{inputs} to {outputs} kernel {kernel} {strides} {dilations} groups {groups}"
        add(name, anchor, [(x, "ui8"), (pack_convolution(w, groups, 4), "i8")], convolution(x, w, strides, dilations, groups))
    # Pads that lie nowhere, and channels that no group divides.
    for size, channels, kernel, strides, pads in [((11, 40), 16, (3, 3), (1, 1), (1, 1, 1, 1)), ((12, 21), 24, (5, 3), (2, 2), (2, 1, 2, 1))]:
        top, left, bottom, right = pads
        x, w = bytes_of(2, *size, channels), weights_of(*kernel, 1, channels)
        anchor = (
            f"ingot.conv %0, %1 channels_last kernel {list(kernel)} strides {list(strides)} pads {list(pads)} dilations [1, 1] "
            f"groups {channels} channels {channels} : $0, $1"
        )
        y = convolution(np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0))), w, strides, (1, 1), channels)
        add(f"depthwise pads {pads} of {size}", anchor, [(x, "ui8"), (pack_convolution(w, channels), "i8")], y)
    for inputs, outputs, kernel in [(3, 20, (3, 3)), (6, 16, (1, 1))]:
        x, w = bytes_of(1, 9, 14, inputs), weights_of(*kernel, inputs, outputs)
        anchor = f"ingot.conv %0, %1 channels_last kernel {list(kernel)} strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups 1 "
        anchor += f"channels {outputs} : $0, $1"
        y = convolution(x, w, (1, 1), (1, 1), 1)
        add(f"single bytes {inputs} to {outputs} kernel {kernel}", anchor, [(x, "ui8"), (pack_convolution(w, 1), "i8")], y)


def quantizations():
    """Maps: every number of f32 near a boundary between two integers, NaN, infinities, and scales for which the division is not done by products."""
    odd = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 3e38, -3e38, 1e-40], F)
    for scale, point, low, high, to in [
        (0.0173, 0, 0, 255, "ui8"),
        (F(1) / 3, 77, 0, 255, "ui8"),
        (0.25, 255, 0, 255, "ui8"),
        (13.7, -128, -128, 127, "i8"),
        (2e-5, 5, -128, 127, "i8"),
        (1.9999999, 1, 1, 200, "ui8"),
        (1e-35, 3, 0, 255, "ui8"),
    ]:
        scale = F(scale)
        halves = ((np.arange(-300, 300) + 0.5) * np.float64(scale)).astype(F)
        x = np.concatenate([odd, *[halves + halves * F(step * 2.0**-23) for step in range(-3, 4)]]).astype(F)
        with np.errstate(all="ignore"):
            y = np.nan_to_num(np.clip(np.rint(x / scale) + F(point), low, high)).astype(np.int64)
        shape = str(x.size)
        text = text_of_quantize("%0", shape, scale, point, low, high, to) + f"\ningot.yield %q : tensor<{shape}x{to}>"
        REGIONS.append(Region(f"quantize by {scale} + {point} to {to}", text, [Buffer(x)], [Buffer(y, 0, 0, to)], tolerance=0))


def plain():
    """What no fast family covers, in any layout."""
    for left, right in (("ui8", "i8"), ("i8", "i8"), ("ui8", "ui8")):
        make = {"ui8": bytes_of, "i8": weights_of}
        x, w = make[left](2, 5, 70), make[right](70, 9)
        add(f"matmul {left} x {right}", "ingot.matmul %0, %1 : $0, $1", [(x, left), (w, right)], x @ w)
        add(f"transposed {left} x {right}", "ingot.matmul %0, %1 {transpose_rhs} : $0, $1", [(x, left), (w.T.copy(), right)], x @ w)
        x, w = make[left](1, 9, 8, 6), make[right](3, 2, 3, 10)
        y = np.moveaxis(convolution(x, w, (1, 2), (1, 1), 2), -1, 1)
        anchor = "ingot.conv %0, %1 channels_first kernel [3, 2] strides [1, 2] pads [0, 0, 0, 0] dilations [1, 1] groups 2 channels 10 : $0, $1"
        add(f"conv {left} x {right}", anchor, [(np.moveaxis(x, -1, 1).copy(), left), (w.transpose(3, 2, 0, 1).copy(), right)], y)


def main():
    contractions()
    convolutions()
    quantizations()
    cpus = AVX512_VNNI | {"AVX-512 words": (True, ("word-pairs",)), "AVX2 words": (False, ("word-pairs",))}
    failed = check_regions(REGIONS, {"contraction", "gemv", "convolution", "depthwise", "map"}, cpus)
    REGIONS.clear()
    plain()
    return failed | check_regions(REGIONS, {"plain"})


if __name__ == "__main__":
    sys.exit(main())
