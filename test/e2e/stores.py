#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Results of 33 MB and more, which are written past the caches: of maps, transposes, rows, pools and convolutions, against ONNX Runtime.

    test/e2e/stores.py --filter 'transpose/.*'

For AVX2 and AVX-512, whose machines have at most 32 MB of cache by their descriptions. 1, 2 and 3 threads must give the same bits, and so must the
model without `ingot-schedule-stores`, which is all that makes stores non-temporal.
"""

import re
import sys

import harness
import numpy as np
import onnx
from onnx import TensorProto, helper

R = np.random.default_rng(31)
THREADS = (1, 2, 3)


def model(op: str, shape: tuple, result: tuple, weights=(), **attributes):
    """One node, between tensors of these shapes."""
    constants = [onnx.numpy_helper.from_array(R.uniform(-0.5, 0.5, size).astype(np.float32), f"w{i}") for i, size in enumerate(weights)]
    node = helper.make_node(op, ["x", *[constant.name for constant in constants]], ["y"], **attributes)
    infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, sizes) for name, sizes in (("x", shape), ("y", result))]
    graph = helper.make_graph([node], op, infos[:1], infos[1:], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


CASES = {
    "map": lambda: model("Add", (8448, 1024), (8448, 1024), weights=[(1024,)]),
    "transpose": lambda: model("Transpose", (2816, 3072), (3072, 2816), perm=[1, 0]),
    "softmax": lambda: model("Softmax", (8448, 1024), (8448, 1024), axis=-1),
    "pool": lambda: model("MaxPool", (6, 96, 128, 128), (6, 96, 128, 128), kernel_shape=[3, 3], pads=[1] * 4),
    "conv": lambda: model("Conv", (3, 4, 160, 160), (3, 128, 160, 160), weights=[(128, 4, 1, 1), (128,)]),
}


def kernels(path, target: str, *options) -> str:
    outcome = harness.execute([harness.INGOT, "compile", path, f"--target={target}", "--compile-to=kernel", "-o", "-", *options])
    return outcome.out


def check(path, target: str, folder) -> str | None:
    proto = onnx.load(path)
    shape = [dim.dim_value for dim in proto.graph.input[0].type.tensor_type.shape.dim]
    inputs = {"x": R.uniform(-1, 1, shape).astype(np.float32)}
    expected, without = harness.oracle(path, inputs), ["--disable-pass=ingot-schedule-stores"]
    if "nontemporal = true" not in kernels(path, target):
        return "no store is non-temporal"
    if "nontemporal = true" in kernels(path, target, *without):
        return "stores are non-temporal without the pass"
    bits = None
    for extra in ([], without):
        outcome = harness.compile_model(path, folder / "program", extra=[f"--target={target}", *extra])
        if outcome.code != 0:
            return f"exit code {outcome.code}: {outcome.text()}"
        for threads in THREADS:
            outcome, results = harness.run_model(folder / "program", inputs, threads)
            if results is None:
                return f"exit code {outcome.code}: {outcome.text()}"
            if complaint := harness.compare(expected, results)[1]:
                return complaint
            bits = bits or results["y"].tobytes()
            if results["y"].tobytes() != bits:
                return f"{threads} threads give other bits {' '.join(extra)}"
    return None


def main() -> int:
    report, wanted = harness.begin(__doc__)
    folder = harness.scratch("stores")
    with open("/proc/cpuinfo") as file:
        targets = ["x86-64-v3", "x86-64-v4"] if "avx512vl" in file.read() else ["x86-64-v3"]
    if wanted("map/aarch64-linux"):  # which has no such fence
        path = folder / "map.onnx"
        onnx.save(CASES["map"](), path)
        text = kernels(path, "aarch64-linux")
        complaint = None if "vector.store" in text and not re.search("nontemporal = true|sfence", text) else "no kernels, or such for x86-64"
        report.case("stores/map/aarch64-linux", complaint)
    for name, build in CASES.items():
        for target in targets:
            if wanted(f"{name}/{target}"):
                path = folder / f"{name}.onnx"
                onnx.save(build(), path)
                report.case(f"stores/{name}/{target}", check(path, target, folder))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
