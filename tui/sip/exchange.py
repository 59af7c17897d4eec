"""One request of ours up to its final answer, its challenges met on the way.

A challenge is met once, and a second time only when it is `stale=true` or comes from another
place (401 after 407 or the other way round): never more than twice (RFC 3261 §22.1).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from tui.sip.core import Core
from tui.sip.credentials import Challenge
from tui.sip.digest import DigestRefused
from tui.sip.layer import ClientTransaction, OnLost, OnResponse
from tui.sip.message import Request, Response

Build: TypeAlias = Callable[[], Request]
"""Makes the request anew: with the next CSeq and a fresh branch each time."""
Met: TypeAlias = tuple[int, Challenge]
"""A challenge, and the status that it came with."""

_ANSWERS: Final = {401: "Authorization", 407: "Proxy-Authorization"}
_ASKS: Final = {401: "WWW-Authenticate", 407: "Proxy-Authenticate"}


class Exchange:
    """Sends at once. `on_response` gets each provisional and the final response, several for an
    INVITE that forks; `on_lost` is called instead when no final response can come.

    `volunteer` is a challenge met earlier, to be answered before it is asked. `first`: this
    request may answer a realm that no success has pinned yet; only REGISTER may.
    """

    def __init__(
        self,
        core: Core,
        build: Build,
        on_response: OnResponse,
        on_lost: OnLost,
        now: float,
        *,
        volunteer: Met | None = None,
        first: bool = False,
    ) -> None:
        self._core = core
        self._build = build
        self._on_response = on_response
        self._on_lost = on_lost
        self._first = first
        self._statuses: list[int] = []
        self.met = volunteer
        """The challenge that was answered last."""
        self.meets = True
        """Cleared when nobody wants the answer any more: challenges are then final."""
        self.request = build()
        if volunteer is not None:
            status, challenge = volunteer
            request = self.request
            value = core.digest.sign(challenge, request.method, request.uri, request.body)
            request.headers.add(_ANSWERS[status], value)
        self.transaction = self._send(now)

    def _send(self, now: float) -> ClientTransaction:
        return self._core.layer.request(self.request, self._receive, self._on_lost, now)

    def _receive(self, response: Response, now: float) -> None:
        if response.status in _ANSWERS and self.meets and self._meet(response):
            self.transaction = self._send(now)
        else:
            self._on_response(response, now)

    def _meet(self, response: Response) -> bool:
        """Make the request anew with credentials, if the challenge deserves them."""
        digest = self._core.digest
        if digest.realm is None and not self._first:
            return False
        try:
            name, value = digest.answer(response, self.request, self._statuses)
        except DigestRefused as refused:
            self._core.ignore(f"a challenge was not answered: {refused}")
            return False
        challenge = digest.choose(response.headers.get_all(_ASKS[response.status]))
        self.met = (response.status, challenge)
        self._statuses.append(response.status)
        self.request = self._build()
        self.request.headers.add(name, value)
        return True
