"""A phone of one's own, and the check before the shift, as pictures."""

from __future__ import annotations

import time
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from tui.app import YimiApp
from tui.config import Config, UiSettings

_SPEC = spec_from_file_location("line_states", Path(__file__).parent / "languages.py")
assert _SPEC is not None
assert _SPEC.loader is not None
languages = module_from_spec(_SPEC)
_SPEC.loader.exec_module(languages)
s = languages.s

NARROW, WIDE = (80, 24), (120, 40)
PICTURES: dict[str, tuple[str, tuple[int, int], tuple[str, ...]]] = {
    "lines-80x24": ("lines", NARROW, ()),
    "lines-120x40": ("lines", WIDE, ()),
    "waiting-marked": ("line-waiting-marked", NARROW, ()),
    "joined": ("lines-joined", NARROW, ()),
    "hand-over-120x40": ("lines", WIDE, ("f4",)),
    "question": ("question", NARROW, ()),
    "sign-in-own": ("sign-in-own", NARROW, ()),
    "check-80x24": ("checked", NARROW, ("ctrl+t",)),
    "check-120x40": ("checked", WIDE, ("ctrl+t",)),
}


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("PULSE_SERVER", raising=False)
    time.tzset()


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture(snap_compare, name: str) -> None:
    state, size, keys = PICTURES[name]
    snapshot, options = languages.states("en")[state]
    app = YimiApp(
        languages.port("en", snapshot),
        Config(ui=UiSettings(language="en")),
        clock=lambda: s.NOW,
        wall=lambda: s.WALL,
        **options,
    )

    async def run(pilot: Any) -> None:
        for _ in range(4):
            await pilot.pause()
        await pilot.press(*keys)
        for _ in range(8):
            await pilot.pause()
        while getattr(pilot.app.screen, "reading", False):
            await pilot.pause(0.02)
        for _ in range(4):
            await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=run)
