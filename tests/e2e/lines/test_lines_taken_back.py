"""A call at a PBX outlives the engine that was killed in it: the next takes it back, or ends it.
And what rings and is taken elsewhere is not missed. With real sound."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.box import AGENT_TONE
from tests.e2e.line_desk import LineDesk, far_hears
from tests.e2e.switch import Far, Switch
from tests.waiting import until
from tui.port import commands as c
from tui.port.machines.call_machine import CallState


@pytest.fixture
async def next_phone(switch: Switch, tmp_path: Path) -> AsyncIterator[LineDesk]:
    """The engine after the one that was killed, with its folders."""
    desk = LineDesk(switch, tmp_path)
    yield desk
    await desk.engine.close()


async def killed(phone: LineDesk) -> None:
    """The engine says nothing more to anybody, as if its process had been killed."""
    note, signalling = phone.engine._session.crash_note, phone.engine._signalling
    assert note is not None
    note.keep = lambda *calls, **more: None  # type: ignore[method-assign]
    signed_in = signalling._signed_in
    assert signed_in is not None
    assert signed_in._run is not None
    connection = signed_in.connection
    connection._push = lambda: None  # type: ignore[method-assign]
    if connection._socket is not None:
        connection._socket.transport.abort()
    signed_in._run.cancel()
    await asyncio.gather(signed_in._run, return_exceptions=True)


async def talking(switch: Switch, phone: LineDesk) -> Far:
    await phone.sign_in()
    far = await switch.ring()
    await phone.one(CallState.RINGING)
    await phone.do(c.Answer())
    await far_hears(far, AGENT_TONE)
    return far


@pytest.mark.parametrize("held", [False, True])
async def test_a_call_that_a_killed_engine_left_up_is_taken_back_with_its_sound(
    switch: Switch, phone: LineDesk, next_phone: LineDesk, held: bool
) -> None:
    far = await talking(switch, phone)
    if held:
        await phone.do(c.Hold())
    old = phone.snapshot.calls[0]
    await killed(phone)
    new: list[Far] = []
    switch.dialled = new.append
    await next_phone.join()
    await until(lambda: new)
    assert new[0].invite is not None
    assert new[0].invite.replaces == far.handle
    await switch.answer(new[0])
    call = await next_phone.one(CallState.HOLDING if held else CallState.TALKING)
    assert (call.recovered, call.answered, call.number) == (True, old.answered, old.number)
    async with asyncio.timeout(10):
        await far.over.wait()
    if held:
        await until(lambda: new[0].reoffers == ["sendonly"])
    else:
        await far_hears(new[0], AGENT_TONE)
        await next_phone.heard(new[0].hz)
    await next_phone.do(c.HangUp())
    async with asyncio.timeout(10):
        await new[0].over.wait()


async def test_a_call_that_cannot_be_taken_back_is_ended_at_the_pbx_and_said(
    switch: Switch, phone: LineDesk, next_phone: LineDesk
) -> None:
    far = await talking(switch, phone)
    await killed(phone)
    switch.dialled = lambda new: switch.command("reject", new, 403)
    await next_phone.join()
    async with asyncio.timeout(10):
        await far.over.wait()
    over = await next_phone.one(CallState.ENDED)
    assert over.outcome is not None
    assert over.outcome.id == "lines.lost_with_engine"
    assert over.end.talk_time is not None
    assert not next_phone.calls(CallState.PROCEEDING, CallState.TALKING)


async def test_a_call_that_a_colleague_takes_is_answered_elsewhere_and_not_missed(
    switch: Switch, phone: LineDesk
) -> None:
    await phone.sign_in()
    switch.reasons[b"CANCEL"] = 'SIP;cause=200;text="Call completed elsewhere"'
    for number in range(3):
        far = await switch.ring()
        await phone.one(CallState.RINGING)
        switch.command("cancel", far)
        await until(lambda: len(phone.snapshot.recent) == number + 1)  # noqa: B023
    assert [r.outcome.id for r in phone.snapshot.recent if r.outcome] == ["line.elsewhere"] * 3
    assert phone.snapshot.shift.missed == phone.snapshot.shift.missed_in_a_row == 0


async def test_a_call_that_goes_with_the_line_is_said_so_and_not_missed(
    switch: Switch, phone: LineDesk
) -> None:
    await phone.sign_in()
    await switch.ring()
    await phone.one(CallState.RINGING)
    await switch.cut()
    over = await phone.one(CallState.ENDED)
    assert over.outcome is not None
    assert over.outcome.id == "line.lost_ringing"
    assert not over.end.missed


async def test_an_answer_of_no_use_is_acked_and_ended_in_words(
    switch: Switch, phone: LineDesk
) -> None:
    await phone.sign_in()
    far = await phone.dials("1002")
    plain = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    switch.command("accept", far, plain + b"m=audio 4000 RTP/AVP 0\r\n")
    over = await phone.one(CallState.ENDED)
    assert over.outcome is not None
    assert over.outcome.id == "unusable.no-encryption"
    async with asyncio.timeout(10):
        await far.over.wait()
