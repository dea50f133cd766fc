# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pages of text, and what rapidocr-onnxruntime reads on them."""

import os
import pathlib
import sys
import zipfile

from PIL import Image, ImageDraw, ImageFont

import harness
import models

NAMES = ("ppocr-det", "ppocr-cls", "ppocr-rec")
PAPER, INK = (250, 248, 242), (25, 28, 40)

PAGE = """\
Ingot compiles a model into machine code before the program runs.
The quick brown fox jumps over the lazy dog near the river bank.
Invoice number 48213, dated 17 March 2025, total 1,284.50 EUR.
Every region owns its buffers, its tile and its partition.
Two columns of numbers were added: 3.14159 and 2.71828.
Please return the signed form to room 207 before Friday.
Rain is expected in the north, sunshine in the south.
A static arena holds all that the model computes.
The train to Hamburg leaves from platform 9 at 14:35.
Measure twice, cut once, and write down the result.
Her phone number is 030 5557 1234, extension 66.
Copper melts at 1085 degrees, iron at 1538 degrees.
All tests passed after 12 minutes on two cores.
Books, maps and letters lay open on the table.
This paragraph ends with a question, does it not?
Sugar, flour, butter, eggs and a pinch of salt.
The library opens at 9:00 and closes at 18:30.
Nothing in this line is longer than it must be.
Signed copies cost 25 dollars plus shipping.
Page 1 of 1, printed on recycled paper.""".splitlines()

COLUMNS = (
    ["Morning edition", "Weather: cold and dry", "Two models share a page", "This line stands on its head", "Short"],
    ["Evening edition", "Prices fell by 4.2 percent", "Letters to the editor", "Chess: white to move", "Number 1734"],
)
ON_ITS_HEAD = "This line stands on its head"


def write(text: str, size: int, gap: float) -> Image.Image:
    """How much ink lies where. `gap`: between words, in sizes; the models often miss the narrow spaces of this font."""
    font = ImageFont.load_default(size)
    words = text.split()
    starts = [round(font.getlength("".join(words[:i])) + gap * size * i) for i in range(len(words) + 1)]
    ink = Image.new("L", (starts[-1] + 8, size * 4 // 3), 0)
    for word, start in zip(words, starts):
        ImageDraw.Draw(ink).text((4 + start, 0), word, font=font, fill=255)
    return ink


def page() -> Image.Image:
    """Twenty lines, one below the other."""
    image = Image.new("RGB", (960, 1000), PAPER)
    for number, text in enumerate(PAGE):
        image.paste(INK, (40, 30 + 47 * number), write(text, 26, 0.42))
    return image


def columns() -> Image.Image:
    """Two columns, the right one larger and a little crooked, a line upside down, one from bottom to top."""
    image = Image.new("RGB", (900, 420), PAPER)
    for column, lines in enumerate(COLUMNS):
        for number, text in enumerate(lines):
            angle = 180 if text == ON_ITS_HEAD else 2.5 * column
            line = write(text, 22 + 4 * column, 0.3).rotate(angle, expand=True, resample=Image.Resampling.BICUBIC)
            image.paste(INK, (30 + 400 * column, 20 + 72 * number), line)
    image.paste(INK, (850, 40), write("From bottom to top", 26, 0.25).transpose(Image.Transpose.ROTATE_90))
    return image


def build(folder: pathlib.Path) -> harness.Outcome:
    """Makes the program `ocr` of examples/embed-cpp-ocr in a copy of its folder, as its users do."""
    paths = [models.prepare(model) for model in models.find(NAMES)]
    command = ["make", "-C", folder, *(f"{name}={path}" for name, path in zip(("DET", "CLS", "REC"), paths)), f"PYTHON={sys.executable}"]
    command += [f"INGOT_INCLUDE={harness.ROOT / 'runtime/include'}", "CXXFLAGS=-O2 -Wall -Wextra -Werror"]
    return harness.execute(command, env={**os.environ, "INGOT": str(harness.INGOT)})


def peer(threads: int = 1):
    """rapidocr-onnxruntime itself, out of the package that the models are from."""
    package = models.find(NAMES[:1])[0].package
    folder = models.FOLDER / package.replace("==", "-")
    if not folder.exists():
        partial = folder.with_suffix(".partial")
        with zipfile.ZipFile(models.download(package)) as wheel:
            wheel.extractall(partial)
        partial.rename(folder)
    sys.path.insert(0, str(folder))
    import cv2
    from rapidocr_onnxruntime import RapidOCR

    cv2.setNumThreads(threads)
    return RapidOCR(intra_op_num_threads=threads, inter_op_num_threads=1)


def lines_of(engine, path) -> list:
    """(corners, score, text) of each line."""
    found, _ = engine(str(path))
    return [(box, score, text) for box, text, score in found or []]
