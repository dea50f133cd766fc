#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What `ingot compile` leaves behind: every kind of output works far from the compiler, needs only libc and libm, and is replaced in one step.

    test/e2e/artefacts.py                      everything
    test/e2e/artefacts.py --filter 'static.*'  only these
"""

import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import harness

ALLOWED = {"linux-vdso.so.1", "libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"}
CC = shutil.which("clang-22") or shutil.which("cc")

# Counts the calls of malloc and its kin that the runs of a program make, by running it with few and with many iterations.
INTERPOSER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static long count;
void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t), *__libc_memalign(size_t, size_t);
void *malloc(size_t n) { __atomic_add_fetch(&count, 1, 0); return __libc_malloc(n); }
void *calloc(size_t a, size_t b) { __atomic_add_fetch(&count, 1, 0); return __libc_calloc(a, b); }
void *realloc(void *p, size_t n) { __atomic_add_fetch(&count, 1, 0); return __libc_realloc(p, n); }
void *aligned_alloc(size_t a, size_t n) { __atomic_add_fetch(&count, 1, 0); return __libc_memalign(a, n); }
int posix_memalign(void **p, size_t a, size_t n) { return (*p = aligned_alloc(a, n)) ? 0 : 12; }
__attribute__((destructor)) static void report(void) {
  char text[32];
  int n = snprintf(text, sizeof text, "allocations=%ld\n", count);
  if (write(2, text, (size_t)n) != n) _exit(9);
}
"""

# A user's program: reads x, runs the model, writes y.
USER = r"""
#include "net.h"
#include <stdio.h>
static float x[NET_BYTES_INPUT_X / 4], y[NET_BYTES_OUTPUT_Y / 4];
int main(void) {
  IngotSession *session;
  if (fread(x, sizeof x, 1, stdin) != 1) return 10;
  if (ingot_session_open(&net_model, 0, &session) != INGOT_OK) return 11;
  if (net_run(session, x, y) != INGOT_OK) return 12;
  ingot_session_close(&session);
  return fwrite(y, sizeof y, 1, stdout) == 1 ? 0 : 13;
}
"""


def network():
    """Weights, a fused chain, a row operation: large enough that two threads share the work."""
    random = np.random.default_rng(5)
    w = numpy_helper.from_array(random.standard_normal((64, 96), dtype=np.float32) / 8, "w")
    b = numpy_helper.from_array(random.standard_normal(96, dtype=np.float32), "b")
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["p"]),
        helper.make_node("Add", ["p", "b"], ["s"]),
        helper.make_node("Relu", ["s"], ["r"]),
        helper.make_node("Softmax", ["r"], ["y"], axis=-1),
    ]
    info = helper.make_tensor_value_info
    graph = helper.make_graph(nodes, "g", [info("x", TensorProto.FLOAT, [128, 64])], [info("y", TensorProto.FLOAT, [128, 96])], [w, b])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), random.standard_normal((128, 64), dtype=np.float32)


class Artefacts:
    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.model = folder / "net.onnx"
        proto, self.x = network()
        onnx.save(proto, self.model)
        self.expected = harness.oracle(self.model, {"x": self.x})

    def compile(self, output, *options, level="-O3"):
        made = harness.compile_model(self.model, output, level, extra=options)
        return None if made.code == 0 else f"ingot compile ended with {made.code}: {made.text()}"

    def judge(self, outcome, got):
        if outcome.code != 0:
            return f"exit code {outcome.code}: {outcome.text()}"
        return harness.compare(self.expected, got)[1]

    def run_moved(self, path):
        """Runs the program from another folder, with the one it was made in gone."""
        away = self.folder / "away"
        away.mkdir(exist_ok=True)
        moved = away / "program"
        shutil.move(path, moved)
        shutil.rmtree(path.parent)
        return self.judge(*harness.run_model(moved, {"x": self.x}, threads=2))

    def run_user(self, folder, *link, user=USER, compiler=CC):
        """Compiles `user` against the header in `folder`, links it with `link` and compares what it writes."""
        (folder / "user.c").write_text(user)
        command = [compiler, "-std=c11", "-Wall", "-Werror", f"-I{folder}", folder / "user.c", "-o", folder / "user", *link, "-lm", "-lpthread"]
        built = harness.execute(command)
        if built.code != 0:
            return f"the user's program does not build: {built.text()}"
        done = subprocess.run(harness.start_of(folder / "user"), input=self.x.tobytes(), capture_output=True, timeout=60, check=False, cwd=folder)
        if done.returncode != 0:
            return f"the user's program ended with {done.returncode}: {done.stderr.decode(errors='replace')}"
        return harness.compare(self.expected, {"y": np.frombuffer(done.stdout, np.float32).reshape(128, 96)})[1]


