"""One request of ours up to its final answer, its challenges met on the way.

A challenge is met once, and a second time only when it is `stale=true` or comes from another
place (401 after 407 or the other way round): never more than twice (RFC 3261 §22.1).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from tui.sip.core import Core
from tui.sip.layer import ClientTransaction, OnLost, OnResponse
from tui.sip.message import Request, Response

Build: TypeAlias = Callable[[], Request]
"""Makes the request anew: with the next CSeq and a fresh branch each time."""


class Exchange:
    """Sends at once. `on_response` gets each provisional and the final response, several for an
    INVITE that forks; `on_lost` is called instead when no final response can come."""

    def __init__(
        self, core: Core, build: Build, on_response: OnResponse, on_lost: OnLost, now: float
    ) -> None:
        self._core = core
        self._build = build
        self._on_response = on_response
        self._on_lost = on_lost
        self._met: list[int] = []
        self.request = build()
        core.auth.volunteer(self.request)
        self.transaction = self._send(now)

    def _send(self, now: float) -> ClientTransaction:
        return self._core.layer.request(self.request, self._receive, self._on_lost, now)

    def _receive(self, response: Response, now: float) -> None:
        if response.status in (401, 407) and self._may_meet(response):
            challenge = self._core.auth.choose(response)
            if challenge is not None:
                self._met.append(response.status)
                self.request = self._build()
                self._core.auth.sign(self.request, challenge, response.status)
                self.transaction = self._send(now)
                return
        self._on_response(response, now)

    def _may_meet(self, response: Response) -> bool:
        if not self._met:
            return True
        another_place = response.status != self._met[0]
        return len(self._met) == 1 and (another_place or self._core.auth.is_stale(response))
