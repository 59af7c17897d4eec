"""Whom to call, and who calls, with plain SIP: typed numbers and addresses to URIs, and From and
P-Asserted-Identity to what is shown."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from tui import sip
from tui.engine.numbers import MAX_DIGITS, NumberError
from tui.text import clean_text

_SEPARATORS = re.compile(r"[\s\-–—()./·]")
_DIGITS = re.compile(r"\+?[0-9*#]+")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~-]*")
_SCHEMES = ("sip", "sips", "tel")
_NOBODY = frozenset({"anonymous", "restricted", "unavailable", "unknown", "withheld"})
"""What is written in the place of a number, and of a name, that is withheld."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Somebody to call: the Request-URI, and what to show."""

    uri: str
    shown: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is at the other end: the number or address ("": it is withheld), the name, and whether
    the server answers for both (RFC 3325). `trusted`: the identity is the PBX's own word, or lies
    in the trusted domain, so that it may be let in."""

    number: str
    name: str
    verified: bool
    trusted: bool = False


def parse_destination(text: str, domain: str) -> Destination:
    """What somebody typed: a number, a name or number with a domain, or a sip: URI. NumberError
    when it is none of these. Headers of a URI are left out: they are for no one to type."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if not plain:
        raise NumberError("dial.empty")
    digits = _SEPARATORS.sub("", plain)
    if _DIGITS.fullmatch(digits):
        if len(digits) > MAX_DIGITS:
            raise NumberError("dial.too_long")
        return Destination(f"sip:{digits.replace('#', '%23')}@{domain}", digits)
    if _NAME.fullmatch(plain):
        return Destination(f"sip:{plain}@{domain}", plain)
    if ":" not in plain:
        plain = f"sip:{plain}"
    destination = destination_of(plain, domain)
    if destination is None:
        raise NumberError("dial.not_address", clean_text(plain, 40))
    return destination


def destination_of(text: str, domain: str) -> Destination | None:
    """A URI as somebody to call, without headers; None when nobody can be called by it."""
    try:
        uri = sip.parse_uri(text)
    except sip.RemoteProtocolError:
        return None
    if uri.scheme not in _SCHEMES or not (uri.host or uri.user):
        return None
    bare = sip.Uri(uri.scheme, uri.user, "", uri.host, uri.port, dict(uri.params))
    dialled = sip.phone_uri(bare, domain)
    return Destination(str(dialled), shown(dialled, domain))


def shown(uri: sip.Uri, domain: str) -> str:
    """An address for people: the number alone where the domain is ours, or there is none, as in
    the contact of a WebSocket (RFC 7118 §5): that socket is gone when somebody calls back."""
    user = _user_of(uri, domain)
    host = uri.host.lower()
    if uri.scheme == "tel" or (user and (host == domain.lower() or host.endswith(".invalid"))):
        return user
    port = "" if uri.port is None else f":{uri.port}"
    return clean_text(f"{user}@{uri.host}{port}" if user else f"{uri.host}{port}")


def _user_of(uri: sip.Uri, domain: str) -> str:
    """The user of an address for people. Of a telephone number the number alone: what stands behind
    it (`;phone-context=…`, `;cpc=…`) says something of it, and is no part of it (RFC 3966 §5)."""
    user = clean_text(sip.phone_uri(uri, domain).unescaped())
    number, _, _ = user.partition(";")
    return number if _DIGITS.fullmatch(number) else user


def caller_of(invite: sip.InviteReceived, domain: str, trusted_domain: str) -> Caller:
    """Who calls. What comes over our own registered flow from the PBX is the PBX's word, whatever
    host it writes. Of others an identity that was asserted for the trusted domain (ours where none
    is named), or for a telephone number, counts; what stands in their From alone is what anybody
    can write there."""
    stated = _believed(invite.asserted, invite.of_registrar, domain, trusted_domain)
    own = invite.of_registrar
    trusted = own or (stated is not None and stated.uri.scheme != "tel")
    who = stated if stated is not None else invite.from_
    verified = own or stated is not None
    name = _name(who)
    if verified and not name:
        name = _name(invite.from_)
        # Of others the name is the caller's own word then, whatever the server says of the number.
        verified = own or not name
    return Caller(_number(who.uri, domain, own=own), name, verified, trusted)


def connected_to(
    stated: sip.NameAddr | None, domain: str, trusted_domain: str, *, own: bool
) -> Caller | None:
    """Who is at the other end now, as a message inside the call states it (RFC 3325 §9.1): believed
    as in an INVITE, `own` where the dialog is the PBX's own. None: it tells nothing that counts."""
    believed = _believed(stated, own, domain, trusted_domain)
    if believed is None or (not own and sip.is_unscreened(believed)):
        return None
    trusted = own or believed.uri.scheme != "tel"
    return Caller(_number(believed.uri, domain, own=own), _name(believed), True, trusted)


def _believed(
    stated: sip.NameAddr | None, own: bool, domain: str, trusted_domain: str
) -> sip.NameAddr | None:
    if stated is None or own or stated.uri.scheme == "tel":
        return stated
    home = (trusted_domain or domain).lower()
    at_home = stated.uri.scheme in ("sip", "sips") and stated.uri.host.lower() == home
    return stated if at_home else None


def _number(uri: sip.Uri, domain: str, *, own: bool) -> str:
    """What to show, and to call back: of the PBX's own word the user part where it is a number."""
    if is_withheld(uri):
        return ""
    user = _user_of(uri, domain)
    if own and _DIGITS.fullmatch(user):
        return user
    return shown(uri, domain)


def _name(who: sip.NameAddr) -> str:
    name = clean_text(who.display_name, 60)
    return "" if name.lower() in _NOBODY else name


def is_withheld(uri: sip.Uri) -> bool:
    """Whether an address says that the caller's number is not to be known (RFC 3323 §4.1.1.3)."""
    host = uri.host.lower()
    return uri.user.lower() in _NOBODY or host == "anonymous.invalid"


def shown_peer(value: str, domain: str) -> str:
    """The other side of a call by its From or To, for display; "" where that cannot be read."""
    try:
        return shown(sip.parse_name_addr(value).uri, domain)
    except sip.RemoteProtocolError:
        return ""


def told_party(display: str, identity: str, domain: str) -> str:
    """Who a PBX says is in somebody else's call, for display: the name, else the number; "" where
    either is withheld. `invalid` is Asterisk's word for a caller without a number."""
    name = clean_text(display, 60)
    if name and name.lower() not in (*_NOBODY, "invalid"):
        return name
    try:
        uri = sip.parse_uri(identity)
    except sip.RemoteProtocolError:
        return ""
    nobody = is_withheld(uri) or uri.user.lower() == "invalid"
    return "" if nobody else shown(uri, domain)


def contacts_of(values: tuple[str, ...], domain: str) -> list[Destination]:
    """Where a 3xx sends a caller: those that can be called, in the server's order."""
    found = []
    for value in values:
        try:
            uri = str(sip.parse_name_addr(value).uri)
        except sip.RemoteProtocolError:
            uri = value
        destination = destination_of(uri, domain)
        if destination is not None:
            found.append(destination)
    return found
