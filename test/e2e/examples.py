#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Builds and runs what is in examples/, as its users do, in a copy of its folder.

    test/e2e/examples.py                     everything
    test/e2e/examples.py --filter 'embed.*'  only these
"""

import argparse
import os
import re
import shutil
import subprocess
import sys

import numpy as np
from PIL import Image

import harness
import models
import ocr
import voice

ENVIRONMENT = {**os.environ, "INGOT": str(harness.INGOT)}


def copy_of(name: str, folder):
    return shutil.copytree(harness.ROOT / "examples" / name, folder / name)


def quickstart(_folder):
    done = harness.execute([harness.ROOT / "examples/quickstart.sh"], env={**ENVIRONMENT, "INGOT_SKIP_BUILD": "1"})
    print(done.out, flush=True)
    return None if done.code == 0 else f"ended with {done.code}: {done.text()}"


def embed_c(folder):
    done = harness.execute(["make", "-C", copy_of("embed-c", folder), "run", "CFLAGS=-Wall -Wextra -Werror"], env=ENVIRONMENT)
    if done.code != 0:
        return f"make ended with {done.code}: {done.text()}"
    lines = [line for line in done.out.splitlines() if " xor " in line]
    expected = ["0 xor 0 = 0", "0 xor 1 = 1", "1 xor 0 = 1", "1 xor 1 = 0"]
    return None if lines == expected else f"printed {lines}"


def embed_python(folder):
    """One library reads lines of three widths."""
    here, model = copy_of("embed-python", folder), models.prepare(models.find(["ppocr-rec"])[0])
    dims = ["p2o.DynamicDimension.0=1", "x_dim2=48", "p2o.DynamicDimension.1=16..2048"]
    made = harness.compile_model(model, here / "libocr_rec.so", extra=["--emit=shared", *(f"--dim={dim}" for dim in dims)])
    if made.code != 0:
        return made.text()
    texts = ["Hi", "Ingot compiles models", "One library for lines of any width, 48 x 1234"]
    environment = {**ENVIRONMENT, "PYTHONPATH": str(harness.ROOT / "runtime/python"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = harness.execute([sys.executable, here / "read_line.py", model, here / "libocr_rec.so", "--draw", *texts], env=environment)
    if done.code != 0:
        return f"ended with {done.code}: {done.text()}"
    lines = [line.split(": ", 1) for line in done.out.splitlines()]
    if len({head for head, _ in lines}) != len(texts):
        return f"not a width of its own for each line: {lines}"
    read = [text.strip() for _, text in lines]
    return None if read == texts else f"reads {read}"


def voice_activity(folder):
    """The probabilities of ONNX Runtime, and the two pieces of speech where they are."""
    here, model = copy_of("voice-activity", folder), models.prepare(models.find(["silero-vad"])[0])
    built = harness.execute(["make", "-C", here, f"MODEL={model}", "CFLAGS=-Wall -Wextra -Werror -fsanitize=undefined -g"], env=ENVIRONMENT)
    if built.code != 0:
        return f"make ended with {built.code}: {built.text()}"
    program, samples = here / "voice-activity", voice.sound()[:-100]  # not a whole number of chunks
    voice.write(here / "sound.wav", samples)
    content = (here / "sound.wav").read_bytes()
    # A block of odd length before the samples, through a pipe.
    noted = content[:36] + b"LIST\3\0\0\0abc\0" + content[36:]
    done = subprocess.run([program, "--probabilities", "-"], input=noted, capture_output=True, timeout=60, check=False)
    if done.returncode != 0 or done.stderr:
        return f"ended with {done.returncode}: {done.stderr.decode()}"
    got, expected = np.array(done.stdout.split(), np.float64), voice.oracle(model, samples)
    if got.shape != expected.shape or not np.abs(got - expected).max() <= 1e-4:
        return f"{len(got)} probabilities of {len(expected)}, off by up to {np.abs(got[: len(expected)] - expected[: len(got)]).max():.1e}"
    found = [[float(second) for second in line.split(" - ")] for line in harness.execute([program, here / "sound.wav"]).out.splitlines()]
    if np.shape(found) != np.shape(voice.SPOKEN) or np.abs(np.subtract(found, voice.SPOKEN)).max() > 0.25:
        return f"finds speech at {found}, it is at {voice.SPOKEN}"
    voice.write(here / "slow.wav", samples, 8000)
    (here / "cut.wav").write_bytes(content[:30])
    (here / "text.wav").write_text("no sound")
    for name, text in (("slow", "at 16 kHz"), ("cut", "is cut"), ("text", "not a WAV"), ("missing", "cannot be opened")):
        done = harness.execute([program, here / f"{name}.wav"])
        if done.code != 1 or text not in done.err:
            return f"{name}.wav ended with {done.code}: {done.text()}"
    return None


def lines_that_differ(engine, program, picture):
    """None if the program reads what rapidocr reads, in the same places."""
    expected = ocr.lines_of(engine, picture)
    done = harness.execute([program, "--threads=2", picture])
    if done.code != 0 or done.err:
        return f"{picture.name} ended with {done.code}: {done.text()}"
    got = [line.split("\t") for line in done.out.splitlines()]
    texts = [text for _, _, text in expected]
    if [line[2] for line in got] != texts:
        return f"{picture.name}: reads {[line[2] for line in got]}, rapidocr {texts}"
    corners = np.array([[corner.split(",") for corner in line[0].split()] for line in got], float).reshape(-1, 4, 2)
    off = np.abs(corners - np.array([box for box, _, _ in expected]).reshape(-1, 4, 2)).max(initial=0)
    # OpenCV's minAreaRect may end on the next pixel in another version.
    return None if off <= 2 else f"{picture.name}: corners are off by {off} pixels"


def embed_cpp_ocr(folder):
    """The text of rapidocr on three pages, the boxes drawn, and what is wrong with pictures that are none."""
    here = copy_of("embed-cpp-ocr", folder)
    made = ocr.build(here)
    if made.code != 0:
        return f"make ended with {made.code}: {made.text()}"
    program, engine = here / "ocr", ocr.peer()
    ocr.page().save(here / "page.png")
    ocr.columns().save(here / "columns.png")
    ocr.page().crop((0, 400, 960, 440)).convert("L").save(here / "strip.png")  # so flat that rows are added
    for name in ("page", "columns", "strip"):
        if complaint := lines_that_differ(engine, program, here / f"{name}.png"):
            return complaint
    read = harness.execute([program, here / "page.png"]).out
    if len(read.splitlines()) != len(ocr.PAGE) or sum(f"\t{text}\n" in read for text in ocr.PAGE) < 15:
        return f"page.png is not as legible as it should be: {read}"
    if ocr.ON_ITS_HEAD.replace(" ", "") not in harness.execute([program, here / "columns.png"]).out.replace(" ", ""):
        return "the line on its head is not read: the page tests nothing"

    done = harness.execute([program, f"--draw={here / 'drawn.png'}", here / "columns.png"])
    before, after = (np.asarray(Image.open(here / name).convert("RGB"), int) for name in ("columns.png", "drawn.png"))
    x, y = (int(number) for number in done.out.split()[0].split(","))  # the first corner of the first box
    red = after[max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3]
    if before.shape != after.shape or not ((red[..., 0] > 200) & (red[..., 2] < 60)).any():
        return f"no box at {x},{y} of drawn.png"
    blank = ocr.page().crop((0, 0, 960, 20))
    blank.save(here / "blank.png")
    done = harness.execute([program, here / "blank.png"])
    if done.code != 0 or done.out or done.err:
        return f"blank.png ended with {done.code}: {done.text()}"
    (here / "text.png").write_text("no picture, but longer than a signature")
    (here / "short.png").write_bytes(b"\x89PNG")
    (here / "cut.png").write_bytes((here / "page.png").read_bytes()[:2000])
    for name, told in (("text", "not a PNG file"), ("short", "not a PNG file"), ("missing", "No such file"), ("cut", "cut.png: ")):
        done = harness.execute([program, here / f"{name}.png"])
        if done.code != 1 or told not in done.err or done.out:
            return f"{name}.png ended with {done.code}: {done.text()}"
    for words in ([], ["--threads=0", "page.png"], ["--colour", "page.png"], ["a.png", "b.png"]):
        done = harness.execute([program, *words])
        if done.code != 2 or "usage:" not in done.err:
            return f"{words} ended with {done.code}: {done.text()}"
    return None


CASES = [quickstart, embed_c, embed_python, embed_cpp_ocr, voice_activity]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--filter", default="", help="regular expression of case names, as in 'embed-.*'")
    wanted = re.compile(parser.parse_args().filter)
    harness.need_ingot()
    report = harness.Report()
    folder = harness.scratch("examples")
    for case in CASES:
        name = case.__name__.replace("_", "-")
        if wanted.match(name):
            report.case(f"examples/{name}", case(folder))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
