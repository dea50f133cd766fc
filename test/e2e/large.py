#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A model of more than 2 GB: `ingot quantize` and `ingot prune` take at most twice the largest tensor and 1 GB of memory, and what they write runs
in ONNX Runtime. Takes 5 GB of disk.

    test/e2e/large.py                     everything
    test/e2e/large.py --filter 'int4'     only these

Memory is what the system cannot take back: anonymous and shared pages (RssAnon and RssShmem of /proc/PID/status), looked at every few milliseconds.
Pages of mapped files are left out. They are read when they are needed and dropped when others need the room, so they say how much memory the machine
has to spare, not how much the program needs.
"""

import pathlib
import shutil
import subprocess
import sys
import time

import numpy as np
import onnx
from onnx import TensorProto, helper

import harness

WIDTH, LAYERS, HEAD = 8192, 8, 16
LARGEST = 4 * WIDTH * WIDTH
BOUND = 2 * LARGEST + 10**9
ROWS = 3


def external(name, shape, offset) -> TensorProto:
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape, data_location=TensorProto.EXTERNAL)
    for key, value in {"location": "large.data", "offset": offset, "length": 4 * int(np.prod(shape))}.items():
        tensor.external_data.add(key=key, value=str(value))
    return tensor


def make(folder: pathlib.Path):
    """Products of 8192 x 8192 with Relu between, and a small one at the end. Returns the model, inputs and what they give."""
    random = np.random.default_rng(1)
    x = random.standard_normal((ROWS, WIDTH), dtype=np.float32)
    square = random.standard_normal((WIDTH, WIDTH), dtype=np.float32)
    square *= np.float32(np.sqrt(2 / WIDTH))
    nodes, constants, value, y, offset = [], [], "x", x, 0
    with open(folder / "large.data", "wb") as data:
        for layer in range(LAYERS + 1):
            weights = np.roll(square, 1000 * layer, axis=0) if layer < LAYERS else square[:, :HEAD].copy()
            weights.tofile(data)
            y = y @ weights
            constants.append(external(f"w{layer}", weights.shape, offset))
            offset += weights.nbytes
            nodes.append(helper.make_node("MatMul", [value, f"w{layer}"], [f"p{layer}"], name=f"product{layer}"))
            value = f"p{layer}"
            if layer < LAYERS:
                y = np.maximum(y, 0)
                nodes.append(helper.make_node("Relu", [value], [f"r{layer}"]))
                value = f"r{layer}"
    info = helper.make_tensor_value_info
    graph = helper.make_graph(nodes, "g", [info("x", TensorProto.FLOAT, ["n", WIDTH])], [info(value, TensorProto.FLOAT, ["n", HEAD])], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), folder / "large.onnx")
    assert offset > 2**31, "not large"
    return folder / "large.onnx", {"x": x}, y


def memory_of(pid: int) -> int:
    """Bytes that the system cannot take back, 0 when the process is gone."""
    try:
        with open(f"/proc/{pid}/status") as file:
            return sum(1024 * int(line.split()[1]) for line in file if line.startswith(("RssAnon", "RssShmem")))
    except (FileNotFoundError, ProcessLookupError):
        return 0


def peak_of(command) -> int:
    """Runs a command; the most memory that it had."""
    with open(harness.BUILD / "large.log", "w+b") as log:
        process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        peak = 0
        while process.poll() is None:
            peak = max(peak, memory_of(process.pid))
            time.sleep(0.005)
        log.seek(0)
        assert process.returncode == 0, f"{command[1:]} ended with {process.returncode}: {log.read()[-600:].decode(errors='replace')}"
    return peak


# What each command is given, the least cosine of its outputs to the right ones, and the most bytes that it writes.
CASES = {
    "int4": (["quantize", "--weights=int4", "--include=product[0-3]"], 0.95, LARGEST * (4 * 0.16 + 4.01)),
    "gptq": (["quantize", "--weights=int4", "--method=gptq", "--random-calibration", "--include=product0"], 0.95, LARGEST * (0.16 + 7.01)),
    "dynamic": (["quantize", "--mode=dynamic"], 0.99, LARGEST * LAYERS * 0.3),
    "static": (["quantize", "--mode=static", "--random-calibration"], 0.97, LARGEST * LAYERS * 0.3),
    "prune": (["prune", "--sparsity=0.3", "--pattern=unstructured"], 0.9, LARGEST * LAYERS * 1.01),
    "sparsegpt": (
        ["prune", "--sparsity=0.3", "--pattern=unstructured", "--method=sparsegpt", "--random-calibration", "--include=product0"],
        0.9,
        LARGEST * LAYERS * 1.01,
    ),
}


def check(folder, source, inputs, expected, options, least, bytes_written):
    peak = peak_of([harness.INGOT, options[0], source, "-o", folder / "small.onnx", *options[1:]])
    assert peak <= BOUND, f"took {peak / 1e6:.0f} MB, allowed are {BOUND / 1e6:.0f}"
    written = sum(path.stat().st_size for path in folder.glob("small*"))
    assert written <= bytes_written, f"wrote {written / 1e6:.0f} MB, at most {bytes_written / 1e6:.0f} were expected"
    onnx.checker.check_model(str(folder / "small.onnx"))
    (got,) = harness.oracle(folder / "small.onnx", inputs, optimize=False).values()
    cosine = float((got * expected).sum() / np.sqrt((got**2).sum() * (expected**2).sum()))
    assert cosine >= least, f"the outputs have a cosine of {cosine:.4f} to the right ones, at least {least} was expected"
    print(f"  {options[0]} {' '.join(options[1:])}: {peak / 1e6:.0f} MB of memory, {written / 1e6:.0f} MB written, cosine {cosine:.4f}", flush=True)


def main() -> int:
    report, wanted = harness.begin(__doc__)
    names = [name for name in CASES if wanted(name)]
    folder = harness.scratch("large")
    try:
        made = make(folder) if names else None
        for name in names:
            try:
                check(folder, *made, *CASES[name])
                report.case(f"large-{name}", None)
            except Exception as error:  # of ONNX Runtime, too: a file that it refuses is a failure of this case
                report.case(f"large-{name}", f"{type(error).__name__}: {error}"[:900])
            for path in folder.glob("small*"):
                path.unlink()
    finally:
        shutil.rmtree(folder)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
