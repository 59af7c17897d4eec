"""The tables of an audio leg, cell by cell."""

from __future__ import annotations

from itertools import product

import pytest

from tui.engine.audio.leg_machine import (
    LEG_TABLE,
    MOVE_WANTED,
    MOVES,
    OFFER_TABLE,
    WAITS,
    LegInput,
    LegPhase,
    OfferInput,
    OfferState,
    step_leg,
    step_offer,
)

S, I = OfferState, OfferInput  # noqa: E741 - as in the table
PARTS = {state: (state in WAITS, state in MOVES, state in MOVE_WANTED) for state in S}
"""Whether an offer waits, a move is under way, and a move is wanted."""
BY_PARTS = {parts: state for state, parts in PARTS.items()}


def expected(state: OfferState, given: OfferInput) -> OfferState:
    """What each input means to the three parts of a state."""
    waits, moves, wanted = PARTS[state]
    match given:
        case I.WANT:
            wanted = True
        case I.DROP:
            wanted = False
        case I.BEGIN:
            moves, wanted = wanted, False
        case I.SENT:
            waits = True
        case I.ANSWERED:
            waits = False
        case I.IN_FORCE:
            moves = False
        case I.REFUSED:
            waits, moves, wanted = False, False, wanted or moves
        case I.FAILED:
            moves, wanted = False, wanted or moves
    return BY_PARTS[waits, moves, wanted]


def test_the_eight_states_are_told_apart_by_their_three_parts() -> None:
    assert len(BY_PARTS) == len(S) == 8


@pytest.mark.parametrize(("state", "given"), list(product(S, I)))
def test_every_cell_of_the_offers_follows_from_what_the_input_means(
    state: OfferState, given: OfferInput
) -> None:
    assert step_offer(state, given) is expected(state, given)


def test_the_table_of_offers_lists_what_changes_something_and_no_more() -> None:
    assert all(state is not after for (state, _), after in OFFER_TABLE.items())


@pytest.mark.parametrize(
    ("phase", "after"),
    [
        (LegPhase.INVITED, LegPhase.UP),
        (LegPhase.CALLING, LegPhase.UP),
        (LegPhase.UP, LegPhase.UP),
    ],
)
def test_a_leg_is_up_once_its_invite_is_answered_from_either_side(
    phase: LegPhase, after: LegPhase
) -> None:
    assert step_leg(phase, LegInput.ANSWERED) is after
    assert ((phase, LegInput.ANSWERED) in LEG_TABLE) is (phase is not after)
