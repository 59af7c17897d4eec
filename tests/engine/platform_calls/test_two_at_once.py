"""Two things in one moment: each is carried to its end, and what is shown in between and after is
what is so at the platform."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine

import pytest

from tests.engine.desk import CC, CUSTOMER, Desk, platform_calls
from tests.waiting import until
from tui.engine.context import Limits
from tui.engine.outcome import Outcome
from tui.engine.platform_calls import commands
from tui.engine.platform_calls.control import PlatformCalls
from tui.platform import control as m
from tui.port.commands import Result
from tui.port.events import ConnectionChanged
from tui.port.machines.call_machine import CallState
from tui.port.values import Connection, ConnectionState, ThirdKind, message

OTHER = "1700000000002conf_1"
LOST = Outcome(0)
DONE = Outcome(200, "OK")


class SlowDesk(Desk):
    """A desk at a platform that answers each message of the kinds in `held_back` when it is told
    to, and any other at once."""

    def __init__(self) -> None:
        self.held_back: tuple[type, ...] = ()
        self.open: list[tuple[m.AgentMessage, asyncio.Future[Outcome]]] = []
        super().__init__(Limits())
        self.control: PlatformCalls = platform_calls(self)
        self.calls.listen(self.control.call_changed)
        self.tasks: list[asyncio.Task[Result]] = []

    async def _send(self, message: m.AgentMessage) -> Outcome:
        if not isinstance(message, self.held_back):
            return await super()._send(message)
        self.sent.append(message)
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.open.append((message, future))
        return await future

    def hears(self, *messages: m.PlatformMessage) -> None:
        for each in messages:
            self.control._report(each)

    async def talking(self) -> None:
        self.hears(m.NewCall(CC, CUSTOMER))
        assert (await self.control.answer("")).ok
        self.hears(m.Answered(CC, CUSTOMER))
        assert self.call.state is CallState.TALKING

    async def three(self) -> None:
        await self.talking()
        asked = self.begin(self.control.invite_third(ThirdKind.OUTSIDE, "12000000009", "", ""))
        await until(lambda: any(isinstance(each, m.Threeway) for each in self.sent))
        self.hears(m.ThreewayResponse(CC, 0), m.ThreewayResult(CC, 0))
        assert (await asked).ok

    def begin(self, work: Coroutine[object, object, Result]) -> asyncio.Task[Result]:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.append(task)
        return task

    async def asks(
        self, kind: type, work: Coroutine[object, object, Result]
    ) -> asyncio.Task[Result]:
        """The agent asks for something, and the platform has not answered yet."""
        self.held_back = (*self.held_back, kind)
        task = self.begin(work)
        await until(lambda: any(isinstance(asked, kind) for asked, _ in self.open))
        return task

    def answers(self, kind: type, outcome: Outcome) -> None:
        found = next(each for each in self.open if isinstance(each[0], kind))
        self.open.remove(found)
        found[1].set_result(outcome)


@pytest.fixture
async def desk() -> AsyncIterator[SlowDesk]:
    desk = SlowDesk()
    yield desk
    for task in desk.tasks:
        task.cancel()
    await asyncio.gather(*desk.tasks, return_exceptions=True)
    await desk.context.close()


# ---------------------------------------------------------------- a hold and a hang-up


@pytest.mark.parametrize("by_phone", [False, True], ids=["here", "on the phone"])
@pytest.mark.parametrize("on", [True, False], ids=["hold", "resume"])
async def test_a_hold_that_is_confirmed_while_a_hang_up_is_under_way_stands_when_that_fails(
    desk: SlowDesk, on: bool, by_phone: bool
) -> None:
    await desk.talking()
    if not on:
        assert (await desk.control.hold("")).ok
    kind = m.Hold if on else m.Resume
    if not by_phone:
        asked = await desk.asks(kind, desk.control.hold("") if on else desk.control.resume(""))
    hung_up = await desk.asks(m.HangUp, desk.control.hang_up(""))
    assert desk.call.state is CallState.ENDING
    if by_phone:
        desk.hears(m.Held(CC) if on else m.Resumed(CC))
    else:
        desk.answers(kind, DONE)
        assert (await asked).ok
    desk.answers(m.HangUp, LOST)
    assert not (await hung_up).ok
    assert desk.call.state is (CallState.HOLDING if on else CallState.TALKING)
    assert desk.call.pending == ""


async def test_a_resume_that_is_refused_while_a_hang_up_is_under_way_opens_nothing(
    desk: SlowDesk,
) -> None:
    await desk.talking()
    assert (await desk.control.hold("")).ok
    held: list[bool] = []
    desk.control.legs.hold = lambda key, on: held.append(on)  # type: ignore[method-assign]
    asked = await desk.asks(m.Resume, desk.control.resume(""))
    hung_up = await desk.asks(m.HangUp, desk.control.hang_up(""))
    desk.answers(m.Resume, Outcome(503, "busy"))
    assert not (await asked).ok
    desk.answers(m.HangUp, LOST)
    assert not (await hung_up).ok
    assert desk.call.state is CallState.HOLDING
    assert held[-1:] == [True]


async def test_a_hold_that_is_not_confirmed_is_settled_after_a_hang_up_that_failed_too(
    desk: SlowDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "HOLD_AGAIN", (0.02,))
    await desk.talking()
    asked = await desk.asks(m.Hold, desk.control.hold(""))
    desk.answers(m.Hold, LOST)
    assert not (await asked).ok
    hung_up = await desk.asks(m.HangUp, desk.control.hang_up(""))
    key = desk.call.key
    due = desk.context.timers._handles[f"hold {key}"]
    await until(lambda: desk.context.timers._handles.get(f"hold {key}") is not due)
    desk.answers(m.HangUp, LOST)
    assert not (await hung_up).ok
    await until(lambda: any(isinstance(each, m.Resume) for each in desk.sent))


# ---------------------------------------------------------------- a hold and a third party


@pytest.mark.parametrize("on", [True, False], ids=["hold", "resume"])
async def test_nobody_is_brought_into_a_call_of_which_it_is_not_known_whether_it_is_held(
    desk: SlowDesk, on: bool
) -> None:
    await desk.talking()
    if not on:
        assert (await desk.control.hold("")).ok
    kind = m.Hold if on else m.Resume
    asked = await desk.asks(kind, desk.control.hold("") if on else desk.control.resume(""))
    invited = await desk.control.invite_third(ThirdKind.OUTSIDE, "12000000009", "", "")
    assert not invited.ok
    assert invited.message is not None
    assert invited.message.id == "threeway.hold_pending"
    assert desk.call.third is None
    desk.answers(kind, DONE)
    assert (await asked).ok


# ---------------------------------------------------------------- an end and a third party


@pytest.mark.parametrize("answer", [None, 0, 1], ids=["no answer", "yes", "no"])
@pytest.mark.parametrize("for_all", [True, False], ids=["end for all", "take out"])
async def test_a_customer_who_hangs_up_while_the_third_is_taken_out_leaves_nothing_to_wait_for(
    desk: SlowDesk, for_all: bool, answer: int | None
) -> None:
    await desk.three()
    work = desk.control.end_for_all("") if for_all else desk.control.drop_third("")
    asked = await desk.asks(m.Threeway, work)
    desk.hears(m.Ended(CC, 25, 30))
    if answer is not None:
        desk.hears(m.ThreewayResponse(CC, answer, "no such call"))
    async with asyncio.timeout(5):
        assert (await asked).ok
    assert desk.call.outcome is not None
    assert desk.call.outcome.id == "ended.25"
    assert desk.context.snapshot.notice is None
    assert m.HangUp(CC) not in desk.sent


async def test_who_is_invited_into_a_call_that_ends_meanwhile_is_not_waited_for(
    desk: SlowDesk,
) -> None:
    await desk.talking()
    invited = await desk.asks(
        m.Threeway, desk.control.invite_third(ThirdKind.OUTSIDE, "12000000009", "", "")
    )
    desk.hears(m.Ended(CC, 25, 30))
    async with asyncio.timeout(5):
        result = await invited
    assert not result.ok
    assert result.message is not None
    assert result.message.id == "threeway.call_over"
    assert desk.context.snapshot.notice is None


# ---------------------------------------------------------------- a word that names its call late


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (m.Ended(CC, 20, None, "out of credit"), "ended.20"),
        (m.CallinFailed(CC, "asleep"), "ended.no_answer"),
    ],
)
async def test_a_call_without_a_name_whose_end_is_the_first_word_of_it_ends_with_the_reason(
    desk: SlowDesk, said: m.Ended | m.CallinFailed, why: str
) -> None:
    assert (await desk.control.dial(CUSTOMER)).ok
    desk.hears(m.CalloutResponse(200), said)
    assert desk.call.state is CallState.ENDED
    assert desk.call.outcome is not None
    assert (desk.call.outcome.id, dict(desk.call.outcome.values)["info"]) == (why, said.info)


async def test_the_end_of_another_call_said_again_does_not_end_one_without_a_name(
    desk: SlowDesk,
) -> None:
    desk.hears(m.NewCall(OTHER, "12000000009"), m.CancelCall(OTHER))
    assert (await desk.control.dial(CUSTOMER)).ok
    desk.hears(m.CalloutResponse(200), m.Ended(OTHER, 20, None))
    assert desk.call.state is CallState.PROCEEDING


# ---------------------------------------------------------------- the line comes back


async def test_who_had_no_call_asks_as_well_when_the_line_is_back(desk: SlowDesk) -> None:
    desk.context.emit(ConnectionChanged(Connection(ConnectionState.LOST)))
    desk.control.flow_is_back()
    desk.context.emit(ConnectionChanged(Connection(ConnectionState.OK)))
    await until(lambda: m.QueryCall() in desk.sent)
    desk.hears(m.NewCall(CC, CUSTOMER))
    assert desk.call.state is CallState.RINGING


@pytest.mark.parametrize("state", ["101", "105", "309"])
async def test_a_call_that_the_platform_answers_is_over_is_over_here(
    desk: SlowDesk, state: str
) -> None:
    await desk.talking()
    desk.control.flow_is_back()
    desk.control._control(f'<cc a="22" c="{CC}" r="{state}"/>'.encode())
    assert desk.call.state is CallState.ENDED
    assert desk.call.outcome is not None
    assert desk.call.outcome.id == "ended.forgotten"


async def test_a_state_of_a_call_that_nobody_listed_ends_nothing_and_is_kept(
    desk: SlowDesk,
) -> None:
    await desk.talking()
    desk.control._control(f'<cc a="22" c="{CC}" r="107"/>'.encode())
    assert desk.call.state is CallState.TALKING
    assert desk.context.not_understood.report().items[0].what == "the state 107 of a call"


# ---------------------------------------------------------------- signing out


@pytest.mark.parametrize("state", ["dialling", "ringing", "talking"])
async def test_a_sign_out_whose_hang_up_is_not_confirmed_says_that_the_call_may_go_on(
    desk: SlowDesk, state: str
) -> None:
    if state == "dialling":
        assert (await desk.control.dial(CUSTOMER)).ok
    elif state == "ringing":
        desk.hears(m.NewCall(CC, CUSTOMER))
    else:
        await desk.talking()
    desk.answer = LOST
    left = await desk.control.hang_up_all()
    assert left is not None
    assert (left.id, dict(left.values)["number"]) == ("signout.call_left", CUSTOMER)


async def test_a_sign_out_whose_hang_up_is_confirmed_has_nothing_to_say(desk: SlowDesk) -> None:
    await desk.talking()
    assert await desk.control.hang_up_all() is None
    assert desk.sent[-1] == m.HangUp(CC)


# ---------------------------------------------------------------- a kick and an answer


async def test_an_answer_that_the_end_of_the_session_overtook_is_none(desk: SlowDesk) -> None:
    desk.hears(m.NewCall(CC, CUSTOMER))
    asked = await desk.asks(m.Answer, desk.control.answer(""))
    desk.calls.end_all(message("ended.kicked"))
    desk.answers(m.Answer, Outcome(0, "signed out"))
    result = await asked
    assert (result.ok, result.message) == (False, message("ended.kicked"))


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (m.CalloutResponse(503, "", CUSTOMER), "refused.503"),
        (m.CalloutResponse(200, CC, CUSTOMER), ""),
    ],
)
async def test_what_became_of_a_dial_is_told_though_the_200_to_it_is_lost(
    desk: SlowDesk, said: m.CalloutResponse, why: str
) -> None:
    asked = await desk.asks(m.DialOutside, desk.control.dial(CUSTOMER))
    desk.hears(said)
    desk.answers(m.DialOutside, LOST)
    result = await asked
    assert result.ok is not bool(why)
    assert (result.message.id if result.message else "") == why
