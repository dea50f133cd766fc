#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pictures and texts as samples of `ingot quantize`, `prune` and `compile`: the same files as with the same tensors in an .npz file; tokens as the
package `tokenizers` has them; what is refused.

    test/e2e/samples.py                      everything
    test/e2e/samples.py --filter 'tokens.*'  only these
"""

import json
import pathlib
import random
import shutil
import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from tokenizers import AddedToken, BertWordPieceTokenizer, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

import harness

info = helper.make_tensor_value_info
TOKENIZE = harness.INGOT.parents[1] / "test" / "tokenize"


def weights(seed, *shape):
    depth = np.prod(shape[1:]) if len(shape) > 2 else shape[0]
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32) / np.float32(np.sqrt(depth))


def model(nodes, inputs, outputs, constants):
    graph = helper.make_graph(nodes, "g", inputs, outputs, [numpy_helper.from_array(value, name) for name, value in constants.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def convolutions(shape, element=TensorProto.FLOAT) -> onnx.ModelProto:
    """[N, 3, H, W] -> ten numbers."""
    nodes = [
        helper.make_node("Cast", ["x"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Conv", ["f", "w1"], ["c"], name="stem", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("GlobalAveragePool", ["r"], ["g"]),
        helper.make_node("Flatten", ["g"], ["v"]),
        helper.make_node("Gemm", ["v", "w2"], ["y"], name="head", transB=1),
    ]
    return model(nodes, [info("x", element, shape)], [info("y", TensorProto.FLOAT, [shape[0], 10])],
                 {"w1": weights(1, 16, 3, 3, 3), "w2": weights(2, 10, 16)})


def language(batch="n", tokens="s", element=TensorProto.INT64, extra=()) -> onnx.ModelProto:
    """Ids, mask and types -> the mean of the words behind a product: what a padded word holds does not count."""
    shape = [batch, tokens]
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["e"]),
        helper.make_node("Gather", ["kinds", "token_type_ids"], ["k"]),
        helper.make_node("Add", ["e", "k"], ["a"]),
        helper.make_node("MatMul", ["a", "w"], ["p"], name="up"),
        helper.make_node("Cast", ["attention_mask"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["f", "last"], ["m"]),
        helper.make_node("Mul", ["p", "m"], ["q"]),
        helper.make_node("ReduceSum", ["q", "one"], ["y"], keepdims=0),
    ]
    inputs = [info(name, element, shape) for name in ("input_ids", "attention_mask", "token_type_ids", *extra)]
    constants = {"table": weights(3, 2600, 32), "kinds": weights(4, 2, 32), "w": weights(5, 32, 24), "last": np.array([2]), "one": np.array([1])}
    return model(nodes, inputs, [info("y", TensorProto.FLOAT, [batch, 24])], constants)


SAID = [
    "Hello, World! It's the naïve café's résumé — déjà vu.", "日本語のテキストと漢字、カタカナ。", "Ελληνικά και Кириллица, İstanbul ıI",
    "emoji 👩‍👩‍👧‍👦 😀🇩🇪 ok☂️", "tabs\tand\u00a0hard\u3000blanks   ", "control \x01\x02\x7f chars \u200b zero\u200dwidth \ufeff mark \ufffd",
    "[CLS] in text [SEP] and [MASK]ed [UNK]", "don't we'll I'VE can't 's 'S 12345 1,234.56 $100 + 3^4 `x` ~y|z", "한국어 텍스트 각", "ﬁ ligature Å ℌ ½ ②",
    "e\u0301 combining a\u0308", "a" * 150, "العربية והעברית", "ไทย ภาษา", "ſtraße ẞ ŉ", "#include <x> // code_with_underscores", "...!!??",
    "  leading", "trailing  ", "\r return \x0b tab \x85 next", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𐍈", "x\u2028y\u2029z", "word words sword a word <mask>  b",
]  # fmt: skip


def lines() -> list:
    """About 300 lines of many scripts, the same every time."""
    dice = random.Random(1)
    blocks = [(32, 0x250), (0x370, 0x530), (0x4E00, 0x4E80), (0x1F600, 0x1F650), (0xAC00, 0xAC30), (0x300, 0x310)]
    letters = [chr(c) for low, high in blocks for c in range(low, high) if c != 0x7F] + ["\t", "\u00a0", "\u2003", "\u3000"]
    noise = ["".join(dice.choice(letters) + dice.choice(["", "", "", " ", "a", "bc"]) for _ in range(dice.randrange(1, 40))) for _ in range(280)]
    return SAID + noise


GPT2 = pre_tokenizers.ByteLevel(add_prefix_space=False)
WORDS_OF_LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
LLAMA3 = pre_tokenizers.Sequence([
    pre_tokenizers.Split(Regex(WORDS_OF_LLAMA3), "isolated"),
    pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
])  # fmt: skip


def word_pieces(folder, lower) -> pathlib.Path:
    """The vocabulary of a trained tokenizer of BERT's kind, a token in each line."""
    tokenizer = BertWordPieceTokenizer(lowercase=lower)
    tokenizer.train_from_iterator(lines(), vocab_size=2500, min_frequency=1, show_progress=False)
    tokenizer.save_model(str(folder), "small" if lower else "capital")
    return folder / f"{'small' if lower else 'capital'}-vocab.txt"


