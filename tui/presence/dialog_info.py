"""`application/dialog-info+xml` (RFC 4235): the calls that somebody else has.

A notifier sends the whole (`full`), or what has changed (`partial`); each body has a version one
higher than the last. `DialogTable` puts them together and says when one is missing.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from tui.presence.errors import UnreadableBody
from tui.presence.lamp import Lamp
from tui.presence.markup import Skipped, elements_of, groups, number, said
from tui.xml_body import Element

CONTENT_TYPE: Final = "application/dialog-info+xml"
_MOST: Final = 64
"""Dialogs of one person that are kept."""
_nowhere = re.compile(r"(?i)[^;?]*\.invalid(?![^:;?>])").match
_word = re.compile(r"[^\s;,<>\"?]{1,200}").fullmatch


class DialogState(StrEnum):
    """RFC 4235 §3.7.1."""

    TRYING = "trying"
    PROCEEDING = "proceeding"
    EARLY = "early"
    CONFIRMED = "confirmed"
    TERMINATED = "terminated"


@dataclass(frozen=True, slots=True)
class DialogParty:
    """One end: who it is, by address and by name, and where its phone is reached. `held`: it plays
    no sound, `+sip.rendering=no`."""

    identity: str = ""
    display: str = ""
    target: str = ""
    held: bool = False


@dataclass(frozen=True, slots=True)
class PickUp:
    """How to take a call that rings at somebody else: call `target` with this Replaces."""

    target: str
    replaces: str


@dataclass(frozen=True, slots=True)
class WatchedDialog:
    """One call of the watched phone, which is `local`. `initiator`: it called; None: not said.
    `ended_by` is RFC 4235's event (`cancelled`, `rejected`, `remote-bye` …)."""

    id: str
    state: DialogState
    initiator: bool | None = None
    call_id: str = ""
    local_tag: str = ""
    remote_tag: str = ""
    local: DialogParty = DialogParty()
    remote: DialogParty = DialogParty()
    ended_by: str = ""
    code: int | None = None

    @property
    def rings(self) -> bool:
        """It is rung at: a call for it that it has not answered. FreeSWITCH, which names no
        Call-ID, calls one early too that was answered and is held now."""
        early = self.state in (DialogState.EARLY, DialogState.PROCEEDING, DialogState.TRYING)
        held = self.local.held and not self.call_id
        return early and self.initiator is not True and not held

    @property
    def pick_up(self) -> PickUp | None:
        """By which call we take its place while it rings (RFC 5359 §2.13): to its caller, whose
        tag is the To tag there; by the caller's address where a Contact under `.invalid` leads
        nowhere (RFC 7118). None when the body says too little for that."""
        words = (self.call_id, self.remote_tag, self.local_tag)
        target = self.remote.target
        if not target or _nowhere(target):
            target = self.remote.identity
        if not self.rings or not target or not all(_word(word) for word in words):
            return None
        call_id, to_tag, from_tag = words
        tags = f"to-tag={to_tag};from-tag={from_tag}"
        return PickUp(target, f"{call_id};{tags};early-only")


@dataclass(frozen=True, slots=True)
class DialogInfo:
    """One body. `skipped` are the names of what nobody knew in it, `unread` how many of its dialogs
    could not be read."""

    entity: str
    version: int
    full: bool
    dialogs: tuple[WatchedDialog, ...]
    skipped: tuple[str, ...] = ()
    unread: int = 0

    @property
    def lamp(self) -> Lamp:
        """What a body that is whole comes to."""
        return lamp_of(self.dialogs, self.unread)


def lamp_of(dialogs: Collection[WatchedDialog], unread: int = 0) -> Lamp:
    """Talking wins over ringing: who talks is not free for what rings besides. Nor is who has calls
    that could not be read."""
    going = [each for each in dialogs if each.state is not DialogState.TERMINATED]
    if not going:
        return Lamp.UNKNOWN if unread else Lamp.IDLE
    return Lamp.RINGING if all(each.rings for each in going) else Lamp.TALKING


