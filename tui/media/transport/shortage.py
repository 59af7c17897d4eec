"""What a machine may be out of when a leg needs sockets: told apart, so that the leg can say so.

aioice leaves out every address that it cannot bind to, whatever the reason; with no descriptor left
a leg would have no candidate, and fail by its limit without a word of why.
"""

from __future__ import annotations

import errno
import socket
from enum import StrEnum


class Shortage(StrEnum):
    """What there is none of, as an id: the words are a catalogue's."""

    DESCRIPTORS = "no-descriptors"
    MEMORY = "no-memory"


_ERRORS = {
    errno.EMFILE: Shortage.DESCRIPTORS,
    errno.ENFILE: Shortage.DESCRIPTORS,
    errno.ENOMEM: Shortage.MEMORY,
    errno.ENOBUFS: Shortage.MEMORY,
}


class ShortageError(Exception):
    """A leg cannot be set up on this machine now; `why` says what there is none of."""

    def __init__(self, why: Shortage) -> None:
        super().__init__(f"a leg cannot be set up: {why}")
        self.why = why


def shortage_of(problem: BaseException) -> Shortage | None:
    """What an exception tells of; None when it is about something else."""
    if isinstance(problem, MemoryError):
        return Shortage.MEMORY
    return _ERRORS.get(problem.errno or 0) if isinstance(problem, OSError) else None


def check_for_sockets() -> None:
    """Open and close one. Raises ShortageError where the machine has none left."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
    except OSError as problem:
        if (why := shortage_of(problem)) is not None:
            raise ShortageError(why) from problem
