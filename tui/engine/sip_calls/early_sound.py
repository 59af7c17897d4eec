"""Sound before the answer (RFC 3960): a PBX's announcements, or the ringing that we make ourselves
where it describes sound and sends none."""

from __future__ import annotations

from typing import Final

from tui.engine.audio.leg_entry import LegEntry
from tui.engine.sip_calls.commands import SipCommands
from tui.port.machines.call_machine import CallState, LineSoundInput

EARLY_LOOK: Final = 1.0
"""Seconds from one look at the sound before the answer to the next."""
EARLY_SILENCE: Final = 2.0
"""Seconds without a packet after which early sound is none: then it rings here, where it rings
there (RFC 3960 §3.2)."""


class EarlySound:
    """The early sound of the calls of one session."""

    def __init__(self, commands: SipCommands) -> None:
        self.commands = commands
        self.calls = commands.calls
        self.context = commands.context

    async def take(self, leg: LegEntry, tag: str, sdp: bytes) -> None:
        """Let be heard what a provisional answer describes; `tag`: of who answers so."""
        if not await self.commands.sound.early(leg, sdp):
            return
        leg.early = tag, sdp
        call = self.calls.live_by_key(leg.key)
        if call is not None and call.answered is None and not call.early:
            self.commands.sound.ringback(False)
            self.calls.sound_changes(call, LineSoundInput.EARLY_MEDIA)
            self._look(leg)

    def _look(self, leg: LegEntry) -> None:
        """Look now and again whether any early sound comes: who describes some may send none."""

        def due() -> None:
            call = self.calls.live_by_key(leg.key)
            if call is None or call.state is not CallState.PROCEEDING or leg.media is None:
                return
            age = leg.media.statistics().last_packet_age
            silent = age is None or age > EARLY_SILENCE
            self.commands.sound.ringback(leg.rings and silent)
            self._look(leg)

        self.context.timers.set(f"early {leg.key}", EARLY_LOOK, due)
