"""What can go wrong, told apart by who did it.

    ProtocolError
    ├── LocalProtocolError     we asked for something that the protocol does not allow
    └── RemoteProtocolError    the peer sent something that the protocol does not allow

Any other exception that leaves this package is a bug in it.
"""

from __future__ import annotations


class ProtocolError(Exception):
    """A rule of SIP was broken."""


class LocalProtocolError(ProtocolError):
    """We broke it: nothing was sent."""


class RemoteProtocolError(ProtocolError):
    """The peer broke it. The text names the fault in our words and never quotes the wire.

    `status` is the answer that RFC 3261 gives to such a request (400, 505, 513 …). Only a
    `MalformedRequest` of `message/message.py` can be answered; any other message is dropped.
    """

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
