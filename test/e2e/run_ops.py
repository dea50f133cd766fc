#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles the small models of op_cases.py, control_cases.py, quantized_cases.py, block_cases.py and sparse_cases.py at -O0 and -O3 and
compares what they compute with ONNX Runtime (or ONNX's reference implementation), for each set of inputs that a case has, with 1 and 2 threads.

Every level of every case is one test: `ops/NAME/O3`. Known failures stand in test/e2e/expectations.txt.

    test/e2e/run_ops.py                       everything
    test/e2e/run_ops.py --filter 'conv-.*'    only these (a regular expression for the whole name)
    test/e2e/run_ops.py --oracle-only         check the table against ONNX Runtime, without Ingot
    test/e2e/run_ops.py --keep                leave models and executables in the build folder
"""

import argparse
import concurrent.futures
import re
import sys
import time

import numpy as np
import onnx

import block_cases
import control_cases
import harness
import op_cases
import quantized_cases
import sparse_cases


TABLES = (op_cases, control_cases, quantized_cases, block_cases, sparse_cases)


def check_run(executable, inputs: dict, expected: dict, tolerance: float) -> str | None:
    first = None
    for threads in (1, 2):
        outcome, got = harness.run_model(executable, inputs, threads, timeout=60)
        if got is None:
            return f"run with {threads} threads: exit code {outcome.code}: {outcome.text()}"
        _, complaint = harness.compare(expected, got, tolerance)
        if complaint:
            return f"{threads} threads: {complaint}"
        if first and any(not np.array_equal(first[key], got[key], equal_nan=got[key].dtype.kind == "f") for key in first):
            return "1 and 2 threads give different bits"
        first = got
    return None


def check(level: str, path, runs: list, tolerance: float, options) -> str | None:
    """`runs`: pairs of inputs and what is expected of them."""
    executable = path.with_suffix(level.replace("-", "."))
    made = harness.compile_model(path, executable, level, extra=[f"--target={options.target}"], timeout=120)
    if made.code != 0 or not executable.exists():
        return f"compile: exit code {made.code}: {made.text()}"
    try:
        for i, (inputs, expected) in enumerate(runs):
            if complaint := check_run(executable, inputs, expected, tolerance):
                return f"inputs {i}: {complaint}" if len(runs) > 1 else complaint
    finally:
        if not options.keep:
            executable.unlink(missing_ok=True)
    return None


def check_graph(wanted: str, path) -> str | None:
    """Whether the graph stage of -O3 holds what the table says of the case."""
    graph = harness.execute([harness.INGOT, "compile", path, "--compile-to=graph"])
    return None if graph.code == 0 and re.search(wanted, graph.out) else f"its graph has no {wanted}: exit code {graph.code}: {graph.text()}"


def expected_of(table, name: str, path, inputs: dict) -> dict:
    if name in getattr(table, "REFERENCE", ()):
        return harness.reference(path, inputs)
    return harness.oracle(path, inputs, optimize=table not in (quantized_cases, block_cases))


def run_case(table, name: str, folder, options) -> list[tuple[str, str | None]]:
    path = folder / f"{name}.onnx"
    try:
        model, feeds = table.build(name)
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, path)
        runs = [(inputs, expected_of(table, name, path, inputs)) for inputs in feeds]
    except Exception as error:  # a mistake in the table, of whatever kind onnx and ONNX Runtime report it with
        return [(f"ops/{name}", f"the case itself: {error}")]
    if options.oracle_only:
        return [(f"ops/{name}", None)]
    tolerance = table.tolerance(name) if hasattr(table, "tolerance") else harness.TOLERANCE
    results = [(f"ops/{name}/{level.lstrip('-')}", check(level, path, runs, tolerance, options)) for level in options.levels.split(",")]
    wanted = getattr(table, "GRAPHS", {}).get(name)
    return [*results, (f"ops/{name}/graph", check_graph(wanted, path))] if wanted else results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--filter", default=".*")
    parser.add_argument("--levels", default="-O0,-O3", help="write --levels=-O3")
    parser.add_argument("--target", default="native")
    parser.add_argument("--oracle-only", action="store_true")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--verbose", action="store_true", help="a line for each case that passes, too")
    options = parser.parse_args()
    if not options.oracle_only:
        harness.need_ingot()
    report = harness.Report(harness.ROOT / "test/e2e/expectations.txt")
    folder = harness.scratch("ops")
    cases = [(table, name) for table in TABLES for name in table.CASES if re.fullmatch(options.filter, name)]
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(run_case, *case, folder, options) for case in cases]:
            for case, complaint in future.result():
                report.case(case, complaint, quiet=not options.verbose)
    print(f"ops: {len(cases)} models in {time.monotonic() - start:.0f} s")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
