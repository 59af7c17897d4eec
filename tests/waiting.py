"""How a test waits: for a fact, never for a time."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar, overload

from textual import events
from textual.app import App
from textual.keys import REPLACED_KEYS, _character_to_key, key_to_character
from textual.message_pump import MessagePump

Value = TypeVar("Value")

LIMIT = 30.0
"""Seconds after which a fact that does not come true fails the test: more than a loaded machine
needs, less than the limit of a whole test."""
QUIET = 60.0
"""Seconds in which an app comes to rest: a screen is work to open, the machine may be loaded."""
INTERVAL = 0.005
"""Seconds between two looks."""


@overload
async def until(
    fact: Callable[[], Awaitable[Value]],
    limit: float = LIMIT,
    *,
    what: str | Callable[[], object] = "",
    interval: float = INTERVAL,
) -> Value: ...


@overload
async def until(
    fact: Callable[[], Value],
    limit: float = LIMIT,
    *,
    what: str | Callable[[], object] = "",
    interval: float = INTERVAL,
) -> Value: ...


async def until(
    fact: Callable[[], Any],
    limit: float = LIMIT,
    *,
    what: str | Callable[[], object] = "",
    interval: float = INTERVAL,
) -> Any:
    """Wait until `fact()` is true (an awaitable is awaited); what it was then.

    It looks at once, then every `interval` seconds. After `limit` seconds it fails the test with
    `what` was waited for: words, or a function that tells how things stand at that moment.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + limit
    while True:
        value = fact()
        if inspect.isawaitable(value):
            value = await value
        if value:
            return value
        if loop.time() >= end:
            raise AssertionError(f"after {limit:g} s there is still not: {_words(fact, what)}")
        await asyncio.sleep(interval)


def _words(fact: Callable[[], object], what: str | Callable[[], object]) -> str:
    if what:
        return what if isinstance(what, str) else str(what())
    try:
        return inspect.getsource(fact).strip()
    except (OSError, TypeError):
        return repr(fact)


# ---------------------------------------------------------------- a textual app


async def quiet(app: App[Any], limit: float = QUIET) -> None:
    """Wait until the app has done all that it can do by itself at this instant.

    Then the loop has nothing to run, no timer is due, every message pump waits on its empty
    queue, and what changed is drawn. A frame that is due is drawn at once: textual would let up
    to 1/60 s pass. What waits for a peer, for a thread or for a later timer is not waited for:
    `rest` or `until` does.
    """
    loop: Any = asyncio.get_running_loop()
    end = loop.time() + limit
    while True:
        await asyncio.sleep(0)
        if not loop._ready and not _due(loop):
            if app._exception is not None:
                return  # the app's own runner raises it
            if _draw(app):
                continue
            busy = list(_busy(app))
            if not busy:
                return
            await asyncio.sleep(INTERVAL / 5)  # it waits for a timer, a thread or a socket
        if loop.time() >= end:
            raise AssertionError(f"after {limit:g} s these are not quiet: {list(_busy(app))}")


async def rest(app: App[Any], limit: float = QUIET) -> None:
    """Wait until the app is quiet, and each lag and each worker in it has come to its end.

    A lag is a timer of one shot and of at most `LAG` seconds, such as the one between the last
    key in a field and the question that it asks. The worker named "events" ends with the app.
    """
    await quiet(app, limit)
    await until(
        lambda: not list(_going(app)), limit, what=lambda: f"the end of {list(_going(app))}"
    )
    await quiet(app, limit)


async def press(app: App[Any], *keys: str) -> None:
    """Press keys as a terminal's driver would, each when the app is quiet after the one before."""
    driver = app._driver
    assert driver is not None, "the app does not run"
    for key in keys:
        name = _character_to_key(key) if len(key) == 1 else key
        character = key if len(key) == 1 else key_to_character(REPLACED_KEYS.get(key, key))
        event = events.Key(name, character)
        event.set_sender(app)
        driver.send_message(event)
        await quiet(app)


LAG = 0.3
"""Seconds of the longest lag."""


def _due(loop: Any) -> bool:
    return bool(loop._scheduled) and loop._scheduled[0]._when <= loop.time()


def _pumps(app: App[Any]) -> Iterator[MessagePump]:
    yield app
    yield from list(app._registry)


def _draw(app: App[Any]) -> bool:
    """Draw the frame that is due; whether one was."""
    if app._exit or not app._screen_stack:
        return False
    drawn = False
    for screen in (*app._background_screens, app.screen):  # what a dialog stands on is drawn too
        if screen._update_timer._active.is_set():
            with app._context():
                screen._on_timer_update()
            drawn = True
    return drawn


def _busy(app: App[Any]) -> Iterator[object]:
    """Whoever has a message left, or works on one; an animation that runs."""
    for pump in _pumps(app):
        queue: Any = pump._message_queue
        if not pump._running or pump._closing or pump._task is None or pump._task.done():
            continue
        if not queue.empty() or not queue.ready_event._waiters:
            yield pump
        elif pump._next_callbacks:
            yield pump._next_callbacks
    if not app._exit:
        yield from app._animator._animations


def _going(app: App[Any]) -> Iterator[object]:
    yield from (
        worker for worker in app.workers if not worker.is_finished and worker.name != "events"
    )
    for pump in _pumps(app):
        for timer in list(pump._timers):
            task = timer._task
            if timer._repeat == 0 and timer._interval <= LAG and task and not task.done():
                yield timer
