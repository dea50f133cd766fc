#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The peers that compare.py measures beside Ingot. Each runs in a process of its own, which is this file:

    test/bench/peers.py ENGINE MODEL INPUTS.npz THREADS SECONDS [SETTING]     times of the calls that a user of its Python interface makes, as JSON
    test/bench/peers.py onnxruntime-memory MODEL INPUTS.npz                   three runs with ONNX Runtime's log, which engines.py reads

SETTING is OpenVINO's precision hint (default: f32). IREE's MODEL is what its compiler made.
"""

import json
import statistics
import sys
import time

import numpy as np

FEWEST, MOST = 3, 20000  # timed calls of one block
MARK = "the run whose extensions count"


def onnxruntime_session(path: str, threads: int, severity: int = 3):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = threads, 1, severity
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def open_onnxruntime(path: str, inputs: dict, threads: int, setting: str):
    session = onnxruntime_session(path, threads)
    return lambda: session.run(None, inputs)


def open_openvino(path: str, inputs: dict, threads: int, setting: str):
    import openvino

    core = openvino.Core()
    model = core.read_model(path)
    model.reshape({name: value.shape for name, value in inputs.items()})
    settings = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": setting or "f32", "PERFORMANCE_HINT": "LATENCY"}
    request = core.compile_model(model, "CPU", settings).create_infer_request()
    return lambda: request.infer(inputs)


def open_iree(path: str, inputs: dict, threads: int, setting: str):
    import iree.runtime

    iree.runtime.flags.parse_flags(f"--task_topology_group_count={threads}")
    config = iree.runtime.Config("local-task")
    module = iree.runtime.VmModule.mmap(config.vm_instance, path)
    context = iree.runtime.SystemContext(config=config)
    context.add_vm_module(module)
    name = next(name for name in module.function_names if "$" not in name and not name.startswith("__"))
    function, arguments = context.modules[module.name][name], list(inputs.values())

    def run():
        results = function(*arguments)
        return [result.to_host() for result in (results if isinstance(results, (tuple, list)) else (results,))]

    return run


OPEN = {"onnxruntime": open_onnxruntime, "openvino": open_openvino, "iree": open_iree}


def times(run, seconds: float) -> list:
    """Milliseconds of the calls that fit into the time, but of a few at least."""
    taken, begin = [], time.perf_counter()
    while len(taken) < FEWEST or (len(taken) < MOST and time.perf_counter() - begin < seconds):
        start = time.perf_counter()
        run()
        taken.append((time.perf_counter() - start) * 1e3)
    return taken


def load(path: str) -> dict:
    with np.load(path) as archive:
        return {name: archive[name] for name in archive.files}


def measure(engine: str, path: str, data: str, threads: int, seconds: float, setting: str) -> dict:
    inputs = load(data)
    __import__({"iree": "iree.runtime"}.get(engine, engine))  # loading the library is not the engine's session creation
    begin = time.perf_counter()
    run = OPEN[engine](path, inputs, threads, setting)
    run()
    first = (time.perf_counter() - begin) * 1e3
    run()
    taken = times(run, seconds)
    return {"median_ms": statistics.median(taken), "start_to_first_ms": first, "iterations": len(taken)}


def plan_memory(path: str, data: str) -> None:
    """What ONNX Runtime's memory plan takes. With memory patterns a run allocates one block for all values that it has planned; its arena, emptied
    after each run, with no first chunk and told to grow by no more than it is asked for, writes that size into its log when a later run begins."""
    import onnxruntime

    onnxruntime.set_default_logger_severity(0)
    place = onnxruntime.OrtMemoryInfo("Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT)
    onnxruntime.create_and_register_allocator(place, onnxruntime.OrtArenaCfg(0, 1, 256, -1))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.add_session_config_entry("session.use_device_allocator_for_initializers", "1")
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    run = onnxruntime.RunOptions()
    run.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    inputs = load(data)
    for _ in range(2):  # the first one finds the pattern
        session.run(None, inputs, run)
    print(MARK, file=sys.stderr, flush=True)
    session.run(None, inputs, run)


if __name__ == "__main__":
    if sys.argv[1:2] == ["onnxruntime-memory"]:
        plan_memory(*sys.argv[2:4])
        sys.exit(0)
    if len(sys.argv) not in (6, 7):
        print(__doc__)
        sys.exit(0 if "--help" in sys.argv else 2)
    print(json.dumps(measure(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5]), (sys.argv[6:] or [""])[0])))
