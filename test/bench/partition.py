#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Simulates how the units of each region are shared out among 2 to 64 threads, and says how much more the busiest thread has than the mean.

    test/bench/partition.py [NAME...]          the test models (default: all); exit code 1 when a large region is out of balance
    test/bench/partition.py --plan FILE        a planned module, as `ingot compile --compile-to=plan` prints it

A region is large for a number of threads when each has at least --share microseconds of it: then one unit more or less must not make 10 %.
Behind the worst region stands what all large regions of a model lose together: the time of the busiest threads against that of the mean ones.
What every thread takes is what generated code takes: the units from `units * thread / threads` on. What a unit costs stands in the region's
`ingot.grid` (a tile at an edge is smaller), what the region costs in `ingot.cost`.
"""

import argparse
import collections
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


def costs_of(grid):
    """What each unit costs, a full one being 1."""
    costs = [1.0]
    for count, last in grid:
        costs = [outer * (last if i == count - 1 else 1.0) for outer in costs for i in range(count)]
    return costs


def imbalance(costs, threads):
    """By how much the busiest thread exceeds the mean."""
    before = [0.0]
    for cost in costs:
        before.append(before[-1] + cost)
    bounds = [len(costs) * thread // threads for thread in range(threads + 1)]
    busiest = max(before[end] - before[begin] for begin, end in zip(bounds, bounds[1:]))
    return busiest * threads / before[-1] - 1


def regions_of(plan):
    """Family, tile, cycles and grid (None: one thread) of every region."""
    for match in REGION.finditer(plan):
        family, tile, parallel, cycles, rest = match.groups()
        grid = GRID.search(rest)
        if parallel == "true" and grid:
            numbers = [int(number) for number in grid.group(1).split(",")]
            yield family, tile, int(cycles), [(count, last / 1000) for count, last in zip(numbers[::2], numbers[1::2])]
        else:
            yield family, tile, int(cycles), None


def check(name, plan, share):
    """Prints the worst region of a model, and the model's own figure; how many are out of balance."""
    least = share * GIGAHERTZ * 1e3
    large, bad, worst, alone, total, known = 0, [], (0.0, ""), 0, 0, {}
    mean, slowest = collections.Counter(), collections.Counter()
    for family, tile, cycles, grid in regions_of(plan):
        total += cycles
        if grid is None:
            alone += cycles
            continue
        key = tuple(grid)
        for threads in THREADS:
            if cycles / threads < least:
                break
            large += 1
            if (key, threads) not in known:
                known[key, threads] = imbalance(costs_of(grid), threads)
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
