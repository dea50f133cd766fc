#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reads lines of text with a compiled PP-OCR recogniser, each picture at its own width: one library, one session, any width in its range.

    read_line.py MODEL.onnx LIBRARY PICTURE...        the ONNX file is read for its alphabet only
    read_line.py MODEL.onnx LIBRARY --draw TEXT...    draws the lines first
"""

import argparse

import ingot_runtime
import numpy as np
import onnx
from PIL import Image, ImageDraw, ImageFont

HEIGHT = 48


def draw(text: str) -> Image.Image:
    font = ImageFont.load_default(36)
    left, top, right, bottom = font.getbbox(text)
    image = Image.new("RGB", (right - left + 16, bottom - top + 16), (245, 243, 238))
    ImageDraw.Draw(image).text((8 - left, 8 - top), text, font=font, fill=(25, 30, 45))
    return image


def tensor_of(image: Image.Image, widths: ingot_runtime.Dim) -> np.ndarray:
    """What PP-OCR's recogniser expects: height 48 in proportion, BGR, -1 to 1. Too narrow or too wide pictures are stretched."""
    width = min(max(round(image.width * HEIGHT / image.height), widths.minimum), widths.maximum)
    pixels = np.asarray(image.convert("RGB").resize((width, HEIGHT), Image.Resampling.BILINEAR), np.float32)[:, :, ::-1]
    return np.ascontiguousarray((pixels / 127.5 - 1).transpose(2, 0, 1)[None])


def decode(probabilities: np.ndarray, alphabet: list[str]) -> str:
    """Greedy CTC: the best class of every column, repeats merged, class 0 (blank) dropped."""
    best = probabilities.argmax(axis=1)
    return "".join(alphabet[index] for index, before in zip(best, [0, *best[:-1]]) if index not in (0, before))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("library")
    parser.add_argument("lines", nargs="+", metavar="PICTURE")
    parser.add_argument("--draw", action="store_true", help="the lines are text, not files")
    options = parser.parse_args()
    properties = {entry.key: entry.value for entry in onnx.load(options.model).metadata_props}
    alphabet = ["", *properties["character"].splitlines(), " "]

    model = ingot_runtime.Model(options.library)
    (x,), (y,) = model.inputs, model.outputs
    with ingot_runtime.Session(model, threads=1) as session:
        for line in options.lines:
            picture = tensor_of(draw(line) if options.draw else Image.open(line), widths=x.dims[3])
            probabilities = session.run({x.name: picture})[y.name]
            print(f"{picture.shape[3]:5} pixels, {probabilities.shape[1]:4} columns: {decode(probabilities[0], alphabet)}")


if __name__ == "__main__":
    main()
