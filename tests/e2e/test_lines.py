"""Lines at a PBX, with real sound: an engine of kind "sip", far phones that are plain aiortc."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aioice.ice
import pytest

from tests.e2e.box import AGENT_TONE, paths_in, until
from tests.e2e.hearing import share_of
from tests.e2e.switch import AGENT, DOMAIN, Far, Switch, switching
from tui.config import AudioSettings, Config, WrapUpSettings
from tui.engine import commands as c
from tui.engine.engine import Engine
from tui.engine.state import Call, CallState, SeatState, Snapshot
from tui.media.levels import RATE
from tui.media.tones import strength
from tui.secrets import Secret

HEARD, GONE = 0.12, 0.02


class Desk:
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

    async def sign_in(self, **more: Any) -> None:
        un = AGENT.removeprefix("sip:")
        wanted = {"switchnumber": "", "backend": self.switch.url, "kind": "sip", **more}
        await self.do(c.SignIn(un, Secret("correct horse"), **wanted))
        await self.do(c.JoinGroup("0"))
        await until(lambda: self.snapshot.seat_state is SeatState.IDLE)

    def calls(self, *states: CallState) -> list[Call]:
        return [call for call in self.snapshot.calls if call.state in states]

    async def one(self, state: CallState) -> Call:
        return (await until(lambda: self.calls(state)))[0]

    async def heard(self, hz: float) -> None:
        await until(lambda: share_of(self.output, hz, 0.5) >= HEARD)

    async def not_heard(self, hz: float) -> None:
        await until(lambda: share_of(self.output, hz, 0.5) <= GONE)


async def far_hears(far: Far, hz: float, *, not_at_all: bool = False) -> None:
    def so() -> bool:
        block = far.peer.heard.last(0.3)
        if len(block) < 0.3 * RATE * 2:
            return not_at_all
        level = strength(block, hz)
        return level < 0.01 if not_at_all else level > 0.08

    await until(so)


@pytest.fixture(autouse=True)
def _loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: ["127.0.0.1"])


@pytest.fixture
async def switch() -> AsyncIterator[Switch]:
    async with switching() as switch:
        yield switch


@pytest.fixture
async def phone(switch: Switch, tmp_path: Path) -> AsyncIterator[Desk]:
    desk = Desk(switch, tmp_path)
    yield desk
    await desk.engine.close()


async def test_a_dialled_call_rings_is_answered_and_both_hear_each_other(
    switch: Switch, phone: Desk
) -> None:
    far: list[Far] = []
    switch.dialled = far.append
    await phone.sign_in()
    await phone.do(c.Dial("1002"))
    await until(lambda: far)
    assert far[0].invite is not None
    assert far[0].invite.request_uri == f"sip:1002@{DOMAIN}"
    switch.command("ring", far[0])
    await phone.one(CallState.PROCEEDING)
    await phone.heard(450)  # nothing comes from there: the ringback is ours
    await switch.answer(far[0])
    call = await phone.one(CallState.TALKING)
    assert (call.number, call.line) == ("1002", 1)
    await far_hears(far[0], AGENT_TONE)
    await phone.heard(far[0].hz)
    await phone.not_heard(450)
    await phone.do(c.HangUp())
    assert phone.calls(CallState.ENDED)
    async with asyncio.timeout(10):
        await far[0].over.wait()


async def test_a_second_call_waits_is_taken_and_the_first_is_held_and_all_are_joined(
    switch: Switch, phone: Desk
) -> None:
    await phone.sign_in()
    first = await switch.ring()
    await phone.one(CallState.RINGING)
    await phone.do(c.Answer())
    one = await phone.one(CallState.TALKING)
    await far_hears(first, AGENT_TONE)
    second = await switch.ring()
    two = await phone.one(CallState.RINGING)
    assert phone.snapshot.marked == one.key
    refused = await phone.engine.execute(c.Answer())
    assert refused.message is not None
    assert refused.message.id == "answer.nothing_rings"
    await phone.do(c.MarkLine(two.key))
    await phone.do(c.Answer())
    await until(lambda: first.reoffers == ["sendonly"])
    await far_hears(second, AGENT_TONE)
    await far_hears(first, AGENT_TONE, not_at_all=True)
    assert [call.key for call in phone.calls(CallState.HOLDING)] == [one.key]
    await phone.not_heard(first.hz)
    await phone.do(c.JoinLines())
    assert all(call.joined for call in phone.snapshot.calls)
    await far_hears(first, AGENT_TONE)
    await far_hears(first, second.hz)
    await far_hears(second, first.hz)
    await phone.heard(first.hz)
    await phone.heard(second.hz)
    switch.command("bye", second)
    await until(lambda: len(phone.calls(CallState.TALKING)) == 1)
    assert phone.snapshot.marked == one.key
    assert not any(call.joined for call in phone.snapshot.calls)
    await far_hears(first, second.hz, not_at_all=True)
    await far_hears(first, AGENT_TONE)