def libraries(path) -> set[str] | None:
    """What `ldd` says that a file needs, None when it is static."""
    done = harness.execute(["ldd", path])
    if "statically linked" in done.out or "not a dynamic" in done.out + done.err:
        return None
    return {pathlib.Path(line.split()[0]).name for line in done.out.splitlines() if line.strip()}


def fresh(folder: pathlib.Path) -> pathlib.Path:
    folder.mkdir()
    return folder


def program_runs_elsewhere(a: Artefacts):
    path = fresh(a.folder / "here") / "net"
    return a.compile(path) or a.run_moved(path)


def program_at_o0(a: Artefacts):
    path = fresh(a.folder / "here-O0") / "net"
    return a.compile(path, level="-O0") or a.run_moved(path)


def program_needs_only_libc(a: Artefacts):
    path = fresh(a.folder / "ldd") / "net"
    if complaint := a.compile(path):
        return complaint
    needed = libraries(path)
    return None if needed and needed <= ALLOWED else f"needs {sorted(needed or [])}"


def static_program(a: Artefacts):
    path = fresh(a.folder / "static") / "net"
    if complaint := a.compile(path, "--static"):
        return complaint
    needed = libraries(path)
    return f"needs {sorted(needed)}" if needed is not None else a.run_moved(path)


def static_library(a: Artefacts):
    folder = fresh(a.folder / "library")
    return a.compile(folder / "net.a", "--emit=static") or a.run_user(folder, folder / "net.a")


def shared_library(a: Artefacts):
    folder = fresh(a.folder / "shared")
    if complaint := a.compile(folder / "net.so", "--emit=shared"):
        return complaint
    needed = libraries(folder / "net.so")
    if not needed or not needed <= ALLOWED:
        return f"needs {sorted(needed or [])}"
    exported = subprocess.run(["nm", "-D", "--defined-only", folder / "net.so"], capture_output=True, text=True, check=True).stdout
    names = {line.split()[-1].split("@")[0] for line in exported.splitlines()}
    if strange := {name for name in names if not name.startswith("net_")}:
        return f"exports {sorted(strange)}"
    return a.run_user(folder, folder / "net.so", f"-Wl,-rpath,{folder}")


def object_file(a: Artefacts):
    folder = fresh(a.folder / "object")
    return a.compile(folder / "net.o", "--emit=object") or a.run_user(folder, folder / "net.o", harness.BUILD / "lib/libingot_runtime.a")


# Three models in one program; two of them are the same model compiled with different options. argv[1] says which one runs.
MANY = r"""
#include "first.h"
#include "second.h"
#include "ocr_rec.h"
#include <stdio.h>
static float x[FIRST_BYTES_INPUT_X / 4], y[FIRST_BYTES_OUTPUT_Y / 4], other[OCR_REC_BYTES_OUTPUT_Y / 4];
static int run(const IngotModel *model, void *out) {
  const void *inputs[] = {x};
  void *outputs[] = {out};
  IngotSession *session;
  if (ingot_session_open(model, 0, &session) != INGOT_OK || ingot_session_run(session, inputs, outputs) != INGOT_OK) return 11;
  ingot_session_close(&session);
  return 0;
}
int main(void) {
  if (fread(x, sizeof x, 1, stdin) != 1) return 10;
  const IngotModel *same[] = {&first_model, &second_model};
  for (int i = 0; i < 2; ++i) {
    if (run(same[i], y)) return 12;
    if (fwrite(y, sizeof y, 1, stdout) != 1) return 13;
  }
  if (run(&ocr_rec_model, other)) return 14;
  for (unsigned i = 0; i < sizeof other / sizeof *other; ++i)
    if (other[i] != 2 * x[i]) return 15;
  return 0;
}
"""


