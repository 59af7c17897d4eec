"""Numbers, times and states as they are written on the screen."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from tui.i18n import tr

_OUTCOMES = {
    "Resolved": "outcome.resolved",
    "Call back": "outcome.call_back",
    "Complaint": "outcome.complaint",
    "Wrong number": "outcome.wrong_number",
}
"""The outcomes that the config has where nobody set others."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """The two clocks of a screen: instants are monotonic, what people read is wall time."""

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time

    def time_of_day(self, instant: float) -> str:
        """ "14:02" of a monotonic instant, in local time."""
        then = self.wall() - (self.monotonic() - instant)
        return time.strftime("%H:%M", time.localtime(then))

    def date_of(self, instant: float) -> tuple[int, int, int]:
        """Year, month and day of a monotonic instant, in local time."""
        then = time.localtime(self.wall() - (self.monotonic() - instant))
        return then.tm_year, then.tm_mon, then.tm_mday


def duration(seconds: float) -> str:
    """ "0:07", "12:08", "1:42:10"; whole seconds, rounded down."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def spaced(number: str) -> str:
    """A number for reading: eleven digits in groups of 3, 4, 4; anything else as it is."""
    if len(number) == 11 and number.isdecimal():
        return f"{number[:3]} {number[3:7]} {number[7:]}"
    return number


def fit(text: str, cells: int) -> str:
    """The text in exactly so many cells: cut with "…" or filled with spaces."""
    if cell_len(text) <= cells:
        return text + " " * (cells - cell_len(text))
    return set_cell_size(text, max(0, cells - 1)) + "…" if cells > 0 else ""


def ordinal(n: int) -> str:
    """ "2nd", "3rd", "4th" (English; other catalogues need not use it)."""
    if n % 100 in (11, 12, 13):
        return f"{n}th"
    return str(n) + {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")


def outcome_word(outcome: str) -> str:
    """An outcome of a write-up as it is shown: those that the config begins with are said in the
    language of the screen, any other as the config has it."""
    return tr(_OUTCOMES[outcome]) if outcome in _OUTCOMES else outcome
