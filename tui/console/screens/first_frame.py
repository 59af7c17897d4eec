"""The first frame: what the first screen will look like, drawn in one piece.

A form of a dozen widgets takes Textual 80 ms to build, as long as everything else together; a
screen that draws itself takes none. So the eye gets this at once, and the form takes its place as
soon as it is built. Keys that come in between are kept for it (`console.keys.early_keys`).
"""

from __future__ import annotations

from textual.content import Content
from textual.screen import Screen

from tui.console.i18n import tr
from tui.console.sign_in_defaults import SignInPrefill
from tui.console.view import ScreenName
from tui.console.widgets.formats import fit
from tui.console.widgets.rows import Row, row, two_sided

LABEL_CELLS = 16


class FirstScreen(Screen[None]):
    """Shown until the real first screen is built. It draws itself, and has no rules of its own: a
    child, and a style sheet to read, would be a tenth of the time."""

    AUTO_FOCUS = ""

    def __init__(self, place: ScreenName, prefill: SignInPrefill, *, sandbox: bool) -> None:
        super().__init__()
        self._place, self._prefill, self._sandbox = place, prefill, sandbox

    def render(self) -> Content:
        width = max(0, self.size.width - 2)
        right = row((tr("signin.sandbox"), "bold $ring")) if self._sandbox else ()
        rows = [two_sided(row(("yimi", "bold $key")), right, width)]
        if self._place is ScreenName.SIGN_IN:
            rows += self._form()
        return Content("\n").join(Content.assemble(" ", *pieces) for pieces in rows)

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
