"""The main states as pictures, so that a change of the look is seen and meant."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
import scripted_port as s

from tui.app import YimiApp
from tui.config import Config, UiSettings
from tui.engine.state import Levels, Phase, Snapshot, message
from tui.prefill import SignInPrefill
from tui.secrets import Secret

PREFILL = SignInPrefill("1001", Secret("pw-1001"), "02500001234", backend="http://127.0.0.1:40731")
IN_CALL = replace(s.with_call(s.TALKING), levels=Levels(4, 6))
STATES: dict[str, tuple[Snapshot, dict[str, Any]]] = {
    "sign-in-failed": (
        Snapshot(failure=message("login.50003", code=50003)),
        {"prefill": PREFILL, "sandbox": True},
    ),
    "groups": (replace(s.IDLE, phase=Phase.CHOOSING_GROUP), {}),
    "idle": (s.IDLE, {}),
    "ringing": (s.with_call(s.RINGING), {}),
    "muted": (replace(IN_CALL, calls=(replace(s.TALKING, muted=True),)), {}),
    "ended": (s.with_call(s.ENDED), {}),
}


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def app(snapshot: Snapshot, theme: str = "yimi-dark", **options: Any) -> YimiApp:
    return YimiApp(
        s.ScriptedPort(snapshot),
        Config(ui=UiSettings(theme=theme)),
        clock=lambda: s.NOW,
        wall=lambda: s.WALL,
        **options,
    )


async def settled(pilot: Any) -> None:
    for _ in range(4):
        await pilot.pause()


@pytest.mark.parametrize("state", STATES)
def test_at_80_by_24(snap_compare, state: str) -> None:
    snapshot, options = STATES[state]
    picture = app(snapshot, **options)
    assert snap_compare(picture, terminal_size=(80, 24), run_before=settled)


def test_in_a_call_at_120_by_40(snap_compare) -> None:
    assert snap_compare(app(IN_CALL), terminal_size=(120, 40), run_before=settled)


def test_in_a_call_with_sixteen_colours(snap_compare) -> None:
    picture = app(IN_CALL, theme="ansi-16")
    assert snap_compare(picture, terminal_size=(80, 24), run_before=settled)
