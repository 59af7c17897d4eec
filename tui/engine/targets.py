"""Whom to call, and who calls, with plain SIP: typed numbers and addresses to URIs, and From and
P-Asserted-Identity to what is shown."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from tui import sip
from tui.engine.number import MAX_DIGITS, NumberError
from tui.text import clean_text

_SEPARATORS = re.compile(r"[\s\-–—()./·]")
_DIGITS = re.compile(r"\+?[0-9*#]+")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~-]*")
_SCHEMES = ("sip", "sips", "tel")


@dataclass(frozen=True, slots=True)
class Target:
    """Somebody to call: the Request-URI, and what to show."""

    uri: str
    shown: str


@dataclass(frozen=True, slots=True)
class Party:
    """Who calls: the number or address, the name, and whether the server answers for both
    (RFC 3325). `trusted`: its identity lies in the trusted domain, so that it may be let in."""

    number: str
    name: str
    verified: bool
    trusted: bool = False


def parse_target(text: str, domain: str) -> Target:
    """What somebody typed: a number, a name or number with a domain, or a sip: URI. NumberError
    when it is none of these. Headers of a URI are left out: they are for no one to type."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if not plain:
        raise NumberError("dial.empty")
    digits = _SEPARATORS.sub("", plain)
    if _DIGITS.fullmatch(digits):
        if len(digits) > MAX_DIGITS:
            raise NumberError("dial.too_long")
        return Target(f"sip:{digits.replace('#', '%23')}@{domain}", digits)
    if _NAME.fullmatch(plain):
        return Target(f"sip:{plain}@{domain}", plain)
    if ":" not in plain:
        plain = f"sip:{plain}"
    target = target_of(plain, domain)
    if target is None:
        raise NumberError("dial.not_address", clean_text(plain, 40))
    return target


def target_of(text: str, domain: str) -> Target | None:
    """A URI as somebody to call, without headers; None when nobody can be called by it."""
    try:
        uri = sip.parse_uri(text)
    except sip.RemoteProtocolError:
        return None
    if uri.scheme not in _SCHEMES or not (uri.host or uri.user):
        return None
    bare = sip.Uri(uri.scheme, uri.user, "", uri.host, uri.port, dict(uri.params))
    return Target(str(bare), shown(uri, domain))


def shown(uri: sip.Uri, domain: str) -> str:
    """An address for people: the number alone where the domain is ours, or there is none."""
    user = clean_text(uri.unescaped())
    if uri.scheme == "tel" or (user and uri.host.lower() == domain.lower()):
        return user
    port = "" if uri.port is None else f":{uri.port}"
    return clean_text(f"{user}@{uri.host}{port}" if user else f"{uri.host}{port}")


def caller(invite: sip.InviteReceived, domain: str, trusted_domain: str) -> Party:
    """Who calls. An identity that our server asserted for its own domain, or for a telephone
    number, counts; what stands in From alone is what anybody can write there."""
    who, verified, trusted = invite.from_, False, False
    asserted = invite.asserted
    if asserted is not None:
        home = (trusted_domain or domain).lower()
        trusted = asserted.uri.scheme in ("sip", "sips") and asserted.uri.host.lower() == home
        verified = trusted or asserted.uri.scheme == "tel"
        if verified:
            who = asserted
    name = clean_text(who.display_name, 60)
    if verified and not name:
        name = clean_text(invite.from_.display_name, 60)
        # The name is the caller's own word then, whatever the server says of the number.
        verified = not name
    return Party(shown(who.uri, domain), name, verified, trusted)


def wants_auto_answer(headers: sip.Headers) -> bool:
    """Whether a call asks to be answered by itself: Answer-Mode: Auto (RFC 5373), or what PBXs
    write in Alert-Info and Call-Info (`info=alert-autoanswer`, `;answer-after=0`)."""
    for name in ("Answer-Mode", "Priv-Answer-Mode"):
        if (headers.get(name) or "").partition(";")[0].strip().lower() == "auto":
            return True
    for name in ("Alert-Info", "Call-Info"):
        for value in headers.get_all(name):
            low = value.lower()
            if "answer-after=" in low or "alert-autoanswer" in low or "auto-answer" in low:
                return True
    return False


def contacts_of(values: tuple[str, ...], domain: str) -> list[Target]:
    """Where a 3xx sends a caller: those that can be called, in the server's order."""
    found = []
    for value in values:
        try:
            uri = str(sip.parse_name_addr(value).uri)
        except sip.RemoteProtocolError:
            uri = value
        target = target_of(uri, domain)
        if target is not None:
            found.append(target)
    return found
