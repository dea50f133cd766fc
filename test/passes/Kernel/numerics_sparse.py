# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Numbers of the families sparse and pairs, products with weights whose zero blocks are left out or of which two of four are stored, against numpy
in f64.

Usage: numerics_sparse.py FOLDER_OF_INGOT_OPT [PART_OF_A_NAME]

As numerics_families.py; weights are as numpy packs them. Products of bytes must be the same integers, all others within the rounding of f32.
"""

import sys

import numpy as np
from planned_regions import AVX512_BF16, AVX512_VNNI, Buffer, Region, check_regions, rounded

R = np.random.default_rng(14)
REGIONS = []
GROUPS = {"f32": 1, "bf16": 2, "ui8": 4}


def sparse(weights, group, room):
    """[K, N] as places [panels + 1 + blocks] and blocks [blocks, 16 * group]; `room` more than there are."""
    depth, columns = weights.shape
    padded = np.zeros((-(-depth // group) * group, -(-columns // 16) * 16), weights.dtype)
    padded[:depth, :columns] = weights
    packed = padded.reshape(-1, group, padded.shape[1] // 16, 16).transpose(2, 0, 3, 1).reshape(padded.shape[1] // 16, -1, 16 * group)
    starts, steps, blocks = [], [], []
    for panel in packed:
        starts.append(len(steps))
        for step, block in enumerate(panel):
            if (block != 0).any():
                steps.append(step)
                blocks.append(block)
    more = [np.zeros(16 * group, weights.dtype)] * (room + (not steps))
    return np.array([*starts, len(steps), *steps, *[0] * len(more)]), np.array([*blocks, *more])


def pairs(weights):
    """[K, N] of which at most two of every four rows are not zero, as values [panels, K / 2, 16] and places [panels, K / 32, 16]."""
    depth, columns = weights.shape
    padded = np.zeros((depth, -(-columns // 16) * 16), weights.dtype)
    padded[:, :columns] = weights
    groups = padded.reshape(depth // 4, 4, -1, 16).transpose(2, 0, 1, 3)  # panel, group, row, column
    rows = np.argsort(groups == 0, axis=2, kind="stable")[:, :, :2]
    shifts = 4 * np.arange(8)[:, None] + 2 * np.arange(2)
    words = (rows.reshape(len(rows), -1, 8, 2, 16).astype(np.int64) << shifts[..., None]).sum((2, 3))
    values = np.take_along_axis(groups, rows, 2)
    return values.reshape(len(rows), -1, 16), words.astype(np.uint32).view(np.int32).astype(np.int64)


def add_pairs(lead, depth, columns, kind="none", spread=(0, 0), plan=None):
    kept = R.random((depth // 4, 4, columns)).argsort(1) < R.integers(0, 3, (depth // 4, 1, columns))
    x = R.uniform(-1, 1, (*lead, depth)).astype(np.float32)
    weights = (R.uniform(-1, 1, (depth, columns)) * kept.reshape(depth, columns)).astype(np.float32)
    values, places = pairs(weights)
    y, inputs = x.astype(np.float64) @ weights, [Buffer(x, *spread), Buffer(values), Buffer(places, element="i32")]
    text = f"%c = ingot.pair_matmul %0, %1 places %2 columns {columns} : ($0, $1, $2) -> $r\n"
    if kind == "bias relu":
        bias = R.uniform(-1, 1, columns).astype(np.float32)
        text += "%d = ingot.binary add %c, %3 : $r, $3 -> $r\n%e = ingot.unary relu %d : $r -> $r\ningot.yield %e : $r"
        y, inputs = np.maximum(y + bias, 0), [*inputs, Buffer(bias)]
    else:
        text += "ingot.yield %c : $r"
    name = f"pairs {lead}x{depth} columns {columns} {kind} {spread} {plan or ''}"
    tolerance = 1e-6 * (np.abs(x).astype(np.float64) @ np.abs(weights)).max() + 1e-30
    REGIONS.append(Region(name, text, inputs, [Buffer(y, *spread)], tolerance, plan))


def add(lead, depth, columns, element="f32", right=None, density=0.3, kind="none", spread=(0, 0), plan=None, room=0):
    right = right or {"ui8": "i8"}.get(element, element)
    group = 1 if right != element and element == "f32" else GROUPS[element]
    keeps = np.repeat(np.repeat(R.random((-(-depth // group), -(-columns // 16))) < density, group, 0), 16, 1)[:depth, :columns]
    if element == "ui8":
        x, weights = R.integers(0, 256, (*lead, depth)), R.integers(-128, 128, (depth, columns)) * keeps
    else:
        x, weights = rounded(R.uniform(-1, 1, (*lead, depth)), element), rounded(R.uniform(-1, 1, (depth, columns)) * keeps, right)
    y = x.astype(np.float64) @ weights.astype(np.float64)
    places, blocks = sparse(weights, group, room)
    inputs = [Buffer(x, *spread, element=element), Buffer(blocks, element=right), Buffer(places, element="i32")]
    anchor = f"ingot.sparse_matmul %0, %1 places %2 columns {columns} : ($0, $1, $2) -> $r"
    text = f"%c = {anchor}\ningot.yield %c : $r"
    if kind == "bias relu":
        bias = R.uniform(-1, 1, columns).astype(np.float32)
        text = f"%c = {anchor}\n%d = ingot.binary add %c, %3 : $r, $3 -> $r\n%e = ingot.unary relu %d : $r -> $r\ningot.yield %e : $r"
        y, inputs = np.maximum(y + bias, 0), [*inputs, Buffer(bias)]
    magnitude = (np.abs(x).astype(np.float64) @ np.abs(weights).astype(np.float64)).max()
    name = f"{lead}x{depth} columns {columns} {element} {right} density {density} {kind} {spread} {plan or ''}"
    output = Buffer(y.astype(np.int64), *spread, element="i32") if element == "ui8" else Buffer(y, *spread)
    REGIONS.append(Region(name, text, inputs, [output], 0 if element == "ui8" else 1e-6 * magnitude + 1e-30, plan))


def main():
    for element in GROUPS:
        add((1,), 256, 64, element)
        add((3,), 301, 40, element, kind="none" if element == "ui8" else "bias relu", spread=(3, 5))
        add((26,), 130, 200, element, density=0.5)
        add((2, 7), 64, 33, element, spread=(1, 7))
        add((67,), 160, 40, element, kind="none" if element == "ui8" else "bias relu")
        add((5,), 3, 16, element, density=1)
        add((4,), 64, 48, element, density=0)  # no block at all
        add((9,), 100, 64, element, room=5)
        plan = "<family = sparse, tile = [12, 32, 5], unroll = 1, lanes = 16, units = 6, parallel = true, scratch = 8192>"
        add((29,), 128, 64, element, plan=plan)
        add((29,), 128, 64, element, plan=plan.replace("unroll = 1", "unroll = 3"))
    add((128,), 200, 100, kind="bias relu")
    add((3, 1, 5), 130, 24, kind="bias relu", spread=(3, 5))
    for right in ("bf16", "f16"):
        add((3,), 96, 50, "f32", right)
    add_pairs((1,), 256, 64)
    add_pairs((1,), 32, 1)
    add_pairs((3,), 96, 200, "bias relu", (3, 5))
    add_pairs((2, 3), 160, 40, "bias relu")
    add_pairs((21,), 64, 100)
    add_pairs((7,), 128, 64, plan="<family = pairs, tile = [3, 32], unroll = 1, lanes = 16, units = 6, parallel = true>")
    cpus = AVX512_VNNI | AVX512_BF16 | {"AVX2": (False, ()), "AVX2 words": (False, ("word-pairs",))}
    return check_regions(REGIONS, {"sparse", "pairs"}, cpus)


if __name__ == "__main__":
    sys.exit(main())
