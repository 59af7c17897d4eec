"""Signing in and out: web sign-in, group, registration, and what ends or interrupts them."""

from __future__ import annotations

import os
import ssl
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from tui.clock import ClockWatch
from tui.config.schema import Profile
from tui.engine.agent.seat import IDLE
from tui.engine.context import EngineContext, log
from tui.engine.not_understood import note_missing
from tui.engine.outcome import unconfirmed
from tui.engine.session.crash_note import CrashNote
from tui.engine.session.installation import Installation
from tui.engine.session.platform_factory import relays
from tui.engine.session.sign_in_fields import login_message, one_spelling
from tui.engine.session.signalling import RegistrationRefused, Signalling
from tui.platform import control
from tui.platform.base import Platform, PlatformError
from tui.platform.codes import (
    BAD_ARGUMENT,
    LOGIN,
    LOGOUT_FAILED,
    REGISTRATION_FAILED,
    WEBSOCKET_FAILED,
)
from tui.port import replace
from tui.port.commands import JoinGroup, Result, SignIn
from tui.port.events import (
    AccountChanged,
    NoticeChanged,
    PhaseChanged,
    PhoneModeChanged,
    RegistrationFinished,
)
from tui.port.values import Account, Message, Phase, PhoneMode, message
from tui.port.wire.sockets import account_key
from tui.sip.transport.address import trust
from tui.sip.transport.flow import FlowFault

if TYPE_CHECKING:
    from tui.config.schema import Config, Paths
    from tui.engine.parts import Parts

KICK_FOLLOWS: Final = 5.0
"""Seconds within which a kick is why a call ended that nobody hung up."""
_OF_PEOPLE: Final = ("wrapup", "unattended busy", "unattended end")
"""Timers that count a person's time: what the machine slept counts as well."""

MakePlatform = Callable[[SignIn], Platform]


