"""A wire between a client and a server that a test can cut, and mend again."""

from __future__ import annotations

import asyncio


class Wire:
    """A TCP port on loopback that leads to another until it is cut."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._server: asyncio.Server | None = None
        self._halves: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.whole = True

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Reset what runs through it, and take nothing new until `mend()`."""
        self.whole = False
        for half in self._halves:
            half.transport.abort()

    def mend(self) -> None:
        """Take connections again."""
        self.whole = True

    async def end(self) -> None:
        """Close everything."""
        self.cut()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.whole:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._halves |= {writer, far_writer}
        try:
            await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        finally:
            self._halves -= {writer, far_writer}
            for half in (writer, far_writer):
                half.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    writer.close()
