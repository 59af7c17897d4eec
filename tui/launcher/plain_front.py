"""Above plain mode: signals, which engine it speaks to, the terminal's lines. Loads no screen."""

from __future__ import annotations

import asyncio
import codecs
import os
import signal
import sys
from typing import TYPE_CHECKING, Final

from tui.clock import instant
from tui.config.user_settings import overlay, settings_file
from tui.console.i18n import config_sentence, language
from tui.console.sign_in_defaults import AccountChoice, SignInMemory, SignInPrefill
from tui.console.view import LEFT
from tui.launcher.engine_keeper import EngineKeeper, Limiter
from tui.launcher.find_engines import RunningEngine, find_running
from tui.launcher.first_engine import (
    Beginning,
    LaunchOptions,
    choices_of,
    find_beginning,
    free_agent,
)
from tui.launcher.last_moment import end_by_itself
from tui.launcher.sandbox_process import RunningSandbox, SandboxFinder, SandboxUnavailable
from tui.launcher.typed_lines import TypedLines
from tui.log import get_logger, note_signals
from tui.plain.conversation import Conversation
from tui.plain.desk import PlainDesk
from tui.plain.talk import Talk
from tui.port.errors import EngineUnavailable
from tui.port.values import Message, message

if TYPE_CHECKING:
    from pathlib import Path

    from tui.config.paths import Paths
    from tui.config.schema import Config

log = get_logger("plain")


def _encoding() -> str:
    """Of what is typed: the same as of what is written, by the locale; UTF-8 where that knows
    ASCII alone, as Python would have it."""
    given = sys.stdin.encoding or "utf-8"
    return "utf-8" if codecs.lookup(given).name == "ascii" else given


RESTARTS: Final = 5
"""Within a minute, after a fault in here. More is one that will not go away."""


