"""The voice over a line that keeps everything and stalls (TCP), in simulated time: delay, recovery,
and what is sent in silence."""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from random import Random

import pytest

from tests.media.speech import speech
from tui.media.headset.flow import VoiceIn, VoiceOut
from tui.media.headset.wire import HeardUpTo, VoicePacket, encoded
from tui.media.pcm.levels import FRAME, SILENCE, audioop
from tui.media.pcm.sources import ToneSource

TICK = 0.02
When = Callable[[float], float]


@dataclass
class Tcp:
    """One direction: what is sent at a time comes in order, and never before what went first.
    `free(t)`: when a byte that is sent at `t` may come at the earliest; `rate`: bytes a second."""

    free: When
    rate: float = 1e9
    last: float = 0.0
    sent: int = 0
    under_way: list[tuple[float, int, object]] = field(default_factory=list)

    def send(self, thing: VoicePacket | HeardUpTo, now: float) -> None:
        size = len(encoded(thing))
        self.sent += size
        self.last = max(self.last, self.free(now)) + size / self.rate
        heapq.heappush(self.under_way, (self.last, self.sent, thing))

    def arrived(self, now: float) -> list[tuple[float, object]]:
        found = []
        while self.under_way and self.under_way[0][0] <= now:
            at, _, thing = heapq.heappop(self.under_way)
            found.append((at, thing))
        return found


@dataclass
class Run:
    voice_out: VoiceOut
    voice_in: VoiceIn
    delays: list[tuple[float, float]]
    """(time, delay of what is handed out then)."""
    sent: int
    back: int

    def delay(self, begin: float, end: float) -> float:
        return max(delay for at, delay in self.delays if begin <= at < end)


def carried(pcm: bytes, line: Tcp, back: When = lambda t: t + 0.001) -> Run:
    """One direction speaks, the other only tells what it has heard."""
    voice_out, voice_in = VoiceOut(), VoiceIn()
    returns = Tcp(back)
    delays = []
    now, phase = 0.0, 0.007
    for at in range(0, len(pcm), FRAME * 2):
        for came, thing in returns.arrived(now):
            assert isinstance(thing, HeardUpTo)
            voice_out.heard(thing.heard, came)
        if packet := voice_out.packet(pcm[at : at + FRAME * 2], now, 0xFFFF):
            line.send(packet, now)
        listens = now + phase
        for came, thing in line.arrived(listens):
            assert isinstance(thing, VoicePacket)
            voice_in.take(thing, came)
        voice_in.read(listens)
        voice_in.playout.lean()
        if tell := voice_in.to_tell(listens):
            returns.send(tell, listens)
        decision = voice_in.playout._decision
        if decision.next is not None and voice_in._position is not None and not decision.waited:
            # When the first sample of what is handed out was spoken: a packet goes at its end.
            moved = voice_in.playout._unwrapper.position - voice_in._position * FRAME
            next_one = decision.end - len(voice_in.playout._buffer) - moved
            delays.append((now, listens - (next_one - FRAME) / 48_000 + TICK))
        now += TICK
    return Run(voice_out, voice_in, delays, line.sent, returns.sent)


def stalled(begin: float, seconds: float, delay: float = 0.02) -> When:
    return lambda t: max(t + delay, begin + seconds) if begin - delay <= t else t + delay


@cache
def talk() -> bytes:
    """Half a minute of it; made for the first who wants it, and not when tests are collected."""
    return speech(31)[: 30 * 96_000]


def test_on_a_clean_line_the_voice_is_late_by_little_more_than_the_line() -> None:
    run = carried(talk(), Tcp(lambda t: t + 0.02))
    assert run.delay(4, 30) < 0.02 + 0.06
    assert run.voice_out.left_out == run.voice_in.too_late == 0


@pytest.mark.parametrize("begin", [10.0, 10.013])
@pytest.mark.parametrize("seconds", [0.3, 1.0, 3.0])
def test_after_a_stall_the_delay_is_what_it_was_within_two_seconds(
    seconds: float, begin: float
) -> None:
    run = carried(talk(), Tcp(stalled(begin, seconds)), stalled(begin, seconds))
    assert run.delay(begin + seconds + 2, 30) < 0.1
    # What was said after it was noticed was never sent.
    assert run.voice_out.left_out >= (seconds - 0.55) * 25


def test_a_thin_line_never_makes_the_delay_grow() -> None:
    # A third of what the voice would take: much is left out, and what comes is recent.
    run = carried(talk(), Tcp(lambda t: t + 0.02, rate=1000))
    assert run.voice_out.left_out > 300
    assert run.delay(8, 30) < 1.0


