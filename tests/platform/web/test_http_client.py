"""HTTP/1.1 as servers speak it, in good order and not: each answer is written byte by byte."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from tests.waiting import until
from tui.platform.web.http_client import (
    KEPT,
    HttpClient,
    HttpError,
    HttpResponse,
    NameNotFound,
    NoTls,
    NotReached,
    TooLong,
)

MOST = 1000
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """Says the next of its answers to each request; None: it ends the connection instead."""

    def __init__(self, answers: Sequence[bytes | None]) -> None:
        self.left = list(answers)
        self.asked: list[bytes] = []
        self.connections = 0
        self.gone = 0
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(
                    (
                        int(line.split(b":")[1])
                        for line in head.split(b"\r\n")
                        if line.startswith(b"Content-Length")
                    ),
                    0,
                )
                self.asked.append(head + await reader.readexactly(length))
                answer = self.left.pop(0) if self.left else OK
                if answer is None:
                    break
                writer.write(answer)
                if b"\r\nConnection: close\r\n" in answer or answer.startswith(b"HTTP/1.0"):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.gone += 1
            writer.close()


@asynccontextmanager
async def serving(*answers: bytes | None) -> AsyncIterator[Server]:
    server = Server(answers)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    async with listening:
        server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        yield server
        await until(lambda: server.gone == server.connections)


async def one(*answers: bytes | None, method: str = "GET", cut: bool = False) -> HttpResponse:
    """The answer to one request."""
    async with serving(*answers) as server:
        client = HttpClient()
        try:
            async with asyncio.timeout(10):
                return await client.request(method, server.url + "/", most=MOST, cut=cut)
        finally:
            await client.close()


def answer(body: bytes = b"", *fields: str, status: str = "200 OK") -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", *fields, "", "")).encode("latin-1") + body


@pytest.mark.parametrize(
    "written",
    [
        answer(b"hello", "Content-Length: 5"),
        answer(b"hello", "content-length:5, 5"),
        answer(b"2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nTrailer: x\r\n\r\n", "Transfer-Encoding: chunked"),
        answer(b"hello", "Connection: close"),
        b"HTTP/1.0 200\r\n\r\nhello",
        answer(b"", status="100 Continue") + answer(b"hello", "Content-Length: 5"),
    ],
)
async def test_a_body_is_read_however_its_end_is_told(written: bytes) -> None:
    response = await one(written)
    assert (response.status, response.body) == (200, b"hello")


@pytest.mark.parametrize(
    "written",
    [
        None,
        b"220 mail.example.com ESMTP\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        answer(b"hello", "Content-Length: 5", "Content-Length: 6"),
        answer(b"hello", "Content-Length: -5"),
        answer(b"hello", "Content-Length: 9", "Connection: close"),
        answer(b"g\r\n", "Transfer-Encoding: chunked"),
        answer(b"5\r\nhelloworld\r\n", "Transfer-Encoding: chunked"),
        answer(b"5\r\nhel", "Transfer-Encoding: chunked", "Connection: close"),
        answer(b"hello", "Transfer-Encoding: gzip"),
        answer(b"", *("X: " + "y" * 60000 for _ in range(20))),
        answer(b"", "X: " + "y" * 1_200_000),
        answer(b"hello", "no field", "Content-Length: 5"),
        answer(b"", status="100 Continue") * 9,
    ],
)
async def test_what_is_no_answer_is_an_error_without_the_address(written: bytes | None) -> None:
    with pytest.raises(HttpError) as caught:
        await one(written)
    assert "127.0.0.1" not in str(caught.value)


@pytest.mark.parametrize(
    "written",
    [
        answer(b"x" * 1001, "Content-Length: 1001"),
        answer(b"x" * 1001, "Connection: close"),
        answer(b"3e9\r\n" + b"x" * 1001 + b"\r\n0\r\n\r\n", "Transfer-Encoding: chunked"),
    ],
)
async def test_a_longer_answer_is_refused_or_cut_as_was_asked(written: bytes) -> None:
    with pytest.raises(TooLong):
        await one(written)
    assert (await one(written, cut=True)).body == b"x" * 1000


@pytest.mark.parametrize(
    ("method", "status"), [("HEAD", "200 OK"), ("GET", "204 No Content"), ("GET", "304 Not")]
)
async def test_what_has_no_body_is_not_waited_for(method: str, status: str) -> None:
    response = await one(answer(b"", "Content-Length: 5", status=status), method=method)
    assert (response.status, response.body) == (int(status[:3]), b"")


async def test_fields_are_joined_and_the_charset_is_found() -> None:
    response = await one(
        answer(b"", "Content-Length: 0", "A: 1", "a:2", 'Content-Type: x; charset="gbk"')
    )
    assert response.fields["a"] == "1, 2"
    assert (response.content_type, response.charset) == ("x", "gbk")
    assert (await one(answer(b"", "Content-Length: 0"))).charset == ""


async def test_the_request_is_as_it_was_meant() -> None:
    async with serving() as server:
        client = HttpClient(fields={"User-Agent": "yimi/1"})
        await client.request(
            "POST", server.url + "/a b/ü?q=ö&x=%20", fields={"X-Token": "t"}, body=b"{}", most=MOST
        )
        await client.close()
    host = server.url.removeprefix("http://")
    assert server.asked[0].decode().split("\r\n") == [
        "POST /a%20b/%C3%BC?q=%C3%B6&x=%20 HTTP/1.1",
        f"Host: {host}",
        "User-Agent: yimi/1",
        "Accept-Encoding: identity",
        "X-Token: t",
        "Content-Length: 2",
        "",
        "{}",
    ]


@pytest.mark.parametrize(
    ("url", "fields"),
    [
        ("ftp://127.0.0.1/", {}),
        ("http:///x", {}),
        ("http://127.0.0.1:99999/", {}),
        ("http://127.0.0.1/\u2028", {}),
        ("http://127.0.0.1/", {"X": "a\r\nY: b"}),
        ("http://127.0.0.1/", {"X Y": "a"}),
    ],
)
async def test_what_cannot_be_written_is_not_asked(url: str, fields: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"address|field|[Pp]ort"):
        await HttpClient().request("GET", url, fields=fields, most=MOST)


# ---------------------------------------------------------------- connections


async def ask(client: HttpClient, server: Server, method: str = "GET") -> bytes:
    async with asyncio.timeout(10):
        return (await client.request(method, server.url + "/", most=MOST)).body


async def test_a_connection_serves_again_until_it_is_too_old() -> None:
    times = [0.0]
    async with serving() as server:
        client = HttpClient(clock=lambda: times[-1])
        for at, connections in ((0.0, 1), (1.0, 1), (1.0 + KEPT, 2)):
            times.append(at)
            assert await ask(client, server) == b"ok"
            assert server.connections == connections
        await client.close()


async def test_a_connection_that_ended_meanwhile_is_made_anew() -> None:
    async with serving(OK, None, OK) as server:
        client = HttpClient()
        await ask(client, server)
        assert await ask(client, server) == b"ok"
        assert (server.connections, len(server.asked)) == (2, 3)
        await client.close()


async def test_what_changes_something_is_not_said_twice() -> None:
    async with serving(OK, None, OK) as server:
        client = HttpClient()
        await ask(client, server)
        with pytest.raises(HttpError):
            await ask(client, server, "POST")
        assert len(server.asked) == 2
        await client.close()


async def test_what_changes_something_hangs_on_no_connection_that_may_end_now() -> None:
    """A server ends a kept connection in the moment of its use; it lets a new one in."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answered in (OK, b""):  # one answer for each connection
            head = await reader.readuntil(b"\r\n\r\n")
            if not answered:
                break
            asked.append(head.split()[0])
            writer.write(answered)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"
        client = HttpClient()
        for method in ("GET", "POST", "GET", "POST"):
            async with asyncio.timeout(10):
                assert (await client.request(method, url, most=MOST)).body == b"ok"
        assert asked == [b"GET", b"POST", b"GET", b"POST"]
        await client.close()


