"""Which INVITE opens the microphone: one that a call of ours waits for, once; others get 486."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from tests.engine.desk import CC, CUSTOMER, Desk
from tui import sip
from tui.config import AudioSettings
from tui.engine.audio import Audio
from tui.engine.core import Limits
from tui.engine.state import CallState, Leg
from tui.platform import control as m

PATIENCE = 20.0


class Agent:
    """Of the user agent what audio uses: notes what becomes of each INVITE."""

    def __init__(self) -> None:
        self.did: list[tuple[str, str, object]] = []
        self.changed = asyncio.Event()

    def _note(self, *what: Any) -> None:
        self.did.append(what)
        self.changed.set()

    def reject(self, call: str, status: int, now: float, reason: str = "") -> None:
        self._note("reject", call, status)

    def accept(self, call: str, sdp: bytes, now: float) -> None:
        self._note("accept", call, sdp.split(b"\r\n")[0])

    def bye(self, call: str, now: float) -> None:
        self._note("bye", call, None)


class Phone:
    """The signalling of one test."""

    def __init__(self) -> None:
        self.agent: Any = Agent()

    def now(self) -> float:
        return 0.0

    def flush(self) -> None:
        pass

    async def info(self, handle: str, content_type: str, body: bytes) -> bool:
        return True


class Booth:
    """A desk whose calls have real audio, without a sound device."""

    def __init__(self) -> None:
        self.desk = Desk(Limits())
        self.audio = Audio(self.desk.core, AudioSettings(input="none", output="none", ring=False))
        self.phone = Phone()
        self.audio.phone, self.audio.loopback = self.phone, True
        self.audio.calls = self.desk.calls
        self.desk.calls.audio = self.audio

    @property
    def did(self) -> list[tuple[str, str, object]]:
        did: list[tuple[str, str, object]] = self.phone.agent.did
        return did

    def invite(self, handle: str) -> None:
        """An INVITE without SDP: its 200 carries our offer."""
        event = sip.InviteReceived(
            handle, sip.parse_name_addr("<sip:PBX@x.invalid>"), None, None, sip.Headers()
        )
        assert self.audio.handle(event)

    async def comes(self, *what: object) -> None:
        async with asyncio.timeout(PATIENCE):
            while what not in self.did:
                self.phone.agent.changed.clear()
                await self.phone.agent.changed.wait()


@pytest.fixture
async def booth() -> AsyncIterator[Booth]:
    booth = Booth()
    yield booth
    await booth.audio.close()
    await booth.desk.core.close()


async def test_an_invite_out_of_the_blue_gets_486(booth: Booth) -> None:
    booth.invite("1")
    assert booth.did == [("reject", "1", 486)]


async def test_an_invite_while_a_call_only_rings_gets_486(booth: Booth) -> None:
    booth.desk.says(m.NewCall(CC, CUSTOMER))
    booth.invite("1")
    assert booth.did == [("reject", "1", 486)]


async def test_an_answered_call_takes_one_invite_and_no_second(booth: Booth) -> None:
    booth.desk.says(m.NewCall(CC, CUSTOMER))
    assert (await booth.desk.calls.answer("")).ok
    booth.invite("1")
    booth.invite("2")
    assert booth.did == [("reject", "2", 486)]
    await booth.comes("accept", "1", b"v=0")
    booth.invite("3")
    assert booth.did[-1] == ("reject", "3", 486)


async def test_an_invite_after_the_call_is_over_gets_486(booth: Booth) -> None:
    booth.desk.says(m.NewCall(CC, CUSTOMER))
    assert (await booth.desk.calls.answer("")).ok
    booth.desk.says(m.CancelCall(CC))
    assert booth.desk.call.state is CallState.ENDED
    booth.invite("1")
    assert booth.did == [("reject", "1", 486)]


async def test_a_leg_that_its_info_ties_to_another_call_is_ended(booth: Booth) -> None:
    booth.desk.says(m.NewCall(CC, CUSTOMER))
    assert (await booth.desk.calls.answer("")).ok
    booth.invite("1")
    await booth.comes("accept", "1", b"v=0")
    booth.audio.handle(sip.InfoReceived("1", "text/xml", f'<i n="{CC}"/>'.encode()))
    assert ("bye", "1", None) not in booth.did
    booth.audio.handle(sip.InfoReceived("1", "text/xml", b'<i n="2conf_2"/>'))
    assert booth.did[-1] == ("bye", "1", None)
    assert booth.desk.call.leg is Leg.LOST


async def test_a_new_leg_of_a_muted_and_held_call_is_as_closed_as_the_last(booth: Booth) -> None:
    booth.desk.says(m.NewCall(CC, CUSTOMER))
    assert (await booth.desk.calls.answer("")).ok
    booth.desk.says(m.Answered(CC, CUSTOMER))
    assert booth.desk.calls.mute("", True).ok
    assert (await booth.desk.calls.hold("", True)).ok
    booth.invite("1")
    await booth.comes("accept", "1", b"v=0")
    media = booth.audio._legs["1"].media
    assert media is not None
    assert media.muted
    assert media.held


@pytest.mark.parametrize("wanted", [False, True])
async def test_silence_is_not_sent_where_the_config_says_so(booth: Booth, wanted: bool) -> None:
    booth.audio.settings = replace(booth.audio.settings, dtx=wanted)
    booth.desk.says(m.NewCall(CC, CUSTOMER))
    assert (await booth.desk.calls.answer("")).ok
    booth.invite("1")
    await booth.comes("accept", "1", b"v=0")
    media = booth.audio._legs["1"].media
    assert media is not None
    assert media._path.outgoing._dtx is wanted
