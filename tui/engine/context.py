"""What the parts of an engine share: the snapshot, the bus, named timers, the log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from random import Random
from typing import Any

from tui.bus import EventBus
from tui.engine.not_understood import LoggedItems
from tui.log import get_logger
from tui.platform.not_understood import NotUnderstoodList
from tui.port.events import Event, NoticeChanged, apply
from tui.port.snapshot import Snapshot
from tui.port.values import Message, Notice

log = get_logger("engine")


@dataclass(frozen=True, slots=True)
class Limits:
    """How long the engine waits, in seconds. Sources: platform.md "Edges", sip.md "Timing"."""

    dial_reply: float = 15.0
    """For the platform's answer to `call`."""
    status: float = 5.0
    """For the 200 to a status change, or the statusChanged itself."""
    queues: float = 12.0
    """For the queues of a PBX to confirm a status: codes are dialled, and hints follow."""
    early_mute: float = 8.0
    """Of sound before the answer in which nothing is heard, longer than a ringing tone's pauses."""
    queue_calm: float = 60.0
    """Without a call before a queue that says nobody is free, while we are, is asked about us."""
    message: float = 5.0
    """For the 200 to any other control message."""
    answered: float = 15.0
    """For 104 after an answer."""
    phone: float = 60.0
    """The same where the agent's own telephone has to be picked up first (line types 4, 5)."""
    ended: float = 10.0
    """For 105 after a hang-up, 101 after a decline."""
    offer_again: float = 0.5
    """A 100 this soon after its 101 is held back, in case another 101 follows."""
    redial_window: float = 60.0
    """A new ccNumber from the number just declined counts as another offer this long."""
    threeway: float = 10.0
    """For the platform's answer to a three-way request, type 4 included."""
    supervise: float = 10.0
    """For the platform's answer to a supervisor."""
    let_go: float = 1.0
    """The same, where a caller waits to be answered by her."""
    end_for_all: float = 8.0
    """For the third party to be out, when the agent signs out in a three-way call."""
    transfer: float = 60.0
    """For 38 or 39 after a transfer: the other agent's phone rings in that time."""
    transfer_close: float = 5.0
    """For the 105 after 38."""
    next_status: float = 5.0
    """For the platform's answer to "status after this call"."""
    register: float = 15.0
    """For the registration's first outcome."""
    unregister: float = 4.0
    recover: float = 8.0
    """For word of a call after signalling was lost, or an engine died."""
    still: float = 60.0
    """A call that lives is asked about after this long in one state, unless it is up and heard."""
    rings: float = 180.0
    """An offer of which nothing more is heard rings this long at most."""
    invited: float = 120.0
    """For word of a third party that the platform rings."""
    leg: float = 15.0
    """For the sound of a call that is up."""
    leg_without_end: float = 2.0
    """A leg that the platform ended without the call's 105 counts as lost after this."""
    quality: float = 1.0
    """Between two looks at how a call sounds."""
    quality_window: float = 12.0
    """The stretch that the figures are about."""
    quality_begin: float = 3.0
    """A call is not scored before it has been heard this long."""
    hears_nothing: float = 4.0
    """No packet for this long. With DTX there is one every 0.4 s (RFC 7587 §3.1.3)."""
    silence_in: float = 30.0
    """Packets come, and nothing but digital silence is in them."""
    silence_out: float = 8.0
    """The microphone gives nothing but digital silence."""
    unheard: float = 12.0
    """The peer's reports, about one in 5 s, tell of nothing new from us."""
    both_gone: float = 6.0
    """Signalling and audio are both gone: the call is offered for closing."""
    clocks: float = 1.0
    """Between two looks at the clocks, while signed in."""
    day: float = 20.0
    """Between two looks at the date."""
    network: float = 1.0
    """Between two looks at this machine's addresses, in a call."""
    unattended_busy: float = 5.0
    """An idle seat that nobody looks at goes busy after this."""
    history_again: float = 30.0
    """Between two tries to write what the disk did not take."""
    unattended_end: float = 1800.0
    """Without a front end and without a call the engine signs out and ends after this."""


