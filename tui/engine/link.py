"""The signalling line: one user agent on one WebSocket, for as long as the agent is signed in.

Turns control messages into MESSAGEs that can be awaited, and SIP events into callbacks.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING

from tui import sip
from tui.engine.calls import Outcome
from tui.engine.core import Core, log
from tui.engine.events import LineChanged
from tui.engine.state import Line, LineState
from tui.platform import control
from tui.platform.base import SipAccount
from tui.sip.websocket import FlowState, SipConnection
from tui.text import clean_text

if TYPE_CHECKING:
    from tui.config import SipSettings


class RegistrationRefused(Exception):
    """The first registration did not work: `status` is SIP's, 0 when nothing was reached."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason


class Link:
    """The user agent and its connection. `on_event` hears what is not the link's own; `on_up`
    is called each time the registration works again after a loss."""

    def __init__(
        self,
        core: Core,
        account: SipAccount,
        settings: SipSettings,
        instance_id: str,
        *,
        assumed: control.Assumed,
        on_event: Callable[[sip.Event], None],
        on_up: Callable[[], None],
    ) -> None:
        self.core = core
        self.account = account
        self.agent = sip.UserAgent(
            sip.AgentConfig(
                aor=account.aor,
                username=account.username,
                password=account.password,
                registrar=f"sip:{account.domain}",
                instance_id=instance_id,
                transport="wss" if account.url.startswith("wss:") else "ws",
                user_agent=account.user_agent,
                trusted=(account.pbx,) if account.pbx else (),
                message_types=(control.CONTENT_TYPE,) if account.pbx else (),
                outbound_proxy=account.route,
                transfers=not account.pbx,
                expires=settings.expires,
                session_expires=settings.session_expires,
                allow_weaker_digest=settings.allow_weaker_digest,
            ),
            rng=core.rng,
        )
        context = ssl.create_default_context() if account.url.startswith("wss:") else None
        self.connection = SipConnection(
            self.agent,
            account.url,
            rng=core.rng,
            on_event=self._event,
            on_flow=self._flow,
            ssl=context,
            clock=core.clock,
        )
        self._assumed = assumed
        self._on_event = on_event
        self._on_up = on_up
        self._run: asyncio.Task[None] | None = None
        self._first: asyncio.Future[None] | None = None
        self._unregistered: asyncio.Future[None] | None = None
        self._waiting: dict[str, asyncio.Future[Outcome]] = {}

    def now(self) -> float:
        """The clock of the user agent."""
        return self.core.clock()

    def flush(self) -> None:
        """Send what the user agent has to send."""
        self.connection.flush()

    # ------------------------------------------------------------ up and down

    async def start(self) -> None:
        """Connect and register. Raises RegistrationRefused when the first try fails: by refusal,
        because nothing answers, or because it takes too long."""
        loop = asyncio.get_running_loop()
        self._first = loop.create_future()
        self._set(LineState.CONNECTING)
        self._run = loop.create_task(self.connection.run())
        try:
            async with asyncio.timeout(self.core.limits.register):
                await self._first
        except TimeoutError:
            raise RegistrationRefused(0, "no answer in time") from None
        finally:
            self._first = None

    async def send(self, message: control.AgentMessage) -> Outcome:
        """Send a control message; its 200, its refusal, or status 0 when neither came in time."""
        name = type(message).__name__
        body = control.encode(message, self._assumed)
        target = self.account.pbx
        try:
            identity = self.agent.send_message(target, body, control.CONTENT_TYPE, self.now())
        except sip.LocalProtocolError as error:
            log.warning("%s could not be sent: %s", name, error)
            return Outcome(0, str(error))
        return await self._outcome(identity, name)

    async def info(self, handle: str, content_type: str, body: bytes) -> bool:
        """Send an INFO inside a call; whether it was taken."""
        try:
            identity = self.agent.info(handle, content_type, body, self.now())
        except sip.LocalProtocolError as error:
            log.warning("an INFO could not be sent: %s", error)
            return False
        return (await self._outcome(identity, "INFO")).ok

    async def _outcome(self, identity: str, name: str) -> Outcome:
        """What became of a request of ours, within the limit."""
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting[identity] = future
        self.flush()
        try:
            async with asyncio.timeout(self.core.limits.message):
                outcome = await future
        except TimeoutError:
            log.warning("%s: no answer in %g s", name, self.core.limits.message)
            return Outcome(0)
        finally:
            self._waiting.pop(identity, None)
        if not outcome.ok:
            log.warning("%s: %d %s", name, outcome.status, outcome.reason)
        return outcome

    async def stop(self, *, unregister: bool) -> None:
        """Un-REGISTER if asked and possible, and close the connection."""
        if unregister and self.core.snapshot.line.state is LineState.OK:
            self._unregistered = asyncio.get_running_loop().create_future()
            try:
                self.agent.unregister(self.now())
                self.flush()
                async with asyncio.timeout(self.core.limits.unregister):
                    await self._unregistered
            except (TimeoutError, sip.LocalProtocolError) as error:
                log.warning("signed out without the registrar's word: %s", error)
            self._unregistered = None
        await self.connection.close()
        if self._run is not None:
            self._run.cancel()
            await asyncio.gather(self._run, return_exceptions=True)
            self._run = None
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
                was = self.core.snapshot.line.state
                self._set(LineState.OK)
                if self._first is not None:
                    if not self._first.done():
                        self._first.set_result(None)
                elif was is not LineState.OK:
                    self._on_up()
            case sip.RegistrationRefreshed():
                self._set(LineState.OK)
            case sip.RegistrationFailed(status=status, reason=reason, final=final):
                self._refused(status, clean_text(reason), final)
            case sip.Unregistered():
                if self._unregistered is not None and not self._unregistered.done():
                    self._unregistered.set_result(None)
            case sip.RequestOutcome(id=identity, status=status, reason=reason):
                future = self._waiting.get(identity)
                if future is not None and not future.done():
                    future.set_result(Outcome(status, clean_text(reason)))
            case sip.Ignored(what=what):
                log.warning("ignored: %s", clean_text(what))
            case _:
                self._on_event(event)

    def _refused(self, status: int, reason: str, final: bool) -> None:
        log.warning("registration failed: %d %s", status, reason)
        if self._first is not None and not self._first.done():
            self._first.set_exception(RegistrationRefused(status, reason))
        elif final:
            self._set(LineState.REFUSED)
            self._on_event(sip.RegistrationFailed(status, reason, True, None))

    def _flow(self, flow: FlowState) -> None:
        """The WebSocket's own state."""
        if flow.connected:
            latency = self.connection.latency
            self._set(self.core.snapshot.line.state, latency)
            return
        reason = clean_text(flow.reason)  # a server's own words, when it closed the WebSocket
        log.warning("no flow: %s", reason)
        if self._first is not None:
            if not self._first.done():
                self._first.set_exception(RegistrationRefused(0, reason))
        elif self._run is not None:
            self._set(LineState.REFUSED if flow.refused else LineState.LOST)

    def _set(self, state: LineState, latency: float | None = None) -> None:
        old = self.core.snapshot.line
        milliseconds = old.latency if latency is None else round(latency * 1000)
        since = old.since if state is old.state else self.core.clock()
        new = Line(state, since, milliseconds)
        if new != old:
            self.core.emit(LineChanged(new))
