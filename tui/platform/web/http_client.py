"""Requests over HTTP/1.1 (RFC 9112) by h11, over asyncio's streams: whole bodies, no redirects
followed, nothing expanded; through the proxy of the environment, with the cookies of whoever asks.

h11 writes and reads what goes over the wire; here are the connections: one for each server, kept
for a while. It is all that a platform's routes, credentials for TURN and a look-up need.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from tui.platform.web.cookies import Cookies
from tui.platform.web.proxies import ProxyFailed, opened_by, proxy_for, reason_of
from tui.text import clean_text

if TYPE_CHECKING:
    import h11

KEPT: Final = 15.0
"""Seconds for which a connection is kept for the next request."""
MAX_HEAD: Final = 1024 * 1024
"""Bytes of a head. What only tells something refuses nothing."""
_PART: Final = 64 * 1024
"""Bytes that are read at once."""
_INTERIM: Final = 8
"""Interim answers (1xx) before the one that counts."""
_NEXT_ADDRESS: Final = 0.25
"""Seconds until the next address of a name is tried beside one that does not answer (RFC 8305)."""
_PORTS: Final = {"http": 80, "https": 443}


class HttpError(Exception):
    """No answer. The text says why, and names neither address nor content: of a certificate that is
    for another name, that name."""


class NameNotFound(HttpError):
    """The host's name leads nowhere."""


class NotReached(HttpError):
    """Nobody listens there, or there is no way to it."""


class NoProxy(HttpError):
    """The proxy that stands before it leads nowhere; the text names the proxy."""


class NoTls(HttpError):
    """What is there does not speak TLS as we do."""


class Unverified(HttpError):
    """Its certificate is not one that is trusted for that name."""


class TooLong(HttpError):
    """The answer is longer than is taken."""


@dataclass(frozen=True)
class HttpResponse:
    """An answer: its fields by their names in lower case, several of one name joined by ", ";
    `given` are those that give cookies, each as it came."""

    status: int
    reason: str
    fields: Mapping[str, str]
    body: bytes
    given: tuple[str, ...] = ()

    @property
    def content_type(self) -> str:
        """What it is, in lower case and without parameters; "" where that is not said."""
        return self.fields.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def charset(self) -> str:
        """The encoding that the content type names, "" where it names none."""
        for each in self.fields.get("content-type", "").split(";")[1:]:
            name, _, value = each.partition("=")
            if name.strip().lower() == "charset":
                return value.strip().strip('"')
        return ""