class Timers:
    """Named timers on the event loop: setting a name again replaces it, and none outlives
    `clear`. The loop does not count the time that the machine sleeps."""

    def __init__(self) -> None:
        self._handles: dict[str, asyncio.TimerHandle] = {}
        self._callbacks: dict[str, Callable[[], object]] = {}
        self._lasting: set[str] = set()

    def set(
        self, name: str, delay: float, callback: Callable[[], object], *, lasting: bool = False
    ) -> None:
        """Call `callback` once after `delay` seconds unless cancelled or replaced. One that is
        `lasting` is no session's, and goes on when one ends."""
        self.cancel(name)
        if lasting:
            self._lasting.add(name)

        def run() -> None:
            self._handles.pop(name, None)
            self._callbacks.pop(name, None)
            self._lasting.discard(name)
            callback()

        self._handles[name] = asyncio.get_running_loop().call_later(delay, run)
        self._callbacks[name] = callback

    def pause(self, name: str, seconds: float) -> None:
        """A timer that calls nobody: it is only asked whether it runs."""
        self.set(name, seconds, lambda: None)

    def slept(self, name: str, seconds: float) -> None:
        """The machine slept: this timer, if it is set, is due that much earlier."""
        handle = self._handles.get(name)
        if handle is not None:
            left = handle.when() - asyncio.get_running_loop().time() - seconds
            lasting = name in self._lasting
            self.set(name, max(0.0, left), self._callbacks[name], lasting=lasting)

    def cancel(self, name: str) -> None:
        """Forget the timer; a name that is not set is no error."""
        handle = self._handles.pop(name, None)
        self._callbacks.pop(name, None)
        self._lasting.discard(name)
        if handle is not None:
            handle.cancel()

    def __contains__(self, name: str) -> bool:
        return name in self._handles

    def session_ended(self) -> None:
        """Forget those that are not lasting."""
        for name in set(self._handles) - self._lasting:
            self.cancel(name)

    def clear(self) -> None:
        """Forget all timers."""
        for name in tuple(self._handles):
            self.cancel(name)


class EngineContext:
    """The shared middle of an engine. Every change of the truth goes through `emit`."""

    def __init__(self, *, clock: Callable[[], float], rng: Random, limits: Limits) -> None:
        self.clock = clock
        self.rng = rng
        self.limits = limits
        self.timers = Timers()
        self.events: EventBus[Event] = EventBus()
        self.snapshot = Snapshot()
        self.attended = True
        self.not_understood = NotUnderstoodList()
        """What the platform said and we did not understand, newest first."""
        self.not_understood.on_added = LoggedItems(clock)
        self._tasks: set[asyncio.Task[None]] = set()

    def emit(self, event: Event) -> None:
        """Apply the event to the snapshot, then tell everyone who listens."""
        self.snapshot = apply(self.snapshot, event)
        self.events.publish(event)

    def notice(self, message: Message, *, serious: bool = True) -> None:
        """Show a sentence until it is dismissed or replaced, and log its id."""
        log.warning("notice %s %s", message.id, dict(message.values))
        self.emit(NoticeChanged(Notice(message, self.clock(), serious)))

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run work beside everything else. What it raises is logged: it never ends the engine."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a task of the engine failed", exc_info=error)

    async def settle(self, work: Iterable[asyncio.Task[None]] | None = None) -> None:
        """Wait until that work has been done, or all that there is beside, the caller's own aside;
        no longer than for a message."""
        current = asyncio.current_task()
        tasks = [task for task in (self._tasks if work is None else work) if task is not current]
        if tasks:
            await asyncio.wait(tasks, timeout=self.limits.message)

    async def close(self) -> None:
        """End timers and tasks."""
        self.timers.clear()
        current = asyncio.current_task()
        tasks = [task for task in self._tasks if task is not current]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