def three_models(a: Artefacts, emit: str):
    """Every symbol of a model begins with its prefix, and the runtime is there once or hidden: nothing clashes."""
    folder = fresh(a.folder / f"three-{emit}")
    doubled = helper.make_graph(
        [helper.make_node("Add", ["x", "x"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [16])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [16])],
    )
    onnx.save(helper.make_model(doubled, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), folder / "other.onnx")
    suffix = {"static": "a", "shared": "so", "object": "o"}[emit]
    complaint = (
        a.compile(folder / f"first.{suffix}", f"--emit={emit}", "--target=x86-64-v3,x86-64-v4")
        or a.compile(folder / f"second.{suffix}", f"--emit={emit}", level="-O0")
    )
    made = harness.compile_model(folder / "other.onnx", folder / f"rec.{suffix}", "-O3", extra=[f"--emit={emit}", "--prefix=ocr_rec"])
    if complaint or made.code != 0:
        return complaint or made.text()
    (folder / "many.c").write_text(MANY)
    libraries_of = [folder / f"{name}.{suffix}" for name in ("first", "second", "rec")]
    libraries_of += [harness.BUILD / "lib/libingot_runtime.a"] if emit == "object" else []
    command = [CC, "-std=c11", "-Wall", "-Werror", f"-I{folder}", folder / "many.c", "-o", folder / "many", *libraries_of]
    built = harness.execute([*command, f"-Wl,-rpath,{folder}", "-lm", "-lpthread"])
    if built.code != 0:
        return f"the program does not build: {built.text()}"
    done = subprocess.run([folder / "many"], input=a.x.tobytes(), capture_output=True, timeout=60, check=False)
    if done.returncode != 0:
        return f"the program ended with {done.returncode}"
    for half in np.frombuffer(done.stdout, np.float32).reshape(2, 128, 96):
        if complaint := harness.compare(a.expected, {"y": half})[1]:
            return complaint
    return None


def three_models_static(a: Artefacts):
    return three_models(a, "static")


def three_models_shared(a: Artefacts):
    return three_models(a, "shared")


def three_models_object(a: Artefacts):
    return three_models(a, "object")


CMAKE_USER = """
cmake_minimum_required(VERSION 3.20)
project(user C CXX)
find_package(net CONFIG REQUIRED)
foreach(language c cpp)
  add_executable(user-${language} user.${language})
  set_target_properties(user-${language} PROPERTIES C_STANDARD 11 C_EXTENSIONS OFF CXX_STANDARD 17 CXX_EXTENSIONS OFF)
  target_compile_options(user-${language} PRIVATE -Wall -Wextra -Werror)
  target_link_libraries(user-${language} PRIVATE net::net)
endforeach()
"""


def package(a: Artefacts, emit: str, suffix: str):
    """The library is found by pkg-config and by CMake, in a folder that was moved, from C and from C++."""
    folder = fresh(a.folder / f"package-{emit}-made")
    if complaint := a.compile(folder / f"libnet.{suffix}", f"--emit={emit}"):
        return complaint
    folder = folder.rename(a.folder / f"package {emit}")
    user = fresh(a.folder / f"package-{emit}-user")
    for name in ("user.c", "user.cpp"):
        (user / name).write_text(USER)
    flags = harness.execute(["pkg-config", "--cflags", "--libs", "net"], env={**os.environ, "PKG_CONFIG_PATH": str(folder)})
    if flags.code != 0:
        return f"pkg-config: {flags.text()}"
    programs = []
    for compiler in filter(shutil.which, ("gcc", "clang-22")):
        for name, standard in (("user.c", ["-std=c11"]), ("user.cpp", ["-x", "c++", "-std=c++17"])):
            program = user / f"{compiler}-{name}.out"
            command = [compiler, *standard, "-Wall", "-Wextra", "-Werror", user / name, "-x", "none", "-o", program, *shlex.split(flags.out)]
            built = harness.execute(command)
            if built.code != 0:
                return f"{compiler} {name}: {built.text()}"
            programs.append(program)
    (user / "CMakeLists.txt").write_text(CMAKE_USER)
    for command in (["cmake", "-S", user, "-B", user / "build", f"-Dnet_DIR={folder}"], ["cmake", "--build", user / "build"]):
        done = harness.execute(command)
        if done.code != 0:
            return f"cmake: {done.text()}"
    programs += [user / "build/user-c", user / "build/user-cpp"]
    for program in programs:
        done = subprocess.run([program], input=a.x.tobytes(), capture_output=True, timeout=60, check=False, env={"LD_LIBRARY_PATH": str(folder)})
        if done.returncode != 0:
            return f"{program.name} ended with {done.returncode}"
        if complaint := harness.compare(a.expected, {"y": np.frombuffer(done.stdout, np.float32).reshape(128, 96)})[1]:
            return complaint
    return None


