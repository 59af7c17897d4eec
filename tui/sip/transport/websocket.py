"""The rim of the SIP core, and its only file with I/O: one WebSocket (RFC 7118) that is dialled,
kept alive, and dialled again, and one timer for the agent's next deadline.
"""

from __future__ import annotations

import asyncio
import logging
import random
import ssl as tls
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidProxy,
    InvalidStatus,
    InvalidURI,
    ProxyError,
    WebSocketException,
)
from websockets.typing import Subprotocol

from tui.sip.backoff import wait_before, wait_slowly
from tui.sip.events import Event, FlowFailed, Registered
from tui.sip.transport.address import check_address, is_local
from tui.sip.transport.flow import (
    FlowFault,
    FlowRefused,
    FlowState,
    Undialled,
    asked_to_wait,
    closing,
    fault_of,
    is_text,
    proxys,
    said_by,
    words,
)
from tui.sip.ua.user_agent import UserAgent

__all__ = ["DirectConnect", "FlowState", "SipConnection"]

_SIP: Final = Subprotocol("sip")
_FRAME_LIMIT: Final = 16 * 1024 * 1024
"""Bytes of one WebSocket message that are taken in at all. The agent reads 64 KiB, and answers a
longer one 513 or skips it: one message takes no flow down, until it is this long."""
_GOOD_FLOW: Final = 60.0
"""Seconds after which a flow counts as good, and earlier failures as forgotten."""
_POLICY_VIOLATION: Final = 1008
_NEXT_ADDRESS: Final = 0.25
"""Seconds until the next address of a name is tried beside one that does not answer (RFC 8305)."""

# The library logs frames at DEBUG: credentials would stand in the log.
_quiet = logging.getLogger(f"{__name__}.frames")
_quiet.setLevel(logging.WARNING)


