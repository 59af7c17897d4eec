"""A desk for whoever comes: the PIN before the settings, the dark screen when nobody is there."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from textual.timer import Timer

from tui.config.kiosk import fits
from tui.console.parts.drawing import Drawing
from tui.console.view import ScreenName
from tui.port.values import message

if TYPE_CHECKING:
    from tui.config.kiosk import KioskSettings
    from tui.console.desk import Stage

TRIES: Final = 3
"""Wrong PINs in a row; then none is taken for a while."""
PAUSE: Final = 60.0
"""Seconds of that."""


class KioskDesk:
    """What is asked, and what is hidden."""

    def __init__(
        self,
        stage: Stage,
        drawing: Drawing,
        settings: KioskSettings,
        clock: Callable[[], float],
    ) -> None:
        self._stage, self._drawing, self._settings, self._clock = stage, drawing, settings, clock
        self._wrong = 0
        self._until = 0.0
        """The instant from which on a PIN is taken again."""
        self._dark: Timer | None = None

    # ------------------------------------------------------------ the PIN

    def with_pin(self, then: Callable[[], None]) -> None:
        """Ask for the PIN; do it when it is right."""
        from tui.console.screens.dialogs.text_prompt import TextPrompt

        if not self._settings.pin:
            self._drawing.change(notice=message("kiosk.no_pin"))
            return
        if self._clock() < self._until:
            self._drawing.change(notice=message("kiosk.pin_pause"))
            return

        def answered(pin: str | None) -> None:
            if pin:
                self._stage.run_worker(self._check(pin, then), name="pin")

        if not isinstance(self._stage.screen, TextPrompt):
            what = message("kiosk.pin_what")
            prompt = TextPrompt("kiosk.pin_title", what, "kiosk.pin", "", hidden=True)
            self._stage.push_screen(prompt, answered)

    async def _check(self, pin: str, then: Callable[[], None]) -> None:
        # In a thread: it is meant to take a while.
        if await asyncio.to_thread(fits, pin, self._settings.pin):
            self._wrong = 0
            then()
            return
        self._wrong += 1
        if self._wrong >= TRIES:
            self._wrong, self._until = 0, self._clock() + PAUSE
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


def shut_terminal() -> None:
    """No key of the terminal's own ends or stops us, neither now nor between two agents."""
    import signal
    import termios

    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP):
        signal.signal(number, signal.SIG_IGN)
    # What started us on a terminal (agetty) may have left another process in the foreground.
    before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    with suppress(OSError):
        os.tcsetpgrp(0, os.getpgrp())
    signal.signal(signal.SIGTTOU, before)
    modes = termios.tcgetattr(0)
    nothing = os.fpathconf(0, "PC_VDISABLE").to_bytes(1, "little")
    for each in (termios.VINTR, termios.VQUIT, termios.VSUSP):
        modes[6][each] = nothing
    termios.tcsetattr(0, termios.TCSANOW, modes)
