#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks that a pass has one name in all its places.

For `def FuseEpiloguePass` in passes/Region/Passes.td there must be: the flag `ingot-fuse-epilogue`, a summary, a description of at least two
lines, the source FuseEpilogue.cpp in passes/Region or below (where it has a DEBUG_TYPE, that is the flag), a test fuse-epilogue.mlir under
test/ that runs the flag, and a line with the flag in passes/README.md.

    compiler/dev/check_passes.py            check the whole tree
"""

import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PASS = re.compile(r'^def (\w+)\s*:\s*(?:Interface)?Pass<\s*"([^"]+)"(.*?)^\}', re.MULTILINE | re.DOTALL)
ANY_PASS = re.compile(r"^def (\w+)\s*:\s*(?:Interface)?Pass<", re.MULTILINE)


def kebab(name: str) -> str:
    """FuseEpilogue -> fuse-epilogue, ConvertToLLVM -> convert-to-llvm."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()


def check_pass(root: pathlib.Path, folder: pathlib.Path, name: str, flag: str, body: str, index: str):
    if not name.endswith("Pass"):
        yield f"def {name} must end in 'Pass'"
    stem = name.removesuffix("Pass")
    if not flag.startswith("ingot-") or flag.removeprefix("ingot-").replace("-", "") != stem.lower():
        yield f"{name} has the flag '{flag}', expected 'ingot-{kebab(stem)}'"
    if not re.search(r'let summary = "[^"]{10,}"', body):
        yield f"{name} has no summary"
    description = re.search(r"let description = \[\{(.*?)\}\]", body, re.DOTALL)
    if not description or len([line for line in description.group(1).splitlines() if line.strip()]) < 2:
        yield f"{name} needs a description of at least two lines: what it does, what it leaves to others"
    if "let constructor" in body:
        yield f"{name} sets 'let constructor'; leave it to tablegen"
    source = next(iter(sorted(folder.rglob(f"{stem}.cpp"))), None)
    if not source:
        yield f"{name} has no source {(folder / stem).relative_to(root)}.cpp, there or in a folder below"
    elif match := re.search(r'#define DEBUG_TYPE "([^"]+)"', source.read_text()):
        if match.group(1) != flag:
            yield f"{source.relative_to(root)} has DEBUG_TYPE '{match.group(1)}', expected '{flag}'"
    test = flag.removeprefix("ingot-") + ".mlir"
    tests = list((root / "test").rglob(test))
    if not tests:
        yield f"{name} has no test {test} under test/"
    elif flag not in "".join(path.read_text() for path in tests):
        yield f"{tests[0].relative_to(root)} does not run '{flag}'"
    if flag not in index:
        yield f"{name} has no line with '{flag}' in passes/README.md"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=ROOT, help="tree to check (default: this one)")
    root = parser.parse_args().root
    readme = root / "passes/README.md"
    index = readme.read_text() if readme.exists() else ""
    failures = passes = 0
    for table in sorted(root.glob("passes/**/Passes.td")):
        text = table.read_text()
        found = PASS.findall(text)
        if len(found) != len(ANY_PASS.findall(text)):
            print(f"{table.relative_to(root)}: a pass without a body in braces, or with a flag that is not a literal")
            failures += 1
        for name, flag, body in found:
            passes += 1
            for problem in check_pass(root, table.parent, name, flag, body, index):
                print(f"{table.relative_to(root)}: {problem}")
                failures += 1
    if not failures:
        print(f"passes: {passes} described, named alike and tested")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
