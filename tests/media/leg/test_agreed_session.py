"""The shape of a session, once agreed, is in every later description: as many sections, in the same
order, under the same names and profiles. And a description that is of no use says why."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.media.sdp.offers import FINGERPRINT, GOOD
from tests.waiting import until
from tui.media.leg.agreed_session import AgreedSession
from tui.media.leg.leg import AudioLegState, UnacceptableOffer, Unusable
from tui.media.pcm.sources import ToneSource
from tui.media.sdp.direction import Direction
from tui.media.sdp.local import Ends
from tui.media.sdp.parse import parse
from tui.media.sdp.remote import read

OURS, THEIRS = 440, 1000
ENDS = Ends("ours", "abcdefghijklmnopqrstuvwx", FINGERPRINT, ("1 1 udp 1 192.0.2.9 9 typ host",))
VIDEO = "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=mid:video-1\r\na=rtpmap:96 VP8/90000\r\n"
DATA = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:data\r\n"
IMAGE = "m=image 4000 udptl t38\r\n"
SECOND = "m=audio 4002 RTP/AVP 0\r\n"


def session() -> AgreedSession:
    return AgreedSession(("opus", "pcmu"), ssrc=1, cname="c", on_agreed=lambda *agreed: None)


def answered(one: AgreedSession, offer: str) -> str:
    remote = read(offer)
    return one.answer(offer, remote, one.common(remote), ENDS, "active")


def shape(sdp: str) -> list[tuple[str, bool, str, str | None]]:
    return [(m.kind, m.port > 0, m.profile, m.first("mid")) for m in parse(sdp).media]


def offer_of(before: str, after: str, mid: str, profile: str) -> str:
    head, audio = GOOD.split("m=audio", 1)
    audio = audio.replace("UDP/TLS/RTP/SAVPF", profile).replace("a=mid:audio", f"a=mid:{mid}")
    return f"{head}{before}m=audio{audio}{after}"


@pytest.mark.parametrize("profile", ["UDP/TLS/RTP/SAVPF", "RTP/SAVPF"])
@pytest.mark.parametrize("mid", ["audio-0", "0", "a!z"])
@pytest.mark.parametrize(
    ("before", "after"),
    [("", VIDEO), (VIDEO, ""), ("", DATA), (VIDEO + IMAGE, DATA), (SECOND, VIDEO), ("", "")],
)
def test_what_was_answered_is_the_shape_of_every_later_offer(
    before: str, after: str, mid: str, profile: str
) -> None:
    one = session()
    offer = offer_of(before, after, mid, profile)
    answer = answered(one, offer)
    asked = shape(offer)
    at = before.count("m=")
    wanted = [(kind, n == at, how, name) for n, (kind, _, how, name) in enumerate(asked)]
    assert wanted[at] == ("audio", True, profile, mid)
    assert shape(answer) == wanted
    assert f"a=group:BUNDLE {mid}\r\n" in answer
    for direction in (Direction.SENDONLY, Direction.SENDRECV, None):
        again = one.reoffer(ENDS, direction)
        assert shape(again) == wanted
        one.apply(read(answer), one.common(read(answer)))
    assert shape(answered(one, offer)) == wanted


def test_a_section_that_the_peer_adds_stays() -> None:
    one = session()
    answered(one, GOOD)
    answered(one, GOOD + VIDEO)
    assert [kind for kind, *_ in shape(one.reoffer(ENDS))] == ["audio", "video"]


def test_a_peer_that_names_no_section_gets_no_name_in_our_offers_either() -> None:
    one = session()
    answered(one, GOOD.replace("a=mid:audio\r\n", "") + IMAGE)
    again = one.reoffer(ENDS)
    assert "a=mid:" not in again
    assert "a=group:" not in again


def test_our_own_offer_is_one_section_named_0() -> None:
    assert shape(session().offer(ENDS)) == [("audio", True, "UDP/TLS/RTP/SAVPF", "0")]


async def test_hold_and_restart_of_a_call_that_was_offered_with_video_are_taken(
    leg: Any, collector: Any, hears: Any
) -> None:
    heard, other_heard = collector(), collector()
    browser, us = leg(ToneSource(THEIRS), heard), leg(ToneSource(OURS), other_heard)
    offer = (await browser.offer()).replace("a=mid:0", "a=mid:audio-0") + VIDEO + DATA
    answer = await us.answer(offer)
    wanted = [(kind, kind == "audio", how, name) for kind, _, how, name in shape(offer)]
    assert shape(answer) == wanted
    await browser.accept(answer)
    await hears(heard, OURS)
    await hears(other_heard, THEIRS)
    for direction in (Direction.SENDONLY, Direction.SENDRECV):
        again = await us.reoffer(direction)
        assert shape(again) == wanted
        await us.apply(await browser.answer(again))
    moved = await us.restart()
    assert shape(moved) == wanted
    path = us._connections.current
    await us.apply(await browser.answer(moved))
    await until(lambda: us._connections.current is not path)
    heard.pcm.clear()
    await hears(heard, OURS)


OF_TRANSPORT = (
    *("a=candidate:", "a=end-of-candidates", "a=ice-ufrag:", "a=ice-pwd:"),
    *("a=fingerprint:", "a=setup:", "a=rtcp-mux"),
)


def bundled(sdp: str) -> str:
    """The same with video before it, in one group, whose transport is told with the video alone."""
    head, audio = sdp.replace("a=mid:0", "a=mid:sound").split("m=audio", 1)
    lines = audio.split("\r\n")
    video = VIDEO.replace("m=video 9 ", f"m=video {lines[0].split()[0]} ")
    moved = [line for line in lines if line.startswith(OF_TRANSPORT)]
    rest = [line for line in lines if line not in moved]
    group = head.replace(
        "a=group:BUNDLE 0", "a=group:LS sound\r\na=group:BUNDLE gone video-1 sound"
    )
    assert group != head
    return group + video + "\r\n".join(moved) + "\r\nm=audio" + "\r\n".join(rest)


async def test_the_transport_of_a_group_is_that_of_its_tagged_section(
    leg: Any, collector: Any, hears: Any
) -> None:
    """As browsers that bundle all offer it (max-bundle), to whom a refused video would take the
    audio along: it is taken, and says nothing."""
    heard, other_heard = collector(), collector()
    browser, us = leg(ToneSource(THEIRS), heard), leg(ToneSource(OURS), other_heard)
    answer = await us.answer(bundled(await browser.offer()))
    video, audio = parse(answer).media
    assert "a=group:BUNDLE video-1 sound\r\n" in answer
    assert (video.kind, video.port, video.formats) == ("video", audio.port, ["96"])
    assert video.first("rtpmap") == "96 VP8/90000"
    assert (video.first("inactive"), audio.first("sendrecv")) == ("", "")
    for name in ("ice-ufrag", "ice-pwd", "fingerprint", "setup", "candidate"):
        assert video.first(name) == audio.first(name) is not None
    await browser.accept(answer)
    await hears(heard, OURS)
    await hears(other_heard, THEIRS)
    # In each later offer, of either side, the group is what it was.
    path = us._connections.current
    await us.answer(bundled(await browser.reoffer(Direction.SENDRECV)))
    assert us._connections.current is path
    again = await us.reoffer(Direction.SENDONLY)
    assert shape(again) == shape(answer)
    assert "a=group:BUNDLE video-1 sound\r\n" in again


def test_an_audio_that_is_there_by_its_group_alone_is_taken() -> None:
    offer = bundled(session().offer(ENDS))
    port_0 = re.sub(r"m=audio \d+ ", "m=audio 0 ", offer)
    only = port_0.replace("a=mid:sound", "a=mid:sound\r\na=bundle-only")
    assert [there for _, there, *_ in shape(answered(session(), only))] == [True, True]
    assert read(only).direction is Direction.SENDRECV
    for refused in (port_0, only.replace("BUNDLE gone video-1 sound", "BUNDLE gone sound")):
        with pytest.raises(UnacceptableOffer) as problem:
            read(refused)
        assert problem.value.why is Unusable.REFUSED


@pytest.mark.parametrize(
    "change",
    [
        lambda sdp: sdp + "a=candidate:1 1 udp 1 192.0.2.1 4000 typ host\r\n",
        lambda sdp: re.sub(r"m=audio \d+ ", "m=audio 4000 ", sdp),
        lambda sdp: sdp.replace("m=video 9 UDP/TLS/RTP/SAVPF 96 97", "m=message 9 TCP/MSRP *"),
        lambda sdp: sdp.replace("a=mid:video-1", "a=mid:video 1").replace("video-1", "video 1"),
    ],
    ids=["a candidate", "a port", "no video", "no name"],
)
def test_an_audio_that_can_stand_alone_does_so_and_the_video_is_refused(
    change: Callable[[str], str],
) -> None:
    offer = bundled(session().offer(ENDS))
    for name in ("ice-ufrag:ours", "ice-pwd:abcdefghijklmnopqrstuvwx", "setup:actpass"):
        offer += f"a={name}\r\n"
    answer = answered(
        session(), change(offer + f"a=fingerprint:sha-256 {FINGERPRINT}\r\na=rtcp-mux\r\n")
    )
    assert [there for _, there, *_ in shape(answer)] == [False, True]
    assert "a=group:BUNDLE sound\r\n" in answer


@pytest.mark.parametrize("group", ["a=group:LS video-1 sound", "a=group:BUNDLE video-1 other", ""])
def test_who_is_in_no_group_has_no_transport_of_another(group: str) -> None:
    offer = bundled(session().offer(ENDS))
    with pytest.raises(UnacceptableOffer) as refused:
        read(offer.replace("a=group:BUNDLE gone video-1 sound", group))
    assert refused.value.why is Unusable.NO_ICE


UNUSABLE: dict[Unusable, Callable[[str], str]] = {
    Unusable.NO_ENCRYPTION: lambda sdp: sdp.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP").replace(
        "a=fingerprint", "a=x-fingerprint"
    ),
    Unusable.REFUSED: lambda sdp: "\r\n".join(
        "m=audio 0 UDP/TLS/RTP/SAVPF 111" if line.startswith("m=") else line
        for line in sdp.split("\r\n")
    ),
    Unusable.NO_AUDIO: lambda sdp: sdp.replace("m=audio", "m=video"),
    Unusable.NO_ICE: lambda sdp: sdp.replace("a=ice-ufrag", "a=x-ufrag"),
    Unusable.NO_MUX: lambda sdp: sdp.replace("a=rtcp-mux\r\n", ""),
    Unusable.NO_CODEC: lambda sdp: sdp.replace("SAVPF 111", "SAVPF 96").replace(
        "rtpmap:111 opus", "rtpmap:96 speex"
    ),
    Unusable.UNREADABLE: lambda sdp: "m=audio",
}


@pytest.mark.parametrize("why", UNUSABLE)
def test_a_description_that_is_of_no_use_says_why(why: Unusable) -> None:
    with pytest.raises(UnacceptableOffer) as refused:
        read(UNUSABLE[why](GOOD))
    assert refused.value.why is why
    assert refused.value.reason


@pytest.mark.parametrize("why", [Unusable.NO_ENCRYPTION, Unusable.REFUSED])
async def test_an_answer_of_no_use_is_told_at_once_and_the_leg_has_failed_by_its_limit(
    leg: Any, collector: Any, why: Unusable
) -> None:
    states: list[AudioLegState] = []
    us = leg(ToneSource(OURS), collector(), setup_timeout=0.2, on_state=states.append)
    await us.offer()
    with pytest.raises(UnacceptableOffer) as refused:
        await us.accept(UNUSABLE[why](GOOD))
    assert refused.value.why is why
    assert us.state is AudioLegState.NEW  # a 183 may be of no use, and the 200 of use
    await until(lambda: us.state is AudioLegState.FAILED, 10)
    assert us.reason == why


async def test_a_usable_answer_after_one_of_no_use_is_taken(
    leg: Any, plain: Any, collector: Any, hears: Any
) -> None:
    heard, peer = collector(), plain(THEIRS)
    us = leg(ToneSource(OURS), heard)
    offer = await us.offer()
    with pytest.raises(UnacceptableOffer):
        await us.accept(UNUSABLE[Unusable.NO_ENCRYPTION](GOOD))
    await us.accept(await peer.answer(offer))
    await hears(heard, THEIRS)
    assert us.state is AudioLegState.CONNECTED


ODD_SECTIONS = (
    *("m=video 0", "m=video", "m=", "m=image 0 udptl", "m=video many RTP/AVP 96", "m=@ 9 x 0"),
    *("m=text 4000 RTP/AVP \x07", "m=application 9 DTLS/SCTP", "m=audio 0 RTP/AVP", "m=audio 0"),
    *("m=video 99999 RTP/AVP 96", "m=message 2855 TCP/MSRP *", "m=video -1 RTP/AVP 96"),
)


@pytest.mark.parametrize("line", ODD_SECTIONS)
@pytest.mark.parametrize("first", [True, False])
def test_a_section_that_cannot_be_read_costs_the_audio_beside_it_nothing(
    line: str, first: bool
) -> None:
    odd = line + "\r\na=mid:odd\r\n"
    one = session()
    offer = offer_of(*((odd, "") if first else ("", odd)), "0", "UDP/TLS/RTP/SAVPF")
    for said in (answered(one, offer), one.reoffer(ENDS)):
        sections = shape(said)
        assert len(sections) == 2
        assert [port for _, port, _, _ in sections] == ([False, True] if first else [True, False])
        assert sections[1 if first else 0][0] == "audio"
        assert sections[0 if first else 1][3] == "odd"


@pytest.mark.parametrize(
    ("written", "otherwise"),
    [
        ("a=rtpmap:111 opus/48000/2", "a=rtpmap:111\topus/48000/2"),
        ("a=rtpmap:111 opus/48000/2", "a=rtpmap:111  OPUS/48000/2 "),
        ("a=rtpmap:111 opus/48000/2", "a=rtpmap:111 G722/16000"),
        (
            "a=rtpmap:111 opus/48000/2",
            "a=rtpmap:111 G722/8000/1\r\na=fmtp\r\na=rtpmap:\r\na=rtpmap",
        ),
        ("a=rtcp-mux", "a=rtcp-mux-only"),
        ("a=mid:audio", "A=mid:audio"),
        ("a=setup:actpass", "a=setup: ActPass"),
        ("s=call", "s=\r\ni=\r\nb=AS:x\r\nk=clear:x\r\nz=0 0"),
        ("v=0", "\ufeffv=0"),
    ],
)
def test_what_is_meant_all_the_same_is_read(written: str, otherwise: str) -> None:
    assert written in GOOD
    assert read(GOOD.replace(written, otherwise)).codecs
