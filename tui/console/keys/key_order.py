"""Keys in their order: each goes to the screen that the one before it led to.

Keys that come in one burst would all go to what has the focus at that moment, while the first of
them is still being carried out: a digit meant for the next question would stand in the field.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from textual.app import App
    from textual.dom import DOMNode
    from textual.events import Event

ROUNDS: Final = 3
"""Times that everybody's messages are let through: a key, what it posts, what that moves."""
LONGEST: Final = 2.0
"""Seconds after which the next key goes on whatever has not come to rest: a machine that is that
busy is late, and a key for another screen is worse."""
LOOK_AGAIN: Final = 0.005
"""Seconds between two looks at a screen that is being built, or at what was opened on it."""


class KeyOrder:
    """`hold` is asked before a key is handed on, `handed` told after it was."""

    def __init__(self, app: App[Any], hand_on: Callable[[Event], object]) -> None:
        """`hand_on` is given a key that was held, when its time has come."""
        self._app, self._hand_on = app, hand_on
        self._held: deque[Event] = deque()
        self._turn = 0
        """Counts the keys that were handed on; what is left of an older one says nothing."""
        self._under_way = False
        self._text = False
        """What is under way is text for a field, which leads to no other screen."""
        self._next: Event | None = None

    def hold(self, key: Event, *, text: bool) -> bool:
        """Whether the key has to wait; then it is kept. `text` for the field that has the focus
        goes on right behind other such text."""
        if key is self._next:
            self._next = None
            return False
        behind_text = self._text and not self._held and self._next is None
        if self._under_way and not (text and behind_text):
            self._held.append(key)
            return True
        return False

    def begin_with(self, keys: Sequence[Event]) -> None:
        """Hand these on, one by one, before any that is held or still to come."""
        self._held.extendleft(reversed(keys))
        if not self._under_way:
            self._hand_on_next()

    def handed(self, *, text: bool) -> None:
        """A key was handed on: the next one waits until it has been carried out."""
        self._under_way = True
        self._text = text
        self._turn += 1
        turn = self._turn
        self._app.set_timer(LONGEST, lambda: self._done(turn))
        self._round(turn, ROUNDS)

    def _round(self, turn: int, left: int) -> None:
        app = self._app
        if turn != self._turn or not self._under_way:
            return
        if not app.screen_stack or not left:
            self._done(turn)
        elif not app.screen.is_mounted or getattr(app.screen, "keys_under_way", False):
            app.set_timer(LOOK_AGAIN, lambda: self._round(turn, ROUNDS))
        else:
            start = app.focused or app.screen
            self._through(list(start.ancestors_with_self), lambda: self._round(turn, left - 1))

    def _through(self, nodes: list[DOMNode], then: Callable[[], None]) -> None:
        """Behind all that each of the nodes has to do by now, from the inside out."""
        if not nodes:
            then()
            return
        first, *others = nodes
        first.call_later(self._through, others, then)

    def _done(self, turn: int) -> None:
        if turn != self._turn or not self._under_way:
            return
        self._under_way = False
        if self._held:
            self._hand_on_next()

    def _hand_on_next(self) -> None:
        self._next = self._held.popleft()
        # Those behind it wait on: it is under way from now.
        self._under_way = True
        self._hand_on(self._next)
