"""Draws how soon an answer begins: .venv/bin/python -m script.benchmark.plot JSON... SVG.

One panel for each kind of model server, one pair of bars for each situation.
"""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
import json
from pathlib import Path
import sys
from typing import Any

from .measures.first_token import SITUATIONS

SIZE = 200
"""Entities of the home that is drawn."""
_PANELS = (
    ("first_token", "Server that keeps one prompt (Ollama 0.24)"),
    ("first_token_newer", "Server that keeps several prompts (Ollama 0.32)"),
)
_BARS = (("core", "built into Home Assistant", "#9AA9A7"), ("ours", "this integration", "#0D8A7E"))
_INK, _FAINT = "#10302D", "#4A6663"
_WIDTH = 960
_TOP = 112
_LABELS, _VALUES = 330, 90
"""Pixels left of the bars and right of them."""
_BAR, _PAIR, _PANEL_GAP = 16, 50, 64

type Seconds = Mapping[tuple[str, str], Mapping[str, float]]
"""Of both integrations, by measure and situation."""


def seconds(figures: Sequence[Mapping[str, Any]]) -> Seconds:
    """Return what is drawn."""
    return {(each["measure"], each["figure"]): each for each in figures if each["entities"] == SIZE}


def draw(figures: Sequence[Mapping[str, Any]]) -> str:
    """Return the picture. Raises KeyError when there are too few figures."""
    found = seconds(figures)
    panels = [
        (title, [(words, found[measure, key]) for key, words in SITUATIONS])
        for measure, title in _PANELS
    ]
    longest = max(value[who] for _, rows in panels for _, value in rows for who, _, _ in _BARS)
    scale = (_WIDTH - _LABELS - _VALUES) / longest
    height = _TOP + len(panels) * (len(SITUATIONS) * _PAIR + _PANEL_GAP)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" '
        'font-family="Liberation Sans, Arial, Helvetica, sans-serif" font-size="16">',
        f"<title>Seconds until the first words, {SIZE} devices</title>",
        f'<rect width="{_WIDTH}" height="{height}" rx="16" fill="#F4F9F8"/>',
        _text(32, 44, f"Seconds until the first words, {SIZE} devices", size=24, bold=True),
        *_legend(),
    ]
    top = _TOP
    for title, rows in panels:
        lines += _panel(top, title, rows, scale)
        top += len(rows) * _PAIR + _PANEL_GAP
    return "\n".join([*lines, "</svg>", ""])


def _legend() -> Iterator[str]:
    left = 32
    for _, name, color in _BARS:
        yield f'<rect x="{left}" y="64" width="16" height="16" fill="{color}"/>'
        yield _text(left + 24, 78, name)
        left += 250


def _panel(
    top: int, title: str, rows: Sequence[tuple[str, Mapping[str, float]]], scale: float
) -> Iterator[str]:
    yield _text(32, top + 22, title, size=18, bold=True)
    for number, (words, value) in enumerate(rows):
        row = top + 42 + number * _PAIR
        yield _text(_LABELS - 16, row + _BAR + 5, words, anchor="end")
        for index, (who, _, color) in enumerate(_BARS):
            y = row + index * (_BAR + 2)
            # So that something is seen of the shortest.
            width = max(2.0, value[who] * scale)
            yield (
                f'<rect x="{_LABELS}" y="{y}" width="{width:.1f}" height="{_BAR}" fill="{color}"/>'
            )
            yield _text(_LABELS + width + 8, y + 13, f"{value[who]:.2f} s", size=14, color=_FAINT)


def _text(
    x: float,
    y: float,
    text: str,
    *,
    size: int = 16,
    bold: bool = False,
    anchor: str = "start",
    color: str = _INK,
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y}" font-size="{size}" fill="{color}" '
        f'text-anchor="{anchor}"{weight}>{escape(text)}</text>'
    )


def main() -> None:
    """Draw."""
    *sources, target = map(Path, sys.argv[1:])
    runs = [json.loads(source.read_text(encoding="utf-8")) for source in sources]
    figures = [figure for run in runs for figure in run["figures"]]
    target.write_text(draw(figures), encoding="utf-8")


if __name__ == "__main__":
    main()
