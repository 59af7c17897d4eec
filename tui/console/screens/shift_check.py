"""The check before the shift: each line as it is found, what to do about it, and once more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.console.desk import Desk
from tui.console.i18n import render, tr
from tui.console.lowest_screen import lowest
from tui.console.screens.base import LiveDialog
from tui.console.view import ScreenName, View
from tui.console.widgets.formats import fit
from tui.port.values import Check, Message

if TYPE_CHECKING:
    from tui.port.commands import SignIn

TITLE_CELLS: Final = 13
STATE_CELLS: Final = 6
_STYLES: Final = {"ok": "$good", "warn": "$ring", "fail": "bold $bad"}
_BUSY: Final = ("waiting", "running")


def folded(text: str, cells: int) -> list[str]:
    """The text in lines of so many cells, broken at spaces, else anywhere (Chinese has none)."""
    lines, line = [], ""
    for word in text.split(" "):
        joined = f"{line} {word}" if line else word
        if cell_len(joined) <= cells:
            line = joined
            continue
        if line:
            lines.append(line)
        line = ""
        for character in word:
            if cell_len(line + character) > cells:
                lines.append(line)
                line = ""
            line += character
    return [*lines, line]


class CheckScreen(LiveDialog, ModalScreen[None]):
    """Enter checks again, C copies, Esc closes; what runs goes on meanwhile."""

    MAKES_WAY = True
    """Nobody types here: it goes when a call begins to ring."""
    DEFAULT_CSS = """
    CheckScreen { align: center bottom; background: $background 0%; }
    CheckScreen #box {
        width: 100%; max-width: 110; height: 100%; max-height: 30; padding: 0 1; margin: 2 0 1 0;
        background: $surface; border: solid $key; scrollbar-size-vertical: 1;
    }
    CheckScreen Static { height: auto; }
    CheckScreen #check-head { text-style: bold; color: $strong; margin: 0 0 1 0; }
    CheckScreen #check-foot { color: $dim; margin: 1 0 0 0; }
    """
    BINDINGS = [  # noqa: RUF012
        Binding("escape,q", "dismiss", show=False),
        Binding("c", "copy", show=False),
        Binding("enter", "again", show=False),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._head = Static(id="check-head", markup=False)
        self._lines = Static(id="check-lines", markup=False)
        self._foot = Static(id="check-foot", markup=False)
        self._said: Message | None = None
        self._drawn: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="box"):
            yield self._head
            yield self._lines
            yield self._foot

    def on_mount(self) -> None:
        self.call_after_refresh(self._first)

    def _first(self) -> None:
        self.show(self._desk.view)
        if not self._desk.view.snapshot.checks:
            self.action_again()

    def on_resize(self, event: events.Resize) -> None:
        self._drawn = ()
        self.call_after_refresh(lambda: self.show(self._desk.view))

    def show(self, view: View) -> None:
        checks = view.snapshot.checks
        if (checks, self._said) == self._drawn or not self.is_mounted:
            return
        self._drawn = (checks, self._said)
        self._head.update(_heading(checks))
        self._lines.update(self._content(checks))
        foot = "check.todo_running" if _running(checks) else "check.todo"
        said = "" if self._said is None else render(self._said) + "\n"
        self._foot.update(said + verdict(checks) + tr(foot))

    def _content(self, checks: tuple[Check, ...]) -> Content:
        width = max(20, self._lines.content_size.width or self.app.size.width - 6)
        room = width - TITLE_CELLS - STATE_CELLS - 1
        parts: list[str | tuple[str, str]] = []
        for check in checks:
            said = "" if check.message is None else render(check.message)
            first, *more = folded(said, room)
            now = check.state not in _BUSY or check.state == "running"
            title = fit(tr(f"check.title.{check.id}"), TITLE_CELLS)
            word = fit(tr(f"check.state.{check.state}") if now else "", STATE_CELLS)
            parts += [
                (title, "" if now else "$dim"),
                (word, _STYLES.get(check.state, "$dim")),
                f" {first}\n",
                *(" " * (TITLE_CELLS + STATE_CELLS + 1) + line + "\n" for line in more),
            ]
        return Content.assemble(*parts)

    # ------------------------------------------------------------ keys

    def action_again(self) -> None:
        """Enter: check once more, unless it is under way."""
        if not _running(self._desk.view.snapshot.checks):
            self.run_worker(self._run(), name="check", exclusive=True)

    async def _run(self) -> None:
        from tui.port.commands import RunChecks

        self._said = None
        result = await self._desk.ask(RunChecks(self._typed(), self._server()))
        if not result.ok and result.message is not None and result.message.id != "check.failed":
            self._said = result.message
        self.show(self._desk.view)

    def _typed(self) -> SignIn | None:
        """What stands in the sign-in form, where nobody is signed in yet."""
        from tui.console.screens.sign_in import SignInScreen

        form = lowest(self.app, SignInScreen)
        signing = self._desk.view.screen is ScreenName.SIGN_IN
        return form.typed() if signing and form is not None else None

    def _server(self) -> str:
        """The PulseAudio that the form says is to carry the voice."""
        from tui.console.screens.sign_in import SignInScreen

        form = lowest(self.app, SignInScreen)
        return form.carrier if form is not None else ""

    def action_copy(self) -> None:
        """C: all of it as text."""
        checks = self._desk.view.snapshot.checks
        lines = [
            f"{check.id} {check.state} {'' if check.message is None else render(check.message)}"
            for check in checks
        ]
        self.app.copy_to_clipboard("\n".join(lines))
        self._head.update(f"{_heading(checks)}   ({tr('copied')})")


def _running(checks: tuple[Check, ...]) -> bool:
    return any(check.state in _BUSY for check in checks)


def _heading(checks: tuple[Check, ...]) -> str:
    if not _running(checks):
        return tr("check.heading")
    done = sum(check.state not in _BUSY for check in checks)
    return tr("check.heading_running", done=done, n=len(checks))


def verdict(checks: tuple[Check, ...]) -> str:
    """All of it in one line, once it is over."""
    if _running(checks):
        return ""
    if not checks:
        return tr("check.none_yet") + "\n"
    failed = sum(check.state == "fail" for check in checks)
    warned = sum(check.state == "warn" for check in checks)
    if failed:
        return tr("check.with_failures", n=failed) + "\n"
    said = tr("check.with_warnings", n=warned) if warned else tr("check.all_ok")
    return said + "\n"
