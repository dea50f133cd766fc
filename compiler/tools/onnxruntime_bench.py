# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The part of `ingot bench --compare onnxruntime` that runs ONNX Runtime: times a model on random inputs and prints one JSON object."""

import argparse
import json
import time

import numpy as np
import onnxruntime

TYPES = {"float": np.float32, "double": np.float64, "float16": np.float16, "bool": np.bool_}


def fill(port, shape):
    """As --random of compiled programs: floats in [-1, 1), integers 0 or 1."""
    random = np.random.default_rng(0)
    name = port.type.removeprefix("tensor(").removesuffix(")")
    dtype = np.dtype(TYPES.get(name, name))
    return (random.uniform(-1, 1, shape) if dtype.kind == "f" else random.integers(0, 2, shape)).astype(dtype)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--iterations", type=int, default=1)
    parser.add_argument("--warmup", type=int, default=0)
    parser.add_argument("--shape", action="append", default=[], metavar="NAME=1x3")
    options = parser.parse_args()
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    settings.inter_op_num_threads = 1
    settings.log_severity_level = 3
    session = onnxruntime.InferenceSession(options.model, settings, providers=["CPUExecutionProvider"])
    shapes = {}
    for text in options.shape:
        name, _, dims = text.rpartition("=")
        shapes[name] = [int(dim) for dim in dims.split("x") if dim]
    inputs = {port.name: fill(port, shapes[port.name]) for port in session.get_inputs() if port.name in shapes}
    samples = []
    for _ in range(options.warmup + options.iterations):
        begin = time.perf_counter()
        session.run(None, inputs)
        samples.append((time.perf_counter() - begin) * 1e3)
    with open("/proc/self/status", encoding="ascii") as status:
        peak = next((int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM")), 0)
    print(json.dumps({"samples_ms": samples[options.warmup :], "peak_resident_bytes": peak}))


if __name__ == "__main__":
    main()
