"""Which WebSocket addresses we go to at all, and with which TLS settings."""

from __future__ import annotations

import ipaddress
import ssl
from urllib.parse import urlsplit


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
        return ssl.create_default_context()
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
