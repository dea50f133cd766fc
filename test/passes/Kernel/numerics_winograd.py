# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Numbers of the family winograd, with epilogues, tiles at the edges and strided buffers, against numpy in f64.

Usage: numerics_winograd.py FOLDER_OF_INGOT_OPT [PART_OF_A_NAME]

Each region is computed as planned for AVX-512 and for AVX2, and some as a plan says that the cost model would not choose; by one thread, by two and
by three. All must give the same bits. Gaps of the buffers and the threads' scratch memory hold NaN, so an element read by mistake shows.
"""

import itertools
import sys

import numpy as np
from numerics_families import epilogue, f32, spread
from planned_regions import Buffer, Region, check_regions, convolution, pack_convolution

POINTS = {2: [0, 1, -1], 4: [0, 0.625, -0.625, 1.5, -1.5]}
REGIONS = []


def filter_matrix(tile):
    """G of F(tile, 3), the point at infinity first, by its definition: the filter's polynomial at each point, over the product of the distances."""
    points = POINTS[tile]
    rows = [[0, 0, 1]]
    for i, p in enumerate(points):
        rows.append(np.array([1, p, p * p]) / np.prod([p - q for j, q in enumerate(points) if j != i]))
    return np.array(rows)


def transform_filters(w, tile):
    """[3, 3, C, O] as [panels, (tile + 2)^2, C, 16]."""
    inputs, outputs = w.shape[2:]
    packed = pack_convolution(w, 1).reshape(-(-outputs // 16), 3, 3, inputs, 16).astype(np.float64)
    g = filter_matrix(tile)
    both = np.einsum("ia,jb,pabco->pijco", g, g, packed)
    return both.reshape(both.shape[0], (tile + 2) ** 2, inputs, 16).astype(np.float32)


def add(images, height, width, inputs, outputs, tile, kind, plan=None, pieces=""):
    x, w = f32(images, height + 2, width + 2, inputs), f32(3, 3, inputs, outputs)
    y = convolution(x, w, (1, 1), (1, 1), 1)
    anchor = f"ingot.winograd_conv %0, %1 tile {tile} channels {outputs} : $0, $1 -> $r"
    text, results, more = epilogue(kind, anchor, y, 2)
    transformed = transform_filters(w, tile)
    buffers = [Buffer(i, *((0, 0) if i is transformed else spread())) for i in [x, transformed] + more]
    name = f"F({tile}, 3) {images}x{height}x{width}x{inputs} to {outputs}, {kind}" + (f", {plan}" if plan else "") + pieces
    text_of_plan = None
    if plan:
        block, columns, rows, lanes = plan
        units = images * -(-height // (block[0] * tile)) * -(-width // (block[1] * tile)) * -(-outputs // columns)
        text_of_plan = f"<family = winograd, tile = {[*block, columns, rows]}, unroll = 2, lanes = {lanes}, units = {units}, parallel = true, "
        text_of_plan += "scratch = 1048576>"
    tolerance = 3e-6 * np.abs(y).max() + 1e-6  # sums of products of numbers within [-1, 1], transformed twice
    tolerance *= 3 if kind == "residual" else 1
    REGIONS.append(Region(name, text, buffers, [Buffer(r, *spread()) for r in results], tolerance, text_of_plan, attributes=pieces))


def shapes():
    kinds = itertools.cycle(["none", "bias relu", "residual", "two results"])
    for tile in (2, 4):
        for height, width in [(1, 1), (2, 3), (3, 2), (4, 4), (5, 7), (7, 7), (8, 13), (9, 9), (14, 14), (15, 6), (1, 20), (28, 28)]:
            add(1, height, width, 16, 16, tile, next(kinds))
        for inputs, outputs in [(1, 16), (3, 8), (17, 16), (24, 40), (33, 7), (64, 64), (5, 100), (256, 24)]:
            add(1, 10, 11, inputs, outputs, tile, next(kinds))
        add(3, 9, 14, 12, 20, tile, next(kinds))
        add(2, 6, 6, 20, 33, tile, next(kinds))


def plans():
    for tile in (2, 4):
        for lanes in (8, 16):
            for block, columns, rows in [((1, 1), 16, 1), ((2, 2), 32, 3), ((1, 3), 48, 2), ((3, 1), 16, 2), ((5, 5), 32, 25), ((5, 5), 16, 4)]:
                add(2, 10, 11, 18, 40, tile, "bias relu", (block, columns, rows, lanes))
            for block, grain in [((2, 2), 3), ((1, 3), 1)]:  # other threads take blocks of tiles, and of channels
                add(2, 10, 11, 18, 40, tile, "bias relu", (block, 16, 3, lanes), f"{{ingot.pieces = array<i64: 0, {grain}>}}")


def main():
    shapes()
    planned = [region for region in REGIONS if region.plan is None]
    failed = check_regions(planned, {"winograd"}, teams=(1, 2, 3))
    REGIONS.clear()
    plans()
    return failed | check_regions(REGIONS, {"winograd"}, teams=(1, 2, 3))


if __name__ == "__main__":
    sys.exit(main())
