"""A call as the agent keeps it, the book of all calls, and how calls end.

    invite() ──▶ CALLING ── 2xx ───────────▶ UP ── BYE either way, 408, 481, expiry ──▶ ENDED
                    └─ 3xx–6xx, 32 s, CANCEL, flow lost ─────────────────────────────────▲
    INVITE ────▶ RINGING ── our 2xx ───────▶ UP                                          │
                    └─ our 3xx–6xx, CANCEL, early BYE, flow lost ────────────────────────┘

An ended call leaves the book at once, but for one case: we hung up before the ACK to our 2xx came.
Its BYE then waits for that ACK, or for 64·T1 (RFC 3261 §15).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Final, Protocol

from tui.sip.dialog.dialog import Dialog
from tui.sip.dialog.reliable import RAck
from tui.sip.dialog.session_timer import SessionTimer
from tui.sip.errors import LocalProtocolError
from tui.sip.events import CallEnded, HangUpRefused
from tui.sip.message.header_values import read_seconds
from tui.sip.message.message import Request, Response
from tui.sip.message.reason import Reason
from tui.sip.transaction.machines import T1, T2
from tui.sip.transaction.timers import Timer
from tui.sip.transaction.transaction_layer import Lost, ServerTransaction
from tui.sip.ua.authenticated_request import AuthenticatedRequest
from tui.sip.ua.context import AgentContext

_REMEMBERED: Final = 16
"""Calls of which it is still known that they are over, and not somebody else's."""
_RAISES: Final = 8
"""Times that one call lets its session interval be raised."""

_BYE_AGAIN: Final = (1.0, 4.0, 10.0)
"""Seconds at least after which a BYE that is refused for the moment is said again."""
_BYE_WAIT: Final = 64 * T1
"""Seconds at most, whatever Retry-After says: somebody over there hears nobody."""
_PASSING: Final = frozenset({491, 500, 502, 503, 504})
"""Refusals of a BYE that are about the moment, or about whoever stands between."""
_GONE: Final = frozenset({408, 481})
"""Refusals by which the peer is out of the call as well (RFC 3261 §15.1.2)."""


class CallPhase(StrEnum):
    """How far a call is."""

    CALLING = "calling"
    """Our INVITE has no final answer yet."""
    RINGING = "ringing"
    """Their INVITE waits for our answer."""
    UP = "up"
    """A 2xx went one way or the other."""
    ENDED = "ended"
    """Over. In the book only while a BYE has to wait for the ACK to our 2xx (§15)."""


class PendingInvite(Protocol):
    """What a call needs of the INVITE of ours that began it (`invite_uac.py`)."""

    def cancel(self, now: float) -> None:
        """Give up (§9.1). LocalProtocolError when that is under way already."""

    def give_up(self, now: float) -> None:
        """The same, and nothing when it is under way already."""

    def acknowledge(self, sdp: bytes) -> None:
        """Send the ACK to its 2xx with our answer. LocalProtocolError when it is sent already."""


class RepeatedAnswer:
    """Our 2xx to an INVITE, said again until its ACK comes: after T1, doubling to T2, for 64·T1
    (RFC 3261 §13.3.1.4). A reliable hop to the proxy says nothing about the hops behind it.

    A flow that is lost meanwhile may have taken the ACK along: the 2xx is said again over the next
    one, whoever knows the INVITE there sends its ACK again."""

    def __init__(
        self,
        context: AgentContext,
        transaction: ServerTransaction,
        response: Response,
        give_up: Callable[[float], None],
        now: float,
        *,
        wants_sdp: bool,
    ) -> None:
        transaction.respond(response, now)
        self.cseq = response.cseq.number
        self.wants_sdp = wants_sdp
        """The 2xx held our offer, so the ACK must hold the answer."""
        self._context = context
        self._transaction = transaction
        self._response = response
        self._give_up = give_up
        self._pause = T1
        self._end = now + 64 * T1
        self._timer = context.timers.start(now + self._pause, self._again)

    def _again(self, now: float) -> None:
        if now >= self._end:
            self._give_up(now)
            return
        if self._transaction.over:  # it is when the flow was lost meanwhile
            self._context.transmit(self._response.to_bytes())
        else:
            self._transaction.respond(self._response, now)
        self._pause = min(2 * self._pause, T2)
        self._timer = self._context.timers.start(min(now + self._pause, self._end), self._again)

    def stop(self) -> None:
        """The ACK is here, or nobody waits for it any more."""
        self._timer.stop()


