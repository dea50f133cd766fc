#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Turns the JSON of compare.py into its Markdown page.

test/bench/report.py docs/benchmarks/cpu.json      print the page
"""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import bars  # noqa: E402
import engines  # noqa: E402


def mark(good: bool) -> str:
    return "yes" if good else "**no**"


def table(head: list[str], rows: list[list[str]], left: int = 1) -> list[str]:
    """The first columns are text, the others numbers."""
    return ["| " + " | ".join(head) + " |", "|" + "---|" * left + "---:|" * (len(head) - left), *("| " + " | ".join(row) + " |" for row in rows), ""]


def pair(values: dict, form: str = "{:.3f}") -> str:
    return " / ".join(form.format(values[threads]) if values.get(threads) is not None else "-" for threads in bars.THREADS)


def by_threads(measure, row: dict, *rest) -> dict:
    return {threads: measure(row, threads, *rest) for threads in bars.THREADS}


def bar_table(result: dict) -> list[str]:
    rows = [[bar.what, bar.asked, bar.value, {True: "yes", False: "**no**", None: "-"}[bar.good]] for bar in bars.rows(result)]
    return ["## What was asked for", "", *table(["what", "asked for", "measured", "kept"], rows, left=4)]


def model_table(result: dict) -> list[str]:
    names = result["engines"]
    rows = []
    for row in result["models"]:
        if "failed" in row:
            rows.append([row["model"], "failed: " + row["failed"].splitlines()[0][:120]] + [""] * (len(names) + 1))
        elif "ms" in row:
            times = [pair(row["ms"].get(engine, {})) for engine in names]
            error = f"{row['error']:.1e}" + ("" if row["error"] <= bars.LARGEST_ERROR and "wrong" not in row else " **too large**")
            rows.append([row["model"], *times, pair(by_threads(bars.speed, row), "{:.2f}"), error])
    lines = [
        "## Models",
        "",
        "Median ms of one inference with 1 / 2 threads, f32; speed = the better of ONNX Runtime and OpenVINO / Ingot. Error = largest absolute "
        f"difference from ONNX Runtime / the output's range; {bars.LARGEST_ERROR:.0e} is allowed. minilm is one program for 1 to 8 rows of 2 to 512 "
        "tokens; OpenVINO and IREE get a model for each size.",
        "",
        *table(["model", *(engines.TITLES[engine] for engine in names), "speed", "error"], rows),
    ]
    for threads in bars.THREADS:
        speeds = [speed for row in bars.measured(result) if (speed := bars.speed(row, threads))]
        if speeds:
            lines.append(f"Geometric mean of the speeds with {threads} thread{'s' * (threads != '1')}: **{bars.geometric_mean(speeds):.3f}**.")
    failures = [(row["model"], peer, why) for row in result["models"] for peer, why in row.get("failed_peers", {}).items()]
    return [*lines, "", *(f"- {engines.TITLES[peer]} does not run {model}: {why.splitlines()[0][:160]}" for model, peer, why in failures), ""]


def share_table(result: dict) -> list[str]:
    rows = []
    for row in bars.measured(result):
        if "gflop" in row:
            scaling = row["ms"]["ingot"]["1"] / row["ms"]["ingot"]["2"]
            shares = [pair(by_threads(bars.share, row, key), "{:.1%}") for key in ("gflop", "counted_gflop")]
            work, peak = [f"{row['gflop']:.2f}", f"{row['winograd_gflop']:.2f}"], pair(row["peak_gflops"], "{:.1f}")
            rows.append([row["model"], *work, *shares, peak, f"{scaling:.2f}"])
    return [
        "## Share of the limit",
        "",
        "GFLOP of convolutions and products by the direct algorithm, and those of 3x3 convolutions with stride 1, for which Winograd's algorithm "
        "F(4,3) needs a quarter. Share of the FMA peak measured in the same rounds (`test/bench/fma_peak.c`) with 1 / 2 threads: counted as direct, "
        "and with that quarter, whether it is used or not. Scaling = 1 thread / 2 threads.",
        "",
        *table(["model", "GFLOP", "of these 3x3", "share, direct", "share of the limit", "peak GFLOP/s", "scaling"], rows),
    ]


def kernel_table(result: dict) -> list[str]:
    rows = []
    for row in result["kernels"]:
        if "failed" in row:
            rows.append([row["kernel"], "failed: " + row["failed"].splitlines()[0][:120]] + [""] * 6)
            continue
        within = row["share"]["1"] >= row["goal"] and row["spilling_loops"] == 0
        figures = [pair(row["gflops"], "{:.1f}"), pair(row["peak_gflops"], "{:.1f}"), pair(row["share"], "{:.1%}"), f"{row['goal']:.0%}"]
        rows.append([row["kernel"], *figures, mark(within), str(row["vector_loops"]), str(row["spilling_loops"])])
    return [
        "## Kernels",
        "",
        "Convolutions are chains of 8 layers (depthwise: 32), counted as direct convolutions; spills = innermost vector loops that store vectors to "
        "the stack.",
        "",
        *table(["kernel", "GFLOP/s 1T / 2T", "peak 1T / 2T", "share 1T / 2T", "asked for, 1T", "within", "loops", "spills"], rows),
    ]


def compile_table(result: dict) -> list[str]:
    rows = []
    for row in result["models"]:
        if made := row.get("compile"):
            sizes = [f"{row['model_mb']:.1f}", f"{made['seconds']:.1f}", f"{made['peak_mb']:.0f}", f"{made.get('file_mb', 0):.1f}"]
            within = mark(made["peak_mb"] < 1.3 * row["model_mb"] + 1000)
            largest = f"{row['largest_function']:,}" if "largest_function" in row else "-"
            rows.append([row["model"], *sizes, within, largest, str(made.get("vector_loops", "-")), str(made.get("spilling_loops", "-"))])
    head = ["model", "model MB", "compile s", "peak MB", "executable MB", "memory within", "largest function", "vector loops", "with spills"]
    lines = [
        "## Compilation",
        "",
        "`--target=native`, `-O3`. Memory is the peak of the compiler's process; allowed are 1.3 x the model + 1000 MB. The largest function in "
        "operations of the LLVM dialect.",
        "",
        *table(head, rows),
    ]
    found = result.get("compile", {})
    if "bert_large_24" in found:
        stages = list(found["bert_large_24"]["stages"])
        rows = [[str(n), *(f"{found[f'bert_large_{n}']['stages'].get(stage, 0):.2f}" for stage in stages)] for n in (2, 24)]
        lines += ["Seconds of each stage for BERT-large (`test/models/bert.py`); weights and link copy weights:", ""]
        lines += table(["layers", *stages], rows)
    return lines


def memory_table(result: dict) -> list[str]:
    rows = []
    for row in result["models"]:
        if found := row.get("memory"):
            plan = found.get("onnxruntime_plan_mb")
            tail = f"{row['tail']['ratio']:.2f}" if "tail" in row else "-"
            machine = f"{row['tail']['machine_ratio']:.2f}" if "machine_ratio" in row.get("tail", {}) else "-"
            own = [f"{row['weights_mb']:.1f}", f"{row['arena_mb']:.2f}", f"{row['scratch_mb']:.2f}"]
            figures = [*own, f"{plan:.2f}" if plan else "-", f"{found['peak_resident_mb']:.1f}", tail, machine]
            rows.append([row["model"], *figures])
    return [
        "## Memory and spread",
        "",
        "MB. ONNX Runtime's plan is the block that a run takes from its arena when memory patterns are on and the arena was emptied before "
        "(`test/bench/peers.py`), with one thread; scratch is what each thread has for itself. The arena of minilm is that of its largest sizes. "
        "Peak is that of Ingot's process, inputs, outputs and code included, with 2 threads. p99 / median of 100 runs or more "
        "with 2 threads, and behind it that "
        "of two threads that multiply in registers for as long and meet (`test/bench/steady.c`): what the machine itself is uneven by.",
        "",
        *table(["model", "weights", "arena", "scratch", "ONNX Runtime's plan", "peak", "p99 / median", "of the machine"], rows),
    ]


def start_table(result: dict) -> list[str]:
    rows = []
    for row in bars.measured(result):
        start = row["start_ms"]
        if "onnxruntime" in start:
            share = start["ingot"]["2"] / start["onnxruntime"]["2"]
            others = [f"{start[peer]['2']:.1f}" if peer in start else "-" for peer in bars.PEERS]
            rows.append([row["model"], *others, f"{start['ingot']['2']:.2f}", f"{share:.2f}", mark(share < bars.START_SHARE)])
    return [
        "## Start",
        "",
        "Ms to the end of the first inference, 2 threads. Ingot: from the start of the process. Peers: session creation and the first run, in a "
        "process that has their libraries loaded already.",
        "",
        *table(["model", "ONNX Runtime", "OpenVINO", "Ingot", "Ingot / ONNX Runtime", "below 1/5"], rows),
    ]


def placement_lines(result: dict) -> list[str]:
    placed = result.get("placement")
    if not placed:
        return []
    return [
        "The CPUs of a virtual machine may lie far from each other, or be threads of one core (`test/bench/neighbours.c`), and change places at any "
        f"time. Of {placed['blocks']} blocks with two threads, of all engines, {placed['again']} were taken again for that, and {placed['far']} "
        "stayed what they were.",
        "",
    ]


def page(result: dict, chart: str = "cpu") -> str:
    machine = result["machine"]
    versions = ", ".join(f"{engines.TITLES[name]} {number}" for name, number in result["versions"].items())
    lines = [
        "# Ingot beside its peers",
        "",
        f"Made by `test/bench/compare.py` on {machine['date']}: {machine['cpu']}, {machine['cores']} cores; {versions}. Engines run in turn for "
        f"{result['rounds']} rounds (IREE in the first one only), each in a process of its own, pinned to as many cores as it has threads; a figure "
        "is the median of the rounds' medians. A peer's time includes its call from Python (10 to 30 us). All figures are in the JSON file beside "
        "this page.",
        "",
        *placement_lines(result),
        *bar_table(result),
    ]
    if any("ms" in row or "failed" in row for row in result["models"]):
        lines += [f"![Ingot's speed beside the better peer, per model]({chart}.svg)", "", *model_table(result), *share_table(result)]
    if result["kernels"]:
        lines += kernel_table(result)
    if result["models"]:
        lines += compile_table(result)
    if any("memory" in row for row in result["models"]):
        lines += memory_table(result)
    if any("ms" in row for row in result["models"]):
        lines += start_table(result)
    text = "\n".join(lines)
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text.rstrip() + "\n"


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(__doc__)
        sys.exit(0 if "--help" in sys.argv else 2)
    with open(sys.argv[1], encoding="utf-8") as source:
        print(page(json.load(source), pathlib.Path(sys.argv[1]).stem), end="")
