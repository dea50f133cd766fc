#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Builds the wheel of runtime/python, installs it into a fresh virtual environment without network, and runs package_test.py there.

    test/python/run_package.py
"""

import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import harness  # noqa: E402


def call(*command, **options):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)
    if done.returncode != 0:
        print(done.stdout)
        print(f"FAIL    {' '.join(map(str, command))} ended with {done.returncode}\npassed=0 failed=1")
        raise SystemExit(1)


def main() -> int:
    harness.need_ingot()
    folder = harness.scratch("python")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    offline = ["--no-index", "--no-deps"]
    # In a copy: setuptools leaves its work beside the sources.
    source = shutil.copytree(harness.ROOT / "runtime/python", folder / "source", ignore=shutil.ignore_patterns("__pycache__"))
    call(*pip, "wheel", *offline, "--no-build-isolation", source, "--wheel-dir", folder)
    (wheel,) = folder.glob("ingot_runtime-*-py3-none-any.whl")
    call(sys.executable, "-m", "venv", "--without-pip", folder / "venv")
    python = folder / "venv/bin/python"
    # numpy and onnx from the environment of the tests: --system-site-packages would be those of the Python that both were made of.
    (packages,) = (folder / "venv/lib").glob("python*/site-packages")
    (packages / "tests.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")) + "\n")
    call(*pip, "--python", python, "install", *offline, wheel)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"INGOT": str(harness.INGOT), "INGOT_PACKAGE": str(packages)}
    return subprocess.run([python, HERE / "package_test.py"], env=environment, check=False, cwd=folder).returncode


if __name__ == "__main__":
    sys.exit(main())
