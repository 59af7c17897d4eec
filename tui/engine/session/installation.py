"""Whether the program on the disk is still the one that runs here.

Much is loaded when it is first needed; after an upgrade that is of another version, or gone.
"""

from __future__ import annotations

from pathlib import Path

import tui


class Installation:
    """As it was when this was made; `file` stands for all of it."""

    def __init__(self, file: Path = Path(tui.__file__)) -> None:
        self._file = file
        self._was = self._now()

    @property
    def replaced(self) -> bool:
        """Whether another one lies there by now, or none."""
        return self._now() != self._was

    def _now(self) -> tuple[int, int, int] | None:
        try:
            found = self._file.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino, found.st_mtime_ns
