#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the checks: each script of this folder must accept a small good tree and refuse the same tree with one fault planted.

compiler/dev/check_selftest.py
"""

import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
LICENCE = "// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n"
PASSES = LICENCE + """def FuseEpiloguePass : Pass<"ingot-fuse-epilogue", "::mlir::func::FuncOp"> {
  let summary = "fuse what follows an anchor into its region";
  let description = [{
    Moves every elementwise consumer of an anchor into the anchor's region.
    Leaves producers to another pass.
  }];
}
"""
GOOD = {
    "passes/Region/Passes.td": PASSES,
    "passes/Region/FuseEpilogue.cpp": LICENCE + '#include "dialects/Ingot/IngotDialect.h"\n#define DEBUG_TYPE "ingot-fuse-epilogue"\n',
    "passes/README.md": "`ingot-fuse-epilogue`: fuses what follows an anchor.\n",
    "test/passes/Region/fuse-epilogue.mlir": "// RUN: ingot-opt %s -ingot-fuse-epilogue | FileCheck %s\n// CHECK: ingot.region\n",
    "runtime/src/Pool.c": LICENCE + "#include <stdint.h>\n",
    "dialects/Ingot/IngotDialect.h": LICENCE + '#include "mlir/IR/Dialect.h"\n',
}
TEST = "test/passes/Region/fuse-epilogue.mlir"
# (script, file, its contents or a change of the good ones, words that the complaint must hold)
FAULTS = [
    ("layers", "passes/Region/Other.cpp", LICENCE + '#include "compiler/Options/Options.h"\n', "passes must not include compiler"),
    ("layers", "runtime/src/Other.c", LICENCE + '#include "llvm/ADT/StringRef.h"\n', "runtime must not use llvm"),
    ("layers", "dialects/Ingot/Other.h", LICENCE + '#include "passes/Region/Passes.h"\n', "dialects must not include passes"),
    ("sizes", "passes/Region/Long.cpp", LICENCE + "int x;\n" * 1001, "the limit is 1000"),
    ("sizes", "passes/Region/Long.h", LICENCE + "extern int x;\n" * 201, "the limit is 200"),
    ("sizes", "compiler/tools/tool.cpp", LICENCE + "int main() {\n" + "  f();\n" * 151 + "}\n", "main() has"),
    ("sizes", "compiler/dev/size_exceptions.txt", "passes/Region/FuseEpilogue.cpp: it was long once\n", "remove the line"),
    ("sizes", "compiler/a/b/c/d/e.cpp", LICENCE, "folders deep"),
    ("passes", "passes/Region/Passes.td", PASSES.replace("    Leaves producers to another pass.\n", ""), "description of at least two lines"),
    ("passes", "passes/Region/Passes.td", PASSES.replace('"ingot-fuse-epilogue"', '"ingot-fuse"'), "expected 'ingot-fuse-epilogue'"),
    ("passes", "passes/README.md", "nothing\n", "no line with 'ingot-fuse-epilogue'"),
    ("passes", "passes/Region/FuseEpilogue.cpp", None, "has no source"),
    ("passes", TEST, None, "has no test"),
    ("lit", TEST, "// RUN: ingot-opt %s -ingot-fuse-epilogue\n", "checks nothing"),
    ("lit", TEST, "// RUN: ingot-opt %s | FileCheck %s\n", "without a CHECK line"),
    ("lit", TEST, "func.func @f() { return }\n", "no RUN line"),
    ("text", "docs/Notes.md", "see /ro" + "ot/notes\n", "a path of one machine"),
    ("text", "docs/Notes.md", "get it from https://" + "packages.example\n", "a host that ALLOWED_HOSTS does not name"),
    ("text", "passes/Region/Other.cpp", "int x;\n", "the licence line is missing"),
    ("text", "passes/Region/Other.cpp", LICENCE + "// TO" + "DO: later\n", "without an issue number"),
]


# No fault: the good tree itself.
ACCEPTED = [(script, None, None, None) for script in ("layers", "sizes", "passes", "lit", "text")]


def write(root: pathlib.Path, files: dict) -> None:
    for name, text in files.items():
        path = root / name
        if text is None:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def run(script: str, root: pathlib.Path) -> tuple[int, str]:
    result = subprocess.run([sys.executable, str(HERE / f"check_{script}.py"), "--root", str(root)], capture_output=True, text=True)
    return result.returncode, result.stdout + result.stderr


def main() -> int:
    if sys.argv[1:]:
        print(__doc__)
        return 0 if sys.argv[1] in ("--help", "-h") else 2
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        for number, (script, name, text, words) in enumerate(ACCEPTED + FAULTS):
            root = pathlib.Path(folder) / str(number)
            root.mkdir()
            subprocess.run(["git", "init", "-q", str(root)], check=True)
            write(root, GOOD | ({name: text} if name and text is not None else {}))
            if name and text is None:
                write(root, {name: None})
            code, output = run(script, root)
            if name is None and code != 0:
                wrong.append(f"check_{script}.py refuses a good tree:\n{output}")
            elif name and (code != 1 or words not in output):
                wrong.append(f"check_{script}.py, fault in {name}: expected '{words}', got exit code {code}:\n{output}")
    print("\n".join(wrong) if wrong else f"selftest: {len(FAULTS)} planted faults found")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
