"""Linphone as a plain SIP phone over UDP: a sine to say, and a file of what it heard."""

from __future__ import annotations

import array
import os
import sys
from pathlib import Path

from tests.interop.frequencies import share, write_tone
from tests.interop.kamailio import Kamailio
from tests.interop.programs import Program, free_port, need
from tests.waiting import until

_CONFIG = """\
[sip]
sip_port={port}
sip_tcp_port=0
sip_tls_port=0
use_ipv6=0
use_rfc2833=1
default_proxy=0
contact=<sip:{user}@127.0.0.1>

[proxy_0]
reg_proxy=<sip:127.0.0.1:{proxy};transport=udp>
reg_route=<sip:127.0.0.1:{proxy};transport=udp;lr>
reg_identity=sip:{user}@{realm}
reg_expires=600
reg_sendregister=1

[auth_info_0]
username={user}
passwd={password}
realm={realm}

[rtp]
audio_rtp_port={rtp}

[net]
firewall_policy=0
"""
_HEADER, _RATE = 44, 48000
"""Bytes before the samples of what it records, and their rate with opus."""


class Linphone:
    """One phone, registered at Kamailio as ``sip:{user}@{realm}``, driven by lines as its user
    types them. It rings until it is told to answer."""

    def __init__(self, folder: Path, user: str, hz: float, proxy: Kamailio) -> None:
        self._folder = folder / f"linphone-{user}"
        self._folder.mkdir()
        self._user, self._says, self._proxy = user, hz, proxy
        self._heard = self._folder / "heard.wav"
        self._commands = -1
        self._program: Program | None = None

    async def start(self) -> None:
        """Start it, register, and give it its voice and its ears."""
        path = need("linphonec", "linphone-cli")
        write_tone(self._folder / "says.wav", self._says, 60, 16000)
        for place in (".local/share/linphone", ".config/linphone"):  # it makes none of its own
            (self._folder / place).mkdir(parents=True)
        (self._folder / "rc").write_text(
            _CONFIG.format(
                port=free_port(),
                rtp=free_port(run=2),
                user=self._user,
                proxy=self._proxy.sip_port,
                realm=self._proxy.realm,
                password=self._proxy.password,
            )
        )
        fifo = self._folder / "commands"
        os.mkfifo(fifo)
        self._commands = os.open(fifo, os.O_RDWR)
        log = self._folder / "wire.log"
        shell = f'exec "{path}" -c "{self._folder}/rc" -d 6 -l "{log}" <"{fifo}"'
        environment = {**os.environ, "HOME": str(self._folder)}
        self._program = Program("linphone", ["sh", "-c", shell], self._folder, environment)
        self._program.start()
        await self._program.until(
            "registered", lambda: log.exists() and b"LinphoneRegistrationOk" in log.read_bytes()
        )
        for line in ("use files", f"play {self._folder}/says.wav", f"record {self._heard}"):
            await self.say(f"soundcard {line}" if line == "use files" else line)

    async def say(self, line: str) -> None:
        """A line as its user types it: ``answer``, ``pause 1``, ``transfer 1 sip:…``."""
        os.write(self._commands, f"{line}\n".encode())

    async def until(self, words: str, timeout: float = 20.0) -> None:
        """Wait until it says those words."""
        assert self._program is not None
        await self._program.until_it_says(words, timeout)

    async def hears(self, hz: float) -> None:
        """Wait until the last second of what it heard is that tone and little else."""

        def so() -> bool:
            sound = self._sound()
            return len(sound) == _RATE and share(sound, _RATE, hz) > 0.8

        await until(so, 20, what=lambda: f"{hz} Hz at linphone", interval=0.2)

    def _sound(self) -> array.array[int]:
        """The last second, out of a file whose header is written when its call is over."""
        sound = array.array("h")
        if self._heard.exists():
            whole = self._heard.read_bytes()[_HEADER:]
            sound.frombytes(whole[: len(whole) // 2 * 2][-2 * _RATE :])
        if sys.byteorder == "big":
            sound.byteswap()
        return sound

    async def end(self) -> None:
        """End it."""
        if self._program is not None:
            await self._program.end()
        if self._commands >= 0:
            os.close(self._commands)
