"""The transaction layer: the transactions that are alive, their timers, and which message is whose.

Theory of operation. The rules are the tables of `machines.py`; this file carries them out. Each
transaction holds its machine's state and the one timer that the state wants. A step looks up the
cell, enters the state, starts or stops the timer, and then runs the effects: send, repeat, ACK,
tell the user of the transaction. A timer of 0 s is passed through at once.

A message is matched by branch, method, CSeq number, Call-ID and From tag together (RFC 3261
§17.1.3, §17.2.3, and more than they ask), so that a guessed branch alone reaches nothing. A lost
flow ends every transaction: over a new connection none of them can be answered.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import Final, TypeAlias

from tui.sip.message.headers import Headers
from tui.sip.message.message import Request, Response
from tui.sip.transaction.machines import (
    CLIENT,
    DURATION,
    INVITE_CLIENT,
    INVITE_SERVER,
    SERVER,
    Cell,
    Effect,
    Input,
    Machine,
    TransactionState,
)
from tui.sip.transaction.timers import Timer, TimerSet

Key: TypeAlias = tuple[str | int | None, ...]
Send: TypeAlias = Callable[[bytes], None]
_ABANDONED: Final = 16
"""Requests given up whose late answers are still known for theirs."""


class Lost(StrEnum):
    """Why a request got no final answer."""

    TIMED_OUT = "no answer"
    FLOW = "flow lost"


OnResponse: TypeAlias = Callable[[Response, float], None]
OnLost: TypeAlias = Callable[[Lost, float], None]


class _Transaction(ABC):
    """A machine, its state, and the one timer that the state wants."""

    def __init__(self, layer: TransactionLayer, key: Key, machine: Machine) -> None:
        self._layer = layer
        self.key = key
        self._machine = machine
        self.state = machine.start
        self._running: Input | None = None
        self._timer: Timer | None = None

    @property
    def over(self) -> bool:
        return self.state is TransactionState.TERMINATED

    def _step(self, what: Input, now: float) -> tuple[Effect, ...]:
        cell: Cell = self._machine.step(self.state, what)
        self.state, effects = cell
        self._arm(now)
        return effects

    def _arm(self, now: float) -> None:
        wanted = self._machine.timers.get(self.state)
        if wanted is not None and not DURATION[wanted]:
            # A timer of 0 s has fired before anything else can happen.
            self.state, _ = self._machine.step(self.state, wanted)
            wanted = None
        if wanted is not self._running:
            if self._timer is not None:
                self._timer.stop()
                self._timer = None
            self._running = wanted
            if wanted is not None:
                wake = partial(self._feed, wanted)
                self._timer = self._layer.timers.start(now + DURATION[wanted], wake)
        if self.over:
            self._layer.drop(self)

    @abstractmethod
    def _feed(self, what: Input, now: float) -> None:
        """Take what the clock or the transport has to say."""


class ClientTransaction(_Transaction):
    """A request of ours under way."""

    def __init__(
        self,
        layer: TransactionLayer,
        request: Request,
        on_response: OnResponse,
        on_lost: OnLost,
        now: float,
    ) -> None:
        machine = INVITE_CLIENT if request.method == "INVITE" else CLIENT
        super().__init__(layer, _client_key(request), machine)
        self.request = request
        self._on_response = on_response
        self._on_lost = on_lost
        self._arm(now)

    def receive(self, response: Response, now: float) -> None:
        """Take a response that matched."""
        if response.status < 200:
            what = Input.PROVISIONAL
        elif response.status < 300:
            what = Input.SUCCESS
        else:
            what = Input.FAILURE
        for effect in self._step(what, now):
            if effect is Effect.ACK:
                self._layer.send(ack_of_failure(self.request, response).to_bytes())
            else:
                self._on_response(response, now)

    def abandon(self) -> None:
        """Nobody waits for the answer any more: what still comes is taken without a word. Not so to
        an INVITE, whose late 200 means that somebody over there has a call with nobody."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self.state = TransactionState.TERMINATED
        self._layer.drop(self)
        if self._machine is not INVITE_CLIENT:
            self._layer.abandoned.append(self.key)

    def lose_flow(self, now: float) -> None:
        """The connection is gone: no answer can come any more (RFC 3261 §17.1.4)."""
        self._feed(Input.TRANSPORT_ERROR, now)

    def _feed(self, what: Input, now: float) -> None:
        for effect in self._step(what, now):
            self._on_lost(Lost.TIMED_OUT if effect is Effect.TIMED_OUT else Lost.FLOW, now)


