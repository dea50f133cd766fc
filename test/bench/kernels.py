# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Models of one kernel each, for the table of shares of the FMA peak.

Convolutions come as a chain of equal layers, so that the conversion to and from NCHW at the border of a model, which a real model does once,
is not what is measured: it costs as much as about one depthwise layer, so of those there are more. Their flops are those of the direct
algorithm; an algorithm that needs fewer may show more than 100 %.
"""

import dataclasses

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

LAYERS, DEPTHWISE_LAYERS = 8, 32


@dataclasses.dataclass(frozen=True)
class Kernel:
    name: str
    goal: float  # share of the peak that is asked for
    flops: float
    model: onnx.ModelProto


def weights(rng, name: str, *shape: int, fan_in: int):
    return numpy_helper.from_array((rng.standard_normal(shape) / np.sqrt(fan_in)).astype(np.float32), name)


def finish(nodes, shape_in, shape_out, initialisers) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "kernel",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape_in)],
        [helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, shape_out)],
        initialisers,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def contraction(rows: int, columns: int, depth: int) -> Kernel:
    rng = np.random.default_rng(0)
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    model = finish([node], [rows, depth], [rows, columns], [weights(rng, "w", depth, columns, fan_in=depth)])
    return Kernel(f"contraction {rows}x{columns}x{depth}", 0.92, 2.0 * rows * columns * depth, model)


def convolution(name: str, goal: float, size: int, channels: int, kernel: int, group: int = 1) -> Kernel:
    rng = np.random.default_rng(0)
    nodes, initialisers, value, layers = [], [], "x", LAYERS if group == 1 else DEPTHWISE_LAYERS
    for layer in range(layers):
        shape = (channels, channels // group, kernel, kernel)
        initialisers.append(weights(rng, f"w{layer}", *shape, fan_in=shape[1] * kernel * kernel))
        nodes.append(helper.make_node("Conv", [value, f"w{layer}"], [f"y{layer}"], pads=[kernel // 2] * 4, group=group, name=f"conv{layer}"))
        value = f"y{layer}"
    flops = 2.0 * size * size * channels * (channels // group) * kernel * kernel * layers
    shape = [1, channels, size, size]
    return Kernel(f"{name} {size}x{size}x{channels}", goal, flops, finish(nodes, shape, shape, initialisers))


def all_kernels() -> list[Kernel]:
    return [
        contraction(128, 768, 768),
        contraction(128, 3072, 768),
        convolution("conv 3x3", 0.90, 56, 64, 3),
        convolution("conv 1x1", 0.90, 56, 64, 1),
        convolution("conv 1x1", 0.90, 28, 256, 1),
        convolution("depthwise 3x3", 0.80, 56, 144, 3, group=144),
        convolution("depthwise 3x3", 0.80, 14, 384, 3, group=384),  # a chain that stays in L2
    ]
