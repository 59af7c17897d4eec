"""An account, as the sign-in form holds it and sends it."""

from __future__ import annotations

from tui.console.sign_in_defaults import SignInPrefill
from tui.port.commands import (
    SignIn,
)
from tui.port.snapshot import Snapshot
from tui.secrets import Secret

FULL = SignInPrefill("1001", Secret("pw-1001"), "02500001234", backend="http://127.0.0.1:40731")
SIGN_IN = SignIn("1001", Secret("pw-1001"), "02500001234", backend="http://127.0.0.1:40731")
OUT = Snapshot()
