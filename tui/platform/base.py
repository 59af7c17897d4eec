"""What the engine needs of a platform: the values that cross, and the calls.

Both generations implement `Platform`. Nothing here does I/O.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum, StrEnum
from typing import Protocol

from tui.plain_value import PlainValue
from tui.secrets import Secret


class LineType(IntEnum):
    """`callintype` (specification, getUser2): what carries the agent's voice."""

    VOIP = 2
    """This computer."""
    CALLBACK = 4
    """A telephone that the platform calls."""
    SIP_PHONE = 5
    """A SIP phone that belongs to the agent."""


VOIP, CALLBACK_PHONE, SIP_PHONE = LineType.VOIP, LineType.CALLBACK, LineType.SIP_PHONE
LINE_TYPES = tuple(LineType)


class SessionKind(StrEnum):
    """What one signs in at."""

    PLATFORM1 = "platform1"
    PLATFORM2 = "platform2"
    SIP = "sip"
    """Any PBX, without a platform around it."""


class Credentials(PlainValue, frozen=True):
    """What the agent typed. `number` is required with line types 4 and 5."""

    un: str
    pwd: Secret
    switchnumber: str
    callintype: LineType = VOIP
    number: str = ""
    backend: str = ""


class Group(PlainValue, frozen=True):
    """A skill group. `gid` is what one signs in with, never `id` (the specification's sample
    has it wrong). `state_id` is 0 all offline, 1 someone idle, 2 all busy, None when the
    platform left the state out; `state_name` is the platform's own word."""

    gid: str
    name: str
    id: str = ""
    state_id: int | None = None
    state_name: str = ""


class Seat(PlainValue, frozen=True):
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


class GroupPage(PlainValue, frozen=True):
    """One page of all groups. There is more while `last_page > current_page`; pages from 1."""

    current_page: int
    last_page: int
    total: int
    groups: tuple[Group, ...]
    left_out: int = 0
    """Rows of a directory file that are too many to be read (`pbx.platform.MOST_PEOPLE`)."""


class MemberPage(PlainValue, frozen=True):
    """One page of a group's members; `total` counts seats."""

    gid: str
    name: str
    current_page: int
    last_page: int
    total: int
    seats: tuple[Seat, ...]
    states_code: int = 0
    """50010 where the states of these members could not be read besides: what the seats say is
    then the list's own. `states_info` says why."""
    states_info: str = ""


class UserData(PlainValue, frozen=True):
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
    supervisor: bool = False
    """May listen to the group's calls, join and end them (generation 1)."""


class LineIdentities(PlainValue, frozen=True):
    """Who may speak to us on the line, and in what, besides what login data say."""

    pbx: tuple[str, ...] = ()
    """Addresses that control messages come from too, `sip:NAME@HOST` with a port or without."""
    callers: tuple[str, ...] = ()
    """Addresses that the INVITE of an awaited leg comes from, besides the PBX's; `*` for any."""
    content_types: tuple[str, ...] = ("application/pidf+xml",)
    """Of control messages: all are read, the first is written."""


class SipAccount(PlainValue, frozen=True):
    """Where and as whom to register. `pbx` is where control messages go to; they come from it and
    from `identities`."""

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
    identities: LineIdentities = LineIdentities()
    realms: tuple[str, ...] = ()
    """Realms that get a proof of the password besides those of the sign-in."""

    @property
    def trusted(self) -> tuple[str, ...]:
        """Who may send control messages; () with plain SIP."""
        return (self.pbx, *self.identities.pbx) if self.pbx else ()


class ToCall(PlainValue, frozen=True):
    """What `call` does with a text: `digits` is the number to call, "" for no call; `text` is what
    the text says, which `call` returns when it is no number."""

    digits: str
    text: str


class PlatformError(Exception):
    """A refusal by the platform or on the way to it: `code` is one of `codes.LOGIN`, `info` is
    the platform's own text (cleaned), for the log and the detail line. `message_id`, where it is
    set, says more than the code's own sentence does (`codes.NO_BACKEND` …). `wait` is for how many
    seconds the server wants to be left alone (Retry-After, RFC 9110 §10.2.3), 0 where it does not
    say."""

    def __init__(self, code: int, info: str = "", message_id: str = "", wait: float = 0.0) -> None:
        super().__init__(f"{code} {info}".strip())
        self.code = code
        self.info = info
        self.message_id = message_id
        self.wait = wait


class Platform(Protocol):
    """One signed-in agent at one platform. Every coroutine raises PlatformError."""

    generation: int
    sip_only: bool
    """A PBX without a platform around it: its calls are controlled by SIP alone."""
    proves_at_registration: bool
    """Whether the password is right is shown by the registration, and by nothing before it."""
    relays_by_profile: bool
    """Its STUN and TURN servers may stand in the profile."""
    threeway: bool
    """It has three-way calls."""
    phone_modes: bool
    """Calls can go to another phone, by `set_phone_mode`."""

    @property
    def encrypts(self) -> bool:
        """Whether encrypted numbers can be dialled."""

    @property
    def supervises(self) -> bool:
        """Whether who is signed in may listen to the group's calls, join and end them."""

    async def sign_in(self, credentials: Credentials) -> UserData:
        """getUser / getUser2."""

    async def check_in(self, gid: str) -> None:
        """Before SIP registration, where the generation has it."""

    async def check_out(self) -> None:
        """After un-registration. Stops the token timer, whatever the answer."""

    def sip_account(self, gid: str) -> SipAccount:
        """After sign_in: as whom to register."""

    def line_cookies(self) -> str:
        """The field `Cookie` of the line's handshake (RFC 6265 §5.4): what the platform's web gave
        for its host; "" for none."""

    async def get_groups(self, page: int = 1) -> GroupPage: ...

    async def get_group_members(self, gid: str, page: int = 1) -> MemberPage: ...

    def start_token_renewal(self, on_failure: Callable[[PlatformError], None]) -> None:
        """Renew at 80 % of the token's life (jittered) until `check_out` or `close`. A refusal
        that cannot be mended calls `on_failure`, once."""

    def woke(self) -> None:
        """The machine slept: what lives by the clock is looked at now."""

    async def set_phone_mode(self, mode: str, number: str = "") -> None:
        """ "mobile": calls go to the phone `number`; "fixed": as at sign-in."""

    def to_call(self, text: str) -> ToCall | None:
        """What to call for an encrypted number; None where there are none."""

    async def close(self) -> None:
        """Close sockets and timers; says nothing to the platform."""
