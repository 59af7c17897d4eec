"""Requests over HTTP/1.1 (RFC 9112), by asyncio's streams: whole bodies, no redirects followed, no
cookies, no proxy, nothing expanded.

It is all that a platform's routes, credentials for TURN and a look-up need. A library for it took
7 MB of each engine, a fifth of one that waits.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

KEPT: Final = 15.0
"""Seconds for which a connection is kept for the next request."""
MAX_LINE: Final = 64 * 1024
"""Bytes of one line of a head, or between chunks. What only tells something refuses nothing."""
MAX_HEAD: Final = 1024 * 1024
MAX_FIELDS: Final = 1000
_INTERIM: Final = 8
"""Interim answers (1xx) before the one that counts."""
_NEXT_ADDRESS: Final = 0.25
"""Seconds until the next address of a name is tried beside one that does not answer (RFC 8305)."""
_PORTS: Final = {"http": 80, "https": 443}
_TOKEN: Final = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")


class HttpError(Exception):
    """No answer; the text names neither address nor content."""


class NameNotFound(HttpError):
    """The host's name leads nowhere."""


class NotReached(HttpError):
    """Nobody listens there, or there is no way to it."""


class NoTls(HttpError):
    """What is there does not speak TLS as we do."""


class Unverified(HttpError):
    """Its certificate is not one that is trusted for that name."""


class TooLong(HttpError):
    """The answer is longer than is taken."""


@dataclass(frozen=True)
class HttpResponse:
    """An answer: its fields by their names in lower case, several of one name joined by ", "."""

    status: int
    reason: str
    fields: Mapping[str, str]
    body: bytes

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
    does)."""

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        fields: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tls = tls
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
        if body is not None or method not in ("GET", "HEAD"):
            head["Content-Length"] = str(len(body or b""))
        asked = _written(method, target, head) + (body or b"")
        connection = await self._kept(where)
        if connection is not None:
            try:
                return await self._ask(connection, where, method, asked, most, cut)
            except _GoneBefore:
                # Ended by the server while nobody asked. What changes something is not said twice.
                if self._closed or method not in ("GET", "HEAD"):
                    raise
        return await self._ask(await self._connect(where), where, method, asked, most, cut)

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
        if scheme == "https" and self._tls is None:
            # Reads what this machine trusts from the disk.
            self._tls = await asyncio.to_thread(ssl.create_default_context)
        try:
            reader, writer = await asyncio.open_connection(
                host,
                port,
                limit=MAX_LINE,
                ssl=self._tls if scheme == "https" else None,
                happy_eyeballs_delay=_NEXT_ADDRESS,
            )
        except ssl.SSLCertVerificationError:
            raise Unverified("Certificate not trusted") from None
        except ssl.SSLError as error:
            raise NoTls(type(error).__name__) from None
        except socket.gaierror as error:
            raise NameNotFound(type(error).__name__) from None
        except OSError as error:
            raise NotReached(type(error).__name__) from None
        return _Connection(reader, writer)

    async def _ask(
        self,
        connection: _Connection,
        where: tuple[str, str, int],
        method: str,
        asked: bytes,
        most: int,
        cut: bool,
    ) -> HttpResponse:
        if self._closed:  # while it was being connected
            connection.abort()
            raise HttpError("closed")
        self._busy.add(connection)
        try:
            response = await connection.ask(asked, method, most, cut)
        except BaseException:
            connection.abort()
            raise
        finally:
            self._busy.discard(connection)
        if connection.usable and not self._closed and where not in self._idle:
            self._idle[where] = connection, self._clock()
        else:
            connection.abort()
        return response


class _GoneBefore(HttpError):
    """The connection ended before anything was said."""


class _Connection:
    """One connection: one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
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

    async def ask(self, asked: bytes, method: str, most: int, cut: bool) -> HttpResponse:
        """Say it, and read the answer. HttpError."""
        try:
            await self._say(asked)
            for _ in range(_INTERIM):
                version, status, reason, fields = await self._head()
                if status >= 200:
                    break
            else:
                raise HttpError("too many interim answers")
            body = b""
            if method != "HEAD" and status not in (204, 304):
                body = await self._body(fields, most, cut)
            options = fields.get("connection", "").lower()
            if "close" in options or (version == "1.0" and "keep-alive" not in options):
                self._stays = False
            return HttpResponse(status, reason, fields, body)
        except (OSError, EOFError, asyncio.LimitOverrunError, ValueError) as error:
            raise HttpError(type(error).__name__) from None

    async def _say(self, asked: bytes) -> None:
        self._writer.write(asked)
        try:
            await self._writer.drain()
        except ConnectionError:
            raise _GoneBefore("gone before an answer") from None

    async def _head(self) -> tuple[str, int, str, dict[str, str]]:
        """Version, status, reason, and the fields."""
        try:
            line = await self._line()
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            if isinstance(error, asyncio.IncompleteReadError) and error.partial:
                raise
            raise _GoneBefore("gone before an answer") from None
        version, _, rest = line.partition(" ")
        status, _, reason = rest.strip().partition(" ")
        known = version in ("HTTP/1.0", "HTTP/1.1")
        if not known or len(status) != 3 or not (status.isascii() and status.isdigit()):
            raise HttpError("no HTTP")
        return version[5:], int(status), reason.strip(), await self._read_fields()

    async def _read_fields(self) -> dict[str, str]:
        """As far as they can be read: what is no field is left out."""
        fields: dict[str, str] = {}
        left = MAX_HEAD
        for _ in range(MAX_FIELDS + 1):
            line = await self._line()
            if not line:
                return fields
            left -= len(line)
            if left < 0:
                break
            name, colon, value = line.partition(":")
            name, value = name.lower(), value.strip()
            if not colon or not name or not _TOKEN.issuperset(name):
                continue
            before = fields.get(name)
            fields[name] = value if before is None else f"{before}, {value}"
        raise HttpError("the head is too long")

    async def _line(self) -> str:
        return (await self._reader.readuntil(b"\n")).decode("latin-1").rstrip("\r\n")

    async def _body(self, fields: Mapping[str, str], most: int, cut: bool) -> bytes:
        """By the first of RFC 9112, 6.3, that holds: chunks, a length, the connection's end."""
        coding = fields.get("transfer-encoding", "").strip().lower()
        if coding:
            if coding != "chunked":
                raise HttpError("a transfer coding that nobody asked for")
            return await self._chunks(most, cut)
        if "content-length" not in fields:
            self._stays = False
            return await self._up_to(None, most, cut)
        lengths = {each.strip() for each in fields["content-length"].split(",")}
        length = _number(lengths.pop(), 10) if len(lengths) == 1 else None
        if length is None:
            raise HttpError("lengths that contradict one another")
        return await self._up_to(length, most, cut)

    async def _up_to(self, length: int | None, most: int, cut: bool) -> bytes:
        """So many bytes; None: what there is to the end."""
        if length is not None and length > most:
            if not cut:
                raise TooLong("the answer is too long")
            self._stays = False
            return await self._reader.readexactly(most)
        if length is not None:
            return await self._reader.readexactly(length)
        body = bytearray()
        while len(body) <= most and (part := await self._reader.read(65536)):
            body += part
        return _fitting(body, most, cut)

    async def _chunks(self, most: int, cut: bool) -> bytes:
        body = bytearray()
        while True:
            size = _number((await self._line()).partition(";")[0].strip(), 16)
            if size is None:
                raise HttpError("a chunk without a size")
            if len(body) + size > most:
                self._stays = False
                if cut:
                    body += await self._reader.readexactly(most - len(body))
                    return bytes(body)
                raise TooLong("the answer is too long")
            if not size:
                await self._read_fields()
                return bytes(body)
            body += await self._reader.readexactly(size)
            if await self._line():
                raise HttpError("a chunk that does not end")

    def abort(self) -> None:
        """End it at once."""
        self._stays = False
        self._writer.transport.abort()

    async def closed(self) -> None:
        """Wait until it is."""
        with suppress(OSError):
            await self._writer.wait_closed()


