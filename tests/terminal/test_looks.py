"""Each main state at both sizes, in both languages, in every theme: words and colours.

A picture is kept as what stands in each cell: the words once, and for each theme the style of each
run of cells. One app for all pictures of one size and language: it is told of one state after the
other, and changes its theme as an agent would. `YIMI_WRITE_SHOWN=1` writes the pictures anew: look
at the difference before it is committed.
"""

from __future__ import annotations

import os
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from rich.style import Style

from tui.config import Config, UiSettings
from tui.engine.state import Snapshot
from tui.theming import all_themes, theme_directories

_SPEC = spec_from_file_location("languages", Path(__file__).parent / "languages.py")
assert _SPEC is not None
assert _SPEC.loader is not None
languages = sys.modules.setdefault("languages", module_from_spec(_SPEC))
if not hasattr(languages, "states"):
    _SPEC.loader.exec_module(languages)

KEPT = Path(__file__).parent / "looks"
SIZES = {"80x24": (80, 24), "120x40": (120, 40)}
THEMES = ("yimi-dark", "yimi-light", "high-contrast", "ansi-16")
STATES = ("sign-in-failed", "groups", "idle", "line-lost", "ringing", "muted", "on-hold")
STATES += ("three-way", "third-failed", "wrap-up", "ended")
OPENED: dict[str, tuple[str, tuple[str, ...]]] = {
    "history": ("idle", ("f10",)),
    "figures": ("not-heard", ("ctrl+f",)),
    "directory": ("talking", ("f3",)),
    "who-stays": ("three-way", ("f8",)),
    "settings": ("idle", ("ctrl+g",)),
}


def _named(style: Style) -> str:
    marks = ("bold", "dim", "italic", "underline", "reverse")
    names = [mark for mark in marks if getattr(style, mark)]
    ink = style.color.name if style.color is not None else "-"
    ground = style.bgcolor.name if style.bgcolor is not None else "-"
    return " ".join([ink, "on", ground, *names])


def drawn(app: Any) -> tuple[list[str], list[str]]:
    """What stands on the terminal: the words, line by line, and the styles: a legend of letters,
    then for each line its runs of cells. Lines alike are told once."""
    words, runs, legend = [], [], {}
    for strip in app.screen._compositor.render_strips():
        words.append(strip.text.rstrip())
        line: list[tuple[str, int]] = []
        for segment in strip:
            letter = legend.setdefault(_named(segment.style or Style()), chr(97 + len(legend)))
            if line and line[-1][0] == letter:
                line[-1] = (letter, line[-1][1] + segment.cell_length)
            elif segment.cell_length:
                line.append((letter, segment.cell_length))
        runs.append(" ".join(f"{letter}{cells}" for letter, cells in line))
    lines: list[str] = []
    for at, run in enumerate(runs):
        if at == 0 or run != runs[at - 1]:
            lines.append(f"{at:2} {run}")
    return words, [*(f"{letter} = {name}" for name, letter in legend.items()), *lines]


def kept_as(drawings: dict[str, tuple[list[str], list[str]]]) -> str:
    """One state in every theme. What a theme writes in other signs is kept again."""
    parts: list[str] = []
    before: list[str] = []
    for theme, (words, styles) in drawings.items():
        if words != before:
            parts += [f"-- {theme}: words", *words]
        parts += [f"-- {theme}: styles", *styles]
        before = words
    return "\n".join(parts) + "\n"


def test_no_theme_is_left_out() -> None:
    assert set(all_themes(theme_directories())[0]) == set(THEMES)


@pytest.mark.parametrize("language", languages.LANGUAGES)
@pytest.mark.parametrize("size", SIZES)
async def test_every_state_looks_as_it_is_kept(console, language: str, size: str) -> None:
    states = languages.states(language)
    first, options = states["sign-in-failed"]
    port = languages.port(language, first)
    drawings: dict[str, dict[str, tuple[list[str], list[str]]]] = {}
    async with console(
        first,
        port=port,
        size=SIZES[size],
        config=Config(ui=UiSettings(language=language)),
        **options,
    ) as c:

        async def become(*those: Snapshot) -> None:
            for snapshot in those:
                c.app.change(snapshot=snapshot, notice=None)
                await c.pilot.pause()

        for theme in THEMES:
            assert c.app.use_theme(theme) == ()
            await c.settle()
            for name in STATES:
                await become(states[name][0])
                drawings.setdefault(name, {})[theme] = drawn(c.app)
            for name, (state, keys) in OPENED.items():
                await become(states["idle"][0], states[state][0])
                c.clock.now += 1  # a moment after the call changed no destructive key works
                await c.press(*keys)
                c.clock.now -= 1
                c.app._draw()
                await c.pilot.pause()
                drawings.setdefault(name, {})[theme] = drawn(c.app)
                c.app.change(history=False, directory=False, figures=False)
                while len(c.app.screen_stack) > 1:
                    c.app.pop_screen()
                await c.pilot.pause()
    other = []
    for name, each in drawings.items():
        kept, found = KEPT / f"{name}-{language}-{size}.txt", kept_as(each)
        if os.environ.get("YIMI_WRITE_SHOWN"):
            KEPT.mkdir(exist_ok=True)
            kept.write_text(found, "utf-8")
        elif not kept.exists() or kept.read_text("utf-8") != found:
            other.append(kept.name)
            last = found
    if other:
        kept = KEPT / other[-1]
        before = kept.read_text("utf-8") if kept.exists() else ""
        assert last.splitlines() == before.splitlines(), f"these look otherwise: {other}"
