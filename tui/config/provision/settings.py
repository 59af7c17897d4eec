"""Where the administrator's settings come from, and how it is known that they are."""

from __future__ import annotations

from tui.config.frozen import frozen
from tui.config.setting import setting


@frozen
class ProvisionSettings:
    """Settings from a server, below the user's and above this file; in /etc/yimi/config.toml."""

    url: str = setting(
        "",
        'The address of the settings; "" = none. The signature is at the same with ".sig".',
        like=r"(https://[^\s@]+)?",
    )
    pin: str = setting(
        "",
        "The server's key: sha256/ and the SHA-256 of its SubjectPublicKeyInfo in Base64.",
        like=r"(sha256/[A-Za-z0-9+/]{43}=)?",
    )
    key: str = setting(
        "",
        "The Ed25519 key that signs the settings: its 32 bytes in Base64.",
        like=r"([A-Za-z0-9+/]{43}=)?",
    )
    serial: int = setting(
        0,
        "In the settings that are fetched: their number. One that is lower is refused.",
        low=0,
        high=2**53,
    )
