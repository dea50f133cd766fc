#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks that every RUN line of a lit test checks something: it pipes into FileCheck or cmp or diff, uses -verify-diagnostics, or runs `not`.

A line that only prepares a file for a later RUN line (it writes to %t) is allowed. Generated walls of CHECK lines are not: a test has at most
120 CHECK lines, and a file that uses FileCheck has at least one.

    compiler/dev/check_lit.py            check the whole tree
"""

import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
RUN = re.compile(r"^\s*(?:(?://|#)\s*)?RUN:\s*(.*)$")
CHECKS = re.compile(r"FileCheck|-verify-diagnostics|^\s*not\s|[|&;]\s*not\s|^\s*(?:cmp|diff)\s|[|&;]\s*(?:cmp|diff)\s")
MAXIMUM_CHECK_LINES = 120


def run_lines(text: str):
    """Yields (line number, command) with continued lines joined."""
    command, start = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        match = RUN.match(line)
        if not match:
            continue
        start = start or number
        command += match.group(1)
        if command.endswith("\\"):
            command = command[:-1] + " "
            continue
        yield start, command
        command, start = "", 0


def problems(path: pathlib.Path):
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = list(run_lines(text))
    if not lines:
        yield 1, "no RUN line"
    for number, command in lines:
        prepares = re.search(r"(?:-o|>)\s*%t|^\s*(?:mkdir|rm|cp|split-file)\s", command)
        if not CHECKS.search(command) and not prepares:
            yield number, f"RUN line checks nothing: {command.strip()}"
    if lines and not any(CHECKS.search(command) for _, command in lines):
        yield lines[0][0], "no RUN line checks anything"
    if any("FileCheck" in command for _, command in lines):
        groups = [group for _, command in lines for group in re.findall(r"--?check-prefix(?:es)?[= ](\S+)", command)]
        prefixes = {"CHECK"} | {name for group in groups for name in group.split(",")}
        count = len(re.findall(rf"^\s*(?:(?://|#|;)\s*)?(?:{'|'.join(map(re.escape, sorted(prefixes)))})(?:-[A-Z]+(?:-\d+)?)?:", text, re.MULTILINE))
        if count == 0:
            yield lines[0][0], "runs FileCheck without a CHECK line"
        if count > MAXIMUM_CHECK_LINES:
            yield lines[0][0], f"{count} CHECK lines, the limit is {MAXIMUM_CHECK_LINES}: check the minimum"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=ROOT, help="tree to check (default: this one)")
    root = parser.parse_args().root
    tests = [path for suffix in ("*.mlir", "*.test") for path in sorted((root / "test").rglob(suffix)) if "Inputs" not in path.parts]
    failures = [f"{path.relative_to(root)}:{number}: {message}" for path in tests for number, message in problems(path)]
    print("\n".join(failures) if failures else f"lit: the RUN lines of {len(tests)} files check something")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
