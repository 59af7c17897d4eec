"""The values of an agent's work besides the calls: breaks, call-backs, the figures of a shift.

Instants are `tui.clock.instant()`; what outlives a boot (when to call somebody back) is Unix time,
and says so.
"""

from __future__ import annotations

from enum import StrEnum

from tui.plain_value import PlainValue


class BreakChoice(PlainValue, frozen=True):
    """A break that the config names; `minutes` 0 = without a limit."""

    name: str
    title: str
    minutes: float = 0.0


class TakenBreak(PlainValue, frozen=True):
    """The break that the seat is in. `until` None: it has no limit. `code` is what the platform
    was told of it."""

    name: str
    title: str
    code: str = ""
    since: float = 0.0
    until: float | None = None


class CallbackSource(StrEnum):
    """Why somebody is to be called."""

    AGREED = "agreed"
    """It was agreed in a call, or planned by the agent."""
    MISSED = "missed"
    """A call that nobody took."""
    LIST = "list"
    """A number of a list that was read in."""


class Callback(PlainValue, frozen=True):
    """One who is to be called. `due` and `made` are Unix time; `due` None: at any time. `number` is
    masked where the config says so: it is called by its `id`."""

    id: int
    number: str
    source: CallbackSource
    due: float | None = None
    name: str = ""
    note: str = ""
    made: float = 0.0
    tries: int = 0
    """How often it was dialled in vain."""
    entry: int = 0
    """The call that it came from: a row of the history; 0 for none."""
    list: str = ""
    """The name of the file, for one of a list."""
    closed: float | None = None
    """When it was done with (Unix time)."""
    outcome: str = ""
    """What came of it, once it is closed."""


class CallbackPage(PlainValue, frozen=True):
    """Whom to call next comes first; `total` counts all that match."""

    rows: tuple[Callback, ...]
    total: int
    page: int = 1


class Callbacks(PlainValue, frozen=True):
    """How many are to be called: `due` now (missed calls among them), and `open` in all. `changes`
    counts what happened to the list, so that who shows it asks again."""

    due: int = 0
    open: int = 0
    changes: int = 0


class CallFigures(PlainValue, frozen=True):
    """Calls of one group, or with one outcome, or all (name ""). Times in seconds."""

    name: str
    incoming: int = 0
    """That were up, by the customer."""
    outgoing: int = 0
    missed: int = 0
    talk_time: float = 0.0
    longest: float = 0.0
    hold_time: float = 0.0

    @property
    def answered(self) -> int:
        """All that were up."""
        return self.incoming + self.outgoing


class BreakFigures(PlainValue, frozen=True):
    """The breaks of one name."""

    name: str
    count: int = 0
    time: float = 0.0
    """Seconds in all of them."""
    too_long: int = 0
    """How many went over their limit."""


class ShiftReport(PlainValue, frozen=True):
    """The figures from `began` to `until` (Unix time). The outcome "" is for calls without one, the
    group "" for those of none."""

    began: float
    until: float
    total: CallFigures
    groups: tuple[CallFigures, ...] = ()
    outcomes: tuple[CallFigures, ...] = ()
    breaks: tuple[BreakFigures, ...] = ()
