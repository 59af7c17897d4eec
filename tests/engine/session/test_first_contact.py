"""The first contact with a PBX goes wrong in five ways and more: each has its own sentence."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import serve

from tests.certificate import certificate
from tests.e2e.box import paths_in
from tui.config.reader import load
from tui.config.schema import AudioSettings, Config, TlsSettings
from tui.engine.engine import Engine
from tui.port import commands as c
from tui.port.values import Phase
from tui.secrets import Secret


class Server:
    """What stands at the address: chosen by a test."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack

    async def websocket(
        self, *, path: str = "/ws", tls: ssl.SSLContext | None = None, subprotocol: str = "sip"
    ) -> int:
        """A WebSocket at that path; any other gets 404, or 200 without one where it is ""."""

        def look(connection: Any, request: Any) -> Any:
            if not path:
                return connection.respond(HTTPStatus.OK, "hello")
            if request.path != path:
                return connection.respond(HTTPStatus.NOT_FOUND, "no such page")
            return None

        async def talk(socket: Any) -> None:
            await socket.wait_closed()

        server = await self._stack.enter_async_context(
            serve(
                talk,
                "127.0.0.1",
                0,
                subprotocols=[subprotocol],  # type: ignore[list-item]
                process_request=look,
                ssl=tls,
            )
        )
        port: int = next(iter(server.sockets)).getsockname()[1]
        return port

    async def other(self, banner: bytes) -> int:
        """A server of something else, which says so and hangs up."""

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(banner)
            await reader.read(64)
            writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        self._stack.push_async_callback(server.wait_closed)
        self._stack.callback(server.close)
        port: int = server.sockets[0].getsockname()[1]
        return port


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with AsyncExitStack() as stack:
        yield Server(stack)


async def said(folder: Path, url: str, ca_file: str = "") -> c.Result:
    """What a sign-in at that address comes to."""
    audio = AudioSettings(input="none", output="none", ring=False)
    engine = Engine(Config(audio=audio, tls=TlsSettings(ca_file)), paths=paths_in(folder))
    try:
        sign_in = c.SignIn("1001@pbx.invalid", Secret("x"), "", backend=url, kind="sip")
        result = await engine.execute(sign_in)
        if result.ok:
            result = await engine.execute(c.JoinGroup("0"))
        assert not result.ok
        assert engine.snapshot().phase is Phase.SIGNED_OUT
        assert engine.snapshot().failure == result.message
        return result
    finally:
        await engine.close()


async def test_a_wrong_path_is_said(server: Server, tmp_path: Path) -> None:
    port = await server.websocket()
    result = await said(tmp_path, f"ws://127.0.0.1:{port}/nowhere")
    assert result.message is not None
    assert result.message.id == "login.ws-path"
    values = dict(result.message.values)
    assert values["host"] == f"127.0.0.1:{port}"
    assert "404" in str(values["info"])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_closed_port_is_said(server: Server, tmp_path: Path, host: str) -> None:
    closed = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = closed.sockets[0].getsockname()[1]
    closed.close()
    await closed.wait_closed()
    result = await said(tmp_path, f"ws://{host}:{port}/ws")
    assert result.message is not None
    assert result.message.id == "login.ws-port"


async def test_tls_at_a_plain_port_is_said(server: Server, tmp_path: Path) -> None:
    port = await server.websocket()
    result = await said(tmp_path, f"wss://127.0.0.1:{port}/ws")
    assert result.message is not None
    assert result.message.id == "login.ws-plain"


@pytest.mark.parametrize("kind", ["web page", "another protocol", "another subprotocol"])
async def test_a_server_that_has_no_websocket_for_sip_is_said(
    server: Server, tmp_path: Path, kind: str
) -> None:
    if kind == "web page":
        port = await server.websocket(path="")
    elif kind == "another protocol":
        port = await server.other(b"220 mail.example ESMTP\r\n")
    else:
        port = await server.websocket(subprotocol="chat")
    result = await said(tmp_path, f"ws://127.0.0.1:{port}/ws")
    assert result.message is not None
    assert result.message.id == "login.ws-no-websocket"


async def test_an_authority_that_nobody_knows_is_said_and_may_be_named(
    server: Server, tmp_path: Path
) -> None:
    pem, tls = certificate(tmp_path)
    port = await server.websocket(tls=tls)
    url = f"wss://127.0.0.1:{port}/nowhere"
    result = await said(tmp_path, url)
    assert result.message is not None
    assert result.message.id == "login.ws-authority"
    trusted = await said(tmp_path, url, str(pem))  # now it is the path that is wrong
    assert trusted.message is not None
    assert trusted.message.id == "login.ws-path"


@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_a_file_of_authorities_that_cannot_be_used_is_said(
    tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    result = await said(tmp_path, "wss://127.0.0.1:9/ws", str(file))
    assert result.message is not None
    assert result.message.id == "login.ca_file"


def test_the_file_of_authorities_is_found_beside_the_config(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[tls]\nca_file = "corporate.pem"\n')
    assert load(tmp_path / "config.toml").tls.ca_file == str(tmp_path / "corporate.pem")
