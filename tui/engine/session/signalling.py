"""The signalling line: one user agent on one WebSocket, for as long as the agent is signed in.

Stamps and sends each command, turns control messages into MESSAGEs that can be awaited, and tells
SIP events to whoever has the calls.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol, TypeVar
from urllib.parse import urlsplit

from tui import sip
from tui.engine.context import EngineContext, log
from tui.engine.not_understood import note_refused
from tui.engine.outcome import Outcome
from tui.platform import control
from tui.platform.base import SipAccount
from tui.platform.codes import LOGIN, WEBSOCKET_FAILED
from tui.port.events import LineChanged
from tui.port.values import Line, LineState, Message, message
from tui.sip.transport.address import trust
from tui.sip.transport.flow import FlowFault
from tui.sip.transport.websocket import FlowState, SipConnection
from tui.text import clean_text

if TYPE_CHECKING:
    from tui.config.schema import SipSettings

T = TypeVar("T")

_MOST_WORDS: Final = 120
"""Characters of a server's own words."""
_URGENT = (control.Answer, control.HangUp)
"""What a person does now: it goes out now, before whatever still waits for a 200."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A control message of ours; with `outcome`, what came of it."""

    name: str
    body: bytes
    outcome: Outcome | None = None


Overheard = sip.MessageReceived | sip.Ignored | Sent


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


class _Line:
    """One user agent on one WebSocket: what there is only while an agent is signed in."""

    def __init__(
        self,
        context: EngineContext,
        account: SipAccount,
        settings: SipSettings,
        instance_id: str,
        listener: SignallingListener,
        on_event: Callable[[sip.Event], None],
        on_flow: Callable[[FlowState], None],
        tls: ssl.SSLContext | None,
    ) -> None:
        self.account = account
        self.listener = listener
        self.agent = sip.UserAgent(
            sip.AgentConfig(
                aor=account.aor,
                username=account.username,
                password=account.password,
                registrar=f"sip:{account.domain}",
                instance_id=instance_id,
                transport="wss" if account.url.startswith("wss:") else "ws",
                user_agent=account.user_agent,
                trusted=account.trusted,
                callers=account.identities.callers,
                message_types=account.identities.content_types if account.pbx else (),
                outbound_proxy=account.route,
                transfers=not account.pbx,
                expires=settings.expires,
                session_expires=settings.session_expires,
                allow_weaker_digest=settings.allow_weaker_digest,
            ),
            rng=context.rng,
        )
        self.host = urlsplit(account.url).netloc
        secure = account.url.startswith("wss:")
        self.connection = SipConnection(
            self.agent,
            account.url,
            rng=context.rng,
            on_event=on_event,
            on_flow=on_flow,
            ssl=(tls or trust()) if secure else None,
            clock=context.clock,
        )
        self.run: asyncio.Task[None] | None = None


