"""What is written: whole lines, one below the other. Nothing that was written is taken back, and
no control character is written but the line's end, and the bell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from tui.text import clean_text

MOST: Final = 4000
"""Characters of a line."""
BELL: Final = "\a"


class Paper:
    """Lines, and the prompt under the last one. `write` takes text as it is; `typing` gives what
    stands behind the prompt; `whole`: nobody types at a terminal, so a prompt is a line too."""

    def __init__(
        self, write: Callable[[str], None], typing: Callable[[], str], *, whole: bool = False
    ) -> None:
        self.open = False
        """A prompt waits for what is typed."""
        self.hidden = False
        """What is typed is not shown."""
        self._write, self._typing, self._whole = write, typing, whole
        self._again = ""
        self._said = ""

    def say(self, lines: Sequence[str]) -> None:
        """Write these lines; an open prompt comes again under them, with what is typed."""
        before = "\n" if self.open and not self._whole else ""
        self._write(before + "".join(f"{cleaned(line)}\n" for line in lines))
        if self.open:
            self._prompt(self._again)

    def ask(self, prompt: str, again: str = "", *, hidden: bool = False) -> None:
        """Open a prompt; `again` is what stands there after something was said."""
        self.open, self.hidden = True, hidden
        self._again = again or prompt
        self._prompt(prompt)

    def follow(self, prompt: str) -> None:
        """From now on this stands there after something was said."""
        self._again = prompt

    def sent(self) -> None:
        """The line behind the prompt is sent, or not wanted any more."""
        if self.open and not self._whole:
            self._write("\n")
        self.open = self.hidden = False

    def answered(self, prompt: str, text: str) -> None:
        """A prompt whose answer was there before it."""
        if self._whole:
            self._prompt(prompt)
        else:
            self._write(f"{cleaned(prompt)} {cleaned(text)}\n")

    def echo(self, text: str) -> None:
        """A key, as the line editor shows it."""
        if self.open and not self.hidden and not self._whole:
            if text.startswith("\n"):
                self._write("\n")
                self._prompt(self._again)
            else:
                self._write(text)

    def ring(self) -> None:
        """The bell."""
        if not self._whole:
            self._write(BELL)

    def _prompt(self, prompt: str) -> None:
        text = cleaned(prompt)
        if self._whole:
            if text != self._said:
                self._write(text + "\n")
            self._said = text
        else:
            self._write(text + " " + ("" if self.hidden else cleaned(self._typing(), keep=True)))


def cleaned(text: str, *, keep: bool = False) -> str:
    """One line without anything that a terminal could take for a command; `keep`: with the spaces
    that it ends in."""
    clean = clean_text(text, MOST)
    return clean + " " * (len(text) - len(text.rstrip(" "))) if keep else clean
