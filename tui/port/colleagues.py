"""What an ordinary PBX tells of others: colleagues' phones, the mailbox, calls that are parked.

Nothing of it is known before the PBX has confirmed it on this connection; `why` then says in words
what keeps it from being known.
"""

from __future__ import annotations

from tui.plain_value import PlainValue
from tui.port.values import Message
from tui.presence.lamp import Lamp as Lamp

# The lamp crosses the port as it is: whoever looks at an engine takes it from here.


class Colleague(PlainValue, frozen=True):
    """The phone of somebody of the directory, who has this number there. `since` is when `lamp`
    became so, as far as this phone knows."""

    number: str
    name: str = ""
    lamp: Lamp = Lamp.UNKNOWN
    since: float = 0.0
    who: str = ""
    """Who rings there, where the PBX tells."""
    pick_up: bool = False
    """What rings there can be taken from here (`PickUpCall`)."""
    why: Message | None = None


class Mailbox(PlainValue, frozen=True):
    """The agent's mailbox. `waiting` None: not known. The counts are of spoken messages, None
    where none were told; `number` is what is called to hear them, "" for nothing."""

    waiting: bool | None = None
    new: int | None = None
    old: int | None = None
    number: str = ""
    why: Message | None = None


class ParkingSlot(PlainValue, frozen=True):
    """A place where a call can wait for whoever fetches it. `taken` None: not known. `who` is for
    display: whom this phone parked there, or what the PBX tells."""

    slot: str
    taken: bool | None = None
    since: float = 0.0
    who: str = ""
    ours: bool = False
    """This phone parked it there."""
    why: Message | None = None


def with_colleague(
    colleagues: tuple[Colleague, ...], colleague: Colleague
) -> tuple[Colleague, ...]:
    """The same with this one in place of the one of its number."""
    return tuple(colleague if each.number == colleague.number else each for each in colleagues)


def with_slot(slots: tuple[ParkingSlot, ...], slot: ParkingSlot) -> tuple[ParkingSlot, ...]:
    """The same with this one in place of the one of its name."""
    return tuple(slot if each.slot == slot.slot else each for each in slots)


def ringing_first(colleagues: tuple[Colleague, ...]) -> list[Colleague]:
    """Whose call can be picked up, who rings longest first."""
    found = (each for each in colleagues if each.lamp is Lamp.RINGING and each.pick_up)
    return sorted(found, key=lambda each: each.since)


def parked(slots: tuple[ParkingSlot, ...]) -> list[ParkingSlot]:
    """The slots in which a call waits: those that this phone parked first, the newest of them."""
    taken = (each for each in slots if each.taken)
    return sorted(taken, key=lambda each: (not each.ours, -each.since))
