"""The sides of a sound: a device or a file as what a leg reads from and writes to, and how either
is named in the config."""

from __future__ import annotations

import logging

from tui.media.device.devices import DeviceStream, SoundState
from tui.media.pcm.levels import RATE, WIDTH
from tui.media.pcm.sinks import FileSink, NullSink, Sink
from tui.media.pcm.sources import FileSource, NullSource, Source

log = logging.getLogger(__name__)


def check(input: str | None, output: str | None, ring: str | None) -> None:
    """ValueError when one of them is nothing that can be meant."""
    for given, kinds, what in (
        (input, ("device:", "file:", "tone:"), "input"),
        (output, ("device:", "file:"), "output"),
        (ring, ("device:",), "ring"),
    ):
        if given and not given.startswith(kinds) and (given != "none" or what == "ring"):
            raise ValueError(f"{given!r} is no sound {what}: {', '.join(kinds)} or nothing")
    if input is not None and input.startswith("tone:"):
        hertz = float(input[5:])
        if not 1 <= hertz <= RATE / 2:
            raise ValueError("a tone is between 1 and 24000 Hz")


class Microphone:
    """A device to read from."""

    def __init__(self, stream: DeviceStream) -> None:
        self._stream = stream

    def read(self, samples: int) -> bytes:
        """What it has heard; silence where there is none."""
        self._stream.use()
        return self._stream.ring.read(samples * WIDTH)


class Speaker:
    """A device to write to."""

    def __init__(self, stream: DeviceStream) -> None:
        self._stream = stream

    def write(self, pcm: bytes) -> None:
        """Have it played."""
        self._stream.use()
        self._stream.ring.write(pcm)


def from_file(path: str) -> tuple[Source, SoundState]:
    """What a file says, looped; silence, and a state, when it cannot be read."""
    try:
        return FileSource(path), SoundState.OK
    except (OSError, ValueError) as problem:
        log.warning("the input file cannot be read: %s", type(problem).__name__)
        return NullSource(), SoundState.FAILED


def to_file(path: str) -> tuple[Sink, SoundState]:
    """A file that takes what is heard; nothing, and a state, when it cannot be made."""
    try:
        return FileSink(path), SoundState.OK
    except OSError as problem:
        log.warning("the output file cannot be made: %s", type(problem).__name__)
        return NullSink(), SoundState.FAILED