def _parted(url: str) -> tuple[tuple[str, str, int], str, str]:
    """Where to connect to, what is asked for there, and what the field `Host` says. ValueError."""
    parts = urlsplit(url)
    port = parts.port
    if parts.scheme not in _PORTS or not parts.hostname or not url.isprintable():
        raise ValueError("no web address")
    host = parts.hostname
    if not host.isascii():
        host = host.encode("idna").decode()
    named = f"[{host}]" if ":" in host else host
    named += f":{port}" if port and port != _PORTS[parts.scheme] else ""
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    if parts.query:
        target += "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~?")
    return (parts.scheme, host, port or _PORTS[parts.scheme]), target, named


def _written(method: str, target: str, fields: Mapping[str, str]) -> bytes:
    """The request up to its body. ValueError for a value that would be more than one."""
    for name, value in fields.items():
        if not name or not _TOKEN.issuperset(name.lower()):
            raise ValueError("no name of a field")
        if any(sign in value for sign in "\r\n\0"):
            raise ValueError("a field of several lines")
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join((*lines, "", "")).encode("utf-8")


def _number(text: str, base: int) -> int | None:
    digits = "0123456789abcdef"[:base]
    if not 0 < len(text) <= 16 or not set(text.lower()).issubset(digits):
        return None
    return int(text, base)


def _fitting(body: bytearray, most: int, cut: bool) -> bytes:
    if len(body) > most and not cut:
        raise TooLong("the answer is too long")
    return bytes(body[:most])
