# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the end-to-end programs share: compile a model, run the executable, ask ONNX Runtime, compare, count."""

import argparse
import dataclasses
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = (ROOT / os.environ.get("INGOT_BUILD", "build/release")).resolve()
INGOT = BUILD / "bin" / "ingot"
CACHE = pathlib.Path(os.environ.get("INGOT_CACHE", pathlib.Path.home() / ".cache/ingot"))

# Of the output's range, against ONNX Runtime. Both sides sum in f32 in different orders; over the deepest model here (ResNet-50) that moves an output
# by about 1e-5 of its range, a wrong kernel moves it by more than 1e-2.
TOLERANCE = 1e-4


@dataclasses.dataclass
class Outcome:
    code: int  # negative: ended by a signal; 124: took too long
    seconds: float
    out: str
    err: str
    peak_mb: float = 0.0

    def text(self) -> str:
        return (self.err.strip() or self.out.strip())[-600:]


def resident_peak(pid: int) -> int:
    """Peak resident KB of a running process, 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/status") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("VmHWM")), 0)
    except (FileNotFoundError, ProcessLookupError):
        return 0


def execute(command, timeout=600, cwd=None, env=None) -> Outcome:
    """Runs a command and measures its time and the peak memory of its process."""
    start = time.monotonic()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=cwd, env=env)
        deadline, status, usage = start + timeout, None, None
        pause, peak = 0.001, 0
        while status is None:
            peak = max(peak, resident_peak(process.pid))
            pid, waited, measured = os.wait4(process.pid, os.WNOHANG)
            if pid:
                status, usage = os.waitstatus_to_exitcode(waited), measured
            elif time.monotonic() > deadline:
                process.kill()
                _, _, usage = os.wait4(process.pid, 0)
                status = 124
            else:
                time.sleep(pause)
                pause = min(pause * 1.5, 0.02)
        process.returncode = status
        seconds = time.monotonic() - start
        out.seek(0)
        err.seek(0)
        texts = [file.read().decode(errors="replace") for file in (out, err)]
    # The kernel's figure is exact but starts from this process's own peak, which a child inherits until its exec.
    if usage.ru_maxrss > resource.getrusage(resource.RUSAGE_SELF).ru_maxrss:
        peak = usage.ru_maxrss
    return Outcome(status, seconds, *texts, peak / 1024)


def compile_model(model, output, level="-O3", shapes=None, extra=(), timeout=600) -> Outcome:
    command = [INGOT, "compile", model, "-o", output, level]
    for name, shape in (shapes or {}).items():
        command += ["--input-shape", f"{name}={'x'.join(map(str, shape))}"]
    return execute(command + list(extra), timeout)


def start_of(executable) -> list:
    """The command that starts a program: its path, behind an emulator when it is for another kind of CPU."""
    path = os.path.abspath(executable)
    with open(path, "rb") as file:
        machine = int.from_bytes(file.read(20)[18:], "little")
    if machine != 183:  # ELF's number of AArch64
        return [path]
    return [shutil.which("qemu-aarch64") or "qemu-aarch64", "-L", "/usr/aarch64-linux-gnu", path]


def run_model(executable, inputs, threads=1, timeout=600):
    """Runs a compiled model on `inputs` in an empty folder with an empty environment. Returns the outcome, and the outputs by name (or None)."""
    with tempfile.TemporaryDirectory() as folder:
        np.savez(os.path.join(folder, "inputs.npz"), **inputs)
        command = [*start_of(executable), "--inputs", "inputs.npz", "--outputs", "outputs.npz", "--threads", threads]
        outcome = execute(command, timeout, folder, {})
        if outcome.code != 0:
            return outcome, None
        with np.load(os.path.join(folder, "outputs.npz")) as archive:
            return outcome, {name: archive[name] for name in archive.files}


def session(model, threads=2, severity=3, optimize=True):
    """An ONNX Runtime session as a user makes one: every optimisation (or none), a fixed number of threads."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = severity
    if not optimize:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def oracle(model, inputs, optimize=True) -> dict:
    runner = session(model if isinstance(model, (str, bytes)) else str(model), optimize=optimize)
    names = [output.name for output in runner.get_outputs()]
    return dict(zip(names, runner.run(names, inputs)))


def reference(model, inputs) -> dict:
    """What ONNX's own reference implementation computes."""
    from onnx.reference import ReferenceEvaluator

    runner = ReferenceEvaluator(str(model))
    return dict(zip(runner.output_names, runner.run(None, inputs)))


