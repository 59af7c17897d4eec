"""The four transaction machines of RFC 3261 §17, as corrected by RFC 6026, as tables.

They are for a reliable transport: timers A, E and G never run and are no inputs here, D, I, J
and K are 0 s. A pair of state and input that a table does not list changes nothing when it came
from the wire, and is a LocalProtocolError when it came from us.

INVITE client       CALLING ─1xx─▶ PROCEEDING ─2xx─▶ ACCEPTED ─M─▶ TERMINATED
                       └── 3xx–6xx ──▶ COMPLETED ─D─▶ TERMINATED       (B: CALLING only)
other client        TRYING ─1xx─▶ PROCEEDING ─final─▶ COMPLETED ─K─▶ TERMINATED
INVITE server       PROCEEDING ─2xx─▶ ACCEPTED ─L─▶ TERMINATED
                       └─ 3xx–6xx ─▶ COMPLETED ─ACK─▶ CONFIRMED ─I─▶ TERMINATED    (H)
other server        TRYING ─1xx─▶ PROCEEDING ─final─▶ COMPLETED ─J─▶ TERMINATED
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tui.sip.errors import LocalProtocolError

T1: Final = 0.5
"""RFC 3261's estimate of a round trip, in seconds."""
T2: Final = 4.0
"""The longest pause between two repeats, in seconds."""


class State(StrEnum):
    CALLING = "calling"
    TRYING = "trying"
    PROCEEDING = "proceeding"
    ACCEPTED = "accepted"
    COMPLETED = "completed"
    CONFIRMED = "confirmed"
    TERMINATED = "terminated"


class Input(StrEnum):
    # from the wire
    PROVISIONAL = "1xx"
    SUCCESS = "2xx"
    FAILURE = "3xx-6xx"
    REQUEST = "request again"
    ACK = "ACK"
    # from us
    SEND_PROVISIONAL = "send 1xx"
    SEND_SUCCESS = "send 2xx"
    SEND_FAILURE = "send 3xx-6xx"
    # from the clock and the transport
    TIMER_B = "timer B"
    TIMER_D = "timer D"
    TIMER_F = "timer F"
    TIMER_H = "timer H"
    TIMER_I = "timer I"
    TIMER_J = "timer J"
    TIMER_K = "timer K"
    TIMER_L = "timer L"
    TIMER_M = "timer M"
    TRANSPORT_ERROR = "transport error"


_OURS: Final = frozenset({Input.SEND_PROVISIONAL, Input.SEND_SUCCESS, Input.SEND_FAILURE})


class Effect(StrEnum):
    DELIVER = "give it to the core"
    ACK = "send the ACK"
    SEND = "send the response"
    REPEAT = "send the last response again"
    TIMED_OUT = "tell the core of the time-out"
    FLOW_LOST = "tell the core of the lost flow"


DURATION: Final[Mapping[Input, float]] = {
    Input.TIMER_B: 64 * T1,
    Input.TIMER_D: 0.0,
    Input.TIMER_F: 64 * T1,
    Input.TIMER_H: 64 * T1,
    Input.TIMER_I: 0.0,
    Input.TIMER_J: 0.0,
    Input.TIMER_K: 0.0,
    Input.TIMER_L: 64 * T1,
    Input.TIMER_M: 64 * T1,
}
"""Seconds each timer runs over a reliable transport (RFC 3261 table 4, RFC 6026 §8)."""

Cell = tuple[State, tuple[Effect, ...]]


@dataclass(frozen=True, slots=True)
class Machine:
    """One table. `timers` says which timer runs in a state; it starts when the state is entered
    from one in which it does not run, and stops when the state is left for such a one."""

    name: str
    start: State
    timers: Mapping[State, Input]
    table: Mapping[tuple[State, Input], Cell]

    def step(self, state: State, what: Input) -> Cell:
        """The next state and what to do, in order. Raises LocalProtocolError for a response of
        ours that the state does not allow."""
        cell = self.table.get((state, what))
        if cell is not None:
            return cell
        if what in _OURS:
            raise LocalProtocolError(f"{self.name}: cannot {what} when {state}")
        return state, ()


INVITE_CLIENT: Final = Machine(
    "INVITE client transaction",
    State.CALLING,
    {
        State.CALLING: Input.TIMER_B,
        State.COMPLETED: Input.TIMER_D,
        State.ACCEPTED: Input.TIMER_M,
    },
    {
        (State.CALLING, Input.PROVISIONAL): (State.PROCEEDING, (Effect.DELIVER,)),
        (State.CALLING, Input.SUCCESS): (State.ACCEPTED, (Effect.DELIVER,)),
        (State.CALLING, Input.FAILURE): (State.COMPLETED, (Effect.ACK, Effect.DELIVER)),
        (State.CALLING, Input.TIMER_B): (State.TERMINATED, (Effect.TIMED_OUT,)),
        (State.CALLING, Input.TRANSPORT_ERROR): (State.TERMINATED, (Effect.FLOW_LOST,)),
        (State.PROCEEDING, Input.PROVISIONAL): (State.PROCEEDING, (Effect.DELIVER,)),
        (State.PROCEEDING, Input.SUCCESS): (State.ACCEPTED, (Effect.DELIVER,)),
        (State.PROCEEDING, Input.FAILURE): (State.COMPLETED, (Effect.ACK, Effect.DELIVER)),
        (State.PROCEEDING, Input.TRANSPORT_ERROR): (State.TERMINATED, (Effect.FLOW_LOST,)),
        (State.COMPLETED, Input.FAILURE): (State.COMPLETED, (Effect.ACK,)),
        (State.COMPLETED, Input.TIMER_D): (State.TERMINATED, ()),
        (State.COMPLETED, Input.TRANSPORT_ERROR): (State.TERMINATED, ()),
        # RFC 6026 §7.2: further 2xx (repeats, other forks) go up, the core ACKs each.
        (State.ACCEPTED, Input.SUCCESS): (State.ACCEPTED, (Effect.DELIVER,)),
        (State.ACCEPTED, Input.TIMER_M): (State.TERMINATED, ()),
        (State.ACCEPTED, Input.TRANSPORT_ERROR): (State.TERMINATED, ()),
    },
)