def package_of_static_library(a: Artefacts):
    return package(a, "static", "a")


def package_of_shared_library(a: Artefacts):
    return package(a, "shared", "so")


WEIGHTS_USER = r"""
#include "net.h"
#include <stdio.h>
static float x[NET_BYTES_INPUT_X / 4], y[NET_BYTES_OUTPUT_Y / 4];
int main(void) {
  IngotSession *session;
  IngotWeights *weights;
  IngotSessionOptions options = {.struct_size = sizeof options, .flags = INGOT_LAZY_WEIGHTS};
  if (fread(x, sizeof x, 1, stdin) != 1) return 10;
  if (net_open(0, &session) != INGOT_WRONG_WEIGHTS) return 11;
  if (ingot_weights_open(&net_model, "net.weights", &weights) != INGOT_OK) return 12;
  options.weights = weights;
  if (net_open(&options, &session) != INGOT_OK) return 13;
  if (net_run_named(session, &(net_inputs){x}, &(net_outputs){y}) != INGOT_OK) return 14;
  ingot_session_close(&session);
  ingot_weights_close(&net_model, &weights);
  return fwrite(y, sizeof y, 1, stdout) == 1 ? 0 : 15;
}
"""


def weights_beside_a_program(a: Artefacts):
    """Weights in a file of their own: used, and refused when they are cut, changed, or of another model."""
    folder = fresh(a.folder / "weights")
    program, weights = folder / "net", folder / "net.weights"
    if complaint := a.compile(program, f"--weights={weights}") or a.judge(*harness.run_model(program, {"x": a.x}, threads=2)):
        return complaint
    good = weights.read_bytes()
    if program.stat().st_size > 10 * len(good) and good in program.read_bytes():
        return "the weights are in the program, too"
    moved = folder / "elsewhere"
    weights.rename(moved)
    command = [program, "--random", "--json"]
    for content, text in ((None, "No such file"), (good[:-1], "checksum"), (good[:100] + b"x" + good[101:], "checksum"), (b"", "checksum")):
        if content is not None:
            weights.write_bytes(content)
        done = harness.execute(command)
        if done.code != 1 or text not in done.err or done.err.count("\n") != 1:
            return f"weights of {None if content is None else len(content)} bytes: exit code {done.code}: {done.text()}"
    done = harness.execute([*command, "--weights", moved])
    if done.code != 0:
        return f"--weights: {done.text()}"
    for options in ([f"--weights={program}"], [f"--weights={a.model}"], [f"--weights={folder}/no/where"]):
        if harness.compile_model(a.model, program, extra=options).code == 0:
            return f"{options} was accepted"
    return None


def weights_beside_a_library(a: Artefacts):
    folder = fresh(a.folder / "weights-library")
    if complaint := a.compile(folder / "net.a", "--emit=static", f"--weights={folder / 'net.weights'}"):
        return complaint
    return a.run_user(folder, folder / "net.a", user=WEIGHTS_USER)


