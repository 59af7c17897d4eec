"""The settings of a desk for whoever comes are behind a PIN (`yimi kiosk`)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from tui.config.kiosk import fits

TRIES: Final = 3
"""Wrong PINs in a row; then none is taken for a while."""
PAUSE: Final = 60.0
"""Seconds of that."""


class PinLock:
    """`pin` is what the config keeps, "" for a lock that nothing opens; `clock` gives seconds."""

    def __init__(self, pin: str, clock: Callable[[], float]) -> None:
        self.wrong = 0
        """Wrong ones in a row."""
        self._pin, self._clock = pin, clock
        self._until = 0.0
        """The instant from which on a PIN is taken again."""

    @property
    def shut(self) -> str:
        """The id of why no PIN is taken now; "" where one is."""
        if not self._pin:
            return "kiosk.no_pin"
        return "kiosk.pin_pause" if self._clock() < self._until else ""

    async def opens(self, pin: str) -> bool:
        """Whether that is the PIN; a wrong one is counted."""
        # In a thread: it is meant to take a while.
        if not self.shut and await asyncio.to_thread(fits, pin, self._pin):
            self.wrong = 0
            return True
        self.wrong += 1
        if self.wrong >= TRIES:
            self.wrong, self._until = 0, self._clock() + PAUSE
        return False
