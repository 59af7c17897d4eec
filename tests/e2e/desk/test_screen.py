"""An agent's first call by the screen: the real app, a real engine, a real sandbox process.

Each at both generations of the platform, but three-way, which is generation 2's alone. The engine
runs in the test's process, behind the same port as everywhere.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.e2e.box import AGENT_TONE, CUSTOMER_TONE, PATIENCE, Box, Desk
from tests.e2e.hearing import heard_in
from tests.e2e.screen_player import ScreenPlayer
from tests.e2e.talking import ONLY_2
from tests.waiting import until
from tui.config.schema import Config
from tui.console.app import YimiApp
from tui.console.parts.drawing import GUARD
from tui.console.sign_in_defaults import SignInPrefill
from tui.port.commands import Answer
from tui.port.engine_port import LocalPort
from tui.port.machines.call_machine import CallState
from tui.port.machines.seat_machine import SeatState
from tui.port.values import Leg
from tui.secrets import Secret

LOUD, SILENT = 0.5, 0.05
THIRD = "12020002100"


class Player(ScreenPlayer):
    """An agent whose calls come from the sandbox."""

    def __init__(self, desk: Desk, pilot: Pilot[str]) -> None:
        super().__init__(pilot)
        self.desk, self.box = desk, desk.box

    async def after_the_guard(self, key: str) -> None:
        """A destructive key does nothing for 300 ms after the call changed, nor any key after its
        meaning did: press it once then. A second press would be for what comes next."""
        app = self.pilot.app
        assert isinstance(app, YimiApp)
        await until(lambda: not app.drawing.unsteady(key), PATIENCE)
        await until(lambda: app.clocks.monotonic() - app.drawing.call_changed >= GUARD, PATIENCE)
        await self.press(key)

    async def customer_hears(self, cc: str, hz: int) -> None:
        await self.box.is_heard(cc, hz)

    async def customer_does_not_hear(self, cc: str, hz: int) -> None:
        await self.box.is_heard_no_more(cc, hz)

    async def agent_hears(self, hz: int) -> None:
        await heard_in(self.desk.output, hz, LOUD)

    async def sign_in(self) -> None:
        await self.see("Sign in", "1001")
        await self.press("enter")
        await self.see("Which group", "Sales")
        await self.press("enter")
        await self.see("IDLE since")

    async def answered_call(self) -> str:
        cc = await self.box.ring("1001")
        await self.see("RINGING", "120 0000 0001", "F5 Answer", "F8 Decline")
        await self.press("f5")
        await self.see("TALKING")
        await self.wait(lambda: self.desk.call.leg is Leg.CONNECTED)
        return cc


@asynccontextmanager
async def playing(desk: Desk, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Player]:
    agent = desk.box.agent(desk.un)
    one = desk.generation == 1
    prefill = SignInPrefill(
        un=desk.un,
        pwd=Secret(agent["pwd"]),
        switchnumber=desk.box.ready["switchnumber"],
        backend=desk.box.ready["http1"] if one else desk.box.http,
        kind="platform1" if one else "platform2",
        gateway=desk.box.ready["ws1"] if one else "",
    )
    app = YimiApp(LocalPort(desk.engine), Config(), prefill=prefill)
    async with app.run_test(size=size, notifications=True) as pilot:
        yield Player(desk, pilot)


@pytest.fixture
async def player(box: Box, tmp_path: Path, generation: int) -> AsyncIterator[Player]:
    desk = Desk(box, tmp_path, generation=generation)
    async with playing(desk) as player:
        yield player
    await desk.engine.close()


async def test_sign_in_group_incoming_answer_heard_both_ways_hold_resume_and_hang_up(
    player: Player,
) -> None:
    await player.sign_in()
    cc = await player.answered_call()
    await player.customer_hears(cc, AGENT_TONE)
    await player.agent_hears(CUSTOMER_TONE)

    await player.press("f6")
    await player.see("ON HOLD", "F6 Resume")
    await player.customer_does_not_hear(cc, AGENT_TONE)
    prompt = await player.box.control(f"calls/{cc}/heard?ms=500")
    assert prompt["on_hold"]
    assert prompt["level"] > -50

    await player.press("f6")
    await player.see("TALKING")
    await player.customer_hears(cc, AGENT_TONE)

    await player.after_the_guard("f8")
    await player.see("You hung up")
    await player.wait(lambda: player.desk.call.end.reason == 26)


async def test_the_customer_hangs_up_and_the_screen_says_who_and_how_long(player: Player) -> None:
    await player.sign_in()
    cc = await player.answered_call()
    await player.box.post(f"calls/{cc}/hangup")
    await player.see("hung up", "lasted")
    assert player.desk.call.end.reason == 25


async def test_a_dialled_call_that_nobody_answers_is_not_connected(player: Player) -> None:
    await player.sign_in()
    await player.box.post("times", ring=1)
    await player.press("f2", *"12000000005", "enter")
    await player.see("120 0000 0005")
    await player.wait(lambda: player.desk.call.state is CallState.ENDED)
    assert player.desk.call.end.reason == 20
    await player.see("Not connected")


async def test_a_wrong_password_says_so_and_keeps_what_was_typed(player: Player) -> None:
    await player.see("Sign in", "1001")
    await player.press("x", "enter")
    await player.see("50003", "02500001234", "1001")
    await player.press("backspace", "enter")
    await player.see("Which group")


async def test_f8_on_a_ringing_call_declines_and_the_next_offer_is_counted(
    player: Player,
) -> None:
    await player.sign_in()
    await player.box.ring("1001")
    await player.see("RINGING")
    await player.after_the_guard("f8")
    await player.see("2nd offer")
    assert player.desk.call.state is CallState.RINGING


async def test_escape_neither_declines_nor_hangs_up(player: Player) -> None:
    await player.sign_in()
    await player.box.ring("1001")
    await player.see("RINGING")
    await player.press("escape", "escape")
    await player.press("f5")
    await player.see("TALKING")
    await player.press("escape", "escape")
    await player.pilot.pause(0.5)
    assert player.desk.call.state is CallState.TALKING


async def test_busy_and_idle_by_f9_are_what_the_platform_confirmed(player: Player) -> None:
    await player.sign_in()
    await player.press("f9")
    await player.see("BUSY")
    assert (await player.box.control("agents/1001"))["status"] == 2
    await player.after_the_guard("f9")
    await player.see("IDLE")


async def test_without_confirmation_f9_changes_nothing_and_says_so(player: Player) -> None:
    await player.sign_in()
    context = player.desk.engine.context
    context.limits = replace(context.limits, message=0.5, status=0.5)
    await player.box.post("faults", kind="message", un="1001")
    await player.press("f9")
    await player.see("did not confirm")
    assert player.desk.snapshot.seat_state is SeatState.IDLE


async def test_two_consoles_on_one_sandbox_call_and_hear_each_other(
    box: Box, tmp_path: Path, generation: int
) -> None:
    (tmp_path / "other").mkdir()
    first = Desk(box, tmp_path, generation=generation)
    other = Desk(box, tmp_path / "other", "1002", generation=generation)
    try:
        await other.sign_in()
        async with playing(first) as player:
            await player.sign_in()
            await player.press("f2", *"1002", "enter")
            await other.state(CallState.RINGING)
            assert (await other.engine.execute(Answer())).ok
            await player.see("TALKING")
            await player.agent_hears(AGENT_TONE)
            await heard_in(other.output, AGENT_TONE, LOUD)
    finally:
        await first.engine.close()
        await other.engine.close()


# ---------------------------------------------------------------- the ends of the flow charts


async def test_a_call_is_handed_over_by_the_dialog_and_the_screen_says_to_whom(
    player: Player, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    desk = player.desk
    other = Desk(player.box, tmp_path / "other", "1002", generation=desk.generation)
    try:
        await other.sign_in()
        await player.sign_in()
        await player.answered_call()
        await player.press("f4")
        await player.see("1002", "Wang Fang")
        await player.press(*"1002", "enter")
        await player.see("1 Transfer the call away")
        await player.press("1")
        await player.see("handing the call to Wang Fang")
        await other.state(CallState.RINGING)
        assert (await other.engine.execute(Answer())).ok
        await player.see("Transferred to Wang Fang.")
        assert player.desk.call.state is CallState.ENDED
    finally:
        await other.engine.close()


async def test_a_transfer_that_fails_says_so_and_the_call_is_still_there(player: Player) -> None:
    await player.sign_in()
    await player.answered_call()
    await player.press("f4", *"1003")
    await player.see("Zhang Wei")
    await player.press("enter")
    await player.see("1 Transfer the call away")
    await player.press("1")
    await player.see("failed. The call is still yours.", "TALKING")
    assert player.desk.call.state is CallState.TALKING


async def three_way(player: Player) -> None:
    """A call that a third party has joined, by the screen."""
    await player.box.hurry()
    await player.sign_in()
    await player.answered_call()
    await player.press("f4", *THIRD, "enter")
    await player.see("1 Bring into the call")
    await player.press("1")
    await player.see("THREE-WAY", "joined")


@ONLY_2  # generation 1 has no three-way call
async def test_a_third_party_is_brought_in_and_the_call_ended_for_all(player: Player) -> None:
    await three_way(player)
    await player.see("F8 asks: 1 end for all")
    cc = player.desk.call.ccnumber
    await player.press("f8")
    await player.see("Who stays?")
    await player.press("1")
    await player.see("You hung up")
    assert player.desk.call.end.reason == 26
    assert (await player.box.control(f"calls/{cc}"))["phase"] == "ended"


@ONLY_2  # generation 1 has no three-way call
async def test_a_third_party_is_dropped_and_two_talk_on(player: Player) -> None:
    await three_way(player)
    await player.press("f8")
    await player.see("Who stays?")
    await player.press("2")
    await player.see("TALKING", "left")
    assert player.desk.call.state is CallState.TALKING


@ONLY_2  # generation 1 has no three-way call
async def test_the_two_others_are_left_talking(player: Player) -> None:
    await three_way(player)
    cc = player.desk.call.ccnumber
    await player.press("f8")
    await player.see("Who stays?")
    await player.press("3")
    await player.wait(lambda: player.desk.call.state is CallState.ENDED)
    assert (await player.box.control(f"calls/{cc}"))["phase"] == "up"


@ONLY_2  # generation 1 has no three-way call
async def test_a_third_party_that_cannot_be_reached_is_said_with_the_hint_on_mobile_phones(
    player: Player,
) -> None:
    await player.sign_in()
    await player.answered_call()
    await player.box.post("times", ring=0.5)
    await player.press("f4", *"12000000005", "enter", "1")
    await player.see("could not be reached", "mobile")
    assert player.desk.call.state is CallState.TALKING
