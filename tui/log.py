"""The log: one named logger a room. (Rotation and redaction are set up by `setup`.)"""

from __future__ import annotations

import logging


def get_logger(name: str) -> logging.Logger:
    """The logger of a room: `yimi.NAME`."""
    return logging.getLogger(f"yimi.{name}")
