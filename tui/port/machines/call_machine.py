"""A call as tables: its own state, what was asked about holding, the sound of a SIP line, and its
third party: which state follows which input.

The tables are the only place that decides which state follows which. An input that they do not list
for a state changes nothing: the step returns the state it was given, and the engine logs it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class CallState(StrEnum):
    """One call, from the agent's side."""

    DIALING = "dialing"
    """`call` sent; the platform has not replied."""
    PROCEEDING = "proceeding"
    """The platform took the call (201, 301 with 200) and rings the other side."""
    RINGING = "ringing"
    ANSWERING = "answering"
    """`answer` sent; 104 not here yet."""
    TALKING = "talking"
    HOLDING = "holding"
    ENDING = "ending"
    """Hang-up sent; 105 not here yet."""
    DECLINING = "declining"
    """Hang-up of an offer sent; 101 not here yet."""
    ENDED = "ended"


class CallInput(StrEnum):
    """What can move a call. Inputs named after messages carry the message's number."""

    ACCEPTED = "201/301 with 200"
    REFUSED = "201/301 with another r"
    NOT_ANSWERED = "309"
    OFFERED = "100"
    CANCELLED = "101"
    ANSWERED = "104"
    ENDED = "105"
    TRANSFERRED = "38, then 5 s without a 105"
    ANSWER_SENT = "answer sent"
    ANSWER_FAILED = "no 200 to the answer"
    HANGUP_SENT = "hang-up sent"
    HANGUP_FAILED = "no 200 to the decline"
    HOLD_CONFIRMED = "200 to the hold"
    RESUME_CONFIRMED = "200 to the resume"
    NO_REPLY = "nothing came in time"
    SESSION_ENDED = "signed out or kicked"


_S, _I = CallState, CallInput
_ENDINGS: Final = (_I.ENDED, _I.SESSION_ENDED)

CALL_TABLE: Final[dict[tuple[CallState, CallInput], CallState]] = {
    (_S.DIALING, _I.ACCEPTED): _S.PROCEEDING,
    (_S.DIALING, _I.REFUSED): _S.ENDED,
    (_S.DIALING, _I.NOT_ANSWERED): _S.ENDED,
    (_S.DIALING, _I.NO_REPLY): _S.ENDED,
    (_S.DIALING, _I.HANGUP_SENT): _S.ENDING,
    (_S.PROCEEDING, _I.ANSWERED): _S.TALKING,
    (_S.PROCEEDING, _I.NOT_ANSWERED): _S.ENDED,
    (_S.PROCEEDING, _I.REFUSED): _S.ENDED,
    (_S.PROCEEDING, _I.HANGUP_SENT): _S.ENDING,
    (_S.RINGING, _I.CANCELLED): _S.ENDED,
    (_S.RINGING, _I.ANSWER_SENT): _S.ANSWERING,
    (_S.RINGING, _I.ANSWERED): _S.TALKING,
    (_S.RINGING, _I.HANGUP_SENT): _S.DECLINING,
    (_S.ANSWERING, _I.ANSWERED): _S.TALKING,
    (_S.ANSWERING, _I.ANSWER_FAILED): _S.RINGING,
    (_S.ANSWERING, _I.CANCELLED): _S.ENDED,
    (_S.ANSWERING, _I.HANGUP_SENT): _S.ENDING,
    (_S.ANSWERING, _I.NO_REPLY): _S.ENDED,
    (_S.TALKING, _I.HOLD_CONFIRMED): _S.HOLDING,
    (_S.TALKING, _I.HANGUP_SENT): _S.ENDING,
    (_S.TALKING, _I.TRANSFERRED): _S.ENDED,
    (_S.HOLDING, _I.RESUME_CONFIRMED): _S.TALKING,
    (_S.HOLDING, _I.HANGUP_SENT): _S.ENDING,
    (_S.HOLDING, _I.TRANSFERRED): _S.ENDED,
    (_S.ENDING, _I.NO_REPLY): _S.ENDED,
    (_S.ENDING, _I.REFUSED): _S.ENDED,
    (_S.ENDING, _I.NOT_ANSWERED): _S.ENDED,
    (_S.ENDING, _I.CANCELLED): _S.ENDED,
    (_S.DECLINING, _I.CANCELLED): _S.ENDED,
    (_S.DECLINING, _I.NO_REPLY): _S.ENDED,
    (_S.DECLINING, _I.HANGUP_FAILED): _S.RINGING,
    (_S.ENDED, _I.OFFERED): _S.RINGING,
    **{(state, given): _S.ENDED for state in _S if state is not _S.ENDED for given in _ENDINGS},
}
"""A repeated 100 (RINGING, OFFERED) changes nothing, so it is not listed; after its 101 the
same ccNumber is offered again (ENDED, OFFERED): platform.md, "Edges"."""


