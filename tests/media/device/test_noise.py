"""Noise suppression by the package itself: noise goes, a voice stays; sound lives without it."""

from __future__ import annotations

import logging
import random
import sys
from array import array
from types import SimpleNamespace
from typing import Any

import pytest

from tests.media.speech import speech
from tui.media.device import noise
from tui.media.device.noise import NoiseSuppression, NoiseUnavailable
from tui.media.device.sound import open_sound
from tui.media.pcm.levels import FRAME, audioop


def freed(one: NoiseSuppression, pcm: bytes) -> bytes:
    size = FRAME * 2
    blocks = [one.said(pcm[at : at + size]) for at in range(0, len(pcm) - size + 1, size)]
    assert {len(block) for block in blocks} == {size}
    return b"".join(blocks)


def hiss(seconds: float) -> bytes:
    rng = random.Random(2)
    return array("h", (round(rng.gauss(0, 600)) for _ in range(round(seconds * 48_000)))).tobytes()


def test_steady_noise_goes_and_a_voice_stays() -> None:
    quiet = freed(noise.make(), hiss(3))[-96_000:]
    assert audioop.rms(quiet, 2) < audioop.rms(hiss(1), 2) / 4
    voice = speech(3, seed=5)
    heard = freed(noise.make(), voice)
    assert audioop.rms(heard[-192_000:], 2) > 0.5 * audioop.rms(voice[-192_000:], 2)


def test_it_stands_between_the_microphone_and_its_gain(tmp_path: Any) -> None:
    sound = open_sound("tone:440", "none", lambda state, device: None)
    try:
        sound.noise = noise.make()
        said = [sound.source.read(FRAME) for _ in range(100)]
        assert {len(block) for block in said} == {FRAME * 2}
        # A tone that never changes is noise to it.
        assert audioop.rms(said[-1], 2) < audioop.rms(said[4], 2)
    finally:
        sound.close()


def test_one_that_breaks_is_off_and_the_sound_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def __init__(self, gain: int, level: int) -> None:
            assert (gain, level) == (0, noise.LEVEL)

        def Process10ms(self, block: bytes) -> Any:
            raise RuntimeError("no more")

    broken = NoiseSuppression(SimpleNamespace(AudioProcessor=Broken))
    pcm = bytes(range(240)) * 8
    with caplog.at_level(logging.ERROR):
        assert broken.said(pcm) == pcm
        assert broken.said(pcm) == pcm
    assert len(caplog.records) == 1
    assert noise.make().said(b"\1\2\3") == b"\1\2\3"  # no whole block: nothing of ours


def test_without_the_package_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "webrtc_noise_gain", None)
    with pytest.raises(NoiseUnavailable):
        noise.make()
