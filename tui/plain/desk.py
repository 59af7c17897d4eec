"""The desk in lines: what the engine says is told, what the agent says is done.

Nothing here knows of a terminal: `Talk` writes, the launcher brings bytes and engines.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from tui.bus import Overflow
from tui.config.schema import Config
from tui.console.actions.conditions import UP, can_keep_open, can_refuse, state_of, writing_up
from tui.console.i18n import render, tr
from tui.console.parts.remote_pulse import follows, lead
from tui.console.screens.directory.model import DirectoryModel
from tui.console.sign_in_defaults import AccountChoice, SignInMemory, SignInPrefill
from tui.console.view import QUIT, SIGNED_OUT, ScreenName, View
from tui.console.widgets.formats import Clocks
from tui.plain import sentences as say
from tui.plain.attention import PlainAttention
from tui.plain.editor import Entered, Entry, InputEnded, Pressed
from tui.plain.news import news, with_words
from tui.plain.talk import AnswerInterrupted, Moot, Talk, plain
from tui.plain.words import Vocabulary, Word
from tui.port import replace
from tui.port.commands import Command, JoinGroup, KeepWrapUpOpen, Result, SignOut
from tui.port.engine_port import EnginePort
from tui.port.events import Event, LevelsChanged, apply
from tui.port.machines.call_machine import CallState
from tui.port.snapshot import Snapshot
from tui.port.values import Message, Phase, message
from tui.text import clean_text

ANSWER: Final = 1.5
"""Seconds in which the engine's answer to a command is waited for before the next line is asked."""
NOTE_LIMIT: Final = 2000
"""Characters of a note that the engine keeps."""
_PASSING: Final = (CallState.ANSWERING, CallState.DECLINING, CallState.ENDING)
_IN_SESSION: Final = (Phase.SIGNED_IN, Phase.SIGNING_OUT, Phase.KICKED)

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
    ) -> None:
        """`on_account` is told which running engine was picked, `on_sandbox` starts a sandbox and
        says who may sign in there; `settings` is the file that changed settings go into."""
        self.talk, self.config, self.memory = talk, config, memory
        self.prefill, self.sandbox = prefill, sandbox
        self.clocks = clocks or Clocks()
        self.settings, self.log_file = settings, log_file
        self.view = View(may_decline=config.policies.decline)
        self.words = Vocabulary(config.keys)
        self.directory = DirectoryModel(self.ask)
        self.last_notice: Message | None = None
        """The last failure, for `why`."""
        self._accounts, self._on_account = tuple(accounts), on_account
        self._on_sandbox = on_sandbox
        self._port: EnginePort | None = None
        self._pumping: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._fault: BaseException | None = None
        self._faulty = asyncio.Event()
        self._changed = asyncio.Event()
        self._resuming = False
        self._arrival: Message | None = None
        self._attention = PlainAttention(self)
        self.stopped = False
        """Typing has stopped the countdown of the write-up, and nobody was told yet."""
        self._wrote: dict[str, str | None] = {}
        self._kept_open = False
        talk.is_command = lambda text: self._command(text) is not None

    # ------------------------------------------------------------ the engine

    def attach(
        self,
        port: EnginePort,
        *,
        notice: Message | None = None,
        prefill: SignInPrefill | None = None,
    ) -> None:
        """An engine is there."""
        self._port = port
        self._arrival = notice or self._arrival
        self.prefill = prefill or self.prefill
        if self._pumping is not None:
            self._pumping.cancel()
        self._pumping = self.begin(self._pump(port))

    def engine_lost(self, what: Message | None = None) -> None:
        """The engine is gone; another may come."""
        self._port = None
        if self._pumping is not None:
            self._pumping.cancel()
            self._pumping = None
        self._resuming = self.view.snapshot.phase is Phase.SIGNED_IN
        self.change(connected=False, notice=what or message("engine.lost"))

    async def _pump(self, port: EnginePort) -> None:
        events = port.subscribe()
        self._take(port.snapshot())
        if server := follows(port.snapshot()):
            await lead(port, server, port.snapshot())
        try:
            while True:
                try:
                    event = await events.get()
                except Overflow:
                    self._take(port.snapshot())
                except StopAsyncIteration:
                    if port is self._port:
                        self.engine_lost()
                    return
                else:
                    self._hear(event)
        finally:
            events.close()

    def _take(self, snapshot: Snapshot) -> None:
        if self._resuming and snapshot.phase is Phase.SIGNED_OUT and self.memory.sign_in:
            self.change(connected=True, snapshot=snapshot, notice=message("engine.resuming"))
            self.begin(self._resume())
            return
        self._resuming = False
        notice, self._arrival = self._arrival, None
        self.change(connected=True, snapshot=snapshot, notice=notice)

    def _hear(self, event: Event) -> None:
        snapshot = apply(self.view.snapshot, event)
        if isinstance(event, LevelsChanged):
            self.view = replace(self.view, snapshot=snapshot)
        else:
            self.change(snapshot=snapshot)

    async def _resume(self) -> None:
        """A new engine after the old one died: signed in as before."""
        command, gid = self.memory.sign_in, self.memory.gid
        assert command is not None
        result = await self.ask(command)
        if result.ok and self.memory.server and self._port is not None:
            await lead(self._port, self.memory.server, self.view.snapshot)
        if result.ok and gid is not None:
            result = await self.ask(JoinGroup(gid))
        self._resuming = False
        if not result.ok:
            self.refused(result)
        self._changed.set()

    # ------------------------------------------------------------ the view

    def change(self, **changes: Any) -> None:
        """Change the view; what is another now is told."""
        old = self.view
        view = replace(old, **changes)
        phase = view.snapshot.phase
        if view.connected:
            console = phase in _IN_SESSION or (self._resuming and phase is not Phase.SIGNED_OUT)
            view = replace(view, screen=ScreenName.CONSOLE if console else ScreenName.SIGN_IN)
        self.view = view
        for line in news(self._as_written(old, view), view, self.clocks):
            self.talk.tell(line)
        kept = view.snapshot.notice
        self.last_notice = (
            view.notice or (kept.message if kept is not None else None) or self.last_notice
        )
        if view.notice is not None:
            self.view = replace(self.view, notice=None)
        self._attention.follow(old, view)
        self._follow(old, view)
        self.talk.look_again()
        self._changed.set()

    def wrote(
        self, *, outcome: str | None = None, note: str | None = None, kept_open: bool = False
    ) -> None:
        """What was written here is no news when the engine says it."""
        self._wrote = {"outcome": outcome, "note": note and clean_text(note, NOTE_LIMIT)}
        self._kept_open |= kept_open

    def _as_written(self, old: View, new: View) -> View:
        """The view before, with what was written here in it."""
        was, now = old.snapshot.wrapup, new.snapshot.wrapup
        if was is None or now is None or was.entry != now.entry:
            self._wrote, self._kept_open, self.stopped = {}, False, False
            return old
        ours: dict[str, Any] = {
            name: value for name, value in self._wrote.items() if value == getattr(now, name)
        }
        if self._kept_open and now.until is None:
            ours["until"] = None
        wrapup = replace(was, **ours)
        return replace(old, snapshot=replace(old.snapshot, wrapup=wrapup))

    def typing(self) -> None:
        """Something is being typed: nothing ends under it that can be kept open."""
        if can_keep_open(self.view) and self.talk.editor.text and not self._kept_open:
            self.stopped = True
            self.wrote(kept_open=True)
            self.begin(self.ask(KeepWrapUpOpen()))

    def _follow(self, old: View, new: View) -> None:
        """What a peer asks is asked."""
        question = new.snapshot.question
        if question is not None and question != old.snapshot.question:
            from tui.plain.topics.parties import question_asked

            self.talk.tell(question_asked(question))

    async def next_change(self, *others: asyncio.Task[Any]) -> None:
        """Wait until the view changes, or one of these is done."""
        self._changed.clear()
        changed = self.begin(self._changed.wait())
        await asyncio.wait((changed, *others), return_when=asyncio.FIRST_COMPLETED)
        changed.cancel()

    async def until(self, fact: Callable[[View], bool]) -> None:
        """Wait for something to be so. A wish to leave is heard meanwhile."""
        while not fact(self.view):
            if self.talk.wants_out():
                await self.quit()
            await self.next_change()

    # ------------------------------------------------------------ commands

    def begin(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Let something go on beside the conversation."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            self._fault = self._fault or fault
            self._faulty.set()

    async def ask(self, command: Command) -> Result:
        """The engine's answer."""
        if self._port is None:
            return Result(False, message("engine.lost"))
        return await self._port.execute(command)

    async def send(self, command: Command) -> Result | None:
        """Have it done. What it cannot do is said; None where the answer is long in coming, and is
        told when it is there."""
        asking = self.begin(self.ask(command))
        done, _ = await asyncio.wait((asking,), timeout=ANSWER)
        if not done:
            asking.add_done_callback(lambda task: self.refused(task.result(), later=True))
            return None
        result: Result = asking.result()
        self.refused(result)
        if result.ok:
            await self.settle()
        return result

    async def settle(self) -> None:
        """A call on its way from one state to the next: what it comes to is said before the next
        prompt, unless it takes its time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWER):
                while state_of(self.view) in _PASSING:
                    await self.next_change()

    def refused(self, result: Result, *, later: bool = False) -> None:
        """Say what a command could not do."""
        if result.ok or result.message is None:
            return
        self.last_notice = result.message
        said = say.dotted(render(with_words(result.message)))
        if later:
            self.talk.tell(said)
        else:
            self.talk.say(said)

    async def carry_voice(self, server: str) -> None:
        """Have the engine carry the sound to this PulseAudio."""
        self.memory.server = server
        if self._port is not None and (server or self.view.snapshot.voice.server):
            result = await lead(self._port, server, self.view.snapshot)
            if result is not None:
                self.refused(result, later=True)

    # ------------------------------------------------------------ the conversation

    async def run(self) -> str:
        """Until the agent leaves. Raises what went wrong in here, wherever it did: whoever runs it
        begins anew with the engine untouched."""
        talking = asyncio.get_running_loop().create_task(self._converse())
        faulty = asyncio.get_running_loop().create_task(self._faulty.wait())
        try:
            await asyncio.wait((talking, faulty), return_when=asyncio.FIRST_COMPLETED)
            if self._fault is not None:
                raise self._fault
            return await talking
        finally:
            self._attention.end()
            for task in (talking, faulty, *self._tasks):
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
            not view.connected and self._resuming
        ):
            await self._one_line()
        elif not view.connected:
            await self.until(lambda now: now.connected)
        elif self._resuming:
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
            return self._resuming or (here and self.view.connected)

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

    # ------------------------------------------------------------ the ends

    async def sign_out(self, first: Command | None = None) -> None:
        """Sign out and leave; `first` ends a call with three in it."""
        if first is not None:
            result = await self.ask(first)
            if not result.ok:
                self.refused(result)
                return
        self.memory.forget()
        await self.ask(SignOut(end=True))
        self.talk.say(tr("plain.signed_out"))
        raise Left(SIGNED_OUT)

    async def quit(self) -> None:
        """Nobody is signed in: the engine is of no use any more."""
        if self.view.connected:
            await self.ask(SignOut(end=True))
        raise Left(QUIT)

    def forget_snapshot(self) -> None:
        """After the platform has signed the agent out: back to the sign-in."""
        snapshot = replace(self.view.snapshot, phase=Phase.SIGNED_OUT)
        self.change(snapshot=snapshot)


def plain_name(word: Word) -> str:
    """What a word is called."""
    from tui.plain.words import name_of

    return name_of(word.id)
