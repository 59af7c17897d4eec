"""What every screen of ours has: the heading rules, the key bar, and `show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual import events
from textual.screen import Screen

from tui.actions import Place, View

if TYPE_CHECKING:
    from tui.app import YimiApp


class LiveDialog:
    """What a dialog about the call has besides: `show` is called for every change of the view,
    and takes the dialog away when there is nothing left to decide."""

    def show(self, view: View) -> None:
        """Draw the view, or go."""
        raise NotImplementedError


class YimiScreen(Screen[None]):
    """A base screen. `show` draws a view; it is called for every change, and draws only what
    differs."""

    PLACE: Place
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012
    DEFAULT_CSS = """
    YimiScreen { background: $background; color: $foreground; }
    """

    @property
    def yimi(self) -> YimiApp:
        """The app, by its own type."""
        return cast("YimiApp", self.app)

    def show(self, view: View) -> None:
        """Draw the view."""
        raise NotImplementedError

    def on_resize(self, event: events.Resize) -> None:
        # Sizes of the widgets are known only after the layout that follows.
        self.call_after_refresh(self._again)

    def on_mount(self) -> None:
        self.call_after_refresh(self._again)

    def _again(self) -> None:
        self.show(self.yimi.view)
        self.yimi.replay()
