#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The Python package over compiled models. run_package.py runs this on an installed wheel; PYTHONPATH=runtime/python runs it on the sources.

    test/python/package_test.py [CASE ...]       as in Sessions.test_dynamic_batch
"""

import contextlib
import gc
import json
import os
import pathlib
import pickle
import shutil
import sys
import tempfile
import threading
import time
import unittest
import warnings

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import harness  # noqa: E402

os.environ.setdefault("INGOT", str(harness.INGOT))
import ingot_runtime  # noqa: E402
from ingot_runtime import Error, Model, Session, Status, backend  # noqa: E402


RANDOM = np.random.default_rng(3)
W = RANDOM.standard_normal((64, 96), dtype=np.float32) / 8
B = RANDOM.standard_normal(96, dtype=np.float32)
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="ingot-package-"))


def proto(nodes, inputs, outputs, constants=(), opset=17):
    """Inputs and outputs are name=(type, dims)."""
    infos = [[helper.make_tensor_value_info(name, *kind) for name, kind in tensors.items()] for tensors in (inputs, outputs)]
    graph = helper.make_graph([helper.make_node(op, i.split(), [o], name=f"the_{op}") for op, i, o in nodes], "g", *infos, list(constants))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)


def dense(batch):
    """y = relu(x w + b) * scale"""
    nodes = [("MatMul", "x w", "p"), ("Add", "p b", "s"), ("Relu", "s", "r"), ("Mul", "r scale", "y")]
    kind = TensorProto.FLOAT
    inputs, outputs = {"x": (kind, [batch, 64]), "scale": (kind, [batch, 1])}, {"y": (kind, [batch, 96])}
    return proto(nodes, inputs, outputs, [numpy_helper.from_array(W, "w"), numpy_helper.from_array(B, "b")])


def dense_inputs(batch, seed=0):
    random = np.random.default_rng(seed)
    return {"x": random.standard_normal((batch, 64), dtype=np.float32), "scale": random.standard_normal((batch, 1), dtype=np.float32)}


def expected(inputs):
    return np.maximum(inputs["x"] @ W + B, 0) * inputs["scale"]


def library(name, model, *options) -> pathlib.Path:
    """The library of a model, compiled once."""
    path = FOLDER / name / f"lib{name}.so"
    if not path.exists():
        path.parent.mkdir()
        onnx.save(model, path.parent / "model.onnx")
        made = harness.compile_model(path.parent / "model.onnx", path, extra=["--emit=shared", *options])
        if made.code != 0:
            raise AssertionError(made.text())
    return path


def fixed() -> Model:
    return Model(library("fixed", dense(32)))


def dynamic() -> Model:
    return Model(library("dynamic", dense("batch"), "--dim=batch=1..8"))


def gather():
    kinds = {"table": (TensorProto.FLOAT, [5]), "at": (TensorProto.INT64, [2])}
    return proto([("Gather", "table at", "y")], kinds, {"y": (TensorProto.FLOAT, [2])})


def positive():
    """y holds the values of x that are above 0; the run says how many."""
    kind = TensorProto.FLOAT
    nodes = [("Greater", "x zero", "c"), ("Compress", "x c", "y")]
    return proto(nodes, {"x": (kind, [4])}, {"y": (kind, ["count"])}, [numpy_helper.from_array(np.float32(0), "zero")])


def largest():
    kind = TensorProto.FLOAT
    model = proto([("TopK", "x k", "y")], {"x": (kind, [6]), "k": (TensorProto.INT64, [1])}, {"y": (kind, ["k_largest"])})
    model.graph.node[0].output.append("at")
    return model


def counting():
    """0, 1, ... up to a number that the run is given: nothing bounds how many."""
    kind = TensorProto.INT64
    constants = [numpy_helper.from_array(np.int64(0), "zero"), numpy_helper.from_array(np.int64(1), "one")]
    return proto([("Range", "zero most one", "y")], {"most": (kind, [])}, {"y": (kind, ["n"])}, constants)


class Case(unittest.TestCase):
    def refused(self, status, text, call, *arguments, **named):
        with self.assertRaises(Error) as caught:
            call(*arguments, **named)
        self.assertEqual(caught.exception.status, status, str(caught.exception))
        self.assertIn(text, str(caught.exception))

    def near(self, got, want):
        self.assertEqual((got.dtype, got.shape), (want.dtype, want.shape))
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4)


class Models(Case):
    def test_it_is_the_installed_package(self):
        if folder := os.environ.get("INGOT_PACKAGE"):
            self.assertTrue(ingot_runtime.__file__.startswith(folder), ingot_runtime.__file__)

    def test_inputs_and_outputs(self):
        model = dynamic()
        batch = model.symbols[0]
        self.assertEqual((batch.name, batch.minimum, batch.maximum, batch.known), ("batch", 1, 8, "input"))
        self.assertEqual([tensor[:3] for tensor in model.inputs], [("x", np.float32, (batch, 64)), ("scale", np.float32, (batch, 1))])
        self.assertEqual([tensor[:3] for tensor in model.outputs], [("y", np.float32, (batch, 96))])
        self.assertEqual([tensor.bytes for tensor in fixed().outputs], [32 * 96 * 4])
        self.assertIn("ingot", str(model.manifest).lower())

    def test_renamed_library_and_other_prefix(self):
        path = library("other", dense(32), "--prefix=ocr_rec").rename(FOLDER / "other/moved.bin")
        inputs = dense_inputs(32)
        self.near(Session(Model(path)).run(inputs)["y"], expected(inputs))

    def test_not_a_library(self):
        for content in (b"", b"text" * 100, b"\x7fELF\x02\x01" + bytes(90), fixed().path.read_bytes()[:2000]):
            path = FOLDER / "broken.so"
            path.write_bytes(content)
            self.refused(Status.INVALID_ARGUMENT, "is not a library of", Model, path)
        with self.assertRaises(FileNotFoundError):
            Model(FOLDER / "missing.so")

    def test_memory_required(self):
        model = dynamic()
        most, one = model.memory_required(threads=2), model.memory_required(threads=1, batch=1)
        self.assertLessEqual(one.arena_bytes, most.arena_bytes)
        self.assertEqual(one.stack_bytes, 0)
        self.assertGreater(most.stack_bytes, 0)
        self.assertEqual(most, model.memory_required(threads=2, batch=8))
        self.refused(Status.WRONG_SHAPE, "out of its range", model.memory_required, batch=9)
        self.refused(Status.INVALID_ARGUMENT, "no dim 'width'", model.memory_required, width=9)
        self.refused(Status.INVALID_ARGUMENT, "threads", model.memory_required, threads=100000)

    def test_weights_in_a_file(self):
        folder = FOLDER / "apart"
        weights = FOLDER / "apart.weights"
        path = library("apart", dense(32), f"--weights={weights}")
        inputs = dense_inputs(32)
        self.refused(Status.WRONG_WEIGHTS, "No such file", Model, path)
        self.near(Session(Model(path, weights)).run(inputs)["y"], expected(inputs))
        shutil.copy(weights, folder)
        self.near(Session(Model(path)).run(inputs)["y"], expected(inputs))
        (folder / weights.name).write_bytes(weights.read_bytes()[:-1])
        self.refused(Status.WRONG_WEIGHTS, "not the one", Model, path)
        self.refused(Status.WRONG_WEIGHTS, "in the library", Model, library("fixed", dense(32)), weights)


class Sessions(Case):
    def test_run(self):
        inputs = dense_inputs(32)
        for threads in (1, 2):
            with Session(fixed(), threads=threads) as session:
                self.assertEqual(session.threads, threads)
                self.near(session.run(inputs)["y"], expected(inputs))

    def test_dynamic_batch(self):
        session = Session(dynamic(), threads=2)
        for batch in (8, 1, 5):
            inputs = dense_inputs(batch, batch)
            self.near(session.run(inputs)["y"], expected(inputs))
        for batch in (0, 9):
            self.refused(Status.WRONG_SHAPE, f"'batch', is {batch}: the model takes 1 to 8", session.run, dense_inputs(batch))
        different = {"x": dense_inputs(4)["x"], "scale": dense_inputs(3)["scale"]}
        self.refused(Status.WRONG_SHAPE, "is 3: an input before it has 4", session.run, different)
        self.near(session.run(inputs)["y"], expected(inputs))

    def test_dims_that_the_run_finds(self):
        session = Session(Model(library("positive", positive())), threads=1)
        self.assertEqual(session.model.outputs[0].dims[0][:4], ("the_Compress.count", 0, 4, "result"))
        for x in ([1, -2, 3, -4], [-1, -1, -1, -1], [1, 2, 3, 4]):
            x = np.array(x, np.float32)
            np.testing.assert_array_equal(session.run({"x": x})["y"], x[x > 0])
        self.refused(Status.WRONG_SHAPE, "a run can fill [4]", session.run, {"x": x}, {"y": np.zeros(3, np.float32)})
        room = np.zeros(4, np.float32)
        self.assertTrue(np.shares_memory(session.run({"x": x}, {"y": room})["y"], room))

    def test_dims_that_nothing_bounds(self):
        model = Model(library("counting", counting()))
        self.assertIn("room", [symbol.known for symbol in model.symbols])
        for _ in range(100):  # each session finds out anew, with two threads that have to agree
            with Session(model, threads=2) as session:
                for most in (5, 64, 65, 70000, 3):
                    np.testing.assert_array_equal(session.run({"most": np.int64(most)})["y"], np.arange(most))
        with Session(model, threads=1) as session:
            room = np.full(10, -1)
            result = session.run({"most": np.int64(7)}, {"y": room})["y"]
            self.assertTrue(np.shares_memory(result, room))
            np.testing.assert_array_equal(result, np.arange(7))
            self.refused(Status.WRONG_SHAPE, "there is room for 10", session.run, {"most": np.int64(11)}, {"y": room})
            self.refused(Status.RUN_FAILURE, "the_Range", session.run, {"most": np.int64(2**24 + 1)})

    def test_dims_that_the_run_refuses(self):
        x = np.arange(6, dtype=np.float32)
        session = Session(Model(library("largest", largest())), threads=2)
        for k in (7, -1, 2**40):
            self.refused(Status.RUN_FAILURE, "the_TopK", session.run, {"x": x, "k": np.array([k])})
            np.testing.assert_array_equal(session.run({"x": x, "k": np.array([2])})["y"], x[:3:-1])
        self.assertEqual(session.run({"x": x, "k": np.array([0])})["y"].shape, (0,))

    def test_no_copies(self):
        session, inputs = Session(dynamic(), threads=1), dense_inputs(4)
        for tensor in session.model.inputs:
            self.assertTrue(np.shares_memory(session._input(tensor, inputs), inputs[tensor.name]))
        mine = {"y": np.full((4, 96), np.nan, np.float32)}
        self.assertIs(session.run(inputs, mine)["y"], mine["y"])
        self.near(mine["y"], expected(inputs))

    def test_what_is_not_contiguous_is_copied(self):
        session, inputs = Session(dynamic(), threads=1), dense_inputs(8)
        odd = {"x": inputs["x"][::2], "scale": inputs["scale"][::2]}
        self.near(session.run(odd)["y"], expected(odd))
        turned = {"x": np.asfortranarray(inputs["x"]), "scale": inputs["scale"]}
        self.near(session.run(turned)["y"], expected(inputs))
        raw = np.zeros(4 * 64 * 4 + 1, np.uint8)[1:].view(np.float32).reshape(4, 64)
        unaligned = {"x": raw, "scale": inputs["scale"][:4]}
        self.near(session.run(unaligned)["y"], expected(unaligned))

    def test_dlpack(self):
        class Foreign:
            def __init__(self, array):
                self.__dlpack__, self.__dlpack_device__ = array.__dlpack__, array.__dlpack_device__

        inputs = dense_inputs(2)
        self.near(Session(dynamic()).run({name: Foreign(array) for name, array in inputs.items()})["y"], expected(inputs))

    def test_every_element_type(self):
        opset = onnx.defs.onnx_opset_version()
        known = next(t.allowed_type_strs for t in onnx.defs.get_schema("Reshape", opset).type_constraints if t.type_param_str == "T")
        kinds = [kind for kind in ingot_runtime.model.DTYPES if f"tensor({TensorProto.DataType.Name(kind).lower()})" in known]
        self.assertGreaterEqual(len(kinds), 23)  # all but floats of 6 bits
        names = [f"x{kind}" for kind in kinds]
        inputs = {name: (kind, [6]) for name, kind in zip(names, kinds)}
        outputs = {f"y{kind}": (kind, [2, 3]) for kind in kinds}
        shape = numpy_helper.from_array(np.array([2, 3], np.int64), "shape")
        model = proto([("Reshape", f"x{kind} shape", f"y{kind}") for kind in kinds], inputs, outputs, [shape], opset)
        session = Session(Model(library("types", model)), threads=1)
        narrow = {f"x{kind}" for kind in ingot_runtime.model.NARROW}
        values = {tensor.name: [0, 1, 1, 0, 1, 1] if tensor.name in narrow else [0, 1, 2, 0, 5, 7] for tensor in session.model.inputs}
        data = {tensor.name: np.array(values[tensor.name]).astype(tensor.dtype) for tensor in session.model.inputs}
        got = session.run(data)
        for kind in kinds:
            self.assertEqual((got[f"y{kind}"].shape, got[f"y{kind}"].dtype), ((2, 3), data[f"x{kind}"].dtype))
            self.assertEqual(got[f"y{kind}"].tobytes(), data[f"x{kind}"].tobytes())  # there is no 0 in E8M0, but a NaN
        data["x16"] = data["x16"].view(np.uint16)
        np.testing.assert_array_equal(session.run(data)["y16"].view(np.uint16).ravel(), data["x16"])

    def test_wrong_tensors(self):
        session, good = Session(fixed(), threads=1), dense_inputs(32)
        wrong = [
            (Status.INVALID_ARGUMENT, "input 'scale' is missing", {"x": good["x"]}, {}),
            (Status.INVALID_ARGUMENT, "no input 'z'; its inputs are ['x', 'scale']", {**good, "z": good["x"]}, {}),
            (Status.INVALID_ARGUMENT, "'x' is float64: the model has float32", {**good, "x": good["x"].astype(np.float64)}, {}),
            (Status.INVALID_ARGUMENT, "'x' is >f4", {**good, "x": good["x"].astype(">f4")}, {}),
            (Status.WRONG_SHAPE, "'x' has 1 dims: the model has 2", {**good, "x": good["x"].ravel()}, {}),
            (Status.WRONG_SHAPE, "dim 1 of input 'x' is 63: the model has 64", {**good, "x": good["x"][:, 1:]}, {}),
            (Status.INVALID_ARGUMENT, "no output 'z'", good, {"z": good["x"]}),
            (Status.INVALID_ARGUMENT, "output 'y' is int32", good, {"y": np.zeros((32, 96), np.int32)}),
            (Status.WRONG_SHAPE, "dim 0 of output 'y' is 31", good, {"y": np.zeros((31, 96), np.float32)}),
            (Status.NOT_CONTIGUOUS, "output 'y' has to be", good, {"y": np.zeros((64, 96), np.float32)[::2]}),
            (Status.NOT_CONTIGUOUS, "output 'y' has to be", good, {"y": np.broadcast_to(np.float32(0), (32, 96))}),
        ]
        shared = np.zeros(32 * 96 + 32 * 64, np.float32)
        overlapping = {**good, "x": shared[: 32 * 64].reshape(32, 64)}
        wrong.append((Status.OVERLAP, "output 'y' overlaps input 'x'", overlapping, {"y": shared[: 32 * 96].reshape(32, 96)}))
        for status, text, inputs, outputs in wrong:
            with self.subTest(text):
                self.refused(status, text, session.run, inputs, outputs)
        self.near(session.run(good)["y"], expected(good))

    def test_a_value_that_the_model_cannot_process(self):
        session = Session(Model(library("gather", gather())), threads=1)
        table = np.arange(5, dtype=np.float32)
        self.refused(Status.RUN_FAILURE, "the_Gather", session.run, {"table": table, "at": np.array([1, 5])})
        np.testing.assert_array_equal(session.run({"table": table, "at": np.array([1, 4])})["y"], [1, 4])

    def test_two_sessions_in_two_threads(self):
        model, failures = dynamic(), []

        def work(seed):
            try:
                with Session(model, threads=1) as session:
                    for i in range(100):
                        inputs = dense_inputs(1 + (seed + i) % 8, seed * 1000 + i)
                        self.near(session.run(inputs)["y"], expected(inputs))
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(seed,)) for seed in (1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])

    def test_busy(self):
        session, inputs, test = Session(fixed(), threads=1), dense_inputs(32), self

        class Nosy:
            """Runs the session while the session asks for its data."""

            def __array__(self, *_, **__):
                test.refused(Status.BUSY, "another thread", session.run, inputs)
                return inputs["x"]

        self.near(session.run({**inputs, "x": Nosy()})["y"], expected(inputs))

    def test_cancel(self):
        session, inputs = Session(fixed(), threads=2), dense_inputs(32)
        session.cancel()
        self.refused(Status.CANCELLED, "cancelled", session.run, inputs)
        self.near(session.run(inputs)["y"], expected(inputs))

    def test_cancel_of_a_run_in_progress(self):
        """One thread runs, another cancels, wherever that meets the runs. The text tells before and during apart; both end the run."""
        session, inputs, cancelled = Session(fixed(), threads=2), dense_inputs(32), 0
        done, deadline = threading.Event(), time.monotonic() + 60

        def disturb():
            while not done.wait(0.0001):
                session.cancel()

        disturber = threading.Thread(target=disturb)
        disturber.start()
        while cancelled < 50 and time.monotonic() < deadline:
            try:
                self.near(session.run(inputs)["y"], expected(inputs))
            except Error as error:
                self.assertEqual(error.status, Status.CANCELLED)
                cancelled += 1
        done.set()
        disturber.join()
        self.assertEqual(cancelled, 50)
        with contextlib.suppress(Error):  # a request that came too late for the runs before
            session.run(inputs)
        self.near(session.run(inputs)["y"], expected(inputs))

    def test_what_is_left_open(self):
        """A session that nobody holds gives its threads back, and so does one that is open at the end of the program."""
        gc.collect()  # sessions of other tests
        before = len(os.listdir("/proc/self/task"))
        session = Session(fixed(), threads=4)
        self.assertEqual(len(os.listdir("/proc/self/task")), before + 3)
        del session
        self.assertEqual(len(os.listdir("/proc/self/task")), before)
        program = f"import ingot_runtime; s = ingot_runtime.Session(ingot_runtime.Model({str(fixed().path)!r}), threads=4); print(s.threads)"
        done = harness.execute([sys.executable, "-c", program])
        self.assertEqual((done.code, done.out, done.err), (0, "4\n", ""))

    def test_closed(self):
        session = Session(fixed(), threads=1)
        session.close()
        session.close()
        session.cancel()
        self.refused(Status.INVALID_ARGUMENT, "closed", session.run, dense_inputs(32))

    def test_profile(self):
        path = FOLDER / "trace.json"
        with Session(fixed(), threads=2, profile=path) as session:
            for _ in range(5):
                session.run(dense_inputs(32))
            now = json.loads(session.profile())
            table = session.profile(table=True)
            session.run(dense_inputs(32))
            self.assertFalse(path.exists())
        trace = json.loads(path.read_text())
        self.assertEqual((now["ingot"]["threads"], now["ingot"]["runs"], trace["ingot"]["runs"]), (2, 4, 5))  # all but the first
        self.assertTrue(any("the_MatMul" in region["name"] for region in trace["ingot"]["regions"]))
        self.assertIn("the_MatMul", table)
        self.assertIn("traceEvents", trace)
        self.refused(Status.INVALID_ARGUMENT, "closed", session.profile)
        session.close()  # again: writes nothing

    def test_profile_that_nobody_asked_for(self):
        with Session(fixed(), profile=True) as session:
            session.run(dense_inputs(32))
            self.assertIn("runs", session.profile(table=True))
        with Session(fixed()) as session:
            self.refused(Status.INVALID_ARGUMENT, "INGOT_PROFILE", session.profile)

    def test_threads_that_cannot_be(self):
        self.refused(Status.INVALID_ARGUMENT, "100000 threads are more than", Session, fixed(), threads=100000)

    def test_errors_can_be_sent(self):
        error = pickle.loads(pickle.dumps(Error(Status.BUSY, "text")))
        self.assertEqual((error.status, str(error)), (Status.BUSY, "text"))


class Backend(Case):
    def test_prepare(self):
        inputs = dense_inputs(32)
        prepared = backend.prepare(dense(32), "CPU", threads=1)
        for given in (inputs, list(inputs.values())):
            self.near(prepared.run(given).y, expected(inputs))
        self.refused(Status.INVALID_ARGUMENT, "1 inputs for a model with 2", prepared.run, [inputs["x"]])
        self.near(backend.run_model(dense(32), inputs, options=("-O0",))[0], expected(inputs))

    def test_run_node(self):
        x = RANDOM.standard_normal((3, 4), dtype=np.float32)
        node = helper.make_node("ReduceMax", ["x"], ["y"], keepdims=0)
        for info in (None, [(np.dtype(np.float32), ())]):
            np.testing.assert_array_equal(backend.run_node(node, [x], outputs_info=info)[0], x.max())

    def test_errors(self):
        self.assertFalse(backend.supports_device("CUDA:0"))
        self.refused(Status.INVALID_ARGUMENT, "no device 'CUDA'", backend.prepare, dense(32), "CUDA")
        strings = proto([("Identity", "x", "y")], {"x": (TensorProto.STRING, [2])}, {"y": (TensorProto.STRING, [2])})
        self.refused(Status.INVALID_ARGUMENT, "ingot compile ended with 1", backend.prepare, strings)
        compiler = os.environ["INGOT"]
        try:
            os.environ["INGOT"] = "no-such-ingot"
            self.refused(Status.INVALID_ARGUMENT, "set INGOT", backend.prepare, dense(32))
        finally:
            os.environ["INGOT"] = compiler

    def test_cases_of_the_backend_suite(self):
        import onnx.backend.test

        warnings.simplefilter("ignore")  # the suite computes infinities on purpose
        suite = onnx.backend.test.BackendTest(backend, "suite").include(r"^test_(add|softmax_axis_1|gather_0|split_equal_parts_1d_opset13)_cpu$")
        result = unittest.TestResult()
        unittest.TestSuite(map(unittest.defaultTestLoader.loadTestsFromTestCase, suite.test_cases.values())).run(result)
        self.assertEqual([text for _, text in result.failures + result.errors], [])
        self.assertEqual(result.testsRun - len(result.skipped), 4)


def main() -> int:
    program = unittest.main(exit=False, verbosity=2)
    shutil.rmtree(FOLDER, ignore_errors=True)
    result = program.result
    failed = len({case.id() for case, _ in result.failures + result.errors})
    print(f"passed={result.testsRun - failed} failed={failed}", flush=True)
    return 0 if result.wasSuccessful() and result.testsRun else 1


if __name__ == "__main__":
    sys.exit(main())
