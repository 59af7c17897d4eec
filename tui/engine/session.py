"""Signing in and out: web sign-in, group, registration, and what ends or interrupts them."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tui import sip
from tui.config import Profile
from tui.engine.audio import Audio
from tui.engine.calls import Calls, Outcome, unconfirmed
from tui.engine.commands import JoinGroup, Result, SignIn
from tui.engine.core import Core, log
from tui.engine.events import AccountChanged, PhaseChanged, PhoneModeChanged, RegistrationFinished
from tui.engine.link import Link, RegistrationRefused
from tui.engine.marker import Marker
from tui.engine.number import NumberError, parse_number, parse_phone
from tui.engine.platforms import relays
from tui.engine.sockets import account_key
from tui.engine.state import Account, Message, Phase, message
from tui.platform import control
from tui.platform.base import (
    LINE_TYPES,
    PLAIN_SIP,
    VOIP,
    Credentials,
    Platform,
    PlatformError,
)
from tui.platform.codes import LOGIN, login_id

if TYPE_CHECKING:
    from tui.config import Config, Paths

BAD_ARGUMENT = 50001
REGISTRATION_FAILED = 51000
WEBSOCKET_FAILED = 51001

MakePlatform = Callable[[SignIn], Platform]


def login_message(error: PlatformError) -> Message:
    """The sentence for a refused sign-in."""
    return message(login_id(error), code=error.code, info=error.info)


class Session:
    """One agent, from sign-in to sign-out."""

    def __init__(
        self,
        core: Core,
        config: Config,
        paths: Paths,
        make_platform: MakePlatform,
        audio: Audio,
    ) -> None:
        self.core = core
        self.config = config
        self.paths = paths
        self.make_platform = make_platform
        self.audio = audio
        self.assumed = control.ASSUMED.overridden(config.messages)
        self.calls: Calls | None = None
        self.platform: Platform | None = None
        self.link: Link | None = None
        self.marker: Marker | None = None
        self.on_sip: Callable[[sip.Event], None] = lambda event: None
        self.on_up: Callable[[], None] = lambda: None
        self.first_status: Callable[[], int] = lambda: 1
        """What the seat is to be after registration: 1 idle, or 2 busy at first."""
        self.key = ""
        """The account's name on this machine."""
        self.auto_answer = 0
        """Seconds after which the enterprise wants calls answered; 0 = not."""
        self.profile = Profile()
        """What the config says of this sign-in."""

    @property
    def plain(self) -> bool:
        """Whether this is a PBX without a platform around it."""
        account = self.core.snapshot.account
        return account is not None and account.kind == PLAIN_SIP

    # ------------------------------------------------------------ signing in

    def checked(self, command: SignIn) -> SignIn | Result:
        """The command with numbers made plain, or why it cannot be sent (50001)."""

        def bad(message_id: str) -> Result:
            return Result(False, message(message_id, code=BAD_ARGUMENT), BAD_ARGUMENT)

        if command.kind == PLAIN_SIP:
            return self._checked_plain(command)
        if command.callintype not in LINE_TYPES:
            return bad("login.bad_line_type")
        plain: dict[str, Any] = {}
        wanted = ["un", "switchnumber"] + (["number"] if command.callintype != VOIP else [])
        for name in wanted:
            text = getattr(command, name)
            if not text.strip():
                return bad(f"login.missing_{name}")
            try:
                plain[name] = parse_phone(text) if name == "number" else parse_number(text)
            except NumberError:
                return bad(f"login.bad_{name}")
        if not command.pwd:
            return bad("login.missing_pwd")
        return replace(command, backend=command.backend.strip(), **plain)

    def _checked_plain(self, command: SignIn) -> SignIn | Result:
        """An address of record and a WebSocket, each as it is written in one way only."""
        from tui.platform.plain import NO_WEBSOCKET, parse_address
        from tui.platform.web import socket_url

        try:
            uri = parse_address(command.un)
            un = str(uri).removeprefix("sip:")
            profile = self.config.profile_for(PLAIN_SIP, command.profile, un)
            url = command.backend.strip() or profile.backend
            if not url:
                raise PlatformError(BAD_ARGUMENT, "no WebSocket address", NO_WEBSOCKET)
            socket_url(url)
        except PlatformError as error:
            return Result(False, login_message(error), error.code)
        if not command.pwd:
            return Result(False, message("login.missing_pwd", code=BAD_ARGUMENT), BAD_ARGUMENT)
        return replace(command, un=un, backend=url, switchnumber="", number="", callintype=VOIP)

    async def sign_in(self, command: SignIn) -> Result:
        """`getUser2`. The password stays with the platform object, and nowhere else."""
        self._phase(Phase.SIGNING_IN)
        platform = self.make_platform(command)
        try:
            user = await platform.sign_in(
                Credentials(
                    command.un,
                    command.pwd,
                    command.switchnumber,
                    command.callintype,
                    command.number,
                    command.backend,
                )
            )
        except PlatformError as error:
            log.warning("sign-in refused: %d", error.code)
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
        self.key = account_key(command)
        self.auto_answer = user.auto_answer
        self.marker = Marker(self.paths.runtime / f"{self.key}.call")
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
            encrypts=bool(getattr(self.platform, "encrypts", False)),
        )
        self.core.emit(AccountChanged(account, user.groups))
        self._phase(Phase.CHOOSING_GROUP)
        return Result(True, value=user)

    async def join(self, command: JoinGroup) -> Result:
        """`init`: check in, register, and send the three messages that follow (platform.md)."""
        account, platform = self.core.snapshot.account, self.platform
        assert account is not None  # CHOOSING_GROUP has both
        assert platform is not None
        groups = self.core.snapshot.groups
        group = next((g for g in groups if g.gid == command.gid), None)
        if group is None and command.gid != "0":
            return Result(False, message("group.unknown"), BAD_ARGUMENT)
        self._phase(Phase.REGISTERING)
        name = group.name if group is not None else ""
        self.core.emit(AccountChanged(replace(account, gid=command.gid, group=name), groups))
        try:
            await platform.check_in(command.gid)
            await self._register(platform, command.gid)
        except PlatformError as error:
            return await self._not_registered(login_message(error), error.code, error.info)
        except RegistrationRefused as error:
            code = WEBSOCKET_FAILED if error.status == 0 else REGISTRATION_FAILED
            info = f"{error.status} {error.reason}"
            failure = message(LOGIN[code], code=code, info=info)
            if self.plain and error.status in (401, 403, 407):
                failure = message("login.pbx_refused", info=info)
            return await self._not_registered(failure, code, error.reason, error.status)
        platform.start_token_renewal(self._token_failed)
        log.info("registered")
        self._phase(Phase.SIGNED_IN)
        self.core.emit(RegistrationFinished(200))
        self.audio.sounds.load()
        if not self.plain:
            self.core.spawn(self._announce(command.gid, account.eid))
        return Result(True)

    async def _register(self, platform: Platform, gid: str) -> None:
        sip_account = platform.sip_account(gid)
        host = urlsplit(sip_account.url).hostname or ""
        self.audio.loopback = host in ("127.0.0.1", "localhost", "::1")
        self.audio.ice_servers = self.audio.configured_servers
        if self.plain:
            self.audio.ice_servers = relays(self.config, self.profile, self.core.clock).servers
        self.link = Link(
            self.core,
            sip_account,
            self.config.sip,
            instance_id(self.paths.state / "instances" / self.key),
            assumed=self.assumed,
            on_event=self.on_sip,
            on_up=self.on_up,
        )
        self.audio.phone = self.link
        await self.link.start()

    async def _not_registered(
        self, failure: Message, code: int, info: str, status: int = 0
    ) -> Result:
        await self._drop_link(unregister=False)
        self.core.emit(RegistrationFinished(code, info, str(status)))
        if self.plain:  # only now it shows whether the password was right: back to typing it
            await self._forget()
            self._phase(Phase.SIGNED_OUT, failure)
        else:
            self._phase(Phase.CHOOSING_GROUP, failure)
        return Result(False, failure, code)

    async def _announce(self, gid: str, eid: str) -> None:
        """Status, seat mode, group: the three that go out right after registration."""
        messages: list[control.AgentMessage] = [
            control.SetStatus(self.first_status()),
            control.SetSeatMode(fixed=True),
        ]
        if gid != "0":
            messages.append(control.JoinGroup(gid, eid))
        for each in messages:
            outcome = await self.send(each)
            if not outcome.ok:
                name = type(each).__name__
                self.core.notice(message("announce.failed", what=name, status=outcome.status))

    async def set_phone_mode(self, mode: str, number: str) -> Result:
        """Generation 1's seat mode: mobile or fixed. Other generations have none."""
        change = getattr(self.platform, "set_phone_mode", None)
        if change is None or self.core.snapshot.phase is not Phase.SIGNED_IN:
            return Result(False, message("phone_mode.none"))
        if mode not in ("fixed", "mobile"):
            return Result(False, message("phone_mode.bad"))
        try:
            await change(mode, number)
        except PlatformError as error:
            return Result(False, login_message(error), error.code)
        outcome = await self.send(control.SetSeatMode(fixed=mode == "fixed"))
        if not outcome.ok:
            return Result(False, unconfirmed("phone_mode", outcome))
        self.core.emit(PhoneModeChanged(mode))
        if mode == "fixed":
            await self.send(control.SetStatus(1))
        return Result(True)

    async def send(self, control_message: control.AgentMessage) -> Outcome:
        """Send a control message, if there is a line. A PBX is told none: the status is ours."""
        if self.plain:
            known = isinstance(control_message, control.SetStatus)
            return Outcome(200, "OK") if known else Outcome(0, "no platform")
        if self.link is None:
            return Outcome(0, "signed out")
        return await self.link.send(control_message)

    # ------------------------------------------------------------ ends

    def _token_failed(self, error: PlatformError) -> None:
        """The token cannot be renewed: calls go on, the directory does not."""
        self.core.notice(message("token.refused", code=error.code, info=error.info))

    async def sign_out(self) -> None:
        """`logout`: hang up, BYE, un-REGISTER, seat check-out, token timer stopped. What fails
        on the way does not stop the rest: it counts as signed out (specification)."""
        self._phase(Phase.SIGNING_OUT)
        if self.calls is not None and self.link is not None:
            for call in self.calls.live:
                if call.ccnumber and not self.plain:
                    await self.send(control.HangUp(call.ccnumber))
            self.calls.end_all(message("ended.signed_out"))
        await self.audio.close()
        await self._drop_link(unregister=True)
        if self.platform is not None:
            try:
                await self.platform.check_out()
            except PlatformError as error:
                log.warning("the seat could not be checked out: %s", error)
        await self._forget()
        self._phase(Phase.SIGNED_OUT)

    async def kicked(self, failure: Message) -> None:
        """Signed out by the platform: nothing is sent that could fight the other sign-in."""
        self._phase(Phase.KICKED, failure)
        if self.calls is not None:
            self.calls.end_all(message("ended.kicked"))
        await self.audio.close()
        await self._drop_link(unregister=False)
        await self._forget()

    async def _drop_link(self, *, unregister: bool) -> None:
        if self.link is not None:
            link, self.link = self.link, None
            await link.stop(unregister=unregister)
        self.audio.phone = None

    async def _forget(self) -> None:
        if self.marker is not None:
            self.marker.keep(None)
        if self.platform is not None:
            platform, self.platform = self.platform, None
            await platform.close()

    def _phase(self, phase: Phase, failure: Message | None = None) -> None:
        self.core.emit(PhaseChanged(phase, failure))


def instance_id(path: Path) -> str:
    """The account's `+sip.instance` (RFC 5626 §4.1): made once, kept on disk. A disk that cannot
    be written costs a new one at the next start, never the sign-in."""
    try:
        known = path.read_text().strip()
        if known.startswith("urn:uuid:"):
            return known
    except OSError:
        pass
    fresh = uuid.uuid4().urn
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(fresh + "\n")
    except OSError as error:
        log.warning("the instance id could not be kept: %s", error)
    return fresh
