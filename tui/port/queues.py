"""The queues of a PBX that the agent works in: what each has confirmed, and what is asked of it.

As in `call_machine` the tables alone decide which state follows which. Only what a queue says
itself moves its state; what is asked moves `QueueAsk`, and is over when the queue's word confirms
it, or when it is given up.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from tui.plain_value import PlainValue, replace
from tui.port.values import Message


class QueueState(StrEnum):
    """What a queue has confirmed."""

    UNKNOWN = "unknown"
    """Nothing, on this connection."""
    OUT = "out"
    IN = "in"
    """Its calls may come."""
    PAUSED = "paused"
    """A member, who gets no calls."""


class QueueAsk(StrEnum):
    """What was asked of a queue, and is not confirmed yet."""

    NONE = ""
    LOG_IN = "log-in"
    LOG_OUT = "log-out"
    PAUSE = "pause"
    UNPAUSE = "unpause"


class QueueCause(StrEnum):
    """Why a queue's state is as it is."""

    NONE = ""
    """It is not known, or the queue was found so."""
    AGENT = "agent"
    """The agent's own wish."""
    UNANSWERED = "unanswered"
    """The queue's own doing, after a call that nobody answered here."""
    QUEUE = "queue"
    """The queue's own doing, or somebody else's there."""


class QueueInput(StrEnum):
    """What can move a queue's state, or what is asked of it."""

    SAYS_OUT = "its hint: out"
    SAYS_IN = "its hint: in, not paused"
    SAYS_PAUSED = "its hint: paused"
    SILENT = "its hint is confirmed no longer"
    LOG_IN = "log-in dialled"
    LOG_OUT = "log-out dialled"
    PAUSE = "pause dialled"
    UNPAUSE = "unpause dialled"
    GIVEN_UP = "not confirmed in time"


_S, _A, _I = QueueState, QueueAsk, QueueInput
_SAID: Final = {
    _I.SAYS_OUT: _S.OUT,
    _I.SAYS_IN: _S.IN,
    _I.SAYS_PAUSED: _S.PAUSED,
    _I.SILENT: _S.UNKNOWN,
}
_DIALLED: Final = {
    _I.LOG_IN: _A.LOG_IN,
    _I.LOG_OUT: _A.LOG_OUT,
    _I.PAUSE: _A.PAUSE,
    _I.UNPAUSE: _A.UNPAUSE,
}

QUEUE_TABLE: Final[dict[tuple[QueueState, QueueInput], QueueState]] = {
    (state, given): said for state in _S for given, said in _SAID.items()
}
ASK_TABLE: Final[dict[tuple[QueueAsk, QueueInput], QueueAsk]] = {
    **{(ask, given): asked for ask in _A for given, asked in _DIALLED.items()},
    **{(ask, _I.GIVEN_UP): _A.NONE for ask in _A},
    (_A.LOG_IN, _I.SAYS_IN): _A.NONE,
    (_A.LOG_IN, _I.SAYS_PAUSED): _A.NONE,
    (_A.LOG_OUT, _I.SAYS_OUT): _A.NONE,
    (_A.PAUSE, _I.SAYS_PAUSED): _A.NONE,
    # Out, there is nothing left to pause, nor to end a pause in.
    (_A.PAUSE, _I.SAYS_OUT): _A.NONE,
    (_A.UNPAUSE, _I.SAYS_IN): _A.NONE,
    (_A.UNPAUSE, _I.SAYS_OUT): _A.NONE,
}
CONFIRMS: Final = {
    _A.LOG_IN: (_S.IN, _S.PAUSED),
    _A.LOG_OUT: (_S.OUT,),
    _A.PAUSE: (_S.PAUSED,),
    _A.UNPAUSE: (_S.IN,),
}
"""The states that are what was asked for."""


def step_queue(state: QueueState, given: QueueInput) -> QueueState:
    """The state that follows; unchanged when the table lists nothing."""
    return QUEUE_TABLE.get((state, given), state)


def step_ask(ask: QueueAsk, given: QueueInput) -> QueueAsk:
    """What is still asked; unchanged when the table lists nothing."""
    return ASK_TABLE.get((ask, given), ask)


class AgentQueue(PlainValue, frozen=True):
    """One queue. `since` is when `state` began, as far as this phone knows."""

    name: str
    state: QueueState = QueueState.UNKNOWN
    since: float = 0.0
    ask: QueueAsk = QueueAsk.NONE
    cause: QueueCause = QueueCause.NONE
    reason: Message | None = None
    """What the agent paused it for; None where that has no name."""
    free: bool | None = None
    """Whether somebody in it is free, as its lamp says; None: it has none, or nothing is
    confirmed."""
    failure: Message | None = None
    """Why the last wish was not confirmed."""

    def step(self, given: QueueInput, now: float) -> AgentQueue:
        """The same after this."""
        state, ask = step_queue(self.state, given), step_ask(self.ask, given)
        if state is self.state:
            return replace(self, ask=ask)
        return replace(self, state=state, ask=ask, since=now, cause=QueueCause.NONE, reason=None)
