"""Asterisk 22 with desks over WebSocket: a PBX that answers, forks, queues and transfers itself."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from pathlib import Path

from tests.interop.frequencies import write_tone
from tests.interop.programs import Missing, Program, free_port

ROOT = "YIMI_ASTERISK_ROOT"
"""The environment variable that names the folder of `asterisk/bootstrap`."""
MUSIC = 500
"""Hertz of its music on hold."""
_PORTS = 60  # for media, two per leg


class Asterisk:
    """A PBX on loopback, run from a tree of another Debian without a chroot: the tree's own loader
    finds the tree's own libraries, so that neither root nor mounts are needed."""

    domain = "127.0.0.1"
    password = "three-plain-words"

    def __init__(self, folder: Path, *recipes: str) -> None:
        """``recipes`` are texts whose code blocks say what stands in some files, by their names in
        the first line, in place of ours; what a further one says of a file stands behind what one
        before it said. Then there is TLS, with ``pbx.pem`` in `folder`."""
        self._root = _tree()
        self._recipes = recipes
        self._certificate = folder / "pbx.pem"
        self._folder = folder / "asterisk"
        for name in ("var/keys", "var/outgoing", "run", "music"):
            (self._folder / name).mkdir(parents=True)
        write_tone(self._folder / "music" / "tone.wav", MUSIC, 30, 8000)
        self.ws_port = free_port(run=2)
        self._media_port = free_port(run=_PORTS)
        self._write_config()
        self._program: Program | None = None

    @property
    def ws(self) -> str:
        """The address of its WebSocket transport."""
        return f"ws://127.0.0.1:{self.ws_port}/ws"

    @property
    def wss(self) -> str:
        """The same by TLS."""
        return f"wss://127.0.0.1:{self.ws_port + 1}/ws"

    @property
    def said(self) -> int:
        """How many bytes it has said: a place in its log."""
        return (self._folder / "asterisk.log").stat().st_size

    def log(self, since: int = 0) -> str:
        """What it has said from that place on, SIP messages with plain line ends among it."""
        with (self._folder / "asterisk.log").open("rb") as file:
            file.seek(since)
            return file.read().decode("utf-8", "replace").replace("\r", "")

    async def start(self) -> None:
        """Start it, and wait until it is ready."""
        program = Program("asterisk", [*self._command(), "-f", "-n", "-vvv"], self._folder)
        self._program = program
        program.start()
        await program.until_it_says("Asterisk Ready")
        await self.cli("pjsip set logger on")

    async def cli(self, command: str) -> str:
        """What its console answers to one command."""

        def run() -> str:
            done = subprocess.run(
                [*self._command(), "-rx", command], capture_output=True, text=True, timeout=20
            )
            wrong = done.returncode or "No such command" in done.stdout
            assert not wrong, done.stdout + done.stderr
            return done.stdout

        return await asyncio.to_thread(run)

    async def ring(self, whom: str, hz: int = 700) -> None:
        """A customer, 5559 Wang Fang, calls ``whom`` of the context "outside" and says a tone."""
        await self.cli(f"channel originate Local/{whom}@outside extension tone{hz}@desks")

    async def ring_with_video(self, whom: str, hz: int = 700) -> None:
        """The same customer, whose call offers video besides."""
        lines = (
            f"Channel: Local/{whom}@outside", "Codecs: ulaw,vp8", "Context: desks",
            f"Extension: tone{hz}", "Priority: 1",
        )  # fmt: skip
        written = self._folder / "call"
        written.write_text("\n".join(lines) + "\n")
        written.rename(self._folder / "var" / "outgoing" / "call")

    def change(self, name: str, old: str, new: str) -> None:
        """Change a file of its configuration."""
        file = self._folder / name
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    async def hang_up(self, user: str = "") -> None:
        """End every call, or those of one desk."""
        calls = "all"
        if user:
            told = await self.cli("core show channels concise")
            found = [line.split("!")[0] for line in told.splitlines()]
            calls = next(name for name in found if name.startswith(f"PJSIP/{user}-"))
        await self.cli(f"channel request hangup {calls}")

    async def until_it_says(self, words: str, timeout: float = 20.0) -> None:
        """Wait for words in its log."""
        assert self._program is not None
        await self._program.until_it_says(words, timeout)

    async def end(self) -> None:
        """End it, as a crash does: nothing is said to anybody."""
        if self._program is not None:
            await self._program.end()

    def _command(self) -> list[str]:
        loader = next(self._root.glob("lib64/ld-linux*.so.*"), None) or next(
            self._root.glob("usr/lib/ld-linux*.so.*")
        )
        libraries = ":".join(str(path) for path in self._root.glob("usr/lib/*-linux-gnu"))
        return [
            str(loader), "--library-path", libraries, str(self._root / "usr/sbin/asterisk"),
            "-C", str(self._folder / "asterisk.conf"),
        ]  # fmt: skip

    def _write_config(self) -> None:
        words = {
            "FOLDER": self._folder,
            "MODULES": next(self._root.glob("usr/lib/*-linux-gnu/asterisk/modules")),
            "DATA": self._root / "usr/share/asterisk",
            "WS_PORT": self.ws_port,
            "RTP_FIRST": self._media_port,
            "RTP_LAST": self._media_port + _PORTS - 1,
            "PASSWORD": self.password,
        }
        for template in (Path(__file__).parent / "asterisk" / "config").glob("*.conf"):
            text = template.read_text()
            for word, value in words.items():
                text = text.replace(f"@{word}@", str(value))
            (self._folder / template.name).write_text(text)
        files: dict[str, str] = {}
        for recipe in self._recipes:
            for name, text in _files(recipe):
                files[name] = files.get(name, "") + self._on_loopback(text)
        for name, text in files.items():
            (self._folder / name).write_text(text)

    def _on_loopback(self, text: str) -> str:
        """A recipe for a network, on ports of ours, and with the sound on loopback too."""
        for theirs, ours in (
            ("bindport = 8088", f"bindport = {self.ws_port}"),
            ("0.0.0.0:8089", f"127.0.0.1:{self.ws_port + 1}"),
            ("/etc/asterisk/keys/pbx.pem", str(self._certificate)),
            ("bind = 0.0.0.0", "bind = 127.0.0.1"),
            (
                "webrtc = yes",
                "media_address = 127.0.0.1\nbind_rtp_to_media_address = yes\nwebrtc = yes",
            ),
        ):
            text = text.replace(theirs, ours)
        return text


def _files(text: str) -> list[tuple[str, str]]:
    """Name and text of each configuration file that a recipe shows."""
    return re.findall(r"^```ini\n; (\w+\.conf)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def _tree() -> Path:
    root = Path(os.environ.get(ROOT, "/nowhere"))
    if not (root / "usr/sbin/asterisk").exists():
        raise Missing(
            "Asterisk is not on this machine: as root, run tests/interop/asterisk/bootstrap "
            f"FOLDER, and name that folder in {ROOT} (bash .ci/run does)."
        )
    return root