def difference(expected: np.ndarray, got: np.ndarray):
    """Largest absolute error as a share of the expected range, or a sentence that says why they cannot be compared."""
    if expected.dtype != got.dtype:
        return f"type {got.dtype}, expected {expected.dtype}"
    if expected.shape != got.shape:
        return f"shape {list(got.shape)}, expected {list(expected.shape)}"
    if expected.size == 0:
        return 0.0
    if expected.dtype.kind not in "f":
        return 0.0 if np.array_equal(expected, got) else f"{int(np.sum(expected != got))} of {expected.size} elements differ"
    finite = np.isfinite(expected)
    if not np.array_equal(np.where(finite, 0, expected), np.where(finite, 0, got), equal_nan=True):
        return "infinities or NaNs differ"
    if not finite.any():
        return 0.0
    expected, got = expected[finite].astype(np.float64), got[finite].astype(np.float64)
    # A constant or single output has no range; its size takes the place.
    scale = max(float(expected.max() - expected.min()), float(np.abs(expected).max()) if expected.size < 8 else 0.0, 1e-30)
    return float(np.abs(expected - got).max() / scale)


def compare(expected: dict, got: dict, tolerance=TOLERANCE):
    """Returns (largest error, complaint or None)."""
    worst = 0.0
    for name, value in expected.items():
        if name not in got:
            return worst, f"output '{name}' is missing, there are {sorted(got)}"
        error = difference(value, got[name])
        if isinstance(error, str):
            return worst, f"output '{name}': {error}"
        worst = max(worst, error)
        if not error <= tolerance:
            return worst, f"output '{name}': error {error:.2e} of the range, limit {tolerance:.0e}"
    return worst, None


class Report:
    """Counts cases against a strict table of known failures: a case in the table must fail, all others must pass. A known failure counts neither
    as passed nor as failed."""

    def __init__(self, table: pathlib.Path | None = None):
        self.known = {}
        self.seen = set()
        self.passed = self.failed = self.known_failures = 0
        for line in table.read_text().splitlines() if table and table.exists() else []:
            if line.strip() and not line.startswith("#"):
                name, _, reason = line.partition(": ")
                if not reason.strip():
                    raise SystemExit(f"{table}: '{name}' has no reason")
                self.known[name.strip()] = reason.strip()

    def case(self, name: str, complaint: str | None, note: str = "", quiet=False) -> None:
        self.seen.add(name)
        if name in self.known and complaint:
            self.known_failures += 1
            print(f"known   {name}: {complaint} ({self.known[name]})", flush=True)
        elif name in self.known:
            self.failed += 1
            print(f"FAIL    {name}: passes now; remove it from the table of known failures", flush=True)
        elif complaint:
            self.failed += 1
            print(f"FAIL    {name}: {complaint}", flush=True)
        else:
            self.passed += 1
            if not quiet:
                print(f"pass    {name}{'  ' + note if note else ''}", flush=True)

    def finish(self) -> int:
        if self.known_failures:
            print(f"known failures, counted neither way: {self.known_failures}")
        print(f"passed={self.passed} failed={self.failed}", flush=True)
        return 1 if self.failed or not self.passed else 0


def need_ingot() -> None:
    if not INGOT.exists():
        print(f"no {INGOT}: build first (test/run.sh, or ninja -C {BUILD}), or point INGOT_BUILD at a build folder", file=sys.stderr)
        print("passed=0 failed=1")
        raise SystemExit(1)


def begin(description: str):
    """The command line of a program of cases: an empty report, and whether a case of this name is wanted."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--filter", default=".*", help="a regular expression for the whole name")
    pattern = re.compile(parser.parse_args().filter)
    need_ingot()
    return Report(ROOT / "test/e2e/expectations.txt"), pattern.fullmatch


def run_cases(description: str, prefix: str, cases: list, make_bench) -> int:
    """A program whose cases are functions of a bench, which each gets in an empty folder. A case is called `prefix` and the function's name;
    `--filter` takes it with and without the prefix. Whatever a case raises is its failure, of ONNX and ONNX Runtime, too."""
    report, wanted = begin(description)
    for case in cases:
        short = case.__name__.replace("_", "-")
        name = f"{prefix}-{short}"
        if not wanted(name) and not wanted(short):
            continue
        try:
            case(make_bench(scratch(prefix)))
            report.case(name, None)
        except Exception as error:
            report.case(name, f"{type(error).__name__}: {error}"[:900])
    return report.finish()


def scratch(name: str) -> pathlib.Path:
    """An empty folder under the build folder."""
    folder = BUILD / "e2e" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
