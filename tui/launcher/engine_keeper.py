"""The engine of one screen: started, attached, replaced when it dies. Its screens come and go."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from tui.bus import Subscription
from tui.console.sign_in_defaults import SignInMemory, SignInPrefill
from tui.launcher.engine_process import Starting
from tui.log import get_logger
from tui.port.errors import EngineUnavailable
from tui.port.snapshot import Snapshot
from tui.port.values import Account, Capability, Message, Phase, message
from tui.port.wire.sockets import answers, is_claimed

if TYPE_CHECKING:
    from tui.config.paths import Paths
    from tui.port.commands import Command, Result
    from tui.port.engine_port import EnginePort
    from tui.port.events import Event
    from tui.port.wire.client import EngineClient

log = get_logger("supervisor")

STARTS: Final = 5
"""Within a minute. More is a fault that will not go away."""
REST: Final = 30.0
"""Seconds until the next try after that."""
OTHERS: Final = 20.0
"""Seconds in which another front end may have brought the account's engine back."""


class EngineScreen(Protocol):
    """What the keeper needs of a screen."""

    def attach(
        self,
        port: EnginePort,
        *,
        notice: Message | None = None,
        prefill: SignInPrefill | None = None,
    ) -> None: ...

    def engine_lost(self, what: Message | None = None) -> None: ...

    def engine_silent(self, silent: bool) -> None: ...


