"""What a screen looked like when somebody last looked at it: one text file for each screen.

A look is what stands in each cell: the words, and for each theme the style of each run of cells.
Words alone are kept where one theme is as good as another. `pytest tests/terminal --write-kept`
writes the files anew: read the difference before it is committed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import unified_diff
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.style import Style

_BLANKS = re.compile(r" +|[^ ]+(?: [^ ]+)*")
"""Blanks, and words with single blanks between them."""
FOLDER = Path(__file__).parent / "kept"
Drawn = tuple[list[str], list[str]]
"""The words, line by line, and the styles: a legend of letters, then runs of cells."""


class Kept:
    """Compares what is found with what is kept, or keeps what is found."""

    def __init__(self, write: bool) -> None:
        self._write = write

    def __call__(self, found: Mapping[str, str]) -> None:
        """Text by name, such as `shown/en/idle`; fails with the difference of all that differ."""
        differences: list[str] = []
        for name, text in found.items():
            file = FOLDER / f"{name}.txt"
            if self._write:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, "utf-8")
                continue
            before = file.read_text("utf-8") if file.exists() else ""
            if before != text:
                lines = before.splitlines(), text.splitlines()
                differences += unified_diff(*lines, f"kept/{name}.txt", "found", lineterm="")
        if differences:
            pytest.fail("\n".join(["This looks otherwise:", *differences]), pytrace=False)


def _named(style: Style) -> str:
    marks = ("bold", "dim", "italic", "underline", "reverse")
    names = [mark for mark in marks if getattr(style, mark)]
    ink = style.color.name if style.color is not None else "-"
    ground = style.bgcolor.name if style.bgcolor is not None else "-"
    return " ".join([ink, "on", ground, *names])


def _ground(style: Style) -> str:
    """What is seen of a blank: its ground, and what is drawn on blanks too. Which ink it would have
    is a matter of what stood there before."""
    if style.underline or style.reverse:
        return _named(style)
    return f"- on {style.bgcolor.name if style.bgcolor is not None else '-'}"


def drawn(app: Any) -> Drawn:
    """What stands on the terminal. Lines of the same style are told once."""
    words: list[str] = []
    runs: list[str] = []
    legend: dict[str, str] = {}
    for strip in app.screen._compositor.render_strips():
        words.append(strip.text.rstrip())
        line: list[tuple[str, int]] = []
        for segment in strip:
            for text in _BLANKS.findall(segment.text):
                style = segment.style or Style()
                letter = legend.setdefault(
                    _ground(style) if text.isspace() else _named(style), chr(97 + len(legend))
                )
                if line and line[-1][0] == letter:
                    line[-1] = (letter, line[-1][1] + cell_len(text))
                else:
                    line.append((letter, cell_len(text)))
        runs.append(" ".join(f"{letter}{cells}" for letter, cells in line))
    lines: list[str] = []
    for at, run in enumerate(runs):
        if at == 0 or run != runs[at - 1]:
            lines.append(f"{at:2} {run}")
    return words, [*(f"{letter} = {name}" for name, letter in legend.items()), *lines]


def look(drawings: Mapping[str, Drawn]) -> str:
    """One screen by theme. What a theme writes in other signs is told again."""
    parts: list[str] = []
    before: list[str] = []
    for theme, (words, styles) in drawings.items():
        if words != before:
            parts += [f"-- {theme}: words", *words]
        parts += [f"-- {theme}: styles", *styles]
        before = words
    return "\n".join(parts) + "\n"
