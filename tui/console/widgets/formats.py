"""Numbers, times and states as they are written on the screen."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import msgspec
from rich.cells import cell_len, set_cell_size

from tui.clock import instant as _instant
from tui.console.i18n import sentences, tr
from tui.text.finding import folded

_OUTCOMES: Final = {
    "Resolved": "outcome.resolved",
    "Call back": "outcome.call_back",
    "Complaint": "outcome.complaint",
    "Wrong number": "outcome.wrong_number",
}
"""The outcomes that the config has where nobody set others."""
_translated = True
"""Whether nobody did."""


def use_outcomes(outcomes: tuple[str, ...]) -> None:
    """The outcomes of the config: those that somebody wrote there are shown as they stand."""
    global _translated
    _translated = outcomes == tuple(_OUTCOMES)


class Clocks(msgspec.Struct, frozen=True):
    """The two clocks of a screen: instants (`tui.clock.instant`), and the wall time people read."""

    monotonic: Callable[[], float] = _instant
    wall: Callable[[], float] = time.time

    def time_of_day(self, instant: float) -> str:
        """ "14:02" of a monotonic instant, in local time."""
        then = self.wall() - (self.monotonic() - instant)
        return time.strftime("%H:%M", time.localtime(then))

    def moment(self, at: float) -> str:
        """A time (Unix seconds) as it is read: of today, else with its day. Local time."""
        then, now = time.localtime(at), time.localtime(self.wall())
        if then[:3] == now[:3]:
            return time.strftime("%H:%M", then)
        return time.strftime("%m-%d %H:%M" if then[0] == now[0] else "%Y-%m-%d", then)

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


def by_the_minute(seconds: float) -> str:
    """ "3 min", for a clock that moves once a minute; "" before there is a whole one."""
    whole = max(0, int(seconds)) // 60
    return tr("minutes", n=whole) if whole else ""


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


_REASONS = (
    *("ended.", "cancelled.", "refused.", "line.", "dial.", "answer.", "hangup.", "kicked."),
    *("unconfirmed.", "rejected.", "transfer.", "threeway.", "audio.", "lines.", "break.", "csv."),
    *("call.", "recover.", "signout."),
)
"""What the ids of reasons begin with for which a call, or a break, ended."""


def export_words() -> tuple[tuple[str, str], ...]:
    """What an export says in place of codes, in the language of the moment."""
    outcomes = {name: tr(id) for name, id in _OUTCOMES.items()}
    return tuple({**sentences(_REASONS), **outcomes}.items())


def outcomes_saying(word: str) -> tuple[str, ...]:
    """The config's first outcomes that are shown by words which hold this one (folded)."""
    return tuple(each for each, id in _OUTCOMES.items() if word in folded(tr(id)))


def outcome_word(outcome: str) -> str:
    """An outcome of a write-up as it is shown: where the config sets none they are said in the
    language of the screen, else as it has them."""
    return tr(_OUTCOMES[outcome]) if _translated and outcome in _OUTCOMES else outcome
