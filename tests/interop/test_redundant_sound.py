"""Redundant copies (RFC 2198) with Chromium, both ways, and through rtpengine: the line between
loses packets by script."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.interop.chromium import Page
from tests.interop.kamailio import Kamailio
from tests.interop.our_desk import OurDesk
from tests.interop.programs import started
from tests.media.conditions import Condition
from tests.media.conftest import Collector
from tests.media.relay import Relay
from tests.waiting import until
from tui.media.leg.leg import AudioLeg
from tui.media.pcm.levels import FRAME
from tui.media.pcm.sinks import Sink
from tui.media.pcm.sources import ToneSource
from tui.media.pcm.tones import strength
from tui.media.rtp.packet import is_rtcp
from tui.media.rtp.session import RtpSession
from tui.port.commands import Answer, Dial
from tui.port.machines.call_machine import CallState

WE_SAY = 440
THEY_SAY = 1200


def lossy() -> Condition:
    return Condition(burst=0.06, burst_every=0.5, seed=1)


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Page]:
    """A page that speaks and hears, and prefers redundant copies."""
    async with started(Page(tmp_path, Path(__file__).with_name("redundant.js"))) as page:
        yield page


def ours(sink: Sink) -> AudioLeg:
    return AudioLeg(source=ToneSource(WE_SAY), sink=sink, loopback=True)


async def figures(browser: Page, kind: str) -> dict[str, Any]:
    told: dict[str, Any] = (await browser.call("figures")).get(kind, {})
    return told


async def test_a_browsers_copies_repair_what_its_line_loses(browser: Page) -> None:
    heard = Collector()
    leg = ours(heard)
    async with Relay(to_b=lossy()) as relay:
        try:
            answer = await leg.answer(relay.from_a(await browser.call("offer")))
            assert " red/48000/2" in answer
            await browser.call("accept", relay.from_b(answer))
            received = leg._session.received
            await until(lambda: received.with_copies > 150, 12, what=lambda: leg.statistics())
            before = received.playout.figures.repaired, received.playout.figures.concealed
            await until(lambda: relay.a_to_b.lost > 40, 30)
            repaired = received.playout.figures.repaired - before[0]
            concealed = received.playout.figures.concealed - before[1]
            # It repeats one packet: of three in a row the last comes back, and a copy in that.
            assert repaired > concealed / 3
            assert strength(heard.last(1.0), THEY_SAY) > 0.05
        finally:
            await leg.close()


async def test_our_copies_repair_what_a_browser_would_have_to_make_up(browser: Page) -> None:
    leg = ours(Collector())
    async with Relay(to_b=lossy()) as relay:
        try:
            offer = await leg.offer()
            assert "a=fmtp:121 111/111\r\n" in offer
            answer = await browser.call("answer", relay.from_a(offer))
            assert "red/48000/2" in answer
            await leg.accept(relay.from_b(answer))
            await until(lambda: leg._session.sent.distance == 3, 30, what=leg.statistics)
            await until(lambda: relay.a_to_b.lost > 60, 30)
            before, lost = await figures(browser, "inbound-rtp"), relay.a_to_b.lost
            await until(lambda: relay.a_to_b.lost >= lost + 45, 30)
            seen = await figures(browser, "inbound-rtp")
            made_up = seen["concealedSamples"] - before["concealedSamples"]
            assert made_up < (relay.a_to_b.lost - lost) * FRAME / 4, seen

            async def hears() -> bool:
                return bool(abs(await browser.call("loudest") - WE_SAY) < 15)

            await until(hears, 10, interval=0.1)
        finally:
            await leg.close()


async def test_copies_pass_through_rtpengine_and_its_reports_ask_for_them(
    kamailio: Kamailio,
) -> None:
    heard = Collector()
    speaks, hears = ours(Collector()), ours(heard)
    async with Relay(to_b=lossy()) as relay:
        try:
            offer = await told(kamailio, "offer", relay.from_a(await speaks.offer()))
            answer = await told(kamailio, "answer", await hears.answer(offer))
            await speaks.accept(relay.from_b(answer))
            await until(
                lambda: speaks._session.sent.distance == 3,
                8,
                what=lambda: (answer, offer, speaks.state, hears.state, kamailio.log[-3000:]),
            )
            received = hears._session.received
            await until(lambda: received.with_copies > 300, 30, what=hears.statistics)
            before = received.playout.figures.repaired, received.playout.figures.concealed
            lost = relay.a_to_b.lost
            await until(lambda: relay.a_to_b.lost >= lost + 45, 30)
            assert received.playout.figures.repaired - before[0] > 30 * FRAME
            assert received.playout.figures.concealed - before[1] < 15 * FRAME
            assert strength(heard.last(1.0), WE_SAY) > 0.05
        finally:
            await speaks.close()
            await hears.close()


async def test_two_consoles_repeat_for_one_another_what_their_line_loses(
    kamailio: Kamailio, tmp_path: Path
) -> None:
    """Signed in at Kamailio, rtpengine between them. The line of one loses three packets of each
    25: they end where they would leave its socket."""
    one, other = (
        OurDesk(kamailio.ws, kamailio.realm, user, tmp_path, hz)
        for user, hz in (("1001", WE_SAY), ("1002", THEY_SAY))
    )
    try:
        for desk in (one, other):
            assert (await desk.sign_in(kamailio.password)).ok
        await one.do(Dial("1002"))
        await other.state(CallState.RINGING)
        await other.do(Answer())
        for desk, tone in ((one, THEY_SAY), (other, WE_SAY)):
            await desk.state(CallState.TALKING)
            await desk.hears(tone)
        speaks, hears = session_of(one), session_of(other)
        ice, sent, lost = speaks._ice, 0, 0
        carry = ice.send

        def losing(data: bytes) -> None:
            nonlocal sent, lost
            if not is_rtcp(data):
                sent += 1
                if sent % 25 < 3:
                    lost += 1
                    return
            carry(data)

        ice.send = losing  # type: ignore[method-assign]
        received = hears.received
        await until(lambda: received.with_copies > 200, 40, what=lambda: speaks.sent.distance)
        figures, before = received.playout.figures, lost
        repaired, concealed = figures.repaired, figures.concealed
        await until(lambda: lost >= before + 30, 30)
        assert figures.repaired - repaired > 20 * FRAME
        assert figures.concealed - concealed < 10 * FRAME
        await other.goes_on_hearing(WE_SAY)
        assert speaks.received.with_copies == 0  # the other way loses nothing
    finally:
        for desk in (one, other):
            await desk.end()


def session_of(desk: OurDesk) -> RtpSession:
    entry = desk.engine._parts.legs.leg_of(desk.call.key)
    assert entry is not None
    assert entry.media is not None
    return entry.media._session


async def told(kamailio: Kamailio, command: str, sdp: str) -> str:
    """What rtpengine makes of a description, by its ng protocol: a cookie and a bencoded
    dictionary in a datagram, and the same back."""
    asked = {
        "ICE": "force",
        "SDES": ["off"],
        "call-id": "copies",
        "command": command,
        "from-tag": "one",
        "rtcp-mux": ["offer", "require"],
        "sdp": sdp,
        "to-tag": "other",
        "transport-protocol": "UDP/TLS/RTP/SAVPF",
    }
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.setblocking(False)
        line.connect(("127.0.0.1", kamailio.control_port))
        await loop.sock_sendall(line, f"{command} ".encode() + bencoded(asked))
        said = await asyncio.wait_for(loop.sock_recv(line, 65_536), 5)
    found = re.search(rb"3:sdp(\d+):", said)
    assert found is not None, said
    return said[found.end() : found.end() + int(found[1])].decode()


def bencoded(value: str | list[str] | dict[str, Any]) -> bytes:
    if isinstance(value, str):
        data = value.encode()
        return f"{len(data)}:".encode() + data
    if isinstance(value, list):
        return b"l" + b"".join(bencoded(each) for each in value) + b"e"
    pairs = (bencoded(name) + bencoded(each) for name, each in sorted(value.items()))
    return b"d" + b"".join(pairs) + b"e"
