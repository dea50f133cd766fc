#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles models with open dims once, runs them at many sizes, and compares each run with ONNX Runtime.

The sizes are seeded: 1, prime numbers and the bounds of every range, then random ones. The largest absolute error may be 1e-4 of each output's
range, and 1 and 2 threads must give the same bits. A size outside of its range, and sizes that do not fit each other, must be refused with an error
that names the dim.

    test/e2e/run_dynamic.py                                     everything, a dozen sizes each
    test/e2e/run_dynamic.py --models minilm --shapes 50 --levels=-O3
"""

import argparse
import dataclasses
import sys
from typing import Callable

import numpy as np

import harness
import models


@dataclasses.dataclass(frozen=True)
class Dynamic:
    name: str
    model: models.Model
    ranges: dict  # dim -> (least, largest), or a fixed size
    feed: Callable  # (rng, sizes) -> inputs
    work: Callable  # sizes -> a number that grows with the time of a run
    plain_work: int  # the most of it at -O0
    steps: dict = dataclasses.field(default_factory=dict)  # dim -> what its sizes must be a multiple of, for the model itself
    refused: tuple = ()  # sizes that the model cannot take, and a part of the message
    special: dict = dataclasses.field(default_factory=dict)  # sizes of a dim for which there is code of its own

    def options(self) -> list:
        given = []
        for name, size in self.ranges.items():
            text = f"{size[0]}..{size[1]}" if isinstance(size, tuple) else str(size)
            if name in self.special:
                text += ":" + ",".join(map(str, self.special[name]))
            given.append(f"--dim={name}={text}")
        return given

    def sizes(self, rng, count: int) -> list:
        """Corners of the ranges, 1 and primes first."""
        chosen = []
        open_dims = {name: size for name, size in self.ranges.items() if isinstance(size, tuple)}
        for pick in (lambda low, high: low, lambda low, high: high):
            chosen.append({name: pick(*size) for name, size in open_dims.items()})
        for prime in (1, 2, 3, 5, 7, 13, 17, 31, 61, 127, 251, 509):
            chosen.append({name: min(max(prime, low), high) for name, (low, high) in open_dims.items()})
        while len(chosen) < 4 * count:
            chosen.append({name: int(np.exp(rng.uniform(np.log(low), np.log(high + 1)))) for name, (low, high) in open_dims.items()})
        for sizes in chosen:
            for name, step in self.steps.items():
                low, high = self.ranges[name]
                sizes[name] = min(max(-(-sizes[name] // step) * step, low), high // step * step)
        return chosen


def text(rng, sizes):
    shape = (sizes["batch"], sizes["sequence"])
    mask = np.ones(shape, np.int64)
    for row in mask[1:]:
        row[int(rng.integers(1, shape[1] + 1)) :] = 0
    return {"input_ids": rng.integers(0, 30522, shape, np.int64), "attention_mask": mask}


def pages(batch: str, height, width: str, size: int):
    def feed(rng, sizes):
        page = models.picture(sizes[height] if isinstance(height, str) else height, sizes[width], size)
        page = np.repeat(page, sizes[batch], axis=0)
        return {"x": np.clip(page + 0.02 * rng.standard_normal(page.shape), -1, 1).astype(np.float32)}

    return feed


def dynamic_models() -> list:
    by_name = {model.name: model for model in models.MODELS}
    any_dim = "p2o.DynamicDimension."
    batch, height, width = any_dim + "0", any_dim + "1", any_dim + "2"
    return [
        Dynamic(
            "minilm",
            models.MINILM,
            {"batch": (1, 8), "sequence": (2, 512)},
            text,
            lambda s: s["batch"] * s["sequence"] * (1000 + s["sequence"]),
            200_000,
            refused=(({"batch": 9, "sequence": 4}, "dim 'batch' is 9"), ({"batch": 1, "sequence": 1}, "dim 'sequence' is 1")),
            special={"sequence": (7, 13, 61)},
        ),
        Dynamic(
            "ppocr-cls",
            by_name["ppocr-cls"],
            {"x_dim0": (1, 8), "x_dim2": 48, "x_dim3": (8, 1024)},
            pages("x_dim0", 48, "x_dim3", 32),
            lambda s: s["x_dim0"] * s["x_dim3"],
            4000,
        ),
        Dynamic(
            "ppocr-rec",
            by_name["ppocr-rec"],
            {batch: (1, 8), "x_dim2": 48, height: (8, 2048)},
            pages(batch, 48, height, 32),
            lambda s: s[batch] * s[height] * (2000 + s[height]),
            2_000_000,
        ),
        Dynamic(
            "ppocr-det",
            by_name["ppocr-det"],
            {batch: (1, 2), height: (32, 736), width: (32, 736)},
            pages(batch, height, width, 24),
            lambda s: s[batch] * s[height] * s[width],
            30_000,
            steps={height: 32, width: 32},
            refused=(({batch: 1, height: 40, width: 64}, "must be equal"),),
        ),
    ]


def check(report: harness.Report, dynamic: Dynamic, level: str, count: int, folder, target: str) -> None:
    name = f"dynamic/{dynamic.name}/{level.lstrip('-')}"
    path = models.prepare(dynamic.model)
    executable = folder / f"{dynamic.name}{level}"
    made = harness.compile_model(path, executable, level, {}, [f"--target={target}", *dynamic.options()], timeout=900)
    if made.code != 0 or not executable.exists():
        report.case(f"{name}/compile", f"exit code {made.code} after {made.seconds:.1f} s: {made.text()}")
        return
    report.case(f"{name}/compile", None, f"{made.seconds:.1f} s, file {executable.stat().st_size / 1e6:.1f} MB")
    session = harness.session(str(path))
    outputs = [output.name for output in session.get_outputs()]
    rng = np.random.default_rng(len(dynamic.name))
    most = dynamic.plain_work if level == "-O0" else dynamic.plain_work * 25
    sizes = [sizes for sizes in dynamic.sizes(rng, count) if dynamic.work(sizes) <= most]
    worst = 0.0
    for number, size in enumerate(sizes[:count]):
        inputs = dynamic.feed(rng, size)
        expected = dict(zip(outputs, session.run(outputs, inputs)))
        results, case = [], f"{name}/{'x'.join(map(str, size.values()))}-{number}"
        for threads in (1, 2):
            outcome, got = harness.run_model(executable, inputs, threads)
            complaint = f"exit code {outcome.code}: {outcome.text()}" if got is None else None
            if got is not None:
                error, complaint = harness.compare(expected, got)
                worst = max(worst, error)
                results.append(got)
            if complaint:
                report.case(case, f"{threads} threads: {complaint}")
                break
        if len(results) == 2:
            same = all(np.array_equal(results[0][key], results[1][key], equal_nan=True) for key in results[0])
            report.case(case, None if same else "1 and 2 threads differ", quiet=True)
    print(f"        {name}: {len(sizes[:count])} sizes, worst error {worst:.1e} of the range")
    for size, message in dynamic.refused:
        outcome, got = harness.run_model(executable, dynamic.feed(rng, size), 1)
        told = outcome.code == 1 and message in outcome.err
        report.case(f"{name}/refused-{'x'.join(map(str, size.values()))}", None if told else f"exit code {outcome.code}: {outcome.text()}")
    executable.unlink()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="", help="comma-separated names (default: all)")
    parser.add_argument("--levels", default="-O0,-O3", help="comma-separated (default: -O0,-O3); write --levels=-O3")
    parser.add_argument("--shapes", type=int, default=12, help="sizes of each model (default 12)")
    parser.add_argument("--target", default="native")
    options = parser.parse_args()
    harness.need_ingot()
    report = harness.Report(harness.ROOT / "test/e2e/expectations.txt")
    folder = harness.scratch("dynamic")
    wanted = [name for name in options.models.split(",") if name]
    for dynamic in dynamic_models():
        if not wanted or dynamic.name in wanted:
            for level in options.levels.split(","):
                check(report, dynamic, level, options.shapes, folder, options.target)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
