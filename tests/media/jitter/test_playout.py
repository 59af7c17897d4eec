"""What the playout hands out, packet by packet: order, gaps, pauses, breaks. Time is simulated."""

from __future__ import annotations

from array import array
from dataclasses import replace

import pytest

from tests.media import lines
from tests.media.conditions import Condition
from tests.media.speech import speech
from tui.media.codec.codecs import NAMES, Decoder, decoder, encoder
from tui.media.jitter.playout import Playout, RtpPacket
from tui.media.pcm.levels import audioop, rms
from tui.media.pcm.tones import strength, tone

TICK = 0.02
FRAME = 960


def sounding(hz: float = 440, seconds: float = 2.0, codec: str = "opus") -> list[RtpPacket]:
    return lines.packets(tone((hz,), duration=seconds, fade=0), codec)


def playout(codec: str = "opus") -> Playout:
    return Playout(lambda _: decoder(codec))


def play(
    one: Playout, packets: list[RtpPacket | None], late: float = 0.0, start: float = 0.0
) -> bytes:
    """A packet a tick, 8 ms before it; None is a tick without one."""
    out = b""
    for index, packet in enumerate(packets):
        now = start + index * TICK
        if packet is not None:
            one.receive(packet, now - 0.008 + late)
        out += one.read(now)
    return out


def roughness(pcm: bytes) -> int:
    """The sharpest bend between samples: a click is one."""
    a = array("h", pcm)
    return max(abs(a[i] - 2 * a[i - 1] + a[i - 2]) for i in range(2, len(a)))


def test_before_the_first_packet_there_is_silence_and_none_of_it_counts() -> None:
    one = playout()
    assert play(one, [None] * 5) == bytes(5 * FRAME * 2)
    assert one.figures.played == one.figures.concealed == 0


@pytest.mark.parametrize("codec", NAMES)
def test_a_clean_line_is_heard_whole(codec: str) -> None:
    one = playout(codec)
    packets = sounding(codec=codec)
    out = play(one, [*packets])
    assert len(out) == len(packets) * FRAME * 2
    assert strength(out[-48000:], 440) > 0.25
    figures = one.figures
    assert (figures.lost, figures.late, figures.concealed, figures.repaired) == (0, 0, 0, 0)
    assert figures.received == len(packets)
    assert figures.delay < 0.03


@pytest.mark.parametrize("codec", NAMES)
def test_a_lost_packet_makes_no_click_and_no_hole(codec: str) -> None:
    packets = sounding(codec=codec, seconds=3.0)
    whole = play(playout(codec), [*packets])
    one = playout(codec)
    out = play(one, [None if i in (80, 110, 140) else p for i, p in enumerate(packets)])
    assert one.figures.lost == 3
    assert 3 * 900 <= one.figures.concealed + one.figures.repaired <= 3 * 1200
    assert roughness(out[BEGUN:]) < max(20 * roughness(whole[BEGUN:]), 400)
    for at in range(BEGUN, len(out) - FRAME * 2, FRAME * 2):
        assert rms(out[at : at + FRAME * 2]) > 0.03


BEGUN = 10 * FRAME * 2


def test_what_comes_in_another_order_is_played_in_its_own() -> None:
    packets = sounding()
    one = playout()
    swapped: list[RtpPacket | None] = [*packets]
    for at in range(10, 90, 7):
        swapped[at], swapped[at + 1] = swapped[at + 1], swapped[at]
    play(one, swapped)
    # It learns to wait for them: but for the first few, none is too late.
    assert one.figures.late <= 5
    assert one.figures.lost == 0


def test_what_comes_twice_is_played_once() -> None:
    one = playout()
    for index, packet in enumerate(sounding()):
        one.receive(packet, index * TICK)
        one.receive(replace(packet), index * TICK)
        one.read(index * TICK + 0.005)
    assert one.figures.duplicate == 100
    assert one.figures.lost == one.figures.late == 0


def test_a_packet_that_was_given_up_and_comes_is_not_lost_but_late() -> None:
    packets = sounding()
    one = playout()
    order: list[RtpPacket | None] = [
        *packets[:50],
        None,
        *packets[51:60],
        packets[50],
        *packets[60:],
    ]
    play(one, order)
    assert one.figures.late == 1
    assert one.figures.lost == 0


def test_a_sender_that_is_silent_loses_nothing() -> None:
    """DTX: numbers without a gap, timestamps with one (RFC 3551 §4.1)."""
    packets = sounding(seconds=4.0)
    talk = [replace(p, sequence=(p.sequence - 60) & 0xFFFF) for p in packets[110:]]
    one = playout()
    out = play(one, [*packets[:50], *[None] * 60, *talk])
    assert one.figures.lost == 0
    assert one.figures.concealed == 0
    assert rms(out[100 * FRAME * 2 : 109 * FRAME * 2]) < 0.01
    assert strength(out[-48000:], 440) > 0.25
    assert one.figures.delay < 0.03


