"""Requests of ours outside of calls: MESSAGE, one at a time for each peer, and OPTIONS and others.

RFC 3428 §8: a second MESSAGE to a peer waits until the first has its final answer, so the order
on the wire is the order they were given in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tui.sip.core import Core, Lines
from tui.sip.errors import LocalProtocolError, RemoteProtocolError
from tui.sip.events import RequestOutcome
from tui.sip.exchange import Exchange
from tui.sip.layer import Lost
from tui.sip.message import Request, Response
from tui.sip.uri import parse_uri


@dataclass(slots=True)
class _Waiting:
    """One request before or on its way."""

    id: str
    request: Callable[[], Request]


class Requests:
    """All requests of one agent that belong to no call."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._queues: dict[str, deque[_Waiting]] = {}
        # Messages by peer; the first of each queue is under way.

    def message(self, target: str, body: bytes, content_type: str, now: float) -> str:
        """Send a MESSAGE, or queue it behind the one before. Returns its id."""
        core = self._core
        core.need_flow()
        waiting = self._prepare("MESSAGE", target, (), content_type, body)
        queue = self._queues.setdefault(target, deque())
        if len(queue) >= core.config.max_queued_messages:
            raise LocalProtocolError("too many messages wait for this peer")
        queue.append(waiting)
        if len(queue) == 1:
            self._start(waiting, partial(self._next, target), now)
        return waiting.id

    def send(
        self, method: str, target: str, lines: Lines, content_type: str, body: bytes, now: float
    ) -> str:
        """Send any other request at once. Returns its id."""
        if method in ("INVITE", "ACK", "CANCEL", "REGISTER", "BYE"):
            raise LocalProtocolError(f"{method} has a command of its own")
        self._core.need_flow()
        waiting = self._prepare(method, target, lines, content_type, body)
        self._start(waiting, _nothing, now)
        return waiting.id

    def _prepare(
        self, method: str, target: str, lines: Lines, content_type: str, body: bytes
    ) -> _Waiting:
        core = self._core
        uri = to_uri(target)
        call_id, tag, extra = core.call_id(), core.tag(), (*core.routes(), *lines)
        cseq = 0

        def build() -> Request:
            nonlocal cseq
            cseq += 1
            return core.request(
                method,
                uri,
                from_=core.identity(tag),
                to=f"<{uri}>",
                call_id=call_id,
                cseq=cseq,
                lines=extra,
                content_type=content_type,
                body=body,
            )

        build().to_bytes()  # what cannot be said is refused now, not when its turn comes
        return _Waiting(core.handle("m"), build)

    def _start(self, waiting: _Waiting, done: Callable[[float], None], now: float) -> None:
        def answered(response: Response, at: float) -> None:
            if response.status >= 200:
                self._tell(waiting.id, response.status, response.reason, response.body)
                done(at)

        def lost(why: Lost, at: float) -> None:
            self._tell(waiting.id, 408 if why is Lost.TIMED_OUT else 503, str(why), b"")
            done(at)

        Exchange(self._core, waiting.request, answered, lost, now)

    def _tell(self, id: str, status: int, reason: str, body: bytes) -> None:
        self._core.emit(RequestOutcome(id, status, reason, body))

    def _next(self, target: str, now: float) -> None:
        queue = self._queues[target]
        queue.popleft()
        while queue and not self._core.connected:
            self._tell(queue.popleft().id, 503, str(Lost.FLOW), b"")
        if queue:
            self._start(queue[0], partial(self._next, target), now)
        else:
            del self._queues[target]


def to_uri(target: str) -> str:
    """A Request-URI out of what the user of this package gave. LocalProtocolError if it is none."""
    try:
        return str(parse_uri(target))
    except RemoteProtocolError as error:
        raise LocalProtocolError(f"not a URI: {error}") from None


def _nothing(now: float) -> None:
    """Nothing waits behind this request."""
