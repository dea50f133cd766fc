# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Share of the FMA peak of single planned regions, one thread, hot caches: what a family reaches before a model is around it.

    test/bench/regions.py [--filter PART] [--models] [--tile 12,32/2] [--bf16]

Peak and kernel are measured in turn, in time of the CPU, the best of many rounds each: the machine may be shared. `--models`
takes the convolutions and products of the
test models instead of the kernels that have a goal. `--tile` plans everything with this tile and unroll. `--bf16` multiplies pairs
of bf16, whose peak is twice that of f32, the one that is shown.
"""

import argparse
import ctypes
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "passes" / "Kernel"))
import planned_regions as planned  # noqa: E402

CLOCK = """
#include <immintrin.h>
#include <stdint.h>
#include <time.h>
static double now(void) { struct timespec t; clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); return t.tv_sec + 1e-9 * t.tv_nsec; }
double peak(int64_t steps) {
  __m512 s[12]; __m512 x = _mm512_set1_ps(0), y = _mm512_set1_ps(1);
  for (int i = 0; i < 12; ++i) s[i] = y;
  double start = now();
  for (int64_t k = 0; k < steps; ++k)
    _Pragma("clang loop unroll(full)") for (int i = 0; i < 12; ++i) { s[i] = _mm512_fmadd_ps(x, y, s[i]); __asm__ volatile("" : "+v"(s[i])); }
  return 12.0 * 32 * steps / (now() - start);
}
double seconds(void (*f)(void *, int64_t, int64_t), void *record, int64_t times) {
  f(record, 0, 1); /* brings its data back into the caches */
  double start = now();
  for (int64_t i = 0; i < times; ++i) f(record, 0, 1);
  return (now() - start) / times;
}
"""


def clock(folder):
    (folder / "clock.c").write_text(CLOCK)
    subprocess.run(["clang-22", "-O2", "-mavx512f", "-shared", "-fPIC", folder / "clock.c", "-o", folder / "clock.so"], check=True)
    library = ctypes.CDLL(str(folder / "clock.so"))
    library.peak.restype = library.seconds.restype = ctypes.c_double
    library.seconds.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64]
    library.peak.argtypes = [ctypes.c_int64]
    return library


class Operands:
    """The buffers of a product: f32, or pairs of bf16."""

    def __init__(self, bf16):
        self.element, self.group = ("bf16", 2) if bf16 else ("f32", 1)

    def of(self, x, w, pack, *groups):
        return [planned.Buffer(x, element=self.element), planned.Buffer(pack(w, *groups, group=self.group), element=self.element)]


OPERANDS = Operands(False)


def contraction(rows, columns, depth):
    x, w = np.ones((rows, depth), np.float32), np.ones((depth, columns), np.float32)
    body = f"%c = ingot.packed_matmul %0, %1 : $0, $1 -> $r\n%d = ingot.binary add %c, %2 : $r, $2 -> $r\ningot.yield %d : $r"
    inputs = [*OPERANDS.of(x, w, planned.pack), planned.Buffer(np.ones(columns, np.float32))]
    return planned.Region(
        f"contraction {rows}x{columns}x{depth}", body, inputs, [planned.Buffer(np.zeros((rows, columns)))], flops=2.0 * rows * columns * depth
    )


def convolution(size, inputs, outputs, kernel, stride=1, groups=1):
    """`size`: of the result. The padding lies in the input's buffer."""
    size = (size, size) if isinstance(size, int) else size
    kernel = (kernel, kernel) if isinstance(kernel, int) else kernel
    stride = (stride, stride) if isinstance(stride, int) else stride
    extents = [(s - 1) * t + k for s, k, t in zip(size, kernel, stride)]
    x, w = np.ones((1, *extents, inputs), np.float32), np.ones((*kernel, inputs // groups, outputs), np.float32)
    body = (
        f"%c = ingot.conv %0, %1 channels_last kernel {list(kernel)} strides {list(stride)} pads [0, 0, 0, 0] dilations [1, 1] "
        f"groups {groups} channels {outputs}"
        " : $0, $1 -> $r\n%d = ingot.binary add %c, %2 : $r, $2 -> $r\n%e = ingot.unary relu %d : $r -> $r\ningot.yield %e : $r"
    )
    buffers = [*OPERANDS.of(x, w, planned.pack_convolution, groups), planned.Buffer(np.ones(outputs, np.float32))]
    result = planned.Buffer(np.zeros((1, *size, outputs), np.float32))
    flops = 2.0 * size[0] * size[1] * outputs * inputs // groups * kernel[0] * kernel[1]
    return planned.Region(
        f"conv {size[0]}x{size[1]} {inputs}->{outputs} k{kernel[0]}x{kernel[1]} s{stride[0]} g{groups}", body, buffers, [result], flops=flops
    )


def plan_of(region, text):
    """A plan with the tile and unroll of `text`, as in 12,32/2: its family and units follow from the shapes."""
    tile, _, unroll = text.partition("/")
    tile = [int(size) for size in tile.split(",")]
    shape, packed = region.outputs[0].array.shape, region.inputs[1].array.shape
    blocks = -(-packed[-3] // max(tile[-1] // 16, 1))
    if len(packed) == 3 and len(shape) == 4:
        family, units = "depthwise", shape[0] * -(-shape[1] // tile[0]) * -(-shape[2] // tile[1]) * -(-shape[3] // tile[2])
    elif len(tile) == 3:
        family, units = "convolution", shape[0] * packed[0] * blocks * -(-shape[1] // tile[0]) * -(-shape[2] // tile[1])
    else:
        family, units = "convolution" if len(shape) == 4 else "contraction", blocks * -(-int(np.prod(shape[:-1])) // tile[0])
    return f"<family = {family}, tile = {tile}, unroll = {unroll or 1}, lanes = 16, units = {units}, parallel = false>"


def goals():
    return [
        contraction(128, 768, 768),
        contraction(128, 3072, 768),
        contraction(128, 768, 3072),
        convolution(56, 64, 64, 3),
        convolution(56, 64, 64, 1),
        convolution(28, 256, 256, 1),
    ] + ([convolution(56, 144, 144, 3, groups=144)] if OPERANDS.group == 1 else [])


def models():
    resnet = [
        (112, 3, 64, 7, 2),
        (56, 64, 256, 1),
        (56, 256, 64, 1),
        (28, 256, 512, 1, 2),
        (28, 128, 128, 3),
        (28, 128, 512, 1),
        (14, 256, 256, 3),
        (14, 1024, 256, 1),
        (14, 256, 1024, 1),
        (7, 512, 512, 3),
        (7, 2048, 512, 1),
        (7, 512, 2048, 1),
        (28, 128, 128, 3, 2),
    ]
    mobile = [
        (112, 3, 32, 3, 2),
        (112, 32, 16, 1),
        (112, 16, 96, 1),
        (56, 96, 24, 1),
        (56, 24, 144, 1),
        (28, 144, 32, 1),
        (28, 32, 192, 1),
        (14, 192, 64, 1),
        (14, 64, 384, 1),
        (14, 576, 96, 1),
        (7, 960, 160, 1),
        (7, 320, 1280, 1),
        (320, 3, 8, 3, 2),
        (320, 8, 8, 1),
        (160, 8, 32, 1),
        (160, 24, 24, 1),
        ((24, 160), 16, 32, 1),
        ((24, 160), 3, 16, 3, 2),
    ]
    depthwise = [
        (112, 32, 32, 3, 1, 32),
        (56, 96, 96, 3, 2, 96),
        (28, 192, 192, 3, 1, 192),
        (14, 384, 384, 3, 1, 384),
        (7, 960, 960, 3, 1, 960),
        (14, 672, 672, 5, 1, 672),
        (28, 72, 72, 5, 2, 72),
        (320, 8, 8, 3, 1, 8),
    ]
    if OPERANDS.group > 1:
        depthwise = []  # has no pairs
    shapes = [shape for shape in resnet + mobile + depthwise if shape[1] % OPERANDS.group == 0]
    return [convolution(*shape) for shape in shapes] + [
        contraction(1, 1000, 2048),
        contraction(40, 6625, 120),
        contraction(40, 120, 120),
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--filter", default="")
    parser.add_argument("--tile", default="")
    parser.add_argument("--models", action="store_true")
    parser.add_argument("--avx2", action="store_true")
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--tools", default="build/release/bin")
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    global OPERANDS
    OPERANDS = Operands(options.bf16)
    regions = [region for region in (models() if options.models else goals()) if options.filter in region.name]
    with tempfile.TemporaryDirectory() as folder:
        timer, rows, extensions = clock(pathlib.Path(folder)), [], ("avx512-bf16",) if options.bf16 else ()
        for number, region in enumerate(regions):
            if options.tile:
                region.plan = plan_of(region, options.tile)
            function, plan = planned.build(options.tools, folder, [region], not options.avx2, f"kernel{number}", extensions)
            rows.append((region, ctypes.cast(function, ctypes.c_void_p), planned.Call([region]), re.search(r"tile = .*?, lanes", plan).group(0)[:-7]))
        best, peak = [1e9] * len(rows), 0
        times = [max(1, int(2e-3 / (region.flops / 80e9))) for region, *_ in rows]
        for _ in range(options.rounds):
            for i, (region, function, call, _) in enumerate(rows):
                peak = max(peak, timer.peak(20000))
                best[i] = min(best[i], timer.seconds(function, call.address, times[i]))
        for (region, _, _, plan), seconds in zip(rows, best):
            print(f"{region.name:36} {plan:40} {seconds * 1e6:9.1f} us {region.flops / seconds / 1e9:7.1f} GF/s {region.flops / seconds / peak:6.1%}")
        print(f"peak {peak / 1e9:.1f} GF/s")


if __name__ == "__main__":
    main()
