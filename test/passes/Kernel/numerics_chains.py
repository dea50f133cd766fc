# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Convolutions that run as chains, strip by strip, against numpy in f64.

Usage: numerics_chains.py FOLDER_OF_INGOT_OPT [PART_OF_A_NAME]

Each chain is written by hand: regions, the strips between them, the rows of a strip. Scratch memory holds NaN before, so a row that a thread reads
and has not computed is found. All numbers of threads, more than there are strips too, must give the same bits.
"""

import sys

import numpy as np
from planned_regions import Buffer, check_regions, convolution, pack_convolution

R = np.random.default_rng(11)
TEAMS = (1, 2, 3, 5, 7, 16, 64)


def f32(*shape):
    return R.uniform(-1, 1, shape).astype(np.float32)


def tensor(shape):
    return f"tensor<{'x'.join(map(str, shape))}xf32>"


def memref(shape):
    return f"memref<{'x'.join(map(str, shape))}xf32>"


class Stage:
    """A convolution, with ReLU behind it if `active`, plus `residual` (the chain's input). `tile`: as the plan says it; `sums`: of its tiles, too."""

    def __init__(self, kind, outputs, tile, kernel=1, stride=1, pads=(0, 0, 0, 0), dilation=1, active=True, residual=False, sums=False):
        self.kind, self.outputs, self.tile, self.kernel, self.stride, self.pads = kind, outputs, tile, kernel, stride, pads
        self.dilation, self.active, self.residual, self.sums = dilation, active, residual, sums

    def compute(self, x, first):
        groups = x.shape[-1] if self.kind == "depthwise" else 1
        self.outputs = x.shape[-1] if groups != 1 else self.outputs
        self.groups = groups
        self.w = f32(self.kernel, self.kernel, x.shape[-1] // groups, self.outputs) / np.float32(self.kernel)
        top, left, bottom, right = self.pads
        padded = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
        y = convolution(padded, self.w, (self.stride,) * 2, (self.dilation,) * 2, groups)
        y = np.maximum(y, 0) if self.active else y
        return y + first if self.residual else y

    def added_up(self, y):
        counts = [-(-extent // own) for extent, own in zip(y.shape[1:3], self.tile)]
        rest = [(0, count * own - extent) for count, own, extent in zip(counts, self.tile, y.shape[1:3])]
        return np.pad(y, ((0, 0), *rest, (0, 0))).reshape(-1, counts[0], self.tile[0], counts[1], self.tile[1], y.shape[-1]).sum((2, 4))

    def units(self, shape):
        images, height, width, channels = shape
        places = [images * height * width] if len(self.tile) == 2 else [height, width]
        count = int(np.prod([-(-size // own) for size, own in zip((*places, channels), self.tile)]))
        return count if len(self.tile) == 2 else images * count


class Chain:
    """What `check_regions` wants of a region. Inputs: the image, then each stage's weights."""

    def __init__(self, name, size, channels, stages, rows, images=1):
        self.name, self.stages, self.rows, self.plan, self.tolerance = f"{name} by {rows}", stages, rows, "written out", 2e-5
        x = y = f32(images, *size, channels)
        self.shapes, self.inputs = [x.shape], [Buffer(x)]
        for stage in stages:
            y = stage.compute(y, x)
            self.shapes.append(y.shape)
            self.inputs.append(Buffer(pack_convolution(stage.w, stage.groups)))
        self.outputs = [Buffer(y)] + ([Buffer(stages[-1].added_up(y))] if stages[-1].sums else [])

    def text(self, number, first):
        lines, names = [], []
        for i, buffer in enumerate(self.inputs + self.outputs):
            names.append((f"%v{number}_{i}", memref(buffer.array.shape)))
            lines.append(
                f"{names[-1][0]} = memref.reinterpret_cast %a{first + i} to offset: [0], sizes: {list(buffer.array.shape)}, strides: {buffer.strides}"
                f" : {buffer.flat()} to {memref(buffer.array.shape)}"
            )
        image = names[0]
        for i, stage in enumerate(self.stages):
            is_last = i + 1 == len(self.stages)
            if not is_last:
                lines.append(f"%s{number}_{i} = ingot.strip : {memref(self.shapes[i + 1])}")
            outs = names[len(self.inputs) :] if is_last else [(f"%s{number}_{i}", memref(self.shapes[i + 1]))]
            lines += self.region(number, i, [image, names[1 + i]] + ([names[0]] if stage.residual else []), outs)
            image = outs[0]
        return lines

    def region(self, number, i, ins, outs):
        stage, before, after = self.stages[i], tensor(self.shapes[i]), tensor(self.shapes[i + 1])
        weights = tensor(self.inputs[1 + i].array.shape)
        units = stage.units(self.shapes[i + 1])
        plan = f"<family = {stage.kind}, tile = {list(stage.tile)}, unroll = 1, lanes = 16, units = {units}, parallel = true>"
        arguments = f"%x: {before}, %w: {weights}" + (f", %first: {tensor(self.shapes[0])}" if stage.residual else "")
        operands, types = (", ".join(name for name, _ in part) for part in (ins, outs)), ", ".join(kind for _, kind in ins + outs)
        body = [
            f"%c = ingot.conv %x, %w channels_last kernel {[stage.kernel] * 2} strides {[stage.stride] * 2} pads {list(stage.pads)} "
            f"dilations {[stage.dilation] * 2} groups {stage.groups} channels {stage.outputs} : {before}, {weights} -> {after}"
        ]
        result = "%c"
        if stage.active:
            body.append(f"%d = ingot.unary relu %c : {after} -> {after}")
            result = "%d"
        if stage.residual:
            body.append(f"%e = ingot.binary add {result}, %first : {after}, {after} -> {after}")
            result = "%e"
        yielded, kinds = result, after
        if stage.sums:
            kind = tensor(self.outputs[1].array.shape)
            body.append(f"%f = ingot.tile_sums {result} tile {list(stage.tile[:2])} : {after} -> {kind}")
            yielded, kinds = f"{result}, %f", f"{after}, {kind}"
        read, written = operands
        head = f"ingot.region ins({read}) outs({written}) plan {plan} {{ingot.chain = array<i64: {number}, {self.rows}>}} : ({types}) -> () {{"
        return [head, f"^bb0({arguments}):", *body, f"ingot.yield {yielded} : {kinds}", "}"]


SAME = (1, 1, 1, 1)


def point(outputs, tile, **more):
    return Stage("convolution", outputs, tile, **more)


def depth(tile, kernel=3, pads=SAME, **more):
    return Stage("depthwise", 0, tile, kernel, pads=pads, **more)


CHAINS = [
    Chain("inverted residual", (14, 12), 16, [point(32, (6, 32)), depth((2, 4, 16)), point(16, (6, 16), active=False, residual=True)], 2),
    Chain("tiles cut by strips", (14, 13), 16, [point(32, (6, 32)), depth((1, 4, 16)), point(16, (9, 16), active=False, residual=True)], 3),
    Chain("tiles longer than rows", (14, 6), 16, [point(32, (8, 32)), depth((2, 6, 16)), point(24, (14, 16))], 2, images=3),
    Chain("two images", (14, 12), 16, [point(32, (6, 32)), depth((2, 4, 16)), point(16, (6, 16), active=False, residual=True)], 4, images=2),
    Chain("strips longer than the image", (14, 12), 16, [point(32, (6, 32)), depth((2, 4, 16))], 20),
    Chain("tiles across rows and images", (11, 13), 20, [point(40, (5, 32)), depth((1, 4, 16))], 3, images=3),
    Chain("half the size", (15, 14), 16, [point(48, (4, 48)), depth((2, 3, 16), stride=2), point(24, (7, 16))], 2),
    Chain("half the size, 5x5", (16, 16), 16, [point(32, (6, 32)), depth((1, 4, 16), 5, (2, 2, 2, 2), stride=2), point(24, (8, 32))], 3),
    Chain("pads below only", (16, 16), 16, [point(32, (6, 32)), depth((2, 4, 16), pads=(0, 0, 1, 1), stride=2)], 2),
    Chain("without pads", (16, 18), 16, [point(32, (6, 32)), depth((2, 4, 16), pads=(0, 0, 0, 0))], 4),
    Chain("dilated", (18, 12), 16, [point(16, (6, 16)), depth((2, 4, 16), pads=(2, 2, 2, 2), dilation=2)], 4),
    Chain("stem", (20, 20), 3, [Stage("convolution", 16, (3, 4, 16), 3), depth((2, 6, 16)), point(16, (6, 16))], 2),
    Chain("stem, half the size", (21, 21), 4, [Stage("convolution", 24, (2, 5, 16), 3, 2), depth((2, 5, 8))], 2, images=2),
    Chain("depthwise first", (12, 12), 24, [depth((3, 4, 16)), point(32, (6, 32)), depth((2, 4, 16))], 2),
    Chain("sums of tiles", (14, 14), 16, [point(32, (7, 32)), depth((2, 7, 16), sums=True)], 4),
    Chain("four regions", (16, 12), 16, [point(32, (5, 32)), depth((2, 4, 16)), point(24, (6, 32)), depth((4, 4, 16), 5, (2, 2, 2, 2))], 4),
    Chain("every second pixel", (17, 17), 16, [depth((2, 3, 16)), Stage("convolution", 32, (3, 32), 1, 2)], 2),
]

if __name__ == "__main__":
    sys.exit(check_regions(CHAINS, {"convolution", "depthwise"}, teams=TEAMS))
