"""A call of three, as a screen is shown it."""

from __future__ import annotations

from typing import Any

from tests.terminal import scripted_port as s
from tui.port import replace
from tui.port.commands import (
    GetGroupMembers,
    GetGroups,
    Result,
)
from tui.port.machines.call_machine import ThirdState
from tui.port.snapshot import Call, Third
from tui.port.values import (
    Group,
    GroupPage,
    MemberPage,
    Seat,
    ThirdKind,
)

SALES, SUPPORT = (
    Group("1000000001", "Pre-sales", state_id=2),
    Group("1000000002", "After-sales", state_id=1),
)
SEATS = {
    SALES.gid: (
        Seat("1001", "Li Ming", state_id=2, state_name="通话中"),
        Seat("1002", "Zhao Lei", state_id=1, state_name="离线"),
        Seat("1005", "Wang Wei", state_id=2, state_name="通话中"),
    ),
    SUPPORT.gid: (
        Seat("1007", "Wang Fang", state_id=2, state_name="空闲"),
        Seat("1012", "王小明", state_id=2, state_name="忙碌"),
    ),
}
WANG = Third(ThirdState.INVITED, ThirdKind.AGENT, "1007", "Wang Fang", s.NOW - 20)
JOINED = replace(WANG, state=ThirdState.JOINED, joined=s.NOW - 60)


def called(port: s.ScriptedPort) -> s.ScriptedPort:
    port.answers[GetGroups] = lambda command: Result(
        True, value=GroupPage(1, 1, 2, (SALES, SUPPORT))
    )
    port.answers[GetGroupMembers] = lambda command: Result(
        True,
        value=MemberPage(command.gid, "", 1, 1, len(SEATS[command.gid]), SEATS[command.gid]),
    )
    return port


def three(third: Third, **changes: Any) -> Call:
    return replace(s.TALKING, third=third, **changes)
