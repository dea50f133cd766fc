#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Opens one dim of the small models of op_cases.py and sparse_cases.py, compiles each once, runs it at several sizes, and compares with ONNX Runtime.

The dim at `--axis` of the first input becomes symbolic, and so does that of every other input of the same size. A case that ONNX Runtime itself
refuses at another size than its own (its constants fix the dim) is left out. Known failures stand in test/e2e/expectations.txt.

    test/e2e/run_open_ops.py                                 the first dim, -O0
    test/e2e/run_open_ops.py --axis=-1 --levels=-O0,-O3      the last one, both levels
    test/e2e/run_open_ops.py --filter 'conv-.*' --verbose    only these
"""

import argparse
import concurrent.futures
import re
import sys
import time

import numpy as np
import onnx

import harness
import op_cases
import sparse_cases


def open_dim(model: onnx.ModelProto, inputs: dict, axis: int) -> dict:
    """Makes the dim symbolic, in place. Returns the axis by input; empty: there is no such dim."""
    first = next(iter(inputs.values()), np.zeros(()))
    if not -first.ndim <= axis < first.ndim:
        return {}
    size, position = first.shape[axis], axis
    opened = {}
    for value in model.graph.input:
        shape = inputs[value.name].shape
        if -len(shape) <= position < len(shape) and shape[position] == size:
            dims = value.type.tensor_type.shape.dim
            dims[position if position >= 0 else len(dims) + position].dim_param = "open"
            opened[value.name] = position
    del model.graph.value_info[:]
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")
    return opened


def sizes_of(inputs: dict, opened: dict) -> list:
    """Its own size, and 1, 2, 3 and one more."""
    name, axis = next(iter(opened.items()))
    own = inputs[name].shape[axis]
    return sorted({1, 2, 3, own, own + 4})


def resized(inputs: dict, opened: dict, size: int) -> dict:
    """The inputs with the dim cut or repeated to a size."""
    return {
        name: np.ascontiguousarray(np.take(array, np.arange(size) % array.shape[opened[name]], axis=opened[name])) if name in opened else array
        for name, array in inputs.items()
    }


def expected_of(path, inputs: dict, opened: dict) -> dict:
    """What ONNX Runtime computes at each size that it takes."""
    session = harness.session(str(path), 1, severity=4)
    names = [output.name for output in session.get_outputs()]
    results = {}
    for size in sizes_of(inputs, opened):
        feed = resized(inputs, opened, size)
        try:
            results[size] = (feed, dict(zip(names, session.run(names, feed))))
        except Exception:  # ONNX Runtime's own classes derive from nothing narrower
            continue
    return results


def check(level: str, path, results: dict, options) -> str | None:
    executable = path.with_suffix(level.replace("-", "."))
    extra = [f"--target={options.target}", f"--dim=open={min(results)}..{max(results)}"]
    made = harness.compile_model(path, executable, level, extra=extra, timeout=120)
    if made.code != 0 or not executable.exists():
        return f"compile: exit code {made.code}: {made.text()}"
    try:
        for size, (feed, expected) in results.items():
            outcome, got = harness.run_model(executable, feed, 1 + size % 2, timeout=60)
            # A size of 1 at run time does not broadcast: only a dim that is always 1 does.
            if size == 1 and outcome.code == 1 and "must be equal" in outcome.err:
                continue
            complaint = f"exit code {outcome.code}: {outcome.text()}" if got is None else harness.compare(expected, got)[1]
            if complaint:
                return f"size {size}: {complaint}"
    finally:
        if not options.keep:
            executable.unlink(missing_ok=True)
    return None


def run_case(name: str, folder, options) -> list | None:
    """A verdict for each level, or None where the case has no dim to open."""
    path = folder / f"{name}.onnx"
    model, [inputs] = (sparse_cases if name in sparse_cases.CASES else op_cases).build(name)
    opened = open_dim(model, inputs, options.axis)
    if not opened:
        return None
    onnx.save(model, path)
    try:
        results = expected_of(path, inputs, opened)
    except Exception:  # the model is wrong with an open dim
        return None
    if len(results) < 2:
        return None
    prefix = f"open{options.axis}/{name}"
    return [(f"{prefix}/{level.lstrip('-')}", check(level, path, results, options)) for level in options.levels.split(",")]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--filter", default=".*")
    parser.add_argument("--axis", type=int, default=0)
    parser.add_argument("--levels", default="-O0", help="write --levels=-O0,-O3")
    parser.add_argument("--target", default="native")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--verbose", action="store_true", help="a line for each case that passes, too")
    options = parser.parse_args()
    harness.need_ingot()
    report = harness.Report(harness.ROOT / "test/e2e/expectations.txt")
    folder = harness.scratch(f"open{options.axis}")
    names = [name for name in (*op_cases.CASES, *sparse_cases.CASES) if re.fullmatch(options.filter, name)]
    start, left_out = time.monotonic(), []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for name, future in [(name, pool.submit(run_case, name, folder, options)) for name in names]:
            verdicts = future.result()
            if verdicts is None:
                left_out.append(name)
            for case, complaint in verdicts or []:
                report.case(case, complaint, quiet=not options.verbose)
    print(f"open ops: {len(names) - len(left_out)} models in {time.monotonic() - start:.0f} s; left out {len(left_out)}: {' '.join(left_out)}")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
