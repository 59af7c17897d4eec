"""Lines at a PBX, with real sound: an engine of kind "sip", far phones that are plain aiortc."""

from __future__ import annotations

import asyncio

from tests.e2e.box import AGENT_TONE
from tests.e2e.line_desk import LineDesk, far_hears
from tests.e2e.switch import DOMAIN, Switch
from tests.waiting import until
from tui.port import commands as c
from tui.port.machines.call_machine import CallState


async def test_a_dialled_call_rings_is_answered_and_both_hear_each_other(
    switch: Switch, phone: LineDesk
) -> None:
    await phone.sign_in()
    far = await phone.dials("1002")
    assert far.invite is not None
    assert far.invite.request_uri == f"sip:1002@{DOMAIN}"
    switch.command("ring", far)
    await phone.one(CallState.PROCEEDING)
    await phone.heard(450)  # nothing comes from there: the ringback is ours
    await switch.answer(far)
    call = await phone.one(CallState.TALKING)
    assert (call.number, call.line) == ("1002", 1)
    await far_hears(far, AGENT_TONE)
    await phone.heard(far.hz)
    await phone.not_heard(450)
    await phone.do(c.HangUp())
    assert phone.calls(CallState.ENDED)
    async with asyncio.timeout(10):
        await far.over.wait()


async def test_a_second_call_waits_is_taken_and_the_first_is_held_and_all_are_joined(
    switch: Switch, phone: LineDesk
) -> None:
    await phone.sign_in()
    first = await switch.ring()
    await phone.one(CallState.RINGING)
    await phone.do(c.Answer())
    one = await phone.one(CallState.TALKING)
    await far_hears(first, AGENT_TONE)
    second = await switch.ring()
    two = await phone.one(CallState.RINGING)
    assert phone.snapshot.marked == one.key
    refused = await phone.engine.execute(c.Answer())
    assert refused.message is not None
    assert refused.message.id == "answer.nothing_rings"
    await phone.do(c.MarkLine(two.key))
    await phone.do(c.Answer())
    await until(lambda: first.reoffers == ["sendonly"])
    await far_hears(second, AGENT_TONE)
    await far_hears(first, AGENT_TONE, not_at_all=True)
    assert [call.key for call in phone.calls(CallState.HOLDING)] == [one.key]
    await phone.not_heard(first.hz)
    (note,) = phone.output.parent.rglob("*.call")
    assert two.ccnumber in note.read_text()  # were the engine killed now, this call would be said
    await phone.do(c.JoinLines())
    assert all(call.joined for call in phone.snapshot.calls)
    await far_hears(first, AGENT_TONE)
    await far_hears(first, second.hz)
    await far_hears(second, first.hz)
    await phone.heard(first.hz)
    await phone.heard(second.hz)
    await phone.do(c.Mute())
    await far_hears(first, AGENT_TONE, not_at_all=True)
    await far_hears(first, second.hz)
    await far_hears(second, first.hz)
    await phone.do(c.Mute(False))
    switch.command("bye", second)
    await until(lambda: len(phone.calls(CallState.TALKING)) == 1)
    assert phone.snapshot.marked == one.key
    assert not any(call.joined for call in phone.snapshot.calls)
    await far_hears(first, second.hz, not_at_all=True)
    await far_hears(first, AGENT_TONE)
