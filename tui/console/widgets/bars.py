"""The lines at the bottom: the last failure in words, and the keys that work now."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from textual import events

from tui.console.actions.action import Action, key_name
from tui.console.actions.registry import with_keys
from tui.console.i18n import render, tr
from tui.console.view import View
from tui.console.widgets.rows import Piece, Row, Rows, cut, folded, row, width_of
from tui.console.widgets.supervising import sentence, style_of


class NoticeRow(Rows):
    """The last failure in words. Empty while there is none; where there is room it keeps its
    lines, so that nothing jumps."""

    DEFAULT_CSS = "NoticeRow { height: 2; padding: 0 2; }"

    def __init__(self) -> None:
        super().__init__(id="notice")

    def rows(self, view: View) -> list[Row]:
        """The view's notice, over as many lines as it takes; without one, whose call a supervisor
        is in, or whose desk is looked at."""
        width = self.content_size.width
        if not width:
            return []
        if view.notice is not None:
            said = render(with_keys(view.notice))
            return folded(row(("! ", "bold $ring"), (said, "$ring")), width)
        if view.replay:
            return folded(row((tr("replay.keys"), "$dim")), width)
        if view.watching:
            account = view.snapshot.account
            who = f"{account.un} {account.displayname}".strip() if account is not None else "–"
            return folded(row((tr("watch.looking", who=who), "$ring")), width)
        supervised = sentence(view.snapshot.supervision)
        if supervised is not None:
            style = style_of(view.snapshot.supervision)
            return folded(row((render(supervised), style)), width)
        return []

    def show(self, view: View, room: int) -> None:
        """Draw it in so many lines."""
        rows = self.rows(view)
        if len(rows) > room:
            width = self.content_size.width
            rest = tuple(p for each in rows[max(0, room - 1) :] for p in (*each, (" ", "")))
            rows = [*rows[: max(0, room - 1)], cut(rest, width)][:room]
        self.draw(rows)


FIRST_TO_GO: Final = (
    *("debug", "settings", "voicemail", "callbacks", "script"),
    *("figures", "rebuild", "check", "history", "dismiss", "leave", "tones"),
    "note",
    *("page", "help", "directory", "after", "join", "line_next", "digits", "export"),
    *("park", "fetch"),
    *("filter", "keep_open", "let_ring", "mute", "hold", "cannot_take"),
)
"""Which keys leave the bar first when not all fit. They go on working, and More has them all."""
GAP: Final = 2
"""Cells between two keys."""
NEVER_SHOWN: Final = ("debug", "ladder", "copy_number", "missed", "tour_next")
"""Wanted seldom: under Help and More."""


class KeyBar(Rows):
    """The keys that work now, in one line. When they do not all fit, those of a call stay."""

    DEFAULT_CSS = """
    KeyBar { height: 1; padding: 0 1; background: $panel; }
    """

    def __init__(self) -> None:
        super().__init__(id="keys")

    def on_click(self, event: events.Click) -> None:
        """A click on a printed key is as good as the key."""
        self.press(event.x - self.gutter.left, event.y - self.gutter.top)

    def show(self, view: View, works: tuple[Action, ...]) -> None:
        """Draw the keys of those actions; of a recording, which moment it is."""
        width = self.content_size.width
        if not width:
            return
        if view.replay:
            self.draw([cut(row((view.replay, "bold $key")), width)])
            return
        hidden = NEVER_SHOWN if view.snapshot.callbacks.open else (*NEVER_SHOWN, "callbacks")
        keys = {
            action.id: _key(view, action)
            for action in works
            if action.key and action.id not in hidden
        }
        wide = {id: width_of(pieces) + GAP for id, pieces in keys.items()}
        own = (id for id in tuple(keys) if id.startswith("own."))
        for id in (*own, *FIRST_TO_GO):
            if sum(wide.values()) - GAP <= width:
                break
            if id in keys:
                del keys[id], wide[id]
        self.draw([cut(_bar(keys.values()), width)])


def _key(view: View, action: Action) -> Row:
    return ((key_name(action.key), "bold $key"), (f" {tr(action.label_of(view))}", ""))


def _bar(keys: Iterable[Row]) -> Row:
    pieces: list[Piece] = []
    for key in keys:
        pieces += [(" " * GAP if pieces else "", ""), *key]
    return tuple(pieces)
