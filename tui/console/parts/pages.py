"""What opens and closes pages, dialogs and the history."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tui.console.i18n import tr
from tui.console.lowest_screen import lowest
from tui.console.parts.drawing import Drawing
from tui.console.widgets.calls_before.history_terms import terms_of
from tui.console.widgets.formats import export_words, spaced
from tui.port.commands import Dial, ExportHistory, GetHistory, MendNote, SetPhoneMode
from tui.port.values import BREAK, HistoryEntry, HistoryPage, PhoneMode, message
from tui.text import clean_text
from tui.text.typed_path import typed_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textual.screen import Screen

    from tui.config.paths import Paths
    from tui.config.schema import Config
    from tui.console.desk import Desk, Stage
    from tui.console.screens.console import ConsoleScreen


class PageActions:
    """The keys that open something, but for what is about calls. Pages are built when they are
    opened: the first frame needs none."""

    def __init__(
        self,
        stage: Stage,
        drawing: Drawing,
        desk: Desk,
        *,
        paths: Paths | None,
        settings: Path | None,
    ) -> None:
        """`paths`: where files live, for the log page; None: there is no log. `settings` is the
        file that the settings screen writes; None where there is none to write."""
        self._stage, self._drawing, self._desk = stage, drawing, desk
        self._paths, self._settings = paths, settings

    def _console(self) -> ConsoleScreen | None:
        from tui.console.screens.console import ConsoleScreen

        return lowest(self._stage, ConsoleScreen)

    def _toggle(self, page: type[Screen[Any]], make: Callable[[], Screen[Any]]) -> None:
        """Open the page, or close it where it is open."""
        if isinstance(self._stage.screen, page):
            self._stage.pop_screen()
        else:
            self._stage.push_screen(make())

    # ------------------------------------------------------------ help, palette

    def toggle_help(self) -> None:
        """F1: every action with its keys, or away with it."""
        from tui.console.screens.dialogs.help import HelpScreen

        self._toggle(HelpScreen, lambda: HelpScreen(self._desk))

    def open_palette(self) -> None:
        """All that can be done now, to choose from."""
        from tui.console.screens.palette import Palette

        if not isinstance(self._stage.screen, Palette):
            self._stage.push_screen(Palette())

    # ------------------------------------------------------------ the history

    def toggle_history(self) -> None:
        """F10: open the history, or close it."""
        self._drawing.change(history=not self._drawing.view.history, directory=False)

    def show_missed(self) -> None:
        """The history, with the calls that nobody took."""
        self._drawing.change(history=True, directory=False)
        if (console := self._console()) is not None:
            console.history.look_for(tr("recent.missed"))

    def open_entry(self) -> None:
        """The marked call of the history in full; its note can be mended."""
        from tui.console.screens.entry_page import EntryPage

        console = self._console()
        entry = None if console is None else console.history.entry
        if entry is not None and not isinstance(self._stage.screen, EntryPage):
            self._stage.push_screen(EntryPage(self._desk, entry), self._mended)

    def _mended(self, command: MendNote | None) -> None:
        if command is not None:
            self._stage.run_worker(self._mend(command), name="mend")

    async def _mend(self, command: MendNote) -> None:
        result = await self._desk.ask(command)
        if not result.ok and result.message is not None:
            self._drawing.change(notice=result.message)
        elif (console := self._console()) is not None:
            console.history.again()

    def load_history(self, command: GetHistory) -> None:
        """Ask for a page; the history takes it when it is there."""
        self._stage.run_worker(
            self._load_history(command), name="history", group="history", exclusive=True
        )

    async def _load_history(self, command: GetHistory) -> None:
        result = await self._desk.ask(command)
        if (console := self._console()) is not None:
            page = result.value if isinstance(result.value, HistoryPage) else None
            console.history.fill(command, page, None if result.ok else result.message)

    def redial(self, entry: HistoryEntry) -> None:
        """Ask, then call that number again."""
        from tui.console.screens.dialogs.dialog import ChoiceDialog

        if entry.kind == BREAK:
            return
        if not entry.number or "•" in entry.number:
            # A masked number cannot be called: what is hidden is not known here.
            id = "history.masked" if entry.number else "history.no_number"
            self._drawing.change(notice=message(id))
            return
        call = self._drawing.view.snapshot.call
        if call is not None and call.live:
            self._drawing.change(notice=message("history.in_call"))
            return
        what = message("history.redial", number=spaced(entry.number))
        ways = (("stay", "history.not_now"), ("call", "action.call"))

        def answered(way: str | None) -> None:
            if way == "call":
                self._desk.send(Dial(entry.number))
                self._drawing.change(history=False)

        dialog = ChoiceDialog("history.redial_title", [what], "", ways, "stay")
        self._stage.push_screen(dialog, answered)

    def export_history(self) -> None:
        """Ask for a file name, and have the engine write what the search matches."""
        from tui.console.screens.dialogs.text_prompt import TextPrompt

        if (console := self._console()) is None:
            return
        text = console.history.text
        day = time.strftime("%Y-%m-%d", time.localtime(self._desk.clocks.wall()))

        def answered(path: str | None) -> None:
            if path:
                bom = self._desk.appearance.config.history.csv_bom
                terms = terms_of(text, self._desk.clocks.wall())
                file = str(typed_path(path))
                command = ExportHistory(file, text, export_words(), bom, terms)
                self._stage.run_worker(self._export(command), name="export")

        what = message("history.export_matching" if text else "history.export_all", text=text)
        name = f"~/yimi-{day}.csv"
        prompt = TextPrompt("history.export_title", what, "history.export_path", name)
        self._stage.push_screen(prompt, answered)

    async def _export(self, command: ExportHistory) -> None:
        result = await self._desk.ask(command)
        if result.message is not None:
            self._drawing.change(notice=result.message)

    # ------------------------------------------------------------ the clipboard

    def copy_number(self) -> None:
        """The number of the marked entry, of the call, else of the last one. As digits, so that it
        can be pasted anywhere."""
        self._copy(self._entry_in_sight("number"), "copy.number", "copy.no_number")

    def copy_note(self) -> None:
        """The note that is written, or that of the marked entry."""
        self._copy(self._entry_in_sight("note"), "copy.note", "copy.no_note")

    def _entry_in_sight(self, what: str) -> str:
        console, view = self._console(), self._drawing.view
        snapshot = view.snapshot
        entry = console.history.entry if console is not None and view.history else None
        for each in (entry, snapshot.call, snapshot.wrapup, *snapshot.recent[:1]):
            if each is not None and hasattr(each, what):
                return str(getattr(each, what))
        return ""

    def _copy(self, text: str, done: str, nothing: str) -> None:
        if not text or (done == "copy.number" and "•" in text):
            self._drawing.change(notice=message(nothing))
            return
        self._stage.copy_to_clipboard(text)
        self._drawing.change(notice=message(done, text=clean_text(spaced(text), 40)))

    # ------------------------------------------------------------ mobile mode

    def change_phone_mode(self) -> None:
        """Calls go to a mobile phone, or come here again."""
        from tui.console.screens.dialogs.text_prompt import TextPrompt

        snapshot = self._drawing.view.snapshot
        if snapshot.phone_mode == PhoneMode.MOBILE:
            self._desk.send(SetPhoneMode(PhoneMode.FIXED))
            return

        def answered(number: str | None) -> None:
            if number:
                self._desk.send(SetPhoneMode(PhoneMode.MOBILE, number))

        known = snapshot.account.number if snapshot.account is not None else ""
        what = message("phone_mode.what")
        self._stage.push_screen(
            TextPrompt("phone_mode.title", what, "field.phone", known), answered
        )

    # ------------------------------------------------------------ settings

    def open_settings(self) -> None:
        """The settings; what is saved counts at once, as far as it is the screen's."""
        from tui.console.screens.settings.settings import SettingsScreen

        def closed(config: Config | None) -> None:
            if config is not None:
                self._desk.appearance.use_config(config)
                self._drawing.change(notice=message("settings.saved"))

        def opened() -> None:
            self._stage.push_screen(SettingsScreen(self._desk, self._settings), closed)

        if isinstance(self._stage.screen, SettingsScreen):
            return
        if self._drawing.view.kiosk:
            self._desk.kiosk.with_pin(opened)
        else:
            opened()

    # ------------------------------------------------------------ when something is wrong

    def toggle_log(self) -> None:
        """The log page, or away with it."""
        from tui.console.screens.log_page import LogPage

        self._toggle(LogPage, lambda: LogPage(self._desk, self._paths))

    def toggle_ladder(self) -> None:
        """The last messages both ways, or away with them."""
        from tui.console.screens.ladder_page import LadderPage

        self._toggle(LadderPage, lambda: LadderPage(self._desk))

    def toggle_check(self) -> None:
        """The check before the shift, or away with it."""
        from tui.console.screens.shift_check import CheckScreen

        self._toggle(CheckScreen, lambda: CheckScreen(self._desk))

    def toggle_supervise(self) -> None:
        """The supervisor's page, or away with it."""
        from tui.console.screens.supervise.page import SuperviseScreen

        self._toggle(SuperviseScreen, lambda: SuperviseScreen(self._desk))

    def open_sound_test(self) -> None:
        """The page on which the sound is tried."""
        from tui.console.screens.settings.sound_test import SoundScreen

        if not isinstance(self._stage.screen, SoundScreen):
            self._stage.push_screen(SoundScreen(self._desk))

    def show_failure(self) -> None:
        """The last failure again, with what to do about it."""
        from tui.console.screens.dialogs.dialog import failure_dialog

        if self._drawing.last_notice is not None:
            self._stage.push_screen(failure_dialog(self._drawing.last_notice))
