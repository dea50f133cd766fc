# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Numbers of the families pool, row and recurrent, with pro- and epilogues, tails and strided buffers, against numpy in f64.

Usage: numerics_rows.py FOLDER_OF_INGOT_OPT [PART_OF_A_NAME]

As numerics_families.py: AVX-512 and AVX2, one thread and two with the same bits, nothing read or written beside the buffers.
"""

import os
import sys
import tempfile

import numpy as np
from numerics_families import check, spread
from planned_regions import Buffer, Call, Region, build

R = np.random.default_rng(5)
REGIONS = []
EXPECTED_FAMILIES = {"pool", "row", "recurrent"}


def f32(*shape):
    return R.uniform(-1, 1, shape).astype(np.float32)


def add(name, text, inputs, results, tolerance=2e-6):
    """The lines of `text` name the anchor's result %c; %0 .. are the inputs, $0 .. their types, $r the type of the first result."""
    buffers = [Buffer(i, *spread()) for i in inputs]
    REGIONS.append(Region(name, text, buffers, [Buffer(r, *spread()) for r in results], tolerance))


#===-- Pools ------------------------------------------------------------------------------------------------------------------------------===#


def windows(x, kernel, strides, pads, dilations, fill):
    """[taps, N, OH, OW, C] of x [N, H, W, C], with `fill` outside."""
    padded = np.pad(x, ((0, 0), (pads[0], pads[2]), (pads[1], pads[3]), (0, 0)), constant_values=fill)
    height = (padded.shape[1] - (kernel[0] - 1) * dilations[0] - 1) // strides[0] + 1
    width = (padded.shape[2] - (kernel[1] - 1) * dilations[1] - 1) // strides[1] + 1
    taps = []
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            row, column = i * dilations[0], j * dilations[1]
            taps.append(padded[:, row : row + (height - 1) * strides[0] + 1 : strides[0], column : column + (width - 1) * strides[1] + 1 : strides[1]])
    return np.stack(taps)


def pool(kind, size, channels, kernel, strides, pads, dilations=(1, 1), count_pads=None, one_dim=False, epilogue=True):
    x = f32(2, *size, channels)
    if kind == "max":
        y = windows(x, kernel, strides, pads, dilations, -np.inf).max(0)
    else:
        own = pads if count_pads is None else count_pads
        ones = np.pad(np.ones_like(x), ((0, 0), (own[0], own[2]), (own[1], own[3]), (0, 0)), constant_values=0.0 if count_pads is None else 1.0)
        more = [p - q for p, q in zip(pads, own)]
        y = windows(x.astype(np.float64), kernel, strides, pads, dilations, 0).sum(0) / windows(ones, kernel, strides, more, dilations, 0).sum(0)
    if one_dim:
        x, y, kernel, strides, dilations = x[:, 0], y[:, 0], kernel[1:], strides[1:], dilations[1:]
        pads, count_pads = (pads[1], pads[3]), count_pads and (count_pads[1], count_pads[3])
    listed = lambda values: str(list(values))
    include = " {count_include_pad}" if count_pads else ""
    text = (f"%c = ingot.pool {kind} %0 channels_last kernel {listed(kernel)} strides {listed(strides)} pads {listed(pads)} dilations {listed(dilations)} "
            f"count_pads {listed(count_pads or pads)}{include} : $0 -> $r\n")
    inputs = [x]
    if epilogue:
        inputs.append(f32(channels))
        text += "%d = ingot.binary mul %c, %1 : $r, $1 -> $r\n%e = ingot.unary relu %d : $r -> $r\n"
        y = np.maximum(y * inputs[1], 0)
    add(f"pool {kind} {size} {channels} {kernel} {strides} {pads} {dilations}{include}", text + f"ingot.yield {'%e' if epilogue else '%c'} : $r", inputs, [y])


def pools():
    for kind in ("max", "average"):
        for channels in (2, 5, 8, 16, 20, 33, 64):
            pool(kind, (9, 12), channels, (3, 3), (2, 2), (1, 1, 1, 1))
            pool(kind, (8, 17), channels, (2, 2), (2, 2), (0, 0, 0, 0), epilogue=False)
        pool(kind, (11, 23), 16, (5, 5), (1, 1), (2, 2, 2, 2))
        pool(kind, (11, 23), 24, (3, 2), (1, 3), (1, 0, 0, 1))
        pool(kind, (10, 14), 16, (3, 3), (1, 1), (2, 2, 2, 2), (2, 2))
        pool(kind, (12, 14), 16, (3, 2), (2, 1), (0, 0, 0, 0), (3, 4))
        pool(kind, (7, 7), 40, (7, 7), (1, 1), (0, 0, 0, 0))
        pool(kind, (3, 3), 16, (7, 7), (1, 1), (3, 3, 3, 3))
        pool(kind, (4, 40), 16, (1, 21), (2, 2), (0, 9, 0, 9))
        pool(kind, (1, 31), 20, (1, 4), (1, 2), (0, 1, 0, 2), one_dim=True)
        pool(kind, (1, 30), 16, (1, 3), (1, 1), (0, 0, 0, 0), one_dim=True)
    for count_pads in ((1, 1, 1, 1), (1, 1, 0, 0)):
        pool("average", (9, 12), 16, (3, 3), (2, 2), (1, 1, 1, 1), count_pads=count_pads)
        pool("average", (10, 13), 20, (3, 4), (1, 2), (1, 1, 2, 2), count_pads=count_pads)


#===-- Running ----------------------------------------------------------------------------------------------------------------------------===#


def main():
    pools()
    regions = [region for region in REGIONS if len(sys.argv) < 3 or sys.argv[2] in region.name]
    expected = [[buffer.array.copy() for buffer in region.outputs] for region in regions]
    failed, families = [], {}
    for avx512 in (True, False):
        with tempfile.TemporaryDirectory() as folder:
            folder = os.environ.get("INGOT_KEEP", folder)
            function, plan = build(sys.argv[1], folder, regions, avx512, f"avx{512 if avx512 else 2}")
        for line in plan.splitlines():
            if "family = " in line:
                family = line.split("family = ")[1].split(",")[0]
                families[family] = families.get(family, 0) + 1
        call, seen = Call(regions), None
        for threads in (1, 2):
            for region in regions:
                for buffer in region.outputs:
                    buffer.clear()
            for thread in range(threads):
                function(call.address, thread, threads)
            failed += check(regions, expected, f"{'AVX-512' if avx512 else 'AVX2'}, {threads} threads")
            bits = [buffer.raw.tobytes() for region in regions for buffer in region.outputs]
            if seen is not None and bits != seen:
                failed.append(f"FAIL 1 and 2 threads differ ({'AVX-512' if avx512 else 'AVX2'})")
            seen = bits
    if set(families) - EXPECTED_FAMILIES:
        failed.append("FAIL a region was left to another family")
    print("\n".join(failed + [f"regions by family: {families}", f"{len(regions)} regions, {len(failed)} failed"]))
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
