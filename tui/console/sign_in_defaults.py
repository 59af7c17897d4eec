"""What stands in the sign-in form before the agent types, and what a session remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from tui.port.values import VOIP
from tui.secrets import Secret

if TYPE_CHECKING:
    from tui.config.schema import Profile
    from tui.port.commands import SignIn
    from tui.port.values import Account


SIP: Final = "sip"
"""The kind of account with a phone of one's own, at any PBX."""


class SignInPrefill(msgspec.Struct, frozen=True):
    """First values of the sign-in form. `keyring` ticks the box, and lets an empty password be
    read from the keyring on Enter."""

    un: str = ""
    pwd: Secret = Secret()
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

    @classmethod
    def of(cls, profile: Profile) -> SignInPrefill:
        """What stands there for a profile of the config."""
        return cls(
            un=profile.un,
            switchnumber=profile.switchnumber,
            callintype=profile.callintype,
            number=profile.number,
            backend=profile.backend,
            kind=profile.kind,
            profile=profile.name,
            keyring=profile.keyring,
        )

    def for_account(self, account: Account) -> SignInPrefill:
        """This, for whoever an engine has signed in."""
        return msgspec.structs.replace(
            self,
            un=account.un,
            switchnumber=account.switchnumber,
            callintype=account.callintype,
            number=account.number,
            backend=account.backend,
            kind=account.kind,
        )


class SignInMemory(msgspec.Struct):
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


class AccountChoice(msgspec.Struct, frozen=True):
    """An engine that is running already: `id` is the supervisor's, `label` is for people."""

    id: str
    label: str
