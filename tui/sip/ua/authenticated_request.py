"""One request of ours up to its final answer, its challenges met on the way.

Theory of operation. `build` makes the request, each time with the next CSeq and a fresh branch.
A 401 or 407 is answered by building it anew with every credential that was asked for so far
(RFC 3261 §22.1, §22.3); `auth/digest.py` says how often. One that asks for nothing, as FreeSWITCH
does where it has forgotten a nonce, is answered once by the request without what was held from
before: then it asks. Any other final answer goes to `on_response`. `withdraw()` ends it from our
side: nothing is told, and what still comes is ignored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from tui.sip.auth.digest import DigestCredentials, DigestRefused, Held, Refusal
from tui.sip.message.message import Request, Response
from tui.sip.message.reason import words_of
from tui.sip.transaction.transaction_layer import ClientTransaction, OnLost, OnResponse
from tui.sip.ua.context import AgentContext

Build: TypeAlias = Callable[[], Request]
"""Makes the request anew: with the next CSeq and a fresh branch each time."""

_CHALLENGES: Final = (401, 407)
_ASKS: Final = ("WWW-Authenticate", "Proxy-Authenticate")
_CREDENTIALS: Final = ("Authorization", "Proxy-Authorization")


def credentials_of(invite: Request) -> list[tuple[str, str]]:
    """What the ACK to the 2xx of an INVITE carries of it: nobody may challenge an ACK, so it has
    the same credentials (RFC 3261 §13.2.2.4)."""
    headers = invite.headers
    return [(name, value) for name in _CREDENTIALS for value in headers.get_all(name)]


class AuthenticatedRequest:
    """Sends at once. `on_response` gets each provisional and the final response, several for an
    INVITE that forks; `on_lost` is called instead when no final response can come.

    `held` are challenges met earlier, to be answered before they are asked. `first`: this
    request may answer a realm that no success has pinned yet; only REGISTER may.
    """

    def __init__(
        self,
        context: AgentContext,
        build: Build,
        on_response: OnResponse,
        on_lost: OnLost,
        now: float,
        *,
        held: Held = (),
        first: bool = False,
    ) -> None:
        self._context = context
        self._build = build
        self._on_response = on_response
        self._on_lost = on_lost
        self._first = first
        self._credentials = DigestCredentials(context.digest, held, first=first)
        self.meets = True
        """Cleared when nobody wants the answer any more: challenges are then final."""
        self.unmet = ""
        """Why a challenge was not answered, other than that it was already."""
        self.realm = ""
        """The realm that asked and is none of ours; from the wire."""
        self.request = self._signed()
        self.transaction = self._send(now)

    @property
    def held(self) -> Held:
        """The challenges that were answered."""
        return self._credentials.held

    def words_of(self, response: Response) -> str:
        """Why it was refused: the response's words, and why its challenge was not answered. From a
        wire: `clean_text()` before it is shown."""
        said = words_of(response)
        return f"{said}: {self.unmet}" if self.unmet else said

    def withdraw(self) -> None:
        """End it: nobody waits for the answer any more."""
        self.meets = False
        self.transaction.abandon()

    def _signed(self) -> Request:
        request = self._build()
        for name, value in self._credentials.lines(request):
            request.headers.add(name, value)
        return request

    def _send(self, now: float) -> ClientTransaction:
        return self._context.transactions.request(self.request, self._receive, self._on_lost, now)

    def _receive(self, response: Response, now: float) -> None:
        if response.status in _CHALLENGES and self.meets and self._meet(response):
            self.transaction = self._send(now)
        else:
            self._on_response(response, now)

    def _meet(self, response: Response) -> bool:
        """Make the request anew with credentials, if the challenge deserves them."""
        asks = any(name in response.headers for name in _ASKS)
        if not asks and not self._first and not self._context.digest.realms:
            return False
        try:
            self._credentials.meet(response)
        except DigestRefused as refused:
            if refused.why is not Refusal.UNKNOWN or not self._credentials.forget():
                self._context.ignore(f"a challenge was not answered: {refused}")
                self.unmet = "" if refused.why is Refusal.REPEATED else str(refused)
                self.realm = refused.asked if refused.why is Refusal.REALM else ""
                return False
        self.request = self._signed()
        return True
