"""Sound before the answer (RFC 3960): a PBX's announcements, or the ringing that we make ourselves
where it describes sound and sends none, or nothing but silence. Where a call forks the first phone
that brings some is heard, and another once that one is silent, or out of it (RFC 6228)."""

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

ANOTHER: Final = 3.0
"""Seconds that another phone's sound has to come before a third is tried."""
MOST: Final = 4
"""Phones beside the first whose sound is kept in mind."""


class EarlySound:
    """The early sound of the calls of one session."""

    def __init__(self, commands: SipCommands) -> None:
        self.commands = commands
        self.calls = commands.calls
        self.context = commands.context

    async def take(self, leg: LegEntry, tag: str, sdp: bytes) -> None:
        """Let be heard what a provisional answer describes; `tag`: of who answers so."""
        if not await self.commands.sound.early(leg, sdp):
            call = self.calls.live_by_key(leg.key)
            if leg.early[1] and leg.early[0] != tag:
                self.another(leg, tag, sdp)  # which was quicker
            elif leg.rings and call is not None and call.state is CallState.PROCEEDING:
                self.commands.sound.ringback(True)  # it rings there, of no use as its words are
            return
        leg.early = tag, sdp
        call = self.calls.live_by_key(leg.key)
        if call is not None and call.answered is None and not call.early:
            self.commands.sound.ringback(False)
            self.calls.sound_changes(call, LineSoundInput.EARLY_MEDIA)
            self._look(leg)

    def another(self, leg: LegEntry, tag: str, sdp: bytes) -> None:
        """A phone beside the one that is heard describes sound, too: it has its turn."""
        if len(leg.others) < MOST:
            leg.others.setdefault(tag, sdp)

    def over(self, leg: LegEntry, tag: str) -> None:
        """A phone there is out of it (199): it is not waited for."""
        if tag in leg.others:
            leg.others[tag] = b""
        if leg.early[1] and tag == leg.early[0]:
            leg.out = True
            self._look(leg, 0.0)

    def _look(self, leg: LegEntry, after: float = EARLY_LOOK) -> None:
        """Look now and again whether any early sound comes: who describes some may send none."""

        def due() -> None:
            call = self.calls.live_by_key(leg.key)
            if call is None or call.state is not CallState.PROCEEDING or leg.media is None:
                return
            figures = leg.media.statistics()
            age = figures.last_packet_age
            none = leg.out or age is None or age > EARLY_SILENCE
            mute = not none and self._is_mute(leg, figures.silence_in)
            silent = none or mute
            self.commands.sound.ringback(mute or (leg.rings and none))
            waiting = [tag for tag, sdp in leg.others.items() if sdp]
            if silent and waiting:
                self.context.spawn(self._follow(leg, waiting[-1]))
            self._look(leg, ANOTHER if silent and waiting else EARLY_LOOK)

        self.context.timers.set(f"early {leg.key}", after, due)

    def _is_mute(self, leg: LegEntry, silence: float | None) -> bool:
        """Whether what comes has been silence for long, by its seconds at this look: a PBX that
        sends such where a phone rings (Teams) may never say otherwise that it does."""
        audible = silence is not None and silence <= EARLY_SILENCE
        leg.mute = 0.0 if audible else leg.mute + EARLY_LOOK
        return leg.mute >= self.context.limits.early_mute

    async def _follow(self, leg: LegEntry, tag: str) -> None:
        """Hear the phone that described its sound last."""
        sdp, leg.others[tag] = leg.others[tag], b""
        if await self.commands.sound.follow(leg, sdp):
            leg.others[leg.early[0]] = b""
            leg.early, leg.out, leg.mute = (tag, sdp), False, 0.0