def byte_pairs(folder, name, words, normalizer=None, post=None, **options) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(**options))
    tokenizer.pre_tokenizer = words
    if normalizer:
        tokenizer.normalizer = normalizer
    letters = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=1500, initial_alphabet=letters, special_tokens=["<s>", "</s>"], show_progress=False)
    tokenizer.train_from_iterator(lines(), trainer)
    if post:
        tokenizer.post_processor = post
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True)])
    tokenizer.add_tokens(["naïve", AddedToken("word", single_word=True)])
    tokenizer.save(str(folder / f"{name}.json"))
    return tokenizer


class Bench:
    def __init__(self, folder: pathlib.Path):
        self.folder = folder

    def save(self, proto, name) -> pathlib.Path:
        onnx.save(proto, self.folder / f"{name}.onnx")
        return self.folder / f"{name}.onnx"

    def ingot(self, *words) -> harness.Outcome:
        return harness.execute([harness.INGOT, *words], timeout=300, cwd=self.folder)

    def static(self, source, name, *options) -> onnx.ModelProto:
        done = self.ingot("quantize", source, "-o", f"{name}.onnx", "--mode=static", *options)
        assert done.code == 0, f"ingot quantize {options} ended with {done.code}: {done.text()}"
        return onnx.load(self.folder / f"{name}.onnx")

    def pictures(self, folder="photos", count=5, size=(20, 14)) -> list:
        """PNG and JPEG files of smooth noise, and how `ingot run` names them."""
        (self.folder / folder).mkdir()
        names = []
        for i in range(count):
            noise = np.random.default_rng(i).integers(0, 256, (4, 5, 3), np.uint8)
            names.append(f"{folder}/{i}.{('png', 'JPG', 'jpeg')[i % 3]}")
            Image.fromarray(noise).resize(size, Image.BICUBIC).save(self.folder / names[-1], format="PNG" if i % 3 == 0 else "JPEG")
        return names

    def refused(self, code, source, *options, said=(), command="quantize"):
        """A command that fails: exit code, words of the message, and no file."""
        mode = ("--mode=static",) if command == "quantize" else ()
        done = self.ingot(command, source, "-o", "refused.onnx", *mode, *options)
        missing = [word for word in said if word not in done.err]
        assert done.code == code and not missing, f"{options}: exit code {done.code}, expected {code}; no {missing} in: {done.text()}"
        assert not list(self.folder.glob("refused*")), f"{options}: left a file"


def same(one: onnx.ModelProto, other: onnx.ModelProto, what):
    assert one.SerializeToString() == other.SerializeToString(), f"{what}: the models differ"


