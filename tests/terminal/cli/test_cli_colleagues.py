"""What a PBX tells of others, from the command line: what is sent, what is printed."""

from __future__ import annotations

import json
from pathlib import Path

from tests.terminal.cli.command_run import signed_in, yimi
from tui.clock import instant
from tui.port.colleagues import Colleague, Lamp, Mailbox, ParkingSlot
from tui.port.commands import (
    CallMailbox,
    Command,
    FetchParked,
    GetGroupMembers,
    GetGroups,
    ParkCall,
    PickUpCall,
    Result,
)
from tui.port.events import ColleaguesChanged, MailboxChanged, ParkingChanged
from tui.port.values import Group, GroupPage, MemberPage, Seat, message

WHY = message("watch.no_such", status=404, reason="")


async def test_each_command_reaches_the_engine(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as engine:
        code, _, errors = await yimi(tmp_path, "pickup")
        assert (code, errors) == (1, "yimi: Nothing rings at anybody that could be taken.\n")
        rings = Colleague("1002", "Li Na", Lamp.RINGING, 1.0, "Zhao Lei", True)
        engine.publish(ColleaguesChanged((Colleague("1001"), rings)))
        for words in (
            ("pickup",),
            ("pickup", "1007"),
            ("park",),
            ("park", "702"),
            ("fetch",),
            ("fetch", "702"),
            ("voicemail",),
        ):
            assert await yimi(tmp_path, *words) == (0, "", "")
        assert engine.heard == [
            *(PickUpCall("1002"), PickUpCall("1007")),
            *(ParkCall(), ParkCall("702"), FetchParked(), FetchParked("702"), CallMailbox()),
        ]


async def test_the_state_says_who_talks_what_waits_and_why_something_is_not_known(
    tmp_path: Path,
) -> None:
    async with signed_in(tmp_path) as engine:
        engine.publish(ColleaguesChanged((Colleague("1002", "Li Na", why=WHY),)))
        engine.publish(MailboxChanged(Mailbox(True, 2, 1, "*97")))
        slot = ParkingSlot("701", True, instant(), "Zhao Lei", True)
        engine.publish(ParkingChanged((slot, ParkingSlot("702", False))))
        _, output, _ = await yimi(tmp_path, "status")
        assert "mailbox  2 new\n" in output
        assert "parked   701 Zhao Lei\n" in output
        _, output, _ = await yimi(tmp_path, "status", "--json")
        status = json.loads(output)
        assert status["colleagues"][0]["lamp"] == "unknown"
        assert status["colleagues"][0]["why"] == "The PBX has no hint for it (404)."
        assert status["mailbox"]["new"] == 2
        assert [each["taken"] for each in status["parking"]] == [True, False]
        engine.publish(MailboxChanged(Mailbox(True)))
        _, output, _ = await yimi(tmp_path, "status")
        assert "mailbox  waits\n" in output


async def test_members_are_listed_with_their_lamps(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as engine:
        usual = engine.execute

        async def execute(command: Command) -> Result:
            match command:
                case GetGroups():
                    group = Group("Sales", "Sales")
                    return Result(True, value=GroupPage(1, 1, 1, (group,)))
                case GetGroupMembers():
                    seats = (Seat("1002", "Li Na"), Seat("1003", "Zhao Lei"))
                    return Result(True, value=MemberPage("Sales", "Sales", 1, 1, 2, seats))
            return await usual(command)

        engine.execute = execute  # type: ignore[method-assign]
        engine.publish(ColleaguesChanged((Colleague("1003", "Zhao Lei", Lamp.IDLE),)))
        _, output, _ = await yimi(tmp_path, "members", "Sales")
        assert output == "1003\tZhao Lei\tidle\n1002\tLi Na\t–\n"
