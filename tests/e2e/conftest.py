"""One sandbox for a test module's worth of calls, and desks that are closed whatever happens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.box import Box, Desk, running


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    """A sandbox of this test's own."""
    async with running(tmp_path) as box:
        yield box


@pytest.fixture(params=[2, 1], ids=["platform2", "platform1"])
async def desk(request: pytest.FixtureRequest, box: Box, tmp_path: Path) -> AsyncIterator[Desk]:
    """An engine of this process, signed in as 1001, at each generation of the platform."""
    desk = Desk(box, tmp_path, generation=request.param)
    await desk.sign_in()
    yield desk
    await desk.engine.close()
