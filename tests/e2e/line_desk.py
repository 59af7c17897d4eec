"""An engine of kind "sip" in front of a switch, and what both ends hear."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.e2e.box import AGENT_TONE, paths_in
from tests.e2e.hearing import gone_from, heard_in
from tests.e2e.switch import AGENT, Far, Switch
from tests.waiting import until
from tui.config.schema import AudioSettings, Config, WrapUpSettings
from tui.engine.engine import Engine
from tui.media.pcm.levels import RATE
from tui.media.pcm.tones import strength
from tui.port import commands as c
from tui.port.machines.call_machine import CallState
from tui.port.machines.seat_machine import SeatState
from tui.port.snapshot import Call, Snapshot
from tui.secrets import Secret

HEARD, GONE = 0.12, 0.02


class LineDesk:
    """An engine at a switch, whose microphone is a tone and whose ears are a file."""

    def __init__(self, switch: Switch, folder: Path, **sections: Any) -> None:
        self.switch = switch
        self.output = folder / "heard.wav"
        audio = AudioSettings(input=f"tone:{AGENT_TONE}", output=f"file:{self.output}")
        config = replace(Config(audio=audio, wrapup=WrapUpSettings(mode="off")), **sections)
        self.engine = Engine(config, paths=paths_in(folder))

    @property
    def snapshot(self) -> Snapshot:
        return self.engine.snapshot()

    async def do(self, command: c.Command) -> c.Result:
        result = await self.engine.execute(command)
        assert result.ok, result
        return result

    async def dials(self, number: str) -> Far:
        """Dial it; the phone that is called."""
        far: list[Far] = []
        self.switch.dialled = far.append
        await self.do(c.Dial(number))
        await until(lambda: far)
        return far[0]

    async def sign_in(self, **more: Any) -> None:
        await self.join(**more)
        await until(lambda: self.snapshot.seat_state is SeatState.IDLE)

    async def join(self, **more: Any) -> None:
        """Sign in and register; calls that an engine left behind are being taken back then."""
        un = AGENT.removeprefix("sip:")
        wanted = {"switchnumber": "", "backend": self.switch.url, "kind": "sip", **more}
        await self.do(c.SignIn(un, Secret("correct horse"), **wanted))
        await self.do(c.JoinGroup("0"))

    def calls(self, *states: CallState) -> list[Call]:
        return [call for call in self.snapshot.calls if call.state in states]

    async def one(self, state: CallState) -> Call:
        return (await until(lambda: self.calls(state)))[0]

    async def heard(self, hz: float) -> None:
        await heard_in(self.output, hz, HEARD)

    async def not_heard(self, hz: float) -> None:
        await gone_from(self.output, hz, GONE)


async def far_hears(far: Far, hz: float, *, not_at_all: bool = False) -> None:
    def so() -> bool:
        block = far.peer.heard.last(0.3)
        if len(block) < 0.3 * RATE * 2:
            return not_at_all
        level = strength(block, hz)
        return level < 0.01 if not_at_all else level > 0.08

    await until(so, interval=0.05)
