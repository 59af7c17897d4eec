"""Signed out by the platform: who is meant, and why."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.waiting import until
from tui.config.paths import Paths
from tui.config.schema import AudioSettings, Config
from tui.console.i18n import render
from tui.engine.engine import Engine
from tui.platform.control import Kicked
from tui.port.events import AccountChanged, PhaseChanged
from tui.port.values import Account, Phase


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    """An engine that is signed in as 1001 of the enterprise 70000."""
    paths = Paths(*(tmp_path / name for name in ("config", "state", "runtime", "data"))).prepare()
    config = Config(audio=AudioSettings(input="none", output="none", ring=False))
    engine = Engine(config, paths=paths)
    engine.context.emit(AccountChanged(Account("1001", "025", "", eid="70000")))
    engine.context.emit(PhaseChanged(Phase.SIGNED_IN))
    yield engine
    await engine.close()


@pytest.mark.parametrize("eid", ["70000", ""])
async def test_a_kick_that_names_us_is_obeyed(engine: Engine, eid: str) -> None:
    engine._kicked(Kicked("1001", "", 895, eid))
    await until(lambda: engine.snapshot().phase is Phase.KICKED)
    assert engine.snapshot().failure is not None


@pytest.mark.parametrize(
    ("un", "first", "last", "named", "ours"),
    [
        ("0107", "0100", "0199", "107", True),
        ("0107", "0100", "0199", "0107", True),
        ("107", "100", "199", "0107", True),
        ("0107", "", "", "107", True),
        ("0107", "100", "199", "107", False),
        ("0107", "0100", "0199", "1070", False),
        ("0107", "0100", "0199", "", False),
    ],
)
async def test_an_extension_written_as_a_number_is_ours_where_it_is_nobody_elses(
    engine: Engine, un: str, first: str, last: str, named: str, ours: bool
) -> None:
    account = Account(un, "025", "", eid="70000", extension_start=first, extension_end=last)
    engine.context.emit(AccountChanged(account))
    engine._kicked(Kicked(named, "", 895, "70000"))
    if ours:
        await until(lambda: engine.snapshot().phase is Phase.KICKED)
    else:
        await engine.context.settle()
        assert engine.snapshot().phase is Phase.SIGNED_IN


async def test_an_enterprise_written_with_leading_zeros_is_the_same(engine: Engine) -> None:
    engine.context.emit(AccountChanged(Account("1001", "025", "", eid="070000")))
    engine._kicked(Kicked("1001", "", 895, "70000"))
    await until(lambda: engine.snapshot().phase is Phase.KICKED)


@pytest.mark.parametrize("who", [("1002", "70000"), ("1001", "70001")])
async def test_a_kick_of_somebody_else_is_not(engine: Engine, who: tuple[str, str]) -> None:
    engine._kicked(Kicked(who[0], "", 895, who[1]))
    await engine.context.settle()
    assert engine.snapshot().phase is Phase.SIGNED_IN


async def test_the_platforms_words_for_it_stand_behind_ours(engine: Engine) -> None:
    engine._kicked(Kicked("1001", "", 899, "70000", info="until Monday"))
    await until(lambda: engine.snapshot().phase is Phase.KICKED)
    failure = engine.snapshot().failure
    assert failure is not None
    assert (failure.id, dict(failure.values).get("info")) == ("kicked.899", "until Monday")


@pytest.mark.parametrize(
    ("r", "words"),
    [
        ("", "The platform gave no known reason (–)."),
        ("gone", "The platform gave no known reason (gone)."),
        (999, "The platform gave no known reason (999)."),
    ],
)
async def test_a_reason_that_nobody_listed_or_said_leaves_no_gap(
    engine: Engine, r: str | int, words: str
) -> None:
    engine._kicked(Kicked("1001", "", r, "70000"))
    await until(lambda: engine.snapshot().phase is Phase.KICKED)
    failure = engine.snapshot().failure
    assert failure is not None
    assert render(failure) == words
