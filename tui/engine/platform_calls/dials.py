"""Which dial a platform's answer is about. An answer names its call in any order and at any time: a
late one for a dial that was given up must not be taken for the answer to the dial after it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tui.platform import control

_REMEMBERED: Final = 32
Response = control.CalloutResponse | control.CallinResponse


@dataclass(frozen=True, slots=True)
class SentDial:
    """One `call`: the call's key, and how the platform was told of it."""

    key: str
    id: str
    number: str
    internal: bool


class Dials:
    """The dials of a session whose answer has not come, the newest last."""

    def __init__(self) -> None:
        self._waiting: list[SentDial] = []

    def add(self, dial: SentDial) -> None:
        """A dial goes out."""
        self._waiting = [*self._waiting, dial][-_REMEMBERED:]

    def answered(self, report: Response, live: Iterable[str]) -> SentDial | None:
        """The dial that this answers, which waits no longer; None when none can be meant. `live`
        are the keys of calls that still wait: of several that fit, one of them is meant."""
        keys = set(live)
        internal = isinstance(report, control.CallinResponse)
        fits = [dial for dial in self._waiting if _fits(dial, report)]
        if not fits:  # it names none of them: then it is about what waits now, if anything does
            fits = [dial for dial in self._waiting if dial.key in keys]
        if not fits:
            return None
        found = max(fits, key=lambda dial: (dial.key in keys, dial.internal == internal))
        self._waiting.remove(found)
        return found


def _fits(dial: SentDial, report: Response) -> bool:
    if report.id:
        return report.id == dial.id
    # As dialled, or with the 9 of an outside line in front.
    return bool(report.number) and report.number in (dial.number, f"9{dial.number}")
