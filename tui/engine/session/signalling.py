"""The signalling of whoever is signed in: registers, tells what comes to whoever it is for, and
un-registers."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol, TypeVar
from urllib.parse import urlsplit

from tui import sip
from tui.engine.context import EngineContext, log
from tui.engine.not_understood import note_refused
from tui.engine.session.account_connection import AccountConnection
from tui.engine.session.control_messages import ControlMessages
from tui.engine.session.live_phone import LivePhone
from tui.engine.session.requests import Requests
from tui.platform import control
from tui.platform.base import SipAccount
from tui.platform.codes import LOGIN, WEBSOCKET_FAILED
from tui.port.events import ConnectionChanged
from tui.port.values import Connection, ConnectionState, Message, message
from tui.sip.transport.flow import FlowFault
from tui.sip.transport.websocket import FlowState, SipConnection
from tui.text import clean_text

if TYPE_CHECKING:
    from tui.config.schema import SipSettings

T = TypeVar("T")

_MOST_WORDS: Final = 120
"""Characters of a server's own words."""


class RegistrationRefused(Exception):
    """The first registration did not work: `status` is SIP's, 0 when nothing was reached."""

    def __init__(self, status: int, reason: str, why: str = "", *, unmet: bool = False) -> None:
        super().__init__(f"{status} {reason}")
        self.unmet = unmet
        """The password was not asked for in a way that this phone answers."""
        self.why = why
        """Why the WebSocket could not be opened (`FlowFault`); "" where that was not the reason."""
        self.status = status
        self.reason = reason


class SignallingListener(Protocol):
    """Who is told what the signalling does not keep for itself (`CallControl`)."""

    def sip_event(self, event: sip.Event) -> None: ...

    def flow_is_back(self) -> None:
        """The registration works again after a loss."""


