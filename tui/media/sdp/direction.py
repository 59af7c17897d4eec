"""What one side does with the audio."""

from __future__ import annotations

from enum import StrEnum


class Direction(StrEnum):
    """The direction of a section, from one side (RFC 8866 section 6.7); offered and answered by
    RFC 3264 section 6.1."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def sends(self) -> bool:
        """Whether this side sends."""
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    @property
    def hears(self) -> bool:
        """Whether this side wants to hear."""
        return self in (Direction.SENDRECV, Direction.RECVONLY)

    @property
    def reversed(self) -> Direction:
        """The same from the other side."""
        return _direction(sends=self.hears, hears=self.sends)

    def common(self, other: Direction) -> Direction:
        """What is left where both are from our side."""
        return _direction(sends=self.sends and other.sends, hears=self.hears and other.hears)

    @property
    def deaf(self) -> Direction:
        """The same, but that nothing is wanted to be heard."""
        return _direction(sends=self.sends, hears=False)


def _direction(*, sends: bool, hears: bool) -> Direction:
    if sends:
        return Direction.SENDRECV if hears else Direction.SENDONLY
    return Direction.RECVONLY if hears else Direction.INACTIVE
