"""Devices changed while a call is up: it stays, and both sides hear by the new ones."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.box import AGENT_TONE, CUSTOMER_TONE, Box, Desk
from tests.e2e.hearing import heard_in
from tests.e2e.talking import end_hears, end_stops_hearing, talking
from tui.port import commands as c
from tui.port.machines.call_machine import CallState

OTHER_TONE = 1300
GENERATIONS = (2,)
"""Devices are this machine's, whatever the platform."""


async def test_a_call_goes_on_over_other_devices(box: Box, desk: Desk, tmp_path: Path) -> None:
    cc = await talking(box, desk)
    await end_hears(box, cc, "customer", AGENT_TONE)
    other = tmp_path / "other.wav"
    chosen = c.SetDevices(input=f"tone:{OTHER_TONE}", output=f"file:{other}")
    assert (await desk.engine.execute(chosen)).ok
    await end_hears(box, cc, "customer", OTHER_TONE)
    await end_stops_hearing(box, cc, "customer", AGENT_TONE)
    await heard_in(other, CUSTOMER_TONE, 0.5)
    refused = await desk.engine.execute(c.TrySound())
    assert refused.message is not None
    assert refused.message.id == "sound.in_call"
    assert desk.call.state is CallState.TALKING
    assert (await desk.engine.execute(c.HangUp())).ok
    await desk.state(CallState.ENDED)