def memory_limit(a: Artefacts):
    """What needs more memory than allowed is refused with the tensors that are the reason, at both levels."""
    folder = fresh(a.folder / "memory")
    if complaint := a.compile(folder / "net", "--max-memory=1MiB"):
        return complaint
    for level, limit, texts in (
        ("-O3", "64KiB", ["needs 0.07 MiB", "weights 0.02 MiB", "allows 0.06 MiB", "at the peak: 'r' (128x96xf32) with 0.05 MiB", "--input-shape"]),
        ("-O0", "65536", ["at the peak: 's' (128x96xf32)", "-O3 fuses"]),
        ("-O3", "1KiB", ["the weights alone are more"]),
        ("-O3", "many", ["--max-memory wants a number of bytes"]),
    ):
        made = harness.compile_model(a.model, folder / "refused", level, extra=[f"--max-memory={limit}"])
        missing = [text for text in texts if text not in made.err]
        if made.code == 0 or missing or (folder / "refused").exists():
            return f"{level} --max-memory={limit}: exit code {made.code}, no {missing} in: {made.text()}"
    return None


def several_variants(a: Artefacts):
    """Several bodies in one file; the best one that the CPU runs is taken."""
    path = fresh(a.folder / "variants") / "net"
    if complaint := a.compile(path, "--target=x86-64-v3,x86-64-v4"):
        return complaint
    info = harness.execute([path, "--info"])
    if info.code != 0 or not all(name in info.out for name in ("x86-64-v3", "x86-64-v4")):
        return f"--info does not name both variants: {info.text()}"
    return a.run_moved(path)


def emulate(cpu, *command) -> harness.Outcome:
    """Runs a command on a CPU that qemu-user emulates; what it says about features that it lacks itself is dropped."""
    done = harness.execute(["qemu-x86_64", "-cpu", cpu, *command], env=dict(os.environ))
    done.err = "".join(line for line in done.err.splitlines(True) if not line.startswith("qemu-x86_64: warning: TCG"))
    return done


def refused(outcome, *words):
    """Exit code 3 and one line of text; a signal would have given a negative code, or 128 and more."""
    if outcome.code != 3:
        return f"exit code {outcome.code}, expected 3: {outcome.text()}"
    missing = [word for word in words if word not in outcome.err]
    return f"the error does not say {missing}: {outcome.text()}" if missing or len(outcome.err.splitlines()) != 1 else None


def unsupported_cpu(a: Artefacts):
    """On CPUs of other generations: the best body that they run, or a clear text and exit code 3. Nehalem has no AVX, Haswell no AVX-512."""
    folder = fresh(a.folder / "cpu")
    np.save(folder / "x.npy", a.x)
    arguments = ["--input", f"x={folder / 'x.npy'}", "--output", f"y={folder / 'y.npy'}", "--threads", 2]
    programs = {"v4": ["--target=x86-64-v4"], "both": ["--target=x86-64-v3,x86-64-v4"], "static": ["--static", "--target=x86-64-v3,x86-64-v4"]}
    for name, options in programs.items():
        if complaint := a.compile(folder / name, *options):
            return complaint
        run = lambda cpu: emulate(cpu, folder / name, *arguments)
        if complaint := refused(run("Nehalem"), "this CPU cannot run the model", "AVX2", *(["AVX-512"] if name == "v4" else [])):
            return f"{name} on Nehalem: {complaint}"
        if name == "v4":
            if complaint := refused(run("Haswell"), "this CPU cannot run the model", "AVX-512"):
                return f"{name} on Haswell: {complaint}"
            continue
        done = run("Haswell")
        if done.code != 0 or "x86-64-v3" not in done.out:
            return f"{name} on Haswell ended with {done.code}: {done.text()}"
        if complaint := harness.compare(a.expected, {"y": np.load(folder / "y.npy")})[1]:
            return f"{name} on Haswell: {complaint}"
    for words in (["--info"], ["--info", "--json"], ["--help"]):
        done = emulate("Nehalem", folder / "both", *words)
        if done.code != 0 or "taken on this CPU" in done.out:
            return f"{words} on Nehalem ended with {done.code}: {done.text()}"
    return None


