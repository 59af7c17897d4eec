"""The one error of this package."""

from __future__ import annotations


class UnreadableBody(Exception):
    """A body that is none of its type, or may do harm. The text is in our words."""
