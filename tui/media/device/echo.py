"""Echo, noise and level for hands-free: WebRTC's audio processing, which the package `livekit`
carries (the extra `handsfree`). It works here alone, with no server.

In blocks of 10 ms: what is going to be heard is shown to it first, what was said is then freed of
it. How long sound takes through the room and the devices it finds out by itself, up to half a
second.
"""

from __future__ import annotations

import importlib
import logging
from typing import Any, Final

from tui.media.pcm.levels import RATE, WIDTH

log = logging.getLogger(__name__)

BLOCK: Final = RATE // 100
"""Samples of 10 ms: nothing else is taken."""
_SIZE: Final = BLOCK * WIDTH


class EchoUnavailable(Exception):
    """The package is not installed, or does not work here."""


class Echo:
    """Frees the microphone of what the loudspeaker plays. Whatever it raises inside, sound goes on
    as it was."""

    def __init__(self, rtc: Any) -> None:
        """`rtc` is `livekit.rtc`. Raises what it raises."""
        self._frame = rtc.AudioFrame
        self._processing = rtc.AudioProcessingModule(
            echo_cancellation=True,
            noise_suppression=True,
            high_pass_filter=True,
            auto_gain_control=True,
        )
        self._broken = False

    def heard(self, pcm: bytes) -> None:
        """This is about to be played (s16, 48 kHz, mono)."""
        self._each(pcm, self._processing.process_reverse_stream)

    def said(self, pcm: bytes) -> bytes:
        """What the microphone gave, without what it heard of the loudspeaker."""
        return self._each(pcm, self._processing.process_stream)

    def _each(self, pcm: bytes, process: Any) -> bytes:
        if self._broken or len(pcm) % _SIZE:
            return pcm
        try:
            done = bytearray()
            for at in range(0, len(pcm), _SIZE):
                frame = self._frame(bytearray(pcm[at : at + _SIZE]), RATE, 1, BLOCK)
                process(frame)
                done += bytes(frame.data)
        except Exception as problem:
            self._broken = True
            log.error("echo cancellation failed and is off: %s", problem)
            return pcm
        return bytes(done)


def make() -> Echo:
    """Import and set up: half a second and 35 MB, so in a thread. Raises EchoUnavailable."""
    try:
        return Echo(importlib.import_module("livekit.rtc"))
    except Exception as problem:
        raise EchoUnavailable(str(problem)) from problem