class Signalling:
    """One account at a time is connected and registered here. `phone`, `requests` and `messages`
    are what can be said over it."""

    def __init__(
        self, context: EngineContext, settings: SipSettings, assumed: control.Assumed
    ) -> None:
        self.context = context
        self._settings = settings
        self._signed_in: AccountConnection | None = None
        self._listener: SignallingListener | None = None
        self._first: asyncio.Future[None] | None = None
        self._why: Message | None = None
        """Why there is no flow, as it was said last."""
        self._unregistered: asyncio.Future[None] | None = None
        self.requests = Requests(context, self._say)
        self.phone = LivePhone(self._say, self.requests)
        self.messages = ControlMessages(self.requests, lambda: self.account, assumed)
        self.on_wire: Callable[[bool, bytes], None] | None = None
        """Told of every SIP message, True for one of ours."""

    @property
    def account(self) -> SipAccount | None:
        """As whom we are registered; None while nobody is signed in."""
        return None if self._signed_in is None else self._signed_in.account

    @property
    def connection(self) -> SipConnection | None:
        """The WebSocket; None while nobody is signed in."""
        return None if self._signed_in is None else self._signed_in.connection

    def _say(self, command: Callable[[sip.UserAgent, float], T], /) -> T:
        if self._signed_in is None:
            raise sip.LocalProtocolError("signed out")
        return self._signed_in.say(command)

    # ------------------------------------------------------------ up and down

    async def start(
        self,
        account: SipAccount,
        instance_id: str,
        listener: SignallingListener,
        tls: ssl.SSLContext | None = None,
        cookies: Callable[[], str] = str,
    ) -> None:
        """Connect and register. Raises RegistrationRefused when the first try fails: by refusal,
        because nothing answers, or because it takes too long. `tls` says whom to trust; None: whom
        this machine does. `cookies` gives the field `Cookie` of a handshake."""
        signed_in = AccountConnection(
            self.context,
            account,
            self._settings,
            instance_id,
            self._event,
            self._flow,
            tls,
            cookies,
        )
        signed_in.connection.on_wire = self.on_wire
        self._signed_in, self._listener = signed_in, listener
        self._first = asyncio.get_running_loop().create_future()
        self._set(ConnectionState.CONNECTING)
        signed_in.open()
        try:
            async with asyncio.timeout(self.context.limits.register):
                await self._first
        except TimeoutError:
            raise RegistrationRefused(0, "no answer in time") from None
        finally:
            self._first = None

    async def stop(self, *, unregister: bool) -> None:
        """Un-REGISTER if asked and possible, and close the connection. Nothing while nobody is
        signed in."""
        signed_in = self._signed_in
        if signed_in is None:
            return
        if unregister and self.context.snapshot.connection.state.carries:
            self._unregistered = asyncio.get_running_loop().create_future()
            try:
                signed_in.say(lambda agent, now: agent.unregister(now))
                async with asyncio.timeout(self.context.limits.unregister):
                    await self._unregistered
            except (TimeoutError, sip.LocalProtocolError) as error:
                log.warning("signed out without the registrar's word: %s", error)
            self._unregistered = None
        await signed_in.close()
        self._signed_in = self._listener = None
        self.requests.signed_out()
        self._set(ConnectionState.OFF)

    # ------------------------------------------------------------ what comes

    def _event(self, event: sip.Event) -> None:
        try:
            self._take(event)
        except Exception:  # a fault of ours in one event must not end the signalling
            log.exception("%s could not be handled", type(event).__name__)

    def _take(self, event: sip.Event) -> None:
        match event:
            case sip.Registered():
                was = self.context.snapshot.connection.state
                if (
                    self._first is None
                    and was is not ConnectionState.OK
                    and self._listener is not None
                ):
                    self._listener.flow_is_back()  # before anybody sees a line with what was
                self._set(ConnectionState.OK)
                if self._first is not None and not self._first.done():
                    self._first.set_result(None)
            case sip.RegistrationRefreshed():
                self._set(ConnectionState.OK)
            case sip.RegistrationFailed():
                self._refused(event)
            case sip.Unregistered():
                if self._unregistered is not None and not self._unregistered.done():
                    self._unregistered.set_result(None)
            case sip.RequestOutcome():
                self.requests.answered(event)
            case sip.Ignored():
                note_refused(self.context.not_understood, event)
                self.messages.overhear(event)
            case sip.MessageReceived():
                self.messages.overhear(event)
                self._tell(event)
            case _:
                self._tell(event)

    def _refused(self, failed: sip.RegistrationFailed) -> None:
        """A REGISTER was refused. While the binding of before is alive nothing is lost; after it no
        call reaches us, whatever the flow is worth."""
        status, reason = failed.status, clean_text(failed.reason)
        log.warning("registration failed: %d %s", status, reason)
        state = self.context.snapshot.connection.state
        if self._first is not None and not self._first.done():
            refused = RegistrationRefused(status, reason, unmet=failed.unmet)
            self._first.set_exception(refused)
        elif failed.final:
            self._set(ConnectionState.REFUSED)
            self._tell(replace(failed, reason=reason))
        elif not failed.held and state is ConnectionState.OK:
            self._set(ConnectionState.REGISTERING)
            self._tell(replace(failed, reason=reason))

    def _tell(self, event: sip.Event) -> None:
        if self._listener is not None:
            self._listener.sip_event(event)

    def _flow(self, flow: FlowState) -> None:
        """The WebSocket's own state."""
        if flow.connected:
            self._set(self.context.snapshot.connection.state, flow.latency)
            return
        said = clean_text(flow.said, _MOST_WORDS)
        reason = f"{flow.reason}: {said}" if said else flow.reason
        log.warning("no flow: %s", reason)
        if self._first is not None:
            if not self._first.done():
                self._first.set_exception(RegistrationRefused(0, reason, flow.why))
        elif self._signed_in is not None:
            self._set(ConnectionState.REFUSED if flow.refused else ConnectionState.LOST)
            if flow.why:
                self._say_why(flow.why, reason, urlsplit(self._signed_in.account.url).netloc)

    def _say_why(self, why: str, info: str, host: str) -> None:
        """Why there is no flow, once for as long as it is for that."""
        id = LOGIN[WEBSOCKET_FAILED] if why == FlowFault.OTHER else f"login.ws-{why}"
        said = message(id, code=WEBSOCKET_FAILED, info=info, host=host)
        if said != self._why:
            self._why = said
            self.context.notice(said, serious=False)

    def _set(self, state: ConnectionState, latency: float | None = None) -> None:
        old = self.context.snapshot.connection
        if state is ConnectionState.OK:
            self._why = None
        milliseconds = old.latency if latency is None else round(latency * 1000)
        since = old.since if state is old.state else self.context.clock()
        new = Connection(state, since, milliseconds)
        if new != old:
            self.context.emit(ConnectionChanged(new))
