"""The directory, the dialog for other parties and the question who stays, as pictures."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
import scripted_port as s

from tui.app import YimiApp
from tui.config import Config, UiSettings
from tui.engine.commands import GetGroupMembers, GetGroups, Result
from tui.engine.state import GroupPage, Levels, MemberPage, Seat, Snapshot, Third, ThirdState

SEATS = (
    Seat("1007", "Wang Fang", state_id=2, state_name="空闲"),
    Seat("1008", "Zhao Lei", state_id=2, state_name="通话中"),
    Seat("1012", "王小明", state_id=1, state_name="离线"),
    Seat("1013", "Bob [/] x"),
)
IN_CALL = replace(s.with_call(s.TALKING), levels=Levels(4, 6))
THIRD = Third(ThirdState.JOINED, 1, "1007", "Wang Fang", s.NOW - 80, joined=s.NOW - 58)
THREE = replace(IN_CALL, calls=(replace(s.TALKING, third=THIRD),))


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def app(snapshot: Snapshot, theme: str = "yimi-dark") -> YimiApp:
    port = s.ScriptedPort(snapshot)
    port.answers[GetGroups] = lambda command: Result(True, value=GroupPage(1, 1, 3, s.GROUPS))
    port.answers[GetGroupMembers] = lambda command: Result(
        True, value=MemberPage(command.gid, "", 1, 3, 52, SEATS)
    )
    config = Config(ui=UiSettings(theme=theme, language="en"))
    return YimiApp(port, config, clock=lambda: s.NOW, wall=lambda: s.WALL)


PICTURES: dict[str, tuple[Snapshot, tuple[int, int], tuple[str, ...], str]] = {
    "directory": (s.IDLE, (80, 24), ("f3", "right", "down"), "yimi-dark"),
    "directory-in-a-call": (IN_CALL, (80, 24), ("f3", "right"), "ansi-16"),
    "directory-beside-the-call": (IN_CALL, (120, 40), ("f3", "right"), "yimi-dark"),
    "whom": (IN_CALL, (80, 24), ("f4", "w"), "yimi-dark"),
    "how": (IN_CALL, (80, 24), ("f4", "w", "enter"), "yimi-dark"),
    "three-way": (THREE, (80, 24), (), "yimi-dark"),
    "three-way-wide": (THREE, (120, 40), (), "yimi-dark"),
    "who-stays": (THREE, (80, 24), ("f8",), "yimi-dark"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_picture(snap_compare, name: str) -> None:
    snapshot, size, keys, theme = PICTURES[name]

    async def work(pilot: Any) -> None:
        for _ in range(4):
            await pilot.pause()
        pilot.app._changed_at = 0.0  # past the moment in which a key is ignored
        for key in keys:
            await pilot.press(key)
            for _ in range(4):
                await pilot.pause()

    assert snap_compare(app(snapshot, theme), terminal_size=size, run_before=work)