def pictures_are_tensors(b: Bench):
    """A folder gives the same model as the tensors that `ingot run --image` makes of its files."""
    names = b.pictures()
    options = ("--mean", "123.7,116.3,103.5", "--scale", "1/58.4,1/57.1,0.0175", "--channels", "bgr")
    for name, shape, said in (("fixed", [1, 3, 16, 12], options), ("open", ["n", 3, "h", "w"], ()), ("bytes", [1, 3, 9, 11], ())):
        source = b.save(convolutions(shape, TensorProto.UINT8 if name == "bytes" else TensorProto.FLOAT), name)
        tensors = []
        for picture in names:
            done = b.ingot("run", source, "-O0", "--image", picture, *said, "--save-inputs", "one.npz")
            assert done.code == 0, done.text()
            tensors.append(np.load(b.folder / "one.npz")["x"])
        np.savez(b.folder / f"{name}.npz", x=np.concatenate(tensors))
        expected = b.static(source, "expected", f"--calibration={name}.npz")
        same(b.static(source, "got", "--calibration=photos", *said), expected, name)
        files = [f"--calibration={picture}" for picture in names]
        same(b.static(source, "got", *files, *said), expected, f"{name}, file by file")
        if said:
            other = b.static(source, "other", "--calibration=photos")
            assert other.SerializeToString() != expected.SerializeToString(), "mean and scale change nothing"


def pictures_in_batches(b: Bench):
    """A model of two pictures sees five of them as three batches, the last of which begins again with the first."""
    names = b.pictures()
    one, two = b.save(convolutions([1, 3, 16, 12]), "one"), b.save(convolutions([2, 3, 16, 12]), "two")
    tensors = []
    for picture in names:
        assert b.ingot("run", one, "-O0", "--image", picture, "--save-inputs", "one.npz").code == 0
        tensors.append(np.load(b.folder / "one.npz")["x"])
    np.savez(b.folder / "two.npz", x=np.concatenate(tensors + tensors[:1]))
    same(b.static(two, "got", "--calibration=photos"), b.static(two, "expected", "--calibration=two.npz"), "batches of two")


def by_length(encodings) -> list:
    """The order in which texts with lengths of their own are visited: lengths as they come first."""
    lengths = [len(encoding.ids) for encoding in encodings]
    return sorted(encodings, key=lambda encoding: lengths.index(len(encoding.ids)))


def tensors_of(encodings, length=None, pad=0) -> dict:
    """What BERT gets for some texts, padded to the longest of them, or to `length`."""
    width = length or max(len(encoding.ids) for encoding in encodings)
    fill = lambda rows, value: np.array([row + [value] * (width - len(row)) for row in rows], np.int64)
    return {
        "input_ids": fill([encoding.ids for encoding in encodings], pad),
        "attention_mask": fill([[1] * len(encoding.ids) for encoding in encodings], 0),
        "token_type_ids": fill([encoding.type_ids for encoding in encodings], 0),
    }


def write_texts(b: Bench) -> list:
    """A folder of two files, with blank lines, ends of lines as Windows has them and a byte order mark; the texts of both."""
    texts = [text for text in SAID if "\r" not in text]
    (b.folder / "texts").mkdir()
    half = len(texts) // 2
    (b.folder / "texts" / "a.txt").write_bytes("\n\n".join(texts[:half]).encode())
    (b.folder / "texts" / "b.txt").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(texts[half:]).encode() + b"\r\n \r\n")
    return texts


