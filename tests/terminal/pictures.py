"""Draws the pictures of the README from the real app, with invented data.

`python -m tests.terminal.pictures` writes `docs/pictures/*.svg`. The port is a scripted one, so
that each picture shows the state it is named after; all else is the console as it runs.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from pathlib import Path

from tests.terminal import languages
from tests.terminal import scripted_port as s
from tests.waiting import rest
from tui.config.schema import Config, UiSettings
from tui.console.app import YimiApp

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "docs" / "pictures"
SIZE = (80, 24)
PICTURES = {
    # File: language, state.
    "sign-in": ("en", "sign-in-failed"),
    "idle": ("en", "idle"),
    "incoming": ("en", "ringing"),
    "talking": ("en", "muted"),
    "three-way": ("en", "three-way"),
    "wrap-up": ("en", "wrap-up"),
    "talking-zh": ("zh", "three-way"),
}
MOVING = ("idle", "ringing", "talking", "three-way", "wrap-up")
"""The states of the recording, one after the other."""
SHOWN = 3
"""Seconds that each of them is shown."""
CELL = 12.2
"""Width of a cell in the picture's own units."""
_TEXT = re.compile(r'x="([0-9.]+)" y="([0-9.]+)" textLength="([0-9.]+)" ([^>]*)>([^<]*)<')
_SPACE = "&#160;"
_FONT = re.compile(r"@font-face\s*\{.*?\}\s*", re.DOTALL)


def slim(svg: str, name: str) -> str:
    """The picture without the fonts that it would fetch from elsewhere, without spaces at the
    ends of a text (some viewers drop them and shift what follows), and with an id that is the
    same each time."""
    svg = _TEXT.sub(_tight, _FONT.sub("", svg))
    svg = re.sub(r"terminal-\d+(?=-|\b)", f"yimi-{name}", svg)
    return re.sub(r"font-family: Fira Code(, monospace)?", "font-family: monospace", svg)


def _tight(found: re.Match[str]) -> str:
    x, y, length, rest, text = found.groups()
    before = len(re.match(rf"(?:{_SPACE})*", text)[0]) // len(_SPACE)  # type: ignore[index]
    inner = text[before * len(_SPACE) :]
    kept = re.sub(rf"(?:{_SPACE})+$", "", inner)
    cells = round(float(length) / CELL) - before - (len(inner) - len(kept)) // len(_SPACE)
    place = f'x="{float(x) + before * CELL:.1f}" y="{y}" textLength="{cells * CELL:.1f}"'
    return f"{place} {rest}>{kept}<"


async def picture(language: str, state: str) -> str:
    """The SVG of one state."""
    snapshot, options = languages.states(language)[state]
    app = YimiApp(
        s.ScriptedPort(snapshot),
        Config(ui=UiSettings(language=language)),
        clock=lambda: s.NOW,
        wall=lambda: s.WALL,
        **options,
    )
    async with app.run_test(size=SIZE):
        await rest(app)
        return app.export_screenshot(title="yimi", simplify=True)


def moving(frames: list[str]) -> str:
    """One picture that shows the frames in turn, by style alone: a reader that moves nothing, or
    whose reader wants no motion, sees the first."""
    head = re.search(r"<svg[^>]*>", frames[0])
    assert head is not None
    part = 100 / len(frames)
    style = (
        f".frame {{ opacity: 0; animation: turn {SHOWN * len(frames)}s step-end infinite; }}"
        " .frame:first-of-type { opacity: 1; }"
        f" @keyframes turn {{ 0% {{ opacity: 1; }} {part:g}% {{ opacity: 0; }} }}"
        " @media (prefers-reduced-motion: reduce) { .frame { animation: none; } }"
    )
    groups = [
        f'<g class="frame" style="animation-delay: {at * SHOWN}s">{frame}</g>'
        for at, frame in enumerate(frames)
    ]
    return "\n".join((head[0], f"<style>{style}</style>", *groups, "</svg>", ""))


def main() -> None:
    """Write them all."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, (language, state) in PICTURES.items():
        drawn = asyncio.run(picture(language, state))
        (FOLDER / f"{name}.svg").write_text(slim(drawn, name), "utf-8")
    frames = [slim(asyncio.run(picture("en", state)), f"call-{state}") for state in MOVING]
    (FOLDER / "call.svg").write_text(moving(frames), "utf-8")


if __name__ == "__main__":
    main()
