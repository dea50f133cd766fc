# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Numbers of the family attention against numpy in f64: tails of all dims, masks, heads that share keys, one block of keys and several.

Usage: numerics_attention.py FOLDER_OF_INGOT_OPT [PART_OF_A_NAME]

As numerics_families.py: AVX-512 and AVX2, one thread and two with the same bits, nothing read or written beside the buffers.
"""

import sys

import numpy as np
from numerics_families import spread
from planned_regions import Buffer, Region, check_regions

R = np.random.default_rng(7)
REGIONS = []


def f32(*shape):
    return R.uniform(-1, 1, shape).astype(np.float32)


def attention(q, k, v, mask, scale):
    shared = q.shape[2] // k.shape[2]
    k, v = (np.repeat(x.astype(np.float64), shared, 2) for x in (k, v))
    scores = np.einsum("bmhd,bnhd->bhmn", q.astype(np.float64), k) * scale
    if mask is not None:
        scores = scores + mask
    weights = np.exp(scores - np.maximum(scores.max(-1, keepdims=True), -1e300))
    return np.einsum("bhmn,bnhe->bmhe", weights / weights.sum(-1, keepdims=True), v)


def add(name, batch, rows, keys, heads, key_heads, depth, columns, mask=None, scale=0.5, size=3, tolerance=2e-5, causal=None):  # scores reach 100
    q, k, v = f32(batch, rows, heads, depth) * size, f32(batch, keys, key_heads, depth) * size, f32(batch, keys, key_heads, columns)
    inputs = [q, k, v] + ([] if mask is None else [mask])
    buffers = [Buffer(i, *spread()) for i in inputs]
    own, types = ("mask %3 ", ", $3") if mask is not None else ("", "")
    promise = "" if causal is None else f"causal {causal} "
    body = f"%c = ingot.attention %0, %1, %2 {own}scale {scale} {promise}: ($0, $1, $2{types}) -> $r\ningot.yield %c : $r"
    y = attention(q, k, v, mask, scale)
    if causal is not None:  # keys that no row sees are not computed with, but for those of the last row's panel and of its tile
        k[:, rows + causal + 32:] = np.nan
    name = f"{name} {batch} {rows}x{keys} {heads}/{key_heads} {depth}/{columns}"
    REGIONS.append(Region(name, body, buffers, [Buffer(y, *spread())], tolerance))


def main():
    for rows, keys, depth, columns in [
        (4, 1, 8, 8),
        (5, 16, 4, 16),
        (7, 17, 16, 5),
        (12, 33, 20, 40),
        (13, 64, 64, 64),
        (31, 65, 33, 17),
        (33, 128, 80, 80),
        (19, 130, 64, 128),
        (6, 511, 7, 3),
        (40, 512, 32, 32),
        (8, 513, 32, 32),
        (200, 700, 16, 24),
        (11, 1000, 96, 65),
    ]:
        add("plain", 1, rows, keys, 2, 2, depth, columns)
        add("shared", 2, rows, keys, 6, 2, depth, columns)
        add("one key head", 2, rows, keys, 3, 1, depth, columns)
        if rows * keys > 2000 and keys != 700:
            continue
        for name, shape in (
            ("mask", (2, 3, rows, keys)),
            ("mask of rows", (1, 1, rows, 1)),
            ("mask of keys", (2, 1, 1, keys)),
            ("mask of a matrix", (rows, keys)),
            ("mask of a vector", (keys,)),
            ("mask of heads", (3, 1, 1)),
        ):
            add(name, 2, rows, keys, 3, 3, depth, columns, f32(*shape) * 4)
    # Masks that leave little: causal with -inf, all but one key, and the largest number, which makes all scores equal. A whole block may be without
    # scores.
    for rows, keys in ((9, 9), (40, 600)):
        causal = np.where(np.arange(keys)[None] <= np.arange(rows)[:, None], 0, -np.inf).astype(np.float32)
        add("causal", 1, rows, keys, 2, 2, 8, 8, causal)
        add("causal from the end", 1, rows, keys, 2, 2, 8, 8, np.ascontiguousarray(causal[::-1, ::-1]))
        one = np.where(np.arange(keys) == keys - 1, 0, -np.inf).astype(np.float32)
        add("one key", 1, rows, keys, 2, 2, 8, 8, one)
        add("all masked", 1, rows, keys, 2, 2, 8, 8, np.full((keys,), -3.4028234e38, np.float32), size=0)
    # Blocks of keys that a causal mask rules out are left out: one block and several, tails, rows that see all, a block that a tile does not see.
    for rows, keys, ahead in ((9, 9, 0), (128, 128, 0), (40, 100, 0), (50, 64, 20), (17, 600, 3), (300, 700, 0), (300, 700, 256), (700, 300, 5)):
        seen = np.arange(keys)[None] <= np.arange(rows)[:, None] + ahead
        causal = np.where(seen, 0, -np.inf).astype(np.float32)
        add("promised causal", 1, rows, keys, 2, 1, 16, 24, causal, causal=ahead)
    # Large scores: the maximum is taken out first.
    add("large scores", 1, 20, 600, 2, 2, 16, 16, size=40, tolerance=5e-4)  # they reach thousands
    return check_regions(REGIONS, {"attention"})


if __name__ == "__main__":
    sys.exit(main())
