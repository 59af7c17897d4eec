"""A directory of this user's alone for a socket whose path must be short: in the runtime directory,
or where temporary files are when that is too long or full."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tui.port.wire.sockets import answers

ROOM: Final = 62
"""Bytes of a path that leave enough for a directory, a socket in it, and what ssh adds to its name
until it listens; a socket's path has 104 on macOS, 108 on Linux."""

LEFT: Final = 120.0
"""Seconds after which a directory without a socket that answers was left there."""


SHORTEST: Final = Path("/tmp")  # noqa: S108 - the directory in it is made, 0700
"""Where there is room for a socket on every system, whatever TMPDIR says."""


def _places(runtime: Path) -> list[Path]:
    return list(dict.fromkeys((runtime, Path(tempfile.gettempdir()), SHORTEST)))


def make(runtime: Path, prefix: str) -> Path:
    """A fresh one, 0700. Raises OSError."""
    problem: OSError | None = None
    for place in _places(runtime):
        if len(os.fsencode(place)) <= ROOM:
            try:
                return Path(tempfile.mkdtemp(prefix=prefix, dir=place))
            except OSError as error:
                problem = problem or error
    assert problem is not None  # the shortest fits
    raise problem


def all_of(runtime: Path, prefix: str) -> Iterator[Path]:
    """Those of this user that are there."""
    for place in _places(runtime):
        for folder in sorted(place.glob(f"{prefix}*")):
            try:
                ours = folder.lstat().st_uid == os.geteuid()
            except OSError:
                continue
            if ours and folder.is_dir() and not folder.is_symlink():
                yield folder


def sweep(runtime: Path, prefix: str, socket: str) -> None:
    """Take away those that were left by what ended without a word: nobody answers in them."""
    for folder in all_of(runtime, prefix):
        try:
            old = time.time() - folder.lstat().st_mtime > LEFT
        except OSError:
            continue
        if old and not answers(folder / socket):
            shutil.rmtree(folder, ignore_errors=True)
