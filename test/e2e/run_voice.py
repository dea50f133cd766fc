#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Three models of silero-vad listen to a minute of sound, chunk by chunk with their state carried, as shared libraries in one process; the
probabilities are those of ONNX Runtime within 1e-4. Two of the models have branches and take the rate of the sound.

    test/e2e/run_voice.py --levels=-O3
"""

import argparse
import sys

import numpy as np

import harness
import models
import voice

sys.path.insert(0, str(harness.ROOT / "runtime/python"))
import ingot_runtime  # noqa: E402

SECONDS, TOLERANCE = 60, 1e-4
# Speech of different lengths with pauses between.
SPOKEN = tuple((begin, begin + 0.7 + 0.5 * (begin % 5)) for begin in range(1, SECONDS - 4, 4))


def check(path, library, level: str, shapes, samples, expected) -> str | None:
    made = harness.compile_model(path, library, level, shapes, extra=["--emit=shared", "--target=native"])
    if made.code != 0:
        return f"compile: exit code {made.code}: {made.text()}"
    model = ingot_runtime.Model(library)
    rate = {"sr": np.array(voice.RATE)} if any(tensor.name == "sr" for tensor in model.inputs) else {}
    with ingot_runtime.Session(model, threads=1) as session:

        def run(chunk, state):
            results = session.run({"input": chunk, "state": state, **rate})
            return results["output"], results["stateN"]

        got = voice.listen(run, samples)
    worst = float(np.abs(got - expected).max())
    return None if worst <= TOLERANCE else f"a probability is off by {worst:.1e}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--levels", default="-O0,-O3", help="write --levels=-O3")
    options = parser.parse_args()
    harness.need_ingot()
    folder, report = harness.scratch("voice"), harness.Report()
    samples = voice.sound(SECONDS, SPOKEN)
    for model in models.find(["silero-vad"]) + models.VOICE:
        path = models.prepare(model)
        expected = voice.oracle(path, samples)
        heard = float(np.mean(expected > 0.5))
        report.case(f"voice/{model.name}/hears", None if 0.1 < heard < 0.9 else f"{heard:.0%} of the chunks are speech: the sound tests nothing")
        for level in options.levels.split(","):
            complaint = check(path, folder / f"lib{model.name}{level}.so", level, model.shapes, samples, expected)
            report.case(f"voice/{model.name}/{level.lstrip('-')}", complaint)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