class HttpClient:
    """Keeps one connection for each server. `tls` says whom to trust (None: whom this machine
    does), `proxy` by which proxy an address is reached; `cookies` are said back where they are
    given (None: none are kept)."""

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        fields: Mapping[str, str] | None = None,
        cookies: Cookies | None = None,
        proxy: Callable[[str], str | None] = proxy_for,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tls = tls
        self._cookies, self._proxy = cookies, proxy
        self._fields = {"User-Agent": "yimi", "Accept-Encoding": "identity", **(fields or {})}
        self._clock = clock
        self._idle: dict[tuple[str, str, int], tuple[_Connection, float]] = {}
        self._busy: set[_Connection] = set()
        self._closed = False

    async def request(
        self,
        method: str,
        url: str,
        *,
        fields: Mapping[str, str] | None = None,
        body: bytes | None = None,
        most: int,
        cut: bool = False,
    ) -> HttpResponse:
        """Ask, and read the answer, whatever its status: at most so many bytes, of a longer one
        with `cut` as many. ValueError for what no address or field can carry, HttpError and its
        kinds for whatever else. It has no limit of time; the caller sets one."""
        if self._closed:
            raise HttpError("closed")
        where, target, host = _parted(url)
        head = {"Host": host, **self._fields, **(fields or {})}
        if self._cookies is not None and (said := self._cookies.said(url)):
            head["Cookie"] = said
        if body is not None or method not in ("GET", "HEAD"):
            head["Content-Length"] = str(len(body or b""))
        asked = _request(method, target, head)
        response = await self._answer(method, where, asked, body or b"", most, cut)
        if self._cookies is not None:
            self._cookies.take(url, response.given)
        return response

    async def _answer(
        self,
        method: str,
        where: tuple[str, str, int],
        asked: h11.Request,
        body: bytes,
        most: int,
        cut: bool,
    ) -> HttpResponse:
        # A server may end a kept connection in the moment of its use. What changes something is not
        # said twice, so it is said over a connection of its own.
        connection = await self._kept(where) if method in ("GET", "HEAD") else None
        if connection is not None:
            try:
                return await self._ask(connection, where, asked, body, most, cut)
            except _GoneBefore:
                if self._closed:
                    raise
        return await self._ask(await self._connect(where), where, asked, body, most, cut)

    async def close(self) -> None:
        """Let go of the connections; who waits for an answer gets an HttpError."""
        self._closed = True
        idle, self._idle = self._idle, {}
        open_ones = (*self._busy, *(each for each, _ in idle.values()))
        for connection in open_ones:
            connection.abort()
        for connection in open_ones:
            await connection.closed()

    async def _kept(self, where: tuple[str, str, int]) -> _Connection | None:
        connection, since = self._idle.pop(where, (None, 0.0))
        if connection is None:
            return None
        usable = False
        self._busy.add(connection)
        try:
            usable = self._clock() - since < KEPT and await connection.quiet()
        finally:
            self._busy.discard(connection)
            if not usable:
                connection.abort()
        return connection if usable else None

    async def _connect(self, where: tuple[str, str, int]) -> _Connection:
        scheme, host, port = where
        by = self._proxy(
            f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
        )
        if scheme == "https" and self._tls is None:
            # Reads what this machine trusts from the disk.
            self._tls = await asyncio.to_thread(ssl.create_default_context)
        try:
            if by is not None and self._tls is not None:
                return _Connection(*await opened_by(by, host, port, self._tls))
            reader, writer = await asyncio.open_connection(
                host,
                port,
                limit=_PART,
                ssl=self._tls if scheme == "https" else None,
                happy_eyeballs_delay=_NEXT_ADDRESS,
            )
        except ProxyFailed as error:
            raise NoProxy(str(error)) from None
        except ssl.SSLCertVerificationError as error:
            why = clean_text(error.verify_message, 120)
            raise Unverified(f"Certificate not trusted: {why}") from None
        except ssl.SSLError as error:
            raise NoTls(error.reason or type(error).__name__) from None
        except socket.gaierror as error:
            raise NameNotFound(error.strerror or type(error).__name__) from None
        except OSError as error:
            raise NotReached(reason_of(error)) from None
        return _Connection(reader, writer)

    async def _ask(
        self,
        connection: _Connection,
        where: tuple[str, str, int],
        asked: h11.Request,
        body: bytes,
        most: int,
        cut: bool,
    ) -> HttpResponse:
        if self._closed:  # while it was being connected
            connection.abort()
            raise HttpError("closed")
        self._busy.add(connection)
        try:
            response = await connection.ask(asked, body, most, cut)
        except BaseException:
            connection.abort()
            raise
        finally:
            self._busy.discard(connection)
        if not connection.usable or self._closed:
            connection.abort()
            return response
        # The newest is kept: an older one, which nobody has asked since, may be over by now.
        older, _ = self._idle.pop(where, (None, 0.0))
        self._idle[where] = connection, self._clock()
        if older is not None:
            older.abort()
        return response


class _GoneBefore(HttpError):
    """The connection ended before anything was said."""


