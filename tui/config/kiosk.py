"""What a desk for whoever comes needs to know (`yimi kiosk`), and how its PIN is kept."""

from __future__ import annotations

from typing import Final

from tui.config.frozen import frozen
from tui.config.setting import setting

_COST: Final = (1 << 14, 8, 1)
"""scrypt's n, r and p: 16 MiB and some fifty milliseconds a try."""
SHORTEST: Final = 4
"""Characters of a PIN."""


@frozen
class KioskSettings:
    """A desk for whoever comes (`yimi kiosk`)."""

    pin: str = setting(
        "",
        'What "yimi kiosk pin" prints: the PIN of the settings; "" = they are shut.',
        like=r"(scrypt:[0-9a-f]{32}:[0-9a-f]{64})?",
        shown=False,
    )
    keep_history: bool = setting(
        False, "Whether an agent finds the own history again at the next sign-in."
    )
    blank: float = setting(
        5.0,
        "Minutes without a key after which the screen of a free desk is dark; 0 = never.",
        low=0,
        high=1440,
    )


def hashed(pin: str, salt: bytes) -> str:
    """A PIN as the config keeps it; `salt` are 16 random bytes."""
    from hashlib import scrypt

    n, r, p = _COST
    return f"scrypt:{salt.hex()}:{scrypt(pin.encode(), salt=salt, n=n, r=r, p=p, dklen=32).hex()}"


def fits(pin: str, kept: str) -> bool:
    """Whether that is the PIN; nothing fits where none is kept."""
    from hmac import compare_digest

    parts = kept.split(":")
    return len(parts) == 3 and compare_digest(hashed(pin, bytes.fromhex(parts[1])), kept)
