#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles for AArch64 on this machine and runs the results under qemu-user: programs against the same model's program for x86-64, libraries in C
programs that Debian's cross compiler builds, and small models of op_cases.py against ONNX Runtime, all with 1 and 2 threads.

The largest absolute error may be 1e-4 of each output's range, as everywhere (harness.TOLERANCE): the plan cuts sums in the same way as for x86-64-v3,
but AVX-512 bodies add in another order, and libm's scalar functions differ in the last bit. Types, shapes and integers must be equal, and 1 and 2
threads must give the same bits. A kernel that is wrong on NEON moves an output by more than 1e-2.

    test/e2e/cross.py                       everything
    test/e2e/cross.py --filter 'model-.*'   only these
"""

import dataclasses
import os
import pathlib
import re
import subprocess
import sys
import types

import numpy as np

import artefacts
import harness
import models
import run_ops

sys.path.insert(0, str(harness.ROOT / "test/bench"))
import spills

TARGET = "--target=aarch64-linux"
CC = "aarch64-linux-gnu-gcc"

# Of every family a case with tails, and the types and functions that the instruction sets treat differently.
OPS = """conv-3x3-odd-channels conv-1x1-odd-channels conv-depthwise-odd-channels conv-3x3-first-layer conv-transpose-3x3-pads conv-3d
matmul-weight-13x100-100x31 matmul-weight-1x300-300x1000 matmul-dynamic-2x9x32-2x32x24 softmax-2x3x17-1 layer-norm-2x9x33--1 reducesum-int64
reducemean-axes-1x2x3 argmax cumsum topk maxpool-3x3-uneven averagepool-3x3-uneven erf exp-extremes tanh-extremes relu-nan round mod-fmod div-int32
cast-to-int32 cast-to-bool where transpose-33x65-1x0 transpose-2x3x4x5x6-4x0x3x1x2 concat-last-axis gather-nd resize-up-uneven-linear-half_pixel
squeeze-excite-hardsigmoid attention-masked feed-forward gru lstm-bidirectional if-sizes loop-stacked-grows nonzero-gather""".split()


# A user's program that rounds upwards: the model does not, in none of its threads, and afterwards the program still does.
ROUNDING_USER = r"""
#include "net.h"
#include <fenv.h>
#include <stdio.h>
#include <string.h>
static float x[NET_BYTES_INPUT_X / 4], y[NET_BYTES_OUTPUT_Y / 4], again[NET_BYTES_OUTPUT_Y / 4];
int main(void) {
  IngotSessionOptions options = {.struct_size = sizeof options, .threads = 2};
  IngotSession *session;
  if (fread(x, sizeof x, 1, stdin) != 1) return 10;
  if (ingot_session_open(&net_model, &options, &session) != INGOT_OK) return 11;
  if (net_run(session, x, y) != INGOT_OK) return 12;
  if (fesetround(FE_UPWARD) != 0) return 13;
  if (net_run(session, x, again) != INGOT_OK) return 14;
  if (fegetround() != FE_UPWARD) return 15;
  if (memcmp(y, again, sizeof y) != 0) return 16;
  ingot_session_close(&session);
  return fwrite(y, sizeof y, 1, stdout) == 1 ? 0 : 17;
}
"""


class Cross(artefacts.Artefacts):
    def compile(self, output, *options, level="-O3"):
        return super().compile(output, TARGET, *options, level=level)

    def run(self, program):
        results = []
        for threads in (1, 2):
            outcome, got = harness.run_model(program, {"x": self.x}, threads)
            if complaint := self.judge(outcome, got):
                return f"{threads} threads: {complaint}"
            results.append(got["y"])
        return None if np.array_equal(*results) else "1 and 2 threads differ"


def neon(program) -> str | None:
    """Complains unless multiply-adds are those of vectors, and seven of eight loops keep their sums in registers: masks of attention with
    open dims are loaded lane by lane, between branches."""
    command = ["llvm-objdump-22", "-d", "--no-show-raw-insn", str(program)]
    functions = re.split(r"^[0-9a-f]+ <(?=\w)", subprocess.run(command, capture_output=True, text=True, check=True).stdout, flags=re.MULTILINE)
    kernels = "".join(text for text in functions if text.startswith("region_"))  # the program around them has scalars only
    names = re.findall(r"^ +[0-9a-f]+: +\t?(\S+)\t(\S+)", kernels, re.MULTILINE)
    vectors = sum(name == "fmla" and operand.endswith(".4s,") for name, operand in names)
    scalars = sum(name == "fmadd" for name, _ in names)
    if vectors <= 10 * scalars or vectors <= 100:
        return f"{vectors} multiply-adds of vectors, {scalars} of scalars"
    loops, spilling = spills.count(program)
    return f"{len(spilling)} of {loops} loops spill" if 8 * len(spilling) > loops else None


def compare_with_x86(folder, model: models.Model, options, feeds) -> tuple[str | None, str]:
    """Returns a complaint or none, and a note."""
    path, worst = models.prepare(model), 0.0
    programs = {target: folder / f"{model.name}-{target}" for target in ("native", "aarch64-linux")}
    for target, program in programs.items():
        made = harness.compile_model(path, program, shapes=model.shapes, extra=[f"--target={target}", *options])
        if made.code != 0:
            return f"--target={target} ended with {made.code}: {made.text()}", ""
    if complaint := neon(programs["aarch64-linux"]):
        return complaint, ""
    for feed in feeds:
        outcome, expected = harness.run_model(programs["native"], feed, 2)
        if expected is None:
            return f"on x86: {outcome.text()}", ""
        results = []
        for threads in (1, 2):
            outcome, got = harness.run_model(programs["aarch64-linux"], feed, threads)
            if got is None:
                return f"{threads} threads: exit code {outcome.code}: {outcome.text()}", ""
            error, complaint = harness.compare(expected, got)
            if complaint:
                return f"{threads} threads: {complaint}", ""
            worst = max(worst, error)
            results.append(got)
        if any(not np.array_equal(results[0][name], results[1][name], equal_nan=True) for name in expected):
            return "1 and 2 threads differ", ""
    return None, f"error {worst:.1e} of the range"


def model_convolutions(a: Cross):
    """A page, of which the classifier is sure, and noise, of which it is not."""
    model = models.find(["ppocr-cls"])[0]
    noise = np.random.default_rng(1).uniform(-1, 1, model.shapes["x"]).astype(np.float32)
    return compare_with_x86(a.folder, model, [], [models.inputs(model), {"x": noise}])


def model_detector(a: Cross):
    """Transposed convolutions, and an output of many values."""
    model = dataclasses.replace(models.find(["ppocr-det"])[0], shapes={"x": (1, 3, 96, 160)})
    return compare_with_x86(a.folder, model, [], [models.inputs(model)])


def model_recurrent(a: Cross):
    model = models.find(["silero-vad"])[0]
    return compare_with_x86(a.folder, model, [], [models.inputs(model, seed) for seed in range(3)])


def model_transformer(a: Cross):
    """Open dims, with code of its own for one size: MiniLM on 7 tokens, and on the 16 of the special body."""
    rng, feeds = np.random.default_rng(3), []
    for batch, length in ((2, 7), (1, 16)):
        mask = np.ones((batch, length), np.int64)
        mask[:, length - 2 :] = 0
        tokens = rng.integers(0, 30522, (batch, length), np.int64)
        feeds.append({"input_ids": tokens, "attention_mask": mask})
    return compare_with_x86(a.folder, models.MINILM, ["--dim", "batch=1..2", "--dim", "sequence=2..32:16"], feeds)


def program_at_o0(a: Cross):
    program = a.folder / "program-O0"
    return a.compile(program, level="-O0") or a.run(program)


def static_program(a: Cross):
    program = a.folder / "program-static"
    if complaint := a.compile(program, "--static") or a.run(program):
        return complaint
    needs = subprocess.run(["llvm-readelf-22", "-d", "-l", program], capture_output=True, text=True, check=True).stdout
    return "it needs a shared library or a dynamic linker" if "NEEDED" in needs or "INTERP" in needs else None


def static_library(a: Cross):
    folder = artefacts.fresh(a.folder / "static")
    return a.compile(folder / "libnet.a", "--emit=static") or a.run_user(folder, folder / "libnet.a", compiler=CC)


def shared_library(a: Cross):
    folder = artefacts.fresh(a.folder / "shared")
    return a.compile(folder / "libnet.so", "--emit=shared") or a.run_user(folder, folder / "libnet.so", f"-Wl,-rpath,{folder}", compiler=CC)


def object_file(a: Cross):
    folder = artefacts.fresh(a.folder / "object")
    runtime = harness.BUILD / "lib/aarch64-linux/libingot_runtime.a"
    return a.compile(folder / "net.o", "--emit=object") or a.run_user(folder, folder / "net.o", runtime, compiler=CC)


def float_state(a: Cross):
    folder = artefacts.fresh(a.folder / "rounding")
    return a.compile(folder / "libnet.a", "--emit=static") or a.run_user(folder, folder / "libnet.a", user=ROUNDING_USER, compiler=CC)


def same_weights(a: Cross):
    """The file of the weights is the same for every target, and a program takes it."""
    folder = artefacts.fresh(a.folder / "weights")
    for target in ("x86-64-v4", "aarch64-linux"):
        made = harness.compile_model(a.model, folder / target, extra=[f"--target={target}", f"--weights={folder / target}.weights"])
        if made.code != 0:
            return f"--target={target} ended with {made.code}: {made.text()}"
    if (folder / "x86-64-v4.weights").read_bytes() != (folder / "aarch64-linux.weights").read_bytes():
        return "the weights differ from those for x86-64"
    return a.run(folder / "aarch64-linux")


def same_bytes_twice(a: Cross):
    for name in ("a", "b"):
        if complaint := a.compile(artefacts.fresh(a.folder / name) / "net"):
            return complaint
    return None if (a.folder / "a/net").read_bytes() == (a.folder / "b/net").read_bytes() else "two compilations of one model differ"


def inspect(a: Cross):
    """What needs no run: the kind, the memory, and the manifest with the target."""
    outputs = {"program": ("net", []), "shared library": ("libnet.so", ["--emit=shared"]), "static library": ("libnet.a", ["--emit=static"])}
    folder = artefacts.fresh(a.folder / "inspect")
    for kind, (name, options) in outputs.items():
        if complaint := a.compile(folder / name, *options):
            return complaint
        done = harness.execute([harness.INGOT, "inspect", folder / name])
        parts = (f"{name}: {kind}", "targets  [aarch64-linux]", "model_sha256", "memory\n")
        if missing := [part for part in parts if done.code != 0 or part not in done.out]:
            return f"{kind}: exit code {done.code}, no {missing} in {done.text()}"
    return None


def refused(a: Cross):
    """What cannot be: to run it here, to mix kinds of CPUs, a target that nobody knows."""
    compiling = ["compile", a.model, "-o", a.folder / "never"]
    for words, code, text in (
        (["run", a.model, TARGET, "--random"], 3, "'aarch64-linux' does not run on this machine"),
        (["bench", a.model, TARGET], 3, "'aarch64-linux' does not run on this machine"),
        ([*compiling, "--target=aarch64-linux,x86-64-v3"], 2, "cannot share one file"),
        ([*compiling, "--target=aarch64"], 2, "known targets: native, x86-64-v3, x86-64-v4, x86-64-v4+vnni, x86-64-v4+vnni+bf16, aarch64-linux"),
    ):
        done = harness.execute([harness.INGOT, *words])
        if done.code != code or text not in done.err or len(done.err.splitlines()) != 1:
            return f"{' '.join(map(str, words))}: exit code {done.code}, expected {code}: {done.text()}"
    return "left an output" if (a.folder / "never").exists() else None


CASES = [
    model_convolutions,
    model_detector,
    model_recurrent,
    model_transformer,
    program_at_o0,
    static_program,
    static_library,
    shared_library,
    object_file,
    float_state,
    same_weights,
    same_bytes_twice,
    inspect,
    refused,
]


def main() -> int:
    report, wanted = harness.begin(__doc__)
    folder = harness.scratch("cross")
    cross = Cross(folder)
    for case in CASES:
        name = case.__name__.replace("_", "-")
        if wanted(name):
            result = case(cross)
            report.case(f"cross/{name}", *(result if isinstance(result, tuple) else (result,)))
    run = types.SimpleNamespace(target="aarch64-linux", levels="-O3", oracle_only=False, keep=False)
    for name in OPS:
        if wanted(f"op-{name}"):
            table = next(table for table in run_ops.TABLES if name in table.CASES)
            [(_, complaint)] = run_ops.run_case(table, name, folder, run)
            report.case(f"cross/op-{name}", complaint, quiet=True)
    return report.finish()


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C")
    sys.exit(main())
