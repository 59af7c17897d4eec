"""A desk with all that a call leaves behind: write-up, figures, history, what is set ahead."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from tests.engine.desk import CC, CUSTOMER, Desk, platform_calls
from tests.waiting import until
from tui.config.schema import PopSettings
from tui.engine.agent.call_log import CallLog
from tui.engine.agent.history.db import HistoryDb
from tui.engine.agent.incoming_policy import IncomingPolicy
from tui.engine.agent.screen_pop import ScreenPop
from tui.engine.agent.seat import SeatController
from tui.engine.agent.status_ahead import StatusAhead
from tui.engine.agent.wrapup import WrapUpController
from tui.engine.audio.quality_judge import Summary
from tui.engine.call_control import ActiveControl
from tui.engine.context import Limits
from tui.platform import control as m
from tui.port.machines.seat_machine import Status


class Shop:
    """A desk with everything that a call leaves behind."""

    def __init__(self, path: Path) -> None:
        self.desk = Desk(Limits(next_status=0.05, day=0.01))
        self.time_of_day: Callable[[], float] = time.time
        self.context = self.desk.context
        self.calls = self.desk.calls
        self.commands = self.desk.commands
        self.platform = platform_calls(self.desk)
        control = ActiveControl()
        control.put(self.platform)
        self.seat = SeatController(self.context, self.platform.confirm_status, lambda: None)
        self.offers = IncomingPolicy(self.calls, self.seat, control, self.beep)
        self.wrapup = WrapUpController(self.context, self.seat, outcomes=("Resolved", "Call back"))
        self.ahead = StatusAhead(self.calls, control, self.wrapup, self.seat)
        self.workday = CallLog(
            self.calls,
            self.offers,
            self.wrapup,
            self.ahead,
            quality=lambda key: Summary(),
            pop=ScreenPop(self.calls, PopSettings()),
            wall=lambda: self.time_of_day(),
        )
        self.calls.listen(self.ahead.call_changed)
        self.calls.listen(self.workday.call_changed)
        self.path = path

    async def beep(self) -> None:
        """No sound device."""

    def journal(self, **settings: object) -> HistoryDb:
        return HistoryDb(self.path, "account", **settings)  # type: ignore[arg-type]

    async def call(self, cc: str = CC, talk: int = 30) -> None:
        """One whole call."""
        self.desk.says(m.NewCall(cc, CUSTOMER))
        await self.commands.answer("")
        self.desk.says(m.Answered(cc, CUSTOMER))
        self.desk.now += talk
        self.desk.says(m.Ended(cc, 25, talk))

    async def until(self, what: Callable[[], object]) -> None:
        await until(what)

    @property
    def status(self) -> Status:
        return self.context.snapshot.seat.status


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[Shop]:
    """A shop whose shift has begun, at an idle seat; its history is in this file."""
    shop = Shop(path)
    await shop.workday.begin(shop.journal())
    shop.seat.platform_says(1)
    yield shop
    await shop.workday.end()
    await shop.context.close()
