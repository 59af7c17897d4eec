"""Colleagues' lamps: whoever stands in the directory is subscribed to, by two packages.

`dialog` (RFC 4235) says who rings and how it is taken, and of a phone that is not there no more
than that it has no call: Asterisk's hint of one that is signed out is as that of one that is free.
`presence` (RFC 3856) says that nobody is there, and stands alone where a PBX has no dialogs.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from tui.engine.context import EngineContext, log
from tui.engine.numbers import NumberError
from tui.engine.sip_calls.addresses import (
    Destination,
    destination_of,
    parse_destination,
    told_party,
)
from tui.engine.sip_calls.subscriptions.documents import DIALOG, PRESENCE
from tui.engine.sip_calls.subscriptions.keeper import SubscriptionKeeper, Watch
from tui.engine.sip_calls.subscriptions.state import (
    ASKED,
    BAD_EVENT,
    NO_SUCH,
    WatchedState,
    WatchPhase,
)
from tui.platform.base import Seat
from tui.port import replace
from tui.port.colleagues import Colleague, Lamp
from tui.port.events import ColleagueChanged, ColleaguesChanged
from tui.port.values import Message, message
from tui.presence.dialog_info import DialogInfo, WatchedDialog


class Lamps:
    """The lamps of one session. `code`: a call is picked up by a code of the PBX, whatever it tells
    of that call."""

    def __init__(
        self, context: EngineContext, keeper: SubscriptionKeeper, most: int, *, code: bool
    ) -> None:
        self.context = context
        self.keeper = keeper
        self._most = most
        self._code = code
        self._dialogs: dict[str, Watch] = {}
        self._presence: dict[str, Watch] = {}
        """Asked for when the dialogs have said something."""

    def begin(self, people: Sequence[Seat], own: str) -> None:
        """Ask about these people, as many as may be, but not about oneself: `own` is the address
        of record."""
        mine = parse_destination(own, self.keeper.domain).uri
        asked: dict[str, str] = {}
        for seat in people:
            try:
                uri = parse_destination(seat.number, self.keeper.domain).uri
            except NumberError:
                log.info("an entry of the directory has no address: it has no lamp")
                continue
            if uri != mine:
                asked.setdefault(seat.number, seat.displayname)
        left_out = len(asked) - self._most
        if left_out > 0:
            log.warning("%d people of the directory are not asked about", left_out)
        chosen = list(asked.items())[: self._most]
        why = message("watch.asking", reason="", status=0)
        self.context.emit(
            ColleaguesChanged(tuple(Colleague(each, name, why=why) for each, name in chosen))
        )
        for number, _ in chosen:
            self._dialogs[number] = self.keeper.watch(number, DIALOG, partial(self._heard, number))
            self._heard(number)  # somebody may be told of it already

    def end(self) -> None:
        """The session is over: nothing is known of anybody."""
        self._dialogs.clear()
        self._presence.clear()
        if self.context.snapshot.colleagues:
            self.context.emit(ColleaguesChanged(()))

    def _heard(self, number: str, _: WatchedState | None = None) -> None:
        """Something was said of this colleague, by either package."""
        dialogs, colleague = self._dialogs.get(number), self._of(number)
        if dialogs is None or colleague is None:
            return
        if number not in self._presence and _worth_asking(dialogs.state):
            # Put there first: what it says may be known already.
            self._presence[number] = self.keeper.watch(
                number, PRESENCE, partial(self._heard, number)
            )
        presence = self._presence.get(number)
        lamp, why = lamp_of(dialogs.state, WatchedState() if presence is None else presence.state)
        ringing = rings(dialogs.state) if lamp is Lamp.RINGING else None
        since = colleague.since if lamp is colleague.lamp else self.context.clock()
        changed = replace(
            colleague,
            lamp=lamp,
            since=since,
            who="" if ringing is None else self._who(ringing),
            pick_up=lamp is Lamp.RINGING and (self._code or self.way_to(number) is not None),
            why=why,
        )
        if changed != colleague:
            self.context.emit(ColleagueChanged(changed))

    def _of(self, number: str) -> Colleague | None:
        known = self.context.snapshot.colleagues
        return next((each for each in known if each.number == number), None)

    def _who(self, dialog: WatchedDialog) -> str:
        remote = dialog.remote
        return told_party(remote.display, remote.identity, self.keeper.domain)

    # ------------------------------------------------------------ what rings there

    def ringing(self, number: str) -> WatchedDialog | None:
        """The call that rings at this colleague."""
        watch = self._dialogs.get(number)
        return None if watch is None else rings(watch.state)

    def way_to(self, number: str) -> tuple[Destination, str] | None:
        """Whom to call with which Replaces to take that call; None where the PBX tells too little
        for that. A Contact is the caller's own word: it leads to no number at our own PBX, which
        might be a costly one."""
        dialog = self.ringing(number)
        way = None if dialog is None else dialog.pick_up
        if dialog is None or way is None:
            return None
        domain = self.keeper.domain
        target = destination_of(way.target, domain)
        if target is None or "@" not in target.shown:  # a number of ours, or no address at all
            target = destination_of(dialog.remote.identity, domain)
        return None if target is None else (target, way.replaces)


def _worth_asking(dialogs: WatchedState) -> bool:
    """Whether the PBX knows that phone, as far as its dialogs say."""
    if dialogs.phase is WatchPhase.REFUSED:
        return dialogs.status != NO_SUCH
    return dialogs.phase is WatchPhase.ACTIVE


def lamp_of(dialogs: WatchedState, presence: WatchedState) -> tuple[Lamp, Message | None]:
    """What both say together, and why nothing is known. Whoever has a call is not away; whoever has
    none is free only where presence does not say otherwise."""
    if dialogs.document is None:
        if presence.document is not None and dialogs.phase is not WatchPhase.ASKING:
            return presence.lamp, None
        no_dialogs = dialogs.phase is WatchPhase.REFUSED and dialogs.status == BAD_EVENT
        return Lamp.UNKNOWN, presence.why if no_dialogs else dialogs.why
    if dialogs.lamp is not Lamp.IDLE:
        return dialogs.lamp, None
    if presence.cause in ASKED:
        return Lamp.UNKNOWN, presence.why
    return (Lamp.AWAY if presence.lamp is Lamp.AWAY else Lamp.IDLE), None


def rings(state: WatchedState) -> WatchedDialog | None:
    """The first call that rings there."""
    if not isinstance(state.document, DialogInfo):
        return None
    return next((each for each in state.document.dialogs if each.rings), None)