def parse_dialog_info(body: bytes) -> DialogInfo:
    """One body; UnreadableBody when it is none. A dialog whose id or state cannot be read is
    skipped, and so is an element that nobody knows."""
    elements = elements_of(body, "dialog-info")
    root, skipped = elements[0], Skipped()
    version = number(said(root, "version"))
    if version is None:
        raise UnreadableBody("the body has no version")
    dialogs: list[WatchedDialog] = []
    unread = 0
    for group in groups(elements):
        dialog = _dialog(group, skipped) if group[0].name == "dialog" else None
        if dialog is None or len(dialogs) >= _MOST:
            skipped.add(group[0])
            unread += group[0].name == "dialog"
        else:
            dialogs.append(dialog)
    full = said(root, "state") != "partial"
    names = skipped.names()
    return DialogInfo(said(root, "entity"), version, full, tuple(dialogs), names, unread)


def _dialog(group: tuple[Element, ...], skipped: Skipped) -> WatchedDialog | None:
    head = group[0]
    state, ended_by, code = "", "", None
    ends = {"local": DialogParty(), "remote": DialogParty()}
    for element in group[1:]:
        side = element.path[2]
        if element.path[2:] == ("state",):
            state, ended_by = said(element).lower(), said(element, "event")
            code = number(said(element, "code"))
        elif side in ends and (party := _party(ends[side], element)) is not None:
            ends[side] = party
        else:
            skipped.add(element)
    if not said(head, "id") or state not in set(DialogState):
        return None
    direction = said(head, "direction")
    return WatchedDialog(
        said(head, "id"),
        DialogState(state),
        {"initiator": True, "recipient": False}.get(direction),
        said(head, "call-id"),
        said(head, "local-tag"),
        said(head, "remote-tag"),
        ends["local"],
        ends["remote"],
        ended_by,
        code,
    )


def _party(party: DialogParty, element: Element) -> DialogParty | None:
    """What one element says of an end; None when nobody knows it."""
    match element.path[3:]:
        case ():
            return party
        case ("identity",):
            return replace(party, identity=said(element), display=said(element, "display"))
        case ("target",):
            return replace(party, target=said(element, "uri"))
        case ("target", "param") if said(element, "pname") == "+sip.rendering":
            return replace(party, held=said(element, "pvalue") == "no")
        case _:
            return None


@dataclass(slots=True)
class DialogTable:
    """The calls of one person, as far as the bodies of one subscription say, in the order of their
    NOTIFYs (RFC 4235 §4.3). A new subscription counts anew: it wants a new table.

    A body that is whole is the newest there is, whatever its version: the order of NOTIFYs is that
    of the dialog, and some notifiers never count, or begin again after a restart."""

    version: int | None = None
    dialogs: dict[str, WatchedDialog] = field(default_factory=dict)
    unread: int = 0

    def take(self, info: DialogInfo) -> bool:
        """Take one body in. False when one before it is missing: have the whole told anew."""
        if not info.full and self.version is not None and info.version <= self.version:
            repeat, self.version = info.version == self.version, info.version
            return repeat  # else it counts anew, and what it has told before is not here
        complete = info.full or (self.version is not None and info.version == self.version + 1)
        if info.full:
            self.dialogs.clear()
            self.unread = info.unread
        elif info.unread:
            complete = False
        self.version = info.version
        for dialog in info.dialogs:
            self.dialogs.pop(dialog.id, None)
            if dialog.state is not DialogState.TERMINATED and len(self.dialogs) < _MOST:
                self.dialogs[dialog.id] = dialog
        return complete

    @property
    def lamp(self) -> Lamp:
        """What is known comes to; unknown before the first body."""
        if self.version is None:
            return Lamp.UNKNOWN
        return lamp_of(self.dialogs.values(), self.unread)
