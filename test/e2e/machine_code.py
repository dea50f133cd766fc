#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Looks at the machine code of whole models: no inner loop of a product, in a contraction or a convolution, may store an accumulator to the stack.

    test/e2e/machine_code.py                            a vision model and a transformer, each for AVX2 and for AVX-512
    test/e2e/machine_code.py --models resnet50,vit-b-16

test/bench/spills.py finds the loops; test/passes/Kernel/spills.test does the same for tiles of all sizes.
"""

import argparse
import dataclasses
import pathlib
import sys

import harness
import models

sys.path.insert(0, str(harness.ROOT / "test" / "bench"))
import spills  # noqa: E402

TARGETS = ("x86-64-v3", "x86-64-v4")
NAMES = ("resnet50", "minilm")
MINILM = dataclasses.replace(models.MINILM, shapes={"input_ids": (1, 128), "attention_mask": (1, 128)})


def check(report: harness.Report, name: str, model: models.Model, target: str, folder: pathlib.Path) -> None:
    case, made = f"spills/{name}/{target}", folder / f"lib{name}.so"
    outcome = harness.compile_model(models.prepare(model), made, "-O3", model.shapes, ["--emit=shared", f"--target={target}"], timeout=900)
    if outcome.code != 0:
        report.case(case, f"exit code {outcome.code}: {outcome.text()}")
        return
    loops, spilling = spills.count(made, products=True)
    complaint = None if loops > 0 else "no loop of a product was found"
    report.case(case, f"{len(spilling)} of {loops} loops spill: {' '.join(spilling)}" if spilling else complaint, f"{loops} loops")
    made.unlink()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default=",".join(NAMES), help="comma-separated names")
    options = parser.parse_args()
    harness.need_ingot()
    report, folder = harness.Report(harness.ROOT / "test/e2e/expectations.txt"), harness.scratch("machine-code")
    for name in options.models.split(","):
        model = MINILM if name == "minilm" else models.find([name])[0]
        for target in TARGETS:
            check(report, name, model, target, folder)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
