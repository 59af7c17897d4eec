"""The desk in lines: what the engine says is told, what the agent says is done.

Nothing here knows of a terminal: `Talk` writes, the launcher brings bytes and engines.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from tui.config.schema import Config
from tui.console.actions.conditions import UP, can_refuse, state_of, writing_up
from tui.console.i18n import tr
from tui.console.screens.directory.model import DirectoryModel
from tui.console.sign_in_defaults import AccountChoice, SignInMemory, SignInPrefill
from tui.console.view import QUIT, SIGNED_OUT, View
from tui.console.widgets.formats import Clocks
from tui.plain import sentences as say
from tui.plain.editor import Entered, Entry, InputEnded, Pressed
from tui.plain.followed_engine import FollowedEngine
from tui.plain.guest_desk import GuestDesk
from tui.plain.talk import AnswerInterrupted, Moot, Talk, plain
from tui.plain.words import Vocabulary, Word
from tui.port.commands import Command, Result, SignOut
from tui.port.engine_port import EnginePort
from tui.port.machines.call_machine import CallState
from tui.port.values import Message, Phase

ANSWER: Final = 1.5
"""Seconds in which the engine's answer to a command is waited for before the next line is asked."""
_PASSING: Final = (CallState.ANSWERING, CallState.DECLINING, CallState.ENDING)

OpenSandbox = Callable[[], Awaitable[SignInPrefill | Message]]
TellAccount = Callable[[AccountChoice | None], Awaitable[None]]


class Left(Exception):
    """The conversation is over; `way` is how."""

    def __init__(self, way: str) -> None:
        super().__init__(way)
        self.way = way


