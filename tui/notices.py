"""What reaches an agent who looks elsewhere: the terminal's bell and its title.

Everything here is bytes for the terminal; whoever owns the terminal writes them. The title is
put on the terminal's own stack first (XTWINOPS 22/23), so that it comes back as it was.
"""

from __future__ import annotations

from collections.abc import Callable

from tui.text import clean_text

BELL = "\a"
_PUSH = "\x1b[22;2t"
_POP = "\x1b[23;2t"


def set_title(text: str) -> str:
    """OSC 0. The text is cleaned again: a title that ends early would run as commands."""
    return f"\x1b]0;{clean_text(text, 60)}\a"


class Attention:
    """Bell and title of one terminal. `write` takes what goes to the terminal as it is."""

    def __init__(self, write: Callable[[str], None], *, bell: bool = True) -> None:
        self._write = write
        self._bell = bell
        self._pushed = False
        self._title = ""

    def call(self, title: str) -> None:
        """A call rings: ring the bell, and say it in the title."""
        if title == self._title:
            return
        before = "" if self._pushed else _PUSH
        self._write(before + set_title(title) + (BELL if self._bell else ""))
        self._pushed, self._title = True, title

    def calm(self) -> None:
        """Nothing rings any more: the title is what it was. A terminal without a title stack
        keeps our plain name."""
        if self._pushed:
            self._write(set_title("yimi") + _POP)
        self._pushed, self._title = False, ""
