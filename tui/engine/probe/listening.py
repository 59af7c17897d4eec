"""A probe's session: an engine that signs in, joins a group, and is listened to."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from tui.engine.engine import Engine
from tui.engine.probe.record import Record
from tui.port.commands import Answer, JoinGroup, SignIn, SignOut
from tui.port.machines.call_machine import CallState
from tui.port.snapshot import Call
from tui.port.values import Message, Phase, message

if TYPE_CHECKING:
    from tui.config.schema import Config, Paths

CALL_LIMIT: Final = 1800.0
"""Seconds for one call to come and to end."""
SIGN_OUT_LIMIT: Final = 20.0
Tell = Callable[[Message], None]


class Listening:
    """One probe. `seconds` is how long; with `call` it ends with the first call, which is answered
    by itself, and `seconds` is the most."""

    def __init__(
        self,
        config: Config,
        paths: Paths,
        record: Record,
        tell: Tell,
        seconds: float,
        *,
        call: bool,
    ) -> None:
        self._engine = Engine(config, paths=paths)
        self._record = record
        self._tell = tell
        self._seconds = seconds
        self._call = call
        self._enough = asyncio.Event()
        self._seen = ""
        """The key of the call that is listened through."""
        self._answered = False

    def stop(self) -> None:
        """It was enough: sign out."""
        self._enough.set()

    async def run(self, sign_in: SignIn, gid: str) -> Message | None:
        """All of it. None when it went through, else why it did not."""
        engine = self._engine
        engine.overhear(self._record.overhear)
        try:
            return await self._run(sign_in, gid)
        finally:
            with contextlib.suppress(TimeoutError):  # what is left ends with the process
                async with asyncio.timeout(SIGN_OUT_LIMIT):
                    await engine.execute(SignOut())
                    await engine.close()

    async def _run(self, sign_in: SignIn, gid: str) -> Message | None:
        engine = self._engine
        result = await engine.execute(sign_in)
        if result.ok:
            signed_in = engine.snapshot().account
            if signed_in is not None:
                self._record.agent(signed_in.un, signed_in.eid)
            groups = engine.snapshot().groups
            gid = gid or (groups[0].gid if groups else "0")
            result = await engine.execute(JoinGroup(gid))
        if not result.ok:
            info = "" if result.message is None else dict(result.message.values).get("info", "")
            self._record.web(result.code, info, engine.context.not_understood.items())
            return result.message
        account = engine.snapshot().account
        assert account is not None  # who is signed in has one
        self._tell(
            message(
                "probe.waits" if self._call else "probe.listens",
                account=account.un,
                group=account.group or account.gid,
                seconds=f"{self._seconds:g}",
            )
        )
        return await self._listen()

    async def _listen(self) -> Message | None:
        unheard = self._engine.events.listen(lambda _event: self._look())
        try:
            async with asyncio.timeout(self._seconds):
                await self._enough.wait()
        except TimeoutError:
            if self._call:
                return message("probe.no_call", seconds=f"{self._seconds:g}")
        finally:
            unheard()
        if self._engine.snapshot().phase is Phase.KICKED:
            return message("probe.put_out")
        return None

    def _look(self) -> None:
        """Something happened: the call that comes is answered, and its end is ours."""
        snapshot = self._engine.snapshot()
        if snapshot.phase is Phase.KICKED:
            self._enough.set()
        if not self._call:
            return
        for call in snapshot.calls:
            if call.live and not self._seen:
                self._seen = call.key
            if call.key == self._seen:
                self._follow(call)

    def _follow(self, call: Call) -> None:
        if call.state is CallState.RINGING and call.ccnumber and not self._answered:
            self._answered = True
            self._engine.context.spawn(self._answer(call.ccnumber))
        if not call.live:
            self._enough.set()

    async def _answer(self, ccnumber: str) -> None:
        result = await self._engine.execute(Answer(ccnumber))
        if not result.ok and result.message is not None:
            self._tell(result.message)
