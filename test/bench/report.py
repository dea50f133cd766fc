#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Turns the JSON of compare.py into its Markdown page.

test/bench/report.py docs/benchmarks/main-job.json      print the page
"""

import json
import sys

# What the page holds the figures against.
SLOWEST_RATIO, MEAN_RATIO, LARGEST_ERROR, START_SHARE = 1.3, 1.0, 1e-4, 0.2


def mark(good: bool) -> str:
    return "yes" if good else "**no**"


def model_table(result: dict) -> list[str]:
    engines = result["engines"]
    lines = [
        "## Models",
        "",
        "Median ms of one inference, batch 1, f32; ratio = Ingot's time / ONNX Runtime's. Error = largest absolute error / the output's range.",
        "",
        "| model | " + " | ".join(f"{engine} 1T / 2T" for engine in engines) + " | ratio 1T / 2T | error | within |",
        "|---|" + "---:|" * (len(engines) + 2) + "---|",
    ]
    for row in result["models"]:
        if "failed" in row:
            lines.append(f"| {row['model']} | failed: {row['failed'].splitlines()[0][:120]} |" + " |" * (len(engines) + 2))
            continue
        times = [f"{row['ms'][engine]['1']:.3f} / {row['ms'][engine]['2']:.3f}" for engine in engines]
        ratios = [row["ms"]["ingot"][threads] / row["ms"][engines[0]][threads] for threads in ("1", "2")]
        within = max(ratios) <= SLOWEST_RATIO and row["error"] <= LARGEST_ERROR and "wrong" not in row
        lines.append(f"| {row['model']} | {' | '.join(times)} | {ratios[0]:.2f} / {ratios[1]:.2f} | {row['error']:.1e} | {mark(within)} |")
    lines.append("")
    for name, mean in result.get("geometric_means", {}).items():
        lines.append(f"Geometric mean of Ingot / {name}: **{mean:.3f}**.")
    return lines + [
        f"Asked for: a geometric mean of at most {MEAN_RATIO:.1f} at 1 and 2 threads, no model above {SLOWEST_RATIO}, error at most 1e-4.",
        "",
    ]


def kernel_table(result: dict) -> list[str]:
    lines = [
        "## Kernels",
        "",
        "Share of the FMA peak measured in the same rounds (`test/bench/fma_peak.c`). Convolutions are chains of 8 layers (depthwise: 32), counted "
        "as direct convolutions; spills = innermost vector loops that store vectors to the stack.",
        "",
        "| kernel | GFLOP/s 1T / 2T | peak 1T / 2T | share 1T / 2T | asked for | within | loops | spills |",
        "|---|---:|---:|---:|---:|---|---:|---:|",
    ]
    for row in result["kernels"]:
        if "failed" in row:
            lines.append(f"| {row['kernel']} | failed: {row['failed'].splitlines()[0][:120]} | | | | | | |")
            continue
        pair = {key: [row[key][threads] for threads in ("1", "2")] for key in ("gflops", "peak_gflops", "share")}
        within = pair["share"][0] >= row["goal"] and row["compile"]["spilling_loops"] == 0
        lines.append(
            f"| {row['kernel']} | {pair['gflops'][0]:.1f} / {pair['gflops'][1]:.1f} | {pair['peak_gflops'][0]:.1f} / "
            f"{pair['peak_gflops'][1]:.1f} | {pair['share'][0]:.1%} / {pair['share'][1]:.1%} | {row['goal']:.0%} | {mark(within)} | "
            f"{row['compile']['vector_loops']} | {row['compile']['spilling_loops']} |"
        )
    return lines + [""]


def compile_table(result: dict) -> list[str]:
    lines = [
        "## Compilation",
        "",
        "`--target=native`, `-O3`. Memory is the peak of the compiler's process; allowed are 1.3 x the model + 1000 MB.",
        "",
        "| model | model MB | compile s | peak MB | executable MB | memory within | vector loops | with spills |",
        "|---|---:|---:|---:|---:|---|---:|---:|",
    ]
    for row in result["models"]:
        if made := row.get("compile"):
            lines.append(
                f"| {row['model']} | {row['model_mb']:.1f} | {made['seconds']:.1f} | {made['peak_mb']:.0f} | {made['file_mb']:.1f} | "
                f"{mark(made['peak_mb'] < 1.3 * row['model_mb'] + 1000)} | {made['vector_loops']} | {made['spilling_loops']} |"
            )
    return lines + [""]


def start_table(result: dict) -> list[str]:
    peer = result["engines"][0]
    lines = [
        "## Start",
        "",
        f"Ingot: from the start of the process to the end of the first inference. {peer}: session creation and the first run, in a "
        "process that has its libraries loaded already.",
        "",
        f"| model | {peer} ms | Ingot ms | share | below 1/5 |",
        "|---|---:|---:|---:|---|",
    ]
    for row in result["models"]:
        if start := row.get("start_ms"):
            share = start["ingot"] / start[peer]
            lines.append(f"| {row['model']} | {start[peer]:.1f} | {start['ingot']:.2f} | {share:.2f} | {mark(share < START_SHARE)} |")
    return lines + [""]


def page(result: dict) -> str:
    machine = result["machine"]
    lines = [
        "# Ingot beside its peers",
        "",
        f"Made by `test/bench/compare.py` on {machine['date']}: {machine['cpu']}, {machine['cores']} cores, ONNX Runtime {machine['onnxruntime']}. "
        f"Engines run in turn for {result['rounds']} rounds, each pinned to its cores; a figure is the median of the rounds' medians. "
        "A peer's time includes its call from Python (10 to 30 us).",
        "",
    ]
    if result["models"]:
        lines += model_table(result)
    if result["kernels"]:
        lines += kernel_table(result)
    if result["models"]:
        lines += compile_table(result)
        lines += start_table(result)
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(__doc__)
        sys.exit(0 if "--help" in sys.argv else 2)
    with open(sys.argv[1], encoding="utf-8") as source:
        print(page(json.load(source)), end="")
