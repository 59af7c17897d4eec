"""What a PBX tells of others, in plain lines."""

from __future__ import annotations

from tests.plain.conftest import lines
from tests.terminal.colleagues import LAMPS, RINGS, at_pbx, people
from tests.terminal.lines import TALKING
from tests.terminal.scripted_port import NOW
from tests.waiting import until
from tui.port import commands as c
from tui.port import replace
from tui.port.colleagues import Lamp, Mailbox, ParkingSlot
from tui.port.events import MailboxChanged
from tui.port.values import Capability


async def test_who_is_looked_for_is_told_with_the_lamp_the_free_first() -> None:
    async with lines(at_pbx(colleagues=LAMPS)) as desk:
        people(desk.port)
        await desk.asks("idle>")
        desk.say("find")
        await desk.shows("1004 Zhao Lei, Sales, idle")
        assert desk.fresh.index("1004") < desk.fresh.index("1003") < desk.fresh.index("1002")
        assert "1002 Li Na, Sales, in a call" in desk.fresh


async def test_what_rings_at_a_colleague_is_picked_up() -> None:
    async with lines(at_pbx(colleagues=(RINGS,))) as desk:
        await desk.asks("idle>")
        desk.say("pick up")
        await until(lambda: c.PickUpCall("1002") in desk.port.sent)
        desk.say("pick up nobody")
        await desk.shows("nobody")


async def test_of_several_that_ring_it_is_asked_whose() -> None:
    other = replace(LAMPS[2], lamp=Lamp.RINGING, since=NOW, pick_up=True)
    async with lines(at_pbx(colleagues=(RINGS, other))) as desk:
        await desk.asks("idle>")
        desk.say("pick up")
        await desk.shows("1002 Li Na, 120 0000 0008")
        desk.say("2")
        await until(lambda: c.PickUpCall("1004") in desk.port.sent)
        desk.say("pick up li")
        await until(lambda: c.PickUpCall("1002") in desk.port.sent)


async def test_parked_calls_are_said_and_fetched() -> None:
    slots = (ParkingSlot("701", True, NOW - 5, "Bob"), ParkingSlot("702", True, NOW))
    state = at_pbx(can=(Capability.PARKING,), parking=slots)
    async with lines(state) as desk:
        await desk.asks("idle>")
        desk.say("state")
        await desk.shows("Parked 701, 702.")
        desk.say("fetch 701")
        await until(lambda: c.FetchParked("701") in desk.port.sent)
        desk.say("fetch")
        await desk.shows("701, Bob")
        desk.say("1")
        await until(lambda: c.FetchParked("702") in desk.port.sent)


async def test_a_call_is_parked() -> None:
    async with lines(at_pbx(TALKING, can=(Capability.PARKING,))) as desk:
        desk.say("park")
        await until(lambda: c.ParkCall(ccnumber="line-1") in desk.port.sent)


async def test_news_of_the_mailbox_are_said_and_it_is_called() -> None:
    async with lines(at_pbx()) as desk:
        await desk.asks("idle>")
        desk.port.happen(MailboxChanged(Mailbox(True, 2, 0, "*97")))
        await desk.shows("2 new voice messages.")
        desk.say("voicemail")
        await until(lambda: c.CallMailbox() in desk.port.sent)
        desk.say("state")
        await desk.shows("2 new voice messages.")
