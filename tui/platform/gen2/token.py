"""The token of generation 2: who holds it, and when it is renewed.

At 80 % of its life, jittered; at once when the platform does not take it; never twice at a time.
The old one serves until the new one is here. Time is monotonic: a clock that is set does not
matter, and after a night of sleep the platform's 401 tells.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random, SystemRandom
from typing import Final

from tui.platform import codes
from tui.platform.base import PlatformError
from tui.secrets import Secret

log = logging.getLogger(__name__)

RENEW_AT: Final = (0.76, 0.84)
"""The part of its life after which a token is renewed."""
RETRY_LIMIT: Final = 30.0
"""Seconds between tries at most, while the platform cannot be reached."""
PASSING: Final = (codes.SERVER_ERROR, codes.NO_SERVER, codes.UNREADABLE_LOGIN)
"""Trouble of the server's own: the password is no better than the token."""
FINAL: Final = (401, 403, codes.BAD_ARGUMENT, codes.WRONG_PASSWORD, codes.NO_ENTERPRISE)
"""The platform's last word. Any other refusal of what worked before is the server's trouble, and
may be over at the next try."""

FINAL_AGAIN: Final = 900.0
"""Seconds after which whoever needs a token asks again in spite of that: a deployment that let
nobody in for a minute costs no shift, and four tries an hour lock no account."""


@dataclass(frozen=True, slots=True)
class Token:
    """`life` in seconds from now."""

    value: Secret
    life: float


class TokenKeeper:
    """Holds the token in force. `fetch` gets a new one for the old, or raises PlatformError."""

    def __init__(
        self,
        fetch: Callable[[Secret], Awaitable[Token]],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        rng: Random | None = None,
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._sleep = sleep
        self._rng = rng or SystemRandom()
        self._value = Secret()
        self._due = 0.0
        self._flight: asyncio.Task[None] | None = None
        self._timer: asyncio.Task[None] | None = None
        self._nap: asyncio.Task[None] | None = None
        self._on_failure: Callable[[PlatformError], None] | None = None
        self._failure: PlatformError | None = None
        self._failed_at = 0.0
        self._told: Callable[[PlatformError], None] | None = None
        """Who was told of it."""

    @property
    def value(self) -> Secret:
        """The token in force; empty before the first."""
        return self._value

    def put(self, token: Token) -> None:
        """Put a token in force."""
        self._value = token.value
        self._due = self._clock() + token.life * self._rng.uniform(*RENEW_AT)
        self._failure = None
        if self._nap is not None:
            self._nap.cancel()  # the timer looks at the new time

    def look(self) -> None:
        """Look at the clock now: the sleep of the machine is no part of a nap."""
        if self._nap is not None:
            self._nap.cancel()

    async def renew(self, refused: Secret) -> None:
        """Replace a token that is old, or was not taken; at once when it has been replaced
        meanwhile. Raises PlatformError."""
        if self._failure is not None and self._clock() - self._failed_at < FINAL_AGAIN:
            raise self._failure
        if refused != self._value:
            return
        if self._flight is None:
            self._flight = asyncio.create_task(self._fly(), name="token")
            self._flight.add_done_callback(_seen)
        flight = self._flight
        try:
            # Shielded: of those who wait, one that gives up must not take the others' token along.
            await asyncio.shield(flight)
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if not flight.cancelled() or (current is not None and current.cancelling()):
                raise
            raise PlatformError(codes.SERVER_ERROR, "signed out") from None

    def start(self, on_failure: Callable[[PlatformError], None]) -> None:
        """Renew in time until `stop`. `on_failure` hears, once, of a refusal that is final."""
        if self._timer is not None:
            return
        self._on_failure = on_failure
        self._timer = asyncio.create_task(self._run(), name="token timer")

    def stop(self) -> None:
        """Renew no longer. The token stays as it is."""
        self._on_failure = self._told = None
        for task in (self._timer, self._flight):
            if task is not None:
                task.cancel()
        self._timer = None

    async def close(self) -> None:
        """Stop, and wait until nothing runs any longer."""
        running = {self._timer, self._flight} - {None, asyncio.current_task()}
        self.stop()
        await asyncio.gather(*(task for task in running if task), return_exceptions=True)

    async def _fly(self) -> None:
        try:
            self.put(await self._fetch(self._value))
        except PlatformError as error:
            if error.code in FINAL:
                self._failure, self._failed_at = error, self._clock()
            raise
        else:
            self._go_on()
        finally:
            self._flight = None
            if self._failure is not None:
                self._tell(self._failure)

    def _go_on(self) -> None:
        """A refusal that was final is over: the timer that it ended runs again."""
        told, self._told = self._told, None
        if told is not None:
            self._on_failure = told
            if self._timer is not None and self._timer.done():
                self._timer = asyncio.create_task(self._run(), name="token timer")

    def _tell(self, error: PlatformError) -> None:
        if self._on_failure is not None:
            self._told, self._on_failure = self._on_failure, None
            self._told(error)

    async def _run(self) -> None:
        tries = 0
        while self._failure is None:
            if (wait := self._due - self._clock()) > 0:
                await self._doze(wait)
                continue
            try:
                await self.renew(self._value)
                tries = 0
            except PlatformError as error:
                tries += 1
                pause = min(RETRY_LIMIT, 2.0 ** min(tries, 10)) * self._rng.uniform(0.5, 1.0)
                pause = max(pause, error.wait)
                log.warning("the token was not renewed (%s); try %d", error, tries)
                self._due = self._clock() + pause
        self._tell(self._failure)

    async def _doze(self, seconds: float) -> None:
        self._nap = asyncio.ensure_future(self._sleep(seconds))
        try:
            await asyncio.wait([self._nap])
        finally:
            self._nap.cancel()
            self._nap = None


def _seen(flight: asyncio.Task[None]) -> None:
    # Nobody may be left to hear of the error; without this the loop would complain.
    if not flight.cancelled():
        flight.exception()
