"""Replaces (RFC 3891): which call an INVITE means to take the place of, and its text both ways.

A transfer with consultation is this: the one who transfers tells the first party to call the
second with a Replaces that names the second call, and the second party lets the new call take
its place. Only a call's own parties and the proxies between know its Call-ID and both tags.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote

from tui.sip.call import Book, Call, Phase
from tui.sip.dialog import Dialog
from tui.sip.errors import RemoteProtocolError
from tui.sip.grammar import LWS, PARAMS, read_params
from tui.sip.message import Request
from tui.sip.uri import Uri

DIALLED: Final = ("sip", "sips", "tel")
"""The schemes of what we may be sent on to; any other is refused with 416, or left out."""
_replaces = re.compile(rf"{LWS}([^\s;,]++){PARAMS}{LWS}").fullmatch


@dataclass(frozen=True, slots=True)
class Replaces:
    """A dialog as the receiver of the header sees it: `to_tag` is the receiver's own."""

    call_id: str
    to_tag: str
    from_tag: str
    early_only: bool = False

    def __str__(self) -> str:
        early = ";early-only" if self.early_only else ""
        return f"{self.call_id};to-tag={self.to_tag};from-tag={self.from_tag}{early}"

    def means(self, dialog: Dialog) -> bool:
        """Whether it names this dialog of ours."""
        return (self.call_id, self.to_tag, self.from_tag) == (
            dialog.call_id,
            dialog.local_tag,
            dialog.remote_tag,
        )


def parse_replaces(text: str) -> Replaces:
    """The value of a Replaces header; RemoteProtocolError unless it has both tags (§6.1)."""
    found = _replaces(text)
    params = read_params(found[2]) if found else {}
    if found is None or not params.get("to-tag") or not params.get("from-tag"):
        raise RemoteProtocolError("a malformed Replaces header")
    return Replaces(found[1], params["to-tag"], params["from-tag"], "early-only" in params)


def replaces_of(call: Call) -> str:
    """The Replaces that lets somebody else take our place in a call that is up: written for
    the peer, whose tag is the To tag. LocalProtocolError when the call is not up."""
    dialog = call.up()
    return str(Replaces(dialog.call_id, dialog.remote_tag or "0", dialog.local_tag))


def with_replaces(uri: Uri, value: str) -> Uri:
    """A Refer-To URI that carries a Replaces, escaped (RFC 3891 §7); other headers are gone."""
    headers = {"Replaces": quote(value, safe="")} if value else {}
    return Uri(uri.scheme, uri.user, uri.password, uri.host, uri.port, uri.params, headers)


def plain(uri: Uri) -> Uri:
    """What a peer wants called, without headers and without a method: nobody else's words get
    into our requests."""
    params = {name: what for name, what in uri.params.items() if name != "method"}
    return Uri(uri.scheme, uri.user, uri.password, uri.host, uri.port, params)


def replaces_in(uri: Uri) -> str | None:
    """The Replaces that a Refer-To URI carries; RemoteProtocolError when it is malformed."""
    value = uri.headers.get("replaces")
    return None if value is None else str(parse_replaces(unquote(value)))


def find_replaced(book: Book, request: Request) -> tuple[int, Call | None]:
    """The call that an INVITE replaces, with 0; or the status that refuses the INVITE (§3).

    A call that is up; or, of those not answered, one that we began ourselves.
    """
    values = request.headers.get_all("Replaces")
    if not values:
        return 0, None
    try:
        (replaces,) = [parse_replaces(value) for value in values]
    except (RemoteProtocolError, ValueError):
        return 400, None
    for call in book:
        if any(replaces.means(dialog) for dialog in call.early.values()):
            return 0, call
        if call.dialog is not None and replaces.means(call.dialog):
            if call.phase is Phase.RINGING:
                return 481, None
            return (486, None) if replaces.early_only else (0, call)
    return (603 if any(replaces.means(dialog) for dialog in book.over) else 481), None
