"""A desk for whoever comes (`yimi kiosk --plain`): the PIN before the settings, and nothing that is
half typed stands there for long."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tui.console.i18n import tr
from tui.console.pin_lock import PinLock
from tui.plain import sentences as say
from tui.port.values import Phase

if TYPE_CHECKING:
    from tui.config.kiosk import KioskSettings
    from tui.plain.desk import PlainDesk


class GuestDesk:
    """What is asked, and what is forgotten."""

    def __init__(self, desk: PlainDesk, settings: KioskSettings) -> None:
        self.gone = asyncio.Event()
        """Somebody has typed something, signed in to nothing, and left."""
        self._desk, self._settings = desk, settings
        self._lock = PinLock(settings.pin, desk.clocks.monotonic)
        self._waiting: asyncio.TimerHandle | None = None

    async def has_pin(self) -> bool:
        """Ask for the PIN; whether it was the right one. What it was not is said."""
        talk = self._desk.talk
        if shut := self._lock.shut:
            talk.say(tr(shut))
            return False
        question = f"{tr('kiosk.pin_what')} {say.asked(tr('kiosk.pin'))}"
        pin = await talk.words(question, hidden=True)
        if pin and await self._lock.opens(pin):
            return True
        if pin:
            talk.say(tr("kiosk.pin_wrong"))
        return False

    def touched(self) -> None:
        """A key came. A free desk begins anew so long after the last one."""
        self.end()
        if self._settings.blank:
            seconds = self._settings.blank * 60
            self._waiting = asyncio.get_running_loop().call_later(seconds, self._nobody)

    def _nobody(self) -> None:
        if self._desk.view.snapshot.phase is Phase.SIGNED_OUT:
            self.gone.set()
        else:
            self.touched()

    def end(self) -> None:
        """Nothing is waited for any more."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
