"""The last messages both ways, in lines."""

from __future__ import annotations

from tests.plain.conftest import lines
from tests.terminal.scripted_port import NOW
from tui.plain.topics.pages import MESSAGES
from tui.port.commands import GetLadder, Result
from tui.port.ladder import Ladder, Rung, RungKind


async def test_the_last_messages_are_said_the_newest_last() -> None:
    rungs = [Rung(NOW - 60 + n, n % 2 > 0, RungKind.SIP, f"OPTIONS {n}") for n in range(30)]
    async with lines() as desk:
        desk.port.answers[GetLadder] = lambda command: Result(True, value=Ladder(tuple(rungs)))
        await desk.asks("idle>")
        desk.say("messages")
        await desk.shows(", us: OPTIONS 29")
        assert ", them: OPTIONS 28" in desk.fresh
        assert desk.fresh.count("OPTIONS") == MESSAGES
        assert desk.fresh.index("OPTIONS 28") < desk.fresh.index("OPTIONS 29")


async def test_where_there_is_none_it_says_so() -> None:
    async with lines() as desk:
        desk.port.answers[GetLadder] = lambda command: Result(True, value=Ladder())
        await desk.asks("idle>")
        desk.say("messages")
        await desk.shows("No message yet.")
