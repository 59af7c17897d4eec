"""The calls of a session at a contact-centre platform, which controls them by its messages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from tui import sip
from tui.engine.audio.legs import Legs
from tui.engine.call_control import SeatKeeper
from tui.engine.context import log
from tui.engine.numbers import names_us
from tui.engine.outcome import Outcome, Send, answer_to, code_of, unconfirmed, with_info
from tui.engine.platform_calls.commands import CallCommands, TypeWhenAnswered
from tui.engine.platform_calls.events import CallReports
from tui.engine.platform_calls.legs import PlatformLegs
from tui.engine.platform_calls.recovery import CallQuery, take_over
from tui.engine.platform_calls.standing import Announcements
from tui.engine.platform_calls.supervising import Supervising
from tui.engine.platform_calls.threeway import ThreewayCalls
from tui.engine.session.crash_note import Remembered
from tui.platform import control
from tui.platform.base import Platform
from tui.platform.not_understood import SkippedKind
from tui.port.commands import PbxFeature, Result
from tui.port.snapshot import Call
from tui.port.supervision import SuperviseHow
from tui.port.values import Capability, Message, PhoneMode, message
from tui.text import clean_text

_ACCEPTED = 200
_OVER: Final = (101, 105, 309)
"""Codes that can be those of a call's last message."""


