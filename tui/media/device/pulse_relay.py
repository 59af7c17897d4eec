"""Between libpulse and a PulseAudio server far away: a socket here that leads there.

libpulse waits for its server without any limit, inside PortAudio, which then never comes back;
and a tunnel of SSH whose other end is gone accepts connections and answers nothing. So libpulse
speaks to this socket, and is cut off when nothing has answered for a while: to PortAudio that is
a server that ended, and an error. The server behind it can be changed at any time.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import Final

from tui.media.device.pulse import PulseAddress, addresses, connect

log = logging.getLogger(__name__)

SILENT: Final = 4.0
"""Seconds in which something must answer what was sent. A server says several times a second how
much more it wants."""
CONNECT: Final = 4.0
"""Seconds for a connection to the server."""
MOST: Final = 16
"""Connections at a time; libpulse has one for each stream."""
_CHUNK: Final = 65536
CLIENT_CONFIG: Final = (
    "# Written by yimi. A server at the far end of a tunnel shares no memory with this machine,\n"
    "# though its socket is a local one.\n"
    "enable-shm = no\nenable-memfd = no\nautospawn = no\n"
)
"""What libpulse must be told (PULSE_CLIENTCONFIG), or it passes file descriptors into a tunnel."""


class PulseRelay:
    """Serves `path`. One event loop; nothing of it runs while nothing is connected."""

    def __init__(self, path: Path, *, silent: float = SILENT, limit: float = CONNECT) -> None:
        self.path = path
        self.client_config = path.with_suffix(".conf")
        self._silent, self._limit = silent, limit
        self._addresses: tuple[PulseAddress, ...] = ()
        self._server: asyncio.Server | None = None
        self._pipes: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        """What libpulse is given as its server."""
        return f"unix:{self.path}"

    @property
    def pipes(self) -> int:
        """How many streams go through it now."""
        return len(self._pipes)

    async def start(self) -> None:
        """Listen. Raises OSError."""
        self.path.unlink(missing_ok=True)
        self.client_config.write_text(CLIENT_CONFIG)
        self._server = await asyncio.start_unix_server(self._accepted, self.path)
        self.path.chmod(0o600)

    def aim(self, address: str) -> None:
        """Lead to this server from now on; what leads to another is cut. ValueError when the
        address cannot be understood."""
        self._addresses = addresses(address)
        self.cut()

    def cut(self) -> None:
        """End every connection."""
        for pipe in self._pipes:
            pipe.cancel()

    async def close(self) -> None:
        """Listen no more, and end every connection."""
        if self._server is None:
            return
        self._server.close()
        while self._pipes:
            self.cut()
            await asyncio.wait(set(self._pipes))
        await self._server.wait_closed()
        self._server = None
        self.path.unlink(missing_ok=True)
        self.client_config.unlink(missing_ok=True)

    # ------------------------------------------------------------ one connection

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._pipes) >= MOST:
            writer.transport.abort()
            return
        pipe = asyncio.get_running_loop().create_task(self._lead(reader, writer))
        self._pipes.add(pipe)
        pipe.add_done_callback(self._pipes.discard)
        # One that is cut before it has begun closes nothing by itself.
        pipe.add_done_callback(lambda pipe: writer.transport.abort())

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far: asyncio.StreamWriter | None = None
        try:
            far_reader, far = await self._reach()
            await _Pipe(self._silent).carry((reader, writer), (far_reader, far))
        except (OSError, TimeoutError) as problem:
            log.warning("the PulseAudio server does not answer: %s", problem or "silence")
        finally:
            # At once and whatever waits: the other end is gone.
            if far is not None:
                far.transport.abort()

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        problem: OSError = ConnectionRefusedError("no server is named")
        for where in self._addresses:
            try:
                async with asyncio.timeout(self._limit):
                    return await connect(where)
            except OSError as error:  # TimeoutError is one
                problem = error
        raise problem


class _Pipe:
    """Bytes both ways until one side ends or the far one is silent."""

    def __init__(self, silent: float) -> None:
        self._silent = silent
        self._loop = asyncio.get_running_loop()
        self._unanswered: float | None = None
        """Since when something is sent that nothing has come back for."""

    async def carry(
        self,
        near: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        far: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        """Raises TimeoutError when the far side is silent."""
        work = [
            self._loop.create_task(self._copy(near[0], far[1], sending=True)),
            self._loop.create_task(self._copy(far[0], near[1], sending=False)),
            self._loop.create_task(self._watch()),
        ]
        try:
            done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)

    async def _copy(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, sending: bool
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(_CHUNK):
                if not sending:
                    self._unanswered = None
                elif self._unanswered is None:
                    self._unanswered = self._loop.time()
                writer.write(data)
                await writer.drain()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._silent / 4)
            since = self._unanswered
            if since is not None and self._loop.time() - since > self._silent:
                raise TimeoutError