class _Connection:
    """One connection: one request at a time. What is written and read is h11's matter."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        import h11

        self._reader, self._writer = reader, writer
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)
        self._heard = False
        """Whether anything has come since the last request."""
        self._stays = True

    @property
    def usable(self) -> bool:
        """Whether another request may be said over it."""
        return self._stays and not self._writer.is_closing() and not self._reader.at_eof()

    async def quiet(self) -> bool:
        """Whether it is usable, and nothing came that nobody asked for, nor its end."""
        try:
            async with asyncio.timeout(0):
                await self._reader.read(1)
        except TimeoutError:
            return self.usable
        except OSError:
            return False
        return False

    async def ask(self, asked: h11.Request, body: bytes, most: int, cut: bool) -> HttpResponse:
        """Say it, and read the answer. HttpError."""
        import h11

        try:
            await self._say(asked, body)
            for _ in range(_INTERIM):
                head = await self._event()
                if isinstance(head, h11.Response):
                    break
            else:
                raise HttpError("too many interim answers")
            content = await self._content(most, cut)
            self._end_of_turn()
            return _response(head, content)
        except h11.RemoteProtocolError as error:
            # Behind a colon, or in a bracket, h11 has what came.
            why = re.split(r"[:(\[]", str(error))[0].strip()
            raise HttpError(f"no HTTP as it should be: {clean_text(why, 120)}") from None
        except OSError as error:
            raise HttpError(reason_of(error)) from None

    async def _say(self, asked: h11.Request, body: bytes) -> None:
        import h11

        self._heard = False
        parts = [asked, *([h11.Data(body)] if body else []), h11.EndOfMessage()]
        self._writer.write(b"".join(self._http.send(each) or b"" for each in parts))
        try:
            await self._writer.drain()
        except ConnectionError:
            raise _GoneBefore("gone before an answer") from None

    async def _event(self) -> h11.Event:
        import h11

        while (event := self._http.next_event()) is h11.NEED_DATA:
            try:
                data = await self._reader.read(_PART)
            except ConnectionError:
                if self._heard:
                    raise
                data = b""
            if not data and not self._heard:
                raise _GoneBefore("gone before an answer")
            self._heard = True
            self._http.receive_data(data)
        if isinstance(event, type):  # PAUSED: it goes on in another protocol
            raise HttpError("no HTTP any more")
        return event

    async def _content(self, most: int, cut: bool) -> bytes:
        import h11

        content = bytearray()
        while isinstance(part := await self._event(), h11.Data):
            content += part.data
            if len(content) > most:
                if not cut:
                    raise TooLong("the answer is too long")
                break
        return bytes(content[:most])

    def _end_of_turn(self) -> None:
        """Another request may follow where both sides are done, and nothing came behind it."""
        import h11

        done = self._http.our_state is h11.DONE and self._http.their_state is h11.DONE
        if done and not self._http.trailing_data[0]:
            self._http.start_next_cycle()
        else:
            self._stays = False

    def abort(self) -> None:
        """End it at once."""
        self._stays = False
        self._writer.transport.abort()

    async def closed(self) -> None:
        """Wait until it is."""
        with suppress(OSError):
            await self._writer.wait_closed()


def _response(head: h11.Response, content: bytes) -> HttpResponse:
    fields: dict[str, str] = {}
    given: list[str] = []
    for name, value in head.headers:
        key, text = name.decode("ascii"), value.decode("latin-1")
        fields[key] = f"{fields[key]}, {text}" if key in fields else text
        if key == "set-cookie":  # what joins several stands in their dates too (RFC 6265 §3)
            given.append(text)
    reason = head.reason.decode("latin-1")
    return HttpResponse(head.status_code, reason, fields, content, tuple(given))


def _parted(url: str) -> tuple[tuple[str, str, int], str, str]:
    """Where to connect to, what is asked for there, and what the field `Host` says. ValueError."""
    parts = urlsplit(url)
    port = parts.port
    if parts.scheme not in _PORTS or not parts.hostname or not url.isprintable():
        raise ValueError("no web address")
    host = parts.hostname.replace("%25", "%", 1)
    if not host.isascii():
        host = host.encode("idna").decode()
    # Which interface an address is of concerns nobody but us (RFC 6874 §1).
    named = f"[{host.partition('%')[0]}]" if ":" in host else host
    named += f":{port}" if port and port != _PORTS[parts.scheme] else ""
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    if parts.query:
        target += "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~?")
    return (parts.scheme, host, port or _PORTS[parts.scheme]), target, named


def _request(method: str, target: str, fields: Mapping[str, str]) -> h11.Request:
    """ValueError for what no field can carry."""
    import h11  # with the first request: an engine at a PBX may have none

    head = [(name.encode(), value.encode()) for name, value in fields.items()]
    try:
        return h11.Request(method=method, target=target, headers=head)
    except h11.LocalProtocolError:
        raise ValueError("a field that cannot be written") from None
