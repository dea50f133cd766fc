#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Products with weights of 4 bits (MatMulNBits of com.microsoft): Ingot and ONNX Runtime beside what memory and the vector units give.

    test/bench/blocks.py [--rows 1,2,4,8,128] [--blocks 32,128] [--threads 1,2] [--rounds 3] [--seconds 0.5] [--json FILE]

A model is a chain of layers with weights of their own, more of them than a cache holds: 4096 x 4096, and 4096 x 14336 with its way back. In each
round every engine runs for a while, one after the other, and the program that reads memory (read_bandwidth.c) before them; numbers are medians of
the rounds. GB/s counts weights and scales as ONNX stores them, once per run. Activations of ours are as exact as f32 or int8 (--activations); of
ONNX Runtime f32 (accuracy level 0) or int8 (level 4).
"""

import argparse
import functools
import json
import pathlib
import statistics
import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import engines
import harness

LAYERS = {"4096x4096": [(4096, 4096)] * 10, "14336x4096": [(4096, 14336), (14336, 4096)] * 2}
ENGINES = ("ingot f32", "ingot int8", "onnxruntime f32", "onnxruntime int8")
FOLDER = harness.BUILD / "bench" / "blocks"


def make_model(path: pathlib.Path, layers: list, rows: int, block: int, level: int):
    random = np.random.default_rng(1)
    nodes, weights, name = [], [], "x"
    for number, (depth, columns) in enumerate(layers):
        packed = random.integers(0, 256, (columns, depth // block, block // 2), dtype=np.uint8)
        scales = (random.uniform(0.9, 1.1, columns * (depth // block)) / (4.6 * depth**0.5)).astype(np.float32)
        weights += [numpy_helper.from_array(packed, f"w{number}"), numpy_helper.from_array(scales, f"s{number}")]
        following = f"y{number}" if number + 1 < len(layers) else "y"
        attributes = {"K": depth, "N": columns, "bits": 4, "block_size": block, "accuracy_level": level}
        nodes.append(helper.make_node("MatMulNBits", [name, f"w{number}", f"s{number}"], [following], domain="com.microsoft", **attributes))
        name = following
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [rows, layers[0][0]])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [rows, layers[-1][1]])]
    imports = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    onnx.save(helper.make_model(helper.make_graph(nodes, "blocks", inputs, outputs, weights), opset_imports=imports, ir_version=10), path)


@functools.cache
def bandwidth_program() -> pathlib.Path:
    program = FOLDER / "read_bandwidth"
    source = pathlib.Path(__file__).with_name("read_bandwidth.c")
    subprocess.run(["clang-22", "-O2", "-march=native", "-pthread", str(source), "-o", str(program)], check=True)
    return program


def bandwidth(threads: int) -> float:
    """GB/s of memory that no cache holds."""
    return float(engines.run(engines.pinned(threads) + [bandwidth_program(), threads], "read_bandwidth").out)


def build(shape: str, rows: int, block: int) -> dict:
    """What each engine runs."""
    stem, built = f"{shape}-{rows}-{block}", {}
    data = FOLDER / f"{stem}.npz"
    np.savez(data, x=np.random.default_rng(2).standard_normal((rows, LAYERS[shape][0][0])).astype(np.float32))
    for kind, level in (("f32", 0), ("int8", 4)):
        path, program = FOLDER / f"{stem}-{kind}.onnx", FOLDER / f"{stem}-{kind}.exe"
        make_model(path, LAYERS[shape], rows, block, level)
        engines.compile_model(path, program, [f"--activations={kind}"])
        built[kind] = engines.Built(path, data, program)
    return built


def measure(shape: str, rows: int, block: int, options) -> list:
    elements = sum(depth * columns for depth, columns in LAYERS[shape])
    size, operations = elements / 2 + elements / block * 4, 2.0 * rows * elements
    built, lines = build(shape, rows, block), []
    for threads in options.threads:
        times, memory = {engine: [] for engine in ENGINES}, []
        for _ in range(options.rounds):
            memory.append(bandwidth(threads))
            for engine in ENGINES:
                name, kind = engine.split()
                guess = times[engine][-1] if times[engine] else 50.0
                times[engine].append(engines.measure(name, built[kind], threads, options.seconds, guess)["median_ms"])
        read = statistics.median(memory)
        for engine in ENGINES:
            ms = statistics.median(times[engine])
            line = {"shape": shape, "rows": rows, "block": block, "threads": threads, "engine": engine, "ms": ms, "read_gb_s": read}
            lines.append(line | {"gb_s": size / ms / 1e6, "of_read": size / ms / 1e6 / read, "gop_s": operations / ms / 1e6})
    return lines


def table(lines: list) -> str:
    heads = ("weights", "block", "rows", "threads", "engine", "ms", "GB/s", "of the read bandwidth", "GOP/s", "against ONNX Runtime")
    text = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    key = lambda line: [line[name] for name in ("shape", "rows", "block", "threads")]
    for line in lines:
        peer = f"onnxruntime {line['engine'].split()[1]}"
        peer = next(other["ms"] for other in lines if key(other) == key(line) and other["engine"] == peer)
        text.append(
            f"| {line['shape']} | {line['block']} | {line['rows']} | {line['threads']} | {line['engine']} | {line['ms']:.3f} | {line['gb_s']:.1f} | "
            f"{100 * line['of_read']:.0f} % of {line['read_gb_s']:.1f} | {line['gop_s']:.0f} | {peer / line['ms']:.2f} x |"
        )
    return "\n".join(text)


def numbers(text: str) -> list:
    return [int(part) for part in text.split(",")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", default=",".join(LAYERS), help="which chains of layers")
    parser.add_argument("--rows", type=numbers, default=[1, 2, 4, 8, 128])
    parser.add_argument("--blocks", type=numbers, default=[32, 128])
    parser.add_argument("--threads", type=numbers, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.5, help="of each engine in a round")
    parser.add_argument("--json", type=pathlib.Path, help="a file for the numbers")
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    lines = []
    for shape in options.shapes.split(","):
        for block in options.blocks:
            for rows in options.rows:
                lines += measure(shape, rows, block, options)
    print(table(lines))
    if options.json:
        options.json.write_text(json.dumps(lines, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
