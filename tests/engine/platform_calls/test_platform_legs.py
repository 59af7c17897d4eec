"""Which INVITE opens the microphone: one that a call of ours waits for, once; others get 486."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.engine.desk import CC, CUSTOMER, Desk, Phone
from tests.waiting import until
from tui import sip
from tui.config.schema import AudioSettings
from tui.engine.audio.devices import SoundDevices
from tui.engine.audio.legs import Legs, follow
from tui.engine.context import Limits
from tui.engine.platform_calls.legs import PlatformLegs
from tui.platform import control as m
from tui.port import replace
from tui.port.machines.call_machine import CallState
from tui.port.values import Leg

PATIENCE = 20.0


class Line(Phone):
    """The signalling of one test: what became of each INVITE."""

    def accept(self, call: str, sdp: bytes) -> None:
        self.note("accept", call, sdp.split(b"\r\n")[0])

    def bye(self, call: str, reason: str = "") -> None:
        self.note("bye", call, None)


class Booth:
    """A desk whose calls have real audio, without a sound device."""

    def __init__(self) -> None:
        self.desk = Desk(Limits(leg_without_end=0.05))
        self.phone = Line()
        devices = SoundDevices(
            self.desk.context, AudioSettings(input="none", output="none", ring=False)
        )
        self.legs = Legs(self.desk.calls, devices, self.phone)
        self.legs.begin(loopback=True)
        self.audio = PlatformLegs(self.legs, self.desk.query.ask, self.desk.transferred)
        self.desk.commands.legs = self.audio
        self.desk.calls.listen(follow(self.desk.context, self.legs))
        self.desk.calls.listen(self.audio.call_changed)

    @property
    def did(self) -> list[tuple[Any, ...]]:
        return self.phone.did

    def invite(self, handle: str, sdp: bytes | None = None) -> None:
        """An INVITE; without SDP its 200 carries our offer."""
        event = sip.InviteReceived(
            handle, sip.parse_name_addr("<sip:PBX@x.invalid>"), None, sdp, sip.Headers()
        )
        assert self.audio.handle(event)

    async def comes(self, *what: object) -> None:
        async with asyncio.timeout(PATIENCE):
            while what not in self.did:
                self.phone.changed.clear()
                await self.phone.changed.wait()


@pytest.fixture
async def booth() -> AsyncIterator[Booth]:
    booth = Booth()
    yield booth
    await booth.legs.close()
    await booth.desk.context.close()


async def test_an_invite_out_of_the_blue_gets_486(booth: Booth) -> None:
    booth.invite("1")
    assert booth.did == [("reject", "1", 486)]


async def test_an_invite_while_a_call_only_rings_gets_486(booth: Booth) -> None:
    booth.desk.says(m.NewCall(CC, CUSTOMER))
    booth.invite("1")
    assert booth.did == [("reject", "1", 486)]


async def test_an_answered_call_takes_one_invite_and_no_second(booth: Booth) -> None:
    booth.desk.says(m.NewCall(CC, CUSTOMER))
    assert (await booth.desk.commands.answer("")).ok
    booth.invite("1")
    booth.invite("2")
    assert booth.did == [("reject", "2", 486)]
    await booth.comes("accept", "1", b"v=0")
    booth.invite("3")
    assert booth.did[-1] == ("reject", "3", 486)


async def test_an_invite_after_the_call_is_over_gets_486(booth: Booth) -> None:
    booth.desk.says(m.NewCall(CC, CUSTOMER))
    assert (await booth.desk.commands.answer("")).ok
    booth.desk.says(m.CancelCall(CC))
    assert booth.desk.call.state is CallState.ENDED
    booth.invite("1")
    assert booth.did == [("reject", "1", 486)]


async def test_a_leg_that_its_info_ties_to_another_call_is_ended(booth: Booth) -> None:
    booth.desk.says(m.NewCall(CC, CUSTOMER))
    assert (await booth.desk.commands.answer("")).ok
    booth.invite("1")
    await booth.comes("accept", "1", b"v=0")
    booth.audio.handle(sip.InfoReceived("1", "text/xml", f'<i n="{CC}"/>'.encode()))
    assert ("bye", "1", None) not in booth.did
    booth.audio.handle(sip.InfoReceived("1", "text/xml", b'<i n="2conf_2"/>'))
    assert booth.did[-1] == ("bye", "1", None)
    assert booth.desk.call.leg is Leg.LOST


@pytest.mark.parametrize("state", [Leg.FAILED, Leg.LOST])
async def test_a_leg_whose_sound_is_gone_is_not_ended_and_the_platform_is_asked(
    booth: Booth, state: Leg
) -> None:
    booth.desk.says(m.NewCall(CC, CUSTOMER))
    assert (await booth.desk.commands.answer("")).ok
    booth.invite("1")
    await booth.comes("accept", "1", b"v=0")
    booth.desk.says(m.Answered(CC, CUSTOMER))
    booth.legs._media_state(booth.legs._legs["1"], state.value)
    await until(lambda: m.QueryCall() in booth.desk.sent)
    assert ("bye", "1", None) not in booth.did
    assert (booth.desk.call.state, booth.desk.call.leg) == (CallState.TALKING, state)
    assert booth.legs.has_leg(booth.desk.call.key)


async def test_the_sound_that_goes_before_the_end_of_a_hung_up_call_is_no_failure(
    booth: Booth,
) -> None:
    booth.desk.says(m.NewCall(CC, CUSTOMER))
    assert (await booth.desk.commands.answer("")).ok
    booth.invite("1")
    await booth.comes("accept", "1", b"v=0")
    booth.desk.says(m.Answered(CC, CUSTOMER))
    booth.desk.calls.put(booth.desk.call, state=CallState.ENDING)
    booth.legs._media_state(booth.legs._legs["1"], Leg.LOST.value)
    await booth.desk.context.settle()
    assert booth.desk.context.snapshot.notice is None
    assert m.QueryCall() not in booth.desk.sent


async def test_a_new_leg_of_a_muted_and_held_call_is_as_closed_as_the_last(booth: Booth) -> None:
    booth.desk.says(m.NewCall(CC, CUSTOMER))
    assert (await booth.desk.commands.answer("")).ok
    booth.desk.says(m.Answered(CC, CUSTOMER))
    assert booth.desk.commands.mute("", True).ok
    assert (await booth.desk.commands.hold("", True)).ok
    booth.invite("1")
    await booth.comes("accept", "1", b"v=0")
    media = booth.legs._legs["1"].media
    assert media is not None
    assert media.muted
    assert media.held


@pytest.mark.parametrize("wanted", [False, True])
async def test_silence_is_not_sent_where_the_config_says_so(booth: Booth, wanted: bool) -> None:
    booth.legs.devices.settings = replace(booth.legs.devices.settings, dtx=wanted)
    booth.desk.says(m.NewCall(CC, CUSTOMER))
    assert (await booth.desk.commands.answer("")).ok
    booth.invite("1")
    await booth.comes("accept", "1", b"v=0")
    media = booth.legs._legs["1"].media
    assert media is not None
    assert media._session.sent._dtx is wanted


# ---------------------------------------------------------------- gone before the call is up


def _another_calls(booth: Booth) -> None:
    booth.audio.handle(sip.InfoReceived("1", "text/xml", b'<i n="2conf_2"/>'))


def _ended(booth: Booth) -> None:
    booth.audio.handle(sip.CallEnded("1", True, 200, ""))


def _cancelled(booth: Booth) -> None:
    booth.audio.handle(sip.InviteCancelled("1"))


async def _is_given_a_leg_that_goes(booth: Booth, goes: Callable[[Booth], None]) -> None:
    assert (await booth.desk.commands.dial(CUSTOMER)).ok
    booth.desk.says(m.CalloutResponse(200, CC, CUSTOMER))
    booth.invite("1")
    await booth.comes("accept", "1", b"v=0")
    goes(booth)


@pytest.mark.parametrize("goes", [_another_calls, _ended, _cancelled])
async def test_a_leg_that_goes_before_the_call_is_up_is_not_the_only_one(
    booth: Booth, goes: Callable[[Booth], None]
) -> None:
    await _is_given_a_leg_that_goes(booth, goes)
    booth.invite("2")
    await booth.comes("accept", "2", b"v=0")
    booth.invite("3")
    assert booth.did[-1] == ("reject", "3", 486)


async def test_after_a_leg_that_cannot_be_built_another_is_taken(booth: Booth) -> None:
    booth.desk.says(m.NewCall(CC, CUSTOMER))
    assert (await booth.desk.commands.answer("")).ok
    booth.invite("1", b"no description")
    await booth.comes("reject", "1", 488)
    booth.invite("2")
    await booth.comes("accept", "2", b"v=0")


@pytest.mark.parametrize("goes", [_another_calls, _ended])
async def test_a_call_that_is_up_without_its_leg_says_so_and_asks_for_it(
    booth: Booth, goes: Callable[[Booth], None]
) -> None:
    await _is_given_a_leg_that_goes(booth, goes)
    await until(lambda: booth.desk.call.leg is Leg.LOST)
    assert booth.desk.context.snapshot.notice is None
    booth.desk.says(m.Answered(CC, CUSTOMER))
    await until(lambda: m.QueryCall() in booth.desk.sent)
    notice = booth.desk.context.snapshot.notice
    assert notice is not None
    assert notice.message.id == "audio.lost"
    booth.invite("2")
    await booth.comes("accept", "2", b"v=0")


@pytest.mark.parametrize("before_it_is_up", [True, False])
async def test_the_sound_that_is_asked_for_again_is_waited_for_within_its_limit(
    booth: Booth, before_it_is_up: bool
) -> None:
    await _is_given_a_leg_that_goes(booth, _ended if before_it_is_up else lambda _: None)
    if before_it_is_up:
        await until(lambda: booth.desk.call.leg is Leg.LOST)
    booth.desk.says(m.Answered(CC, CUSTOMER))
    if not before_it_is_up:
        _ended(booth)
    await until(lambda: booth.desk.call.leg is Leg.AWAITED)
    assert f"sound {booth.desk.call.key}" in booth.desk.context.timers


async def test_a_held_call_whose_hang_up_is_under_way_gets_a_leg_that_is_held(booth: Booth) -> None:
    booth.desk.says(m.NewCall(CC, CUSTOMER))
    assert (await booth.desk.commands.answer("")).ok
    booth.desk.says(m.Answered(CC, CUSTOMER))
    assert (await booth.desk.commands.hold("", True)).ok
    held = booth.desk.call
    booth.desk.calls.put(held, state=CallState.ENDING, before=held.state)
    booth.invite("1")
    await booth.comes("accept", "1", b"v=0")
    media = booth.legs._legs["1"].media
    assert media is not None
    assert media.held
