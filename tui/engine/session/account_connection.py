"""One account's user agent, and the connection that it speaks over, while somebody is signed in."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from tui import sip
from tui.engine.context import EngineContext
from tui.platform.base import SipAccount
from tui.platform.web.proxies import proxy_for
from tui.sip.transport.address import trust
from tui.sip.transport.websocket import FlowState, SipConnection

if TYPE_CHECKING:
    from tui.config.schema import SipSettings

T = TypeVar("T")


class SayNow(Protocol):
    """Gives the user agent a command at this instant, and sends what comes of it; what the command
    gives. LocalProtocolError: the command is out of place, or nobody is signed in."""

    def __call__(self, command: Callable[[sip.UserAgent, float], T], /) -> T: ...


def agent_config(account: SipAccount, instance_id: str) -> sip.AgentConfig:
    """The user agent of whoever registers as that account: who it is, and where it asks."""
    return sip.AgentConfig(
        aor=account.aor,
        username=account.username,
        password=account.password,
        registrar=f"sip:{account.domain}",
        instance_id=instance_id,
        transport="wss" if account.url.startswith("wss:") else "ws",
        user_agent=account.user_agent,
        outbound_proxy=account.route,
        realms=account.realms,
    )


class AccountConnection:
    """The account's user agent on its WebSocket, dialled anew until it is closed. `on_event` and
    `on_flow` are `SipConnection`'s, and so are `cookies`. `tls` says whom to trust; None: whom this
    machine does."""

    def __init__(
        self,
        context: EngineContext,
        account: SipAccount,
        settings: SipSettings,
        instance_id: str,
        on_event: Callable[[sip.Event], None],
        on_flow: Callable[[FlowState], None],
        tls: ssl.SSLContext | None,
        cookies: Callable[[], str] = str,
    ) -> None:
        secure = account.url.startswith("wss:")
        self.account = account
        self.agent = sip.UserAgent(
            replace(
                agent_config(account, instance_id),
                trusted=account.trusted,
                callers=account.identities.callers,
                message_types=account.identities.content_types if account.pbx else (),
                transfers=not account.pbx,
                expires=settings.expires,
                session_expires=settings.session_expires,
                allow_weaker_digest=settings.allow_weaker_digest,
            ),
            rng=context.rng,
        )
        self.connection = SipConnection(
            self.agent,
            account.url,
            rng=context.rng,
            on_event=on_event,
            on_flow=on_flow,
            ssl=(tls or trust()) if secure else None,
            proxy=proxy_for,
            cookies=cookies,
            clock=context.clock,
        )
        self._clock = context.clock
        self._run: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Dial, and register by and by."""
        self._run = asyncio.get_running_loop().create_task(self.connection.run())

    def say(self, command: Callable[[sip.UserAgent, float], T], /) -> T:
        """`SayNow`, while this connection lasts."""
        try:
            return command(self.agent, self._clock())
        finally:
            self.connection.flush()

    async def close(self) -> None:
        """Send what is queued, and dial no more."""
        await self.connection.close()
        if self._run is not None:
            self._run.cancel()
            await asyncio.gather(self._run, return_exceptions=True)
