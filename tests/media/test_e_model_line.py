"""The score of a line against what the E-model says of the script that the line follows: the
model gets the script's loss and delay, the score only what a leg counts. Simulated time."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

import pytest

from tests.media.conditions import Condition
from tests.media.speech import speech
from tui.engine.audio.quality_judge import Judge, Look
from tui.engine.context import Limits
from tui.media import e_model
from tui.media.codec.codecs import decoder, encoder
from tui.media.jitter.playout import Playout, RtpPacket
from tui.media.pcm.levels import FRAME
from tui.media.rtp.receiver_report import ReceiverReport

NEAR = 0.3
"""How far the score may be from the model's."""
SECONDS = 30
PTIME = 0.02


def packets(codec: str) -> list[RtpPacket]:
    """What a plain sender sends: no copies for error correction."""
    clock = 48_000 if codec == "opus" else 8_000
    made = encoder(codec, fmtp={})
    pcm = speech(float(SECONDS))
    blocks = range(0, len(pcm) - 2 * FRAME + 1, 2 * FRAME)
    return [
        RtpPacket(
            n & 0xFFFF, n * clock // 50, 111, n == 0, 7, made.encode(pcm[at : at + 2 * FRAME])
        )
        for n, at in enumerate(blocks)
    ]


def listened(condition: Condition, codec: str) -> Iterator[Look]:
    """What a leg counts, once a second, on a line that is the same both ways."""
    clock = 48_000 if codec == "opus" else 8_000
    line: list[tuple[float, int, RtpPacket]] = []
    for index, packet in enumerate(packets(codec)):
        for late in condition.fate(index * PTIME):
            heapq.heappush(line, (index * PTIME + late, index, packet))
    playout, receiver_report = Playout(lambda _: decoder(codec)), ReceiverReport()
    for tick in range(1, SECONDS * 50):
        now = tick * PTIME + 0.007
        while line and line[0][0] <= now:
            arrival, _, packet = heapq.heappop(line)
            receiver_report.take(packet.ssrc, packet.sequence, packet.timestamp, clock, arrival)
            playout.receive(packet, arrival)
        playout.read(now)
        if tick % 50 == 0:
            heard = playout.figures
            yield Look(
                received=receiver_report.packets,
                lost=receiver_report.lost,
                jitter=receiver_report.jitter * 1000,
                rtt=2000 * condition.delay,  # what RTCP measures on a line like this
                delay=heard.delay * 1000,
                repaired=heard.repaired / max(1, heard.played),
                concealed=heard.concealed / max(1, heard.played),
                codec=codec,
                last_packet_age=0.0,
                silence_in=0.0,
                silence_out=0.0,
            )


@pytest.mark.parametrize(
    ("loss", "delay", "codec"),
    [
        (0.0, 0.0, "opus"),
        (0.05, 0.02, "opus"),
        (0.05, 0.15, "PCMA"),
        (0.0, 0.25, "G722"),
    ],
)
def test_the_score_is_the_models_for_the_lines_script(
    loss: float, delay: float, codec: str
) -> None:
    judge = Judge(Limits(), e_model.rate)
    for second, look in enumerate(listened(Condition(loss=loss, delay=delay, seed=3), codec)):
        judge.look(float(second), look)
    summary = judge.summary().quality
    assert summary is not None
    assert summary.mos is not None
    # A packet's length held back is what any receiver needs; the rest is the script's.
    one_way = e_model.one_way_delay(2000 * delay, 20, name=codec)
    expected = e_model.mos(e_model.rating(one_way, loss, codec))
    assert summary.mos == pytest.approx(expected, abs=NEAR)
