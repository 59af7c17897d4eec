"""Who is in the call besides the customer, who stays if the agent hangs up now, and which phone
the agent picks up. Rows for the call panel; computed from the call, drawn there."""

from __future__ import annotations

import math
import re
from typing import Final

from rich.cells import cell_len

from tui.console.i18n import render, tr
from tui.console.widgets.formats import Clocks, fit, spaced
from tui.console.widgets.glyphs import glyphs
from tui.console.widgets.room import Ranked
from tui.console.widgets.rows import Row, flowing, row
from tui.port.machines.call_machine import CallState, ThirdState
from tui.port.snapshot import Call, Third
from tui.port.values import VOIP, Account

NAME_CELLS: Final = 26
ROLE_CELLS: Final = 16
ROOMY: Final = 72
"""Cells from which on the long words fit."""
SENT_CELLS: Final = 20
"""The last tones that are shown."""

_ROLES: Final = {1: "third.agent", 2: "third.group", 3: "third.outside"}


def has_third(call: Call) -> bool:
    """Whether a third party is in the call, or on its way."""
    return call.third is not None and call.third.present


def third_name(third: Third) -> str:
    """An agent's number and name; a group's name; an outside number."""
    if third.kind == 1 and third.name != third.callee:
        return f"{third.callee} {third.name}"
    return spaced(third.name)


def third_rows(call: Call, clocks: Clocks, width: int) -> list[Ranked]:
    """The third party's line: who, and how far it has come; why not, when it came to nothing."""
    third = call.third
    if third is None:
        return []
    style = {
        ThirdState.JOINED: "bold $good",
        ThirdState.FAILED: "$bad",
        ThirdState.LEFT: "$dim",
    }.get(third.state, "$ring")
    since = third.since
    if third.joined is not None and third.state is not ThirdState.LEFT:
        since = third.joined
    said = tr(f"third.{third.state.value}", time=clocks.time_of_day(since))
    names, roles = (NAME_CELLS, ROLE_CELLS) if width >= ROOMY else (20, 9)
    role = tr(_ROLES.get(third.kind, "third.outside"))
    mark = glyphs().out + " "
    room = width - cell_len(mark) - cell_len(said) - 1
    name = third_name(third)
    shown = "$strong" if third.present else "$dim"
    rows: list[Ranked] = []
    if cell_len(name) > room:  # neither who it is nor how far it has come is cut for the other
        rows += [("third", row((mark, "$dim"), (fit(name, width - cell_len(mark)), shown)))]
        rows += [("third", row("  ", (said, style)))]
    else:
        roles *= names + roles <= room
        about = (fit(role, roles) if roles else "", "$dim")
        name = fit(name, max(min(names, room), cell_len(name)))
        rows += [("third", row((mark, "$dim"), (name + " ", shown), about, (said, style)))]
    # It has left: its own line says so, and since when. Else it was not reached, or could not be
    # taken out.
    if third.outcome is not None and third.state is not ThirdState.LEFT:
        rows.append(("failure", row(("  " + render(third.outcome), "$bad"))))
    return rows


def stays(call: Call, *, own: bool = False, lost: bool = False) -> Row:
    """Who stays if the agent hangs up now; `own`: at a PBX, where no platform does anything.
    `lost`: nothing that we say goes out, and what became of the call there is not known."""
    if call.state not in (CallState.TALKING, CallState.HOLDING):
        return ()
    if lost:
        return row((tr("stays.lost_own" if own else "stays.lost"), "$ring"))
    if call.transfer:
        words = "stays.transfer_own" if own else "stays.transfer"
        return row((tr(words, name=call.transfer), "$ring"))
    if call.joined:
        return row((tr("stays.joined"), "$dim"))
    if not has_third(call):
        return row((tr("stays.nobody"), "$dim"))
    assert call.third is not None
    sentence = tr(_STAYS[call.third.state])
    return row((tr("stays.warn"), "bold $ring"), (" " + sentence, "$ring"))


_STAYS: Final = {
    ThirdState.ASKED: "stays.coming",
    ThirdState.INVITED: "stays.coming",
    ThirdState.JOINED: "stays.together",
    ThirdState.LEAVING: "stays.together",
}


def asks(call: Call, key: str, width: int) -> list[Row]:
    """What the hang-up key will ask, each choice in one piece."""
    if not has_third(call) or not key:
        return []
    assert call.third is not None
    drop = "ask.drop_short" if call.third.joined is not None else "ask.cancel_short"
    id = "ask.short" if width >= ROOMY else "ask.shorter"
    first, *choices = re.split(r" {2,}", tr(id, drop=tr(drop, name=call.third.name)))
    groups = [row((key, "bold $key"), (first, "$dim")), *(row((each, "$dim")) for each in choices)]
    return flowing(groups, width, "   " if width >= ROOMY else "  ")


def tones(call: Call) -> Row:
    """The tones that were sent, and those that came: the last ones."""
    parts: list[tuple[str, str]] = []
    for said, digits in (
        (tr("tones.sent"), call.tones.sent),
        (tr("tones.received"), call.tones.received),
    ):
        if digits:
            cut = "…" if len(digits) > SENT_CELLS else ""
            gap = "   " if parts else ""
            parts += [(f"{gap}{said} ", "$dim"), (cut + digits[-SENT_CELLS:], "$strong")]
    return row(*parts)


def countdown(call: Call, clocks: Clocks, key: str, *, calm: bool = False) -> Row:
    """How long until the offer is answered by itself, and the key that stops it; `calm`: that it
    will be."""
    if call.auto_answer is None:
        return ()
    left = max(0, math.ceil(call.auto_answer - clocks.monotonic()))
    stop: Row = ()
    if key:
        stop = (("   ", ""), (key, "bold $ring"), (" " + tr("action.let_ring"), ""))
    said = tr("autoanswer.calm") if calm else tr("autoanswer.in", n=left)
    return (*row((said, "bold $ring")), *stop)


def pick_up(account: Account | None) -> Row:
    """Which phone rings, with line types 4 and 5: there is no sound here."""
    if account is None or account.callintype == VOIP:
        return ()
    id = "phone.pick_up_5" if account.callintype == 5 else "phone.pick_up_4"
    return row((tr(id, number=spaced(account.number)), "bold $ring"))


def own_phone(account: Account | None) -> str:
    """Where the voice is, for the heading, with line types 4 and 5; "" with VoIP."""
    if account is None or account.callintype == VOIP:
        return ""
    id = "phone.voice_5" if account.callintype == 5 else "phone.voice_4"
    return tr(id, number=spaced(account.number))
