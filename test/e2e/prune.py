#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`ingot prune`: what it writes, run by ONNX Runtime and by programs of our own beside what numpy computes; what it refuses.

    test/e2e/prune.py                       everything
    test/e2e/prune.py --filter 'blocks.*'   only these
"""

import json
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import compression
import harness
import models
from compression import expect, info, literally, model, near, weights


class Bench(compression.Bench):
    """Its models, with `ingot prune` in the place of `ingot quantize`."""

    def ingot(self, *words) -> harness.Outcome:
        return super().ingot("prune" if words[0] == "quantize" else words[0], *words[1:])

    def prune(self, source, name, *options):
        """The file, and the report of all layers by name."""
        path = self.quantize(source, name, *options)
        return path, {layer["node"]: layer for layer in json.loads(self.ingot("prune", source, "-o", path, *options, "--json").out)["layers"]}


def constants(path) -> dict:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(path).graph.initializer}


def matrices(path) -> dict:
    """The weights of products by the names of their nodes, as matrices [depth, outputs]; of convolutions the channels of a tap lie together."""
    found, values = {}, constants(path)
    for node in onnx.load(path).graph.node:
        if node.op_type in ("MatMul", "Gemm", "Conv") and node.input[1] in values:
            w = values[node.input[1]]
            if node.op_type == "Conv":
                w = np.moveaxis(w, 1, -1).reshape(w.shape[0], -1).T
            rows = any(attribute.name == "transB" and attribute.i for attribute in node.attribute)
            found[node.name] = w.T if rows else w
    return found


def with_weights(source, path, values: dict):
    """A copy of a model with other constants."""
    proto = onnx.load(source)
    for tensor in proto.graph.initializer:
        if tensor.name in values:
            tensor.CopyFrom(numpy_helper.from_array(values[tensor.name], tensor.name))
    onnx.save(proto, path)
    return path


def blocks_of(w, rows, columns):
    """Sums over blocks, blocks at the ends filled up with zeros."""
    depth, channels = (-(-size // step) * step for size, step in zip(w.shape, (rows, columns)))
    full = np.zeros((depth, channels), w.dtype)
    full[: w.shape[0], : w.shape[1]] = w
    return full.reshape(depth // rows, rows, channels // columns, columns).sum((1, 3))


def magnitude_as_numpy(b: Bench):
    """The smallest weights of each layer are zero, the others are the same bits, and everybody computes with them."""
    original = {"w1": weights(1, 72, 96), "w2": weights(3, 40, 96)}
    expected = {}
    for name, w in original.items():
        bound = np.sort(np.abs(w), None)[round(0.7 * w.size)]
        expected[name] = np.where(np.abs(w) < bound, 0, w).astype(np.float32)
    path, layers = b.prune(b.perceptron, "pruned", "--sparsity=0.7", "--uniform", "--pattern=unstructured")
    got = matrices(path)
    assert np.array_equal(got["up"], expected["w1"]) and np.array_equal(got["down"], expected["w2"].T), "other weights than numpy's"
    reference = harness.oracle(with_weights(b.perceptron, b.folder / "reference.onnx", expected), b.x)
    near(reference, literally(path, b.x), 1e-6, "ONNX Runtime")
    near(reference, b.own(path, b.x), 1e-5, "program of our own")
    expect((layers["up"]["zeros"], layers["down"]["zeros"]), (round(0.7 * 72 * 96), round(0.7 * 40 * 96)), "zeros")
    again = b.quantize(path, "again", "--sparsity=0.8", "--uniform", "--pattern=unstructured")
    expect((matrices(again)["up"] == 0).sum(), round(0.8 * 72 * 96), "zeros after a second time")


def blocks_stay_whole(b: Bench):
    for rows, columns in ((1, 16), (4, 4), (8, 32)):
        path, layers = b.prune(b.perceptron, "blocks", "--sparsity=0.6", f"--pattern={rows}x{columns}")
        for name, w in matrices(path).items():
            whole = blocks_of(matrices(b.perceptron)[name] ** 2, rows, columns)
            sizes = blocks_of(np.ones_like(w), rows, columns)
            left = blocks_of(w != 0, rows, columns)
            assert np.all((left == 0) | (left == sizes)), f"{rows}x{columns}: blocks of '{name}' are zero in part"
            mean = whole / sizes
            assert mean[left == 0].max() <= mean[left > 0].min(), f"{rows}x{columns}: of '{name}' a larger block went"
        near(literally(path, b.x), b.own(path, b.x), 1e-5, f"{rows}x{columns}")
        share = sum(layer["zeros"] for layer in layers.values()) / sum(layer["weights"] for layer in layers.values())
        assert abs(share - 0.6) < 0.03, f"{rows}x{columns}: {share} of the weights are zero"
    path, layers = b.prune(b.residual, "convolutions", "--sparsity=0.5")
    expect(set(layers), {"stem", "a", "d"}, "what blocks of 16 outputs suit")
    for name in layers:
        left = blocks_of(matrices(path)[name] != 0, 1, 16)
        assert set(np.unique(left)) <= {0, 8, 16}, f"blocks of '{name}' have {np.unique(left)} weights"
    near(literally(path, b.images), b.own(path, b.images), 1e-5, "convolutions")


def two_of_four(b: Bench):
    path = b.quantize(b.perceptron, "two", "--pattern=2:4")
    for name, w in matrices(path).items():
        original = np.abs(matrices(b.perceptron)[name]).reshape(-1, 4, w.shape[1])
        left = (w != 0).reshape(-1, 4, w.shape[1])
        assert np.all(left.sum(1) == 2), f"'{name}' has other than two of four"
        assert np.all(np.where(left, original, np.inf).min(1) >= np.where(left, 0, original).max(1)), f"of '{name}' a larger weight went"
    near(literally(path, b.x), b.own(path, b.x), 1e-5)
    path, layers = b.prune(b.residual, "two-filters", "--pattern=2:4", "--layer-sparsity=a=0")
    for name, w in matrices(path).items():
        groups = np.add.reduceat(w != 0, np.arange(0, w.shape[0], 4), axis=0)
        assert groups.max() <= 2 or name in ("a",), f"'{name}' has {groups.max()} of four"
    expect(layers["a"]["zeros"], 0, "zeros of a node whose share is 0")


def budget_over_layers(b: Bench):
    """One threshold: what a layer's scale is does not matter, what its weights look like does."""
    random = np.random.default_rng(3)
    flat, spread = np.ones((64, 64), np.float32) + 0.1 * random.standard_normal((64, 64), dtype=np.float32), random.standard_normal((64, 64)) ** 5
    nodes = [helper.make_node("MatMul", ["x", "w1"], ["h"], name="flat"), helper.make_node("MatMul", ["h", "w2"], ["y"], name="spread")]
    shares = []
    for scale in (1, 1000):
        values = {"w1": flat, "w2": (spread * scale).astype(np.float32)}
        source = b.save(model(nodes, [info("x", TensorProto.FLOAT, [2, 64])], [info("y", TensorProto.FLOAT, [2, 64])], values), "budget")
        _, layers = b.prune(source, "budgeted", "--sparsity=0.6", "--pattern=unstructured")
        shares.append([layers[name]["share"] for name in ("flat", "spread")])
    assert np.allclose(shares[0], shares[1], atol=1e-3), f"shares before and after a factor: {shares}"
    assert shares[0][0] < shares[0][1] <= 0.95 and abs(sum(shares[0]) - 1.2) < 0.01, shares
    _, layers = b.prune(source, "fixed", "--sparsity=0.6", "--pattern=unstructured", "--layer-sparsity=flat=0.25")
    assert abs(layers["flat"]["share"] - 0.25) < 1e-3 and abs(layers["spread"]["share"] - 0.6) < 1e-3, layers
    _, layers = b.prune(source, "only", "--pattern=unstructured", "--layer-sparsity=spread=0.97")
    assert layers["flat"]["zeros"] == 0 and abs(layers["spread"]["share"] - 0.97) < 1e-3, layers