def texts_are_tensors(b: Bench):
    """A folder of lines gives the same model as its tokens in .npz files."""
    texts = write_texts(b)
    vocabulary = word_pieces(b.folder, lower=True)
    tokenizer = BertWordPieceTokenizer(str(vocabulary), lowercase=True)
    tokenizer.save(str(b.folder / "tokenizer.json"))
    pad = tokenizer.token_to_id("[PAD]")
    given = ("--calibration=texts", f"--tokenizer={vocabulary}")
    # Each line at its own length, where the dims are open.
    source = b.save(language(), "open")
    (b.folder / "own").mkdir()
    for i, encoding in enumerate(by_length(tokenizer.encode_batch(texts))):
        np.savez(b.folder / "own" / f"{i:03}.npz", **tensors_of([encoding]))
    expected = b.static(source, "expected", "--calibration=own")
    same(b.static(source, "got", *given), expected, "own lengths")
    same(b.static(source, "got", "--calibration=texts", "--tokenizer=tokenizer.json"), expected, "tokenizer.json")
    # Cut and padded: by the model, and by an option.
    tokenizer.enable_truncation(max_length=12)
    np.savez(b.folder / "twelve.npz", **tensors_of(tokenizer.encode_batch(texts), 12, pad))
    fixed = b.save(language(1, 12), "fixed")
    same(b.static(fixed, "got", *given), b.static(fixed, "expected", "--calibration=twelve.npz"), "the model's length")
    same(b.static(source, "got", *given, "--tokens=12"), b.static(source, "expected", "--calibration=twelve.npz"), "--tokens")
    tokenizer.save(str(b.folder / "cut.json"))  # which says where it cuts
    (b.folder / "cut").mkdir()
    for i, encoding in enumerate(by_length(tokenizer.encode_batch(texts))):
        np.savez(b.folder / "cut" / f"{i:03}.npz", **tensors_of([encoding]))
    cut = b.static(source, "got", "--calibration=texts", "--tokenizer=cut.json")
    same(cut, b.static(source, "expected", "--calibration=cut"), "the file's length")
    # Batches of two, of 32 bits.
    narrow = b.save(language(2, 12, TensorProto.INT32), "narrow")
    rows = texts + texts[: len(texts) % 2]
    np.savez(b.folder / "pairs.npz", **{name: value.astype(np.int32) for name, value in tensors_of(tokenizer.encode_batch(rows), 12, pad).items()})
    same(b.static(narrow, "got", *given), b.static(narrow, "expected", "--calibration=pairs.npz"), "batches of two")


def every_command(b: Bench):
    """Samples of all kinds go wherever samples go."""
    write_texts(b)
    b.pictures()
    given = ("--calibration=texts", f"--tokenizer={word_pieces(b.folder, lower=False)}", "--tokens=16")
    source, sees = b.save(language(), "language"), b.save(convolutions([1, 3, 16, 12]), "sees")
    np.savez(b.folder / "x.npz", x=np.random.default_rng(1).random((3, 3, 16, 12), dtype=np.float32))
    for words in (
        ("prune", source, "-o", "p.onnx", "--sparsity=0.5", "--method=wanda", *given),
        ("prune", sees, "-o", "p.onnx", "--sparsity=0.5", "--pattern=unstructured", "--method=sparsegpt", "--calibration=photos", "--mean=100"),
        ("quantize", source, "-o", "q.onnx", "--mode=dynamic", "--report=r.json", "--measure-on=texts", *given[1:]),
        ("quantize", sees, "-o", "q.onnx", "--calibration=x.npz", "--measure-on=photos", "--scale=1/255", "--min-cosine=0.9"),
        ("compile", source, "-o", "program", "--quantize=static", "--dim", "n=1", "--dim", "s=16", *given),
        ("compile", source, "-o", "program", "--prune=0.5", "--prune-method=wanda", "--dim", "n=1", "--dim", "s=16", *given),
        ("compile", sees, "--search", "--time-budget=1s", "--calibration=photos", "--channels=bgr"),
    ):
        done = b.ingot(*words)
        assert done.code == 0, f"{words} ended with {done.code}: {done.text()}"


