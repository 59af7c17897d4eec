"""What the app does for the actions of an agent's day: history, export, settings, log page.

Functions on the app, by the id of their action; `YimiApp.do` looks here when it has no method of
its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from tui.engine.commands import Dial, ExportHistory, GetHistory, Result
from tui.engine.state import HistoryEntry, HistoryPage, Message, Snapshot, message
from tui.widgets.words import duration, spaced

if TYPE_CHECKING:
    from tui.app import YimiApp
    from tui.config import Config


def shift_figures(snapshot: Snapshot) -> Message:
    """The figures of the shift in one sentence."""
    shift = snapshot.shift
    return message(
        "shift.figures",
        answered=shift.talked,
        missed=shift.missed,
        talk=duration(shift.talk_time),
        longest=duration(shift.longest),
    )


# ---------------------------------------------------------------- the history


def toggle_history(app: YimiApp) -> None:
    """F10: open the history, or close it."""
    app.change(history=not app.view.history, directory=False)


def load_history(app: YimiApp, command: GetHistory) -> None:
    """Ask for a page; the pane takes it when it is there."""
    app.run_worker(_load_history(app, command), name="history", exclusive=True, group="history")


async def _load_history(app: YimiApp, command: GetHistory) -> None:
    from tui.screens.console import ConsoleScreen

    result = await app.ask(command)
    screen = app.screen_stack[0]
    if isinstance(screen, ConsoleScreen):
        page = result.value if isinstance(result.value, HistoryPage) else None
        screen.history.fill(command, page, None if result.ok else result.message)


def redial(app: YimiApp, entry: HistoryEntry) -> None:
    """Ask, then call that number again."""
    from tui.screens.dialogs import Dialog

    if not entry.number or "•" in entry.number:
        # A masked number cannot be called: what is hidden is not known here.
        app.change(notice=message("history.masked" if entry.number else "history.no_number"))
        return
    if app.view.snapshot.call is not None and app.view.snapshot.call.live:
        app.change(notice=message("history.in_call"))
        return
    what = message("history.redial", number=spaced(entry.number))
    ways = (("call", "action.call"), ("stay", "history.not_now"))

    def answered(way: str | None) -> None:
        if way == "call":
            app.send(Dial(entry.number))
            app.change(history=False)

    app.push_screen(Dialog("history.redial_title", [what], "", ways, "stay", "call"), answered)


def export_history(app: YimiApp) -> None:
    """Ask for a file name, and have the engine write what the search matches."""
    from tui.screens.console import ConsoleScreen
    from tui.screens.line import AskLine

    screen = app.screen_stack[0]
    if not isinstance(screen, ConsoleScreen):
        return
    text = screen.history.text
    day = time.strftime("%Y-%m-%d", time.localtime(app.clocks.wall()))

    def answered(path: str | None) -> None:
        if path:
            app.run_worker(_export(app, ExportHistory(path, text)), name="export")

    what = message("history.export_matching" if text else "history.export_all", text=text)
    name = f"~/yimi-{day}.csv"
    app.push_screen(AskLine("history.export_title", what, "history.export_path", name), answered)


async def _export(app: YimiApp, command: ExportHistory) -> None:
    result: Result = await app.ask(command)
    if result.message is not None:
        app.change(notice=result.message)


# ---------------------------------------------------------------- mobile mode


def change_phone_mode(app: YimiApp) -> None:
    """Generation 1: the calls go to a mobile phone, or come here again."""
    from tui.engine.commands import SetPhoneMode
    from tui.screens.line import AskLine

    if app.view.snapshot.phone_mode == "mobile":
        app.send(SetPhoneMode("fixed"))
        return

    def answered(number: str | None) -> None:
        if number:
            app.send(SetPhoneMode("mobile", number))

    account = app.view.snapshot.account
    known = account.number if account is not None else ""
    what = message("phone_mode.what")
    app.push_screen(AskLine("phone_mode.title", what, "field.phone", known), answered)


# ---------------------------------------------------------------- settings and themes


def open_settings(app: YimiApp) -> None:
    """The settings screen; what is saved counts at once, as far as it is the screen's."""
    from tui.screens.settings import SettingsScreen

    def closed(config: Config | None) -> None:
        if config is not None:
            app.use_config(config)
            app.change(notice=message("settings.saved"))

    if not isinstance(app.screen, SettingsScreen):
        app.push_screen(SettingsScreen(app.config), closed)


def reload_themes(app: YimiApp) -> None:
    """Read the theme's file again."""
    app.reload_themes()


# ---------------------------------------------------------------- when something is wrong


def open_debug(app: YimiApp) -> None:
    """The log page, or away with it."""
    from tui.screens.debug import DebugScreen

    if isinstance(app.screen, DebugScreen):
        app.pop_screen()
    else:
        app.push_screen(DebugScreen())


def open_check(app: YimiApp) -> None:
    """The check before the shift, or away with it."""
    from tui.screens.check import CheckScreen

    if isinstance(app.screen, CheckScreen):
        app.pop_screen()
    else:
        app.push_screen(CheckScreen())


def open_sound(app: YimiApp) -> None:
    """The page on which the sound is tried."""
    from tui.screens.sound import SoundScreen

    if not isinstance(app.screen, SoundScreen):
        app.push_screen(SoundScreen())


def show_failure(app: YimiApp) -> None:
    """The last failure again, with what to do about it."""
    from tui.screens.dialogs import failure_dialog

    if app.last_notice is not None:
        app.push_screen(failure_dialog(app.last_notice))


ACTIONS: Final[dict[str, Callable[[YimiApp], None]]] = {
    "history": toggle_history,
    "export": export_history,
    "settings": open_settings,
    "phone_mode": change_phone_mode,
    "themes": reload_themes,
    "check": open_check,
    "sound": open_sound,
    "debug": open_debug,
    "failure": show_failure,
}
