"""The parts of a phone of one's own, put together: which of them a command or an event is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui import sip
from tui.engine import commands as c
from tui.engine.calls import Calls
from tui.engine.commands import Command, Result
from tui.engine.handovers import Handovers
from tui.engine.lineevents import LineEvents
from tui.engine.lines import Lines
from tui.engine.state import Account, Call, CallInput, CallState, Leg, message
from tui.platform.plain import parse_address

if TYPE_CHECKING:
    from tui.config import Profile
    from tui.engine.digits import Digits
    from tui.engine.legs import Legs
    from tui.engine.marker import Remembered
    from tui.engine.offers import Offers
    from tui.engine.workday import Workday


class LineDesk:
    """The lines of a session of kind "sip"; does nothing in any other."""

    def __init__(
        self, calls: Calls, legs: Legs, offers: Offers, digits: Digits, workday: Workday
    ) -> None:
        self.calls = calls
        self.legs = legs
        self.offers = offers
        self.digits = digits
        self.workday = workday
        self.lines = Lines(calls, legs)
        self.handovers = Handovers(self.lines)
        self.events = LineEvents(self.lines, self.handovers)
        self.events.answer_after = offers.answer_after
        self.active = False

    def begin(self, account: Account, profile: Profile) -> None:
        """A session of kind "sip" begins."""
        self.active = True
        self.lines.domain = parse_address(account.un).host
        self.events.trusted_domain = profile.trusted_domain
        self.events.let_in = profile.auto_answer == "trusted"
        self.offers.answer = self.lines.answer
        self.offers.hang_up = self.lines.busy_here
        self.digits.in_sound = self.lines.sound.send_digit
        self.workday.status_is_ours = True

    async def end(self) -> None:
        """It is over: the platforms' way is back."""
        if not self.active:
            return
        self.active = False
        self.handovers.close()
        await self.lines.sound.close()
        self.lines.switch.mark("")
        self.offers.answer = self.calls.answer
        self.offers.hang_up = self.calls.hang_up
        self.digits.in_sound = lambda key, digit, seconds: False
        self.workday.status_is_ours = False

    def sip_event(self, event: sip.Event) -> None:
        """One event of the user agent that the line did not keep for itself."""
        self.events.handle(event)

    def call_changed(self, before: Call | None, call: Call) -> None:
        """Told of every change of a call."""
        if self.active:
            self.lines.call_changed(before, call)

    def engine_died(self, remembered: Remembered) -> None:
        """An engine was killed in a call: with it went the dialog, and nobody can be asked. The
        call is in the history, and it is said."""
        state = CallState.RINGING
        if remembered.outgoing or remembered.answered is not None:
            state = CallState.PROCEEDING
        call = self.calls.add(
            state=state,
            outgoing=remembered.outgoing,
            number=remembered.number,
            ccnumber=remembered.ccnumber,
            began=remembered.began,
            recovered=True,
            leg=Leg.LOST,
        )
        talked = None
        if remembered.answered is not None:
            talked = self.calls.core.clock() - remembered.answered
            call = self.calls.put(call, answered=remembered.answered)
        lost = message("lines.lost_with_engine", number=remembered.number)
        self.calls.end(call, CallInput.ENDED, lost, talk_time=talked)
        self.calls.core.notice(lost)

    async def execute(self, command: Command) -> Result | None:
        """Carry out a command about calls. None: it is done as at any platform."""
        lines = self.lines
        match command:
            case c.Dial(number, encrypted):
                if encrypted:
                    return Result(False, message("dial.not_encrypted"))
                return await lines.dial(number)
            case c.Answer(ccnumber):
                return await lines.answer(ccnumber)
            case c.HangUp(ccnumber):
                return await lines.hang_up(ccnumber)
            case c.Hold(ccnumber):
                return await lines.switch.hold(ccnumber)
            case c.Resume(ccnumber):
                return await lines.switch.resume(ccnumber)
            case c.Mute(on, ccnumber):
                return lines.switch.mute(ccnumber, on)
            case c.MarkLine(key):
                return lines.switch.choose(key)
            case c.JoinLines(on):
                return await lines.switch.join(on)
            case c.Transfer(_, number, name, ccnumber):
                return await self.handovers.transfer(number, name, ccnumber)
            case c.ConnectLines(ccnumber, other):
                return await self.handovers.connect(ccnumber, other)
            case c.AnswerQuestion(yes):
                return await self.handovers.answer(yes)
            case c.Threeway() | c.DropThird() | c.EndForAll():
                return Result(False, message("lines.join_instead"))
        return None
