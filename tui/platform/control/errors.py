"""What cannot be read or written of a control message."""

from __future__ import annotations


class ControlError(Exception):
    """A body that is not read, or a message that cannot be written."""
