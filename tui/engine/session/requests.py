"""Requests of ours that somebody waits for: a MESSAGE, an INFO, a PUBLISH, each within its limit.

One that is given up, by time or by whoever waits, never goes out afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from tui import sip
from tui.engine.context import EngineContext, log
from tui.engine.outcome import Outcome
from tui.engine.session.account_connection import SayNow
from tui.text import clean_text


class Requests:
    """What was asked by `say` and is not answered yet. Where a request cannot be sent, its outcome
    has status 0, and the reason."""

    def __init__(self, context: EngineContext, say: SayNow) -> None:
        self._context = context
        self._say = say
        self._waiting: dict[str, asyncio.Future[Outcome]] = {}

    async def message(
        self, name: str, target: str, body: bytes, content_type: str, *, urgent: bool
    ) -> Outcome:
        """Send a MESSAGE (RFC 3428), known in the log as `name`; `urgent` before whatever still
        waits for a 200."""
        return await self._asked(
            name,
            lambda agent, now: agent.send_message(target, body, content_type, now, urgent=urgent),
        )

    async def info(self, call: str, content_type: str, body: bytes) -> bool:
        """Send an INFO inside a call (RFC 6086); whether it was taken."""
        outcome = await self._asked(
            "INFO", lambda agent, now: agent.info(call, content_type, body, now)
        )
        return outcome.ok

    async def publish(self, target: str, event: str, content_type: str, body: bytes) -> Outcome:
        """Send a PUBLISH (RFC 3903): what became of it, status 0 where nothing came in time."""
        headers = (("Event", event), ("Content-Type", content_type))
        return await self._asked(
            "PUBLISH",
            lambda agent, now: agent.send_request("PUBLISH", target, headers, body, now),
        )

    async def _asked(self, name: str, command: Callable[[sip.UserAgent, float], str]) -> Outcome:
        """Say it, and wait for what became of it."""
        try:
            identity = self._say(command)
        except sip.LocalProtocolError as error:
            log.warning("%s could not be sent: %s", name, error)
            return Outcome(0, str(error))
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting[identity] = future
        try:
            async with asyncio.timeout(self._context.limits.message):
                outcome = await future
        except TimeoutError:
            log.warning("%s: no answer in %g s", name, self._context.limits.message)
            return Outcome(0)
        finally:
            self._waiting.pop(identity, None)
            if not future.done() or future.cancelled():
                self._withdraw(identity)
        if not outcome.ok:
            log.warning("%s: %d %s", name, outcome.status, outcome.reason)
        return outcome

    def _withdraw(self, identity: str) -> None:
        """Nobody waits for this request any more: it ends, and the next in its queue goes."""
        with suppress(sip.LocalProtocolError):  # signed out meanwhile
            self._say(lambda agent, now: agent.withdraw(identity, now))

    def answered(self, event: sip.RequestOutcome) -> None:
        """The user agent knows what became of one."""
        future = self._waiting.get(event.id)
        if future is not None and not future.done():
            future.set_result(_outcome(event))

    def signed_out(self) -> None:
        """Nothing is answered any more: whoever waits is told so."""
        for future in self._waiting.values():
            if not future.done():
                future.set_result(Outcome(0, "signed out"))


def _outcome(event: sip.RequestOutcome) -> Outcome:
    """A lost line refuses nothing: what went out may have been carried out all the same."""
    if event.answered:
        return Outcome(event.status, clean_text(event.reason))
    return Outcome(0, "" if event.sent else event.reason)
