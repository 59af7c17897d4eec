"""SRTP (RFC 3711) of one connection, by libsrtp's sessions, under the keys that DTLS has made
(RFC 5764): noise is counted and never fatal."""

from __future__ import annotations

from typing import Any, Final

import pylibsrtp
from OpenSSL import SSL

from tui.media.transport.certificate import PROFILES, SrtpProfile

MAX_STREAMS: Final = 32
"""Sources whose state is kept; a peer that names ever new ones fills no memory."""
_LABEL: Final = b"EXTRACTOR-dtls_srtp"
_WINDOW: Final = 1024
"""Packets that may come late and are not taken for repeated ones."""


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
        _session(theirs, profile, kind.SSRC_ANY_INBOUND),
    )


def _session(key: bytes, profile: SrtpProfile, which: int) -> Any:
    policy: Any = pylibsrtp.Policy(key=key, ssrc_type=which, srtp_profile=profile.number)
    policy.allow_repeat_tx = True
    policy.window_size = _WINDOW
    return pylibsrtp.Session(policy)


class Srtp:
    """`sending` and `receiving` are libsrtp's sessions."""

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