def test_a_line_that_becomes_slower_for_good_is_heard_again() -> None:
    line = Tcp(lambda t: t + (0.02 if t < 10 else 0.5))
    run = carried(talk(), line)
    assert 20 <= run.voice_in.too_late < 80
    assert run.delay(14, 30) < 0.5 + 0.1
    # And when it is quick again, the delay comes back as well.
    line = Tcp(lambda t: t + (0.5 if t < 10 else 0.02))
    assert carried(talk(), line).delay(16, 30) < 0.1


def test_the_jitter_of_retransmissions_is_the_playouts() -> None:
    # Once a second something is lost, and comes with the next round trip: 120 ms late.
    def line(t: float) -> float:
        return t + 0.02 + (0.12 if t % 1 < 0.02 else 0)

    run = carried(talk(), Tcp(line))
    assert run.voice_in.too_late == 0
    assert run.delay(8, 30) < 0.3


def test_silence_is_next_to_nothing_and_speech_within_its_rate() -> None:
    talked = carried(talk(), Tcp(lambda t: t + 0.02))
    assert talked.sent * 8 / 30 < 26_000
    assert talked.back * 8 / 30 < 500
    silent = carried(SILENCE * 1500, Tcp(lambda t: t + 0.02))
    assert silent.sent * 8 / 30 < 200
    assert silent.back * 8 / 30 < 20
    # The noise of a plain microphone is silence too, and a word in it is not.
    rng = Random(1)
    room = array("h", (round(rng.gauss(0, 120)) for _ in range(30 * 48_000))).tobytes()
    word = audioop.add(talk()[: 10 * 96_000], room[20 * 96_000 :], 2)
    noisy = carried(room[: 20 * 96_000] + word, Tcp(lambda t: t + 0.02))
    assert noisy.voice_in.figures.received > 400
    assert carried(room, Tcp(lambda t: t + 0.02)).voice_in.figures.received < 100


def test_time_that_was_left_out_is_silence_and_not_lateness() -> None:
    voice_out, voice_in = VoiceOut(), VoiceIn()
    pcm = talk()[: FRAME * 2]
    first = voice_out.packet(pcm, 0.0, 0xFFFF)
    voice_out.heard(0, 0.01)
    voice_out.skip(50)
    then = voice_out.packet(pcm, 1.02, 0xFFFF)
    assert first is not None
    assert then is not None
    assert (first.position, then.position) == (0, 51)
    voice_in.take(first, 0.0)
    voice_in.take(then, 1.02)
    assert voice_in.too_late == 0


def test_a_socket_that_is_full_is_given_no_voice() -> None:
    voice_out = VoiceOut()
    assert voice_out.packet(talk()[: FRAME * 2], 0.0, 0xFFFF, full=True) is None
    assert voice_out.left_out == 1


def test_positions_go_round_after_twenty_minutes_and_nobody_hears_it() -> None:
    voice_out, voice_in = VoiceOut(), VoiceIn()
    voice_out.skip(0xFFF0)
    now = 0.0
    for at in range(0, FRAME * 2 * 200, FRAME * 2):
        packet = voice_out.packet(talk()[at : at + FRAME * 2], now, 0xFFFF)
        if packet:
            voice_in.take(packet, now)
        voice_in.read(now + 0.005)
        now += TICK
    assert voice_in.too_late == 0
    assert voice_in.figures.lost == voice_in.figures.late == 0


def test_a_tone_is_not_taken_for_silence() -> None:
    tone = ToneSource(440)
    steady = b"".join(tone.read(FRAME) for _ in range(1000))
    run = carried(steady, Tcp(lambda t: t + 0.02))
    assert run.voice_in.last >= 990


def test_after_half_an_hour_of_silence_a_word_is_in_its_place() -> None:
    voice_out, voice_in = VoiceOut(), VoiceIn()
    now = 0.0

    def tick(pcm: bytes) -> None:
        nonlocal now
        packet = voice_out.packet(pcm, now, 0xFFFF)
        if packet:
            voice_out.heard(packet.number, now)
            voice_in.take(packet, now + 0.02)
        voice_in.read(now + 0.025)
        now += TICK

    for _ in range(90_000):
        tick(SILENCE)
    for at in range(0, 100 * FRAME * 2, FRAME * 2):
        tick(talk()[at : at + FRAME * 2])
    assert voice_in._position == 90_099
    assert voice_in.too_late == 0
