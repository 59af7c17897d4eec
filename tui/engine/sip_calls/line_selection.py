"""Which line is marked, and which number a line has: rules without anything else."""

from __future__ import annotations

from collections.abc import Sequence

from tui.port.machines.call_machine import CallState
from tui.port.snapshot import MOST_LINES, Call

_ACTIVE = (CallState.TALKING, CallState.ENDING)
_OUT = (CallState.DIALING, CallState.PROCEEDING)
_RINGS = (CallState.RINGING, CallState.ANSWERING, CallState.DECLINING)


def free_line(calls: Sequence[Call]) -> int | None:
    """The lowest line without a call; None when all are taken."""
    taken = {call.line for call in calls if call.live}
    return next((line for line in range(1, MOST_LINES + 1) if line not in taken), None)


def mark(calls: Sequence[Call], marked: str) -> str:
    """The key to mark: the one that is marked as long as it lives, which no new call changes;
    then the active line, else the one that rings longest, else one on hold, else the last that
    was marked."""
    live = [call for call in calls if call.live]
    if not live or any(call.key == marked for call in live):
        return marked
    for states in (_ACTIVE, _OUT, _RINGS):
        found = [call for call in live if call.state in states]
        if found:
            return min(found, key=lambda call: call.began).key
    return min(live, key=lambda call: call.began).key
