"""The life of a leg: its state, why it ended, and the limit for its set-up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from enum import StrEnum

log = logging.getLogger(__name__)


class LegState(StrEnum):
    """Where a leg is."""

    NEW = "new"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    FAILED = "failed"
    """It never came up: the reason is in `Leg.reason`."""
    LOST = "lost"
    """It was up, and the path or the peer is gone."""
    CLOSED = "closed"


class Life:
    """A state that only moves forward, but for a new connection, which begins it again.

    ICE without a candidate stays "new" for ever, so the set-up has a limit of its own.
    """

    def __init__(self, on_state: Callable[[LegState], None] | None) -> None:
        self.state = LegState.NEW
        self.reason = ""
        self._on_state = on_state
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> bool:
        """Whether the limit for the set-up runs."""
        return self._timer is not None

    def begin(self, limit: float) -> None:
        """Both sides are described: `limit` seconds from now it is up or it has failed."""
        self._stop()
        self._set(LegState.CONNECTING)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(limit, self.give_up, "setup-timeout")

    def connected(self) -> None:
        """It is up."""
        self._stop()
        self._set(LegState.CONNECTED)

    def give_up(self, reason: str) -> None:
        """It failed, or it was up and is lost. Nothing when it was over already."""
        self._stop()
        if self.state in (LegState.CONNECTING, LegState.NEW):
            self._set(LegState.FAILED, reason)
        elif self.state is LegState.CONNECTED:
            self._set(LegState.LOST, reason)

    def close(self) -> None:
        """It is over; the reason stays."""
        self._stop()
        self._set(LegState.CLOSED, self.reason)

    def _set(self, state: LegState, reason: str = "") -> None:
        if state is self.state:
            return
        self.state, self.reason = state, reason
        if self._on_state is not None:
            try:
                self._on_state(state)
            except Exception:
                log.exception("the listener for states failed")

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
