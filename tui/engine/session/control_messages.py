"""The control messages to the platform, each sent as a SIP MESSAGE; and who hears what is said both
ways."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tui import sip
from tui.engine.outcome import Outcome
from tui.engine.session.requests import Requests
from tui.platform import control
from tui.platform.base import SipAccount

_URGENT = (control.Answer, control.HangUp)
"""What a person does now: it goes out now, before whatever still waits for a 200."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A control message of ours; with `outcome`, what came of it."""

    name: str
    body: bytes
    outcome: Outcome | None = None


Overheard = sip.MessageReceived | sip.Ignored | Sent


class ControlMessages:
    """`account` gives as whom we are registered, None while we are not."""

    def __init__(
        self,
        requests: Requests,
        account: Callable[[], SipAccount | None],
        assumed: control.Assumed,
    ) -> None:
        self._requests, self._account, self._assumed = requests, account, assumed
        self.hearers: list[Callable[[Overheard], None]] = []
        """Hear what is said both ways and what is refused; they neither wait nor raise."""

    async def send(self, message: control.AgentMessage) -> Outcome:
        """Send a control message; its 200, its refusal, or status 0 when neither came in time. One
        that is given up, by time or by whoever waits, never goes out afterwards."""
        account = self._account()
        if account is None:
            return Outcome(0, "signed out")
        name = type(message).__name__
        body = control.encode(message, self._assumed)
        self.overhear(Sent(name, body))
        outcome = await self._requests.message(
            name,
            account.pbx,
            body,
            account.identities.content_types[0],
            urgent=isinstance(message, _URGENT),
        )
        self.overhear(Sent(name, body, outcome))
        return outcome

    def overhear(self, said: Overheard) -> None:
        """Tell the hearers."""
        for hear in self.hearers:
            hear(said)