def branches() -> onnx.ModelProto:
    """Everything that channels flow through: a residual sum behind a depthwise convolution, squeeze-and-excitation, groups, a join, parts of a
    join, an image that becomes a row."""
    constants = {"zero": np.float32(0), "six": np.float32(6), "parts": np.array([40, 56]), "flat": np.array([0, -1]), "row": np.array([-1, 56 * 16])}

    def conv(x, y, name, outputs, inputs, size=1, **rest):
        seed = sum(map(ord, name))
        constants[f"{name}.w"] = weights(seed, outputs, inputs, size, size) * np.float32(1.4)
        constants[f"{name}.b"] = weights(seed + 1, outputs)
        return helper.make_node("Conv", [x, f"{name}.w", f"{name}.b"], [y], name=name, **rest)

    def norm(x, y, name, channels):
        random = np.random.default_rng(len(constants))
        for part in ("scale", "shift", "mean", "variance"):
            constants[f"{name}.{part}"] = random.uniform(0.5, 1.5, channels).astype(np.float32)
        return helper.make_node("BatchNormalization", [x, *(f"{name}.{part}" for part in ("scale", "shift", "mean", "variance"))], [y], name=name)

    same = {"pads": [1, 1, 1, 1]}
    constants["slope"] = np.linspace(0.1, 0.5, 48).astype(np.float32).reshape(48, 1, 1)
    constants["scales"] = np.array([1, 1, 2, 2], np.float32)
    constants["fc.w"], constants["fc.b"] = weights(90, 10, 40 * 16), weights(91, 10)
    constants["fc2.w"] = weights(92, 56 * 16, 10)
    nodes = [
        conv("x", "s1", "stem", 32, 3, 3, **same),
        norm("s1", "s2", "norm", 32),
        helper.make_node("Relu", ["s2"], ["s3"]),
        conv("s3", "a1", "expand", 48, 32),
        helper.make_node("PRelu", ["a1", "slope"], ["a2"]),
        conv("a2", "a3", "depthwise", 48, 1, 3, group=48, **same),
        helper.make_node("Clip", ["a3", "zero", "six"], ["a4"]),
        helper.make_node("GlobalAveragePool", ["a4"], ["e1"]),
        conv("e1", "e2", "squeeze", 8, 48),
        helper.make_node("Relu", ["e2"], ["e3"]),
        conv("e3", "e4", "excite", 48, 8),
        helper.make_node("HardSigmoid", ["e4"], ["e5"]),
        helper.make_node("Mul", ["e5", "a4"], ["a5"]),
        conv("a5", "a6", "project", 32, 48),
        helper.make_node("Add", ["a6", "s3"], ["r"], name="residual"),
        helper.make_node("MaxPool", ["r"], ["r2"], kernel_shape=[2, 2], strides=[2, 2]),
        conv("r2", "g1", "grouped", 64, 8, 3, group=4, **same),
        conv("g1", "g2", "left", 40, 64),
        conv("r2", "g3", "right", 56, 32),
        helper.make_node("Concat", ["g2", "g3"], ["j"], axis=1),
        conv("j", "j2", "twice", 96, 96),
        helper.make_node("Resize", ["j2", "", "scales"], ["j3"], name="larger"),
        helper.make_node("AveragePool", ["j3"], ["j4"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("Split", ["j4", "parts"], ["p1", "p2"], axis=1, name="parts"),
        helper.make_node("Flatten", ["p1"], ["f1"]),
        helper.make_node("Gemm", ["f1", "fc.w", "fc.b"], ["y1"], name="fc", transB=1),
        helper.make_node("Reshape", ["p2", "row"], ["f2"], name="row"),
        helper.make_node("MatMul", ["f2", "fc2.w"], ["y2"], name="fc2"),
        helper.make_node("Add", ["y1", "y2"], ["y"]),
    ]
    return model(nodes, [info("x", TensorProto.FLOAT, ["batch", 3, 16, 16])], [info("y", TensorProto.FLOAT, ["batch", 10])], constants, 17)


def kept_of(original, pruned):
    """Which rows of `original` are in `pruned`, found by their numbers; each row of `pruned` may have fewer of them."""
    rows = [set(np.asarray(row).ravel().tolist()) for row in original]
    kept = []
    for row in pruned:
        some = set(np.asarray(row).ravel().tolist())
        kept.append(next(i for i, all_of in enumerate(rows) if some <= all_of))
    return kept


def without_inputs(source, path):
    """The original with zeros in the place of the weights that meet what is gone in the pruned model: it has to compute the same."""
    proto, before, after, changed = onnx.load(path), constants(source), constants(path), {}
    originals = {node.name: node for node in onnx.load(source).graph.node}
    for node in proto.graph.node:
        if node.op_type not in ("Conv", "MatMul", "Gemm"):
            continue
        name = originals[node.name].input[1]
        full, small = before[name], after[node.input[1]]
        axis = 0 if node.op_type == "MatMul" else 1
        if full.shape[axis] == small.shape[axis]:
            continue
        kept = kept_of(np.moveaxis(full, axis, 0), np.moveaxis(small, axis, 0))
        assert kept == sorted(set(kept)), f"inputs of '{node.name}' are not in order: {kept}"
        mask = np.zeros([full.shape[axis] if i == axis else 1 for i in range(full.ndim)], np.float32)
        np.moveaxis(mask, axis, 0)[kept] = 1
        groups = next((attribute.i for attribute in node.attribute if attribute.name == "group"), 1)
        assert groups in (1, 4), groups
        changed[name] = full * mask
    return with_weights(source, source.with_name("zeroed.onnx"), changed)


def channels_through_everything(b: Bench):
    source = b.save(branches(), "branches")
    exact = literally(source, b.images)["y"]
    for words in (("--uniform",), (), ("--exclude=stem",), ("--include=expand,right",)):
        path, layers = b.prune(source, "narrow", "--sparsity=0.4", "--pattern=channels", *words)
        got = literally(path, b.images)
        near(literally(without_inputs(source, path), b.images), got, 1e-4, f"{words}: the original without these channels")
        near(got, b.own(path, b.images), 1e-4, f"{words}: program of our own")
        assert np.abs(got["y"] - exact).max() > 0.01, f"{words}: nothing changed"
        counts = {name: (layer["channels_before"], layer["channels_after"]) for name, layer in layers.items()}
        if words == ("--uniform",):
            expected = {"stem": (32, 16), "expand": (48, 32), "depthwise": (48, 32), "excite": (48, 32), "project": (32, 16), "squeeze": (8, 5),
                            "grouped": (64, 48), "left": (40, 24), "right": (56, 34), "twice": (96, 64)}
            expect({name: counts[name] for name in expected}, expected, "channels")
        if words == ("--exclude=stem",):
            expect(("stem" in counts, counts["project"]), (False, (32, 32)), "what goes together with what stays")
        if words == ("--include=expand,right",):
            expect({name for name, (before, after) in counts.items() if after < before}, {"right"}, "expand goes together with depthwise and excite")


def channels_by_norm(b: Bench):
    """The outputs with the smallest norms go, and what follows them loses these inputs; the sum of norms counts where layers meet."""
    path, layers = b.prune(b.perceptron, "neurons", "--sparsity=0.5", "--pattern=channels")
    w1, w2 = weights(1, 72, 96), weights(3, 40, 96)
    kept = sorted(np.argsort(np.linalg.norm(w1, axis=0))[48:])
    values = matrices(path)
    assert np.array_equal(values["up"], w1[:, kept]) and np.array_equal(values["down"], w2[:, kept].T), "other channels than numpy's"
    expect((layers["up"]["channels_after"], layers["down"]["channels_after"], layers["down"]["share"]), (48, 40, 0.5), "the report")
    nodes = [helper.make_node("MatMul", ["x", "a"], ["p"], name="a"), helper.make_node("MatMul", ["x", "b"], ["q"], name="b"),
             helper.make_node("Add", ["p", "q"], ["s"]), helper.make_node("MatMul", ["s", "c"], ["y"], name="c")]
    values = {"a": weights(5, 24, 30), "b": weights(6, 24, 30), "c": weights(7, 30, 8)}
    ports = [info("x", TensorProto.FLOAT, [2, 5, 24])], [info("y", TensorProto.FLOAT, [2, 5, 8])]
    source = b.save(model(nodes, *ports, values), "sum")
    path, _ = b.prune(source, "sum-pruned", "--layer-sparsity=b=0.4", "--pattern=channels")
    kept = sorted(np.argsort(np.linalg.norm(values["a"], axis=0) + np.linalg.norm(values["b"], axis=0))[12:])
    for name, w in matrices(path).items():
        expected = values[name][kept] if name == "c" else values[name][:, kept]
        assert np.array_equal(w, expected), f"'{name}' has other channels than numpy's"
    differ = ("--layer-sparsity=a=0.4", "--layer-sparsity=b=0.2", "--pattern=channels")
    b.refused(2, "the channels of 'b' and 'a' go together", source=source, options=differ)


def channels_stop(b: Bench):
    """Where an operator needs all channels they stay, and it is said which: norms over them, softmax, shapes that are computed, outputs."""
    def report(nodes, constants, outputs=("y",), opset=17):
        nodes = [helper.make_node("MatMul", ["x", "w"], ["h"], name="first"), *nodes]
        ports = [info(name, TensorProto.FLOAT, None) for name in outputs]
        source = b.save(model(nodes, [info("x", TensorProto.FLOAT, [4, 24])], ports, {"w": weights(1, 24, 20), **constants}, opset), "stops")
        done = b.ingot("prune", source, "-o", b.folder / "x.onnx", "--sparsity=0.5", "--pattern=channels", "--json")
        return done.err if done.code else json.loads(done.out)["left_alone"][0]["reason"]

    second = helper.make_node("MatMul", ["s", "v"], ["y"], name="second")
    v, ones = {"v": weights(2, 20, 6)}, np.ones(20, np.float32)
    cases = {
        "LayerNormalization": [helper.make_node("LayerNormalization", ["h", "n"], ["s"]), second],
        "Softmax": [helper.make_node("Softmax", ["h"], ["s"]), second],
        "ReduceMean": [helper.make_node("ReduceMean", ["h"], ["m"], axes=[1]), helper.make_node("Sub", ["h", "m"], ["s"]), second],
        "ReduceSum": [helper.make_node("ReduceSum", ["h", "none"], ["m"]), helper.make_node("Sub", ["h", "m"], ["s"]), second],
        "Shape": [helper.make_node("Shape", ["h"], ["d"]), helper.make_node("Reshape", ["h", "d"], ["s"]), second],
        "Add": [helper.make_node("Add", ["h", "h2"], ["s"]), second],
    }
    for op, nodes in cases.items():
        extra = {"LayerNormalization": {"n": ones}, "ReduceSum": {"none": np.array([], np.int64)}}.get(op, {})
        if op == "Add":
            nodes = [helper.make_node("Softmax", ["h0"], ["h2"]), *nodes]
            nodes.insert(0, helper.make_node("Slice", ["x", "from", "to", "axes"], ["h0"]))
            extra = {"from": np.array([0]), "to": np.array([20]), "axes": np.array([1])}
        said = report(nodes, {**v, **extra})
        assert f"an operator behind it needs all of its channels: {op}" in said, f"{op}: {said}"
    said = report([helper.make_node("MatMul", ["h", "v"], ["y"])], v, ("y", "h"))
    assert "output of the model" in said, said
    b.refused(2, "goes by the size of weights", options=("--sparsity=0.5", "--pattern=channels", "--method=wanda", "--calibration=x.npz"))


def channels_of_shared_constants(b: Bench):
    """A constant with several readers becomes smaller for each of them on its own, or stays."""
    nodes = [helper.make_node("MatMul", ["x", "a"], ["p"], name="a"), helper.make_node("Add", ["p", "bias"], ["p2"]),
             helper.make_node("MatMul", ["p2", "b"], ["q"], name="b"), helper.make_node("Add", ["q", "bias"], ["q2"]),
             helper.make_node("MatMul", ["q2", "c"], ["r"], name="c"), helper.make_node("Add", ["r", "bias"], ["y"])]
    values = {"a": weights(5, 24, 30), "b": weights(6, 30, 30), "c": weights(7, 30, 30), "bias": weights(8, 30)}
    source = b.save(model(nodes, [info("x", TensorProto.FLOAT, [2, 24])], [info("y", TensorProto.FLOAT, [2, 30])], values), "shared")
    path, layers = b.prune(source, "shared-pruned", "--layer-sparsity=a=0.4", "--layer-sparsity=b=0.2", "--pattern=channels")
    expect([layers[name]["channels_after"] for name in "abc"], [18, 24, 30], "channels")
    got = matrices(path)
    kept = {name: kept_of(values[name].T, got[name].T) for name in "ab"}
    x = {"x": np.random.default_rng(1).standard_normal((2, 24), dtype=np.float32)}
    p = x["x"] @ values["a"][:, kept["a"]] + values["bias"][kept["a"]]
    q = p @ values["b"][np.ix_(kept["a"], kept["b"])] + values["bias"][kept["b"]]
    near({"y": q @ values["c"][kept["b"]] + values["bias"]}, literally(path, x), 1e-5)


def heads_go_together(b: Bench):
    """Attention: a head is the columns of three products and the rows of the next, in whatever order exporters move it."""
    def attention(copies, constants, shape):
        move = lambda x, y: [helper.make_node("Reshape", [x, "split"], [f"{x}.4"]), helper.make_node("Transpose", [f"{x}.4"], [y], perm=[0, 2, 1, 3])]
        values = {"split": np.array([0 if copies else shape[0], shape[1], 4, -1 if copies else 8]), "join": np.array([shape[0], shape[1], 32]),
                  "mask": np.where(np.tri(shape[1]) > 0, 0, -1e9).astype(np.float32)[None, None], "scale": np.float32(8 ** -0.5), **constants}
        nodes = [helper.make_node("MatMul", ["x", name], [f"{name}1"], name=name) for name in "qkv"]
        nodes += [helper.make_node("Add", [f"{name}1", "bias"], [f"{name}2"]) for name in "qkv"]
        nodes += [*move("q2", "q3"), *move("k2", "k3"), *move("v2", "v3"), helper.make_node("Transpose", ["k3"], ["kt"], perm=[0, 1, 3, 2])]
        nodes += [helper.make_node("MatMul", ["q3", "kt"], ["s1"]), helper.make_node("Mul", ["s1", "scale"], ["s2"]),
                  helper.make_node("Add", ["s2", "mask"], ["s3"]), helper.make_node("Softmax", ["s3"], ["s4"], axis=-1),
                  helper.make_node("MatMul", ["s4", "v3"], ["c1"]), helper.make_node("Transpose", ["c1"], ["c2"], perm=[0, 2, 1, 3]),
                  helper.make_node("Reshape", ["c2", "join"], ["c3"]), helper.make_node("MatMul", ["c3", "o"], ["o1"], name="o"),
                  helper.make_node("Add", ["x", "o1"], ["y"])]
        return model(nodes, [info("x", TensorProto.FLOAT, shape)], [info("y", TensorProto.FLOAT, shape)], values, 17)

    values = {"q": weights(1, 32, 32), "k": weights(2, 32, 32), "v": weights(3, 32, 32), "o": weights(4, 32, 32), "bias": weights(5, 32)}
    norms = sum(np.linalg.norm(values[name], axis=0).reshape(4, 8).sum(1) for name in "qkv")
    gone = np.argsort(norms)[:2]
    zeroed = {**values, "o": np.where(np.isin(np.arange(32) // 8, gone)[:, None], 0, values["o"]).astype(np.float32)}
    x = {"x": np.random.default_rng(1).standard_normal((2, 6, 32), dtype=np.float32)}
    for copies in (False, True):
        source = b.save(attention(copies, values, [2, 6, 32]), "attention")
        path, layers = b.prune(source, "fewer-heads", "--sparsity=0.5", "--pattern=channels")
        expect([layers[name]["channels_after"] for name in "qkvo"], [16, 16, 16, 32], "channels")
        expected = literally(b.save(attention(copies, zeroed, [2, 6, 32]), "zeroed"), x)
        near(expected, literally(path, x), 1e-5, "the original with zeros in the place of the heads")
        near(expected, b.own(path, x), 1e-5, "program of our own")


def channels_of_models(b: Bench):
    """Models at full size: 30 % of their channels, valid for everybody, and as much less to compute as that means."""
    for name, most in (("mobilenet-v2", 0.7), ("resnet50", 0.5), ("bert-base-128", 0.75)):
        [one] = models.find([name])
        path = b.folder / f"{name}.onnx"
        done = b.ingot("prune", models.prepare(one), "-o", path, "--sparsity=0.3", "--pattern=channels", "--json")
        assert done.code == 0, f"{name}: {done.text()}"
        report = json.loads(done.out)
        share = report["flops_after"] / report["flops_before"]
        assert share < most, f"{name}: {share:.2f} of the work is left"
        odd = [layer for layer in report["layers"] if layer["channels_before"] % 16 == 0 and layer["channels_after"] % 16 != 0]
        assert not odd, f"{name}: layers with channels that are no multiple of 16 any more: {odd[:3]}"
        inputs = models.inputs(one)
        expected = harness.oracle(path, inputs)
        if name == "mobilenet-v2":
            _, complaint = harness.compare(expected, b.own(path, inputs), 1e-4)
            assert complaint is None, f"{name}: program of our own: {complaint}"


def along(b: Bench):
    """Activations that go along with each other: samples, in a file, and others of the same kind."""
    random = np.random.default_rng(8)
    mix = random.standard_normal((8, 72)) * np.linspace(0.2, 3, 72)
    x = lambda rows: (random.standard_normal((rows, 8)) @ mix + 0.1 * random.standard_normal((rows, 72))).astype(np.float32)
    samples = x(400)
    np.savez(b.folder / "along.npz", x=samples)
    return samples, {"x": x(50)}


def wanda_as_numpy(b: Bench):
    """|w| times the norm of what it meets: within each output for single weights, sums of squares for blocks; errors are those of the samples."""
    samples, _ = along(b)
    options = ("--sparsity=0.5", "--uniform", "--method=wanda", "--calibration=along.npz")
    w = weights(1, 72, 96)
    score = np.square(w) * np.square(samples.astype(np.float64)).sum(0)[:, None]
    path, layers = b.prune(b.perceptron, "wanda", *options, "--pattern=unstructured")
    kept = matrices(path)["up"]
    expected = np.where(score < np.sort(score, 0)[36], 0, w)
    assert np.array_equal(kept, expected), f"{(kept != expected).sum()} weights are other than numpy's"
    error = np.linalg.norm(samples @ (w - kept)) / np.linalg.norm(samples @ w)
    assert abs(layers["up"]["relative_error"] - error) < 1e-3 * error, (layers["up"], error)
    blocks = blocks_of(score, 1, 16)
    kept = blocks_of(matrices(b.quantize(b.perceptron, "wanda", *options))["up"] != 0, 1, 16) > 0
    expected = blocks >= np.sort(blocks, None)[round(blocks.size / 2)]
    assert (kept != expected).sum() <= 2, f"{(kept != expected).sum()} blocks are other than numpy's"
    plain = blocks_of(matrices(b.quantize(b.perceptron, "magnitude", "--sparsity=0.5", "--uniform"))["up"] != 0, 1, 16) > 0
    assert (plain != kept).sum() > 20, "samples make no difference"


def sparsegpt_makes_up(b: Bench):
    """Errors get smaller from magnitude to Wanda to SparseGPT, in what the report says, and at the outputs for other data of the same kind."""
    _, inputs = along(b)
    exact = literally(b.perceptron, inputs)["y"]
    for pattern in ("unstructured", "1x16", "4x4", "2:4"):
        errors, outputs = [], []
        for method in ("magnitude", "wanda", "sparsegpt"):
            share = () if pattern == "2:4" else ("--sparsity=0.5",)
            path, layers = b.prune(b.perceptron, method, *share, f"--pattern={pattern}", f"--method={method}", "--calibration=along.npz")
            errors.append(layers["up"]["relative_error"])
            outputs.append(float(np.square(literally(path, inputs)["y"] - exact).mean()))
        assert errors[2] < errors[1] / 1.5 and errors[1] < errors[0], f"{pattern}: relative errors of magnitude, wanda and sparsegpt are {errors}"
        assert outputs[2] < outputs[0] / 2, f"{pattern}: mean squared errors of outputs are {outputs}"
        near(literally(path, inputs), b.own(path, inputs), 1e-4, f"{pattern}, program of our own")


def samples_of_convolutions(b: Bench):
    """Filters go by patches of activations; groups have none, which is said."""
    images = np.load(b.samples)["x"]
    options = ("--sparsity=0.5", "--uniform", "--pattern=unstructured", "--calibration=samples.npz")
    done = b.ingot("prune", b.residual, "-o", b.folder / "x.onnx", *options, "--method=sparsegpt")
    assert "warning: node 'depthwise', went by the magnitude of weights: they are convolutions with groups" in done.err, done.err
    found = {method: b.prune(b.residual, method, *options, f"--method={method}") for method in ("magnitude", "wanda", "sparsegpt")}
    for layer in ("stem", "a", "b", "d", "fc"):
        errors = [found[method][1][layer]["relative_error"] for method in found]
        assert errors[2] < errors[0], f"{layer}: {errors}"
    proto = onnx.load(found["sparsegpt"][0])
    stem = lambda w: model([helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])], [info("x", TensorProto.FLOAT, ["n", 3, 16, 16])],
                           [info("y", TensorProto.FLOAT, ["n", 16, 16, 16])], {"w": w}, 17)
    name = next(node.input[1] for node in proto.graph.node if node.name == "stem")
    filters = constants(b.residual)["stem.w"], constants(found["sparsegpt"][0])[name]
    outputs = [literally(b.save(stem(w), "stem"), {"x": images})["y"] for w in filters]
    error = np.linalg.norm(outputs[0] - outputs[1]) / np.linalg.norm(outputs[0])
    said = found["sparsegpt"][1]["stem"]["relative_error"]
    assert abs(said - error) < 1e-3 * error, f"the error of the stem is {error}, not {said}"
    done = b.ingot("prune", b.residual, "-o", b.folder / "x.onnx", "--sparsity=0.5", "--method=wanda", "--random-calibration")
    assert done.code == 0 and "warning: " in done.err and "--random-calibration" in done.err, done.text()


def bad_samples(b: Bench):
    np.savez(b.folder / "shape.npz", x=np.zeros((2, 70), np.float32))
    np.savez(b.folder / "nan.npz", x=np.full((2, 72), np.nan, np.float32))
    cases = {"shape.npz": "'x' has the shape [2, 70], the model wants [?, 72]", "nan.npz": "element [0, 0] of 'x' is NaN", "gone.npz": ""}
    for name, said in cases.items():
        b.refused(1, name, said, options=("--sparsity=0.5", "--method=sparsegpt", f"--calibration={name}"))


def compile_with_prune(b: Bench):
    """As `ingot prune` and then `ingot compile`, alone and in front of quantisation."""
    along(b)
    words = {
        ("--prune=0.5",): ("--sparsity=0.5",),
        ("--prune=0.4", "--prune-pattern=channels", "--exclude=down"): ("--sparsity=0.4", "--pattern=channels", "--exclude=down"),
        ("--prune=0.5", "--prune-method=sparsegpt", "--prune-uniform", "--calibration=along.npz"):
            ("--sparsity=0.5", "--method=sparsegpt", "--uniform", "--calibration=along.npz"),
        ("--prune=0.5", "--prune-pattern=2:4", "--layer-sparsity=up=0"): ("--pattern=2:4", "--layer-sparsity=up=0"),
    }
    for ours, same in words.items():
        done = b.ingot("compile", b.perceptron, "-o", b.folder / "made", "--dim", "n=6", *ours)
        assert done.code == 0 and "% of the weights of" in done.out, f"{ours}: {done.text()}"
        _, outputs = harness.run_model(b.folder / "made", b.x)
        near(literally(b.quantize(b.perceptron, "same", *same), b.x), outputs, 1e-5, ours)
    pruned = literally(b.quantize(b.perceptron, "same", "--sparsity=0.5", "--method=wanda", "--calibration=along.npz"), b.x)
    for kind in ("--quantize=int8", "--quantize=static"):
        words = (kind, "--prune=0.5", "--prune-method=wanda", "--calibration=along.npz")
        done = b.ingot("compile", b.perceptron, "-o", b.folder / "made", "--dim", "n=6", *words)
        assert done.code == 0 and "% of the weights of" in done.out and "2 nodes, constants" in done.out, f"{kind}: {done.text()}"
        _, outputs = harness.run_model(b.folder / "made", b.x)
        near(pruned, outputs, 0.3 if kind.endswith("static") else 0.03, kind)
    wrong = {("--prune-pattern=2:4",): "need --prune=SHARE", ("--prune=0.5", "--block-size=32"): "need --quantize", ("--prune=2",): "below 1",
             ("--calibration=along.npz",): "need --quantize"}
    for ours, said in wrong.items():
        done = b.ingot("compile", b.perceptron, "-o", b.folder / "no", *ours)
        assert done.code == 2 and said in done.err and not (b.folder / "no").exists(), f"{ours}: {done.text()}"


def shared_constants(b: Bench):
    """A constant of two products is pruned once; another reader of it keeps what it had."""
    nodes = [helper.make_node("MatMul", ["x", "w"], ["p"]), helper.make_node("MatMul", ["p", "w"], ["q"]), helper.make_node("Add", ["q", "w"], ["y"])]
    square = [info("x", TensorProto.FLOAT, [64, 64])], [info("y", TensorProto.FLOAT, [64, 64])]
    w = weights(11, 64, 64)
    path = b.quantize(b.save(model(nodes, *square, {"w": w}), "shared"), "shared-pruned", "--sparsity=0.5")
    values = constants(path)
    expect(sorted(values), ["w", "w_pruned"], "constants")
    x = np.random.default_rng(2).standard_normal((64, 64), dtype=np.float32)
    near({"y": x @ values["w_pruned"] @ values["w_pruned"] + w}, literally(path, {"x": x}), 1e-5)


def select_by_name(b: Bench):
    for words, pruned in {"--exclude=down": {"up"}, "--include=Gemm": {"down"}, "--include=u.*": {"up"}}.items():
        path, layers = b.prune(b.perceptron, "selected", "--sparsity=0.5", words)
        expect(set(layers), pruned, f"pruned with {words}")
        expect({name for name, w in matrices(path).items() if (w == 0).any()}, pruned, f"with zeros with {words}")
    report = json.loads(b.ingot("prune", b.perceptron, "-o", b.folder / "x.onnx", "--sparsity=0.5", "--exclude=down", "--json").out)
    expect(report["left_alone"], [{"node": "down", "op": "Gemm", "reason": "is excluded"}], "the report")
    expect((report["flops_before"], report["constant_bytes_before"]), (2 * 72 * 96, report["constant_bytes_after"]), "the report's sums")
    text = b.ingot("prune", b.perceptron, "-o", b.folder / "x.onnx", "--sparsity=0.5", "--exclude=down").out
    assert "50.0 % of the weights of 1 node" in text and "left alone: node 'down' (Gemm): is excluded" in text, text


def external_data(b: Bench):
    source = b.save(compression.perceptron(), "apart", save_as_external_data=True, location="apart.bin", size_threshold=0)
    expected = harness.oracle(b.quantize(b.perceptron, "together", "--sparsity=0.5"), b.x)
    near(expected, harness.oracle(b.quantize(source, "beside", "--sparsity=0.5", "--external-data"), b.x), 1e-6)
    assert (b.folder / "beside.onnx.data").exists(), "no file of data"
    done = b.ingot("prune", source, "-o", source, "--sparsity=0.5")
    assert done.code == 2 and "would replace the model itself" in done.err, done.text()


def bad_options(b: Bench):
    b.refused(2, "--sparsity is missing")
    for share in ("1", "0", "-0.5", "1.5", "nan"):
        b.refused(2, "--sparsity wants a share above 0 and below 1", options=(f"--sparsity={share}",))
    b.refused(2, "--sparsity wants a share", "'much'", options=("--sparsity=much",))
    b.refused(2, "--layer-sparsity wants NAME=SHARE", options=("--layer-sparsity=up=1.2",))
    b.refused(2, "--layer-sparsity wants NODE=SHARE", options=("--layer-sparsity=up",))
    b.refused(2, "no node 'upp'", "did you mean 'up'", options=("--layer-sparsity=upp=0.2",))
    b.refused(2, "node 'act' cannot be pruned", "no MatMul", options=("--layer-sparsity=act=0.2",))
    b.refused(2, "node 'up' cannot be pruned", "is excluded", options=("--layer-sparsity=up=0.2", "--exclude=up"))
    b.refused(2, "did you mean 'down'", options=("--sparsity=0.5", "--exclude=dwon"))
    b.refused(2, "--pattern wants unstructured", options=("--sparsity=0.5", "--pattern=rows"))
    b.refused(2, "--pattern wants blocks of 1 to 1024", options=("--sparsity=0.5", "--pattern=0x16"))
    b.refused(2, "prunes half", options=("--sparsity=0.7", "--pattern=2:4"))
    b.refused(2, "prunes half", "'up'", options=("--layer-sparsity=up=0.7", "--pattern=2:4"))
    b.refused(2, "--uniform", options=("--uniform", "--layer-sparsity=up=0.2"))
    b.refused(2, "magnitude, wanda or sparsegpt", options=("--sparsity=0.5", "--method=random"))
    b.refused(2, "--method=wanda needs samples", options=("--sparsity=0.5", "--method=wanda"))
    b.refused(2, "contradict", options=("--sparsity=0.5", "--calibration=x.npz", "--random-calibration"))
    b.refused(2, "has no option '--block-size'", options=("--sparsity=0.5", "--block-size=32"))


def bad_models(b: Bench):
    half = ("--sparsity=0.5",)
    nodes = [helper.make_node("Relu", ["x"], ["y"])]
    plain = b.save(model(nodes, [info("x", TensorProto.FLOAT, [4])], [info("y", TensorProto.FLOAT, [4])], {}), "plain-relu")
    b.refused(1, "nothing to prune; it has no MatMul, Gemm or Conv", source=plain, options=half)
    b.refused(1, "nothing to prune", "smaller than a block", source=b.residual, options=("--sparsity=0.5", "--pattern=1x512"))
    b.refused(1, "nothing to prune", "too small for their sizes", options=("--sparsity=0.00001",))
    b.refused(1, "missing.onnx", source=b.folder / "missing.onnx", options=half)


CASES = [magnitude_as_numpy, blocks_stay_whole, two_of_four, budget_over_layers, channels_through_everything, channels_by_norm, channels_stop,
         heads_go_together, channels_of_shared_constants, channels_of_models, wanda_as_numpy, sparsegpt_makes_up, samples_of_convolutions,
         compile_with_prune, shared_constants, select_by_name, external_data, bad_options, bad_models, bad_samples]


if __name__ == "__main__":
    sys.exit(harness.run_cases(__doc__, "prune", CASES, Bench))