class ServerTransaction(_Transaction):
    """A request of the peer that we have to answer."""

    def __init__(self, layer: TransactionLayer, request: Request, key: Key, now: float) -> None:
        super().__init__(layer, key, INVITE_SERVER if request.method == "INVITE" else SERVER)
        self.request = request
        self.last: bytes | None = None
        self.on_lost: Callable[[float], None] = _nobody
        self.cancelled = False
        """A CANCEL has ended it: the same request by another path is no repetition of it."""
        self._arm(now)

    def receive(self, request: Request, now: float) -> bool:
        """Take a repeat, or the ACK. True when the core has to look at it."""
        passed = False
        for effect in self._step(Input.ACK if request.method == "ACK" else Input.REQUEST, now):
            if effect is Effect.DELIVER:
                passed = True
            elif self.last is not None:
                self._layer.send(self.last)
        return passed

    def respond(self, response: Response, now: float) -> None:
        """Send a response. Raises LocalProtocolError when a final one went before."""
        if response.status < 200:
            what = Input.SEND_PROVISIONAL
        elif response.status < 300:
            what = Input.SEND_SUCCESS
        else:
            what = Input.SEND_FAILURE
        wire = response.to_bytes()  # before the step: what cannot be said changes nothing
        for _ in self._step(what, now):
            self.last = wire
            self._layer.send(wire)

    @property
    def answered(self) -> bool:
        """A final response has gone out, or can no longer."""
        return self.state not in (TransactionState.TRYING, TransactionState.PROCEEDING)

    def lose_flow(self, now: float) -> None:
        """The connection is gone, and with it the way back for our response."""
        self._feed(Input.TRANSPORT_ERROR, now)

    def _feed(self, what: Input, now: float) -> None:
        for _ in self._step(what, now):
            self.on_lost(now)


class TransactionLayer:
    """All transactions of one agent."""

    def __init__(self, send: Send, timers: TimerSet) -> None:
        self.send = send
        self.timers = timers
        self._clients: dict[Key, ClientTransaction] = {}
        self._servers: dict[Key, ServerTransaction] = {}
        self.abandoned: deque[Key] = deque(maxlen=_ABANDONED)
        """The newest requests that were given up: their late answers are nobody's mistake."""

    def request(
        self, request: Request, on_response: OnResponse, on_lost: OnLost, now: float
    ) -> ClientTransaction:
        """Send a request and follow it. ACK has no transaction: use `send`."""
        self.send(request.to_bytes())
        transaction = ClientTransaction(self, request, on_response, on_lost, now)
        self._clients[transaction.key] = transaction
        return transaction

    def receive_response(self, response: Response, now: float) -> bool:
        """Give a response to its transaction. False when it never had one, or long ago."""
        key = _client_key(response)
        transaction = self._clients.get(key)
        if transaction is None:
            return key in self.abandoned
        transaction.receive(response, now)
        return True

    def find(self, request: Request, method: str) -> ServerTransaction | None:
        """The transaction of `method` that this request (a repeat, an ACK, a CANCEL) is for."""
        return self._servers.get(_server_key(request, method))

    def serve(self, request: Request, now: float) -> ServerTransaction:
        """Begin the transaction of a new request."""
        key = _server_key(request, request.method)
        transaction = ServerTransaction(self, request, key, now)
        self._servers[key] = transaction
        return transaction

    def merged(self, request: Request) -> bool:
        """RFC 3261 §8.2.2.2: the same request came by another path, and stands there yet."""
        others = (other for other in self._servers.values() if not other.cancelled)
        return any(same_request(other.request, request) for other in others)

    @property
    def serving(self) -> int:
        """How many server transactions are alive."""
        return len(self._servers)

    def drop(self, transaction: _Transaction) -> None:
        """Forget a transaction that is over."""
        if isinstance(transaction, ClientTransaction):
            self._clients.pop(transaction.key, None)
        else:
            self._servers.pop(transaction.key, None)

    def lose_flow(self, now: float) -> None:
        """End every transaction: over a new connection none of them can be answered."""
        for server in list(self._servers.values()):
            server.lose_flow(now)
        for client in list(self._clients.values()):
            client.lose_flow(now)


def same_request(one: Request, other: Request) -> bool:
    """Whether both are one request by two ways (RFC 3261 §8.2.2.2)."""
    return (one.call_id, one.cseq, one.from_.tag) == (
        other.call_id,
        other.cseq,
        other.from_.tag,
    )


def ack_of_failure(request: Request, response: Response) -> Request:
    """The ACK to a non-2xx, which the transaction sends itself (RFC 3261 §17.1.1.3)."""
    headers = Headers()
    headers.add("Via", request.headers.get_all("Via")[0])
    headers.add("Max-Forwards", "70")
    for route in request.headers.get_all("Route"):
        headers.add("Route", route)
    headers.add("From", request.headers.get("From") or "")
    headers.add("To", response.headers.get("To") or "")
    headers.add("Call-ID", request.call_id)
    headers.add("CSeq", f"{request.cseq.number} ACK")
    return Request("ACK", request.uri, headers)


def _client_key(message: Request | Response) -> Key:
    return (
        message.branch,
        message.cseq.method,
        message.cseq.number,
        message.call_id,
        message.from_.tag,
    )


def _server_key(request: Request, method: str) -> Key:
    via = request.top_via  # the other hops are none of our business
    branch = request.branch
    if branch is None or not branch.lower().startswith("z9hg4bk"):
        # RFC 2543: no cookie, so the whole topmost Via tells the senders apart (§17.2.3).
        branch = str(via)
    return (
        branch,
        str(via.host).lower(),
        via.port,
        method,
        request.cseq.number,
        request.call_id,
        request.from_.tag,
    )


def _nobody(now: float) -> None:
    """Nobody waits to hear that the flow was lost."""