def compiler_on_unsupported_cpu(a: Artefacts):
    """The compiler runs generated code to compute weights; `check`, which makes no code, works everywhere."""
    folder = fresh(a.folder / "compiler-cpu")
    make = ["compile", a.model, "-o", folder / "net"]
    for words in (["run", a.model, "--random"], make, [*make, "--target=x86-64-v4"]):
        if complaint := refused(emulate("Nehalem", harness.INGOT, *words), "this CPU lacks AVX2"):
            return f"ingot {words[0]}: {complaint}"
    if left := sorted(entry.name for entry in folder.iterdir()):
        return f"left {left}"
    done = emulate("Nehalem", harness.INGOT, "check", a.model)
    return None if done.code == 0 else f"ingot check ended with {done.code}: {done.text()}"


def no_allocation_per_run(a: Artefacts):
    folder = fresh(a.folder / "malloc")
    (folder / "count.c").write_text(INTERPOSER)
    built = harness.execute([CC, "-O1", "-shared", "-fPIC", folder / "count.c", "-o", folder / "count.so"])
    if built.code != 0:
        return f"the interposer does not build: {built.text()}"
    if complaint := a.compile(folder / "net"):
        return complaint
    for threads in (1, 2):
        counts = []
        for warmup in (0, 50):
            command = [folder / "net", "--random", "--threads", threads, "--warmup", warmup, "--iterations", 10, "--json"]
            done = harness.execute(command, env={"LD_PRELOAD": str(folder / "count.so")})
            found = re.search(r"allocations=(\d+)", done.err)
            if done.code != 0 or not found:
                return f"exit code {done.code}: {done.text()}"
            counts.append(int(found.group(1)))
        if counts[0] != counts[1] or counts[0] == 0:
            return f"{counts[1] - counts[0]} allocations in 50 more runs with {threads} threads ({counts[0]} in all)"
    return None


FAULTS_USER = r"""
#include "net.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
static float x[NET_BYTES_INPUT_X / 4], y[NET_BYTES_OUTPUT_Y / 4];
static long faults(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt + usage.ru_majflt;
}
int main(int count, char **words) {
  IngotSession *session;
  IngotSessionOptions options = {.struct_size = sizeof options, .threads = (uint32_t)atoi(words[1]), .flags = (uint32_t)atoi(words[2])};
  memset(y, 1, sizeof y);
  for (size_t i = 0; i < sizeof x / sizeof *x; ++i) x[i] = i % 7;
  if (count != 3 || net_open(&options, &session) != INGOT_OK) return 11;
  const long before = faults();
  if (net_run(session, x, y) != INGOT_OK) return 12;
  printf("%ld\n", faults() - before);
  ingot_session_close(&session);
  return 0;
}
"""


def no_page_fault_in_the_first_run(a: Artefacts):
    """In a fresh process, code, constants and weights included. INGOT_LAZY_WEIGHTS shows that faults are seen."""
    folder = fresh(a.folder / "faults")
    random = np.random.default_rng(6)
    weights = [numpy_helper.from_array(random.standard_normal((512, 512), dtype=np.float32) / 16, f"w{i}") for i in range(3)]
    nodes = [helper.make_node("MatMul", [f"x{i}" if i else "x", f"w{i}"], [f"p{i}"]) for i in range(3)]
    nodes += [helper.make_node(op, [f"p{i}"], [name]) for i, (op, name) in enumerate((("Softmax", "x1"), ("Gelu", "x2"), ("Exp", "y")))]
    info = helper.make_tensor_value_info
    ports = ([info("x", TensorProto.FLOAT, [32, 512])], [info("y", TensorProto.FLOAT, [32, 512])])
    graph = helper.make_graph(nodes[:1] + nodes[3:4] + nodes[1:2] + nodes[4:5] + nodes[2:3] + nodes[5:], "g", *ports, weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9), folder / "net.onnx")
    (folder / "user.c").write_text(FAULTS_USER)
    for level in ("-O0", "-O3"):
        for emit, name in (("static", "libnet.a"), ("shared", "libnet.so")):
            made = harness.execute([harness.INGOT, "compile", folder / "net.onnx", "-o", folder / name, f"--emit={emit}", "--prefix=net", level])
            library = ["-lm", "-lpthread"] if emit == "static" else [f"-Wl,-rpath,{folder}"]
            linked = harness.execute([CC, "-std=c11", folder / "user.c", "-o", folder / "user", f"-I{folder}", folder / name, *library])
            if made.code or linked.code:
                return made.text() + linked.text()
            for threads in (1, 2):
                # The kernel moves pages now and then: one run of several without a fault will do.
                counts = [int(harness.execute([folder / "user", threads, 0]).out) for _ in range(4)]
                lazy = int(harness.execute([folder / "user", threads, 4]).out)
                if min(counts) != 0 or lazy == 0:
                    return f"{emit} library at {level}, {threads} threads: {counts} page faults in first runs, {lazy} with lazy weights"
    return None


