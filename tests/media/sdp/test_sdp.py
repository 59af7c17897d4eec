"""The normaliser, row by row: what peers send, and that aiortc then takes it."""

from __future__ import annotations

import random
from typing import Any

import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.sdp import SessionDescription
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.media.sdp.offers import FINGERPRINT, GOOD
from tui.media.sdp.direction import Direction
from tui.media.sdp.local import Ends, Layout, Origin, RefusedSection, describe, layout_of
from tui.media.sdp.negotiation import offered
from tui.media.sdp.normalise import (
    UnacceptableOffer,
    direction_of,
    normalise,
    transport_of,
)
from tui.media.sdp.parse import Unusable
from tui.media.sdp.remote import read


def without(*lines: str) -> str:
    text = GOOD
    for line in lines:
        assert line + "\r\n" in text
        text = text.replace(line + "\r\n", "")
    return text


def plus(line: str) -> str:
    return GOOD + line + "\r\n"


async def aiortc_takes(offer: str) -> str:
    """aiortc's answer to a normalised offer; whatever it raises fails the test."""
    pc = RTCPeerConnection()
    try:
        pc.addTransceiver("audio")
        await pc.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        return (await pc.createAnswer()).sdp
    finally:
        await pc.close()


ROWS = {
    "no direction": (without("a=sendrecv"), "a=sendrecv"),
    "a direction of the session": (
        without("a=sendrecv").replace("t=0 0\r\n", "t=0 0\r\na=sendonly\r\n"),
        "a=sendonly",
    ),
    "no setup": (without("a=setup:actpass"), "a=setup:actpass"),
    "holdconn": (GOOD.replace("actpass", "holdconn"), "a=setup:actpass"),
    "a setup nobody knows": (GOOD.replace("actpass", "both"), "a=setup:actpass"),
    "static payloads without rtpmap": (
        without("a=rtpmap:111 opus/48000/2", "a=fmtp:111 useinbandfec=1; stereo=0").replace(
            "SAVPF 111 101", "SAVPF 0 8 9"
        ),
        "m=audio 20000 UDP/TLS/RTP/SAVPF 0 8 9",
    ),
    "fmtp without rtpmap": (plus("a=fmtp:97 apt=96"), "a=rtpmap:111"),
    "fmtp that is no number": (
        GOOD.replace("useinbandfec=1", "useinbandfec=yes"),
        "a=fmtp:111 stereo=0",
    ),
    "an extmap with attributes": (plus("a=extmap:7 urn:example:x attrs"), "a=mid:audio"),
    "an extmap that is kept": (
        plus("a=extmap:1/sendrecv urn:ietf:params:rtp-hdrext:sdes:mid"),
        "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid",
    ),
    "a bare ssrc": (plus("a=ssrc:1 cname"), "a=mid:audio"),
    "two ports": (GOOD.replace("m=audio 20000", "m=audio 20000/2"), "m=audio 20000 "),
    "a blank after c=": (
        GOOD.replace("c=IN IP4 192.0.2.1", "c=IN IP4 192.0.2.1 "),
        "c=IN IP4 192.0.2.1",
    ),
    "the old profile": (GOOD.replace("UDP/TLS/RTP/SAVPF", "RTP/SAVPF"), "UDP/TLS/RTP/SAVPF"),
    "bare newlines": (GOOD.replace("\r\n", "\n"), "a=mid:audio"),
    "no mid": (without("a=mid:audio"), "a=mid:0"),
    "ICE and fingerprint of the session": (
        without(
            "a=ice-ufrag:abcd",
            "a=ice-pwd:abcdefghijklmnopqrstuvwx",
            f"a=fingerprint:sha-256 {FINGERPRINT}",
        ).replace(
            "t=0 0\r\n",
            "t=0 0\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n"
            f"a=fingerprint:SHA-256 {FINGERPRINT.lower()}\r\n",
        ),
        f"a=fingerprint:sha-256 {FINGERPRINT}",
    ),
    "no candidate but an address": (
        without("a=candidate:1 1 UDP 2130706431 192.0.2.1 20000 typ host"),
        "192.0.2.1 20000 typ host",
    ),
    "candidates that aiortc cannot use": (
        plus("a=candidate:2 1 tcp 1 192.0.2.1 9 typ host tcptype active")
        + "a=candidate:3 2 udp 1 192.0.2.1 20001 typ host\r\na=candidate:4 1 udp 1 x 1 typ host\r\n"
        + "a=candidate:short\r\na=candidate:5 1 udp 1 192.0.2.9 4000 typ magic\r\n",
        "a=end-of-candidates",
    ),
    "a rejected second audio": (
        plus("m=audio 0 RTP/AVP 0") + "a=inactive\r\n",
        "a=group:BUNDLE audio",
    ),
    "a video section": (
        plus("m=video 9 UDP/TLS/RTP/SAVPF 96") + "a=rtpmap:96 VP8/90000\r\na=mid:video\r\n",
        "a=group:BUNDLE audio",
    ),
    "an image section": (plus("m=image 0 udptl t38"), "a=group:BUNDLE audio"),
}


