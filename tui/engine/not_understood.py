"""What the engine feeds the list of what was not understood with, besides the control messages:
requests that the SIP core refused, and answers of the web in which something is missing.

Each item is one line in the log as well: what came, what was expected, where that is set.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from tui import sip
from tui.log import get_logger
from tui.platform.base import PlatformError
from tui.platform.not_understood import NotUnderstood, NotUnderstoodList, SkippedKind, masked
from tui.text import clean_text

log = get_logger("engine")

LINES: Final = 30
"""Lines of the log at once; who sends more turns no log over. One more every `REFILL` seconds."""
REFILL: Final = 2.0
_USER: Final = re.compile(r"(?i)(?<=sip:)[^@]*(?=@)|(?<=sips:)[^@]*(?=@)|(?<=tel:)[^>;]*")
_SETTING: Final = re.compile(r"^(.*?) \((\[[a-z0-9]+\] \w+)\)$")
_SETTINGS: Final = {
    (sip.Rule.SENDER, True): "[platform] pbx",
    (sip.Rule.SENDER, False): "[platform] callers",
    (sip.Rule.ADDRESS, True): "[routes] sip_username",
    (sip.Rule.ADDRESS, False): "[routes] sip_username",
    (sip.Rule.CONTENT, True): "[platform] content_types",
}
"""By the rule, and whether it is a MESSAGE: what would let such a request in."""


class LoggedItems:
    """Writes each item of a list into the log. `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lines = float(LINES)
        self._filled = clock()

    def __call__(self, item: NotUnderstood) -> None:
        """One line, while there is room."""
        now = self._clock()
        self._lines = min(LINES, self._lines + max(0.0, now - self._filled) / REFILL)
        self._filled = now
        if self._lines < 1:
            return
        self._lines -= 1
        where = f" in {item.where}" if item.where else ""
        setting = f"; set {item.setting}" if item.setting else ""
        log.warning(
            "not understood: %s %s%s%s: %s", item.kind, item.what, where, setting, item.body
        )


def setting_of(refused: sip.Refused) -> str:
    """The setting that would let such a request in; "" where none would."""
    return _SETTINGS.get((refused.rule, refused.method == "MESSAGE"), "")


def note_refused(kept: NotUnderstoodList, ignored: sip.Ignored) -> None:
    """Something that the SIP core refused, or that changed nothing there."""
    refused = ignored.refused
    if refused is None:
        kept.add(SkippedKind.STRAY if ignored.stray else SkippedKind.REFUSED, ignored.what)
        return
    given, expected = (", ".join(map(shown, each)) for each in (refused.given, refused.expected))
    kept.add(
        SkippedKind.REFUSED,
        f"{refused.status} {refused.rule}: {given}; expected {expected}",
        where=refused.method,
        setting=setting_of(refused),
        body=refused.body if refused.method == "MESSAGE" else b"",
    )


def note_missing(kept: NotUnderstoodList, error: PlatformError, where: str) -> None:
    """What an answer of the web lacked, where its words name the setting."""
    found = _SETTING.match(error.info)
    if found is not None:
        kept.add(SkippedKind.FIELD, found[1], where=where, setting=found[2])


def note_left_out(kept: NotUnderstoodList, error: PlatformError) -> None:
    """An entry of a list that is left out, or several; with the setting where one is named."""
    found = _SETTING.match(error.info)
    what, setting = (found[1], found[2]) if found is not None else (error.info, "")
    kept.add(SkippedKind.FIELD, what, where="answer", setting=setting)


def shown(address: str) -> str:
    """An address as it may be kept: its number masked, its host and port as they are."""
    return clean_text(_USER.sub(lambda user: masked(user[0]), address), 100)
