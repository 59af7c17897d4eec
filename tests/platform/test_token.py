"""When a token is renewed, with time in the test's hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from random import Random

import pytest

from tui.platform.base import PlatformError
from tui.platform.gen2.token import FINAL_AGAIN, Token, TokenKeeper
from tui.secrets import Secret


class World:
    """A clock that stands still until told, and a platform that gives tokens "t1", "t2" …"""

    def __init__(self) -> None:
        self.now = 1000.0
        self.life = 100.0
        self.asked: list[str] = []
        self.errors: list[PlatformError] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.sleepers: list[tuple[float, asyncio.Event]] = []
        self.failures: list[PlatformError] = []
        self.keeper = TokenKeeper(
            self.fetch, clock=lambda: self.now, sleep=self.sleep, rng=Random(7)
        )

    async def fetch(self, old: Secret) -> Token:
        self.asked.append(old.reveal())
        await self.gate.wait()
        if self.errors:
            raise self.errors.pop(0)
        return Token(Secret(f"t{len(self.asked)}"), self.life)

    async def sleep(self, seconds: float) -> None:
        awake = asyncio.Event()
        self.sleepers.append((self.now + seconds, awake))
        await awake.wait()

    async def settle(self) -> None:
        """Let everything run that can."""
        for _ in range(20):
            await asyncio.sleep(0)

    async def advance(self, seconds: float) -> None:
        self.now += seconds
        for at, awake in self.sleepers:
            if at <= self.now:
                awake.set()
        await self.settle()

    def begin(self) -> None:
        self.keeper.put(Token(Secret("t0"), self.life))
        self.keeper.start(self.failures.append)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    yield made
    made.gate.set()
    await made.keeper.close()


async def test_a_token_is_renewed_at_about_four_fifths_of_its_life(world: World) -> None:
    world.begin()
    times: set[float] = set()
    for count in range(10):
        began = world.now
        await world.settle()
        await world.advance(75.9)
        assert len(world.asked) == count
        while len(world.asked) == count:
            await world.advance(0.1)
        assert 76 <= world.now - began <= 84.2
        times.add(round(world.now - began, 1))
    assert len(times) > 3, "no two consoles renew in step"


async def test_the_old_token_serves_until_the_new_one_is_here(world: World) -> None:
    world.begin()
    await world.settle()
    world.gate.clear()
    await world.advance(90)
    assert world.asked == ["t0"]
    assert world.keeper.value == Secret("t0")
    world.gate.set()
    await world.settle()
    assert world.keeper.value == Secret("t1")


async def test_one_renewal_is_in_flight_however_many_ask(world: World) -> None:
    world.begin()
    await world.settle()
    world.gate.clear()
    waiting = [asyncio.create_task(world.keeper.renew(Secret("t0"))) for _ in range(5)]
    await world.advance(90)
    waiting[0].cancel()
    await world.settle()
    assert waiting[0].cancelled(), "one that gives up does not take the others along"
    world.gate.set()
    await asyncio.gather(*waiting[1:])
    assert world.asked == ["t0"]
    assert world.keeper.value == Secret("t1")


async def test_a_token_that_was_replaced_meanwhile_is_not_renewed(world: World) -> None:
    world.begin()
    await world.keeper.renew(Secret("older"))
    assert world.asked == []


async def test_a_renewal_between_moves_the_timer(world: World) -> None:
    world.begin()
    await world.settle()
    await world.advance(50)
    await world.keeper.renew(Secret("t0"))
    await world.settle()
    await world.advance(74)
    assert world.asked == ["t0"]
    world.life = 10
    await world.keeper.renew(Secret("t1"))
    await world.settle()
    await world.advance(8.5)
    assert world.asked == ["t0", "t1", "t2"], "a shorter life is heeded as well"


async def test_a_platform_that_cannot_be_reached_is_tried_again(world: World) -> None:
    world.begin()
    world.errors = [PlatformError(code) for code in (50000, 50002, 50005, *[50000] * 9)]
    await world.settle()
    await world.advance(84)
    pauses = []
    while world.errors:
        before, asked = world.now, len(world.asked)
        while len(world.asked) == asked:
            await world.advance(0.25)
        pauses.append(world.now - before)
    assert pauses[0] <= 2.25
    assert max(pauses) <= 30.25
    assert max(pauses) > 15
    assert world.keeper.value == Secret("t0")
    await world.advance(31)
    assert world.keeper.value != Secret("t0")
    assert world.failures == []


@pytest.mark.parametrize("code", [404, 429, 503, 50007, 50010, 51000, 60001, 0, -1])
async def test_a_refusal_of_what_worked_before_is_tried_again(world: World, code: int) -> None:
    world.begin()
    world.errors = [PlatformError(code)] * 3
    await world.settle()
    for _ in range(8):
        await world.advance(84)
    assert world.errors == []
    assert world.failures == []
    assert world.keeper.value != Secret("t0")


async def test_a_final_refusal_is_told_once_and_ends_the_timer(world: World) -> None:
    world.begin()
    world.errors = [PlatformError(50003, "no")]
    await world.settle()
    await world.advance(84)
    assert [error.code for error in world.failures] == [50003]
    with pytest.raises(PlatformError, match=r"50003"):
        await world.keeper.renew(Secret("t0"))
    await world.advance(1000)
    assert len(world.asked) == 1
    assert len(world.failures) == 1


async def test_who_needs_a_token_asks_again_long_after_a_final_refusal(world: World) -> None:
    world.begin()
    world.errors = [PlatformError(403, "not from here"), PlatformError(50003, "no")]
    await world.settle()
    await world.advance(84)
    for seconds, asked in ((0, 1), (FINAL_AGAIN - 1, 1), (1, 2), (FINAL_AGAIN - 1, 2)):
        world.now += seconds
        with pytest.raises(PlatformError):
            await world.keeper.renew(Secret("t0"))
        assert len(world.asked) == asked
    assert [error.code for error in world.failures] == [403]
    world.now += 1
    await world.keeper.renew(Secret("t0"))
    assert world.keeper.value == Secret("t3")
    world.errors = [PlatformError(50003, "no")]
    await world.settle()
    await world.advance(84)
    assert len(world.asked) == 4, "it is renewed in time again"
    assert [error.code for error in world.failures] == [403, 50003]


async def test_a_refusal_before_the_timer_is_told_by_it(world: World) -> None:
    world.keeper.put(Token(Secret("t0"), 100))
    world.errors = [PlatformError(50003)]
    with pytest.raises(PlatformError):
        await world.keeper.renew(Secret("t0"))
    world.keeper.start(world.failures.append)
    world.keeper.start(world.failures.append)
    await world.settle()
    assert len(world.failures) == 1


async def test_a_new_sign_in_mends_a_refusal(world: World) -> None:
    world.keeper.put(Token(Secret("t0"), 100))
    world.errors = [PlatformError(50003)]
    with pytest.raises(PlatformError):
        await world.keeper.renew(Secret("t0"))
    world.begin()
    await world.keeper.renew(Secret("t0"))
    assert world.keeper.value == Secret("t2")


async def test_closing_in_the_middle_of_a_renewal_ends_it(world: World) -> None:
    world.begin()
    await world.settle()
    world.gate.clear()
    waiting = asyncio.create_task(world.keeper.renew(Secret("t0")))
    await world.settle()
    await world.keeper.close()
    with pytest.raises(PlatformError, match=r"50000 signed out"):
        await waiting
    await world.advance(1000)
    assert world.asked == ["t0"]
    assert world.failures == []


async def test_an_error_that_nobody_waits_for_is_no_noise(world: World) -> None:
    world.begin()
    world.gate.clear()
    waiting = asyncio.create_task(world.keeper.renew(Secret("t0")))
    await world.settle()
    waiting.cancel()
    world.errors = [PlatformError(50000)]
    world.gate.set()
    await world.settle()
    assert world.keeper.value == Secret("t0")
