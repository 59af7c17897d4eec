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

from tui.sip.config import AgentConfig
from tui.sip.dialog.dialog import Dialog, KeptDialog
from tui.sip.dialog.replaces import replaces_of
from tui.sip.errors import LocalProtocolError, RemoteProtocolError
from tui.sip.events import Event
from tui.sip.message.message import Response, answerable, parse_message
from tui.sip.ua.admission import Admission
from tui.sip.ua.call import CallBook, CallPhase
from tui.sip.ua.context import AgentContext
from tui.sip.ua.in_dialog import InDialogRequests
from tui.sip.ua.incoming import IncomingRequests
from tui.sip.ua.invite_uac import InviteUac
from tui.sip.ua.invite_uas import InviteUas
from tui.sip.ua.out_of_dialog import OutOfDialogRequests
from tui.sip.ua.refer_uac import ReferUac
from tui.sip.ua.refer_uas import ReferUas
from tui.sip.ua.registration import Registration
from tui.sip.ua.reinvite import Reinvites
from tui.sip.ua.subscription.subscriptions import Subscriptions


class UserAgent:
    """One user agent. `rng` gives every random choice, `via_host` the sent-by of our Via: a
    random name under `.invalid` unless it is given (RFC 7118 §5)."""

    def __init__(
        self, config: AgentConfig, *, rng: random.Random, via_host: str | None = None
    ) -> None:
        self.config = config
        self._context = AgentContext(config, rng, via_host)
        self._admission = Admission(self._context)
        self._book = CallBook(self._context)
        self._registration = Registration(self._context, self._flow_up)
        self._out_of_dialog = OutOfDialogRequests(self._context)
        self._reinvites = Reinvites(self._context, self._book)
        self._invite_uas = InviteUas(self._context, self._book, self._reinvites)
        self._refer_uac = ReferUac(self._context, self._book)
        self._refer_uas = ReferUas(self._context)
        self._subscriptions = Subscriptions(self._context, self._admission)
        self._in_dialog = InDialogRequests(
            self._context,
            self._book,
            self._admission,
            self._invite_uas,
            self._reinvites,
            self._refer_uas,
        )
        self._incoming = IncomingRequests(
            self._context,
            self._book,
            self._admission,
            self._invite_uas,
            self._reinvites,
            self._in_dialog,
            self._refer_uac,
            self._subscriptions,
        )

    # -------------------------------------------------------- flow and time

    def connection_made(self, now: float) -> None:
        """A flow is up. Registers by itself when that is wanted."""
        self._context.connected = True
        self._registration.flow_up(now)
        if not self._registration.wanted:
            self._flow_up(now)

    def _flow_up(self, now: float) -> None:
        """The flow may be used for more than REGISTER."""
        self._book.flow_up(now)
        self._subscriptions.flow_up(now)

    def connection_lost(self, now: float) -> None:
        """The flow is gone: what waited for an answer fails, calls that are up stay."""
        self._context.connected = False
        self._context.drain_out()
        self._book.flow_down()
        self._incoming.flow_down()
        self._context.transactions.lose_flow(now)
        self._subscriptions.flow_down()
        self._registration.flow_down()

    def handle_timeout(self, now: float) -> None:
        """Do what is due at `now`. May be called early, and late."""
        self._context.timers.run(now)

    def next_deadline(self) -> float | None:
        """When to call `handle_timeout` next; None when nothing waits."""
        return self._context.timers.next()

    def data_to_send(self) -> list[bytes]:
        """What to send, drained: one WebSocket message an item."""
        return self._context.drain_out()

    def events(self) -> list[Event]:
        """What has happened since the last call, drained, in order."""
        return self._context.drain_events()

    # -------------------------------------------------------- what comes in

    def receive_data(self, frame: bytes | str, now: float) -> None:
        """Take one WebSocket message, text or binary."""
        data = frame.encode("utf-8", "surrogatepass") if isinstance(frame, str) else bytes(frame)
        if not data.strip(b"\r\n\t \0"):
            self._keep_alive(data)
            return
        try:
            message = parse_message(data)
            if message.surplus:
                # RFC 7118 §5: a frame is one message. Who forwards the body of somebody else may
                # not have looked at what stands behind it, so it is never read as a message.
                self._context.ignore(f"{message.surplus} bytes behind a message in its frame")
            if isinstance(message, Response):
                if not self._context.transactions.receive_response(message, now):
                    asked = message.cseq.method
                    self._context.stray(f"a {message.status} to a {asked} that nothing waits for")
            else:
                self._admission.check(message)
                self._incoming.receive(message, now)
        except RemoteProtocolError as error:
            self._context.ignore(f"malformed: {error}")
            if (request := answerable(error)) is not None:
                self._context.turn_away(request, error.status)

    def _keep_alive(self, data: bytes) -> None:
        """RFC 5626 §3.5.1: a double CRLF is a question, a single one the answer. Other blanks, and
        zeros, are what some send so that a NAT remembers them: they ask for nothing."""
        if b"\r\n\r\n" in data:
            self._context.transmit(b"\r\n")
        elif data == b"\r\n":
            self._registration.pong()

    # -------------------------------------------------------- commands: registration, requests

    def register(self, now: float) -> None:
        """Register and stay registered; again now if it is so already."""
        self._registration.want(now)

    def unregister(self, now: float) -> None:
        """Take the registration back, and end every subscription. `Unregistered` follows."""
        self._subscriptions.leave(now)
        self._registration.leave(now)

    def send_message(
        self, target: str, body: bytes, content_type: str, now: float, *, urgent: bool = False
    ) -> str:
        """Send a MESSAGE, behind those to the same peer that wait. `RequestOutcome` follows.

        `urgent`: at once, before those that wait: what a person does now waits behind nothing.
        """
        return self._out_of_dialog.message(target, body, content_type, now, urgent=urgent)

    def withdraw(self, request_id: str, now: float) -> bool:
        """Give up a MESSAGE, OPTIONS or other request outside of calls: it is ended, or never goes
        out, and the next in its queue goes. Nothing is told. False when it is over already."""
        return self._out_of_dialog.withdraw(request_id, now)

    def options(self, target: str, now: float) -> str:
        """Ask a peer what it can do. `RequestOutcome` follows."""
        return self._out_of_dialog.send("OPTIONS", target, (), "", b"", now)

    def send_request(
        self,
        method: str,
        target: str,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        now: float,
    ) -> str:
        """Send any other request outside of calls. `RequestOutcome` follows."""
        return self._out_of_dialog.send(method, target, headers, "", body, now)

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

    # -------------------------------------------------------- commands: subscriptions

    def subscribe(
        self,
        target: str,
        package: str,
        now: float,
        *,
        accept: Sequence[str] = (),
        expires: int = 3600,
    ) -> str:
        """Have the news of `package` at `target` told, and stay subscribed over refreshes, ends
        that pass and lost flows: `SubscriptionActive`, `Notified`…, `SubscriptionEnded` follow.

        `accept` are the content types that are read, () for the package's own; `expires` the life
        in seconds that is asked for. Before the first registration it waits for that.
        """
        return self._subscriptions.subscribe(target, package, tuple(accept), expires, now)

    def unsubscribe(self, subscription: str, now: float) -> None:
        """End a subscription; its `SubscriptionEnded` follows at once."""
        self._subscriptions.unsubscribe(subscription, now)

    def refresh_subscription(self, subscription: str, now: float) -> None:
        """Have the whole state told anew, as after a gap in the numbers of partial news. Nothing
        happens while it is being asked for already."""
        self._subscriptions.refresh(subscription, now)

    # -------------------------------------------------------- commands: calls

    def invite(
        self,
        target: str,
        sdp: bytes | None,
        now: float,
        headers: Sequence[tuple[str, str]] = (),
    ) -> str:
        """Call somebody. `Progress`…, then `InviteAnswered` or `InviteRefused` follow."""
        self._context.need_flow()
        if len(self._book) >= self.config.max_calls:
            raise LocalProtocolError("too many calls")
        call = self._book.new(CallPhase.CALLING, sdp)
        try:
            call.outgoing = InviteUac(
                self._context, self._book, self._reinvites, call, target, headers, now
            )
        except LocalProtocolError:
            self._book.remove(call)
            raise
        return call.handle

    def cancel(self, call: str, now: float) -> None:
        """Give up a call that is not answered yet. `InviteRefused` follows."""
        found = self._book.get(call)
        if found.phase is not CallPhase.CALLING or found.outgoing is None:
            raise LocalProtocolError("the call does not wait for the other side")
        found.outgoing.cancel(now)

    def acknowledge(self, call: str, sdp: bytes, now: float) -> None:
        """Answer the offer that the 2xx to an INVITE without SDP brought. LocalProtocolError
        when the call is not ours, or answered already."""
        found = self._book.get(call)
        if found.outgoing is None:
            raise LocalProtocolError("the call is not ours")
        found.outgoing.acknowledge(sdp)

    def ring(self, call: str, now: float, sdp: bytes | None = None) -> None:
        """Say that it rings; with SDP, early media."""
        self._invite_uas.ring(self._book.get(call), sdp, now)

    def accept(self, call: str, sdp: bytes, now: float) -> None:
        """Answer a call. `Established` follows, or `CallEnded` when no ACK comes."""
        self._invite_uas.accept(self._book.get(call), sdp, now)

    def reject(self, call: str, status: int, now: float, reason: str = "") -> None:
        """Refuse a call with 300–699. Nothing follows."""
        self._invite_uas.reject(self._book.get(call), status, reason, now)

    def bye(self, call: str, now: float, reason: str = "") -> None:
        """Hang up a call that is up. `CallEnded` follows at once (RFC 3261 §15.1.1). `reason` is
        the value of a Reason header (RFC 3326); "" for none."""
        found = self._book.get(call)
        found.up().farewell = reason
        self._book.hang_up(found, now)

    def kept(self, call: str) -> KeptDialog:
        """What another user agent of ours would need to go on with a call that is up."""
        return self._book.get(call).up().kept()

    def restore(self, kept: KeptDialog) -> str:
        """Go on with a call that an earlier user agent of ours left up, without its session: it
        can be hung up, handed over, and named in Replaces. Its handle."""
        call = self._book.new(CallPhase.UP, None)
        call.dialog = Dialog.of_note(kept)
        call.tag = kept.local_tag
        return call.handle

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
        return self._in_dialog.info(self._book.get(call), content_type, body, now)

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
        self._refer_uac.refer(self._book.get(call), target, replaced, referred_by, now)

    def replaces_header(self, call: str) -> str:
        """The value of a Replaces header by which somebody takes our place in a call."""
        return replaces_of(self._book.get(call).up())

    def accept_refer(self, call: str, now: float) -> None:
        """Take on a `ReferReceived`: `invite()` its target, then tell with `refer_progress`."""
        self._refer_uas.accept(call, now)

    def reject_refer(self, call: str, status: int, now: float) -> None:
        """Refuse a `ReferReceived` with 300–699, usually 603; the call stays as it is."""
        self._refer_uas.reject(call, status, now)

    def refer_progress(self, call: str, status: int, now: float, reason: str = "") -> None:
        """Tell the peer how an accepted transfer goes; 200–699 is the last word. `call` may be
        over by then."""
        self._refer_uas.progress(call, status, now, reason)
