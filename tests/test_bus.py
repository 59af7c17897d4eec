"""The bus: typed, ordered, bounded."""

from __future__ import annotations

import asyncio

import pytest

from tui.bus import EventBus, Overflow, Subscription


async def _rest(subscription: Subscription[int]) -> list[int]:
    subscription.close()
    return [event async for event in subscription]


async def test_every_subscriber_hears_every_event_in_order() -> None:
    bus: EventBus[int] = EventBus()
    first, second = bus.subscribe(), bus.subscribe()
    for number in range(5):
        bus.publish(number)
    assert await _rest(first) == await _rest(second) == [0, 1, 2, 3, 4]


async def test_who_comes_late_hears_only_what_follows() -> None:
    bus: EventBus[int] = EventBus()
    bus.publish(1)
    late = bus.subscribe()
    bus.publish(2)
    assert await _rest(late) == [2]


async def test_who_waits_is_woken() -> None:
    bus: EventBus[int] = EventBus()
    subscription = bus.subscribe()
    waiting = asyncio.create_task(subscription.get())
    await asyncio.sleep(0)
    assert not waiting.done()
    bus.publish(7)
    assert await asyncio.wait_for(waiting, 10) == 7


async def test_who_is_slow_is_told_once_and_goes_on() -> None:
    bus: EventBus[int] = EventBus(limit=3)
    slow, quick = bus.subscribe(), bus.subscribe()
    for number in range(5):
        bus.publish(number)
        assert await quick.get() == number
    with pytest.raises(Overflow):
        await slow.get()
    bus.publish(9)
    assert await slow.get() == 9


async def test_nothing_is_kept_behind_a_loss() -> None:
    bus: EventBus[int] = EventBus(limit=2)
    slow = bus.subscribe()
    for number in range(100_000):
        bus.publish(number)
    with pytest.raises(Overflow):
        await slow.get()
    assert await _rest(slow) == []


async def test_what_is_void_is_told_before_what_follows() -> None:
    bus: EventBus[int] = EventBus()
    subscription = bus.subscribe()
    bus.publish(1)
    bus.invalidate()
    with pytest.raises(Overflow):
        await subscription.get()
    bus.publish(2)
    assert await subscription.get() == 2


async def test_a_closed_subscription_delivers_what_is_queued_and_ends() -> None:
    bus: EventBus[int] = EventBus()
    subscription = bus.subscribe()
    bus.publish(1)
    subscription.close()
    subscription.close()
    bus.publish(2)
    bus.invalidate()
    assert [event async for event in subscription] == [1]
    with pytest.raises(StopAsyncIteration):
        await subscription.get()


async def test_closing_wakes_who_waits() -> None:
    bus: EventBus[int] = EventBus()
    subscription = bus.subscribe()

    async def listen() -> list[int]:
        return [event async for event in subscription]

    waiting = asyncio.create_task(listen())
    await asyncio.sleep(0)
    bus.close()
    assert await asyncio.wait_for(waiting, 10) == []


async def test_one_that_closes_another_while_events_go_out_harms_nobody() -> None:
    bus: EventBus[int] = EventBus()
    first, second = bus.subscribe(), bus.subscribe()
    stop = bus.listen(lambda event: first.close() if event == 1 else None)
    bus.publish(0)
    bus.publish(1)
    stop()
    bus.publish(2)
    assert [event async for event in first] == [0]
    assert await _rest(second) == [0, 1, 2]


async def test_a_listener_is_called_at_once_and_before_the_subscribers() -> None:
    bus: EventBus[int] = EventBus()
    heard: list[int] = []
    stop = bus.listen(heard.append)
    bus.publish(1)
    assert heard == [1]
    stop()
    bus.publish(2)
    assert heard == [1]
