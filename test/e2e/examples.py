#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Builds and runs what is in examples/, as its users do, in a copy of its folder.

    test/e2e/examples.py                     everything
    test/e2e/examples.py --filter 'embed.*'  only these
"""

import argparse
import os
import re
import shutil
import sys

import harness
import models

ENVIRONMENT = {**os.environ, "INGOT": str(harness.INGOT)}


def copy_of(name: str, folder):
    return shutil.copytree(harness.ROOT / "examples" / name, folder / name)


def quickstart(_folder):
    done = harness.execute([harness.ROOT / "examples/quickstart.sh"], env={**ENVIRONMENT, "INGOT_SKIP_BUILD": "1"})
    print(done.out, flush=True)
    return None if done.code == 0 else f"ended with {done.code}: {done.text()}"


def embed_c(folder):
    done = harness.execute(["make", "-C", copy_of("embed-c", folder), "run", "CFLAGS=-Wall -Wextra -Werror"], env=ENVIRONMENT)
    if done.code != 0:
        return f"make ended with {done.code}: {done.text()}"
    lines = [line for line in done.out.splitlines() if " xor " in line]
    expected = ["0 xor 0 = 0", "0 xor 1 = 1", "1 xor 0 = 1", "1 xor 1 = 0"]
    return None if lines == expected else f"printed {lines}"


def embed_python(folder):
    """One library reads lines of three widths."""
    here, model = copy_of("embed-python", folder), models.prepare(models.find(["ppocr-rec"])[0])
    dims = ["p2o.DynamicDimension.0=1", "x_dim2=48", "p2o.DynamicDimension.1=16..2048"]
    made = harness.compile_model(model, here / "libocr_rec.so", extra=["--emit=shared", *(f"--dim={dim}" for dim in dims)])
    if made.code != 0:
        return made.text()
    texts = ["Hi", "Ingot compiles models", "One library for lines of any width, 48 x 1234"]
    environment = {**ENVIRONMENT, "PYTHONPATH": str(harness.ROOT / "runtime/python"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = harness.execute([sys.executable, here / "read_line.py", model, here / "libocr_rec.so", "--draw", *texts], env=environment)
    if done.code != 0:
        return f"ended with {done.code}: {done.text()}"
    lines = [line.split(": ", 1) for line in done.out.splitlines()]
    if len({head for head, _ in lines}) != len(texts):
        return f"not a width of its own for each line: {lines}"
    read = [text.strip() for _, text in lines]
    return None if read == texts else f"reads {read}"


CASES = [quickstart, embed_c, embed_python]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--filter", default="", help="regular expression of case names, as in 'embed-.*'")
    wanted = re.compile(parser.parse_args().filter)
    harness.need_ingot()
    report = harness.Report()
    folder = harness.scratch("examples")
    for case in CASES:
        name = case.__name__.replace("_", "-")
        if wanted.match(name):
            report.case(f"examples/{name}", case(folder))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
