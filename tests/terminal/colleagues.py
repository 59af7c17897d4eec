"""Colleagues at a PBX, with their lamps."""

from __future__ import annotations

from typing import Any

from tests.terminal import lines as own
from tests.terminal import scripted_port as s
from tui.port import commands as c
from tui.port import replace
from tui.port.colleagues import Colleague, Lamp
from tui.port.snapshot import Snapshot
from tui.port.values import Capability, Group, GroupPage, MemberPage, Seat, message

SALES = Group("Sales", "Sales")
SEATS = (Seat("1002", "Li Na"), Seat("1003", "Wang Fang"), Seat("1004", "Zhao Lei"))
WHY = message("watch.no_such", reason="", status=404)
LAMPS = (
    Colleague("1002", "Li Na", Lamp.TALKING, s.NOW - 60),
    Colleague("1003", "Wang Fang", Lamp.UNKNOWN, why=WHY),
    Colleague("1004", "Zhao Lei", Lamp.IDLE, s.NOW - 60),
)
RINGS = Colleague("1002", "Li Na", Lamp.RINGING, s.NOW - 5, "12000000008", True)


def at_pbx(*calls: Any, can: tuple[Capability, ...] = (), **more: Any) -> Snapshot:
    account = replace(own.ACCOUNT, can=(Capability.LINES, *can))
    return replace(own.FREE, account=account, calls=calls, marked="1" if calls else "", **more)


def people(port: Any) -> None:
    """The directory: one group of three."""
    port.answers[c.GetGroups] = lambda _: c.Result(True, value=GroupPage(1, 1, 1, (SALES,)))
    page = MemberPage("Sales", "Sales", 1, 1, len(SEATS), SEATS)
    port.answers[c.GetGroupMembers] = lambda _: c.Result(True, value=page)
