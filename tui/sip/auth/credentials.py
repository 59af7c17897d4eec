"""Digest credentials: reading challenges and answers, and the arithmetic between them.

RFC 7616, RFC 8760; challenges without `qop` (RFC 2069) are understood.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from tui.secrets import Secret
from tui.sip.errors import RemoteProtocolError
from tui.sip.message.grammar import LWS, TCHAR, split_list, unescape

HASHES: Final = {
    algorithm: name
    for algorithm, name in (("MD5", "md5"), ("SHA-256", "sha256"), ("SHA-512-256", "sha512_256"))
    if name in hashlib.algorithms_available
}
"""The algorithms that can be had here, to their names in hashlib."""
_QUALITIES: Final = ("auth", "auth-int", "auth-conf")
"""Words of `qop`, which stand alone where its list has no quotes."""
_STRENGTH: Final = {"MD5": 1, "SHA-256": 2, "SHA-512-256": 2}

_scheme = re.compile(rf"{LWS}([{TCHAR}]++)[ \t]++").match
_bare_word = re.compile(rf"[ \t,]*+[{TCHAR}]++{LWS}(?:,|\Z)").match
_begins = re.compile(rf"[{TCHAR}]++(?:[ \t]++[{TCHAR}]++{LWS}=|\Z)").match
_algorithm = re.compile(rf'(?i)[\s,]algorithm{LWS}={LWS}"?([{TCHAR}]++)').search
_quality = re.compile(rf'(?i)[\s,]qop{LWS}={LWS}"?([{TCHAR}]++)').search
_param = re.compile(
    rf'[ \t,]*+([{TCHAR}]++){LWS}={LWS}(?:"([^"\\]*+(?:\\.[^"\\]*+)*)"|([^\s,"\\]*+)){LWS}(?:,|\Z)'
).match


@dataclass(frozen=True, slots=True)
class Challenge:
    """One `WWW-Authenticate` or `Proxy-Authenticate` that we can answer.

    `algorithm` is the base one, upper-case; `session` is its `-sess`; `named` is False where
    the peer left the algorithm out. `qop` is `auth`, `auth-int` or `""` (RFC 2069).
    """

    realm: str
    nonce: str
    algorithm: str = "MD5"
    session: bool = False
    named: bool = True
    qop: str = ""
    opaque: str | None = None
    stale: bool = False

    @property
    def strength(self) -> int:
        """A larger number is harder to break."""
        return _STRENGTH[self.algorithm]


def read_credentials(value: str) -> dict[str, str]:
    """The parameters of one Digest challenge or credential, names in lower case.

    RemoteProtocolError for another scheme, for anything malformed, and for a name that
    stands twice with two values. A word without a value says nothing: it may be the rest of a
    `qop` that wants quotes (`qop=auth,auth-int`).
    """
    found = _scheme(value)
    if found is None or found[1].lower() != "digest":
        raise RemoteProtocolError("not a Digest header")
    params: dict[str, str] = {}
    position = found.end()
    while position < len(value):
        item = _param(value, position)
        if item is None and (word := _bare_word(value, position)) is not None:
            position = word.end()
            continue
        said = "" if item is None else item[3] or unescape(item[2] or "")
        if item is None or params.setdefault(item[1].lower(), said) != said:
            raise RemoteProtocolError("a malformed Digest header")
        position = item.end()
    return params


def split_challenges(value: str) -> list[str]:
    """The challenges of one header line: a server may write several there, between the commas that
    their parameters have too. A scheme, alone or with a space and a first parameter, begins one."""
    found: list[str] = []
    for item in split_list(value):
        if not found or (_begins(item) and item.lower() not in _QUALITIES):
            found.append(item)
        else:
            found[-1] += f", {item}"
    return found


def parse_challenge(value: str) -> Challenge | None:
    """A challenge that we can answer, else None: the next one in the message may be."""
    try:
        params = read_credentials(value)
    except RemoteProtocolError:
        return None
    algorithm, session = read_algorithm(params)
    offered = [word.strip().lower() for word in params.get("qop", "").split(",")]
    qop = next((word for word in ("auth", "auth-int", "") if word in offered), None)
    if algorithm not in HASHES or qop is None or (session and not qop):
        return None
    if not params.get("nonce") or "realm" not in params:
        return None
    return Challenge(
        params["realm"],
        params["nonce"],
        algorithm,
        session,
        "algorithm" in params,
        qop,
        params.get("opaque"),
        params.get("stale", "").lower() == "true",
    )


def asked_for(value: str) -> str:
    """What a challenge asks for, in three words at most: its scheme, the algorithm if it names one,
    and a quality of protection that we have not."""
    scheme = value.split(maxsplit=1)[0] if value.strip() else ""
    named, quality = _algorithm(value), _quality(value)
    words = [scheme, named[1] if named else ""]
    if quality and not quality[1].lower().startswith("auth"):
        words.append(f"qop={quality[1]}")
    return " ".join(filter(None, words))


def read_algorithm(params: dict[str, str]) -> tuple[str, bool]:
    """The base algorithm in upper case, and whether it is the `-sess` variant."""
    name = params.get("algorithm", "MD5").upper()
    return name.removesuffix("-SESS"), name.endswith("-SESS")


def digest_response(
    algorithm: str,
    account: tuple[str, str, Secret],
    *,
    session: bool,
    nonce: tuple[str, str, str, str],
    request: tuple[str, str, bytes],
) -> str:
    """RFC 7616 §3.4.1: (user, realm, password), (nonce, nc, cnonce, qop), (method, uri, body)."""

    def digest(*parts: str | bytes) -> str:
        raw = [p if isinstance(p, bytes) else p.encode("utf-8", "surrogateescape") for p in parts]
        name = HASHES[algorithm]
        return hashlib.new(name, b":".join(raw), usedforsecurity=False).hexdigest()

    user, realm, password = account
    value, digits, cnonce, qop = nonce
    method, uri, body = request
    first = digest(user, realm, password.reveal())
    if session:
        first = digest(first, value, cnonce)
    second = digest(method, uri, digest(body)) if qop == "auth-int" else digest(method, uri)
    if not qop:
        return digest(first, value, second)
    return digest(first, value, digits, cnonce, qop, second)
