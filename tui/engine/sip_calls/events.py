"""What SIP reports of calls: new calls, ringing there, answers, refusals, ends."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from tui import sip
from tui.engine.audio.dtmf import told_digit
from tui.engine.audio.leg_entry import LegEntry
from tui.engine.calls import BY_PEER, NOT_CONNECTED
from tui.engine.context import log
from tui.engine.outcome import with_info
from tui.engine.sip_calls.addresses import Caller, caller_of, connected_to, contacts_of, shown_peer
from tui.engine.sip_calls.commands import SipCommands
from tui.engine.sip_calls.early_sound import EarlySound
from tui.engine.sip_calls.legs import UNUSABLE
from tui.engine.sip_calls.line_selection import free_line
from tui.engine.sip_calls.refusals import (
    MOST_WORDS,
    REFUSAL_IDS,
    cause,
    own_words,
    refusal,
    with_words,
)
from tui.engine.sip_calls.take_back import TakeBack
from tui.engine.sip_calls.transfers import Transfers
from tui.media.sdp.direction import Direction
from tui.port.events import CallOffered, OfferCancelled
from tui.port.machines.call_machine import CallInput, CallState, LineSoundInput
from tui.port.machines.seat_machine import Status
from tui.port.snapshot import Call, CallEnd
from tui.port.values import Message, message
from tui.text import clean_text

RINGS: Final = 180.0
"""Seconds that a call may ring here; then 480. A caller that is gone without a word would else
ring for ever."""
ROUNDS: Final = 60.0
"""Seconds from the end of an unanswered call within which the same caller is still waiting: a queue
rings again and again for one caller, who is missed once."""
MOST_TRACES: Final = 30
"""Calls turned away within `ROUNDS` that leave a row each: a flood would push the calls of the day
out of the list."""
AUTO_ANSWER: Final = 1.0
"""Seconds before a call that may be is answered by itself: it is seen and heard first."""
_RINGING: Final = 180
_OUT_OF_IT: Final = 199
"""Of several phones one is out of the call (RFC 6228)."""
_SAYS: Final = {181: "line.forwarded", 182: "line.queued"}
"""What a provisional answer says of the call, as a sentence."""
_ENDS: Final = {408: "line.timed_out", 488: "unusable.no-audio"}
"""Why a call ended that its peer did not hang up, by its status; else the peer knew of none."""
_NO_TARGETS: Final = (305, 380)
"""Redirections whose Contact is nobody to call: a proxy, or the address of some other service."""
_NOBODY_ANYWHERE: Final = 600
"""From this status on there is nobody at any other address either (RFC 3261 §21.6)."""
IDS: Final = (
    *REFUSAL_IDS,
    *(f"unusable.{why}" for why in UNUSABLE),
    *("lines.sound_failed", "lines.sound_lost"),
    *("line.gone", "line.elsewhere", "line.rang_out", "line.gave_up", "line.unconfirmed"),
    *("line.says", *_SAYS.values(), "line.transfer_failed", "line.transfer_failed_later"),
    *("line.lost_ringing", "line.lost_dialling"),
)
"""Sentences that are chosen from here: a catalogue must have them all."""


class SipEvents:
    """Moves the calls by what the user agent says."""

    def __init__(
        self,
        commands: SipCommands,
        transfers: Transfers,
        take_back: TakeBack,
        answer_after: Callable[[Call, float], None],
        *,
        trusted_domain: str,
        let_in: bool,
        trace: Callable[[Call], None],
    ) -> None:
        self.commands = commands
        self.transfers = transfers
        self.take_back = take_back
        self.calls = commands.calls
        self.context = commands.context
        self.legs = commands.legs
        self._early_sound = EarlySound(commands)
        self._answer_after = answer_after
        """Answers a call by itself after so many seconds."""
        self._trusted_domain = trusted_domain
        self._let_in = let_in
        """Whether a call that asks to be answered by itself is, when its caller is trusted."""
        self._trace = trace
        """Told of a call that never was on the screen."""
        self._waiting: dict[str, float] = {}
        """Callers who were missed and may ring again in another round: until when, by number."""
        self._turned_away: dict[str, float] = {}
        """The same of callers who were turned away unseen."""
        self._traces: deque[float] = deque(maxlen=MOST_TRACES)
        """When calls that were turned away have left a row."""

    def handle(self, event: sip.Event) -> None:
        """Take one event of the user agent that the line did not keep for itself."""
        match event:
            case sip.InviteReceived():
                self._invited(event)
            case sip.InviteCancelled():
                self._cancelled(event)
            case sip.Progress():
                self._connected(event)
                self._progress(event)
                self._says(event)
            case sip.InviteAnswered(call=handle, sdp=sdp):
                self._connected(event)
                if leg := self.legs.entry(handle):
                    self.context.spawn(self._answered(leg, sdp))
            case sip.InviteRefused():
                self._refused(event)
            case sip.CallEnded():
                self._ended(event)
            case sip.HangUpRefused(status=status, reason=reason, peer=peer):
                number = shown_peer(peer, self.commands.domain)
                refused = message("line.hang_up_refused", number=number, status=status)
                self.context.notice(with_info(refused, own_words(status, reason)))
            case sip.InfoReceived(call=handle, content_type=content_type, body=body):
                self._connected(event)
                if leg := self.legs.entry(handle):
                    self._digit(leg, content_type, body)
            case sip.DialogUpdated():
                self._connected(event)
            case sip.ReferReceived():
                self.transfers.asked(event)
            case sip.TransferProgress():
                self.transfers.progress(event)
            case sip.RegistrationFailed(status=status, reason=reason, final=final):
                said = "line.refused" if final else "line.lapsed"
                self.context.notice(message(said, status=status, reason=clean_text(reason)))
            case _:
                if isinstance(event, sip.Established | sip.ReinviteReceived | sip.ReinviteAccepted):
                    self._connected(event)
                if not self.legs.handle(event):
                    log.debug("not for us: %s", type(event).__name__)

    def _call(self, leg: LegEntry | None) -> Call | None:
        return None if leg is None else self.calls.live_by_key(leg.key)

    # ------------------------------------------------------------ they call

    def _invited(self, event: sip.InviteReceived) -> None:
        who = caller_of(event, self.commands.domain, self._trusted_domain)
        if event.replaces is not None and (old := self.legs.entry(event.replaces)) is not None:
            self._replaced(old, event, who)
            return
        snapshot = self.context.snapshot
        line, seat = free_line(snapshot.calls), snapshot.seat
        # A queue may send a call before it has said that the pause is over, which was asked for.
        idle = Status.ONLINE in (seat.status, seat.pending)
        busy = not idle or snapshot.wrapup is not None
        if line is None or busy:
            log.info("a call while %s: 486", "busy" if busy else "every line is taken")
            self.commands.refuse(event.call, 486)
            self._refused_here(who, "line.busy_here" if busy else "line.all_taken")
            return
        id = self.commands.new_id()
        self.calls.note(id, "header", event.headers)
        call = self.calls.add(
            state=CallState.RINGING,
            outgoing=False,
            number=who.number,
            name=who.name,
            verified=who.verified,
            ccnumber=id,
            line=line,
        )
        self.legs.put(self._entry(event, call.key))
        self.legs.phone.ring(event.call)
        self.context.timers.set(f"rings {call.key}", RINGS, lambda: self._rang_out(call.key))
        self.context.emit(CallOffered(call.ccnumber, call.number))
        if self._let_in and who.trusted and sip.wants_auto_answer(event.headers):
            self._answer_after(call, AUTO_ANSWER)

    def _entry(self, event: sip.InviteReceived, key: str) -> LegEntry:
        own = event.of_registrar
        return LegEntry(event.call, key, self.commands.sound, offer=event.sdp, of_registrar=own)

    def _refused_here(self, who: Caller, why: str) -> None:
        """A call that was turned away unseen: it leaves a trace, and is not missed. A queue tries a
        busy seat every few seconds: that is one trace for each caller who waits."""
        now = self.context.clock()
        self._turned_away = {n: until for n, until in self._turned_away.items() if until > now}
        if who.number in self._turned_away:
            self._turned_away[who.number] = now + ROUNDS
            return
        if len(self._traces) == MOST_TRACES and self._traces[0] > now - ROUNDS:
            if "turned away" not in self.context.timers:
                self.context.timers.pause("turned away", ROUNDS)
                self.context.notice(message("line.many_turned_away", count=MOST_TRACES))
            return
        self._traces.append(now)
        if who.number:
            self._turned_away[who.number] = now + ROUNDS
        call = Call(
            key="",
            state=CallState.ENDED,
            outgoing=False,
            number=who.number,
            name=who.name,
            verified=who.verified,
            since=now,
            began=now,
            ccnumber=self.commands.new_id(),
            end=CallEnd(NOT_CONNECTED),
            outcome=message(why),
        )
        self._trace(call)

    def _connected(
        self,
        event: sip.Progress
        | sip.InviteAnswered
        | sip.Established
        | sip.ReinviteReceived
        | sip.ReinviteAccepted
        | sip.DialogUpdated
        | sip.InfoReceived,
    ) -> None:
        """Somebody else may be at the other end now: who answered of a queue, or whom the PBX put
        in. Where a message tells nothing, or nothing that counts, the party is the one known."""
        leg = self.legs.entry(event.call)
        call = self._call(leg)
        if leg is None or call is None:
            return
        who = connected_to(
            event.asserted, self.commands.domain, self._trusted_domain, own=leg.of_registrar
        )
        if who is None or (not who.number and not who.name):
            return
        same = who.number == call.number
        # The name of the one who was there before is not the new one's.
        name = who.name or (call.name if same else "")
        if (who.number, name) != (call.number, call.name):
            self.calls.put(call, number=who.number, name=name, verified=who.verified)

    def _rang_out(self, key: str) -> None:
        call = self.calls.by_key(key)
        if call is not None and call.state is CallState.RINGING:
            leg = self.legs.leg_of(key)
            if leg is not None:
                self.commands.refuse(leg.handle, 480)
            self._unanswered(call, message("line.rang_out"))

    def _unanswered(self, call: Call, why: Message) -> None:
        """Nobody took a call here: it is missed, but for a further round of one who is waiting."""
        now = self.context.clock()
        self._waiting = {who: until for who, until in self._waiting.items() if until > call.began}
        again = call.number in self._waiting
        if call.number:
            self._waiting[call.number] = now + ROUNDS
        self.commands.end(call, why, NOT_CONNECTED, missed=not again)

    def _replaced(self, old: LegEntry, event: sip.InviteReceived, who: Caller) -> None:
        """Somebody takes the place of the peer of a call (RFC 3891): the call goes on with them,
        and nothing is asked, as whoever knows the dialog's tags was told them by its peer."""
        call = self._call(old)
        if call is None:
            self.commands.refuse(event.call, 481)
            return
        leg = self._entry(event, call.key)
        leg.succeeds = old
        self.legs.put(leg)
        self.context.spawn(self._take_over(leg, who))

    async def _take_over(self, leg: LegEntry, who: Caller) -> None:
        """Until the new one has its answer the call goes on as it is: what cannot be answered
        changes nothing (RFC 3891 §3)."""
        result = await self.commands.take(leg)
        call = self._call(leg)
        if call is None:
            return
        if not result.ok:
            self.context.notice(message("lines.not_taken_over", number=who.number))
            return
        held = call.state is CallState.HOLDING
        self.calls.sound_changes(
            call,
            LineSoundInput.REPLACED,
            number=who.number,
            name=who.name,
            verified=who.verified,
        )
        self.context.notice(message("lines.taken_over", number=who.number), serious=False)
        if held:
            self.commands.sound.want_direction(call, Direction.SENDONLY)

    def _cancelled(self, event: sip.InviteCancelled) -> None:
        """It rings no more: the caller gave up, somebody else took the call, we lost the line, or
        it rang too long. Missed is only what somebody here could have taken."""
        leg = self.legs.entry(event.call)
        call = self._call(leg)
        if leg is not None:
            self.legs.discard(leg)
        if leg is not None and leg.succeeds is not None:
            if call is not None and not self.legs.has_leg(leg.key):
                self.commands.end(call, message("line.gone"), BY_PEER)
            return
        if call is None or call.answered is not None:
            return
        if event.elsewhere:
            said = with_words(message("line.elsewhere"), event.reasons)
            self.commands.end(call, said, NOT_CONNECTED)
        elif event.flow_lost:
            self.commands.end(call, message("line.lost_ringing"), NOT_CONNECTED)
        elif event.unconfirmed:
            self._unanswered(call, message("line.unconfirmed"))
        else:
            why = message("line.rang_out" if event.timed_out else "line.gave_up")
            self._unanswered(call, with_words(why, event.reasons))
        self.context.emit(OfferCancelled(call.ccnumber))

    # ------------------------------------------------------------ we call

    def _progress(self, event: sip.Progress) -> None:
        leg, status = self.legs.entry(event.call), event.status
        call = self._call(leg)
        if leg is None or call is None or call.answered is not None:
            return
        if call.state is CallState.DIALING:
            call = self.calls.move(call, CallInput.ACCEPTED) or call
        if status == _OUT_OF_IT:
            self._early_sound.over(leg, event.tag)
            return
        self.transfers.call_progress(call, status)
        leg.rings = leg.rings or status == _RINGING
        if event.sdp is not None and (not call.early or leg.changes(event.tag, event.sdp)):
            self.context.spawn(self._early_sound.take(leg, event.tag, event.sdp))
        elif event.sdp is not None and event.tag != leg.early[0]:
            self._early_sound.another(leg, event.tag, event.sdp)
        elif status == _RINGING and not call.early:
            self.commands.sound.ringback(True)

    def _says(self, event: sip.Progress) -> None:
        """What is said of a call while it rings there: that it waits in a queue, or was forwarded,
        and how many are before us, in whatever words."""
        call = self._call(self.legs.entry(event.call))
        if call is None or call.answered is not None or event.status == _OUT_OF_IT:
            return
        own = clean_text(sip.Reason("SIP", event.status, event.reason).own, MOST_WORDS)
        said: Message | None = None
        if (found := _SAYS.get(event.status)) is not None:
            said = with_info(message(found), own)
        elif own:
            said = message("line.says", words=own)
        if said != call.outcome:
            self.calls.put(call, outcome=said)

    async def _answered(self, leg: LegEntry, sdp: bytes | None) -> None:
        self.commands.sound.ringback(False)
        call = self._call(leg)
        if call is None:
            return
        if not await self.commands.sound.answered(leg, sdp):
            return
        if (call := self._call(leg)) is not None and leg.replaces:
            self.take_back.answered(leg, call)
        elif call is not None:
            self.commands.up(call)
            self.transfers.call_answered(call)

    def _refused(self, event: sip.InviteRefused) -> None:
        leg = self.legs.entry(event.call)
        call = self._call(leg)
        if leg is not None:
            self.legs.discard(leg)
        if leg is not None and self.legs.has_successor(leg):
            return
        if leg is not None and call is not None and leg.replaces:
            self.take_back.refused(call, event.status)
            return
        if call is None or call.answered is not None:
            return
        self.transfers.call_refused(call, event.status)
        moved = contacts_of(event.targets, self.commands.domain) if _moves(event.status) else []
        sent_on = self.transfers.sent_on(call, moved)
        if sent_on.new:
            self.commands.end(call, message("line.moved", to=sent_on.shown), NOT_CONNECTED)
            self.transfers.redirected(call, sent_on)
        else:
            why = refusal(event.status, event.reason, event.reasons)
            if event.flow_lost:
                why = message("line.lost_dialling")
            elif event.realm:
                realm = clean_text(event.realm, MOST_WORDS)
                why = message("line.other_realm", realm=realm, status=event.status)
            self.commands.end(call, why, NOT_CONNECTED)
            if event.status < _NOBODY_ANYWHERE and not event.flow_lost:
                self.transfers.go_on(call, sent_on)

    def _digit(self, leg: LegEntry, content_type: str, body: bytes) -> None:
        """A tone by INFO, where the peer does not send it beside the sound."""
        if digit := told_digit(content_type, body):
            self.legs.received_digit(leg, digit)

    # ------------------------------------------------------------ over

    def _ended(self, event: sip.CallEnded) -> None:
        leg = self.legs.entry(event.call)
        call = self._call(leg)
        if leg is not None:
            self.legs.discard(leg)
        if call is None or (leg is not None and self.legs.has_successor(leg)):
            return
        if event.by_peer:
            done = self.transfers.outcome_of(call) or cause(event.reasons)
            said = with_words(done or message("ended.25", code=BY_PEER), event.reasons)
            self.commands.end(call, said, BY_PEER)
        else:
            why = _ENDS.get(event.status, "line.gone")
            said = cause(event.reasons) or message(why)
            self.commands.end(call, with_words(said, event.reasons), BY_PEER)


def _moves(status: int) -> bool:
    """Whether a refusal says where else to call (RFC 3261 §21.3)."""
    return 300 <= status < 400 and status not in _NO_TARGETS
