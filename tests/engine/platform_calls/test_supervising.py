"""A supervisor at a platform: what is asked, what follows, and what is no call of her own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.engine.desk import CC, CUSTOMER, Desk, Phone, platform_calls
from tests.waiting import until
from tui import sip
from tui.engine.context import Limits
from tui.engine.outcome import Outcome
from tui.engine.platform_calls.control import PlatformCalls
from tui.engine.platform_calls.supervising import MOST_CALLS
from tui.platform import control as m
from tui.platform.control import SuperviseAct as Act
from tui.platform.gen2.platform import Platform2
from tui.platform.not_understood import SkippedKind
from tui.port.commands import Result
from tui.port.events import CallChanged, CallRecorded, ConnectionChanged
from tui.port.machines.call_machine import CallState
from tui.port.supervision import SuperviseHow as How
from tui.port.supervision import SuperviseState, Supervision
from tui.port.values import Capability, Connection, ConnectionState, Leg

OTHER = "1700000000002conf_2"
PBX = sip.parse_name_addr("<sip:PBX@x.invalid>")


class Supervised(Platform2):
    supervises = True


class Booth:
    """A supervisor's desk."""

    def __init__(self) -> None:
        self.desk = Desk(Limits(supervise=0.5, leg=0.2, leg_without_end=0.1, message=0.5))
        self.control: PlatformCalls = platform_calls(self.desk, platform=Supervised())
        self.desk.calls.listen(self.control.call_changed)
        self.tells(m.GroupCallReport(CC, CUSTOMER, "1002", "1", callee_eid="70000"))

    def tells(self, *messages: m.PlatformMessage) -> None:
        for message in messages:
            body = m.encode(message)
            self.control.sip_event(sip.MessageReceived(PBX, None, m.CONTENT_TYPE, body, ""))

    @property
    def now(self) -> Supervision:
        return self.desk.context.snapshot.supervision

    def leg(self) -> Leg:
        return self.now.leg

    @property
    def states(self) -> list[CallState]:
        return [call.state for call in self.desk.context.snapshot.calls]

    @property
    def keys(self) -> list[str]:
        return [call.key for call in self.desk.context.snapshot.group_calls]

    @property
    def asked(self) -> list[tuple[str, Act]]:
        return [(s.ccnumber, s.act) for s in self.desk.sent if isinstance(s, m.Supervise)]

    async def ask(
        self, how: How, act: Act | None, key: str = "", result: int = 0, info: str = ""
    ) -> Result:
        """Ask, and have the platform answer the request for `act`; None: it says nothing."""
        before = len(self.asked)
        task = asyncio.create_task(self.control.supervise(how, key))
        if act is not None:
            await until(lambda: len(self.asked) > before or task.done())
            self.tells(m.SuperviseResponse(key or self.now.call, act, result, info))
        return await task

    async def listens(self) -> None:
        assert (await self.ask(How.LISTEN, Act.LISTEN, CC)).ok


@pytest.fixture
async def booth() -> AsyncIterator[Booth]:
    made = Booth()
    yield made
    await made.desk.context.close()


def said(result: Result) -> str:
    assert result.message is not None
    return result.message.id


async def test_who_may_not_is_told_and_nothing_is_sent() -> None:
    desk = Desk(Limits())
    control = platform_calls(desk)
    assert Capability.SUPERVISE not in control.capabilities
    assert said(await control.supervise(How.LISTEN, CC)) == "supervise.not_allowed"
    assert desk.sent == []
    await desk.context.close()


async def test_the_groups_calls_are_told_from_their_beginning_to_their_end(booth: Booth) -> None:
    assert Capability.SUPERVISE in booth.control.capabilities
    (call,) = booth.desk.context.snapshot.group_calls
    assert (call.key, call.caller, call.callee, call.agent) == (CC, CUSTOMER, "1002", "1002")
    since = call.since
    booth.desk.now += 5
    booth.tells(m.GroupCallReport(CC, CUSTOMER, "1002", "1", callee_eid="70000"))
    assert booth.desk.context.snapshot.group_calls[0].since == since, "a repeat changes nothing"
    booth.tells(m.GroupCallReport(OTHER, "1004", CUSTOMER, "2", caller_eid="70000"))
    assert booth.desk.context.snapshot.group_calls[1].agent == "1004"
    booth.tells(m.GroupCallReport(CC, CUSTOMER, "1002", "1", "9"))
    assert booth.keys == [OTHER]


