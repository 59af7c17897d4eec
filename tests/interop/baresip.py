"""baresip as a plain SIP phone: G.711 over RTP, a sine to say and a file of what it heard."""

from __future__ import annotations

import asyncio
import json
import os
import wave
from pathlib import Path

from tests.interop.frequencies import samples_of_wav, share, write_tone
from tests.interop.kamailio import Kamailio
from tests.interop.programs import Program, free_port, need
from tests.waiting import until

RATE = 8000
"""Samples in a second of what it records."""

_CONFIG = """\
poll_method epoll
sip_listen 127.0.0.1:{port}
net_interface 127.0.0.1
module_path {modules}
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
module ctrl_tcp.so
module_tmp account.so
module_app menu.so
module_app presence.so
audio_source aufile,{folder}/says.wav
audio_player aubridge,nobody
audio_alert aubridge,nobody
snd_path {folder}
ctrl_tcp_listen 127.0.0.1:{control}
call_max_calls 4
"""


class Baresip:
    """One phone at ``sip:{user}@127.0.0.1:{port}``, driven over its control port.

    With ``proxy``, the address of a Kamailio, it registers there as ``{user}@{realm}``; it answers
    by itself when ``answers`` and rings else.
    """

    def __init__(
        self,
        folder: Path,
        user: str,
        hz: float,
        proxy: Kamailio | None = None,
        *,
        answers: bool = True,
        tells: bool = False,
    ) -> None:
        """``tells``: it says at Kamailio who is there (PUBLISH)."""
        self._tells = tells
        self._proxy = proxy
        self._answers = answers
        self._folder = folder / f"baresip-{user}"
        self._folder.mkdir()
        self._says = hz
        self._user = user
        self._port = free_port(run=2)  # the second one is for TLS, which it always opens
        self._control = free_port()
        self._program: Program | None = None
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    @property
    def log(self) -> str:
        """The end of the phone's own output."""
        return self._program.output() if self._program else ""

    async def start(self) -> None:
        """Write its configuration and start it."""
        path = need("baresip", "baresip")
        write_tone(self._folder / "says.wav", self._says, 60, 8000)
        modules = next(str(folder) for folder in _module_folders() if (folder / "g711.so").exists())
        (self._folder / "config").write_text(
            _CONFIG.format(
                port=self._port, control=self._control, folder=self._folder, modules=modules
            )
        )
        (self._folder / "accounts").write_text(self._account() + "\n")
        (self._folder / "contacts").write_text("")
        environment = {**os.environ, "HOME": str(self._folder)}
        self._program = Program(
            "baresip", [path, "-f", str(self._folder)], self._folder, environment
        )
        self._program.start()
        await self._program.until_it_says("baresip is ready")
        await self._program.until_it_listens(self._control)
        if self._proxy is not None:
            await self._program.until_it_says("200 OK")
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._control)

    async def until_it_says(self, words: str, timeout: float = 20.0) -> None:
        """Wait for words in its log."""
        assert self._program is not None
        await self._program.until_it_says(words, timeout)

    def _account(self) -> str:
        account = f"<sip:{self._user}@127.0.0.1:{self._port}>;regint=0"
        if self._proxy is not None:
            account = (
                f"<sip:{self._user}@{self._proxy.realm}>;regint=60;auth_user={self._user};"
                f"auth_pass={self._proxy.password};"
                f'outbound="sip:127.0.0.1:{self._proxy.sip_port};transport=udp"'
            )
        mode = "auto" if self._answers else "manual"
        tells = ";pubint=60" if self._tells else ""
        return f"{account};audio_codecs=pcmu,pcma;answermode={mode}{tells}"

    async def say(self, command: str, parameters: str = "") -> None:
        """Send one command (``dial``, ``hangup``…), as a netstring of JSON."""
        assert self._writer is not None
        body = json.dumps({"command": command, "params": parameters}).encode()
        self._writer.write(b"%d:%s," % (len(body), body))
        await self._writer.drain()

    async def until(
        self, kind: str, timeout: float = 20.0, *, through: bool = False
    ) -> dict[str, object]:
        """Read events until one of that type; no call must end before, unless ``through``."""
        try:
            async with asyncio.timeout(timeout):
                while True:
                    event = await self._read()
                    if event.get("type") == kind:
                        return event
                    if event.get("type") == "CALL_CLOSED" and not through:
                        raise AssertionError(f"baresip's call ended: {event}\n{self.log}")
        except TimeoutError:
            raise AssertionError(f"baresip: no {kind} in {timeout} s\n{self.log}") from None

    async def _read(self) -> dict[str, object]:
        assert self._reader is not None
        length = int((await self._reader.readuntil(b":"))[:-1])
        body = await self._reader.readexactly(length + 1)
        value: dict[str, object] = json.loads(body[:-1])
        return value

    async def heard(self, hz: float, call: int = -1) -> float:
        """How much of what the phone decoded lies at ``hz``, in its last recording or that one, the
        first and last half second cut. A recording is whole a moment after its call."""
        for _ in range(50):
            paths = sorted(self._folder.glob("dump-*-dec.wav"))
            try:
                sound, rate = samples_of_wav(paths[call])
                return share(sound[rate // 2 : len(sound) - rate // 2], rate, hz)
            except (IndexError, EOFError, wave.Error):
                await asyncio.sleep(0.1)
        raise AssertionError(f"baresip left no whole recording\n{self.log}")

    async def until_it_heard(self, seconds: float) -> None:
        """Wait until its last recording holds so much: 16-bit samples behind a head."""

        def long_enough() -> bool:
            files = sorted(self._folder.glob("dump-*-dec.wav"))
            return bool(files) and files[-1].stat().st_size > seconds * RATE * 2

        await until(long_enough, what=lambda: f"{seconds} s at {self._user}\n{self.log}")

    async def digits(self, count: int, timeout: float = 20.0) -> str:
        """The next tones that it hears."""
        found = ""
        while len(found) < count:
            event = await self.until("CALL_DTMF_START", timeout)
            found += str(event["param"])
        return found

    async def end(self) -> None:
        """Close the control connection and end the program."""
        if self._writer is not None:
            self._writer.close()
            await self._writer.wait_closed()
        if self._program is not None:
            await self._program.end()


def _module_folders() -> list[Path]:
    return [Path("/usr/lib/baresip/modules"), *Path("/usr/lib").glob("*/baresip/modules")]
