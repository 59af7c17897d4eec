"""REGISTER: kept alive for as long as somebody wants it (RFC 3261 §10, RFC 5626).

IDLE ── register() with a flow ──▶ ASKING ── 2xx ──▶ REGISTERED ── at half its life: ASKING
 ▲                                   │ 5xx, time-out: WAITING for the next try: ASKING
 └──── refused for good ─────────────┘ unregister(): LEAVING ── any answer ──▶ IDLE
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from tui.sip.backoff import wait_after
from tui.sip.core import Core
from tui.sip.events import (
    FlowFailed,
    Registered,
    RegistrationFailed,
    RegistrationRefreshed,
    Unregistered,
)
from tui.sip.exchange import Exchange, Met
from tui.sip.layer import Lost
from tui.sip.message import Request, Response
from tui.sip.session_timer import read_seconds
from tui.sip.timers import Timer

_TRY_AGAIN: Final = frozenset({408, 480, 500, 502, 503, 504})
_LONGEST_WAIT: Final = 3600.0
"""Seconds at most between two tries, whatever Retry-After says: a slip must not silence us."""
_PONG_WITHIN: Final = 10.0
"""Seconds that a keep-alive may stay unanswered (RFC 5626 §4.4.1)."""


class State(StrEnum):
    IDLE = "idle"
    ASKING = "asking"
    REGISTERED = "registered"
    WAITING = "waiting"
    LEAVING = "leaving"


class Registration:
    """One registration of one agent. `wanted` says what the user asked for; the state follows."""

    def __init__(self, core: Core, on_up: Callable[[float], None]) -> None:
        """`on_up` is called at the first success on each flow."""
        self._core = core
        self._on_up = on_up
        self.wanted = core.config.register
        self.state = State.IDLE
        self._call_id = core.call_id()
        self._tag = core.tag()
        self._cseq = 0
        self._expires = core.config.expires
        self._raised = False
        self._told = False
        self._bound = False
        self._failures = 0
        self._exchange: Exchange | None = None
        self._met: Met | None = None
        self._timer: Timer | None = None
        self._keepalive: Timer | None = None
        self._pong: Timer | None = None

    # -------------------------------------------------------- what is asked of us

    def want(self, now: float) -> None:
        """Register as soon as there is a flow; refresh now when registered already."""
        self.wanted = True
        if self._core.connected and self.state not in (State.ASKING, State.LEAVING):
            self._ask(now)

    def leave(self, now: float) -> None:
        """Take the binding away. `Unregistered` comes when that is done."""
        self.wanted = False
        if self.state in (State.ASKING, State.LEAVING):
            return  # what is under way ends first
        if self._bound and self._core.connected:
            self._ask(now, leaving=True)
        else:
            self._gone()

    def flow_up(self, now: float) -> None:
        self._told = False
        if self.wanted:
            self._ask(now)

    def flow_down(self) -> None:
        """Called after the transactions were told. The binding stays ours to take back."""
        self._stop()
        if self.state is not State.IDLE:
            self.state = State.IDLE

    def pong(self) -> None:
        """A lone CRLF came: the flow is alive."""
        if self._pong is not None:
            self._pong.stop()
            self._pong = None

    # -------------------------------------------------------- asking

    def _ask(self, now: float, *, leaving: bool = False) -> None:
        self._stop()
        self.state = State.LEAVING if leaving else State.ASKING
        self._raised = False
        self._send(now)

    def _send(self, now: float) -> None:
        self._exchange = Exchange(
            self._core,
            self._build,
            self._answered,
            self._lost,
            now,
            volunteer=self._met,
            first=True,
        )

    def _build(self) -> Request:
        core = self._core
        expires = 0 if self.state is State.LEAVING else self._expires
        self._cseq += 1
        contact = core.contact(dialog=False)
        supported = "timer"
        if core.config.outbound:
            contact += f';+sip.instance="<{core.config.instance_id}>";reg-id=1'
            supported = "outbound, path"
        return core.request(
            "REGISTER",
            core.config.registrar,
            from_=core.identity(self._tag),
            to=f"<{core.aor}>",
            call_id=self._call_id,
            cseq=self._cseq,
            lines=[
                *core.routes(),
                ("Contact", f"{contact};expires={expires}"),
                ("Expires", str(expires)),
                ("Supported", supported),
            ],
        )

    def _answered(self, response: Response, now: float) -> None:
        status = response.status
        if status < 200:
            return
        if self.state is State.LEAVING:
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
        else:
            self._refused(response, now)

    def _lost(self, why: Lost, now: float) -> None:
        if self.state is State.LEAVING:
            self._left(now)
        elif why is Lost.TIMED_OUT:
            self._retry(408, "Request Timeout", None, now)
            self._core.emit(FlowFailed("the registrar does not answer"))
        elif not self.wanted:
            self._gone()

    # -------------------------------------------------------- outcomes

    def _accepted(self, response: Response, now: float) -> None:
        core = self._core
        expires = self._granted(response)
        self._failures = 0
        self._bound = True
        self._met = self._exchange.met if self._exchange is not None else None
        if self._met is not None:
            core.digest.pin(self._met[1].realm)
        if not self.wanted:
            self._ask(now, leaving=True)
            return
        self.state = State.REGISTERED
        self._timer = core.timers.start(now + expires * core.rng.uniform(0.5, 0.9), self._again)
        if self._told:
            core.emit(RegistrationRefreshed(expires))
        else:
            self._told = True
            core.emit(Registered(expires, response.headers))
            self._on_up(now)
        seconds = read_seconds(response.headers, "Flow-Timer")
        if seconds:
            self._keep_alive(float(seconds), now)

    def _granted(self, response: Response) -> int:
        """The life of our own binding: its `expires`, else Expires, else what we asked for."""
        host = self._core.via_host.lower()
        for contact in response.contacts:
            text = contact.params.get("expires", "")
            if contact.uri.host.lower() == host and text.isascii() and text.isdigit():
                return max(1, int(text[:10]))
        return max(1, read_seconds(response.headers, "Expires") or self._expires)

    def _refused(self, response: Response, now: float) -> None:
        self._bound = False
        if not self.wanted:
            self._gone()
        elif response.status in _TRY_AGAIN:
            after = read_seconds(response.headers, "Retry-After")
            self._retry(response.status, response.reason, after, now)
        else:
            self.wanted = self._told = False
            self.state = State.IDLE
            self._core.emit(RegistrationFailed(response.status, response.reason, True, None))

    def _retry(self, status: int, reason: str, after: float | None, now: float) -> None:
        if not self.wanted:
            self._gone()
            return
        self._failures += 1
        if after is None:
            after = wait_after(self._failures, self._core.rng)
        after = min(float(after), _LONGEST_WAIT)
        self.state = State.WAITING
        self._timer = self._core.timers.start(now + after, self._again)
        self._core.emit(RegistrationFailed(status, reason, False, after))

    def _again(self, now: float) -> None:
        self._ask(now)

    def _left(self, now: float) -> None:
        self._bound = False
        if self.wanted and self._core.connected:
            self._told = False
            self._ask(now)
        else:
            self._gone()

    def _gone(self) -> None:
        self._stop()
        self._bound = self._told = False
        self.state = State.IDLE
        self._core.emit(Unregistered())

    def _stop(self) -> None:
        for timer in (self._timer, self._keepalive, self._pong):
            if timer is not None:
                timer.stop()
        self._timer = self._keepalive = self._pong = None

    # -------------------------------------------------------- keep-alive

    def _keep_alive(self, seconds: float, now: float) -> None:
        """RFC 5626 §4.4: a double CRLF every 80–100 % of Flow-Timer, a CRLF in answer."""
        pause = seconds * self._core.rng.uniform(0.8, 1.0)
        self._keepalive = self._core.timers.start(now + pause, lambda at: self._ping(seconds, at))

    def _ping(self, seconds: float, now: float) -> None:
        self._core.transmit(b"\r\n\r\n")
        if self._pong is None:
            self._pong = self._core.timers.start(now + _PONG_WITHIN, self._no_pong)
        self._keep_alive(seconds, now)

    def _no_pong(self, now: float) -> None:
        self._pong = None
        self._core.emit(FlowFailed("the keep-alive was not answered"))
