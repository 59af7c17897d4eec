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

from tui.launcher.engine_process import home, python_module
from tui.secrets import Secret

START_LIMIT: Final = 20.0
"""Seconds until it listens; it loads a media library first."""
END_LIMIT: Final = 5.0


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
    """Started, told the secret, ended. What it tells is kept: its last word on each thing."""

    def __init__(self, config: Path, socket: Path, secret: Secret) -> None:
        """Raises OSError."""
        self.last: dict[str, dict[str, Any]] = {}
        self._process = subprocess.Popen(  # noqa: S603 - our own module, our own arguments
            python_module("tui.headset.process", "--config", config, "--socket", socket),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            cwd=home(),
        )
        assert self._process.stdin is not None
        self._process.stdin.write(secret.reveal().encode() + b"\n")
        self._process.stdin.flush()

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
        """So that it never waits for us."""
        assert self._process.stdout is not None
        with suppress(OSError, ValueError):
            for line in self._process.stdout:
                self._take(line)

    def _take(self, line: bytes) -> None:
        with suppress(ValueError, KeyError, TypeError):
            told = json.loads(line)
            self.last[str(told["what"])] = told

    def close(self) -> None:
        """End it: the microphone is closed."""
        process = self._process
        assert process.stdin is not None
        with suppress(OSError):
            process.stdin.close()
        ended(process, END_LIMIT)
