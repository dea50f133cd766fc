# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the figures of compare.py are held against: a line per bar, with what was measured. Reads the JSON, whose keys are strings."""

import dataclasses
import math

import cases

PEERS = ("onnxruntime", "openvino")  # the better of the two counts
THREADS = ("1", "2")
MEAN_SPEED, LEAST_SPEED, IREE_SPEED, SCALING, SCALING_FROM_MS = 1.35, 1.0, 5.0, 1.85, 2.0
SHARES = {"transformers": 0.92, "ResNet-50": 0.88, "PP-OCR detection": 0.75, "MobileNet, EfficientNet": 0.75, "ConvNeXt": 0.85}
LARGEST_ERROR, START_SHARE = 1e-4, 0.2


@dataclasses.dataclass(frozen=True)
class Bar:
    what: str
    asked: str
    value: str = "not measured"
    good: bool | None = None

    @property
    def mark(self) -> str:
        return {None: "-", True: "yes", False: "no"}[self.good]


def measured(result: dict) -> list[dict]:
    return [row for row in result["models"] if "ms" in row and "ingot" in row["ms"]]


def best_peer(row: dict, threads: str) -> float | None:
    return min((row["ms"][peer][threads] for peer in PEERS if peer in row["ms"]), default=None)


def speed(row: dict, threads: str) -> float | None:
    """How many times faster than the better peer."""
    best = best_peer(row, threads)
    return best / row["ms"]["ingot"][threads] if best else None


def share(row: dict, threads: str, key: str = "counted_gflop") -> float | None:
    """Of the FMA peak measured in the same rounds."""
    return row[key] / row["ms"]["ingot"][threads] * 1e3 / row["peak_gflops"][threads] if key in row else None


def geometric_mean(values: list) -> float:
    return math.exp(sum(map(math.log, values)) / len(values))


def beside_peers(rows: list, broken: list) -> list[Bar]:
    mean, least = f">= {MEAN_SPEED} x", "no model slower"
    speeds = [(value, f"{row['model']} {threads}T") for row in rows for threads in THREADS if (value := speed(row, threads))]
    if not speeds:
        return [Bar("faster than the better peer, geometric mean", mean), Bar("slowest model beside the better peer", least)]
    average, (worst, name) = geometric_mean([value for value, _ in speeds]), min(speeds)
    slower = sum(value < LEAST_SPEED for value, _ in speeds)
    text = f"{worst:.2f} x ({name}); {slower} of {len(speeds)} slower" + "".join(f"; {model} does not run" for model in broken)
    return [
        Bar("faster than the better peer, geometric mean", mean, f"{average:.3f} x over {len(speeds)} figures", average >= MEAN_SPEED),
        Bar("slowest model beside the better peer", least, text, worst >= LEAST_SPEED and not broken),
    ]


def limits(rows: list) -> list[Bar]:
    bars = []
    for group, goal in SHARES.items():
        what, asked = f"share of the limit at 2 threads: {group}", f">= {goal:.0%}"
        own = [row for row in rows if row["model"] in cases.GROUPS[group] and share(row, "2")]
        if own:
            worst = min(own, key=lambda row: share(row, "2"))
            direct = share(worst, "2", "gflop")
            text = f"{share(worst, '2'):.1%} ({worst['model']}" + (f"; counted as direct {direct:.1%})" if worst["winograd_gflop"] else ")")
            bars.append(Bar(what, asked, text, share(worst, "2") >= goal))
        else:
            bars.append(Bar(what, asked))
    return bars


def beside_iree(rows: list) -> Bar:
    what, asked = "faster than IREE, each model that it compiles", f">= {IREE_SPEED:.0f} x"
    ratios = [
        (row["ms"]["iree"][threads] / row["ms"]["ingot"][threads], f"{row['model']} {threads}T")
        for row in rows
        for threads in THREADS
        if threads in row["ms"].get("iree", {})
    ]
    if not ratios:
        return Bar(what, asked)
    worst, name = min(ratios)
    mean = geometric_mean([ratio for ratio, _ in ratios])
    text = f"{worst:.1f} x ({name}); geometric mean {mean:.1f} x over {len(ratios) // 2} models"
    beyond = [row["model"] for row in rows if any(is_beyond_limit(row, threads) for threads in row["ms"].get("iree", {}))]
    if beyond:
        text += f"; five times would be more than the FMA peak allows for {', '.join(beyond)}"
    return Bar(what, asked, text, worst >= IREE_SPEED)


def is_beyond_limit(row: dict, threads: str) -> bool:
    """Whether the machine cannot do the model's multiply-adds in the time that is asked for beside IREE."""
    peak = row.get("peak_gflops", {}).get(threads)
    return bool(peak) and row.get("counted_gflop", 0) / peak * 1e3 > row["ms"]["iree"][threads] / IREE_SPEED


def scaling(rows: list) -> Bar:
    what, asked = f"2 threads / 1 thread, models above {SCALING_FROM_MS:.0f} ms", f">= {SCALING}"
    ratios = [(row["ms"]["ingot"]["1"] / row["ms"]["ingot"]["2"], row["model"]) for row in rows if row["ms"]["ingot"]["1"] > SCALING_FROM_MS]
    if not ratios:
        return Bar(what, asked)
    below = [f"{name} {ratio:.2f}" for ratio, name in sorted(ratios) if ratio < SCALING]
    return Bar(what, asked, ", ".join(below) or f"{min(ratios)[0]:.2f} ({min(ratios)[1]})", not below)


