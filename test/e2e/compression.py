# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the tests of `ingot quantize` and `ingot prune` share: two small models, a folder to work in, and how results are compared."""

import hashlib
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import harness

info = helper.make_tensor_value_info
LEVEL = "-O3"


def weights(seed, *shape):
    depth = np.prod(shape[1:]) if len(shape) > 2 else shape[0]
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32) / np.float32(np.sqrt(depth))


def model(nodes, inputs, outputs, constants, opset=21, types=()):
    graph = helper.make_graph(nodes, "g", inputs, outputs, [numpy_helper.from_array(value, name) for name, value in constants.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10 if opset > 20 else 8)


def perceptron(opset=21) -> onnx.ModelProto:
    """MatMul, bias, Gelu-like activation, Gemm with its weights as rows; depths that no block divides."""
    nodes = [
        helper.make_node("MatMul", ["x", "w1"], ["p"], name="up"),
        helper.make_node("Add", ["p", "b1"], ["s"], name="bias"),
        helper.make_node("Tanh", ["s"], ["t"], name="act"),
        helper.make_node("Gemm", ["t", "w2", "b2"], ["y"], name="down", transB=1),
    ]
    constants = {"w1": weights(1, 72, 96), "b1": weights(2, 96), "w2": weights(3, 40, 96), "b2": weights(4, 40)}
    return model(nodes, [info("x", TensorProto.FLOAT, ["n", 72])], [info("y", TensorProto.FLOAT, ["n", 40])], constants, opset)


def residual() -> onnx.ModelProto:
    """Convolutions with a residual sum, a joined branch, pools and a product at the end."""
    conv = lambda x, y, name, **rest: helper.make_node("Conv", [x, f"{name}.w", f"{name}.b"], [y], name=name, **rest)
    nodes = [
        conv("x", "c1", "stem", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c1"], ["r1"]),
        helper.make_node("MaxPool", ["r1"], ["m1"], kernel_shape=[2, 2], strides=[2, 2]),
        conv("m1", "c2", "a", kernel_shape=[1, 1]),
        helper.make_node("Clip", ["c2", "zero", "six"], ["r2"]),
        conv("r2", "c3", "depthwise", kernel_shape=[3, 3], pads=[1, 1, 1, 1], group=16),
        helper.make_node("Add", ["c3", "m1"], ["s"]),
        helper.make_node("Relu", ["s"], ["r3"]),
        conv("r3", "c4", "b", kernel_shape=[1, 1]),
        conv("r3", "c5", "c", kernel_shape=[1, 1]),
        helper.make_node("Concat", ["c4", "c5"], ["j"], axis=1),
        conv("j", "c6", "d", kernel_shape=[1, 1]),
        helper.make_node("GlobalAveragePool", ["c6"], ["g"]),
        helper.make_node("Flatten", ["g"], ["f"]),
        helper.make_node("Gemm", ["f", "fc.w", "fc.b"], ["y"], name="fc", transB=1),
    ]
    constants = {"zero": np.float32(0), "six": np.float32(6), "fc.w": weights(90, 10, 24), "fc.b": weights(91, 10)}
    for i, (name, shape) in enumerate({"stem": (16, 3, 3, 3), "a": (16, 16, 1, 1), "depthwise": (16, 1, 3, 3), "b": (8, 16, 1, 1), "c": (8, 16, 1, 1),
                                       "d": (24, 16, 1, 1)}.items()):
        constants[f"{name}.w"] = weights(20 + i, *shape) * np.float32(1.4)
        constants[f"{name}.b"] = weights(40 + i, shape[0])
    return model(nodes, [info("x", TensorProto.FLOAT, ["batch", 3, 16, 16])], [info("y", TensorProto.FLOAT, ["batch", 10])], constants, 17)


class Bench:
    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.perceptron = self.save(perceptron(), "perceptron")
        self.residual = self.save(residual(), "residual")
        random = np.random.default_rng(5)
        self.x = {"x": random.standard_normal((6, 72), dtype=np.float32)}
        self.images = {"x": random.standard_normal((4, 3, 16, 16), dtype=np.float32)}
        self.samples = folder / "samples.npz"
        np.savez(self.samples, x=random.standard_normal((24, 3, 16, 16), dtype=np.float32))

    def save(self, proto, name, **options) -> pathlib.Path:
        path = self.folder / f"{name}.onnx"
        onnx.save(proto, path, **options)
        return path

    def ingot(self, *words) -> harness.Outcome:
        return harness.execute([harness.INGOT, *words], timeout=300, cwd=self.folder)

    def quantize(self, source, name, *options) -> pathlib.Path:
        before = hashlib.sha256(source.read_bytes()).digest()
        done = self.ingot("quantize", source, "-o", self.folder / f"{name}.onnx", *options)
        assert done.code == 0, f"ingot quantize {options} ended with {done.code}: {done.text()}"
        assert hashlib.sha256(source.read_bytes()).digest() == before, "the input was changed"
        left = [path.name for path in self.folder.iterdir() if ".tmp-" in path.name]
        assert not left, f"left behind: {left}"
        path = self.folder / f"{name}.onnx"
        onnx.checker.check_model(str(path))
        return path

    def own(self, source, inputs, name="own") -> dict:
        """The outputs of a program of ours."""
        shapes = {key: value.shape for key, value in inputs.items()}
        done = harness.compile_model(source, self.folder / name, LEVEL, shapes=shapes)
        assert done.code == 0, f"ingot compile ended with {done.code}: {done.text()}"
        outcome, outputs = harness.run_model(self.folder / name, inputs)
        assert outputs is not None, f"the program ended with {outcome.code}: {outcome.text()}"
        return outputs

    def refused(self, code, *words, options=(), source=None):
        """A failing quantisation: exit code, words of the message, and no file."""
        target = self.folder / "refused.onnx"
        done = self.ingot("quantize", source or self.perceptron, "-o", target, *options)
        missing = [word for word in words if word not in done.err]
        assert done.code == code and not missing, f"{options}: exit code {done.code}, expected {code}; no {missing} in: {done.text()}"
        left = [path.name for path in self.folder.iterdir() if path.name.startswith("refused")]
        assert not left, f"{options}: left behind: {left}"


def literally(path, inputs) -> dict:
    """ONNX Runtime without its optimisations, which round activations to bytes before products with weights in blocks."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    runner = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in runner.get_outputs()]
    return dict(zip(names, runner.run(names, inputs)))


def near(expected: dict, got: dict, tolerance, what=""):
    _, complaint = harness.compare(expected, got, tolerance)
    assert complaint is None, f"{what}: {complaint}"


def unpack(tensor: onnx.TensorProto) -> np.ndarray:
    return numpy_helper.to_array(tensor).astype(np.float32)


def ops(path) -> list:
    return [node.op_type for node in onnx.load(path).graph.node]


def expect(value, expected, what=""):
    assert value == expected, f"{what} is {value!r}, expected {expected!r}"