@pytest.mark.parametrize("row", ROWS)
async def test_each_row_is_made_such_that_aiortc_takes_it(row: str) -> None:
    sdp, expected = ROWS[row]
    clean = normalise(sdp, role="offer")
    assert expected in clean
    assert clean.count("m=") == 1
    assert clean.count("a=candidate:") == 1
    answer = await aiortc_takes(clean)
    assert "a=setup:active" in answer


BROKEN_FOR_AIORTC = (
    "a direction of the session",
    "fmtp without rtpmap",
    "an extmap with attributes",
    "a bare ssrc",
    "two ports",
    "a blank after c=",
    "holdconn",
    "static payloads without rtpmap",
    "no setup",
)


@pytest.mark.parametrize("row", BROKEN_FOR_AIORTC)
async def test_the_row_is_still_needed_because_aiortc_fails_without(row: str) -> None:
    with pytest.raises(Exception):  # noqa: B017, PT011 - three kinds, all of them unasked for
        await aiortc_takes(ROWS[row][0])


REFUSED = {
    "no ICE": without("a=ice-ufrag:abcd"),
    "no ICE password": without("a=ice-pwd:abcdefghijklmnopqrstuvwx"),
    "no fingerprint": without(f"a=fingerprint:sha-256 {FINGERPRINT}"),
    "a broken fingerprint": GOOD.replace("sha-256 AB", "sha-256 ZZ"),
    "no rtcp-mux": without("a=rtcp-mux"),
    "plain RTP": without(f"a=fingerprint:sha-256 {FINGERPRINT}").replace(
        "UDP/TLS/RTP/SAVPF", "RTP/AVP"
    ),
    "SDES": GOOD.replace("UDP/TLS/RTP/SAVPF", "RTP/SAVPFX"),
    "audio refused": GOOD.replace("m=audio 20000", "m=audio 0"),
    "no audio": GOOD.replace("m=audio", "m=video"),
    "no codec": GOOD.replace("opus", "speex").replace("telephone-event", "x"),
    "opus of another clock": GOOD.replace("opus/48000/2", "opus/8000"),
    "telephone-event alone": GOOD.replace("111 101", "101"),
    "nothing": "",
    "no description": "hello\r\nworld",
    "a media line alone": "m=audio",
    "no port": GOOD.replace("m=audio 20000", "m=audio many"),
    "too long": GOOD + "a=x\r\n" * 20000,
    "sections without end": GOOD + "m=audio 0 RTP/AVP 0\r\n" * 40,
}


@pytest.mark.parametrize("row", REFUSED)
def test_what_no_leg_can_be_made_of_is_unacceptable_with_a_reason(row: str) -> None:
    for role in ("offer", "answer"):
        with pytest.raises(UnacceptableOffer) as refused:
            normalise(REFUSED[row], role=role)
        assert len(refused.value.reason) > 10
        assert "\n" not in refused.value.reason


