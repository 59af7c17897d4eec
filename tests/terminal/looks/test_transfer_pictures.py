"""The directory, the dialog for other parties and the question who stays, as pictures."""

from __future__ import annotations

import pytest

from tests.terminal import scripted_port as s
from tests.terminal.kept import drawn, look
from tui.config.schema import Config, UiSettings
from tui.port import replace
from tui.port.commands import GetGroupMembers, GetGroups, Result
from tui.port.machines.call_machine import ThirdState
from tui.port.snapshot import Snapshot, Third
from tui.port.values import GroupPage, Levels, MemberPage, Seat, ThirdKind

SEATS = (
    Seat("1007", "Wang Fang", state_id=2, state_name="空闲"),
    Seat("1008", "Zhao Lei", state_id=2, state_name="通话中"),
    Seat("1012", "王小明", state_id=1, state_name="离线"),
    Seat("1013", "Bob [/] x"),
)
IN_CALL = replace(s.with_call(s.TALKING), levels=Levels(4, 6))
THIRD = Third(
    ThirdState.JOINED, ThirdKind.AGENT, "1007", "Wang Fang", s.NOW - 80, joined=s.NOW - 58
)
THREE = replace(IN_CALL, calls=(replace(s.TALKING, third=THIRD),))


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
async def test_picture(console, kept, name: str) -> None:
    snapshot, size, keys, theme = PICTURES[name]
    port = s.ScriptedPort(snapshot)
    port.answers[GetGroups] = lambda _: Result(True, value=GroupPage(1, 1, 3, s.GROUPS))
    port.answers[GetGroupMembers] = lambda command: Result(
        True, value=MemberPage(command.gid, "", 1, 3, 52, SEATS)
    )
    config = Config(ui=UiSettings(theme=theme, language="en"))
    async with console(port=port, size=size, config=config) as c:
        c.app.drawing.call_changed = 0.0  # past the moment in which a key is ignored
        for key in keys:
            await c.press(key)
            await c.rest()
        kept({f"transfer/{name}": look({theme: drawn(c.app)})})
