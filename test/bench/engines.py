# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ingot and its peers as compare.py sees them: which are installed, what they compile, and one measurement in a process of its own."""

import dataclasses
import functools
import hashlib
import importlib.metadata
import json
import os
import pathlib
import pty
import re
import subprocess
import sys
import time

import onnx

import harness
import peers

PEERS = pathlib.Path(peers.__file__).resolve()
IREE_SECONDS = 180  # that IREE may compile a model for
PACKAGES = {"onnxruntime": "onnxruntime", "openvino": "openvino", "iree": "iree-base-compiler"}
TITLES = {"onnxruntime": "ONNX Runtime", "openvino": "OpenVINO", "iree": "IREE", "ingot": "Ingot"}
MOST, FEWEST = 100_000, 5  # runs of Ingot in one block
FAR_NS = 80  # one way of a cache line from core to core: above, they share no third-level cache
SLOWED = 1.3  # what both cores take to multiply, in what one takes: above, they are threads of one core, or one does not run all the time
TRIES, WAITS, WAIT_SECONDS = 4, 12, 0.4  # of a block; for near cores before each


@dataclasses.dataclass(frozen=True)
class Built:
    """A model, and what each engine runs of it."""

    path: pathlib.Path
    data: pathlib.Path  # inputs, .npz
    executable: pathlib.Path
    iree: pathlib.Path | None = None


def version(engine: str) -> str | None:
    """Of an installed peer; none when it is not installed."""
    try:
        return importlib.metadata.version(PACKAGES[engine]).split("-")[0]
    except importlib.metadata.PackageNotFoundError:
        return None


def pinned(threads: int) -> list:
    return ["taskset", "-c", ",".join(map(str, range(threads)))]


def run(command: list, what: str, timeout=600):
    outcome = harness.execute(command, timeout=timeout)
    if outcome.code != 0:
        raise RuntimeError(f"{what}: exit code {outcome.code}: {outcome.text()}")
    return outcome


@dataclasses.dataclass
class Placement:
    """How often blocks with several threads were taken, taken again, and kept although the cores were far from each other."""

    blocks: int = 0
    again: int = 0
    far: int = 0


placement = Placement()


def are_near(threads: int) -> bool:
    """Whether the machine's CPUs are what it says: cores of their own that share a third-level cache."""
    way, slowdown = map(float, run(pinned(threads) + [own_program("neighbours")], "neighbours").out.split())
    return way <= FAR_NS and slowdown <= SLOWED


def while_near(threads: int, take):
    """What `take` returns while the machine's CPUs are cores of their own that are near each other. A hypervisor moves them at any time, and then
    every engine takes up to twice as long with two threads; so a block is taken again if they were not before or behind it, whoever's it is."""
    if threads < 2:
        return take()
    placement.blocks += 1
    for attempt in range(TRIES):
        placement.again += attempt > 0
        for _ in range(WAITS):
            if are_near(threads):
                break
            time.sleep(WAIT_SECONDS)
        taken = take()
        if are_near(threads):
            return taken
    placement.far += 1
    return taken


def measure_ingot(built: Built, threads: int, iterations: int, extra=()) -> dict:
    command = [built.executable, "--inputs", built.data, "--threads", threads, "--warmup", 2, "--iterations", iterations, "--json", *extra]
    return while_near(threads, lambda: json.loads(run(pinned(threads) + command, "ingot").out))


def measure(engine: str, built: Built, threads: int, seconds: float, guess_ms: float | None = None, setting: str = "") -> dict:
    """One block. `guess_ms` is what a run of Ingot takes; a peer looks at the clock itself."""
    if engine == "ingot":
        return measure_ingot(built, threads, int(min(MOST, max(FEWEST, seconds * 1e3 / max(guess_ms or 1e9, 1e-4)))))
    model = built.iree if engine == "iree" else built.path
    command = pinned(threads) + [sys.executable, PEERS, engine, model, built.data, threads, seconds, setting]
    return while_near(threads, lambda: json.loads(run(command, TITLES[engine], 300).out.strip().splitlines()[-1]))


def compile_model(path, executable, options=(), shapes=None) -> dict:
    """Compiles with Ingot; raises RuntimeError."""
    made = harness.compile_model(path, executable, "-O3", shapes, options, timeout=900)
    if made.code != 0:
        raise RuntimeError(f"ingot compile: exit code {made.code}: {made.text()}")
    return {"seconds": made.seconds, "peak_mb": made.peak_mb}


def compile_stages(path, executable, options=()) -> dict:
    """Seconds of each stage of a compilation, which the compiler shows on a terminal."""
    terminal, end = pty.openpty()
    command = [str(word) for word in (harness.INGOT, "compile", path, "-o", executable, "-O3", *options)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=end) as process:
        os.close(end)
        text = b""
        try:
            while part := os.read(terminal, 4096):
                text += part
        except OSError:  # how a terminal ends
            pass
        os.close(terminal)
    if process.returncode != 0:
        raise RuntimeError(f"ingot compile: exit code {process.returncode}: {text.decode(errors='replace')[-600:]}")
    return stage_seconds(text.decode(errors="replace"))


