"""By which proxy a server is reached: as HTTPS_PROXY, ALL_PROXY and NO_PROXY of the environment
say, in small letters or large, or else the settings of a Mac.

What is behind a proxy is spoken to through CONNECT (RFC 9110 §9.3.6), under TLS of its own. This
machine is reached without one, and so is what needs no TLS.
"""

from __future__ import annotations

import asyncio
import os
import re
import ssl
from base64 import b64encode
from ipaddress import ip_address, ip_network
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from tui.text import clean_text

_SETTINGS: Final = {"https": ("https", "all"), "wss": ("wss", "https", "all")}
_PORTS: Final = {"https": 443, "wss": 443}
_PROXY_PORTS: Final = {"http": 80, "https": 443}
_NEXT_ADDRESS: Final = 0.25
_PART: Final = 64 * 1024
_ANSWER: Final = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: ([^\r\n]*))?\r?\n")
_HOST_PORT: Final = re.compile(r"(\[[^\]]*\]|[^:]*):([0-9]{1,5})")
_NEEDS_PASSWORD: Final = 407


class ProxyFailed(Exception):
    """A proxy does not lead anywhere. The text names it, without its password, and says why."""


def proxy_for(url: str) -> str | None:
    """The address of the proxy for an `https://` or `wss://` address; None where there is none. It
    may hold a name and a password."""
    parts = _split(url)
    if parts is None or parts.scheme not in _SETTINGS or not parts.hostname:
        return None
    host, port = parts.hostname, parts.port or _PORTS[parts.scheme]
    given = getproxies()
    found = next(filter(None, map(given.get, _SETTINGS[parts.scheme])), "").strip()
    if not found or _is_here(host) or _is_excepted(host, port, given):
        return None
    if "://" not in found:  # as curl takes it
        found = f"http://{found}"
    scheme, _, rest = found.partition("://")
    user, at, place = rest.rpartition("@")
    if at and ":" not in user:
        user += ":"  # a name alone has an empty password
    return f"{scheme.lower()}://{user}{at}{place}"


def name_of(proxy: str) -> str:
    """Host and port of a proxy, without name and password."""
    return clean_text(proxy.partition("://")[2].rpartition("@")[2].partition("/")[0], 100)


async def opened_by(
    proxy: str, host: str, port: int, tls: ssl.SSLContext
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to that host with TLS, through a proxy; one that wants TLS itself is verified
    alike. ProxyFailed where the proxy is why there is none; OSError, ssl's too, where the host
    is."""
    parts = _split(proxy)
    if parts is None or parts.scheme not in _PROXY_PORTS or not parts.hostname:
        kind = clean_text(proxy.partition("://")[0], 20)
        raise ProxyFailed(f"{name_of(proxy)}: {kind}:// is no address of a proxy that is used here")
    name = name_of(proxy)
    try:
        reader, writer = await asyncio.open_connection(
            parts.hostname,
            parts.port or _PROXY_PORTS[parts.scheme],
            limit=_PART,
            ssl=tls if parts.scheme == "https" else None,
            happy_eyeballs_delay=_NEXT_ADDRESS,
        )
    except OSError as error:
        raise ProxyFailed(f"{name}: {_why(error)}") from None
    try:
        await _connected(reader, writer, parts, f"[{host}]" if ":" in host else host, port)
        await writer.start_tls(tls, server_hostname=host)
    except BaseException:
        writer.transport.abort()
        raise
    return reader, writer


async def _connected(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    parts: SplitResult,
    host: str,
    port: int,
) -> None:
    name = name_of(parts.geturl())
    head = [f"CONNECT {host}:{port} HTTP/1.1", f"Host: {host}:{port}", "User-Agent: yimi"]
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        head.append(f"Proxy-Authorization: Basic {b64encode(pair.encode()).decode()}")
    try:
        writer.write("\r\n".join((*head, "", "")).encode())
        answer = await reader.readuntil(b"\r\n\r\n")
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        raise ProxyFailed(f"{name}: no answer of a proxy") from None
    found = _ANSWER.match(answer)
    if found is None:
        raise ProxyFailed(f"{name}: no answer of a proxy")
    status, reason = int(found[1]), (found[2] or b"").decode("latin-1")
    if not 200 <= status < 300:
        raise ProxyFailed(f"{name}: {refusal(status, reason)}")


def refusal(status: int, reason: str) -> str:
    """What a proxy says that does not let us through."""
    said = clean_text(f"HTTP {status} {reason}", 100).strip()
    return f"it wants a name and a password ({said})" if status == _NEEDS_PASSWORD else said


def _is_excepted(host: str, port: int, given: dict[str, str]) -> bool:
    """By NO_PROXY: names with all that is below them, with a port or without, addresses, networks,
    `*`."""
    if "no" not in given:
        return bool(proxy_bypass(f"{host}:{port}"))  # a Mac's own exceptions
    return any(_is_meant(each, host, port) for each in re.split(r"[,\s]+", given["no"]) if each)


def _is_meant(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    with_port = _HOST_PORT.fullmatch(entry)
    if with_port is not None:
        if int(with_port[2]) != port:
            return False
        entry = with_port[1]
    name = entry.strip("[]").removeprefix("*").strip(".").lower()
    try:
        return ip_address(host) in ip_network(name, strict=False)
    except ValueError:
        return host == name or (name != "" and host.endswith(f".{name}"))


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # a ValueError where it is none
    except ValueError:
        return None
    return parts


def _why(error: OSError) -> str:
    """What the system says of it; of TLS, what its library says."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate not trusted: {clean_text(error.verify_message, 120)}"
    if isinstance(error, ssl.SSLError):
        return error.reason or type(error).__name__
    return reason_of(error)


_ERRNO: Final = re.compile(r"\[Errno ([0-9]{1,4})\]")


def reason_of(error: OSError) -> str:
    """What the system says of a connection that is none. Of a name with several addresses, what it
    says of the first."""
    if type(error).__name__ == "gaierror":
        return error.strerror or "gaierror"
    found = error.errno or int((_ERRNO.search(str(error)) or ["", "0"])[1])
    return os.strerror(found) if found else type(error).__name__
