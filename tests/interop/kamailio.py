"""Kamailio with rtpengine beside it: registrar and proxy for SIP over WebSocket and over UDP."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.interop.programs import Missing, Program, free_port, need

_PORTS = 40  # for rtpengine's media, four per call


class Kamailio:
    """A registrar with digest, whose calls from UDP to WebSocket pass through rtpengine."""

    realm = "interop.invalid"
    password = "three-plain-words"

    def __init__(
        self,
        folder: Path,
        algorithm: str = "MD5",
        *,
        presence: str = "",
        calls: str = "",
        relays: bool = True,
    ) -> None:
        """``algorithm`` is that of its digest. With ``presence`` it is a presence server: "dialogs"
        tells of calls as well, "people" only of who is there. ``calls`` is the realm that asks for
        the password of who calls, as that of a PBX behind it. Where it ``relays`` nothing, phones
        on WebSockets hear one another without rtpengine."""
        self._calls = calls or self.realm
        self._relays = relays
        self._presence = presence
        self._algorithm = algorithm
        self._folder = folder / "kamailio"
        self._folder.mkdir()
        self.sip_port = free_port()
        self.ws_port = free_port()
        self._control_port = free_port()
        self._media_port = free_port(run=_PORTS)
        self._programs: list[Program] = []
        self._proxy: Program | None = None

    @property
    def ws(self) -> str:
        """The address of its WebSocket transport."""
        return f"ws://127.0.0.1:{self.ws_port}"

    @property
    def control_port(self) -> int:
        """Where rtpengine is told what to do (UDP, its ng protocol)."""
        return self._control_port

    @property
    def log(self) -> str:
        """The end of what both programs said."""
        return "\n".join(f"--- {one.name}\n{one.output()}" for one in self._programs)

    async def start(self) -> None:
        """Start rtpengine, where it relays, then Kamailio, and wait until each answers."""
        need("kamailio", "kamailio")
        if not self._relays:
            await self.start_proxy()
            return
        rtpengine = need("rtpengine", "rtpengine-daemon")
        media = Program(
            "rtpengine",
            [
                rtpengine,
                "--config-file=none",
                "--table=-1",  # in user space: no kernel module is asked for
                "--interface=127.0.0.1",
                f"--listen-ng=127.0.0.1:{self._control_port}",
                f"--port-min={self._media_port}",
                f"--port-max={self._media_port + _PORTS - 1}",
                "--num-threads=2",
                "--foreground",
                "--log-stderr",
                "--log-level=6",
            ],
            self._folder,
        )
        self._programs.append(media)
        media.start()
        await media.until_it_says("Startup complete")
        await self.start_proxy()

    async def start_proxy(self) -> None:
        """Start Kamailio alone: with nothing in memory, as after a crash."""
        kamailio = need("kamailio", "kamailio")
        here = self._folder
        config = here / "kamailio.cfg"
        config.write_text(self._config())
        proxy = Program(
            "kamailio",
            f"{kamailio} -DD -E -m 32 -M 4 -f {config} -Y {here} -w {here} -P {here}/pid".split(),
            self._folder,
        )
        self._programs.append(proxy)
        self._proxy = proxy
        proxy.start()
        await proxy.until_it_listens(self.ws_port)

    async def end_proxy(self) -> None:
        """End Kamailio and let rtpengine go on."""
        assert self._proxy is not None
        self._programs.remove(self._proxy)
        await self._proxy.end()

    async def end(self) -> None:
        """End both, the proxy first."""
        await asyncio.gather(*(one.end() for one in reversed(self._programs)))

    def _config(self) -> str:
        template = (Path(__file__).parent / "kamailio.cfg").read_text()
        words = {
            "SIP_PORT": self.sip_port,
            "WS_PORT": self.ws_port,
            "CONTROL_PORT": self._control_port,
            "MODULES": _modules("presence" if self._presence else "websocket"),
            "REALM": self.realm,
            "CALLS": self._calls,
            "PASSWORD": self.password,
            "ALGORITHM": self._algorithm,
            "RELAYS": "#!define RELAYS" if self._relays else "",
            "PRESENCE": "#!define PRESENCE" if self._presence else "",
            "DIALOGS": "#!define DIALOGS" if self._presence == "dialogs" else "",
        }
        for word, value in words.items():
            template = template.replace(f"@{word}@", str(value))
        return template


def _modules(wanted: str) -> Path:
    for folder in [*Path("/usr/lib").glob("*/kamailio/modules"), Path("/usr/lib/kamailio/modules")]:
        if (folder / "tm.so").exists():
            if not (folder / f"{wanted}.so").exists():
                raise Missing(
                    f"Kamailio's {wanted} module is not on this machine: install the Debian "
                    f"package kamailio-{wanted}-modules (bash .ci/run does)."
                )
            return folder
    raise Missing("Kamailio's modules are not where Debian puts them, under /usr/lib.")
