#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks who may include whom (docs/Architecture.md, "Layers").

An include path is a path in the tree. `runtime` includes nothing of ours but itself, `dialects` only itself and MLIR, `passes` also `dialects`,
`frontends` also `dialects` and the weight store (passes/Weights, which includes nothing of ours), `compiler` everything. Programs link what they
include, so headers are enough.

    compiler/dev/check_layers.py            check the whole tree
"""

import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Layer -> the layers that it may include. `test` is free, and nothing includes it.
ALLOWED = {
    "runtime": {"runtime"},
    "dialects": {"dialects"},
    "passes": {"passes", "dialects"},
    "frontends": {"frontends", "dialects"},
    "compiler": {"compiler", "passes", "frontends", "dialects", "runtime"},
}
# Outside libraries that a layer must not see: the runtime is C without dependencies, and the protobuf classes of ONNX stay in the front end.
FORBIDDEN_LIBRARIES = {
    "runtime": ("mlir/", "llvm/", "absl/", "google/", "onnx/"),
    "dialects": ("absl/", "google/", "onnx/"),
    "passes": ("google/", "onnx/"),
    "compiler": ("google/",),
}
INCLUDE = re.compile(r'^\s*#?\s*include\s+[<"]([^>"]+)[>"]', re.MULTILINE)
SOURCES = {".cpp", ".h", ".td", ".c", ".inc"}


def problems(root: pathlib.Path):
    for layer, allowed in ALLOWED.items():
        for path in sorted((root / layer).rglob("*")):
            if path.suffix not in SOURCES:
                continue
            text = path.read_text(encoding="utf-8", errors="replace")
            for match in INCLUDE.finditer(text):
                included = match.group(1)
                first = included.split("/")[0]
                line = text.count("\n", 0, match.start(1)) + 1
                where = f"{path.relative_to(root)}:{line}"
                is_weight_store = layer == "frontends" and included.startswith("passes/Weights/")
                if first in ALLOWED and first not in allowed and not is_weight_store:
                    yield f"{where}: {layer} must not include {first} ('{included}')"
                for library in FORBIDDEN_LIBRARIES.get(layer, ()):
                    if included.startswith(library):
                        yield f"{where}: {layer} must not use {library.rstrip('/')} ('{included}')"
                if first == "test":
                    yield f"{where}: tests are not a library ('{included}')"
                if included.startswith("../") or "/../" in included:
                    yield f"{where}: includes are paths in the tree, not relative ones ('{included}')"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=ROOT, help="tree to check (default: this one)")
    found = list(problems(parser.parse_args().root))
    print("\n".join(found) if found else "layers: every include goes downwards")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
