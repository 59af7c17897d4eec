"""The first frame: what the first screen will look like, drawn in one piece.

A form of a dozen widgets takes Textual 80 ms to build, as long as everything else together; one
widget takes none. So the eye gets this at once, and the form takes its place as soon as it is
built. Keys that come in between are kept for it.
"""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.content import Content
from textual.screen import Screen

from tui.actions import Place
from tui.i18n import tr
from tui.prefill import SignInPrefill
from tui.widgets.rows import Row, Rows, row, two_sided
from tui.widgets.words import fit

LABEL_CELLS = 16


class Sketch(Rows):
    """The whole screen as rows."""

    DEFAULT_CSS = "Sketch { height: 1fr; padding: 0 1; }"

    def __init__(self, place: Place, prefill: SignInPrefill, *, sandbox: bool) -> None:
        super().__init__()
        self._place, self._prefill, self._sandbox = place, prefill, sandbox

    def render(self) -> Content:
        # Not by draw(): that would be one repaint later, behind the building of the form.
        width = self.content_size.width
        right = row((tr("signin.sandbox"), "bold $ring")) if self._sandbox else ()
        rows = [two_sided(row(("yimi", "bold $key")), right, width)]
        if self._place is Place.SIGN_IN:
            rows += self._form()
        return Content("\n").join(Content.assemble(*pieces) for pieces in rows)

    def _form(self) -> list[Row]:
        values = (
            ("field.extension", self._prefill.un),
            ("field.password", "•" * len(self._prefill.pwd.reveal())),
            ("field.switchnumber", self._prefill.switchnumber),
            ("field.voice", ""),
            ("field.phone", self._prefill.number),
            ("field.more", ""),
        )
        fields = [row(f"  {fit(tr(label), LABEL_CELLS)} {value}") for label, value in values]
        return [(), row(("  " + tr("signin.title"), "bold $strong")), (), *fields]


class FirstScreen(Screen[None]):
    """Shown until the real first screen is built."""

    AUTO_FOCUS = ""
    DEFAULT_CSS = "FirstScreen { background: $background; color: $foreground; }"

    def __init__(self, place: Place, prefill: SignInPrefill, *, sandbox: bool) -> None:
        super().__init__()
        self._sketch = Sketch(place, prefill, sandbox=sandbox)
        self.early: list[events.Key] = []
        """Keys that came before there was anything to take them."""

    def compose(self) -> ComposeResult:
        yield self._sketch

    def on_key(self, event: events.Key) -> None:
        self.early.append(event)
