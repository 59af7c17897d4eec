"""What is wrong with the arguments of a sign-in, before the platform is asked."""

from __future__ import annotations

from tui.platform import codes
from tui.platform.base import LINE_TYPES, VOIP, Credentials, PlatformError


def check(credentials: Credentials) -> None:
    """PlatformError 50001 when an argument is missing or cannot be right (getUser2)."""
    for name in ("un", "switchnumber"):
        if not _is_number(getattr(credentials, name)):
            raise PlatformError(codes.BAD_ARGUMENT, name)
    if not credentials.pwd:
        raise PlatformError(codes.BAD_ARGUMENT, "pwd")
    if credentials.callintype not in LINE_TYPES:
        raise PlatformError(codes.BAD_ARGUMENT, "callintype")
    if credentials.callintype != VOIP and not credentials.number.strip():
        raise PlatformError(codes.BAD_ARGUMENT, "number")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 32
