"""The connections of one leg: the one in force, and the one that shall take its place.

A restart of ICE, the peer's or ours, is another connection beside the first: the old one carries
the call until the new one is up, also when its end comes before that is known.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from tui.media.leg.life import AudioLegState, Life
from tui.media.sdp.remote import Remote
from tui.media.transport.connection import MediaConnection
from tui.media.transport.dtls_association import DtlsAssociation, Setup

Make: TypeAlias = Callable[[Callable[[MediaConnection], None]], MediaConnection]
"""Gives a fresh connection with that listener."""


class Connections:
    """`make` gives a fresh connection with that listener; `on_up` is told which one is in force,
    `on_end` that none is any more. `life` gets the leg's state."""

    def __init__(
        self,
        make: Make,
        life: Life,
        *,
        setup_timeout: float,
        on_up: Callable[[MediaConnection], None],
        on_end: Callable[[], None],
    ) -> None:
        self.current: MediaConnection | None = None
        """In force, or the first one that is being set up."""
        self.next: MediaConnection | None = None
        """Described, and in force once it is up."""
        self.offered: MediaConnection | None = None
        """Gathered for our offer to restart, which is not answered yet."""
        self.orphaned = ""
        """The connection in force has gone, for this reason, and another is on its way."""
        self.closers: set[asyncio.Task[None]] = set()
        self._make, self._life = make, life
        self._setup_timeout = setup_timeout
        self._on_up, self._on_end = on_up, on_end
        self._limit: asyncio.TimerHandle | None = None

    @property
    def described(self) -> MediaConnection | None:
        """The newest connection of which both ends are known."""
        for connection in (self.next, self.current):
            if connection is not None and connection.remote is not None:
                return connection
        return None

    @property
    def association(self) -> DtlsAssociation | None:
        """The DTLS association that a fresh connection may go on with; None without one."""
        for connection in (self.current, self.next):
            if connection is not None and connection.association.alive:
                return connection.association
        return None

    async def gathered(self, make: Make | None = None) -> MediaConnection:
        """A fresh connection that knows its own end; `make` is for one of another kind.
        RuntimeError when the leg was closed meanwhile."""
        connection = (make or self._make)(self._changed)
        try:
            await connection.gather()
            if self._life.state is AudioLegState.CLOSED:
                raise RuntimeError("the leg is closed")
        except BaseException:
            self.retire(connection)
            raise
        return connection

    def adopt(
        self, connection: MediaConnection, remote: Remote, *, offerer: bool, setup: Setup
    ) -> None:
        """Both sides are described: begin, and let it take over when it is up. Who offers first is
        controlling, and stays that through every restart with the same peer, whoever asks for it
        (RFC 8445 §6.1.1): Firefox does not let itself be told that roles have changed. A peer that
        answers under its old name restarts nothing, and nominates nothing anew: then we do."""
        old, known = self.current, self.described
        controlling = offerer
        if known is not None and known.restarts_with(remote):
            controlling = known.ice.controlling
        if connection is self.offered:
            self.offered = None
        if self.next is not None:
            self.retire(self.next)
            self.next = None
        if old is None or old is connection or old.remote is None:
            self.current = connection
            if old is not None and old is not connection:
                self.retire(old)
            self._life.begin(self._setup_timeout)
        else:
            self.next = connection
            self._start_limit()
        connection.start(remote, offerer=offerer, controlling=controlling, setup=setup)

    def withdraw(self) -> None:
        """What was offered is not wanted any more."""
        fresh, self.offered = self.offered, None
        if fresh is not None:
            self.retire(fresh)
            self._give_up_if_alone()

    # ------------------------------------------------------------ what becomes of them

    def _changed(self, connection: MediaConnection) -> None:
        if self._life.state is AudioLegState.CLOSED or connection.state == "connecting":
            return
        if connection.state == "connected":
            if connection is self.next:
                self._stop_limit()
                old, self.current, self.next = self.current, connection, None
                if old is not None:
                    self.retire(old)
            if connection is self.current:
                self.orphaned = ""
                self._on_up(connection)
                self._life.connected()
        elif connection is self.next:
            self._drop_next()
        elif connection is self.current:
            self.orphaned = "peer-closed" if connection.state == "closed" else "transport"
            self._give_up_if_alone()

    def _give_up_if_alone(self) -> None:
        """The connection in force is gone: that is the end, unless another is on its way."""
        if not self.orphaned:
            return
        if self.next is None and self.offered is None:
            reason, self.orphaned = self.orphaned, ""
            self._on_end()
            self._life.give_up(reason)
        elif self._limit is None:
            self._start_limit()

    def _start_limit(self) -> None:
        self._stop_limit()
        loop = asyncio.get_running_loop()
        self._limit = loop.call_later(self._setup_timeout, self._too_late)

    def _stop_limit(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None

    def _too_late(self) -> None:
        self._limit = None
        self.withdraw()
        self._drop_next()

    def _drop_next(self) -> None:
        self._stop_limit()
        if self.next is not None:
            self.retire(self.next)
            self.next = None
        self._give_up_if_alone()

    # ------------------------------------------------------------ the end

    def retire(self, connection: MediaConnection) -> None:
        """Close one that is not needed any more."""
        task = asyncio.ensure_future(connection.close())
        self.closers.add(task)
        task.add_done_callback(self.closers.discard)

    async def close(self) -> None:
        """Close all of them, whatever they are about; each has its own limit."""
        self._stop_limit()
        for connection in (self.offered, self.next, self.current):
            if connection is not None:
                self.retire(connection)
        self.offered = self.next = None
        while self.closers:
            await asyncio.wait(set(self.closers))
