#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs real models again and again with 1, 2, 3, 4 and 7 threads, more than there are cores, too: every run must give the same bits.

    test/e2e/same_bits.py                                      all models, 100 runs with each number of threads (20 minutes)
    test/e2e/same_bits.py --models ppocr-rec --runs 1000
    test/e2e/same_bits.py --seconds 3                          no more runs than fit into that time (test/run.sh)
"""

import argparse
import pathlib
import sys
import time

import harness
import models

sys.path.insert(0, str(harness.ROOT / "runtime" / "python"))
import ingot_runtime  # noqa: E402

THREADS = (1, 2, 3, 4, 7)
FEWEST = 3


def fingerprint(outputs: dict) -> tuple:
    return tuple((name, outputs[name].shape, outputs[name].tobytes()) for name in sorted(outputs))


def differing(session, inputs: dict, expected, runs: int, seconds: float) -> tuple:
    """(runs done, runs that differ)"""
    end, different = time.monotonic() + seconds, 0
    for done in range(runs):
        if done >= FEWEST and time.monotonic() > end:
            return done, different
        different += fingerprint(session.run(inputs)) != expected
    return runs, different


def check(report: harness.Report, model: models.Model, options, folder: pathlib.Path) -> None:
    path, library = models.prepare(model), folder / f"lib{model.name}.so"
    made = harness.compile_model(path, library, "-O3", model.shapes, ["--emit=shared", f"--target={options.target}"], timeout=900)
    if made.code != 0:
        report.case(f"same-bits/{model.name}", f"exit code {made.code}: {made.text()}")
        return
    inputs, expected = models.inputs(model), None
    loaded = ingot_runtime.Model(library)
    for threads in THREADS:
        with ingot_runtime.Session(loaded, threads) as session:
            if expected is None:
                expected = fingerprint(session.run(inputs))
            done, different = differing(session, inputs, expected, options.runs, options.seconds)
        complaint = f"{different} of {done} runs differ from the first one with 1 thread" if different else None
        report.case(f"same-bits/{model.name}/threads-{threads}", complaint, f"{done} runs")
    library.unlink()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="", help="comma-separated names (default: the nine and the five larger ones)")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="the most for a number of threads")
    parser.add_argument("--target", default="native")
    options = parser.parse_args()
    harness.need_ingot()
    report, folder = harness.Report(harness.ROOT / "test/e2e/expectations.txt"), harness.scratch("same-bits")
    names = [name for name in options.models.split(",") if name]
    for model in models.find(names) if names else models.MODELS + models.WIDER:
        check(report, model, options, folder)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
