"""The conversation: what is said to the agent, what the agent answers, and when either waits.

An event never breaks into what is being typed. It waits until the line is sent, or until nothing
was typed for two seconds; then it stands on a line of its own, and under it the prompt with what
was typed so far.
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from tui.console.i18n import tr
from tui.plain.editor import Entered, Entry, InputEnded, LineEditor, Pressed
from tui.plain.paper import Paper

HOLD: Final = 2.0
"""Seconds after a key in which an event waits for the line to be sent."""
TOGETHER: Final = 0.03
"""Seconds in which what happens is said together, with the prompt once."""
SURE: Final = 0.3
"""Seconds before the key that asked may answer: two of it in one burst are one."""
DEAF: Final = 1.0
"""Seconds after a question went by itself in which a digit is still meant for it."""
PAGE: Final = 9
"""Choices of a question; 0 tells more of them."""


class AnswerInterrupted(Exception):
    """In place of an answer came something to do."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(type(entry).__name__)
        self.entry = entry


class Moot(Exception):
    """There is nothing left to be answered."""


class Talk:
    """One agent's conversation. `is_command` says whether a line is a command, which counts in
    place of an answer as well."""

    def __init__(
        self,
        write: Callable[[str], None],
        clock: Callable[[], float],
        *,
        whole: bool = False,
        encoding: str = "utf-8",
    ) -> None:
        """`encoding` is that of what is typed."""
        self.editor = LineEditor(self._echo, clock, encoding)
        self.paper = Paper(write, lambda: self.editor.text, whole=whole)
        self.is_command: Callable[[str], bool] = lambda text: False
        self.typing: Callable[[], None] = lambda: None
        """Told that something is being typed."""
        self.last: list[str] = []
        """What was said last of what has happened."""
        self._clock = clock
        self._entries: deque[Entry] = deque()
        self._wake = asyncio.Event()
        self._news: list[str] = []
        self._due: asyncio.TimerHandle | None = None
        self._moot_at = -DEAF
        self._encoding, self._told = encoding, False
        self.over = False
        """Nothing more can be typed: whatever is asked from now on hears that."""

    # ------------------------------------------------------------ what comes

    def feed(self, data: bytes) -> None:
        """Bytes were typed."""
        for entry in self.editor.feed(data):
            self._take(entry)
        if self.editor.strange and not self._told:
            self._told = True
            self.tell(tr("plain.strange", encoding=self._encoding))
        self.typing()

    def end(self) -> None:
        """Nothing more will be typed."""
        self.over = True
        for entry in self.editor.end():
            self._take(entry)

    def abandon(self) -> None:
        """Ctrl+C: away with what is typed; on an empty line it is a wish to leave."""
        if self.editor.abandon():
            if self.paper.open:
                self.paper.say(())
        else:
            self._take(InputEnded())

    def look_again(self) -> None:
        """What a question was about may have changed."""
        self._wake.set()

    def _take(self, entry: Entry) -> None:
        if self.paper.open and not self._entries and not isinstance(entry, Pressed):
            self.paper.sent()
            self._flush(at_once=True)
        self._entries.append(entry)
        self._wake.set()

    def _echo(self, text: str) -> None:
        self.paper.echo(text)

    # ------------------------------------------------------------ what is said

    def say(self, *lines: str) -> None:
        """An answer: it stands there at once."""
        self._flush(at_once=True)
        said = [line for line in lines if line]
        if said:
            self.paper.say(said)

    def tell(self, line: str) -> None:
        """Something has happened: said when it breaks into nothing."""
        self.last = [*self.last, line] if self._news else [line]
        self._news.append(line)
        self._plan(TOGETHER)

    def _plan(self, seconds: float) -> None:
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(seconds, self._flush)

    def _flush(self, *, at_once: bool = False) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None
        if not self._news:
            return
        rest = self.editor.last + HOLD - self._clock()
        if self.paper.open and self.editor.text and rest > 0 and not at_once:
            self._plan(rest)
            return
        news, self._news = self._news, []
        self.paper.say(news)

    # ------------------------------------------------------------ asking

    async def entry(
        self,
        prompt: Callable[[], str],
        *,
        first: str = "",
        hidden: bool = False,
        valid: Callable[[], bool] | None = None,
    ) -> Entry:
        """The next thing that the agent sends. `prompt` is asked whenever it is shown; `first` is
        shown in its place at first. Raises Moot once `valid` is not true any more."""
        self._flush(at_once=True)
        shown = prompt()
        if self.over and not self._entries:
            return InputEnded(final=True)
        if self._entries:
            # Typed ahead: it stands behind its prompt all the same.
            entry = self._entries.popleft()
            self.paper.answered(first or shown, "" if hidden else _text(entry))
            return entry
        self.paper.ask(first or shown, shown, hidden=hidden)
        while not self._entries:
            self._wake.clear()
            if valid is not None and not valid():
                self._moot_at = self._clock()
                self.paper.sent()
                raise Moot
            self.paper.follow(prompt())
            await self._wake.wait()
        if self.paper.open:
            self.paper.sent()
        return self._entries.popleft()

    def wants_out(self) -> bool:
        """Whether the end was asked for, while nothing else was. The end of a pipe asks for
        nothing: its lines are taken in their order first."""
        if any(isinstance(entry, InputEnded) and not entry.final for entry in self._entries):
            self._entries.clear()
            return True
        return False

    def too_late(self, entry: Entry) -> bool:
        """Whether a digit was meant for a question that went by itself."""
        digits = isinstance(entry, Entered) and plain(entry.text).isdecimal()
        return digits and isinstance(entry, Entered) and entry.began < self._moot_at + DEAF

    async def choose(
        self,
        question: str,
        options: Sequence[str],
        *,
        otherwise: str = "",
        valid: Callable[[], bool] | None = None,
        key: str = "",
    ) -> int | None:
        """The place of the option that is chosen by its digit; None: Enter, nothing. `otherwise`
        says what Enter does; the function key that asked, `key`, chooses the first option. Raises
        AnswerInterrupted, and Moot as `entry` does."""
        asked, at = self._clock(), 0
        tail = otherwise or tr("plain.enter_nothing")
        first = ""
        while True:
            shown = options[at : at + PAGE]
            stop = tr("plain.stop")
            parts = [f"{n} {option}{stop}" for n, option in enumerate(shown, 1)]
            if len(options) > PAGE:
                parts.append("0 " + tr("plain.more", n=max(0, len(options) - at - len(shown))))
            again = " ".join((*parts, tail))
            first = f"{question} {again}".strip() if not first else again
            entry = await self.entry(_always(again), first=first, valid=valid)
            if isinstance(entry, Pressed) and key and entry.key == key:
                if self._clock() - asked >= SURE:
                    return 0
                continue
            if not isinstance(entry, Entered):
                raise AnswerInterrupted(entry)
            text = plain(entry.text)
            if not text:
                return None
            if text == "0" and len(options) > PAGE:
                at = at + PAGE if at + PAGE < len(options) else 0
            elif text.isdecimal() and 1 <= int(text) <= len(shown):
                return at + int(text) - 1
            elif text == "=":
                first = ""
            elif self.is_command(text):
                raise AnswerInterrupted(entry)
            else:
                self.say(tr("plain.no_choice", n=len(shown)))

    async def words(
        self,
        question: str,
        *,
        before: str = "",
        hidden: bool = False,
        valid: Callable[[], bool] | None = None,
    ) -> str:
        """What is typed; an empty line is `before`. Raises AnswerInterrupted and Moot."""
        asked = question
        if before and not hidden:
            asked = f"{question} {tr('plain.enter_keeps', value=before)}"
        entry = await self.entry(_always(asked), hidden=hidden, valid=valid)
        if not isinstance(entry, Entered):
            raise AnswerInterrupted(entry)
        return (entry.text if hidden else entry.text.strip()) or before


def plain(text: str) -> str:
    """A line as it is understood: full-width digits and letters are the same as others."""
    return unicodedata.normalize("NFKC", text).replace("’", "'").strip()


def _text(entry: Entry) -> str:
    return entry.text if isinstance(entry, Entered) else ""


def _always(prompt: str) -> Callable[[], str]:
    return lambda: prompt
