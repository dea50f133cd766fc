# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Configuration of the lit tests: `lit test` from the root of the tree, with the programs of build/release; `-Dbuild=build/asan` takes others.
import os
import pathlib
import sys

import lit.formats

root = pathlib.Path(__file__).resolve().parents[1]
build = (root / lit_config.params.get("build", os.environ.get("INGOT_BUILD", "build/release"))).resolve()
llvm = os.environ.get("INGOT_LLVM_BIN", "/usr/lib/llvm-22/bin")
if not (build / "bin").is_dir():
    lit_config.fatal(f"no programs in {build}/bin: build first (cmake --preset release && ninja -C build/release)")

config.name = "ingot"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
# Tests lie in folders that mirror the sources; these hold data and programs of other kinds.
config.excludes = ["Inputs", "models", "e2e", "conformance", "bench", "fuzz"]
config.test_source_root = str(root / "test")
config.test_exec_root = str(build / "test" / "lit")

# Our programs first, then FileCheck, not, count and split-file of LLVM.
config.environment["PATH"] = os.pathsep.join([str(build / "bin"), llvm, config.environment.get("PATH", os.environ["PATH"])])
config.environment["FILECHECK_OPTS"] = "--enable-var-scope --allow-unused-prefixes=false"
for name in ("INGOT_CACHE", "HOME", "ASAN_OPTIONS", "UBSAN_OPTIONS"):
    if name in os.environ:
        config.environment[name] = os.environ[name]

config.substitutions.append(("%python", os.environ.get("INGOT_PYTHON", sys.executable)))
config.substitutions.append(("%source_root", str(root)))
config.substitutions.append(("%build_root", str(build)))
config.available_features.add("x86_64" if os.uname().machine == "x86_64" else os.uname().machine)
