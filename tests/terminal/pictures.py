"""Draws the pictures of the README from the real app, with invented data.

`python tests/terminal/pictures.py` writes `docs/pictures/*.svg`. The port is a scripted one, so
that each picture shows the state it is named after; all else is the console as it runs.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

import languages  # noqa: E402 - found by the lines above
import scripted_port as s  # noqa: E402

from tui.app import YimiApp  # noqa: E402
from tui.config import Config, UiSettings  # noqa: E402

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
    async with app.run_test(size=SIZE) as pilot:
        for _ in range(8):
            await pilot.pause()
        return app.export_screenshot(title="yimi", simplify=True)


def main() -> None:
    """Write them all."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, (language, state) in PICTURES.items():
        drawn = asyncio.run(picture(language, state))
        (FOLDER / f"{name}.svg").write_text(slim(drawn, name), "utf-8")


if __name__ == "__main__":
    main()
