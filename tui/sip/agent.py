"""UserAgent: the whole of SIP for one account on one flow, as values in and values out.

Give it frames, commands and the time; take from it what to send, what has happened, and when it
wants to be woken. It opens nothing, waits for nothing and reads no clock: `now` is in seconds of
any clock that only goes forward, and the same one in every call.

    connection_made ─▶ receive_data · handle_timeout · commands ─▶ connection_lost
                       then drain: data_to_send(), events(), next_deadline()

Commands raise LocalProtocolError when they are out of place. What a peer does wrong becomes an
error response or an `Ignored` event; nothing is raised for it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from tui.sip.call import Book, Phase
from tui.sip.callee import Callee
from tui.sip.caller import OutgoingInvite
from tui.sip.config import AgentConfig
from tui.sip.core import Core
from tui.sip.errors import LocalProtocolError, RemoteProtocolError
from tui.sip.events import Event
from tui.sip.gate import Gate
from tui.sip.incoming import Incoming
from tui.sip.inside import Inside
from tui.sip.message import Response, parse_message
from tui.sip.refer import Transfers
from tui.sip.referred import Referrals
from tui.sip.registration import Registration
from tui.sip.reinvite import Reinvites
from tui.sip.replaces import replaces_of
from tui.sip.requests import Requests


class UserAgent:
    """One user agent. `rng` gives every random choice, `via_host` the sent-by of our Via: a
    random name under `.invalid` unless it is given (RFC 7118 §5)."""

    def __init__(
        self, config: AgentConfig, *, rng: random.Random, via_host: str | None = None
    ) -> None:
        self.config = config
        self._core = Core(config, rng, via_host)
        self._gate = Gate(self._core)
        self._book = Book(self._core)
        self._registration = Registration(self._core, self._book.flow_up)
        self._requests = Requests(self._core)
        self._reinvites = Reinvites(self._core, self._book)
        self._callee = Callee(self._core, self._book, self._reinvites)
        self._transfers = Transfers(self._core, self._book)
        self._referrals = Referrals(self._core)
        self._inside = Inside(
            self._core, self._book, self._gate, self._callee, self._reinvites, self._referrals
        )
        self._incoming = Incoming(
            self._core,
            self._book,
            self._gate,
            self._callee,
            self._reinvites,
            self._inside,
            self._transfers,
        )

    # -------------------------------------------------------- flow and time

    def connection_made(self, now: float) -> None:
        """A flow is up. Registers by itself when that is wanted."""
        self._core.connected = True
        self._registration.flow_up(now)
        if not self._registration.wanted:
            self._book.flow_up(now)

    def connection_lost(self, now: float) -> None:
        """The flow is gone: what waited for an answer fails, calls that are up stay."""
        self._core.connected = False
        self._core.drain_out()
        self._incoming.flow_down()
        self._core.layer.lose_flow(now)
        self._registration.flow_down()

    def handle_timeout(self, now: float) -> None:
        """Do what is due at `now`. May be called early, and late."""
        self._core.timers.run(now)

    def next_deadline(self) -> float | None:
        """When to call `handle_timeout` next; None when nothing waits."""
        return self._core.timers.next()

    def data_to_send(self) -> list[bytes]:
        """What to send, drained: one WebSocket message an item."""
        return self._core.drain_out()

    def events(self) -> list[Event]:
        """What has happened since the last call, drained, in order."""
        return self._core.drain_events()

    # -------------------------------------------------------- what comes in

    def receive_data(self, frame: bytes | str, now: float) -> None:
        """Take one WebSocket message, text or binary."""
        data = frame.encode("utf-8", "surrogatepass") if isinstance(frame, str) else bytes(frame)
        if not data.strip(b"\r\n"):
            self._keep_alive(data)
            return
        try:
            message = parse_message(data)
            if isinstance(message, Response):
                if not self._core.layer.receive_response(message, now):
                    self._core.ignore("a response to nothing that we asked")
            else:
                self._gate.check(message)
                self._incoming.receive(message, now)
        except RemoteProtocolError as error:
            self._core.ignore(f"malformed: {error}")
            if error.request_hint is not None:
                self._core.turn_away(error.request_hint, error.status)

    def _keep_alive(self, data: bytes) -> None:
        """RFC 5626 §3.5.1: a double CRLF is a question, a single one the answer."""
        if data == b"\r\n\r\n":
            self._core.transmit(b"\r\n")
        elif data == b"\r\n":
            self._registration.pong()

    # -------------------------------------------------------- commands: registration, requests

    def register(self, now: float) -> None:
        """Register and stay registered; again now if it is so already."""
        self._registration.want(now)

    def unregister(self, now: float) -> None:
        """Take the registration back. `Unregistered` follows."""
        self._registration.leave(now)

    def send_message(self, target: str, body: bytes, content_type: str, now: float) -> str:
        """Send a MESSAGE, behind those to the same peer that wait. `RequestOutcome` follows."""
        return self._requests.message(target, body, content_type, now)

    def options(self, target: str, now: float) -> str:
        """Ask a peer what it can do. `RequestOutcome` follows."""
        return self._requests.send("OPTIONS", target, (), "", b"", now)

    def send_request(
        self,
        method: str,
        target: str,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        now: float,
    ) -> str:
        """Send any other request outside of calls. `RequestOutcome` follows."""
        return self._requests.send(method, target, headers, "", body, now)

    def respond(
        self,
        request_id: str,
        status: int,
        now: float,
        reason: str = "",
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> None:
        """Answer a `RequestReceived`. The last answer is 200 or more."""
        self._incoming.respond(request_id, status, now, reason, headers, body)

    # -------------------------------------------------------- commands: calls

    def invite(
        self,
        target: str,
        sdp: bytes | None,
        now: float,
        headers: Sequence[tuple[str, str]] = (),
    ) -> str:
        """Call somebody. `Progress`…, then `Answered` or `InviteRefused` follow."""
        self._core.need_flow()
        if len(self._book) >= self.config.max_calls:
            raise LocalProtocolError("too many calls")
        call = self._book.new(Phase.CALLING, sdp)
        try:
            call.outgoing = OutgoingInvite(
                self._core, self._book, self._reinvites, call, target, headers, now
            )
        except LocalProtocolError:
            self._book.remove(call)
            raise
        return call.handle

    def cancel(self, call: str, now: float) -> None:
        """Give up a call that is not answered yet. `InviteRefused` follows."""
        found = self._book.get(call)
        if found.phase is not Phase.CALLING or found.outgoing is None:
            raise LocalProtocolError("the call does not wait for the other side")
        found.outgoing.cancel(now)

    def acknowledge(self, call: str, sdp: bytes, now: float) -> None:
        """Answer the offer that the 2xx to an INVITE without SDP brought."""
        found = self._book.get(call)
        if found.outgoing is None:
            raise LocalProtocolError("the call is not ours")
        found.outgoing.acknowledge(sdp)

    def ring(self, call: str, now: float, sdp: bytes | None = None) -> None:
        """Say that it rings; with SDP, early media."""
        self._callee.ring(self._book.get(call), sdp, now)

    def accept(self, call: str, sdp: bytes, now: float) -> None:
        """Answer a call. `Established` follows, or `CallEnded` when no ACK comes."""
        self._callee.accept(self._book.get(call), sdp, now)

    def reject(self, call: str, status: int, now: float, reason: str = "") -> None:
        """Refuse a call with 300–699. Nothing follows."""
        self._callee.reject(self._book.get(call), status, reason, now)

    def bye(self, call: str, now: float) -> None:
        """Hang up a call that is up. `CallEnded` follows at once (RFC 3261 §15.1.1)."""
        found = self._book.get(call)
        self._book.hang_up(found, now)

    def reinvite(self, call: str, sdp: bytes, now: float) -> None:
        """Offer again inside a call. `ReinviteAccepted` or `ReinviteRefused` follows."""
        self._reinvites.start(self._book.get(call), sdp, now)

    def accept_reinvite(self, call: str, sdp: bytes, now: float) -> None:
        """Answer a `ReinviteReceived` with our SDP."""
        self._reinvites.accept(self._book.get(call), sdp, now)

    def reject_reinvite(self, call: str, status: int, now: float) -> None:
        """Refuse a `ReinviteReceived` with 300–699; the call stays as it is."""
        self._reinvites.reject(self._book.get(call), status, now)

    def info(self, call: str, content_type: str, body: bytes, now: float) -> str:
        """Send an INFO in a call. `RequestOutcome` follows."""
        return self._inside.info(self._book.get(call), content_type, body, now)

    # -------------------------------------------------------- commands: transfers

    def refer(
        self, call: str, target: str, now: float, *, replaces: str = "", referred_by: str = ""
    ) -> None:
        """Ask the peer of `call` to call `target`. `TransferProgress`… follow.

        `replaces` is the handle of a second call of ours that is up: the peer shall take our
        place in it; `target` may be "" then, which is that call's peer. `referred_by` is a
        URI, our own address unless given.
        """
        replaced = self._book.get(replaces) if replaces else None
        self._transfers.refer(self._book.get(call), target, replaced, referred_by, now)

    def replaces_header(self, call: str) -> str:
        """The value of a Replaces header by which somebody takes our place in a call."""
        return replaces_of(self._book.get(call))

    def accept_refer(self, call: str, now: float) -> None:
        """Take on a `ReferReceived`: `invite()` its target, then tell with `refer_progress`."""
        self._referrals.accept(call, now)

    def reject_refer(self, call: str, status: int, now: float) -> None:
        """Refuse a `ReferReceived` with 300–699, usually 603; the call stays as it is."""
        self._referrals.reject(call, status, now)

    def refer_progress(self, call: str, status: int, now: float, reason: str = "") -> None:
        """Tell the peer how an accepted transfer goes; 200–699 is the last word. `call` may be
        over by then."""
        self._referrals.progress(call, status, now, reason)
