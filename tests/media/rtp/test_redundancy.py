"""Redundant audio (RFC 2198): what is written, what is read of it, and who repeats what when."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.media import lines
from tests.media.conditions import Condition
from tests.media.speech import speech
from tui.media.codec.codecs import decoder
from tui.media.jitter.playout import Playout, RtpPacket
from tui.media.pcm.levels import FRAME
from tui.media.pcm.sources import ToneSource
from tui.media.rtp import packet, redundancy
from tui.media.rtp.received_stream import ReceivedStream
from tui.media.rtp.sent_stream import SentStream
from tui.media.sdp.direction import Direction
from tui.media.sdp.negotiation import Agreement, agree, answered, known, offered
from tui.media.sdp.parse import Codec, Transport
from tui.media.sdp.remote import Remote, read

OPUS = Codec(111, "opus", 48_000, 2)
RED = Codec(63, "red", 48_000, 2, "111/111")
OPUS_111, RED_63 = "rtpmap:111 opus/48000/2", "rtpmap:63 red/48000/2"
NAMES = known(("opus", "G722", "PCMU", "PCMA"))
PEER = Transport("abcd", "x" * 22, (("sha-256", "AB"),), None)
SDP = """v=0\r
o=- 1 1 IN IP4 127.0.0.1\r
s=-\r
t=0 0\r
m=audio 9 UDP/TLS/RTP/SAVPF {numbers}\r
c=IN IP4 0.0.0.0\r
a=rtcp-mux\r
a=ice-ufrag:abcd\r
a=ice-pwd:abcdefghijklmnopqrstuvwx\r
a=fingerprint:sha-256 {fingerprint}\r
{lines}"""


def remote(numbers: str, *attributes: str) -> Remote:
    marks = ":".join(["AB"] * 32)
    text = "".join(f"a={one}\r\n" for one in attributes)
    return read(SDP.format(numbers=numbers, fingerprint=marks, lines=text))


# ------------------------------------------------------------ bytes


def test_a_packet_is_written_as_the_rfc_draws_it() -> None:
    data = redundancy.pack(111, b"now", [(1920, b"older"), (960, b"old")])
    assert (
        data.hex()
        == ("ef" + f"{1920 << 10 | 5:06x}" + "ef" + f"{960 << 10 | 3:06x}" + "6f")
        + (b"older" + b"old" + b"now").hex()
    )
    assert redundancy.unpack(data, [111]) == (111, b"now", [(1920, b"older"), (960, b"old")])


@pytest.mark.parametrize("copy", [(0, b"x"), (0x4000, b"x"), (960, bytes(1024))])
def test_a_copy_that_no_header_can_describe_is_not_written(copy: tuple[int, bytes]) -> None:
    with pytest.raises(ValueError, match="no header"):
        redundancy.pack(111, b"", [copy])


@given(
    own=st.binary(max_size=40),
    copies=st.lists(
        st.tuples(st.integers(1, 0x3FFF), st.binary(min_size=1, max_size=40)), max_size=16
    ),
    number=st.integers(0, 127),
)
def test_what_is_written_is_read(own: bytes, copies: list[redundancy.Copy], number: int) -> None:
    data = redundancy.pack(number, own, copies)
    assert redundancy.unpack(data, [number]) == (number, own, copies)


def test_copies_of_other_numbers_empty_ones_and_those_of_no_past_are_left_out() -> None:
    data = bytes.fromhex("e0 0f0001 ef 000001 ef 0f0000 ef 0f0001 6f") + b"abcown"
    assert redundancy.unpack(data, [111, 96]) == (111, b"own", [(960, b"c")])
    assert redundancy.unpack(data, [96]) is None  # its own sound is none of ours


@pytest.mark.parametrize(
    "data",
    [b"", b"\xef", b"\xef\x00\x00\x01", b"\xef\x0f\x00\x04\x6fabc", b"\xef\x0f\x00\x01" * 17],
)
def test_what_ends_too_early_or_never_is_not_read(data: bytes) -> None:
    assert redundancy.unpack(data, [111]) is None


@settings(max_examples=500, deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_and_nothing_is_longer_than_what_came(data: bytes) -> None:
    found = redundancy.unpack(data, range(128))
    if found is not None:
        _, own, copies = found
        assert len(own) + sum(len(copy) for _, copy in copies) < len(data)
        assert len(copies) <= redundancy.MOST_COPIES
        assert all(0 < offset <= redundancy.MOST_OFFSET and copy for offset, copy in copies)


# ------------------------------------------------------------ offers and answers


def test_a_browsers_red_is_agreed_and_its_number_is_below_96() -> None:
    offer = remote("111 63 0", OPUS_111, RED_63, "fmtp:63 111/111")
    agreed = agree(offer, NAMES)
    assert agreed.red == RED
    assert [one.payload for one in answered(agreed)] == [111, 0, 63]
    assert answered(agreed)[-1].fmtp == "111/111"


@pytest.mark.parametrize(
    "fmtp", ["fmtp:63 0/0", "fmtp:63 111", "fmtp:63 111/0", "ptime:20", "fmtp:63 /"]
)
def test_a_red_that_does_not_say_that_it_repeats_opus_is_none(fmtp: str) -> None:
    given = remote("111 63 0", OPUS_111, RED_63, fmtp)
    assert given.red is None
    assert agree(given, NAMES).red is None
    assert all(one.name != "red" for one in answered(agree(given, NAMES)))


def test_a_peer_that_would_rather_send_copies_may() -> None:
    given = remote("63 111 0", OPUS_111, RED_63, "fmtp:63 111/111")
    agreed = agree(given, NAMES)
    assert (agreed.codec, agreed.red) == (OPUS, RED)  # what we send is decided by the loss
    answer = answered(agreed)
    assert [one.payload for one in answer] == [63, 111, 0]
    assert [one.payload for one in offered(NAMES, answer)][:3] == [63, 111, 0]


@pytest.mark.parametrize(
    "line", ["rtpmap:63 red/8000", "rtpmap:64 red/48000/2", "rtpmap:20 red/48000"]
)
def test_a_red_of_another_clock_or_of_a_number_in_use_is_none(line: str) -> None:
    number = line.split(":")[1].split()[0]
    given = remote(f"111 {number}", OPUS_111, line, f"fmtp:{number} 111/111")
    assert given.red is None


def test_the_answers_red_names_the_number_that_opus_got() -> None:
    given = remote("96 97", "rtpmap:96 opus/48000/2", "rtpmap:97 red/48000/2", "fmtp:97 96/96")
    answer = answered(agree(given, NAMES))
    assert [(one.payload, one.fmtp) for one in answer if one.name == "red"] == [(97, "96/96")]
    again = offered(NAMES, answer)
    assert [(one.payload, one.fmtp) for one in again if one.name == "red"] == [(97, "96/96")]


def test_a_re_offer_adds_red_for_the_number_that_opus_has() -> None:
    formats = offered(NAMES, (Codec(101, "opus", 48_000, 2), Codec(121, "telephone-event", 8_000)))
    red = [one for one in formats if one.name == "red"]
    assert [one.fmtp for one in red] == ["101/101"]
    assert red[0].payload not in (101, 121)


def test_without_opus_there_is_no_red() -> None:
    assert all(one.name != "red" for one in offered(("pcma",)))
    given = remote("8 63", RED_63, "fmtp:63 111/111")
    assert agree(given, NAMES).red is None
    both = remote("8 111 63", OPUS_111, RED_63, "fmtp:63 111/111")
    assert agree(both, NAMES).red is None  # what we send is PCMA
    assert RED in agree(both, NAMES).formats  # opus with copies may come all the same
    assert agree(both, ("pcma",)).formats == (Codec(8, "PCMA", 8_000),)


# ------------------------------------------------------------ what we send


def stream(red: Codec | None = RED, ptime: int | None = None) -> SentStream:
    events = (Codec(110, "telephone-event", 48_000),)
    given = Remote(PEER, Direction.SENDRECV, (OPUS,), events, (), False, ptime, None, red)
    out = SentStream(rng=random.Random(1))
    out.adopt(agree(given, NAMES))
    return out


def said(out: SentStream, ticks: int) -> list[packet.Fields]:
    source = ToneSource(440)
    found = [packet.unpack(one) for _ in range(ticks) for one in out.tick(source.read(FRAME))]
    return [one for one in found if one is not None]


@pytest.mark.parametrize(
    ("loss", "distance"), [(0.0, 0), (0.01, 1), (0.03, 2), (0.06, 3), (0.5, 3)]
)
def test_the_more_the_peer_misses_the_more_is_repeated(loss: float, distance: int) -> None:
    out = stream()
    assert {one[0] for one in said(out, 5)} == {111}
    out.report_loss(loss)
    assert out.distance == distance
    sent = said(out, 5)
    assert {one[0] for one in sent} == {63 if distance else 111}
    if distance:
        before = {(one[3], redundancy.unpack(one[5], [111])[1]) for one in sent}  # type: ignore[index]
        last = redundancy.unpack(sent[-1][5], [111])
        assert last is not None
        assert [offset for offset, _ in last[2]] == [960 * n for n in range(distance, 0, -1)]
        assert {(sent[-1][3] - offset, copy) for offset, copy in last[2]} <= before


def test_a_peer_that_takes_no_copies_gets_none_whatever_it_misses() -> None:
    out = stream(red=None)
    out.report_loss(0.2)
    assert out.distance == 0
    assert {one[0] for one in said(out, 5)} == {111}


def test_loss_that_is_over_is_forgotten_and_with_it_the_copies() -> None:
    out = stream()
    out.report_loss(0.06)
    seen = [out.distance]
    for _ in range(40):
        out.report_loss(0.0)
        seen.append(out.distance)
    assert seen == sorted(seen, reverse=True)
    assert set(seen) == {3, 2, 1, 0}
    assert seen.index(0) > 20  # reports of about one a second


def test_what_was_said_before_a_key_or_a_gap_is_not_repeated_behind_it() -> None:
    out = stream()
    out.report_loss(0.06)
    said(out, 5)
    out.keys.add("1", 0.06)
    sound = [one for one in said(out, 40) if one[0] != 110]
    assert sound[0][0] == 111
    assert sound[1][0] == 63
    out.skip(3)
    assert [one[0] for one in said(out, 2)] == [111, 63]


def test_packets_that_are_too_long_ago_are_not_repeated() -> None:
    out = stream(ptime=60)
    out.report_loss(0.06)
    sent = said(out, 30)
    found = redundancy.unpack(sent[-1][5], [111])
    assert found is not None
    assert [offset for offset, _ in found[2]] == [8640, 5760, 2880]


def test_another_agreement_begins_without_a_past() -> None:
    out = stream()
    out.report_loss(0.06)
    said(out, 5)
    old = out._format
    assert old is not None
    moved = replace(old.agreement, codec=replace(OPUS, fmtp="usedtx=0"))
    out.adopt(moved)
    assert said(out, 1)[0][0] == 111


# ------------------------------------------------------------ what is heard


def repeating(sent: list[RtpPacket], distance: int) -> list[RtpPacket]:
    """The same packets, each with copies of so many before it."""
    return [
        replace(one, copies=tuple((960 * far, sent[at - far].payload)
                                  for far in range(min(distance, at), 0, -1)))
        for at, one in enumerate(sent)
    ]  # fmt: skip


def test_a_burst_of_three_comes_back_from_three_copies() -> None:
    sent = lines.packets(speech(10, seed=3))
    bare = lines.run(sent, Condition(burst=0.06, seed=1))
    whole = lines.run(repeating(sent, 3), Condition(burst=0.06, seed=1))
    assert bare.share(bare.playout.figures.concealed) > 0.03
    assert whole.share(whole.playout.figures.concealed) < 0.02
    assert whole.share(whole.playout.figures.repaired) > 0.045
    assert whole.playout.figures.lost == bare.playout.figures.lost


def test_copies_of_what_came_change_nothing_that_is_heard() -> None:
    sent = lines.packets(speech(3, seed=3))
    bare, whole = lines.run(sent, Condition()), lines.run(repeating(sent, 3), Condition())
    assert whole.pcm == bare.pcm
    assert whole.playout.figures == bare.playout.figures


def test_the_packet_itself_takes_the_place_of_its_copy() -> None:
    """An overtaken packet comes while its copy waits: nothing was lost, and nothing came twice."""
    sent = repeating(lines.packets(speech(1, seed=3)), 1)
    one = Playout(lambda number: decoder("opus"))
    for index in (0, 1, 2, 4, 3, 5):
        one.receive(sent[index], 1.0 + index * 0.001)
    assert len(one._decision.store) == 6
    assert not any(each.copy for each in one._decision.store.values())
    assert one.figures.duplicate == 0
    one.receive(sent[3], 1.2)
    assert one.figures.duplicate == 1


def test_copies_without_a_place_are_left_out() -> None:
    sent = lines.packets(speech(1, seed=3))
    one = Playout(lambda number: decoder("opus"))
    one.receive(sent[0], 1.0)
    good, short = sent[1].payload, b"\x00" + bytes(20)
    odd = ((100, good), (960 * 40, good), (960, short), (960, b""))
    one.receive(replace(sent[9], copies=odd), 1.1)
    assert set(one._decision.store) == {0x10000 + sent[0].sequence, 0x10000 + sent[0].sequence + 9}
    # A key has a number and no sound: it brings no copy.
    one.receive(replace(sent[8], payload=b"", copies=((960, sent[7].payload),)), 1.1)
    assert len(one._decision.store) == 3


def formats(agreement: Agreement) -> dict[int, Codec]:
    return {one.payload: one for one in agreement.formats}


def test_a_packet_with_copies_is_sound_of_its_own_number() -> None:
    given = Remote(PEER, Direction.SENDRECV, (OPUS,), (), (), False, None, None, RED)
    one = ReceivedStream(lambda key: None)
    one.adopt(formats(agree(given, NAMES)))
    sent = lines.packets(speech(1, seed=3))
    one.take(packet.pack(111, True, 7, 0, 5, sent[0].payload), 1.0)
    content = redundancy.pack(111, sent[2].payload, [(960, sent[1].payload)])
    one.take(packet.pack(63, False, 9, 1920, 5, content), 1.04)
    assert one.with_copies == 1
    assert one.receiver_report.lost == 1  # the peer is to know, whatever was done about it
    assert len(one.playout._decision.store) == 3
    one.take(packet.pack(63, False, 10, 2880, 5, b"\xef\x00"), 1.06)
    assert one.ignored == 1


@settings(max_examples=200, deadline=None)
@given(
    contents=st.lists(
        st.one_of(
            st.binary(max_size=60),
            st.builds(
                redundancy.pack,
                st.sampled_from([111, 63, 0]),
                st.sampled_from([b"", b"\x48" + bytes(20), b"\x08\x00"]),
                st.lists(
                    st.tuples(
                        st.one_of(st.integers(1, 17).map(lambda n: n * 960), st.integers(1, 16000)),
                        st.binary(max_size=30),
                    ),
                    max_size=16,
                ),
            ),
        ),
        max_size=40,
    ),
    steps=st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=40, max_size=40),
)
def test_whatever_a_peer_repeats_every_read_is_20_ms_and_nothing_grows(
    contents: list[bytes], steps: list[tuple[int, bool]]
) -> None:
    one = ReceivedStream(lambda key: None)
    one.adopt({111: OPUS, 63: RED, 0: Codec(0, "PCMU", 8_000)})
    number, now = 100, 1.0
    for content, (step, read_too) in zip(contents, steps, strict=False):
        number += step
        one.take(packet.pack(63, False, number & 0xFFFF, number * 960, 5, content), now)
        if read_too:
            now += 0.02
            assert len(one.playout.read(now)) == FRAME * 2
        assert len(one.playout._decision.store) <= 128
        assert len(one.playout._fresh) <= 128 + 1
    for _ in range(20):
        now += 0.02
        assert len(one.playout.read(now)) == FRAME * 2
    assert one.playout.figures.lost >= 0
