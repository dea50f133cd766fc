#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Simulates how the units of each region are shared out among 2 to 64 threads, and says how much more the busiest thread has than the mean.

    test/bench/partition.py [NAME...]          the test models (default: all); exit code 1 when a large region is out of balance
    test/bench/partition.py --plan FILE        a planned module, as `ingot compile --compile-to=plan` prints it

A region is large for a number of threads when each has at least --share microseconds of it: then one unit more or less must not make 10 %.
Behind the worst region stands what all large regions of a model lose together: the time of the busiest threads against that of the mean ones.
What every thread takes is what generated code takes: the units from `units * thread / threads` on. What a unit costs stands in the region's
`ingot.grid` (a tile at an edge is smaller), what the region costs in `ingot.cost`. Shares that have `ingot.pieces` are taken piece by piece, and then
by threads that are done, as runtime/src/Shares.c does it; that a piece takes longer on another core is left out.
"""

import argparse
import collections
import heapq
import itertools
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import harness  # noqa: E402
import models  # noqa: E402

LIMIT, THREADS, GIGAHERTZ = 0.10, range(2, 65), 3.7
REGION = re.compile(r"plan <family = (\w+), tile = \[([^]]*)\].*?parallel = (\w+).*?cycles = (\d+)>(.*)")
GRID = re.compile(r"ingot\.grid = array<i64: ([-0-9, ]+)>")
PIECES = re.compile(r"ingot\.pieces = array<i64: (\d+), (\d+)>")


def costs_of(grid):
    """What each unit costs, a full one being 1."""
    costs = [1.0]
    for count, last in grid:
        costs = [outer * (last if i == count - 1 else 1.0) for outer in costs for i in range(count)]
    return costs


def steps_of(grid, costs, begin, end, blocks):
    """What the steps of a share cost: its units or, across, its blocks of columns."""
    if blocks == 0:
        return costs[begin:end]
    counts = [count for count, _ in grid]
    parts = 1 if blocks in (counts[-1], counts[-1] * counts[-2]) else counts[-1]  # behind groups and blocks of columns
    first, last = -(-begin // parts) * parts, end // parts * parts
    steps = [0.0] * blocks
    for unit in range(begin, end):
        steps[unit // parts % blocks if first <= unit < last else 0] += costs[unit]  # parts of tiles come with the first block
    return steps


def cut(begin, end, grain, front):
    length = max((end - begin + 3) // 4, grain)
    if length >= end - begin:
        return end if front else begin
    place = -(-(begin + length) // grain) * grain if front else (end - length) // grain * grain
    return place if begin < place < end else end if front else begin


def finish(costs, grid, threads, pieces):
    """When the last thread is done. Steps that a share is cut into are numbered from where it begins."""
    blocks, grain = pieces
    bounds = [len(costs) * thread // threads for thread in range(threads + 1)]
    sums = [[0.0, *itertools.accumulate(steps_of(grid, costs, begin, end, blocks))] for begin, end in zip(bounds, bounds[1:])]
    starts = [0 if blocks else begin for begin in bounds[:-1]]
    left = [[start, start + len(own) - 1] for start, own in zip(starts, sums)]
    ready, last = [(0.0, thread) for thread in range(threads)], 0.0
    while ready:
        time, thread = heapq.heappop(ready)
        last = max(last, time)
        for i in range(threads):
            owner = (thread + i) % threads
            begin, end = left[owner]
            if begin < end:
                place = cut(begin, end, grain, i == 0)
                left[owner] = [place, end] if i == 0 else [begin, place]
                begin, end = (begin, place) if i == 0 else (place, end)
                own = sums[owner]
                heapq.heappush(ready, (time + own[end - starts[owner]] - own[begin - starts[owner]], thread))
                break
    return last


def imbalance(costs, grid, threads, pieces):
    """By how much the busiest thread exceeds the mean."""
    if pieces:
        return finish(costs, grid, threads, pieces) * threads / sum(costs) - 1
    before = [0.0, *itertools.accumulate(costs)]
    bounds = [len(costs) * thread // threads for thread in range(threads + 1)]
    busiest = max(before[end] - before[begin] for begin, end in zip(bounds, bounds[1:]))
    return busiest * threads / before[-1] - 1


def regions_of(plan):
    """Family, tile, cycles, grid (None: one thread) and pieces (None: shares stay whole) of every region."""
    for match in REGION.finditer(plan):
        family, tile, parallel, cycles, rest = match.groups()
        grid = GRID.search(rest)
        if parallel == "true" and grid:
            numbers = [int(number) for number in grid.group(1).split(",")]
            pieces = PIECES.search(rest)
            sizes = [(count, last / 1000) for count, last in zip(numbers[::2], numbers[1::2])]
            yield family, tile, int(cycles), sizes, tuple(map(int, pieces.groups())) if pieces else None
        else:
            yield family, tile, int(cycles), None, None


def check(name, plan, share):
    """Prints the worst region of a model, and the model's own figure; how many are out of balance."""
    least = share * GIGAHERTZ * 1e3
    large, bad, worst, alone, total, known = 0, [], (0.0, ""), 0, 0, {}
    mean, slowest = collections.Counter(), collections.Counter()
    for family, tile, cycles, grid, pieces in regions_of(plan):
        total += cycles
        if grid is None:
            alone += cycles
            continue
        key, costs = (tuple(grid), pieces), costs_of(grid)
        for threads in THREADS:
            if cycles / threads < least:
                break
            large += 1
            if (key, threads) not in known:
                known[key, threads] = imbalance(costs, grid, threads, pieces)
            mean[threads] += cycles
            slowest[threads] += cycles * known[key, threads]
            text = f"{family} [{tile}] with {threads} threads: {100 * known[key, threads]:.1f} %"
            worst = max(worst, (known[key, threads], text))
            if known[key, threads] >= LIMIT:
                bad.append(text)
    whole, threads = max(((slowest[threads] / mean[threads], threads) for threads in mean), default=(0.0, 2))
    text = f"{large} cases, {len(bad)} out of balance, the worst one {worst[1] or 'none: 0.0 %'}"
    text += f"; all large regions together at most {100 * whole:.1f} % ({threads} threads)"
    print(f"{name}: {text}; {100 * alone / max(total, 1):.2f} % of the time on one thread")
    return len(bad)


def plan_of(model):
    command = [str(harness.INGOT), "compile", str(models.prepare(model)), "--compile-to=plan", "--target=x86-64-v4", "-o", "-"]
    for name, shape in model.shapes.items():
        command += ["--input-shape", f"{name}={'x'.join(map(str, shape))}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="of test models")
    parser.add_argument("--plan", type=pathlib.Path, help="a planned module instead of the test models")
    parser.add_argument("--share", type=float, default=50, help="microseconds per thread from which a region is large (default: 50)")
    options = parser.parse_args()
    if options.plan:
        return 1 if check(options.plan.name, options.plan.read_text(), options.share) else 0
    return 1 if sum([check(model.name, plan_of(model), options.share) for model in models.find(options.names)]) else 0


if __name__ == "__main__":
    sys.exit(main())
