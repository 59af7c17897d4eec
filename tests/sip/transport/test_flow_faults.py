"""Why a WebSocket could not be opened: each real error is one fault, none is left without."""

from __future__ import annotations

import errno
import socket
import ssl
from pathlib import Path

import pytest
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus
from websockets.frames import Close
from websockets.http11 import Response

from tests.certificate import certificate
from tui.sip.backoff import SLOW_LIMIT
from tui.sip.transport.address import trust
from tui.sip.transport.flow import FlowFault, asked_to_wait, closing, fault_of, said_by


def answered(status: int, phrase: str = "", *after: str) -> InvalidStatus:
    headers = Headers([("Retry-After", each) for each in after])
    return InvalidStatus(Response(status, phrase, headers, b""))


def verify(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "not trusted")
    error.verify_code = code
    return error


def tls(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, reason)
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("error", "secure", "fault"),
    [
        (answered(404), True, FlowFault.PATH),
        (answered(410), False, FlowFault.PATH),
        (answered(200), True, FlowFault.NO_WEBSOCKET),
        (answered(502), True, FlowFault.OTHER),
        (verify(19), True, FlowFault.AUTHORITY),
        (verify(10), True, FlowFault.CERTIFICATE),
        (tls("WRONG_VERSION_NUMBER"), True, FlowFault.PLAIN),
        (tls("NO_SHARED_CIPHER"), True, FlowFault.OTHER),
        (ConnectionResetError(errno.ECONNRESET, "reset"), True, FlowFault.PLAIN),
        (ConnectionResetError(errno.ECONNRESET, "reset"), False, FlowFault.OTHER),
        (TimeoutError(), True, FlowFault.SILENT),
        (socket.gaierror(-2, "no such name"), True, FlowFault.NAME),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), True, FlowFault.PORT),
        (OSError(f"Multiple: [Errno {errno.ECONNREFUSED}] one"), True, FlowFault.PORT),
        (OSError(errno.ENETUNREACH, "unreachable"), True, FlowFault.OTHER),
        (InvalidMessage("no HTTP"), True, FlowFault.NO_WEBSOCKET),
        (ValueError("something else"), True, FlowFault.OTHER),
    ],
)
def test_each_error_is_one_fault(error: Exception, secure: bool, fault: FlowFault) -> None:
    assert fault_of(error, secure=secure) is fault


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (answered(503, "Service Unavailable"), ""),
        (answered(503, "Back at six"), "Back at six"),
        (answered(799, "Odd"), "Odd"),
        (answered(799), ""),
        (TimeoutError("text"), ""),
    ],
)
def test_a_phrase_that_is_not_the_usual_one_is_the_servers_word(
    error: Exception, said: str
) -> None:
    assert said_by(error) == said


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (answered(503, "", "40"), 40.0),
        (answered(429, "", "9" * 40), SLOW_LIMIT),
        (answered(503, "", "Fri, 31 Dec 1999 23:59:59 GMT"), 0.0),
        (answered(503, "", "-5"), 0.0),
        (answered(503, "", "1", "2"), 0.0),
        (answered(503), 0.0),
        (TimeoutError(), 0.0),
    ],
)
def test_a_server_is_left_alone_for_as_long_as_it_asks_within_limits(
    error: Exception, seconds: float
) -> None:
    assert asked_to_wait(error) == seconds


@pytest.mark.parametrize(
    ("closed", "why"),
    [
        (ConnectionClosed(None, None), ("the connection was lost", None, "")),
        (ConnectionClosed(Close(1012, "at 6"), None), ("closed with 1012", "closed", "at 6")),
        (
            ConnectionClosed(None, Close(1009, "ours")),
            ("closed by this phone with 1009", "closed", ""),
        ),
    ],
)
def test_who_closed_it_with_which_code_and_words(
    closed: ConnectionClosed, why: tuple[str, str | None, str]
) -> None:
    assert closing(closed) == why


def test_an_authority_of_ones_own_is_trusted_besides(tmp_path: Path) -> None:
    pem, _ = certificate(tmp_path)
    subjects = [each["subject"] for each in trust(str(pem)).get_ca_certs()]
    assert ((("commonName", "127.0.0.1"),),) in subjects


def test_a_file_that_holds_no_authority_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("no certificate")
    with pytest.raises(ssl.SSLError):
        trust(str(file))
