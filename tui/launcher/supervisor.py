"""Above the App: signals, which engine it looks at, a crashed screen started again.

The screen shows its first frame before it has an engine; then one is started beside it, unless
one runs already. A screen that crashes is made anew with engine and call untouched. What becomes
of the engine is the keeper's.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import TYPE_CHECKING, Final

from tui.config.user_settings import settings_file
from tui.console.i18n import language
from tui.console.sign_in_defaults import AccountChoice, SignInMemory, SignInPrefill
from tui.launcher import collector
from tui.launcher.engine_keeper import EngineKeeper, Limiter
from tui.launcher.find_engines import RunningEngine, find_running
from tui.launcher.first_engine import (
    LaunchOptions,
    choices_of,
    find_beginning,
    free_agent,
)
from tui.launcher.last_moment import end_by_itself
from tui.launcher.sandbox_process import RunningSandbox, SandboxFinder, SandboxUnavailable
from tui.launcher.terminal import Terminal
from tui.log import get_logger, note_signals
from tui.port.errors import EngineUnavailable
from tui.port.values import Message, message

if TYPE_CHECKING:
    from tui.config.paths import Paths
    from tui.config.schema import Config
    from tui.console.app import YimiApp

log = get_logger("supervisor")

RESTARTS: Final = 5
"""Of the screen within a minute. More is a fault that will not go away."""


class Supervisor:
    """One front end's life. `run` returns the exit code."""

    def __init__(
        self, options: LaunchOptions, config: Config, paths: Paths, *, kiosk: bool = False
    ) -> None:
        """`kiosk`: the desk is for whoever comes."""
        self.options, self.config, self.paths = options, config, paths
        self.session = SignInMemory()
        self.keeper = EngineKeeper(
            paths, self.session, config_file=options.config_file, profile=options.profile
        )
        self.left_running = False
        self._kiosk = kiosk
        """Whether the screen was left with somebody signed in."""
        self._app: YimiApp | None = None
        self._choices: dict[str, RunningEngine] = {}
        self._sandbox_finder = SandboxFinder(paths, config.sandbox.port, language())
        self._sandbox: RunningSandbox | None = None
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
        loop.add_signal_handler(signal.SIGXCPU, self._stop, signal.SIGXCPU)
        if signal.getsignal(signal.SIGQUIT) is signal.SIG_DFL:  # else no key ends a kiosk
            loop.add_signal_handler(signal.SIGQUIT, self._stop, signal.SIGQUIT)
        note_signals(loop)
        try:
            self._prefill = await self._choose()
            with Terminal(self.paths.log_file) as terminal:
                return await self._screens(terminal)
        finally:
            collector.go_on()
            await self.keeper.close()
            self._sandbox_finder.close()

    @property
    def _may_open_sandbox(self) -> bool:
        return self._sandbox is None and not self._kiosk

    def _stop(self, number: int) -> None:
        """SIGTERM, SIGHUP: leave the screen; the engine goes on."""
        self._stopped = number
        end_by_itself(128 + number)
        if self._app is not None:
            self._app.exit()
        else:
            sys.exit(128 + number)

    def _reload_themes(self) -> None:
        """SIGUSR1, from an editor or a script: somebody changed a theme's file."""
        if self._app is not None and self._app.is_running:
            self._app.call_later(self._app.appearance.reload_themes)

    # ------------------------------------------------------------ at the start

    async def _choose(self) -> SignInPrefill:
        """Which engine: one that runs is attached, of several one is picked on the screen.
        Raises EngineUnavailable when the one there is cannot be spoken to."""
        beginning = await find_beginning(
            self.options, self.config, self.paths, self._sandbox_finder
        )
        self._sandbox_is(beginning.sandbox)
        if len(beginning.engines) == 1:
            await self.keeper.attach(beginning.engines[0].path)
        else:
            self._choices = {str(engine.pid): engine for engine in beginning.engines}
        return beginning.prefill

    def _sandbox_is(self, sandbox: RunningSandbox | None) -> RunningSandbox | None:
        self._sandbox = sandbox
        if sandbox is not None:
            self.keeper.hold = [sandbox.hold]
        return sandbox

    # ------------------------------------------------------------ the screen

    async def _screens(self, terminal: Terminal) -> int:
        """One screen after the other, until one is left and not crashed out of."""
        collector.hold_off()  # until `SupervisedApp` has a screen that stands
        from tui.console.view import LEFT
        from tui.launcher.supervised_app import SupervisedApp  # Textual: only now

        while True:
            self._app = app = SupervisedApp(
                self.keeper.port,
                self.config,
                prefill=self._prefill,
                sandbox=self.options.sandbox is not None or self._sandbox is not None,
                session=self.session,
                accounts=choices_of(tuple(self._choices.values())),
                on_account=self._account_chosen,
                on_sandbox=self._open_sandbox if self._may_open_sandbox else None,
                resuming=self.keeper.in_session,
                themes=self.paths.themes,
                paths=self.paths,
                settings=settings_file(self.options.config_file or self.paths.config_file),
                when_ready=self._first_frame,
            )
            if self._kiosk:
                app.become_kiosk()
            self.keeper.screen = app
            try:
                await app.run_async(mouse=self.config.ui.mouse)
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
        wanted = self.options.sandbox is not None and self._sandbox is None
        if wanted and self._app is not None:
            self.keeper.hold = [self._sandbox_finder.hold_file]
            self.keeper.bring()  # beside it: it takes longer
            self._app.do("sandbox")  # starts it, and fills the form in
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
            sandbox = await self._sandbox_finder.open()
        except SandboxUnavailable as error:
            log.error("no sandbox: %s", error)
            if self.keeper.port is None:
                self.keeper.bring()
            return error.message
        held = list(self.keeper.hold) == [sandbox.hold]
        self._sandbox_is(sandbox)
        found = await find_running(self.paths.runtime)
        if not held:
            # The engine that was brought does not hold the sandbox: another takes its place.
            await asyncio.wait([self.keeper.bring()])
        self._prefill = free_agent(sandbox, found.engines, self.options.generation)
        return self._prefill
