"""Our certificate for DTLS, and the terms on which OpenSSL shakes hands under it (RFC 5763, 5764).

The certificate is signed by itself: the peer knows it by the fingerprint in our description, and
we know the peer's by the one in its own (RFC 8122).
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import pylibsrtp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from OpenSSL import SSL

VALID: Final = timedelta(days=30)
AHEAD: Final = timedelta(days=1)
"""So much earlier it is valid already, for a peer whose clock is behind."""
CIPHERS: Final = b":".join(
    b"ECDHE-" + kind + each
    for each in (
        *(b"AES128-GCM-SHA256", b"CHACHA20-POLY1305", b"AES256-GCM-SHA384"),
        *(b"AES128-SHA", b"AES256-SHA"),
    )
    for kind in (b"ECDSA-", b"RSA-")
)
"""What browsers shake hands with, and what a PBX may be told to insist on. Ours is a certificate of
an elliptic curve; that of a PBX is often one of RSA, as FreeSWITCH makes it and FreePBX hands it
out."""
_DIGESTS: Final = {"sha-256": "sha256", "sha-384": "sha384", "sha-512": "sha512"}
"""What counts today, as descriptions (RFC 8122 §5) and as OpenSSL name it."""


class SrtpProfile(NamedTuple):
    """A way to protect SRTP (RFC 5764 §4.1.2, RFC 7714): its name, libsrtp's number of it, and how
    many bytes its key and its salt have."""

    name: bytes
    number: int
    key: int
    salt: int


def _known(profiles: tuple[SrtpProfile, ...]) -> tuple[SrtpProfile, ...]:
    """Those that libsrtp was built with: AES-GCM it may lack."""
    found = []
    for one in profiles:
        try:
            pylibsrtp.Policy(srtp_profile=one.number)
        except pylibsrtp.Error:
            continue
        found.append(one)
    return tuple(found)


_POLICY: Any = pylibsrtp.Policy
PROFILES: Final = _known(
    (
        SrtpProfile(b"SRTP_AEAD_AES_256_GCM", _POLICY.SRTP_PROFILE_AEAD_AES_256_GCM, 32, 12),
        SrtpProfile(b"SRTP_AEAD_AES_128_GCM", _POLICY.SRTP_PROFILE_AEAD_AES_128_GCM, 16, 12),
        SrtpProfile(b"SRTP_AES128_CM_SHA1_80", _POLICY.SRTP_PROFILE_AES128_CM_SHA1_80, 16, 14),
    )
)
"""Best first: the server of a handshake chooses in this order."""


class Certificate:
    """A key (P-256) and a certificate of its own, for some days, under a name that says nothing."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, secrets.token_hex(16))])
        now = datetime.now(UTC)
        self._x509 = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - AHEAD)
            .not_valid_after(now + VALID)
            .sign(self._key, hashes.SHA256())
        )

    @property
    def fingerprint(self) -> str:
        """Its SHA-256 fingerprint, as `a=fingerprint` writes it (RFC 8122 §5)."""
        return self._x509.fingerprint(hashes.SHA256()).hex(":").upper()

    def context(self) -> SSL.Context:
        """The terms of a handshake. The peer must show a certificate; whose it is, is looked at
        afterwards, by `is_named`."""
        context = SSL.Context(SSL.DTLS_METHOD)
        context.set_options(SSL.OP_NO_TICKET)
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
        context.use_certificate(self._x509)
        context.use_privatekey(self._key)
        context.set_cipher_list(CIPHERS)
        context.set_tlsext_use_srtp(b":".join(one.name for one in PROFILES))
        return context


def is_named(connection: SSL.Connection, fingerprints: tuple[tuple[str, str], ...]) -> bool:
    """Whether the certificate that the peer has shown is the one that its description names: by
    each fingerprint of a kind that we know, and one at least. It is not read: nothing else in it
    counts, and FreeSWITCH's has the serial number 0, which RFC 5280 does not allow."""
    shown = connection.get_peer_certificate()
    known = [(name.lower(), value.upper()) for name, value in fingerprints]
    known = [(name, value) for name, value in known if name in _DIGESTS]
    return (
        shown is not None
        and bool(known)
        and all(shown.digest(_DIGESTS[name]).decode() == value for name, value in known)
    )
