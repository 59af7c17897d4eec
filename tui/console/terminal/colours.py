"""How many colours the terminal has.

rich goes by `COLORTERM`, which ssh does not carry, and by the end of `TERM`: to it `vt220` has
sixteen colours, and so have `foot` and `alacritty`. The system's terminfo knows.
"""

from __future__ import annotations

from contextlib import suppress

from rich.color import ColorSystem
from rich.console import Console


def colours_of(console: Console) -> ColorSystem | None:
    """As rich names them; None: none at all. Where rich only guesses terminfo(5) is asked; what
    that does not know stays rich's guess."""
    guessed = console._color_system
    if guessed is not ColorSystem.STANDARD:
        return guessed
    number = _by_terminfo(str(console._environ.get("TERM", "")))
    if number is None:
        return guessed
    if number < 8:
        return None
    return ColorSystem.EIGHT_BIT if number >= 256 else ColorSystem.STANDARD


def _by_terminfo(term: str) -> int | None:
    """terminfo's `colors`: below 0 where there are none, None where the terminal is not known."""
    with suppress(ImportError, OSError):
        import curses  # only where it is asked: most terminals say what they have

        try:
            curses.setupterm(term, 1)
        except (curses.error, ValueError, TypeError):
            return None
        return curses.tigetnum("colors")
    return None
