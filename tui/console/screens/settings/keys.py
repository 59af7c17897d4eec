"""Changing keys: choose an action, press the key it is to have."""

from __future__ import annotations

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tui.console.actions.action import Action, key_name
from tui.console.actions.keymap import check, remapped, trouble
from tui.console.desk import Desk
from tui.console.i18n import render, tr
from tui.console.widgets.formats import fit
from tui.console.widgets.rows import Rows, row
from tui.port.values import Message, message


class KeysScreen(ModalScreen[dict[str, tuple[str, ...]] | None]):
    """Its result are the keys that were changed, by action."""

    DEFAULT_CSS = """
    KeysScreen { align: center bottom; background: $background 0%; }
    KeysScreen #box {
        width: 76; max-width: 100%; height: 15; padding: 0 2; margin: 0 0 1 0;
        background: $surface; border: solid $key;
    }
    KeysScreen OptionList, KeysScreen OptionList:focus {
        height: 1fr; border: none; background: $surface; padding: 0;
        background-tint: $foreground 0%; scrollbar-size-vertical: 1;
    }
    KeysScreen #keys-said { height: 2; text-wrap: wrap; }
    """
    BINDINGS = [Binding("escape", "way_out", show=False)]  # noqa: RUF012

    def __init__(self, desk: Desk, keys: dict[str, tuple[str, ...]]) -> None:
        super().__init__()
        self._desk = desk
        self._keys = keys
        self._changed: dict[str, tuple[str, ...]] = {}
        self._awaiting = ""
        """The action that the next key is for."""
        self.title_row = Rows()
        self.list = OptionList(markup=False)
        self.said = Rows(id="keys-said")

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield self.title_row
            yield self.list
            yield self.said

    def on_mount(self) -> None:
        self.title_row.draw([row((tr("keys.title"), "bold $strong"))])
        self._fill()
        self._say(message("keys.todo"), "$dim")
        self.list.focus()

    def _actions(self) -> list[Action]:
        good = check({**self._keys, **self._changed})[0]
        return [action for action in remapped(good) if action.bound]

    def _fill(self) -> None:
        at = self.list.highlighted or 0
        self.list.clear_options()
        for action in self._actions():
            keys = "  ".join(key_name(key) for key in (action.key, action.alias) if key)
            line = Content.assemble((fit(keys, 14), "bold $key"), tr(f"help.{action.id}"))
            self.list.add_option(Option(line, id=action.id))
        self.list.highlighted = at

    def _say(self, sentence: Message, style: str) -> None:
        self.said.draw([row((render(sentence), style))])
        self.said.refresh()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self._awaiting = event.option.id or ""
        # From here on the next key is only looked at, whatever it does elsewhere.
        self._desk.catch_key(self._caught)
        self._say(message("keys.now"), "$ring")

    def _caught(self, event: events.Key) -> None:
        id, key = self._awaiting, event.key
        if key == "escape":
            self._say(message("keys.todo"), "$dim")
            return
        wrong = trouble(id, key)
        if wrong is None:
            alias = next((a.alias for a in self._actions() if a.id == id and a.alias != key), "")
            keys = (key, alias) if alias else (key,)
            _, said = check({**self._keys, **self._changed, id: keys})
            wrong = said[0] if said else None
            if wrong is None:
                self._changed[id] = keys
                self._fill()
        if wrong is None:
            self._say(message("keys.changed", key=key_name(key)), "$good")
        else:
            self._say(wrong, "$bad")

    def action_way_out(self) -> None:
        """Esc: back to the settings, which save it."""
        self._desk.catch_key(None)
        self.dismiss(self._changed)
