"""The port of an engine in another process, over its Unix socket.

The snapshot is kept by `apply`, the same function that the engine uses; a gap in the numbers of
the events is a fault, and a fresh snapshot an `Overflow` to those who listen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from tui.bus import EventBus, Subscription
from tui.clock import instant
from tui.port.commands import Command, JoinGroup, Result, RunChecks, SignIn, SignOut
from tui.port.errors import EngineUnavailable
from tui.port.events import Event, apply
from tui.port.snapshot import Snapshot
from tui.port.values import Message, message
from tui.port.wire.codec import CodecError, from_json, to_json
from tui.port.wire.protocol import (
    COMMAND_LIMIT,
    ENGINE_LIMIT,
    WireError,
    encode_line,
    read_line,
    version,
)
from tui.port.wire.sockets import connect, peer
from tui.port.wire.watch import knock
from tui.text import clean_text

__all__ = ["EngineClient", "EngineUnavailable"]

HELLO_LIMIT: Final = 10.0
"""Seconds for an engine's hello and first snapshot: one that has just started still imports."""
REPLY_LIMIT: Final = 30.0
"""Seconds for the result of a command. The engine's own limits are shorter."""
SESSION_LIMIT: Final = 60.0
"""The same for signing in, registering and signing out, which are several steps each."""
TEXT_LIMIT: Final = 4000
"""Characters in a string that another user's engine says: a long note, and no more."""
CHECKS_LIMIT: Final = 240.0
"""The same for the check before the shift; each of its checks has a limit of its own."""
BEAT: Final = 3.0
"""Seconds between two looks at whether the engine still says anything. One that says nothing from
one look to the next is asked; one that has not answered at the second look after that is silent."""


