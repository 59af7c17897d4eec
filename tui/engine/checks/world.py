"""What the checks use of the world, for real: names, TLS, a WebSocket, a server's clock."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import ssl
import time
from http.client import HTTPException
from typing import Final
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidProxy,
    InvalidURI,
    ProxyError,
)
from websockets.typing import Subprotocol

from tui.engine.checks.network import CannotDial, Dialled, http_date
from tui.platform.web.proxies import ProxyFailed, name_of, opened_by, proxy_for
from tui.sip.transport.address import check_address, is_local, trust
from tui.sip.transport.flow import proxys, words
from tui.sip.transport.websocket import DirectConnect

PINGS: Final = 3
_LIMIT: Final = 8.0
_NEXT_ADDRESS: Final = 0.25
"""As the line itself does it (`sip.transport.websocket`)."""
# The library logs frames at DEBUG; there is nothing in them that a log should hold.
_quiet = logging.getLogger(f"{__name__}.frames")
_quiet.setLevel(logging.WARNING)


async def resolve(host: str) -> list[str]:
    """The addresses of a name. OSError when it has none."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def handshake(host: str, port: int, ca_file: str = "") -> float:
    """A verified TLS handshake, through the proxy where one stands before it; the certificate's end
    in Unix time."""
    context = trust(ca_file)
    named = f"[{host}]" if ":" in host else host
    by = proxy_for(f"https://{named}:{port}")
    try:
        async with asyncio.timeout(_LIMIT):
            if by is None:
                _, writer = await asyncio.open_connection(
                    host,
                    port,
                    ssl=context,
                    server_hostname=host,
                    happy_eyeballs_delay=_NEXT_ADDRESS,
                )
            else:
                _, writer = await opened_by(by, host, port, context)
    except ProxyFailed as error:
        raise OSError(errno.EHOSTUNREACH, f"proxy {error}") from None
    try:
        certificate = writer.get_extra_info("ssl_object").getpeercert()
        return float(ssl.cert_time_to_seconds(str(certificate["notAfter"])))
    finally:
        writer.close()
        with contextlib.suppress(OSError, ssl.SSLError):
            await writer.wait_closed()


async def dial(url: str, ca_file: str = "") -> Dialled:
    """Open the SIP WebSocket without saying a word of SIP, and ping it; the quickest counts."""
    by = None if is_local(url) else proxy_for(url)
    try:
        context = check_address(url, trust(ca_file))
        socket = await DirectConnect(
            url,
            ssl=context,
            subprotocols=[Subprotocol("sip")],
            compression=None,
            open_timeout=_LIMIT,
            close_timeout=1.0,
            ping_interval=None,
            proxy=by,
            happy_eyeballs_delay=_NEXT_ADDRESS,
            logger=_quiet,
        )
    except (InvalidProxy, ProxyError, ImportError) as error:
        raise CannotDial(f"proxy {name_of(by or '')}: {proxys(error)}") from None
    except ValueError as error:
        raise CannotDial(str(error)) from None
    except (OSError, InvalidHandshake, InvalidURI, EOFError) as error:
        servers = isinstance(error, ssl.SSLError | TimeoutError)
        if by is not None and isinstance(error, OSError) and not servers:
            raise CannotDial(f"proxy {name_of(by)}: {proxys(error)}") from None
        raise CannotDial(words(error)) from None
    try:
        if socket.subprotocol != "sip":
            raise CannotDial("the server does not speak SIP here")
        taken = []
        for _ in range(PINGS):
            pong = await socket.ping()
            async with asyncio.timeout(_LIMIT):
                taken.append(await pong)
        response = socket.response
        date = None if response is None else http_date(response.headers.get("Date"))
        return Dialled(min(taken), date)
    except (TimeoutError, ConnectionClosed):
        raise CannotDial("no answer to a ping") from None
    finally:
        await socket.close()


async def server_clock(address: str) -> float | None:
    """The clock of a web server by its `Date` header, in Unix time; None when it does not say."""
    if urlsplit(address).scheme not in ("http", "https"):
        return None
    try:
        async with asyncio.timeout(_LIMIT):
            return http_date(await asyncio.to_thread(_date_at, address))
    except (HTTPException, OSError, ValueError):
        return None


class _Stays(HTTPRedirectHandler):
    """A redirect has a date as well."""

    def redirect_request(self, *_: object) -> None:
        """Not followed."""


def _date_at(address: str) -> str:
    """What a web server says of the time; through the proxy of this machine where there is one."""
    try:
        asked = Request(address, method="HEAD")  # noqa: S310 - http and https only
        with build_opener(_Stays).open(asked, timeout=_LIMIT) as response:
            return str(response.headers.get("Date", ""))
    except HTTPError as refusal:
        with refusal:
            return str(refusal.headers.get("Date", ""))


wall = time.time
monotonic = time.monotonic
