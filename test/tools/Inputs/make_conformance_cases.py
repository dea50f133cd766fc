# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes cases as those of the ONNX backend suite into a folder: one per status that ingot-conformance gives without a crash."""

import json
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def write_case(folder, op, inputs, expected, input_types=None, output_type=TensorProto.FLOAT):
    data = folder / "test_data_set_0"
    data.mkdir(parents=True)
    names = [f"x{i}" for i in range(len(inputs))]
    types = input_types or [helper.np_dtype_to_tensor_dtype(value.dtype) for value in inputs]
    graph = helper.make_graph(
        [helper.make_node(op, names, ["y"])],
        "case",
        [helper.make_tensor_value_info(name, kind, value.shape) for name, kind, value in zip(names, types, inputs)],
        [helper.make_tensor_value_info("y", output_type, None)],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)]), folder / "model.onnx")
    for i, value in enumerate(inputs):
        (data / f"input_{i}.pb").write_bytes(numpy_helper.from_array(value).SerializeToString())
    (data / "output_0.pb").write_bytes(numpy_helper.from_array(expected).SerializeToString())
    (folder / "data.json").write_text(json.dumps({"rtol": 1e-3, "atol": 1e-7}))


root = pathlib.Path(sys.argv[1])
x = np.array([[-1.0, 2.0], [np.nan, 4.0]], np.float32)
write_case(root / "right", "Neg", [x], -x)
write_case(root / "close", "Neg", [x], -x * np.float32(1.0005))
write_case(root / "wrong-element", "Neg", [x], x)
write_case(root / "wrong-shape", "Neg", [x], -x.reshape(4))
write_case(root / "wrong-type", "Neg", [x], -x.astype(np.float64))
write_case(root / "bound", "Reshape", [x, np.array([4], np.int64)], x.reshape(4))
write_case(root / "unsupported", "Bernoulli", [x], x)
names = ("right", "close", "wrong-element", "wrong-shape", "wrong-type", "bound", "unsupported", "missing")
(root / "cases.txt").write_text("".join(f"{root / name}\n" for name in names))
