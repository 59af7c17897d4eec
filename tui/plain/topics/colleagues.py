"""What a PBX tells of others: who rings and can be picked up, parked calls, the mailbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.console.actions import conditions as when
from tui.console.i18n import tr
from tui.console.screens.directory.model import matches
from tui.console.widgets.formats import spaced
from tui.plain.topics.calls import which
from tui.port.colleagues import Colleague, ParkingSlot, parked, ringing_first
from tui.port.commands import CallMailbox, FetchParked, ParkCall, PickUpCall

if TYPE_CHECKING:
    from tui.plain.desk import PlainDesk


async def pick_up(desk: PlainDesk, rest: str) -> None:
    """Take what rings at a colleague; of several, ask whose."""
    ringing = ringing_first(desk.view.snapshot.colleagues)
    found = [each for each in ringing if matches(rest, each.number, each.name, each.who)]
    if not found:
        desk.talk.say(tr("plain.nobody_called", text=rest))
        return
    at: int | None = 0
    if len(found) > 1:

        def still() -> bool:
            return when.can_pick_up(desk.view)

        at = await desk.talk.choose(
            tr("plain.which"), [_rings(each) for each in found], valid=still
        )
    if at is not None:
        await desk.send(PickUpCall(found[at].number))


async def park(desk: PlainDesk, rest: str) -> None:
    """Have the call wait in a slot of the PBX."""
    await desk.send(ParkCall(ccnumber=which(desk)))


async def fetch(desk: PlainDesk, rest: str) -> None:
    """Take a parked call: the one of that slot, else of several ask which."""
    waiting = parked(desk.view.snapshot.parking)
    if rest or len(waiting) == 1:
        await desk.send(FetchParked(rest or waiting[0].slot))
        return
    at = await desk.talk.choose(tr("plain.which"), [_waits(each) for each in waiting])
    if at is not None:
        await desk.send(FetchParked(waiting[at].slot))


async def voicemail(desk: PlainDesk, rest: str) -> None:
    """Hear what waits in the mailbox."""
    await desk.send(CallMailbox())


def _rings(colleague: Colleague) -> str:
    name = f"{colleague.number} {colleague.name}".strip()
    return tr("plain.comma").join(each for each in (name, spaced(colleague.who)) if each)


def _waits(slot: ParkingSlot) -> str:
    return tr("plain.comma").join(each for each in (slot.slot, spaced(slot.who)) if each)