@dataclass(slots=True, eq=False)
class SipCall:
    """One call. `invite` is their first INVITE while it waits, `theirs` their re-INVITE while it
    waits, `ours` our re-INVITE while it is under way."""

    handle: str
    phase: CallPhase
    local_sdp: bytes | None
    interval: int
    """The session interval in seconds that we ask for: raised by 422."""
    min_se: int
    outgoing: PendingInvite | None = None
    """Our INVITE that began it."""
    dialog: Dialog | None = None
    flow_lost: bool = False
    """The flow that it began over is gone: we can reach the peer, it may not reach us."""
    tag: str = ""
    invite: ServerTransaction | None = None
    offerless: bool = False
    """Their waiting INVITE or re-INVITE had no SDP."""
    early: dict[str, Dialog] = field(default_factory=dict)
    """The early dialogs of our INVITE by the peer's tag: one for each phone that rings."""
    replaces: SipCall | None = None
    """The call whose place it takes once it is answered (RFC 3891)."""
    referred: bool = False
    """A REFER came in it before."""
    on_end: Callable[[float], None] | None = None
    """Told when a call that was up ends."""
    unacked: RepeatedAnswer | None = None
    unsent_ack: int | None = None
    """The CSeq of the ACK that waits for `acknowledge()`."""
    ring_limit: Timer | None = None
    """Until when it may ring, or may wait for `acknowledge()`."""
    ring_again: Timer | None = None
    """When our last 1xx is said again."""
    confirmed: bool = False
    """Their INVITE requires that each 1xx of ours be confirmed (RFC 3262)."""
    rseq: int = 0
    """The number of our last 1xx that was to be confirmed; 0 before the first."""
    unconfirmed: RAck | None = None
    """What the PRACK that is waited for has to say."""
    pracked: bool = False
    """A PRACK has come: the caller hears us, and we him."""
    ring_repeat: Timer | None = None
    """When the 1xx that is not confirmed yet is said again."""
    theirs: ServerTransaction | None = None
    """Their re-INVITE, or their UPDATE with an offer, that waits for our answer."""
    theirs_in: Dialog | None = None
    """The dialog that it came in, where that is an early one of ours."""
    theirs_limit: Timer | None = None
    """Until when their re-INVITE may wait."""
    ours: AuthenticatedRequest | None = None
    ours_waits: Timer | None = None
    """Our re-INVITE waits after a 491."""
    ours_limit: Timer | None = None
    """Until when our re-INVITE may wait after a 1xx."""
    glares: int = 0
    """491s to ours in a row."""
    laters: int = 0
    """500s to ours in a row that said when to come again."""
    raised: int = 0
    """How often a 422 raised the interval."""
    refreshing: bool = False
    """`ours` is the session timer's own, nobody asked for it."""
    queued: bytes | None = None
    """SDP that `reinvite()` gave while `refreshing`."""
    session: SessionTimer | None = None
    refresh: Timer | None = None
    expiry: Timer | None = None

    def up(self) -> Dialog:
        """The dialog of a call that is up. LocalProtocolError when it is not."""
        if self.phase is not CallPhase.UP or self.dialog is None:
            raise LocalProtocolError("the call is not up")
        return self.dialog

    def raise_interval(self, shortest: int | None) -> bool:
        """A 422 named its Min-SE. Whether to ask again with that: not for less than we asked, and
        not for ever."""
        if shortest is None or shortest <= self.interval or self.raised >= _RAISES:
            return False
        self.raised += 1
        self.interval = self.min_se = shortest
        return True

    def stop_timers(self) -> None:
        """A call that is over wants no deadline any more."""
        timers = (self.ring_limit, self.ring_again, self.ring_repeat, self.theirs_limit)
        for timer in (*timers, self.ours_waits, self.ours_limit, self.refresh, self.expiry):
            if timer is not None:
                timer.stop()
        self.ring_limit = self.ring_again = self.ring_repeat = None
        self.theirs_limit = self.ours_waits = None
        self.ours_limit = self.refresh = self.expiry = None


