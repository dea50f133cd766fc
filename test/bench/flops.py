# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Floating-point operations of a model's convolutions and products, for shares of the machine's limit.

A multiply-add counts two, a convolution as the direct algorithm does it. Elementwise work, norms and pools count nothing: that they take time is
part of what a share shows. Shapes are those of a real run by ONNX Runtime, so open dims and computed shapes count as they are.
"""

import dataclasses

import numpy as np
import onnx

import harness

WINOGRAD_SAVES = 0.75  # the limit is held against a quarter of the multiplications of a layer that F(4,3) can compute
UNCOUNTED = {"LSTM", "GRU", "RNN", "If", "Loop", "Scan", "Einsum", "Attention", "MultiHeadAttention"}


@dataclasses.dataclass(frozen=True)
class Work:
    direct: float
    winograd: float  # of these, in 3x3 convolutions with stride 1, dilation 1 and one group

    @property
    def counted(self) -> float:
        return self.direct - WINOGRAD_SAVES * self.winograd


def attributes(node) -> dict:
    return {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}


def shapes_of(model: onnx.ModelProto, names: set, inputs: dict) -> dict:
    """Shapes of these values in a run on the inputs."""
    graph = model.graph
    known = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer} | {name: value.shape for name, value in inputs.items()}
    constants = [node for node in graph.node if node.op_type == "Constant" and node.output[0] in names]
    known |= {node.output[0]: tuple(attributes(node)["value"].dims) for node in constants}
    asked = sorted(names - known.keys())
    del graph.output[:]
    graph.output.extend(onnx.ValueInfoProto(name=name) for name in asked)
    runner = harness.session(model.SerializeToString(), 1)
    return known | {name: value.shape for name, value in zip(asked, runner.run(asked, inputs))}


def work_of(node, shape: dict) -> Work:
    given = attributes(node)
    left, result = shape[node.input[0]], shape[node.output[0]]
    if node.op_type == "MatMul":
        return Work(2.0 * np.prod(result) * left[-1], 0.0)
    if node.op_type == "Gemm":
        return Work(2.0 * np.prod(result) * left[0 if given.get("transA") else 1], 0.0)
    weights = shape[node.input[1]]
    if node.op_type == "ConvTranspose":
        return Work(2.0 * np.prod(left) * np.prod(weights[1:]), 0.0)
    flops = 2.0 * np.prod(result) * np.prod(weights[1:])
    plain = all(step == 1 for step in [*given.get("strides", ()), *given.get("dilations", ()), given.get("group", 1)])
    return Work(flops, flops if plain and tuple(weights[2:]) == (3, 3) else 0.0)


def count(path, inputs: dict) -> Work | None:
    """Of the whole model; none when operations of it are not counted here."""
    model = onnx.load(path)
    if any(node.op_type in UNCOUNTED for node in model.graph.node):
        return None
    nodes = [node for node in model.graph.node if node.op_type in ("MatMul", "Gemm", "Conv", "ConvTranspose")]
    shape = shapes_of(model, {name for node in nodes for name in [*node.input[:2], node.output[0]]}, inputs)
    work = [work_of(node, shape) for node in nodes]
    return Work(float(sum(part.direct for part in work)), float(sum(part.winograd for part in work)))
