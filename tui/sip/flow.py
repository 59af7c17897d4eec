"""What became of a WebSocket, in words that are ours: nothing of the peer's text gets in here."""

from __future__ import annotations

import ssl as tls
from dataclasses import dataclass

from websockets.exceptions import InvalidStatus


@dataclass(frozen=True, slots=True)
class FlowState:
    """What became of the WebSocket. `reason` is in our words, never the peer's.

    `refused`: the server does not want us; nothing more is tried until `run()` is called again.
    `retry_in`: seconds until the next try. Said again, connected, when `latency` changed.
    """

    connected: bool
    reason: str = ""
    refused: bool = False
    retry_in: float | None = None
    latency: float | None = None


class Refused(Exception):
    """The server does not want us."""


def words(error: Exception) -> str:
    """A failure to connect in a few words; none of the server's own."""
    if isinstance(error, InvalidStatus):
        return f"the server answered {error.response.status_code}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, tls.SSLCertVerificationError):
        return f"the certificate was refused: {error.verify_message}"
    if isinstance(error, OSError):
        return error.strerror or "the server cannot be reached"
    return "the server does not speak WebSocket here"


def is_text(data: bytes) -> bool:
    """Text frames for UTF-8, which all peers read; binary for what is none (RFC 7118 §5)."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
