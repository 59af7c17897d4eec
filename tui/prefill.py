"""What stands in the sign-in form before the agent types, and what a session remembers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.engine.state import VOIP
from tui.secrets import Secret

if TYPE_CHECKING:
    from tui.engine.commands import SignIn


@dataclass(frozen=True, slots=True)
class SignInPrefill:
    """First values of the sign-in form. `keyring` ticks the box, and lets an empty password be
    read from the keyring on Enter."""

    un: str = ""
    pwd: Secret = Secret()  # noqa: RUF009 - immutable
    switchnumber: str = ""
    callintype: int = VOIP
    number: str = ""
    backend: str = ""
    kind: str = "platform2"
    profile: str = ""
    keyring: bool = False
    gateway: str = ""
    """Generation 1's, of a platform that no config names: the sandbox."""
    other: SignInPrefill | None = None
    """The same agent at the other generation of the same sandbox."""


@dataclass(slots=True)
class Session:
    """The sign-in that worked, kept in memory only, so that a new engine can be signed in after
    the old one died. It belongs to the supervisor: it outlives a crashed screen."""

    sign_in: SignIn | None = None
    gid: str | None = None
    server: str = ""
    """The PulseAudio that was chosen to carry the voice."""

    def forget(self) -> None:
        """After a sign-out, and after the platform signed the agent out."""
        self.sign_in = None
        self.gid = None


@dataclass(frozen=True, slots=True)
class AccountChoice:
    """An engine that is running already: `id` is the supervisor's, `label` is for people."""

    id: str
    label: str
