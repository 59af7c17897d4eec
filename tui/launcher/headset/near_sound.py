"""The process that has this computer's sound, for the time of one `yimi headset`."""

from __future__ import annotations

import json
import os
import select
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from tui.launcher.engine_keeper import Limiter
from tui.launcher.engine_process import home, python_module
from tui.secrets import Secret

START_LIMIT: Final = 60.0
"""Seconds until it listens; it loads a media library first, which a system may look through when it
sees it for the first time."""
END_LIMIT: Final = 5.0
STARTS: Final = 5
"""Within a minute. More is a fault that will not go away."""


def ended(process: subprocess.Popen[bytes], limit: float) -> None:
    """Give it so many seconds to end by itself, as many after SIGTERM, and no more after that."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(limit)
        return
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(limit)
        return
    process.kill()
    process.wait()


class NearSound:
    """Started, told the secret, started again when it dies (a driver may take it along), ended.
    What it tells is kept: its last word on each thing."""

    def __init__(self, config: Path, socket: Path, secret: Secret) -> None:
        """Raises OSError."""
        self.last: dict[str, dict[str, Any]] = {}
        self._config, self._socket, self._secret = config, socket, secret
        self._starts = Limiter(STARTS)
        self._ending = threading.Lock()
        self._ended = False
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(  # noqa: S603 - our own module, our own arguments
            python_module(
                *("tui.headset.process", "--config", self._config, "--socket", self._socket)
            ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            cwd=home(),
        )
        assert process.stdin is not None
        with suppress(OSError):  # one that is dead already has its end told by its output
            process.stdin.write(self._secret.reveal().encode() + b"\n")
            process.stdin.flush()
        return process

    def ready(self) -> bool:
        """Wait until it listens; False when it does not come to that."""
        limit = time.monotonic() + START_LIMIT
        assert self._process.stdout is not None
        descriptor, data = self._process.stdout.fileno(), b""
        while "ready" not in self.last:
            left = limit - time.monotonic()
            if left <= 0 or not select.select([descriptor], [], [], left)[0]:
                return False
            chunk = os.read(descriptor, 65536)
            if not chunk:
                return False
            data += chunk
            *lines, data = data.split(b"\n")
            for line in lines:
                self._take(line)
        threading.Thread(target=self._listen, name="near sound", daemon=True).start()
        return True

    def _listen(self) -> None:
        """So that it never waits for us; and one that dies under way has a successor, to which the
        engine comes back by itself."""
        while True:
            process = self._process
            assert process.stdout is not None
            with suppress(OSError, ValueError):
                for line in process.stdout:
                    self._take(line)
            process.wait()
            with self._ending:
                if self._ended or not self._starts.allows():
                    return
                try:
                    self._process = self._start()
                except OSError:
                    return

    def _take(self, line: bytes) -> None:
        with suppress(ValueError, KeyError, TypeError):
            told = json.loads(line)
            self.last[str(told["what"])] = told

    def close(self) -> None:
        """End it: the microphone is closed."""
        with self._ending:
            self._ended, process = True, self._process
        assert process.stdin is not None
        with suppress(OSError):
            process.stdin.close()
        ended(process, END_LIMIT)
