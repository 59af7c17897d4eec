"""Keys that come before a screen can take them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import events

Typed = events.Key | events.Paste


class EarlyKeys:
    """Keeps what is typed until the first screen takes keys; from then on it keeps nothing."""

    def __init__(self, hand_on: Callable[[Sequence[Typed]], object]) -> None:
        """`hand_on` is given all that was kept, once, to go before all that comes then."""
        self._hand_on = hand_on
        self._kept: list[Typed] | None = []

    def keep(self, key: Typed) -> bool:
        """Whether it is too early for the key; then it is kept."""
        if self._kept is None:
            return False
        self._kept.append(_as_meant(key))
        return True

    def let_go(self) -> None:
        """A screen takes keys."""
        kept, self._kept = self._kept, None
        if kept:
            self._hand_on(kept)


def _as_meant(key: Typed) -> Typed:
    """An Enter that was pressed before the terminal was raw: the terminal's driver made a line feed
    of it."""
    if isinstance(key, events.Paste) or key.key != "ctrl+j":
        return key
    enter = events.Key("enter", "\r")
    enter._sender = key._sender  # one of our own would bubble up no further than to us
    return enter