def json_report(a: Artefacts):
    path = fresh(a.folder / "json") / "net"
    if complaint := a.compile(path):
        return complaint
    done = harness.execute([path, "--random", "--iterations", 5, "--json"])
    fields = json.loads(done.out) if done.code == 0 else {}
    missing = {"min_ms", "median_ms", "p90_ms", "p99_ms"} - set(fields)
    return f"no {sorted(missing)} in {done.text()}" if missing else None


def quiet_when_piped(a: Artefacts):
    path = fresh(a.folder / "quiet") / "net"
    done = harness.compile_model(a.model, path)
    lines = done.out.splitlines()
    if done.code != 0 or done.err or len(lines) != 1:
        return f"expected one line on standard output and none on standard error, got: {done.out}{done.err}"
    words = ["MiB", "weights", "arena", "regions", "fused"]
    missing = [word for word in words if word not in lines[0]]
    return f"the summary does not speak of {missing}: {lines[0]}" if missing else None


def run_command(a: Artefacts):
    folder = fresh(a.folder / "run")
    np.save(folder / "x.npy", a.x)
    command = [harness.INGOT, "run", a.model, "--input", f"x={folder / 'x.npy'}", "--output", f"y={folder / 'y.npy'}"]
    done = harness.execute(command)
    if done.code != 0:
        return f"exit code {done.code}: {done.text()}"
    failed = harness.execute([harness.INGOT, "run", a.model, "--input", f"x={folder / 'absent.npy'}"])
    if failed.code == 0:
        return "the exit code of the program is lost"
    return harness.compare(a.expected, {"y": np.load(folder / "y.npy")})[1]


def killed_while_compiling(a: Artefacts):
    """A compilation that is stopped leaves the old output and nothing else."""
    folder = fresh(a.folder / "killed")
    (folder / "net").write_bytes(b"old")
    process = subprocess.Popen([harness.INGOT, "compile", a.model, "-o", folder / "net"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    process.wait(60)
    if process.returncode == 0:
        return None  # it was faster than the signal
    left = sorted(entry.name for entry in folder.iterdir())
    return None if left == ["net"] and (folder / "net").read_bytes() == b"old" else f"left {left}"


def same_bytes_twice(a: Artefacts):
    folder = fresh(a.folder / "twice")
    (folder / "a").mkdir()
    (folder / "b").mkdir()
    complaint = a.compile(folder / "a/net") or a.compile(folder / "b/net")
    same = complaint or (folder / "a/net").read_bytes() == (folder / "b/net").read_bytes()
    return complaint or (None if same else "two compilations of one model differ")


CASES = [
    program_runs_elsewhere,
    program_at_o0,
    program_needs_only_libc,
    static_program,
    static_library,
    shared_library,
    object_file,
    three_models_static,
    three_models_shared,
    three_models_object,
    package_of_static_library,
    package_of_shared_library,
    weights_beside_a_program,
    weights_beside_a_library,
    memory_limit,
    several_variants,
    unsupported_cpu,
    compiler_on_unsupported_cpu,
    no_allocation_per_run,
    no_page_fault_in_the_first_run,
    json_report,
    quiet_when_piped,
    run_command,
    killed_while_compiling,
    same_bytes_twice,
]


def main() -> int:
    report, wanted = harness.begin(__doc__)
    artefacts = Artefacts(harness.scratch("artefacts"))
    for case in CASES:
        name = case.__name__.replace("_", "-")
        if wanted(name):
            report.case(f"artefacts/{name}", case(artefacts))
    return report.finish()


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C")
    sys.exit(main())
