"""Every cell of the four transaction tables, restated from RFC 3261 §17 and RFC 6026 §7–8 in
rows of their own, so that the tables are not compared with themselves."""

from __future__ import annotations

import pytest

from tui.sip.errors import LocalProtocolError
from tui.sip.transaction.machines import (
    CLIENT,
    DURATION,
    INVITE_CLIENT,
    INVITE_SERVER,
    SERVER,
    Effect,
    Input,
    Machine,
    TransactionState,
)

ROWS = {
    INVITE_CLIENT.name: """
        CALLING     PROVISIONAL      PROCEEDING  DELIVER
        CALLING     SUCCESS          ACCEPTED    DELIVER
        CALLING     FAILURE          COMPLETED   ACK DELIVER
        CALLING     TIMER_B          TERMINATED  TIMED_OUT
        CALLING     TRANSPORT_ERROR  TERMINATED  FLOW_LOST
        PROCEEDING  PROVISIONAL      PROCEEDING  DELIVER
        PROCEEDING  SUCCESS          ACCEPTED    DELIVER
        PROCEEDING  FAILURE          COMPLETED   ACK DELIVER
        PROCEEDING  TRANSPORT_ERROR  TERMINATED  FLOW_LOST
        COMPLETED   FAILURE          COMPLETED   ACK
        COMPLETED   TIMER_D          TERMINATED
        COMPLETED   TRANSPORT_ERROR  TERMINATED
        ACCEPTED    SUCCESS          ACCEPTED    DELIVER
        ACCEPTED    TIMER_M          TERMINATED
        ACCEPTED    TRANSPORT_ERROR  TERMINATED
    """,
    CLIENT.name: """
        TRYING      PROVISIONAL      PROCEEDING  DELIVER
        TRYING      SUCCESS          COMPLETED   DELIVER
        TRYING      FAILURE          COMPLETED   DELIVER
        TRYING      TIMER_F          TERMINATED  TIMED_OUT
        TRYING      TRANSPORT_ERROR  TERMINATED  FLOW_LOST
        PROCEEDING  PROVISIONAL      PROCEEDING  DELIVER
        PROCEEDING  SUCCESS          COMPLETED   DELIVER
        PROCEEDING  FAILURE          COMPLETED   DELIVER
        PROCEEDING  TIMER_F          TERMINATED  TIMED_OUT
        PROCEEDING  TRANSPORT_ERROR  TERMINATED  FLOW_LOST
        COMPLETED   TIMER_K          TERMINATED
        COMPLETED   TRANSPORT_ERROR  TERMINATED
    """,
    INVITE_SERVER.name: """
        PROCEEDING  REQUEST           PROCEEDING  REPEAT
        PROCEEDING  SEND_PROVISIONAL  PROCEEDING  SEND
        PROCEEDING  SEND_SUCCESS      ACCEPTED    SEND
        PROCEEDING  SEND_FAILURE      COMPLETED   SEND
        PROCEEDING  TRANSPORT_ERROR   TERMINATED  FLOW_LOST
        COMPLETED   REQUEST           COMPLETED   REPEAT
        COMPLETED   ACK               CONFIRMED
        COMPLETED   TIMER_H           TERMINATED
        COMPLETED   TRANSPORT_ERROR   TERMINATED
        CONFIRMED   TIMER_I           TERMINATED
        CONFIRMED   TRANSPORT_ERROR   TERMINATED
        ACCEPTED    SEND_SUCCESS      ACCEPTED    SEND
        ACCEPTED    ACK               ACCEPTED    DELIVER
        ACCEPTED    TIMER_L           TERMINATED
        ACCEPTED    TRANSPORT_ERROR   TERMINATED
    """,
    SERVER.name: """
        TRYING      SEND_PROVISIONAL  PROCEEDING  SEND
        TRYING      SEND_SUCCESS      COMPLETED   SEND
        TRYING      SEND_FAILURE      COMPLETED   SEND
        TRYING      TRANSPORT_ERROR   TERMINATED  FLOW_LOST
        PROCEEDING  REQUEST           PROCEEDING  REPEAT
        PROCEEDING  SEND_PROVISIONAL  PROCEEDING  SEND
        PROCEEDING  SEND_SUCCESS      COMPLETED   SEND
        PROCEEDING  SEND_FAILURE      COMPLETED   SEND
        PROCEEDING  TRANSPORT_ERROR   TERMINATED  FLOW_LOST
        COMPLETED   REQUEST           COMPLETED   REPEAT
        COMPLETED   TIMER_J           TERMINATED
        COMPLETED   TRANSPORT_ERROR   TERMINATED
    """,
}
MACHINES = (INVITE_CLIENT, CLIENT, INVITE_SERVER, SERVER)
OURS = {Input.SEND_PROVISIONAL, Input.SEND_SUCCESS, Input.SEND_FAILURE}


def rows(
    machine: Machine,
) -> dict[tuple[TransactionState, Input], tuple[TransactionState, tuple[Effect, ...]]]:
    found = {}
    for line in ROWS[machine.name].split("\n"):
        if words := line.split():
            state, what, after, *effects = words
            cell = TransactionState[after], tuple(Effect[effect] for effect in effects)
            found[TransactionState[state], Input[what]] = cell
    return found


CELLS = [
    pytest.param(machine, state, what, id=f"{machine.name}-{state}-{what}")
    for machine in MACHINES
    for state in TransactionState
    for what in Input
]


@pytest.mark.parametrize(("machine", "state", "what"), CELLS)
def test_each_cell_is_what_the_rfc_says(
    machine: Machine, state: TransactionState, what: Input
) -> None:
    expected = rows(machine).get((state, what))
    if expected is not None:
        assert machine.step(state, what) == expected
    elif what in OURS:
        with pytest.raises(LocalProtocolError):
            machine.step(state, what)
    else:
        assert machine.step(state, what) == (state, ())


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_a_machine_starts_where_the_rfc_draws_its_arrow_in(machine: Machine) -> None:
    assert (
        machine.start
        is {
            INVITE_CLIENT.name: TransactionState.CALLING,
            CLIENT.name: TransactionState.TRYING,
            INVITE_SERVER.name: TransactionState.PROCEEDING,
            SERVER.name: TransactionState.TRYING,
        }[machine.name]
    )


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_nothing_leaves_terminated_and_no_timer_runs_there(machine: Machine) -> None:
    assert not any(state is TransactionState.TERMINATED for state, _ in machine.table)
    assert TransactionState.TERMINATED not in machine.timers


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_timer_that_runs_in_a_state_has_a_cell_there(machine: Machine) -> None:
    for state, timer in machine.timers.items():
        assert (state, timer) in machine.table


def test_over_a_reliable_transport_a_e_and_g_do_not_exist_and_d_i_j_k_are_zero() -> None:
    names = {name for name in Input.__members__ if name.startswith("TIMER_")}
    assert names == {f"TIMER_{letter}" for letter in "BDFHIJKLM"}
    zero = {what for what, seconds in DURATION.items() if seconds == 0}
    assert zero == {Input.TIMER_D, Input.TIMER_I, Input.TIMER_J, Input.TIMER_K}
    assert {DURATION[what] for what in DURATION if what not in zero} == {32.0}


def test_the_invite_client_has_no_timer_once_a_provisional_came() -> None:
    assert TransactionState.PROCEEDING not in INVITE_CLIENT.timers
