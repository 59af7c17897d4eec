"""Dialogs (RFC 3261 §12): what both sides remember of a call, and the requests inside it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Protocol

from tui.sip.errors import RemoteProtocolError
from tui.sip.message.header_values import parse_name_addr, sent_back
from tui.sip.message.message import Lines, Request, Response
from tui.sip.message.uri import parse_uri


class RequestWriter(Protocol):
    """Who writes our requests: with a fresh branch, our Via and User-Agent (`ua/context.py`)."""

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
        """A request to `uri`, with the dialog's From, To, Call-ID and CSeq (§12.2.1.1)."""


_HOPS: Final = 8
"""Of a service route; a longer one is none."""
_is_loose = re.compile(r"[^?]*;lr(?![^;=?])", re.I).match
"""Whether a hop, from its host on, is a loose router (§19.1.1)."""
_SPARE: Final = 1000
"""Numbers of CSeq that are left out when a dialog is taken up again: more than may have been used
since it was noted."""


@dataclass(frozen=True, slots=True)
class KeptDialog:
    """A dialog as it can be noted: all that another user agent of ours needs to go on with it."""

    call_id: str
    local_tag: str
    remote_tag: str
    ours: str
    theirs: str
    target: str
    routes: tuple[str, ...] = ()
    local_cseq: int = 0
    remote_cseq: int | None = None
    began_it: bool = False


@dataclass(slots=True)
class Dialog:
    """One dialog, seen from our side. `ours` and `theirs` are whole From/To values, tags
    included; `target` is the peer's Contact URI; `routes` the route set in sending order."""

    call_id: str
    local_tag: str
    remote_tag: str | None
    ours: str
    theirs: str
    target: str
    routes: tuple[str, ...] = ()
    local_cseq: int = 0
    remote_cseq: int | None = None
    began_it: bool = field(default=False)
    """We sent the INVITE, so the Call-ID is ours."""
    farewell: str = ""
    """The Reason of our BYE; "" for none."""
    agreed: bool = False
    """Before the call is answered: our offer has its answer, in a 1xx that was confirmed."""
    answer: bytes = b""
    """Ours to what the peer has offered since: what the 1xx described is in force no more."""

    @classmethod
    def of_uac(cls, request: Request, response: Response) -> Dialog:
        """The UAC's dialog out of its INVITE and a response with a To tag (§12.1.2)."""
        return cls(
            call_id=request.call_id,
            local_tag=request.from_.tag or "",
            remote_tag=response.to.tag,
            ours=request.headers.get("From") or "",
            theirs=response.headers.get("To") or "",
            target=read_target(response) or request.uri,
            routes=tuple(reversed(_read_routes(response))),
            local_cseq=request.cseq.number,
            began_it=True,
        )

    def answered_by(self, request: Request, response: Response) -> None:
        """A later response to our INVITE from the same peer: the way to it is the one that this
        says (§13.2.2.4). Our numbers go on, as requests of ours may have gone by."""
        self.theirs = response.headers.get("To") or ""
        self.target = read_target(response) or self.target
        self.routes = tuple(reversed(_read_routes(response)))
        self.local_cseq = max(self.local_cseq, request.cseq.number)

    @classmethod
    def of_uas(cls, request: Request, local_tag: str, target: str) -> Dialog:
        """The UAS's dialog out of the INVITE that it got (§12.1.1)."""
        return cls(
            call_id=request.call_id,
            local_tag=local_tag,
            remote_tag=request.from_.tag,
            ours=f"{request.headers.get('To') or ''};tag={local_tag}",
            theirs=request.headers.get("From") or "",
            target=target,
            routes=_read_routes(request),
            remote_cseq=request.cseq.number,
        )

    @classmethod
    def of_notify(cls, notify: Request, ours: str, target: str, local_cseq: int) -> Dialog:
        """The subscriber's dialog, which the first NOTIFY makes (RFC 6665 §4.4.1). `ours` is the
        From of our SUBSCRIBE, `target` its Request-URI, for a NOTIFY without a Contact."""
        return cls(
            call_id=notify.call_id,
            local_tag=notify.to.tag or "",
            remote_tag=notify.from_.tag,
            ours=ours,
            theirs=notify.headers.get("From") or "",
            target=read_target(notify) or target,
            routes=_read_routes(notify),
            local_cseq=local_cseq,
            began_it=True,
        )

    def kept(self) -> KeptDialog:
        """As a note."""
        return KeptDialog(
            self.call_id,
            self.local_tag,
            self.remote_tag or "",
            self.ours,
            self.theirs,
            self.target,
            self.routes,
            self.local_cseq,
            self.remote_cseq,
            self.began_it,
        )

    @classmethod
    def of_note(cls, kept: KeptDialog) -> Dialog:
        """The dialog of a note, with a CSeq that nobody has used."""
        return cls(
            call_id=kept.call_id,
            local_tag=kept.local_tag,
            remote_tag=kept.remote_tag or None,
            ours=kept.ours,
            theirs=kept.theirs,
            target=kept.target,
            routes=tuple(kept.routes),
            local_cseq=kept.local_cseq + _SPARE,
            remote_cseq=kept.remote_cseq,
            began_it=kept.began_it,
        )

    def matches(self, request: Request) -> bool:
        """Call-ID and both tags are this dialog's (§12)."""
        return (
            request.call_id == self.call_id
            and request.to.tag == self.local_tag
            and request.from_.tag == self.remote_tag
        )

    def take(self, cseq: int) -> bool:
        """Whether a request with this CSeq is in order; if so it is remembered (§12.2.2).

        One that equals the last is refused too: a true repeat never gets past its transaction.
        """
        if self.remote_cseq is not None and cseq <= self.remote_cseq:
            return False
        self.remote_cseq = cseq
        return True

    def refresh_target(self, message: Request | Response) -> None:
        """The Contact of a re-INVITE, or of its 2xx, is the new remote target (§12.2)."""
        self.target = read_target(message) or self.target

    def request(
        self,
        writer: RequestWriter,
        method: str,
        *,
        lines: Lines = (),
        content_type: str = "",
        body: bytes = b"",
    ) -> Request:
        """The next request in this dialog, with CSeq one higher."""
        self.local_cseq += 1
        return self.at(
            writer, method, self.local_cseq, lines=lines, content_type=content_type, body=body
        )

    def at(
        self,
        writer: RequestWriter,
        method: str,
        cseq: int,
        *,
        lines: Lines = (),
        content_type: str = "",
        body: bytes = b"",
    ) -> Request:
        """A request with a CSeq of its own: an ACK repeats the INVITE's (§13.2.2.4)."""
        uri, routes = self._way()
        return writer.request(
            method,
            uri,
            from_=self.ours,
            to=self.theirs,
            call_id=self.call_id,
            cseq=cseq,
            lines=[*(("Route", route) for route in routes), *lines],
            content_type=content_type,
            body=body,
        )

    def _way(self) -> tuple[str, tuple[str, ...]]:
        """Request-URI and Route values (§12.2.1.1): a first hop without `lr` is strict."""
        if not self.routes:
            return self.target, ()
        first = sent_back(self.routes[0])
        if _is_loose(first.rpartition("@")[2]):
            return self.target, self.routes
        return first, (*self.routes[1:], f"<{self.target}>")