@pytest.mark.parametrize("end_time", ["", "0", "null", "undefined"])
async def test_a_call_that_has_no_end_yet_is_begun_however_that_is_written(
    booth: Booth, end_time: str
) -> None:
    booth.tells(m.GroupCallReport(OTHER, "1004", CUSTOMER, "2", end_time, caller_eid="70000"))
    assert booth.keys == [CC, OTHER]


async def test_a_call_of_her_own_is_none_to_supervise(booth: Booth) -> None:
    booth.tells(m.GroupCallReport(OTHER, CUSTOMER, "1001", "2", callee_eid="70000"))
    assert booth.keys == [CC]


async def test_she_listens_joins_and_leaves(booth: Booth) -> None:
    await booth.listens()
    assert (booth.now.state, booth.now.call) == (SuperviseState.LISTENING, CC)
    assert (booth.now.agent, booth.now.customer) == ("1002", CUSTOMER)
    assert booth.control.supervising.muted
    assert (await booth.ask(How.JOIN, Act.JOIN)).ok
    assert booth.now.state is SuperviseState.JOINED
    assert not booth.control.supervising.muted
    assert (await booth.ask(How.LEAVE, Act.LEAVE)).ok
    assert (booth.now.state, booth.now.call) == (SuperviseState.NONE, "")
    assert booth.keys == [CC], "the call goes on"


async def test_leaving_while_listening_is_asked_as_stop(booth: Booth) -> None:
    await booth.listens()
    assert (await booth.ask(How.LEAVE, Act.STOP)).ok
    assert booth.asked == [(CC, Act.LISTEN), (CC, Act.STOP)]


async def test_the_whole_call_is_ended_from_idle_and_while_listening(booth: Booth) -> None:
    assert (await booth.ask(How.END, Act.END, CC)).ok
    assert booth.now.state is SuperviseState.NONE
    await booth.listens()
    assert (await booth.ask(How.END, Act.END)).ok
    assert booth.now == Supervision(since=booth.desk.now, outcome=booth.now.outcome)
    assert booth.now.outcome is not None
    assert booth.now.outcome.id == "supervise.ended"


async def test_listening_to_another_call_leaves_the_one_before(booth: Booth) -> None:
    booth.tells(m.GroupCallReport(OTHER, CUSTOMER, "1004", "2", callee_eid="70000"))
    await booth.listens()
    task = asyncio.create_task(booth.control.supervise(How.LISTEN, OTHER))
    await until(lambda: (CC, Act.STOP) in booth.asked)
    booth.tells(m.SuperviseResponse(CC, Act.STOP, 0))
    await until(lambda: (OTHER, Act.LISTEN) in booth.asked)
    booth.tells(m.SuperviseResponse(OTHER, Act.LISTEN, 0))
    assert (await task).ok
    assert booth.now.call == OTHER


async def test_what_makes_no_sense_now_is_refused_in_words(booth: Booth) -> None:
    assert said(await booth.control.supervise(How.JOIN, "")) == "supervise.no_call"
    assert said(await booth.control.supervise(How.JOIN, CC)) == "supervise.not_listening"
    await booth.listens()
    assert said(await booth.control.supervise(How.LISTEN, CC)) == "supervise.already"
    assert (await booth.ask(How.JOIN, Act.JOIN)).ok
    assert said(await booth.control.supervise(How.JOIN, CC)) == "supervise.already"
    assert said(await booth.control.supervise(How.LISTEN, OTHER)) == "supervise.leave_first"
    assert said(await booth.control.dial("12000000002")) == "supervise.leave_first"


async def test_in_a_call_of_her_own_nobody_listens_to_another(booth: Booth) -> None:
    booth.tells(m.NewCall(OTHER, CUSTOMER))
    assert said(await booth.control.supervise(How.LISTEN, CC)) == "supervise.in_call"
    assert booth.asked == []


async def test_while_a_wish_waits_for_its_answer_another_is_refused(booth: Booth) -> None:
    task = asyncio.create_task(booth.control.supervise(How.LISTEN, CC))
    await until(lambda: booth.asked == [(CC, Act.LISTEN)])
    assert booth.now.pending == "listen"
    assert said(await booth.control.supervise(How.END, CC)) == "supervise.wait"
    booth.tells(m.SuperviseResponse(CC, Act.LISTEN, 0))
    assert (await task).ok


