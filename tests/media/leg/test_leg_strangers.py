"""Descriptions of peers that say too little, or what is no choice: the sound comes all the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.waiting import until
from tui.media.leg.leg import AudioLegState
from tui.media.pcm.sources import ToneSource

OURS, THEIRS = 440, 1000
Change = Callable[[str], str]


def reached_by_nobody(*instead: str) -> Change:
    """A description without an address, or with those given, which lead nowhere."""

    def changed(sdp: str) -> str:
        lines = [line for line in sdp.splitlines() if not line.startswith("a=candidate")]
        return re.sub(r"m=audio \d+", "m=audio 9", "\r\n".join([*lines, *instead, ""]))

    return changed


def with_role(role: str) -> Change:
    return lambda sdp: re.sub(r"a=setup:\w+", f"a=setup:{role}", sdp)


def _as_it_is(sdp: str) -> str:
    return sdp


TCP = "a=candidate:1 1 tcp 1 127.0.0.1 9 typ host tcptype active"


@pytest.mark.parametrize(
    ("offered", "answered"),
    [
        (_as_it_is, reached_by_nobody()),
        (reached_by_nobody(), _as_it_is),
        (_as_it_is, reached_by_nobody(TCP)),
        (_as_it_is, with_role("actpass")),
        (_as_it_is, with_role("holdconn")),
        (with_role("holdconn"), _as_it_is),
    ],
    ids=[
        *("an answer without an address", "an offer without one", "an answer by TCP alone"),
        *("an answer that does not choose", "an answer without a role"),
        "an offer without a role of its own",
    ],
)
async def test_who_can_reach_us_is_heard_and_hears(
    leg: Any, collector: Any, hears: Any, offered: Change, answered: Change
) -> None:
    ear, their_ear = collector(), collector()
    us, them = leg(ToneSource(OURS), ear), leg(ToneSource(THEIRS), their_ear)
    answer = await them.answer(offered(await us.offer()))
    await us.accept(answered(answer))
    await hears(ear, THEIRS)
    await hears(their_ear, OURS)


async def test_where_nobody_can_reach_anybody_the_set_up_has_its_limit(
    leg: Any, collector: Any
) -> None:
    us, them = (leg(ToneSource(hz), collector(), setup_timeout=0.5) for hz in (OURS, THEIRS))
    hidden = reached_by_nobody()
    await us.accept(hidden(await them.answer(hidden(await us.offer()))))
    await until(lambda: us.state is them.state is AudioLegState.FAILED)
    assert us.reason == them.reason == "setup-timeout"
