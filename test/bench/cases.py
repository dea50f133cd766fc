# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What compare.py measures: the test models, and minilm with open dims at two sizes."""

import dataclasses

import numpy as np

import models
import run_dynamic

# Models that the issue asks the same share of the machine's limit of; the others have none.
GROUPS = {
    "transformers": ["bert-base-128", "vit-b-16", "gpt2-prefill-128", "whisper-tiny-encoder", "minilm-1x32", "minilm-8x128"],
    "ResNet-50": ["resnet50"],
    "PP-OCR detection": ["ppocr-det"],
    "MobileNet, EfficientNet": ["mobilenet-v2", "mobilenet-v3-large", "efficientnet-b0"],
    "ConvNeXt": ["convnext-tiny"],
}
MINILM_SIZES = [(1, 32), (8, 128)]


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    model: models.Model
    inputs: dict
    options: tuple = ()  # of the compiler, beside the target

    @property
    def shapes(self) -> dict:
        return self.model.shapes


def all_cases() -> list[Case]:
    cases = [Case(model.name, model, models.inputs(model)) for model in models.MODELS + models.WIDER]
    minilm = next(dynamic for dynamic in run_dynamic.dynamic_models() if dynamic.name == "minilm")
    opened = tuple(dataclasses.replace(minilm, special={}).options())
    for batch, sequence in MINILM_SIZES:
        inputs = minilm.feed(np.random.default_rng(0), {"batch": batch, "sequence": sequence})
        cases.append(Case(f"minilm-{batch}x{sequence}", models.MINILM, inputs, opened))
    return cases


def find(names) -> list[Case]:
    """The cases of these names, all when there are none."""
    known = {case.name: case for case in all_cases()}
    for name in names:
        if name not in known:
            raise SystemExit(f"unknown model '{name}'; models are: {', '.join(known)}")
    return [known[name] for name in names] if names else list(known.values())
