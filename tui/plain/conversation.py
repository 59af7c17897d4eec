"""The conversation with a desk in lines: what the engine says is told, what the agent says is done.

Nothing here knows of a terminal: `Talk` writes, the launcher brings bytes and engines.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from tui.console.actions.conditions import UP, can_refuse, state_of, writing_up
from tui.console.i18n import tr
from tui.console.sign_in_defaults import AccountChoice, SignInPrefill
from tui.console.view import SIGNED_OUT
from tui.plain import sentences as say
from tui.plain.desk import Left, PlainDesk
from tui.plain.editor import Entered, Entry, InputEnded, Pressed
from tui.plain.talk import AnswerInterrupted, Moot, plain
from tui.plain.topics import session
from tui.plain.verbs import VERBS, other_text
from tui.plain.words import Word, name_of
from tui.port.values import Message, Phase

OpenSandbox = Callable[[], Awaitable[SignInPrefill | Message]]
TellAccount = Callable[[AccountChoice | None], Awaitable[None]]


class Conversation:
    """One agent's, at a desk. `run` returns how it was left: LEFT, QUIT or SIGNED_OUT."""

    def __init__(
        self,
        desk: PlainDesk,
        *,
        accounts: Sequence[AccountChoice] = (),
        on_account: TellAccount | None = None,
        on_sandbox: OpenSandbox | None = None,
    ) -> None:
        """`on_account` is told which running engine was picked, `on_sandbox` starts a sandbox and
        says who may sign in there."""
        self._desk = desk
        self._accounts, self._on_account = tuple(accounts), on_account
        self._on_sandbox = on_sandbox
        desk.talk.is_command = lambda text: self._command(text) is not None

    async def run(self) -> str:
        """Until the agent leaves. Raises what went wrong in here, wherever it did: whoever runs it
        begins anew with the engine untouched."""
        desk, guests = self._desk, self._desk.guests
        talking = asyncio.get_running_loop().create_task(self._converse())
        beside = [asyncio.get_running_loop().create_task(desk.engine.faulty.wait())]
        if guests is not None:
            beside.append(asyncio.get_running_loop().create_task(guests.gone.wait()))
        try:
            await asyncio.wait((talking, *beside), return_when=asyncio.FIRST_COMPLETED)
            if desk.engine.fault is not None:
                raise desk.engine.fault
            if not talking.done():
                return await desk.end_engine(SIGNED_OUT)
            return await talking
        finally:
            if guests is not None:
                guests.end()
            desk.engine.end()
            for task in (talking, *beside):
                task.cancel()

    async def _converse(self) -> str:
        todo: Entry | None = None
        try:
            while True:
                try:
                    if todo is not None:
                        entry, todo = todo, None
                        await self._carry_out(entry)
                    else:
                        await self._turn()
                except AnswerInterrupted as other:
                    todo = other.entry
                except Moot:
                    if (
                        self._desk.view.connected
                        and self._desk.view.snapshot.phase is Phase.SIGNED_IN
                    ):
                        self._desk.talk.say(tr("plain.moot"))
        except Left as left:
            return left.way

    async def _turn(self) -> None:
        view = self._desk.view
        if self._on_sandbox is not None:
            opens, self._on_sandbox = self._on_sandbox, None
            await session.open_sandbox(self._desk, opens)
        elif self._accounts:
            accounts, self._accounts = self._accounts, ()
            await session.choose_account(self._desk, accounts, self._on_account)
        elif (view.connected and view.snapshot.phase is Phase.SIGNED_IN) or (
            not view.connected and self._desk.engine.resuming
        ):
            await self._one_line()
        elif not view.connected:
            await self._desk.until(lambda now: now.connected)
        elif self._desk.engine.resuming:
            await self._desk.until(lambda now: now.snapshot.phase is not view.snapshot.phase)
        elif view.snapshot.phase is Phase.CHOOSING_GROUP:
            await session.choose_group(self._desk)
        elif view.snapshot.phase is Phase.KICKED:
            await session.kicked(self._desk)
        elif view.snapshot.phase is Phase.SIGNED_OUT:
            await session.sign_in(self._desk)
        else:
            await self._desk.until(lambda now: now.snapshot.phase is not view.snapshot.phase)

    async def _one_line(self) -> None:
        def still() -> bool:
            here = self._desk.view.snapshot.phase in (Phase.SIGNED_IN, Phase.SIGNING_OUT)
            return self._desk.engine.resuming or (here and self._desk.view.connected)

        entry = await self._desk.talk.entry(lambda: say.prompt(self._desk.view), valid=still)
        if self._desk.talk.too_late(entry):
            self._desk.talk.say(tr("plain.moot"))
        else:
            await self._carry_out(entry)

    async def _carry_out(self, entry: Entry) -> None:
        """Do what a line or a key says."""
        match entry:
            case InputEnded(final):
                await session.leave(self._desk, asked=not final)
            case Pressed(key):
                word = self._desk.words.of_key(key, self._desk.view)
                if word is not None:
                    await self._do(word, "")
            case Entered(text, began):
                if not text.strip():
                    self._desk.talk.say(*self._desk.talk.last)
                elif (found := self._command(text)) is not None:
                    await self._do(*found)
                else:
                    await other_text(self._desk, plain(text), text.strip(), began)

    def _command(self, text: str) -> tuple[Word, str] | None:
        """What a line means where it is a command."""
        line = plain(text)
        # While it is written up or spoken, what is no word of this moment is the note.
        noting = writing_up(self._desk.view) or state_of(self._desk.view) in UP
        found = self._desk.words.parse(line, noting=noting)
        return None if found and noting and not found[0].when(self._desk.view) else found

    async def _do(self, word: Word, rest: str) -> None:
        if word.id == "hangup" and can_refuse(self._desk.view):
            await VERBS["decline"](self._desk, "")
            return
        if not word.when(self._desk.view):
            self._desk.talk.say(tr("plain.not_now", word=name_of(word.id)))
            return
        await VERBS[word.id](self._desk, rest)
