"""One queue as its hints tell of it (RFC 4235: a hint that is on has a dialog)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from tui.config.queues import QueueSettings
from tui.engine.context import log
from tui.engine.numbers import NumberError
from tui.engine.sip_calls.subscriptions.documents import DIALOG
from tui.engine.sip_calls.subscriptions.keeper import SubscriptionKeeper, Watch
from tui.engine.sip_calls.subscriptions.state import WatchedState, WatchPhase
from tui.port import replace
from tui.port.queues import AgentQueue, QueueInput
from tui.port.values import Message
from tui.presence.lamp import Lamp


@dataclass(slots=True)
class Hint:
    """What one hint says: `on` None where nothing is confirmed, and `why` then says why not."""

    on: bool | None = None
    why: Message | None = None
    refused: bool = False
    """Nothing will be confirmed before the next registration."""
    watch: Watch | None = None

    def take(self, state: WatchedState) -> None:
        """The subscription has come to this."""
        lamp = state.lamp
        self.on = None if lamp is Lamp.UNKNOWN else lamp is not Lamp.IDLE
        self.why = state.why
        self.refused = state.phase is WatchPhase.REFUSED


class QueueMember:
    """The agent in one queue. `told(member, input)` hears what the hints come to."""

    def __init__(
        self, settings: QueueSettings, told: Callable[[QueueMember, QueueInput], None]
    ) -> None:
        self.settings = settings
        self.value = AgentQueue(settings.name)
        self.last: AgentQueue | None = None
        """As it was when the connection was lost: what it was for counts on, if it is so still."""
        self.unanswered = float("-inf")
        """When a call ended that nobody answered here, and that this queue may still pause for: it
        has not sent calls again since."""
        self.moved = asyncio.Event()
        """Set, and replaced, at each change."""
        self._told = told
        self._in, self._paused, self._free = Hint(), Hint(), Hint()

    @property
    def why_unknown(self) -> Message | None:
        """Why nothing is confirmed."""
        return self._in.why or self._paused.why

    @property
    def refused(self) -> bool:
        """Whether nothing will be confirmed before the next registration."""
        return self._in.refused or self._paused.refused

    @property
    def _hints(self) -> tuple[tuple[str, Hint], ...]:
        settings = self.settings
        return (
            (settings.in_hint, self._in),
            (settings.paused_hint, self._paused),
            (settings.free_hint, self._free),
        )

    def watch(self, keeper: SubscriptionKeeper) -> None:
        """Subscribe to its hints."""
        for address, hint in self._hints:
            if address and hint.watch is None:
                self._watch(keeper, address, hint)

    def _watch(self, keeper: SubscriptionKeeper, address: str, hint: Hint) -> None:
        def hear(state: WatchedState) -> None:
            hint.take(state)
            self._look()

        try:
            hint.watch = keeper.watch(address, DIALOG, hear)
        except NumberError:  # the config takes none that this would refuse
            log.warning("a hint that nobody can subscribe to: %s", address)
            return
        hint.take(hint.watch.state)

    def stop(self) -> None:
        """Nobody wants to know any more."""
        for _, hint in self._hints:
            if hint.watch is not None:
                hint.watch.stop()
            hint.watch, hint.on = None, None

    def _look(self) -> None:
        free = None if self._free.on is None else not self._free.on
        if free is not self.value.free:
            self.value = replace(self.value, free=free)
        self._told(self, self.says())
        self._move()  # that nothing will be said is news too

    def says(self) -> QueueInput:
        """What the hints come to together."""
        has_in, has_paused = bool(self.settings.in_hint), bool(self.settings.paused_hint)
        if (has_in and self._in.on is None) or (has_paused and self._paused.on is None):
            return QueueInput.SILENT
        if has_in and not self._in.on:
            return QueueInput.SAYS_OUT
        return QueueInput.SAYS_PAUSED if self._paused.on else QueueInput.SAYS_IN

    def put(self, value: AgentQueue) -> None:
        """This is how it is now."""
        self.value = value
        self._move()

    def _move(self) -> None:
        moved, self.moved = self.moved, asyncio.Event()
        moved.set()
