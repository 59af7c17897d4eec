"""The tables of the queues, cell by cell, and one queue as it goes through them."""

from __future__ import annotations

from tui.port.queues import (
    CONFIRMS,
    AgentQueue,
    QueueAsk,
    QueueCause,
    QueueInput,
    QueueState,
    step_ask,
    step_queue,
)
from tui.port.values import message

S, A, I = QueueState, QueueAsk, QueueInput  # noqa: E741 - as the tables have them


def test_what_is_asked_never_moves_the_state() -> None:
    for given_ in (I.LOG_IN, I.LOG_OUT, I.PAUSE, I.UNPAUSE, I.GIVEN_UP):
        assert {step_queue(state, given_) for state in S} == set(S)


def test_only_the_states_that_confirm_a_wish_end_it() -> None:
    said = {S.OUT: I.SAYS_OUT, S.IN: I.SAYS_IN, S.PAUSED: I.SAYS_PAUSED}
    for ask, confirming in CONFIRMS.items():
        for state in confirming:
            assert step_ask(ask, said[state]) is A.NONE
    assert step_ask(A.PAUSE, I.SAYS_IN) is A.PAUSE
    assert step_ask(A.UNPAUSE, I.SAYS_PAUSED) is A.UNPAUSE
    assert step_ask(A.LOG_IN, I.SAYS_OUT) is A.LOG_IN
    assert step_ask(A.LOG_OUT, I.SAYS_PAUSED) is A.LOG_OUT


def test_a_wish_outlives_a_lost_connection_and_ends_when_it_is_given_up() -> None:
    for ask in A:
        assert step_ask(ask, I.SILENT) is ask
        assert step_ask(ask, I.GIVEN_UP) is A.NONE


def test_the_cause_and_the_reason_go_with_the_state_that_they_were_about() -> None:
    queue = AgentQueue("Support").step(I.SAYS_IN, 1.0)
    assert (queue.state, queue.since) == (S.IN, 1.0)
    asked = queue.step(I.PAUSE, 2.0)
    assert (asked.state, asked.ask, asked.since) == (S.IN, A.PAUSE, 1.0)
    paused = asked.step(I.SAYS_PAUSED, 3.0)
    assert (paused.state, paused.ask, paused.since) == (S.PAUSED, A.NONE, 3.0)
    lunch = AgentQueue(
        "Support", S.PAUSED, cause=QueueCause.AGENT, reason=message("seat.break", name="Lunch")
    )
    assert lunch.step(I.SAYS_PAUSED, 4.0) == lunch
    back = lunch.step(I.SAYS_IN, 5.0)
    assert (back.cause, back.reason) == (QueueCause.NONE, None)
