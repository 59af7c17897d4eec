"""The file that somebody means who types its name."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def typed_path(text: str | Path) -> Path:
    """`~` and `~user` are homes, where there is such a user; any other relative name counts from
    the directory that this process was started in. It is absolute: an engine has a directory of its
    own."""
    path = os.path.expanduser(text)
    with suppress(OSError):  # that directory was deleted
        path = os.path.abspath(path)
    return Path(path)
