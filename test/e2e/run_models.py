#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles the nine test models at -O0 and -O3, runs the executables in empty folders with 1 and 2 threads, and compares with ONNX Runtime.

The largest absolute error may be 1e-4 of each output's range, and 1 and 2 threads must give the same bits. Known failures stand in
test/e2e/expectations.txt (`models/NAME/LEVEL/...: reason`); a case there that passes fails the run.

    test/e2e/run_models.py                              everything
    test/e2e/run_models.py --wider                      five larger models, at -O3 with 2 threads only, after that
    test/e2e/run_models.py --models ppocr-rec --levels -O3
"""

import argparse
import sys

import numpy as np

import harness
import models


def check(report: harness.Report, model: models.Model, level: str, expected: dict, inputs: dict, folder, extra, counts=(1, 2)) -> None:
    name = f"models/{model.name}/{level.lstrip('-')}"
    executable = folder / f"{model.name}{level}"
    made = harness.compile_model(model.path, executable, level, model.shapes, extra, timeout=900)
    if made.code != 0 or not executable.exists():
        report.case(f"{name}/compile", f"exit code {made.code} after {made.seconds:.1f} s: {made.text()}")
        return
    megabytes = executable.stat().st_size / 1e6
    report.case(f"{name}/compile", None, f"{made.seconds:.1f} s, peak {made.peak_mb:.0f} MB, file {megabytes:.1f} MB")
    results = {}
    for threads in counts:
        outcome, got = harness.run_model(executable, inputs, threads)
        case = f"{name}/threads-{threads}"
        if got is None:
            report.case(case, f"exit code {outcome.code}: {outcome.text()}")
            continue
        error, complaint = harness.compare(expected, got)
        report.case(case, complaint, f"error {error:.1e} of the range, {outcome.seconds:.2f} s")
        results[threads] = got
    if len(results) == 2:
        differing = [key for key in results[1] if not np.array_equal(results[1][key], results[2][key], equal_nan=True)]
        report.case(f"{name}/same-bits", f"1 and 2 threads differ in {differing}" if differing else None)
    executable.unlink()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="", help="comma-separated names (default: all)")
    parser.add_argument("--levels", default="-O0,-O3", help="comma-separated (default: -O0,-O3); write --levels=-O3")
    parser.add_argument("--target", default="native")
    parser.add_argument("--wider", action="store_true", help="then the larger models, at -O3 with 2 threads")
    options = parser.parse_args()
    harness.need_ingot()
    report = harness.Report(harness.ROOT / "test/e2e/expectations.txt")
    folder = harness.scratch("models")
    for model in models.find([name for name in options.models.split(",") if name]):
        path = models.prepare(model)
        inputs = models.inputs(model)
        expected = harness.oracle(path, inputs)
        for level in options.levels.split(","):
            check(report, model, level, expected, inputs, folder, [f"--target={options.target}"])
    for model in models.WIDER if options.wider else ():
        path = models.prepare(model)
        inputs = models.inputs(model)
        check(report, model, "-O3", harness.oracle(path, inputs), inputs, folder, [f"--target={options.target}"], counts=(2,))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