def step_call(state: CallState, given: CallInput) -> CallState:
    """The state that follows; unchanged when the table lists nothing."""
    return CALL_TABLE.get((state, given), state)


# ---------------------------------------------------------------- a hang-up, and holding


def step_beneath(before: CallState, given: CallInput) -> CallState:
    """How far a call comes whose hang-up is not confirmed yet: it stands there should the hang-up
    fail. It never ends there, since the end is told of the call itself."""
    after = step_call(before, given)
    return before if after is CallState.ENDED else after


class HoldRequest(StrEnum):
    """What the other side was asked about holding and has not confirmed."""

    NONE = ""
    HOLD = "hold"
    RESUME = "resume"


class HoldInput(StrEnum):
    """What can move a request about holding."""

    HOLD_SENT = "hold sent"
    RESUME_SENT = "resume sent"
    SETTLED = "confirmed, refused, or overtaken"


_H = HoldRequest

HOLD_TABLE: Final[dict[tuple[HoldRequest, HoldInput], HoldRequest]] = {
    (_H.NONE, HoldInput.HOLD_SENT): _H.HOLD,
    (_H.NONE, HoldInput.RESUME_SENT): _H.RESUME,
    (_H.HOLD, HoldInput.SETTLED): _H.NONE,
    (_H.RESUME, HoldInput.SETTLED): _H.NONE,
}
"""One request at a time: another waits until the first is settled."""


def step_hold(request: HoldRequest, given: HoldInput) -> HoldRequest:
    """What is asked then; unchanged when the table lists nothing."""
    return HOLD_TABLE.get((request, given), request)


# ---------------------------------------------------------------- the sound of a SIP line


class LineSound(StrEnum):
    """What a SIP line carries besides two people who talk."""

    PLAIN = "plain"
    EARLY = "early"
    """The network's own sound before the answer (RFC 3960)."""
    JOINED = "joined"
    """Mixed here with the other joined lines into one conversation."""
    PEER_HOLDS = "peer holds"
    """The other side has put the call on hold; our own hold is the call's state."""
    JOINED_PEER_HOLDS = "joined, and the peer holds"


class LineSoundInput(StrEnum):
    """What can change it."""

    EARLY_MEDIA = "sound before the answer"
    ANSWERED = "the call is up"
    JOINED = "mixed with the others"
    PARTED = "taken out of the mix"
    PEER_HELD = "the peer holds"
    PEER_RESUMED = "the peer holds no longer"
    REPLACED = "somebody took the place of the peer"


_L, _D = LineSound, LineSoundInput

