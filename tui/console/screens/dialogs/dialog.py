"""Dialogs. They stand in the lower half: the heading and a call stay in sight above them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tui.console.actions.registry import with_keys
from tui.console.i18n import render, tr
from tui.console.widgets.formats import Clocks
from tui.console.widgets.room import SHORT
from tui.console.widgets.rows import Rows, cut, folded, row
from tui.platform.codes import KICKED_ADVICE
from tui.port.snapshot import Snapshot
from tui.port.values import Message, message

MOST_CELLS: Final = 72
"""Cells of a dialog where the terminal has as many."""
HEADING: Final = 2
"""Rows on top that a dialog never covers: the state, MUTED, on hold."""

_CSS = f"""
ChoiceDialog {{ align: center bottom; background: $background 0%; }}
ChoiceDialog #box {{
    width: {MOST_CELLS}; max-width: 100%; height: auto; max-height: 100%; padding: 1 2;
    margin: {HEADING} 0 2 0; background: $surface; border: solid $key;
}}
ChoiceDialog .title {{ text-style: bold; color: $strong; margin: 0 0 1 0; }}
ChoiceDialog #what {{ height: auto; }}
ChoiceDialog .todo {{ color: $dim; margin: 1 0 0 0; height: auto; }}
ChoiceDialog OptionList, ChoiceDialog OptionList:focus {{
    height: auto; max-height: 100%; border: none; background: $surface; padding: 0;
    margin: 1 0 0 0; background-tint: $foreground 0%;
}}
ChoiceDialog.-short #box {{ padding: 0 1; margin: {HEADING} 0 0 0; border: none; }}
ChoiceDialog.-short .title, ChoiceDialog.-short .todo {{ margin: 0; }}
ChoiceDialog.-short OptionList, ChoiceDialog.-short OptionList:focus {{ margin: 0; }}
"""


DEAF: Final = 0.6
"""Seconds without a key after which a dialog that came by itself takes one: whoever typed on had
not read what is asked."""


def numbered(number: int, words: str) -> Content:
    """A way out in a marked list: the digit that takes it, if there is one, and what it does."""
    return Content.assemble(f" {number or ' '} ", words)


def by_esc(words: str) -> str:
    """The words of the way out that Esc takes, wherever it stands."""
    return tr("way.esc", words=words)


class ChoiceDialog(ModalScreen[str]):
    """A title, what happened, what to do, and a few ways out; its result is the id of one. Esc
    takes the one that changes nothing, which is marked first; a digit takes one of the others; C
    copies the text (OSC 52). Where there is little room, what to do goes first, then what happened
    is cut; the ways out never go."""

    NUMBERED: ClassVar = True
    """The ways get their digits here; else their words have them, and `on_key` takes them."""

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
        *,
        clocks: Clocks | None = None,
    ) -> None:
        """`harmless` is the way that changes nothing, and is marked first unless another that can
        be taken back is. A dialog that comes by itself has `clocks`, and takes no key that was on
        its way."""
        super().__init__()
        self._marked = marked or harmless
        self._clocks = clocks
        self._last_key = 0.0 if clocks is None else clocks.monotonic()
        self._title_id, self._what, self._todo_id = title, tuple(what), todo
        self._ways = tuple(ways)
        self._harmless = harmless
        self._digits = [id for id, _ in ways if id != harmless]
        # Held, not looked for: a dialog may be asked before it is composed.
        self._heading = Rows(classes="title")
        self._said, self._todo = Rows(id="what"), Rows(classes="todo")
        self.options = OptionList(
            *(Option(self.way_out(id, label), id=id) for id, label in ways),
            markup=False,
        )

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield self._heading
            yield self._said
            yield self._todo
            yield self.options

    def way_out(self, id: str, label: str) -> Content:
        """A way as it stands in the list: its digit, its words, Esc."""
        return numbered(self._digit(id), self._words_of(id, label))

    def _words_of(self, id: str, label: str) -> str:
        words = self.words(label)
        return by_esc(words) if id == self._harmless else words

    def _digit(self, way: str) -> int:
        if not self.NUMBERED:
            return 0
        return self._digits.index(way) + 1 if way in self._digits else 0

    def on_resize(self) -> None:
        self._fit()

    def _fit(self) -> None:
        """Part the rows among the sentences and the ways out."""
        width, height = self.app.size
        short = height < SHORT
        self.set_class(short, "-short")
        # Border and padding at both sides.
        cells = min(width, MOST_CELLS) - (2 if short else 6)
        around = 1 if short else 2 + 2 + 2 + 2 + 1  # the title; else all that is blank as well
        ways = [f" 0 {self._words_of(id, label)}" for id, label in self._ways]
        choices = sum(len(folded(row(way), cells)) for way in ways)
        room = height - HEADING - around - choices
        said = [line for sentence in self._what for line in folded(row(render(sentence)), cells)]
        todo = folded(row(tr(self._todo_id)), cells) if self._todo_id else []
        if len(said) + len(todo) + (not short) > room:
            todo = []
        if len(said) > room:
            rest = tuple(piece for each in said[max(0, room - 1) :] for piece in (*each, (" ", "")))
            said = [*said[: max(0, room - 1)], cut(rest, cells)] if room > 0 else []
        self._heading.draw([row(tr(self._title_id))])
        for part, lines in ((self._said, said), (self._todo, todo)):
            part.display = bool(lines)
            part.styles.height = len(lines)
            part.draw(lines)

    def words(self, label: str) -> str:
        """What stands on a way out."""
        return tr(label)

    def on_mount(self) -> None:
        self._fit()
        options = self.options
        options.highlighted = next(
            (index for index, (id, _) in enumerate(self._ways) if id == self._marked), 0
        )
        options.focus()

    def _too_soon(self) -> bool:
        if self._clocks is None:
            return False
        before, self._last_key = self._last_key, self._clocks.monotonic()
        return self._last_key - before < DEAF

    def on_key(self, event: events.Key) -> None:
        """Digits choose. Letters are nothing here, but somebody may be typing them."""
        if event.is_printable and self._too_soon():
            event.stop()
            return
        digit = event.character or ""
        if digit.isascii() and digit.isdecimal() and 0 < int(digit) <= len(self._digits):
            event.stop()
            self.dismiss(self._digits[int(digit) - 1])

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        if not self._too_soon():
            self.dismiss(event.option.id or self._harmless)

    def action_way_out(self) -> None:
        """Esc."""
        if not self._too_soon():
            self.dismiss(self._harmless)

    def action_copy(self) -> None:
        """C: title, what happened and what to do."""
        parts = [tr(self._title_id), *(render(sentence) for sentence in self._what)]
        self.app.copy_to_clipboard(
            "\n".join([*parts, *([tr(self._todo_id)] * bool(self._todo_id))])
        )
        self._heading.draw([row(f"{tr(self._title_id)}   ({tr('copied')})")])


def failure_dialog(failure: Message) -> ChoiceDialog:
    """The last failure: what happened, what to do, and its id for whoever helps."""
    id = f"todo.{failure.id}"
    todo = id if tr(id) != id else "todo.any"
    what = [with_keys(failure), message("failure.id", name=failure.id)]
    return ChoiceDialog("failure.title", what, todo, (("close", "failure.close"),), "close")


def kicked_dialog(snapshot: Snapshot, clocks: Clocks, *, kiosk: bool = False) -> ChoiceDialog:
    """The platform signed the agent out: why, and what to do. At a `kiosk` the next comes."""
    failure = snapshot.failure
    if failure is None and snapshot.notice is not None:
        failure = snapshot.notice.message
    ways = [("sign-in", "kicked.sign_in"), ("quit", "kicked.quit")]
    if kiosk:
        del ways[1]
    why = failure or message("kicked.unknown", code="")
    todo = KICKED_ADVICE.get(why.id, "kicked.todo")
    return ChoiceDialog("kicked.title", [why], todo, tuple(ways), "sign-in", clocks=clocks)
