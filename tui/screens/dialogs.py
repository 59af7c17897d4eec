"""Dialogs. They stand in the lower half: the heading and a call stay in sight above them."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.actions import View, key_name, registry, with_keys
from tui.day import shift_figures
from tui.engine.state import CallState, Message, Snapshot, message
from tui.i18n import render, tr

_CSS = """
Dialog { align: center bottom; background: $background 0%; }
Dialog #box {
    width: 72; max-width: 100%; height: auto; max-height: 100%; padding: 1 2; margin: 0 0 2 0;
    background: $surface; border: solid $key;
}
Dialog Static { height: auto; }
Dialog .title { text-style: bold; color: $strong; margin: 0 0 1 0; }
Dialog .todo { color: $dim; margin: 1 0 0 0; }
Dialog OptionList, Dialog OptionList:focus {
    height: auto; max-height: 8; border: none; background: $surface; padding: 0;
    margin: 1 0 0 0; background-tint: $foreground 0%;
}
"""


class Dialog(ModalScreen[str]):
    """A title, what happened, what to do, and a few ways out; its result is the id of one. Esc
    takes the one that changes nothing; C copies the text (OSC 52)."""

    DEFAULT_CSS = _CSS
    BINDINGS = [  # noqa: RUF012
        Binding("escape", "way_out", show=False),
        Binding("c", "copy", show=False),
    ]

    def __init__(
        self,
        title: str,
        what: Sequence[Message],
        todo: str,
        ways: Sequence[tuple[str, str]],
        harmless: str,
        marked: str = "",
    ) -> None:
        """`harmless` is the way that changes nothing; `marked` is under the cursor at first, the
        harmless one when it is ""."""
        super().__init__()
        self._marked = marked or harmless
        self._title_id, self._what, self._todo_id = title, tuple(what), todo
        self._ways = tuple(ways)
        self._harmless = harmless

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Static(tr(self._title_id), classes="title", markup=False)
            for sentence in self._what:
                yield Static(render(sentence), markup=False)
            if self._todo_id:
                yield Static(tr(self._todo_id), classes="todo", markup=False)
            yield OptionList(
                *(
                    Option(Content.assemble(" ", self.words(label)), id=id)
                    for id, label in self._ways
                ),
                markup=False,
            )

    def words(self, label: str) -> str:
        """What stands on a way out."""
        return tr(label)

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        options.highlighted = next(
            (index for index, (id, _) in enumerate(self._ways) if id == self._marked), 0
        )
        options.focus()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option.id or self._harmless)

    def action_way_out(self) -> None:
        """Esc."""
        self.dismiss(self._harmless)

    def action_copy(self) -> None:
        """C: title, what happened and what to do."""
        parts = [tr(self._title_id), *(render(sentence) for sentence in self._what)]
        self.app.copy_to_clipboard(
            "\n".join([*parts, *([tr(self._todo_id)] * bool(self._todo_id))])
        )
        self.query_one(".title", Static).update(f"{tr(self._title_id)}   ({tr('copied')})")


def failure_dialog(failure: Message) -> Dialog:
    """The last failure: what happened, what to do, and its id for whoever helps."""
    id = f"todo.{failure.id}"
    todo = id if tr(id) != id else "todo.any"
    what = [with_keys(failure), message("failure.id", name=failure.id)]
    return Dialog("failure.title", what, todo, (("close", "failure.close"),), "close")


class HelpScreen(ModalScreen[None]):
    """Every action with its keys; those that work now stand out."""

    MAKES_WAY = True
    """Nobody types here: it goes when a call begins to ring."""
    DEFAULT_CSS = """
    HelpScreen { align: center bottom; background: $background 0%; }
    HelpScreen #box {
        width: 72; max-width: 100%; height: auto; max-height: 20; padding: 0 2;
        margin: 0 0 1 0; background: $surface; border: solid $key; scrollbar-size-vertical: 1;
    }
    HelpScreen Static { height: auto; }
    """
    BINDINGS = [Binding("escape,q,f1", "dismiss", show=False)]  # noqa: RUF012

    def __init__(self, view: View) -> None:
        super().__init__()
        self._view = view

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="box"):
            yield Static(self._content(), markup=False)

    def _content(self) -> Content:
        parts: list[str | tuple[str, str]] = [(tr("help.title") + "\n\n", "bold $strong")]
        for action in registry():
            now = action.available(self._view)
            keys = key_name(action.key)
            if action.alias:
                keys += f"  {key_name(action.alias)}"
            parts.append((f"{keys:<10}", "bold $key" if now else "$dim"))
            parts.append((tr(f"help.{action.id}") + "\n", "" if now else "$dim"))
        parts.append(("\n" + tr("help.foot"), "$dim"))
        return Content.assemble(*parts)


def leave_dialog(view: View) -> Dialog:
    """Ctrl+Q on the console: sign out, leave, or stay."""
    call = view.snapshot.call
    what = message("leave.what")
    if call is not None and call.live:
        ringing = call.state is CallState.RINGING
        what = message("leave.what_ringing" if ringing else "leave.what_call")
    ways = (("stay", "leave.stay"), ("leave", "leave.leave"), ("sign-out", "leave.sign_out"))
    said = [what]
    if view.snapshot.shift.talked or view.snapshot.shift.missed:
        said.append(shift_figures(view.snapshot))
    return Dialog("leave.title", said, "leave.todo", ways, "stay")


def kicked_dialog(snapshot: Snapshot) -> Dialog:
    """The platform signed the agent out: why, and what to do."""
    failure = snapshot.failure
    if failure is None and snapshot.notice is not None:
        failure = snapshot.notice.message
    ways = (("sign-in", "kicked.sign_in"), ("quit", "kicked.quit"))
    what = [failure or message("kicked.unknown", code="")]
    return Dialog("kicked.title", what, "kicked.todo", ways, "sign-in")
