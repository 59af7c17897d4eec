"""Screen pop: a command, or a URL, for a call that rings, is up, or is over.

Never through a shell, so that nothing in a number can become a command; never waited for, so that
a slow program holds up no call. What fails is logged, and that is all.
"""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from tui.engine.core import Core, log
from tui.engine.state import Call, CallState
from tui.text import clean_text

if TYPE_CHECKING:
    from tui.config import PopSettings

MOST: Final = 8
"""Programs that may run at the same time; with so many that do not end no further one starts."""
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_PLACE: Final = re.compile(r"\{(number|ccnumber|group|reason)\}")


def arguments(
    template: tuple[str, ...], values: Mapping[str, str], opener: tuple[str, ...]
) -> tuple[str, ...]:
    """The program and its arguments. A template of one word that is a URL is given to `opener`.

    Inside a URL values are percent-encoded (RFC 3986 §2.1). The program itself is never filled in,
    and a value never makes an argument an option.
    """
    if len(template) == 1 and _URL.match(template[0]):
        return (*opener, _filled(template[0], values))
    return (template[0], *(_filled(word, values) for word in template[1:]))


def _filled(word: str, values: Mapping[str, str]) -> str:
    encode = _URL.match(word) is not None

    def value(found: re.Match[str]) -> str:
        text = values.get(found[1], "")
        return quote(text, safe="") if encode else text

    text = _PLACE.sub(value, word)
    return text if word.startswith("-") else text.lstrip("-")


class Pop:
    """Starts what the config wants at each change of a call."""

    def __init__(self, core: Core, settings: PopSettings) -> None:
        self._core = core
        self._settings = settings
        self._running = threading.BoundedSemaphore(MOST)

    def call_changed(self, before: Call | None, call: Call) -> None:
        """Told of every change of a call's state."""
        if call.state is CallState.RINGING and not call.outgoing:
            template = self._settings.ringing
            # Offered again, or an answer that failed: it is on the screen already.
            if before is not None and before.live:
                return
        elif call.state is CallState.TALKING and (before is None or before.answered is None):
            template = self._settings.answered
        elif call.state is CallState.ENDED:
            template = self._settings.ended
        else:
            return
        if template:
            self._start(arguments(template, self._values(call), self._settings.opener))

    def _values(self, call: Call) -> dict[str, str]:
        account = self._core.snapshot.account
        reason = "" if call.outcome is None else call.outcome.id
        values = {
            "number": call.number,
            "ccnumber": call.ccnumber,
            "group": call.group or ("" if account is None else account.group),
            "reason": reason if call.reason is None else str(call.reason),
        }
        return {name: clean_text(value) for name, value in values.items()}

    def _start(self, words: tuple[str, ...]) -> None:
        if self._running.acquire(blocking=False):
            threading.Thread(target=self._run, args=(words,), name="pop", daemon=True).start()
        else:
            log.warning("no screen pop: %d programs of it still run", MOST)

    def _run(self, words: tuple[str, ...]) -> None:
        """In a thread: start it, and take its end when it comes, that it does not stay as a
        zombie. The engine's own end leaves it alone, as a task of the loop would not."""
        try:
            process = subprocess.Popen(  # noqa: S603 - the words are the config's, no shell
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            if code := process.wait():
                log.warning("the screen pop %s ended with %d", words[0], code)
        except (OSError, ValueError) as error:
            log.warning("the screen pop %s did not start: %s", words[0], error)
        finally:
            self._running.release()
