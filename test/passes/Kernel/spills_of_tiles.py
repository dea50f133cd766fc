# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Machine code of the compute families: no inner loop may store an accumulator to the stack (test/bench/spills.py finds such loops).

Usage: spills_of_tiles.py FOLDER_OF_INGOT_OPT

The regions are products with tails of half a panel, which mix vectors of two widths, with tiles that fill the registers, and with epilogues of one
instruction and of a polynomial; their tiles are those that the plan chooses, and the largest that it might. Products
without zero blocks follow, then come regions whose shapes depend on symbols.
"""

import pathlib
import sys
import tempfile

import numpy as np
import numerics_symbolic as symbolic
import numerics_symbolic_families as families
import planned_regions as planned

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))
import spills  # noqa: E402

EPILOGUES = ["relu", "gelu", "sigmoid"]


def product(number, rows, columns, depth, tile=None):
    kind = EPILOGUES[number % len(EPILOGUES)]
    body = f"%c = ingot.packed_matmul %0, %1 : $0, $1 -> $r\n%d = ingot.binary add %c, %2 : $r, $2 -> $r\n"
    body += f"%e = ingot.unary {kind} %d : $r -> $r\ningot.yield %e : $r"
    arrays = [np.zeros((rows, depth)), planned.pack(np.zeros((depth, columns), np.float32)), np.zeros(columns)]
    plan = None
    if tile:
        units = -(-rows // tile[0]) * -(-columns // tile[1])
        plan = f"<family = contraction, tile = {list(tile)}, unroll = 2, lanes = 16, units = {units}, parallel = false>"
    return planned.Region("", body, [planned.Buffer(a) for a in arrays], [planned.Buffer(np.zeros((rows, columns)))], plan=plan)


def sparse_product(rows, columns, depth):
    """With a short epilogue: a long one spills, but stands outside of the loop over blocks."""
    panels = -(-columns // 16)
    body = f"%c = ingot.sparse_matmul %0, %1 places %2 columns {columns} : ($0, $1, $2) -> $r\n%e = ingot.unary relu %c : $r -> $r\n"
    body += "ingot.yield %e : $r"
    inputs = [planned.Buffer(np.zeros((rows, depth))), planned.Buffer(np.zeros((9, 16))), planned.Buffer(np.zeros(panels + 10), element="i32")]
    return planned.Region("", body, inputs, [planned.Buffer(np.zeros((rows, columns)))])


def count(regions, avx512):
    with tempfile.TemporaryDirectory() as folder:
        planned.build(sys.argv[1], folder, regions, avx512)
        return spills.count(f"{folder}/cases.so")


SYMBOLIC = [
    "matmul rows, kind 2",
    "matmul rows, kind 5",
    "matmul deep, kind 1",
    "matmul scores, kind 2",
    "matmul weighted values, kind 0",
    "conv 1x1, kind 3",
    "conv 3x3, kind 2",
    "conv width, kind 1",
    "conv depthwise 40, kind 1",
]


def count_symbolic(avx512):
    families.contractions()
    families.convolutions()
    cases = [one for one in symbolic.CASES if one.name in SYMBOLIC]
    symbolic.CASES.clear()
    assert len(cases) == len(SYMBOLIC), "a name is wrong"
    with tempfile.TemporaryDirectory() as folder:
        symbolic.build(sys.argv[1], folder, cases, avx512, False, planned.OPTIMIZE)
        return spills.count(f"{folder}/cases{avx512}.so")


def main():
    shapes = [(rows, columns, depth) for rows, depth in ((126, 64), (40, 9)) for columns in (8, 16, 24, 40, 48, 56, 80, 120, 200)]
    # Mixed widths with as many rows as registers allow.
    tiles = [(14, 24, 32), (10, 24, 32), (9, 24, 32), (8, 40, 48), (7, 40, 48), (6, 56, 64), (5, 72, 80), (3, 104, 112)]
    chosen = [product(i, *shape) for i, shape in enumerate(shapes)]
    given = [product(i, 4 * rows, columns, 64, (rows, width)) for i, (rows, columns, width) in enumerate(tiles)]
    sparse = [sparse_product(*shape, 64) for shape in [(126, 64), (128, 40), (40, 20), (7, 100), (1, 48)]]
    total, failed = 0, []
    for name, regions, avx512 in [
        ("chosen tiles", chosen, True),
        ("chosen tiles", chosen, False),
        ("given tiles", given, True),
        ("products without zero blocks", sparse, True),
        ("products without zero blocks", sparse, False),
        ("symbolic shapes", None, True),
        ("symbolic shapes", None, False),
    ]:
        loops, spilling = count(regions, avx512) if regions else count_symbolic(avx512)
        total += loops
        if spilling:
            failed.append(f"FAIL {name} ({'AVX-512' if avx512 else 'AVX2'}): {len(spilling)} of {loops} loops spill")
    print("\n".join(failed + [f"{total} vector loops, {len(failed)} failed"]))
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