class EngineClient:
    """An EnginePort to the engine at a socket. Made by `EngineClient.connect`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Use `connect`."""
        self.pid = 0
        """The engine's process."""
        self.screens = 0
        """How many screens were attached when this front end came."""
        self.on_lost: Callable[[bool], None] | None = None
        """Called once when the connection ends by the other side; True when the engine said
        good-bye, False when it died."""
        self.on_silent: Callable[[bool], None] | None = None
        """Called when the engine, which is there, does not answer any more (`watch`), and with
        False when it does again."""
        self.silent = False
        self.reply_limit = REPLY_LIMIT
        self._reader = reader
        self._writer = writer
        self._snapshot = Snapshot()
        self._seq = 0
        self._events: EventBus[Event] = EventBus()
        self._waiting: dict[int, asyncio.Future[Result]] = {}
        self._next = 1
        self._reading: asyncio.Task[None] | None = None
        self._goodbye = False
        self._closed = False
        self._foreign = False
        self._said = False
        """Whether anything came since the last look."""
        self._unanswered = 0
        """Looks at which a ping was waiting for its answer."""
        self._beat: asyncio.TimerHandle | None = None

    @classmethod
    async def connect(
        cls, path: Path, *, kind: str = "screen", limit: float = HELLO_LIMIT, of: int | None = None
    ) -> EngineClient:
        """Attach to the engine at the path; `of` is the uid of another user, at whose desk one only
        looks (`tui.port.wire.watch`): nothing it says is trusted. Raises EngineUnavailable."""
        try:
            connection = connect(path) if of is None else knock(path, of)
            reader, writer = await asyncio.open_unix_connection(sock=connection, limit=ENGINE_LIMIT)
        except BlockingIOError:  # so many wait to be accepted: it is there, and stands still
            raise EngineUnavailable(Message("engine.silent")) from None
        except OSError:
            raise EngineUnavailable(Message("engine.none")) from None
        client = cls(reader, writer)
        client._foreign = of is not None
        try:
            async with asyncio.timeout(limit):
                await client._greet(kind)
        except TimeoutError:
            writer.transport.abort()
            raise EngineUnavailable(Message("engine.silent")) from None
        except WireError as error:
            writer.transport.abort()
            raise EngineUnavailable(error.message) from None
        client._reading = asyncio.get_running_loop().create_task(client._read())
        return client

    # ------------------------------------------------------------ the port

    @property
    def alive(self) -> bool:
        """Whether the engine is still there."""
        return not self._closed

    def snapshot(self) -> Snapshot:
        """The engine's snapshot as of the last event that came."""
        return self._snapshot

    def subscribe(self) -> Subscription[Event]:
        """Hear every event from now on; after `Overflow` draw again from `snapshot()`."""
        subscription = self._events.subscribe()
        if self._closed:
            subscription.close()
        return subscription

    async def execute(self, command: Command) -> Result:
        """The engine's answer, or a Result that says that the engine is gone or silent."""
        if self._closed:
            return Result(False, Message("engine.gone"))
        identity, self._next = self._next, self._next + 1
        limit = self.reply_limit
        if isinstance(command, SignIn | JoinGroup | SignOut):
            limit = max(limit, SESSION_LIMIT)
        if isinstance(command, RunChecks):
            limit = max(limit, CHECKS_LIMIT)
        asked = {"id": identity, "command": to_json(command), "by": instant() + limit}
        line = encode_line(asked)
        if len(line) > COMMAND_LIMIT:  # the engine would hang up on us
            return Result(False, Message("engine.too_much"))
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting[identity] = future
        try:
            self._writer.write(line)
            async with asyncio.timeout(limit):
                return await future
        except TimeoutError:
            return Result(False, message("engine.no_reply", seconds=f"{limit:g}"))
        finally:
            self._waiting.pop(identity, None)

    def watch(self, on_silent: Callable[[bool], None], beat: float = BEAT) -> None:
        """From now on see to it that the engine still answers, and say when it does not."""
        self.on_silent = on_silent

        def look() -> None:
            self._beat = asyncio.get_running_loop().call_later(beat, look)
            said, self._said = self._said, False
            if said:
                self._unanswered = 0
            elif self._unanswered == 0:
                self._unanswered = 1
                self._writer.write(encode_line({"id": 0, "ping": True}))
            else:
                self._unanswered += 1
                if self._unanswered > 2 and not self.silent:
                    self.silent = True
                    on_silent(True)

        if not self._closed:
            self._beat = asyncio.get_running_loop().call_later(beat, look)

    async def close(self) -> None:
        """Detach. The engine goes on."""
        self.on_lost = self.on_silent = None
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        self._end()

    # ------------------------------------------------------------ what comes

    async def _greet(self, kind: str) -> None:
        self._writer.write(encode_line({"yimi": version(), "kind": kind}))
        hello = await self._line()
        if hello.get("yimi") != version():
            engine = clean_text(str(hello.get("yimi")), 40)
            found = peer(self._writer.get_extra_info("socket"))
            process = found[0] if found is not None else "?"
            raise WireError(message("engine.version", engine=engine, screen=version(), pid=process))
        pid, screens = hello.get("pid"), hello.get("screens")
        if isinstance(pid, int) and isinstance(screens, int):
            self.pid, self.screens = pid, screens
        try:
            self._take(await self._line())
        except CodecError:
            raise WireError(Message("engine.bad_line")) from None

    async def _line(self) -> dict[str, Any]:
        line = await read_line(self._reader)
        if line is None:
            raise WireError(Message("engine.gone"))
        if self._foreign:
            line = cleaned(line)
        if "error" in line and line.get("yimi") == version():
            try:
                error = from_json(line["error"])
            except CodecError:
                error = None
            raise WireError(error if isinstance(error, Message) else Message("engine.bad_line"))
        return line

    async def _read(self) -> None:
        try:
            while True:
                line = await self._line()
                self._said = True
                if self.silent:
                    self.silent = False
                    if self.on_silent is not None:
                        self.on_silent(False)
                self._take(line)
        except WireError:
            pass
        except CodecError:
            # Same version, other shape: not to be had, and no reason to draw nonsense.
            self._goodbye = False
        self._end()

    def _take(self, line: dict[str, Any]) -> None:
        if "event" in line:
            event = from_json(line["event"])
            self._seq += 1
            if line.get("seq") != self._seq or not isinstance(event, Event):
                raise CodecError("an event out of its order")
            self._snapshot = apply(self._snapshot, event)
            self._events.publish(event)
        elif "result" in line:
            result = from_json(line["result"])
            identity = line.get("id")
            future = self._waiting.get(identity) if isinstance(identity, int) else None
            if future is not None and not future.done() and isinstance(result, Result):
                future.set_result(result)
        elif "snapshot" in line:
            snapshot, seq = from_json(line["snapshot"]), line.get("seq")
            if not isinstance(snapshot, Snapshot) or not isinstance(seq, int):
                raise CodecError("no snapshot")
            self._snapshot, self._seq = snapshot, seq
            self._events.invalidate()
        elif "bye" in line:
            self._goodbye = True

    def _end(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._beat is not None:
            self._beat.cancel()
        with suppress(OSError):
            self._writer.transport.abort()
        for future in self._waiting.values():
            if not future.done():
                future.set_result(Result(False, Message("engine.gone")))
        self._events.close()
        if self.on_lost is not None:
            self.on_lost(self._goodbye)


def cleaned(value: Any) -> Any:
    """The JSON with every string in it as it may be shown."""
    if isinstance(value, dict):
        return {key: cleaned(item) for key, item in value.items()}
    if isinstance(value, list):
        return [cleaned(item) for item in value]
    return clean_text(value, TEXT_LIMIT) if isinstance(value, str) else value