class DirectConnect(connect):
    """A dial that leads to the server that it names and to no other: a redirection may name any, by
    any scheme, and no browser follows one either."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """What the server answered is the answer."""
        return exc


class SipConnection:
    """Drives a UserAgent over a WebSocket. `on_event` hears the agent's events in order, in the
    event loop, never from inside `flush()`; `on_flow` the connection's own state.

    `ws://` is refused off loopback, and a TLS context that does not verify: ValueError. `proxy`
    gives the address of the proxy by which one is dialled (None: as the library finds it);
    `cookies` the field `Cookie` of a handshake. Times are in seconds.
    """

    def __init__(
        self,
        agent: UserAgent,
        url: str,
        *,
        rng: random.Random,
        on_event: Callable[[Event], None],
        on_flow: Callable[[FlowState], None],
        ssl: tls.SSLContext | None = None,
        proxy: Callable[[str], str | None] | None = None,
        cookies: Callable[[], str] = str,
        clock: Callable[[], float] = time.monotonic,
        ping_interval: float = 25.0,
        ping_timeout: float = 10.0,
        open_timeout: float = 10.0,
        close_timeout: float = 2.0,
        wait: Callable[[int, random.Random], float] = wait_before,
        wait_refused: Callable[[int, random.Random], float] = wait_slowly,
    ) -> None:
        self.agent = agent
        self.latency: float | None = None
        """Seconds of the last ping and pong; None before the first."""
        self.on_wire: Callable[[bool, bytes], None] | None = None
        """Told of every SIP message, True for one of ours; neither waits nor raises."""
        self._url = url
        self._ssl = check_address(url, ssl)
        self._proxy, self._cookies = proxy, cookies
        self._rng = rng
        self._on_event = on_event
        self._on_flow = on_flow
        self._clock = clock
        self._ping_interval = ping_interval
        self._ping_timeout = ping_timeout
        self._open_timeout = open_timeout
        self._close_timeout = close_timeout
        self._wait, self._wait_refused = wait, wait_refused
        self._closing = asyncio.Event()
        self._dial: asyncio.Task[ClientConnection] | None = None
        self._socket: ClientConnection | None = None
        self._broken = ""
        self._worked = False
        """The server has registered us once."""
        self._hurry = asyncio.Event()
        self._renewed = False
        self._queue: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._timer: asyncio.TimerHandle | None = None
        self._due: float | None = None
        self._delivery: asyncio.Handle | None = None

    # -------------------------------------------------------- driving the agent

    def flush(self) -> None:
        """Send what the agent has to send, and wake it when it wants. After every command."""
        self._push()
        if self._delivery is None:
            self._delivery = asyncio.get_running_loop().call_soon(self._turn)

    def _push(self) -> None:
        """Hand bytes to the sender and set the one timer. Never waits."""
        data = self.agent.data_to_send()
        if data and self._socket is not None:
            self._queue.extend(data)
            self._empty.clear()
            self._wake.set()
        due = self.agent.next_deadline()
        if due != self._due:
            self._due = due
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            if due is not None and not self._closing.is_set():
                pause = max(0.0, due - self._clock())
                self._timer = asyncio.get_running_loop().call_later(pause, self._timeout)

    def _timeout(self) -> None:
        self._timer = self._due = None
        self.agent.handle_timeout(self._clock())
        self._turn()

    def _turn(self) -> None:
        """Send, then tell; what the listener commands meanwhile is sent and told as well."""
        if self._delivery is not None:
            self._delivery.cancel()
            self._delivery = None
        self._push()
        while events := self.agent.events():
            for event in events:
                self._worked = self._worked or isinstance(event, Registered)
                self._on_event(event)
                if isinstance(event, FlowFailed):
                    self._break(event.reason)
            self._push()

    def _break(self, reason: str) -> None:
        """Drop a socket that carries nothing any more; no closing handshake would be heard."""
        if self._socket is not None:
            self._broken = reason
            self._socket.transport.abort()

    # -------------------------------------------------------- the flow

    @property
    def local_address(self) -> str:
        """The address of this machine that the flow leaves from; "" without a flow."""
        if self._socket is None:
            return ""
        return str(self._socket.local_address[0])

    def redial(self, reason: str) -> None:
        """The network is another now: drop the flow, or the attempt, and dial at once."""
        self._renewed = True
        self._hurry.set()
        if self._socket is not None:
            self._break(reason)
        elif self._dial is not None:
            self._dial.cancel()

    async def run(self) -> None:
        """Connect, and again whenever the flow is lost, until `close()`, or a refusal by a server
        that has not registered us yet."""
        tries = refusals = 0
        while not self._closing.is_set():
            began, why, said, asked = self._clock(), "", "", 0.0
            self._dial = asyncio.create_task(self._open())
            self._renewed = False
            self._hurry.clear()
            try:
                socket = await self._dial
                began = self._clock()
                reason, why, said = await self._serve(socket)
            except asyncio.CancelledError:
                run = asyncio.current_task()
                assert run is not None  # this is one
                if run.cancelling():
                    raise
                if self._closing.is_set():
                    return  # by close(), while it dialled
                reason = "dialled anew"  # by redial()
            except FlowRefused as refused:
                reason, why, said = str(refused), str(refused.why), refused.said
                if not self._worked:
                    self._on_flow(FlowState(False, reason, refused=True, why=why, said=said))
                    return
                # It has let us in before: what stands before it is in trouble, or it is.
                refusals += 1
            except Undialled as error:
                reason, why = str(error), str(error.why)
            except (OSError, WebSocketException, EOFError) as error:
                reason, why = words(error), str(fault_of(error, secure=self._ssl is not None))
                said, asked = said_by(error), asked_to_wait(error)
            else:
                refusals = 0
            if self._closing.is_set():
                return
            if self._renewed or self._clock() - began >= _GOOD_FLOW:
                tries = 0
            tries += 1
            pause = self._wait(tries, self._rng)
            if refusals:
                pause = self._wait_refused(refusals, self._rng)
            pause = max(pause, asked)
            self._on_flow(FlowState(False, reason, retry_in=pause, why=why, said=said))
            await self._sleep(pause)

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
        except TimeoutError:
            return

    async def _open(self) -> ClientConnection:
        """Dial. Refused for 401, 403 and a server without the `sip` subprotocol."""
        by: str | Literal[True] | None = True if self._proxy is None else self._proxy(self._url)
        here = is_local(self._url)
        by = None if here else by
        options: dict[str, Any] = {}
        if said := self._cookies():
            options["additional_headers"] = {"Cookie": said}
        if isinstance(by, str) and by.startswith("https:"):
            options["proxy_ssl"] = self._ssl
        try:
            socket = await DirectConnect(
                self._url,
                ssl=self._ssl,
                subprotocols=[_SIP],
                compression=None,
                open_timeout=self._open_timeout,
                close_timeout=self._close_timeout,
                ping_interval=None,  # `_ping` does it: it measures, and drops at once
                max_size=_FRAME_LIMIT,
                proxy=by,
                # To try addresses beside one another leaves a socket to the garbage collector where
                # it is cancelled (CPython); nobody on this machine keeps the first one waiting.
                happy_eyeballs_delay=None if here else _NEXT_ADDRESS,
                logger=_quiet,
                **options,
            )
        except InvalidStatus as error:
            if error.response.status_code in (401, 403):
                raise FlowRefused(words(error), FlowFault.FORBIDDEN, said_by(error)) from None
            raise
        except OSError as error:
            if isinstance(by, str) and not isinstance(error, tls.SSLError | TimeoutError):
                raise _by_proxy(by, error) from None
            raise  # a refused certificate is a ValueError as well
        except (UnicodeError, InvalidURI):
            raise Undialled("the address cannot be dialled", FlowFault.ADDRESS) from None
        except (InvalidProxy, ProxyError, ValueError, ImportError) as error:
            raise _by_proxy(by, error) from None
        if socket.subprotocol != _SIP:
            await socket.close(1002)
            raise FlowRefused("the server does not speak SIP here", FlowFault.NO_WEBSOCKET)
        return socket

    async def _serve(self, socket: ClientConnection) -> tuple[str, str, str]:
        """Carry messages until the flow ends; why it did, in our words, as an id of `FlowFault`, in
        the server's words. Refused for a close with 1008."""
        if self._closing.is_set():
            await socket.close()
            return "", "", ""
        self._socket = socket
        self._broken = ""
        helpers = [asyncio.create_task(self._send(socket)), asyncio.create_task(self._ping(socket))]
        try:
            self._on_flow(FlowState(True, latency=self.latency))
            self.agent.connection_made(self._clock())
            self._turn()
            while True:
                frame = await socket.recv(decode=False)
                if self.on_wire is not None:
                    self.on_wire(False, frame)
                self.agent.receive_data(frame, self._clock())
                self._turn()
        except ConnectionClosed as closed:
            if closed.rcvd is not None and closed.rcvd.code == _POLICY_VIOLATION:
                why = "the server closed the connection with 1008"
                raise FlowRefused(why, FlowFault.FORBIDDEN, closed.rcvd.reason) from None
            if self._broken:
                return self._broken, "", ""
            reason, fault, said = closing(closed)
            return reason, str(fault or ""), said
        finally:
            self._socket = None
            self._queue.clear()
            self._empty.set()
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            socket.transport.abort()
            self.agent.connection_lost(self._clock())
            self._turn()

    async def _send(self, socket: ClientConnection) -> None:
        """The one sender: keeps the order, and writes in the turn after `flush()`."""
        while True:
            while self._queue:
                data = self._queue.popleft()
                if self.on_wire is not None:
                    self.on_wire(True, data)
                await socket.send(data, text=is_text(data))
            self._empty.set()
            self._wake.clear()
            await self._wake.wait()

    async def _ping(self, socket: ClientConnection) -> None:
        """A ping now and every 25 s; without its pong in 10 s the flow is dead."""
        while True:
            try:
                async with asyncio.timeout(self._ping_timeout):
                    # Nor is a server waited for that reads nothing any more.
                    pong = await socket.ping()
                    self.latency = await pong
            except TimeoutError:
                self._break("no answer to a ping")
                return
            self._on_flow(FlowState(True, latency=self.latency))
            await asyncio.sleep(self._ping_interval)

    async def close(self) -> None:
        """Send what is queued, close the socket and end `run()`. Nothing is armed afterwards."""
        self._turn()
        self._closing.set()
        self._hurry.set()
        if self._dial is not None:
            self._dial.cancel()
        socket = self._socket
        if socket is not None:
            try:
                async with asyncio.timeout(self._close_timeout):
                    await self._empty.wait()
                    await socket.close()
            except TimeoutError:
                socket.transport.abort()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = self._due = None


def _by_proxy(by: str | bool | None, error: Exception) -> Undialled:
    """The proxy is why nothing could be asked. What it says may hold a password."""
    netloc = urlsplit(by).netloc if isinstance(by, str) else ""
    named = netloc.rpartition("@")[2] or "of this computer's settings"
    return Undialled(f"the proxy {named}: {proxys(error)}", FlowFault.PROXY)
