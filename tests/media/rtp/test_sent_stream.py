"""Our stream packet by packet, and what offers and answers make of it."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest

from tests.media.rtp.peers import KEYS, NAMES, OPUS, PCMA, remote
from tui.media.codec.codecs import decoder
from tui.media.pcm.levels import SILENCE
from tui.media.pcm.sources import ToneSource
from tui.media.rtp.packet import Fields, unpack
from tui.media.rtp.sent_stream import SentStream
from tui.media.sdp.negotiation import Agreement, agree, answered, known, offered
from tui.media.sdp.parse import Codec, UnacceptableOffer


def stream(agreement: Agreement, **named: bool) -> SentStream:
    out = SentStream(rng=random.Random(1), **named)
    out.adopt(agreement)
    return out


def sent(out: SentStream, ticks: int, pcm: bytes | None = None) -> list[Fields]:
    source = ToneSource(440)
    packets = [p for _ in range(ticks) for p in out.tick(pcm or source.read(960))]
    fields = [unpack(packet) for packet in packets]
    assert None not in fields
    return [field for field in fields if field is not None]


def steps(packets: list[Fields], index: int, width: int) -> set[int]:
    return {
        (b[index] - a[index]) % 2**width  # type: ignore[operator]
        for a, b in itertools.pairwise(packets)
    }


def test_the_marker_is_on_the_first_packet_and_numbers_go_on_evenly() -> None:
    packets = sent(stream(agree(remote(OPUS), NAMES)), 50)
    assert [p[1] for p in packets] == [True] + [False] * 49
    assert steps(packets, 2, 16) == {1}
    assert steps(packets, 3, 32) == {960}
    assert {p[0] for p in packets} == {111}


@pytest.mark.parametrize(
    ("name", "ptime", "packets"),
    [("opus", 10, 24), ("opus", 40, 6), ("opus", 60, 4), ("PCMA", 30, 8), ("G722", 60, 4)],
)
def test_the_peers_packet_length_is_obeyed(name: str, ptime: int, packets: int) -> None:
    codec = {"opus": OPUS, "PCMA": PCMA, "G722": Codec(9, "G722", 8_000)}[name]
    got = sent(stream(agree(remote(codec, ptime=ptime), NAMES)), 12)
    assert len(got) == packets
    assert steps(got, 3, 32) == {codec.rate * ptime // 1000}
    assert decoder(name).samples(got[0][5]) == ptime * 48


@pytest.mark.parametrize(
    ("name", "ptime", "most", "chosen"),
    [
        ("opus", None, None, 20),
        ("opus", 30, None, 20),
        ("opus", 120, None, 60),
        ("opus", 20, 10, 10),
        ("opus", 5, None, 10),
        ("PCMA", 50, None, 40),
        ("PCMA", None, 10, 10),
    ],
)
def test_a_packet_length_nobody_can_make_becomes_the_next_shorter(
    name: str, ptime: int | None, most: int | None, chosen: int
) -> None:
    codec = OPUS if name == "opus" else PCMA
    assert agree(remote(codec, ptime=ptime, maxptime=most), NAMES).ptime == chosen


def test_a_key_takes_the_place_of_sound_in_one_unbroken_sequence() -> None:
    out = stream(agree(remote(OPUS, events=(KEYS,)), NAMES))
    packets = sent(out, 5)
    out.keys.add("9", 0.1)
    packets += sent(out, 20)
    assert steps(packets, 2, 16) == {1}
    assert {p[4] for p in packets} == {out.ssrc}
    keys = [p for p in packets if p[0] == 101]
    assert len(keys) == 7
    assert len({p[3] for p in keys}) == 1
    assert [p[1] for p in keys] == [True] + [False] * 6
    assert int.from_bytes(keys[4][5][2:]) == 800  # 100 ms of the negotiated 8 kHz
    assert len(packets) == 25
    sounds = [p for p in packets if p[0] == 111]
    assert (sounds[5][3] - sounds[4][3]) % 2**32 == 8 * 960  # time went on meanwhile
    assert not sounds[5][1]


def test_another_codec_goes_on_with_sequence_source_and_time() -> None:
    out = stream(agree(remote(OPUS), NAMES))
    before = sent(out, 3)
    out.adopt(agree(remote(PCMA), NAMES))
    after = sent(out, 3)
    assert steps(before + after, 2, 16) == {1}
    assert (after[0][3] - before[-1][3]) % 2**32 == 960
    assert steps(after, 3, 32) == {160}
    assert {p[4] for p in before + after} == {out.ssrc}
    assert out.codec == "PCMA"


def test_another_number_for_the_same_codec_makes_no_new_encoder() -> None:
    out = stream(agree(remote(OPUS), NAMES))
    made = out._encoder
    out.adopt(agree(remote(replace(OPUS, payload=96)), NAMES))
    assert out._encoder is made
    assert sent(out, 1)[0][0] == 96


def test_time_that_is_left_out_moves_the_timestamp_and_marks_what_follows() -> None:
    out = stream(agree(remote(PCMA), NAMES))
    first = sent(out, 1)
    out.skip(10)
    second = sent(out, 1)
    assert (second[0][3] - first[0][3]) % 2**32 == 11 * 160
    assert second[0][1]
    assert (second[0][2] - first[0][2]) % 2**16 == 1


def test_with_dtx_silence_sends_little_and_the_next_word_is_marked() -> None:
    out = stream(agree(remote(OPUS), NAMES), dtx=True)
    sent(out, 25)
    assert len(sent(out, 100, SILENCE)) < 40
    words = sent(out, 10)
    assert words[0][1]
    assert len(words) == 10


def test_the_loss_that_the_peer_reports_is_believed_at_once_and_forgotten_slowly() -> None:
    class Told:
        name = "opus"
        told: list[int]

        def encode(self, pcm: bytes) -> bytes:
            return b"x"

        def set_packet_loss(self, percent: int) -> None:
            self.told.append(percent)

    out = stream(agree(remote(OPUS), NAMES))
    encoder = Told()
    encoder.told = []
    out._encoder = encoder
    for share in (0.0, 0.2, 0.0, *[0.0] * 30, 1.0):
        out.report_loss(share)
    assert encoder.told[:3] == [9, 25, 22]
    assert encoder.told[-2:] == [5, 30]


def test_a_broken_encoder_is_made_anew_and_the_stream_goes_on() -> None:
    class Broken:
        name = "opus"

        def encode(self, pcm: bytes) -> bytes:
            raise OSError("gone")

    out = stream(agree(remote(OPUS), NAMES))
    out._encoder = Broken()  # type: ignore[assignment]
    assert len(sent(out, 3)) == 2


def test_the_answer_keeps_the_peers_order_and_numbers_with_our_parameters() -> None:
    opus = Codec(96, "opus", 48_000, 2, "stereo=1;maxaveragebitrate=20000")
    agreement = agree(remote(PCMA, opus, events=(KEYS,)), NAMES)
    assert agreement.codec is PCMA
    formats = answered(agreement)
    assert [f.payload for f in formats] == [8, 96, 101]
    assert formats[1].fmtp == "minptime=10;useinbandfec=1"
    assert agree(remote(PCMA, opus), NAMES, keep="opus").fmtp["maxaveragebitrate"] == "20000"


def test_the_key_with_the_clock_of_the_sound_is_chosen() -> None:
    fast = Codec(110, "telephone-event", 48_000)
    assert agree(remote(OPUS, events=(KEYS, fast)), NAMES).event is fast
    assert agree(remote(PCMA, events=(fast, KEYS)), NAMES).event is KEYS
    assert agree(remote(OPUS, events=(KEYS,)), NAMES).event is KEYS
    assert agree(remote(OPUS), NAMES).event is None


def test_a_re_offer_keeps_numbers_and_gives_free_ones_to_the_rest() -> None:
    agreed = (Codec(101, "opus", 48_000, 2), Codec(110, "telephone-event", 8_000))
    formats = offered(NAMES, agreed)
    assert formats[0].payload == 101
    numbers = [f.payload for f in formats]
    assert len(set(numbers)) == len(numbers) == 7
    assert {(f.name.lower(), f.rate) for f in formats} >= {("pcmu", 8000), ("g722", 8000)}
    assert [f.payload for f in offered(NAMES)] == [111, 9, 0, 8, 121, 110, 101]
    assert [f.payload for f in offered(("pcma",))] == [8, 101]


def test_nothing_in_common_is_no_call() -> None:
    with pytest.raises(UnacceptableOffer):
        agree(remote(OPUS), ("pcma",))
    with pytest.raises(ValueError, match="at least one"):
        known(())
    with pytest.raises(ValueError, match="codecs are"):
        known(("speex",))