def stage_seconds(progress: str) -> dict:
    stages = {}
    for name, taken in re.findall(r"^(\w+) +([\d.]+) s *$", progress.replace("\r", "\n"), re.MULTILINE):
        stages[name] = stages.get(name, 0.0) + float(taken)
    return stages


def largest_function(path, options=(), shapes=None) -> int:
    """Operations of the largest function of the generated code, before LLVM."""
    given = [f"--input-shape={name}={'x'.join(map(str, shape))}" for name, shape in (shapes or {}).items()]
    command = [harness.INGOT, "compile", path, "-o", harness.BUILD / "bench" / "none", "-O3", "--compile-to=llvm", *given, *options]
    largest = size = 0
    for line in run(command, "ingot compile").out.splitlines():
        if line.startswith("  llvm.func"):
            size = 0
        elif line.startswith("    "):
            size += 1
            largest = max(largest, size)
    return largest


def info(executable) -> dict:
    return json.loads(run([executable, "--info", "--json"], "ingot").out)


@functools.cache
def own_program(name: str) -> pathlib.Path:
    """A C program of this folder, compiled."""
    program = harness.BUILD / "bench" / name
    program.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["clang-22", "-O2", "-pthread", str(PEERS.parent / f"{name}.c"), "-o", str(program)], check=True)
    return program


def peak(threads: int, *kind: str) -> float:
    """GFLOP/s of multiply-adds alone; of kind "int8" GOP/s of products of bytes, on CPUs that have instructions for them (RuntimeError)."""
    return while_near(threads, lambda: float(run(pinned(threads) + [own_program("fma_peak"), threads, *kind], "fma_peak").out))


def machine_tail(threads: int, milliseconds: float, runs: int) -> float:
    """p99 / median of this machine itself: threads that multiply in registers for so long and meet."""
    return float(run(pinned(threads) + [own_program("steady"), threads, milliseconds * 1e3, runs], "steady").out.split()[1])


def plan_bytes(log: str) -> int:
    """What the run after the mark asked ONNX Runtime's arena for: the block of its memory plan, and what kernels took beside it."""
    return sum(int(size) for size in re.findall(r"\(requested\) num_bytes: (\d+)", log.rpartition(peers.MARK)[2]))


def onnxruntime_plan(built: Built) -> int:
    return plan_bytes(run([sys.executable, PEERS, "onnxruntime-memory", built.path, built.data], TITLES["onnxruntime"]).err)


def compile_for_iree(path: pathlib.Path, shapes: dict, cache: pathlib.Path) -> pathlib.Path:
    """The model compiled by IREE for this CPU and these shapes of its inputs, once. Raises RuntimeError with its complaint, which is kept, too."""
    cache.mkdir(parents=True, exist_ok=True)
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(repr(sorted(shapes.items())).encode())
    stem = f"{digest.hexdigest()[:16]}-{version('iree')}"
    program, complaint, partial, fixed, imported = (cache / f"{stem}.{suffix}" for suffix in ("vmfb", "txt", "partial", "onnx", "mlir"))
    if program.exists():
        return program
    if complaint.exists():
        raise RuntimeError(complaint.read_text())
    model = onnx.load(path)
    for value in model.graph.input:
        for dim, size in zip(value.type.tensor_type.shape.dim, shapes.get(value.name, ())):
            dim.dim_value = size
    onnx.save(model, fixed)
    tools = pathlib.Path(sys.executable).parent
    target = ["--iree-hal-target-device=local", "--iree-hal-local-target-device-backends=llvm-cpu", "--iree-llvmcpu-target-cpu=host"]
    steps = [
        [tools / "iree-import-onnx", fixed, "-o", imported, "--opset-version", "17"],
        [tools / "iree-compile", imported, "-o", partial, "--iree-opt-level=O3", *target],
    ]
    try:
        for step in steps:
            made = subprocess.run(step, capture_output=True, text=True, timeout=IREE_SECONDS)
            if made.returncode != 0:
                errors = [line for line in made.stderr.splitlines() if "error:" in line] or made.stderr.splitlines() or ["no message"]
                complaint.write_text(errors[0].rpartition("error: ")[2][:200])
                raise RuntimeError(complaint.read_text())
    except subprocess.TimeoutExpired:
        complaint.write_text(f"not compiled within {IREE_SECONDS} s")
        raise RuntimeError(complaint.read_text()) from None
    finally:
        fixed.unlink(missing_ok=True)
        imported.unlink(missing_ok=True)
    partial.rename(program)
    return program
