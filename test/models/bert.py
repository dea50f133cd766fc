#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes an encoder of BERT's architecture with as many layers as asked for, with seeded weights: bert.py LAYERS OUT.onnx [small]

Its size is that of BERT-large (hidden 1024, 16 heads, sequence 128), or with `small` one that compiles and runs in a moment. It shows what the
number of layers costs: all are alike.
"""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

LARGE = {"hidden": 1024, "heads": 16, "vocabulary": 30522, "sequence": 128}
SMALL = {"hidden": 64, "heads": 4, "vocabulary": 100, "sequence": 16}


class Writer:
    def __init__(self, hidden: int, heads: int, vocabulary: int, sequence: int):
        self.hidden, self.heads, self.vocabulary, self.sequence = hidden, heads, vocabulary, sequence
        self.nodes, self.weights, self.rng = [], [], np.random.default_rng(0)

    def node(self, kind: str, *inputs: str, **attributes) -> str:
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def constant(self, values: np.ndarray) -> str:
        self.weights.append(numpy_helper.from_array(values, f"w{len(self.weights)}"))
        return self.weights[-1].name

    def weight(self, *shape: int) -> str:
        return self.constant(self.rng.standard_normal(shape, np.float32) * np.float32(0.02))

    def vector(self, value: float) -> str:
        return self.constant(np.full(self.hidden, value, np.float32))

    def shape(self, *dims: int) -> str:
        return self.constant(np.array(dims, np.int64))

    def dense(self, value: str, rows: int, columns: int) -> str:
        return self.node("Add", self.node("MatMul", value, self.weight(rows, columns)), self.constant(np.full(columns, 0.01, np.float32)))

    def norm(self, value: str) -> str:
        return self.node("LayerNormalization", value, self.vector(1.0), self.vector(0.0), axis=-1)

    def split(self, value: str, order: list) -> str:
        heads = self.node("Reshape", value, self.shape(1, self.sequence, self.heads, self.hidden // self.heads))
        return self.node("Transpose", heads, perm=order)

    def layer(self, value: str, mask: str) -> str:
        size = self.hidden
        query, key = self.split(self.dense(value, size, size), [0, 2, 1, 3]), self.split(self.dense(value, size, size), [0, 2, 3, 1])
        scale = self.constant(np.array((size // self.heads) ** -0.5, np.float32))
        scores = self.node("Add", self.node("Mul", self.node("MatMul", query, key), scale), mask)
        mixed = self.node("MatMul", self.node("Softmax", scores, axis=-1), self.split(self.dense(value, size, size), [0, 2, 1, 3]))
        joined = self.node("Reshape", self.node("Transpose", mixed, perm=[0, 2, 1, 3]), self.shape(1, self.sequence, size))
        value = self.norm(self.node("Add", self.dense(joined, size, size), value))
        grown = self.node("Gelu", self.dense(value, size, 4 * size))
        return self.norm(self.node("Add", self.dense(grown, 4 * size, size), value))

    def model(self, layers: int) -> onnx.ModelProto:
        value = self.node("Gather", self.weight(self.vocabulary, self.hidden), "input_ids")
        value = self.norm(self.node("Add", value, self.weight(1, self.sequence, self.hidden)))
        for _ in range(layers):
            value = self.layer(value, "mask")
        tokens = helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, self.sequence])
        mask = helper.make_tensor_value_info("mask", TensorProto.FLOAT, [1, 1, 1, self.sequence])  # 0, or a large negative number
        result = helper.make_tensor_value_info(value, TensorProto.FLOAT, [1, self.sequence, self.hidden])
        graph = helper.make_graph(self.nodes, "bert", [tokens, mask], [result], self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        print(__doc__)
        sys.exit(0 if "--help" in sys.argv else 2)
    onnx.save(Writer(**(SMALL if "small" in sys.argv[3:] else LARGE)).model(int(sys.argv[1])), sys.argv[2])
