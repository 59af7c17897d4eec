"""What is said of a call's sound, from what its leg counts. Time stands in the looks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tui.engine.audio.quality_judge import SPEECH, Judge, Look
from tui.engine.context import Limits
from tui.media.e_model import mos, one_way_delay, rate, rating
from tui.port.values import Hearing, Quality

LIMITS = Limits()
CLEAN = Look(
    sent=50,
    received=50,
    jitter=2,
    rtt=20,
    delay=45,
    codec="opus",
    last_packet_age=0.01,
    silence_in=0.0,
    silence_out=0.0,
    unheard=0.0,
    spoken=0.001,
)


class Line:
    """A call that is looked at once a second, and gets 50 packets in it."""

    def __init__(self, look: Look = CLEAN) -> None:
        self.judge = Judge(LIMITS, rate)
        self.now = 1000.0
        self.seen = look
        self.shown: list[Quality] = []

    def run(self, seconds: int, lost: int = 0, **changes: object) -> Quality:
        """`lost` of the 50 packets of each second are missing, and concealed."""
        self.seen = replace(self.seen, **changes)  # type: ignore[arg-type]
        for _ in range(seconds):
            self.now += 1
            seen = self.seen
            concealed = seen.concealed * (seen.received + seen.lost) + lost
            total = seen.received + seen.lost + 50
            self.seen = replace(
                seen,
                sent=seen.sent + 50,
                received=seen.received + 50 - lost,
                lost=seen.lost + lost,
                concealed=concealed / total,
            )
            self.shown.append(self.judge.look(self.now, self.seen))
        return self.shown[-1]


def test_a_clean_line_is_scored_once_there_is_enough_and_then_nothing_changes() -> None:
    line = Line()
    assert line.run(3).mos is None
    quality = line.run(1)
    assert quality.mos == round(mos(rating(one_way_delay(20, 45, name="opus"), 0, "opus")), 1)
    assert (quality.codec, quality.loss, quality.rtt) == ("opus", 0, 20)
    del line.shown[:]
    line.run(60)
    assert set(line.shown) == {quality}


def test_figures_that_only_tremble_are_not_drawn_again() -> None:
    line = Line()
    line.run(10)
    del line.shown[:]
    for at in range(30):
        line.run(1, jitter=2 + at % 3, rtt=20 + at % 4, delay=45 - at % 9)
    assert len(set(line.shown)) == 1
    assert line.run(1, delay=80).delay == 80


def test_loss_is_that_of_the_last_seconds() -> None:
    line = Line()
    line.run(20)
    quality = line.run(12, lost=5)
    assert quality.loss == pytest.approx(0.1, abs=0.005)
    assert quality.concealed == pytest.approx(0.1, abs=0.005)
    expected = mos(rating(one_way_delay(20, 45, name="opus"), 0.1, "opus"))
    assert quality.mos == pytest.approx(expected, abs=0.1)
    quality = line.run(20)
    assert quality.loss == 0
    assert quality.mos is not None
    assert quality.mos > 4.2


def test_what_forward_error_correction_repairs_is_not_scored_as_lost() -> None:
    line = Line()
    line.run(15)
    for _ in range(15):  # 4 % lost, all repaired
        seen, total = line.seen, line.seen.received + line.seen.lost
        repaired = (seen.repaired * total + 2) / (total + 50)
        line.now += 1
        line.seen = replace(
            seen, sent=seen.sent + 50, received=seen.received + 48, lost=seen.lost + 2
        )
        line.seen = replace(line.seen, repaired=repaired)
        quality = line.judge.look(line.now, line.seen)
    assert quality.loss == pytest.approx(0.04, abs=0.005)
    assert quality.repaired == pytest.approx(0.04, abs=0.005)
    assert quality.mos is not None
    assert quality.mos > 4.2


def test_a_new_leg_that_counts_from_nothing_is_no_loss() -> None:
    line = Line()
    line.run(15, lost=2)
    line.seen = replace(CLEAN, received=0, sent=0)
    quality = line.run(5)
    assert quality.loss == 0


def test_no_packets_are_said_after_their_limit_and_not_before() -> None:
    line = Line()
    assert line.run(4, last_packet_age=None).hearing is Hearing.OK
    assert line.run(3, last_packet_age=None).hearing is Hearing.HEARS_NOTHING
    assert line.run(1, last_packet_age=0.01).hearing is Hearing.OK
    assert line.run(1, last_packet_age=4.5).hearing is Hearing.HEARS_NOTHING


def test_dtx_is_not_taken_for_a_dead_line() -> None:
    line = Line()
    line.run(30, last_packet_age=0.4)
    assert {quality.hearing for quality in line.shown} == {Hearing.OK}


def test_packets_full_of_silence_are_said_after_long() -> None:
    line = Line()
    line.run(5)
    assert line.run(1, silence_in=29).hearing is Hearing.OK
    line.run(30)
    assert line.run(1, silence_in=31).hearing is Hearing.HEARS_NOTHING


def test_a_peer_that_reports_nothing_of_ours_does_not_hear_us() -> None:
    line = Line()
    line.run(20)
    assert line.run(1, unheard=11).hearing is Hearing.OK
    assert line.run(1, unheard=13).hearing is Hearing.NOT_HEARD
    assert line.run(1, unheard=13, sends=False).hearing is Hearing.OK


def test_a_microphone_that_gives_nothing_is_not_heard() -> None:
    line = Line()
    assert line.run(7, silence_out=60).hearing is Hearing.OK  # it had no time yet
    assert line.run(3, silence_out=60).hearing is Hearing.NOT_HEARD
    assert line.run(1, silence_out=0).hearing is Hearing.OK


def test_a_microphone_that_was_muted_is_given_its_time_again() -> None:
    line = Line()
    line.run(10)
    line.run(60, muted=True, silence_out=60)
    assert line.run(8, muted=False, silence_out=68).hearing is Hearing.OK
    assert line.run(2, silence_out=70).hearing is Hearing.NOT_HEARD
    assert {quality.hearing for quality in line.shown[:70]} == {Hearing.OK}


def test_speaking_while_muted_is_said_and_a_cough_is_not() -> None:
    line = Line()
    line.run(5, muted=True)
    assert line.run(1, spoken=SPEECH * 2).hearing is Hearing.OK
    assert line.run(3, spoken=0.001).hearing is Hearing.OK
    assert line.run(2, spoken=SPEECH * 2).hearing is Hearing.MUTED_SPEAKING
    assert line.run(1, spoken=0.001).hearing is Hearing.MUTED_SPEAKING  # between two words
    assert line.run(8, spoken=0.001).hearing is Hearing.OK
    line.run(2, spoken=SPEECH * 2)
    assert line.run(1, muted=False).hearing is Hearing.OK


def test_nothing_is_said_of_a_held_call() -> None:
    line = Line()
    scored = line.run(10)
    held = line.run(
        30, held=True, last_packet_age=20.0, silence_out=30.0, unheard=30.0, silence_in=30.0
    )
    assert held == scored


def test_a_call_whose_line_and_sound_are_both_gone_is_said_to_be_gone() -> None:
    line = Line()
    line.run(10)
    assert line.run(20, signalling=False).hearing is Hearing.OK  # the sound goes on
    assert line.run(6, last_packet_age=5.0).hearing is Hearing.HEARS_NOTHING
    assert line.run(1).hearing is Hearing.GONE
    assert line.run(1, signalling=True).hearing is Hearing.HEARS_NOTHING


def test_a_call_without_a_leg_is_gone_with_its_line_and_not_with_one_that_is_up() -> None:
    line = Line()
    line.run(5)
    lost = line.run(20, connected=False)
    assert (lost.hearing, lost.mos) == (Hearing.OK, None)
    assert line.run(7, signalling=False).hearing is Hearing.GONE
    assert line.run(1, signalling=True).hearing is Hearing.OK


def test_the_history_gets_the_mean_and_the_worst() -> None:
    line = Line()
    line.run(23)
    line.run(12, lost=10)
    summary = line.judge.summary()
    assert summary.quality is not None
    assert summary.worst is not None
    assert summary.quality.mos is not None
    assert summary.worst < summary.quality.mos < 4.4
    assert summary.quality.loss == pytest.approx(120 / (36 * 50), abs=0.005)
    assert summary.quality.codec == "opus"


def test_a_call_too_short_to_be_scored_leaves_no_figures() -> None:
    line = Line()
    line.run(2)
    assert line.judge.summary().quality is None
