"""A sandbox as after its start, and desks that are closed whatever happens."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aioice.ice
import pytest

from tests.e2e.box import SHARED, Box, Desk, running
from tests.e2e.line_desk import LineDesk
from tests.e2e.switch import Switch, switching


@pytest.fixture(scope="session", autouse=True)
def _no_sandbox_is_left() -> Iterator[None]:
    yield
    SHARED.end()


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    """A sandbox as after its start."""
    async with running(tmp_path) as box:
        yield box


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test of a call runs at both generations; a module whose calls only one of them has
    says so in GENERATIONS."""
    given = {mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")}
    generations = getattr(metafunc.module, "GENERATIONS", (2, 1))
    names = [f"platform{generation}" for generation in generations]
    for each in ("desk", "generation"):
        if each in metafunc.fixturenames and each not in given:
            metafunc.parametrize(each, generations, indirect=True, ids=names)


@pytest.fixture
def generation(request: pytest.FixtureRequest) -> int:
    """The platform's, for desks that a test or a module makes by itself. A test that only one
    generation has is marked with ONLY_2 or ONLY_1, and says why."""
    found: int = request.param
    return found


@pytest.fixture
async def desk(request: pytest.FixtureRequest, box: Box, tmp_path: Path) -> AsyncIterator[Desk]:
    """An engine of this process, signed in as 1001, at each generation of the platform."""
    desk = Desk(box, tmp_path, generation=request.param)
    await desk.sign_in()
    yield desk
    await desk.engine.close()


@pytest.fixture
async def switch(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Switch]:
    """A PBX of the tests' own, whose sound stays on this machine."""
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: ["127.0.0.1"])
    async with switching() as switch:
        yield switch


@pytest.fixture
async def phone(switch: Switch, tmp_path: Path) -> AsyncIterator[LineDesk]:
    """An engine of this process with lines at that PBX."""
    phone = LineDesk(switch, tmp_path)
    yield phone
    await phone.engine.close()
