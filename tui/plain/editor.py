"""The line that is being typed: bytes of a terminal, or of a pipe, become lines and keys.

The terminal's own line editing would keep a half typed line from us, and an event could then not
help but break into it. So the line is kept here; what is echoed is what the terminal itself would
echo: the character, and backspace, space, backspace to take one away (termios(3), ECHOE).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len

MOST: Final = 4000
"""Characters of a line."""
ALONE: Final = 0.5
"""Seconds after which an Esc was a key of its own, and no beginning of another."""
TORN: Final = 0.1
"""Seconds that may lie within an answer of the terminal; a person's keys are further apart."""
_ERASE, _KILL, _WORD, _END, _AGAIN, _ESC = (
    ("\b", "\x7f"),
    "\x15\x03",
    "\x17",
    "\x04",
    ("\x12", "\f"),
    "\x1b",
)
# Ctrl+C comes as a byte where it is no signal: at a desk for whoever comes.
_FUNCTION: Final = {
    **{f"[{code}~": f"f{n}" for n, code in enumerate((11, 12, 13, 14, 15), 1)},
    **{f"[{code}~": f"f{n}" for n, code in enumerate((17, 18, 19, 20, 21), 6)},
    "[23~": "f11",
    "[24~": "f12",
    **{f"O{letter}": f"f{n}" for n, letter in enumerate("PQRS", 1)},
    **{f"[[{letter}": f"f{n}" for n, letter in enumerate("ABCDE", 1)},
    **{f"O{letter}": f"f{n}" for n, letter in enumerate("TUVWXYZ[", 5)},
}
"""What terminals send for F1 to F12, behind the Esc: xterm's, the older VT's, the console's, those
of PuTTY in its VT100+ mode."""
_STRINGS: Final = "]P^_X"
"""What begins a terminal's answer in words (ECMA-48 §5.6), behind the Esc."""
_BEL: Final = "\a"
_STRAY: Final = re.compile("[\udc80-\udcff]")
"""A byte that is none of the encoding, as it is decoded here."""


@dataclass(frozen=True, slots=True)
class Entered:
    """A line was sent. `began` is when its first key came."""

    text: str
    began: float


@dataclass(frozen=True, slots=True)
class Pressed:
    """A function key, by its name: "f5"."""

    key: str


@dataclass(frozen=True, slots=True)
class InputEnded:
    """Nothing more will come: Ctrl+D on an empty line, or the other end is closed, which is
    `final`."""

    final: bool = False


Entry = Entered | Pressed | InputEnded


class LineEditor:
    """`feed` takes bytes as they come, and gives what they amount to. `echo` is told what a
    terminal is to show; `clock` gives seconds; `encoding` is the terminal's, as Python names it."""

    def __init__(
        self, echo: Callable[[str], None], clock: Callable[[], float], encoding: str = "utf-8"
    ) -> None:
        self.strange = False
        """Bytes came that are none of the encoding."""
        self.text = ""
        """What is typed and not sent."""
        self.last = 0.0
        """When the last key came."""
        self._began = 0.0
        self._echo, self._clock = echo, clock
        self._decoder = codecs.getincrementaldecoder(encoding)("surrogateescape")
        self._escape: str | None = None
        self._escaped = 0.0
        self._after_return = False

    def feed(self, data: bytes) -> list[Entry]:
        """What the bytes amount to."""
        entries: list[Entry] = []
        for character in self._decoder.decode(data):
            stray = _STRAY.match(character) is not None
            self.strange |= stray
            found = self._key("\ufffd" if stray else character)
            if found is not None:
                entries.append(found)
        return entries

    def end(self) -> list[Entry]:
        """The other end is closed: a last line without its end counts too."""
        last: list[Entry] = [self._send()] if self.text else []
        return [*last, InputEnded(final=True)]

    def abandon(self) -> str:
        """Ctrl+C: what was typed is not wanted; it is returned."""
        text, self.text = self.text, ""
        return text

    def _key(self, character: str) -> Entry | None:
        now = self._clock()
        silent = now - self._escaped
        if self._escape and self._escape in _STRINGS:
            if silent < TORN:
                return self._in_string(character)
        elif self._escape is not None and (self._escape or silent < ALONE):
            return self._sequence(self._escape + character)
        self._escape = None
        after_return, self._after_return = self._after_return, character == "\r"
        if character == "\n" and after_return:
            return None
        self.last = now
        if not self.text:
            self._began = now
        if character in ("\r", "\n"):
            return self._send()
        if character == _ESC:
            self._escape, self._escaped = "", now
        elif character in _ERASE:
            self._take_away(1)
        elif character in _KILL:
            self._take_away(len(self.text))
        elif character == _WORD:
            kept = self.text.rstrip().rpartition(" ")
            self._take_away(len(self.text) - len(kept[0] + kept[1]))
        elif character == _END and not self.text:
            return InputEnded()
        elif character in _AGAIN:
            self._echo("\n" + self.text)
        elif (character.isprintable() or character == "\t") and len(self.text) < MOST:
            character = " " if character == "\t" else character
            self.text += character
            self._echo(character)
        return None

    def _sequence(self, so_far: str) -> Entry | None:
        """What follows an Esc, until it is whole. What we have no use for is dropped. No sequence
        holds a control (ECMA-48 §5.4): one ends it, and is itself. Enter behind Alt+[ sends."""
        if so_far[1:] and so_far[-1] < " ":
            self._escape = None
            return self._key(so_far[-1])
        self._escape = so_far
        if so_far in _STRINGS:
            self._escaped = self._clock()
            return None
        if so_far[0] not in "[O":
            self._escape = None
            return self._key(so_far) if not so_far.isprintable() else None
        if len(so_far) == 1 or so_far == "[[":
            return None
        if so_far[0] == "[" and not so_far.startswith("[[") and not "@" <= so_far[-1] <= "~":
            self._escape = so_far if len(so_far) < 32 else None
            return None
        self._escape = None
        key = _FUNCTION.get(so_far)
        return None if key is None else Pressed(key)

    def _in_string(self, character: str) -> Entry | None:
        """An answer that nobody here asked for, to its end; no person types one. A control that it
        cannot hold, or a pause, ends it too."""
        self._escaped = self._clock()
        if character == _ESC:
            self._escape = ""  # the first half of its end, or another key
        elif character == _BEL:
            self._escape = None
        elif character < " ":
            self._escape = None
            return self._key(character)
        return None

    def _send(self) -> Entered:
        text, self.text = self.text, ""
        return Entered(text, self._began)

    def _take_away(self, count: int) -> None:
        if count and self.text:
            gone, self.text = self.text[-count:], self.text[:-count]
            cells = cell_len(gone)
            self._echo("\b" * cells + " " * cells + "\b" * cells)