def read_service_route(message: Response) -> tuple[str, ...]:
    """The Service-Route of a 200 to REGISTER in its order (RFC 3608 §5.1). A way is taken whole or
    not at all: none where a hop cannot be read, is no SIP address or a strict router."""
    hops = message.headers.get_all("Service-Route")
    try:
        uris = [parse_name_addr(hop).uri for hop in hops]
    except RemoteProtocolError:
        return ()
    loose = all(uri.scheme in ("sip", "sips") and "lr" in uri.params for uri in uris)
    return tuple(hops) if loose and len(hops) <= _HOPS else ()


def skip_first(hops: tuple[str, ...], proxy: str) -> tuple[str, ...]:
    """A way behind a proxy that may be its first hop: nothing goes by that twice."""
    first = parse_name_addr(hops[0]).uri.host.lower() if hops else ""
    return hops[1:] if first and first == parse_uri(proxy).host.lower() else hops


def read_target(message: Request | Response) -> str:
    """Where the peer of a dialog is reached: the first Contact that can be sent back; "" where
    there is none: a 2xx is ACKed all the same."""
    for value in message.headers.get_all("Contact"):
        try:
            return sent_back(value)
        except RemoteProtocolError:
            continue
    return ""


def read_routes(message: Request | Response) -> tuple[str, ...]:
    """Record-Route as it stands: a proxy reads its own, and no one else does. A hop without
    brackets gets them, as its parameters belong to its address (§20.30). RemoteProtocolError where
    one cannot be sent back."""
    hops = message.headers.get_all("Record-Route")
    routes = tuple(hop if "<" in hop else f"<{hop}>" for hop in hops)
    for route in routes:
        sent_back(route)
    return routes


def _read_routes(message: Request | Response) -> tuple[str, ...]:
    """The same, or nothing where a hop is none."""
    try:
        return read_routes(message)
    except RemoteProtocolError:
        return ()
