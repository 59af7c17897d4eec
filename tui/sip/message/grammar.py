r"""The smallest pieces of RFC 3261 §25: tokens, quoted strings, parameters, lists.

Every expression here is read in linear time. Single characters are repeated possessively
(`x*+`), so that they never give back what they took; repeated groups begin with a character
that cannot stand before them, so that giving one back fails at once. Possessive groups are
not used: some 3.11 releases match them wrongly.
"""

from __future__ import annotations

import re
from typing import Final

from tui.sip.errors import RemoteProtocolError

TCHAR: Final = r"A-Za-z0-9\-.!%*_+`'~"
"""The characters of `token`, for use inside a class of a regular expression."""

LWS: Final = r"[ \t]*+"
"""Linear white space once folding is undone; may be empty."""

QUOTED: Final = r'"[^"\\]*+(?:\\.[^"\\]*+)*"'

HOST: Final = r"\[[0-9A-Fa-f:.]++\]|[A-Za-z0-9_.\-]++"
"""A name, an IPv4 address or a bracketed IPv6 address. `_` is no host's letter, yet common."""

_VALUE: Final = r'[^\s;,"<>\\]*+'
"""An unquoted parameter value: wider than token, since tags with `=` and bare IPv6 are met."""

PARAMS: Final = rf"((?:{LWS};{LWS}[{TCHAR}]++(?:{LWS}={LWS}(?:{QUOTED}|{_VALUE}))?)*)"
"""One group: all `;name=value` of a header, as they stand."""

_find_params = re.compile(
    rf';{LWS}([{TCHAR}]++)(?:{LWS}={LWS}(?:"([^"\\]*+(?:\\.[^"\\]*+)*)"|({_VALUE})))?'
).findall
_is_token = re.compile(rf"[{TCHAR}]++").fullmatch
_is_bare_value = re.compile(rf"[{TCHAR}\[\]:]++").fullmatch
_unescape = re.compile(r"\\(.)", re.DOTALL).sub
_escape = re.compile(r'([\\"])').sub
_list_items = re.compile(rf'(?:[^,"<]++|{QUOTED}|<[^<>]*+>|<(?=[^<>]*+<)|["<][\s\S]*+)+').findall


def is_token(text: str) -> bool:
    """Whether the text is one `token` (RFC 3261 §25.1)."""
    return _is_token(text) is not None


def unescape(text: str) -> str:
    r"""The inside of a quoted string without its backslashes: `a\"b` is `a"b`."""
    return _unescape(r"\1", text) if "\\" in text else text


def quote(text: str) -> str:
    """The text as a quoted string. Control characters stay: the serializer refuses them."""
    return '"' + _escape(r"\\\1", text) + '"'


def read_params(text: str, matters: str = "") -> dict[str, str]:
    """Parameters out of what `PARAMS` matched: lower-case names; a flag's value is `""`.

    Quoted values come without quotes and backslashes. A name that stands twice with two
    values is a RemoteProtocolError: which one is meant could be chosen to our harm. Where one
    alone `matters`, of any other the first value counts.
    """
    params: dict[str, str] = {}
    for name, quoted, plain in _find_params(text):
        value = plain or (unescape(quoted) if quoted else "")
        key = name.lower()
        if params.setdefault(key, value) != value and matters in ("", key):
            raise RemoteProtocolError("a parameter stands twice")
    return params


def write_params(params: dict[str, str]) -> str:
    """`;name=value` for each. Feature tags (`+sip.…`, RFC 3840) and non-tokens are quoted."""
    parts = []
    for name, value in params.items():
        if not value:
            parts.append(f";{name}")
        elif name.startswith("+") or _is_bare_value(value) is None:
            parts.append(f";{name}={quote(value)}")
        else:
            parts.append(f";{name}={value}")
    return "".join(parts)


def split_list(value: str) -> list[str]:
    """The items of a comma-separated header, without white space around them.

    Commas in quotes and in angle brackets do not separate; empty items are left out. A bracket
    that does not close before the next one opens spoils its own item only. Where a quote or the
    last bracket never closes, the rest is one item: whoever parses it will refuse it.
    """
    parts = _list_items(value) if "," in value else (value,)
    return [item for part in parts if (item := part.strip(" \t"))]
