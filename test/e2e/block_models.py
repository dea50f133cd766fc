# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small networks whose weights are stored in 4 bits with a scale for each block, for run_precision.py."""

import ml_dtypes
import numpy as np
import onnx
from onnx import helper, shape_inference
from onnx.onnx_ml_pb2 import ValueInfoProto

import op_cases

OPSET, IR = 21, 10  # the first ones with integers of 4 bits


class Graph(op_cases.Graph):
    def model(self, results):
        graph = helper.make_graph(self.nodes, "blocks", self.values, [ValueInfoProto(name=results)], self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
        return shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)

    def blocks(self, depth: int, columns: int, block: int, columns_first=True, signed=True, points=False) -> str:
        """Weights with as large results as operands; scales of both signs."""
        shape, axis = ((columns, depth), 1) if columns_first else ((depth, columns), 0)
        counts = list(shape)
        counts[axis] = -(-depth // block)
        kind = ml_dtypes.int4 if signed else ml_dtypes.uint4
        low = -8 if signed else 0
        numbers = self.rng.integers(low, low + 16, shape).astype(kind)
        scales = self.rng.uniform(0.5, 1.5, counts) * self.rng.choice([-1, 1], counts) / (5 * depth**0.5)
        operands = [self.constant(numbers), self.constant(scales.astype(np.float32))]
        if points or not signed:
            operands.append(self.constant(self.rng.integers(low, low + 16, counts).astype(kind) if points else np.full(counts, 8, kind)))
        return self.DequantizeLinear(*operands, axis=axis, block_size=block)


def feed_forward(g: Graph):
    """Rows first, a last block that is cut, a bias, an activation and a residual."""
    x = g.input(2, 5, 90)
    y = g.Relu(g.Add(g.MatMul(x, g.blocks(90, 150, 32, columns_first=False)), g.weight(150)))
    return g.Add(x, g.MatMul(y, g.blocks(150, 90, 16, columns_first=False, signed=False, points=True)))


def one_row(g: Graph):
    """As Gemm reads it, the columns first; then as much as several threads share."""
    x = g.input(1, 256)
    y = g.Tanh(g.Gemm(x, g.blocks(256, 1000, 128, signed=False), g.weight(1000), transB=1))
    return g.Gemm(y, g.blocks(1000, 300, 64, points=True), transB=1)


def many_rows(g: Graph):
    x = g.input(70, 200)
    return g.MatMul(x, g.Transpose(g.blocks(200, 130, 32), perm=[1, 0]))


NETWORKS = {"feed-forward": feed_forward, "one-row": one_row, "many-rows": many_rows}


def build(name: str):
    graph = Graph(name)
    results = NETWORKS[name](graph)
    return graph.model(results), graph.inputs


def open_rows(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same model for any number of rows."""
    opened = onnx.ModelProto()
    opened.CopyFrom(model)
    del opened.graph.value_info[:]
    for value in [*opened.graph.input, *opened.graph.output]:
        value.type.tensor_type.shape.dim[0].dim_param = "rows"
    return opened
