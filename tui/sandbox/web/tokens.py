"""Web tokens: who is signed in to the web API, for how long, with which line."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class WebSignIn:
    """One web sign-in. `expires_at` by the clock of `Tokens`."""

    un: str
    token: str
    expires_at: float
    life: float


class Tokens:
    """Issues, renews and ends tokens. A renewed token leaves the old one valid for the rest of its
    life: a client uses the old one until the new one is there."""

    def __init__(
        self, life: float, rng: random.Random, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.life = life
        self._rng = rng
        self._clock = clock
        self._sessions: dict[str, WebSignIn] = {}
        self._in: set[str] = set()

    def issue(self, un: str, life: float | None = None) -> WebSignIn:
        """A fresh token; `life` in seconds, None = the sandbox's own."""
        self._sessions = {
            token: each for token, each in self._sessions.items() if each.expires_at > self._clock()
        }
        span = life or self.life
        session = WebSignIn(un, f"{self._rng.getrandbits(160):040x}", self._clock() + span, span)
        self._sessions[session.token] = session
        return session

    def find(self, token: str) -> WebSignIn | None:
        """The session of a token that still lives."""
        session = self._sessions.get(token)
        return session if session is not None and session.expires_at > self._clock() else None

    def end(self, un: str) -> None:
        """Every token of an agent is void from now on, and cannot be renewed."""
        for token in [t for t, each in self._sessions.items() if each.un == un]:
            del self._sessions[token]

    def end_all(self) -> None:
        """Every token is void from now on."""
        self._sessions.clear()

    def check_out_all(self) -> None:
        """No seat is checked in."""
        self._in.clear()

    def check_in(self, un: str, there: bool) -> None:
        """Seat check-in, or check-out."""
        if there:
            self._in.add(un)
        else:
            self._in.discard(un)

    def checked_in(self, un: str) -> bool:
        """Whether the seat is checked in."""
        return un in self._in
