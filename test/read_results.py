#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reads what a test program reported and prints `passed=N failed=N`, for test/run.sh.

test/read_results.py gtest FOLDER JUNIT     GoogleTest's JSON files in FOLDER and ctest's JUnit file, which knows of programs that crashed
test/read_results.py lit FILE               lit's --output file
"""

import json
import pathlib
import sys
import xml.etree.ElementTree


def read_gtest(folder: str, junit: str) -> tuple[int, int]:
    passed = failed = 0
    reported = {}
    for path in sorted(pathlib.Path(folder).glob("*.json")):
        result = json.loads(path.read_text())
        failures = result["failures"] + result.get("errors", 0)
        skipped = 0
        for suite in result["testsuites"]:
            for case in suite["testsuite"]:
                if case.get("failures"):
                    print(f"failed: {path.stem}: {suite['name']}.{case['name']}")
                elif case.get("result") == "SKIPPED" or case.get("status") == "NOTRUN":
                    print(f"skipped: {path.stem}: {suite['name']}.{case['name']}")
                    skipped += 1
        reported[path.stem] = failures
        passed += result["tests"] - failures - skipped
        failed += failures
    for case in xml.etree.ElementTree.parse(junit).getroot().iter("testcase"):
        name = case.get("name")
        bad = case.get("status") != "run"
        if name not in reported:  # not a GoogleTest program, or one that died before its report
            print(f"{'failed' if bad else 'passed'}: {name} (whole program)")
            passed, failed = passed + (not bad), failed + bad
        elif bad and not reported[name]:
            print(f"failed: {name} ended badly although no case failed")
            failed += 1
    return passed, failed


def read_lit(file: str) -> tuple[int, int]:
    passed = failed = 0
    for test in json.loads(pathlib.Path(file).read_text())["tests"]:
        if test["code"] in ("PASS", "XFAIL", "FLAKYPASS"):
            passed += 1
        elif test["code"] in ("UNSUPPORTED", "SKIPPED", "EXCLUDED"):
            print(f"skipped: {test['name']}")
        else:
            failed += 1
    return passed, failed


def main() -> int:
    if sys.argv[1:2] == ["gtest"] and len(sys.argv) == 4:
        passed, failed = read_gtest(*sys.argv[2:])
    elif sys.argv[1:2] == ["lit"] and len(sys.argv) == 3:
        passed, failed = read_lit(sys.argv[2])
    else:
        print(__doc__)
        return 0 if "--help" in sys.argv else 2
    print(f"passed={passed} failed={failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
