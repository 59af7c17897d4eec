"""What is typed or chosen in a form: one line each, label on the left."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.geometry import Offset
from textual.message import Message as TextualMessage
from textual.reactive import reactive
from textual.widgets import Input

from tui.console.i18n import tr
from tui.console.widgets.glyphs import glyphs
from tui.console.widgets.laid_out import when_laid_out
from tui.console.widgets.rows import Row, Rows, row

LABEL_CELLS = 16
WIDE_SPACE = "\u3000"
"""The space of Chinese text."""


class Label(Rows):
    """The name of a field."""

    DEFAULT_CSS = f"Label {{ width: {LABEL_CELLS}; }}"

    def __init__(self, label_id: str) -> None:
        super().__init__()
        self._label_id = label_id

    def on_mount(self) -> None:
        self.mark("")

    def retranslate(self) -> None:
        """The language has changed."""
        self.mark("")

    def rename(self, label_id: str) -> None:
        """Another name."""
        self._label_id = label_id
        self.mark("")

    def mark(self, style: str) -> None:
        """Draw the label; dim while its field has nothing to say."""
        self.draw([row((tr(self._label_id), style))] if self._label_id else [])


class TextInput(Input):
    """An Input of one line whose cursor stands still (a blinking one costs 2.5 kB/s)."""

    DEFAULT_CSS = """
    TextInput, TextInput.-textual-compact {
        background: $field; color: $field-text; padding: 0 1; height: 1; border: none;
    }
    TextInput:focus, TextInput.-textual-compact:focus {
        background: $field-focus; background-tint: $foreground 0%; border: none;
    }
    TextInput:disabled { background: $background; color: $dim; }
    TextInput:ansi { background: $field; color: $field-text; }
    TextInput:ansi:focus { background: $field-focus; }
    """

    def __init__(self, value: str = "", *, password: bool = False, joins: bool = False) -> None:
        super().__init__(value, password=password, compact=True, select_on_focus=False)
        self.cursor_blink = False
        self._joins = joins
        """Several lines that are pasted become one; else the first counts."""

    async def _on_key(self, event: events.Key) -> None:
        # Python takes the space of Chinese text for no printable character, and Textual with it.
        if event.character == WIDE_SPACE:
            event.stop()
            event.prevent_default()
            self.replace(WIDE_SPACE, *self.selection)
            return
        await super()._on_key(event)

    def _on_paste(self, event: events.Paste) -> None:
        """The first line that holds something; Textual's takes the first, which may be empty."""
        event.stop()
        event.prevent_default()  # Textual would call its own as well
        text = in_one_line(event.text, joins=self._joins)
        if self.max_length:  # as much as there is room for, and a bell; Textual takes none of it
            room = self.max_length - len(self.value) + len(self.selected_text)
            if len(text) > room:
                text = text[: max(0, room)]
                self.app.bell()
        self.replace(text, *self.selection)


def in_one_line(text: str, *, joins: bool = True) -> str:
    """What was pasted, as a field of one line takes it: its lines joined, or the first."""
    lines = [line for line in text.splitlines() if line.strip()]
    return " ".join(lines if joins else lines[:1])