def test_a_real_encoder_with_dtx_loses_nothing() -> None:
    spoken = tone((300,), duration=1.0, fade=0)
    pcm = spoken + bytes(2 * 96_000) + spoken
    sent = lines.packets(pcm, made=encoder("opus", fmtp={}, dtx=True))
    assert len(sent) < 160
    heard = lines.run(sent, Condition(delay=0.01))
    assert heard.playout.figures.lost == 0
    assert heard.playout.figures.concealed <= 2 * FRAME
    assert strength(heard.pcm[-48000:-1920], 300) > 0.2
    assert heard.delays[-1] < 0.07


def test_keys_between_the_sound_are_not_missing_sound() -> None:
    """A place-holder for a telephone-event: a number, an old timestamp, nothing in it."""
    packets = sounding(seconds=3.0)
    order = [replace(p, payload=b"", timestamp=packets[59].timestamp) if 60 <= i < 80 else p
             for i, p in enumerate(packets)]  # fmt: skip
    one = playout()
    play(one, [*order])
    assert one.figures.lost == one.figures.late == 0
    assert one.figures.concealed == 0


def test_another_stream_is_heard_at_once_and_the_old_one_no_more() -> None:
    first, other = sounding(440, 1.0), [replace(p, ssrc=9) for p in sounding(700, 1.0)]
    one = playout()
    straggler = replace(first[-1], sequence=(first[-1].sequence + 1) & 0xFFFF)
    out = play(one, [*first, *other[:2], straggler, *other[2:]])
    second = out[52 * FRAME * 2 :]
    assert strength(second[BEGUN:], 700) > 0.25
    assert strength(second[BEGUN:], 440) < 0.02
    assert one.figures.lost <= 1  # the tick that the straggler took
    assert one.figures.delay < 0.05


def test_the_old_stream_may_come_back() -> None:
    a, b = sounding(440, 4.0), [replace(p, ssrc=9) for p in sounding(700, 1.0)]
    one = playout()
    out = play(one, [*a[:50], *b, *a[100:]])
    assert strength(out[-48000:], 440) > 0.25


@pytest.mark.parametrize(
    ("sequences", "timestamps"), [(30_000, 0), (0, 10**9), (30_000, 10**9), (0, -(10**9))]
)
def test_a_stream_that_counts_anew_goes_on(sequences: int, timestamps: int) -> None:
    packets = sounding(seconds=3.0)
    jumped = [
        replace(
            p,
            sequence=(p.sequence + sequences) & 0xFFFF,
            timestamp=(p.timestamp + timestamps) & 0xFFFFFFFF,
        )
        for p in packets[75:]
    ]
    one = playout()
    out = play(one, [*packets[:75], *jumped])
    assert strength(out[-48000:], 440) > 0.25
    assert rms(out[80 * FRAME * 2 : 85 * FRAME * 2]) > 0.05
    assert one.figures.delay < 0.06
    assert one.figures.lost <= 1


def test_one_stray_number_is_not_a_new_beginning() -> None:
    packets = sounding()
    stray = replace(packets[40], sequence=(packets[40].sequence + 20_000) & 0xFFFF)
    one = playout()
    order = [*packets]
    order[60] = stray
    play(one, [*order])
    assert one.figures.lost == 1
    assert one.figures.received == 100


def test_a_held_call_goes_on_where_the_timestamps_stood_still() -> None:
    packets = sounding(seconds=4.0)
    one = playout()
    out = play(one, [*packets[:75], *[None] * 150, *packets[75:]])
    assert strength(out[-48000:], 440) > 0.25
    assert one.figures.delay < 0.06
    assert one.figures.lost == 0


@pytest.mark.parametrize("sent", [0, 3000])
@pytest.mark.parametrize("passed", [0, 3000 * FRAME])
def test_after_a_minute_in_which_nobody_listened_it_is_heard_at_once(
    sent: int, passed: int
) -> None:
    """On hold nothing is read, and nothing taken; the peer may have counted on, or not."""
    packets = sounding(seconds=3.0)
    one = playout()
    play(one, [*packets[:75]])
    later = [
        replace(p, sequence=(p.sequence + sent) & 0xFFFF, timestamp=p.timestamp + passed)
        for p in packets[75:]
    ]
    out = play(one, [*later], start=75 * TICK + 60)
    assert strength(out[8 * FRAME * 2 : 40 * FRAME * 2], 440) > 0.2
    assert one.figures.delay < 0.065
    assert one.figures.concealed <= 6 * FRAME


def test_what_is_missing_for_long_is_silence() -> None:
    one = playout()
    out = play(one, [*sounding(), *[None] * 100])
    assert out[-FRAME * 2 :] == bytes(FRAME * 2)
    assert one.figures.concealed <= 51 * FRAME  # a second at most: then it has ended


