"""A stream that breaks off and goes on elsewhere: every break heals within 200 ms, and leaves no
delay behind. As PBXs do it on transfer, park, pick-up and music on hold."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import pytest

from tests.media.lines import playout
from tui.media.codec.codecs import encoder
from tui.media.jitter.playout import Playout, RtpPacket
from tui.media.pcm.levels import FRAME, RATE, TICK, rms
from tui.media.pcm.tones import strength, tone

HEALED = 0.2
BREAK = 75
"""The packet at which the stream breaks off: a second and a half after its beginning."""
CODECS = ("opus", "PCMU", "PCMA", "G722")
PHASES = (0.0005, 0.007, 0.0135, 0.0195)
SIZES = (
    *(1_000_000_007, 10_000_000, 597_558_672, 960_000, 48_000, 24_000, 9_600, 4_800, 1_920, 160),
    2**31 - 1,
)


@dataclass
class Told:
    """What the playout did up to a moment."""

    at: float
    concealed: int
    lost: int
    late: int
    shed: int


@cache
def sent(codec: str, count: int = 190, hz: float = 440) -> list[RtpPacket]:
    """A tone without a seam, 20 ms a packet."""
    made = encoder(codec, fmtp={"useinbandfec": "1"})
    step = 960 if codec == "opus" else 160
    second = tone((hz,), RATE, 1.0, fade=0)
    return [
        RtpPacket(
            (65_400 + n) & 0xFFFF,
            (160_000 + n * step) & 0xFFFFFFFF,
            111,
            n == 0,
            7,
            made.encode(second[n % 50 * 2 * FRAME :][: 2 * FRAME]),
        )
        for n in range(count)
    ]


def play(
    packets: list[RtpPacket],
    codec: str,
    *,
    phase: float = 0.011,
    late: Callable[[int], float | None] = lambda n: 0.0,
    leans: bool = True,
) -> tuple[Playout, bytes, list[Told], list[float]]:
    """Play packets that are sent every 20 ms and arrive so `late`, None: not at all. The playout,
    its sound, what it had counted at each tick, and how much sound waited then (seconds)."""
    one = playout(codec)
    line = sorted((n * TICK + by, n) for n in range(len(packets)) if (by := late(n)) is not None)
    out, told, delays, now, at = b"", [], [], phase, 0
    while now < line[-1][0]:
        while at < len(line) and line[at][0] <= now:
            one.receive(packets[line[at][1]], line[at][0])
            at += 1
        out += one.read(now)
        figures = one.figures
        told.append(Told(now, figures.concealed, figures.lost, figures.late, figures.shed))
        waiting = len(one._buffer) // FRAME + len(one._decision.store)
        delays.append(waiting * TICK)
        now += TICK + (one.lean() if leans else 0.0)
    return one, out, told, delays


def heals(told: list[Told], out: bytes, hz: float = 440, at: float = BREAK * TICK) -> None:
    """Little is made up at the break, nothing from HEALED after it on, and the tone is heard."""
    before = max((one for one in told if one.at < at), key=lambda one: one.at)
    healed = min((one for one in told if one.at >= at + HEALED), key=lambda one: one.at)
    assert healed.concealed - before.concealed <= HEALED * RATE
    assert told[-1].concealed == healed.concealed
    assert told[-1].shed - healed.shed <= 0.06 * RATE
    assert (told[-1].lost, told[-1].late) == (healed.lost, healed.late)
    first = round((at + HEALED) / TICK) * FRAME * 2
    for start in range(first, len(out) - RATE // 5 * 2, RATE // 5 * 2):
        assert strength(out[start : start + RATE // 5 * 2], hz) > 0.2


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("codec", CODECS)
def test_a_timestamp_that_leaps_while_the_sequence_goes_on_heals(
    codec: str, size: int, sign: int
) -> None:
    packets = sent(codec)
    leapt = [replace(p, timestamp=(p.timestamp + sign * size) & 0xFFFFFFFF) for p in packets]
    whole = [*packets[:BREAK], *leapt[BREAK:]]
    for phase, leans in (
        (PHASES[0], True),
        (PHASES[1], False),
        (PHASES[2], False),
        (PHASES[3], False),
    ):
        _, out, told, delays = play(whole, codec, phase=phase, leans=leans)
        heals(told, out)
        assert max(delays[BREAK + 10 :]) <= 0.1


@pytest.mark.parametrize(
    ("codec", "size"), [("opus", -10_000_000), ("PCMU", -597_558_672), ("G722", 10_000_000)]
)
def test_the_leaps_of_a_transfer_heal_at_every_phase_of_the_tick(codec: str, size: int) -> None:
    packets = sent(codec)[: BREAK + 60]
    leapt = [replace(p, timestamp=(p.timestamp + size) & 0xFFFFFFFF) for p in packets]
    for phase in range(24):
        _, out, told, delays = play(
            [*packets[:BREAK], *leapt[BREAK:]], codec, phase=phase / 24 * TICK + 1e-4
        )
        heals(told, out)
        assert max(delays[BREAK + 10 :]) <= 0.1


@pytest.mark.parametrize("codec", ["opus", "PCMU"])
@pytest.mark.parametrize("size", [0.2, 0.3, 0.45, -0.2, -0.3, -0.45])
@pytest.mark.parametrize("jitter", [0.0, 0.03])
def test_leaps_that_recur_leave_no_delay(codec: str, size: float, jitter: float) -> None:
    """Park and pick-up, paced bots: the timestamp leaps by less than half a second, again and
    again, with no gap in time."""
    packets, rng = sent(codec, 500), random.Random(7)
    clock = RATE if codec == "opus" else 8_000
    leapt = [
        replace(p, timestamp=(p.timestamp + n // 100 * round(size * clock)) & 0xFFFFFFFF)
        for n, p in enumerate(packets)
    ]
    _, _, told, delays = play(leapt, codec, late=lambda n: rng.random() * jitter)
    for leap in range(100, 500, 100):
        assert max(delays[leap + 10 : leap + 99]) <= 0.1
    assert told[-1].concealed - told[90].concealed <= 4 * HEALED * RATE


def test_what_was_slow_before_the_path_became_quicker_is_forgotten() -> None:
    """A second of packets that were all quicker than any before tells more than ten seconds do."""
    packets = sent("PCMU", 600)
    _, _, _, delays = play(packets, "PCMU", late=lambda n: 0.0 if n >= 300 else 0.25)
    assert max(delays[300 + 200 :]) <= 0.1


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("gap", [0.0, 0.5, 3.0])
def test_another_source_under_a_new_ssrc_heals(codec: str, gap: float) -> None:
    first, rng = sent(codec), random.Random(3)
    other = [
        replace(p, ssrc=9, sequence=(p.sequence + 31_000) & 0xFFFF, timestamp=rng.getrandbits(32))
        for p in sent(codec)
    ]
    start = other[BREAK].timestamp
    step = 960 if codec == "opus" else 160
    other = [replace(p, timestamp=(start + n * step) & 0xFFFFFFFF) for n, p in enumerate(other)]
    for phase in PHASES:
        _, out, told, delays = play(
            [*first[:BREAK], *other[BREAK:]],
            codec,
            phase=phase,
            late=lambda n: gap if n >= BREAK else 0.0,
        )
        heals(told, out, at=BREAK * TICK + gap)
        assert max(delays[BREAK + round(gap / TICK) + 10 :]) <= 0.1


@pytest.mark.parametrize("size", [10_000_000, -10_000_000, 14_400, -14_400])
@pytest.mark.parametrize("what", ["the packet before is lost", "the first one is", "reordered"])
def test_a_leap_heals_on_a_bad_line_as_well(what: str, size: int) -> None:
    packets = sent("opus")
    leapt = [replace(p, timestamp=(p.timestamp + size) & 0xFFFFFFFF) for p in packets]
    whole = [*packets[:BREAK], *leapt[BREAK:]]
    lost = {"the packet before is lost": BREAK - 1, "the first one is": BREAK}.get(what)
    late: dict[int, float | None] = {BREAK - 1: 0.045} if what == "reordered" else {lost or 0: None}
    _, out, told, _ = play(whole, "opus", late=lambda n: late.get(n, 0.0))
    heals(told, out)


def test_a_leap_while_nothing_was_sent_is_put_where_it_arrived() -> None:
    """On hold nothing comes; the source that goes on has another clock."""
    packets = sent("PCMU")
    leapt = [replace(p, timestamp=(p.timestamp - 4_000_000) & 0xFFFFFFFF) for p in packets]
    whole = [*packets[:BREAK], *leapt[BREAK:]]
    _, out, told, delays = play(whole, "PCMU", late=lambda n: 0.4 if n >= BREAK else 0.0)
    healed = [one for one in told if one.at >= BREAK * TICK + 0.4 + HEALED]
    assert healed[-1].concealed == healed[0].concealed
    assert rms(out[-RATE // 5 * 2 :]) > 0.1
    assert max(delays[BREAK + 20 + 10 :]) <= 0.1


def test_silence_of_the_sender_is_no_leap() -> None:
    """Its timestamp moves on with the time (RFC 3551 §4.1)."""
    packets = sent("PCMU")
    after = [replace(p, sequence=(p.sequence - 20) & 0xFFFF) for p in packets[80:]]
    one = playout("PCMU")
    for n, packet in [*enumerate(packets[:60]), *enumerate(after[:10], 80)]:
        before = one._unwrapper.position
        one.receive(packet, n * TICK)
        one.read(n * TICK + 0.001)
        if n == 80:
            assert one._unwrapper.position - before == 21 * FRAME


def test_a_stall_of_the_line_is_no_leap() -> None:
    packets = sent("PCMU")
    begin = packets[0].timestamp
    one = playout("PCMU")
    for n, packet in enumerate(packets):
        one.receive(packet, max(n * TICK, 2.0) if n >= 80 else n * TICK)
        assert one._unwrapper.position == (packet.timestamp - begin) * 6
