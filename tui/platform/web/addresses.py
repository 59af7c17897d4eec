"""Addresses of a backend and of its line, however somebody or something has written them."""

from __future__ import annotations

import re
import unicodedata
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from tui.platform import codes
from tui.platform.base import PlatformError
from tui.text import clean_text

_FULL_WIDTH: Final = {0xFF01 + offset: 0x21 + offset for offset in range(94)} | {0x3002: 0x2E}
"""What an input method writes in place of ASCII."""
_SCHEME: Final = re.compile(r"(?i)^(https?):/{0,2}(?=[^/])")


def base_url(backend: str) -> str:
    """The address that routes are relative to, with a final `/`.

    Raises PlatformError: 50002 when there is none, 50001 when it is no address of a web server, or
    is `http://` to another machine.
    """
    text = "".join(filter(_is_drawn, backend.translate(_FULL_WIDTH))).strip()
    if not text:
        raise PlatformError(codes.NO_SERVER, "no backend", codes.NO_BACKEND)
    text = _SCHEME.sub(r"\1://", text)
    if "://" not in text:
        text = "https://" + text
    parts = split_url(text)
    if parts is None or parts.scheme not in ("http", "https") or parts.query or parts.fragment:
        raise PlatformError(codes.BAD_ARGUMENT, "the backend is no web address")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise PlatformError(
            codes.BAD_ARGUMENT, "http:// to another machine", codes.INSECURE_BACKEND
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}/"


def _is_drawn(character: str) -> bool:
    """Not so what copying brings along unseen: marks of order and direction, spaces of no width."""
    return unicodedata.category(character) != "Cf"


def socket_url(url: str) -> str:
    """The address of the SIP line, as login data give it. Raises PlatformError 50005 when it is no
    WebSocket address, or is `ws://` to another machine."""
    parts = split_url(url)
    if parts is None or parts.scheme not in ("ws", "wss") or parts.fragment:
        raise PlatformError(codes.UNREADABLE_LOGIN, "the line's address is no WebSocket")
    if parts.scheme == "ws" and not is_loopback(parts.hostname or ""):
        info = "ws:// to another machine"
        raise PlatformError(codes.UNREADABLE_LOGIN, info, codes.INSECURE_LINE)
    return url


def is_loopback(host: str) -> bool:
    """Whether a host is this machine: an address of it, or "localhost" itself. What stands before
    ".localhost" some resolvers look up in the DNS, so that it may be anywhere."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def split_url(url: str) -> SplitResult | None:
    """The parts of an address that names a host, a port where it is a number, and no password."""
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        return None
    # urlsplit drops line breaks in silence; nobody means an address with white space.
    return parts if usable and url.isprintable() and " " not in url else None


def shown(url: str) -> str:
    """An address without its query, in which a proof or a token may stand."""
    return clean_text(url.partition("?")[0].partition("#")[0], 100)


def origin(url: str) -> tuple[str, str | None, int | None]:
    parts = split_url(url)
    if parts is None:
        return ("", None, None)
    return (
        parts.scheme,
        parts.hostname,
        parts.port or {"http": 80, "https": 443}.get(parts.scheme),
    )
