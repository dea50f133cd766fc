#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prints the characters that a PP-OCR recogniser knows, one per line, as a string literal of C++: alphabet.py MODEL.onnx"""

import sys

import onnx

entries = {entry.key: entry.value for entry in onnx.load(sys.argv[1]).metadata_props}
for character in entries["character"].splitlines():
    escaped = character.replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?")
    sys.stdout.buffer.write(f'"{escaped}\\n"\n'.encode())
