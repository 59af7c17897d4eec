"""The place in a recording, and the port that shows it: moves, and what is heard of them."""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

from tui.bus import EventBus, Subscription
from tui.console.replay.recorded import RecordedHour
from tui.port.commands import Command, GetLadder, Result
from tui.port.events import Event
from tui.port.ladder import NEWEST, Ladder
from tui.port.snapshot import Snapshot
from tui.port.values import message

SPEEDS: Final = (60, 1, 2, 3, 4, 5, 6, 7, 8, 9)
"""Seconds of the recording in one second, by the digit that is pressed."""

_FEW: Final = 20
"""Events that are drawn one by one when time goes on past them."""


class Player:
    """Stands at `moment`, an instant of the recorded engine's clock, behind `count` events. It is
    the `EnginePort` of that moment. It knows no clock: whoever plays says how far it went on."""

    def __init__(self, recorded: RecordedHour) -> None:
        self.recorded = recorded
        self.moment = recorded.began
        self.count = 0
        self.playing = False
        self.speed = 1
        self._bus: EventBus[Event] = EventBus()
        self._times = [each.at for each in recorded.events]
        self._rungs = [each.at for each in recorded.rungs]

    # ------------------------------------------------------------ the port

    async def execute(self, command: Command) -> Result:
        """Nothing can be done in the past; its messages can be seen."""
        if isinstance(command, GetLadder):
            return Result(True, value=self.ladder)
        return Result(False, message("replay.refused"))

    def subscribe(self) -> Subscription[Event]:
        """Events as they are passed; after a leap the snapshot is to be taken anew."""
        return self._bus.subscribe()

    def snapshot(self) -> Snapshot:
        """The truth at this moment."""
        return self.recorded.snapshot(self.count)

    # ------------------------------------------------------------ the place

    @property
    def ladder(self) -> Ladder:
        """The messages up to this moment."""
        last = bisect_right(self._rungs, self.moment)
        return Ladder(self.recorded.rungs[max(0, last - NEWEST) : last])

    @property
    def event(self) -> Event | None:
        """The event that happened last."""
        return self.recorded.events[self.count - 1].event if self.count else None

    @property
    def due(self) -> float | None:
        """The instant of the next event; None behind the last."""
        return self._times[self.count] if self.count < len(self._times) else None

    @property
    def at_end(self) -> bool:
        """Whether nothing comes any more."""
        return self.due is None and self.moment >= self.recorded.ended

    def wall(self) -> float:
        """The time of day at this moment, Unix seconds."""
        return self.recorded.began_unix + self.moment - self.recorded.began

    # ------------------------------------------------------------ moves

    def next(self) -> None:
        """To the next event, else to the end."""
        if (due := self.due) is None:
            self.seek(self.recorded.ended)
        else:
            self.moment = due
            self._pass(self.count + 1)

    def back(self) -> None:
        """To before the last event, where the one before it happened."""
        if self.count:
            count = self.count - 1
            self.moment = self._times[count - 1] if count else self.recorded.began
            self._leap(count)
        else:
            self.seek(self.recorded.began)

    def seek(self, moment: float) -> None:
        """To that instant, as far as there is one."""
        self.moment = min(max(moment, self.recorded.began), self.recorded.ended)
        count = bisect_right(self._times, self.moment)
        if count >= self.count:
            self._pass(count)
        else:
            self._leap(count)

    def _pass(self, count: int) -> None:
        """On, event by event, where they are few."""
        if count - self.count > _FEW:
            self._leap(count)
            return
        first, self.count = self.count, count
        for each in self.recorded.events[first:count]:
            self._bus.publish(each.event)

    def _leap(self, count: int) -> None:
        """Back, or far on: whoever listens begins anew."""
        self.count = count
        self._bus.invalidate()
