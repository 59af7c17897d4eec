"""The day of an agent in front of the platform at its most unlike (`strange_day.py`): by ten
seeds, and by each that has found a fault. A hundred: `tests/bench/bench_strange.py`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.e2e.strange_day import Day, strange_day

pytestmark = pytest.mark.long

SEEDS = range(1, 11)
PAIRS = list(zip(SEEDS[::2], SEEDS[1::2], strict=True))
"""A day waits most of the time for its platform: two, each with its own, take as long as one."""


@pytest.fixture(params=PAIRS, ids=lambda pair: "-and-".join(map(str, pair)))
async def days(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[dict[int, Day]]:
    """By their seeds."""
    async with AsyncExitStack() as ending:
        made = {}
        for seed in request.param:
            (folder := tmp_path / f"seed-{seed}").mkdir()
            made[seed] = await ending.enter_async_context(strange_day(folder, seed))
        yield made


async def test_the_day_of_an_agent_ends_with_console_and_platform_in_the_same_state(
    days: dict[int, Day],
) -> None:
    ends = await asyncio.gather(*(day.whole() for day in days.values()), return_exceptions=True)
    failures = []
    for seed, end in zip(days, ends, strict=True):
        if isinstance(end, Exception):
            end.add_note(f"in the day of seed {seed}")
            failures.append(end)
    if failures:
        raise ExceptionGroup("days that did not end well", failures)