class PlainDesk:
    """One agent's desk. `run` returns how it was left: LEFT, QUIT or SIGNED_OUT."""

    def __init__(
        self,
        talk: Talk,
        config: Config,
        memory: SignInMemory,
        *,
        prefill: SignInPrefill,
        clocks: Clocks | None = None,
        sandbox: bool = False,
        accounts: Sequence[AccountChoice] = (),
        on_account: TellAccount | None = None,
        on_sandbox: OpenSandbox | None = None,
        settings: Path | None = None,
        log_file: Path | None = None,
        kiosk: bool = False,
    ) -> None:
        """`on_account` is told which running engine was picked, `on_sandbox` starts a sandbox and
        says who may sign in there; `settings` is the file that changed settings go into. At a
        `kiosk` the desk is for whoever comes."""
        self.talk, self.config, self.memory = talk, config, memory
        self.prefill, self.sandbox = prefill, sandbox
        self.clocks = clocks or Clocks()
        self.settings, self.log_file = settings, log_file
        self.engine = FollowedEngine(
            talk,
            memory,
            self.clocks,
            decline=config.policies.decline,
            wants_bell=lambda: self.config.notices.bell,
        )
        self.engine.change(kiosk=kiosk)
        self.guests = GuestDesk(self, config.kiosk) if kiosk else None
        self.words = Vocabulary(config.keys)
        self.directory = DirectoryModel(self.engine.ask)
        self._accounts, self._on_account = tuple(accounts), on_account
        self._on_sandbox = on_sandbox
        talk.is_command = lambda text: self._command(text) is not None

    @property
    def view(self) -> View:
        """What the engine's state is by now."""
        return self.engine.view

    def typing(self) -> None:
        """Something is being typed."""
        self.engine.typing()
        if self.guests is not None:
            self.guests.touched()

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
        self.engine.lost(what)

    # ------------------------------------------------------------ the conversation

    async def run(self) -> str:
        """Until the agent leaves. Raises what went wrong in here, wherever it did: whoever runs it
        begins anew with the engine untouched."""
        talking = asyncio.get_running_loop().create_task(self._converse())
        beside = [asyncio.get_running_loop().create_task(self.engine.faulty.wait())]
        if self.guests is not None:
            beside.append(asyncio.get_running_loop().create_task(self.guests.gone.wait()))
        try:
            await asyncio.wait((talking, *beside), return_when=asyncio.FIRST_COMPLETED)
            if self.engine.fault is not None:
                raise self.engine.fault
            if not talking.done():
                return await self._end_engine(SIGNED_OUT)
            return await talking
        finally:
            if self.guests is not None:
                self.guests.end()
            self.engine.end()
            for task in (talking, *beside):
                task.cancel()

    async def _converse(self) -> str:
        todo: Entry | None = None
        try:
            while True:
                try:
                    if todo is not None:
                        entry, todo = todo, None
                        await self.carry_out(entry)
                    else:
                        await self._turn()
                except AnswerInterrupted as other:
                    todo = other.entry
                except Moot:
                    if self.view.connected and self.view.snapshot.phase is Phase.SIGNED_IN:
                        self.talk.say(tr("plain.moot"))
        except Left as left:
            return left.way

    async def _turn(self) -> None:
        from tui.plain.topics import session

        view = self.view
        if self._on_sandbox is not None:
            opens, self._on_sandbox = self._on_sandbox, None
            await session.open_sandbox(self, opens)
        elif self._accounts:
            accounts, self._accounts = self._accounts, ()
            await session.choose_account(self, accounts, self._on_account)
        elif (view.connected and view.snapshot.phase is Phase.SIGNED_IN) or (
            not view.connected and self.engine.resuming
        ):
            await self._one_line()
        elif not view.connected:
            await self.until(lambda now: now.connected)
        elif self.engine.resuming:
            await self.until(lambda now: now.snapshot.phase is not view.snapshot.phase)
        elif view.snapshot.phase is Phase.CHOOSING_GROUP:
            await session.choose_group(self)
        elif view.snapshot.phase is Phase.KICKED:
            await session.kicked(self)
        elif view.snapshot.phase is Phase.SIGNED_OUT:
            await session.sign_in(self)
        else:
            await self.until(lambda now: now.snapshot.phase is not view.snapshot.phase)

    async def _one_line(self) -> None:
        def still() -> bool:
            here = self.view.snapshot.phase in (Phase.SIGNED_IN, Phase.SIGNING_OUT)
            return self.engine.resuming or (here and self.view.connected)

        entry = await self.talk.entry(lambda: say.prompt(self.view), valid=still)
        if self.talk.too_late(entry):
            self.talk.say(tr("plain.moot"))
        else:
            await self.carry_out(entry)

    async def carry_out(self, entry: Entry) -> None:
        """Do what a line or a key says."""
        from tui.plain.topics import session
        from tui.plain.verbs import other_text

        match entry:
            case InputEnded():
                await session.leave(self)
            case Pressed(key):
                word = self.words.of_key(key, self.view)
                if word is not None:
                    await self._do(word, "")
            case Entered(text, began):
                if not text.strip():
                    self.talk.say(*self.talk.last)
                elif (found := self._command(text)) is not None:
                    await self._do(*found)
                else:
                    await other_text(self, plain(text), text.strip(), began)

    def _command(self, text: str) -> tuple[Word, str] | None:
        """What a line means where it is a command."""
        line = plain(text)
        # While it is written up or spoken, what is no word of this moment is the note.
        noting = writing_up(self.view) or state_of(self.view) in UP
        found = self.words.parse(line, noting=noting)
        return None if found and noting and not found[0].when(self.view) else found

    async def _do(self, word: Word, rest: str) -> None:
        from tui.plain.verbs import VERBS

        if word.id == "hangup" and can_refuse(self.view):
            await VERBS["decline"](self, "")
            return
        if not word.when(self.view):
            self.talk.say(tr("plain.not_now", word=plain_name(word)))
            return
        await VERBS[word.id](self, rest)

    # ------------------------------------------------------------ waiting

    async def until(self, fact: Callable[[View], bool]) -> None:
        """Wait for something to be so. A wish to leave is heard meanwhile."""
        while not fact(self.view):
            if self.talk.wants_out():
                await self.quit()
            await self.engine.next_change()

    async def send(self, command: Command) -> Result | None:
        """Have it done. What it cannot do is said; None where the answer is long in coming, and is
        told when it is there."""
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
        raise Left(await self._end_engine(QUIT))

    async def _end_engine(self, way: str) -> str:
        if self.view.connected:
            await self.engine.ask(SignOut(end=True))
        return way

    async def begin_anew(self) -> None:
        """The next agent, as after a sign-out."""
        raise Left(await self._end_engine(SIGNED_OUT))


def plain_name(word: Word) -> str:
    """What a word is called."""
    from tui.plain.words import name_of

    return name_of(word.id)
