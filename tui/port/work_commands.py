"""What front ends ask about an agent's work besides the calls; `tui.port.commands` has the rest."""

from __future__ import annotations

from tui.plain_value import PlainValue


class TakeBreak(PlainValue, frozen=True):
    """Busy, for the break of that name (config, [breaks])."""

    name: str


class PlanCallback(PlainValue, frozen=True):
    """Call somebody back: `when` as people type it ("+30", "14:30", "tomorrow 10"; "" for no time).
    `id` moves one that is there; without a `number` it is the call that is written up, or that is
    up. `Result.message` says when it is."""

    when: str
    number: str = ""
    name: str = ""
    note: str = ""
    id: int = 0


class GetCallbacks(PlainValue, frozen=True):
    """Whom to call, 50 a page from 1, those that hold `text`; value CallbackPage."""

    text: str = ""
    page: int = 1


class DialCallback(PlainValue, frozen=True):
    """Call the one of that id; the outcome of the call closes it."""

    id: int


class CloseCallback(PlainValue, frozen=True):
    """The one of that id is done with."""

    id: int
    outcome: str = ""


class ImportCallbacks(PlainValue, frozen=True):
    """Read a CSV of numbers: each becomes one to be called. `Result.code` is how many."""

    path: str


class GetShift(PlainValue, frozen=True):
    """The figures of today, and of so many days before it; value ShiftReport."""

    days_before: int = 0


class RunAction(PlainValue, frozen=True):
    """Run an action of the config's own ([actions]), about a call. `Result.message` says what came
    of it, `Result.code` is the exit code of a command that failed."""

    name: str
    ccnumber: str = ""


WorkCommand = (
    TakeBreak
    | PlanCallback
    | GetCallbacks
    | DialCallback
    | CloseCallback
    | ImportCallbacks
    | RunAction
    | GetShift
)
