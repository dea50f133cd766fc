# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which model a shared library holds: its one data symbol `<prefix>_model`, whatever the file is called now."""

import mmap
import os
import struct

DYNAMIC_SYMBOLS, DATA = 11, 1  # a section's type, a symbol's type


def _symbols(data):
    """The names of the data symbols that a 64-bit little-endian ELF file exports."""
    sections, size, count = struct.unpack_from("<Q", data, 40)[0], *struct.unpack_from("<HH", data, 58)
    headers = [struct.unpack_from("<IIQQQQIIQQ", data, sections + i * size) for i in range(count)]
    for header in headers:
        if header[1] != DYNAMIC_SYMBOLS:
            continue
        begin, length, strings = header[4], header[5], headers[header[6]][4]
        for at in range(begin, begin + length, 24):
            name, info, _, section = struct.unpack_from("<IBBH", data, at)
            if info & 15 == DATA and section != 0:
                yield data[strings + name : data.find(b"\0", strings + name)].decode()


def model_symbols(path) -> list[str]:
    """Every exported `<prefix>_model`. ValueError when the file is not a shared library of this kind."""
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size < 64:
            raise ValueError("too short for a shared library")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            if data[:6] != b"\x7fELF\x02\x01":
                raise ValueError("not a 64-bit shared library")
            try:
                return [name for name in _symbols(data) if name.endswith("_model")]
            except (struct.error, IndexError) as error:
                raise ValueError(f"damaged: {error}") from None
