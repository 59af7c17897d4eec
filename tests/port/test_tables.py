"""The tables of the port's machines, cell by cell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest

from tui.port import queues, supervision
from tui.port.machines import call_machine as calls
from tui.port.machines import seat_machine as seats

Machine = tuple[
    Callable[[Any, Any], Any], Mapping[tuple[Any, Any], Any], Iterable[Any], Iterable[Any]
]
"""What steps, its table, its states and its inputs."""

MACHINES: dict[str, Machine] = {
    "seat": (seats.step_seat, seats.SEAT_TABLE, seats.Status, seats.SeatInput),
    "call": (calls.step_call, calls.CALL_TABLE, calls.CallState, calls.CallInput),
    "hold": (calls.step_hold, calls.HOLD_TABLE, calls.HoldRequest, calls.HoldInput),
    "sound": (
        calls.step_line_sound,
        calls.LINE_SOUND_TABLE,
        calls.LineSound,
        calls.LineSoundInput,
    ),
    "third": (calls.step_third, calls.THIRD_TABLE, calls.ThirdState, calls.ThirdInput),
    "supervise": (
        supervision.step_supervise,
        supervision.SUPERVISE_TABLE,
        supervision.SuperviseState,
        supervision.SuperviseInput,
    ),
    "queue": (queues.step_queue, queues.QUEUE_TABLE, queues.QueueState, queues.QueueInput),
    "ask": (queues.step_ask, queues.ASK_TABLE, queues.QueueAsk, queues.QueueInput),
}


@pytest.mark.parametrize("machine", MACHINES)
def test_every_cell_of_a_table_leads_where_it_says_or_nowhere(machine: str) -> None:
    step, table, states, inputs = MACHINES[machine]
    for state in states:
        for given in inputs:
            assert step(state, given) is table.get((state, given), state), (state, given)
