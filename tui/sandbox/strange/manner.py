"""The strange manner as a whole, and what it promises.

Whatever a document leaves open varies by the seed: the dress of control messages, when and how
often they come, their 200s, the answer to a REGISTER, what the web answers. The platform restarts
between calls, and customers wait before an agent is there. What a client can rely on:

- Each decision is the same in every run with the same seed, for the same agent and the same
  number of the message; how events fall in time is not.
- Each message that a plain platform says is said, at most 0.3 s late besides those before it, in
  its order. Only these pairs change places: 105 and a status, 309 and 105, 38 and 105, 87 and a
  status. 100, 101, 104, 105 and statuses come one to three times.
- A repeat comes at once, or up to 2 s later while it is still true: 100 while it rings here, 104
  while the call is up here, 105 while the agent is not in that call. A 101 is never repeated
  later. A 100 comes 0.7 s or more after the agent's last 105 of the same call.
- What is known keeps its name, its value and its place: in the root, or in `<o><a><u>`. Attributes,
  children and roots besides ask nothing of this agent, even where they look like something known
  (a kick of another extension, or of another enterprise).
- What the agent sends is carried out when it comes. Its 200 is late by 1.5 s at most, or lost where
  something else confirms it: a later message, or a status. For seat mode and group the first 200
  may be lost, never a later one; for hold and resume none is.
- A binding lives 12 to 40 s, and 5 s longer than told. Ours keeps its user, its `+sip.instance`
  and its own `expires`.
- A SIP message says the same by RFC 3261: header names, forms, spacing, folds, order (of other
  names), list or lines, phrases and whatever nobody knows vary. A request comes through a proxy,
  whose Via is on top; another answer than an INVITE's may have a 1xx before it.
- A web answer takes 1.2 s more at most. It keeps what the routes need; ids are numbers or text.
- A restart comes when no call lives, all is said and nobody registered for 3 s, at most twice.
  Calls that are over, registrations, check-ins, statuses, groups and modes are forgotten; web
  tokens stay.
"""

from __future__ import annotations

from collections.abc import Callable

from tui.platform import messages as m
from tui.sandbox.fixtures import Fixtures
from tui.sandbox.pbx.pbx import Pbx
from tui.sandbox.signalling.manner import Send
from tui.sandbox.strange.contacts import GRACE, contact_lines, granted
from tui.sandbox.strange.delivery import StrangeDelivery
from tui.sandbox.strange.dice import Dice
from tui.sandbox.strange.headers import dress_frame, from_the_edge
from tui.sandbox.strange.replies import StrangeReplies
from tui.sandbox.strange.unrest import Unrest
from tui.sip.message.header_values import NameAddr


class StrangeManner:
    """As `Manner` says it. `restart` begins the platform anew."""

    def __init__(
        self,
        dice: Dice,
        fixtures: Fixtures,
        pbx: Pbx,
        *,
        send: Send,
        restart: Callable[[], None],
    ) -> None:
        self._dice = dice
        self._delivery = StrangeDelivery(dice, fixtures, pbx, send)
        self._replies = StrangeReplies(dice)
        self.unrest = Unrest(dice, pbx, restart, self._delivery.said)

    def say(self, un: str, message: m.PlatformMessage, copies: int) -> None:
        """Send it soon, dressed."""
        self._delivery.say(un, message, copies)

    def reply_delay(self, un: str, message: m.AgentMessage) -> float | None:
        """On time, late or lost."""
        return self._replies.delay(un, message)

    def reply_lost(self, un: str, message: m.AgentMessage) -> None:
        """Say what takes the place of the 200, where there is such a thing."""
        if (instead := self._replies.instead(message)) is not None:
            self._delivery.say(un, instead, 1)

    def granted(self, un: str, asked: int) -> tuple[int, int]:
        """A short life."""
        told = granted(self._dice, un, asked)
        return told, told + GRACE

    def contact_lines(self, un: str, contact: NameAddr, expires: int) -> list[tuple[str, str]]:
        """The agent's binding among others."""
        return contact_lines(self._dice, un, contact, expires)

    def outgoing(self, un: str, frame: bytes) -> list[bytes]:
        """In another dress, through a proxy."""
        kind = frame[: frame.find(b" ")].decode("ascii", "replace")
        return dress_frame(frame, self._dice.roll("frame", un, kind))

    def incoming(self, frame: bytes) -> bytes:
        """As the proxy hands it on."""
        return from_the_edge(frame)

    def registering(self, un: str) -> None:
        """A customer may wait."""
        self.unrest.registering(un)

    def registered(self, un: str) -> None:
        """Nothing to do."""

    def stepped(self) -> None:
        """A restart may be due."""
        self.unrest.look()

    def restarted(self) -> None:
        """What was not said yet never will be."""
        self._delivery.forget_all()

    def close(self) -> None:
        """Nothing comes any more."""
        self._delivery.forget_all()
        self.unrest.close()
