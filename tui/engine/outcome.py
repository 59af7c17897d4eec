"""What becomes of a request of ours, and the sentence for one that was not confirmed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from tui.platform import control
from tui.port.values import Message, message

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request: `status` is SIP's, 0 when nothing came in time."""

    status: int
    reason: str = ""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def silent(self) -> bool:
        """It went out, and no answer came in time: it may have been carried out all the same."""
        return self.status == 0 and not self.reason


Send = Callable[[control.AgentMessage], Awaitable[Outcome]]
"""Sends a control message to the platform."""


def unconfirmed(what: str, outcome: Outcome) -> Message:
    """The sentence for a MESSAGE without a 200: silence and refusal read differently. `what` is
    dial, answer, hangup, hold, resume, status, next_status, threeway, transfer or phone_mode."""
    if outcome.status == 0:
        return message(f"unconfirmed.{what}")
    return message(f"rejected.{what}", status=outcome.status, reason=outcome.reason)


async def answer_to(sending: Awaitable[Outcome], answer: asyncio.Future[T]) -> T | Outcome:
    """The platform's own answer to a request, whether or when its 200 comes; or what became of a
    request that was refused, or could not be sent. Waits for the answer without an end: whoever
    calls has a limit, and of a request that is given up nothing goes out any more."""
    sent = asyncio.ensure_future(sending)
    try:
        either: set[asyncio.Future[Any]] = {sent, answer}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            outcome = sent.result()
            if not outcome.ok and not outcome.silent:
                return outcome
        return await answer
    finally:
        sent.cancel()


def with_info(said: Message, info: str) -> Message:
    """A sentence, with what the other side says of it in words of its own behind it."""
    return message(said.id, **{**dict(said.values), "info": info}) if info else said


def code_of(r: control.Reason) -> control.Reason:
    """A reason as it stands in a sentence: a dash for one that was not said."""
    return "–" if r == "" else r


def words_of(info: str, result: control.Reason) -> str:
    """Why the platform refuses: in its own words, else the number that stands for them, where it
    says more than no."""
    return info or (str(result) if result not in (1, "") else "–")
