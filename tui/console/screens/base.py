"""What every screen of ours has: the heading rules, the key bar, and `show`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from textual import events, on
from textual.screen import Screen

from tui.console.actions.action import Action, key_name
from tui.console.actions.registry import available
from tui.console.desk import Desk
from tui.console.view import ScreenName, View
from tui.console.widgets.room import SHORT
from tui.console.widgets.rows import Rows

DIALOGS_OWN: Final = ("escape", "enter", "tab", "comma", "slash")
"""Keys that a dialog takes, whatever they do beneath it."""
LATEST: Final = 0.5
"""Seconds after which a screen that is built gets what is typed, whatever has the focus."""


class LiveDialog:
    """A dialog about the call: `show` is called for every change of the view, and takes the
    dialog away when there is nothing left to decide."""

    def show(self, view: View) -> None:
        """Draw the view, or go."""
        raise NotImplementedError


def reachable(screen: Screen[Any], works: Iterable[Action]) -> tuple[Action, ...]:
    """Those of the actions whose keys come through: while a dialog stands over the screen, Esc,
    Enter and all that is typed are the dialog's."""
    if screen.app.screen is screen:
        return tuple(works)
    return tuple(each for each in works if each.bound and each.key not in DIALOGS_OWN)


class YimiScreen(Screen[None]):
    """A base screen. `show` draws a view; it is called for every change, and draws only what
    differs."""

    PLACE: ScreenName
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (SHORT, "-tall")]  # noqa: RUF012
    DEFAULT_CSS = """
    YimiScreen { background: $background; color: $foreground; }
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self._built = False

    def show(self, view: View) -> None:
        """Draw the view."""
        raise NotImplementedError

    @on(Rows.Pressed)
    def _key_pressed(self, event: Rows.Pressed) -> None:
        """A click on a printed key: what the key does."""
        event.stop()
        for action in available(self.desk.view):
            if action.key and key_name(action.key) in event.words:
                if action.bound:
                    self.desk.do(action.id)
                elif len(action.key) > 1 and action.key.isalpha():  # a widget's own, such as Enter
                    key = events.Key(action.key, None)
                    key.set_sender(self.app)  # as from the terminal: it bubbles up to the app
                    self.app.post_message(key)
                return

    def on_screen_suspend(self) -> None:
        self._look_again()

    def on_screen_resume(self) -> None:
        self._look_again()

    def _look_again(self) -> None:
        """A dialog came over the screen, or went."""
        if self._built and self.is_attached:
            self.show(self.desk.view)

    def on_resize(self, event: events.Resize) -> None:
        # Sizes of the widgets are known only after the layout that follows.
        self.call_after_refresh(self._again)

    def on_mount(self) -> None:
        self.call_after_refresh(self._again)

    def _again(self) -> None:
        self.show(self.desk.view)
        if not self._built:
            self._built = True
            if not self.takes_keys:
                self.set_timer(LATEST, self.desk.screen_ready)
        self._look_ready()

    def on_descendant_focus(self) -> None:
        self._look_ready()

    def _look_ready(self) -> None:
        if self._built and self.takes_keys:
            self.desk.screen_ready()

    @property
    def keys_under_way(self) -> bool:
        """Whether what was opened last gets the keys, and has not got them yet: what is typed
        behind it waits."""
        return False

    @property
    def takes_keys(self) -> bool:
        """Whether a key would arrive where it is meant for. The focus comes to a field some
        messages after the field is there."""
        return True
