"""SRTP (RFC 3711) of one connection, by libsrtp's sessions: noise is counted and never fatal."""

from __future__ import annotations

from typing import Any, Final

import pylibsrtp

MAX_STREAMS: Final = 32
"""Sources whose state is kept; a peer that names ever new ones fills no memory."""


class Srtp:
    """`sending` and `receiving` are the sessions that DTLS has made the keys of."""

    def __init__(self, sending: Any, receiving: Any) -> None:
        self.noise = 0
        """What was not the peer's, or broken."""
        self._receiving = receiving
        self._ssrc = b""
        self._streams: dict[bytes, None] = {}
        self.protect = sending.protect
        """One RTP packet as SRTP."""
        self.protect_rtcp = sending.protect_rtcp
        """One compound RTCP packet as SRTCP."""

    def unprotect(self, data: bytes, *, rtcp: bool) -> bytes | None:
        """The packet inside; None, and counted, for noise. A repeated one is None as well."""
        session = self._receiving
        try:
            if rtcp:
                ssrc, packet = data[4:8], session.unprotect_rtcp(data)
            else:
                ssrc, packet = data[8:12], session.unprotect(data)
        except (pylibsrtp.Error, ValueError) as problem:
            self.noise += "replay" not in str(problem)
            return None
        if ssrc != self._ssrc:
            self._ssrc = ssrc
            self._remember(ssrc)
        return bytes(packet)

    def _remember(self, ssrc: bytes) -> None:
        streams = self._streams
        streams.pop(ssrc, None)
        streams[ssrc] = None
        if len(streams) > MAX_STREAMS:
            oldest = next(iter(streams))
            del streams[oldest]
            self._receiving.remove_stream(int.from_bytes(oldest))