def partition(result: dict) -> Bar:
    what, asked = "imbalance of the partition for 2 to 64 threads, simulated", "< 10 %"
    found = result.get("partition", {})
    if "worst" not in found:
        return Bar(what, asked)
    text = f"{found['worst']:.1%} ({found['model']}); {found['bad']} of {found['cases']} large regions out of balance"
    if "worst_model" in found:
        text += f"; a whole model loses at most {found['worst_model']:.1%}"
    return Bar(what, asked, text, found["bad"] == 0)


def bf16(result: dict) -> list[Bar]:
    own, other = "BERT-base in bf16 beside its f32, 2 threads", "BERT-base in bf16 beside OpenVINO's, 2 threads"
    found = result.get("bf16", {})
    if "bf16_2t_ms" not in found:
        why = "not measured" if "failed" not in found else "failed: " + found["failed"].splitlines()[0][:80]
        return [Bar(own, ">= 1.8 x", why), Bar(other, "faster", why)]
    gain, taken = found["f32_2t_ms"] / found["bf16_2t_ms"], found["bf16_2t_ms"]
    bars = [Bar(own, ">= 1.8 x", f"{gain:.2f} x ({taken:.1f} ms, error {found['error']:.1e} of the range)", gain >= 1.8)]
    peer = found.get("openvino_2t_ms")
    return bars + [Bar(other, "faster", f"{peer / taken:.2f} x ({peer:.1f} ms)", taken < peer) if peer else Bar(other, "faster")]


def below(what: str, asked: str, value: float | None, text: str, limit: float) -> Bar:
    return Bar(what, asked) if value is None else Bar(what, asked, text.format(value), value < limit)


def overhead(result: dict) -> list[Bar]:
    tails = [(row["tail"]["ratio"], row["model"], row["tail"].get("machine_ratio")) for row in result["models"] if "tail" in row]
    ratio, name, machine = max(tails, default=(None, "", None))
    beside = f"; a loop in registers beside it {machine:.2f}" if machine else ""
    return [
        below("a call of one Relu of 16 floats, 1 thread", "< 1 us", result.get("overhead", {}).get("relu_us"), "{:.3f} us", 1.0),
        below("p99 / median of the runs, worst model, 2 threads", "< 1.2", ratio, "{:.2f} (" + name + beside + ")", 1.2),
    ]


def compilation(result: dict) -> list[Bar]:
    found = result.get("compile", {})
    sizes = [(row["largest_function"], row["model"]) for row in result["models"] if "largest_function" in row]
    largest = max(sizes, default=(None, ""))
    layers, code = "{:.2f} x", found.get("bert_large_code_ratio")
    layers += f" (stages without weights and linking alone: {code:.2f} x)" if code else ""
    return [
        below("compile ResNet-50, native", "< 10 s", found.get("resnet50_s"), "{:.1f} s", 10),
        below("compile ResNet-50, all x86 levels", "< 20 s", found.get("resnet50_all_s"), "{:.1f} s", 20),
        below("compile BERT-base", "< 10 s", found.get("bert_base_s"), "{:.1f} s", 10),
        below("compile 24 layers of BERT-large beside 2, but for copying the weights of 22", "< 1.5 x", found.get("bert_large_ratio"), layers, 1.5),
        below("largest function", "<= 20,000 operations", largest[0], "{:,} (" + largest[1] + ")", 20_001),
        below("code of ResNet-50, without weights", "< 1.5 MB", found.get("resnet50_code_mb"), "{:.2f} MB", 1.5),
    ]


def memory(result: dict) -> list[Bar]:
    what, asked = "peak memory of ResNet-50's process", "< weights + 1.2 x arena + 8 MB"
    row = next((row for row in result["models"] if row["model"] == "resnet50" and "memory" in row), None)
    bars = [Bar(what, asked)]
    if row:
        limit = row["weights_mb"] + 1.2 * row["arena_mb"] + 8
        peak = row["memory"]["peak_resident_mb"]
        bars = [Bar(what, asked, f"{peak:.1f} MB of {limit:.1f} MB", peak < limit)]
    what, asked = "arena and a thread's scratch, of what ONNX Runtime's plan needs", "<= 1"
    ratios = [
        ((row["arena_mb"] + row["scratch_mb"]) / row["memory"]["onnxruntime_plan_mb"], row["model"])
        for row in result["models"]
        if row.get("memory", {}).get("onnxruntime_plan_mb") and not row["model"].startswith("minilm-")  # its arena is that of its largest sizes
    ]
    if not ratios:
        return bars + [Bar(what, asked)]
    above = [f"{name} {ratio:.2f}" for ratio, name in sorted(ratios, reverse=True) if ratio > 1]
    own = [f"ResNet-50 {ratio:.2f}" for ratio, name in ratios if name == "resnet50" and ratio <= 1]
    text = "; ".join(own + ([f"above: {', '.join(above)}"] if above else [f"at most {max(ratios)[0]:.2f} ({max(ratios)[1]})"]))
    return bars + [Bar(what, asked, text, not above)]


def same_bits() -> Bar:
    return Bar("same bits with 1, 2, 3, 4 and 7 threads, 100 runs", "always", "a test: test/e2e/same_bits.py")


def rows(result: dict) -> list[Bar]:
    models = measured(result)
    return [
        *beside_peers(models, [row["model"] for row in result["models"] if "failed" in row or "wrong" in row]),
        *limits(models),
        beside_iree(models),
        *bf16(result),
        scaling(models),
        partition(result),
        *overhead(result),
        *compilation(result),
        *memory(result),
        same_bits(),
    ]
