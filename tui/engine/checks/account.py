"""Checks of the account: the sign-in at the platform, and the registration of the line.

Outside a session both are tried and taken back; in a session the line that stands is looked at, as
a second sign-in would put the first one out.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from random import Random, SystemRandom
from typing import Final

from tui import sip
from tui.engine.checks.network import http_date
from tui.engine.checks.runner import Finding, fail, ok, warn
from tui.engine.session.account_connection import agent_config
from tui.platform.base import Platform, PlatformError, SipAccount
from tui.platform.codes import login_id
from tui.platform.web.proxies import proxy_for
from tui.port.commands import SignIn
from tui.port.values import Connection, ConnectionState
from tui.sip.transport.address import trust
from tui.sip.transport.websocket import FlowState, SipConnection
from tui.text import clean_text

REGISTER_LIMIT: Final = 10.0
"""Seconds for a registration to be answered."""


class AccountProbe:
    """An account as it is checked: `url` is the SIP line's address once it is known, `date` the
    registrar's clock when it told (RFC 3261 §20.17)."""

    def __init__(
        self,
        sign_in: SignIn | None,
        make_platform: Callable[[SignIn], Platform],
        *,
        url: str = "",
        connection: Callable[[], Connection] | None = None,
        rng: Random | None = None,
        ca_file: str = "",
    ) -> None:
        """`connection` tells how that of a session stands; None outside one. `url` is known before
        the sign-in where the settings have it."""
        self._sign_in = sign_in
        self._make_platform = make_platform
        self._connection = connection
        self._rng = rng or SystemRandom()
        self._ca_file = ca_file
        self._platform: Platform | None = None
        self._sip: SipAccount | None = None
        self.url = url
        self.date: float | None = None

    async def signs_in(self) -> Finding:
        """The platform takes the password."""
        if self._connection is not None:
            return ok("check.account.standing")
        if self._sign_in is None or not self._sign_in.un:
            return warn("check.account.unknown")
        if not self._sign_in.pwd:
            return warn("check.account.no_password")
        given = self._sign_in
        platform = self._make_platform(given)
        try:
            user = await platform.sign_in(given.credentials)
            self._sip = platform.sip_account("0")
        except PlatformError as error:
            await platform.close()
            return fail(login_id(error), code=error.code, info=error.info)
        except BaseException:
            await platform.close()
            raise
        self._platform = platform
        self.url = self._sip.url
        name = user.displayname or given.un
        if platform.proves_at_registration:  # nobody was asked yet
            return ok("check.account.local", name=name)
        return ok("check.account.ok", name=name)

    async def registers(self) -> Finding:
        """The registrar takes the line."""
        if self._connection is not None:
            connection = self._connection()
            if connection.state is ConnectionState.OK:
                return ok("check.registration.standing", ms=connection.latency or 0)
            return fail("check.registration.lost")
        if self._sip is None or self._platform is None:
            return warn("check.registration.not_tried")
        try:
            await self._platform.check_in("0")
        except PlatformError as error:
            return fail(login_id(error), code=error.code, info=error.info)
        try:
            return await self._register(self._sip)
        finally:
            # What fails on the way out is not what was asked.
            with contextlib.suppress(PlatformError):
                await self._platform.check_out()

    async def _register(self, account: SipAccount) -> Finding:
        """REGISTER, and take it back. A line of its own, so that no call comes to it: nothing
        that reaches it is answered."""
        cookies = str if self._platform is None else self._platform.line_cookies
        probe = RegistrationProbe(account, self._rng, self._ca_file, cookies)
        try:
            finding = await probe.run()
        finally:
            await probe.close()
        self.date = probe.date
        return finding

    async def close(self) -> None:
        """Let go of what the sign-in opened."""
        if self._platform is not None:
            platform, self._platform = self._platform, None
            await platform.close()


class RegistrationProbe:
    """One registration, for a moment."""

    def __init__(
        self,
        account: SipAccount,
        rng: Random,
        ca_file: str = "",
        cookies: Callable[[], str] = str,
    ) -> None:
        secure = account.url.startswith("wss:")
        self.date: float | None = None
        self._agent = sip.UserAgent(
            replace(
                agent_config(account, uuid.uuid4().urn),
                trusted=("sip:nobody@check.invalid",),
                expires=60,
            ),
            rng=rng,
        )
        self._connection = SipConnection(
            self._agent,
            account.url,
            rng=rng,
            on_event=self._event,
            on_flow=self._flow,
            ssl=trust(ca_file) if secure else None,
            proxy=proxy_for,
            cookies=cookies,
        )
        loop = asyncio.get_running_loop()
        self._outcome: asyncio.Future[Finding] = loop.create_future()
        self._gone: asyncio.Future[None] = loop.create_future()
        self._run: asyncio.Task[None] | None = None

    async def run(self) -> Finding:
        self._run = asyncio.get_running_loop().create_task(self._connection.run())
        began = time.monotonic()
        try:
            async with asyncio.timeout(REGISTER_LIMIT):
                finding = await self._outcome
        except TimeoutError:
            return fail("check.registration.silent")
        if finding.state == "ok":
            milliseconds = round((time.monotonic() - began) * 1000)
            return ok("check.registration.ok", ms=milliseconds)
        return finding

    async def close(self) -> None:
        """Un-REGISTER where it was taken, and hang up."""
        taken = self._outcome.done() and not self._outcome.cancelled()
        if taken and self._outcome.result().state == "ok":
            try:
                self._agent.unregister(time.monotonic())
                self._connection.flush()
                async with asyncio.timeout(2.0):
                    await self._gone
            except (TimeoutError, sip.LocalProtocolError):
                pass  # it lapses by itself within the minute
        await self._connection.close()
        if self._run is not None:
            self._run.cancel()
            await asyncio.gather(self._run, return_exceptions=True)

    def _settle(self, finding: Finding) -> None:
        if not self._outcome.done():
            self._outcome.set_result(finding)

    def _event(self, event: sip.Event) -> None:
        match event:
            case sip.Registered(headers=headers):
                self.date = http_date(headers.get("Date"))
                self._settle(ok("check.registration.ok", ms=0))
            case sip.RegistrationFailed(status=status, reason=reason):
                said = clean_text(reason)
                self._settle(fail("check.registration.refused", status=status, reason=said))
            case sip.Unregistered():
                if not self._gone.done():
                    self._gone.set_result(None)
            case _:
                pass

    def _flow(self, flow: FlowState) -> None:
        if not flow.connected:
            why = clean_text(f"{flow.reason}: {flow.said}" if flow.said else flow.reason)
            self._settle(fail("check.registration.no_line", why=why))
