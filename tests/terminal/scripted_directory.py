"""A platform's directory behind a scripted port."""

from __future__ import annotations

from tests.terminal import scripted_port as s
from tui.port.commands import GetGroupMembers, GetGroups, Result
from tui.port.values import Group, GroupPage, MemberPage, Seat, message

PAGE = 10
WORDS = ("空闲", "通话中", "忙碌")


def seat(number: int, word: str = "", state: int | None = 2) -> Seat:
    return Seat(
        str(number), f"Agent {number}", state_id=state, state_name=word or WORDS[number % 3]
    )


class House:
    """A platform's directory, behind a scripted port."""

    def __init__(self, port: s.ScriptedPort, groups: int = 3, members: int = 25) -> None:
        self.groups = [
            Group(str(1000000001 + at), f"Group {at + 1:02}", state_id=at % 3)
            for at in range(groups)
        ]
        self.seats = {
            group.gid: [seat(1100 + at) for at in range(members)] for group in self.groups
        }
        self.failure: Result | None = None
        self.port = port
        port.answers[GetGroups] = self._groups
        port.answers[GetGroupMembers] = self._members

    def _groups(self, command: GetGroups) -> Result:
        if self.failure is not None:
            return self.failure
        last = -(-len(self.groups) // PAGE)
        cut = self.groups[(command.page - 1) * PAGE : command.page * PAGE]
        return Result(True, value=GroupPage(command.page, last, len(self.groups), tuple(cut)))

    def _members(self, command: GetGroupMembers) -> Result:
        if self.failure is not None:
            return self.failure
        if all(group.gid != command.gid for group in self.groups):
            return Result(False, message("login.50009", code=50009, info="no such group"), 50009)
        seats = self.seats[command.gid]
        last = max(1, -(-len(seats) // PAGE))
        cut = tuple(seats[(command.page - 1) * PAGE : command.page * PAGE])
        name = next(group.name for group in self.groups if group.gid == command.gid)
        page = MemberPage(command.gid, name, command.page, last, len(seats), cut)
        return Result(True, value=page)

    @property
    def reads(self) -> int:
        return sum(isinstance(each, GetGroups | GetGroupMembers) for each in self.port.sent)
