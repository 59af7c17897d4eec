"""The two ports of a sandbox. They are open before what answers there is loaded: whoever comes in
between waits in the kernel's queue for a moment, and nobody polls."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Any, Final

from tui.sandbox.fixtures import Fixtures

HOST: Final = "127.0.0.1"
_QUEUE: Final = 128


@dataclass(frozen=True, slots=True)
class Doors:
    """Listening sockets of loopback: `main` for the web API, SIP over WebSocket and control,
    `first` for the web API of generation 1, whose paths are not below a backend."""

    main: socket.socket
    first: socket.socket

    @classmethod
    def open(cls, port: int = 0) -> Doors:
        """Listen on that port, 0 = any free one, and on another free one. Raises OSError when
        the port is taken, OverflowError when it is none."""
        main = _listen(port)
        try:
            return cls(main, _listen(0))
        except OSError:
            main.close()
            raise

    @property
    def port(self) -> int:
        """Of `main`."""
        return int(self.main.getsockname()[1])

    @property
    def port1(self) -> int:
        """Of `first`."""
        return int(self.first.getsockname()[1])

    def close(self) -> None:
        """Listen no more."""
        self.main.close()
        self.first.close()


def ready(fixtures: Fixtures, port: int, port1: int) -> dict[str, Any]:
    """What the ready file says: addresses and accounts."""
    return {
        "http": f"http://{HOST}:{port}",
        "ws": f"ws://{HOST}:{port}/sip",
        "http1": f"http://{HOST}:{port1}",
        # Both generations register at one gateway; the first has to be told of it.
        "ws1": f"ws://{HOST}:{port}/sip",
        "domain": fixtures.domain,
        "switchnumber": fixtures.switchnumber,
        "agents": [
            {
                "un": seed.un,
                "pwd": seed.pwd,
                "sip_user": seed.sip_user,
                "name": seed.name,
                "groups": [{"gid": gid, "name": fixtures.groups[gid].name} for gid in seed.gids],
            }
            for seed in fixtures.accounts()
        ],
    }


def _listen(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
        listening.listen(_QUEUE)
        listening.setblocking(False)
    except BaseException:
        listening.close()
        raise
    return listening
