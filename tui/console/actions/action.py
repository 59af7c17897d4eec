"""One action of the registry, and how its key is printed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tui.console.i18n import tr
from tui.console.view import View

if TYPE_CHECKING:
    from tui.console.desk import Desk


def always(view: View) -> bool:
    """The condition of an action that can be done anywhere."""
    return True


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a key does.

    `run` carries it out; None: the key belongs to a widget, and stands here to be shown. A
    `destructive` action is ignored for a moment after a call changed state under the finger, or
    after an action that `guards`; a `steady` one after its key began to mean something else."""

    id: str
    key: str
    available: Callable[[View], bool] = always
    run: Callable[[Desk], None] | None = None
    label: Callable[[View], str] | None = None
    """The message id of what it does now; `action.ID` when None."""
    alias: str = ""
    """A second key."""
    letter: str = ""
    """A third one, where letters are keys (`[ui] letters`) and no field has the focus."""
    destructive: bool = False
    guards: bool = False
    steady: bool = False

    @property
    def bound(self) -> bool:
        """Whether the key is the app's, not a widget's."""
        return self.run is not None

    def label_of(self, view: View) -> str:
        """The message id of the label now."""
        return self.label(view) if self.label else f"action.{self.id}"


_NAMES: Final = {
    "escape": "Esc",
    "tab": "Tab",
    "question_mark": "?",
    "comma": ",",
    "space": "Space",
}


def key_name(key: str) -> str:
    """A key as it is printed: "F5", "^Q", "Esc"; Enter has a name in each language."""
    if key == "enter":
        return tr("key.enter")
    if key.startswith("ctrl+"):
        return "^" + key_name(key.removeprefix("ctrl+")).upper()
    return _NAMES.get(key, key.upper() if len(key) > 1 else key)


def is_global(key: str) -> bool:
    """Whether the key works everywhere, in fields and under dialogs too. Escape does not: a
    dialog closes by it first."""
    return key.startswith(("ctrl+", "alt+")) or (key[:1] == "f" and key[1:].isdecimal())
