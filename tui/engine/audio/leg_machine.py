"""An audio leg as tables: how far its INVITE is, and what becomes of our offers inside the call.

The tables are the only place that decides which state follows which. An input that they do not list
for a state changes nothing.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class LegPhase(StrEnum):
    """How far the INVITE is."""

    INVITED = "invited"
    """Theirs waits for our answer."""
    CALLING = "calling"
    """Ours waits for theirs."""
    UP = "up"


class LegInput(StrEnum):
    """What can move a leg."""

    ANSWERED = "200 to the INVITE"


LEG_TABLE: Final[dict[tuple[LegPhase, LegInput], LegPhase]] = {
    (LegPhase.INVITED, LegInput.ANSWERED): LegPhase.UP,
    (LegPhase.CALLING, LegInput.ANSWERED): LegPhase.UP,
}


def step_leg(phase: LegPhase, given: LegInput) -> LegPhase:
    """The phase that follows; unchanged when the table lists nothing."""
    return LEG_TABLE.get((phase, given), phase)


class OfferState(StrEnum):
    """Our offers inside the call. A move is an offer with a new connection, from where this machine
    is now; one can be wanted at any time, and is made with the next offer."""

    STEADY = "steady"
    OFFERED = "offered"
    """An offer waits for its answer."""
    MOVING = "moving"
    """A move is made ready, or its answer is being put in force."""
    MOVE_OFFERED = "move offered"
    """A move waits for its answer."""
    WANTED = "steady, a move wanted"
    OFFERED_WANTED = "offered, a move wanted"
    MOVING_WANTED = "moving, another move wanted"
    MOVE_OFFERED_WANTED = "move offered, another move wanted"


class OfferInput(StrEnum):
    """What can happen to our offers."""

    WANT = "a move is wanted"
    DROP = "it is wanted no longer"
    BEGIN = "an offer is made ready"
    SENT = "our offer is sent"
    ANSWERED = "its answer is here"
    IN_FORCE = "the answer is in force"
    REFUSED = "refused, or not sent"
    FAILED = "the answer is of no use"


_S, _I = OfferState, OfferInput

OFFER_TABLE: Final[dict[tuple[OfferState, OfferInput], OfferState]] = {
    (_S.STEADY, _I.WANT): _S.WANTED,
    (_S.STEADY, _I.SENT): _S.OFFERED,
    (_S.OFFERED, _I.WANT): _S.OFFERED_WANTED,
    (_S.OFFERED, _I.ANSWERED): _S.STEADY,
    (_S.OFFERED, _I.REFUSED): _S.STEADY,
    (_S.MOVING, _I.WANT): _S.MOVING_WANTED,
    (_S.MOVING, _I.BEGIN): _S.STEADY,
    (_S.MOVING, _I.SENT): _S.MOVE_OFFERED,
    (_S.MOVING, _I.IN_FORCE): _S.STEADY,
    # A move that came to nothing is still wanted.
    (_S.MOVING, _I.REFUSED): _S.WANTED,
    (_S.MOVING, _I.FAILED): _S.WANTED,
    (_S.MOVE_OFFERED, _I.WANT): _S.MOVE_OFFERED_WANTED,
    (_S.MOVE_OFFERED, _I.BEGIN): _S.OFFERED,
    (_S.MOVE_OFFERED, _I.ANSWERED): _S.MOVING,
    (_S.MOVE_OFFERED, _I.IN_FORCE): _S.OFFERED,
    (_S.MOVE_OFFERED, _I.REFUSED): _S.WANTED,
    (_S.MOVE_OFFERED, _I.FAILED): _S.OFFERED_WANTED,
    (_S.WANTED, _I.DROP): _S.STEADY,
    (_S.WANTED, _I.BEGIN): _S.MOVING,
    (_S.WANTED, _I.SENT): _S.OFFERED_WANTED,
    (_S.OFFERED_WANTED, _I.DROP): _S.OFFERED,
    (_S.OFFERED_WANTED, _I.BEGIN): _S.MOVE_OFFERED,
    (_S.OFFERED_WANTED, _I.ANSWERED): _S.WANTED,
    (_S.OFFERED_WANTED, _I.REFUSED): _S.WANTED,
    (_S.MOVING_WANTED, _I.DROP): _S.MOVING,
    (_S.MOVING_WANTED, _I.BEGIN): _S.MOVING,
    (_S.MOVING_WANTED, _I.SENT): _S.MOVE_OFFERED_WANTED,
    (_S.MOVING_WANTED, _I.IN_FORCE): _S.WANTED,
    (_S.MOVING_WANTED, _I.REFUSED): _S.WANTED,
    (_S.MOVING_WANTED, _I.FAILED): _S.WANTED,
    (_S.MOVE_OFFERED_WANTED, _I.DROP): _S.MOVE_OFFERED,
    (_S.MOVE_OFFERED_WANTED, _I.BEGIN): _S.MOVE_OFFERED,
    (_S.MOVE_OFFERED_WANTED, _I.ANSWERED): _S.MOVING_WANTED,
    (_S.MOVE_OFFERED_WANTED, _I.IN_FORCE): _S.OFFERED_WANTED,
    (_S.MOVE_OFFERED_WANTED, _I.REFUSED): _S.WANTED,
    (_S.MOVE_OFFERED_WANTED, _I.FAILED): _S.OFFERED_WANTED,
}

WAITS: Final = frozenset({_S.OFFERED, _S.OFFERED_WANTED, _S.MOVE_OFFERED, _S.MOVE_OFFERED_WANTED})
"""An offer of ours waits for its answer."""
MOVES: Final = frozenset({_S.MOVING, _S.MOVING_WANTED, _S.MOVE_OFFERED, _S.MOVE_OFFERED_WANTED})
"""A move is under way."""
MOVE_WANTED: Final = frozenset(
    {_S.WANTED, _S.OFFERED_WANTED, _S.MOVING_WANTED, _S.MOVE_OFFERED_WANTED}
)
"""The next offer is a move."""


def step_offer(state: OfferState, given: OfferInput) -> OfferState:
    """The state that follows; unchanged when the table lists nothing."""
    return OFFER_TABLE.get((state, given), state)
