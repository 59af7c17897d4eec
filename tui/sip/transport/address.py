"""Which WebSocket addresses we go to at all, and with which TLS settings."""

from __future__ import annotations

import ipaddress
import ssl
from urllib.parse import urlsplit


def trust(ca_file: str = "") -> ssl.SSLContext:
    """TLS that verifies the peer: by what this machine trusts, and by the authorities of a PEM file
    where one is named. OSError (ssl's, too) when that file cannot be used."""
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(cafile=ca_file)
    return context


def check_address(url: str, context: ssl.SSLContext | None) -> ssl.SSLContext | None:
    """The TLS context to use for `url`: None for `ws://`, which may only lead to this machine.

    ValueError for any other scheme, for `ws://` to elsewhere, and for a context that does not
    verify the peer.
    """
    parts = urlsplit(url)
    if parts.scheme == "ws":
        if not _is_loopback(parts.hostname or ""):
            raise ValueError("ws:// without TLS is for this machine only; use wss://")
        return None
    if parts.scheme != "wss" or not parts.hostname:
        raise ValueError("a SIP WebSocket address begins with wss://")
    if context is None:
        return trust()
    if context.verify_mode is not ssl.CERT_REQUIRED or not context.check_hostname:
        raise ValueError("TLS without verification is refused")
    return context


def is_local(url: str) -> bool:
    """Whether `url` leads to this machine: no proxy stands in between then."""
    return _is_loopback(urlsplit(url).hostname or "")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