CLIENT: Final = Machine(
    "client transaction",
    State.TRYING,
    {
        State.TRYING: Input.TIMER_F,
        State.PROCEEDING: Input.TIMER_F,
        State.COMPLETED: Input.TIMER_K,
    },
    {
        (State.TRYING, Input.PROVISIONAL): (State.PROCEEDING, (Effect.DELIVER,)),
        (State.TRYING, Input.SUCCESS): (State.COMPLETED, (Effect.DELIVER,)),
        (State.TRYING, Input.FAILURE): (State.COMPLETED, (Effect.DELIVER,)),
        (State.TRYING, Input.TIMER_F): (State.TERMINATED, (Effect.TIMED_OUT,)),
        (State.TRYING, Input.TRANSPORT_ERROR): (State.TERMINATED, (Effect.FLOW_LOST,)),
        (State.PROCEEDING, Input.PROVISIONAL): (State.PROCEEDING, (Effect.DELIVER,)),
        (State.PROCEEDING, Input.SUCCESS): (State.COMPLETED, (Effect.DELIVER,)),
        (State.PROCEEDING, Input.FAILURE): (State.COMPLETED, (Effect.DELIVER,)),
        (State.PROCEEDING, Input.TIMER_F): (State.TERMINATED, (Effect.TIMED_OUT,)),
        (State.PROCEEDING, Input.TRANSPORT_ERROR): (State.TERMINATED, (Effect.FLOW_LOST,)),
        (State.COMPLETED, Input.TIMER_K): (State.TERMINATED, ()),
        (State.COMPLETED, Input.TRANSPORT_ERROR): (State.TERMINATED, ()),
    },
)

INVITE_SERVER: Final = Machine(
    "INVITE server transaction",
    State.PROCEEDING,
    {
        State.COMPLETED: Input.TIMER_H,
        State.CONFIRMED: Input.TIMER_I,
        State.ACCEPTED: Input.TIMER_L,
    },
    {
        (State.PROCEEDING, Input.REQUEST): (State.PROCEEDING, (Effect.REPEAT,)),
        (State.PROCEEDING, Input.SEND_PROVISIONAL): (State.PROCEEDING, (Effect.SEND,)),
        (State.PROCEEDING, Input.SEND_SUCCESS): (State.ACCEPTED, (Effect.SEND,)),
        (State.PROCEEDING, Input.SEND_FAILURE): (State.COMPLETED, (Effect.SEND,)),
        (State.PROCEEDING, Input.TRANSPORT_ERROR): (State.TERMINATED, (Effect.FLOW_LOST,)),
        (State.COMPLETED, Input.REQUEST): (State.COMPLETED, (Effect.REPEAT,)),
        (State.COMPLETED, Input.ACK): (State.CONFIRMED, ()),
        (State.COMPLETED, Input.TIMER_H): (State.TERMINATED, ()),
        (State.COMPLETED, Input.TRANSPORT_ERROR): (State.TERMINATED, ()),
        (State.CONFIRMED, Input.TIMER_I): (State.TERMINATED, ()),
        (State.CONFIRMED, Input.TRANSPORT_ERROR): (State.TERMINATED, ()),
        # RFC 6026 §7.1: the core repeats its 2xx, and gets an ACK that came by this branch.
        (State.ACCEPTED, Input.SEND_SUCCESS): (State.ACCEPTED, (Effect.SEND,)),
        (State.ACCEPTED, Input.ACK): (State.ACCEPTED, (Effect.DELIVER,)),
        (State.ACCEPTED, Input.TIMER_L): (State.TERMINATED, ()),
        (State.ACCEPTED, Input.TRANSPORT_ERROR): (State.TERMINATED, ()),
    },
)

SERVER: Final = Machine(
    "server transaction",
    State.TRYING,
    {State.COMPLETED: Input.TIMER_J},
    {
        (State.TRYING, Input.SEND_PROVISIONAL): (State.PROCEEDING, (Effect.SEND,)),
        (State.TRYING, Input.SEND_SUCCESS): (State.COMPLETED, (Effect.SEND,)),
        (State.TRYING, Input.SEND_FAILURE): (State.COMPLETED, (Effect.SEND,)),
        (State.TRYING, Input.TRANSPORT_ERROR): (State.TERMINATED, (Effect.FLOW_LOST,)),
        (State.PROCEEDING, Input.REQUEST): (State.PROCEEDING, (Effect.REPEAT,)),
        (State.PROCEEDING, Input.SEND_PROVISIONAL): (State.PROCEEDING, (Effect.SEND,)),
        (State.PROCEEDING, Input.SEND_SUCCESS): (State.COMPLETED, (Effect.SEND,)),
        (State.PROCEEDING, Input.SEND_FAILURE): (State.COMPLETED, (Effect.SEND,)),
        (State.PROCEEDING, Input.TRANSPORT_ERROR): (State.TERMINATED, (Effect.FLOW_LOST,)),
        (State.COMPLETED, Input.REQUEST): (State.COMPLETED, (Effect.REPEAT,)),
        (State.COMPLETED, Input.TIMER_J): (State.TERMINATED, ()),
        (State.COMPLETED, Input.TRANSPORT_ERROR): (State.TERMINATED, ()),
    },
)
