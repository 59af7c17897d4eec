"""What every part of a user agent stands on: the way out, the event queue, the deadlines, the
transactions, random names, and how our requests and responses look.
"""

from __future__ import annotations

import random

from tui.sip.auth.digest import DigestClient
from tui.sip.config import AgentConfig
from tui.sip.dialog import reliable
from tui.sip.dialog.dialog import skip_first
from tui.sip.errors import LocalProtocolError, RemoteProtocolError
from tui.sip.events import Event, Ignored, Refused
from tui.sip.message.header_values import NameAddr
from tui.sip.message.headers import Headers
from tui.sip.message.identity import DISPLAYS
from tui.sip.message.message import Lines, Request, Response
from tui.sip.message.phrases import phrase
from tui.sip.message.uri import Uri, is_global_number, parse_uri
from tui.sip.transaction.timers import TimerSet
from tui.sip.transaction.transaction_layer import ServerTransaction, TransactionLayer

_METHODS = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO", "PRACK")
"""What we always understand."""
_EXTENSIONS = ("timer", "outbound", "path", reliable.TAG)
"""Option tags that a peer may always `Require`."""

_OF_TRANSFERS = ("replaces", "norefersub")
"""The same, where there are any."""


class AgentContext:
    """Shared by registration, requests and calls of one agent."""

    def __init__(self, config: AgentConfig, rng: random.Random, via_host: str | None) -> None:
        self.config = config
        self.rng = rng
        self.connected = False
        self.registered = False
        """The registrar took our REGISTER on this flow."""
        self.service_route: tuple[str, ...] = ()
        """The way that the registrar wants our requests to go (RFC 3608)."""
        self.timers = TimerSet()
        self.transactions = TransactionLayer(self.transmit, self.timers)
        self.via_host = via_host or f"{self.token(48)}.invalid"
        self.aor: Uri = parse_uri(config.aor)
        self.digest = DigestClient(
            config.username,
            config.password,
            rng,
            allow_weaker=config.allow_weaker_digest,
            also=config.realms,
        )
        self.methods = (
            *_METHODS,
            *(("MESSAGE",) if config.message_types else ()),
            *(("REFER", "NOTIFY", "UPDATE") if config.transfers else ()),
        )
        """What Allow lists; others get 405."""
        self.extensions = (*_EXTENSIONS, *(_OF_TRANSFERS if config.transfers else ()))
        """What Require may ask for; anything else gets 420."""
        self._via = f"SIP/2.0/{config.transport.upper()} {self.via_host}"
        self._handles = 0
        self._out: list[bytes] = []
        self._events: list[Event] = []

    # -------------------------------------------------------- ways out

    def transmit(self, wire: bytes) -> None:
        """Queue bytes for the flow; without a flow they are lost."""
        if self.connected:
            self._out.append(wire)

    def emit(self, event: Event) -> None:
        """Queue an event for whoever drives the agent."""
        self._events.append(event)

    def ignore(self, what: str, refused: Refused | None = None) -> None:
        """Note for the log that something from the wire changed nothing."""
        self._events.append(Ignored(what, refused))

    def stray(self, what: str) -> None:
        """Note for the log that something from the wire belongs to nothing of ours."""
        self._events.append(Ignored(what, stray=True))

    def drain_out(self) -> list[bytes]:
        """What is to be sent, oldest first; afterwards nothing is."""
        out, self._out = self._out, []
        return out

    def drain_events(self) -> list[Event]:
        """What is to be told, oldest first; afterwards nothing is."""
        events, self._events = self._events, []
        return events

    def need_flow(self) -> None:
        """Raises LocalProtocolError when there is no connection."""
        if not self.connected:
            raise LocalProtocolError("there is no connection")

    # -------------------------------------------------------- names

    def token(self, bits: int) -> str:
        """Random hexadecimal digits; `bits` is a multiple of 4."""
        return f"{self.rng.getrandbits(bits):0{bits // 4}x}"

    def handle(self, kind: str) -> str:
        """A name for a call or request that only the user of this package sees."""
        self._handles += 1
        return f"{kind}{self._handles}-{self.token(32)}"

    def call_id(self) -> str:
        """128 random bits: a stranger cannot guess a call (RFC 3261 §8.1.1.4)."""
        return self.token(128)

    def tag(self) -> str:
        """80 random bits: RFC 3261 §19.3 wants 32 at least."""
        return self.token(80)

    def contact(self, *, dialog: bool) -> str:
        """Our Contact in angle brackets; `;ob` where a dialog begins (RFC 5626 §4.3)."""
        user = f"{self.aor.user}@" if self.aor.user else ""
        ob = ";ob" if dialog and self.config.outbound else ""
        return f"<sip:{user}{self.via_host};transport=ws{ob}>"

    def identity(self, tag: str) -> str:
        """Our From (or To) with a tag."""
        return str(NameAddr(self.aor, self.config.display_name, {"tag": tag}))

    def is_us(self, uri: Uri, *, called: bool = False) -> bool:
        """Whether a Request-URI means us: our address of record, or our Contact.

        Where nobody in particular is trusted, an ordinary PBX decides what reaches us: it may
        name us by our user at an address of its own, by anything at our Contact's host, or, where
        we are `called`, by a number of the whole world: providers write the one that was dialled.
        """
        # Escaped or not, a user is the same one (RFC 3261 §19.1.4).
        ours = uri.scheme in ("sip", "sips") and uri.unescaped() == self.aor.unescaped()
        at_us = uri.host.lower() == self.via_host.lower()
        if not self.config.trusted and (ours or at_us or (called and is_global_number(uri))):
            return True
        return ours and uri.host.lower() in (self.aor.host.lower(), self.via_host.lower())

    def routes(self, *, registering: bool = False) -> list[tuple[str, str]]:
        """What leads a request outside of dialogs by the outbound proxy, if there is one, and, but
        for REGISTER, by the registrar's service route (RFC 3608 §5)."""
        route = self.config.outbound_proxy
        loose = route if ";lr" in route.lower() else f"{route};lr"
        way = [f"<{loose}>"] if route else []
        if not registering:
            way += self.service_route if not way else skip_first(self.service_route, route)
        return [("Route", hop) for hop in way]

    # -------------------------------------------------------- messages

    def request(
        self,
        method: str,
        uri: str,
        *,
        from_: str,
        to: str,
        call_id: str,
        cseq: int,
        lines: Lines = (),
        content_type: str = "",
        body: bytes = b"",
    ) -> Request:
        """A request of ours with a fresh branch."""
        headers = Headers()
        headers.add("Via", f"{self._via};branch=z9hG4bK{self.token(96)};rport")
        headers.add("Max-Forwards", "70")
        headers.add("From", from_)
        headers.add("To", to)
        headers.add("Call-ID", call_id)
        headers.add("CSeq", f"{cseq} {method}")
        self._finish(headers, lines, content_type)
        return Request(method, uri, headers, body)

    def response(
        self,
        request: Request,
        status: int,
        reason: str = "",
        *,
        tag: str = "",
        lines: Lines = (),
        content_type: str = "",
        body: bytes = b"",
    ) -> Response:
        """A response to `request`, with what RFC 3261 §8.2.6.2 says to copy.

        `tag` is our To tag where the request has none; without it one is made (100 has none).
        """
        headers = Headers()
        for via in request.headers.get_all("Via"):
            headers.add("Via", via)
        to = request.headers.get("To") or ""
        if status > 100 and _lacks_tag(request):
            to = f"{to};tag={tag or self.tag()}"
        headers.add("From", request.headers.get("From") or "")
        headers.add("To", to)
        headers.add("Call-ID", request.headers.get("Call-ID") or "")
        headers.add("CSeq", request.headers.get("CSeq") or "")
        self._finish(headers, lines, content_type)
        return Response(status, reason or phrase(status), headers, body)

    def _finish(self, headers: Headers, lines: Lines, content_type: str) -> None:
        for name, value in lines:
            headers.add(name, value)
        headers.add("User-Agent", self.config.user_agent)
        if content_type:
            headers.add("Content-Type", content_type)

    def answer(
        self,
        transaction: ServerTransaction,
        now: float,
        status: int,
        reason: str = "",
        *,
        tag: str = "",
        lines: Lines = (),
        content_type: str = "",
        body: bytes = b"",
    ) -> None:
        """Send a response through its transaction."""
        transaction.respond(
            self.response(
                transaction.request,
                status,
                reason,
                tag=tag,
                lines=lines,
                content_type=content_type,
                body=body,
            ),
            now,
        )

    def turn_away(self, request: Request, status: int, lines: Lines = ()) -> None:
        """Answer without a transaction, where even that would cost too much. Never to an ACK."""
        self.transmit(self.response(request, status, lines=lines).to_bytes())

    def displays(self) -> list[tuple[str, str]]:
        """What an INVITE and its answers carry so that a PBX tells who is at its other end."""
        return [DISPLAYS] if self.config.transfers else []

    def capabilities(
        self, *, contact: str = "", beside: str = "", confirms: bool = True
    ) -> list[tuple[str, str]]:
        """Allow and Supported, for requests and responses that begin or keep a session. `beside` is
        a method that is understood in this dialog, wherever else it is not; `confirms` is whether a
        provisional response may ask to be confirmed (RFC 3262)."""
        lines = [("Contact", contact)] if contact else []
        # Who says `timer` may be made the refresher (RFC 4028 §9).
        supported = ["timer"] if self.config.session_expires else []
        supported += ["outbound", "replaces"] if self.config.transfers else ["outbound"]
        supported += [reliable.TAG] if confirms else []
        methods = dict.fromkeys((*self.methods, beside) if beside else self.methods)
        return [*lines, ("Allow", ", ".join(methods)), ("Supported", ", ".join(supported))]


def _lacks_tag(request: Request) -> bool:
    """Whether a response has to add a To tag. A To that cannot be read is sent back as it is."""
    try:
        return request.to.tag is None
    except RemoteProtocolError:
        return False
