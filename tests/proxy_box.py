"""A proxy in a box, on loopback: what is behind it has a name that nobody else knows."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class ProxyBox:
    """Leads every CONNECT to one port of this machine. `answer`, where it is set, is said in place
    of that; `asked` has the heads that came."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.asked: list[str] = []
        self.answer = b""
        self.address = ""
        self._tasks: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    @property
    def idle(self) -> bool:
        """Nobody is led anywhere at this moment."""
        return not self._tasks

    def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks[task] = writer
        task.add_done_callback(self._tasks.pop)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                self.asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
                if self.answer:
                    writer.write(self.answer)
                    await writer.drain()
                else:
                    await self._join(reader, writer)
                writer.close()
                await writer.wait_closed()
        finally:
            await _dropped(writer)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(b"HTTP/1.1 200 Connection established\r\nVia: box\r\n\r\n")
        both = (_pass_on(reader, there_writer), _pass_on(there_reader, writer))
        try:
            await asyncio.gather(*both)
        finally:
            await _dropped(there_writer)

    async def end(self) -> None:
        tasks = list(self._tasks.items())
        for task, _ in tasks:
            task.cancel()
        await asyncio.gather(*(task for task, _ in tasks), return_exceptions=True)
        for _, writer in tasks:  # of one that had not begun, too
            await _dropped(writer)


async def _dropped(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
    else:
        writer.close()


@asynccontextmanager
async def proxy_before(port: int, tls: ssl.SSLContext | None = None) -> AsyncIterator[ProxyBox]:
    """A proxy that leads to that port, itself behind TLS where `tls` is given."""
    box = ProxyBox(port)
    server = await asyncio.start_server(box.serve, "127.0.0.1", 0, ssl=tls)
    box.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield box
    finally:
        server.close()
        await box.end()
        await server.wait_closed()
