"""One front end at a host's socket: its hello, its commands, and what waits to be sent to it.

The engine never waits for a front end. What one does not read is kept up to a bound; past it
all waiting events are dropped, and when it reads again it gets a fresh snapshot in their place.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final, Protocol

from tui.clock import instant
from tui.log import get_logger
from tui.port.commands import Command, Result
from tui.port.values import Message, message
from tui.port.wire.codec import CodecError, from_json, to_json
from tui.port.wire.protocol import KINDS, WATCH, WireError, encode_line, read_line, version
from tui.port.wire.sockets import is_ours
from tui.port.wire.watch import WatchRules, admitted

log = get_logger("host")

HELLO_LIMIT: Final = 5.0
"""Seconds for the first line."""
IN_FLIGHT: Final = 16
"""Commands of one front end that run, or whose results it has not read; then it is not read."""
QUEUE_EVENTS: Final = 512
QUEUE_BYTES: Final = 256 * 1024
"""What may wait for a front end that does not read."""
_TRANSPORT_BYTES: Final = 32 * 1024
_LAST_WORDS: Final = 1.0


class Serving(Protocol):
    """What a front end needs of the host that it is attached to."""

    screens: int

    def attach(self, front_end: FrontEnd) -> None: ...

    def detach(self, front_end: FrontEnd) -> None: ...

    def spawn(self, work: Coroutine[Any, Any, None]) -> None: ...

    async def execute(self, command: Command) -> Result: ...

    def snapshot_line(self) -> bytes: ...


class Outbox:
    """What waits to be sent to one front end, in order. Results are always kept, events up to
    the bound. It begins stale: the first thing sent is a snapshot."""

    def __init__(self, events: int = QUEUE_EVENTS, size: int = QUEUE_BYTES) -> None:
        self.stale = True
        self.ready = asyncio.Event()
        self.ready.set()
        self._limits = events, size
        self._waiting: deque[tuple[bytes, Callable[[], None] | None]] = deque()
        self._events = 0
        self._size = 0

    def event(self, line: bytes) -> None:
        """Queue an event; while stale it is in the coming snapshot already."""
        if self.stale:
            return
        self._events += 1
        self._size += len(line)
        if self._events > self._limits[0] or self._size > self._limits[1]:
            self.make_stale()
            return
        self._waiting.append((line, None))
        self.ready.set()

    def result(self, line: bytes, sent: Callable[[], None]) -> None:
        """Queue a result; `sent` is called when it is on its way."""
        self._waiting.append((line, sent))
        self.ready.set()

    def make_stale(self) -> None:
        """Drop all events: a snapshot comes instead."""
        self.stale = True
        self._waiting = deque(item for item in self._waiting if item[1] is not None)
        self._events = self._size = 0
        self.ready.set()

    def take(self, snapshot: Callable[[], bytes]) -> bytes:
        """All that waits, behind a snapshot of this moment where one is due."""
        lines: list[bytes] = []
        if self.stale:
            lines.append(snapshot())
            self.stale = False
        for line, sent in self._waiting:
            lines.append(line)
            if sent is not None:
                sent()
        self._waiting.clear()
        self._events = self._size = 0
        self.ready.clear()
        return b"".join(lines)


class FrontEnd:
    """One connection. `run` serves it until it ends; nothing that it sends does harm."""

    def __init__(
        self,
        host: Serving,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        watch: WatchRules | None = None,
    ) -> None:
        """`watch`: it came by the door for those who only look, and these say who may."""
        self.kind = ""
        """"screen", "script" or "watch" once it has said hello."""
        self.watcher = ""
        """The login name of who only looks; "" for our own user's front ends."""
        self.outbox = Outbox()
        self.ended = asyncio.Event()
        """Set when the connection is over."""
        self._host = host
        self._reader = reader
        self._writer = writer
        self._watch = watch
        self._free = asyncio.Semaphore(IN_FLIGHT)

    async def run(self, refused: Message | None = None) -> None:
        """Serve the front end until either side closes; `refused` is why it is not served."""
        self._writer.transport.set_write_buffer_limits(high=_TRANSPORT_BYTES)
        writing: asyncio.Task[None] | None = None
        try:
            if refused is not None:
                raise WireError(refused)
            if not await self._hello():
                return
            writing = asyncio.get_running_loop().create_task(self._write())
            await self._read()
        except WireError as error:
            log.warning("a front end was turned away: %s", error)
            self._say({"error": to_json(error.message), "yimi": version()})
            await self._discard()
        finally:
            self.ended.set()
            self._host.detach(self)
            if writing is not None:
                writing.cancel()
            self._writer.close()
            # One that never reads its last words is not waited for.
            asyncio.get_running_loop().call_later(_LAST_WORDS, self.abort)

    async def end(self) -> None:
        """Send what waits and a good-bye, as far as it is read at once."""
        with suppress(OSError):
            if self.kind:
                self._writer.write(self.outbox.take(self._host.snapshot_line))
            self._say({"bye": True})
            await self._writer.drain()
        self._writer.close()

    def abort(self) -> None:
        """Cut the connection."""
        self._writer.transport.abort()

    # ------------------------------------------------------------

    async def _hello(self) -> bool:
        """Whether there was a hello: somebody who only looks whether one listens says none."""
        connection = self._writer.get_extra_info("socket")
        if self._watch is not None:
            self.watcher = admitted(connection, self._watch)
            if not self.watcher:
                raise WireError(Message("watch.not_allowed"))
        elif not is_ours(connection):
            raise WireError(Message("engine.other_user"))
        try:
            async with asyncio.timeout(HELLO_LIMIT):
                hello = await read_line(self._reader)
        except TimeoutError:
            raise WireError(Message("engine.no_hello")) from None
        if hello is None:
            return False
        if hello.get("yimi") != version():
            raise WireError(message("engine.version", engine=version()))
        if hello.get("kind") not in (KINDS if self._watch is None else (WATCH,)):
            raise WireError(Message("engine.bad_line"))
        self._say({"yimi": version(), "pid": os.getpid(), "screens": self._host.screens})
        self.kind = hello["kind"]
        self._host.attach(self)
        return True

    def _say(self, value: dict[str, Any]) -> None:
        if not self._writer.is_closing():
            self._writer.write(encode_line(value))

    async def _discard(self) -> None:
        """Closing with something unread would take our last words away from the other end."""
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_LAST_WORDS):
                self._writer.write_eof()
                while await self._reader.read(65536):
                    pass

    async def _write(self) -> None:
        with suppress(ConnectionError):
            while True:
                await self.outbox.ready.wait()
                self._writer.write(self.outbox.take(self._host.snapshot_line))
                await self._writer.drain()

    async def _read(self) -> None:
        while (line := await read_line(self._reader)) is not None:
            identity = line.get("id")
            if type(identity) is not int:
                raise WireError(Message("engine.bad_line"))
            if line.get("ping") is True:
                await self._free.acquire()
                self.outbox.result(encode_line({"id": identity, "pong": True}), self._free.release)
                continue
            if self._watch is not None:
                await self._refuse(identity)
                continue
            by = line.get("by")
            if by is not None and type(by) not in (int, float):
                raise WireError(Message("engine.bad_line"))
            try:
                command = from_json(line.get("command"))
            except CodecError:
                raise WireError(Message("engine.bad_line")) from None
            if not isinstance(command, Command):
                raise WireError(Message("engine.bad_line"))
            await self._free.acquire()
            self._host.spawn(self._execute(identity, command, by))

    async def _refuse(self, identity: int) -> None:
        """Whatever it is that one who only looks wants: it is not even read."""
        await self._free.acquire()
        refused = to_json(Result(False, Message("watch.read_only")))
        self.outbox.result(encode_line({"id": identity, "result": refused}), self._free.release)

    async def _execute(self, identity: int, command: Command, by: float | None) -> None:
        if by is not None and instant() > by:
            # This process stood still; whoever asked was told that, and has done something else.
            log.warning("%s came too late, and was not done", type(command).__name__)
            result = Result(False, Message("engine.too_late"))
        else:
            result = await self._host.execute(command)
        try:
            line = encode_line({"id": identity, "result": to_json(result)})
        except CodecError:
            log.exception("the result of %s does not cross", type(command).__name__)
            fault = Result(False, message("engine.fault", kind="CodecError"))
            line = encode_line({"id": identity, "result": to_json(fault)})
        self.outbox.result(line, self._free.release)
