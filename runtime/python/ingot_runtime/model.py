# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A compiled model: what it takes and gives, and what a session of it needs."""

import ctypes
import json
import os
import pathlib
import typing
import weakref

import numpy as np

from . import abi, elf
from .abi import Error, Status

try:
    import ml_dtypes
except ImportError:  # bits instead of numbers
    ml_dtypes = None
bfloat16 = getattr(ml_dtypes, "bfloat16", np.uint16)

# By the numbers of ONNX's TensorProto.DataType.
DTYPES = {
    1: np.float32, 2: np.uint8, 3: np.int8, 4: np.uint16, 5: np.int16, 6: np.int32, 7: np.int64,
    9: np.bool_, 10: np.float16, 11: np.float64, 12: np.uint32, 13: np.uint64, 16: bfloat16,
}  # fmt: skip
# Elements of these lie in a byte each: floats with their bits, integers of fewer bits with their value.
NARROW = {
    17: "float8_e4m3fn", 18: "float8_e4m3fnuz", 19: "float8_e5m2", 20: "float8_e5m2fnuz", 21: "uint4", 22: "int4", 23: "float4_e2m1fn",
    24: "float8_e8m0fnu", 25: "uint2", 26: "int2", 27: "float6_e2m3fn", 28: "float6_e3m2fn",
}  # fmt: skip
DTYPES |= {code: getattr(ml_dtypes, name, np.int8 if name.startswith("int") else np.uint8) for code, name in NARROW.items()}


class Dim(typing.NamedTuple):
    """A dim that is not known before the run. `known` says when it is: "input" (an input has it), "computed" (follows from others) or "result"."""

    name: str
    minimum: int
    maximum: int
    known: str
    index: int  # in Model.symbols


class Tensor(typing.NamedTuple):
    """An input or output. A dim is a number or a Dim; `bytes` counts those at their maxima."""

    name: str
    dtype: np.dtype
    dims: tuple
    bytes: int


class Memory(typing.NamedTuple):
    """What a session takes: IngotMemory of ingot.h."""

    arena_bytes: int
    session_bytes: int
    stack_bytes: int
    weight_bytes: int


def _tensors(infos, count: int, symbols) -> tuple:
    def dims(info):
        return tuple(dim if dim >= 0 else symbols[-1 - dim] for dim in info.dims[: info.rank])

    return tuple(Tensor(info.name.decode(), np.dtype(DTYPES[info.element_type]), dims(info), info.bytes) for info in infos[:count])


class Model:
    """A shared library made by `ingot compile --emit=shared`. Immutable; any number of sessions in any number of threads share it."""

    def __init__(self, path, weights=None):
        self.path = pathlib.Path(path)
        self.info = self._find()
        self.api = self.info.api.contents
        symbols = self.info.symbols[: self.info.symbol_count] if self.info.symbol_count else []
        kinds = ("input", "computed", "result", "room")
        self.symbols = tuple(Dim(s.name.decode(), s.minimum, s.maximum, kinds[s.kind], i) for i, s in enumerate(symbols))
        self.inputs = _tensors(self.info.inputs, self.info.input_count, self.symbols)
        self.outputs = _tensors(self.info.outputs, self.info.output_count, self.symbols)
        self.manifest = json.loads(self.info.manifest) if self.info.manifest else {}
        self.weights = ctypes.c_void_p()
        if self.info.weights_file:
            self._open_weights(weights or self.path.parent / self.info.weights_file.decode())
        elif weights:
            raise Error(Status.WRONG_WEIGHTS, f"{self.path}: the weights are in the library, not in a file")

    def _find(self):
        try:
            names = elf.model_symbols(self.path)
            if len(names) != 1:
                raise ValueError(f"it has {len(names)} models, not one")
            # A path without a folder would be looked for in the system's folders.
            info = abi.ModelInfo.in_dll(ctypes.CDLL(os.path.abspath(self.path)), names[0])
        except ValueError as error:
            raise Error(Status.INVALID_ARGUMENT, f"{self.path} is not a library of `ingot compile --emit=shared`: {error}") from None
        if info.abi_version != abi.VERSION or info.struct_size < ctypes.sizeof(abi.ModelInfo) or not info.api:
            raise Error(Status.INVALID_ARGUMENT, f"{self.path} has version {info.abi_version} of the C interface, this package knows {abi.VERSION}")
        return info

    def _open_weights(self, path) -> None:
        status = self.api.weights_open(ctypes.byref(self.info), os.fsencode(path), ctypes.byref(self.weights))
        reason = os.strerror(ctypes.get_errno()) if ctypes.get_errno() else "the file is not the one that the model was compiled with"
        abi.check(status, f"{path}: {reason}")
        # After every session: each holds the model.
        weakref.finalize(self, self.api.weights_close, ctypes.byref(self.weights))

    def memory_required(self, threads: int = 0, **dims: int) -> Memory:
        """What a session takes. Dims that are not given count with their maxima."""
        names = [symbol.name for symbol in self.symbols if symbol.known == "input"]
        for name in dims:
            if name not in names:
                raise Error(Status.INVALID_ARGUMENT, f"the model has no dim '{name}' to choose; there are {names}")
        values = (ctypes.c_int64 * max(1, len(self.symbols)))(*(dims.get(symbol.name, symbol.maximum) for symbol in self.symbols))
        memory, text = abi.MemoryInfo(), ctypes.create_string_buffer(256)
        options = self.options(threads, text)
        status = self.api.model_memory_required(ctypes.byref(self.info), ctypes.byref(options), values, ctypes.byref(memory))
        abi.check(status, text.value.decode())
        return Memory(*(getattr(memory, name) for name in Memory._fields))

    def options(self, threads: int, text, flags: int = 0) -> abi.Options:
        """IngotSessionOptions; `text` gets what went wrong and must live as long as they do."""
        options = abi.Options(struct_size=ctypes.sizeof(abi.Options), threads=threads, flags=flags, weights=self.weights)
        options.error_text = ctypes.cast(text, ctypes.c_char_p)
        options.error_text_bytes = len(text)
        return options

    def __repr__(self) -> str:
        return f"Model({str(self.path)!r}, inputs={list(self.inputs)}, outputs={list(self.outputs)})"
