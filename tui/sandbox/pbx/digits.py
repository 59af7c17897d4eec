"""Digits that agents typed, heard as a receiver hears them: a digit that begins before the one
before it is over is dropped."""

from __future__ import annotations

from dataclasses import dataclass

REST = 0.06
"""Seconds of silence that a receiver needs between two digits."""


@dataclass(frozen=True, slots=True)
class TypedDigit:
    """One digit of an agent's: `at` when it came, `ms` how long it sounds; `taken` False when it
    came too close after the one before and was dropped."""

    un: str
    digit: str
    at: float
    ms: int
    taken: bool = True


def heard(before: list[TypedDigit], un: str, digit: str, ms: int, now: float) -> TypedDigit:
    """The digit as the receiver takes it, after those that came before."""
    last = next((each for each in reversed(before) if each.taken and each.un == un), None)
    taken = last is None or now - last.at >= last.ms / 1000 + REST
    return TypedDigit(un, digit, now, ms, taken)
