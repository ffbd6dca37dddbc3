"""The queries' times as a picture: one row each, on a logarithmic scale."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

ROW, HEAD, FOOT = 17, 64, 30
LEFT, WIDTH, RIGHT = 250, 620, 20
LEAST_MS, MOST_MS = 0.03, 10_000.0

# Both of light and dark pages: the picture takes the reader's.
STYLE = """\
text { font: 11px system-ui, sans-serif; fill: #1f2328; }
.title { font-size: 15px; font-weight: 600; }
.group { font-weight: 600; }
.grid { stroke: #d1d9e0; stroke-width: 1; }
.scale { fill: #59636e; text-anchor: middle; }
.ours { fill: #0969da; stroke: #0969da; }
.other { fill: #bc4c00; stroke: #bc4c00; }
.budget { stroke: #cf222e; stroke-width: 3; }
.goal { stroke: #1a7f37; stroke-width: 2; }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc; }
  .grid { stroke: #3d444d; }
  .scale { fill: #9198a1; }
  .ours { fill: #4493f8; stroke: #4493f8; }
  .other { fill: #f0883e; stroke: #f0883e; }
  .budget { stroke: #f85149; }
  .goal { stroke: #3fb950; }
}
"""


class Row(NamedTuple):
    """A query's times in milliseconds.

    Args:
        name: The query's.
        group: Its group: rows of one stand together.
        median: Of the runs.
        p95: The 95th percentile.
        budget: What the 95th percentile may be.
        goal: What it should be.
        other: The 95th percentile on another design; None where there is none.

    """

    name: str
    group: str
    median: float
    p95: float
    budget: float
    goal: float
    other: float | None = None


def rows(result: Mapping[str, Any], goal: Any, *, beside_plain: bool) -> list[Row]:
    """Return the rows of a result, those of the plain design beside them if that is asked."""
    plain = result["plain"] if beside_plain else {}
    return [
        Row(
            name,
            each["group"],
            each["median_ms"],
            each["p95_ms"],
            each["budget_ms"],
            each["budget_ms"] * goal(each["group"]),
            plain[name]["p95_ms"] if name in plain else None,
        )
        for name, each in result["large"].items()
    ]


def svg(title: str, drawn: Sequence[Row]) -> str:
    """Return the picture as SVG."""
    groups = list(dict.fromkeys(row.group for row in drawn))
    height = HEAD + ROW * (len(drawn) + len(groups)) + FOOT
    width = LEFT + WIDTH + RIGHT
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        f' width="{width}" height="{height}" role="img" aria-label="{escape(title)}">',
        f"<style>\n{STYLE}</style>",
        f'<text class="title" x="8" y="22">{escape(title)}</text>',
        *_legend(with_other=any(row.other for row in drawn)),
        *_grid(height),
    ]
    top = HEAD
    for group in groups:
        lines.append(f'<text class="group" x="8" y="{top + 12}">{escape(group)}</text>')
        top += ROW
        for row in drawn:
            if row.group == group:
                lines += _row(row, top)
                top += ROW
    return "\n".join([*lines, "</svg>", ""])


def _x(milliseconds: float) -> float:
    """Return where a time stands."""
    share = math.log(max(milliseconds, LEAST_MS) / LEAST_MS) / math.log(MOST_MS / LEAST_MS)
    return round(LEFT + WIDTH * min(share, 1), 1)


def _legend(*, with_other: bool) -> Iterator[str]:
    entries = [
        ('<line class="ours" stroke-width="2" x1="0" x2="14" y1="0" y2="0"/>', "median to p95"),
        ('<circle class="ours" cx="7" cy="0" r="4"/>', "p95"),
    ]
    if with_other:
        entries.append(('<circle class="other" cx="7" cy="0" r="4"/>', "p95, plain design"))
    entries += [
        ('<line class="goal" x1="7" x2="7" y1="-6" y2="6"/>', "goal"),
        ('<line class="budget" x1="7" x2="7" y1="-6" y2="6"/>', "budget"),
    ]
    left = 8
    for mark, words in entries:
        yield f'<g transform="translate({left} 40)">{mark}<text x="20" y="4">{words}</text></g>'
        left += 40 + 7 * len(words)


def _grid(height: int) -> Iterator[str]:
    for power in range(-1, 5):
        value = 10.0**power
        x, bottom = _x(value), height - FOOT + 4
        words = f"{value:g} ms" if value < 1000 else f"{value / 1000:g} s"  # noqa: PLR2004
        yield f'<line class="grid" x1="{x}" x2="{x}" y1="{HEAD - 6}" y2="{bottom}"/>'
        yield f'<text class="scale" x="{x}" y="{bottom + 14}">{words}</text>'


def _row(row: Row, top: float) -> Iterator[str]:
    middle = top + ROW / 2
    yield f'<text x="20" y="{middle + 4}">{escape(row.name)}</text>'
    yield (
        f'<line class="ours" stroke-width="2" x1="{_x(row.median)}" x2="{_x(row.p95)}"'
        f' y1="{middle}" y2="{middle}"/>'
    )
    for kind, value in (("goal", row.goal), ("budget", row.budget)):
        x = _x(value)
        yield f'<line class="{kind}" x1="{x}" x2="{x}" y1="{middle - 6}" y2="{middle + 6}"/>'
    if row.other is not None:
        yield f'<circle class="other" cx="{_x(row.other)}" cy="{middle}" r="4"/>'
    yield f'<circle class="ours" cx="{_x(row.p95)}" cy="{middle}" r="4"/>'
