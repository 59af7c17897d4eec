"""Who can be found to be called, handed a call or brought into one: agents, groups, a number."""

from __future__ import annotations

from typing import Final

from tui.console.screens.directory.model import (
    AGENT,
    OUTSIDE,
    DirectoryEntry,
    DirectoryModel,
    agent_entry,
    group_entry,
    matches,
)
from tui.port.values import is_extension

_SEPARATORS: Final = frozenset(" -–—()./·")


def outside_number(text: str) -> str:
    """The digits of the text when it can only be a number, else ""."""
    digits = "".join(c for c in text if c not in _SEPARATORS)
    return digits if digits.isdecimal() and digits.isascii() else ""


def candidates(
    model: DirectoryModel, words: str, own: str, extensions: tuple[str, str]
) -> list[DirectoryEntry]:
    """Who matches, the idle ones first; an outside number last. `own` is the agent's extension,
    which is not offered; `extensions` the enterprise's first and last."""
    groups = model.all_groups()
    agents: dict[str, DirectoryEntry] = {}
    for group in groups:
        for seat in model.seats(group.gid):
            # Without a number nobody is reached.
            if seat.number and seat.number != own and seat.number not in agents:
                agents[seat.number] = agent_entry(seat, group.gid, group.name)
    every = [*agents.values(), *(group_entry(group) for group in groups)]
    found = [
        each for each in every if matches(words, each.callee, each.name, each.group, each.state)
    ]
    found.sort(key=lambda each: each.rank)
    if number := outside_number(words):
        found.sort(key=lambda each: each.callee != number)  # the very one first
        if number not in agents and number != own:
            # The range decides, as for a number that is dialled: not every list holds all.
            if is_extension(number, *extensions):
                found.append(DirectoryEntry(AGENT, number, ""))
            else:
                found.append(DirectoryEntry(OUTSIDE, number, number))
    return found