def tokens_equal(b: Bench):
    """Tokenizers of both kinds give the tokens that the package `tokenizers` gives, line by line."""
    all_lines = lines()
    (b.folder / "lines.txt").write_bytes("\n".join(all_lines).encode())

    def compare(name, path, tokenizer):
        done = subprocess.run([TOKENIZE, path, b.folder / "lines.txt"], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{name}: {done.stderr}"
        got = [[int(word) for word in line.split()] for line in done.stdout.split("\n")[: len(all_lines)]]
        for line, mine, its in zip(all_lines, got, tokenizer.encode_batch(all_lines), strict=True):
            assert mine == its.ids, f"{name}: {line!r} is {mine}, expected {its.ids} ({its.tokens})"

    for lower in (True, False):
        path = word_pieces(b.folder, lower)
        tokenizer = BertWordPieceTokenizer(str(path), lowercase=lower)
        compare(f"vocab.txt, lower case {lower}", path, tokenizer)
        tokenizer.save(str(b.folder / "bert.json"))
        compare(f"WordPiece, lower case {lower}", b.folder / "bert.json", tokenizer)
    ends = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 1)])
    for name, tokenizer in {
        "gpt2": byte_pairs(b.folder, "gpt2", GPT2, post=processors.ByteLevel(trim_offsets=False)),
        "roberta": byte_pairs(b.folder, "roberta", pre_tokenizers.ByteLevel(), post=processors.RobertaProcessing(("</s>", 1), ("<s>", 0))),
        "llama3": byte_pairs(b.folder, "llama3", LLAMA3, post=processors.Sequence([processors.ByteLevel(), ends]), ignore_merges=True),
        "qwen": byte_pairs(b.folder, "qwen", LLAMA3, normalizer=normalizers.NFC()),
    }.items():
        compare(name, b.folder / f"{name}.json", tokenizer)


def bad_pictures(b: Bench):
    b.pictures(count=2)
    source = b.save(convolutions([1, 3, 16, 12]), "sees")
    photos = "--calibration=photos"
    (b.folder / "empty").mkdir()
    (b.folder / "empty" / "readme.md").write_text("no sample")
    b.refused(1, source, "--calibration=empty", said=["empty: there is no .npz file in this folder, no picture", "no text"])
    (b.folder / "mixed").mkdir()
    shutil.copy(b.folder / "photos" / "0.png", b.folder / "mixed")
    (b.folder / "mixed" / "b.txt").write_text("text")
    b.refused(1, source, "--calibration=mixed", said=["mixed: samples of several kinds", "'0.png'", "'b.txt'"])
    (b.folder / "photos" / "2.png").write_bytes((b.folder / "photos" / "0.png").read_bytes()[:60])
    b.refused(1, source, photos, said=["input 'x'", "photos/2.png", "cannot read the picture"])
    (b.folder / "photos" / "2.png").unlink()
    b.refused(1, source, "--calibration=gone.png", said=["gone.png", "No such file"])
    b.refused(2, source, photos, "--mean=1,2", said=["--mean has 2 numbers, but input 'x' has 3 channels"])
    b.refused(2, source, photos, "--mean=a", said=["'a' is no list of numbers"])
    b.refused(1, source, photos, "--scale=1e39", said=["photos/0.png: element [0, 0, 0, 0] of 'x' is infinite"])
    b.refused(2, source, photos, "--tokenizer=t.json", said=["--tokenizer and --tokens are for samples that are texts"])
    b.refused(2, source, "--random-calibration", "--channels=bgr", said=["--channels are for samples that are pictures, and none are given"])
    b.refused(2, b.save(convolutions([1, 3, 16, 12], TensorProto.UINT8), "bytes"), photos, "--scale=1", said=["--scale", "u8"])
    flat = model([helper.make_node("MatMul", ["x", "w"], ["y"])], [info("x", TensorProto.FLOAT, ["n", 32])], [info("y", TensorProto.FLOAT, ["n", 8])],
                 {"w": weights(1, 32, 8)})
    b.refused(1, b.save(flat, "flat"), photos, said=["input 'x' is float32 [?, 32], but a picture needs"])
    several = ["pictures fill the one input that a model has, but this one has 3", "'attention_mask'", ".npz"]
    b.refused(1, b.save(language(), "language"), photos, said=several)