class PlainFront:
    """One front end's life. `run` returns the exit code."""

    def __init__(
        self, options: LaunchOptions, config: Config, paths: Paths, *, kiosk: bool = False
    ) -> None:
        """`kiosk`: the desk is for whoever comes."""
        self._kiosk = kiosk
        self.left_running = False
        """Whether it was left with somebody signed in."""
        self._options, self._config, self._paths = options, config, paths
        self._memory = SignInMemory()
        self._keeper = EngineKeeper(
            paths, self._memory, config_file=options.config_file, profile=options.profile
        )
        self._finder = SandboxFinder(paths, config.sandbox.port, language())
        self._choices: dict[str, RunningEngine] = {}
        self._sandbox: RunningSandbox | None = None
        self._stopped = 0
        self._running: asyncio.Task[str] | None = None
        self._restarts = Limiter(RESTARTS)

    async def run(self) -> int:
        """Until it is left: 0, or 128 + the signal that ended it. Raises EngineUnavailable when
        the engine there is cannot be spoken to."""
        try:
            return await self._run()
        finally:
            await self._keeper.close()
            self._finder.close()

    async def _run(self) -> int:
        beginning = await find_beginning(self._options, self._config, self._paths, self._finder)
        self._sandbox_is(beginning.sandbox)
        engines = beginning.engines
        self._choices = {str(engine.pid): engine for engine in engines} if engines[1:] else {}
        settings = settings_file(self._options.config_file or self._paths.config_file)
        config, wrong = overlay(self._config, settings)
        talk = Talk(self._write, instant, whole=not os.isatty(0), encoding=_encoding())
        for sentence in wrong:
            talk.say(config_sentence(sentence))
        with TypedLines(0, talk.feed, self._hung_up if self._kiosk else talk.end) as lines:
            self._listen(lines, talk)
            return await self._desks(talk, config, settings, beginning)

    async def _desks(self, talk: Talk, config: Config, settings: Path, beginning: Beginning) -> int:
        """One desk after the other, until one is left and did not fail."""
        starts_sandbox = self._options.sandbox is not None and self._sandbox is None
        fresh = True
        while True:
            desk = PlainDesk(
                talk,
                config,
                self._memory,
                prefill=beginning.prefill,
                sandbox=self._sandbox is not None,
                settings=settings,
                log_file=self._paths.log_file,
                kiosk=self._kiosk,
            )
            conversation = Conversation(
                desk,
                accounts=choices_of(tuple(self._choices.values())),
                on_account=self._account_chosen,
                on_sandbox=self._open_sandbox if starts_sandbox else None,
            )
            self._keeper.screen = desk
            talk.typing = desk.typing
            self._running = asyncio.get_running_loop().create_task(conversation.run())
            if fresh:
                await self._begin(beginning, starts_sandbox)
            elif self._keeper.port is not None:
                desk.attach(self._keeper.port)
            try:
                way = await self._running
            except asyncio.CancelledError:
                return 128 + self._stopped
            except Exception:
                log.exception("plain mode failed")
                if not self._restarts.allows():
                    keeps = message("screen.keeps_failing", log=self._paths.log_file)
                    raise EngineUnavailable(keeps) from None
                fresh = starts_sandbox = False
                self._choices = {}
                continue
            self.left_running = way == LEFT
            return 0

    async def _begin(self, beginning: Beginning, starts_sandbox: bool) -> None:
        """The first desk: the engine that runs, or one beside it."""
        if len(beginning.engines) == 1:
            await self._keeper.attach(beginning.engines[0].path)
        elif not beginning.engines and not starts_sandbox:
            self._keeper.bring()

    def _listen(self, lines: TypedLines, talk: Talk) -> None:
        """Signals: to end, to stand still, to give up what is typed."""
        loop = asyncio.get_running_loop()

        def stop(number: int) -> None:
            self._stopped = number
            end_by_itself(128 + number)
            if self._running is not None:
                self._running.cancel()

        def stand_still() -> None:
            lines.give_back()
            # As the system has it: where nobody could let us go on (a window of its own, tmux, a
            # desktop's icon) that is nothing, and SIGSTOP would be the end of this desk.
            loop.remove_signal_handler(signal.SIGTSTP)
            signal.raise_signal(signal.SIGTSTP)
            loop.add_signal_handler(signal.SIGTSTP, stand_still)
            lines.take()
            talk.paper.say(())

        note_signals(loop)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGXCPU):
            loop.add_signal_handler(number, stop, number)
        if self._kiosk:
            return  # no key ends or stops it
        loop.add_signal_handler(signal.SIGQUIT, stop, signal.SIGQUIT)
        loop.add_signal_handler(signal.SIGINT, talk.abandon)
        loop.add_signal_handler(signal.SIGTSTP, stand_still)

    def _write(self, text: str) -> None:
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except (OSError, ValueError):
            self._hung_up()

    def _hung_up(self) -> None:
        """Nobody reads or writes any more: as a terminal that is closed."""
        self._stopped = self._stopped or signal.SIGHUP
        os.kill(os.getpid(), signal.SIGHUP)

    # ------------------------------------------------------------ what the desk asks

    async def _account_chosen(self, choice: AccountChoice | None) -> None:
        chosen = None if choice is None else self._choices.get(choice.id)
        if chosen is not None:
            try:
                await self._keeper.attach(chosen.path)
                return
            except EngineUnavailable as error:
                log.warning("the chosen engine could not be attached: %s", error)
        self._keeper.bring()

    async def _open_sandbox(self) -> SignInPrefill | Message:
        try:
            sandbox = await self._finder.open()
        except SandboxUnavailable as error:
            log.error("no sandbox: %s", error)
            self._keeper.bring()
            return error.message
        self._sandbox_is(sandbox)
        found = await find_running(self._paths.runtime)
        await asyncio.wait([self._keeper.bring()])  # one that holds the sandbox
        return free_agent(sandbox, found.engines, self._options.generation)

    def _sandbox_is(self, sandbox: RunningSandbox | None) -> None:
        self._sandbox = sandbox
        if sandbox is not None:
            self._keeper.hold = [sandbox.hold]
