"""Above the App: signals, which engine it looks at, a crashed screen started again.

The screen shows its first frame before it has an engine; then one is started beside it, unless
one runs already. A screen that crashes is made anew with engine and call untouched. What becomes
of the engine is the keeper's.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tui.apart import Sandbox, SandboxDoor, SandboxUnavailable
from tui.engine.state import Message, message
from tui.engine.unavailable import EngineUnavailable
from tui.keeper import EngineKeeper, Limiter
from tui.log import get_logger
from tui.prefill import AccountChoice, Session, SignInPrefill
from tui.running import Running, find_running
from tui.settings import settings_file
from tui.terminal import Terminal

if TYPE_CHECKING:
    from tui.app import YimiApp
    from tui.config import Config, Profile
    from tui.paths import Paths

log = get_logger("supervisor")

RESTARTS: Final = 5
"""Of the screen within a minute. More is a fault that will not go away."""
HURRY: Final = 3.0
"""Seconds for the screen to end after SIGTERM or SIGHUP; then the process ends."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asked for."""

    config_file: Path | None = None
    profile: str = ""
    sandbox: bool = False
    generation: int = 2
    """Of the sandbox's platform, to begin with."""
    account: str = ""


class Supervisor:
    """One front end's life. `run` returns the exit code."""

    def __init__(self, options: Options, config: Config, paths: Paths) -> None:
        self.options, self.config, self.paths = options, config, paths
        self.session = Session()
        self.keeper = EngineKeeper(
            paths, self.session, config_file=options.config_file, profile=options.profile
        )
        self.left_running = False
        """Whether the screen was left with somebody signed in."""
        self._app: YimiApp | None = None
        self._choices: dict[str, Running] = {}
        self._door = SandboxDoor(paths, config.sandbox.port)
        self._sandbox: Sandbox | None = None
        self._prefill = SignInPrefill()
        """What a screen begins with, a second one after a crash too."""
        self._stopped = 0
        self._restarts = Limiter(RESTARTS)

    async def run(self) -> int:
        """Until the screen is left: 0, or 128 + the signal that ended it. Raises EngineUnavailable
        when no screen can be had, or none that lasts."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._stop, number)
        loop.add_signal_handler(signal.SIGUSR1, self._reload_themes)
        try:
            self._prefill = await self._choose()
            with Terminal(self.paths.log_file) as terminal:
                return await self._screens(terminal)
        finally:
            await self.keeper.close()
            self._door.close()

    def _stop(self, number: int) -> None:
        """SIGTERM, SIGHUP: leave the screen; the engine goes on."""
        self._stopped = number
        asyncio.get_running_loop().call_later(HURRY, os._exit, 128 + number)
        if self._app is not None:
            self._app.exit()
        else:
            sys.exit(128 + number)

    def _reload_themes(self) -> None:
        """SIGUSR1, from an editor or a script: somebody changed a theme's file."""
        if self._app is not None and self._app.is_running:
            self._app.call_later(self._app.reload_themes)

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
            sandbox = self._sandbox_is(self._door.look())
            wanted = []
            if sandbox is not None:
                prefill = _free_agent(sandbox, found.engines, self.options.generation)
                # One that somebody looks at is another console's: this one is a new one.
                wanted = [
                    engine
                    for engine in found.engines
                    if _is_at(engine, sandbox, self.options.account)
                    and (self.options.account or not engine.screens)
                ]
        elif not wanted and found.refused:
            raise EngineUnavailable(found.refused[0])
        if len(wanted) == 1:
            await self.keeper.attach(wanted[0].path)
        elif wanted:
            self._choices = {str(engine.pid): engine for engine in wanted}
        return prefill

    def _profile(self) -> Profile:
        from tui.config import Profile

        if self.options.profile:
            return self.config.profile(self.options.profile)
        return Profile()

    def _sandbox_is(self, sandbox: Sandbox | None) -> Sandbox | None:
        self._sandbox = sandbox
        if sandbox is not None:
            self.keeper.hold = [sandbox.hold]
        return sandbox

    # ------------------------------------------------------------ the screen

    async def _screens(self, terminal: Terminal) -> int:
        """One screen after the other, until one is left and not crashed out of."""
        from tui.app import LEFT  # Textual: only once the engine is known
        from tui.screen import SupervisedApp

        while True:
            self._app = app = SupervisedApp(
                self.keeper.port,
                self.config,
                prefill=self._prefill,
                sandbox=self.options.sandbox or self._sandbox is not None,
                session=self.session,
                accounts=tuple(
                    AccountChoice(key, _label(engine)) for key, engine in self._choices.items()
                ),
                on_account=self._account_chosen,
                on_sandbox=self._open_sandbox if self._sandbox is None else None,
                resuming=self.keeper.in_session,
                themes=self.paths.themes,
                paths=self.paths,
                settings=settings_file(self.options.config_file or self.paths.config_file),
                when_ready=self._first_frame,
            )
            self.keeper.screen = app
            try:
                await app.run_async()
                code = app.return_code
            except Exception:
                log.exception("the screen failed")
                code = None
            self._app = self.keeper.screen = None
            if self._stopped:
                return 128 + self._stopped
            if code == 0:
                self.left_running = app.return_value == LEFT
                return 0
            log.error("the screen ended with %s: again", code)
            terminal.clean()
            self._choices = {}
            if not self._restarts.allows():
                raise EngineUnavailable(message("screen.keeps_failing", log=self.paths.log_file))

    def _first_frame(self) -> None:
        """The screen is there: now the engine."""
        if self.options.sandbox and self._sandbox is None and self._app is not None:
            self._app.do("sandbox")  # starts it, fills the form in, and brings the engine
        elif self.keeper.port is None and not self._choices:
            self.keeper.bring()

    # ------------------------------------------------------------ what the screen asks

    async def _account_chosen(self, choice: AccountChoice | None) -> None:
        chosen = None if choice is None else self._choices.get(choice.id)
        self._choices = {}
        if chosen is not None:
            try:
                await self.keeper.attach(chosen.path)
                return
            except EngineUnavailable as error:
                if self._app is not None:
                    self._app.engine_lost(error.message)
        self.keeper.bring()

    async def _open_sandbox(self) -> SignInPrefill | Message:
        try:
            sandbox = await self._door.open()
        except SandboxUnavailable as error:
            log.error("no sandbox: %s", error)
            if self.keeper.port is None:
                self.keeper.bring()
            return error.message
        self._sandbox_is(sandbox)
        found = await find_running(self.paths.runtime)
        # An engine that was brought before does not hold the sandbox: another takes its place.
        await asyncio.wait([self.keeper.bring()])
        self._prefill = _free_agent(sandbox, found.engines, self.options.generation)
        return self._prefill


def _is_at(engine: Running, sandbox: Sandbox, un: str = "") -> bool:
    """Whether it is signed in at the sandbox, at one generation or the other."""
    return any(engine.matches(un, backend=each) for each in (sandbox.http, sandbox.http1))


def _free_agent(sandbox: Sandbox, engines: tuple[Running, ...], generation: int) -> SignInPrefill:
    taken = {each.account.un for each in engines if _is_at(each, sandbox)}
    return sandbox.free_agent(frozenset(taken), generation)


def _label(engine: Running) -> str:
    account = engine.account
    name = f" {account.displayname}" if account.displayname else ""
    return f"{account.un}{name} · {account.switchnumber} · {account.backend}"
