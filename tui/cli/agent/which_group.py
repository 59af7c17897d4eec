"""Which group is meant by a name."""

from __future__ import annotations

from tui.console.screens.directory.model import matches
from tui.port.values import Group, Message, message


def group_of(groups: tuple[Group, ...], wanted: str) -> str | Message:
    """The gid of the group of that name, gid, or the words in a name; "0" is none."""
    if wanted == "0":
        return wanted
    exact = [each for each in groups if wanted in (each.gid, each.name)]
    found = exact or [each for each in groups if matches(wanted, each.name)]
    if len(found) == 1:
        return found[0].gid
    names = ", ".join(each.name or each.gid for each in found or groups)
    return message("cli.which_group", group=wanted, groups=names)