class Limiter:
    """At most so many in so many seconds."""

    def __init__(
        self, most: int, seconds: float = 60.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._seconds, self._clock = most, seconds, clock
        self._times: deque[float] = deque()

    def allows(self) -> bool:
        """Count one more; whether it may be."""
        now = self._clock()
        while self._times and now - self._times[0] > self._seconds:
            self._times.popleft()
        if len(self._times) >= self._most:
            return False
        self._times.append(now)
        return True


class KeptPort:
    """The port that a screen gets: the client's, and the keeper hears of what it must."""

    def __init__(self, keeper: EngineKeeper, client: EngineClient) -> None:
        self._keeper, self._client = keeper, client

    def snapshot(self) -> Snapshot:
        return self._client.snapshot()

    def subscribe(self) -> Subscription[Event]:
        return self._client.subscribe()

    async def execute(self, command: Command) -> Result:
        from tui.port.commands import SignIn, SignOut

        ending = isinstance(command, SignOut) and command.end
        self._keeper.leaving |= ending
        result = await self._client.execute(command)
        if ending and not result.ok:
            self._keeper.leaving = False
        if isinstance(command, SignIn) and result.message is not None:
            where = dict(result.message.values).get("socket")
            if result.message.id == "engine.elsewhere" and where:
                await self._keeper.move(Path(where))
        return result


class EngineKeeper:
    """Keeps one engine attached. `screen` is told, when there is one."""

    def __init__(
        self,
        paths: Paths,
        session: SignInMemory,
        *,
        config_file: Path | None = None,
        profile: str = "",
    ) -> None:
        self.screen: EngineScreen | None = None
        self.session = session
        self.hold: Sequence[Path] = ()
        """Files that the engines to come keep a lock on (the sandbox's)."""
        self.leaving = False
        """The screen has asked the engine to end: its end is no loss."""
        self._paths, self._config_file, self._profile = paths, config_file, profile
        self._client: EngineClient | None = None
        self._path: Path | None = None
        self._work: asyncio.Task[None] | None = None
        self._starts = Limiter(STARTS)
        self._closed = False

    @property
    def port(self) -> KeptPort | None:
        """The engine's port, None while there is none."""
        return None if self._client is None else KeptPort(self, self._client)

    @property
    def in_session(self) -> bool:
        """Whether the engine has an agent: its screen is the console."""
        return self._client is not None and self._client.snapshot().phase not in (
            Phase.SIGNED_OUT,
            Phase.SIGNING_IN,
            Phase.CHOOSING_GROUP,
        )

    def bring(self) -> asyncio.Task[None]:
        """Start an engine beside the screen; one that is being started is given up for it."""
        return self._begin(None, None)

    async def attach(
        self, path: Path, notice: Message | None = None, prefill: SignInPrefill | None = None
    ) -> None:
        """Look at the engine at the path from now on. Raises EngineUnavailable."""
        from tui.port.wire.client import EngineClient  # the first frame does not wait for it

        client = await EngineClient.connect(path)
        old, self._client, self._path = self._client, client, path
        self.leaving = False
        client.on_lost = lambda goodbye: self._lost(client, goodbye)
        client.watch(lambda silent: self._silent(client, silent))
        if self.screen is not None:
            self.screen.attach(KeptPort(self, client), notice=notice, prefill=prefill)
        if old is not None:
            await old.close()
        if not client.alive:
            self._lost(client, False)  # in the meantime: nobody was there to hear of it

    async def move(self, path: Path) -> None:
        """The account's engine is at that path: look at that one. The one until now, which has
        no account, ends by itself."""
        try:
            await self.attach(path)
        except EngineUnavailable as error:
            log.warning("the account's engine could not be attached: %s", error)

    async def close(self) -> None:
        """Look at no engine any more. It goes on."""
        self._closed = True
        if self._work is not None:
            self._work.cancel()
        if self._client is not None:
            await self._client.close()

    # ------------------------------------------------------------ starting

    def _begin(self, notice: Message | None, prefill: SignInPrefill | None) -> asyncio.Task[None]:
        if self._work is not None:
            self._work.cancel()
        self._work = asyncio.get_running_loop().create_task(self._start(notice, prefill))
        return self._work

    async def _start(self, notice: Message | None, prefill: SignInPrefill | None) -> None:
        """Start an engine and attach it; says on the screen why it cannot be done."""
        while True:
            if not self._starts.allows():
                self._tell(message("engine.keeps_failing", log=self._paths.log_file))
                await asyncio.sleep(REST)
                continue
            try:
                starting = Starting(
                    self._paths.runtime,
                    config=self._config_file,
                    profile=self._profile,
                    hold=self.hold,
                )
                path = await starting.socket()
                # It is to outlive this process: nobody waits for it.
                starting.process.returncode = 0
                await self.attach(path, notice, prefill)
            except EngineUnavailable as error:
                log.error("no engine: %s", error)
                self._tell(error.message)
                await asyncio.sleep(1.0)
            else:
                return

    def _tell(self, what: Message) -> None:
        if self.screen is not None:
            self.screen.engine_lost(what)

    # ------------------------------------------------------------ losing

    def _silent(self, client: EngineClient, silent: bool) -> None:
        if client is self._client and not self._closed:
            log.warning("the engine %s", "does not answer" if silent else "answers again")
            if self.screen is not None:
                self.screen.engine_silent(silent)

    def _lost(self, client: EngineClient, goodbye: bool) -> None:
        if client is not self._client or self._closed:
            return
        self._client = None
        if self.leaving:
            return
        account = client.snapshot().account
        if goodbye:
            # Signed out by another front end, by itself, or by SIGTERM: nothing to take up.
            self.session.forget()
        log.warning("the engine %s", "ended" if goodbye else "died")
        self._tell(Message("engine.ended" if goodbye else "engine.lost"))
        if self._work is not None:
            self._work.cancel()
        work = self._replace(account, self._path, goodbye)
        self._work = asyncio.get_running_loop().create_task(work)

    async def _replace(self, account: Account | None, path: Path | None, goodbye: bool) -> None:
        """After the loss of an engine: another front end's new one, or our own, which the screen
        signs in as before if the password is known, and says so if not."""
        notice = Message("engine.ended") if goodbye and account is not None else None
        if account is not None and not goodbye:
            if self.session.sign_in is None:
                await self._password_from_keyring(account)
            if self.session.sign_in is None:
                own = Capability.LINES in account.can  # nobody can be asked for its calls
                notice = Message("engine.sign_in_own" if own else "engine.sign_in_again")
            elif self.session.gid is None:
                self.session.gid = account.gid or None
        await self._start(notice, None if account is None else SignInPrefill().for_account(account))
        if path is not None and is_claimed(path) and self.session.sign_in is None and not goodbye:
            await self._look_for_others(path)

    async def _look_for_others(self, path: Path) -> None:
        """Without the password: another front end, which knows it, may bring the account back.
        Until somebody signs in here that is the better engine."""
        deadline = time.monotonic() + OTHERS
        while time.monotonic() < deadline:
            await asyncio.sleep(0.2)
            if self._client is None or self._client.snapshot().phase is not Phase.SIGNED_OUT:
                return
            if answers(path):
                await self.move(path)
                return

    async def _password_from_keyring(self, account: Account) -> None:
        """This front end came later and never knew the password."""
        from tui.console import keyring_store as store
        from tui.port.commands import SignIn

        name = store.account_name(account.un, account.switchnumber, account.backend)
        try:
            password = await store.load(name)
        except store.KeyringUnavailable:
            return
        if password is not None:
            self.session.sign_in = SignIn(
                account.un,
                password,
                account.switchnumber,
                account.callintype,
                account.number,
                account.backend,
                account.kind,
            )
