"""What a service manager is told: that the engine listens, that its loop turns, that it ends.

The protocol is sd_notify(3)'s: datagrams to the socket that NOTIFY_SOCKET names. A loop that stops
feeds no watchdog; the manager then ends the process and starts it again, which takes back its call.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import MutableMapping
from typing import Final

from tui.engine.context import log

VARIABLES: Final = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")


class ServiceNotify:
    """The manager's ear; one that hears nothing where no manager has started us."""

    def __init__(self, environ: MutableMapping[str, str] | None = None) -> None:
        """Takes its variables out of the environment: they are not for the processes we start."""
        given = os.environ if environ is None else environ
        where, microseconds, pid = (given.pop(name, "") for name in VARIABLES)
        self._address = f"\0{where[1:]}" if where.startswith("@") else where
        ours = not pid or pid == str(os.getpid())
        self.period = 0.0
        """Seconds from one feeding of the watchdog to the next, half of its limit; 0: none."""
        if self._address and ours and microseconds.isascii() and microseconds.isdecimal():
            self.period = int(microseconds) / 2_000_000
        self._feeding: asyncio.TimerHandle | None = None
        self._stopping = False

    def ready(self) -> None:
        """It listens. From now on the running loop feeds the watchdog."""
        self._say("READY=1")
        self._feed()

    def stopping(self) -> None:
        """It ends, in bounded time: it is fed to the last."""
        if not self._stopping:
            self._stopping = True
            self._say("STOPPING=1")

    def close(self) -> None:
        """Say nothing more."""
        if self._feeding is not None:
            self._feeding.cancel()

    def _feed(self) -> None:
        if self.period > 0:
            self._say("WATCHDOG=1")
            self._feeding = asyncio.get_running_loop().call_later(self.period, self._feed)

    def _say(self, line: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as ear:
                ear.setblocking(False)  # a manager that is busy is not waited for
                ear.sendto(line.encode(), self._address)
        except OSError as error:
            log.warning("the service manager does not hear %s: %s", line, error)
