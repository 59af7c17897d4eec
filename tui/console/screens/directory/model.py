"""What the directory knows: pages of groups and members as the platform gave them, and the people
found in them. Asks through the port; draws nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from tui.console.i18n import tr
from tui.port import replace
from tui.port.colleagues import Colleague, Lamp
from tui.port.commands import Command, GetGroupMembers, GetGroups, Result
from tui.port.values import Group, GroupPage, MemberPage, Message, Seat, ThirdKind, message
from tui.text.finding import all_found, folded

T = TypeVar("T")
Ask = Callable[[Command], Awaitable[Result]]
MOST_PAGES: Final = 1000
"""Pages that a search reads of one list before it stops."""

AGENT, GROUP, OUTSIDE = ThirdKind.AGENT, ThirdKind.GROUP, ThirdKind.OUTSIDE
"""`threewayCall`'s types (specification)."""

_ONLINE, _OFFLINE = 2, 1
_WORDS: Final = {
    "service.0": ("离线", "未登录", "offline", "signed out"),
    "service.1": ("空闲", "示闲", "置闲", "idle", "ready"),
    "service.2": ("离开", "away"),
    "service.5": ("通话中", "通话", "talking", "in call", "on a call"),
    "service.6": ("话后处理", "话后", "整理中", "wrap-up", "after-call work"),
    "service.busy": ("忙碌", "示忙", "置忙", "忙", "busy", "not ready"),
    "service.ringing": ("振铃", "振铃中", "响铃", "ringing"),
    "service.holding": ("保持", "保持中", "on hold"),
}
"""The words by which platforms are known to say a state, by the id of ours. Any other is shown as
it is."""
_OF_LAMP: Final = {
    Lamp.IDLE: (_ONLINE, "service.1"),
    Lamp.RINGING: (_ONLINE, "service.ringing"),
    Lamp.TALKING: (_ONLINE, "service.5"),
    Lamp.AWAY: (_OFFLINE, "service.2"),
}
"""What a lamp says of a seat: its state, and the sentence for it."""
_MEANT: Final = {word: id for id, words in _WORDS.items() for word in words}


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
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
    """The state in words, its style, and its rank: in ours where the platform's word is known, else
    in the platform's own. A platform that left the state out is endured: "–"."""
    meant = seat.state_message or _MEANT.get(folded(seat.state_name.strip()), "")
    word = tr(meant) if meant else seat.state_name
    if meant == "service.1":
        return word, "$good", 0
    if seat.state_id == _OFFLINE or meant == "service.0":
        return word or "–", "$dim", 3
    if not word:
        return "–", "$dim", 1
    if meant == "service.ringing":
        return word, "$ring", 2
    return word, "", 2 if seat.state_id == _ONLINE else 1


def lit(seat: Seat, colleague: Colleague | None) -> Seat:
    """The seat as its lamp shows it; as it is where it has none, or nothing is known."""
    if colleague is None or colleague.lamp not in _OF_LAMP:
        return seat
    state, word = _OF_LAMP[colleague.lamp]
    return replace(seat, state_id=state, state_name="", state_message=word)


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


def agent_entry(seat: Seat, gid: str, group: str) -> DirectoryEntry:
    """A member as somebody to speak to."""
    word, style, rank = seat_state(seat)
    return DirectoryEntry(AGENT, seat.number, seat.displayname, gid, group, word, style, rank)


def group_entry(group: Group) -> DirectoryEntry:
    """A group as somebody to bring in."""
    word, style, rank = group_state(group)
    return DirectoryEntry(GROUP, group.gid, group.name or group.gid, "", "", word, style, rank)


class DirectoryModel:
    """Reads pages. A page that was read stays until it is read again, or is there no more."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self.groups: dict[int, GroupPage] = {}
        self.members: dict[tuple[str, int], MemberPage] = {}
        self._colleagues: tuple[Colleague, ...] = ()
        self.lamps: dict[str, Colleague] = {}
        """By number, as far as a PBX is asked about them."""

    def follow(self, colleagues: tuple[Colleague, ...]) -> bool:
        """These lamps are known now; whether one is otherwise than before."""
        if colleagues is self._colleagues or colleagues == self._colleagues:
            return False
        self._colleagues = colleagues
        self.lamps = {each.number: each for each in colleagues}
        return True

    async def read_groups(self, page: int) -> GroupPage | Message:
        """One page of all groups, or why not."""
        result = await self._ask(GetGroups(page))
        if not result.ok or not isinstance(result.value, GroupPage):
            return result.message or message("directory.unread")
        self.groups[page] = result.value
        for gone in [each for each in self.groups if each > max(page, result.value.last_page)]:
            del self.groups[gone]
        return result.value

    async def read_members(self, gid: str, page: int) -> MemberPage | Message:
        """One page of a group's members, or why not. By their lamps the free stand first, in the
        order of this moment: no row moves under the finger later."""
        result = await self._ask(GetGroupMembers(gid, page))
        if not result.ok or not isinstance(result.value, MemberPage):
            return result.message or message("directory.unread")
        found = result.value
        if self.lamps:
            seats = sorted(found.seats, key=lambda seat: seat_state(self._lit(seat))[2])
            found = replace(found, seats=tuple(seats))
        self.members[gid, page] = found
        last = max(page, found.last_page)
        for gone in [key for key in self.members if key[0] == gid and key[1] > last]:
            del self.members[gone]
        return found

    def _lit(self, seat: Seat) -> Seat:
        return lit(seat, self.lamps.get(seat.number))

    def seats_of(self, gid: str, page: int) -> Sequence[Seat]:
        """The seats of one page that was read, with their lamps."""
        found = self.members.get((gid, page))
        if found is None or not self.lamps:
            return () if found is None else found.seats  # ten thousand need no copy
        return [self._lit(seat) for seat in found.seats]

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
        """Every member of the group that was read so far, in the platform's order. Pages that are
        read while somebody comes or goes overlap: who stands on two of them is one."""
        pages = sorted(page for known, page in self.members if known == gid)
        every = (seat for page in pages for seat in self.seats_of(gid, page))
        return _each_once(every, lambda seat: seat.number)

    def all_groups(self) -> list[Group]:
        """Every group that was read so far, in the platform's order, each once."""
        every = (group for page in sorted(self.groups) for group in self.groups[page].groups)
        return _each_once(every, lambda group: group.gid)


def _each_once(every: Iterable[T], name: Callable[[T], str]) -> list[T]:
    """The first of each name; those without one are all different."""
    found: dict[tuple[str, int], T] = {}
    for at, each in enumerate(every):
        found.setdefault((name(each), 0 if name(each) else at), each)
    return list(found.values())


def matches(text: str, *where: str) -> bool:
    """Whether every word of the text is found in one of those."""
    return all_found(text, *where)