LINE_SOUND_TABLE: Final[dict[tuple[LineSound, LineSoundInput], LineSound]] = {
    (_L.PLAIN, _D.EARLY_MEDIA): _L.EARLY,
    (_L.PLAIN, _D.JOINED): _L.JOINED,
    (_L.PLAIN, _D.PEER_HELD): _L.PEER_HOLDS,
    (_L.EARLY, _D.ANSWERED): _L.PLAIN,
    (_L.EARLY, _D.REPLACED): _L.PLAIN,
    (_L.JOINED, _D.PARTED): _L.PLAIN,
    (_L.JOINED, _D.PEER_HELD): _L.JOINED_PEER_HOLDS,
    (_L.PEER_HOLDS, _D.JOINED): _L.JOINED_PEER_HOLDS,
    (_L.PEER_HOLDS, _D.PEER_RESUMED): _L.PLAIN,
    (_L.PEER_HOLDS, _D.REPLACED): _L.PLAIN,
    (_L.JOINED_PEER_HOLDS, _D.PARTED): _L.PEER_HOLDS,
    (_L.JOINED_PEER_HOLDS, _D.PEER_RESUMED): _L.JOINED,
    (_L.JOINED_PEER_HOLDS, _D.REPLACED): _L.JOINED,
}

JOINED_SOUNDS: Final = frozenset({_L.JOINED, _L.JOINED_PEER_HOLDS})
"""The line is in the mix."""
PEER_HOLDS_SOUNDS: Final = frozenset({_L.PEER_HOLDS, _L.JOINED_PEER_HOLDS})
"""The other side holds."""


def step_line_sound(sound: LineSound, given: LineSoundInput) -> LineSound:
    """What the line carries then; unchanged when the table lists nothing."""
    return LINE_SOUND_TABLE.get((sound, given), sound)


# ---------------------------------------------------------------- the third party


class ThirdState(StrEnum):
    """The third party of a three-way call."""

    ASKED = "asked"
    """The request is sent; the platform has not taken it."""
    INVITED = "invited"
    """The platform rings the third party; both others hear ringing."""
    JOINED = "joined"
    LEAVING = "leaving"
    """Type 4 sent: the platform takes the third party out, or stops calling it."""
    FAILED = "failed"
    LEFT = "left"


class ThirdInput(StrEnum):
    """What can move a third party."""

    ACCEPTED = "result 0"
    REFUSED = "result 1"
    JOINED = "event 0"
    FAILED = "event 1"
    LEFT = "event 2"
    END_SENT = "type 4 sent"
    END_ACCEPTED = "result 0 to type 4"
    NO_REPLY = "nothing came in time"


_T, _N = ThirdState, ThirdInput

THIRD_TABLE: Final[dict[tuple[ThirdState, ThirdInput], ThirdState]] = {
    (_T.ASKED, _N.ACCEPTED): _T.INVITED,
    (_T.ASKED, _N.REFUSED): _T.FAILED,
    (_T.ASKED, _N.NO_REPLY): _T.FAILED,
    (_T.ASKED, _N.JOINED): _T.JOINED,
    (_T.ASKED, _N.FAILED): _T.FAILED,
    (_T.ASKED, _N.LEFT): _T.LEFT,
    (_T.INVITED, _N.JOINED): _T.JOINED,
    (_T.INVITED, _N.FAILED): _T.FAILED,
    (_T.INVITED, _N.LEFT): _T.LEFT,
    (_T.INVITED, _N.END_SENT): _T.LEAVING,
    (_T.JOINED, _N.LEFT): _T.LEFT,
    (_T.JOINED, _N.END_SENT): _T.LEAVING,
    # Result 0 means that the third is out, or no longer called; event 2 in that time counts
    # too (platform.md, "Edges"). Without either the engine puts back what was before.
    (_T.LEAVING, _N.END_ACCEPTED): _T.LEFT,
    (_T.LEAVING, _N.LEFT): _T.LEFT,
    (_T.LEAVING, _N.FAILED): _T.LEFT,
    # An answer that comes after all: the third is rung, or is in, whatever was said here before.
    # To think it absent would let a hang-up leave the others together by accident.
    (_T.FAILED, _N.ACCEPTED): _T.INVITED,
    (_T.FAILED, _N.JOINED): _T.JOINED,
}


def step_third(state: ThirdState, given: ThirdInput) -> ThirdState:
    """The state that follows; unchanged when the table lists nothing."""
    return THIRD_TABLE.get((state, given), state)
