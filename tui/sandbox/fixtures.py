"""The enterprise that the sandbox plays: agents, groups, numbers. All of it is invented.

Each agent below 1010 beside the first three has one oddity, so that every branch of a sign-in
can be walked by choosing an extension; `dialplan.dial_plan_text` tells which.
"""

from __future__ import annotations

from dataclasses import dataclass, field

DOMAIN = "sandbox.invalid"
"""The SIP domain: a reserved top-level domain, so that nothing can ever resolve it."""
SWITCHNUMBER = "02500001234"
EID = "61234"
EXTENSION_START = 1000
EXTENSION_END = 1999
EPNAME = "Sandbox Trading"
PAGE_SIZE = 10
"""Groups or seats on one page of the directory."""

LOGIN_FAULTS = {
    "02500005000": 50000,
    "02500005001": 50001,
    "02500005002": 50002,
    "02500005005": 50005,
}
"""Switch numbers that fail a sign-in with one code of the specification each. A wrong password
is 50003, any other switch number 50004."""


def eid16(eid: str) -> str:
    """An enterprise id in hexadecimal, eight digits (specification's "eid16")."""
    return f"{int(eid):08x}"


@dataclass(slots=True)
class GroupSeed:
    """A skill group. `stateless` leaves the live state out of every answer, which the vendor's
    platform does now and then."""

    gid: str
    id: str
    name: str
    stateless: bool = False


@dataclass(slots=True)
class AgentSeed:
    """One account. `refuse_checkin` and `refuse_sip` fail the step of that name; `token_life` is in
    seconds, None for the sandbox's own; `simulated` colleagues are never registered by anybody:
    "answers" takes calls, "silent" lets them ring, "forbidden" may not be called."""

    un: str
    pwd: str
    name: str
    gids: tuple[str, ...] = ()
    refuse_checkin: bool = False
    refuse_sip: bool = False
    token_life: float | None = None
    simulated: str = ""
    supervisor: bool = False
    """May listen to the calls of her group, join and end them (generation 1)."""

    @property
    def sip_user(self) -> str:
        """The user part of the address of record."""
        return f"{self.un}_{eid16(EID)}"


SALES = "1000000001"
SUPPORT = "1000000002"
NIGHT = "1000000003"
LOAD_GROUP = "1000000099"
"""The group of ten thousand, when it is asked for."""
LOAD_START = 20_000
MORE_START, MORE_MOST = 1200, 700
"""The first extension of further agents who can sign in, and how many there may be."""


def _groups() -> dict[str, GroupSeed]:
    named = [
        GroupSeed(SALES, "501", "Sales"),
        GroupSeed(SUPPORT, "502", "Support 售后"),
        GroupSeed(NIGHT, "503", "Night shift", stateless=True),
    ]
    numbered = [
        GroupSeed(str(1000000010 + index), str(510 + index), f"Branch {index:02d}")
        for index in range(1, 23)
    ]
    return {group.gid: group for group in named + numbered}


def _agents() -> dict[str, AgentSeed]:
    branches = tuple(str(1000000010 + index) for index in range(1, 23))
    seeds = [
        AgentSeed("1001", "demo-1001", "Li Ming", (SALES, SUPPORT)),
        AgentSeed("1002", "demo-1002", "Wang Fang", (SALES,)),
        AgentSeed("1003", "demo-1003", "Zhang Wei", (SUPPORT,), supervisor=True),
        AgentSeed("1004", "demo-1004", "Chen Jing"),
        AgentSeed("1005", "demo-1005", "Liu Yang", branches),
        AgentSeed("1006", "demo-1006", "Zhao Lei", (NIGHT,)),
        AgentSeed("1007", "demo-1007", "Sun Li", (SALES,), token_life=20.0),
        AgentSeed("1008", "demo-1008", "Zhou Tao", (SALES,), refuse_checkin=True),
        AgentSeed("1009", "demo-1009", "Wu Min", (SALES,), refuse_sip=True),
        AgentSeed("1010", "demo-1010", "Bob [/] x [@click=app.quit]Boss[/]", (SALES,)),
        AgentSeed("1090", "", "Mei (always answers)", (SUPPORT,), simulated="answers"),
        AgentSeed("1091", "", "Tan (never answers)", (SUPPORT,), simulated="silent"),
        AgentSeed("1099", "", "Director", (SUPPORT,), simulated="forbidden"),
    ]
    trainees = [
        AgentSeed(str(1100 + index), "", f"Trainee {index:02d}", (SUPPORT,), simulated="silent")
        for index in range(1, 22)
    ]
    return {seed.un: seed for seed in seeds + trainees}


@dataclass(slots=True)
class Fixtures:
    """What the sandbox knows before anybody signs in. Tests may change it through the control
    API (names of agents and groups)."""

    domain: str = DOMAIN
    switchnumber: str = SWITCHNUMBER
    eid: str = EID
    epname: str = EPNAME
    extension_start: int = EXTENSION_START
    extension_end: int = EXTENSION_END
    states: dict[str, str] = field(default_factory=lambda: {"1090": "idle", "1091": "idle"})
    """What simulated members seem to do: "offline", "idle", "busy", "talking"; not listed:
    offline."""
    auto_answer: int = 0
    """Seconds after which the enterprise wants calls answered by themselves; 0 = not."""
    groups: dict[str, GroupSeed] = field(default_factory=_groups)
    agents: dict[str, AgentSeed] = field(default_factory=_agents)

    _members: dict[str, list[AgentSeed]] = field(default_factory=dict)
    _indexed: int = 0
    """Members by group, and how many agents there were when they were looked for."""

    def add_agents(self, count: int) -> None:
        """So many more agents of Sales, from extension 1200 on."""
        for un in map(str, range(MORE_START, MORE_START + min(count, MORE_MOST))):
            self.agents[un] = AgentSeed(un, f"demo-{un}", f"Agent {un}", (SALES,))

    @property
    def eid16(self) -> str:
        """`eid` in hexadecimal."""
        return eid16(self.eid)

    @property
    def pbx(self) -> str:
        """The only identity control messages come from."""
        return f"sip:PBX@{self.domain}"

    def aor(self, un: str) -> str:
        """An agent's address of record."""
        return f"sip:{self.agents[un].sip_user}@{self.domain}"

    def accounts(self) -> list[AgentSeed]:
        """The agents that one can sign in as."""
        return [seed for seed in self.agents.values() if not seed.simulated]

    def members(self, gid: str) -> list[AgentSeed]:
        """Everybody in a group, in the order of their extensions."""
        if self._indexed != len(self.agents):
            self._indexed, self._members = len(self.agents), {}
            for _, seed in sorted(self.agents.items()):
                for each in seed.gids:
                    self._members.setdefault(each, []).append(seed)
        return self._members.get(gid, [])

    def is_extension(self, number: str) -> bool:
        """Whether a number lies in the enterprise's own range."""
        return (
            number.isascii()
            and number.isdigit()
            and len(str(self.extension_start)) <= len(number) <= len(str(self.extension_end))
            and self.extension_start <= int(number) <= self.extension_end
        )
