"""The engine: the SDK's calls as commands, its events as events.

Which part decides what: `tui.port.machines` which state follows which, `call_control` and the two
rooms behind it the calls, `agent/seat` the status, `session/` signing in and out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from random import Random, SystemRandom
from typing import TYPE_CHECKING

from tui.clock import instant
from tui.config.errors import ConfigError
from tui.engine.agent.breaks import choices
from tui.engine.agent.history.db import HistoryDb
from tui.engine.agent.seat import IDLE
from tui.engine.agent.work_commands import WorkCommands
from tui.engine.asked_dial import AskedDial
from tui.engine.audio.commands import SoundCommands
from tui.engine.call_control import carry_out
from tui.engine.checks.commands import CheckCommands, subject_of_engine
from tui.engine.context import EngineContext, Limits, log
from tui.engine.incident.commands import IncidentCommands
from tui.engine.not_understood import note_left_out
from tui.engine.numbers import names_us
from tui.engine.outcome import code_of, with_info
from tui.engine.parts import Parts
from tui.engine.session.control_messages import Overheard
from tui.engine.session.directory import look_up
from tui.engine.session.note_keeper import NoteKeeper
from tui.engine.session.platform_factory import checked_fields, make_platform
from tui.engine.session.sign_in import MakePlatform, SignInSession
from tui.engine.session.sign_in_fields import one_spelling
from tui.engine.session.signalling import Signalling
from tui.platform import control
from tui.platform.base import Platform
from tui.platform.codes import KICKED
from tui.platform.not_understood import SkippedKind
from tui.port import commands as c
from tui.port.commands import Command, Result
from tui.port.engine_port import Claim
from tui.port.events import (
    CallRemoved,
    KickedOffline,
    NextStatusChanged,
    NoticeChanged,
    WatchersChanged,
)
from tui.port.machines.seat_machine import Status
from tui.port.snapshot import Call, Snapshot
from tui.port.values import Message, NextStatus, Phase, Voice, message

if TYPE_CHECKING:
    from tui.bus import EventBus
    from tui.config.schema import Config, Paths, Policies
    from tui.engine.checks.shift_check import Subject
    from tui.engine.session.crash_note import Remembered
    from tui.port.events import Event

_SIGNED_OUT_PHASES = (Phase.SIGNED_OUT, Phase.KICKED)


class Engine:
    """An agent's phone. `execute` a command, hear `events`, ask for the `snapshot`."""

    def __init__(
        self,
        config: Config,
        *,
        paths: Paths,
        config_file: Path | None = None,
        clock: Callable[[], float] = instant,
        rng: Random | None = None,
        limits: Limits | None = None,
        make_platform: MakePlatform | None = None,
    ) -> None:
        self.context = EngineContext(
            clock=clock,
            rng=rng if rng is not None else SystemRandom(),
            limits=limits if limits is not None else limits_of(config.policies),
        )
        self.context.snapshot = Snapshot(
            voice=Voice(volume=config.audio.volume, gain=config.audio.gain),
            breaks=choices(config.breaks),
        )
        self._fixed_limits = limits is not None
        self.config = config
        self.claim: Claim | None = None
        """Asked before the platform is: the host's check that no other engine has the account."""
        self.finished = asyncio.Event()
        """Set when the agent signed out and the engine has nothing left to do."""
        self._paths = paths
        self._busy = asyncio.Lock()
        self._make_platform = make_platform or self._platform_of
        assumed = control.ASSUMED.overridden(config.messages)
        self._signalling = Signalling(self.context, config.sip, assumed)
        self._checks = CheckCommands(self.context, self._subject)
        self._asked_dial = AskedDial(self.context, self._execute)
        self._parts = Parts(
            self.context,
            config,
            self._signalling.phone,
            self._signalling.messages.send,
            lambda: self._signalling.connection,
            runtime=paths.runtime,
            idle_refused=self._checks.refusal,
            kicked=self._kicked,
        )
        self._incidents = IncidentCommands(
            self.context,
            self._signalling,
            self._parts.quality,
            config_file=config_file or paths.config_file,
            log_file=paths.log_file,
            messages=config.messages,
            collector=config.quality.publish,
        )
        self._notes = NoteKeeper(self.context, self._parts.legs, lambda: self._session.crash_note)
        self._work = WorkCommands(
            self.context,
            self._parts.calls,
            breaks=self._parts.breaks,
            wrapup=self._parts.wrapup,
            callbacks=self._parts.callbacks,
            own_actions=self._parts.own_actions,
            call_log=self._parts.call_log,
        )
        self._sound = SoundCommands(self.context, self._parts.devices)
        self._session = SignInSession(
            self.context,
            config,
            paths,
            self._make_platform,
            self._signalling,
            self._parts,
            self._checks.first_status,
        )
        self._take_policies(config.policies)
        self._parts.calls.listen(self._call_changed)

    # ------------------------------------------------------------ the port

    @property
    def events(self) -> EventBus[Event]:
        """What happens, in order."""
        return self.context.events

    def snapshot(self) -> Snapshot:
        """The truth as of the last event."""
        return self.context.snapshot

    def overhear(self, hear: Callable[[Overheard], None]) -> None:
        """Hear what is said both ways with the platform, and what is refused."""
        self._signalling.messages.hearers.append(hear)

    def attended(self, present: bool) -> None:
        """Told by the host: whether at least one screen is attached."""
        self.context.attended = present
        self._parts.seat.attended(present)
        self._plan_end()

    def watched(self, by: tuple[str, ...]) -> None:
        """Told by the host: who looks at this desk. The agent is told in turn."""
        log.info("watched by %s", ", ".join(by) or "nobody")
        self.context.emit(WatchersChanged(by))

    async def execute(self, command: Command) -> Result:
        """Carry out one command. A fault in here is logged and told, and ends nothing."""
        try:
            return await self._execute(command)
        except Exception as error:
            log.exception("%s failed", type(command).__name__)
            return Result(False, message("engine.fault", kind=type(error).__name__))

    async def _execute(self, command: Command) -> Result:
        if (done := await self._work.carry_out(command)) is not None:
            return done
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
                online = self.context.snapshot.seat.status is not Status.OFFLINE
                return Result(True, code=int(online))
            case c.CheckSeatState():
                return Result(True, code=int(self.context.snapshot.seat_state))
            case c.GetGroups() | c.GetGroupMembers():
                return await look_up(self.context, self._session.platform, command)
            case c.GetNotUnderstood():
                return Result(True, value=self.context.not_understood.report())
            case c.SetVolume(volume, gain, ring):
                self._parts.devices.set_volume(volume, gain, ring)
                return Result(True)
            case (
                c.ListDevices()
                | c.SetDevices()
                | c.TrySound()
                | c.UsePulseServer()
                | c.UseHeadset()
            ):
                return await self._sound.execute(command)
            case c.RunChecks():
                return await self._checks.run(command)
            case c.AskToDial():
                return self._asked_dial.ask(command)
            case c.AnswerQuestion(yes) if self._asked_dial.open:
                return await self._asked_dial.answer(yes)
            case c.WriteBundle(path):
                return await self._incidents.write(Path(path))
            case c.GetLadder():
                return self._incidents.ladder()
            case c.SetPhoneMode(mode, number):
                return await self._session.set_phone_mode(mode, number)
            case c.Dismiss():
                self._dismiss()
                return Result(True)
            case _:
                return await self._about_calls(command)

    async def _about_calls(self, command: Command) -> Result:
        if (done := await carry_out(self._parts.control.now, command)) is not None:
            return done
        match command:
            case c.CannotTake(ccnumber):
                return await self._parts.incoming.cannot_take(ccnumber)
            case c.StopAutoAnswer(ccnumber):
                return self._parts.incoming.stop_auto_answer(ccnumber)
            case c.SetAutoAnswer(seconds):
                return self._parts.incoming.set_auto_answer(seconds)
            case c.RebuildAudio(ccnumber):
                return await self._parts.network.rebuild(ccnumber)
            case c.CloseCall(ccnumber):
                return self._parts.quality.close_call(ccnumber)
            case c.SendDigits(digits, ccnumber):
                return self._parts.digits.type(digits, ccnumber)
            case c.SetNextStatus(status):
                return await self._parts.ahead.set_next(status)
            case c.EditWrapUp(outcome, note):
                return self._parts.wrapup.edit(outcome, note)
            case c.EditNote(note, key):
                return self._parts.call_log.edit_note(note, key)
            case c.KeepWrapUpOpen():
                return self._parts.wrapup.keep_open()
            case c.FinishWrapUp():
                return await self._parts.wrapup.finish()
        raise TypeError(f"{type(command).__name__} is no command")

    async def close(self) -> None:
        """Sign out as far as that can be done, and let go of everything."""
        async with self._busy:
            if self.context.snapshot.phase not in _SIGNED_OUT_PHASES:
                await self._end_session()
        await self._checks.close()
        await self._parts.legs.close()
        await self._parts.lookup.close()
        await self._parts.devices.remote_pulse.close()
        await self._parts.devices.remote_headset.close()
        await self.context.close()
        self.finished.set()

    # ------------------------------------------------------------ the session

    async def _sign_in(self, command: c.SignIn) -> Result:
        async with self._busy:
            if self.context.snapshot.phase not in (*_SIGNED_OUT_PHASES, Phase.CHOOSING_GROUP):
                return Result(False, message("engine.already_signed_in"))
            checked = checked_fields(self.config, command)
            if isinstance(checked, Result):
                return checked
            if (policies := self._policies_of(checked.profile)) is None:
                return Result(False, message("engine.no_profile", name=checked.profile))
            if self.context.snapshot.phase is Phase.CHOOSING_GROUP:
                await self._end_session()
            account = one_spelling(checked)
            if self.claim is not None and (refused := await self.claim(account)) is not None:
                return refused
            self._take_policies(policies)
            return await self._session.sign_in(checked)

    def _policies_of(self, profile: str) -> Policies | None:
        """The policies of that profile, "" for none; None where this engine's config, read when it
        was started, has no such profile."""
        try:
            return self.config.with_profile(profile).policies if profile else self.config.policies
        except ConfigError:
            return None

    def _take_policies(self, policies: Policies) -> None:
        self._parts.seat.go_busy_unattended = policies.unattended_busy
        self._parts.calls.may_decline = policies.decline
        self._checks.demanded = policies.check_before_idle
        if not self._fixed_limits:
            self.context.limits = limits_of(policies)

    async def _join(self, command: c.JoinGroup) -> Result:
        async with self._busy:
            if self.context.snapshot.phase is not Phase.CHOOSING_GROUP:
                return Result(False, message("group.not_now"))
            # Before anything registers: from then on the note may tell of a call of our own.
            note = self._session.crash_note
            remembered = None if note is None else note.read()
            result = await self._session.join(command)
            if result.ok:
                await self._begin_shift()
        if result.ok:
            if remembered is not None:
                self._engine_died(remembered)
            self._plan_end()
        return result

    def _engine_died(self, remembered: Remembered) -> None:
        """Take over what an engine left behind. A call that the platform has told of meanwhile is
        there already, and truer than the note."""
        if self._parts.calls.by_ccnumber(remembered.ccnumber) is None:
            self._parts.control.now.engine_died(remembered)

    async def _begin_shift(self) -> None:
        """The history of this account, and what the enterprise wants of offers."""
        settings, session = self.config.history, self._session
        history = HistoryDb(
            self._paths.state / "history.sqlite3",
            session.key,
            mask=settings.mask,
            keep_days=settings.keep_days,
            also=session.key_as_written,
        )
        await self._parts.call_log.begin(history)
        if self._parts.call_log.history is not None:
            self._parts.callbacks.begin(await history.open_callbacks())
        self.context.spawn(self._parts.lookup.warm_up())
        wanted = session.auto_answer if self.config.offers.enterprise_auto_answer else 0
        if not self._parts.incoming.enterprise_wants(wanted):
            what = f"auto_answer_duration {wanted}"
            self.context.not_understood.add(SkippedKind.CODE, what, where="sign-in")

    async def _set_status(self, status: int) -> Result:
        """`changeStatus`. Idle during a write-up means that it is done."""
        if status == IDLE and self.context.snapshot.wrapup is not None:
            return await self._parts.wrapup.finish()
        self._parts.wrapup.status_chosen()
        return await self._parts.seat.set_status(status)

    async def _sign_out(self, end: bool) -> Result:
        left: Message | None = None
        async with self._busy:
            if self.context.snapshot.phase not in _SIGNED_OUT_PHASES:
                left = await self._end_session()
        if end:
            self.finished.set()
        return Result(True, left)

    async def _end_session(self) -> Message | None:
        left = await self._session.sign_out()
        await self._end_shift()
        return left

    async def _end_shift(self) -> None:
        """However it ended: a break that is on is over, the write-up kept, the history closed, and
        nothing is asked, checked or waited for any more."""
        self._parts.breaks.session_ended()
        self._parts.seat.signed_out()
        self._parts.wrapup.session_ended()
        self._parts.callbacks.end()
        await self._parts.call_log.end()
        if self.context.snapshot.next_status:  # nobody's wish in the next session
            self.context.emit(NextStatusChanged(NextStatus.NONE))
        self._checks.forget()
        self._asked_dial.forget()
        self.context.timers.session_ended()

    def _platform_of(self, command: c.SignIn) -> Platform:
        context = self.context
        return make_platform(
            self.config,
            command,
            clock=context.clock,
            rng=context.rng,
            skipped=lambda error: note_left_out(context.not_understood, error),
        )

    def _subject(self, command: c.RunChecks) -> Subject:
        return subject_of_engine(
            command,
            self.context,
            self.config,
            self._paths,
            self._make_platform,
            self._signalling,
            self._parts.devices,
        )

    # ------------------------------------------------------------ signed out by the platform

    def _kicked(self, report: control.Kicked) -> None:
        account = self.context.snapshot.account
        if account is None or not names_us(report.number, report.eid, account):
            return  # somebody else's
        if self.context.snapshot.phase in _SIGNED_OUT_PHASES:
            return
        reason = report.r if isinstance(report.r, int) else 0
        log.warning("signed out by the platform: %s %s", report.r, report.name)
        failure = with_info(
            message(KICKED.get(reason, "kicked.unknown"), code=code_of(report.r)), report.info
        )
        self.context.emit(KickedOffline(reason))
        self.context.spawn(self._end_kicked(failure))

    async def _end_kicked(self, failure: Message) -> None:
        async with self._busy:
            if self.context.snapshot.phase in _SIGNED_OUT_PHASES:
                return
            self._parts.call_log.kicked()
            await self._session.kicked(failure)
            await self._end_shift()
        self._plan_end()

    # ------------------------------------------------------------ nobody there

    def _call_changed(self, before: Call | None, call: Call) -> None:
        self._notes.keep()
        if call.live:
            self._checks.break_off()
        if not self._parts.calls.live:
            self._parts.seat.call_ended()
            self._plan_end()

    def _plan_end(self) -> None:
        """Without a front end and without a call the engine ends after a while."""
        if self.context.attended or self._parts.calls.live:
            self.context.timers.cancel("unattended end")
        elif "unattended end" not in self.context.timers:
            self.context.timers.set(
                "unattended end", self.context.limits.unattended_end, self._end_unattended
            )

    def _end_unattended(self) -> None:
        log.info("no front end and no call for a while: signing out")
        self.context.spawn(self._leave())

    async def _leave(self) -> None:
        await self._sign_out(True)

    def _dismiss(self) -> None:
        if self.context.snapshot.notice is not None:
            self.context.emit(NoticeChanged(None))
        for call in self.context.snapshot.calls:
            if not call.live:
                self.context.emit(CallRemoved(call.key))


def limits_of(policies: Policies) -> Limits:
    """The engine's waiting times, as the config wants them."""
    return Limits(
        dial_reply=policies.dial_reply,
        status=policies.status_reply,
        unattended_busy=policies.unattended_busy_after,
        unattended_end=policies.unattended_sign_out_after,
    )
