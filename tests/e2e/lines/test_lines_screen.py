"""A morning at a PBX by the screen: sign-in, a call, one that waits, both joined, one handed over.
The real app, a real engine, a switch that speaks SIP over a real WebSocket."""

from __future__ import annotations

from tests.e2e.box import AGENT_TONE
from tests.e2e.line_desk import LineDesk, far_hears
from tests.e2e.screen_player import ScreenPlayer
from tests.e2e.switch import AGENT, Switch
from tui.config.schema import Config
from tui.console.app import YimiApp
from tui.console.sign_in_defaults import SignInPrefill
from tui.port.engine_port import LocalPort
from tui.port.machines.call_machine import CallState


async def test_a_call_waits_is_taken_joined_and_handed_over(
    switch: Switch, phone: LineDesk
) -> None:
    prefill = SignInPrefill(un=AGENT.removeprefix("sip:"), backend=switch.url, kind="sip")
    app = YimiApp(LocalPort(phone.engine), Config(), prefill=prefill)
    async with app.run_test(size=(80, 24)) as pilot:
        player = ScreenPlayer(pilot)
        await player.see("Address", prefill.un)
        await player.press(*"pw", "enter")
        await player.see("IDLE since")
        first = await switch.ring()
        await player.see("RINGING", "F5 Answer")
        await player.press("f5")
        await player.see("TALKING")
        await far_hears(first, AGENT_TONE)
        second = await switch.ring()
        await player.see("RINGS", "A call waits on line 2")
        await player.press("f5")
        assert phone.calls(CallState.RINGING)  # it is not marked, so it goes on ringing
        await player.press("down")
        await player.see("▸ 2", "F5 Answer")
        await player.press("f5")
        await player.see("▸ 2  talking", "1  on hold")
        await far_hears(second, AGENT_TONE)
        await player.press("ctrl+u")
        await player.see("TOGETHER")
        await far_hears(first, second.hz)
        await player.press("f4")
        await player.see("whom?", "line 1")
        await player.press("enter", "1")
        await player.wait(lambda: second.referred)
        (asked,) = second.referred
        assert asked.replaces is not None
