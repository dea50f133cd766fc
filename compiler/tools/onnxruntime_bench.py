# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The part of `ingot bench --compare onnxruntime` that runs ONNX Runtime: times a model on the inputs of an npz file and prints one JSON object."""

import argparse
import json
import time

import numpy as np
import onnxruntime


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("inputs", help="an npz file")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--iterations", type=int, default=1)
    parser.add_argument("--warmup", type=int, default=0)
    options = parser.parse_args()
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    settings.inter_op_num_threads = 1
    settings.log_severity_level = 3
    session = onnxruntime.InferenceSession(options.model, settings, providers=["CPUExecutionProvider"])
    with np.load(options.inputs) as archive:
        inputs = {name: archive[name] for name in archive.files}
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