def bad_texts(b: Bench):
    vocabulary = word_pieces(b.folder, lower=True)
    source = b.save(language(), "language")
    write_texts(b)
    texts, given = "--calibration=texts", f"--tokenizer={vocabulary}"
    b.refused(2, source, texts, said=["texts/a.txt' is text", "give --tokenizer"])
    b.refused(2, source, texts, given, "--mean=1", said=["--mean, --scale and --channels are for samples that are pictures, and none are given"])
    b.refused(2, source, texts, given, "--tokens=0", said=["--tokens wants a whole number"])
    b.refused(1, source, texts, given, "--tokens=2", said=["texts/a.txt:1: of 2 tokens none are left for the text"])
    b.refused(2, b.save(language(1, 12), "fixed"), texts, given, "--tokens=8", said=["--tokens=8, but input 'input_ids' has 12"])
    b.refused(1, b.save(language(extra=["past.0"]), "past"), texts, given, said=["the model also needs 'past.0'", ".npz"])
    b.refused(1, b.save(convolutions([1, 3, 16, 12]), "sees"), texts, given, said=["the model also needs 'x'"])
    b.refused(1, source, texts, "--tokenizer=gone.json", said=["cannot read the tokenizer 'gone.json'"])
    (b.folder / "bad.txt").write_bytes(b"good\nb\xe4d\n")
    b.refused(1, source, "--calibration=bad.txt", given, said=["bad.txt:2: byte 2 is no UTF-8"])
    (b.folder / "blank.txt").write_text("\n \n")
    b.refused(1, source, "--calibration=blank.txt", given, said=["blank.txt: there is no line with text"])
    b.refused(2, source, "--sparsity=0.5", "--method=wanda", texts, said=["give --tokenizer"], command="prune")
    (b.folder / "three.txt").write_text("a\nb\n[CLS]\n")
    b.refused(1, source, texts, "--tokenizer=three.txt", said=["three.txt", "no vocabulary of BERT", "there is no [UNK]"])

    whole = json.loads(BertWordPieceTokenizer(str(vocabulary)).to_str())

    def changed(said, change):
        text = json.loads(json.dumps(whole))
        change(text)
        (b.folder / "changed.json").write_text(json.dumps(text))
        b.refused(1, source, texts, "--tokenizer=changed.json", said=["the tokenizer 'changed.json'", said])

    changed("has no token '[UNK]' for unknown words", lambda t: t["model"]["vocab"].pop("[UNK]"))
    unigram = "it is of kind 'Unigram'; only WordPiece and BPE over bytes are known, so give samples as .npz files"
    changed(unigram, lambda t: t["model"].update(type="Unigram"))
    changed("its normalizer is 'Precompiled'", lambda t: t.update(normalizer={"type": "Precompiled"}))
    changed("its pre-tokenizer is 'Metaspace'", lambda t: t.update(pre_tokenizer={"type": "Metaspace"}))
    changed("its post-processor is 'Other'", lambda t: t.update(post_processor={"type": "Other"}))
    changed("it has no 'model'", lambda t: t.pop("model"))
    changed("its vocabulary is empty", lambda t: t["model"].update(vocab={}))
    (b.folder / "broken.json").write_text("{")
    b.refused(1, source, texts, "--tokenizer=broken.json", said=["the tokenizer 'broken.json'"])
    bpe = Tokenizer(models.BPE({"a": 0, "b": 1, "ab": 2}, [("a", "b")]))
    bpe.save(str(b.folder / "characters.json"))
    b.refused(1, source, texts, "--tokenizer=characters.json", said=["'BPE', but not over bytes: there is no token for the byte 0", ".npz"])


CASES = [pictures_are_tensors, pictures_in_batches, texts_are_tensors, every_command, tokens_equal, bad_pictures, bad_texts]


if __name__ == "__main__":
    sys.exit(harness.run_cases(__doc__, "samples", CASES, Bench))
