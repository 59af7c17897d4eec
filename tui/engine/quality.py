"""How the calls sound: looked at once a second while one is up, told when what is shown changes,
and kept for the history. What the figures mean is in listening.py and `tui.media.quality`."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from tui.engine.calls import Calls
from tui.engine.commands import Result
from tui.engine.events import QualityChanged
from tui.engine.legs import Legs
from tui.engine.listening import Judge, Look, Summary
from tui.engine.state import (
    VOIP,
    Call,
    CallInput,
    CallState,
    Hearing,
    Leg,
    LineState,
    Quality,
    message,
)
from tui.media.quality import rate
from tui.media.statistics import Statistics

if TYPE_CHECKING:
    from tui.media import leg as media_leg

_KEPT = 8
"""Calls that are over, whose summary the history has not asked for yet."""
_UP = (CallState.PROCEEDING, CallState.TALKING, CallState.HOLDING, CallState.ENDING)
_SENDS, _RECEIVES = ("sendrecv", "sendonly"), ("sendrecv", "recvonly")


class QualityDesk:
    """A judge for each call that is up. `legs` are those of whoever carries the calls."""

    def __init__(self, calls: Calls, legs: Legs) -> None:
        self.calls = calls
        self.legs = legs
        self.core = calls.core
        self._judges: dict[str, Judge] = {}

    def call_changed(self, call: Call) -> None:
        """Told of every change of a call."""
        if self._audible(call):
            if "quality" not in self.core.timers:
                self._arm()
        elif not call.live and self.core.snapshot.quality is not None:
            self._show()

    def summary(self, key: str) -> Summary:
        """The call as a whole, for the history: asked once, when it is over."""
        judge = self._judges.pop(key, None)
        return Summary() if judge is None else judge.summary()

    def close_call(self, ccnumber: str) -> Result:
        """Take a call off whose sound and signalling are both gone."""
        call = self.calls.find(ccnumber)
        judge = None if call is None else self._judges.get(call.key)
        if call is None:
            return Result(False, message("call.none"))
        if judge is None or judge.quality.hearing is not Hearing.GONE:
            return Result(False, message("close.not_gone"))
        talked = None if call.answered is None else self.core.clock() - call.answered
        self.calls.end(call, CallInput.ENDED, message("ended.closed"), talk_time=talked)
        return Result(True)

    # ------------------------------------------------------------ looking

    def _arm(self) -> None:
        self.core.timers.set("quality", self.core.limits.quality, self.look)

    def look(self) -> None:
        """Look at every call that is up, now."""
        up = [call for call in self.calls.live if self._audible(call)]
        for call in up:
            judge = self._judges.get(call.key)
            if judge is None:
                judge = self._judges[call.key] = Judge(self.core.limits, rate)
            judge.look(self.core.clock(), self._seen(call))
        while len(self._judges) > _KEPT + len(up):
            over = next(key for key in self._judges if all(call.key != key for call in up))
            del self._judges[over]
        self._show()
        if up:
            self._arm()

    def _audible(self, call: Call) -> bool:
        """Whether there is a sound of this call to speak of, or there should be."""
        account = self.core.snapshot.account
        here = account is None or account.callintype == VOIP
        heard = call.leg is Leg.CONNECTED or call.answered is not None
        return here and heard and call.state in _UP

    def _seen(self, call: Call) -> Look:
        entry = self.legs.leg_of(call.key)
        signalling = self.core.snapshot.line.state is LineState.OK
        held = call.state is CallState.HOLDING
        if entry is None or entry.media is None or call.leg is not Leg.CONNECTED:
            return Look(connected=False, signalling=signalling, held=held, muted=call.muted)
        direction = entry.media.direction
        return replace(
            measured(entry.media),
            signalling=signalling,
            held=held or entry.media.held,
            muted=call.muted and not call.joined,  # what is said then is the others' too
            sends=direction in _SENDS,
            receives=direction in _RECEIVES,
        )

    def _show(self) -> None:
        """Tell how the call that is shown sounds, when that is other than what was told."""
        shown: Quality | None = None
        call = self.core.snapshot.call
        if call is not None and call.live and self._audible(call):
            judge = self._judges.get(call.key)
            shown = None if judge is None else judge.quality
        if shown != self.core.snapshot.quality:
            self.core.emit(QualityChanged(shown))


_NAMES = {field.name for field in fields(Look)} & {field.name for field in fields(Statistics)}


def measured(media: media_leg.Leg) -> Look:
    """What the leg counts, and what it hears."""
    statistics = media.statistics()
    counted: dict[str, Any] = {name: getattr(statistics, name) for name in _NAMES}
    return Look(spoken=media.spoken(), **counted)
