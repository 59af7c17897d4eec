"""A call at Asterisk whose sound is set up anew, moved, offered with video, or long."""

from __future__ import annotations

from pathlib import Path

import aioice.ice
import pytest

from tests.certificate import certificate
from tests.interop.asterisk_pbx import Asterisk
from tests.interop.our_desk import OurDesk, seated
from tui.port.commands import Answer, Dial, Dismiss, Hold, RebuildAudio, Resume
from tui.port.machines.call_machine import CallState

AGENT, BOB, CUSTOMER = 1200, 900, 700
"""What they say, in hertz."""


def _said(desk: OurDesk) -> str:
    return desk.snapshot.notice.message.id if desk.snapshot.notice else ""


def _path(desk: OurDesk) -> tuple[str, int]:
    """Where the sound leaves from: address and port."""
    leg = desk.engine._parts.legs.leg_of(desk.call.key)
    return (leg.media.local_address if leg and leg.media else None) or ("", 0)


async def _set_up_anew(desk: OurDesk) -> None:
    """By the agent's key, until it is said to be done and the sound leaves by another path."""
    before = _path(desk)
    await desk.do(Dismiss())
    await desk.do(RebuildAudio())
    await desk.until(lambda: _said(desk) == "rebuild.done")
    await desk.until(lambda: _path(desk) not in (before, ("", 0)))


async def test_the_sound_that_the_agent_sets_up_anew_is_heard_at_both_ends_again(
    desk: OurDesk,
) -> None:
    await desk.do(Dial("echo"))
    await desk.state(CallState.TALKING)
    await desk.hears(AGENT)
    for _ in range(2):
        await _set_up_anew(desk)
        await desk.goes_on_hearing(AGENT, 3)
    assert desk.call.state is CallState.TALKING


@pytest.fixture
def interfaces(desk: OurDesk, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses of this machine as the engine and ICE see them; 127.0.0.1 is the
    signalling's and stays."""
    up = ["127.0.0.2"]
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: [*up])
    desk.engine._parts.network.addresses = lambda: ["127.0.0.1", *up]
    desk.engine._parts.legs._loopback = False  # candidates are what is up here
    return up


async def test_a_call_moves_with_the_machine_to_another_network(
    interfaces: list[str], desk: OurDesk
) -> None:
    await desk.do(Dial("echo"))
    await desk.state(CallState.TALKING)
    await desk.hears(AGENT)
    assert _path(desk)[0] == "127.0.0.2"
    interfaces[:] = ["127.0.0.3"]
    await desk.until(lambda: _path(desk)[0] == "127.0.0.3")
    await desk.until(lambda: _said(desk) == "network.moved")
    await desk.goes_on_hearing(AGENT, 3)
    assert desk.call.state is CallState.TALKING


async def test_an_address_that_comes_and_takes_nothing_away_moves_nothing(
    interfaces: list[str], desk: OurDesk
) -> None:
    await desk.do(Dial("echo"))
    await desk.state(CallState.TALKING)
    await desk.hears(AGENT)
    before = _path(desk)
    interfaces.append("127.0.0.4")
    await desk.goes_on_hearing(AGENT, 4)
    assert (desk.call.state, _path(desk)) == (CallState.TALKING, before)


async def test_a_call_offered_with_video_is_held_resumed_and_set_up_anew(
    asterisk: Asterisk, tmp_path: Path
) -> None:
    async with seated(asterisk, tmp_path, "vera", AGENT) as vera:
        before = asterisk.said
        await asterisk.ring_with_video("vera", CUSTOMER)
        await vera.state(CallState.RINGING)
        assert "m=video" in asterisk.log(before)
        await vera.do(Answer())
        await vera.hears(CUSTOMER)
        await vera.do(Hold())
        await vera.state(CallState.HOLDING)
        await vera.do(Resume())
        await vera.state(CallState.TALKING)
        await vera.goes_on_hearing(CUSTOMER)
        await _set_up_anew(vera)
        await vera.goes_on_hearing(CUSTOMER, 3)


async def test_sessions_of_90_seconds_are_refreshed_by_whoever_has_to(
    asterisk: Asterisk, tmp_path: Path
) -> None:
    before = asterisk.said
    async with (
        seated(asterisk, tmp_path, "tom", AGENT) as called,
        seated(asterisk, tmp_path, "bob", BOB, session_expires=90) as calls,
    ):
        await calls.do(Dial("echo"))
        await calls.state(CallState.TALKING)
        await asterisk.ring("tom", CUSTOMER)
        await called.state(CallState.RINGING)
        await called.do(Answer())
        await called.hears(CUSTOMER)
        assert "Session-Expires: 90" in asterisk.log(before)
        before = asterisk.said

        def refreshed() -> bool:
            since = asterisk.log(before)
            answers = [one for one in since.split("SIP/2.0 200 OK")[1:] if " INVITE\n" in one]
            return len(answers) >= 2

        await called.until(refreshed, 60)  # at half of the interval
        await called.goes_on_hearing(CUSTOMER)
        await calls.goes_on_hearing(BOB)


@pytest.mark.parametrize("way", ["in", "out"])
async def test_a_pbx_with_a_certificate_of_rsa_is_heard_whoever_calls(
    tmp_path: Path, way: str
) -> None:
    pem, _ = certificate(tmp_path, with_rsa=True)
    pbx = Asterisk(tmp_path)
    given = f"dtls_cert_file = {pem}\ndtls_private_key = {tmp_path / 'key.pem'}"
    pbx.change("pjsip.conf", "dtls_auto_generate_cert = yes", given)
    try:
        await pbx.start()
        async with seated(pbx, tmp_path, "alice", AGENT) as desk:
            if way == "in":
                await pbx.ring("alice")
                await desk.state(CallState.RINGING)
                await desk.do(Answer())
                await desk.hears(CUSTOMER)
            else:
                await desk.do(Dial("echo"))
                await desk.hears(AGENT)
    finally:
        await pbx.end()