@pytest.mark.parametrize("ptime", [10, 40, 60])
@pytest.mark.parametrize("codec", ["opus", "PCMA"])
def test_other_packet_lengths_are_taken(codec: str, ptime: int) -> None:
    pcm = tone((440,), duration=4.0, fade=0)
    heard = lines.run(lines.packets(pcm, codec, ptime), Condition(delay=0.01), codec=codec)
    assert strength(heard.pcm[-48000:-9600], 440) > 0.2
    assert heard.playout.figures.lost == heard.playout.figures.concealed == 0


def test_a_codec_that_changes_in_the_call_is_followed() -> None:
    narrow = [replace(p, payload_type=8, ssrc=7) for p in sounding(700, 2.0, "PCMA")]
    wide = sounding(440, 1.0)
    follows = [
        replace(p, sequence=(wide[-1].sequence + 1 + i) & 0xFFFF) for i, p in enumerate(narrow)
    ]
    made: list[int] = []

    def decoder_of(number: int) -> Decoder | None:
        made.append(number)
        return decoder({111: "opus", 8: "PCMA"}[number])

    one = Playout(decoder_of)
    out = play(one, [*wide, *follows])
    assert strength(out[-48000:], 700) > 0.25
    assert made == [111, 8]


def test_what_has_no_decoder_is_left_alone() -> None:
    one = Playout(lambda _: None)
    assert play(one, [*sounding()]) == bytes(100 * FRAME * 2)
    mixed = [replace(p, payload_type=13) if i % 10 == 5 else p for i, p in enumerate(sounding())]
    other = Playout(lambda number: None if number == 13 else decoder("opus"))
    play(other, [*mixed])
    assert other.figures.lost == 0


def test_payloads_that_are_none_are_made_up_for() -> None:
    packets = [
        replace(p, payload=b"\x7b\x00") if i % 10 == 5 else p for i, p in enumerate(sounding())
    ]
    one = playout()
    out = play(one, [*packets])
    assert strength(out[-48000:], 440) > 0.1


def test_a_flood_grows_nothing() -> None:
    one = playout()
    packet = sounding()[0]
    for number in range(20_000):
        one.receive(
            replace(packet, sequence=number & 0xFFFF, timestamp=number * FRAME), number * 1e-6
        )
    for tick in range(100):
        assert len(one.read(tick * TICK)) == FRAME * 2
    decision = one._decision
    assert len(decision.store) <= 128
    assert len(decision.buffer) <= 48_000


@pytest.mark.parametrize(("missed", "least"), [(45, 20), (100, 0)])
def test_of_a_long_stall_only_the_end_is_played(missed: int, least: int) -> None:
    """It comes at once, in order, and is more than a conversation bears."""
    packets = sounding(seconds=6.0)
    one, back = playout(), 100 + missed
    play(one, [*packets[:100], *[None] * missed])
    for packet in packets[100:back]:
        one.receive(packet, back * TICK - 0.01)
    out = play(one, [*packets[back:]], start=back * TICK)
    assert one.figures.late >= least
    assert one.figures.lost == 0
    assert one.figures.delay < 0.1
    assert strength(out[-48000:], 440) > 0.25


def test_a_late_start_of_listening_does_not_begin_in_the_past() -> None:
    """Packets that came before anybody listened are left out, all but the last."""
    packets = sounding()
    one = playout()
    for index, packet in enumerate(packets[:40]):
        one.receive(packet, index * TICK)
    play(one, [*packets[40:]], start=40 * TICK)
    assert one.figures.delay < 0.05


def test_ticks_that_were_left_out_have_passed() -> None:
    packets = sounding(seconds=8.0)
    one = playout()
    play(one, [*packets[:100]])
    for index in range(100, 125):  # half a second in which nobody read
        one.receive(packets[index], index * TICK - 0.008)
    out = play(one, [*packets[125:]], start=125 * TICK)
    assert one.figures.delay < 0.06
    assert audioop.rms(out[-48000:], 2) > 3000


def test_the_first_copy_that_is_worth_its_wait_is_played() -> None:
    """What was made up in its place was the wait: nothing has to be put in for it any more."""
    one = playout()
    packets = lines.packets(speech(3, seed=3))
    play(one, [None if i == 100 else packet for i, packet in enumerate(packets)])
    figures = one.figures
    assert (figures.lost, figures.repaired, figures.concealed) == (1, FRAME, FRAME)
    assert figures.inserted == 0


def test_a_delay_that_has_grown_lacks_no_sample() -> None:
    """With one too few, a tick would want the packet that comes 20 ms later."""
    one = playout("PCMU")
    for index, packet in enumerate(
        sounding(210, codec="PCMU", seconds=6.0)
    ):  # 46 too few by itself
        late = 0.03 if index > 100 and index % 7 == 0 else 0.0
        one.receive(packet, index * TICK - 0.008 + late)
        one.read(index * TICK)
    assert one.figures.inserted > 0
    assert one._decision.delay(one._clock) >= one._decision.goal
