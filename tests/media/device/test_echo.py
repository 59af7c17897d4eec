"""Echo cancellation: what goes through it and in which blocks, and that sound lives without it."""

from __future__ import annotations

import logging
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from tui.media.device import echo
from tui.media.device.echo import Echo, EchoUnavailable
from tui.media.device.sound import open_sound
from tui.media.pcm.levels import FRAME


class Frame:
    """As `livekit.rtc.AudioFrame` holds samples."""

    def __init__(self, data: bytearray, rate: int, channels: int, samples: int) -> None:
        assert (rate, channels, samples, len(data)) == (48000, 1, 480, 960)
        self.data = memoryview(data)


class Processing:
    """Takes away exactly what was heard before, in order: a room without air."""

    def __init__(self, **wanted: bool) -> None:
        assert wanted["echo_cancellation"]
        self.heard: list[bytes] = []
        self.fails = False

    def process_reverse_stream(self, frame: Frame) -> None:
        self.heard.append(bytes(frame.data))

    def process_stream(self, frame: Frame) -> None:
        if self.fails:
            raise RuntimeError("no more")
        if bytes(frame.data) == self.heard.pop(0):
            frame.data[:] = bytes(len(frame.data))


RTC: Any = SimpleNamespace(AudioFrame=Frame, AudioProcessingModule=Processing)


def test_what_is_played_is_shown_to_it_and_what_is_said_is_freed_of_it() -> None:
    sound = open_sound("tone:440", "none", lambda state, device: None)
    try:
        sound.set_volume(50)
        sound.set_gain(50)
        sound.echo = Echo(RTC)
        tone = open_sound("tone:440", "none", lambda state, device: None)
        pcm = tone.source.read(FRAME)
        sound.set_volume(100)
        sound.sink.write(pcm)
        assert sound.source.read(FRAME) == bytes(2 * FRAME)
        sound.sink.write(bytes(2 * FRAME))
        assert any(sound.source.read(FRAME))
        tone.close()
    finally:
        sound.close()


def test_one_that_breaks_is_off_and_the_sound_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    broken = Echo(RTC)
    broken._processing.fails = True
    pcm = bytes(range(240)) * 8
    with caplog.at_level(logging.ERROR):
        assert broken.said(pcm) == pcm
        assert broken.said(pcm) == pcm
    assert len(caplog.records) == 1
    broken.heard(pcm)  # nothing is kept for one that is off
    assert broken._processing.heard == []


def test_without_the_package_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "livekit.rtc", None)
    with pytest.raises(EchoUnavailable):
        echo.make()