class PlatformCalls:
    """A `CallControl` that asks the platform, and believes what it reports."""

    def __init__(
        self,
        legs: Legs,
        send: Send,
        assumed: control.Assumed,
        *,
        platform: Platform | None,
        seat: SeatKeeper,
        type_when_answered: TypeWhenAnswered,
        kicked: Callable[[control.Kicked], None],
        explained: Callable[[Call], None],
    ) -> None:
        """`explained` is told of a call of which it became known only after its end why it
        ended."""
        self.calls = legs.calls
        self.context = legs.context
        self._send = send
        self._assumed = assumed
        self._platform = platform
        self._seat = seat
        self._kicked = kicked
        threeway = platform is not None and platform.threeway
        transferred: set[str] = set()
        self.query = CallQuery(self.calls, send)
        self.legs = PlatformLegs(legs, self.query.ask, transferred)
        self.commands = CallCommands(
            self.calls, send, self.legs, type_when_answered, self.query.ask
        )
        self.reports = CallReports(self.commands, self.legs, self.query, transferred)
        self.threeway = ThreewayCalls(
            self.commands, transferred, threeway=threeway, explained=explained
        )
        self.announcements = Announcements(self.context, send, platform, seat)
        supervises = platform is not None and platform.supervises
        self.supervising = Supervising(self.calls, send, self.legs, allowed=supervises)
        self._next: asyncio.Future[tuple[control.Reason, str]] | None = None
        """Waits for the platform's answer to 87, about the call `_next_of`."""
        self._next_of = ""

    @property
    def capabilities(self) -> tuple[Capability, ...]:
        """What every platform can do, and what this one can besides."""
        platform = self._platform
        if platform is None:
            return ()
        special = {
            Capability.THREEWAY: platform.threeway,
            Capability.PHONE_MODE: platform.phone_modes,
            Capability.ENCRYPTED_NUMBERS: platform.encrypts,
            Capability.SUPERVISE: platform.supervises,
        }
        return (
            Capability.GROUPS,
            Capability.PLATFORM_STATUS,
            Capability.AREA_CODE,
            *(capability for capability, there in special.items() if there),
        )

    @property
    def status_seconds(self) -> float:
        """A 200 is soon there."""
        return self.context.limits.status

    # ------------------------------------------------------------ one call

    async def dial(self, number: str, *, encrypted: bool = False, area: str = "") -> Result:
        """`call`; with an encrypted number the platform object says what it means."""
        if self.supervising.active:
            return Result(False, message("supervise.leave_first"))
        if self.context.snapshot.phone_mode is PhoneMode.MOBILE:  # nothing would be heard of it
            return Result(False, message("phone_mode.dial"))
        if not encrypted:
            return await self.commands.dial(number, area)
        if self._platform is None or (meant := self._platform.to_call(number)) is None:
            return Result(False, message("dial.not_encrypted"))
        if not meant.digits:
            return Result(False, message("dial.decrypted", text=clean_text(meant.text)))
        return await self.commands.dial(meant.digits, area, shown=number)

    async def answer(self, ccnumber: str) -> Result:
        """`answerPBXCall`. The call that is listened to is left for it."""
        await self.supervising.let_go()
        return await self.commands.answer(ccnumber)

    async def hang_up(self, ccnumber: str, *, leave_them: bool = False) -> Result:
        """`terminate`."""
        return await self.commands.hang_up(ccnumber, leave_them=leave_them)

    async def decline_for_others(self, ccnumber: str) -> Result:
        """`terminate`: the platform rings the next agent by itself."""
        return await self.commands.hang_up(ccnumber)

    async def hold(self, ccnumber: str) -> Result:
        """`hold`."""
        return await self.commands.hold(ccnumber, True)

    async def resume(self, ccnumber: str) -> Result:
        """`unhold`."""
        return await self.commands.hold(ccnumber, False)

    def mute(self, ccnumber: str, on: bool) -> Result:
        """Nothing is asked of the platform."""
        return self.commands.mute(ccnumber, on)

    async def transfer(self, gid: str, number: str, name: str, ccnumber: str) -> Result:
        """`transferPBXCall`."""
        return await self.threeway.transfer(gid, number, name, ccnumber)

    # ------------------------------------------------------------ several in one call

    async def invite_third(self, kind: int, callee: str, name: str, ccnumber: str) -> Result:
        """`threewayCall` 1, 2, 3."""
        return await self.threeway.invite(kind, callee, name, ccnumber)

    async def drop_third(self, ccnumber: str) -> Result:
        """`threewayCall` 4."""
        return await self.threeway.drop(ccnumber)

    async def end_for_all(self, ccnumber: str) -> Result:
        """`threewayCall` 4, then `terminate`."""
        return await self.threeway.end_for_all(ccnumber)

    async def supervise(self, how: SuperviseHow, call: str) -> Result:
        """The supervisor's calls of 1.5."""
        return await self.supervising.ask(how, call)

    async def feature(self, command: PbxFeature) -> Result:
        """A platform has none of them."""
        return Result(False, message("feature.only_pbx"))

    # ------------------------------------------------------------ several calls

    def mark(self, key: str) -> Result:
        """A platform gives an agent one call at a time."""
        return _one_only()

    async def join(self, on: bool) -> Result:
        """A platform gives an agent one call at a time."""
        return _one_only()

    async def connect(self, ccnumber: str, other: str) -> Result:
        """A platform gives an agent one call at a time."""
        return _one_only()

    async def answer_question(self, yes: bool) -> Result:
        """A platform asks the agent nothing."""
        return _one_only()

    # ------------------------------------------------------------ the seat

    async def confirm_status(self, status: int, reason: str = "", /) -> Message | None:
        """`changeStatus`: the 200 confirms. The reason goes along where the platform has a field
        for it."""
        outcome = await self._send(control.SetStatus(status, reason))
        if not outcome.ok:
            return unconfirmed("status", outcome)
        self.announcements.asked(status)
        return None

    async def status_after_call(self, ccnumber: str, busy: bool) -> Message | None:
        """87, and the platform's answer to it."""
        self._next = asyncio.get_running_loop().create_future()
        self._next_of = ccnumber
        try:
            async with asyncio.timeout(self.context.limits.next_status):
                asked = self._send(control.StatusAfterCall(ccnumber, busy))
                answer = await answer_to(asked, self._next)
        except TimeoutError:
            return unconfirmed("next_status", Outcome(0))
        finally:
            self._next = None
        if isinstance(answer, Outcome):
            return unconfirmed("next_status", answer)
        code, info = answer
        refused = with_info(message("next_status.refused", code=code_of(code)), info)
        return None if code == _ACCEPTED else refused

    # ------------------------------------------------------------ what happens

    def sip_event(self, event: sip.Event) -> None:
        """One event of the user agent that the signalling did not keep for itself."""
        match event:
            case sip.MessageReceived(body=body):
                self._control(body)
            case sip.RegistrationFailed(status=status, reason=reason, final=final):
                said = "line.refused" if final else "line.lapsed"
                self.context.notice(message(said, status=status, reason=reason))
            case _:
                if not self.legs.handle(event):
                    log.debug("not for us: %s", type(event).__name__)

    def _control(self, body: bytes) -> None:
        """A control message. What is not understood of it is kept in the list of the session, and
        skipped (platform.md, "anything else")."""
        try:
            reports = control.decode_all(body, self._assumed, self.context.not_understood)
        except control.ControlError:
            self.query.unread()
            return
        for report in reports:
            if not isinstance(report, control.Unknown):
                self._report(_as_it_was_said(report))
            elif report.of_a_call:
                self.query.unread()

    def _report(self, report: control.PlatformMessage) -> None:
        if isinstance(report, control.CallStateReport) and report.state in _OVER:
            if (last := _last_of(report)) is not None:
                self.reports.handle(last)
            self.query.is_over(report.ccnumber)
            return
        self.query.told(getattr(report, "ccnumber", ""))
        mobile = self.context.snapshot.phone_mode is PhoneMode.MOBILE
        if mobile and not isinstance(report, control.Kicked) and not self._is_of_a_call(report):
            return  # "In mobile mode the client ignores every <cc>" (platform.md)
        for part in (self.supervising, self.reports, self.threeway):
            if part.handle(report):
                return
        self._other(report)

    def _is_of_a_call(self, report: control.PlatformMessage) -> bool:
        """Whether it is about a call that was here before the calls went elsewhere: nothing else
        would tell how that ends."""
        ccnumber = getattr(report, "ccnumber", "")
        call = self.calls.by_ccnumber(ccnumber) if ccnumber else None
        known = call is not None and call.live
        return known or (isinstance(report, control.NoCall) and self.query.running)

    def _is_of_another(self, report: control.StatusChanged | control.AfterCallWork) -> bool:
        """Whether a status names a seat (EXT_EID16), and not ours."""
        account = self.context.snapshot.account
        if account is None or not report.eid:
            return False
        return not names_us(report.number, report.eid, account)

    def _other(self, report: control.PlatformMessage) -> None:
        match report:
            case control.StatusChanged() | control.AfterCallWork() if self._is_of_another(report):
                what = "the status of another seat"
                self.context.not_understood.add(SkippedKind.STRAY, what, where="cc")
            case control.StatusChanged(status, info):
                asked = self.context.snapshot.seat.pending
                self._seat.platform_says(status)
                if info:
                    self._seat.because(message("seat.platform_says", info=info))
                if status == asked:  # as good as the 200, which may be lost
                    self.announcements.asked(status)
                else:
                    self.announcements.said(status)
            case control.AfterCallWork(info):
                self._seat.after_call_work(info)
            case control.StatusAfterCallResponse(r, ccnumber, info):
                ours = ccnumber in ("", self._next_of)  # some do not say which call it is about
                if ours and self._next is not None and not self._next.done():
                    self._next.set_result((r, info))
            case control.Kicked(others=others):
                for each in (report, *others):
                    self._kicked(each)
            case control.NoCall():
                self.query.no_call()
            case control.NotForUs():
                pass
            case control.CallStateReport(_, r):
                what = f"the state {r} of a call"
                self.context.not_understood.add(SkippedKind.CODE, what, where="cc 22")
            case _:
                log.warning("a control message that is not used: %s", type(report).__name__)

    def call_changed(self, before: Call | None, call: Call) -> None:
        """A call that is over gets no leg any more; and the third party is watched."""
        self.legs.call_changed(before, call)
        self.query.call_changed(before, call)
        self.threeway.call_changed(before, call)

    def begin(self, status: int) -> None:
        """Status, seat mode, group: the three that go out right after registration."""
        self.announcements.begin(status)

    async def hang_up_all(self) -> Message | None:
        """The platform is told that each call ends, for everybody in it: a bare hang-up in a
        three-way call would leave two together whom nobody could part any more."""
        left: Message | None = None
        await self.supervising.signing_out()
        for call in self.calls.live:
            if call.third is not None and not await self.threeway.all_out(call.key):
                left = message("signout.others_left", number=call.number, name=call.third.name)
                continue
            current = self.calls.live_by_key(call.key)
            if current is None:
                continue
            told = Outcome(0)
            if current.ccnumber:
                told = await self._send(control.HangUp(current.ccnumber))
            if not told.ok and self.calls.live_by_key(call.key) is not None:
                left = left or message("signout.call_left", number=call.number or "–")
        return left

    async def end(self) -> None:
        """No INVITE is awaited any more, and nothing is told."""
        self.announcements.end()
        self.supervising.end()
        self.legs.close()

    # ------------------------------------------------------------ recovery

    def engine_died(self, remembered: Remembered) -> None:
        """Take over the call that an engine left behind when it was killed, and ask."""
        take_over(self.calls, self.legs, remembered)
        self.threeway.not_heard_of()
        self.query.last_seen(remembered)
        self.query.ask()

    def flow_is_back(self) -> None:
        """The platform is told where we stand, the legs are offered again, and it is asked what
        became of the calls."""
        self.announcements.again()
        self.supervising.flow_is_back()
        self.threeway.not_heard_of()
        self.context.spawn(self.legs.legs.refresh())
        self.query.ask()  # without a call as well: one may have begun unheard

    def renew_leg(self, key: str) -> None:
        """The platform is asked, and offers a new leg."""
        self.legs.renew(key)


def _as_it_was_said(report: control.PlatformMessage) -> control.PlatformMessage:
    """An answer to 22 with the query's own code, as the call's last message that it stands for."""
    match report:
        case control.CallStateReport(ccnumber, 100, number, eid):
            return control.NewCall(ccnumber, number, eid)
        case control.CallStateReport(ccnumber, 104, number, eid):
            return control.Answered(ccnumber, number, eid)
    return report


def _last_of(report: control.CallStateReport) -> control.PlatformMessage | None:
    """The last message of a call, where an answer to 22 says as much as that does."""
    match report.state:
        case 101:
            return control.CancelCall(report.ccnumber)
        case 309:
            return control.CallinFailed(report.ccnumber)
    return None  # 105: it has no reason


def _one_only() -> Result:
    return Result(False, message("lines.one_only"))
