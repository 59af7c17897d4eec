"""Kamailio's presence server tells our desk of colleagues: by the dialogs of their calls, from
which a call is taken by a Replaces; by presence where it has no dialogs; and of the mailbox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.interop.baresip import Baresip
from tests.interop.kamailio import Kamailio
from tests.interop.our_desk import OurDesk
from tests.interop.programs import started
from tui.config.schema import Person
from tui.port.colleagues import Colleague, Lamp
from tui.port.commands import Dial, HangUp, PickUpCall
from tui.port.machines.call_machine import CallState
from tui.port.values import message

ONE, CALLER, EXPERT = 700, 1200, 900
"""What they say, in hertz."""
PEOPLE = (Person("Expert", "expert"),)


@asynccontextmanager
async def presence(folder: Path, what: str) -> AsyncIterator[Kamailio]:
    """A Kamailio that is a presence server."""
    async with started(Kamailio(folder, presence=what)) as server:
        yield server


@asynccontextmanager
async def at_desk(
    server: Kamailio, folder: Path, user: str, hz: int, **profile: Any
) -> AsyncIterator[OurDesk]:
    """That user's desk at Kamailio."""
    desk = OurDesk(server.ws, server.realm, user, folder, hz, profile=profile)
    try:
        result = await desk.sign_in(server.password)
        assert result.ok, result
        yield desk
    finally:
        await desk.end()


@asynccontextmanager
async def expert_phone(
    server: Kamailio, folder: Path, *, answers: bool = True, tells: bool = False
) -> AsyncIterator[Baresip]:
    """The expert's plain phone, registered there."""
    async with started(
        Baresip(folder, "expert", EXPERT, server, answers=answers, tells=tells)
    ) as phone:
        yield phone


def expert(desk: OurDesk) -> Colleague:
    return next(each for each in desk.snapshot.colleagues if each.number == "expert")


async def lamp(desk: OurDesk, wanted: Lamp) -> None:
    await desk.until(lambda: desk.snapshot.colleagues and expert(desk).lamp is wanted)


async def test_a_lamp_follows_the_calls_that_the_proxy_sees(tmp_path: Path) -> None:
    async with (
        presence(tmp_path, "dialogs") as server,
        expert_phone(server, tmp_path),
        at_desk(server, tmp_path, "1001", ONE, people=PEOPLE) as desk,
        at_desk(server, tmp_path, "1002", CALLER) as caller,
    ):
        # Nobody has told anything of that phone yet.
        await desk.until(lambda: desk.snapshot.colleagues and expert(desk).why is not None)
        await caller.do(Dial("expert"))
        await lamp(desk, Lamp.TALKING)
        await caller.state(CallState.TALKING)
        await caller.do(HangUp())
        await lamp(desk, Lamp.IDLE)


async def test_a_call_that_rings_at_a_colleague_is_taken_by_a_replaces(tmp_path: Path) -> None:
    async with (
        presence(tmp_path, "dialogs") as server,
        expert_phone(server, tmp_path, answers=False),
        at_desk(server, tmp_path, "1001", ONE, people=PEOPLE) as desk,
        at_desk(server, tmp_path, "1002", CALLER) as caller,
    ):
        await caller.do(Dial("expert"))
        await lamp(desk, Lamp.RINGING)
        assert expert(desk).pick_up
        assert expert(desk).who == "1002"
        await desk.do(PickUpCall("expert"))
        await desk.state(CallState.TALKING)
        await desk.hears(CALLER)
        await caller.hears(ONE)
        assert caller.call.number == "1001"
        await lamp(desk, Lamp.IDLE)


async def test_where_there_are_no_dialogs_presence_says_who_is_there(tmp_path: Path) -> None:
    nothing = message("watch.nothing", reason="", status=0)
    async with (
        presence(tmp_path, "people") as server,
        at_desk(server, tmp_path, "1001", ONE, people=PEOPLE) as desk,
    ):
        await desk.until(lambda: desk.snapshot.colleagues and expert(desk).why == nothing)
        async with expert_phone(server, tmp_path, tells=True):
            await lamp(desk, Lamp.IDLE)


async def test_the_mailbox_is_told_by_whoever_keeps_it(tmp_path: Path) -> None:
    async with (
        presence(tmp_path, "people") as server,
        at_desk(server, tmp_path, "1001", ONE, voicemail="*97") as desk,
    ):
        await desk.until(lambda: desk.snapshot.mailbox)
        told = await desk.engine._signalling.requests.publish(
            f"sip:1001@{server.realm}",
            "message-summary",
            "application/simple-message-summary",
            b"Messages-Waiting: yes\r\nVoice-Message: 3/1 (0/0)\r\n",
        )
        assert told.ok, told
        await desk.until(lambda: desk.snapshot.mailbox and desk.snapshot.mailbox.new == 3)