class Field(Horizontal):
    """A label, a line to type in, and a word about what is wrong with it."""

    DEFAULT_CSS = """
    Field { height: 1; }
    Field TextInput { width: 34; }
    Field.-long TextInput { width: 46; }
    Field Complaint { width: 1fr; padding: 0 0 0 2; }
    """

    def __init__(
        self,
        label: str,
        value: str = "",
        *,
        password: bool = False,
        joins: bool = False,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._label = Label(label)
        self._first, self._password, self._joins = value, password, joins
        self._built = self._wants_focus = False
        self.input: TextInput
        """There once the field is composed: an Input cannot be made before there is a screen."""
        self._complaint = Complaint()
        self.complaint = ""

    def compose(self) -> ComposeResult:
        self.input = TextInput(self._first, password=self._password, joins=self._joins)
        self._built = True
        yield self._label
        yield self.input
        yield self._complaint

    @property
    def value(self) -> str:
        # Before it is composed too: a screen may be asked as soon as it is pushed.
        return self.input.value if self._built else self._first

    @value.setter
    def value(self, value: str) -> None:
        if self._built:
            self.input.value = value
        else:
            self._first = value

    def relabel(self, label: str) -> None:
        """Another name for the field, by its message id."""
        self._label.rename(label)

    def complain(self, sentence: str) -> None:
        """Say what is wrong beside the field; "" takes it back."""
        self.complaint = sentence
        self._complaint.draw([row((sentence, "$bad"))] if sentence else [])

    def on_mount(self) -> None:
        if self._wants_focus:
            self.input.focus()

    def focus_input(self) -> None:
        if self._built:
            self.input.focus()
        else:
            self._wants_focus = True


class Complaint(Rows):
    """What is wrong with a field."""


class Choice(Rows, can_focus=True):
    """One of a few, on one line: Left, Right and Space choose."""

    DEFAULT_CSS = """
    Choice { width: 1fr; padding: 0 1; }
    Choice:focus { background: $field-focus; }
    Choice:ansi:focus { text-style: reverse; }
    """

    selected: reactive[int] = reactive(0, init=False)

    class Changed(TextualMessage):
        """Another one was chosen."""

        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

        @property
        def control(self) -> Choice:
            return self.choice

    def __init__(
        self,
        options: Sequence[str],
        selected: int = 0,
        *,
        id: str | None = None,
        one_shown: bool = False,
    ) -> None:
        """`one_shown`: of many, only the chosen one is shown, and how many there are."""
        super().__init__(id=id)
        self._one_shown = one_shown
        self.options = tuple(options)
        """What is shown for each; plain text."""
        self.set_reactive(Choice.selected, selected)

    def on_mount(self) -> None:
        self._show()
        when_laid_out(self, self._show)

    def relabel(self, options: Sequence[str]) -> None:
        """Other words for the same choice."""
        self.options = tuple(options)
        self._show()

    @property
    def _one_at_a_time(self) -> bool:
        """One is shown, and how many there are: as it is wanted, or because not all fit."""
        width = self.content_size.width
        every = sum(cell_len(f"{glyphs().chosen} {option}") + 3 for option in self.options) - 3
        return self._one_shown or 0 < width < every

    def _show(self) -> None:
        if self._one_at_a_time:
            self._show_one()
            return
        pieces: list[tuple[str, str]] = []
        for index, option in enumerate(self.options):
            chosen = index == self.selected
            mark = glyphs().chosen if chosen else glyphs().other
            pieces.append((f"{mark} {option}", "$strong" if chosen else "$dim"))
            pieces.append(("   ", ""))
        self.draw([tuple(pieces[:-1])])

    def cursor_place(self) -> Offset:
        """The one that is chosen."""
        mark = f"{glyphs().into} " if self._one_at_a_time else f"{glyphs().chosen} "
        return self.place_of(mark) or self.content_region.offset

    def on_click(self, event: events.Click) -> None:
        """A click on one chooses it; where one is shown, the next."""
        if self._one_at_a_time:
            self.selected = (self.selected + 1) % max(1, len(self.options))
            return
        end = 0
        for index, option in enumerate(self.options):
            end += cell_len(f"{glyphs().other} {option}") + 3
            if event.x - self.gutter.left < end:
                self.selected = index
                return

    def _show_one(self) -> None:
        if not self.options:
            return
        chosen = (self.options[self.selected], "$strong")
        place = f"   {self.selected + 1}/{len(self.options)}"
        sign = glyphs()
        self.draw(
            [row((f"{sign.into} ", "$key"), chosen, (f" {sign.out}", "$key"), (place, "$dim"))]
        )

    def watch_selected(self) -> None:
        self._show()
        self.post_message(self.Changed(self))

    def on_key(self, event: events.Key) -> None:
        step = {"left": -1, "right": 1, "space": 1}.get(event.key)
        if step is not None and self.options:
            event.stop()
            self.selected = (self.selected + step) % len(self.options)


class Tick(Rows, can_focus=True):
    """A box to tick: Space does."""

    DEFAULT_CSS = """
    Tick { width: 1fr; padding: 0 1; }
    Tick:focus { background: $field-focus; }
    Tick:ansi:focus { text-style: reverse; }
    """

    ticked: reactive[bool] = reactive(False, init=False)

    def __init__(self, text_id: str, ticked: bool = False, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._text_id = text_id
        self.set_reactive(Tick.ticked, ticked)

    def on_mount(self) -> None:
        self.watch_ticked()

    def retranslate(self) -> None:
        """The language has changed."""
        self.watch_ticked()

    def watch_ticked(self) -> None:
        mark = "[x]" if self.ticked else "[ ]"
        self.draw([row((f"{mark} ", "$strong"), tr(self._text_id))])

    def on_click(self) -> None:
        self.ticked = not self.ticked

    def on_key(self, event: events.Key) -> None:
        if event.key == "space":
            event.stop()
            self.ticked = not self.ticked


class Fold(Rows, can_focus=True):
    """A line that opens more lines: Space or Enter does."""

    DEFAULT_CSS = """
    Fold { width: 1fr; padding: 0 1; }
    Fold:focus { background: $field-focus; }
    Fold:ansi:focus { text-style: reverse; }
    """

    opened: reactive[bool] = reactive(False, init=False)

    class Toggled(TextualMessage):
        """Opened or closed."""

    summary = ""

    def on_mount(self) -> None:
        self.tell(self.summary)

    def tell(self, summary: str) -> None:
        """What stands beside the mark."""
        self.summary = summary
        self.draw([self._row()])

    def _row(self) -> Row:
        return row(
            ((glyphs().opened if self.opened else glyphs().folded) + " ", "$key"),
            (self.summary, "$dim"),
        )

    def watch_opened(self) -> None:
        self.draw([self._row()])
        self.post_message(self.Toggled())

    def on_click(self) -> None:
        self.opened = not self.opened

    def on_key(self, event: events.Key) -> None:
        if event.key in ("space", "enter"):
            event.stop()
            self.opened = not self.opened
