"""A supervisor at a PBX: which calls there are, and what counts as listened to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.engine.line_booth import SDP, Booth, Media
from tui import sip
from tui.config.schema import Profile
from tui.engine.context import Limits
from tui.port import commands as c
from tui.port.colleagues import Colleague, Lamp
from tui.port.commands import Result, Supervise
from tui.port.events import ColleagueChanged, ColleaguesChanged
from tui.port.machines.call_machine import CallState
from tui.port.supervision import SuperviseHow, SuperviseState, Supervision
from tui.port.values import Capability, Leg

PROFILE = Profile(kind="sip", listen="*33{number}", whisper="*34{number}", join="*35{number}")
TALKING = Colleague("1002", "Li Na", Lamp.TALKING, 5.0, who="Zhao Lei")


class Spy(Booth):
    """A booth of a supervisor; what comes by its legs is as loud as the test says."""

    @property
    def supervision(self) -> Supervision:
        return self.snapshot.supervision

    def wish(self, how: SuperviseHow, call: str = "") -> asyncio.Task[Result]:
        return asyncio.create_task(self.control.supervise(how, call))

    async def dialled(self, code: str) -> str:
        """Wait until a code is called, and answer it; its handle."""
        target = f"sip:{code}@pbx.example"
        await self.until(lambda: self.asked("invite")[-1:] == [(target,)])
        handle = f"out{len(self.asked('invite'))}"
        await self.says(sip.InviteAnswered(handle, SDP))
        return handle

    def loud(self, media: Media) -> None:
        media.levels = lambda: (0.0, 0.3)  # type: ignore[method-assign]

    async def listens(self) -> None:
        asked = self.wish(SuperviseHow.LISTEN, "1002")
        await self.dialled("*331002")
        self.loud(self.media[-1])
        assert (await asked).ok

    def outcome(self) -> str:
        assert self.supervision.outcome is not None
        return self.supervision.outcome.id


@pytest.fixture
async def booth() -> AsyncIterator[Spy]:
    booth = Spy(PROFILE)
    booth.control.begin(1)
    booth.context.emit(ColleaguesChanged((TALKING, Colleague("1003", "Wang Fang", Lamp.IDLE))))
    yield booth
    await booth.close()


async def test_the_calls_are_those_that_the_lamps_show(booth: Spy) -> None:
    (call,) = booth.snapshot.group_calls
    assert (call.key, call.agent, call.caller, call.since) == ("1002", "1002", "Zhao Lei", 5.0)
    booth.context.emit(ColleagueChanged(Colleague("1002", lamp=Lamp.UNKNOWN)))
    assert booth.snapshot.group_calls == ()
    assert Capability.SUPERVISE in booth.control.capabilities


async def test_it_is_listened_to_when_something_is_heard_and_not_before(booth: Spy) -> None:
    asked = booth.wish(SuperviseHow.LISTEN, "1002")
    await booth.dialled("*331002")
    assert (booth.supervision.state, booth.supervision.pending) == (SuperviseState.NONE, "listen")
    assert booth.supervision.leg is Leg.AWAITED
    booth.loud(booth.media[0])
    assert (await asked).ok
    assert (booth.supervision.state, booth.supervision.agent) == (SuperviseState.LISTENING, "1002")
    assert booth.media[0].muted
    assert booth.snapshot.calls == ()


async def test_whispering_opens_the_microphone_once_the_new_call_is_heard(booth: Spy) -> None:
    await booth.listens()
    asked = booth.wish(SuperviseHow.WHISPER)
    await booth.dialled("*341002")
    assert booth.media[0].held
    assert booth.media[1].muted
    booth.loud(booth.media[1])
    assert (await asked).ok
    assert booth.supervision.state is SuperviseState.WHISPERING
    assert not booth.media[1].muted
    await booth.until(lambda: booth.media[0].closed)
    assert booth.asked("bye") == [("out1",)]


async def test_a_wish_that_fails_leaves_what_was(booth: Spy) -> None:
    await booth.listens()
    asked = booth.wish(SuperviseHow.JOIN)
    handle = await booth.dialled("*351002")
    await booth.says(sip.CallEnded(handle, True, 200, ""))
    result = await asked
    assert not result.ok
    assert (booth.supervision.state, booth.supervision.pending) == (SuperviseState.LISTENING, "")
    assert not booth.media[0].held
    assert not booth.media[0].closed


async def test_what_is_refused_or_stays_silent_is_said(booth: Spy) -> None:
    asked = booth.wish(SuperviseHow.LISTEN, "1002")
    await booth.until(lambda: booth.asked("invite"))
    await booth.says(sip.InviteRefused("out1", 404, "Not Found"))
    assert not (await asked).ok
    assert booth.outcome() == "supervise.code_refused"
    booth.context.limits = Limits(leg=0.3)
    asked = booth.wish(SuperviseHow.LISTEN, "1002")
    await booth.dialled("*331002")
    assert not (await asked).ok
    assert booth.outcome() == "supervise.not_heard"
    assert booth.legs._legs == {}


async def test_with_the_call_or_its_sound_listening_is_over(booth: Spy) -> None:
    await booth.listens()
    booth.context.emit(ColleagueChanged(Colleague("1002", lamp=Lamp.IDLE)))
    assert (booth.supervision.call, booth.outcome()) == ("", "supervise.over")
    booth.context.emit(ColleagueChanged(TALKING))
    await booth.listens()
    await booth.says(sip.CallEnded("out2", True, 200, ""))
    assert booth.outcome() == "supervise.over"
    await booth.listens()
    entry = booth.legs.entry("out3")
    assert entry is not None
    entry.owner.leg_gone(entry, Leg.LOST)
    assert booth.outcome() == "supervise.no_sound"


async def test_a_call_of_ones_own_ends_it_and_none_is_dialled_meanwhile(booth: Spy) -> None:
    await booth.listens()
    refused = await booth.do(c.Dial("1005"))
    assert refused.message is not None
    assert refused.message.id == "supervise.leave_first"
    call = await booth.rings("c1")
    assert (await booth.do(c.Answer(call.ccnumber))).ok
    assert booth.supervision.state is SuperviseState.NONE
    assert booth.snapshot.calls[0].state is CallState.TALKING
    refused = await booth.do(Supervise(SuperviseHow.LISTEN, "1002"))
    assert refused.message is not None
    assert refused.message.id == "supervise.in_call"


async def test_leaving_while_it_is_dialled_ends_that_at_once(booth: Spy) -> None:
    asked = booth.wish(SuperviseHow.LISTEN, "1002")
    await booth.dialled("*331002")
    booth.control.spying.let_go()
    assert not (await asked).ok
    assert booth.supervision.call == ""
    await booth.until(lambda: booth.media[0].closed)


@pytest.mark.parametrize(
    ("how", "call", "why"),
    [
        (SuperviseHow.END, "1002", "supervise.no_way"),
        (SuperviseHow.LISTEN, "", "supervise.no_call"),
        (SuperviseHow.JOIN, "1002", "supervise.not_listening"),
        (SuperviseHow.LEAVE, "1002", "supervise.not_listening"),
    ],
)
async def test_what_cannot_be_asked_now_is_refused_in_words(
    booth: Spy, how: SuperviseHow, call: str, why: str
) -> None:
    result = await booth.do(Supervise(how, call))
    assert result.message is not None
    assert result.message.id == why


async def test_without_a_code_nobody_supervises() -> None:
    booth = Spy()
    booth.control.begin(1)
    result = await booth.do(Supervise(SuperviseHow.LISTEN, "1002"))
    assert result.message is not None
    assert result.message.id == "supervise.not_allowed"
    assert Capability.SUPERVISE not in booth.control.capabilities
    await booth.close()


async def test_with_the_session_nothing_is_supervised(booth: Spy) -> None:
    await booth.listens()
    await booth.control.end()
    assert booth.supervision == Supervision()
    assert booth.snapshot.group_calls == ()