async def test_a_refusal_says_the_platforms_reason_and_nothing_changes(booth: Booth) -> None:
    refused = await booth.ask(How.LISTEN, Act.LISTEN, CC, 1, "not your group")
    assert said(refused) == "supervise.refused"
    assert dict(refused.message.values)["info"] == "not your group"  # type: ignore[union-attr]
    assert (booth.now.state, booth.now.call) == (SuperviseState.NONE, "")
    await booth.listens()
    refused = await booth.ask(How.JOIN, Act.JOIN, "", 1, "full")
    assert said(refused) == "supervise.refused"
    assert (booth.now.state, booth.now.pending) == (SuperviseState.LISTENING, "")


@pytest.mark.parametrize("joined", [False, True])
async def test_where_the_platform_knows_of_nothing_to_leave_she_has_left(
    booth: Booth, joined: bool
) -> None:
    await booth.listens()
    act = Act.STOP
    if joined:
        assert (await booth.ask(How.JOIN, Act.JOIN)).ok
        act = Act.LEAVE
    assert (await booth.ask(How.LEAVE, act, "", 1, "not listening")).ok
    assert (booth.now.state, booth.now.call) == (SuperviseState.NONE, "")
    await booth.listens()


async def test_calls_of_the_group_beyond_what_the_list_holds_are_told_of(booth: Booth) -> None:
    for number in range(MOST_CALLS - 1):  # and the one that is there
        booth.tells(m.GroupCallReport(f"g{number}", CUSTOMER, "1002", "1", callee_eid="70000"))
    skipped = booth.desk.context.not_understood
    booth.tells(m.GroupCallReport("g0", CUSTOMER, "1003", "1", callee_eid="70000"))
    assert not skipped.counts()[SkippedKind.REFUSED]
    booth.tells(m.GroupCallReport(OTHER, CUSTOMER, "1002", "1", callee_eid="70000"))
    assert skipped.counts()[SkippedKind.REFUSED] == 1
    calls = booth.desk.context.snapshot.group_calls
    assert len(calls) == MOST_CALLS
    assert next(call for call in calls if call.key == "g0").callee == "1003"


async def test_without_an_answer_nobody_listens_and_the_platform_is_told_so(booth: Booth) -> None:
    assert said(await booth.ask(How.LISTEN, None, CC)) == "supervise.no_reply"
    assert booth.now.call == ""
    await until(lambda: booth.asked == [(CC, Act.LISTEN), (CC, Act.STOP)])
    booth.tells(m.SuperviseResponse(CC, Act.LISTEN, 0))
    await until(lambda: booth.asked[2:] == [(CC, Act.STOP)])


@pytest.mark.parametrize("answer", [0, 1, None], ids=["yes", "no", "no answer"])
@pytest.mark.parametrize("joins", [False, True], ids=["listen", "join"])
async def test_who_takes_a_call_of_her_own_while_her_wish_waits_is_not_thought_to_listen(
    booth: Booth, joins: bool, answer: int | None
) -> None:
    act, back = (Act.JOIN, Act.LEAVE) if joins else (Act.LISTEN, Act.STOP)
    if joins:
        await booth.listens()
    booth.desk.sent.clear()
    wish = asyncio.create_task(booth.control.supervise(How.JOIN if joins else How.LISTEN, CC))
    await until(lambda: booth.asked == [(CC, act)])
    booth.tells(m.NewCall(OTHER, CUSTOMER))
    assert (await booth.control.answer(OTHER)).ok
    if answer is not None:
        booth.tells(m.SuperviseResponse(CC, act, answer))
    assert not (await wish).ok
    assert booth.now.call == ""
    await booth.desk.context.settle()
    if answer == 1:  # whom a call does not let in listens to it yet
        back = Act.STOP
    assert booth.asked[1:] == ([] if answer == 1 and not joins else [(CC, back)])


async def test_a_caller_does_not_wait_for_the_platform_to_let_a_supervisor_leave(
    booth: Booth,
) -> None:
    await booth.listens()
    booth.desk.context.limits = Limits(supervise=60.0, let_go=0.02)
    booth.tells(m.NewCall(OTHER, CUSTOMER))
    async with asyncio.timeout(20):
        assert (await booth.control.answer("")).ok
    assert booth.now.call == ""
    sent = [each for each in booth.desk.sent if isinstance(each, m.Supervise | m.Answer)]
    assert sent[-2:] == [m.Supervise(CC, Act.STOP), m.Answer(OTHER)]


async def test_a_request_that_is_not_taken_says_so(booth: Booth) -> None:
    booth.desk.answer = Outcome(403, "Forbidden")
    assert said(await booth.ask(How.END, None, CC)) == "rejected.supervise"


