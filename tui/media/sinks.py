"""Where what is heard goes: a device, a wav file, nowhere. A sink never waits and never raises."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Protocol

from tui.media.levels import RATE, WIDTH


class Sink(Protocol):
    """Something that hears."""

    def write(self, pcm: bytes) -> None:
        """Take 48 kHz mono s16; never waits, never raises."""
        ...


class NullSink:
    """Hears nothing."""

    def write(self, pcm: bytes) -> None:
        """Drop it."""


class FileSink:
    """A wav file that can be read at any moment: the header is put right with every write.
    OSError when it cannot be made; later a full disk only ends the recording."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._pending = bytearray()
        self._raw = self.path.open("wb", buffering=0)
        self._file: wave.Wave_write | None = wave.open(self._raw, "wb")  # noqa: SIM115
        self._file.setnchannels(1)
        self._file.setsampwidth(WIDTH)
        self._file.setframerate(RATE)
        self._file.writeframes(b"")

    def write(self, pcm: bytes) -> None:
        """Append; written out five times a second."""
        self._pending += pcm
        if len(self._pending) >= RATE * WIDTH // 5:
            self.flush()

    def flush(self) -> None:
        """Write out what is pending."""
        data, self._pending = bytes(self._pending), bytearray()
        if self._file is None:
            return
        try:
            self._file.writeframes(data)
        except (OSError, wave.Error):
            self._file = None

    def close(self) -> None:
        """Write out the rest and close the file."""
        self.flush()
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except (OSError, wave.Error):
                return
            finally:
                self._raw.close()
