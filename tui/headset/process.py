"""`python -m tui.headset.process`: this computer's sound in a process of its own, for the
time of one `yimi headset`.

The login's secret comes as the first line of standard input, which stays open as long as whoever
started it lives: at its end this process ends, and the microphone is closed. What goes on is told
on standard output, one JSON object a line: `{"what": "ready"}` when it listens.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from tui.config.errors import ConfigError
from tui.config.paths import PathError, Paths
from tui.config.reader import load
from tui.config.schema import Config
from tui.config.user_settings import overlay, save, settings_file
from tui.log import get_logger, note_signals, setup, take_output
from tui.media.short_slices import ask_for_short_slices
from tui.secrets import Secret

if TYPE_CHECKING:
    pass

log = get_logger("headset")


def main(argv: Sequence[str] | None = None) -> int:
    """Until standard input ends. 1 when it cannot listen, 2 when what it was given is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tui.headset.process", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="config.toml")
    parser.add_argument("--socket", type=Path, required=True, help="where to listen")
    options = parser.parse_args(argv)
    os.umask(0o077)
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # of a terminal that is not ours
    try:
        paths = Paths.find().prepare()
        config, wrong = overlay(load(options.config), settings_file(options.config))
    except (PathError, ConfigError) as error:
        print(f"yimi: {error}", file=sys.stderr)
        return 2
    ask_for_short_slices()
    secret = Secret(sys.stdin.readline().strip())
    out = os.dup(1)
    log_file = paths.log_file.with_name("headset.log")
    os.close(take_output(log_file))
    setup(log_file)
    for what in wrong:
        log.warning("setting left out: %s", what)
    code = 1
    with suppress(BrokenPipeError), os.fdopen(out, "w", encoding="utf-8") as lines:
        code = asyncio.run(_serve(config, options.config, options.socket, secret, lines))
    return code


class Teller:
    """Tells whoever started us, keeps what is now the case in a file beside the socket, for a lamp
    in somebody's status bar, and what devices were chosen in the settings."""

    def __init__(self, lines: TextIO, settings: Path, file: Path) -> None:
        self._lines, self._settings, self._file = lines, settings, file
        self._now: dict[str, object] = {
            "connected": False,
            "in_use": False,
            "muted": False,
            "rings": False,
            "state": "",
            "device": "",
        }

    def __call__(self, what: str, **values: object) -> None:
        with suppress(OSError, ValueError):  # whoever listened is gone, and so are we soon
            print(json.dumps({"what": what, **values}), file=self._lines, flush=True)
        if what == "chosen":
            devices = {"input": values["input"], "output": values["output"]}
            with suppress(OSError):
                save(self._settings, {"audio": {**devices, "ring_device": values["ring"]}})
        before = dict(self._now)
        match what:
            case "connected" | "lost":
                self._now |= {"connected": what == "connected"}
            case "use":
                self._now |= {"in_use": values["on"]}
            case "muted":
                self._now |= {"muted": values["on"]}
            case "ring":
                self._now |= {"rings": values["on"]}
            case "state":
                self._now |= values
        if self._now != before:
            self._keep()

    def _keep(self) -> None:
        fresh = self._file.with_name(".state")
        with suppress(OSError):
            fresh.write_text(json.dumps(self._now) + "\n", "utf-8")
            fresh.replace(self._file)


async def _serve(config: Config, file: Path, socket: Path, secret: Secret, lines: TextIO) -> int:
    from tui.headset.near import ChosenDevices, NearHeadset
    from tui.media.device.clean_voice import cleaners
    from tui.media.device.sound import SoundIO, SoundState, open_sound

    audio, told = config.audio, Teller(lines, settings_file(file), socket.with_name("state"))

    def open_it(chosen: ChosenDevices, on_state: Callable[[SoundState, str], None]) -> SoundIO:
        return open_sound(chosen.input, chosen.output, on_state, chosen.ring)

    chosen = ChosenDevices(audio.input, audio.output, audio.ring_device)
    near = NearHeadset(open_it, chosen, secret, told=told)
    near.sound.echo, near.sound.noise = await cleaners(
        echo=audio.echo_cancellation, noise=audio.noise_suppression, missing=told
    )
    try:
        await near.serve(socket)
    except OSError as error:
        told("failed", why=error.strerror or str(error))
        await near.close()
        return 1
    told("ready")
    await _end_of_input()
    await near.close()
    return 0


async def _end_of_input() -> None:
    """Whoever started us is gone, or says that it is enough."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def readable() -> None:
        with suppress(OSError):
            if os.read(0, 4096):
                return
        loop.remove_reader(0)
        ended.set()

    loop.add_reader(0, readable)
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    note_signals(loop)
    await ended.wait()


if __name__ == "__main__":
    sys.exit(main())
