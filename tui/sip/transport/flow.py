"""What became of a WebSocket: why in words that are ours, and beside them what the server said."""

from __future__ import annotations

import errno
import ssl as tls
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import Final

from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidProxyMessage,
    InvalidProxyStatus,
    InvalidStatus,
)

from tui.sip.backoff import SLOW_LIMIT


class FlowFault(StrEnum):
    """Why a WebSocket could not be opened, as an id: the words are a catalogue's."""

    NAME = "name"
    """The host's name leads nowhere."""
    PORT = "port"
    """Nobody listens at the port."""
    SILENT = "silent"
    """Nothing answers."""
    PLAIN = "plain"
    """What answers speaks no TLS."""
    AUTHORITY = "authority"
    """The certificate is signed by nobody whom this machine trusts."""
    CERTIFICATE = "certificate"
    """The certificate is refused for another reason."""
    PATH = "path"
    """A web server answers, and knows no such path."""
    NO_WEBSOCKET = "no-websocket"
    """What answers is no WebSocket server there, or speaks no SIP."""
    PROXY = "proxy"
    """The proxy that this machine's settings name cannot be used."""
    ADDRESS = "address"
    """The address cannot be dialled at all."""
    CLOSED = "closed"
    """The server opened it, and closed it with a code."""
    FORBIDDEN = "forbidden"
    """The server does not want us."""
    OTHER = "other"


_UNTRUSTED: Final = frozenset((2, 18, 19, 20, 21, 24, 27))
"""OpenSSL's X509_V_ERR_… about who signed: no issuer, self-signed, invalid CA, untrusted."""
_NO_TLS: Final = frozenset(
    (
        *("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "UNKNOWN_PROTOCOL"),
        *("UNEXPECTED_MESSAGE", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"),
    )
)
_NOT_HERE: Final = (404, 405, 410)
_NEEDS_PASSWORD: Final = 407


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
    why: str = field(default="", compare=False)
    """An id of `FlowFault` where the WebSocket could not be opened, or was closed; else ""."""
    said: str = field(default="", compare=False)
    """What the server said of it in words of its own, "" for nothing. From the wire: `clean_text()`
    before it is shown."""


class FlowRefused(Exception):
    """The server does not want us; `why` says more of it, `said` what it said itself."""

    def __init__(self, reason: str, why: FlowFault, said: str = "") -> None:
        super().__init__(reason)
        self.why = why
        self.said = said


class Undialled(Exception):
    """Nothing could be asked of the server: `why` says what is wrong on our side."""

    def __init__(self, reason: str, why: FlowFault) -> None:
        super().__init__(reason)
        self.why = why


def fault_of(error: Exception, *, secure: bool) -> FlowFault:
    """Why a WebSocket could not be opened, `secure` where TLS was to carry it."""
    if isinstance(error, InvalidStatus):
        status = error.response.status_code
        if status in _NOT_HERE:
            return FlowFault.PATH
        return FlowFault.OTHER if status >= 500 else FlowFault.NO_WEBSOCKET
    if isinstance(error, tls.SSLCertVerificationError):
        untrusted = error.verify_code in _UNTRUSTED
        return FlowFault.AUTHORITY if untrusted else FlowFault.CERTIFICATE
    if isinstance(error, tls.SSLError):
        return FlowFault.PLAIN if error.reason in _NO_TLS else FlowFault.OTHER
    if isinstance(error, ConnectionResetError) and secure:
        return FlowFault.PLAIN  # hung up on our first words, which are TLS
    if isinstance(error, TimeoutError):
        return FlowFault.SILENT
    if type(error).__name__ == "gaierror":  # of `socket`, which only the rim may know
        return FlowFault.NAME
    if isinstance(error, OSError):
        # Of several addresses asyncio tells all errors in one text.
        refused = error.errno == errno.ECONNREFUSED or f"[Errno {errno.ECONNREFUSED}]" in str(error)
        return FlowFault.PORT if refused else FlowFault.OTHER
    return FlowFault.NO_WEBSOCKET if isinstance(error, InvalidHandshake) else FlowFault.OTHER


def proxys(error: Exception) -> str:
    """Why a proxy lets nobody through, as far as that may be told: what names a proxy may hold its
    password."""
    if isinstance(error, ImportError):
        return "SOCKS proxies are not used by this phone"
    if isinstance(error, InvalidProxyStatus):
        status = error.response.status_code
        wants = " (it wants a name and a password)" if status == _NEEDS_PASSWORD else ""
        return f"it answered {status}{wants}"
    if isinstance(error, InvalidProxyMessage):
        return "it gave no answer of a proxy"
    if isinstance(error, OSError):
        return error.strerror or "it cannot be reached"
    return "its address cannot be used"


def said_by(error: Exception) -> str:
    """The server's own words for not opening a WebSocket; "" where it says no more than its
    status does. Of a redirection: where it leads."""
    if not isinstance(error, InvalidStatus):
        return ""
    elsewhere = error.response.headers.get_all("Location")
    if 300 <= error.response.status_code < 400 and elsewhere:
        return elsewhere[0]
    said = error.response.reason_phrase
    try:
        usual = HTTPStatus(error.response.status_code).phrase
    except ValueError:
        usual = ""
    return "" if said.casefold() == usual.casefold() else said


def asked_to_wait(error: Exception) -> float:
    """Seconds that a server which did not open a WebSocket wants to be left alone (Retry-After, RFC
    9110 §10.2.3), as far as they are obeyed; 0 where it does not say so, or names a day."""
    if not isinstance(error, InvalidStatus):
        return 0.0
    given = error.response.headers.get_all("Retry-After")
    if len(given) != 1 or not given[0].isdecimal():
        return 0.0
    return min(float(given[0][:9]), SLOW_LIMIT)


def closing(closed: ConnectionClosed) -> tuple[str, FlowFault | None, str]:
    """How a WebSocket was closed: in our words, as a fault where somebody gave a code, and in the
    server's own words."""
    if closed.rcvd is not None:
        return f"closed with {closed.rcvd.code}", FlowFault.CLOSED, closed.rcvd.reason
    if closed.sent is not None:
        return f"closed by this phone with {closed.sent.code}", FlowFault.CLOSED, ""
    return "the connection was lost", None, ""


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
