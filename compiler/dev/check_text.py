#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the text of the tree: no absolute paths of one machine, no hosts but a few that are named here, no merge marks, the licence
line in every source, open ends only with an issue number, no large file.

    compiler/dev/check_text.py            check the whole tree
"""

import argparse
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SELF = "compiler/dev/check_text.py"
LICENSED = {".cpp", ".h", ".c", ".td", ".py", ".sh", ".mlir"}
MAXIMUM_BYTES = 1_000_000
# Hosts that may be named: the licence's, and what a pointer file of Git LFS begins with. Every other address belongs into a setting
# of the machine, package registries above all.
ALLOWED_HOSTS = ("www.apache.org", "git-lfs", "www.w3.org")
RULES = [
    (re.compile(r"(?<![\w./$}~-])/(?:root|home/\w+|work|farm|mnt|Users/\w+)/"), "a path of one machine"),
    (re.compile(r"\bhttps?://(?!(?:%s)\b)[\w.-]+" % "|".join(map(re.escape, ALLOWED_HOSTS))), "a host that ALLOWED_HOSTS does not name"),
    (re.compile(r"^(?:<{7} |>{7} |={7}$)", re.MULTILINE), "a merge mark"),
    (re.compile(r"\b(?:TODO|FIXME)(?!\(#(?:\d+|n)\))|\b(?:XXX|HACK)\b"), "an open end without an issue number: write TODO(#n)"),
]


def problems(root: pathlib.Path, name: str):
    path = root / name
    if not path.is_file() or path.is_symlink():
        return
    if path.stat().st_size > MAXIMUM_BYTES:
        yield 1, f"{path.stat().st_size} bytes; make large files in compiler/dev/setup.sh or in the test"
    data = path.read_bytes()
    if b"\0" in data[:8000]:
        return
    text = data.decode("utf-8", errors="replace")
    for rule, message in RULES:
        for match in rule.finditer(text):
            yield text.count("\n", 0, match.start()) + 1, f"{message}: '{match.group(0).strip()}'"
    if pathlib.PurePath(name).suffix in LICENSED and not name.endswith(".mlir") and name != "test/models/materialize.py":
        if "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception" not in "\n".join(text.splitlines()[:3]):
            yield 1, "the licence line is missing"
    if text and not text.endswith("\n"):
        yield text.count("\n") + 1, "no end of line at the end of the file"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=ROOT, help="tree to check (default: this one)")
    root = parser.parse_args().root
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=root, check=True, capture_output=True).stdout
    names = [name for name in listed.decode().split("\0") if name and name != SELF]
    failures = [f"{name}:{line}: {message}" for name in names for line, message in problems(root, name)]
    print("\n".join(failures) if failures else f"text: {len(names)} files are clean")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