_OLD = "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33"


@pytest.mark.parametrize(
    ("prints", "why"),
    [
        ((f"sha-1 {_OLD}",), Unusable.WEAK_FINGERPRINT),
        ((f"sha-1 {_OLD}", f"SHA-224 {_OLD}:44:55:66:77:88:99:AA:BB"), Unusable.WEAK_FINGERPRINT),
        ((f"md5 {_OLD}",), Unusable.NO_ENCRYPTION),
        ((f"sha-1 {_OLD}", f"sha-256 {FINGERPRINT}"), None),
        ((f"SHA-384 {_OLD}:{_OLD[:-12]}:{_OLD[:35]}",), None),
    ],
)
def test_a_certificate_named_by_old_hashes_alone_is_said_to_be(
    prints: tuple[str, ...], why: Unusable | None
) -> None:
    lines = "\r\n".join(f"a=fingerprint:{each}" for each in prints)
    said = GOOD.replace(f"a=fingerprint:sha-256 {FINGERPRINT}", lines)
    if why is None:
        assert read(said).transport.fingerprints
        return
    with pytest.raises(UnacceptableOffer) as refused:
        read(said)
    assert refused.value.why is why


@pytest.mark.parametrize(
    "profile",
    [
        *("RTP/AVP", "RTP/AVPF", "RTP/SAVP", "RTP/SAVPF", "TCP/DTLS/RTP/SAVP"),
        *("TCP/DTLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF"),
    ],
)
def test_what_is_encrypted_is_so_under_whichever_profile(profile: str) -> None:
    said = GOOD.replace("UDP/TLS/RTP/SAVPF", profile)
    assert read(said).codecs[0].name == "opus"
    assert f"m=audio 9 {profile} 111" in layout_of(said).arranged(OURS)
    beside = said.replace("m=audio 20000", "m=audio 19998 RTP/AVP 0\r\nm=audio 20000")
    assert read(beside).codecs[0].name == "opus"


def test_opus_may_have_a_number_of_those_that_are_spare() -> None:
    said = GOOD.replace(" 111 101", " 35 101").replace(":111 ", ":35 ")
    assert [codec.payload for codec in read(said).codecs] == [35]


def test_a_peer_is_lite_wherever_it_says_so() -> None:
    assert read(plus("a=ice-lite")).lite
    assert read(GOOD.replace("t=0 0", "t=0 0\r\na=ice-lite")).lite
    assert not read(GOOD).lite


OURS = "v=0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"


def test_an_answer_gets_our_mid_and_a_definite_role() -> None:
    bare = without("a=mid:audio", "a=setup:actpass", "a=sendrecv")
    clean = normalise(bare, role="answer", mid="0")
    assert "a=mid:0" in clean
    assert "a=setup:passive" in clean
    assert "a=sendrecv" in clean
    assert "a=mid:0" in normalise(GOOD, role="answer", mid="0")
    assert "a=setup:passive" in normalise(GOOD, role="answer", mid="0")


def test_holdconn_is_the_role_in_force() -> None:
    held = GOOD.replace("actpass", "holdconn")
    assert "a=setup:active" in normalise(held, role="answer", setup="active")
    assert "a=setup:passive" in normalise(held, role="offer", setup="passive")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("a=sendrecv", "a=sendonly"), "sendonly"),
        (("a=sendrecv", "a=inactive"), "inactive"),
        (("a=sendrecv", "a=recvonly"), "recvonly"),
        (("a=sendrecv\r\n", ""), "sendrecv"),
        (("c=IN IP4 192.0.2.1", "c=IN IP4 0.0.0.0"), "sendonly"),
        (("m=audio 20000", "m=audio 0"), "inactive"),
    ],
)
def test_a_hold_is_recognised_by_direction_and_by_address(
    change: tuple[str, str], expected: str
) -> None:
    assert direction_of(GOOD.replace(*change)) == expected


