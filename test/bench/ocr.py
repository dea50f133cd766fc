#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How long it takes from a PNG file to its text: examples/embed-cpp-ocr beside rapidocr-onnxruntime, with the same models and threads.

The two run in turn, each in a process of its own, pinned to as many cores as it has threads. A round reads a picture a few times; the first reading
warms up and does not count. A figure is the median over the rounds of each round's median. "Start" is a process that reads one picture, from its
start to its end. CPU seconds are those of all threads; other work on the machine touches them less than the wall clock.
Writes docs/benchmarks/ocr.md.

    test/bench/ocr.py                                 all of it (about 3 minutes)
    test/bench/ocr.py --rounds 3 --output build/bench/ocr
"""

import argparse
import datetime
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve()
sys.path.insert(0, str(HERE.parents[1] / "e2e"))
import harness  # noqa: E402
import ocr  # noqa: E402

READINGS = 4  # in a round; the first is not counted
PAGES = {"20 lines": ocr.page, "two columns, 11 lines": ocr.columns}


def read_as_peer(picture: str, threads: int, readings: int) -> None:
    """What the process of the peer does: prints as `ocr --repeat` does."""
    engine = ocr.peer(threads)
    for _ in range(readings):
        wall, cpu = time.perf_counter(), time.process_time()
        lines = ocr.lines_of(engine, picture)
        print(f"{time.perf_counter() - wall:.6f} {time.process_time() - cpu:.6f}", file=sys.stderr)
    for _, _, text in lines:
        print(f"\t\t{text}")


def run(command: list, threads: int):
    """The text, wall and CPU milliseconds of each reading, and those of the whole process."""
    cores = ",".join(map(str, sorted(os.sched_getaffinity(0))[:threads]))
    before, begin = os.times(), time.perf_counter()
    done = subprocess.run(["taskset", "-c", cores, *map(str, command)], capture_output=True, text=True, check=True)
    wall, after = time.perf_counter() - begin, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    text = [line.split("\t")[2] for line in done.stdout.splitlines()]
    readings = [[1e3 * float(number) for number in line.split()] for line in done.stderr.splitlines()]
    return text, readings, [1e3 * wall, 1e3 * cpu]


def measure(program: pathlib.Path, picture: pathlib.Path, threads: int, rounds: int) -> dict:
    engines = {
        "ingot": lambda readings: [program, f"--threads={threads}", f"--repeat={readings}", picture],
        "rapidocr": lambda readings: [sys.executable, HERE, "--peer", picture, threads, readings],
    }
    figures = {(engine, what): [] for engine in engines for what in ("page", "start")}
    texts = {}
    for _ in range(rounds):
        for engine, command in engines.items():
            texts[engine], readings, _ = run(command(READINGS), threads)
            figures[engine, "page"].append([statistics.median(column) for column in zip(*readings[1:])])
            figures[engine, "start"].append(run(command(1), threads)[2])
    if texts["ingot"] != texts["rapidocr"]:
        raise SystemExit(f"{picture.name}: Ingot reads {texts['ingot']}, rapidocr {texts['rapidocr']}")
    return {key: [statistics.median(column) for column in zip(*rows)] for key, rows in figures.items()}


BUSY = """
The machine was busy: the CPU columns at 1 thread say most. At 2 threads the peer's threads wait for each other within every layer,
actively, which is what a busy machine punishes: those figures flatter Ingot and want to be measured again on a quiet one."""


def page(rows: list, rounds: int, load: list) -> str:
    lines = [
        "# From a picture to its text",
        "",
        f"Made by `test/bench/ocr.py` on {datetime.date.today()}: the program of examples/embed-cpp-ocr beside rapidocr-onnxruntime 1.4.4 (ONNX",
        f"Runtime 1.31.1, OpenCV 4.14), the same three models, the same text; in turn for {rounds} rounds, each pinned to its cores; medians.",
        "\"Page\" is a reading in a process that has read before, from the file to the text; \"start\" is a process that reads one picture, from its",
        "start to its end. CPU milliseconds are those of all threads. The machine has "
        f"{os.cpu_count()} cores; processes that ran or waited, these included: {min(load):.1f} to {max(load):.1f}.",
        "",
        "| picture | what | threads | Ingot ms | rapidocr ms | ratio | Ingot CPU ms | rapidocr CPU ms | ratio |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, threads, figures in rows:
        for what in ("page", "start"):
            (wall, cpu), (peer_wall, peer_cpu) = figures["ingot", what], figures["rapidocr", what]
            wall_text = f"{wall:.0f} | {peer_wall:.0f} | {wall / peer_wall:.2f}"
            lines.append(f"| {name} | {what} | {threads} | {wall_text} | {cpu:.0f} | {peer_cpu:.0f} | {cpu / peer_cpu:.2f} |")
    return "\n".join(lines) + "\n" + (BUSY + "\n" if max(load) > 2.5 else "")


def main() -> int:
    if sys.argv[1:2] == ["--peer"]:
        read_as_peer(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
        return 0
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", default=str(harness.ROOT / "docs/benchmarks/ocr"), help="path without suffix")
    options = parser.parse_args()
    harness.need_ingot()
    rows, loads = [], []
    with tempfile.TemporaryDirectory() as scratch:
        folder = shutil.copytree(harness.ROOT / "examples/embed-cpp-ocr", pathlib.Path(scratch) / "ocr")
        made = ocr.build(folder)
        if made.code != 0:
            raise SystemExit(made.text())
        for name, draw in PAGES.items():
            picture = folder / "page.png"
            draw().save(picture)
            for threads in (1, 2):
                loads.append(os.getloadavg()[0])
                rows.append((name, threads, measure(folder / "ocr", picture, threads, options.rounds)))
                told = page(rows[-1:], options.rounds, loads[-1:]).splitlines()
                print(*(line for line in told if line.startswith(f"| {name}")), sep="\n", flush=True)
    output = pathlib.Path(options.output)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.with_suffix(".md").write_text(page(rows, options.rounds, loads))
    print(f"wrote {output}.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
