"""What the engine needs of a platform: the values that cross, and the calls.

Both generations implement `Platform`. Nothing here does I/O.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tui.secrets import Secret

VOIP = 2
CALLBACK_PHONE = 4
SIP_PHONE = 5
LINE_TYPES = (VOIP, CALLBACK_PHONE, SIP_PHONE)
"""`callintype`, an integer (specification, getUser2)."""
PLAIN_SIP = "sip"
"""The kind of a sign-in at any PBX; the platform's own are "platform1" and "platform2"."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the agent typed. `number` is required with line types 4 and 5."""

    un: str
    pwd: Secret
    switchnumber: str
    callintype: int = VOIP
    number: str = ""
    backend: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A skill group. `gid` is what one signs in with, never `id` (the specification's sample
    has it wrong). `state_id` is 0 all offline, 1 someone idle, 2 all busy, None when the
    platform left the state out; `state_name` is the platform's own word."""

    gid: str
    name: str
    id: str = ""
    state_id: int | None = None
    state_name: str = ""


@dataclass(frozen=True, slots=True)
class Seat:
    """A member of a group, as the directory shows it. `state_id` 1 offline, 2 online; decide
    nothing from others, show `state_name`. Where that is empty, `state_message` names the sentence
    for a state that the platform has no word for (generation 1, `codes.SERVICE`)."""

    number: str
    displayname: str
    id: str = ""
    work_number: str = ""
    state_id: int | None = None
    state_name: str = ""
    state_message: str = ""


@dataclass(frozen=True, slots=True)
class GroupPage:
    """One page of all groups. There is more while `last_page > current_page`; pages from 1."""

    current_page: int
    last_page: int
    total: int
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class MemberPage:
    """One page of a group's members; `total` counts seats."""

    gid: str
    name: str
    current_page: int
    last_page: int
    total: int
    seats: tuple[Seat, ...]


@dataclass(frozen=True, slots=True)
class UserData:
    """What sign-in returns: the agent, the groups, and the enterprise's extension range
    (inclusive, as digits; "" when the platform gave none)."""

    number: str
    displayname: str
    eid: str
    groups: tuple[Group, ...]
    extension_start: str = ""
    extension_end: str = ""
    epname: str = ""
    auto_answer: int = 0
    """Seconds after which the enterprise wants a call answered; 0 = not."""


@dataclass(frozen=True, slots=True)
class SipAccount:
    """Where and as whom to register. `pbx` is the only identity control messages come from."""

    aor: str
    username: str
    password: Secret
    domain: str
    url: str
    """ws:// or wss://"""
    pbx: str
    """ "" with plain SIP: calls come from anybody, and control messages from nobody."""
    user_agent: str
    route: str = ""
    """The outbound proxy's URI; requests outside of calls go by it."""


class PlatformError(Exception):
    """A refusal by the platform or on the way to it: `code` is one of `codes.LOGIN`, `info` is
    the platform's own text (cleaned), for the log and the detail line. `message_id`, where it is
    set, says more than the code's own sentence does (`codes.NO_BACKEND` …)."""

    def __init__(self, code: int, info: str = "", message_id: str = "") -> None:
        super().__init__(f"{code} {info}".strip())
        self.code = code
        self.info = info
        self.message_id = message_id


class Platform(Protocol):
    """One signed-in agent at one platform. Every coroutine raises PlatformError."""

    generation: int

    async def sign_in(self, credentials: Credentials) -> UserData:
        """getUser / getUser2."""

    async def check_in(self, gid: str) -> None:
        """Before SIP registration, where the generation has it."""

    async def check_out(self) -> None:
        """After un-registration. Stops the token timer, whatever the answer."""

    def sip_account(self, gid: str) -> SipAccount:
        """After sign_in: as whom to register."""

    async def get_groups(self, page: int = 1) -> GroupPage: ...

    async def get_group_members(self, gid: str, page: int = 1) -> MemberPage: ...

    def start_token_renewal(self, on_failure: Callable[[PlatformError], None]) -> None:
        """Renew at 80 % of the token's life (jittered) until `check_out` or `close`. A refusal
        that cannot be mended calls `on_failure`, once."""

    async def close(self) -> None:
        """Close sockets and timers; says nothing to the platform."""
