"""A kick that names several people: ours is obeyed, wherever it stands among them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.waiting import until
from tui import sip
from tui.config.paths import Paths
from tui.config.schema import AudioSettings, Config
from tui.engine.engine import Engine
from tui.platform.gen2.platform import Platform2
from tui.port.events import AccountChanged, PhaseChanged
from tui.port.values import Account, Phase
from tui.sip.message.header_values import NameAddr

OURS = '<u n="1001_00011170" r="{r}"/>'
THEIRS = '<u n="1002_00011170" r="899"/>'


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    """An engine that is signed in as 1001 of the enterprise 70000."""
    paths = Paths(*(tmp_path / name for name in ("config", "state", "runtime", "data"))).prepare()
    config = Config(audio=AudioSettings(input="none", output="none", ring=False))
    engine = Engine(config, paths=paths)
    engine._parts.control.put(engine._parts.make_control(Platform2()))
    engine.context.emit(AccountChanged(Account("1001", "025", "", eid="70000")))
    engine.context.emit(PhaseChanged(Phase.SIGNED_IN))
    yield engine
    await engine.close()


def says(engine: Engine, body: str) -> None:
    platform = NameAddr(sip.parse_uri("sip:PBX@pbx.invalid"))
    us = "sip:1001_00011170@pbx.invalid"
    event = sip.MessageReceived(platform, None, "application/pidf+xml", body.encode(), us)
    engine._parts.control.now.sip_event(event)


@pytest.mark.parametrize("among", ["{}", "{}" + THEIRS, THEIRS + "{}", THEIRS + "{}" + THEIRS])
@pytest.mark.parametrize("r", ["895", "897", "898", "899"])
async def test_a_kick_of_ours_is_obeyed_with_its_own_reason(
    engine: Engine, among: str, r: str
) -> None:
    says(engine, f"<o><a>{among.format(OURS.format(r=r))}</a></o>")
    await until(lambda: engine.snapshot().phase is Phase.KICKED)
    failure = engine.snapshot().failure
    assert failure is not None
    assert failure.id == f"kicked.{r}"


async def test_a_kick_of_several_others_is_not(engine: Engine) -> None:
    says(engine, f"<o><a>{THEIRS}{THEIRS}</a></o>")
    await engine.context.settle()
    assert engine.snapshot().phase is Phase.SIGNED_IN
