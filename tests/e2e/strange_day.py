"""The day of an agent in front of the platform at its most unlike, and what must hold in it.

Sign-in, calls both ways, hold, a three-way call twice with the same colleague, a transfer and back,
a write-up, sign-out. After each part console and platform are in the same state, and no call is
left over. What a client can rely on stands in `tui/sandbox/strange/manner.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.e2e.box import AGENT_TONE, CUSTOMER_TONE, Box, Desk, running
from tests.e2e.talking import GROUP, colleague, desk_hears, third
from tests.waiting import until
from tui.config.schema import WrapUpSettings
from tui.port import commands as c
from tui.port.machines.call_machine import CallState, ThirdState
from tui.port.machines.seat_machine import SeatState
from tui.port.values import ConnectionState, ThirdKind

PATIENCE = 30.0
WAITING_CUSTOMER = "12000000031"
AT_PLATFORM = {"registered": True, "status": 1, "fixed": True, "gid": GROUP, "call": ""}


class Day:
    """Two desks at one sandbox, and what is done there."""

    def __init__(self, box: Box, desk: Desk, other: Desk) -> None:
        self.box = box
        self.desk = desk
        self.other = other

    # ------------------------------------------------------------ what must hold

    async def settled(self, *desks: Desk) -> None:
        """Console and platform agree: idle, in the group, checked in, in no call."""
        for desk in desks or (self.desk, self.other):
            wanted = {**AT_PLATFORM, "checked_in": True}
            shown: dict[str, Any] = {}

            async def agreed(
                desk: Desk = desk, wanted: dict[str, Any] = wanted, shown: dict[str, Any] = shown
            ) -> bool:
                shown |= await self.box.control(f"agents/{desk.un}")
                same = all(shown[key] == value for key, value in wanted.items())
                over = desk.snapshot.call is None or not desk.snapshot.call.live
                return same and over and desk.snapshot.seat_state is SeatState.IDLE

            def told(
                desk: Desk = desk, wanted: dict[str, Any] = wanted, shown: dict[str, Any] = shown
            ) -> str:
                there = {key: shown.get(key) for key in wanted}
                return f"{desk.un}: platform {there}, console {desk.snapshot.seat_state}"

            await until(agreed, PATIENCE, what=told, interval=0.05)

    async def over(self, cc: str) -> None:
        """Wait until the call lives at the platform no more. A restart forgets calls, and comes
        only when none lives: a call that is not listed is over."""

        async def so() -> bool:
            calls = await self.box.control("calls")
            return all(each["phase"] == "ended" for each in calls if each["cc"] == cc)

        await until(so, PATIENCE, what="the platform's call is over", interval=0.05)

    async def does(self, desk: Desk, command: Any) -> None:
        """Have the engine do something. What it says was not confirmed is done once more, as an
        agent would, once the line is back."""
        result = await desk.engine.execute(command)
        if not result.ok:
            if not isinstance(command, c.SignIn):
                await self.box.agent_has(desk.un, "registered", True)
                await until(lambda: desk.snapshot.connection.state is ConnectionState.OK, PATIENCE)
            result = await desk.engine.execute(command)
        assert result.ok, f"{desk.un}: {command}: {result}"

    async def rings(self, desk: Desk, cc: str) -> None:
        await until(
            lambda: (
                desk.snapshot.call is not None
                and desk.snapshot.call.ccnumber == cc
                and desk.snapshot.call.state is CallState.RINGING
            ),
            PATIENCE,
            what=f"{cc} rings at {desk.un}",
        )

    async def is_in(self, desk: Desk, state: CallState) -> None:
        await until(
            lambda: desk.snapshot.call is not None and desk.snapshot.call.state is state,
            PATIENCE,
            what=lambda: f"the call of {desk.un} is {state}: {desk.snapshot.call}",
        )

    async def answered(self, desk: Desk, cc: str) -> None:
        await self.rings(desk, cc)
        await self.does(desk, c.Answer())
        await self.is_in(desk, CallState.TALKING)
        await desk.audio()

    async def called(self) -> str:
        """A customer's call to the first desk that is up, heard both ways."""
        cc = await self.box.ring("1001")
        await self.answered(self.desk, cc)
        await self.box.is_heard(cc, AGENT_TONE)
        await desk_hears(self.desk, CUSTOMER_TONE)
        return cc

    async def hung_up(self, desk: Desk, cc: str, reason: int = 26) -> None:
        await self.does(desk, c.HangUp())
        await self.is_in(desk, CallState.ENDED)
        assert desk.call.end.reason == reason
        await self.over(cc)

    async def tell(self) -> None:
        """What the platform saw, for the report of a test that fails."""
        state = await self.box.control("state")
        for un in ("1001", "1002"):
            for each in state["agents"][un]["log"]:
                print(f"{each['at'] - state['now']:8.2f} {un} {each['what']} {each['detail']}")
        for call in state["calls"]:
            print({key: call[key] for key in ("cc", "number", "phase", "reason", "parties")})

    # ------------------------------------------------------------ the parts

    async def sign_in(self, desk: Desk) -> None:
        await self.does(desk, desk.sign_in_command())
        await self.does(desk, c.JoinGroup(GROUP))
        calls = await self.box.control("calls")
        mine = [each for each in calls if each["number"] == WAITING_CUSTOMER]
        if waits := [each["cc"] for each in mine if each["phase"] != "ended"]:
            (cc,) = waits
            await self.answered(desk, cc)
            await self.hung_up(desk, cc)
            if desk is self.desk:  # its calls are written up, and it is busy until then
                await self.write_up()
        await self.settled(desk)

    async def incoming_with_hold(self) -> None:
        cc = await self.called()
        await self.does(self.desk, c.Hold())
        await self.is_in(self.desk, CallState.HOLDING)
        await self.box.is_heard_no_more(cc, AGENT_TONE)
        await self.does(self.desk, c.Resume())
        await self.is_in(self.desk, CallState.TALKING)
        await self.box.is_heard(cc, AGENT_TONE)
        await self.hung_up(self.desk, cc)

    async def outgoing(self) -> None:
        await self.does(self.desk, c.Dial(f"1202000{CUSTOMER_TONE}"))
        await self.is_in(self.desk, CallState.TALKING)
        cc = self.desk.call.ccnumber
        await desk_hears(self.desk, CUSTOMER_TONE)
        await self.box.is_heard(cc, AGENT_TONE)
        await self.box.post(f"calls/{cc}/hangup")
        await self.is_in(self.desk, CallState.ENDED)
        assert self.desk.call.end.reason == 25

    async def threeway_twice(self) -> None:
        cc = await self.called()
        for _ in range(2):
            await self.does(self.desk, c.Threeway(ThirdKind.AGENT, "1002", "Wang Fang"))
            await self.answered(self.other, cc)
            await third(self.desk, ThirdState.JOINED)
            await self.does(self.desk, c.DropThird())
            await third(self.desk, ThirdState.LEFT)
            await self.is_in(self.other, CallState.ENDED)
            await self.settled(self.other)
        await self.hung_up(self.desk, cc)

    async def transfer_and_back(self) -> None:
        cc = await self.called()
        for giver, taker, name in (
            (self.desk, self.other, "Wang Fang"),
            (self.other, self.desk, "Li Ming"),
        ):
            await self.does(giver, c.Transfer(GROUP, taker.un, name))
            await self.answered(taker, cc)
            await self.is_in(giver, CallState.ENDED)
            assert giver.call.end.reason == 26
            if giver is self.desk:
                await self.write_up()
            await self.settled(giver)
            await self.box.is_heard(cc, AGENT_TONE)
        await self.hung_up(self.desk, cc)

    async def write_up(self) -> None:
        await until(lambda: self.desk.snapshot.wrapup is not None, PATIENCE)
        await self.does(self.desk, c.EditWrapUp(outcome="Resolved", note="a strange day"))
        # Where the platform restarts in this moment the status is rejected, and set again later.
        await self.desk.engine.execute(c.FinishWrapUp())
        assert self.desk.snapshot.wrapup is None

    async def sign_out(self, desk: Desk) -> None:
        await self.does(desk, c.SignOut())
        await self.box.agent_has(desk.un, "registered", False)
        assert desk.snapshot.call is None or not desk.snapshot.call.live

    async def whole(self) -> None:
        """All parts, one after the other."""
        await self.sign_in(self.desk)
        await self.sign_in(self.other)
        for part in (
            self.incoming_with_hold,
            self.outgoing,
            self.threeway_twice,
            self.transfer_and_back,
        ):
            await part()
            await self.write_up()
            await self.settled()
        await self.sign_out(self.desk)
        await self.sign_out(self.other)
        assert [each for each in await self.box.control("calls") if each["phase"] != "ended"] == []


@asynccontextmanager
async def strange_day(folder: Path, seed: int) -> AsyncIterator[Day]:
    """Two desks at a sandbox of that seed; in the end it is told what the platform saw."""
    async with running(folder, "--strange", str(seed)) as box:
        desk = colleague(box, folder, "1001", wrapup=WrapUpSettings(mode="optional"))
        other = colleague(box, folder, "1002")
        day = Day(box, desk, other)
        try:
            try:
                yield day
            finally:
                await day.tell()
        finally:
            await desk.engine.close()
            await other.engine.close()
