"""Requests of ours outside of calls: MESSAGE, one at a time for each peer, and OPTIONS and others.

Theory of operation. RFC 3428 §8: a second MESSAGE to a peer waits until the first has its final
answer, so they arrive in the order that they were given in. Two things must not wait behind a 200
that is lost. What somebody has given up is withdrawn: one that waits is taken out, one that is
under way is ended, and the next goes. And what is urgent (an answer, a hang-up) goes out at once
beside the one under way: on one flow it still arrives behind it, and before all that waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from tui.sip.errors import LocalProtocolError, RemoteProtocolError
from tui.sip.events import RequestOutcome
from tui.sip.message.message import Lines, Request, Response
from tui.sip.message.uri import parse_uri, phone_uri
from tui.sip.transaction.transaction_layer import Lost
from tui.sip.ua.authenticated_request import AuthenticatedRequest
from tui.sip.ua.context import AgentContext


@dataclass(slots=True)
class _Waiting:
    """One request before or on its way. `peer` is whose queue it leaves at its end, "" for none."""

    id: str
    request: Callable[[], Request]
    peer: str = ""


class OutOfDialogRequests:
    """All requests of one agent that belong to no call."""

    def __init__(self, context: AgentContext) -> None:
        self._context = context
        self._queues: dict[str, deque[_Waiting]] = {}
        # Messages by peer; the first of each queue is under way.
        self._under_way: dict[str, tuple[_Waiting, AuthenticatedRequest]] = {}

    def message(
        self, target: str, body: bytes, content_type: str, now: float, *, urgent: bool = False
    ) -> str:
        """Send a MESSAGE, or queue it behind the one before (RFC 3428 §8). Returns its id.
        LocalProtocolError without a flow, or when too many wait."""
        context = self._context
        context.need_flow()
        waiting = self._prepare("MESSAGE", target, (), content_type, body)
        queue = self._queues.get(target)
        if urgent and queue:
            self._start(waiting, now)
            return waiting.id
        if queue is None:
            queue = self._queues[target] = deque()
        if len(queue) >= context.config.max_queued_messages:
            raise LocalProtocolError("too many messages wait for this peer")
        waiting.peer = target
        queue.append(waiting)
        if len(queue) == 1:
            self._start(waiting, now)
        return waiting.id

    def withdraw(self, id: str, now: float) -> bool:
        """Nobody waits for this request any more: it never goes out, or is ended. Nothing is told.
        False when it is over already."""
        if (found := self._under_way.pop(id, None)) is not None:
            waiting, sent = found
            sent.withdraw()
            self._next(waiting, now)
            return True
        for queue in self._queues.values():
            for waiting in queue:
                if waiting.id == id:
                    queue.remove(waiting)
                    return True
        return False

    def send(
        self, method: str, target: str, lines: Lines, content_type: str, body: bytes, now: float
    ) -> str:
        """Send any other request at once. Returns its id. LocalProtocolError without a flow, or for
        a method that has a command of its own."""
        if method in ("INVITE", "ACK", "CANCEL", "REGISTER", "BYE"):
            raise LocalProtocolError(f"{method} has a command of its own")
        self._context.need_flow()
        waiting = self._prepare(method, target, lines, content_type, body)
        self._start(waiting, now)
        return waiting.id

    def _prepare(
        self, method: str, target: str, lines: Lines, content_type: str, body: bytes
    ) -> _Waiting:
        context = self._context
        uri = dialled_uri(target, context.aor.host)
        call_id, tag, extra = context.call_id(), context.tag(), (*context.routes(), *lines)
        cseq = 0

        def build() -> Request:
            nonlocal cseq
            cseq += 1
            return context.request(
                method,
                uri,
                from_=context.identity(tag),
                to=f"<{uri}>",
                call_id=call_id,
                cseq=cseq,
                lines=extra,
                content_type=content_type,
                body=body,
            )

        build().to_bytes()  # what cannot be said is refused now, not when its turn comes
        return _Waiting(context.handle("m"), build)

    def _start(self, waiting: _Waiting, now: float) -> None:
        def answered(response: Response, at: float) -> None:
            if response.status >= 200:
                del self._under_way[waiting.id]
                status, reason = response.status, sent.words_of(response)
                self._context.emit(RequestOutcome(waiting.id, status, reason, response.body))
                self._next(waiting, at)

        def lost(why: Lost, at: float) -> None:
            del self._under_way[waiting.id]
            self._context.emit(unanswered(waiting.id, why))
            self._next(waiting, at)

        sent = AuthenticatedRequest(self._context, waiting.request, answered, lost, now)
        self._under_way[waiting.id] = waiting, sent

    def _next(self, done: _Waiting, now: float) -> None:
        """A request is over: the next one of its queue may go."""
        queue = self._queues.get(done.peer)
        if queue is None:
            return
        queue.popleft()
        while queue and not self._context.connected:
            self._context.emit(unanswered(queue.popleft().id, Lost.FLOW, sent=False))
        if queue:
            self._start(queue[0], now)
        else:
            del self._queues[done.peer]


def unanswered(id: str, why: Lost, *, sent: bool = True) -> RequestOutcome:
    """What is told of a request that got no final answer."""
    status = 408 if why is Lost.TIMED_OUT else 503
    return RequestOutcome(id, status, str(why), b"", answered=False, sent=sent)


def dialled_uri(target: str, domain: str) -> str:
    """A Request-URI out of what the user of this package gave, a telephone number as a SIP URI of
    `domain`. LocalProtocolError if it is none."""
    try:
        return str(phone_uri(parse_uri(target), domain))
    except RemoteProtocolError as error:
        raise LocalProtocolError(f"not a URI: {error}") from None
