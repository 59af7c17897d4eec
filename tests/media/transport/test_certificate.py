"""The certificate that a peer shows counts by its fingerprint alone, whatever stands in it."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from OpenSSL import SSL

from tui.media.transport.certificate import Certificate, is_named


def numbered_0(folder: Path) -> tuple[SSL.Context, bytes]:
    """The terms of a peer with an RSA certificate whose serial number is 0, as FreeSWITCH makes it
    for itself, and that certificate."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "FreeSWITCH")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )
    der = made.replace(b"\x02\x01\x02\x02\x01\x01", b"\x02\x01\x02\x02\x01\x00", 1)
    assert der != made  # version 3, serial number 1 → 0
    pem, secret = folder / "cert.pem", folder / "key.pem"
    pem.write_bytes(
        b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"
    )
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = SSL.Context(SSL.DTLS_METHOD)
    context.use_certificate_file(str(pem))
    context.use_privatekey_file(str(secret))
    return context, der


def shaken_hands(context: SSL.Context) -> SSL.Connection:
    """Our end of a DTLS association with a peer of those terms."""
    ours, theirs = SSL.Connection(Certificate().context()), SSL.Connection(context)
    ours.set_connect_state()
    theirs.set_accept_state()
    done = set()
    for _ in range(20):
        for one, other in ((ours, theirs), (theirs, ours)):
            with contextlib.suppress(SSL.WantReadError):
                one.do_handshake()
                done.add(one)
            with contextlib.suppress(SSL.WantReadError):
                other.bio_write(one.bio_read(65536))
    assert done == {ours, theirs}
    return ours


@pytest.mark.parametrize("kind", ["sha-256", "sha-384", "sha-512"])
def test_a_certificate_that_no_parser_takes_is_known_by_its_fingerprint(
    kind: str, tmp_path: Path
) -> None:
    context, der = numbered_0(tmp_path)
    named = hashlib.new(kind.replace("-", ""), der).digest().hex(":")
    connection = shaken_hands(context)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a parser's warning of today is its refusal of tomorrow
        assert is_named(connection, ((kind.upper(), named),))
        assert not is_named(connection, ((kind, named), ("sha-256", named[::-1])))
        assert not is_named(connection, (("sha-1", named),))
        assert not is_named(connection, ())


@pytest.mark.parametrize(
    "cipher",
    ["AES128-GCM-SHA256", "CHACHA20-POLY1305", "AES256-GCM-SHA384", "AES128-SHA", "AES256-SHA"],
)
def test_a_peer_that_insists_on_one_cipher_has_it(cipher: str, tmp_path: Path) -> None:
    rsa_context, _ = numbered_0(tmp_path)
    for kind, context in (("RSA", rsa_context), ("ECDSA", Certificate().context())):
        context.set_cipher_list(f"ECDHE-{kind}-{cipher}".encode())
        assert shaken_hands(context).get_cipher_name() == f"ECDHE-{kind}-{cipher}"


def test_our_own_is_named_as_the_peer_sees_it() -> None:
    ours = Certificate()
    connection = shaken_hands(ours.context())
    assert is_named(connection, (("sha-256", ours.fingerprint),))
