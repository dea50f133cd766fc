# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is not the time of a model's run: compilation, overhead of a call, spread of times, memory; and what bf16 gains."""

import pathlib
import re
import statistics
import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper

import cases
import engines
import harness
import models

TAIL_SECONDS, TAIL_LEAST, TAIL_MOST = 3.0, 100, 2000
BERT = harness.ROOT / "test" / "models" / "bert.py"
PARTITION = harness.ROOT / "test" / "bench" / "partition.py"
COPYING = ("weights", "link")  # stages that copy weights; the others grow with code alone
COMPILED = {
    "resnet50_s": ("resnet50", "native"),
    "resnet50_all_s": ("resnet50", "x86-64-v3,x86-64-v4"),
    "bert_base_s": ("bert-base-128", "native"),
}


def tail(built: engines.Built) -> dict:
    """How far from the median the slowest runs are, with two threads, and how far those of a loop in registers that takes as long."""
    guess = engines.measure_ingot(built, 2, 5)["median_ms"]
    runs = int(min(TAIL_MOST, max(TAIL_LEAST, TAIL_SECONDS * 1e3 / guess)))
    block = engines.measure_ingot(built, 2, runs)
    own = {"runs": runs, "median_ms": block["median_ms"], "p99_ms": block["p99_ms"], "ratio": block["p99_ms"] / block["median_ms"]}
    return own | {"machine_ratio": engines.machine_tail(2, block["median_ms"], runs)}


def memory(built: engines.Built) -> dict:
    """The most memory that the process had, beside what its weights and arena are, and what ONNX Runtime plans for the same values."""
    block = engines.measure_ingot(built, 2, 5, ["--samples"])
    result = {"peak_resident_mb": block["peak_resident_bytes"] / 1e6}
    try:
        result["onnxruntime_plan_mb"] = engines.onnxruntime_plan(built) / 1e6
    except RuntimeError:
        pass  # said by the other measurements of that model
    return result


def bert_large(layers: tuple, rounds: int, folder: pathlib.Path) -> dict:
    """Median seconds of each stage, of models with so many layers, in turn."""
    paths, taken = {count: folder / f"bert-large-{count}.onnx" for count in layers}, {count: [] for count in layers}
    try:
        for count, path in paths.items():
            subprocess.run([sys.executable, str(BERT), str(count), str(path)], check=True)
        for _ in range(rounds):
            for count, path in paths.items():
                taken[count].append(engines.compile_stages(path, folder / "bert-large", ["--target=native"]))
    finally:
        for path in (*paths.values(), folder / "bert-large"):
            path.unlink(missing_ok=True)
    result = {}
    for count, runs in taken.items():
        stages = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
        code = sum(seconds for name, seconds in stages.items() if name not in COPYING)
        result[f"bert_large_{count}"] = {"stages": stages, "code_s": code, "all_s": sum(stages.values())}
    return result


def compilation(options, versions: dict, folder: pathlib.Path) -> dict:
    result = {}
    known = {case.name: case for case in cases.all_cases()}
    for key, (name, target) in COMPILED.items():
        path, output = models.prepare(known[name].model), folder / "compiled"
        times = [engines.compile_model(path, output, [f"--target={target}"])["seconds"] for _ in range(options.rounds)]
        result[key] = statistics.median(times)
        if key == "resnet50_s":
            result["resnet50_code_mb"] = (output.stat().st_size - engines.info(output)["weight_bytes"]) / 1e6
        output.unlink()
    result |= bert_large((2, 24), options.rounds, folder)
    few, many = result["bert_large_2"], result["bert_large_24"]
    copied = (many["all_s"] - many["code_s"]) - (few["all_s"] - few["code_s"])  # the weights that the smaller one does not have
    return result | {"bert_large_ratio": (many["all_s"] - copied) / few["all_s"], "bert_large_code_ratio": many["code_s"] / few["code_s"]}


def smallest_model(folder: pathlib.Path) -> engines.Built:
    built = engines.Built(folder / "relu.onnx", folder / "relu.npz", folder / "relu")
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [16]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "relu", ports[:1], ports[1:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9), built.path)
    np.savez(built.data, x=np.linspace(-1, 1, 16, dtype=np.float32))
    engines.compile_model(built.path, built.executable)
    return built


def overhead(options, versions: dict, folder: pathlib.Path) -> dict:
    """A call of a model that does next to nothing, one thread."""
    built = smallest_model(folder)
    result = {"relu_us": statistics.median(engines.measure_ingot(built, 1, 200_000)["median_ms"] for _ in range(options.rounds)) * 1e3}
    if "onnxruntime" in versions:
        result["relu_onnxruntime_us"] = engines.measure("onnxruntime", built, 1, 0.3)["median_ms"] * 1e3
    return result


def partition(options, versions: dict, folder: pathlib.Path) -> dict:
    """How evenly the work of large regions is shared out among 2 to 64 threads: a simulation."""
    names = [model.name for model in models.MODELS + models.WIDER]
    outcome = harness.execute([sys.executable, PARTITION, *names], timeout=600)
    lines = re.findall(r"^([\w-]+): (\d+) cases, (\d+) out of balance, .*? ([\d.]+) %; .*? at most ([\d.]+) %", outcome.out, re.MULTILINE)
    if len(lines) != len(names):
        raise RuntimeError(f"partition.py: exit code {outcome.code}: {outcome.text()}")
    worst, model = max((float(percent), name) for name, _, _, percent, _ in lines)
    counts = {"cases": sum(int(line[1]) for line in lines), "bad": sum(int(line[2]) for line in lines)}
    return counts | {"worst": worst / 100, "model": model, "worst_model": max(float(line[4]) for line in lines) / 100}


def bf16(options, versions: dict, folder: pathlib.Path) -> dict:
    """BERT-base with contractions in bf16, beside itself in f32 and OpenVINO with that hint."""
    case = next(case for case in cases.all_cases() if case.name == "bert-base-128")
    path, data = models.prepare(case.model), folder / "bf16.npz"
    np.savez(data, **case.inputs)
    built = {name: engines.Built(path, data, folder / f"bert-{name}") for name in ("f32", "bf16")}
    engines.compile_model(path, built["f32"].executable, [f"--target={options.target}"])
    engines.compile_model(path, built["bf16"].executable, [f"--target={options.target}", "--precision=bf16"])
    outcome, got = harness.run_model(built["bf16"].executable, case.inputs, 2)
    if got is None:
        raise RuntimeError(outcome.text())
    result = {"error": harness.compare(harness.oracle(path, case.inputs), got, tolerance=1.0)[0]}
    for threads in (1, 2):
        taken = {"f32": [], "bf16": [], "openvino": []}
        for _ in range(options.rounds):
            for name in ("f32", "bf16"):
                taken[name].append(engines.measure_ingot(built[name], threads, 8)["median_ms"])
            if "openvino" in versions:
                taken["openvino"].append(engines.measure("openvino", built["f32"], threads, 0.7, setting="bf16")["median_ms"])
        result |= {f"{name}_{threads}t_ms": statistics.median(values) for name, values in taken.items() if values}
    for one in built.values():
        one.executable.unlink()
    return result
