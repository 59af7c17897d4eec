"""Addresses: `sip:`, `sips:` and `tel:` taken apart, any other scheme kept as it is.

RFC 3261 §19.1, RFC 3966. Parts are held as they stand on the wire, escapes included, because
`%3B` and `;` are two different users; `unescaped()` gives the text for people.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import unquote_to_bytes

from tui.sip.errors import RemoteProtocolError
from tui.sip.message.grammar import HOST

_UNRESERVED: Final = r"A-Za-z0-9\-_.!~*'()"
_USER: Final = _UNRESERVED + r"%&=+$,;?/#"  # `#` should be escaped; dialled numbers have it raw
_PASSWORD: Final = _UNRESERVED + r"%&=+$,"
_PARAM: Final = _UNRESERVED + r"%\[\]/:&+$"
_VALUE: Final = _PARAM + r"=@|{}^,"  # what should be escaped, and proxies write into their routes
_HEADER: Final = _UNRESERVED + r"%\[\]/?:+$"

_sip = re.compile(
    rf"([Ss][Ii][Pp][Ss]?):(?:([{_USER}]*+)(?::([{_PASSWORD}]*+))?@)?({HOST})(?::([0-9]{{1,5}}+))?"
    rf"((?:;[{_PARAM}]++(?:=[{_VALUE}]*+)?)*)"
    rf"((?:[?&][{_HEADER}]++=[{_HEADER}]*+)*)"
).fullmatch
_sip_scheme = re.compile(r"[Ss][Ii][Pp][Ss]?:").match
_tel = re.compile(
    rf"[Tt][Ee][Ll]:([0-9A-Fa-f*#+\-.()]++)((?:;[{_PARAM}]++(?:=[{_VALUE}]*+)?)*)"
).fullmatch
_other = re.compile(r'([A-Za-z][A-Za-z0-9+.\-]*+):([^\x00-\x20\x7f<>"]++)').fullmatch
_global = re.compile(r"\+[0-9().\-]{3,32}(?:;.*)?", re.DOTALL).fullmatch
_bad_escape = re.compile(r"%(?![0-9A-Fa-f]{2})").search
_escaped = re.compile(r"%([0-9A-Fa-f]{2})").sub
_not_user = re.compile(rf"[^{_USER}]").sub
_not_password = re.compile(rf"[^{_PASSWORD}]").sub
_not_param = re.compile(rf"[^{_PARAM}]").sub
_not_value = re.compile(rf"[^{_VALUE}]").sub
_not_header = re.compile(rf"[^{_HEADER}]").sub
_SEPARATORS: Final = str.maketrans("", "", "-.()")
"""What a `tel:` number holds for the eye only."""
_RESERVED: Final = frozenset(";/?:@&=+$,%")
_NEVER_IGNORED: Final = frozenset({"user", "ttl", "method", "maddr", "transport"})
"""Parameters that tell two URIs apart even when only one has them (§19.1.4; `transport` by
the section's own examples)."""


@dataclass(frozen=True, slots=True)
class Uri:
    """One address. `user`, `password`, `host` are `""` and `port` None where there is none.

    `params` has lower-case names, a flag's value is `""`; `headers` is what follows `?`. For
    `tel:` the number is in `user`; for a scheme that we do not know, all of it is in `opaque`.
    """

    scheme: str
    user: str = ""
    password: str = ""
    host: str = ""
    port: int | None = None
    params: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    opaque: str = ""

    def __str__(self) -> str:
        """The URI for the wire; what may not stand in its place is escaped."""
        if self.opaque:
            return f"{self.scheme}:{self.opaque}"
        parts = [self.scheme, ":", _not_user(_percent, self.user)]
        if self.host:
            if self.password:
                parts += (":", _not_password(_percent, self.password))
            if self.user:
                parts.append("@")
            parts.append(self.host)
            if self.port is not None:
                parts.append(f":{self.port}")
        for name, value in self.params.items():
            parts.append(";" + _not_param(_percent, name))
            if value:
                parts.append("=" + _not_value(_percent, value))
        mark = "?"
        for name, value in self.headers.items():
            parts.append(f"{mark}{_not_header(_percent, name)}={_not_header(_percent, value)}")
            mark = "&"
        return "".join(parts)

    def __hash__(self) -> int:
        return hash((self.scheme, self.user, self.host.lower(), self.port, self.opaque))

    def aor(self) -> str:
        """The address of record: no password, parameters or headers, host in lower case."""
        return str(
            Uri(self.scheme, self.user, "", self.host.lower(), self.port, {}, {}, self.opaque)
        )

    def unescaped(self) -> str:
        """`user` as text. It came from a wire: `clean_text()` before it is shown."""
        return unquote_to_bytes(self.user).decode("utf-8", "replace")

    def equals(self, other: Uri) -> bool:
        """Whether both mean one resource: RFC 3261 §19.1.4, not the same text."""
        if self.scheme != other.scheme or self.port != other.port:
            return False
        if self.opaque != other.opaque or self.host.lower() != other.host.lower():
            return False
        if _same(self.user) != _same(other.user) or _same(self.password) != _same(other.password):
            return False
        for name in self.params.keys() | other.params.keys():
            mine, theirs = self.params.get(name), other.params.get(name)
            if mine is None or theirs is None:
                if name in _NEVER_IGNORED:
                    return False
            elif _same(mine).lower() != _same(theirs).lower():
                return False
        return _same_headers(self.headers) == _same_headers(other.headers)


def parse_uri(text: str) -> Uri:
    """A URI out of its text, without angle brackets. RemoteProtocolError when it is none."""
    found = _sip(text)
    if found is None:
        return _parse_other(text)
    scheme, user, password, host, port, params, headers = found.groups()
    if "%" in text and _bad_escape(text):
        raise RemoteProtocolError("a URI with a broken escape")
    number = None
    if port is not None:
        number = int(port)
        if number > 65535:
            raise RemoteProtocolError("a URI with an impossible port")
    return Uri(
        scheme.lower(),
        user or "",
        password or "",
        host,
        number,
        _read(params, ";") if params else {},
        _read(headers.replace("?", "&", 1), "&") if headers else {},
    )


def phone_uri(uri: Uri, domain: str) -> Uri:
    """A `tel:` URI as a SIP URI of `domain`, for a peer that routes by domain: no visual
    separators (RFC 3966 §3, §5.1.1), `user=phone` (RFC 3261 §19.1.6). A SIP URI that says
    `user=phone` loses them too, but for those of what stands behind its number (§19.1.6:
    `;phone-context=…`); others come back as they are.
    """
    number, more, said = uri.user.partition(";")
    number = number.translate(_SEPARATORS) + more + said
    if uri.scheme == "tel":
        return Uri("sip", number, host=domain, params={"user": "phone"})
    if uri.host and uri.params.get("user", "").lower() == "phone":
        return replace(uri, user=number)
    return uri


def is_global_number(uri: Uri) -> bool:
    """Whether an address is that of a telephone number of the whole world (RFC 3966 §5.1.4)."""
    return uri.scheme in ("sip", "sips", "tel") and _global(uri.unescaped()) is not None


def escape_user(text: str) -> str:
    """Any text as the `user` of a URI: reserved characters and `%` escaped, too."""
    return "".join(_percent_text(char) if char in _RESERVED else char for char in text)


def _parse_other(text: str) -> Uri:
    if _sip_scheme(text):
        raise RemoteProtocolError("a malformed SIP URI")
    if found := _tel(text):
        return Uri("tel", found[1], params=_read(found[2], ";") if found[2] else {})
    if (found := _other(text)) is None or found[1].lower() == "tel":
        raise RemoteProtocolError("not a URI")
    return Uri(found[1].lower(), opaque=found[2])


def _read(text: str, separator: str) -> dict[str, str]:
    """`;a=b;c` into a dict. One name with two values is refused."""
    pairs: dict[str, str] = {}
    for part in text[1:].split(separator):
        name, _, value = part.partition("=")
        if pairs.setdefault(name.lower(), value) != value:
            raise RemoteProtocolError("a URI parameter stands twice")
    return pairs


def _percent_text(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogateescape"))


def _percent(found: re.Match[str]) -> str:
    return _percent_text(found[0])


def _plain(found: re.Match[str]) -> str:
    """An escape that need not be one, undone; any other in upper case."""
    char = chr(int(found[1], 16))
    return char if char.isascii() and char not in _RESERVED else found[0].upper()


def _same(text: str) -> str:
    """One spelling for all texts that §19.1.4 calls equivalent."""
    return _escaped(_plain, text) if "%" in text else text


def _same_headers(headers: dict[str, str]) -> dict[str, str]:
    return {_same(name).lower(): _same(value) for name, value in headers.items()}
