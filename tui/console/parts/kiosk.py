"""A desk for whoever comes: the PIN before the settings, the dark screen when nobody is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.timer import Timer

from tui.console.parts.drawing import Drawing
from tui.console.pin_lock import PinLock
from tui.console.view import ScreenName
from tui.port.values import message

if TYPE_CHECKING:
    from tui.config.kiosk import KioskSettings
    from tui.console.desk import Stage


class KioskDesk:
    """What is asked, and what is hidden."""

    def __init__(
        self,
        stage: Stage,
        drawing: Drawing,
        settings: KioskSettings,
        clock: Callable[[], float],
    ) -> None:
        self._stage, self._drawing, self._settings = stage, drawing, settings
        self._lock = PinLock(settings.pin, clock)
        self._dark: Timer | None = None

    # ------------------------------------------------------------ the PIN

    def with_pin(self, then: Callable[[], None]) -> None:
        """Ask for the PIN; do it when it is right."""
        from tui.console.screens.dialogs.text_prompt import TextPrompt

        if shut := self._lock.shut:
            self._drawing.change(notice=message(shut))
            return

        def answered(pin: str | None) -> None:
            if pin:
                self._stage.run_worker(self._check(pin, then), name="pin")

        if not isinstance(self._stage.screen, TextPrompt):
            what = message("kiosk.pin_what")
            prompt = TextPrompt("kiosk.pin_title", what, "kiosk.pin", "", hidden=True)
            self._stage.push_screen(prompt, answered)

    async def _check(self, pin: str, then: Callable[[], None]) -> None:
        if await self._lock.opens(pin):
            then()
        else:
            self._drawing.change(notice=message("kiosk.pin_wrong"))

    # ------------------------------------------------------------ the dark screen

    def touched(self) -> None:
        """A key came, or another screen: the free desk is dark so long after the last one."""
        if self._dark is not None:
            self._dark.stop()
            self._dark = None
        if self._settings.blank and self._drawing.view.screen is ScreenName.SIGN_IN:
            self._dark = self._stage.set_timer(self._settings.blank * 60, self.darken)

    def darken(self) -> None:
        """Nobody is there: what was half typed is gone as well."""
        from tui.console.screens.blank import BlankScreen

        if self._drawing.view.screen is ScreenName.SIGN_IN:
            self._drawing.go(ScreenName.SIGN_IN)
            self._stage.push_screen(BlankScreen())
