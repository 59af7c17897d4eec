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

from tui.sip.dialog.dialog import Dialog
from tui.sip.errors import RemoteProtocolError
from tui.sip.message.grammar import LWS, PARAMS, read_params
from tui.sip.message.header_values import parse_name_addr
from tui.sip.message.uri import Uri, parse_uri

DIALLED: Final = ("sip", "sips", "tel")
"""The schemes of what we may be sent on to; any other is refused with 416, or left out."""
_with_headers = re.compile(r"[^<>]*+<([^<>?]++)\?([^<>]++)>").match
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


def replaces_of(dialog: Dialog) -> str:
    """The Replaces that lets somebody else take our place in a call that is up: written for
    the peer, whose tag is the To tag."""
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


def read_refer_to(value: str) -> tuple[Uri, str | None]:
    """Whom a Refer-To wants called, and the Replaces in it: an address with one wants brackets and
    escapes (RFC 3261 §20.10, RFC 3891 §7), and not all write them. RemoteProtocolError when it is
    no address, or its Replaces none."""
    text = value if "<" in value else f"<{value}>"
    try:
        uri = parse_name_addr(text).uri
    except RemoteProtocolError:
        found = _with_headers(text)
        if found is None:
            raise
        uri = parse_uri(found[1])
        pairs = (pair.partition("=") for pair in found[2].split("&"))
        said = next((what for name, _, what in pairs if name.lower() == "replaces"), "")
    else:
        said = uri.headers.get("replaces", "")
    return uri, str(parse_replaces(unquote(said))) if said else None
