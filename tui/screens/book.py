"""What the directory knows: pages of groups and members as the platform gave them, and the people
found in them. Asks through the port; draws nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from tui.engine.commands import Command, GetGroupMembers, GetGroups, Result
from tui.engine.state import Group, GroupPage, MemberPage, Message, Seat, message
from tui.i18n import tr

Ask = Callable[[Command], Awaitable[Result]]
MOST_PAGES: Final = 1000
"""Pages that a search reads of one list before it stops."""

AGENT, GROUP, OUTSIDE = 1, 2, 3
"""`threewayCall`'s types (specification)."""

_ONLINE, _OFFLINE = 2, 1
_IDLE_WORDS: Final = frozenset({"空闲", "示闲", "idle"})
"""Only for the order of a list: the words by which platforms are known to say idle."""


@dataclass(frozen=True, slots=True)
class Target:
    """Somebody to call, to hand the call to, or to bring in. `kind` is `threewayCall`'s type;
    `callee` the extension, gid or number; `gid` the group an agent was found in."""

    kind: int
    callee: str
    name: str
    gid: str = ""
    group: str = ""
    state: str = ""
    style: str = ""
    rank: int = 1
    """0 somebody idle, 1 not known, 2 taken, 3 offline: the order of a list."""

    @property
    def label(self) -> str:
        """Number and name, for a sentence."""
        return f"{self.callee} {self.name}".strip() if self.kind == AGENT else self.name


def seat_state(seat: Seat) -> tuple[str, str, int]:
    """The state in the platform's own word, its style, and its rank. A platform that left the
    state out is endured: "–"."""
    word = seat.state_name or (tr(seat.state_message) if seat.state_message else "")
    idle = seat.state_message == "service.1" or seat.state_name.strip().lower() in _IDLE_WORDS
    if idle:
        return word, "$good", 0
    if seat.state_id == _OFFLINE or seat.state_message == "service.0":
        return word or "–", "$dim", 3
    if not word:
        return "–", "$dim", 1
    return word, "", 2 if seat.state_id == _ONLINE else 1


def group_state(group: Group) -> tuple[str, str, int]:
    """A group's state in words (0 all offline, 1 someone idle, 2 all busy), style and rank."""
    match group.state_id:
        case 0:
            return tr("group_state.0"), "$dim", 3
        case 1:
            return tr("group_state.1"), "$good", 0
        case 2:
            return tr("group_state.2"), "$ring", 2
    return group.state_name or tr("group_state.unknown"), "$dim", 1


def agent_target(seat: Seat, gid: str, group: str) -> Target:
    """A member as somebody to speak to."""
    word, style, rank = seat_state(seat)
    return Target(AGENT, seat.number, seat.displayname, gid, group, word, style, rank)


def group_target(group: Group) -> Target:
    """A group as somebody to bring in."""
    word, style, rank = group_state(group)
    return Target(GROUP, group.gid, group.name or group.gid, "", "", word, style, rank)


class Book:
    """Reads pages. A page that was read stays until it is read again."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self.groups: dict[int, GroupPage] = {}
        self.members: dict[tuple[str, int], MemberPage] = {}

    async def read_groups(self, page: int) -> GroupPage | Message:
        """One page of all groups, or why not."""
        result = await self._ask(GetGroups(page))
        if not result.ok or not isinstance(result.value, GroupPage):
            return result.message or message("directory.unread")
        self.groups[page] = result.value
        return result.value

    async def read_members(self, gid: str, page: int) -> MemberPage | Message:
        """One page of a group's members, or why not."""
        result = await self._ask(GetGroupMembers(gid, page))
        if not result.ok or not isinstance(result.value, MemberPage):
            return result.message or message("directory.unread")
        self.members[gid, page] = result.value
        return result.value

    async def read_all_members(
        self, gid: str, read: Callable[[], None], *, again: bool = False
    ) -> Message | None:
        """The pages of a group that were not read yet (all with `again`); `read` is told after
        each. None when all went well."""
        page = last = 1
        while page <= last and page <= MOST_PAGES:
            found = None if again else self.members.get((gid, page))
            if found is None:
                answer = await self.read_members(gid, page)
                if isinstance(answer, Message):
                    return answer
                found = answer
                read()
            page, last = page + 1, found.last_page
        return None

    def seats(self, gid: str) -> list[Seat]:
        """Every member of the group that was read so far, in the platform's order."""
        pages = sorted(page for known, page in self.members if known == gid)
        return [seat for page in pages for seat in self.members[gid, page].seats]

    def all_groups(self) -> list[Group]:
        """Every group that was read so far, in the platform's order."""
        return [group for page in sorted(self.groups) for group in self.groups[page].groups]


def matches(text: str, *where: str) -> bool:
    """Whether every word of the text is found in one of those."""
    held = " ".join(where).casefold()
    return all(word in held for word in text.casefold().split())