class SignInSession:
    """One agent, from sign-in to sign-out."""

    def __init__(
        self,
        context: EngineContext,
        config: Config,
        paths: Paths,
        make_platform: MakePlatform,
        signalling: Signalling,
        parts: Parts,
        first_status: Callable[[], int],
    ) -> None:
        self.context = context
        self.config = config
        self.paths = paths
        self.make_platform = make_platform
        self.signalling = signalling
        self.parts = parts
        self.platform: Platform | None = None
        self.crash_note: CrashNote | None = None
        self._first_status = first_status
        """What the seat is to be after registration: 1 idle, or 2 busy at first."""
        self.key = ""
        """The account's name on this machine."""
        self.key_as_written = ""
        """The same by how its backend was typed, as it was once."""
        self.auto_answer = 0
        """Seconds after which the enterprise wants calls answered; 0 = not."""
        self._tls: ssl.SSLContext | None = None
        """Whom to trust; None: whom this machine trusts. To read those takes some 30 ms, which a
        line without TLS does not need."""
        self.profile = Profile()
        """What the config says of this sign-in."""
        self._clocks = ClockWatch()
        self._installation = Installation()
        self._replaced = False

    # ------------------------------------------------------------ signing in

    async def sign_in(self, command: SignIn) -> Result:
        """`getUser2`. The password stays with the platform object, and nowhere else."""
        try:
            ca_file = self.config.tls.ca_file
            self._tls = trust(ca_file) if ca_file else None
        except OSError as error:
            why = error.strerror or type(error).__name__
            failure = message("login.ca_file", path=self.config.tls.ca_file, why=why)
            self._phase(Phase.SIGNED_OUT, failure)
            return Result(False, failure, BAD_ARGUMENT)
        self._phase(Phase.SIGNING_IN)
        if self.context.snapshot.notice is not None:
            self.context.emit(NoticeChanged(None))  # it is about the session before
        platform = self.make_platform(command)
        try:
            user = await platform.sign_in(command.credentials)
        except PlatformError as error:
            log.warning("sign-in refused: %d %s", error.code, error.info)
            note_missing(self.context.not_understood, error, "sign-in")
            failure = login_message(error)
            await platform.close()
            self._phase(Phase.SIGNED_OUT, failure)
            return Result(False, failure, error.code)
        except BaseException:
            await platform.close()
            self._phase(Phase.SIGNED_OUT)
            raise
        self.platform = platform
        self.profile = self.config.profile_for(command.kind, command.profile, command.un)
        self.key = account_key(one_spelling(command))
        self.key_as_written = account_key(command)
        self.auto_answer = user.auto_answer
        self.crash_note = CrashNote(self.paths.runtime / f"{self.key}.call")
        call_control = self.parts.make_control(platform, command.un, self.profile)
        self.parts.control.put(call_control)
        account = Account(
            un=command.un,
            switchnumber=command.switchnumber,
            backend=command.backend,
            kind=command.kind,
            callintype=command.callintype,
            number=command.number,
            displayname=user.displayname,
            eid=user.eid,
            extension_start=user.extension_start,
            extension_end=user.extension_end,
            can=call_control.capabilities,
        )
        self.context.emit(AccountChanged(account, user.groups))
        self._phase(Phase.CHOOSING_GROUP)
        return Result(True, value=user)

    async def join(self, command: JoinGroup) -> Result:
        """`init`: check in, register, and send the three messages that follow (platform.md)."""
        account, platform = self.context.snapshot.account, self.platform
        assert account is not None  # CHOOSING_GROUP has both
        assert platform is not None
        groups = self.context.snapshot.groups
        group = next((g for g in groups if g.gid == command.gid), None)
        if group is None and command.gid != "0":
            return Result(False, message("group.unknown"), BAD_ARGUMENT)
        self._phase(Phase.REGISTERING)
        name = group.name if group is not None else ""
        self.context.emit(AccountChanged(replace(account, gid=command.gid, group=name), groups))
        try:
            await platform.check_in(command.gid)
            await self._register(platform, command.gid)
        except PlatformError as error:
            return await self._not_registered(login_message(error), error.code, error.info)
        except RegistrationRefused as error:
            code = WEBSOCKET_FAILED if error.status == 0 else REGISTRATION_FAILED
            info = f"{error.status} {error.reason}"
            failure = message(LOGIN[code], code=code, info=info)
            if error.unmet:
                failure = message("login.sip_unmet", info=info)
            elif platform.proves_at_registration and error.status in (401, 403, 407):
                failure = message("login.pbx_refused", info=info)
            elif error.why not in ("", FlowFault.OTHER):
                host = urlsplit(platform.sip_account(command.gid).url).netloc
                failure = message(f"login.ws-{error.why}", code=code, info=info, host=host)
            return await self._not_registered(failure, code, error.reason, error.status)
        except BaseException as fault:  # of ours: nobody is left registering for ever
            try:
                await self.signalling.stop(unregister=False)
            finally:
                failure = message("engine.fault", kind=type(fault).__name__)
                self._phase(Phase.CHOOSING_GROUP, failure)
            raise
        platform.start_token_renewal(self._token_failed)
        self._clocks = ClockWatch()
        self._watch_clocks()
        log.info("registered")
        self._phase(Phase.SIGNED_IN)
        self.context.emit(RegistrationFinished(200))
        self.parts.devices.load()
        self.parts.control.now.begin(self._first_status())
        return Result(True)

    async def _register(self, platform: Platform, gid: str) -> None:
        sip_account = platform.sip_account(gid)
        host = urlsplit(sip_account.url).hostname or ""
        servers = None
        if platform.relays_by_profile:
            servers = relays(self.config, self.profile, self.context.clock).servers
        loopback = host in ("127.0.0.1", "localhost", "::1")
        self.parts.legs.begin(loopback=loopback, ice_servers=servers)
        await self.signalling.start(
            sip_account,
            instance_id(self.paths.state / "instances" / self.key),
            self.parts.control.now,
            self._tls,
            platform.line_cookies,
        )

    async def _not_registered(
        self, failure: Message, code: int, info: str, status: int = 0
    ) -> Result:
        await self.signalling.stop(unregister=False)
        self.context.emit(RegistrationFinished(code, info, str(status)))
        if self.platform is not None and self.platform.proves_at_registration:
            # Only now it shows whether the password was right: back to typing it.
            await self._forget()
            self._phase(Phase.SIGNED_OUT, failure)
        else:
            self._phase(Phase.CHOOSING_GROUP, failure)
        return Result(False, failure, code)

    async def set_phone_mode(self, mode: str, number: str) -> Result:
        """Generation 1's seat mode: mobile or fixed. Other generations have none."""
        platform = self.platform
        if (
            platform is None
            or not platform.phone_modes
            or self.context.snapshot.phase is not Phase.SIGNED_IN
        ):
            return Result(False, message("phone_mode.none"))
        if mode not in ("fixed", "mobile"):
            return Result(False, message("phone_mode.bad"))
        try:
            await platform.set_phone_mode(mode, number)
        except PlatformError as error:
            return Result(False, login_message(error), error.code)
        outcome = await self.signalling.messages.send(control.SetSeatMode(fixed=mode == "fixed"))
        if not outcome.ok:
            if self.context.snapshot.phone_mode is PhoneMode.FIXED:
                with suppress(PlatformError):  # the web has taken it on: calls would go there
                    await platform.set_phone_mode(PhoneMode.FIXED)
            return Result(False, unconfirmed("phone_mode", outcome))
        self.context.emit(PhoneModeChanged(PhoneMode(mode)))
        if mode == "fixed" and self.context.snapshot.wrapup is None:
            await self.parts.seat.set_status(IDLE, in_call=True)
        return Result(True)

    # ------------------------------------------------------------ the machine slept

    def _watch_clocks(self) -> None:
        self.context.timers.set("clocks", self.context.limits.clocks, self.look_at_clocks)

    def look_at_clocks(self) -> None:
        """Look for a sleep, or a clock that was set. After a sleep nothing is known of the flow,
        nor of what the platform holds of us: it is dialled at once, and with the registration all
        is told and asked anew. The token is looked at, and what counts a person's time is due."""
        self._watch_clocks()
        if not self._replaced and self._installation.replaced:
            self._replaced = True
            self.context.notice(message("engine.replaced"))
        jump = self._clocks.look()
        if jump is None:
            return
        log.warning("slept %.1f s; the clock was set by %.1f s", jump.slept, jump.set_by)
        if not jump.slept:
            return
        for name in _OF_PEOPLE:
            self.context.timers.slept(name, jump.slept)
        if self.platform is not None:
            self.platform.woke()
        if self.signalling.connection is not None:
            self.signalling.connection.redial("the machine slept")

    # ------------------------------------------------------------ ends

    def _token_failed(self, error: PlatformError) -> None:
        """The token cannot be renewed: calls go on, the directory does not."""
        self.context.notice(message("token.refused", code=error.code, info=error.info))

    async def sign_out(self) -> Message | None:
        """`logout`: hang up, BYE, un-REGISTER, seat check-out, token timer stopped. What fails
        on the way does not stop the rest: it counts as signed out (specification). Returns what
        must be told all the same."""
        self._phase(Phase.SIGNING_OUT)
        left: Message | None = None
        was_in = self.signalling.account is not None
        if was_in:
            left = await self.parts.control.now.hang_up_all()
            self.parts.calls.end_all(message("ended.signed_out"))
        await self.parts.legs.close()
        await self.signalling.stop(unregister=True)
        if self.platform is not None:
            try:
                await self.platform.check_out()
            except PlatformError as error:
                log.warning("the seat could not be checked out: %s", error)
                if was_in and left is None:  # the platform may have the seat still
                    left = message(LOGIN[LOGOUT_FAILED], code=LOGOUT_FAILED, info=error.info)
        await self._forget()
        if left is not None:
            log.warning("signed out, and something was left: %s", left.id)
        self._phase(Phase.SIGNED_OUT, left)
        return left

    async def kicked(self, failure: Message) -> None:
        """Signed out by the platform: nothing is sent that could fight the other sign-in."""
        self._phase(Phase.KICKED, failure)
        self.parts.calls.end_all(message("ended.kicked"))
        # Some platforms end the call first, as if it were hung up here, and say why just after.
        now = self.context.clock()
        for call in self.context.snapshot.calls:
            unasked = call.outcome is not None and call.outcome.id == "ended.26_unasked"
            if not call.live and unasked and now - call.since < KICK_FOLLOWS:
                self.parts.calls.put(call, outcome=message("ended.kicked"))
                ended = self.parts.calls.by_key(call.key)
                if ended is not None:
                    self.parts.call_log.explain(ended)
        await self.parts.legs.close()
        await self.signalling.stop(unregister=False)
        await self._forget()

    async def _forget(self) -> None:
        if self.crash_note is not None:
            self.crash_note.keep(None)
        if self.platform is not None:
            platform, self.platform = self.platform, None
            await platform.close()
        if self.context.snapshot.phone_mode is not PhoneMode.FIXED:
            self.context.emit(PhoneModeChanged(PhoneMode.FIXED))  # a mode ends with its session
        await self.parts.end_session()

    def _phase(self, phase: Phase, failure: Message | None = None) -> None:
        self.context.emit(PhaseChanged(phase, failure))


def instance_id(path: Path) -> str:
    """The account's `+sip.instance` (RFC 5626 §4.1): made once, kept on disk. A disk that cannot
    be written costs a new one at the next start, never the sign-in."""
    with suppress(OSError, ValueError):  # ValueError: no text, or no id of ours
        known = path.read_text().strip()
        if known == uuid.UUID(known.removeprefix("urn:uuid:")).urn:
            return known
    fresh = uuid.uuid4().urn
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(fresh + "\n")
    except OSError as error:
        log.warning("the instance id could not be kept: %s", error)
    return fresh
