"""What SIP reports of lines: new calls, ringing there, answers, refusals, ends."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from tui import sip
from tui.engine.core import log
from tui.engine.digits import CONTENT_TYPE as DTMF_RELAY
from tui.engine.events import CallOffered, OfferCancelled
from tui.engine.handovers import Handovers
from tui.engine.legs import LegEntry
from tui.engine.lines import BY_PEER, NOT_CONNECTED, Lines
from tui.engine.marks import free_line
from tui.engine.state import Call, CallInput, CallState, Message, Status, message
from tui.engine.targets import Party, caller, contacts_of, wants_auto_answer
from tui.text import clean_text

RINGS: Final = 180.0
"""Seconds that a call may ring here; then 480. A caller that is gone without a word would else
ring for ever."""
AUTO_ANSWER: Final = 1.0
"""Seconds before a call that may be is answered by itself: it is seen and heard first."""
_REFUSED: Final = {
    **dict.fromkeys((486, 600), "line.busy"),
    **dict.fromkeys((603, 607, 608), "line.declined"),
    **dict.fromkeys((404, 410, 414, 416, 484, 485, 604), "line.unknown_number"),
    **dict.fromkeys((408, 480, 487), "line.no_answer"),
    **dict.fromkeys((401, 403, 407), "line.not_allowed"),
    **dict.fromkeys((488, 606), "line.no_common_sound"),
    503: "line.unavailable",
}
_signal = re.compile(rb"[ \t\r\n]*+Signal[ \t]*+=[ \t]*+([0-9*#A-D])").match
IDS: Final = (*dict.fromkeys(_REFUSED.values()), "line.timed_out", "line.gone")
"""Sentences that are chosen from here: a catalogue must have them all."""


class LineEvents:
    """Moves the lines by what the user agent says."""

    def __init__(self, lines: Lines, handovers: Handovers) -> None:
        self.lines = lines
        self.handovers = handovers
        self.calls = lines.calls
        self.core = lines.core
        self.legs = lines.legs
        self.trusted_domain = ""
        self.let_in = False
        """Whether a call that asks to be answered by itself is, when its caller is trusted."""
        self.answer_after: Callable[[Call, float], None] = lambda call, seconds: None

    def handle(self, event: sip.Event) -> None:
        """Take one event of the user agent that the line did not keep for itself."""
        match event:
            case sip.InviteReceived():
                self._invited(event)
            case sip.InviteCancelled(call=handle):
                self._cancelled(handle)
            case sip.Progress(call=handle, status=status, sdp=sdp):
                self._progress(handle, status, sdp)
            case sip.Answered(call=handle, sdp=sdp):
                if leg := self.legs.entry(handle):
                    self.core.spawn(self._answered(leg, sdp))
            case sip.InviteRefused():
                self._refused(event)
            case sip.CallEnded(call=handle, by_peer=by_peer, status=status):
                self._ended(handle, by_peer, status)
            case sip.InfoReceived(call=handle, content_type=content_type, body=body):
                if leg := self.legs.entry(handle):
                    self._digit(leg, content_type, body)
            case sip.ReferReceived():
                self.handovers.asked(event)
            case sip.TransferProgress():
                self.handovers.progress(event)
            case sip.RegistrationFailed(status=status, reason=reason):
                self.core.notice(message("line.refused", status=status, reason=clean_text(reason)))
            case _:
                if not self.legs.renegotiated(event):
                    log.debug("not for us: %s", type(event).__name__)

    def _call(self, leg: LegEntry | None) -> Call | None:
        call = None if leg is None else self.calls.by_key(leg.key)
        return call if call is not None and call.live else None

    # ------------------------------------------------------------ they call

    def _invited(self, event: sip.InviteReceived) -> None:
        party = caller(event, self.lines.domain, self.trusted_domain)
        if event.replaces is not None and (old := self.legs.entry(event.replaces)) is not None:
            self._replaced(old, event, party)
            return
        line = free_line(self.core.snapshot.calls)
        busy = self.core.snapshot.seat.status is not Status.ONLINE
        if line is None or busy:
            log.info("a call while %s: 486", "busy" if busy else "every line is taken")
            self.lines.refuse(event.call, 486)
            return
        call = self.calls.add(
            state=CallState.RINGING,
            outgoing=False,
            number=party.number,
            name=party.name,
            verified=party.verified,
            ccnumber=self.lines.new_id(),
            line=line,
        )
        self.legs.put(LegEntry(event.call, call.key, lasting=True, offer=event.sdp))
        phone = self.legs.phone
        assert phone is not None  # the INVITE came by it
        phone.agent.ring(event.call, phone.now())
        phone.flush()
        self.core.timers.set(f"rings {call.key}", RINGS, lambda: self._rang_out(call.key))
        self.core.emit(CallOffered(call.ccnumber, call.number))
        if self.let_in and party.trusted and wants_auto_answer(event.headers):
            self.answer_after(call, AUTO_ANSWER)

    def _rang_out(self, key: str) -> None:
        call = self.calls.by_key(key)
        if call is not None and call.state is CallState.RINGING:
            leg = self.legs.leg_of(key)
            if leg is not None:
                self.lines.refuse(leg.handle, 480)
            self.lines.end(call, message("line.rang_out"), NOT_CONNECTED, missed=True)

    def _replaced(self, old: LegEntry, event: sip.InviteReceived, party: Party) -> None:
        """Somebody takes the place of the peer of a call (RFC 3891): the call goes on with them,
        and nothing is asked, as whoever knows the dialog's tags was told them by its peer."""
        call = self._call(old)
        if call is None:
            self.lines.refuse(event.call, 481)
            return
        leg = LegEntry(event.call, call.key, lasting=True, offer=event.sdp)
        self.legs.discard(old)
        self.legs.put(leg)
        held = call.state is CallState.HOLDING
        self.calls.put(
            call,
            number=party.number,
            name=party.name,
            verified=party.verified,
            peer_holds=False,
            early=False,
        )
        self.core.spawn(self._take_over(leg, held))

    async def _take_over(self, leg: LegEntry, held: bool) -> None:
        result = await self.lines.take(leg)
        call = self._call(leg)
        if result.ok and call is not None:
            self.core.notice(message("lines.taken_over", number=call.number), serious=False)
            if held:
                self.lines.sound.want_direction(call, "sendonly")

    def _cancelled(self, handle: str) -> None:
        leg = self.legs.entry(handle)
        call = self._call(leg)
        if leg is not None:
            self.legs.discard(leg)
        if call is None or call.answered is not None:
            return
        self.lines.end(call, message("line.gave_up"), NOT_CONNECTED, missed=True)
        self.core.emit(OfferCancelled(call.ccnumber))

    # ------------------------------------------------------------ we call

    def _progress(self, handle: str, status: int, sdp: bytes | None) -> None:
        leg = self.legs.entry(handle)
        call = self._call(leg)
        if leg is None or call is None or call.answered is not None:
            return
        if call.state is CallState.DIALING:
            call = self.calls.move(call, CallInput.ACCEPTED) or call
        self.handovers.call_progress(call, status)
        if sdp is not None and not call.early:
            self.core.spawn(self._early(leg, sdp))
        elif status == 180 and not call.early:
            self.lines.sound.ringback(True)

    async def _early(self, leg: LegEntry, sdp: bytes) -> None:
        if not await self.lines.sound.early(leg, sdp):
            return
        call = self._call(leg)
        if call is not None and call.answered is None:
            self.lines.sound.ringback(False)
            self.calls.put(call, early=True)

    async def _answered(self, leg: LegEntry, sdp: bytes | None) -> None:
        self.lines.sound.ringback(False)
        call = self._call(leg)
        if call is None:
            return
        await self.lines.sound.answered(leg, sdp)
        if (call := self._call(leg)) is not None:
            self.lines.up(call)
            self.handovers.call_answered(call)

    def _refused(self, event: sip.InviteRefused) -> None:
        leg = self.legs.entry(event.call)
        call = self._call(leg)
        if leg is not None:
            self.legs.discard(leg)
        if call is None or call.answered is not None:
            return
        self.handovers.call_refused(call, event.status)
        moved = contacts_of(event.targets, self.lines.domain) if 300 <= event.status < 400 else []
        if moved:
            self.lines.end(call, message("line.moved", to=moved[0].shown), NOT_CONNECTED)
            self.handovers.redirected(call, moved[0])
        else:
            self.lines.end(call, refusal(event.status, event.reason), NOT_CONNECTED)

    def _digit(self, leg: LegEntry, content_type: str, body: bytes) -> None:
        """A tone by INFO, where the peer does not send it beside the sound."""
        found = _signal(body) if content_type == DTMF_RELAY else None
        if found is not None:
            self.legs.received_digit(leg, found[1].decode())

    # ------------------------------------------------------------ over

    def _ended(self, handle: str, by_peer: bool, status: int) -> None:
        leg = self.legs.entry(handle)
        call = self._call(leg)
        if leg is not None:
            self.legs.discard(leg)
        if call is None:
            return
        if by_peer:
            done = self.handovers.outcome_of(call) or message("ended.25", code=BY_PEER)
            self.lines.end(call, done, BY_PEER)
        else:
            why = "line.timed_out" if status == 408 else "line.gone"
            self.lines.end(call, message(why), BY_PEER)


def refusal(status: int, reason: str) -> Message:
    """Why a call came to nothing, in words."""
    found = _REFUSED.get(status)
    if found is not None:
        return message(found, status=status)
    return message("line.call_refused", status=status, reason=clean_text(reason, 60))
