# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Numbers of kernels that write their results past the caches, against numpy in f64: all families that do, with tails and gaps, into buffers that
begin with a cache line and into such that do not.

Usage: numerics_stores.py FOLDER_OF_INGOT_OPT [PART_OF_A_NAME]

As numerics_families.py: any number of threads must give the same bits, and no element outside of the outputs may be written. Every kernel must
have non-temporal stores and a fence behind them, but those that would write half a line at a time.
"""

import re
import sys

import numpy as np
from planned_regions import Buffer, Region, check_regions, convolution, pack, pack_convolution

R = np.random.default_rng(23)
REGIONS = []


def f32(*shape):
    return R.uniform(-1, 1, shape).astype(np.float32)


def begin_elsewhere(buffer):
    """Moves the buffer one element away from the beginning of a line."""
    moved = np.empty(buffer.raw.size + 64, buffer.raw.dtype)
    start = -moved.ctypes.data % 64 // moved.itemsize + 1
    buffer.raw = moved[start : start + buffer.raw.size]
    buffer.clear()
    return buffer


def add(name, body, inputs, y, spread=0, tolerance=1e-5, element="f32"):
    """The region twice: with a result that begins with a line, and with one that does not."""
    for where in ("line", "elsewhere"):
        output = Buffer(y, spread, 32 if spread else 0, element)
        if where == "elsewhere":
            begin_elsewhere(output)
        buffers = [Buffer(array) for array in inputs]
        REGIONS.append(Region(f"{name}, {where}", body, buffers, [output], tolerance, attributes="{ingot.stores = array<i64: 0>}"))


def maps():
    relu = "%c = ingot.unary relu %0 : $0 -> $r\ningot.yield %c : $r"
    x = f32(33, 64)
    add("map", relu, [x], np.maximum(x, 0))
    add("map with gaps", relu, [x], np.maximum(x, 0), spread=16)
    x = f32(9, 40)
    add("map with tails", relu, [x], np.maximum(x, 0), spread=8)
    x = f32(40, 48)
    add("transpose", "%c = ingot.transpose %0 [1, 0] : $0 -> $r\ningot.yield %c : $r", [x], x.T, spread=8)
    x = f32(17, 64)
    add("halves", "%c = ingot.cast %0 to f16 : $0 -> $r\ningot.yield %c : $r", [x], x, tolerance=1e-3, element="f16")


def rows():
    x = f32(20, 80)
    e = np.exp(x.astype(np.float64) - x.max(-1, keepdims=True))
    add("softmax", "%c = ingot.norm softmax %0 axes [1] : $0 -> $r\ningot.yield %c : $r", [x], e / e.sum(-1, keepdims=True))


def pools():
    x = f32(2, 9, 11, 32)
    y = np.stack([x[:, i : i + 7, j : j + 9] for i in range(3) for j in range(3)]).max(0)
    anchor = "ingot.pool max %0 channels_last kernel [3, 3] strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] count_pads [0, 0, 0, 0]"
    add("pool", f"%c = {anchor} : $0 -> $r\ningot.yield %c : $r", [x], y)


def products():
    for rows, columns, depth in [(70, 96, 40), (33, 40, 9), (5, 112, 65)]:
        x, w, bias = f32(rows, depth), f32(depth, columns), f32(columns)
        body = "%c = ingot.packed_matmul %0, %1 : $0, $1 -> $r\n%d = ingot.binary add %c, %2 : $r, $2 -> $r\ningot.yield %d : $r"
        add(f"product {rows}x{columns}x{depth}", body, [x, pack(w), bias], x.astype(np.float64) @ w + bias, spread=-columns % 16)


def convolutions():
    for size, inputs, outputs, kernel, groups in [((14, 13), 12, 64, (1, 1), 1), ((12, 21), 16, 48, (3, 3), 1), ((12, 21), 32, 32, (3, 3), 32)]:
        x, w = f32(2, *size, inputs), f32(*kernel, inputs // groups, outputs)
        y = convolution(x, w, (1, 1), (1, 1), groups)
        anchor = f"ingot.conv %0, %1 channels_last kernel {list(kernel)} strides [1, 1] pads [0, 0, 0, 0] dilations [1, 1] groups {groups} "
        body = f"%c = {anchor}channels {outputs} : $0, $1 -> $r\n%d = ingot.unary relu %c : $r -> $r\ningot.yield %d : $r"
        add(f"conv {size} {inputs} to {outputs} {kernel}", body, [x, pack_convolution(w, groups)], np.maximum(y, 0), tolerance=1e-4)


def all_bypass(kernels):
    """What is wrong with the text of the kernels: all but depthwise ones with vectors of half a line, which come late to the other half."""
    failed = []
    for function in kernels.split("func.func private @")[1:]:
        signature, body = function.split("\n", 1)
        is_late = "memref<2x9x16xf32" in signature and "vector<8xf32>" in body
        if signature.startswith("region_") and is_late == bool(re.search(r"nontemporal = true.*sfence", body, re.DOTALL)):
            failed.append(f"FAIL {signature.split('(')[0]} {'writes half lines' if is_late else 'writes nothing past the caches, or has no fence'}")
    return failed


if __name__ == "__main__":
    for case in (maps, rows, pools, products, convolutions):
        case()
    families = {"map", "row", "pool", "contraction", "convolution", "depthwise"}
    sys.exit(check_regions(REGIONS, families, teams=(1, 2, 3), check_kernels=all_bypass))
