"""Why a WebSocket could not be opened: each real error is one fault, none is left without."""

from __future__ import annotations

import errno
import socket
import ssl
from pathlib import Path

import pytest
from websockets.datastructures import Headers
from websockets.exceptions import InvalidMessage, InvalidStatus
from websockets.http11 import Response

from tests.certificate import certificate
from tui.sip.transport.address import trust
from tui.sip.transport.flow import FlowFault, fault_of


def answered(status: int) -> InvalidStatus:
    return InvalidStatus(Response(status, "", Headers(), b""))


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


def test_an_authority_of_ones_own_is_trusted_besides(tmp_path: Path) -> None:
    pem, _ = certificate(tmp_path)
    subjects = [each["subject"] for each in trust(str(pem)).get_ca_certs()]
    assert ((("commonName", "127.0.0.1"),),) in subjects


def test_a_file_that_holds_no_authority_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("no certificate")
    with pytest.raises(ssl.SSLError):
        trust(str(file))
