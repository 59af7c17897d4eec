"""Supervising: the group's live calls, what may be asked about one, and which state follows.

The states are the specification's (0 none, 1 listening, 2 joined); who supervises asks `Supervise`,
whatever carries it out. As in `call_machine` the table alone decides which state follows which.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Final

from tui.plain_value import PlainValue
from tui.port.values import Leg, Message


class SuperviseState(IntEnum):
    """Where a supervisor stands."""

    NONE = 0
    LISTENING = 1
    """Hears all, is heard by nobody, and nobody is told."""
    JOINED = 2
    """Hears all and is heard by all."""
    WHISPERING = 3
    """Hears all and is heard by the agent alone. Ours: the specification has no such state."""


class SuperviseHow(StrEnum):
    """What a supervisor asks for."""

    LISTEN = "listen"
    WHISPER = "whisper"
    """Be heard by the agent alone."""
    JOIN = "join"
    LEAVE = "leave"
    """Stop listening, or leave the call one has joined: it goes on."""
    END = "end"
    """End the whole call, for everybody in it."""


class SuperviseInput(StrEnum):
    """What can move a supervisor."""

    LISTENS = "listen done"
    WHISPERS = "whisper done"
    JOINS = "join done"
    LEAVES = "leave done"
    CALL_OVER = "the call is over"
    SOUND_GONE = "no sound came, or it is gone"
    SESSION_ENDED = "signed out or kicked"


_S, _I = SuperviseState, SuperviseInput

SUPERVISE_TABLE: Final[dict[tuple[SuperviseState, SuperviseInput], SuperviseState]] = {
    (_S.NONE, _I.LISTENS): _S.LISTENING,
    (_S.LISTENING, _I.JOINS): _S.JOINED,
    (_S.LISTENING, _I.WHISPERS): _S.WHISPERING,
    (_S.WHISPERING, _I.JOINS): _S.JOINED,
    **{
        (state, given): _S.NONE
        for state in (_S.LISTENING, _S.WHISPERING, _S.JOINED)
        for given in (_I.LEAVES, _I.CALL_OVER, _I.SOUND_GONE, _I.SESSION_ENDED)
    },
}
MAY_ASK: Final[dict[SuperviseState, tuple[SuperviseHow, ...]]] = {
    _S.NONE: (SuperviseHow.LISTEN, SuperviseHow.END),
    _S.LISTENING: (
        SuperviseHow.WHISPER,
        SuperviseHow.JOIN,
        SuperviseHow.LEAVE,
        SuperviseHow.END,
    ),
    _S.WHISPERING: (SuperviseHow.JOIN, SuperviseHow.LEAVE, SuperviseHow.END),
    _S.JOINED: (SuperviseHow.LEAVE, SuperviseHow.END),
}
"""What may be asked in which state, about the call that is supervised (specification, 1.5)."""


PLATFORM_WAYS: Final = (
    SuperviseHow.LISTEN,
    SuperviseHow.JOIN,
    SuperviseHow.LEAVE,
    SuperviseHow.END,
)
"""What a platform takes."""


def step_supervise(state: SuperviseState, given: SuperviseInput) -> SuperviseState:
    """The state that follows; unchanged when the table lists nothing."""
    return SUPERVISE_TABLE.get((state, given), state)


class GroupCall(PlainValue, frozen=True):
    """A live call of the group, as it was told. `key` names it in `Supervise`; `since` is when we
    heard of it, which is when it began."""

    key: str
    caller: str
    callee: str
    since: float
    agent: str = ""
    """The extension in it; "" where none is."""
    certain: bool = True
    """False once the line was lost: that it is over may have gone by unheard."""


class Supervision(PlainValue, frozen=True):
    """Where the supervisor stands: `call` is the key of the call, and `agent` and `customer` who
    is in it, for display."""

    state: SuperviseState = SuperviseState.NONE
    call: str = ""
    agent: str = ""
    customer: str = ""
    since: float = 0.0
    pending: str = ""
    """What was asked for and is not answered yet: a `SuperviseHow`, or ""."""
    leg: Leg = Leg.NONE
    outcome: Message | None = None
    """Why it is over, in words."""
    ways: tuple[SuperviseHow, ...] = PLATFORM_WAYS
    """What the other side takes at all."""

    @property
    def may_ask(self) -> tuple[SuperviseHow, ...]:
        """What may be asked now about the call that is supervised, or about any where none is."""
        return tuple(how for how in MAY_ASK[self.state] if how in self.ways)
