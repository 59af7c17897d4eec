"""What the platform said and we did not understand: kept, masked, so that it can be shown.

A message is never thrown away for what it holds besides: the unknown part is skipped, and stands
here with the setting that would let it in. One list for the session; the engine feeds it (by
`control.decode` and by the web side), `^L`, `yimi doctor` and `yimi probe` read it.
"""

from __future__ import annotations

import re
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from tui.plain_value import PlainValue
from tui.text import clean_text

NEWEST: Final = 200
"""Items that are kept; older ones are only counted."""
_BODY: Final = 300
"""Characters of a message that are kept."""
_DIGITS: Final = re.compile(r"[0-9]{4,}")
_SECRET: Final = re.compile(
    r"(?i)([\w-]*(?:pwd|passw|token|secret|digest|signature|nonce|response|authorization|cookie)"
    r"[\w-]*)([\"']?\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|(?:(?:bearer|basic|digest)\s+)?[^\s,;&<>\"']+)"
)


class SkippedKind(StrEnum):
    """What was not understood."""

    ATTRIBUTE = "attribute"
    CHILD = "child"
    ROOT = "root"
    CODE = "code"
    """A root that we know, with a code that nobody told us, or without what it needs."""
    FIELD = "field"
    """What an answer of the web must have, and has not."""
    REFUSED = "refused"
    """The whole message: it could not be read, or may not come from there."""
    STRAY = "stray"
    """It belongs to nothing of ours, or no more: an answer that came late or twice."""


class NotUnderstood(PlainValue, frozen=True):
    """One item. `at` is Unix time. `what` names it ("attribute"'s name, a reason …), `where` the
    message that it stood in; `setting` is what would let it in, "" where nothing would; `body` the
    message, masked."""

    at: float
    kind: SkippedKind
    what: str
    where: str = ""
    setting: str = ""
    body: str = ""


class NotUnderstoodReport(PlainValue, frozen=True):
    """The list as it is told: what is kept, the newest first, and how many of each kind there were
    at all."""

    items: tuple[NotUnderstood, ...] = ()
    counts: tuple[tuple[SkippedKind, int], ...] = ()


class NotUnderstoodList:
    """The newest 200 items, and how many of each kind there were at all."""

    def __init__(self, *, clock: Callable[[], float] = time.time, newest: int = NEWEST) -> None:
        self._clock = clock
        self._items: deque[NotUnderstood] = deque(maxlen=newest)
        self._counts: Counter[SkippedKind] = Counter()
        self._last: tuple[str | bytes, str] = "", ""
        """The message of which something was kept last, and what is shown of it."""
        self.on_added: Callable[[NotUnderstood], None] | None = None
        """Hears of each item, for the log. It must not raise."""

    def add(
        self,
        kind: SkippedKind,
        what: str,
        *,
        where: str = "",
        setting: str = "",
        body: str | bytes = "",
    ) -> None:
        """Keep one. Whatever the texts hold, they are cleaned and masked here."""
        if body != self._last[0]:  # of one message much may be kept
            text = body.decode(errors="replace") if isinstance(body, bytes) else body
            self._last = body, masked(text)
        item = NotUnderstood(
            at=self._clock(),
            kind=kind,
            what=clean_text(what, 120),
            where=clean_text(where, 40),
            setting=setting,
            body=self._last[1],
        )
        self._items.append(item)
        self._counts[kind] += 1
        if self.on_added is not None:
            self.on_added(item)

    def items(self) -> tuple[NotUnderstood, ...]:
        """What is kept, the newest first."""
        return tuple(reversed(self._items))

    def counts(self) -> Mapping[SkippedKind, int]:
        """How many of each kind there were, kept or not. Every kind is there."""
        return {kind: self._counts[kind] for kind in SkippedKind}

    def report(self) -> NotUnderstoodReport:
        """Both, as a value."""
        return NotUnderstoodReport(self.items(), tuple(self.counts().items()))

    def __len__(self) -> int:
        return sum(self._counts.values())


def masked(text: str, limit: int = _BODY) -> str:
    """A message as it may be kept and shown: what goes by the name of a password, token, digest or
    signature is left out, and of a number of four digits or more the last two stay."""
    hidden = _SECRET.sub(lambda found: f"{found[1]}{found[2]}•••", text)
    hidden = _DIGITS.sub(lambda found: "•" * (len(found[0]) - 2) + found[0][-2:], hidden)
    return clean_text(hidden, limit)
