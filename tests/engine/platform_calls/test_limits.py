"""Nothing waits without an end: every state of a platform's call, of its third party and of its
leg that is not a rest has a timer on the clock, whatever way it was come to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.engine.desk import CC, CUSTOMER, Desk, platform_calls
from tests.waiting import until
from tui.engine.context import Limits
from tui.engine.outcome import Outcome
from tui.engine.platform_calls.control import PlatformCalls
from tui.platform import control as m
from tui.port.machines.call_machine import CallState, ThirdState
from tui.port.snapshot import Call
from tui.port.values import Leg

LONG = Limits()


class Machine:
    """The machines of one call at a platform; `thirds` are the states its third party has been
    in."""

    def __init__(self) -> None:
        self.desk = Desk(LONG)
        self.control: PlatformCalls = platform_calls(self.desk)
        self.thirds: list[ThirdState] = []
        self.desk.calls.listen(self.control.call_changed)
        self.desk.calls.listen(self._changed)
        self.tasks: list[asyncio.Task[object]] = []

    def _changed(self, before: Call | None, call: Call) -> None:
        if call.third is not None:
            self.thirds.append(call.third.state)

    def hears(self, *messages: m.PlatformMessage) -> None:
        for each in messages:
            assert self.control.reports.handle(each) or self.control.threeway.handle(each)

    def begin(self, work: Awaitable[object]) -> None:
        self.tasks.append(asyncio.ensure_future(work))

    async def sent(self, kind: type) -> None:
        await until(lambda: any(isinstance(each, kind) for each in self.desk.sent), 10)

    @property
    def call(self) -> Call:
        return self.desk.call

    @property
    def timers(self) -> set[str]:
        names = ("call", "still", "third", "transfer", "sound")
        return {name for name in names if f"{name} {self.call.key}" in self.desk.context.timers}


@pytest.fixture
async def machine() -> AsyncIterator[Machine]:
    machine = Machine()
    yield machine
    for task in machine.tasks:
        task.cancel()
    await asyncio.gather(*machine.tasks, return_exceptions=True)
    await machine.desk.context.close()


async def dialling(at: Machine) -> None:
    assert (await at.control.dial(CUSTOMER)).ok


async def proceeding(at: Machine) -> None:
    await dialling(at)
    at.hears(m.CalloutResponse(200, CC, CUSTOMER))


async def ringing(at: Machine) -> None:
    at.hears(m.NewCall(CC, CUSTOMER))


async def answering(at: Machine) -> None:
    await ringing(at)
    assert (await at.control.answer("")).ok


async def talking(at: Machine) -> None:
    await answering(at)
    at.hears(m.Answered(CC, CUSTOMER))


async def holding(at: Machine) -> None:
    await talking(at)
    assert (await at.control.hold("")).ok


async def declining(at: Machine) -> None:
    await ringing(at)
    assert (await at.control.hang_up("")).ok


async def ending(at: Machine) -> None:
    await talking(at)
    assert (await at.control.hang_up("")).ok


async def ending_without_a_name(at: Machine) -> None:
    await dialling(at)
    assert (await at.control.hang_up("")).ok


WAYS: dict[str, tuple[Callable[[Machine], Awaitable[None]], CallState, str]] = {
    "dialling": (dialling, CallState.DIALING, "call"),
    "proceeding": (proceeding, CallState.PROCEEDING, "still"),
    "ringing": (ringing, CallState.RINGING, "still"),
    "answering": (answering, CallState.ANSWERING, "call"),
    "talking": (talking, CallState.TALKING, "still"),
    "holding": (holding, CallState.HOLDING, "still"),
    "declining": (declining, CallState.DECLINING, "call"),
    "ending": (ending, CallState.ENDING, "call"),
    "ending without a name": (ending_without_a_name, CallState.ENDING, "call"),
}


def test_every_state_of_a_call_is_walked_to() -> None:
    assert {state for _, state, _ in WAYS.values()} == set(CallState) - {CallState.ENDED}


@pytest.mark.parametrize(("way", "state", "timer"), WAYS.values(), ids=WAYS)
async def test_a_call_in_any_state_has_a_limit(
    machine: Machine, way: Callable[[Machine], Awaitable[None]], state: CallState, timer: str
) -> None:
    await way(machine)
    assert machine.call.state is state
    assert timer in machine.timers


@pytest.mark.parametrize("way", [proceeding, ringing, answering, talking, holding])
async def test_a_call_that_comes_back_from_a_hang_up_has_its_limit_again(
    machine: Machine, way: Callable[[Machine], Awaitable[None]]
) -> None:
    await way(machine)
    before = machine.call.state, machine.timers
    machine.desk.answer = Outcome(0)
    assert not (await machine.control.hang_up("")).ok
    assert (machine.call.state, machine.timers) == before


async def test_a_call_that_is_over_leaves_no_timer(machine: Machine) -> None:
    await talking(machine)
    machine.hears(m.Ended(CC, 25, 3))
    assert machine.timers == set()


async def test_what_is_in_one_state_for_long_is_asked_about(machine: Machine) -> None:
    machine.desk.context.limits = Limits(still=0.01)
    await ringing(machine)
    await machine.sent(m.QueryCall)


async def test_a_call_that_is_heard_is_asked_about_until_it_is_said_to_be_up(
    machine: Machine,
) -> None:
    machine.desk.context.limits = Limits(still=0.01)
    await proceeding(machine)
    machine.desk.calls.put(machine.call, leg=Leg.CONNECTED)  # ringing is heard too
    await machine.sent(m.QueryCall)
    machine.hears(m.Answered(CC, CUSTOMER))
    assert machine.call.state is CallState.TALKING


async def test_who_is_heard_after_the_answer_is_not_hung_up_on_for_a_word_that_is_lost(
    machine: Machine,
) -> None:
    machine.desk.context.limits = Limits(answered=0.01)
    await answering(machine)
    machine.desk.calls.put(machine.call, leg=Leg.CONNECTED)
    await machine.sent(m.QueryCall)
    assert machine.call.state is CallState.ANSWERING
    assert "call" in machine.timers
    assert m.HangUp(CC) not in machine.desk.sent
    machine.hears(m.Answered(CC, CUSTOMER))
    assert machine.call.state is CallState.TALKING


async def test_an_answer_without_sound_and_without_a_word_is_given_up(machine: Machine) -> None:
    machine.desk.context.limits = Limits(answered=0.01)
    await answering(machine)
    await machine.sent(m.HangUp)
    assert machine.call.state is CallState.ENDED


# ---------------------------------------------------------------- the third party


SHORT = Limits(threeway=0.05, invited=0.05)


async def asked(at: Machine, limits: Limits = LONG) -> None:
    await talking(at)
    at.desk.context.limits = limits
    at.begin(at.control.invite_third(3, "12000000002", "", ""))
    await at.sent(m.Threeway)


async def invited(at: Machine, limits: Limits = LONG) -> None:
    await asked(at)
    at.desk.context.limits = limits
    at.hears(m.ThreewayResponse(CC, 0))
    await until(lambda: ThirdState.INVITED in at.thirds)


async def joined(at: Machine, limits: Limits = LONG) -> None:
    await invited(at)
    at.desk.context.limits = limits
    at.hears(m.ThreewayResult(CC, 0))


async def leaving(at: Machine, limits: Limits = LONG) -> None:
    await joined(at)
    at.desk.sent.clear()
    at.desk.context.limits = limits
    at.begin(at.control.drop_third(""))
    await at.sent(m.Threeway)


@pytest.mark.parametrize(
    ("way", "state"), [(asked, ThirdState.ASKED), (leaving, ThirdState.LEAVING)]
)
async def test_a_third_party_is_not_asked_for_without_an_end(
    machine: Machine, way: Callable[[Machine, Limits], Awaitable[None]], state: ThirdState
) -> None:
    await way(machine, SHORT)
    await machine.tasks[-1]
    assert state in machine.thirds
    assert machine.call.third is None or machine.call.third.state is not state


async def test_a_third_party_on_its_way_has_a_limit(machine: Machine) -> None:
    await invited(machine)
    assert "third" in machine.timers


async def test_a_third_party_is_not_on_its_way_without_an_end(machine: Machine) -> None:
    await invited(machine, SHORT)
    notice = await until(lambda: machine.desk.context.snapshot.notice)
    assert notice is not None
    assert notice.message.id == "threeway.unheard"


async def test_a_third_party_that_is_in_the_call_is_at_rest_with_it(machine: Machine) -> None:
    await joined(machine, SHORT)
    assert machine.call.third is not None
    assert machine.call.third.state is ThirdState.JOINED
    assert "still" in machine.timers


async def test_a_transfer_that_nothing_is_heard_of_has_a_limit(machine: Machine) -> None:
    await talking(machine)
    assert (await machine.control.transfer("12", "1002", "", "")).ok
    assert "transfer" in machine.timers


# ---------------------------------------------------------------- the leg


@pytest.mark.parametrize("leg", [Leg.AWAITED, Leg.CONNECTING])
async def test_a_leg_that_does_not_sound_in_time_is_said_and_asked_for(
    machine: Machine, leg: Leg
) -> None:
    machine.desk.context.limits = Limits(leg=0.05)
    await talking(machine)
    machine.desk.calls.put(machine.call, leg=leg)
    assert "sound" in machine.timers
    await until(lambda: machine.call.leg is Leg.FAILED, 10)
    await machine.sent(m.QueryCall)
    notice = machine.desk.context.snapshot.notice
    assert notice is not None
    assert notice.message.id == "audio.failed"


@pytest.mark.parametrize("leg", [Leg.NONE, Leg.CONNECTED, Leg.FAILED, Leg.LOST])
async def test_a_leg_that_sounds_or_is_said_to_be_gone_waits_for_nothing(
    machine: Machine, leg: Leg
) -> None:
    await talking(machine)
    machine.desk.calls.put(machine.call, leg=leg)
    assert "sound" not in machine.timers
