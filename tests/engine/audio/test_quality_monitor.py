"""How calls sound, as it is told to screens and to the history, and calls that are gone."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.engine.desk import CC, CUSTOMER
from tests.engine.sounding import Sounding
from tui.media.sdp.direction import Direction
from tui.platform import control as m
from tui.port import replace
from tui.port.events import AccountChanged, ConnectionChanged, QualityChanged
from tui.port.machines.call_machine import CallState
from tui.port.values import Connection, ConnectionState, Hearing, Leg


@pytest.fixture
async def up() -> AsyncIterator[Sounding]:
    sounding = Sounding()
    yield sounding
    await sounding.close()


def told(up: Sounding) -> list[QualityChanged]:
    return up.heard("QualityChanged")  # type: ignore[return-value]


async def test_a_still_line_is_told_about_twice_and_no_more(up: Sounding) -> None:
    up.looks(120)
    first, second = told(up)
    assert first.quality is not None
    assert second.quality is not None
    assert (first.quality.mos, first.quality.codec) == (None, "opus")
    assert second.quality.mos == pytest.approx(4.4)


async def test_a_line_that_gets_worse_is_told(up: Sounding) -> None:
    up.looks(20)
    up.looks(12, lost=10, concealed=0.1)
    quality = up.desk.context.snapshot.quality
    assert quality is not None
    assert quality.mos is not None
    assert quality.mos < 3
    assert quality.loss > 0.15


async def test_nothing_is_shown_of_a_call_that_is_over_and_the_history_gets_its_figures(
    up: Sounding,
) -> None:
    up.looks(20)
    key = up.call.key
    up.desk.says(m.Ended(CC, 25, 20))
    assert up.desk.context.snapshot.quality is None
    summary = up.quality.summary(key)
    assert summary.quality is not None
    assert summary.quality.mos == pytest.approx(4.3, abs=0.1)
    assert up.quality.summary(key).quality is None  # asked once
    up.quality.look()
    assert up.desk.context.snapshot.quality is None


async def test_calls_whose_summary_nobody_asks_for_are_forgotten(up: Sounding) -> None:
    for number in range(20):
        up.looks(1)
        up.desk.says(m.Ended(f"{CC}{number}" if number else CC, 25, 20))
        following = f"{CC}{number + 1}"
        up.desk.says(m.NewCall(following, CUSTOMER), m.Answered(following, CUSTOMER))
        up.desk.calls.put(up.call, leg=Leg.CONNECTED)
    up.quality.look()
    assert len(up.quality._judges) < 12


async def test_there_is_nothing_to_tell_of_a_phone_of_the_agents_own(up: Sounding) -> None:
    account = up.desk.context.snapshot.account
    assert account is not None
    up.desk.context.emit(AccountChanged(replace(account, callintype=5)))
    up.looks(10)
    assert not told(up)


def hearing(up: Sounding) -> Hearing:
    quality = up.desk.context.snapshot.quality
    assert quality is not None
    return quality.hearing


async def test_a_dead_microphone_and_a_dead_line_are_told(up: Sounding) -> None:
    up.looks(20, silence_out=None)
    assert told(up)[-1].quality is not None
    assert hearing(up) is Hearing.NOT_HEARD
    up.looks(1, silence_out=0.1, last_packet_age=9.0)
    assert hearing(up) is Hearing.HEARS_NOTHING
    up.media.direction = Direction.SENDONLY
    up.looks(1)
    assert hearing(up) is Hearing.OK


async def test_speaking_while_muted_is_told(up: Sounding) -> None:
    up.desk.commands.mute("", True)
    up.media.level = 0.1
    up.looks(3)
    assert up.desk.context.snapshot.quality.hearing is Hearing.MUTED_SPEAKING  # type: ignore[union-attr]


async def test_only_a_call_that_is_gone_can_be_closed_and_its_time_is_kept(up: Sounding) -> None:
    up.looks(10)
    result = up.quality.close_call("")
    assert (result.ok, result.message and result.message.id) == (False, "close.not_gone")
    up.desk.context.emit(ConnectionChanged(Connection(ConnectionState.LOST)))
    up.desk.calls.put(up.call, leg=Leg.LOST)
    del up.audio._legs["1"]
    up.looks(8)
    assert up.desk.context.snapshot.quality.hearing is Hearing.GONE  # type: ignore[union-attr]
    assert up.quality.close_call(CC).ok
    assert up.call.state is CallState.ENDED
    assert up.call.end.talk_time == pytest.approx(18)
    assert up.call.outcome is not None
    assert up.call.outcome.id == "ended.closed"
    assert up.desk.context.snapshot.quality is None
    assert not up.quality.close_call("").ok


async def test_a_call_that_comes_back_before_it_is_closed_is_not_gone(up: Sounding) -> None:
    up.looks(10)
    up.desk.context.emit(ConnectionChanged(Connection(ConnectionState.LOST)))
    up.looks(8, last_packet_age=20.0)
    assert up.desk.context.snapshot.quality.hearing is Hearing.GONE  # type: ignore[union-attr]
    up.desk.context.emit(ConnectionChanged(Connection(ConnectionState.OK)))
    up.looks(1, last_packet_age=0.1)
    assert not up.quality.close_call("").ok
    assert up.call.live
