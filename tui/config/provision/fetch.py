"""Settings from the administrator's server: over TLS, from the server with the pinned key, signed.

The server's certificate is not looked up with any authority: its key is the one in the config, or
nothing is asked (RFC 7469's pin, section 2.4). What comes counts only with the signature.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import socket
import ssl
import time
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from tui.config.errors import ConfigError
from tui.config.provision.kept_copy import (
    NAME,
    is_signed,
    keep_copy,
    note_look,
    read_copy,
    text_of_copy,
)
from tui.config.provision.settings import ProvisionSettings
from tui.config.reader import parse
from tui.config.schema import Config
from tui.text import clean_text

LIMIT: Final = 256 * 1024
"""Bytes of the settings."""
PATIENCE: Final = 10.0
"""Seconds for the whole of it."""


class FetchError(Exception):
    """The settings did not come; `id` and `values` make the sentence (`provision.*`)."""

    def __init__(self, id: str, **values: str) -> None:
        self.id, self.values = id, values
        super().__init__(id)


def fetch(config: Config, folder: Path, patience: float = PATIENCE) -> bool:
    """Ask the server; True when the settings are new, False when they are those of the copy.
    `config` is the administrator's file alone. Raises FetchError; the copy stays as it is then.
    Blocks for `patience` seconds at most."""
    settings = config.provision
    try:
        new = _fetch(settings, config, folder, time.monotonic() + patience)
    except FetchError as error:
        note_look(folder, error.id, error.values)
        raise
    note_look(folder, "")
    return new


def _fetch(settings: ProvisionSettings, config: Config, folder: Path, end: float) -> bool:
    if not settings.pin or not settings.key:
        raise FetchError("provision.keys")
    text = _get(settings.url, settings.pin, end)
    signature = _get(settings.url + ".sig", settings.pin, end)
    if not is_signed(text, signature, settings.key):
        raise FetchError("provision.not_signed")
    try:
        found = parse(text.decode("utf-8-sig"), NAME, config, system=True)
    except (ConfigError, UnicodeDecodeError) as error:
        raise FetchError("provision.not_settings", why=clean_text(str(error), 300)) from None
    try:
        kept = read_copy(settings, folder)
    except ConfigError:
        kept = None
    if kept is not None:
        if kept == text_of_copy(text):
            return False
        before = parse(kept, NAME, config, system=True).provision.serial
        if found.provision.serial < before:
            raise FetchError(
                "provision.older", serial=str(found.provision.serial), kept=str(before)
            )
    try:
        keep_copy(folder, text, signature)
    except OSError as error:
        raise FetchError("provision.not_kept", why=error.strerror or str(error)) from None
    return True


def _get(url: str, pin: str, end: float) -> bytes:
    """One file of the server with this key. Raises FetchError."""
    parts = urlsplit(url)
    try:
        port = parts.port or 443
    except ValueError:
        raise FetchError("provision.url") from None
    if parts.scheme != "https" or not parts.hostname:
        raise FetchError("provision.url")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # its key is known instead
    connection = http.client.HTTPSConnection(
        parts.hostname, port, timeout=_left(end), context=context
    )
    try:
        connection.connect()
        line = connection.sock
        if _pin_of(line) != pin:
            raise FetchError("provision.other_key")
        connection.request("GET", parts.path or "/", headers={"Accept": "application/toml"})
        with closing(connection.getresponse()) as response:
            if response.status != 200:
                raise FetchError("provision.status", status=str(response.status))
            data = b""
            while len(data) <= LIMIT and (piece := response.read1(65536)):
                data += piece
                line.settimeout(_left(end))
    except TimeoutError:
        raise FetchError("provision.timeout") from None
    except (OSError, http.client.HTTPException) as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise FetchError("provision.unreachable", why=clean_text(why, 200)) from None
    finally:
        connection.close()
    if len(data) > LIMIT:
        raise FetchError("provision.too_long")
    return data


def _left(end: float) -> float:
    """Seconds until then. Raises FetchError when there are none."""
    left = end - time.monotonic()
    if left <= 0:
        raise FetchError("provision.timeout")
    return left


def _pin_of(connection: socket.socket) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from cryptography.x509 import load_der_x509_certificate

    assert isinstance(connection, ssl.SSLSocket)
    certificate = connection.getpeercert(binary_form=True) or b""
    key = load_der_x509_certificate(certificate).public_key()
    info = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return "sha256/" + base64.b64encode(hashlib.sha256(info).digest()).decode()
