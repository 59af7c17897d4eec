"""SRTP (RFC 3711) of one connection, by libsrtp's sessions, under the keys that DTLS has made
(RFC 5764): noise is counted and never fatal.

A peer whose numbers begin anew under the keys and the SSRC of before, as a PBX's do that puts
another source in, would be silent for ever: its packets count as long past, or as of another round
of the numbers. Where that goes on for a while, with nothing else heard, they are tried as the
beginning of a stream. What was heard before is kept, for a peer that returns to it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import pylibsrtp
from OpenSSL import SSL

from tui.media.transport.certificate import PROFILES, SrtpProfile

MAX_STREAMS: Final = 32
"""Sources whose state is kept; a peer that names ever new ones fills no memory."""
_LABEL: Final = b"EXTRACTOR-dtls_srtp"
_WINDOW: Final = 1024
"""Packets that may come late and are not taken for repeated ones."""
_ROW: Final = 8
"""Packets in a row that cannot be read, and nothing beside them:"""
_LONG: Final = 0.12
"""for so many seconds, until they are tried as a beginning: two beside a stream are noise."""
_GAP: Final = 16
"""Numbers that may be missing in that row."""


def agreed(connection: SSL.Connection, *, client: bool) -> Srtp | None:
    """What a finished handshake has agreed; None where that is no way to protect. `client`: we
    were the client of the handshake."""
    name = connection.get_selected_srtp_profile()
    profile = next((one for one in PROFILES if one.name == name), None)
    if profile is None:
        return None
    made = connection.export_keying_material(_LABEL, 2 * (profile.key + profile.salt))
    # The keys of the client and the server, then their salts in the same order (RFC 5764 §4.2).
    salts = 2 * profile.key
    clients, servers = (
        made[at * profile.key : (at + 1) * profile.key]
        + made[salts + at * profile.salt : salts + (at + 1) * profile.salt]
        for at in (0, 1)
    )
    ours, theirs = (clients, servers) if client else (servers, clients)
    kind: Any = pylibsrtp.Policy
    return Srtp(
        _session(ours, profile, kind.SSRC_ANY_OUTBOUND),
        lambda: _session(theirs, profile, kind.SSRC_ANY_INBOUND),
    )


def _session(key: bytes, profile: SrtpProfile, which: int) -> Any:
    policy: Any = pylibsrtp.Policy(key=key, ssrc_type=which, srtp_profile=profile.number)
    policy.allow_repeat_tx = True
    policy.window_size = _WINDOW
    return pylibsrtp.Session(policy)


class Srtp:
    """`sending` is libsrtp's session, `receiving` makes one: a fresh one each time. `clock` gives
    seconds."""

    def __init__(
        self,
        sending: Any,
        receiving: Callable[[], Any],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.noise = 0
        """What was not the peer's, or broken."""
        self._fresh, self._clock = receiving, clock
        self._receiving = receiving()
        self._before: Any = None
        """The session in whose place that one came."""
        self._row, self._since = 0, 0.0
        """Packets in a row that could not be read, and when that began."""
        self._last = b"", 0
        """SSRC and number of the last of them."""
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
            if not rtcp and (begun := self._begun_anew(data)) is not None:
                return begun
            self.noise += "replay" not in str(problem)
            return None
        if not rtcp:
            self._row = 0
        if ssrc != self._ssrc:
            self._ssrc = ssrc
            self._remember(ssrc)
        return bytes(packet)

    def _begun_anew(self, data: bytes) -> bytes | None:
        """The packet inside of one that could not be read, where the peer has begun anew."""
        ssrc, number = data[8:12], int.from_bytes(data[2:4])
        last, self._last = self._last, (ssrc, number)
        follows = ssrc == last[0] and 0 < (number - last[1]) & 0xFFFF <= _GAP
        if not follows or not self._row:
            self._row, self._since = 0, self._clock()
        self._row += 1
        if self._row < _ROW or self._clock() - self._since < _LONG:
            return None
        self._row = 0
        for session in (self._before, self._fresh()):
            try:
                packet = None if session is None else session.unprotect(data)
            except (pylibsrtp.Error, ValueError):
                continue
            if packet is not None:
                self._before, self._receiving = self._receiving, session
                self._ssrc, self._streams = b"", {}
                self._remember(ssrc)
                return bytes(packet)
        return None

    def _remember(self, ssrc: bytes) -> None:
        streams = self._streams
        streams.pop(ssrc, None)
        streams[ssrc] = None
        if len(streams) > MAX_STREAMS:
            oldest = next(iter(streams))
            del streams[oldest]
            self._receiving.remove_stream(int.from_bytes(oldest))
