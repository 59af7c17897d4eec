"""The engine: the SDK's calls as commands, its events as events. Ties the parts together.

What is decided where: state.py which state follows which, calls.py and reports.py the calls,
seat.py the status, session.py signing in and out, audio.py which INVITE opens the microphone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from random import Random, SystemRandom
from typing import TYPE_CHECKING

from tui import sip
from tui.engine import commands as c
from tui.engine.audio import Audio
from tui.engine.calls import Calls
from tui.engine.checks.desk import CheckDesk, subject_of_engine
from tui.engine.commands import Command, Result
from tui.engine.core import Core, Limits, log
from tui.engine.digits import Digits, Pace
from tui.engine.events import CallRemoved, KickedOffline, NoticeChanged
from tui.engine.intake import Intake
from tui.engine.journal import Journal
from tui.engine.linedesk import LineDesk
from tui.engine.network import NetworkWatch
from tui.engine.offers import Offers
from tui.engine.platforms import make_platform
from tui.engine.pop import Pop
from tui.engine.port import Claim
from tui.engine.quality import QualityDesk
from tui.engine.recovery import Recovery
from tui.engine.reports import CallReports, as_code
from tui.engine.seat import IDLE, SeatDesk
from tui.engine.session import MakePlatform, Session, login_message
from tui.engine.sounddesk import SoundDesk
from tui.engine.state import (
    Call,
    CallState,
    Message,
    Phase,
    Snapshot,
    Status,
    Voice,
    WrapUpMode,
    message,
)
from tui.engine.thirds import Thirds
from tui.engine.workday import Workday
from tui.engine.wrapup import WrapUpDesk
from tui.platform import control
from tui.platform.base import Platform, PlatformError
from tui.platform.codes import KICKED
from tui.text import clean_text

if TYPE_CHECKING:
    from tui.bus import EventBus
    from tui.config import Config, Paths, Policies
    from tui.engine.events import Event

_SIGNED_OUT_PHASES = (Phase.SIGNED_OUT, Phase.KICKED)


class Engine:
    """An agent's phone. `execute` a command, hear `events`, ask for the `snapshot`."""

    def __init__(
        self,
        config: Config,
        *,
        paths: Paths,
        clock: Callable[[], float] = time.monotonic,
        rng: Random | None = None,
        limits: Limits | None = None,
        make_platform: MakePlatform | None = None,
    ) -> None:
        self.core = Core(
            clock=clock,
            rng=rng if rng is not None else SystemRandom(),
            limits=limits if limits is not None else limits_of(config.policies),
        )
        self.core.snapshot = Snapshot(
            voice=Voice(volume=config.audio.volume, gain=config.audio.gain)
        )
        self._fixed_limits = limits is not None
        self.config = config
        self.claim: Claim | None = None
        """Asked before the platform is: the host's check that no other engine has the account."""
        self.finished = asyncio.Event()
        """Set when the agent signed out and the engine has nothing left to do."""
        self._audio = Audio(self.core, config.audio)
        self._audio.sounds.carrier.folder = paths.runtime
        self._sound_desk = SoundDesk(self.core, self._audio.sounds)
        self._session = Session(
            self.core, config, paths, make_platform or self._make_platform, self._audio
        )
        self._calls = Calls(self.core, self._session.send, self._audio)
        self._seat = SeatDesk(self.core, self._session.send)
        self._reports = CallReports(self._calls)
        self._thirds = Thirds(self._calls)
        self._digits = Digits(self._calls, self._audio.send_info)
        self._offers = Offers(self._calls, self._seat)
        self._wrapup = WrapUpDesk(self.core, self._seat)
        self._workday = Workday(self._calls, self._offers, self._wrapup)
        self._checks = CheckDesk(
            self.core,
            lambda command: subject_of_engine(command, self.core, config, paths, self._session),
        )
        self._lines = LineDesk(self._calls, self._audio, self._offers, self._digits, self._workday)
        self._recovery = Recovery(self._calls, self._reports, self._audio)
        self._quality = QualityDesk(self._calls, self._audio)
        self._network = NetworkWatch(self._calls, self._audio)
        self._intake = Intake(
            self.core,
            self._session.assumed,
            audio=self._audio,
            reports=self._reports,
            thirds=self._thirds,
            seat=self._seat,
            workday=self._workday,
            recovery=self._recovery,
            kicked=self._kicked,
        )
        self._paths = paths
        self._busy = asyncio.Lock()
        self._take_settings()
        self._tie()

    def _tie(self) -> None:
        """Who hears of what."""
        self._audio.calls = self._calls
        self._calls.on_change = self._call_changed
        self._calls.type_when_answered = self._digits.type_when_answered
        self._reports.handed_over = self._thirds.handed_over
        self._seat.on_idle = self._wrapup.hold_seat
        self._seat.idle_refused = self._checks.refusal
        self._session.first_status = self._checks.first_status
        self._workday.quality = self._quality.summary
        self._network.flow = lambda: (
            None if self._session.link is None else self._session.link.connection
        )
        self._network.ask_again = self._recovery.leg_lost
        self._offers.beep = self._audio.sounds.beep
        self._session.calls = self._calls
        self._session.on_sip = self._sip_event
        self._session.on_up = self._recovery.flow_is_back
        self._recovery.plain = lambda: self._session.plain

    def _take_settings(self) -> None:
        """What the config wants of the parts; a profile's policies come with the sign-in."""
        config = self.config
        self._take_policies(config.policies)
        self._digits.pace = Pace(config.dtmf.tone, config.dtmf.gap, config.dtmf.pause)
        self._offers.seconds = config.offers.auto_answer
        self._offers.missed_limit = config.offers.missed_limit
        self._wrapup.mode = WrapUpMode(config.wrapup.mode)
        self._wrapup.seconds = float(config.wrapup.seconds)
        self._wrapup.outcomes = config.wrapup.outcomes
        self._workday.pop = Pop(self.core, config.pop)

    # ------------------------------------------------------------ the port

    @property
    def events(self) -> EventBus[Event]:
        """What happens, in order."""
        return self.core.events

    def snapshot(self) -> Snapshot:
        """The truth as of the last event."""
        return self.core.snapshot

    def attended(self, present: bool) -> None:
        """Told by the host: whether at least one screen is attached."""
        self.core.attended = present
        self._seat.attended(present)
        self._plan_end()

    async def execute(self, command: Command) -> Result:
        """Carry out one command. A fault in here is logged and told, and ends nothing."""
        try:
            return await self._execute(command)
        except Exception as error:
            log.exception("%s failed", type(command).__name__)
            return Result(False, message("engine.fault", kind=type(error).__name__))

    async def _execute(self, command: Command) -> Result:
        match command:
            case c.SignIn():
                return await self._sign_in(command)
            case c.JoinGroup():
                return await self._join(command)
            case c.SignOut(end):
                return await self._sign_out(end)
            case c.SetStatus(status):
                return await self._set_status(status)
            case c.CheckLogin():
                online = self.core.snapshot.seat.status is not Status.OFFLINE
                return Result(True, code=int(online))
            case c.CheckSeatState():
                return Result(True, code=int(self.core.snapshot.seat_state))
            case c.GetGroups() | c.GetGroupMembers():
                return await self._directory(command)
            case c.GetHistory() | c.ExportHistory():
                return await self._history(command)
            case c.SetVolume(volume, gain, ring):
                self._audio.sounds.set_volume(volume, gain, ring)
                return Result(True)
            case c.ListDevices() | c.SetDevices() | c.TrySound() | c.UsePulseServer():
                return await self._sound_desk.execute(command)
            case c.RunChecks():
                return await self._checks.run(command)
            case c.SetPhoneMode(mode, number):
                return await self._session.set_phone_mode(mode, number)
            case c.Dismiss():
                self._dismiss()
                return Result(True)
            case _:
                return await self._about_calls(command)

    async def _about_calls(self, command: Command) -> Result:
        if self._lines.active and (done := await self._lines.execute(command)) is not None:
            return done
        match command:
            case c.Dial():
                return await self._dial(command)
            case c.Answer(ccnumber):
                return await self._calls.answer(ccnumber)
            case c.HangUp(ccnumber, leave_them):
                return await self._calls.hang_up(ccnumber, leave_them=leave_them)
            case c.Hold(ccnumber):
                return await self._calls.hold(ccnumber, True)
            case c.Resume(ccnumber):
                return await self._calls.hold(ccnumber, False)
            case c.Mute(on, ccnumber):
                return self._calls.mute(ccnumber, on)
            case c.Transfer(gid, number, name, ccnumber):
                return await self._thirds.transfer(gid, number, name, ccnumber)
            case c.Threeway(kind, callee, name, ccnumber):
                return await self._thirds.invite(kind, callee, name, ccnumber)
            case c.DropThird(ccnumber):
                return await self._thirds.drop(ccnumber)
            case c.EndForAll(ccnumber):
                return await self._thirds.end_for_all(ccnumber)
            case c.CannotTake(ccnumber):
                return await self._offers.cannot_take(ccnumber)
            case c.StopAutoAnswer(ccnumber):
                return self._offers.stop_auto_answer(ccnumber)
            case c.SetAutoAnswer(seconds):
                return self._offers.set_auto_answer(seconds)
            case c.RebuildAudio(ccnumber):
                return await self._network.rebuild(ccnumber)
            case c.CloseCall(ccnumber):
                return self._quality.close_call(ccnumber)
            case c.SendDigits(digits, ccnumber):
                return self._digits.type(digits, ccnumber)
            case c.SetNextStatus(status):
                return await self._workday.set_next_status(status)
            case c.EditWrapUp(outcome, note):
                return self._wrapup.edit(outcome, note)
            case c.KeepWrapUpOpen():
                return self._wrapup.keep_open()
            case c.FinishWrapUp():
                return await self._wrapup.finish()
            case c.MarkLine() | c.ConnectLines() | c.JoinLines() | c.AnswerQuestion():
                return Result(False, message("lines.one_only"))
        raise TypeError(f"{type(command).__name__} is no command")

    async def close(self) -> None:
        """Sign out as far as that can be done, and let go of everything."""
        async with self._busy:
            if self.core.snapshot.phase not in _SIGNED_OUT_PHASES:
                await self._end_session()
        await self._checks.close()
        await self._audio.close()
        await self._audio.sounds.carrier.close()
        await self.core.close()
        self.finished.set()

    # ------------------------------------------------------------ the session

    async def _sign_in(self, command: c.SignIn) -> Result:
        async with self._busy:
            if self.core.snapshot.phase not in (*_SIGNED_OUT_PHASES, Phase.CHOOSING_GROUP):
                return Result(False, message("engine.already_signed_in"))
            checked = self._session.checked(command)
            if isinstance(checked, Result):
                return checked
            if self.core.snapshot.phase is Phase.CHOOSING_GROUP:
                await self._end_session()
            if self.claim is not None and (refused := await self.claim(checked)) is not None:
                return refused
            if checked.profile:
                self._take_policies(self.config.with_profile(checked.profile).policies)
            return await self._session.sign_in(checked)

    def _take_policies(self, policies: Policies) -> None:
        self._seat.go_busy_unattended = policies.unattended_busy
        self._calls.may_decline = policies.decline
        self._checks.demanded = policies.check_before_idle
        if not self._fixed_limits:
            self.core.limits = limits_of(policies)

    async def _join(self, command: c.JoinGroup) -> Result:
        async with self._busy:
            if self.core.snapshot.phase is not Phase.CHOOSING_GROUP:
                return Result(False, message("group.not_now"))
            result = await self._session.join(command)
            if result.ok and self._session.plain:
                self._begin_lines()
            if result.ok:
                await self._begin_shift()
        if result.ok:
            marker = self._session.marker
            remembered = None if marker is None else marker.read()
            if remembered is not None:
                taken = self._lines if self._session.plain else self._recovery
                taken.engine_died(remembered)
            self._plan_end()
        return result

    def _begin_lines(self) -> None:
        """A PBX says nothing of a seat: the status is ours, as the check wants it at first."""
        account = self.core.snapshot.account
        assert account is not None  # joined
        self._lines.begin(account, self._session.profile)
        self._seat.platform_says(self._session.first_status())

    def _sip_event(self, event: sip.Event) -> None:
        (self._lines if self._lines.active else self._intake).sip_event(event)

    async def _begin_shift(self) -> None:
        """The history of this account, and what the enterprise wants of offers."""
        settings, session = self.config.history, self._session
        journal = Journal(
            self._paths.state / "history.sqlite3",
            session.key,
            mask=settings.mask,
            keep_days=settings.keep_days,
        )
        await self._workday.begin(journal)
        wanted = session.auto_answer
        if wanted and self.config.offers.enterprise_auto_answer and not self._offers.seconds:
            self._offers.set_auto_answer(wanted)

    async def _set_status(self, status: int) -> Result:
        """`changeStatus`. Idle during a write-up means that it is done."""
        if status == IDLE and self.core.snapshot.wrapup is not None:
            return await self._wrapup.finish()
        return await self._seat.set_status(status)

    async def _history(self, command: c.GetHistory | c.ExportHistory) -> Result:
        journal = self._workday.journal
        if journal is None:
            return Result(False, message("history.none"))
        if isinstance(command, c.GetHistory):
            return Result(True, value=await journal.search(command.text, command.page))
        try:
            rows = await journal.export(Path(command.path), command.text)
        except OSError as error:
            return Result(False, message("history.not_exported", why=error.strerror or "?"))
        return Result(True, message("history.exported", count=rows, path=command.path), rows)

    async def _sign_out(self, end: bool) -> Result:
        async with self._busy:
            if self.core.snapshot.phase not in _SIGNED_OUT_PHASES:
                await self._end_session()
        if end:
            self.finished.set()
        return Result(True)

    async def _end_session(self) -> None:
        await self._session.sign_out()
        await self._lines.end()
        await self._workday.end()
        self._checks.forget()
        self._seat.signed_out()
        self.core.timers.clear()

    def _make_platform(self, command: c.SignIn) -> Platform:
        return make_platform(self.config, command, clock=self.core.clock, rng=self.core.rng)

    async def _dial(self, command: c.Dial) -> Result:
        """`call`; with an encrypted number the platform object says what it means."""
        if not command.encrypted:
            return await self._calls.dial(command.number, command.area)
        to_call = getattr(self._session.platform, "to_call", None)
        if to_call is None:
            return Result(False, message("dial.not_encrypted"))
        meant = to_call(command.number)
        if not meant.digits:
            return Result(False, message("dial.decrypted", text=clean_text(meant.text)))
        return await self._calls.dial(meant.digits, command.area, shown=command.number)

    async def _directory(self, command: c.GetGroups | c.GetGroupMembers) -> Result:
        platform = self._session.platform
        if platform is None:
            return Result(False, message("engine.not_signed_in"))
        try:
            if isinstance(command, c.GetGroups):
                return Result(True, value=await platform.get_groups(command.page))
            return Result(True, value=await platform.get_group_members(command.gid, command.page))
        except PlatformError as error:
            return Result(False, login_message(error), error.code)

    # ------------------------------------------------------------ signed out by the platform

    def _kicked(self, report: control.Kicked) -> None:
        account = self.core.snapshot.account
        if account is None or report.number != account.un:
            return  # somebody else's
        if self.core.snapshot.phase in _SIGNED_OUT_PHASES:
            return
        reason = as_code(report.r)
        failure = message(KICKED.get(reason, "kicked.unknown"), code=report.r)
        self.core.emit(KickedOffline(reason))
        self.core.spawn(self._end_kicked(failure))

    async def _end_kicked(self, failure: Message) -> None:
        async with self._busy:
            if self.core.snapshot.phase in _SIGNED_OUT_PHASES:
                return
            await self._session.kicked(failure)
            await self._workday.end()
            self._checks.forget()
            self._seat.signed_out()
            self.core.timers.clear()
        self._plan_end()

    # ------------------------------------------------------------ nobody there

    def _call_changed(self, before: Call | None, call: Call) -> None:
        if self._session.marker is not None:
            live = self._calls.live  # of several lines the note has room for the active one
            talks = (each for each in live if each.state is CallState.TALKING)
            self._session.marker.keep(next(talks, live[0] if live else None))
        self._lines.call_changed(before, call)
        self._workday.call_changed(before, call)
        self._quality.call_changed(call)
        self._network.call_changed(before, call)
        self._digits.call_changed(call.key, call.state)
        if call.live:
            self._checks.break_off()
        if not self._calls.live:
            self._seat.call_ended()
            self._plan_end()

    def _plan_end(self) -> None:
        """Without a front end and without a call the engine ends after a while."""
        if self.core.attended or self._calls.live:
            self.core.timers.cancel("unattended end")
        elif "unattended end" not in self.core.timers:
            self.core.timers.set(
                "unattended end", self.core.limits.unattended_end, self._end_unattended
            )

    def _end_unattended(self) -> None:
        log.info("no front end and no call for a while: signing out")
        self.core.spawn(self._leave())

    async def _leave(self) -> None:
        await self._sign_out(True)

    def _dismiss(self) -> None:
        if self.core.snapshot.notice is not None:
            self.core.emit(NoticeChanged(None))
        for call in self.core.snapshot.calls:
            if not call.live:
                self.core.emit(CallRemoved(call.key))


def limits_of(policies: Policies) -> Limits:
    """The engine's waiting times, as the config wants them."""
    return Limits(
        dial_reply=policies.dial_reply,
        status=policies.status_reply,
        unattended_busy=policies.unattended_busy_after,
        unattended_end=policies.unattended_sign_out_after,
    )
