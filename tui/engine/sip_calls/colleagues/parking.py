"""Calls that wait in a slot of the PBX until somebody fetches them.

A call is parked by a transfer to the code of the config. Where it went is what the slots' own
hints say: the one that became taken after our transfer has our call in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from tui.engine.context import EngineContext, log
from tui.engine.numbers import NumberError
from tui.engine.sip_calls.addresses import told_party
from tui.engine.sip_calls.subscriptions.documents import DIALOG
from tui.engine.sip_calls.subscriptions.keeper import SubscriptionKeeper
from tui.engine.sip_calls.subscriptions.state import WatchedState
from tui.port import replace
from tui.port.colleagues import Lamp, ParkingSlot, parked
from tui.port.events import NoticeChanged, ParkingChanged, ParkingSlotChanged
from tui.port.snapshot import Call
from tui.port.values import Message, message
from tui.presence.dialog_info import DialogInfo

MOST_SLOTS: Final = 12
SOON: Final = 30.0
"""Seconds within which a slot that becomes taken has the call that we transferred."""
_SLOT: Final = "{slot}"


@dataclass(slots=True)
class _OnItsWay:
    """A call that is being parked: who is in it, in which slot ("": the PBX chooses)."""

    key: str
    who: str
    slot: str
    until: float


class Parking:
    """The slots of one session. `park` and `fetch` are the codes of the config."""

    def __init__(
        self, context: EngineContext, keeper: SubscriptionKeeper, park: str, fetch: str
    ) -> None:
        self.context = context
        self.keeper = keeper
        self._park, self._fetch = park, fetch
        self._way: _OnItsWay | None = None

    def begin(self, slots: Sequence[str]) -> None:
        """Ask about these slots."""
        chosen = tuple(dict.fromkeys(slots))[:MOST_SLOTS]
        if len(chosen) < len(slots):
            log.warning("of %d parking slots the first %d are shown", len(slots), len(chosen))
        if not chosen:
            return
        why = message("watch.asking", reason="", status=0)
        self.context.emit(ParkingChanged(tuple(ParkingSlot(slot, why=why) for slot in chosen)))
        for slot in chosen:
            try:
                watch = self.keeper.watch(slot, DIALOG, partial(self._heard, slot))
            except NumberError:
                log.warning("a parking slot of the config is no address")
                continue
            self._heard(slot, watch.state)

    def end(self) -> None:
        """The session is over."""
        self._way = None
        if self.context.snapshot.parking:
            self.context.emit(ParkingChanged(()))

    # ------------------------------------------------------------ what is asked

    def free_slot(self, wanted: str) -> str | None:
        """The slot to park in: the one wanted, else one that is free for certain, else one of which
        nothing is known; "" where the PBX chooses, None where all are taken."""
        if wanted or _SLOT not in self._park:
            return wanted
        slots = self.context.snapshot.parking
        for taken in (False, None):
            if found := next((each.slot for each in slots if each.taken is taken), None):
                return found
        return None

    def target(self, slot: str) -> str:
        """Where a call is transferred to be parked in that slot."""
        return self._park.replace(_SLOT, slot)

    def fetch_target(self, slot: str) -> tuple[str, str] | None:
        """What is called to fetch from that slot, and who waits there as far as that is known; ""
        from the best one. None: none is known to be taken."""
        waiting = parked(self.context.snapshot.parking)
        if not slot and not waiting:
            return None
        slot = slot or waiting[0].slot
        who = next((each.who for each in waiting if each.slot == slot), "")
        return self._fetch.replace(_SLOT, slot), who

    def transferred(self, call: Call, slot: str) -> None:
        """Our transfer is on its way."""
        who = call.name or call.number
        self._way = _OnItsWay(call.key, who, slot, self.context.clock() + SOON)

    def not_transferred(self) -> None:
        """It could not be asked for."""
        self._way = None

    def call_changed(self, before: Call | None, call: Call) -> None:
        """The transfer of a call that is being parked came to nothing: it is still here."""
        way = self._way
        if way is None or way.key != call.key or not call.live:
            return
        if before is not None and before.transfer and not call.transfer:
            self._way = None

    # ------------------------------------------------------------ what the PBX says

    def _heard(self, name: str, state: WatchedState) -> None:
        slot = next((each for each in self.context.snapshot.parking if each.slot == name), None)
        if slot is None:
            return
        taken = None if state.lamp is Lamp.UNKNOWN else state.lamp is not Lamp.IDLE
        changed = replace(slot, taken=taken, why=state.why)
        if taken is not slot.taken:
            # After a connection that was lost it may be another's call that waits there.
            changed = replace(changed, since=self.context.clock(), who="", ours=False)
            if taken:
                changed = self._filled(changed, state, was_free=slot.taken is False)
        if changed != slot:
            self.context.emit(ParkingSlotChanged(changed))
        if changed.ours and not slot.ours:
            self.context.notice(_where(changed), serious=False)
        elif slot.ours and not changed.ours:
            self._withdraw(slot)

    def _withdraw(self, slot: ParkingSlot) -> None:
        """It waits there no longer, or nobody knows: that is not said any more."""
        notice = self.context.snapshot.notice
        if notice is not None and notice.message == _where(slot):
            self.context.emit(NoticeChanged(None))

    def _filled(self, slot: ParkingSlot, state: WatchedState, *, was_free: bool) -> ParkingSlot:
        way = self._way
        # Where the PBX chooses, it is a slot that was free for certain.
        meant = way is not None and (way.slot == slot.slot or (not way.slot and was_free))
        if way is not None and meant and self.context.clock() < way.until:
            self._way = None
            return replace(slot, who=way.who, ours=True)
        if isinstance(state.document, DialogInfo) and state.document.dialogs:
            remote = state.document.dialogs[0].remote
            domain = self.keeper.domain
            return replace(slot, who=told_party(remote.display, remote.identity, domain))
        return slot


def _where(slot: ParkingSlot) -> Message:
    return message("park.parked", who=slot.who, slot=slot.slot)
