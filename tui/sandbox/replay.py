"""`yimi sandbox --replay FILE`: the platform's side of recorded control messages.

The file has one JSON object a line: `at` (seconds, from any instant on), `from` ("platform" or
"agent") and `body` (a control message, as text). Once the first agent has registered, the
platform's messages go out at the same distances, to that agent; nothing else is said. What the
agent sends is confirmed, and read by nobody. Audio legs are not played.

A probe's file (`yimi probe`) is such a recording, and a bundle (`yimi bundle`) has one in it:
`kind` says what a line is, and one that is not "control" is no message to play; `content_type` goes
out as it came. The line of the kind "agent" says how the recorded agent is written, so that a kick
is one of whoever registers.
"""

from __future__ import annotations

import asyncio
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

from tui.platform import control
from tui.platform import messages as m
from tui.sandbox.fixtures import EID, eid16
from tui.sandbox.signalling.manner import PlainManner, Send

PLATFORM, AGENT, PROBE = "platform", "agent", "probe"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A message of the platform's: `at` in seconds."""

    at: float
    body: bytes
    content_type: str = control.CONTENT_TYPE
    own: str = ""
    """How the recorded agent is written in it: who registers is named in that place."""


def read_recording(path: Path) -> tuple[Recorded, ...]:
    """The platform's messages, oldest first. ValueError names the line that cannot be read, OSError
    when there is no such file."""
    found, own = [], ""
    for number, line in enumerate(_text(path).splitlines(), 1):
        if not line.strip():
            continue
        try:
            given = json.loads(line)
            who, at, body = given["from"], float(given["at"]), str(given["body"])
            kind, content_type = given.get("kind", "control"), given.get("content_type", "")
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ValueError(f"{path}:{number}: at, from and body are wanted") from None
        if who not in (PLATFORM, AGENT, PROBE):
            raise ValueError(f"{path}:{number}: from is {PLATFORM} or {AGENT}")
        if kind == "agent":
            own = body
        if who == PLATFORM and kind == "control":
            found.append(
                Recorded(at, body.encode(), str(content_type) or control.CONTENT_TYPE, own)
            )
    return tuple(sorted(found, key=lambda each: each.at))


def _text(path: Path) -> str:
    if not zipfile.is_zipfile(path):
        return path.read_text("utf-8")
    with zipfile.ZipFile(path) as bundle:
        try:
            return bundle.read("messages.jsonl").decode()
        except KeyError:
            raise ValueError(f"{path} is no bundle: it has no messages.jsonl") from None


class ReplayManner(PlainManner):
    """Says what was recorded, and nothing else."""

    def __init__(self, recording: tuple[Recorded, ...], send: Send) -> None:
        super().__init__(send)
        self._recording = recording
        self._timers: list[asyncio.TimerHandle] = []

    def say(self, un: str, message: m.PlatformMessage, copies: int) -> None:
        """The PBX's own words are not said."""

    def registered(self, un: str) -> None:
        """At the first registration the recording begins."""
        if self._timers or not self._recording:
            return
        loop, first = asyncio.get_running_loop(), self._recording[0].at
        here = f"{un}_{eid16(EID)}".encode()
        for each in self._recording:
            body = each.body.replace(each.own.encode(), here) if each.own else each.body
            timer = loop.call_later(each.at - first, self._send, un, body, each.content_type)
            self._timers.append(timer)

    def close(self) -> None:
        """The rest is not said."""
        for timer in self._timers:
            timer.cancel()