def test_a_media_address_goes_before_the_sessions() -> None:
    held = GOOD.replace("a=sendrecv\r\n", "c=IN IP4 0.0.0.0\r\na=recvonly\r\n")
    assert direction_of(held) == "inactive"
    assert "a=inactive" in normalise(held, role="offer")


def test_a_trickling_peers_placeholder_address_is_no_hold() -> None:
    trickle = GOOD.replace("192.0.2.1", "0.0.0.0").replace("m=audio 20000", "m=audio 9")
    assert direction_of(trickle) == "sendrecv"


def test_a_candidate_counts_whatever_its_foundation_is() -> None:
    odd = GOOD.replace("a=candidate:1 1 UDP", "a=candidate:Hc0a80101:1 1 UDP")
    odd += "a=candidate:\u00e9 1 udp 7 192.0.2.9 4000 typ host\r\n"
    assert read(odd).candidates == (
        "x0 1 udp 2130706431 192.0.2.1 20000 typ host",
        "x1 1 udp 7 192.0.2.9 4000 typ host",
    )


def test_telephone_event_never_reaches_the_decoder() -> None:
    assert "telephone-event" not in normalise(GOOD, role="offer")
    assert "101" not in normalise(GOOD, role="offer").split("m=audio")[1].split("\r\n")[0]


def test_the_codec_of_a_running_call_comes_first_in_its_re_offer() -> None:
    moved = GOOD.replace("SAVPF 111 101", "SAVPF 8 111")
    clean = normalise(moved, role="offer", agreed={"opus": 111})
    assert "SAVPF 111 8" in clean
    assert "SAVPF 8 111" in normalise(moved, role="offer")


async def test_refused_sections_come_back_with_port_0_in_their_place() -> None:
    offer = (
        GOOD.replace("m=audio", "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:v\r\nm=audio")
        + "m=image 4000 udptl t38\r\n"
    ).replace("UDP/TLS/RTP/SAVPF 111", "RTP/SAVPF 111")
    answer = layout_of(offer).arranged(await aiortc_takes(normalise(offer, role="offer")))
    sections = [line for line in answer.split("\r\n") if line.startswith("m=")]
    assert sections[0] == "m=video 0 UDP/TLS/RTP/SAVPF 96"
    assert sections[1].endswith(" RTP/SAVPF 111")
    assert not sections[1].startswith("m=audio 0 ")
    assert sections[2] == "m=image 0 UDPTL t38"
    assert "a=group:BUNDLE audio\r\n" in answer


def test_the_names_of_refused_sections_come_back_as_well() -> None:
    offer = GOOD + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:data\r\n"
    layout = layout_of(offer)
    data = RefusedSection("application", "UDP/DTLS/SCTP", ("webrtc-datachannel",), "data")
    assert layout == Layout("audio", "UDP/TLS/RTP/SAVPF", (), (data,))
    assert layout.arranged(GOOD).endswith(
        "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"
        "c=IN IP4 0.0.0.0\r\na=mid:data\r\na=inactive\r\n"
    )


async def test_what_was_not_offered_is_not_answered() -> None:
    offer = without("a=mid:audio")
    answer = layout_of(offer).arranged(await aiortc_takes(normalise(offer, role="offer")))
    assert "a=mid" not in answer
    assert "a=group" not in answer


async def test_an_own_offer_begins_with_opus_111_and_aiortc_takes_it() -> None:
    ends = Ends(
        "abcd", "abcdefghijklmnopqrstuvwx", FINGERPRINT, ("1 1 udp 1 192.0.2.1 9 typ host",)
    )
    names = ("opus", "g722", "pcmu", "pcma")
    offer = describe(
        ends, offered(names), direction=Direction.SENDRECV, setup="actpass", ssrc=1, cname="c"
    )
    assert "UDP/TLS/RTP/SAVPF 111 9 0 8 121 110 101\r\n" in offer
    assert "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 " in offer
    assert "a=rtpmap:121 red/48000/2\r\na=fmtp:121 111/111\r\n" in offer
    assert "a=rtpmap:110 telephone-event/48000\r\n" in offer
    assert "a=rtpmap:101 telephone-event/8000\r\n" in offer
    assert "a=sendrecv" in await aiortc_takes(offer)
    assert normalise(normalise(offer, role="offer"), role="offer")


