"""The engine behind a desk in lines: its events are followed and told, commands are asked of it,
and a new one is signed in after its death."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from tui.bus import Overflow
from tui.console.actions.conditions import can_keep_open
from tui.console.i18n import render
from tui.console.parts.remote_pulse import follows, lead
from tui.console.sign_in_defaults import SignInMemory
from tui.console.view import ScreenName, View, unheard
from tui.console.widgets.formats import Clocks
from tui.plain import sentences as say
from tui.plain.attention import PlainAttention
from tui.plain.news import news, with_words
from tui.plain.talk import Talk
from tui.port import replace
from tui.port.commands import Command, JoinGroup, KeepWrapUpOpen, Result
from tui.port.engine_port import EnginePort
from tui.port.events import Event, LevelsChanged, apply
from tui.port.snapshot import Snapshot
from tui.port.values import Message, Phase, message
from tui.text import clean_text

NOTE_LIMIT: Final = 2000
"""Characters of a note that the engine keeps."""
_IN_SESSION: Final = (Phase.SIGNED_IN, Phase.SIGNING_OUT, Phase.KICKED)


class FollowedEngine:
    """The view of one desk, and the tasks beside its conversation."""

    def __init__(
        self,
        talk: Talk,
        memory: SignInMemory,
        clocks: Clocks,
        *,
        decline: bool,
        wants_bell: Callable[[], bool],
    ) -> None:
        """`decline`: calls may be declined; `wants_bell`: whether what rings is heard now."""
        self._talk, self._memory, self._clocks = talk, memory, clocks
        self.view = View(may_decline=decline)
        self.last_notice: Message | None = None
        """The last failure, for `why`."""
        self.resuming = False
        """A new engine is being signed in as the last one was."""
        self.stopped = False
        """Typing has stopped the countdown of the write-up, and nobody was told yet."""
        self.fault: BaseException | None = None
        """What went wrong in a task beside the conversation."""
        self.faulty = asyncio.Event()
        self._port: EnginePort | None = None
        self._pumping: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._changed = asyncio.Event()
        self._arrival: Message | None = None
        self._attention = PlainAttention(talk, lambda: self.view, wants_bell=wants_bell)
        self._wrote: dict[str, str | None] = {}
        self._kept_open = False

    # ------------------------------------------------------------ it comes and goes

    def attach(self, port: EnginePort, notice: Message | None = None) -> None:
        """An engine is there."""
        self._port = port
        self._arrival = notice or self._arrival
        if self._pumping is not None:
            self._pumping.cancel()
        self._pumping = self.begin(self._pump(port))

    def lost(self, what: Message | None = None) -> None:
        """The engine is gone; another may come."""
        self._port = None
        if self._pumping is not None:
            self._pumping.cancel()
            self._pumping = None
        self.resuming = self.view.snapshot.phase is Phase.SIGNED_IN
        self.change(connected=False, silent=False, notice=what or message("engine.lost"))

    def silent(self, silent: bool) -> None:
        """It is there and does not answer, so that nothing of what it said is known to be so any
        more; or it answers again."""
        if silent:
            snapshot = unheard(self.view.snapshot)
            self.change(silent=True, snapshot=snapshot, notice=message("engine.silent"))
        elif self._port is not None:
            snapshot = self._port.snapshot()
            self.change(silent=False, snapshot=snapshot, notice=message("engine.answers"))

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
                        self.lost()
                    return
                else:
                    self._hear(event)
        finally:
            events.close()

    def _take(self, snapshot: Snapshot) -> None:
        if self.resuming and snapshot.phase is Phase.SIGNED_OUT and self._memory.sign_in:
            resuming = message("engine.resuming")
            self.change(connected=True, silent=False, snapshot=snapshot, notice=resuming)
            self.begin(self._resume())
            return
        self.resuming = False
        notice, self._arrival = self._arrival, None
        self.change(connected=True, silent=False, snapshot=snapshot, notice=notice)

    def _hear(self, event: Event) -> None:
        snapshot = apply(self.view.snapshot, event)
        if isinstance(event, LevelsChanged):
            self.view = replace(self.view, snapshot=snapshot)
        else:
            self.change(snapshot=snapshot)

    async def _resume(self) -> None:
        """A new engine after the old one died: signed in as before."""
        command, gid = self._memory.sign_in, self._memory.gid
        assert command is not None
        result = await self.ask(command)
        if result.ok and self._memory.server and self._port is not None:
            await lead(self._port, self._memory.server, self.view.snapshot)
        if result.ok and gid is not None:
            result = await self.ask(JoinGroup(gid))
        self.resuming = False
        if not result.ok:
            self.refused(result)
        self._changed.set()

    # ------------------------------------------------------------ what is told of it

    def change(self, **changes: Any) -> None:
        """Change the view; what is another now is told."""
        old = self.view
        view = replace(old, **changes)
        phase = view.snapshot.phase
        if view.connected:
            console = phase in _IN_SESSION or (self.resuming and phase is not Phase.SIGNED_OUT)
            view = replace(view, screen=ScreenName.CONSOLE if console else ScreenName.SIGN_IN)
        self.view = view
        for line in news(self._as_written(old, view), view, self._clocks):
            self._talk.tell(line)
        kept = view.snapshot.notice
        self.last_notice = (
            view.notice or (kept.message if kept is not None else None) or self.last_notice
        )
        if view.notice is not None:
            self.view = replace(self.view, notice=None)
        self._attention.follow(old, view)
        self._follow(old, view)
        self._talk.look_again()
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
        if can_keep_open(self.view) and self._talk.editor.text and not self._kept_open:
            self.stopped = True
            self.wrote(kept_open=True)
            self.begin(self.ask(KeepWrapUpOpen()))

    def _follow(self, old: View, new: View) -> None:
        """What a peer asks is asked."""
        question = new.snapshot.question
        if question is not None and question != old.snapshot.question:
            self._talk.tell(say.question_asked(question))

    async def next_change(self, *others: asyncio.Task[Any]) -> None:
        """Wait until the view changes, or one of these is done."""
        self._changed.clear()
        changed = self.begin(self._changed.wait())
        await asyncio.wait((changed, *others), return_when=asyncio.FIRST_COMPLETED)
        changed.cancel()

    # ------------------------------------------------------------ what is asked of it

    def begin(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Let something go on beside the conversation."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            self.fault = self.fault or fault
            self.faulty.set()

    async def ask(self, command: Command) -> Result:
        """The engine's answer."""
        if self._port is None:
            return Result(False, message("engine.lost"))
        return await self._port.execute(command)

    def refused(self, result: Result, *, later: bool = False) -> None:
        """Say what a command could not do."""
        if result.ok or result.message is None:
            return
        self.last_notice = result.message
        said = say.dotted(render(with_words(result.message)))
        if later:
            self._talk.tell(said)
        else:
            self._talk.say(said)

    async def carry_voice(self, server: str) -> None:
        """Have the engine carry the sound to this PulseAudio."""
        self._memory.server = server
        if self._port is not None and (server or self.view.snapshot.voice.server):
            result = await lead(self._port, server, self.view.snapshot)
            if result is not None:
                self.refused(result, later=True)

    def forget_snapshot(self) -> None:
        """After the platform has signed the agent out: back to the sign-in."""
        snapshot = replace(self.view.snapshot, phase=Phase.SIGNED_OUT)
        self.change(snapshot=snapshot)

    def end(self) -> None:
        """The conversation is over: nothing goes on beside it."""
        self._attention.end()
        for task in self._tasks:
            task.cancel()
