"""Above the App: signals, the engine's life, a crashed screen started again.

The screen shows its first frame before it has an engine; then one is started beside it, unless
one runs already. A screen that crashes is made anew with engine and call untouched. An engine
that dies is replaced by a new one, which the screen signs in as before, and which asks the
platform what became of the call.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tui.apart import Sandbox, SandboxDoor, SandboxUnavailable
from tui.bus import Subscription
from tui.engine.client import EngineClient, EngineUnavailable
from tui.engine.commands import Command, Result, SignIn, SignOut
from tui.engine.events import Event
from tui.engine.launch import Starting
from tui.engine.sockets import answers, is_claimed
from tui.engine.state import Account, Message, Phase, Snapshot, message
from tui.log import get_logger
from tui.prefill import AccountChoice, Session, SignInPrefill
from tui.running import Running, find_running
from tui.terminal import Terminal

if TYPE_CHECKING:
    from tui.app import YimiApp
    from tui.config import Config, Profile
    from tui.paths import Paths

log = get_logger("supervisor")

RESTARTS: Final = 5
"""Within a minute: of the screen, and of the engine. More is a fault that will not go away."""
HURRY: Final = 3.0
"""Seconds for the screen to end after SIGTERM or SIGHUP; then the process ends."""
OTHERS: Final = 2.0
"""Seconds in which another front end may have brought the account's engine back."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asked for."""

    config_file: Path | None = None
    profile: str = ""
    sandbox: bool = False
    account: str = ""


class Limiter:
    """At most so many in a minute."""

    def __init__(self, most: int = RESTARTS, seconds: float = 60.0) -> None:
        self._most, self._seconds = most, seconds
        self._times: deque[float] = deque()

    def allows(self) -> bool:
        """Count one more; whether it may be."""
        now = time.monotonic()
        while self._times and now - self._times[0] > self._seconds:
            self._times.popleft()
        self._times.append(now)
        return len(self._times) <= self._most


class Port:
    """The port that the screen gets: the client's, and the supervisor hears of what it must."""

    def __init__(self, supervisor: Supervisor, client: EngineClient) -> None:
        self._supervisor, self._client = supervisor, client

    def snapshot(self) -> Snapshot:
        return self._client.snapshot()

    def subscribe(self) -> Subscription[Event]:
        return self._client.subscribe()

    async def execute(self, command: Command) -> Result:
        ending = isinstance(command, SignOut) and command.end
        self._supervisor.leaving |= ending
        result = await self._client.execute(command)
        if ending and not result.ok:
            self._supervisor.leaving = False
        if isinstance(command, SignIn) and result.message is not None:
            where = dict(result.message.values).get("socket")
            if result.message.id == "engine.elsewhere" and where:
                await self._supervisor.move(Path(where))
        return result


