"""What a key means, and since when: a finger that was on its way meant what was before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tui.console.actions.registry import registry
from tui.console.view import View

STEADY: Final = 0.3
"""Seconds in which a key that has begun to mean something else does nothing."""


class KeyMeanings:
    """The keys of `steady` actions: F9 that ended a write-up does not make the seat busy, F6 that
    held a call does not take it back, however fast the answer comes."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last: dict[str, str] = {}
        """What each key meant last, while it meant anything."""
        self._changed: dict[str, float] = {}
        self._marked = ""

    def follow(self, view: View) -> None:
        """The view has changed. Where the agent marks another line the keys are meant for that."""
        before, self._marked = self._marked, view.snapshot.marked
        calls = view.snapshot.calls
        marks = before != self._marked and any(each.live and each.key == before for each in calls)
        for key, meaning in meanings(view).items():
            if self._last.get(key, meaning) != meaning and not marks:
                self._changed[key] = self._clock()
            self._last[key] = meaning

    def just_changed(self, key: str) -> bool:
        """Whether the key meant something else a moment ago."""
        changed = self._changed.get(key)
        return changed is not None and self._clock() - changed < STEADY


def meanings(view: View) -> dict[str, str]:
    """What the keys of the steady actions do now, for those that do anything."""
    actions = registry()
    keys = {action.key for action in actions if action.steady and action.key}
    found: dict[str, str] = {}
    for action in actions:
        if action.key in keys and action.key not in found and action.available(view):
            found[action.key] = action.label_of(view) if action.steady else action.id
    return found
