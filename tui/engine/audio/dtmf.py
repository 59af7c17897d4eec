"""Tones from the keypad: one digit per SIP INFO, `application/dtmf-relay`, with a pause between,
because a receiver drops digits that are sent in one go (platform.md, "DTMF")."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from tui.engine.calls import Calls
from tui.engine.numbers import MAX_TONES, PAUSE, NumberError, parse_digits
from tui.port import replace
from tui.port.commands import Result
from tui.port.machines.call_machine import CallState
from tui.port.snapshot import Call
from tui.port.values import message

CONTENT_TYPE = "application/dtmf-relay"
_TYPES = (CONTENT_TYPE, "application/dtmf")
"""What peers call a digit in an INFO."""
_BY_NUMBER = "0123456789*#ABCD"
"""The keys in the order of telephone-event (RFC 4733 §3.2), by which some number them."""
_KEY = rb"[ \t]*+([0-9]{1,2}+|[*#A-Da-d])[ \t]*+\r?$"
_signal = re.compile(rb"^[ \t]*+Signal[ \t]*+=" + _KEY, re.I | re.M).search
_bare = re.compile(rb"\s*+([0-9]|[*#A-Da-d])\s*+").fullmatch


@dataclass(frozen=True, slots=True)
class Pace:
    """Milliseconds: how long a tone is, the silence after it, and what a comma waits."""

    tone: int = 160
    gap: int = 250
    pause: int = 2000


def relay_body(digit: str, milliseconds: int) -> bytes:
    """The INFO's body for one digit."""
    return f"Signal={digit}\r\nDuration={milliseconds}\r\n".encode()


def told_digit(content_type: str, body: bytes) -> str:
    """The digit of a peer's INFO, whichever line it stands in, alone or by its number; "" where
    there is none."""
    found = (_signal(body) or _bare(body)) if content_type in _TYPES else None
    if found is None:
        return ""
    said = found[1].decode().upper()
    return said if not said.isdecimal() else _BY_NUMBER[int(said) :][:1]


class DigitLegs(Protocol):
    """What carries the tones (`Legs`)."""

    async def send_info(self, key: str, content_type: str, body: bytes) -> bool:
        """Send an INFO in a call's leg; whether it was taken."""

    def digit_waits(self, key: str) -> bool:
        """Whether a digit is to wait until the call has its sound: a change of the call says so."""

    def send_digit(self, key: str, digit: str, seconds: float) -> bool:
        """Send a digit beside the sound (RFC 4733); False where the peer did not offer that."""


class Digits:
    """Sends tones of the calls, one after the other; a call has one queue."""

    def __init__(
        self,
        calls: Calls,
        legs: DigitLegs,
        pace: Pace = Pace(),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.calls = calls
        self.pace = pace
        self._legs = legs
        self._sleep = sleep
        self._waiting: dict[str, str] = {}
        self._changed: dict[str, asyncio.Event] = {}
        """Of a call with digits that wait: it has changed."""
        self._after_answer: dict[str, str] = {}

    def type_when_answered(self, key: str, digits: str) -> None:
        """Digits behind the number that was dialled: sent once the call is up."""
        if digits:
            self._after_answer[key] = digits

    def call_changed(self, before: Call | None, call: Call) -> None:
        """Told of every change of a call."""
        key, state = call.key, call.state
        if state is CallState.TALKING and key in self._after_answer:
            self._queue(key, self._after_answer.pop(key))
        elif state is CallState.ENDED:
            self._after_answer.pop(key, None)
            if key in self._waiting:
                self._waiting[key] = ""
        if key in self._changed:
            self._changed[key].set()

    def type(self, text: str, ccnumber: str) -> Result:
        """Queue tones for the call."""
        try:
            digits = parse_digits(text)
        except NumberError as error:
            return Result(False, message(error.message_id, found=error.found))
        call = self.calls.find(ccnumber)
        if call is None or call.state not in (CallState.TALKING, CallState.PROCEEDING):
            return Result(False, message("digits.no_call"))
        if len(self._waiting.get(call.key, "")) + len(digits) > MAX_TONES:
            return Result(False, message("digits.too_long"))
        self._queue(call.key, digits)
        return Result(True)

    def _queue(self, key: str, digits: str) -> None:
        if key in self._waiting:
            self._waiting[key] += digits
            return
        self._waiting[key] = digits
        self._changed[key] = asyncio.Event()
        self.calls.context.spawn(self._work(key))

    async def _work(self, key: str) -> None:
        """Send until nothing waits. A digit that is not taken ends the row, and it is said. The
        first ones wait for the sound: a peer that takes keys beside it may take no INFO at all."""
        try:
            while self._waiting[key]:
                if self._legs.digit_waits(key):
                    self._changed[key].clear()
                    await self._changed[key].wait()
                    continue
                digit, self._waiting[key] = self._waiting[key][0], self._waiting[key][1:]
                if digit == PAUSE:
                    await self._sleep(self.pace.pause / 1000)
                    continue
                if not await self._say(key, digit):
                    self.calls.context.notice(message("digits.not_taken", digit=digit))
                    return
                call = self.calls.by_key(key)
                if call is None or not call.live:
                    return
                sent = call.tones.sent + digit
                self.calls.put(call, tones=replace(call.tones, sent=sent))
        finally:
            del self._waiting[key], self._changed[key]

    async def _say(self, key: str, digit: str) -> bool:
        """One digit, and the time that it takes; whether it was taken. That time begins with the
        answer to the INFO: over a line that has stood still two would arrive together else, and
        the receiver would drop the second."""
        if not self._legs.send_digit(key, digit, self.pace.tone / 1000):
            body = relay_body(digit, self.pace.tone)
            if not await self._legs.send_info(key, CONTENT_TYPE, body):
                return False
        await self._sleep((self.pace.tone + self.pace.gap) / 1000)
        return True
