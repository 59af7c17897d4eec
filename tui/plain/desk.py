"""The desk in lines: its engine, its talk, its settings, and what waits for an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from tui.clock import follow_time_zone
from tui.config.schema import Config
from tui.console.actions.conditions import state_of
from tui.console.i18n import tr
from tui.console.screens.directory.model import DirectoryModel
from tui.console.sign_in_defaults import SignInMemory, SignInPrefill
from tui.console.view import QUIT, SIGNED_OUT, View
from tui.console.widgets.formats import Clocks
from tui.plain.followed_engine import FollowedEngine
from tui.plain.guest_desk import GuestDesk
from tui.plain.talk import Moot, Talk
from tui.plain.words import Vocabulary
from tui.port.commands import Command, Result, SignOut
from tui.port.engine_port import EnginePort
from tui.port.machines.call_machine import CallState
from tui.port.values import Message, Phase

ANSWER: Final = 1.5
"""Seconds in which the engine's answer to a command is waited for before the next line is asked."""
_PASSING: Final = (CallState.ANSWERING, CallState.DECLINING, CallState.ENDING)


class Left(Exception):
    """The conversation is over; `way` is how."""

    def __init__(self, way: str) -> None:
        super().__init__(way)
        self.way = way


class PlainDesk:
    """One agent's desk: what the words of all topics work on."""

    def __init__(
        self,
        talk: Talk,
        config: Config,
        memory: SignInMemory,
        *,
        prefill: SignInPrefill,
        clocks: Clocks | None = None,
        sandbox: bool = False,
        settings: Path | None = None,
        log_file: Path | None = None,
        kiosk: bool = False,
    ) -> None:
        """`settings` is the file that changed settings go into; `log_file` the log's. At a `kiosk`
        the desk is for whoever comes."""
        self.talk, self.config, self.memory = talk, config, memory
        self.prefill, self.sandbox = prefill, sandbox
        self.clocks = clocks or Clocks()
        self.settings, self.log_file = settings, log_file
        self._given_up = False
        """No engine can be started, for now."""
        self.engine = FollowedEngine(
            talk,
            memory,
            self.clocks,
            decline=config.policies.decline,
            wants_bell=lambda: self.config.notices.bell,
        )
        self.engine.change(kiosk=kiosk)
        self.guests: GuestDesk | None = None
        if kiosk:
            self.guests = GuestDesk(talk, config.kiosk, self.clocks.monotonic, self._is_free)
        self.words = Vocabulary(config.keys)
        self.directory = DirectoryModel(self.engine.ask)

    @property
    def view(self) -> View:
        """What the engine's state is by now."""
        return self.engine.view

    def typing(self) -> None:
        """Something is being typed."""
        self.engine.typing()
        if self.guests is not None:
            self.guests.touched()

    def _is_free(self) -> bool:
        return self.view.snapshot.phase is Phase.SIGNED_OUT

    def attach(
        self,
        port: EnginePort,
        *,
        notice: Message | None = None,
        prefill: SignInPrefill | None = None,
    ) -> None:
        """An engine is there."""
        self.prefill = prefill or self.prefill
        self.engine.attach(port, notice)

    def engine_lost(self, what: Message | None = None) -> None:
        """The engine is gone; another may come."""
        self._given_up = what is not None and what.id == "engine.keeps_failing"
        self.engine.lost(what)

    def engine_silent(self, silent: bool) -> None:
        """The engine is there and does not answer, or answers again."""
        self.engine.silent(silent)

    # ------------------------------------------------------------ waiting

    async def until(self, fact: Callable[[View], bool]) -> None:
        """Wait for something to be so. A wish to leave is heard meanwhile."""
        while not fact(self.view):
            if self.talk.wants_out() or (self._given_up and self.talk.over):
                await self.quit()
            await self.engine.next_change()

    async def send(self, command: Command) -> Result | None:
        """Have it done. What it cannot do is said; None where the answer is long in coming, and is
        told when it is there."""
        follow_time_zone()
        asking = self.engine.begin(self.engine.ask(command))
        done, _ = await asyncio.wait((asking,), timeout=ANSWER)
        if not done:
            asking.add_done_callback(lambda task: self.engine.refused(task.result(), later=True))
            return None
        result: Result = asking.result()
        self.engine.refused(result)
        if result.ok:
            await self.settle()
        return result

    async def settle(self) -> None:
        """A call on its way from one state to the next: what it comes to is said before the next
        prompt, unless it takes its time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWER):
                while state_of(self.view) in _PASSING:
                    await self.engine.next_change()

    # ------------------------------------------------------------ the ends

    async def sign_out(self, first: Command | None = None) -> None:
        """Sign out and leave; `first` ends a call with three in it."""
        if first is not None:
            result = await self.engine.ask(first)
            if not result.ok:
                self.engine.refused(result)
                return
        self.memory.forget()
        await self.engine.ask(SignOut(end=True))
        self.talk.say(tr("plain.signed_out"))
        raise Left(SIGNED_OUT)

    async def quit(self) -> None:
        """Nobody is signed in: the engine is of no use any more. A desk for whoever comes stays."""
        if self.guests is not None:
            raise Moot
        raise Left(await self.end_engine(QUIT))

    async def end_engine(self, way: str) -> str:
        """Nobody needs it any more; `way` is how the desk is left."""
        if self.view.connected:
            await self.engine.ask(SignOut(end=True))
        return way

    async def begin_anew(self) -> None:
        """The next agent, as after a sign-out."""
        raise Left(await self.end_engine(SIGNED_OUT))
