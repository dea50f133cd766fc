# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The structures of runtime/include/ingot/model.h and ingot.h for ctypes, and how a status becomes an exception.

Functions are called through the table in the model (IngotModel.api), as C programs do, so a library's prefix matters for one symbol alone.
"""

import ctypes
import enum
from ctypes import POINTER, c_char_p, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p

VERSION = 1


class Status(enum.IntEnum):
    """Why a call did not do what was asked; the table in docs/Embedding.md says what to do."""

    OK = 0
    INVALID_ARGUMENT = 1
    OUT_OF_MEMORY = 2
    UNSUPPORTED_MACHINE = 3
    THREAD_FAILURE = 4
    RUN_FAILURE = 5
    BUSY = 6
    CANCELLED = 7
    ARENA_TOO_SMALL = 8
    MISALIGNED = 9
    OVERLAP = 10
    WRONG_SHAPE = 11
    WRONG_WEIGHTS = 12
    NOT_CONTIGUOUS = 13


class Error(RuntimeError):
    """A call that failed. `status` says in which way."""

    def __init__(self, status: Status, text: str):
        super().__init__(status, text)  # all of it, or it could not be sent to another process
        self.status = status

    def __str__(self) -> str:
        return self.args[1]


def check(status: int, text: str) -> None:
    """Raises when `status` is not OK. A status of a newer runtime is INVALID_ARGUMENT with its number in the text."""
    if status == Status.OK:
        return
    known = status in Status._value2member_map_
    reason = Status(status) if known else Status.INVALID_ARGUMENT
    raise Error(reason, text or (reason.name.lower().replace("_", " ") if known else f"status {status}"))


class TensorInfo(ctypes.Structure):
    _fields_ = [("name", c_char_p), ("dims", POINTER(c_int64)), ("bytes", c_uint64), ("element_type", c_int32), ("rank", c_int32)]


INPUT, COMPUTED, RESULT, ROOM = range(4)  # kinds of symbols


class Symbol(ctypes.Structure):
    _fields_ = [("name", c_char_p), ("minimum", c_int64), ("maximum", c_int64), ("kind", c_int32), ("reserved", c_int32)]


class Variant(ctypes.Structure):
    _fields_ = [
        ("name", c_char_p),
        ("run", c_void_p),
        ("arena_bytes", c_uint64),
        ("features", c_uint64),
        ("prepare", ctypes.CFUNCTYPE(c_int64, POINTER(c_int64))),
        ("value_count", c_uint64),
    ]


class Options(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("threads", c_uint32),
        ("flags", c_uint32),
        ("reserved", c_uint32),
        ("allocate", c_void_p),
        ("release", c_void_p),
        ("user", c_void_p),
        ("arena", c_void_p),
        ("arena_bytes", c_uint64),
        ("pool", c_void_p),
        ("weights", c_void_p),
        ("error_text", c_char_p),
        ("error_text_bytes", c_size_t),
    ]


class MemoryInfo(ctypes.Structure):
    _fields_ = [("arena_bytes", c_uint64), ("session_bytes", c_uint64), ("stack_bytes", c_uint64), ("weight_bytes", c_uint64)]


class RunTensor(ctypes.Structure):
    _fields_ = [("data", c_void_p), ("dims", POINTER(c_int64)), ("strides", POINTER(c_int64))]


def function(result, *arguments):
    """The type of a C function. Calls release Python's lock, and keep errno where Python can ask for it."""
    return ctypes.CFUNCTYPE(result, *arguments, use_errno=True)


PROFILE = 1 << 4  # INGOT_PROFILE
TRACE, TABLE = range(2)  # IngotProfileFormat
WRITE = ctypes.CFUNCTYPE(None, c_void_p, POINTER(ctypes.c_char), c_size_t)


class ModelInfo(ctypes.Structure):
    pass  # its fields follow: the table of functions takes pointers to it


class Api(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("abi_version", c_uint32),
        ("model_variant", function(POINTER(Variant), POINTER(ModelInfo))),
        ("model_memory_required", function(c_int32, POINTER(ModelInfo), POINTER(Options), POINTER(c_int64), POINTER(MemoryInfo))),
        ("weights_open", function(c_int32, POINTER(ModelInfo), c_char_p, POINTER(c_void_p))),
        ("weights_close", function(None, POINTER(c_void_p))),
        ("session_open", function(c_int32, POINTER(ModelInfo), POINTER(Options), POINTER(c_void_p))),
        ("session_close", function(None, POINTER(c_void_p))),
        ("session_run", function(c_int32, c_void_p, c_void_p, c_void_p)),
        ("session_run_tensors", function(c_int32, c_void_p, POINTER(RunTensor), POINTER(RunTensor))),
        ("session_cancel", function(None, c_void_p)),
        ("session_error", function(c_char_p, c_void_p)),
        ("session_threads", function(c_uint32, c_void_p)),
        ("session_values", function(POINTER(c_int64), c_void_p)),
        ("session_output", function(c_void_p, c_void_p, c_uint32)),
        ("session_profile", c_void_p),
        ("session_profile_write", function(c_int32, c_void_p, c_int32, WRITE, c_void_p)),
    ]


ModelInfo._fields_ = [
    ("struct_size", c_uint32),
    ("abi_version", c_uint32),
    ("manifest", c_char_p),
    ("inputs", POINTER(TensorInfo)),
    ("outputs", POINTER(TensorInfo)),
    ("variants", POINTER(Variant)),
    ("weights", c_void_p),
    ("weight_bytes", c_uint64),
    ("input_count", c_uint32),
    ("output_count", c_uint32),
    ("variant_count", c_uint32),
    ("symbol_count", c_uint32),
    ("symbols", POINTER(Symbol)),
    ("sites", POINTER(c_char_p)),
    ("site_count", c_uint32),
    ("relation_count", c_uint32),
    ("api", POINTER(Api)),
    ("weights_file", c_char_p),
    ("weights_hash", c_uint64),
    ("relations", POINTER(c_char_p)),
]