class Signalling:
    """The agent's SIP line, while she is signed in: a `Phone`, and the platform's messages. Each
    command is stamped with the instant, and sent at once."""

    def __init__(
        self, context: EngineContext, settings: SipSettings, assumed: control.Assumed
    ) -> None:
        self.context = context
        self._settings = settings
        self._assumed = assumed
        self._line: _Line | None = None
        self._first: asyncio.Future[None] | None = None
        self._why: Message | None = None
        """Why there is no flow, as it was said last."""
        self._unregistered: asyncio.Future[None] | None = None
        self._waiting: dict[str, asyncio.Future[Outcome]] = {}
        self.hearers: list[Callable[[Overheard], None]] = []
        """Hear what is said both ways and what is refused; they neither wait nor raise."""
        self.on_wire: Callable[[bool, bytes], None] | None = None
        """Told of every SIP message, True for one of ours."""

    @property
    def account(self) -> SipAccount | None:
        """As whom the line is registered; None when there is no line."""
        return None if self._line is None else self._line.account

    @property
    def connection(self) -> SipConnection | None:
        """The WebSocket; None when there is no line."""
        return None if self._line is None else self._line.connection

    # ------------------------------------------------------------ the user agent's commands

    def _say(self, command: Callable[[sip.UserAgent, float], T]) -> T:
        """Give the user agent a command at this instant, and send what comes of it."""
        line = self._line
        if line is None:
            raise sip.LocalProtocolError("signed out")
        try:
            return command(line.agent, self.context.clock())
        finally:
            line.connection.flush()

    def invite(self, target: str, sdp: bytes, headers: Sequence[tuple[str, str]] = ()) -> str:
        """Call somebody; the call's handle."""
        return self._say(lambda agent, now: agent.invite(target, sdp, now, headers))

    def ring(self, call: str) -> None:
        """Say that it rings here: 180."""
        self._say(lambda agent, now: agent.ring(call, now))

    def accept(self, call: str, sdp: bytes) -> None:
        """Answer an INVITE: 200."""
        self._say(lambda agent, now: agent.accept(call, sdp, now))

    def reject(self, call: str, status: int) -> None:
        """Refuse an INVITE with this status."""
        self._say(lambda agent, now: agent.reject(call, status, now))

    def cancel(self, call: str) -> None:
        """Give up a call of ours that is not answered."""
        self._say(lambda agent, now: agent.cancel(call, now))

    def bye(self, call: str, reason: str = "") -> None:
        """End a call that is up; `reason` is the value of a Reason header."""
        self._say(lambda agent, now: agent.bye(call, now, reason))

    def reinvite(self, call: str, sdp: bytes) -> None:
        """Offer a call's session anew."""
        self._say(lambda agent, now: agent.reinvite(call, sdp, now))

    def accept_reinvite(self, call: str, sdp: bytes) -> None:
        """Answer what the peer offers anew."""
        self._say(lambda agent, now: agent.accept_reinvite(call, sdp, now))

    def reject_reinvite(self, call: str, status: int) -> None:
        """Refuse what the peer offers anew."""
        self._say(lambda agent, now: agent.reject_reinvite(call, status, now))

    def kept(self, call: str) -> sip.KeptDialog:
        """What another engine would need to go on with a call that is up."""
        return self._say(lambda agent, now: agent.kept(call))

    def restore(self, kept: sip.KeptDialog) -> str:
        """Go on with a call that another engine left up; its handle."""
        return self._say(lambda agent, now: agent.restore(kept))

    def replaces_header(self, call: str) -> str:
        """What an INVITE says that takes the place of a call of ours."""
        return self._say(lambda agent, now: agent.replaces_header(call))

    def refer(self, call: str, target: str, *, replaces: str = "") -> None:
        """Ask the peer to call the target, or to take our place in the call `replaces`."""
        self._say(lambda agent, now: agent.refer(call, target, now, replaces=replaces))

    def accept_refer(self, call: str) -> None:
        """Take on what the peer asks for."""
        self._say(lambda agent, now: agent.accept_refer(call, now))

    def reject_refer(self, call: str, status: int) -> None:
        """Refuse what the peer asks for."""
        self._say(lambda agent, now: agent.reject_refer(call, status, now))

    def refer_progress(self, call: str, status: int) -> None:
        """Tell the peer how the call goes that it asked for."""
        self._say(lambda agent, now: agent.refer_progress(call, status, now))

    def subscribe(
        self, target: str, package: str, *, accept: Sequence[str] = (), expires: int = 3600
    ) -> str:
        """Have the news of a package at `target` told; the subscription's handle."""
        return self._say(
            lambda agent, now: agent.subscribe(target, package, now, accept=accept, expires=expires)
        )

    def unsubscribe(self, subscription: str) -> None:
        """End a subscription."""
        self._say(lambda agent, now: agent.unsubscribe(subscription, now))

    def refresh_subscription(self, subscription: str) -> None:
        """Have the whole state of a subscription told anew."""
        self._say(lambda agent, now: agent.refresh_subscription(subscription, now))

    # ------------------------------------------------------------ up and down

    async def start(
        self,
        account: SipAccount,
        instance_id: str,
        listener: SignallingListener,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Connect and register. Raises RegistrationRefused when the first try fails: by refusal,
        because nothing answers, or because it takes too long. `tls` says whom to trust; None: whom
        this machine does."""
        loop = asyncio.get_running_loop()
        line = _Line(
            self.context,
            account,
            self._settings,
            instance_id,
            listener,
            self._event,
            self._flow,
            tls,
        )
        self._line = line
        line.connection.on_wire = self.on_wire
        self._first = loop.create_future()
        self._set(LineState.CONNECTING)
        line.run = loop.create_task(line.connection.run())
        try:
            async with asyncio.timeout(self.context.limits.register):
                await self._first
        except TimeoutError:
            raise RegistrationRefused(0, "no answer in time") from None
        finally:
            self._first = None

    async def send(self, message: control.AgentMessage) -> Outcome:
        """Send a control message; its 200, its refusal, or status 0 when neither came in time. One
        that is given up, by time or by whoever waits, never goes out afterwards."""
        account = self.account
        if account is None:
            return Outcome(0, "signed out")
        name = type(message).__name__
        body = control.encode(message, self._assumed)
        self._overhear(Sent(name, body))
        try:
            content_type = account.identities.content_types[0]
            identity = self._say(
                lambda agent, now: agent.send_message(
                    account.pbx, body, content_type, now, urgent=isinstance(message, _URGENT)
                )
            )
        except sip.LocalProtocolError as error:
            log.warning("%s could not be sent: %s", name, error)
            return Outcome(0, str(error))
        outcome = await self._outcome(identity, name)
        self._overhear(Sent(name, body, outcome))
        return outcome

    async def info(self, call: str, content_type: str, body: bytes) -> bool:
        """Send an INFO inside a call; whether it was taken."""
        try:
            identity = self._say(lambda agent, now: agent.info(call, content_type, body, now))
        except sip.LocalProtocolError as error:
            log.warning("an INFO could not be sent: %s", error)
            return False
        return (await self._outcome(identity, "INFO")).ok

    async def publish(self, target: str, event: str, content_type: str, body: bytes) -> Outcome:
        """Send a PUBLISH (RFC 3903): what became of it, status 0 where nothing came in time."""
        headers = (("Event", event), ("Content-Type", content_type))
        try:
            identity = self._say(
                lambda agent, now: agent.send_request("PUBLISH", target, headers, body, now)
            )
        except sip.LocalProtocolError as error:
            return Outcome(0, str(error))
        return await self._outcome(identity, "PUBLISH")

    async def _outcome(self, identity: str, name: str) -> Outcome:
        """What became of a request of ours, within the limit."""
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting[identity] = future
        try:
            async with asyncio.timeout(self.context.limits.message):
                outcome = await future
        except TimeoutError:
            log.warning("%s: no answer in %g s", name, self.context.limits.message)
            return Outcome(0)
        finally:
            self._waiting.pop(identity, None)
            if not future.done() or future.cancelled():
                self._withdraw(identity)
        if not outcome.ok:
            log.warning("%s: %d %s", name, outcome.status, outcome.reason)
        return outcome

    def _withdraw(self, identity: str) -> None:
        """Nobody waits for this request any more: it ends, and the next in its queue goes."""
        if self._line is not None:
            self._say(lambda agent, now: agent.withdraw(identity, now))

    async def stop(self, *, unregister: bool) -> None:
        """Un-REGISTER if asked and possible, and close the connection. Nothing without a line."""
        line = self._line
        if line is None:
            return
        if unregister and self.context.snapshot.line.state.carries:
            self._unregistered = asyncio.get_running_loop().create_future()
            try:
                self._say(lambda agent, now: agent.unregister(now))
                async with asyncio.timeout(self.context.limits.unregister):
                    await self._unregistered
            except (TimeoutError, sip.LocalProtocolError) as error:
                log.warning("signed out without the registrar's word: %s", error)
            self._unregistered = None
        await line.connection.close()
        if line.run is not None:
            line.run.cancel()
            await asyncio.gather(line.run, return_exceptions=True)
        self._line = None
        for future in self._waiting.values():
            if not future.done():
                future.set_result(Outcome(0, "signed out"))
        self._set(LineState.OFF)

    # ------------------------------------------------------------ what comes

    def _event(self, event: sip.Event) -> None:
        try:
            self._take(event)
        except Exception:  # a fault of ours in one event must not end the signalling
            log.exception("%s could not be handled", type(event).__name__)

    def _take(self, event: sip.Event) -> None:
        match event:
            case sip.Registered():
                was = self.context.snapshot.line.state
                self._set(LineState.OK)
                if self._first is not None:
                    if not self._first.done():
                        self._first.set_result(None)
                elif was is not LineState.OK and self._line is not None:
                    self._line.listener.flow_is_back()
            case sip.RegistrationRefreshed():
                self._set(LineState.OK)
            case sip.RegistrationFailed():
                self._refused(event)
            case sip.Unregistered():
                if self._unregistered is not None and not self._unregistered.done():
                    self._unregistered.set_result(None)
            case sip.RequestOutcome(id=identity):
                future = self._waiting.get(identity)
                if future is not None and not future.done():
                    future.set_result(_outcome(event))
            case sip.Ignored():
                note_refused(self.context.not_understood, event)
                self._overhear(event)
            case sip.MessageReceived():
                self._overhear(event)
                self._tell(event)
            case _:
                self._tell(event)

    def _overhear(self, said: Overheard) -> None:
        for hear in self.hearers:
            hear(said)

    def _refused(self, failed: sip.RegistrationFailed) -> None:
        """A REGISTER was refused. While the binding of before is alive nothing is lost; after it no
        call reaches us, whatever the flow is worth."""
        status, reason = failed.status, clean_text(failed.reason)
        log.warning("registration failed: %d %s", status, reason)
        state = self.context.snapshot.line.state
        if self._first is not None and not self._first.done():
            refused = RegistrationRefused(status, reason, unmet=failed.unmet)
            self._first.set_exception(refused)
        elif failed.final:
            self._set(LineState.REFUSED)
            self._tell(replace(failed, reason=reason))
        elif not failed.held and state is LineState.OK:
            self._set(LineState.REGISTERING)
            self._tell(replace(failed, reason=reason))

    def _tell(self, event: sip.Event) -> None:
        if self._line is not None:
            self._line.listener.sip_event(event)

    def _flow(self, flow: FlowState) -> None:
        """The WebSocket's own state."""
        if flow.connected:
            self._set(self.context.snapshot.line.state, flow.latency)
            return
        said = clean_text(flow.said, _MOST_WORDS)
        reason = f"{flow.reason}: {said}" if said else flow.reason
        log.warning("no flow: %s", reason)
        if self._first is not None:
            if not self._first.done():
                self._first.set_exception(RegistrationRefused(0, reason, flow.why))
        elif self._line is not None:
            self._set(LineState.REFUSED if flow.refused else LineState.LOST)
            if flow.why:
                self._say_why(flow.why, reason, self._line.host)

    def _say_why(self, why: str, info: str, host: str) -> None:
        """Why there is no flow, once for as long as it is for that."""
        id = LOGIN[WEBSOCKET_FAILED] if why == FlowFault.OTHER else f"login.ws-{why}"
        said = message(id, code=WEBSOCKET_FAILED, info=info, host=host)
        if said != self._why:
            self._why = said
            self.context.notice(said, serious=False)

    def _set(self, state: LineState, latency: float | None = None) -> None:
        old = self.context.snapshot.line
        if state is LineState.OK:
            self._why = None
        milliseconds = old.latency if latency is None else round(latency * 1000)
        since = old.since if state is old.state else self.context.clock()
        new = Line(state, since, milliseconds)
        if new != old:
            self.context.emit(LineChanged(new))


def _outcome(event: sip.RequestOutcome) -> Outcome:
    """A lost line refuses nothing: what went out may have been carried out all the same."""
    if event.answered:
        return Outcome(event.status, clean_text(event.reason))
    return Outcome(0, "" if event.sent else event.reason)
