"""The customer's recorder: what it says about what it heard."""

from __future__ import annotations

import pytest

from tui.sandbox.audio import voices
from tui.sandbox.audio.recorder import Recorder


def listen(recorder: Recorder, voice: voices.Voice, blocks: int, *, held: bool = False) -> None:
    for _ in range(blocks):
        recorder.hear(voice(), arrived=True, held=held)


def lose(recorder: Recorder, blocks: int, *, held: bool = False) -> None:
    for _ in range(blocks):
        recorder.hear(voices.SILENCE, arrived=False, held=held)


def test_a_tone_is_found_by_its_frequency_and_no_other_is() -> None:
    recorder = Recorder()
    listen(recorder, voices.voice("tone:440"), 50)
    found = recorder.analyse(1000, [440, 880])
    assert found.tones["440"] > 0.95
    assert found.tones["880"] < 0.01
    assert found.peaks[0][0] == pytest.approx(440, abs=2)
    assert found.level == pytest.approx(-13.5, abs=0.5)
    assert found.per_100_ms["440"] == pytest.approx([1.0] * 10, abs=0.05)


def test_speech_is_no_tone() -> None:
    recorder = Recorder()
    listen(recorder, voices.voice("speak"), 100)
    found = recorder.analyse(2000, [440, 523, 659, 880])
    assert max(found.tones.values()) < 0.3
    assert found.level > -40


def test_the_longest_gap_is_measured_and_a_hold_is_none() -> None:
    recorder = Recorder()
    tone = voices.voice("tone:440")
    lose(recorder, 10)  # before the first sound nothing is missed
    listen(recorder, tone, 10)
    lose(recorder, 7)
    listen(recorder, tone, 10)
    lose(recorder, 30, held=True)
    listen(recorder, tone, 10)
    lose(recorder, 3)
    assert recorder.longest_missing == 140
    assert recorder.longest_silence == 140
    assert recorder.missing == 200
    assert recorder.analyse(20 * 50).longest_missing == 60
    assert recorder.analyse(20 * 50).held_ms == 600


def test_sent_silence_is_silent_but_not_missing() -> None:
    recorder = Recorder()
    listen(recorder, voices.voice("tone:440"), 5)
    listen(recorder, voices.silence, 20)
    assert (recorder.longest_silence, recorder.longest_missing) == (400, 0)


def test_a_forgotten_recording_leaves_its_gaps() -> None:
    recorder = Recorder()
    listen(recorder, voices.voice("tone:440"), 5)
    lose(recorder, 5)
    recorder.forget()
    assert recorder.longest_missing == 100
    assert (recorder.analyse(1000, [440]).ms, recorder.analyse(1000).level) == (0, -120.0)
