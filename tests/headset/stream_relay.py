"""A bad line of our own for streams: a relay between two ends of TCP or of Unix sockets, which is
late, stalls, is cut, and counts. What it holds back it brings later and in order, as TCP does.

    async with StreamRelay(("127.0.0.1", 22)) as relay:
        … relay.port …
        relay.stall(True)
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

Place = tuple[str, int] | Path


class StreamRelay:
    """Leads what connects to it to `target`. `delay`: seconds each way."""

    def __init__(self, target: Place, *, at: Path | None = None, delay: float = 0.0) -> None:
        self.target, self.at, self.delay = target, at, delay
        self.there = self.back = 0
        """Bytes that came from who connected, and from the target."""
        self.chunks = 0
        self.port = 0
        self._flows = asyncio.Event()
        self._flows.set()
        self._server: asyncio.Server | None = None
        self._pipes: set[asyncio.Task[None]] = set()
        self._ends: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> StreamRelay:
        if self.at is not None:
            self._server = await asyncio.start_unix_server(self._accepted, self.at)
        else:
            self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0)
            self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        while self._pipes:
            for pipe in self._pipes:
                pipe.cancel()
            await asyncio.wait(set(self._pipes))
        await self._server.wait_closed()

    def stall(self, on: bool) -> None:
        """Carry nothing, or all of it again."""
        (self._flows.clear if on else self._flows.set)()

    def cut(self) -> None:
        """End every connection, without a word."""
        for end in self._ends:
            end.transport.abort()

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if isinstance(self.target, Path):
                far = await asyncio.open_unix_connection(self.target)
            else:
                far = await asyncio.open_connection(*self.target)
        except OSError:
            writer.transport.abort()
            return
        self._ends |= {writer, far[1]}
        loop = asyncio.get_running_loop()
        for come, go, there in ((reader, far[1], True), (far[0], writer, False)):
            late: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
            for work in (self._take(come, late, there=there), self._bring(late, go)):
                pipe = loop.create_task(work)
                self._pipes.add(pipe)
                pipe.add_done_callback(self._pipes.discard)

    async def _take(
        self, reader: asyncio.StreamReader, late: asyncio.Queue[tuple[float, bytes]], *, there: bool
    ) -> None:
        loop = asyncio.get_running_loop()
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                self.chunks += 1
                if there:
                    self.there += len(data)
                else:
                    self.back += len(data)
                late.put_nowait((loop.time() + self.delay, data))
        late.put_nowait((0.0, b""))

    async def _bring(
        self, late: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
    ) -> None:
        loop = asyncio.get_running_loop()
        with suppress(ConnectionError):
            while True:
                due, data = await late.get()
                await asyncio.sleep(max(0.0, due - loop.time()))
                await self._flows.wait()
                if not data:
                    break
                writer.write(data)
                await writer.drain()
        self._ends.discard(writer)
        writer.close()
