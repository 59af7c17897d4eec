"""Screen pop: a command, or a URL, for a call that rings, is up, or is over.

Never through a shell, so that nothing in a number can become a command; never waited for, so that
a slow program holds up no call. What fails is logged, and that is all.
"""

from __future__ import annotations

import subprocess
import threading
from typing import TYPE_CHECKING, Final

from tui.engine.agent.templates import arguments, values_of
from tui.engine.calls import Calls
from tui.engine.context import log
from tui.port.machines.call_machine import CallState
from tui.port.snapshot import Call

if TYPE_CHECKING:
    from tui.config.schema import PopSettings

MOST: Final = 8
"""Programs that may run at the same time; with so many that do not end no further one starts."""


class ScreenPop:
    """Starts what the config wants at each change of a call."""

    def __init__(self, calls: Calls, settings: PopSettings) -> None:
        self._calls = calls
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
        self._fill(template, call)

    def party_changed(self, call: Call) -> None:
        """Somebody else is at the other end of a call that is up: the desk shows them."""
        self._fill(self._settings.answered, call)

    def _fill(self, template: tuple[str, ...], call: Call) -> None:
        if template:
            self._start(arguments(template, values_of(self._calls, call), self._settings.opener))

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
