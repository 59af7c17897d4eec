"""Values that never print: a password in a traceback or a log shows as stars."""

from __future__ import annotations

from typing import Final

_MASK: Final = "••••••••"


class Secret:
    """A string that redacts itself wherever it is shown.

    Only `reveal()` gives the text back. Equality takes the same time for every pair of
    values of one length, so that comparing cannot tell how much was right.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str = "") -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself. Call it only where the text leaves for the peer it is meant for."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        from hmac import compare_digest  # loads OpenSSL, which the first frame does without

        return compare_digest(_bytes(self._value), _bytes(other._value))

    def __hash__(self) -> int:
        return hash(("Secret", self._value))

    def __repr__(self) -> str:
        return f"Secret({_MASK!r})" if self._value else "Secret('')"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a Secret is not written to disk")


def _bytes(value: str) -> bytes:
    # A terminal may let lone surrogates in, and the error of a strict encoder quotes its input.
    return value.encode("utf-8", "surrogatepass")
