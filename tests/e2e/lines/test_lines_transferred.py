"""Lines at a PBX when things change: holds by the peer, transfers, a broken line, sign-in."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from tests.e2e.box import AGENT_TONE
from tests.e2e.line_desk import LineDesk, far_hears
from tests.e2e.switch import AGENT, DOMAIN, Far, Switch
from tests.waiting import until
from tui import sip
from tui.config.schema import Person, Profile
from tui.engine.session.crash_note import CrashNote
from tui.port import commands as c
from tui.port.machines.call_machine import CallState
from tui.port.snapshot import Call
from tui.port.values import ConnectionState, MemberPage, Phase, StatusWanted
from tui.port.wire.sockets import account_key
from tui.secrets import Secret


async def answered(switch: Switch, phone: LineDesk) -> Far:
    """A call for the agent that is up, and heard."""
    far = await switch.ring()
    await phone.one(CallState.RINGING)
    await phone.do(c.Answer())
    await far_hears(far, AGENT_TONE)
    return far


async def test_early_media_is_heard_and_then_the_peer_holds_and_returns(
    switch: Switch, phone: LineDesk
) -> None:
    await phone.sign_in()
    far = await phone.dials("1002")
    await switch.early(far)
    await until(lambda: phone.snapshot.call and phone.snapshot.call.early)
    await phone.heard(far.hz)
    assert far.invite is not None
    answer = far.peer.pc.localDescription.sdp
    switch.command("accept", far, answer.encode())
    call = await phone.one(CallState.TALKING)
    await far_hears(far, AGENT_TONE)
    await switch.hold(far, "sendonly")
    await until(lambda: phone.snapshot.call and phone.snapshot.call.peer_holds)
    await switch.hold(far, "sendrecv")
    await until(lambda: phone.snapshot.call and not phone.snapshot.call.peer_holds)
    await phone.do(c.SendDigits("7"))
    await until(lambda: phone.snapshot.call and phone.snapshot.call.tones.sent == "7")
    assert phone.snapshot.call is not None
    assert phone.snapshot.call.key == call.key


async def test_a_phone_that_describes_early_sound_and_sends_none_is_heard_to_ring(
    switch: Switch, phone: LineDesk
) -> None:
    await phone.sign_in()
    far = await phone.dials("1002")
    far.peer.direction = "recvonly"
    await switch.early(far)
    await until(lambda: phone.snapshot.call and phone.snapshot.call.early)
    switch.command("ring", far)
    await phone.heard(450)
    switch.command("accept", far, far.peer.pc.localDescription.sdp.encode())
    await phone.one(CallState.TALKING)
    await far_hears(far, AGENT_TONE)


async def test_a_blind_and_an_attended_transfer_are_asked_for_and_ended(
    switch: Switch, phone: LineDesk
) -> None:
    await phone.sign_in()
    first = await answered(switch, phone)
    await phone.do(c.Transfer("", "1007"))
    await until(lambda: first.referred)
    assert first.referred[0].target == f"sip:1007@{DOMAIN}"
    switch.command("accept_refer", first)
    switch.command("refer_progress", first, 486)
    await until(lambda: phone.snapshot.notice)
    assert phone.calls(CallState.TALKING)
    second = await switch.ring()
    waiting = await phone.one(CallState.RINGING)
    await phone.do(c.Answer(waiting.ccnumber))
    held = await phone.one(CallState.HOLDING)
    await phone.do(c.ConnectLines(held.ccnumber, waiting.ccnumber))
    await until(lambda: len(first.referred) == 2)
    asked = first.referred[1]
    assert asked.replaces is not None
    switch.command("accept_refer", first)
    switch.command("refer_progress", first, 200)
    async with asyncio.timeout(10):
        await asyncio.gather(first.over.wait(), second.over.wait())
    assert {call.state for call in phone.snapshot.calls} == {CallState.ENDED}


async def test_being_transferred_is_asked_and_then_the_agent_talks_there(
    switch: Switch, phone: LineDesk
) -> None:
    new: list[Far] = []
    switch.dialled = new.append
    await phone.sign_in()
    far = await answered(switch, phone)
    switch.agent.refer(far.handle, f"sip:1007@{DOMAIN}", switch._now())
    switch.flush()
    question = await until(lambda: phone.snapshot.question)
    assert question is not None
    assert (question.kind, question.target) == ("refer", "1007")
    assert new == []
    await phone.do(c.AnswerQuestion(True))
    await until(lambda: new)
    await switch.answer(new[0])
    await until(lambda: any(told.final and told.status == 200 for told in far.told))
    switch.command("bye", far)
    await far_hears(new[0], AGENT_TONE)
    await phone.heard(new[0].hz)
    assert len(phone.calls(CallState.TALKING)) == 1


async def test_a_call_outlives_a_broken_line_and_is_offered_again(
    switch: Switch, phone: LineDesk
) -> None:
    await phone.sign_in()
    far = await answered(switch, phone)
    await switch.cut()
    await until(lambda: phone.snapshot.connection.state is ConnectionState.LOST)
    assert phone.calls(CallState.TALKING)
    await until(lambda: phone.snapshot.connection.state is ConnectionState.OK)
    await until(lambda: far.reoffers == ["sendrecv"])
    await far_hears(far, AGENT_TONE)
    await phone.heard(far.hz)
    await phone.do(c.HangUp())
    async with asyncio.timeout(10):
        await far.over.wait()


async def test_a_call_that_was_lost_with_a_killed_engine_is_said_and_in_the_history(
    switch: Switch, phone: LineDesk, tmp_path: Path
) -> None:
    un = AGENT.removeprefix("sip:")
    sign_in = c.SignIn(un, Secret(""), "", backend=switch.url, kind="sip")
    note = CrashNote(tmp_path / "runtime" / f"{account_key(sign_in)}.call")
    now = time.monotonic()
    lost = Call("1", CallState.TALKING, True, "1002", now, now - 9, "line-1", answered=now - 5)
    note.keep(lost)
    await phone.sign_in()
    await until(lambda: phone.snapshot.notice)
    assert phone.snapshot.notice is not None
    assert phone.snapshot.notice.message.id == "lines.lost_with_engine"
    assert [record.number for record in phone.snapshot.recent] == ["1002"]
    assert not phone.calls(CallState.TALKING)
    assert note.read() is None


async def test_what_is_wrong_with_a_sign_in_is_said_where_it_is_typed(
    switch: Switch, phone: LineDesk
) -> None:
    un, word = AGENT.removeprefix("sip:"), Secret("wrong horse")
    for command, said in (
        (c.SignIn("1001", word, "", backend=switch.url, kind="sip"), "login.bad_address"),
        (c.SignIn(un, word, "", kind="sip"), "login.no_websocket"),
        (c.SignIn(un, word, "", backend="ws://10.0.0.1/", kind="sip"), "login.insecure-line"),
        (c.SignIn(un, Secret(""), "", backend=switch.url, kind="sip"), "login.missing_pwd"),
    ):
        result = await phone.engine.execute(command)
        assert result.message is not None
        assert result.message.id == said
    switch.refuse_registration = 403
    await phone.do(c.SignIn(un, word, "", backend=switch.url, kind="sip"))
    result = await phone.engine.execute(c.JoinGroup("0"))
    assert not result.ok
    assert phone.snapshot.phase is Phase.SIGNED_OUT
    assert phone.snapshot.failure == result.message
    switch.refuse_registration = 401  # and no challenge
    await phone.do(c.SignIn(un, word, "", backend=switch.url, kind="sip"))
    result = await phone.engine.execute(c.JoinGroup("0"))
    assert result.message is not None
    assert result.message.id == "login.sip_unmet"
    switch.refuse_registration = 0
    await phone.sign_in()


async def test_the_profile_gives_the_address_and_the_directory(
    switch: Switch, tmp_path: Path
) -> None:
    profile = Profile(
        "pbx", "sip", switch.url, un=AGENT, people=(Person("Wang Fang", "1007", "Sales"),)
    )
    phone = LineDesk(switch, tmp_path, profiles=(profile,))
    try:
        await phone.sign_in(backend="", profile="pbx")
        assert (await phone.do(c.GetGroups())).value is not None
        page = (await phone.do(c.GetGroupMembers("Sales"))).value
        assert isinstance(page, MemberPage)
        assert [seat.number for seat in page.seats] == ["1007"]
        await phone.do(c.SetStatus(StatusWanted.BUSY))
        far = await switch.ring()
        async with asyncio.timeout(10):
            await far.over.wait()
        assert far.status == 486
        assert phone.snapshot.calls == ()
        await phone.do(c.SignOut(False))
        assert not [event for event in switch.unheard if isinstance(event, sip.MessageReceived)]
    finally:
        await phone.engine.close()
