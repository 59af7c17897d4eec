"""A plain desk on a scripted port: what is typed goes in, what is written comes out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.terminal.scripted_port import IDLE, NOW, WALL, ScriptedPort
from tests.waiting import until
from tui.config.schema import Config
from tui.console import i18n
from tui.console.sign_in_defaults import SignInMemory, SignInPrefill
from tui.console.widgets.formats import Clocks
from tui.plain.conversation import Conversation
from tui.plain.desk import PlainDesk
from tui.plain.talk import Talk
from tui.port.snapshot import Snapshot


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    i18n.set_language("en")
    yield
    i18n.set_language("en")


BEGINS = ("accounts", "on_account", "on_sandbox")
"""What is the conversation's, and not the desk's."""


class Lines:
    """One desk's conversation."""

    def __init__(self, snapshot: Snapshot, config: Config, **options: Any) -> None:
        self.now = NOW
        self.running: asyncio.Task[str]
        self.text = ""
        self.port = ScriptedPort(snapshot)
        self.talk = Talk(self._write, lambda: self.now)
        begins = {name: options.pop(name) for name in BEGINS if name in options}
        clocks = Clocks(monotonic=lambda: self.now, wall=lambda: WALL + self.now - NOW)
        self.desk = PlainDesk(
            self.talk,
            config,
            SignInMemory(),
            prefill=options.pop("prefill", SignInPrefill()),
            clocks=clocks,
            **options,
        )
        self.conversation = Conversation(self.desk, **begins)
        self.talk.typing = self.desk.engine.typing
        self._mark = 0

    def _write(self, text: str) -> None:
        self.text += text

    @property
    def fresh(self) -> str:
        """What was written since the last that was typed, without the bell."""
        return self.text[self._mark :].replace("\a", "")

    async def shows(self, words: str) -> None:
        """Wait until that was written since the last that was typed."""
        await until(lambda: words in self.fresh, what=lambda: f"{words!r} in:\n{self.fresh}")

    async def asks(self, prompt: str) -> None:
        """Wait until that is what the last line is."""

        def so() -> bool:
            return self.talk.paper.open and self.fresh.endswith(prompt + " ")

        await until(so, what=lambda: f"the prompt {prompt!r} in:\n{self.fresh}")

    def type(self, keys: str) -> None:
        """Keys, as they come from a terminal."""
        self._mark = len(self.text)
        self.talk.feed(keys.encode())

    def say(self, line: str) -> None:
        self.type(line + "\r")


@asynccontextmanager
async def lines(
    snapshot: Snapshot = IDLE, config: Config | None = None, **options: Any
) -> AsyncIterator[Lines]:
    """A desk whose engine is in that state."""
    opened = Lines(snapshot, config or Config(), **options)
    opened.desk.attach(opened.port)
    opened.running = running = asyncio.get_running_loop().create_task(opened.conversation.run())
    try:
        yield opened
    finally:
        running.cancel()
        (ended,) = await asyncio.gather(running, return_exceptions=True)
        if isinstance(ended, Exception):
            raise ended
