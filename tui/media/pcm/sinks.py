"""Where what is heard goes: a device, a wav file, nowhere. A sink never waits and never raises."""

from __future__ import annotations

import contextlib
import struct
from io import FileIO
from pathlib import Path
from typing import Protocol

from tui.media.pcm.levels import RATE, WIDTH


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
        self._size = 0
        self._file: FileIO | None = self.path.open("wb", buffering=0)
        self._file.write(_header(0))

    def write(self, pcm: bytes) -> None:
        """Append; written out five times a second."""
        self._pending += pcm
        if len(self._pending) >= RATE * WIDTH // 5:
            self.flush()

    def flush(self) -> None:
        """Write out what is pending."""
        data, self._pending = bytes(self._pending), bytearray()
        if self._file is None or not data:
            return
        try:
            self._size += self._file.write(data) & ~1
            self._file.seek(0)
            self._file.write(_header(self._size))
            self._file.seek(len(_header(0)) + self._size)
        except OSError:
            self._shut()

    def close(self) -> None:
        """Write out the rest and close the file."""
        self.flush()
        self._shut()

    def _shut(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                file.close()


def _header(size: int) -> bytes:
    """The 44 bytes before `size` bytes of PCM; past 4 GiB (twelve hours) it says 4 GiB."""
    size = min(size, 0xFFFFFF00)
    riff = struct.pack("<4sI4s4sI", b"RIFF", 36 + size, b"WAVE", b"fmt ", 16)
    form = struct.pack("<HHIIHH", 1, 1, RATE, RATE * WIDTH, WIDTH, 8 * WIDTH)
    return riff + form + struct.pack("<4sI", b"data", size)
