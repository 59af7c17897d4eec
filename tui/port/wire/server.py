"""The port of an engine on a Unix socket: who is attached, whose account it is, when it ends."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from tui.log import get_logger
from tui.port.commands import Command, Result, SignIn
from tui.port.engine_port import ServedEngine
from tui.port.events import Event, PhaseChanged
from tui.port.values import Message, Phase, message
from tui.port.wire.codec import to_json
from tui.port.wire.front_end import FrontEnd
from tui.port.wire.protocol import COMMAND_LIMIT, WireError, encode_line
from tui.port.wire.sockets import (
    AccountLock,
    account_key,
    answers,
    fresh_name,
    listen,
    prepare,
)
from tui.port.wire.watch import WatchRules, open_door

log = get_logger("host")

LINGER: Final = 20.0
"""Seconds that an engine without an account waits for a front end."""
CLOSE_LIMIT: Final = 8.0
"""Seconds for signing out at the end."""
FRONT_ENDS: Final = 16
WATCHERS: Final = 4
"""Those who only look, at most, besides."""
_GOODBYE: Final = 1.0
_ENDING_OTHER: Final = 6.0
"""Seconds to wait for another engine that holds the account and is about to end."""


class Host:
    """Serves one engine until it is finished, `end` is called, or nobody wants it any more."""

    def __init__(
        self,
        engine: ServedEngine,
        directory: Path,
        *,
        listening: socket.socket | None = None,
        path: Path | None = None,
        linger: float = LINGER,
        close_limit: float = CLOSE_LIMIT,
        watch: WatchRules | None = None,
    ) -> None:
        """`listening` is a socket that listens at `path` already; without one a fresh one is
        made in `directory`. `watch` says who else may look at the desk of whoever is signed in.
        Raises RuntimeDirectoryError."""
        self.engine = engine
        self.directory = directory
        prepare(directory)
        self.path = path if path is not None else directory / fresh_name()
        self.screens = 0
        """Screens that are attached."""
        self._listening = listening if listening is not None else listen(self.path)
        self._linger = linger
        self._close_limit = close_limit
        self._watch = watch or WatchRules()
        self._door: asyncio.Server | None = None
        self._door_path: Path | None = None
        self._watchers: tuple[str, ...] = ()
        self._lock: AccountLock | None = None
        self._seq = 0
        self._connections: set[FrontEnd] = set()
        self._front_ends: list[FrontEnd] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended = asyncio.Event()
        self._leaving: asyncio.TimerHandle | None = None

    async def serve(self) -> None:
        """Serve until the end; then close the engine in bounded time and take the socket away."""
        self.engine.claim = self._claim
        unlisten = self.engine.events.listen(self._published)
        # The socket has been renamed since it was bound, and may have been bound by way of a
        # descriptor: asyncio, which would remove it from 3.13 on, cannot know where it is.
        options: dict[str, Any] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
        server = await asyncio.start_unix_server(
            self._connected, sock=self._listening, limit=COMMAND_LIMIT, **options
        )
        self._review()
        waits = [
            asyncio.ensure_future(event.wait()) for event in (self.engine.finished, self._ended)
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            server.close()
            self._close_door()
            self.path.unlink(missing_ok=True)
            await self._close_engine()
            await self._say_goodbye()
            unlisten()
            if self._leaving is not None:
                self._leaving.cancel()
            if self._lock is not None:
                self._lock.release()

    def end(self) -> None:
        """Sign out and end. May be called from a signal handler of the loop, and again."""
        self._ended.set()

    # ------------------------------------------------------------ for the front ends

    def attach(self, front_end: FrontEnd) -> None:
        """It has said hello: it hears what happens from now on. Raises WireError when there are
        too many."""
        most = WATCHERS if front_end.watcher else FRONT_ENDS
        # Apart: who only looks takes no place from the agent's own screens and scripts.
        alike = [e for e in self._front_ends if bool(e.watcher) is bool(front_end.watcher)]
        if len(alike) >= most:
            raise WireError(Message("engine.full"))
        self._front_ends.append(front_end)
        self._recount()

    def detach(self, front_end: FrontEnd) -> None:
        """It is gone."""
        self._connections.discard(front_end)
        if front_end in self._front_ends:
            self._front_ends.remove(front_end)
        self._recount()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a command beside the others. It goes on when the front end that sent it dies."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def execute(self, command: Command) -> Result:
        """What the engine answers; a fault in it is a Result like any other."""
        try:
            return await self.engine.execute(command)
        except Exception as error:
            log.exception("%s failed", type(command).__name__)
            return Result(False, message("engine.fault", kind=type(error).__name__))

    def snapshot_line(self) -> bytes:
        """The snapshot of this moment, with the number of the last event that is in it."""
        return encode_line({"seq": self._seq, "snapshot": to_json(self.engine.snapshot())})

    # ------------------------------------------------------------ front ends and events

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._serve_front_end(FrontEnd(self, reader, writer))

    async def _knocked(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._serve_front_end(FrontEnd(self, reader, writer, self._watch))

    async def _serve_front_end(self, front_end: FrontEnd) -> None:
        if len(self._connections) >= 2 * FRONT_ENDS:
            front_end.abort()  # some of them never said hello
            return
        self._connections.add(front_end)
        self._review()
        try:
            await front_end.run()
        except Exception:
            log.exception("a front end's connection failed")
            self.detach(front_end)
            front_end.abort()

    def _recount(self) -> None:
        screens = sum(front_end.kind == "screen" for front_end in self._front_ends)
        before, self.screens = self.screens, screens
        if bool(before) != bool(screens):
            log.info("attended" if screens else "unattended")
            self.engine.attended(bool(screens))
        watchers = tuple(sorted({each.watcher for each in self._front_ends if each.watcher}))
        if watchers != self._watchers:
            self._watchers = watchers
            self.engine.watched(watchers)
        self._review()

    def _published(self, event: Event) -> None:
        """Called in the middle of the engine's work: neither waits nor raises."""
        self._seq += 1
        if self._front_ends:
            try:
                line = encode_line({"seq": self._seq, "event": to_json(event)})
            except ValueError:
                log.exception("%s does not cross the port", type(event).__name__)
                for front_end in self._front_ends:
                    front_end.outbox.make_stale()
                return
            for front_end in self._front_ends:
                front_end.outbox.event(line)
        if isinstance(event, PhaseChanged):
            if event.phase is Phase.SIGNED_OUT:
                self._give_back()
            if event.phase in (Phase.SIGNED_OUT, Phase.KICKED):
                self._close_door()
            self._review()

    def _review(self) -> None:
        """An engine that nobody is signed in to and nobody is attached to ends after a while."""
        unwanted = not self._connections and self.engine.snapshot().phase is Phase.SIGNED_OUT
        if unwanted and self._leaving is None:
            self._leaving = asyncio.get_running_loop().call_later(self._linger, self.end)
        elif not unwanted and self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None

    # ------------------------------------------------------------ the account

    async def _claim(self, account: SignIn) -> Result | None:
        """One engine for one account on this machine: None when it is ours, else where it is."""
        key = account_key(account)
        if self._lock is not None and self._lock.key == key:
            return None
        lock = AccountLock(self.directory, key)
        if not await self._take(lock):
            lock.release()
            return Result(False, message("engine.elsewhere", socket=lock.socket))
        if self._lock is not None:
            self._lock.release()
        self._lock = lock
        self._move(lock.socket)
        await self._open_door(account.un, key)
        return None

    async def _take(self, lock: AccountLock) -> bool:
        deadline = asyncio.get_running_loop().time() + _ENDING_OTHER
        while not lock.take():
            # Held, but nobody listens: the other is signing out and lets go in a moment.
            if answers(lock.socket) or asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(0.1)
        return True

    async def _open_door(self, extension: str, key: str) -> None:
        """From now on those may look whom the config names."""
        self._close_door()
        found = open_door(self._watch, extension, key)
        if found is not None:
            listening, self._door_path = found
            options: dict[str, Any] = (
                {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
            )
            self._door = await asyncio.start_unix_server(
                self._knocked, sock=listening, limit=COMMAND_LIMIT, **options
            )

    def _close_door(self) -> None:
        """Nobody looks any more: those who did are sent away."""
        if self._door is not None:
            self._door.close()
            self._door = None
        if self._door_path is not None:
            self._door_path.unlink(missing_ok=True)
            self._door_path = None
        for front_end in [each for each in self._front_ends if each.watcher]:
            self.spawn(front_end.end())

    def _give_back(self) -> None:
        """Signed out: the account is free, and the socket has a nameless engine's name again."""
        if self._lock is not None:
            self._move(self.directory / fresh_name())
            self._lock.release()
            self._lock = None

    def _move(self, path: Path) -> None:
        with suppress(FileNotFoundError):  # when it ends the socket is gone before the account
            self.path.rename(path)
        self.path = path

    # ------------------------------------------------------------ the end

    async def _close_engine(self) -> None:
        try:
            async with asyncio.timeout(self._close_limit):
                await self.engine.close()
        except TimeoutError:
            log.warning("signing out took too long: ended without")
        except Exception:
            log.exception("the engine did not close well")

    async def _say_goodbye(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE):
                await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE):
                await asyncio.gather(*(one.end() for one in tuple(self._connections)))
                await asyncio.gather(*(one.ended.wait() for one in tuple(self._connections)))
        for front_end in tuple(self._connections):
            front_end.abort()
