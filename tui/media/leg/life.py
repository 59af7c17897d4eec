"""The life of a leg: its state, why it ended, and the limit for its set-up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from enum import StrEnum

log = logging.getLogger(__name__)


class AudioLegState(StrEnum):
    """Where a leg is."""

    NEW = "new"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    FAILED = "failed"
    """It never came up: the reason is in `AudioLeg.reason`."""
    LOST = "lost"
    """It was up, and the path or the peer is gone."""
    CLOSED = "closed"


class Life:
    """A state that only moves forward, but for a new connection, which begins it again.

    ICE without a candidate stays "new" for ever, so the set-up has a limit of its own.
    """

    def __init__(self, on_state: Callable[[AudioLegState], None] | None) -> None:
        self.state = AudioLegState.NEW
        self.reason = ""
        self._on_state = on_state
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> bool:
        """Whether the limit for the set-up runs."""
        return self._timer is not None

    def begin(self, limit: float) -> None:
        """Both sides are described: `limit` seconds from now it is up or it has failed."""
        self._set(AudioLegState.CONNECTING)
        self.limit(limit, "setup-timeout")

    def limit(self, seconds: float, reason: str) -> None:
        """What is not up in so many seconds has failed, for this reason."""
        self._stop()
        self._timer = asyncio.get_running_loop().call_later(seconds, self.give_up, reason)

    def connected(self) -> None:
        """It is up."""
        self._stop()
        self._set(AudioLegState.CONNECTED)

    def give_up(self, reason: str) -> None:
        """It failed, or it was up and is lost. Nothing when it was over already."""
        self._stop()
        if self.state in (AudioLegState.CONNECTING, AudioLegState.NEW):
            self._set(AudioLegState.FAILED, reason)
        elif self.state is AudioLegState.CONNECTED:
            self._set(AudioLegState.LOST, reason)

    def close(self) -> None:
        """It is over; the reason stays."""
        self._stop()
        self._set(AudioLegState.CLOSED, self.reason)

    def _set(self, state: AudioLegState, reason: str = "") -> None:
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
