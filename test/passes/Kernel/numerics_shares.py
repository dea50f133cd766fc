# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Shares that end inside of a tile, against numpy in f64: products whose tiles are several units, and attention with several blocks of keys. And
depthwise convolutions that add up their tiles, which may be shared out in any way. And shares that are computed in pieces, by other threads than
those that they are of (Inputs/takeover.c): units, or blocks of columns of bands and of what is none.

Usage: numerics_shares.py FOLDER_OF_INGOT_OPT [PART_OF_A_NAME]

Each plan is written by hand: more units than tiles. All numbers of threads must give the same bits, and no element may be missing.
"""

import sys

import numpy as np
from planned_regions import Buffer, Region, check_regions, convolution, pack, pack_convolution

R = np.random.default_rng(7)
TEAMS = (1, 2, 3, 5, 7, 16, 64, 300)


def f32(*shape):
    return R.uniform(-1, 1, shape).astype(np.float32)


def tiles_of(sizes, tile):
    return int(np.prod([-(-size // own) for size, own in zip(sizes, tile)]))


def region(name, family, tile, units, body, inputs, y, unroll=2, more=""):
    plan = f"<family = {family}, tile = {list(tile)}, unroll = {unroll}, lanes = 16, units = {units}, parallel = true{more}>"
    return Region(f"{name} {tile}", body, [Buffer(array) for array in inputs], [Buffer(y)], 2e-6 * np.sqrt(max(inputs[0].shape[-1], 16)) * 8, plan)


def product(rows, columns, depth, tile, family="contraction", unroll=2):
    """Few rows beside many weights are numbered by columns, many rows by bands."""
    x, w, bias = f32(rows, depth), f32(depth, columns), f32(columns)
    body = "%c = ingot.packed_matmul %0, %1 : $0, $1 -> $r\n%d = ingot.binary add %c, %2 : $r, $2 -> $r\n"
    body += "%e = ingot.unary relu %d : $r -> $r\ningot.yield %e : $r"
    units = tiles_of((rows, columns), tile) * (tile[1] // 16)
    y = np.maximum(x.astype(np.float64) @ w + bias, 0)
    return region(f"{family} {rows}x{columns}x{depth}", family, tile, units, body, [x, pack(w), bias], y, unroll)


def gate(rows, columns, depth, tile, family="contraction", unroll=2):
    """Panels of two products in turn: a part of a tile is a panel of each."""
    x, wg, wu = f32(rows, depth), f32(depth, columns), f32(depth, columns)
    weights = np.stack([pack(wg), pack(wu)], axis=1).reshape(columns // 8, depth, 16)
    both, pairs, part = (f"tensor<{rows}x{rest}xf32>" for rest in (2 * columns, f"{columns // 16}x2x16", f"{columns // 16}x1x16"))
    body = f"%c = ingot.packed_matmul %0, %1 : $0, $1 -> {both}\n%r = ingot.reshape %c : {both} -> {pairs}\n"
    for i, name in enumerate("gu"):
        body += f"%s{i} = ingot.slice %r [0, 0, {i}, 0] [{rows}, {columns // 16}, 1, 16] [1, 1, 1, 1] : {pairs} -> {part}\n"
        body += f"%{name} = ingot.reshape %s{i} : {part} -> $r\n"
    body += "%a = ingot.unary relu %g : $r -> $r\n%y = ingot.binary mul %a, %u : $r, $r -> $r\ningot.yield %y : $r"
    units = tiles_of((rows, 2 * columns), tile) * (tile[1] // 32)
    y = np.maximum(x.astype(np.float64) @ wg, 0) * (x.astype(np.float64) @ wu)
    return region(f"gate {rows}x{columns}x{depth}", family, tile, units, body, [x, weights], y, unroll)


def convolve(size, inputs, outputs, kernel, strides, groups, tile):
    x, w = f32(2, *size, inputs), f32(*kernel, inputs // groups, outputs)
    y = convolution(x, w, strides, (1, 1), groups)
    anchor = f"ingot.conv %0, %1 channels_last kernel {list(kernel)} strides {list(strides)} pads [0, 0, 0, 0] dilations [1, 1] groups {groups} "
    body = f"%c = {anchor}channels {outputs} : $0, $1 -> $r\ningot.yield %c : $r"
    places = (2 * y.shape[1] * y.shape[2],) if len(tile) == 2 else y.shape[1:3]
    tiles = tiles_of((*places, outputs // groups), tile) * (groups if len(tile) == 2 else 2 * groups)
    return region(f"conv {size} {inputs} to {outputs}", "convolution", tile, tiles * (tile[-1] // 16), body, [x, pack_convolution(w, groups)], y)


def add_up_tiles(size, channels, kernel, strides, pads, tile, active=False):
    """The image and the sums of its tiles, the last ones smaller. `active`: behind an epilogue, alone and as its own result."""
    top, left, bottom, right = pads
    x, w = f32(2, *size, channels), f32(*kernel, 1, channels)
    y = convolution(np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0))), w, strides, (1, 1), channels)
    body = f"%c = ingot.conv %0, %1 channels_last kernel {list(kernel)} strides {list(strides)} pads {list(pads)} dilations [1, 1] "
    body += f"groups {channels} channels {channels} : $0, $1 -> $r\n"
    if active:
        body, y = body + "%d = ingot.unary relu %c : $r -> $r\n", np.maximum(y, 0)
    counts = [-(-extent // own) for extent, own in zip(y.shape[1:3], tile)]
    rest = [(0, count * own - extent) for count, own, extent in zip(counts, tile, y.shape[1:3])]
    sums = np.pad(y, ((0, 0), *rest, (0, 0))).reshape(2, counts[0], tile[0], counts[1], tile[1], channels).sum((2, 4))
    result, type_of_sums = "%d" if active else "%c", f"tensor<{'x'.join(map(str, sums.shape))}xf32>"
    body += f"%s = ingot.tile_sums {result} tile {list(tile[:2])} : $r -> {type_of_sums}\n"
    body += f"ingot.yield {result}, %s : $r, {type_of_sums}"
    units = 2 * tiles_of((*y.shape[1:3], channels), tile)
    found = region(f"tile sums {size} {channels}", "depthwise", tile, units, body, [x, pack_convolution(w, channels)], y, unroll=1)
    found.outputs.append(Buffer(sums))
    return found


def attend(rows, heads, size, tile, units):
    q, k, v = f32(2, rows, heads, size), f32(2, rows, heads, size), f32(2, rows, heads, size)
    scores = np.einsum("brhd,bkhd->bhrk", q.astype(np.float64), k) * 0.25
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    y = np.einsum("bhrk,bkhd->brhd", weights / weights.sum(-1, keepdims=True), v)
    body = "%c = ingot.attention %0, %1, %2 scale 0.25 : ($0, $1, $2) -> $r\ningot.yield %c : $r"
    return region(f"attention {rows}x{heads}x{size}", "attention", tile, units, body, [q, k, v], y, more=", scratch = 12288")


def in_pieces(found, blocks, grain):
    found.name += f" in pieces {blocks} {grain}"
    found.attributes = f"{{ingot.pieces = array<i64: {blocks}, {grain}>}}"
    return found


REGIONS = [
    product(11, 112, 40, (5, 48)),  # the last block of columns has one panel of three
    product(11, 1100, 40, (5, 48)),  # half a panel
    product(90, 100, 33, (4, 96)),
    product(90, 96, 33, (6, 64)),
    product(7, 64, 20, (7, 64)),  # one tile
    product(2, 200, 65, (2, 64), unroll=4),  # several sums of each element: those of a part are added up as those of its tile
    product(1, 1000, 129, (1, 64), "gemv", unroll=4),
    product(1, 40, 9, (1, 48), "gemv"),
    gate(90, 96, 33, (6, 64)),
    gate(11, 112, 40, (5, 96)),  # the last block has two panels of both, of three
    gate(2, 208, 65, (2, 64), unroll=4),
    gate(1, 304, 129, (1, 64), "gemv", unroll=4),
    convolve((14, 14), 12, 100, (1, 1), (1, 1), 1, (5, 48)),
    convolve((9, 9), 16, 512, (3, 3), (1, 1), 1, (1, 5, 64)),
    convolve((9, 9), 16, 40, (3, 3), (2, 2), 1, (2, 4, 48)),
    convolve((30, 12), 4, 32, (3, 3), (1, 1), 1, (1, 8, 32)),
    convolve((6, 6), 16, 96, (3, 3), (1, 1), 2, (1, 4, 32)),
    attend(50, 3, 16, (4, 16, 16, 16, 12), 2 * 3 * 13),
    attend(41, 2, 20, (6, 32, 32, 32, 24), 2 * 2 * 7),
    attend(20, 2, 16, (3, 32, 16, 32, 3), 2 * 2 * 7),  # one block
    add_up_tiles((14, 14), 32, (3, 3), (1, 1), (1, 1, 1, 1), (2, 7, 16), active=True),
    add_up_tiles((9, 17), 20, (3, 3), (1, 1), (1, 1, 1, 1), (2, 5, 16), active=True),  # masked channels; rows and pixels are left over
    add_up_tiles((15, 16), 24, (5, 5), (2, 2), (2, 2, 2, 2), (2, 3, 8)),
    add_up_tiles((7, 12), 16, (3, 3), (1, 1), (0, 0, 0, 0), (1, 4, 16)),
    add_up_tiles((2, 9), 16, (5, 5), (1, 1), (2, 2, 2, 2), (2, 4, 16)),  # no row's windows lie inside
    in_pieces(product(90, 96, 33, (6, 64)), 2, 1),  # bands, across
    in_pieces(product(90, 260, 33, (4, 32)), 9, 1),
    in_pieces(product(90, 260, 33, (4, 32)), 9, 4),
    in_pieces(product(90, 260, 33, (4, 32)), 5, 1),  # blocks that are not those of the tiles
    in_pieces(product(90, 260, 33, (4, 32)), 20, 3),  # more than there are
    in_pieces(product(11, 1100, 40, (5, 48)), 23, 1),  # columns, which are no bands
    in_pieces(product(11, 1100, 40, (5, 48)), 0, 9),  # their units
    in_pieces(gate(90, 96, 33, (6, 64)), 3, 1),
    in_pieces(product(1, 1000, 129, (1, 64), "gemv", unroll=4), 0, 4),
    in_pieces(convolve((14, 14), 12, 100, (1, 1), (1, 1), 1, (5, 48)), 3, 1),
    in_pieces(convolve((9, 9), 16, 512, (3, 3), (1, 1), 1, (1, 5, 64)), 8, 1),
    in_pieces(convolve((30, 12), 4, 32, (3, 3), (1, 1), 1, (1, 8, 32)), 0, 4),
    in_pieces(convolve((6, 6), 16, 96, (3, 3), (1, 1), 2, (1, 4, 32)), 4, 1),  # groups
]


if __name__ == "__main__":
    sys.exit(check_regions(REGIONS, {"contraction", "gemv", "convolution", "attention", "depthwise"}, teams=TEAMS))
