"""What can go wrong, told apart by who did it.

    ProtocolError
    ├── LocalProtocolError     we asked for something that the protocol does not allow
    └── RemoteProtocolError    the peer sent something that the protocol does not allow

Any other exception that leaves this package is a bug in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.sip.message import Request


class ProtocolError(Exception):
    """A rule of SIP was broken."""


class LocalProtocolError(ProtocolError):
    """We broke it: nothing was sent."""


class RemoteProtocolError(ProtocolError):
    """The peer broke it. The text names the fault in our words and never quotes the wire.

    `status` is the answer that RFC 3261 gives to such a request (400, 505, 513 …).
    `request_hint` is the request as far as it could be read, when all that a response must
    copy (Via, From, To, Call-ID, CSeq: §8.2.6.2) is there, and it may be answered; else None,
    and the message is dropped.
    """

    def __init__(
        self, message: str, *, status: int = 400, request_hint: Request | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.request_hint = request_hint
