# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Numbers of the family blocks, products with weights of 4 bits, against numpy in f64.

Usage: numerics_blocks.py FOLDER_OF_INGOT_OPT [PART_OF_A_NAME]

As numerics_families.py. With activations of 4 bytes the result must be within f32's rounding of the exact one, with those of 1 byte that of the same
integers; weights are as numpy packs them.
"""

import sys

import numpy as np
from planned_regions import AVX512_VNNI, Buffer, Region, check_regions

R = np.random.default_rng(13)
REGIONS = []


def panels(matrix):
    """[N, blocks] as [ceil(N / 16), blocks, 16]."""
    count = -(-matrix.shape[0] // 16)
    padded = np.zeros((count * 16, matrix.shape[1]), matrix.dtype)
    padded[: matrix.shape[0]] = matrix
    return np.ascontiguousarray(padded.reshape(count, 16, -1).transpose(0, 2, 1))


def pack_blocks(q, block):
    """[N, K] of 0 .. 15: 8 rows of 16 columns in 64 bytes."""
    columns, depth = q.shape
    count, blocks = -(-columns // 16), -(-depth // block)
    padded = np.zeros((count * 16, blocks * block), np.int64)
    padded[:columns, :depth] = q
    chunks = padded.reshape(count, 16, blocks, block // 8, 2, 4)  # panel, column, block, chunk, half, row
    low, high = chunks[..., 0, :], chunks[..., 1, :]
    return np.ascontiguousarray((low | high << 4).transpose(0, 2, 3, 1, 4)).reshape(count, blocks, 8 * block)


def integers(x, block):
    """Each block of each row as the numbers that 1 byte stands for."""
    y = np.zeros(x.shape, np.float64)
    for k in range(0, x.shape[-1], block):
        part = x[..., k : k + block]
        largest = np.maximum(np.abs(part).max(-1, keepdims=True), np.float32(1e-29))
        step = (largest * np.float32(1.0 / 127)).astype(np.float64)
        y[..., k : k + block] = np.rint(part * (np.float32(127) / largest)) * step
    return y


def add(lead, depth, columns, block, bytes, points, kind="none", spread=(0, 0), values=None, plan=None):
    x = R.uniform(-1, 1, (*lead, depth)).astype(np.float32) if values is None else values
    q, blocks = R.integers(0, 16, (columns, depth)), -(-depth // block)
    scales = R.uniform(0.5, 2, (columns, blocks)).astype(np.float32) * R.choice([-1, 1], (columns, blocks)).astype(np.float32)
    zero = R.integers(0, 16, (columns, blocks)) if points else np.full((columns, blocks), 8)
    spreadOf = lambda matrix: np.repeat(matrix, block, axis=1)[:, :depth]
    weights = (q - spreadOf(zero)) * spreadOf(scales).astype(np.float64)
    y = (integers(x, block) if bytes == 1 else x.astype(np.float64)) @ weights.T
    inputs = [Buffer(x, *spread), Buffer(pack_blocks(q, block), element="ui8"), Buffer(panels(scales))]
    inputs += [Buffer(panels(zero), element="ui8")] if points else []
    words, types = ("points %3", ", $3") if points else ("", "")
    anchor = f"ingot.block_matmul %0, %1 scales %2 {words} block {block} columns {columns} bytes {bytes} : ($0, $1, $2{types}) -> $r"
    text = f"%c = {anchor}\ningot.yield %c : $r"
    if kind == "bias relu":
        bias, extra = R.uniform(-1, 1, columns).astype(np.float32), len(inputs)
        text = f"%c = {anchor}\n%d = ingot.binary add %c, %{extra} : $r, ${extra} -> $r\n%e = ingot.unary relu %d : $r -> $r\ningot.yield %e : $r"
        y, inputs = np.maximum(y + bias, 0), [*inputs, Buffer(bias)]
    magnitude = (np.abs(x).astype(np.float64) @ np.abs(weights).T).max()
    name = f"{lead}x{depth} columns {columns} block {block} bytes {bytes}{' points' if points else ''} {kind} {spread} {plan or ''}"
    REGIONS.append(Region(name, text, inputs, [Buffer(y, *spread)], 1e-6 * magnitude + 1e-30, plan))


def main():
    for bytes in (4, 1):
        for block in (16, 32, 256):
            add((1,), 256, 64, block, bytes, block == 32)
            add((3,), 300, 40, block, bytes, block != 32, "bias relu", (3, 5))
        add((1,), 32, 1, 32, bytes, False)
        add((1,), 5, 16, 16, bytes, True)
        add((2,), 1000, 100, 64, bytes, False, "bias relu")
        add((8,), 96, 200, 32, bytes, True, "bias relu", (16, 0))
        add((2, 7), 64, 33, 32, bytes, False, spread=(1, 7))
        add((3, 1, 5), 130, 24, 64, bytes, True, "bias relu", (3, 5))
        add((67,), 160, 40, 32, bytes, False, "bias relu")
    # Small numbers beside large ones, very small ones alone, zeros: as exact as f32.
    wide = (R.uniform(-1, 1, (2, 256)) * 2.0 ** R.integers(-40, 1, (2, 256))).astype(np.float32)
    add((2,), 256, 48, 32, 4, False, values=wide)
    add((2,), 256, 48, 32, 4, True, values=(wide * 2.0**90).astype(np.float32))
    add((2,), 256, 48, 32, 4, False, values=(wide * 2.0**-90).astype(np.float32))
    add((2,), 256, 48, 32, 4, False, values=np.zeros((2, 256), np.float32))
    add((2,), 256, 48, 32, 1, False, values=np.zeros((2, 256), np.float32))
    add((1,), 64, 16, 32, 4, False, values=np.where(np.arange(64) == 3, 1, 0).astype(np.float32)[None])
    cpus = AVX512_VNNI | {"AVX-512 words": (True, ("word-pairs",)), "AVX2 words": (False, ("word-pairs",))}
    return check_regions(REGIONS, {"blocks"}, cpus)


if __name__ == "__main__":
    sys.exit(main())