async def test_of_two_connections_the_newest_is_kept_and_the_other_is_over() -> None:
    asked: list[int] = []
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections = number = connections + 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n"):
                asked.append(number)
                writer.write(OK)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"
        client = HttpClient()
        for method in ("GET", "POST", "GET"):
            async with asyncio.timeout(10):
                await client.request(method, url, most=MOST)
        assert asked == [1, 2, 2]
        await client.close()


async def test_what_came_unasked_is_no_answer_to_the_next_request() -> None:
    async with serving(OK + OK.replace(b"ok", b"no"), OK) as server:
        client = HttpClient()
        assert await ask(client, server) == b"ok"
        assert await ask(client, server) == b"ok"
        assert server.connections == 2
        await client.close()


async def test_who_gives_up_leaves_no_half_read_connection() -> None:
    async with serving(b"", OK) as server:
        client = HttpClient()
        waiting = asyncio.ensure_future(ask(client, server))
        await until(lambda: server.asked)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert await ask(client, server) == b"ok"
        assert server.connections == 2
        await client.close()


async def test_who_gives_up_while_a_kept_connection_is_looked_at_leaves_none_open() -> None:
    async with serving() as server:
        client = HttpClient()
        await ask(client, server)
        waiting = asyncio.ensure_future(client.request("GET", server.url + "/", most=MOST))
        await asyncio.sleep(0)  # it begins: whether anything came unasked
        waiting.cancel()
        await asyncio.wait([waiting])
        assert (waiting.cancelled(), len(server.asked)) == (True, 1)
        await until(lambda: server.gone)
        await client.close()


async def test_who_still_waits_when_it_is_closed_is_told() -> None:
    async with serving(b"") as server:
        client = HttpClient()
        waiting = asyncio.ensure_future(ask(client, server))
        await until(lambda: server.asked)
        await client.close()
        with pytest.raises(HttpError):
            await waiting
        with pytest.raises(HttpError):
            await ask(client, server)
        assert server.connections == 1


async def test_why_nobody_was_reached_is_told_apart() -> None:
    client = HttpClient()
    with socket.socket() as bound:  # and nobody listens
        bound.bind(("127.0.0.1", 0))
        with pytest.raises(NotReached):
            await client.request("GET", f"http://127.0.0.1:{bound.getsockname()[1]}/", most=MOST)
    with pytest.raises(NameNotFound):
        await client.request("GET", "http://name.invalid/", most=MOST)

    async def in_clear(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"", "Content-Length: 0", status="400 Bad Request"))
        writer.close()

    async with await asyncio.start_server(in_clear, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        with pytest.raises(NoTls):
            await client.request("GET", f"https://127.0.0.1:{port}/", most=MOST)
    await client.close()
