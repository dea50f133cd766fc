#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is fitted after weights were pruned or quantised, budgets of `ingot prune`, and shares by measured errors: beside what numpy and ONNX Runtime
make of the same files.

    test/e2e/prune_measured.py                       everything
    test/e2e/prune_measured.py --filter 'budget.*'   only these
"""

import json
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import budget
import harness
import prune
from budget import LAYERS, agree, error_of, info, save, weights


class Bench(budget.Bench):
    """Its models, with samples that go along with each other: 12 sources of 64 values."""

    def __init__(self, folder):
        super().__init__(folder)
        self.random = np.random.default_rng(11)
        self.mix = self.random.standard_normal((12, 64)) * np.linspace(0.3, 1.5, 64)
        self.rows = self.along(300, "rows.npz")
        self.others = self.along(60)

    def along(self, count, file=None):
        x = self.random.standard_normal((count, 12)) @ self.mix + 0.2 * self.random.standard_normal((count, 64)) + 0.3
        if file:
            np.savez(self.folder / file, x=x.astype(np.float32))
        return [{"x": row[None].astype(np.float32)} for row in x]

    def one_product(self, gemm=False):
        path, w, bias = self.folder / "one.onnx", weights(3, 64, 32), weights(4, 32)
        if gemm:
            nodes = [helper.make_node("Gemm", ["x", "w", "b"], ["y"], name="only", transB=1)]
        else:
            nodes = [helper.make_node("MatMul", ["x", "w"], ["p"], name="only"), helper.make_node("Add", ["p", "b"], ["y"])]
        stored = np.ascontiguousarray(w.T) if gemm else w
        save(path, nodes, [info("x", TensorProto.FLOAT, ["n", 64])], [info("y", TensorProto.FLOAT, ["n", 32])], {"w": stored, "b": bias})
        return path, w, bias

    def matrix(self, samples):
        return np.concatenate([sample["x"] for sample in samples]).astype(np.float64)


def constant_of(path, node, place):
    model = onnx.load(path)
    name = next(one for one in model.graph.node if one.name == node or one.op_type == node).input[place]
    return numpy_helper.to_array(next(tensor for tensor in model.graph.initializer if tensor.name == name))


PATTERNS = {"unstructured": ("--sparsity=0.5",), "1x16": ("--sparsity=0.4",), "2:4": ()}


def kept_weights_are_least_squares(b: Bench):
    """One product: zeros stay, and the others come close to what least squares makes of them."""
    x, held = b.matrix(b.rows[:205]), b.matrix(b.others)  # four fifths of what is taken of the samples
    for gemm in (False, True):
        path, w, _ = b.one_product(gemm)
        for pattern, options in PATTERNS.items():
            plain, fitted = b.folder / "plain.onnx", b.folder / "fitted.onnx"
            options = (*options, f"--pattern={pattern}")
            b.done("prune", path, "-o", plain, *options)
            said = json.loads(b.done("prune", path, "-o", fitted, *options, "--distill", "--calibration=rows.npz", "--json").out)
            before, after = prune.matrices(plain)["only"], prune.matrices(fitted)["only"]
            assert np.array_equal(before == 0, after == 0), f"{pattern}: other zeros than before"
            best = np.zeros_like(w, np.float64)
            for channel in range(w.shape[1]):
                free = before[:, channel] != 0
                inputs = x[:, free] - x[:, free].mean(0)
                best[free, channel] = np.linalg.lstsq(inputs, (x - x.mean(0)) @ w[:, channel], rcond=None)[0]
            left = lambda found: float(np.square((held - x.mean(0)) @ (found - w)).sum())
            assert left(after) < 0.5 * left(before), f"{pattern}: {left(before)}, then {left(after)}"
            assert left(after) < 1.5 * left(best) + 1e-4 * left(np.zeros_like(w)), f"{pattern}: {left(after)}, possible {left(best)}"
            [layer] = said["fitted"]
            assert layer["noise_after"] < 0.5 * layer["noise_before"], layer
            agree(said["outputs"][0]["error"], error_of(path, fitted, b.rows), pattern)
            agree(said["error_before_fit"], error_of(path, plain, b.rows), pattern)
            assert len(onnx.load(fitted).graph.node) == len(onnx.load(path).graph.node), "the shift has a node of its own"


def scales_of_blocks_are_fitted(b: Bench):
    """Codes stay what they are; the scales of the blocks change, and the outputs for other data come nearer."""
    kinds = {"qdq": (), "asymmetric": ("--asymmetric",), "matmulnbits": ("--format=matmulnbits",),
             "matmulnbits-asymmetric": ("--format=matmulnbits", "--asymmetric"), "int8": ("--weights=int8", "--block-size=16")}
    for gemm in (False, True):
        path, _, _ = b.one_product(gemm)
        for kind, options in kinds.items():
            if kind != "int8":
                options = ("--weights=int4", "--block-size=16", *options)
            plain, fitted = b.folder / "plain.onnx", b.folder / "fitted.onnx"
            b.done("quantize", path, "-o", plain, *options)
            b.done("quantize", path, "-o", fitted, *options, "--distill", "--calibration=rows.npz")
            node, codes, scales = ("MatMulNBits", 1, 2) if "matmulnbits" in kind else ("DequantizeLinear", 0, 1)
            assert np.array_equal(constant_of(plain, node, codes), constant_of(fitted, node, codes)), f"{kind}: other codes"
            ratio = constant_of(fitted, node, scales) / constant_of(plain, node, scales)
            assert 0.499 < ratio.min() < ratio.max() < 2.001 and ratio.size == 32 * 4, f"{kind}: scales change by {ratio}"
            before, after = error_of(path, plain, b.others), error_of(path, fitted, b.others)
            assert after["sqnr_db"] > before["sqnr_db"] + (0.5 if kind == "int8" else 1), f"{kind}: {before}, then {after}"


NORMS = {
    "LayerNormalization": [helper.make_node("LayerNormalization", ["h", "gain", "bias"], ["n"], name="norm", axis=-1)],
    "BatchNormalization": [helper.make_node("BatchNormalization", ["h", "gain", "bias", "mean", "variance"], ["n"], name="norm")],
    "written out": [helper.make_node("ReduceMean", ["h", "last"], ["m"]), helper.make_node("Sub", ["h", "m"], ["c"]),
                    helper.make_node("Mul", ["c", "c"], ["s"]), helper.make_node("ReduceMean", ["s", "last"], ["v"]),
                    helper.make_node("Add", ["v", "small"], ["v2"]), helper.make_node("Sqrt", ["v2"], ["d"]),
                    helper.make_node("Div", ["c", "d"], ["t"]),
                    helper.make_node("Mul", ["t", "gain"], ["g"]), helper.make_node("Add", ["g", "bias"], ["n"], name="norm")],
}


def norms_are_fitted(b: Bench):
    """Behind a product that lost most of its weights."""
    constants = {"w": weights(1, 64, 64), "gain": 1 + 0.2 * weights(2, 64), "bias": weights(3, 64), "mean": np.zeros(64, np.float32),
                 "variance": np.ones(64, np.float32), "last": np.array([-1]), "small": np.float32(1e-5)}
    for kind, nodes in NORMS.items():
        used = {name for node in nodes for name in node.input}
        path, plain, fitted = b.folder / "norm.onnx", b.folder / "plain.onnx", b.folder / "fitted.onnx"
        save(path, [helper.make_node("MatMul", ["x", "w"], ["h"], name="first"), *nodes, helper.make_node("Tanh", ["n"], ["y"])],
             [info("x", TensorProto.FLOAT, ["n", 64])], [info("y", TensorProto.FLOAT, ["n", 64])],
             {name: value for name, value in constants.items() if name == "w" or name in used})
        options = ("--sparsity=0.8", "--pattern=unstructured")
        b.done("prune", path, "-o", plain, *options)
        said = json.loads(b.done("prune", path, "-o", fitted, *options, "--distill", "--calibration=rows.npz", "--json").out)
        norm = next(one for one in said["fitted"] if one["name"] == "norm")
        assert norm["noise_after"] < norm["noise_before"], f"{kind}: {norm}"
        changed = {name for name in ("gain", "bias") if name not in {tensor.name for tensor in onnx.load(fitted).graph.initializer}}
        assert changed == {"gain", "bias"}, f"{kind}: only {changed} changed"
        onnx.checker.check_model(str(fitted))
        agree(said["outputs"][0]["error"], error_of(path, fitted, b.rows), kind)
        assert error_of(path, fitted, b.others)["sqnr_db"] > error_of(path, plain, b.others)["sqnr_db"] + 1, kind
        assert len(onnx.load(fitted).graph.node) <= len(onnx.load(path).graph.node) + 1, f"{kind}: a norm got a node"  # the first product may


def norms_without_bias_get_none(b: Bench):
    """RMSNormalization: its gain alone is fitted, and no node adds anything."""
    path, fitted = b.folder / "rms.onnx", b.folder / "fitted.onnx"
    save(path, [helper.make_node("MatMul", ["x", "w"], ["h"], name="first"), helper.make_node("Add", ["h", "b"], ["h2"]),
                helper.make_node("RMSNormalization", ["h2", "gain"], ["n"], name="norm"), helper.make_node("Tanh", ["n"], ["y"])],
         [info("x", TensorProto.FLOAT, ["n", 64])], [info("y", TensorProto.FLOAT, ["n", 64])],
         {"w": weights(1, 64, 64), "b": weights(2, 64), "gain": 1 + weights(3, 64)})
    model = onnx.load(path)
    model.opset_import[0].version = 23
    onnx.save(model, path)
    options = ("--sparsity=0.8", "--pattern=unstructured", "--distill", "--calibration=rows.npz", "--json")
    said = json.loads(b.done("prune", path, "-o", fitted, *options).out)
    norm = next(one for one in said["fitted"] if one["name"] == "norm")
    assert norm["noise_after"] < norm["noise_before"], norm
    assert [node.op_type for node in onnx.load(fitted).graph.node] == ["MatMul", "Add", "RMSNormalization", "Tanh"]
    ratio = constant_of(fitted, "norm", 1) / (1 + weights(3, 64))
    assert 0.499 < ratio.min() < ratio.max() < 2.001 and ratio.std() > 1e-4, ratio


def convolutions_are_fitted(b: Bench):
    """Filters, a convolution with groups, and what is behind them."""
    images = [{"x": b.random.standard_normal((1, 3, 12, 12), dtype=np.float32) + np.float32(0.5)} for _ in range(30)]
    np.savez(b.folder / "images.npz", x=np.concatenate([image["x"] for image in images]))
    plain, fitted = b.folder / "plain.onnx", b.folder / "fitted.onnx"
    options = ("--sparsity=0.6", "--pattern=unstructured", "--uniform")
    b.done("prune", b.convolutions, "-o", plain, *options)
    said = json.loads(b.done("prune", b.convolutions, "-o", fitted, *options, "--distill", "--calibration=images.npz", "--json").out)
    assert [one["name"] for one in said["fitted"]] == ["stem", "body", "head"], said["fitted"]
    assert all(one["noise_after"] < 0.8 * one["noise_before"] for one in said["fitted"][:2]), said["fitted"]
    for name, w in prune.matrices(plain).items():
        assert np.array_equal(w == 0, prune.matrices(fitted)[name] == 0), f"'{name}' has other zeros"
    before, after = error_of(b.convolutions, plain, images), error_of(b.convolutions, fitted, images)
    assert after["sqnr_db"] > before["sqnr_db"] + 3, f"{before}, then {after}"
    agree(said["outputs"][0]["error"], after, "convolutions")


def groups_are_fitted(b: Bench):
    """Each group by what its own channels are: closer than any scales and shifts of the outputs bring it."""
    for groups, shape, most in ((2, (8, 3, 3, 3), 0.6), (6, (6, 1, 3, 3), 0.9)):  # depthwise: four weights of nine are left to fit
        path, plain, fitted = b.folder / "groups.onnx", b.folder / "plain.onnx", b.folder / "fitted.onnx"
        node = helper.make_node("Conv", ["x", "w", "b"], ["y"], name="only", group=groups, pads=[1, 1, 1, 1])
        save(path, [node], [info("x", TensorProto.FLOAT, ["n", 6, 12, 12])], [info("y", TensorProto.FLOAT, ["n", shape[0], 12, 12])],
             {"w": weights(5, *shape), "b": weights(6, shape[0])})
        images = []
        for _ in range(40):  # smooth, so that neighbours make up for what goes
            noise = b.random.standard_normal((1, 6, 15, 15))
            smooth = sum(noise[:, :, i : i + 12, j : j + 12] for i in range(4) for j in range(4)) / 4
            images.append({"x": smooth.astype(np.float32)})
        np.savez(b.folder / "images.npz", x=np.concatenate([image["x"] for image in images[:30]]))
        options = ("--sparsity=0.5", "--pattern=unstructured")
        b.done("prune", path, "-o", plain, *options)
        b.done("prune", path, "-o", fitted, *options, "--distill", "--calibration=images.npz")
        assert np.array_equal(constant_of(plain, "only", 1) == 0, constant_of(fitted, "only", 1) == 0), "other weights are zero"
        want, pruned, best = (np.concatenate([harness.oracle(one, image)["y"] for image in images[30:]]) for one in (path, plain, fitted))
        lost = float(((best - want) ** 2).sum())
        scaled = 0.0  # what is left of the plain ones with the scales and shifts that are best for these very images
        for channel in range(shape[0]):
            y = want[:, channel].ravel().astype(np.float64)
            columns = np.stack([pruned[:, channel].ravel(), np.ones(y.size)], 1)
            scaled += float(((y - columns @ np.linalg.lstsq(columns, y, rcond=None)[0]) ** 2).sum())
        assert lost < most * scaled, f"{groups} groups: {lost:.3f}, with scales and shifts {scaled:.3f}"


def channels_are_fitted(b: Bench):
    """What is left of layers that lost outputs or inputs, in the order of what stays."""
    branches, images = b.folder / "branches.onnx", [{"x": b.random.standard_normal((1, 3, 16, 16), dtype=np.float32)} for _ in range(20)]
    onnx.save(prune.branches(), branches)
    np.savez(b.folder / "images.npz", x=np.concatenate([image["x"] for image in images]))
    for source, samples, file in ((b.perceptron, b.rows, "rows.npz"), (branches, images, "images.npz")):
        plain, fitted = b.folder / "plain.onnx", b.folder / "fitted.onnx"
        options = ("--sparsity=0.4", "--pattern=channels", "--uniform")
        b.done("prune", source, "-o", plain, *options)
        said = json.loads(b.done("prune", source, "-o", fitted, *options, "--distill", f"--calibration={file}", "--json").out)
        shapes = [{name: w.shape for name, w in prune.matrices(path).items()} for path in (plain, fitted)]
        assert shapes[0] == shapes[1], shapes
        before, after = error_of(source, plain, samples), error_of(source, fitted, samples)
        assert after["sqnr_db"] > before["sqnr_db"] + 2, f"{before}, then {after}"
        agree(said["outputs"][0]["error"], after, "channels")
        assert len(said["fitted"]) >= 3, said["fitted"]


def bias_correction_leaves_weights(b: Bench):
    plain, fitted = b.folder / "plain.onnx", b.folder / "fitted.onnx"
    options = ("--sparsity=0.5", "--pattern=unstructured")
    np.savez(b.folder / "shifted.npz", x=(b.matrix(b.rows) + 2).astype(np.float32))
    b.done("prune", b.perceptron, "-o", plain, *options)
    said = json.loads(b.done("prune", b.perceptron, "-o", fitted, *options, "--bias-correction", "--calibration=shifted.npz", "--json").out)
    assert len(said["fitted"]) == len(LAYERS) and any(one["noise_after"] < one["noise_before"] for one in said["fitted"]), said["fitted"]
    for name, w in prune.matrices(plain).items():
        assert np.array_equal(w, prune.matrices(fitted)[name]), f"'{name}' has other weights"


def budget_takes_layers_back(b: Bench):
    """What is pruned within a budget has the zeros that it has without; the others are as they were."""
    everything, out = b.folder / "all.onnx", b.folder / "out.onnx"
    for options in (("--sparsity=0.5", "--pattern=unstructured"), ("--pattern=2:4",), ("--sparsity=0.4", "--method=sparsegpt")):
        b.done("prune", b.perceptron, "-o", everything, *options, *(["--calibration=rows.npz"] if "--method=sparsegpt" in options else []))
        worst = error_of(b.perceptron, everything, b.rows)["max_error"]
        said = json.loads(b.done("prune", b.perceptron, "-o", out, *options, "--calibration=rows.npz", f"--max-error={0.7 * worst}", "--json").out)
        assert error_of(b.perceptron, out, b.rows)["max_error"] <= 0.7 * worst * 1.001, options
        kept = said["kept_by_budget"]
        assert 0 < len(kept) < len(LAYERS), f"{options}: {kept}"
        before, full, now = (prune.matrices(path) for path in (b.perceptron, everything, out))
        for name in LAYERS:
            expected = before if name in kept else full
            assert np.array_equal(now[name], expected[name]), f"{options}: '{name}' is neither as it was nor as without a budget"
        errors = {row["node"]: row["error"] for row in said["layers"] if "error" in row}
        assert set(errors) <= set(LAYERS) and errors, said["layers"]
    b.done("prune", b.perceptron, "-o", out, *options, "--calibration=rows.npz", "--max-error=10")
    assert prune.matrices(out).keys() == full.keys() and all(np.array_equal(w, full[name]) for name, w in prune.matrices(out).items())


def refused(b: Bench, code, *words, options, source=None):
    outcome = b.ingot("prune", source or b.perceptron, "-o", "refused.onnx", *options)
    missing = [word for word in words if word not in outcome.err]
    assert outcome.code == code and not missing, f"{options}: exit code {outcome.code}, expected {code}; no {missing} in: {outcome.text()}"
    assert not (b.folder / "refused.onnx").exists(), f"{options}: a file was written"
    b.nothing_left()


def budget_is_not_met(b: Bench):
    refused(b, 1, "no choice of layers meets --max-error=1e-06", "the best found: max ", "1 of 4 layers compressed",
            options=("--sparsity=0.5", "--calibration=rows.npz", "--max-error=1e-6"))
    refused(b, 1, "no share of the channels meets --max-error=1e-06", "the best found: max ", "of what was asked for",
            options=("--sparsity=0.5", "--pattern=channels", "--calibration=rows.npz", "--max-error=1e-6"))
    refused(b, 2, "errors are measured on samples", options=("--sparsity=0.5", "--max-error=1"))
    refused(b, 2, "must end in .html or .json", options=("--sparsity=0.5", "--calibration=rows.npz", "--report=page.txt"))
    refused(b, 1, "gone.npz", options=("--sparsity=0.5", "--measure-on=gone.npz", "--distill"))


def budget_of_channels(b: Bench):
    """Less goes than was asked for, as much as fits: of 64 outputs of each layer 16 instead of 32."""
    less, more, out = b.folder / "less.onnx", b.folder / "more.onnx", b.folder / "out.onnx"
    options = ("--pattern=channels", "--uniform")
    b.done("prune", b.perceptron, "-o", less, "--sparsity=0.25", *options)
    b.done("prune", b.perceptron, "-o", more, "--sparsity=0.5", *options)
    errors = [error_of(b.perceptron, path, b.rows)["max_error"] for path in (less, more)]
    assert errors[0] < 0.99 * errors[1], errors
    done = b.done("prune", b.perceptron, "-o", out, "--sparsity=0.5", *options, "--measure-on=rows.npz", f"--max-error={np.mean(errors)}", "--json")
    assert "of what was asked for to go" in done.err, done.text()
    found, expected = prune.matrices(out), prune.matrices(less)
    assert all(np.array_equal(found[name], expected[name]) for name in LAYERS), "other weights than with half of the share"
    assert json.loads(done.out)["sensitivities"] == [], done.out


def report_of_pruning(b: Bench):
    options = ("--sparsity=0.5", "--pattern=unstructured", "--calibration=rows.npz")
    done = b.done("prune", b.perceptron, "-o", "out.onnx", *options, "--distill", "--report=report.html")
    for part in ("% of the weights of 4 nodes", "error at the outputs, 300 samples: max ", "fitted 4 of 4 layers", "the most sensitive layers: '"):
        assert part in done.out, f"no '{part}' in: {done.out}"
    page = (b.folder / "report.html").read_text()
    for part in ("<h1>", "perceptron.onnx", "50.0 % of the weights", "Fitted layers", *LAYERS):
        assert part in page, f"no '{part}' in the page"
    b.done("prune", b.perceptron, "-o", "out.onnx", *options, "--report=report.json")
    report = json.loads((b.folder / "report.json").read_text())
    assert [row["node"] for row in report["layers"]] == LAYERS, report["layers"]
    assert all("error" in row and row["zeros"] > 0 for row in report["layers"]), report["layers"]
    assert sorted(one["name"] for one in report["sensitivities"]) == sorted(LAYERS), report["sensitivities"]
    for layer in LAYERS:  # with the share that it has among all
        share = next(row["share"] for row in report["layers"] if row["node"] == layer)
        b.done("prune", b.perceptron, "-o", "one.onnx", "--pattern=unstructured", f"--layer-sparsity={layer}={share}")
        known = error_of(b.perceptron, b.folder / "one.onnx", b.rows[:8])
        agree(next(one["error"] for one in report["sensitivities"] if one["name"] == layer), known, layer, relative=0.1, decibels=0.6)


def compile_within(b: Bench):
    program = b.folder / "program"
    words = ("--prune=0.5", "--prune-pattern=unstructured", "--calibration=rows.npz", "--dim", "n=1")
    done = b.done("compile", b.perceptron, "-o", program, *words, "--distill", "--min-cosine=0.5")
    assert "error at the outputs, 300 samples" in done.out and "fitted 4 of 4 layers" in done.out, done.out
    _, outputs = harness.run_model(program, b.others[0])
    b.done("prune", b.perceptron, "-o", "same.onnx", "--sparsity=0.5", "--pattern=unstructured", "--calibration=rows.npz", "--distill")
    wanted = harness.oracle(b.folder / "same.onnx", b.others[0])["y"]
    assert np.abs(outputs["y"] - wanted).max() < 1e-4 * np.abs(wanted).max()
    done = b.ingot("compile", b.perceptron, "-o", "none", *words, "--max-error=1e-6")
    assert done.code == 1 and "no choice of layers meets" in done.err and not (b.folder / "none").exists(), done.text()


def shares_by_measured_errors(b: Bench):
    """The sum of the layers' squared relative errors is no larger than with one threshold, and as many weights go."""
    for method in ("magnitude", "sparsegpt"):
        options = ("--sparsity=0.6", "--pattern=unstructured", f"--method={method}", "--calibration=rows.npz", "--json")
        errors, shares = {}, {}
        for how in ("lamp", "measured"):
            layers = json.loads(b.done("prune", b.perceptron, "-o", "out.onnx", *options, f"--allocate={how}").out)["layers"]
            errors[how] = sum(layer["relative_error"] ** 2 for layer in layers)
            shares[how] = [layer["share"] for layer in layers]
            assert abs(np.mean(shares[how]) - 0.6) < 0.01, shares
        assert errors["measured"] < 1.02 * errors["lamp"], f"{method}: {errors}, {shares}"
        assert np.ptp(shares["measured"]) > 0.01, f"{method}: {shares}"
    layers = json.loads(b.done("prune", b.perceptron, "-o", "out.onnx", *options, "--allocate=measured", "--layer-sparsity=first=0.25").out)["layers"]
    assert abs(layers[0]["share"] - 0.25) < 0.01, layers
    for options, said in ((("--sparsity=0.5",), "needs samples"), (("--sparsity=0.5", "--uniform", "--calibration=rows.npz"), "without --uniform"),
                          (("--pattern=2:4", "--calibration=rows.npz"), "goes with that"),
                          (("--sparsity=0.5", "--pattern=channels"), "goes with that")):
        refused(b, 2, "--allocate", said, options=(*options, "--allocate=measured"))
    refused(b, 2, "divided by lamp or measured, got 'evenly'", options=("--sparsity=0.5", "--allocate=evenly"))
    done = b.done("compile", b.perceptron, "-o", "program", "--prune=0.6", "--prune-allocate=measured", "--calibration=rows.npz", "--dim", "n=1")
    assert "60." in done.out, done.out


CASES = [kept_weights_are_least_squares, scales_of_blocks_are_fitted, norms_are_fitted, norms_without_bias_get_none, convolutions_are_fitted,
         groups_are_fitted, channels_are_fitted, bias_correction_leaves_weights, budget_takes_layers_back, budget_is_not_met, budget_of_channels,
         report_of_pruning, compile_within, shares_by_measured_errors]


if __name__ == "__main__":
    sys.exit(harness.run_cases(__doc__, "prune-measured", CASES, Bench))