def test_the_origin_keeps_its_id_and_its_version_rises_with_changes_only() -> None:
    origin = Origin(random.Random(1))
    first, same = origin.stamp(GOOD), origin.stamp(GOOD)
    other = origin.stamp(GOOD.replace("a=sendrecv", "a=sendonly"))
    assert first == same
    ids = [sdp.split("o=- ")[1].split()[:2] for sdp in (first, other)]
    assert ids[0][0] == ids[1][0]
    assert (ids[0][1], ids[1][1]) == ("1", "2")
    assert other.count("\r\no=") == 1


def test_a_new_user_or_fingerprint_is_another_peer() -> None:
    here = transport_of(GOOD)
    assert here.same_peer(transport_of(GOOD.replace("a=sendrecv", "a=inactive")))
    assert not here.same_peer(transport_of(GOOD.replace("ufrag:abcd", "ufrag:efgh")))
    assert not here.same_peer(transport_of(GOOD.replace("AB:AB", "CD:AB")))


def survives(text: str) -> None:
    for role in ("offer", "answer"):
        try:
            clean = normalise(text, role=role)
        except UnacceptableOffer:
            continue
        assert normalise(clean, role=role) == clean
        parsed = SessionDescription.parse(clean)
        assert len(parsed.media) == 1
        try:
            given_back = layout_of(text).arranged(clean)
        except UnacceptableOffer:
            pytest.fail("an offer that was taken could not be answered")
        assert "\x00" not in given_back
    for look in (direction_of, transport_of):
        try:
            look(text)
        except UnacceptableOffer:
            continue


@given(st.text(max_size=400))
def test_no_text_raises_anything_else(text: str) -> None:
    survives(text)


LINES = [line for line in GOOD.split("\r\n") if line]
EXTRA = [ROWS[row][0].rstrip().splitlines()[-1] for row in ROWS] + ["a=", "c=", "m="]


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_no_broken_description_raises_anything_else(data: Any) -> None:
    lines = list(LINES)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(lines) - 1))
        match data.draw(st.integers(0, 4)):
            case 0:
                if len(lines) > 1:
                    del lines[at]
            case 1:
                lines.insert(at, data.draw(st.sampled_from(LINES + EXTRA)))
            case 2:
                cut = data.draw(st.integers(0, len(lines[at])))
                lines[at] = lines[at][:cut] + data.draw(st.text(max_size=6)) + lines[at][cut:]
            case 3:
                cut = data.draw(st.integers(0, len(lines[at])))
                lines[at] = lines[at][:cut]
            case _:
                number = data.draw(st.sampled_from(["-1", "99999999999", "٣", "0x1", " ", "1 1"]))
                lines[at] = lines[at].replace("1", number)
    survives("\r\n".join(lines) + "\r\n")


def test_64_kib_of_anything_is_read_or_refused_at_once() -> None:
    import time

    for text in (
        "a=" * 32768,
        "m=audio 1 a b\r\n" * 4000,
        "a=candidate:" + "1 " * 32000,
        " " * 65536,
    ):
        begin = time.perf_counter()
        survives(GOOD + text[: 65536 - len(GOOD)])
        assert time.perf_counter() - begin < 2.0


def test_the_normaliser_and_the_tones_do_without_aiortc() -> None:
    import subprocess
    import sys
    from pathlib import Path

    code = (
        "import sys; import tui.media.sdp.normalise, tui.media.sdp.local, tui.media.pcm.tones; "
        "sys.exit(any(m in sys.modules for m in ('aiortc', 'av', 'sounddevice')))"
    )
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
