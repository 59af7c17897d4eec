"""How the calls sound: looked at once a second while one is up, told when what is shown changes,
and kept for the history. What the figures mean is in quality_judge.py and `tui.media.e_model`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from tui.engine.audio.legs import Legs
from tui.engine.audio.quality_judge import Judge, Look, Summary
from tui.media.e_model import rate
from tui.media.rtp.statistics import Statistics
from tui.port.commands import Result
from tui.port.events import QualityChanged
from tui.port.machines.call_machine import CallInput, CallState
from tui.port.snapshot import Call
from tui.port.values import VOIP, ConnectionState, Hearing, Leg, Quality, message

if TYPE_CHECKING:
    from tui.media.leg import leg as media_leg

_KEPT = 8
"""Calls that are over, whose summary the history has not asked for yet."""
_AUDIBLE = (CallState.PROCEEDING, CallState.TALKING, CallState.HOLDING, CallState.ENDING)


class QualityMonitor:
    """A judge for each call that is up."""

    def __init__(self, legs: Legs) -> None:
        self.calls = legs.calls
        self.legs = legs
        self.context = legs.context
        self._judges: dict[str, Judge] = {}
        self.on_look: Callable[[str, Quality], None] | None = None
        """Told after each look how that call sounds."""
        self.on_summary: Callable[[str, Summary], None] | None = None
        """Told once, when a call is over, how it sounded as a whole."""

    def call_changed(self, before: Call | None, call: Call) -> None:
        """Told of every change of a call."""
        if self._audible(call):
            if "quality" not in self.context.timers:
                self._arm()
        elif not call.live and self.context.snapshot.quality is not None:
            self._show()

    def summary(self, key: str) -> Summary:
        """The call as a whole, for the history: asked once, when it is over."""
        judge = self._judges.pop(key, None)
        summary = Summary() if judge is None else judge.summary()
        if self.on_summary is not None:
            self.on_summary(key, summary)
        return summary

    def close_call(self, ccnumber: str) -> Result:
        """Take a call off whose sound and signalling are both gone."""
        call = self.calls.find(ccnumber)
        judge = None if call is None else self._judges.get(call.key)
        if call is None:
            return Result(False, message("call.none"))
        if judge is None or judge.quality.hearing is not Hearing.GONE:
            return Result(False, message("close.not_gone"))
        talked = self.calls.talked(call)
        self.calls.end(call, CallInput.ENDED, message("ended.closed"), talk_time=talked)
        return Result(True)

    # ------------------------------------------------------------ looking

    def _arm(self) -> None:
        self.context.timers.set("quality", self.context.limits.quality, self.look)

    def look(self) -> None:
        """Look at every call that is up, now."""
        up = [call for call in self.calls.live if self._audible(call)]
        for call in up:
            judge = self._judges.get(call.key)
            if judge is None:
                judge = self._judges[call.key] = Judge(self.context.limits, rate)
            judge.look(self.context.clock(), self._seen(call))
            if self.on_look is not None:
                self.on_look(call.key, judge.quality)
        while len(self._judges) > _KEPT + len(up):
            over = next(key for key in self._judges if all(call.key != key for call in up))
            del self._judges[over]
        self._show()
        if up:
            self._arm()

    def _audible(self, call: Call) -> bool:
        """Whether there is a sound of this call to speak of, or there should be."""
        account = self.context.snapshot.account
        here = account is None or account.callintype == VOIP
        heard = call.leg is Leg.CONNECTED or call.answered is not None
        return here and heard and call.state in _AUDIBLE

    def _seen(self, call: Call) -> Look:
        entry = self.legs.leg_of(call.key)
        signalling = self.context.snapshot.connection.state is ConnectionState.OK
        held = call.state is CallState.HOLDING
        if entry is None or entry.media is None or call.leg is not Leg.CONNECTED:
            return Look(connected=False, signalling=signalling, held=held, muted=call.muted)
        direction = entry.media.direction
        return replace(
            measured(entry.media),
            signalling=signalling,
            held=held or entry.media.held,
            muted=call.muted and not call.joined,  # what is said then is the others' too
            sends=direction is not None and direction.sends,
            receives=direction is not None and direction.hears,
        )

    def _show(self) -> None:
        """Tell how the call that is shown sounds, when that is other than what was told."""
        shown: Quality | None = None
        call = self.context.snapshot.call
        if call is not None and call.live and self._audible(call):
            judge = self._judges.get(call.key)
            shown = None if judge is None else judge.quality
        if shown != self.context.snapshot.quality:
            self.context.emit(QualityChanged(shown))


_NAMES = {field.name for field in fields(Look)} & {field.name for field in fields(Statistics)}


def measured(media: media_leg.AudioLeg) -> Look:
    """What the leg counts, and what it hears."""
    statistics = media.statistics()
    counted: dict[str, Any] = {name: getattr(statistics, name) for name in _NAMES}
    return Look(spoken=media.spoken(), **counted)
