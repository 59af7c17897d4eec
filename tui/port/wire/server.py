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
    RuntimeDirectoryError,
    account_key,
    answers,
    fresh_name,
    identity,
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
LOOK: Final = 5.0
"""Seconds between two looks at whether the socket can still be found."""
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
        look: float = LOOK,
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
        self._identity = identity(self.path)
        self._look = look
        self._looking: asyncio.TimerHandle | None = None
        self._missed = False
        self._server: asyncio.Server | None = None
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
        self._server = await self._serving(self._listening)
        self._plan_look()
        self._review()
        waits = [
            asyncio.ensure_future(event.wait()) for event in (self.engine.finished, self._ended)
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            if self._looking is not None:
                self._looking.cancel()
            self._server.close()
            self._close_door()
            if identity(self.path) == self._identity:
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

    # ------------------------------------------------------------ that it can be found

    async def _serving(self, listening: socket.socket) -> asyncio.Server:
        # The socket has been renamed since it was bound, and may have been bound by way of a
        # descriptor: asyncio, which would remove it from 3.13 on, cannot know where it is.
        options: dict[str, Any] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
        return await asyncio.start_unix_server(
            self._connected, sock=listening, limit=COMMAND_LIMIT, **options
        )

    def _plan_look(self) -> None:
        self._looking = asyncio.get_running_loop().call_later(self._look, self._look_now)

    def _look_now(self) -> None:
        """What lies in the runtime directory may go under a running engine: with the directory when
        its user logs out, by whoever cleans up old files. Then it is put there again."""
        self._plan_look()
        here = identity(self.path) == self._identity
        if here and (self._lock is None or self._lock.here):
            self._missed = False
        elif not self._ended.is_set():
            self.spawn(self._come_back())

    async def _come_back(self) -> None:
        try:
            prepare(self.directory)
            if self._lock is not None and not self._lock.here:
                lock = AccountLock(self.directory, self._lock.key)
                if not lock.take() or (
                    identity(self.path) != self._identity and answers(self.path)
                ):
                    lock.release()
                    raise RuntimeDirectoryError("another engine has the account")
                self._lock.release()
                self._lock = lock
            if identity(self.path) != self._identity:
                listening = listen(self.path)
                old, self._server = self._server, await self._serving(listening)
                self._listening, self._identity = listening, identity(self.path)
                if old is not None:
                    old.close()  # those who are attached stay
        except (OSError, RuntimeDirectoryError) as problem:
            if not self._missed:
                self._missed = True
                log.warning("nobody can find this engine for now: %s", problem)
        else:
            self._missed = False
            log.warning("what lay in %s was gone, and is there again", self.directory)

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
        if len(self._connections) >= 4 * FRONT_ENDS:
            front_end.abort()  # whoever opens so many reads nothing either
            return
        # Some never said hello. One that comes then is not to think that there is no engine.
        crowded = len(self._connections) >= 2 * FRONT_ENDS
        self._connections.add(front_end)
        self._review()
        try:
            await front_end.run(Message("engine.full") if crowded else None)
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
        try:
            prepare(self.directory)
            lock = AccountLock(self.directory, key)
        except (OSError, RuntimeDirectoryError) as problem:
            why = (problem.strerror if isinstance(problem, OSError) else None) or problem
            return Result(False, message("engine.no_place", path=self.directory, why=why))
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
        # The lock of one that lives may have been cleaned away: who listens there has the account.
        return not answers(lock.socket)

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
        # When it ends the socket is gone before the account; and what lies there may be another's.
        if identity(self.path) == self._identity:
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