async def test_the_events_of_the_call_that_is_listened_to_are_no_call_of_her_own(
    booth: Booth,
) -> None:
    await booth.listens()
    booth.tells(m.Answered(CC, CUSTOMER))
    assert booth.desk.context.snapshot.calls == ()
    booth.tells(m.Ended(CC, 25, 60))
    assert (booth.now.state, booth.keys) == (SuperviseState.NONE, [])
    assert booth.now.outcome is not None
    assert booth.now.outcome.id == "supervise.over"
    assert booth.desk.facts(CallRecorded) == booth.desk.facts(CallChanged) == []


async def test_the_end_of_the_call_is_believed_from_the_group_too(booth: Booth) -> None:
    await booth.listens()
    booth.tells(m.GroupCallReport(CC, CUSTOMER, "1002", "1", "9"))
    assert booth.now.call == ""


async def test_an_offer_of_the_same_call_is_a_call_of_her_own(booth: Booth) -> None:
    await booth.listens()
    booth.tells(m.NewCall(CC, CUSTOMER))
    assert booth.states == [CallState.RINGING]
    task = asyncio.create_task(booth.control.answer(""))
    await until(lambda: (CC, Act.STOP) in booth.asked)
    booth.tells(m.SuperviseResponse(CC, Act.STOP, 0))
    assert (await task).ok
    booth.tells(m.Answered(CC, CUSTOMER))
    assert booth.states == [CallState.TALKING]
    assert booth.now.call == ""


async def test_answering_leaves_the_call_though_the_platform_says_nothing(booth: Booth) -> None:
    await booth.listens()
    booth.tells(m.NewCall(OTHER, CUSTOMER))
    assert (await booth.control.answer("")).ok
    assert booth.now.call == ""
    assert m.Answer(OTHER) in booth.desk.sent


def invite(handle: str) -> sip.InviteReceived:
    return sip.InviteReceived(handle, PBX, None, None, sip.Headers())


async def test_a_leg_is_awaited_once_and_for_nobody_else(booth: Booth) -> None:
    phone = booth.control.legs.legs.phone
    assert isinstance(phone, Phone)
    booth.control.sip_event(invite("a"))
    assert phone.did == [("reject", "a", 486)]
    await booth.listens()
    assert booth.leg() is Leg.AWAITED
    booth.control.sip_event(invite("b"))
    assert booth.leg() is Leg.CONNECTING
    booth.control.sip_event(invite("c"))
    assert ("reject", "c", 486) in phone.did
    booth.control.sip_event(sip.CallEnded("b", True, 0, ""))
    await until(lambda: booth.now.call == "")
    assert booth.now.outcome is not None
    assert booth.now.outcome.id == "supervise.no_sound"


async def test_the_end_that_is_told_behind_the_leg_is_the_calls_end(booth: Booth) -> None:
    await booth.listens()
    booth.control.sip_event(invite("b"))
    booth.control.sip_event(sip.CallEnded("b", True, 0, ""))
    booth.tells(m.Ended(CC, 25, 60))
    assert booth.now.outcome is not None
    assert booth.now.outcome.id == "supervise.over"


async def test_without_sound_nobody_listens_and_it_is_said(booth: Booth) -> None:
    await booth.listens()
    await until(lambda: booth.now.call == "")
    assert booth.now.outcome is not None
    assert booth.now.outcome.id == "supervise.no_sound"
    await until(lambda: booth.asked[-1] == (CC, Act.STOP))


async def test_after_a_lost_line_the_calls_are_uncertain_and_a_refusal_takes_one_away(
    booth: Booth,
) -> None:
    booth.control.flow_is_back()
    assert [call.certain for call in booth.desk.context.snapshot.group_calls] == [False]
    assert not (await booth.ask(How.LISTEN, Act.LISTEN, CC, 1, "no such call")).ok
    assert booth.keys == []


async def test_signing_out_leaves_the_call_and_forgets_the_group(booth: Booth) -> None:
    await booth.listens()
    await booth.control.hang_up_all()
    await booth.control.end()
    assert booth.asked[-1] == (CC, Act.STOP)
    assert booth.now == Supervision()
    assert booth.keys == []


async def test_without_the_line_nothing_is_asked(booth: Booth) -> None:
    booth.desk.context.emit(ConnectionChanged(Connection(ConnectionState.LOST)))
    assert said(await booth.control.supervise(How.LISTEN, CC)) == "engine.line_lost"
