#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random models with nested If, Loop and Scan, sizes that data defines and an open input dim, at -O0 and -O3, with 1 and 2 threads, against ONNX
Runtime.

    test/fuzz/control.py                          the same models each time, within a bounded time
    test/fuzz/control.py --first 500 --count 100  others
    test/fuzz/control.py --first 517 --count 1 --keep
"""

import argparse
import concurrent.futures
import pathlib
import sys
import time

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import harness  # noqa: E402

FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


class Scope:
    """The values that nodes of one graph may read, and the nodes."""

    def __init__(self, outer=None):
        self.outer = outer
        self.values = []  # name and shape; a dim that no number is known for is a string
        self.nodes = []
        self.counter = outer.counter if outer else None

    def visible(self) -> list:
        return self.values + (self.outer.visible() if self.outer else [])


class Fuzzer:
    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)
        # Small tensors are computed by one thread, large ones by all.
        self.rows, self.columns, self.pixels = self.pick([(4, 8, 6), (4, 8, 6), (48, 192, 24)])
        self.is_open = self.chance(0.4)
        self.fixed = {} if self.is_open else {"s": 3}
        self.names = self.dims = 0
        self.weights = []

    # What is drawn.
    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def pick(self, values):
        return values[self.rng.integers(len(values))]

    def fresh(self, stem="v") -> str:
        self.names += 1
        return f"{stem}{self.names}"

    def unknown(self) -> str:
        self.dims += 1
        return f"d{self.dims}"

    def value(self, scope, shape=None):
        """A value, young ones and those of this graph first; of a shape, made if there is none."""
        found = [value for value in scope.visible() if shape is None or value[1] == shape]
        own = [value for value in scope.values if value in found]
        if own and self.chance(0.7):
            return self.pick(own[-4:])
        if found:
            return self.pick(found)
        return self.of_shape(scope, shape)

    # Constants.
    def constant(self, scope, array) -> str:
        """As an initializer or as a node."""
        array, name = np.asarray(array), self.fresh("c")
        if self.chance(0.5):
            self.weights.append(numpy_helper.from_array(array, name))
        else:
            scope.nodes.append(helper.make_node("Constant", [], [name], name="n_" + name, value=numpy_helper.from_array(array)))
        return name

    def ints(self, scope, *values) -> str:
        return self.constant(scope, np.array(values, np.int64))

    def weight(self, scope, *shape) -> str:
        return self.constant(scope, self.rng.uniform(-0.5, 0.5, shape).astype(np.float32))

    # Nodes.
    def node(self, scope, op, inputs, shape=None, outputs=1, **attributes):
        names = [self.fresh() for _ in range(outputs)]
        scope.nodes.append(helper.make_node(op, inputs, names, name="n_" + names[0], **attributes))
        if shape is not None:
            scope.values.append((names[0], shape))
        return names[0] if outputs == 1 else names

    def of_shape(self, scope, shape):
        if "s" in shape:
            x, _ = next(value for value in scope.visible() if value[1] == shape)
            return self.node(scope, "Neg", [x], shape), shape
        assert not any(isinstance(dim, str) for dim in shape), shape
        return self.weight_value(scope, shape)

    def weight_value(self, scope, shape):
        name = self.weight(scope, *shape)
        if self.chance(0.5):
            scope.values.append((name, shape))
        return name, shape

    def op(self, scope) -> None:
        x, shape = self.value(scope)
        kind = self.rng.integers(12)
        rank, known = len(shape), all(not isinstance(dim, str) for dim in shape)
        if kind <= 2:
            self.node(scope, self.pick(["Tanh", "Neg", "Sin", "Abs", "Relu", "Identity"]), [x], shape)
        elif kind <= 4:
            other, _ = self.value(scope, shape)
            self.node(scope, self.pick(["Add", "Sub", "Max", "Min"]), [x, other], shape)
        elif kind == 5 and rank == 2:
            self.node(scope, "Transpose", [x], shape[::-1], perm=[1, 0])
        elif kind == 6 and known:
            size = int(np.prod(shape))
            rows, columns, image = self.rows, self.columns, (1, 3, self.pixels, self.pixels)
            to = {rows * columns: [(rows, columns), (columns, rows), (size,)], 3 * self.pixels**2: [image, (size,)]}.get(size, [(size,)])
            to = self.pick(to)
            self.node(scope, "Reshape", [x, self.ints(scope, *to)], to)
        elif kind == 7 and rank == 2 and shape[1] in (self.rows, self.columns):
            columns = self.pick([self.rows, self.columns])
            self.node(scope, "MatMul", [x, self.weight(scope, shape[1], columns)], (shape[0], columns))
        elif kind == 8 and rank:
            if self.chance(0.5):
                self.node(scope, "Softmax", [x], shape, axis=-1)
            else:
                total = self.node(scope, "ReduceSum", [x, self.ints(scope, 0)], shape[1:] or None, keepdims=0)
                self.node(scope, "Tanh", [total], shape[1:])
        elif kind == 9 and shape == (1, 3, self.pixels, self.pixels):
            if self.chance(0.5):
                self.node(scope, "Conv", [x, self.weight(scope, 3, 3, 3, 3)], shape, pads=[1] * 4)
            else:
                self.node(scope, self.pick(["MaxPool", "AveragePool"]), [x], shape, kernel_shape=[3, 3], pads=[1] * 4)
        elif kind == 10 and rank == 2 and known and shape[0] % 2 == 0:
            half = shape[0] // 2
            a = self.node(scope, "Slice", [x, self.ints(scope, 0), self.ints(scope, half)])
            b = self.node(scope, "Slice", [self.value(scope, shape)[0], self.ints(scope, half), self.ints(scope, shape[0])])
            self.node(scope, "Concat", [b, a], shape, axis=0)
        elif kind == 11 and rank == 2 and known:
            padded = self.node(scope, "Pad", [x, self.ints(scope, 1, 0, 1, 0)], (shape[0] + 2, shape[1]))
            self.node(scope, "Slice", [padded, self.ints(scope, 1), self.ints(scope, 1 + shape[0])], shape)

    def condition(self, scope) -> str:
        if scope.counter and self.chance(0.5):
            rest = self.node(scope, "Mod", [scope.counter, self.constant(scope, np.int64(2))])
            return self.node(scope, "Equal", [rest, self.constant(scope, np.int64(0))])
        x, _ = self.value(scope)
        total = self.node(scope, "ReduceSum", [x], keepdims=0)
        limit = self.constant(scope, np.float32(self.rng.uniform(-1, 1)))
        return self.node(scope, self.pick(["Less", "Greater"]), [total, limit])

    def graph(self, scope, inputs, outputs):
        return helper.make_graph(scope.nodes, self.fresh("g"), inputs, [self.typed(*output) for output in outputs])

    def typed(self, name, shape, kind=FLOAT):
        return helper.make_tensor_value_info(name, kind, [self.fixed.get(dim) if isinstance(dim, str) else dim for dim in shape])

    def fill(self, scope, depth: int, budget: int) -> None:
        for _ in range(budget):
            roll = self.rng.random()
            if depth == 0 or roll < 0.7:
                self.op(scope)
            elif roll < 0.8:
                self.branch(scope, depth - 1)
            elif roll < 0.9:
                self.loop(scope, depth - 1)
            elif roll < 0.95:
                self.scan(scope, depth - 1)
            else:
                self.counted(scope)

    def branch(self, scope, depth) -> None:
        condition = self.condition(scope)
        shapes = [self.value(scope)[1] for _ in range(self.rng.integers(1, 4))]
        cut = [self.chance(0.3) and len(shape) == 2 and shape[0] in (self.rows, self.columns) for shape in shapes]
        bodies = []
        for _ in range(2):
            inner = Scope(scope)
            self.fill(inner, depth, self.rng.integers(0, 5))
            outputs = []
            for shape, shorter in zip(shapes, cut):
                name, _ = self.value(inner, shape)
                if shorter and self.chance(0.7):
                    name = self.node(inner, "Slice", [name, self.ints(inner, 0), self.ints(inner, self.rng.integers(1, shape[0]))])
                outputs.append((self.yielded(inner, name), (self.unknown(), *shape[1:]) if shorter else shape))
            bodies.append(self.graph(inner, [], outputs))
        results = self.node(scope, "If", [condition], outputs=len(shapes), then_branch=bodies[0], else_branch=bodies[1])
        for name, shape, shorter in zip([results] if len(shapes) == 1 else results, shapes, cut):
            scope.values.append((name, (self.unknown(), *shape[1:]) if shorter else shape))

    def yielded(self, scope, name) -> str:
        """ONNX wants a graph's outputs to be computed in it, each under one name."""
        made = {output for node in scope.nodes for output in node.output}
        if name in made and not name.startswith("y") and self.chance(0.7) and name not in getattr(scope, "gone", set()):
            scope.gone = getattr(scope, "gone", set()) | {name}
            return name
        self.names += 1
        out = f"y{self.names}"
        scope.nodes.append(helper.make_node("Identity", [name], [out], name="n_" + out))
        return out

    def loop(self, scope, depth) -> None:
        carried = [self.value(scope) for _ in range(self.rng.integers(1, 4))]
        inner = Scope(scope)
        index, going = self.fresh("i"), self.fresh("b")
        inner.counter = index
        arguments = [(self.fresh("a"), shape) for _, shape in carried]
        inner.values += arguments
        self.fill(inner, depth, self.rng.integers(0, 7))
        until = self.chance(0.4)
        outputs = [(self.yielded(inner, self.condition(inner) if until else going), (), BOOL)]
        for (own, _), (_, shape) in zip(arguments, carried):
            name = own if self.chance(0.15) else self.value(inner, shape)[0]
            if self.chance(0.5) and name != own:
                name = self.node(inner, "Tanh", [name], shape)
            outputs.append((self.yielded(inner, name), shape))
        stacked = [self.value(inner) for _ in range(self.rng.integers(0, 3))]
        # What each trip stacks must be of one size; what has a bound alone grows with each loop that stacks it.
        stacked = [(name, shape) for name, shape in stacked if not any(isinstance(dim, str) and dim != "s" for dim in shape)]
        outputs += [(self.yielded(inner, name), shape) for name, shape in stacked]
        inputs = [self.typed(index, (), INT64), self.typed(going, (), BOOL)] + [self.typed(*argument) for argument in arguments]
        body = self.graph(inner, inputs, outputs)
        roll = self.rng.random()
        most = "trips"
        if roll < 0.2:
            most = self.constant(scope, np.int64(self.rng.integers(0, 9)))
        elif roll < 0.3:
            most = self.constant(scope, np.int64(90))
        elif roll < 0.4 and scope.counter:
            most = scope.counter
        start = "" if self.chance(0.6) else self.condition(scope) if self.chance(0.7) else self.constant(scope, np.array(True))
        results = self.node(scope, "Loop", [most, start] + [name for name, _ in carried], outputs=len(carried) + len(stacked), body=body)
        results = [results] if isinstance(results, str) else results
        for name, (_, shape) in zip(results, carried):
            scope.values.append((name, shape))
        count = self.unknown()
        for name, (_, shape) in zip(results[len(carried) :], stacked):
            scope.values.append((name, (count, *shape)))

    def scan(self, scope, depth) -> None:
        rows = [value for value in scope.visible() if len(value[1]) == 2 and value[1][1] == self.columns]
        xs, shape = self.pick(rows)
        carried = [self.value(scope) for _ in range(self.rng.integers(0, 3))]
        inner = Scope(scope)
        arguments = [(self.fresh("a"), dims) for _, dims in carried]
        row = (self.fresh("x"), (self.columns,))
        inner.values += [*arguments, row]
        self.fill(inner, depth, self.rng.integers(1, 5))
        outputs = [(self.yielded(inner, self.node(inner, "Tanh", [self.value(inner, dims)[0]], dims)), dims) for _, dims in carried]
        outputs.append((self.yielded(inner, self.value(inner, (self.columns,))[0]), (self.columns,)))
        inputs = [self.typed(*argument) for argument in [*arguments, row]]
        body = self.graph(inner, inputs, outputs)
        backwards = {"scan_input_directions": [1]} if self.chance(0.3) else {}
        backwards |= {"scan_output_directions": [1]} if self.chance(0.3) else {}
        operands = [name for name, _ in carried] + [xs]
        results = self.node(scope, "Scan", operands, outputs=len(outputs), body=body, num_scan_inputs=1, **backwards)
        results = [results] if isinstance(results, str) else results
        for name, (_, dims) in zip(results, carried):
            scope.values.append((name, dims))
        scope.values.append((results[-1], (shape[0], self.columns)))

    def counted(self, scope) -> None:
        rows = [value for value in scope.visible() if len(value[1]) == 2 and value[1][1] == self.columns]
        x, shape = self.pick(rows)
        kind = self.rng.integers(3)
        if kind == 0:
            keep = self.node(scope, "ReduceSum", [x, self.ints(scope, 1)], keepdims=0)
            flags = self.node(scope, "Greater", [keep, self.constant(scope, np.float32(0.1))])
            self.node(scope, "Compress", [x, flags], (self.unknown(), self.columns), axis=0)
        elif kind == 1:
            flags = self.node(scope, "Greater", [x, self.constant(scope, np.float32(0.3))])
            at = self.node(scope, "NonZero", [flags])
            first = self.node(scope, "Gather", [at, self.constant(scope, np.int64(0))], axis=0)
            self.node(scope, "Gather", [x, first], (self.unknown(), self.columns), axis=0)
        else:
            values, _ = self.node(scope, "TopK", [x, "few"], outputs=2, axis=1)
            scope.values.append((values, (shape[0], self.unknown())))

    def build(self):
        """A model and the inputs of its runs."""
        scope = Scope()
        inputs = [helper.make_tensor_value_info("trips", INT64, []), helper.make_tensor_value_info("few", INT64, [1])]
        rows, columns = self.rows, self.columns
        more = [(rows, columns), (columns, rows), (rows, columns), (rows * columns,), (1, 3, self.pixels, self.pixels), (columns,), ("s", columns)]
        shapes = {"in0": ("s", columns), "in1": (rows, columns)} | {f"in{i}": self.pick(more) for i in range(2, 2 + self.rng.integers(0, 3))}
        if self.chance(0.3):
            shapes["in9"] = (140, columns)
        for name, shape in shapes.items():
            declared = [self.fixed.get(dim, dim) for dim in shape]
            inputs.append(helper.make_tensor_value_info(name, FLOAT, declared))
            scope.values.append((name, shape))
        self.fill(scope, 3, self.rng.integers(4, 14))
        results, seen = [], set()
        for name, shape in [value for value in scope.values if value[0] not in shapes][-1:] + [self.value(scope) for _ in range(3)]:
            if name not in seen:
                seen.add(name)
                results.append(helper.make_tensor_value_info(self.yielded(scope, name), FLOAT, None))
        graph = helper.make_graph(scope.nodes, "main", inputs, results)
        graph.initializer.extend(self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
        feeds = []
        for trips in (3, 1, 6) if self.is_open else (3, 0, 6):  # ONNX Runtime does not know all sizes of a loop without trips
            sizes = self.fixed or {"s": int(self.rng.integers(1, 8))}
            feed = {name: self.rng.uniform(-1, 1, [sizes.get(dim, dim) for dim in shape]).astype(np.float32) for name, shape in shapes.items()}
            feeds.append(feed | {"trips": np.array(trips), "few": np.array([self.rng.integers(1, 9)])})
        return model, feeds


def compare(expected: dict, got: dict) -> str | None:
    """Of a loop without trips ONNX Runtime does not know all sizes. Errors grow from trip to trip, so they are measured against 1, not a range."""
    for name, value in expected.items():
        if name not in got:
            return f"output '{name}' is missing"
        if value.size == 0 and got[name].size == 0:
            continue
        if value.shape != got[name].shape:
            return f"output '{name}': shape {list(got[name].shape)}, expected {list(value.shape)}"
        if not np.allclose(value, got[name], rtol=1e-3, atol=1e-3, equal_nan=True):
            return f"output '{name}': error {np.abs(value - got[name]).max():.2e}"
    return None


def check(seed: int, folder, options) -> str | None:
    """What is wrong; an empty text when ONNX Runtime does not take the model."""
    fuzzer = Fuzzer(seed)
    model, feeds = fuzzer.build()
    path = folder / f"{seed}.onnx"
    onnx.save(model, path)
    try:
        session = harness.session(str(path), 1, severity=4)
        names = [output.name for output in session.get_outputs()]
        expected = [dict(zip(names, session.run(names, feed))) for feed in feeds]
    except Exception as error:  # ONNX Runtime's own classes derive from nothing narrower
        return "" if not options.verbose else print(f"left    {seed}: {str(error)[:200]}") or ""
    for level in options.levels.split(","):
        executable = path.with_suffix(level.replace("-", "."))
        made = harness.compile_model(path, executable, level, extra=["--target=native"] + (["--dim=s=1..8"] if fuzzer.is_open else []), timeout=120)
        if made.code != 0 and "nothing limits these" in made.text():
            return ""
        if made.code != 0:
            return f"{level}: compile: exit code {made.code}: {made.text()}"
        for i, feed in enumerate(feeds):
            first = None
            for threads in (1, 2):
                outcome, got = harness.run_model(executable, feed, threads, timeout=30)
                complaint = f"exit code {outcome.code}: {outcome.text()}" if got is None else compare(expected[i], got)
                if not complaint and first and any(not np.array_equal(first[name], got[name], equal_nan=True) for name in first):
                    complaint = "1 and 2 threads give different bits"
                if complaint:
                    return f"{level}, run {i}, {threads} threads: {complaint}"
                first = got
        if not options.keep:
            executable.unlink(missing_ok=True)
    if not options.keep:
        path.unlink()
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--levels", default="-O0,-O3", help="write --levels=-O3")
    parser.add_argument("--seconds", type=float, default=60, help="no new model after this time")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    harness.need_ingot()
    folder = harness.scratch(f"fuzz{options.first}")
    report, left, start = harness.Report(), 0, time.monotonic()

    def run(seed: int):
        return check(seed, folder, options) if time.monotonic() - start < options.seconds else ""

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        seeds = range(options.first, options.first + options.count)
        for seed, complaint in zip(seeds, pool.map(run, seeds)):
            left += complaint == ""
            if complaint != "":
                report.case(f"fuzz/control/{seed}", complaint, quiet=not options.verbose)
    print(f"fuzz: {options.count} models, {left} of them left out, {time.monotonic() - start:.0f} s")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