class Supervisor:
    """One front end's life. `run` returns the exit code."""

    def __init__(self, options: Options, config: Config, paths: Paths) -> None:
        self.options, self.config, self.paths = options, config, paths
        self.session = Session()
        self.leaving = False
        """The screen has asked the engine to end: its end is no loss."""
        self._app: YimiApp | None = None
        self._client: EngineClient | None = None
        self._path: Path | None = None
        self._known: Account | None = None
        self._choices: dict[str, Running] = {}
        self._door = SandboxDoor(paths, config.sandbox.port)
        self._sandbox: Sandbox | None = None
        self._wants_engine = True
        self._bringing: asyncio.Task[None] | None = None
        self._stopped = 0
        self._screens = Limiter()
        self._engines = Limiter()

    async def run(self) -> int:
        """Until the screen is left. 0; 1 when something is wrong, in words on standard error."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._stop, number)
        try:
            prefill = await self._choose()
            with Terminal(self.paths.log_file) as terminal:
                return await self._screens_until_done(prefill, terminal)
        finally:
            if self._bringing is not None:
                self._bringing.cancel()
            if self._client is not None:
                await self._client.close()
            self._door.close()

    # ------------------------------------------------------------ at the start

    async def _choose(self) -> SignInPrefill:
        """Which engine: one that runs is attached, of several one is picked on the screen.
        Raises EngineUnavailable when the one there is cannot be spoken to."""
        profile = self._profile()
        found = await find_running(self.paths.runtime)
        wanted = [
            engine
            for engine in found.engines
            if engine.matches(self.options.account, profile.switchnumber, profile.backend)
        ]
        prefill = SignInPrefill(
            un=profile.un,
            switchnumber=profile.switchnumber,
            callintype=profile.callintype,
            number=profile.number,
            backend=profile.backend,
            kind=profile.kind,
            profile=profile.name,
            keyring=profile.keyring,
        )
        if self.options.sandbox:
            self._sandbox = self._door.look()
            if self._sandbox is not None:
                prefill = self._free_agent(self._sandbox, found.engines)
                # One that somebody looks at is another console's: this one is a new one.
                wanted = [
                    engine
                    for engine in wanted
                    if not engine.screens and engine.matches(backend=self._sandbox.http)
                ]
            else:
                wanted = []
        elif not wanted and found.refused:
            raise EngineUnavailable(found.refused[0])
        if len(wanted) == 1:
            await self._attach(wanted[0].path)
        elif wanted:
            self._choices = {str(engine.pid): engine for engine in wanted}
            self._wants_engine = False
        return prefill

    def _profile(self) -> Profile:
        from tui.config import Profile

        if self.options.profile:
            return self.config.profile(self.options.profile)
        return Profile()

    def _free_agent(self, sandbox: Sandbox, engines: tuple[Running, ...]) -> SignInPrefill:
        taken = {each.account.un for each in engines if each.matches(backend=sandbox.http)}
        return sandbox.free_agent(frozenset(taken))

    # ------------------------------------------------------------ the screen

    async def _screens_until_done(self, prefill: SignInPrefill, terminal: Terminal) -> int:
        from tui.screen import SupervisedApp  # Textual: only once the engine is known

        while True:
            in_session = (
                self._client is not None and self._client.snapshot().phase is not Phase.SIGNED_OUT
            )
            self._app = SupervisedApp(
                Port(self, self._client) if self._client is not None else None,
                self.config,
                prefill=prefill,
                sandbox=self.options.sandbox,
                session=self.session,
                accounts=tuple(
                    AccountChoice(key, _label(engine)) for key, engine in self._choices.items()
                ),
                on_account=self._account_chosen,
                on_sandbox=self._open_sandbox if self._sandbox is None else None,
                resuming=in_session or self.session.sign_in is not None,
                themes=self.paths.themes,
                when_ready=self._first_frame,
            )
            try:
                await self._app.run_async()
                crashed = self._app.return_code != 0
            except Exception:
                log.exception("the screen failed")
                crashed = True
            if self._stopped:
                return 128 + self._stopped
            if not crashed:
                return 0
            log.error("the screen ended with %s: again", self._app.return_code)
            terminal.clean()
            self._choices = {}
            if not self._screens.allows():
                raise EngineUnavailable(message("screen.keeps_failing", log=self.paths.log_file))

    def _first_frame(self) -> None:
        """The screen is there: now the engine."""
        if self.options.sandbox and self._sandbox is None and self._app is not None:
            self._app.do("sandbox")  # starts it, fills the form in, and brings the engine
        elif self._wants_engine and self._client is None:
            self._bring()

    def _stop(self, number: int) -> None:
        """SIGTERM, SIGHUP: leave the screen; the engine goes on."""
        self._stopped = number
        asyncio.get_running_loop().call_later(HURRY, os._exit, 128 + number)
        if self._app is not None:
            self._app.exit()
        else:
            sys.exit(128 + number)

    # ------------------------------------------------------------ the engine

    def _bring(self) -> None:
        self._wants_engine = True
        if self._bringing is None or self._bringing.done():
            self._bringing = asyncio.get_running_loop().create_task(self._start_engine())

    async def _start_engine(self) -> None:
        """Start an engine and attach it; says why on the screen when it cannot be done."""
        while self._engines.allows():
            try:
                starting = Starting(
                    self.paths.runtime,
                    config=self.options.config_file,
                    profile=self.options.profile,
                    hold=[self._sandbox.hold] if self._sandbox is not None else [],
                )
                path = await starting.socket()
                # It is to outlive this process: nobody waits for it.
                starting.process.returncode = 0
                await self._attach(path)
            except EngineUnavailable as error:
                log.error("no engine: %s", error)
                if self._app is not None:
                    self._app.engine_lost(error.message)
                await asyncio.sleep(1.0)
            else:
                return

    async def _attach(self, path: Path) -> None:
        """Look at the engine at the path from now on. Raises EngineUnavailable."""
        client = await EngineClient.connect(path)
        old, self._client, self._path = self._client, client, path
        self.leaving = False
        client.on_lost = lambda goodbye: self._lost(client, goodbye)
        if self._app is not None:
            self._app.attach(Port(self, client))
        if old is not None:
            await old.close()

    async def move(self, path: Path) -> None:
        """The account's engine is at that path: look at that one. The one until now, which has
        no account, ends by itself."""
        try:
            await self._attach(path)
        except EngineUnavailable as error:
            log.warning("the account's engine could not be attached: %s", error)

    def _lost(self, client: EngineClient, goodbye: bool) -> None:
        if client is not self._client or self._stopped:
            return
        self._client = None
        if self.leaving:
            return
        snapshot = client.snapshot()
        self._known = snapshot.account
        if goodbye:
            # Signed out by another front end, by itself, or by SIGTERM: nothing to take up.
            self.session.forget()
            self._known = None
        log.warning("the engine %s", "ended" if goodbye else "died")
        if self._app is not None:
            self._app.engine_lost(Message("engine.ended" if goodbye else "engine.lost"))
        loop = asyncio.get_running_loop()
        self._bringing = loop.create_task(self._replace(self._path))

    async def _replace(self, path: Path | None) -> None:
        """After the loss of an engine: another front end's new one, or our own."""
        if self._known is not None and path is not None and self.session.sign_in is None:
            if await self._brought_back(path):
                return
            await self._password_from_keyring(self._known)
        if self._known is not None and self.session.gid is None:
            self.session.gid = self._known.gid or None
        await self._start_engine()

    async def _brought_back(self, path: Path) -> bool:
        if not is_claimed(path):
            return False
        for _ in range(round(OTHERS / 0.1)):
            if answers(path):
                await self.move(path)
                return self._client is not None
            await asyncio.sleep(0.1)
        return False

    async def _password_from_keyring(self, account: Account) -> None:
        """This front end came later and never knew the password."""
        from tui import keyring_store as store

        name = store.account_name(account.un, account.switchnumber, account.backend)
        try:
            password = await store.load(name)
        except store.KeyringUnavailable:
            return
        if password is not None:
            self.session.sign_in = SignIn(
                account.un,
                password,
                account.switchnumber,
                account.callintype,
                account.number,
                account.backend,
                account.kind,
            )

    # ------------------------------------------------------------ what the screen asks

    async def _account_chosen(self, choice: AccountChoice | None) -> None:
        if choice is None:
            self._bring()
            return
        try:
            await self._attach(self._choices[choice.id].path)
        except EngineUnavailable as error:
            if self._app is not None:
                self._app.engine_lost(error.message)
            self._bring()

    async def _open_sandbox(self) -> SignInPrefill:
        try:
            self._sandbox = await self._door.open()
        except SandboxUnavailable as error:
            log.error("no sandbox: %s", error)
            if self._app is not None:
                self._app.call_later(self._app.engine_lost, error.message)
            self._bring()
            return SignInPrefill()
        found = await find_running(self.paths.runtime)
        # The engine that was brought before does not hold the sandbox: another takes its place.
        old, self._client = self._client, None
        self._bring()
        if old is not None:
            await old.close()
        return self._free_agent(self._sandbox, found.engines)


def _label(engine: Running) -> str:
    account = engine.account
    name = f" {account.displayname}" if account.displayname else ""
    return f"{account.un}{name} · {account.switchnumber} · {account.backend}"
