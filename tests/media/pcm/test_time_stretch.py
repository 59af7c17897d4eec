"""Splices and made-up sound: one period of the voice away, and without a click."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.media.codec.concealment import GONE, HISTORY, Concealer
from tui.media.jitter.sync_buffer import SyncBuffer
from tui.media.pcm import time_stretch
from tui.media.pcm.levels import audioop, rms
from tui.media.pcm.tones import strength, tone


def hum(hz: float, seconds: float = 0.1) -> bytes:
    return tone((hz,), duration=seconds, fade=0)


def bend(pcm: bytes) -> int:
    """The sharpest bend between samples: a click is one."""
    a = array("h", pcm)
    return max(abs(a[i] - 2 * a[i - 1] + a[i - 2]) for i in range(2, len(a)))


@pytest.mark.parametrize("hz", [80, 110, 165, 220, 350])
def test_a_period_of_the_voice_is_found(hz: float) -> None:
    lag, alike = time_stretch.period(hum(hz), time_stretch.SHORTEST, time_stretch.LONGEST)
    periods = lag * hz / 48_000
    assert abs(periods - round(periods)) < 0.03
    assert alike > 0.99


@pytest.mark.parametrize("hz", [110, 165, 350])
def test_a_splice_in_the_voice_is_smooth(hz: float) -> None:
    pcm = hum(hz)
    lag, _ = time_stretch.period(pcm, time_stretch.SHORTEST, time_stretch.LONGEST)
    for spliced, length in (
        (time_stretch.without(pcm, lag), len(pcm) - 2 * lag),
        (time_stretch.with_more(pcm, lag), len(pcm) + 2 * lag),
    ):
        assert len(spliced) == length
        assert bend(spliced) <= bend(pcm) + 8
        assert strength(spliced, hz) == pytest.approx(strength(pcm, hz), rel=0.1)


def test_a_period_of_nothing_is_like_nothing_else() -> None:
    lag, alike = time_stretch.period(bytes(4000), 200, 300)
    assert 200 <= lag <= 300
    assert alike in (0.0, 1.0)


@settings(deadline=None)
@given(data=st.binary(min_size=4000, max_size=4000), low=st.integers(0, 2000),
       high=st.integers(0, 2000))  # fmt: skip
def test_a_period_is_where_it_was_looked_for(data: bytes, low: int, high: int) -> None:
    lag, alike = time_stretch.period(data, low, high)
    assert time_stretch.SHORTEST <= lag <= time_stretch.LONGEST
    assert -1.1 <= alike <= 1.1


def test_a_fade_ends_in_nothing() -> None:
    pcm = hum(300)
    assert abs(array("h", time_stretch.fade_out(pcm))[-1]) <= 8
    assert time_stretch.fade_out(bytes(100)) == bytes(100)
    assert bend(time_stretch.fade_out(pcm)) <= bend(pcm) + 8


@pytest.mark.parametrize("hz", [90, 165, 300])
def test_what_is_made_up_goes_on_from_the_past_and_fades(hz: float) -> None:
    past = hum(hz)
    one = Concealer(past)
    made = b"".join(one.read(480) for _ in range(8))
    assert bend(past + made) <= bend(past) * 3 + 8
    assert rms(made[:960]) == pytest.approx(rms(past), rel=0.25)
    assert made[GONE * 2 :] == bytes(len(made) - GONE * 2)


def test_without_a_past_nothing_is_made_up() -> None:
    assert Concealer(b"").read(960) == bytes(1920)
    assert Concealer(bytes(HISTORY * 2 - 2)).read(960) == bytes(1920)


def test_a_pause_is_shortened_by_what_is_wanted_and_the_voice_by_a_period() -> None:
    buffer = SyncBuffer()
    buffer.append(hum(165, 0.5))
    assert buffer.shorten(2000, voice=False) == 0
    taken = buffer.shorten(2000, voice=True)
    assert taken * 165 / 48_000 == pytest.approx(round(taken * 165 / 48_000), abs=0.03)
    assert buffer.shorten(100, voice=True) == 0  # shorter than any period
    buffer.take(len(buffer))
    buffer.append(bytes(9600))
    assert buffer.shorten(2000, voice=False) == 2000
    assert buffer.shorten(9999, voice=False) == 4800 - 2000 - time_stretch.FADE
    assert buffer.shorten(50, voice=False) == 0
    assert buffer.lengthen(50) == 0  # too little is left for a fade


def test_noise_is_not_cut_where_nothing_is_like_it() -> None:
    import random

    rng = random.Random(4)
    noise = array("h", (rng.randint(-9000, 9000) for _ in range(4800))).tobytes()
    buffer = SyncBuffer()
    buffer.append(noise)
    assert buffer.shorten(700, voice=True) == 0
    assert buffer.lengthen(700) == 0
    assert audioop.rms(buffer.take(4800), 2) > 0


@pytest.mark.parametrize("more", [1, 4, 48])
def test_a_sound_that_goes_slower_begins_and_ends_as_it_was(more: int) -> None:
    pcm = hum(180)
    longer = time_stretch.slower(pcm, more)
    assert len(longer) == len(pcm) + more * 2
    assert (longer[:2], longer[-2:]) == (pcm[:2], pcm[-2:])
    assert bend(longer) <= bend(pcm) * 1.1 + 2
