"""The machine slept, or its clock was set, while an agent is signed in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tui.clock import Jump
from tui.config.paths import Paths
from tui.config.schema import AudioSettings, Config
from tui.engine.engine import Engine


class Watch:
    """Tells of the jump that a test wants."""

    def __init__(self, jump: Jump | None) -> None:
        self.jump = jump

    def look(self) -> Jump | None:
        return self.jump


class Session:
    """An engine whose platform and connection note what is asked of them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.did: list[str] = []
        session = engine._session
        session.platform = SimpleNamespace(woke=lambda: self.did.append("woke"))
        connection = SimpleNamespace(redial=self.did.append)
        session.signalling._signed_in = SimpleNamespace(connection=connection, account=None)  # type: ignore[assignment]

    def look(self, jump: Jump | None) -> None:
        self.engine._session._clocks = Watch(jump)  # type: ignore[assignment]
        self.engine._session.look_at_clocks()


@pytest.fixture
async def session(tmp_path: Path) -> AsyncIterator[Session]:
    paths = Paths(*(tmp_path / name for name in ("config", "state", "runtime", "data"))).prepare()
    config = Config(audio=AudioSettings(input="none", output="none", ring=False))
    engine = Engine(config, paths=paths)
    made = Session(engine)
    yield made
    engine._session.platform = engine._session.signalling._signed_in = None
    await engine.close()


async def test_after_a_sleep_the_flow_is_dialled_and_the_token_looked_at_at_once(
    session: Session,
) -> None:
    session.look(Jump(slept=75.0))
    assert session.did == ["woke", "the machine slept"]


@pytest.mark.parametrize("jump", [None, Jump(set_by=-3600.0)])
async def test_a_clock_that_is_set_or_nothing_at_all_disturbs_nothing(
    session: Session, jump: Jump | None
) -> None:
    session.look(jump)
    assert session.did == []


async def test_it_looks_again_and_again(session: Session) -> None:
    session.look(None)
    assert "clocks" in session.engine.context.timers


async def test_what_counts_a_persons_time_is_due_after_a_sleep(session: Session) -> None:
    timers: Any = session.engine.context.timers
    timers.set("wrapup", 60.0, lambda: None)
    timers.set("call 1", 60.0, lambda: None)
    before = timers._handles["call 1"].when()
    session.look(Jump(slept=45.0))
    assert before - timers._handles["wrapup"].when() == pytest.approx(45.0, abs=1.0)
    assert timers._handles["call 1"].when() == before
