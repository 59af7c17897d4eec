"""The check before the shift, as the engine offers it: run on command, kept in the snapshot, and
asked before the seat goes idle where the policy wants that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from tui.engine.agent.seat import BUSY, IDLE
from tui.engine.checks.runner import Course, passed
from tui.engine.context import EngineContext, log
from tui.port.commands import Result, RunChecks, SignIn
from tui.port.events import ChecksChanged
from tui.port.values import Message, Phase, message
from tui.secrets import Secret

if TYPE_CHECKING:
    from tui.config.schema import Config, Paths
    from tui.engine.audio.devices import SoundDevices
    from tui.engine.checks.shift_check import Subject
    from tui.engine.session.signalling import Signalling
    from tui.platform.base import Platform

MakePlatform = Callable[[SignIn], "Platform"]
MakeSubject = Callable[[RunChecks], "Subject"]
FAILED: Final = "check.failed"


class CheckCommands:
    """One check at a time. `make_subject` says what is to be checked."""

    def __init__(self, context: EngineContext, make_subject: MakeSubject) -> None:
        self.context = context
        self.demanded = False
        """The policy: no idle without a check in which nothing failed."""
        self._make_subject = make_subject
        self._running: asyncio.Task[None] | None = None

    async def run(self, command: RunChecks) -> Result:
        """Carry all of them out. Refused in a call, whose sound it would take."""
        if any(call.live for call in self.context.snapshot.calls):
            return Result(False, message("check.in_call"))
        if self._running is not None:
            return Result(False, message("check.running"))
        self._running = asyncio.get_running_loop().create_task(
            self._carry_out(self._make_subject(command))
        )
        try:
            await asyncio.wait([self._running])
        finally:
            running, self._running = self._running, None
            running.cancel()
        if not running.cancelled() and (error := running.exception()) is not None:
            raise error
        checks = self.context.snapshot.checks
        bad = [check for check in checks if check.state == "fail"]
        if passed(checks):
            return Result(True)
        return Result(False, message(FAILED, n=len(bad)))

    async def _carry_out(self, subject: Subject) -> None:
        from tui.engine.checks.shift_check import ShiftCheck  # once a shift, if at all

        shift = ShiftCheck(subject)
        course = Course(shift.steps(), lambda checks: self.context.emit(ChecksChanged(checks)))
        try:
            checks = await course.run()
        finally:
            await shift.close()
        for check in checks:
            log.info("check %s: %s %s", check.id, check.state, check.message and check.message.id)

    def break_off(self) -> None:
        """A call comes: what is left is not looked at."""
        if self._running is not None:
            self._running.cancel()

    async def close(self) -> None:
        """The engine ends: so does a check that runs."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])

    def forget(self) -> None:
        """The shift is over: the next begins with a check of its own."""
        self.break_off()
        if self.context.snapshot.checks:
            self.context.emit(ChecksChanged(()))

    def refusal(self) -> Message | None:
        """Why the seat may not go idle yet; None when it may."""
        checks = self.context.snapshot.checks
        if not self.demanded or passed(checks):
            return None
        return message("check.demanded_failed" if checks else "check.demanded")

    def first_status(self) -> int:
        """What the seat is to be after registration: busy where a check is wanted first."""
        if (why := self.refusal()) is None:
            return IDLE
        self.context.notice(why, serious=False)
        return BUSY


def subject_of_engine(
    command: RunChecks,
    context: EngineContext,
    config: Config,
    paths: Paths,
    make_platform: MakePlatform,
    signalling: Signalling,
    devices: SoundDevices,
) -> Subject:
    """What an engine's check is about: its session if there is one, else what the command says."""
    from tui.engine.checks.shift_check import Subject, probes_of

    snapshot = context.snapshot
    account, registered = snapshot.account, signalling.account
    if account is None or registered is None or snapshot.phase is not Phase.SIGNED_IN:
        return Subject(
            config,
            paths,
            make_platform,
            command.sign_in,
            server=command.server,
            probes=probes_of(config),
        )
    standing = SignIn(
        un=account.un,
        pwd=Secret(),
        switchnumber=account.switchnumber,
        callintype=account.callintype,
        number=account.number,
        backend=account.backend,
        kind=account.kind,
        profile=config.profile_for(account.kind, "", account.un).name,
    )
    return Subject(
        config,
        paths,
        make_platform,
        standing,
        connection=lambda: context.snapshot.connection,
        url=registered.url,
        server=snapshot.voice.server,
        headset=devices.remote_headset if devices.remote_headset.server else None,
        devices=devices.settings,
        probes=probes_of(config),
    )
