"""The seat's status as a table: which status follows which input.

The table is the only place that decides which state follows which. An input that it does not list
for a state changes nothing: the step returns the state it was given, and the engine logs it.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Final


class Status(IntEnum):
    """`statusChanged`: the seat's status as the platform says it."""

    OFFLINE = 0
    ONLINE = 1
    BUSY = 2


class SeatState(IntEnum):
    """`checkSeatState`."""

    OFFLINE = 0
    IDLE = 1
    BUSY = 2
    RINGING = 3
    TALKING = 4
    HOLDING = 5


class SeatInput(StrEnum):
    """What can move the seat's status."""

    PLATFORM_OFFLINE = "platform says offline"
    PLATFORM_ONLINE = "platform says online"
    PLATFORM_BUSY = "platform says busy"
    IDLE_CONFIRMED = "200 to our idle"
    BUSY_CONFIRMED = "200 to our busy"
    SIGNED_OUT = "signed out, kicked or never in"


SEAT_TABLE: Final[dict[tuple[Status, SeatInput], Status]] = {
    (Status.OFFLINE, SeatInput.PLATFORM_ONLINE): Status.ONLINE,
    (Status.OFFLINE, SeatInput.PLATFORM_BUSY): Status.BUSY,
    # checkLogin stays 0 until the platform's own "online" comes, so a 200 to the idle that
    # registration sends moves nothing: (OFFLINE, IDLE_CONFIRMED) is not listed.
    (Status.ONLINE, SeatInput.PLATFORM_OFFLINE): Status.OFFLINE,
    (Status.ONLINE, SeatInput.PLATFORM_BUSY): Status.BUSY,
    (Status.ONLINE, SeatInput.BUSY_CONFIRMED): Status.BUSY,
    (Status.ONLINE, SeatInput.SIGNED_OUT): Status.OFFLINE,
    (Status.BUSY, SeatInput.PLATFORM_OFFLINE): Status.OFFLINE,
    (Status.BUSY, SeatInput.PLATFORM_ONLINE): Status.ONLINE,
    (Status.BUSY, SeatInput.IDLE_CONFIRMED): Status.ONLINE,
    (Status.BUSY, SeatInput.SIGNED_OUT): Status.OFFLINE,
}


def step_seat(status: Status, given: SeatInput) -> Status:
    """The status that follows; unchanged when the table lists nothing."""
    return SEAT_TABLE.get((status, given), status)
