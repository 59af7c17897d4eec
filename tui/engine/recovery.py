"""Calls that outlive a flow, or an engine: what is asked of the platform when signalling is back.

An event that was missed in the gap must not leave a dead call on the screen, and a call that
lives must not be taken off: so the platform is asked (22), and time limits the asking (sip.md,
"Timing", "flow lost in a call").
"""

from __future__ import annotations

from collections.abc import Callable

from tui.engine.audio import Audio
from tui.engine.calls import Calls
from tui.engine.marker import Remembered
from tui.engine.reports import CallReports
from tui.engine.state import Call, CallInput, CallState, Leg, message
from tui.platform import control


class Recovery:
    """Asks what became of calls, and draws the consequences."""

    def __init__(self, calls: Calls, reports: CallReports, audio: Audio) -> None:
        self.calls = calls
        self.core = calls.core
        self.reports = reports
        self.audio = audio
        audio.on_leg_lost = self.leg_lost
        self.plain: Callable[[], bool] = lambda: False
        """Whether there is no platform to ask (kind "sip")."""

    def engine_died(self, remembered: Remembered) -> None:
        """Take over the call that an engine left behind when it was killed, and ask."""
        offered = not remembered.outgoing and remembered.answered is None
        call = self.calls.add(
            state=CallState.RINGING if offered else CallState.PROCEEDING,
            outgoing=remembered.outgoing,
            number=remembered.number,
            ccnumber=remembered.ccnumber,
            internal=remembered.internal,
            began=remembered.began,
            recovered=True,
            muted=remembered.muted,
        )
        if remembered.answered is not None:
            moved = self.calls.move(call, CallInput.ANSWERED, answered=remembered.answered)
            assert moved is not None  # PROCEEDING takes ANSWERED
            if remembered.held:
                self.calls.move(moved, CallInput.HOLD_CONFIRMED)
        if not offered:
            self.audio.expect(call.key)
        self.ask()

    def flow_is_back(self) -> None:
        """Signalling was lost and is back: the legs are offered again, the platform is asked."""
        self.core.spawn(self.audio.refresh())
        if self.calls.live and not self.plain():
            self.ask()

    def leg_lost(self, key: str) -> None:
        """A call is up and its audio is gone: the platform is asked, and offers a new leg."""
        self.audio.expect(key)
        self.ask()

    def ask(self) -> None:
        """Ask the platform what calls there are."""
        self.reports.recovering = True
        self.reports.told = set()
        self.core.spawn(self._query())
        self.core.timers.set("recover", self.core.limits.recover, self._time_is_up)

    async def _query(self) -> None:
        await self.calls.send(control.QueryCall())

    def no_call(self) -> None:
        """The platform knows of no call: neither do we. (Only when it was asked.)"""
        if self.reports.recovering:
            self._over()
            for call in self.calls.live:
                self._gone(call)

    def _time_is_up(self) -> None:
        """A call that the platform spoke of, or that still has audio, stays; any other goes."""
        told = self.reports.told
        self._over()
        for call in self.calls.live:
            if call.leg is not Leg.CONNECTED and call.ccnumber not in told:
                self._gone(call)

    def _gone(self, call: Call) -> None:
        """Nobody told when it ended: it counts as long as it stood here."""
        talked = None if call.answered is None else self.core.clock() - call.answered
        self.calls.end(call, CallInput.ENDED, message("ended.in_gap"), talk_time=talked)

    def _over(self) -> None:
        self.reports.recovering = False
        self.core.timers.cancel("recover")