class CallBook:
    """All calls of one agent, by handle and by dialog."""

    def __init__(self, context: AgentContext) -> None:
        self._context = context
        self._calls: dict[str, SipCall] = {}
        self._leaving: dict[SipCall, Dialog] = {}
        self._farewells: list[tuple[Dialog, str]] = []
        self._cancels: list[Callable[[float], None]] = []
        self.over: deque[Dialog] = deque(maxlen=_REMEMBERED)
        """The dialogs of the calls that ended last."""

    def __iter__(self) -> Iterator[SipCall]:
        """The calls that are not over."""
        return iter(self._calls.values())

    def __len__(self) -> int:
        return len(self._calls)

    def new(self, phase: CallPhase, sdp: bytes | None) -> SipCall:
        """A call in the book, with a handle of its own and the session interval of the config."""
        config = self._context.config
        handle = self._context.handle("c")
        call = SipCall(handle, phase, sdp, config.session_expires, config.min_se)
        self._calls[handle] = call
        return call

    def get(self, handle: str) -> SipCall:
        """LocalProtocolError when there is no such call (any more)."""
        call = self._calls.get(handle)
        if call is None:
            raise LocalProtocolError("there is no such call")
        return call

    def find(self, request: Request) -> SipCall | None:
        """The call whose dialog a request belongs to."""
        for call in (*self._calls.values(), *self._leaving):
            if call.dialog is not None and call.dialog.matches(request):
                return call
        return None

    def find_early(self, request: Request) -> tuple[SipCall, Dialog] | None:
        """The call of ours, and its early dialog, that a request belongs to."""
        for call in self._calls.values():
            for dialog in call.early.values():
                if dialog.matches(request):
                    return call, dialog
        return None

    def knows(self, request: Request) -> bool:
        """Whether a request belongs to a dialog of ours, early or not."""
        return self.find(request) is not None or self.find_early(request) is not None

    def goes_on(self, request: Request) -> bool:
        """Whether a request belongs to a call that is up, or that we began: not to one that
        anybody may have made ring here."""
        call = self.find(request)
        up = call is not None and call.phase is not CallPhase.RINGING
        return up or self.find_early(request) is not None

    def of_invite(self, transaction: ServerTransaction) -> SipCall | None:
        """The call whose first INVITE, or re-INVITE, waits in this transaction."""
        for call in self._calls.values():
            if transaction in (call.invite, call.theirs):
                return call
        return None

    def remove(self, call: SipCall) -> None:
        """Forget a call without a word."""
        call.phase = CallPhase.ENDED
        call.early.clear()
        call.stop_timers()
        if call.unacked is not None:
            call.unacked.stop()
            call.unacked = None
        self._calls.pop(call.handle, None)
        self._leaving.pop(call, None)

    def end(
        self,
        call: SipCall,
        now: float,
        *,
        status: int,
        reason: str,
        by_peer: bool = False,
        bye: bool = False,
        reasons: tuple[Reason, ...] = (),
    ) -> None:
        """End a call that is up, tell of it, and send the BYE as soon as it may be sent."""
        dialog = call.up()
        if call.theirs is not None:
            self._context.answer(call.theirs, now, 487)
            call.theirs = None
        if call.on_end is not None:
            call.on_end(now)
        self.over.append(dialog)
        unacked = call.unacked
        if bye and unacked is not None:
            # §15: the UAS sends no BYE before the ACK, or before 64·T1 without one.
            call.phase = CallPhase.ENDED
            call.stop_timers()
            del self._calls[call.handle]
            self._leaving[call] = dialog
        else:
            self.remove(call)
            if bye:
                self.say_bye(dialog, now, call.handle)
        self._context.emit(CallEnded(call.handle, by_peer, status, reason, reasons))

    def hang_up(self, call: SipCall, now: float, reason: str = "") -> None:
        """End a call that is up because we want to."""
        if call.unsent_ack is not None and call.outgoing is not None:
            call.outgoing.acknowledge(b"")
        self.end(call, now, status=200, reason=reason, bye=True)

    def give_way(self, call: SipCall, now: float) -> None:
        """Another call was answered in the place of this one: BYE, or CANCEL (RFC 3891 §3)."""
        if call.phase is CallPhase.UP:
            self.hang_up(call, now, "replaced")
        elif call.phase is CallPhase.CALLING and call.outgoing is not None:
            call.outgoing.give_up(now)

    def unanswered(self, call: SipCall, now: float) -> None:
        """64·T1 have gone by without the ACK to our 2xx: BYE."""
        if call.phase is CallPhase.ENDED:
            self.leave(call, now)
        else:
            call.unacked = None
            self.end(call, now, status=408, reason="no ACK", bye=True)

    def leave(self, call: SipCall, now: float) -> None:
        """The BYE that had to wait for the ACK may go now."""
        dialog = self._leaving[call]
        self.remove(call)
        self.say_bye(dialog, now, call.handle)

    def say_bye(
        self, dialog: Dialog, now: float, call: str = "", again: tuple[float, ...] = _BYE_AGAIN
    ) -> None:
        """Send a BYE; for us the call is over whatever comes of it (§15.1.1). Without a flow it is
        sent when that is back; refused for the moment, it is said `again` after so many seconds
        each; refused for good, that is told of `call`."""
        context = self._context
        if not context.connected:
            self._farewells.append((dialog, call))
            return

        def answered(response: Response, at: float) -> None:
            status = response.status
            if status < 300 or status in _GONE:
                return
            after = read_seconds(response.headers, "Retry-After")
            if again and (after is not None or status in _PASSING):
                pause = min(max(float(after or 0), again[0]), _BYE_WAIT)
                later = partial(self.say_bye, dialog, call=call, again=again[1:])
                context.timers.start(at + pause, later)
            elif call:
                context.emit(HangUpRefused(call, status, sent.words_of(response), dialog.theirs))

        def lost(why: Lost, at: float) -> None:
            if why is Lost.FLOW:
                self._farewells.append((dialog, call))

        def build() -> Request:
            lines = [("Reason", dialog.farewell)] if dialog.farewell else []
            return dialog.request(context, "BYE", lines=lines)

        sent = AuthenticatedRequest(context, build, answered, lost, now)

    def cancel_later(self, cancel: Callable[[float], None]) -> None:
        """The flow went away under an INVITE of ours: it is cancelled over the next one, by
        `cancel`, which is given that instant in seconds."""
        self._cancels.append(cancel)

    def flow_down(self) -> None:
        """The calls that there are stay, and what began them is gone."""
        for call in self._calls.values():
            call.flow_lost = True

    def flow_up(self, now: float) -> None:
        """Say what could not be said: the peers still think that these calls ring, or are up."""
        cancels, self._cancels = self._cancels, []
        for cancel in cancels:
            cancel(now)
        farewells, self._farewells = self._farewells, []
        for dialog, call in farewells:
            self.say_bye(dialog, now, call)
