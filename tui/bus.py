"""EventBus: typed, ordered, bounded. Every subscriber hears every event in the order it was
published, or is told that it fell behind."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Overflow(Exception):
    """The subscriber was slower than the bound allows and has lost events: begin again from
    a fresh snapshot."""


class Subscription(Generic[T]):
    """One listener's queue. Iterate it; `close()` ends the iteration."""

    def __init__(self, limit: int, on_close: Callable[[Subscription[T]], None]) -> None:
        self._limit = limit
        self._queue: deque[T] = deque()
        self._ready = asyncio.Event()
        self._on_close = on_close
        self._overflowed = False
        self._closed = False

    def put(self, event: T) -> None:
        """Add an event; past the limit everything queued is dropped and `get` raises Overflow."""
        if self._closed or self._overflowed:
            return
        if len(self._queue) >= self._limit:
            self._queue.clear()
            self._overflowed = True
        else:
            self._queue.append(event)
        self._ready.set()

    def invalidate(self) -> None:
        """What is queued is void: `get` raises Overflow next."""
        if not self._closed:
            self._queue.clear()
            self._overflowed = True
            self._ready.set()

    async def get(self) -> T:
        """The next event. Raises Overflow once after a loss, StopAsyncIteration when closed."""
        while not self._queue:
            if self._overflowed:
                self._overflowed = False
                raise Overflow
            if self._closed:
                raise StopAsyncIteration
            self._ready.clear()
            await self._ready.wait()
        return self._queue.popleft()

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        return await self.get()

    def close(self) -> None:
        """Stop listening. What is queued is still delivered, then iteration ends."""
        if not self._closed:
            self._closed = True
            self._on_close(self)
            self._ready.set()


class EventBus(Generic[T]):
    """Fan-out to any number of subscribers. `publish` never waits and never fails."""

    def __init__(self, limit: int = 1024) -> None:
        self._limit = limit
        self._subscribers: list[Subscription[T]] = []
        self._listeners: list[Callable[[T], None]] = []

    def publish(self, event: T) -> None:
        """Give the event to all who listen now, in the order of subscription."""
        for listener in tuple(self._listeners):
            listener(event)
        for subscriber in tuple(self._subscribers):
            subscriber.put(event)

    def listen(self, listener: Callable[[T], None]) -> Callable[[], None]:
        """Call `listener` with each event at the moment it is published, until the function
        that is returned is called. The listener must neither wait nor raise."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def invalidate(self) -> None:
        """Tell all who listen now that events were lost: each begins again from a snapshot."""
        for subscriber in tuple(self._subscribers):
            subscriber.invalidate()

    def close(self) -> None:
        """End every subscription: nothing more will be published."""
        for subscriber in tuple(self._subscribers):
            subscriber.close()

    def subscribe(self) -> Subscription[T]:
        """Listen from now on."""
        subscription: Subscription[T] = Subscription(self._limit, self._subscribers.remove)
        self._subscribers.append(subscription)
        return subscription
