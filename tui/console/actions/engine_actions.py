"""The actions that are one command to the engine.

Where there can be several calls, a command names the one that stood under the mark when the key
went down, whatever has moved since (`which_call`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.console.actions import conditions as when
from tui.console.view import View
from tui.port.commands import (
    Answer,
    CallMailbox,
    CannotTake,
    CloseCall,
    Command,
    FinishWrapUp,
    HangUp,
    Hold,
    JoinLines,
    KeepWrapUpOpen,
    MarkLine,
    Mute,
    ParkCall,
    RebuildAudio,
    Resume,
    SetNextStatus,
    SetStatus,
    StopAutoAnswer,
)
from tui.port.machines.call_machine import CallState
from tui.port.machines.seat_machine import Status
from tui.port.values import NextStatus, StatusWanted

if TYPE_CHECKING:
    from tui.console.desk import Desk


def which_call(view: View) -> str:
    """The ccNumber of the call that a command is about; "" where there is one call at most."""
    call = view.snapshot.call
    return call.ccnumber if call is not None and when.own_lines(view) else ""


def answer(desk: Desk) -> None:
    """F5."""
    desk.calls.answer(Answer(ccnumber=which_call(desk.view)))


def hold(desk: Desk) -> None:
    """F6: hold the call, or take it off hold."""
    command = Resume if when.state_of(desk.view) is CallState.HOLDING else Hold
    desk.send(command(ccnumber=which_call(desk.view)))


def mute(desk: Desk) -> None:
    """F7: cut the microphone, or open it again."""
    call = desk.view.snapshot.call
    muted = call is not None and call.muted
    desk.send(Mute(on=not muted, ccnumber=which_call(desk.view)))


def hang_up(view: View) -> Command:
    """F8, where nobody else would stay in the call."""
    return HangUp(ccnumber=which_call(view))


def cannot_take(desk: Desk) -> None:
    """F12."""
    desk.send(CannotTake(ccnumber=which_call(desk.view)))


def close_call(desk: Desk) -> None:
    """Close a call whose sound and signalling are both gone."""
    desk.send(CloseCall(ccnumber=which_call(desk.view)))


def let_ring(desk: Desk) -> None:
    """Stop the countdown to the automatic answer."""
    desk.send(StopAutoAnswer(ccnumber=which_call(desk.view)))


def mark_next_line(desk: Desk) -> None:
    """Mark the line below; after the last the first."""
    snapshot = desk.view.snapshot
    lines = sorted((call for call in snapshot.calls if call.live), key=lambda call: call.line)
    if lines:
        marked = snapshot.call
        at = next((n for n, call in enumerate(lines) if call is marked), -1)
        desk.send(MarkLine(key=lines[(at + 1) % len(lines)].key))


def join(desk: Desk) -> None:
    """Join the lines here, or part them again."""
    desk.send(JoinLines(on=not when.joined(desk.view)))


def switch_status(desk: Desk) -> None:
    """F9: end the write-up, or change between idle and busy; for which break is asked."""
    if when.writing_up(desk.view):
        desk.send(FinishWrapUp())
    elif desk.view.snapshot.seat.status is Status.BUSY:
        desk.send(SetStatus(StatusWanted.IDLE))
    elif desk.view.snapshot.breaks:
        desk.work.choose_break()
    else:
        desk.send(SetStatus(StatusWanted.BUSY))


def keep_open(desk: Desk) -> None:
    """Stop the countdown of the write-up."""
    desk.send(KeepWrapUpOpen())


def set_next_status(desk: Desk) -> None:
    """Set the status that follows this call."""
    busy_next = desk.view.snapshot.next_status == NextStatus.BUSY
    desk.send(SetNextStatus(StatusWanted.IDLE if busy_next else StatusWanted.BUSY))


def park(desk: Desk) -> None:
    """Have the call wait in a slot of the PBX."""
    desk.send(ParkCall(ccnumber=which_call(desk.view)))


def call_mailbox(desk: Desk) -> None:
    """Hear what waits in the mailbox."""
    desk.send(CallMailbox())


def rebuild(desk: Desk) -> None:
    """Build the sound of the call again."""
    desk.send(RebuildAudio(ccnumber=which_call(desk.view)))
