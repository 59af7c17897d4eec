"""REGISTER: kept alive for as long as somebody wants it (RFC 3261 §10, RFC 5626).

Theory of operation. `wanted` is what the user asked for; the state follows it.

    IDLE ── wanted, with a flow ──▶ ASKING ── 2xx ──▶ REGISTERED ── at 50–90 % of its life: ASKING
     ▲                                │ refused, no answer: WAITING ── after a while ──▶ ASKING
     └──── refused for good ──────────┘ unregister(): LEAVING ── any answer ──▶ IDLE

Every state but IDLE has an end: ASKING and LEAVING timer F, REGISTERED and WAITING `_timer`.

A refusal is judged by what went before. Before the first success it is the account that is refused,
and trying again helps nobody; after it the server knows us, so a refusal is the server's trouble:

    the refusal                  before the first success     after it
    Retry-After, any status      after that time              after that time
    401, 407 in spite of ours    final                        final, until the next flow
    408 480 500 502 503 504      2–30 s, growing              2–30 s, growing
    no answer at all             2–30 s, and the flow fails   2–30 s, and the flow fails
    403 and any other            final                        15 s–10 min, growing
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from tui.sip.auth.digest import Held
from tui.sip.backoff import wait_after, wait_slowly
from tui.sip.dialog.dialog import read_service_route
from tui.sip.events import (
    FlowFailed,
    Registered,
    RegistrationFailed,
    RegistrationRefreshed,
    Unregistered,
)
from tui.sip.message.header_values import read_seconds
from tui.sip.message.message import Request, Response
from tui.sip.transaction.timers import Timer
from tui.sip.transaction.transaction_layer import Lost
from tui.sip.ua.authenticated_request import AuthenticatedRequest
from tui.sip.ua.binding import granted
from tui.sip.ua.context import AgentContext

_UNPROVED: Final = frozenset({401, 407})
"""What stays of a challenge when our credentials were refused."""
_NO_OUTBOUND: Final = 439
"""The first hop has no outbound (RFC 5626 §11.6): one registers without."""
_TRY_AGAIN: Final = frozenset({408, 480, 500, 502, 503, 504})
_LONGEST_WAIT: Final = 3600.0
"""Seconds at most between two tries, whatever Retry-After says: a slip must not silence us."""
_SHORTEST_WAIT: Final = 1.0
"""Seconds at least: `Retry-After: 0` must not make us ask without a pause."""
_PONG_WITHIN: Final = 10.0
"""Seconds that a keep-alive may stay unanswered (RFC 5626 §4.4.1)."""


class RegistrationState(StrEnum):
    """How far the registration is: WAITING for the next try, LEAVING until the un-REGISTER is
    answered."""

    IDLE = "idle"
    ASKING = "asking"
    REGISTERED = "registered"
    WAITING = "waiting"
    LEAVING = "leaving"


class Registration:
    """One registration of one agent. `wanted` says what the user asked for; the state follows."""

    def __init__(self, context: AgentContext, on_up: Callable[[float], None]) -> None:
        """`on_up` is called at the first success on each flow."""
        self._context = context
        self._on_up = on_up
        self.wanted = context.config.register
        self.state = RegistrationState.IDLE
        self._call_id = context.call_id()
        self._tag = context.tag()
        self._cseq = 0
        self._expires = context.config.expires
        self._raised = False
        self._outbound = context.config.outbound
        """Whether RFC 5626 is asked for: not where our way there does not have it (§11.6)."""
        self._told = False
        self._bound = False
        self._proved = False
        """It has succeeded since it was asked for: a refusal is the server's trouble now."""
        self._failures = 0
        self._ends: float | None = None
        """Until when the binding of before is alive, for all that we know."""
        self._register: AuthenticatedRequest | None = None
        self._held: Held = ()
        self._timer: Timer | None = None
        self._keepalive: Timer | None = None
        self._pong: Timer | None = None

    # -------------------------------------------------------- what is asked of us

    def want(self, now: float) -> None:
        """Register as soon as there is a flow; refresh now when registered already."""
        self.wanted = True
        self._failures = 0
        if self._context.connected and self.state not in (
            RegistrationState.ASKING,
            RegistrationState.LEAVING,
        ):
            self._ask(now)

    def leave(self, now: float) -> None:
        """Take the binding away. `Unregistered` comes when that is done."""
        self.wanted = False
        if self.state in (RegistrationState.ASKING, RegistrationState.LEAVING):
            return  # what is under way ends first
        if self._bound and self._context.connected:
            self._ask(now, leaving=True)
        else:
            self._gone()

    def flow_up(self, now: float) -> None:
        """A new flow: the binding is asked for over it (RFC 5626 §4.4), where it is wanted."""
        self._told = False
        self._outbound = self._context.config.outbound
        if self.wanted:
            self._ask(now)

    def flow_down(self) -> None:
        """Called after the transactions were told. The binding stays ours to take back."""
        self._stop()
        self._context.registered = False
        self._context.service_route = ()
        self._ends = None
        self.state = RegistrationState.IDLE

    def pong(self) -> None:
        """A lone CRLF came: the flow is alive."""
        if self._pong is not None:
            self._pong.stop()
            self._pong = None

    # -------------------------------------------------------- asking

    def _ask(self, now: float, *, leaving: bool = False) -> None:
        self._stop()
        self.state = RegistrationState.LEAVING if leaving else RegistrationState.ASKING
        self._raised = False
        self._send(now)

    def _send(self, now: float) -> None:
        self._register = AuthenticatedRequest(
            self._context,
            self._build,
            self._answered,
            self._lost,
            now,
            held=self._held,
            first=True,
        )

    def _build(self) -> Request:
        context = self._context
        expires = 0 if self.state is RegistrationState.LEAVING else self._expires
        self._cseq += 1
        contact = context.contact(dialog=False)
        supported = "timer"
        if context.config.outbound:
            contact += f';+sip.instance="<{context.config.instance_id}>"'
            supported = "path"
        if self._outbound:
            contact += ";reg-id=1"
            supported = "outbound, path"
        return context.request(
            "REGISTER",
            context.config.registrar,
            from_=context.identity(self._tag),
            to=f"<{context.aor}>",
            call_id=self._call_id,
            cseq=self._cseq,
            lines=[
                *context.routes(registering=True),
                ("Contact", f"{contact};expires={expires}"),
                ("Expires", str(expires)),
                ("Supported", supported),
            ],
        )

    def _answered(self, response: Response, now: float) -> None:
        status = response.status
        if status < 200:
            return
        if self.state is RegistrationState.LEAVING:
            self._left(now)
        elif status < 300:
            self._accepted(response, now)
        elif status == 423 and not self._raised:
            shortest = read_seconds(response.headers, "Min-Expires")
            if shortest is None or shortest <= self._expires:
                self._refused(response, now)
            else:
                self._raised = True
                self._expires = shortest
                self._send(now)
        elif status == _NO_OUTBOUND and self._outbound:
            self._outbound = False
            self._send(now)
        else:
            self._refused(response, now)

    def _lost(self, why: Lost, now: float) -> None:
        if self.state is RegistrationState.LEAVING:
            self._left(now)
        elif why is Lost.TIMED_OUT:
            self._retry(408, "Request Timeout", None, now)
            self._context.emit(FlowFailed("the registrar does not answer"))
        elif not self.wanted:
            self._gone()

    # -------------------------------------------------------- outcomes

    def _accepted(self, response: Response, now: float) -> None:
        context = self._context
        config = context.config
        expires = granted(
            response.headers,
            instance=config.instance_id if config.outbound else "",
            host=context.via_host,
            user=context.aor.user,
            asked=self._expires,
        )
        if expires is None and self.wanted:
            # Nobody could call us: this is no success, and nothing to ask again each second.
            self._ends = None
            self._retry(480, "No binding was kept", None, now)
            return
        self._failures = 0
        if not config.trusted:  # a platform that trusts itself alone says where all goes
            context.service_route = read_service_route(response)
        self._bound = self._proved = context.registered = True
        self._held = self._register.held if self._register is not None else ()
        if self._held:
            context.digest.pin(*(challenge.realm for _, challenge in self._held))
        if expires is None or not self.wanted:
            self._ask(now, leaving=True)
            return
        self.state = RegistrationState.REGISTERED
        self._ends = now + expires
        self._timer = context.timers.start(
            now + expires * context.rng.uniform(0.5, 0.9), self._again
        )
        if self._told:
            context.emit(RegistrationRefreshed(expires))
        else:
            self._told = True
            context.emit(Registered(expires, response.headers))
            self._on_up(now)
        seconds = read_seconds(response.headers, "Flow-Timer")
        if seconds:
            self._keep_alive(float(seconds), now)

    def _refused(self, response: Response, now: float) -> None:
        self._context.registered = (
            False  # what was bound may be so still: it is taken back in leaving
        )
        assert self._register is not None  # it is what was refused
        status, reason = response.status, self._register.words_of(response)
        after = read_seconds(response.headers, "Retry-After")
        if status not in _TRY_AGAIN:
            self._ends = None  # what says no to us may have forgotten us
        if not self.wanted:
            self._gone()
        elif after is not None or status in _TRY_AGAIN:
            # RFC 3261 §20.33: Retry-After may stand in any refusal.
            self._retry(status, reason, after, now)
        elif self._proved and status not in _UNPROVED:
            slow = wait_slowly(self._failures + 1, self._context.rng)
            self._retry(status, reason, slow, now)
        else:
            self.wanted, self._told = self._proved, False
            self.state = RegistrationState.IDLE
            unmet = bool(self._register.unmet)
            self._context.emit(RegistrationFailed(status, reason, True, None, unmet=unmet))

    def _retry(self, status: int, reason: str, after: float | None, now: float) -> None:
        self._context.registered = False
        if not self.wanted:
            self._gone()
            return
        self._failures += 1
        if after is None:
            after = wait_after(self._failures, self._context.rng)
        after = max(_SHORTEST_WAIT, min(float(after), _LONGEST_WAIT))
        held = self._ends is not None and now + after < self._ends
        if not held:
            self._told = False  # the binding may be gone: the next success is told as new
        self.state = RegistrationState.WAITING
        self._timer = self._context.timers.start(now + after, self._again)
        self._context.emit(RegistrationFailed(status, reason, False, after, held))

    def _again(self, now: float) -> None:
        self._ask(now)

    def _left(self, now: float) -> None:
        self._bound = False
        if self.wanted and self._context.connected:
            self._told = False
            self._ask(now)
        else:
            self._gone()

    def _gone(self) -> None:
        self._stop()
        self._bound = self._told = self._proved = self._context.registered = False
        self._context.service_route = ()
        self.state = RegistrationState.IDLE
        self._context.emit(Unregistered())

    def _stop(self) -> None:
        for timer in (self._timer, self._keepalive, self._pong):
            if timer is not None:
                timer.stop()
        self._timer = self._keepalive = self._pong = None

    # -------------------------------------------------------- keep-alive

    def _keep_alive(self, seconds: float, now: float) -> None:
        """RFC 5626 §4.4: a double CRLF every 80–100 % of Flow-Timer, a CRLF in answer."""
        pause = seconds * self._context.rng.uniform(0.8, 1.0)
        self._keepalive = self._context.timers.start(
            now + pause, lambda at: self._ping(seconds, at)
        )

    def _ping(self, seconds: float, now: float) -> None:
        self._context.transmit(b"\r\n\r\n")
        if self._pong is None:
            self._pong = self._context.timers.start(now + _PONG_WITHIN, self._no_pong)
        self._keep_alive(seconds, now)

    def _no_pong(self, now: float) -> None:
        self._pong = None
        self._context.emit(FlowFailed("the keep-alive was not answered"))
