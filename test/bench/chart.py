# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The chart of compare.py: how many times faster than the better peer, two bars a model. SVG that needs nothing else, for light and dark pages."""

import html

import bars

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 860, 190, 70, 96, 60
BAR, GAP, GROUP = 11, 2, 34  # heights: of a bar, between the two of a model, of a model
LARGEST = 3.0  # where the axis ends; longer bars are cut and say their value
STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #24292f }
  .title { font-size: 17px; font-weight: 600 } .small { font-size: 11px; fill: #57606a } .end { text-anchor: end } .middle { text-anchor: middle }
  .back { fill: #ffffff } .grid { stroke: #d8dee4 } .one { stroke: #24292f; stroke-width: 1.5 } .asked { stroke: #bc4c00; stroke-dasharray: 5 4 }
  .t1 { fill: #9ec5fe } .t2 { fill: #0969da } .slow { fill: #cf222e } .cut { stroke: #ffffff; stroke-width: 2 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .small { fill: #9198a1 } .back { fill: #0d1117 } .grid { stroke: #30363d }
    .one { stroke: #e6edf3 } .asked { stroke: #f0883e }
    .t1 { fill: #1f4b84 } .t2 { fill: #4493f8 } .slow { fill: #f85149 } .cut { stroke: #0d1117 }
  }"""


def across(value: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * min(value, LARGEST) / LARGEST


def bar(top: float, value: float, threads: str) -> list[str]:
    kind = f"t{threads}" if value >= bars.LEAST_SPEED else "slow"
    end = across(value)
    parts = [f'<rect class="{kind}" x="{LEFT}" y="{top:.1f}" width="{end - LEFT:.1f}" height="{BAR}" rx="1.5"/>']
    if value > LARGEST:
        parts += [f'<path class="cut" d="M{end - 20 + shift:.1f} {top + BAR + 1:.1f}l6 {-BAR - 2}"/>' for shift in (0, 5)]
    return parts + [f'<text class="small" x="{end + 5:.1f}" y="{top + BAR - 1.5:.1f}">{value:.2f}</text>']


def legend(top: float) -> list[str]:
    places = ((LEFT, "t1", "1 thread"), (LEFT + 90, "t2", "2 threads"), (LEFT + 190, "slow", "slower than the peer"))
    parts = []
    for x, kind, text in places:
        parts.append(f'<rect class="{kind}" x="{x}" y="{top - 9}" width="11" height="11" rx="1.5"/><text x="{x + 17}" y="{top}">{text}</text>')
    return parts


def line(kind: str, value: float, top: float, bottom: float, label: str = "", where: float = 0) -> list[str]:
    x = across(value)
    drawn = f'<line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{top:.1f}" y2="{bottom:.1f}"/>'
    return [drawn, f'<text class="small middle" x="{x:.1f}" y="{where:.1f}">{label}</text>'] if label else [drawn]


def draw(result: dict) -> str:
    rows = [row for row in bars.measured(result) if bars.speed(row, "1")]
    bottom = TOP + GROUP * max(len(rows), 1)
    parts = [
        f'<rect class="back" width="{WIDTH}" height="{bottom + BOTTOM}"/>',
        '<text class="title" x="24" y="32">Times faster than the better of ONNX Runtime and OpenVINO</text>',
        f'<text class="small" x="24" y="51">{html.escape(result["machine"]["cpu"])}, f32, batch 1, {html.escape(result["machine"]["date"])}</text>',
        *legend(76),
    ]
    for step in range(int(LARGEST * 2) + 1):
        parts += line("grid", step / 2, TOP, bottom, f"{step / 2:g}", bottom + 16)
    speeds = []
    for number, row in enumerate(rows):
        top = TOP + GROUP * number + (GROUP - 2 * BAR - GAP) / 2
        parts.append(f'<text class="end" x="{LEFT - 10}" y="{top + BAR + 5:.1f}">{html.escape(row["model"])}</text>')
        for place, threads in enumerate(bars.THREADS):
            speeds.append(bars.speed(row, threads))
            parts += bar(top + place * (BAR + GAP), speeds[-1], threads)
    parts += line("one", 1, TOP, bottom)
    parts += line("asked", bars.MEAN_SPEED, TOP, bottom, f"asked for as the mean: {bars.MEAN_SPEED}", bottom + 32)
    if speeds:
        parts.append(f'<text class="small" x="24" y="{bottom + 48}">geometric mean {bars.geometric_mean(speeds):.2f}</text>')
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{bottom + BOTTOM}" viewBox="0 0 {WIDTH} {bottom + BOTTOM}">'
    return "\n".join([drawing, f"<style>{STYLE}\n</style>", *parts, "</svg>"]) + "\n"
