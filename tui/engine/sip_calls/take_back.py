"""Calls that an engine left up at the PBX when it was killed: the dialog outlives the engine there.
Each is taken back, by an INVITE with Replaces (RFC 3891) that names it, or ended; none is left up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tui import sip
from tui.engine.audio.leg_entry import LegEntry
from tui.engine.audio.leg_machine import LegPhase
from tui.engine.calls import NOT_CONNECTED
from tui.engine.context import log
from tui.engine.numbers import NumberError
from tui.engine.sip_calls.addresses import parse_destination
from tui.engine.sip_calls.commands import SipCommands
from tui.engine.sip_calls.line_selection import free_line
from tui.port.machines.call_machine import CallInput, CallState
from tui.port.snapshot import Call
from tui.port.values import Leg, message

if TYPE_CHECKING:
    from tui.engine.session.crash_note import Remembered

LIMIT: Final = 15.0
"""Seconds for the PBX to let a call be taken back; then it is ended."""
_ANOTHER_WAY: Final = (404, 416, 480, 484, 604)
"""Refusals that are about the address, not about the call: the next one is tried."""


@dataclass(slots=True)
class _Left:
    """A call that is being taken back: the handle of its old dialog, and where to ask next."""

    remembered: Remembered
    old: str
    ways: Iterator[tuple[str, tuple[tuple[str, str], ...]]] = field(
        default_factory=lambda: iter(())
    )


class TakeBack:
    """Takes back the calls of one session."""

    def __init__(self, commands: SipCommands) -> None:
        self.commands = commands
        self.calls = commands.calls
        self.context = commands.context
        self.legs = commands.legs
        self._left: dict[str, _Left] = {}
        """By the call's key."""

    def begin(self, remembered: Remembered) -> None:
        """A call of the engine that died, and its others."""
        for each in (remembered, *remembered.others):
            self._begin(each)

    def _begin(self, remembered: Remembered) -> None:
        up = remembered.answered is not None
        call = self.calls.add(
            state=CallState.PROCEEDING if remembered.outgoing or up else CallState.RINGING,
            outgoing=remembered.outgoing,
            number=remembered.number,
            name=remembered.name,
            verified=remembered.verified,
            ccnumber=remembered.ccnumber,
            began=remembered.began,
            answered=remembered.answered,
            muted=remembered.muted,
            note=remembered.note,
            line=free_line(self.context.snapshot.calls) or 1,
            recovered=True,
            leg=Leg.LOST,
        )
        if remembered.dialog is None:
            self._lost(call, remembered)
            return
        try:
            old = self.legs.phone.restore(remembered.dialog)
        except sip.LocalProtocolError as error:
            log.warning("a call could not be taken up again: %s", error)
            self._lost(call, remembered)
            return
        left = self._left[call.key] = _Left(remembered, old)
        left.ways = iter(self._ways(remembered, remembered.dialog))
        self.commands.held.mark(call.key)
        self.context.timers.set(f"take back {call.key}", LIMIT, lambda: self._give_up(call.key))
        self.context.spawn(self._ask(call.key, left))

    def _ways(
        self, remembered: Remembered, dialog: sip.KeptDialog
    ) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
        """Whom to ask: through the proxies of the dialog its peer; without any, whatever number
        leads to the PBX that has the dialog: the peer's, ours, and its Contact."""
        named = sip.phone_uri(sip.parse_name_addr(dialog.ours).uri, self.commands.domain)
        if dialog.routes:
            return [(dialog.target, tuple(("Route", each) for each in dialog.routes))]
        ways = [f"sip:{named.user}@{self.commands.domain}", dialog.target]
        try:
            ways.insert(0, parse_destination(remembered.number, self.commands.domain).uri)
        except NumberError:
            log.info("a call without a number is taken back by our own")
        return [(way, ()) for way in dict.fromkeys(ways)]

    async def _ask(self, key: str, left: _Left) -> None:
        """Ask at the next address; none is left: the call is ended."""
        way = next(left.ways, None)
        call = self._still_left(key)
        if call is None or way is None:
            self._give_up(key)
            return
        leg = LegEntry("", key, self.commands.sound, phase=LegPhase.CALLING, replaces=left.old)
        try:
            media = await self.commands.sound.open(leg)
            offer = await media.offer()
            if self._still_left(key) is None:
                self.commands.sound.forget(leg)
                return
            replaces = self.legs.phone.replaces_header(left.old)
            headers = (*way[1], ("Require", "replaces"), ("Replaces", replaces))
            media.mute(call.muted)
            leg.handle = self.legs.phone.invite(way[0], offer.encode(), headers)
        except Exception as error:
            log.warning("a call could not be taken back: %s", error)
            self.commands.sound.forget(leg)
            self._give_up(key)
            return
        self.legs.put(leg)
        self.calls.put(call, leg=Leg.CONNECTING)

    # ------------------------------------------------------------ what the PBX says

    def answered(self, leg: LegEntry, call: Call) -> None:
        """The PBX put us in the place of the dead engine."""
        left = self._left.get(call.key)
        if left is None:
            return
        held = left.remembered.held
        self._hang_up_old(call.key)
        leg.replaces = ""
        moved = self.calls.move(call, CallInput.ANSWERED)
        if moved is None:
            return
        others = [each for each in self.calls.live if each.state is CallState.TALKING]
        if held or any(each.key != call.key for each in others):
            self.commands.held.hold_now(moved)
        else:
            self.commands.sound.plug(moved, True)
        self.context.notice(message("lines.taken_back", number=call.number), serious=False)

    def refused(self, call: Call, status: int) -> None:
        """The PBX did not: at another address, or not at all."""
        left = self._left.get(call.key)
        if left is None:
            return
        if status in _ANOTHER_WAY:
            self.context.spawn(self._ask(call.key, left))
        else:
            self._give_up(call.key)

    def _give_up(self, key: str) -> None:
        left, call = self._left.get(key), self._still_left(key)
        if left is not None and call is not None:
            self._lost(call, left.remembered)

    def _lost(self, call: Call, remembered: Remembered) -> None:
        """It cannot be had back: it is ended there, goes into the history, and that is said. The
        talk time goes to the last instant that is known of."""
        lost = message("lines.lost_with_engine", number=call.number)
        talked = remembered.talked(self.context.clock())
        reason = NOT_CONNECTED
        self.calls.end(call, CallInput.ENDED, lost, reason=reason, talk_time=talked)
        self.context.notice(lost)

    def call_over(self, key: str) -> None:
        """A call is over, whoever ended it: no dialog of it is left up."""
        self._hang_up_old(key)

    def _hang_up_old(self, key: str) -> None:
        self.context.timers.cancel(f"take back {key}")
        left = self._left.pop(key, None)
        if left is None:
            return
        try:
            self.legs.phone.bye(left.old)
        except sip.LocalProtocolError:
            log.debug("the PBX has ended the old dialog already")

    def _still_left(self, key: str) -> Call | None:
        return self.calls.live_by_key(key) if key in self._left else None
