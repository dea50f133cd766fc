# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs a model over numpy arrays."""

import ctypes
import math
import pathlib
import threading
import weakref

import numpy as np

from . import abi
from .abi import Error, Status
from .model import Model, Tensor


def _close(api, handle, lock) -> None:
    with lock:  # not while cancel() uses it
        if handle:
            api.session_close(ctypes.byref(handle))


def _same_type(array: np.ndarray, tensor: Tensor) -> bool:
    return array.dtype == tensor.dtype or (array.dtype == np.uint16 and tensor.dtype.name == "bfloat16")  # its bits


def _shape(tensor: Tensor, values) -> list:
    return [dim if isinstance(dim, int) else values[dim.index] for dim in tensor.dims]


def _found_by_run(tensor: Tensor) -> bool:
    return any(not isinstance(dim, int) and dim.known == "result" for dim in tensor.dims)


def _grows(model: Model, tensor: Tensor) -> bool:
    """Whether nothing bounds the output: then it lies in the session's memory, which grows."""
    return _found_by_run(tensor) and any(symbol.known == "room" for symbol in model.symbols)


def _complain_of_names(kind: str, given, tensors) -> None:
    names = [tensor.name for tensor in tensors]
    for name in given:
        if name not in names:
            raise Error(Status.INVALID_ARGUMENT, f"the model has no {kind} '{name}'; its {kind}s are {names}")


def _run_tensor(array: np.ndarray | None, keep: list) -> abi.RunTensor:
    if array is None:
        return abi.RunTensor(None, None, None)
    dims = (ctypes.c_int64 * max(1, array.ndim))(*array.shape)
    keep.append(dims)
    return abi.RunTensor(array.ctypes.data, dims, None)


