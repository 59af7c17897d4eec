"""What to say in a call: the script of its group, beside the call where there is room, as a page
of its own where there is none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.console.desk import Desk
from tui.console.i18n import tr
from tui.console.view import View
from tui.console.widgets.formats import spaced
from tui.console.widgets.glyphs import glyphs
from tui.console.widgets.markdown import escaped, rendered
from tui.text import clean_text

MOST_BYTES: Final = 200_000
_PLACE: Final = re.compile(r"\{(number|name|group|agent)\}")


def file_for(view: View, scripts: Mapping[str, str]) -> str:
    """The script of the call that is there, or is written up; "" when there is none."""
    snapshot = view.snapshot
    call, account = snapshot.call, snapshot.account
    live = call is not None and call.live
    if not scripts or account is None or not (live or snapshot.wrapup is not None):
        return ""
    named = call.group if call is not None and live else ""
    for name in (named, account.group, account.gid, "*"):
        if name and name in scripts:
            return scripts[name]
    return ""


def text_of(view: View, file: str) -> str:
    """The script with the call's values in it; a sentence where it cannot be read."""
    path = Path(file)
    try:
        if not path.is_file():
            return tr("script.no_file", file=path.name)
        with path.open("rb") as source:
            text = source.read(MOST_BYTES).decode("utf-8-sig", "replace")
    except OSError as error:
        return tr("script.unreadable", file=path.name, why=error.strerror or "?")
    values = _values(view)
    lines = (clean_text(line, 1000) if line.strip() else "" for line in text.splitlines())
    indents = (len(line) - len(line.lstrip(" ")) for line in text.splitlines())
    shown = "\n".join(" " * deep + line for deep, line in zip(indents, lines, strict=True))
    return _PLACE.sub(lambda found: escaped(values[found[1]]), shown)


def _values(view: View) -> dict[str, str]:
    snapshot = view.snapshot
    call, account, wrapup = snapshot.call, snapshot.account, snapshot.wrapup
    number = wrapup.number if wrapup is not None else ""
    number = call.number if call is not None else number
    name = (call.known or call.name) if call is not None else ""
    group = account.group if account is not None else ""
    return {
        "number": spaced(number),
        "name": name,
        "group": call.group or group if call is not None else group,
        "agent": account.displayname if account is not None else "",
    }


def content_of(view: View, file: str) -> Content:
    """The script as it is shown."""
    return rendered(text_of(view, file), ascii_signs=glyphs().full == "#")


class ScriptPane(VerticalScroll, can_focus=True):
    """Beside the call, in a wide terminal. The file is read once for each call."""

    DEFAULT_CSS = """
    ScriptPane {
        display: none; width: 1fr; height: 100%; padding: 0 2; border-top: solid $rule;
        scrollbar-size-vertical: 1;
    }
    ScriptPane Static { height: auto; }
    """

    def __init__(self) -> None:
        super().__init__(id="script")
        self._text = Static(markup=False)
        self._shown: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        yield self._text

    def show(self, view: View, file: str) -> bool:
        """Show the script in that file; whether there is one."""
        drawn = (file, tuple(sorted(_values(view).items()))) if file else ()
        if drawn != self._shown:
            self._shown = drawn
            self.styles.display = "block" if file else "none"
            if file:
                self._text.update(content_of(view, file))
                self.scroll_home(animate=False)
        return bool(file)


class ScriptScreen(ModalScreen[None]):
    """As a page of its own; arrows scroll, Esc closes."""

    DEFAULT_CSS = """
    ScriptScreen { align: center bottom; background: $background 0%; }
    ScriptScreen #box {
        width: 72; max-width: 100%; height: auto; max-height: 100%; padding: 0 1;
        margin: 2 0 1 0; background: $surface; border: solid $key; scrollbar-size-vertical: 1;
    }
    ScriptScreen Static { height: auto; }
    """
    BINDINGS = [Binding("escape,q", "dismiss", show=False)]  # noqa: RUF012

    def __init__(self, desk: Desk, file: str) -> None:
        super().__init__()
        self._content = content_of(desk.view, file)
        self._box = VerticalScroll(id="box")

    def compose(self) -> ComposeResult:
        with self._box:
            yield Static(self._content, markup=False)

    def on_mount(self) -> None:
        self._box.focus()
