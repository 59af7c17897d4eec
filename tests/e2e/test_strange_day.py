"""The day of an agent in front of the platform at its most unlike (`strange_day.py`): by ten
seeds, and by each that has found a fault. A hundred: `tests/bench/bench_strange.py`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.strange_day import Day, strange_day

pytestmark = pytest.mark.long

SEEDS = range(1, 11)


@pytest.fixture(params=SEEDS)
async def day(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Day]:
    async with strange_day(tmp_path, request.param) as day:
        yield day


async def test_the_day_of_an_agent_ends_with_console_and_platform_in_the_same_state(
    day: Day,
) -> None:
    await day.whole()
