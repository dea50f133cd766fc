# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The part of `ingot bench --compare onnxruntime` that runs ONNX Runtime: times a model on the inputs of an npz file, in sessions that
run at the same time, and prints one JSON object."""

import argparse
import json
import sys
import threading
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
    parser.add_argument("--sessions", type=int, default=1)
    options = parser.parse_args()
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    settings.inter_op_num_threads = 1
    settings.log_severity_level = 3
    with np.load(options.inputs) as archive:
        inputs = {name: archive[name] for name in archive.files}
    sessions = [onnxruntime.InferenceSession(options.model, settings, providers=["CPUExecutionProvider"]) for _ in range(options.sessions)]
    gate, samples = threading.Barrier(options.sessions), [[] for _ in sessions]

    def work(number):
        try:
            for run in range(options.warmup + options.iterations):
                if run == options.warmup:
                    gate.wait()
                begin = time.perf_counter()
                sessions[number].run(None, inputs)
                samples[number].append((time.perf_counter() - begin) * 1e3)
        except Exception:
            gate.abort()
            raise

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, options.sessions)]
    for thread in threads:
        thread.start()
    work(0)
    for thread in threads:
        thread.join()
    if gate.broken:
        sys.exit("error: a session of ONNX Runtime failed")
    with open("/proc/self/status", encoding="ascii") as status:
        peak = next((int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM")), 0)
    print(json.dumps({"samples_ms": [time for session in samples for time in session[options.warmup :]], "peak_resident_bytes": peak}))


if __name__ == "__main__":
    main()
