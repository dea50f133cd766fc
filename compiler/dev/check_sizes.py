#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the size budgets of docs/Architecture.md: lines per file, lines of main(), line width, sources per folder, depth of the tree.

Hard limits fail. Soft limits are listed as advice. An exception is a line `path: reason` in compiler/dev/size_exceptions.txt; a line that is no
longer needed fails too.

    compiler/dev/check_sizes.py            check the whole tree
"""

import argparse
import collections
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

HARD_LINES = {".cpp": 1000, ".c": 1000, ".h": 200, ".td": 800, ".py": 1000, ".sh": 500, ".mlir": 300}
SOFT_LINES = {".cpp": 500, ".c": 500, ".py": 500}
PASSES_PER_FILE = 25
MAIN_LINES = 150
FOLDER_SOURCES = 25
DEPTH = 4
WIDTH = 150
LINE_WIDTH_SUFFIXES = {".py", ".sh"}  # clang-format holds the width of C and C++
CODE = ("compiler", "dialects", "frontends", "passes", "runtime", "test", "examples")


def tracked(root: pathlib.Path) -> list[pathlib.PurePosixPath]:
    output = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=root, check=True, capture_output=True).stdout
    return [pathlib.PurePosixPath(name) for name in output.decode().split("\0") if name]


def main_length(text: str) -> int:
    match = re.search(r"^int main\([^{;]*\{$.*?^\}", text, re.MULTILINE | re.DOTALL)
    return match.group(0).count("\n") + 1 if match else 0


def read_exceptions(path: pathlib.Path) -> dict[str, str]:
    exceptions = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        if line.strip() and not line.startswith("#"):
            name, _, reason = line.partition(":")
            if not reason.strip():
                raise SystemExit(f"{path}: '{name}' has no reason")
            exceptions[name.strip()] = reason.strip()
    return exceptions


def measure(root: pathlib.Path):
    """Yields (path, hard, message) for everything above a budget."""
    folders = collections.Counter()
    for name in tracked(root):
        path = root / name
        if name.parts[0] not in CODE or not path.is_file():
            continue
        if name.suffix in HARD_LINES:
            text = path.read_text(encoding="utf-8", errors="replace")
            lines = text.count("\n")
            if lines > HARD_LINES[name.suffix]:
                yield str(name), True, f"{lines} lines, the limit is {HARD_LINES[name.suffix]}"
            elif lines > SOFT_LINES.get(name.suffix, lines):
                yield str(name), False, f"{lines} lines, better below {SOFT_LINES[name.suffix]}"
            if name.name == "Passes.td" and (passes := len(re.findall(r"^def \w+", text, re.MULTILINE))) > PASSES_PER_FILE:
                yield str(name), True, f"{passes} passes, the limit is {PASSES_PER_FILE}"
            if (length := main_length(text)) > MAIN_LINES:
                yield str(name), True, f"main() has {length} lines, the limit is {MAIN_LINES}"
            if name.suffix in LINE_WIDTH_SUFFIXES:
                for number, line in enumerate(text.splitlines(), 1):
                    if len(line) > WIDTH and "://" not in line:
                        yield str(name), True, f"line {number} has {len(line)} columns, the limit is {WIDTH}"
        if name.suffix in {".cpp", ".c"}:
            folders[str(name.parent)] += 1
        # The public header's include path (include/ingot/) and the mirrored folders of test/ do not count as depth.
        depth = len(name.parts) - 1 - (name.parts[0] == "test")
        if depth > DEPTH:
            yield str(name), True, f"lies {depth} folders deep, the limit is {DEPTH}"
    for folder, count in folders.items():
        if count > FOLDER_SOURCES:
            yield folder, True, f"{count} sources, the limit is {FOLDER_SOURCES}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=ROOT, help="tree to check (default: this one)")
    root = parser.parse_args().root
    exceptions = read_exceptions(root / "compiler/dev/size_exceptions.txt")
    used, failures = set(), 0
    for name, hard, message in measure(root):
        if hard and name in exceptions:
            used.add(name)
        elif hard:
            print(f"{name}: {message}")
            failures += 1
        else:
            print(f"advice: {name}: {message}")
    for name in sorted(set(exceptions) - used):
        print(f"compiler/dev/size_exceptions.txt: '{name}' keeps its budget now, remove the line")
        failures += 1
    if not failures:
        print(f"sizes: everything within its budget, {len(used)} exceptions")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