class Session:
    """Runs one model, in one thread at a time; any number of sessions run in parallel. Memory and threads are
    taken here, and given back by close(). With `profile`, runs note where their time goes: profile() tells; if it
    is a path, close() writes the trace there, as `--profile` of a program does."""

    def __init__(self, model: Model, threads: int = 0, profile=False):
        self.model = model
        self._api = model.api
        self._handle = ctypes.c_void_p()
        self._running = threading.Lock()
        self._closing = threading.RLock()  # a signal handler may cancel while its own thread closes
        text = ctypes.create_string_buffer(256)
        self._trace = None if isinstance(profile, bool) else pathlib.Path(profile)
        if profile and self._api.struct_size < ctypes.sizeof(abi.Api):
            raise Error(Status.INVALID_ARGUMENT, f"{model.path} was made by a compiler without profiles")
        options = model.options(threads, text, abi.PROFILE if profile else 0)
        abi.check(self._api.session_open(ctypes.byref(model.info), ctypes.byref(options), ctypes.byref(self._handle)), text.value.decode())
        self.threads = self._api.session_threads(self._handle)
        self._finalizer = weakref.finalize(self, _close, self._api, self._handle, self._closing)

    def close(self) -> None:
        """Waits for a run in progress. Later runs are refused."""
        with self._running:
            try:
                if self._trace and self._handle:
                    self._trace.write_text(self._profile(abi.TRACE))
            finally:
                self._finalizer()

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def cancel(self) -> None:
        """From any thread: the run in progress ends with Status.CANCELLED; if there is none, the next one does."""
        with self._closing:
            if self._handle:
                self._api.session_cancel(self._handle)

    def profile(self, table: bool = False) -> str:
        """Where the time of the runs so far went: a trace in JSON, as Perfetto opens it, with the numbers of each region under
        "ingot"; or a table to read. The first call measures the machine, for some 50 ms."""
        with self._running:
            if not self._handle:
                raise Error(Status.INVALID_ARGUMENT, "the session is closed")
            return self._profile(abi.TABLE if table else abi.TRACE)

    def _profile(self, form: int) -> str:
        pieces = []
        write = abi.WRITE(lambda _, text, size: pieces.append(ctypes.string_at(text, size)))
        status = self._api.session_profile_write(self._handle, form, write, None)
        if status != Status.OK:
            abi.check(status, self._api.session_error(self._handle).decode(errors="replace"))
        return b"".join(pieces).decode(errors="replace")

    def run(self, inputs: dict, outputs: dict | None = None) -> dict:
        """One inference. Returns arrays by name; those in `outputs` are written to and returned."""
        if not self._running.acquire(blocking=False):
            raise Error(Status.BUSY, "another thread runs the session")
        try:
            if not self._handle:
                raise Error(Status.INVALID_ARGUMENT, "the session is closed")
            return self._run(inputs, outputs or {})
        finally:
            self._running.release()

    def _run(self, inputs: dict, outputs: dict) -> dict:
        _complain_of_names("input", inputs, self.model.inputs)
        _complain_of_names("output", outputs, self.model.outputs)
        given = [self._input(tensor, inputs) for tensor in self.model.inputs]
        values = self._values(given)
        results = [self._output(tensor, outputs, values) for tensor in self.model.outputs]
        keep = []
        # Without values the runtime refuses before it looks at an output, and says why.
        input_list = (abi.RunTensor * max(1, len(given)))(*(_run_tensor(array, keep) for array in given))
        output_list = (abi.RunTensor * max(1, len(results)))(*(_run_tensor(array, keep) for array in results if values is not None))
        status = self._api.session_run_tensors(self._handle, input_list, output_list)
        if status != Status.OK:
            abi.check(status, self._api.session_error(self._handle).decode(errors="replace"))
        return {tensor.name: self._cut(i, tensor, array) for i, (tensor, array) in enumerate(zip(self.model.outputs, results))}

    def _input(self, tensor: Tensor, inputs: dict) -> np.ndarray:
        if tensor.name not in inputs:
            raise Error(Status.INVALID_ARGUMENT, f"input '{tensor.name}' is missing")
        value = inputs[tensor.name]
        array = np.from_dlpack(value) if hasattr(value, "__dlpack__") and not isinstance(value, np.ndarray) else np.asarray(value)
        self._check("input", tensor, array)
        return np.require(array, requirements="CA")  # copies only what is not contiguous or aligned

    def _check(self, kind: str, tensor: Tensor, array: np.ndarray) -> None:
        if not _same_type(array, tensor):
            raise Error(Status.INVALID_ARGUMENT, f"{kind} '{tensor.name}' is {array.dtype}: the model has {tensor.dtype}")
        if array.ndim != len(tensor.dims):
            raise Error(Status.WRONG_SHAPE, f"{kind} '{tensor.name}' has {array.ndim} dims: the model has {len(tensor.dims)}")

    def _values(self, given: list):
        """The values of the symbols that follow from the inputs; None when the runtime will refuse them."""
        symbols = self.model.symbols
        first = {"input": lambda symbol: None, "room": lambda symbol: symbol.minimum}
        values = [first.get(symbol.known, lambda symbol: symbol.maximum)(symbol) for symbol in symbols]
        for tensor, array in zip(self.model.inputs, given):
            for dim, size in zip(tensor.dims, array.shape):
                if isinstance(dim, int):
                    continue
                if not dim.minimum <= size <= dim.maximum or values[dim.index] not in (None, size):
                    return None
                values[dim.index] = size
        if not symbols:
            return values
        variant = self._api.model_variant(ctypes.byref(self.model.info)).contents
        slots = (ctypes.c_int64 * variant.value_count)(*values)
        return slots[: len(symbols)] if variant.prepare(slots) >= 0 else None

    def _output(self, tensor: Tensor, outputs: dict, values) -> np.ndarray:
        shape = [] if values is None else _shape(tensor, values)
        grows = _grows(self.model, tensor)
        if tensor.name not in outputs:
            return None if grows else np.empty(shape, tensor.dtype)
        array = outputs[tensor.name]
        if not isinstance(array, np.ndarray) or not (array.flags.c_contiguous and array.flags.writeable):
            raise Error(Status.NOT_CONTIGUOUS, f"output '{tensor.name}' has to be a contiguous numpy array that can be written to")
        self._check("output", tensor, array)
        # The runtime compares the other dims; of those that the run finds it asks room for the largest.
        if values is not None and not grows and _found_by_run(tensor) and array.shape != tuple(shape):
            raise Error(Status.WRONG_SHAPE, f"output '{tensor.name}' has the shape {list(array.shape)}: a run can fill {shape}")
        return array

    def _cut(self, number: int, tensor: Tensor, array: np.ndarray | None) -> np.ndarray:
        """The part of an output that the run has filled, where only the run can tell: it lies contiguously at the front."""
        if not _found_by_run(tensor):
            return array
        shape = _shape(tensor, self._api.session_values(self._handle))
        if array is None:
            array = np.empty(shape, tensor.dtype)
            ctypes.memmove(array.ctypes.data, self._api.session_output(self._handle, number), array.nbytes)
            return array
        return array.reshape(-1)[: math.prod(shape)].reshape(shape)
