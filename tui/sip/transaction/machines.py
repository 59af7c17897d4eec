"""The four transaction machines of RFC 3261 §17, as corrected by RFC 6026, as tables.

Theory of operation. A transaction is one request and its answers. The client side waits for a final
answer and tells of it; the server side keeps its last response, to send it again when the request
comes again. After the end each lingers for a timer, so that late repeats find it and not the user.
`transaction_layer.py` feeds the tables: an input moves the state and yields effects; `timers` says
which timer belongs to a state.

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


class TransactionState(StrEnum):
    """The states of RFC 3261 §17, with RFC 6026's ACCEPTED."""

    CALLING = "calling"
    TRYING = "trying"
    PROCEEDING = "proceeding"
    ACCEPTED = "accepted"
    COMPLETED = "completed"
    CONFIRMED = "confirmed"
    TERMINATED = "terminated"


class Input(StrEnum):
    """What may happen to a transaction; the timers have the names of RFC 3261's table 4
    and RFC 6026's."""

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
    """What a step asks of whoever has the transaction."""

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

Cell = tuple[TransactionState, tuple[Effect, ...]]


@dataclass(frozen=True, slots=True)
class Machine:
    """One table. `timers` says which timer runs in a state; it starts when the state is entered
    from one in which it does not run, and stops when the state is left for such a one."""

    name: str
    start: TransactionState
    timers: Mapping[TransactionState, Input]
    table: Mapping[tuple[TransactionState, Input], Cell]

    def step(self, state: TransactionState, what: Input) -> Cell:
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
    TransactionState.CALLING,
    {
        TransactionState.CALLING: Input.TIMER_B,
        TransactionState.COMPLETED: Input.TIMER_D,
        TransactionState.ACCEPTED: Input.TIMER_M,
    },
    {
        (TransactionState.CALLING, Input.PROVISIONAL): (
            TransactionState.PROCEEDING,
            (Effect.DELIVER,),
        ),
        (TransactionState.CALLING, Input.SUCCESS): (TransactionState.ACCEPTED, (Effect.DELIVER,)),
        (TransactionState.CALLING, Input.FAILURE): (
            TransactionState.COMPLETED,
            (Effect.ACK, Effect.DELIVER),
        ),
        (TransactionState.CALLING, Input.TIMER_B): (
            TransactionState.TERMINATED,
            (Effect.TIMED_OUT,),
        ),
        (TransactionState.CALLING, Input.TRANSPORT_ERROR): (
            TransactionState.TERMINATED,
            (Effect.FLOW_LOST,),
        ),
        (TransactionState.PROCEEDING, Input.PROVISIONAL): (
            TransactionState.PROCEEDING,
            (Effect.DELIVER,),
        ),
        (TransactionState.PROCEEDING, Input.SUCCESS): (
            TransactionState.ACCEPTED,
            (Effect.DELIVER,),
        ),
        (TransactionState.PROCEEDING, Input.FAILURE): (
            TransactionState.COMPLETED,
            (Effect.ACK, Effect.DELIVER),
        ),
        (TransactionState.PROCEEDING, Input.TRANSPORT_ERROR): (
            TransactionState.TERMINATED,
            (Effect.FLOW_LOST,),
        ),
        (TransactionState.COMPLETED, Input.FAILURE): (TransactionState.COMPLETED, (Effect.ACK,)),
        (TransactionState.COMPLETED, Input.TIMER_D): (TransactionState.TERMINATED, ()),
        (TransactionState.COMPLETED, Input.TRANSPORT_ERROR): (TransactionState.TERMINATED, ()),
        # RFC 6026 §7.2: further 2xx (repeats, other forks) go up, the core ACKs each.
        (TransactionState.ACCEPTED, Input.SUCCESS): (TransactionState.ACCEPTED, (Effect.DELIVER,)),
        (TransactionState.ACCEPTED, Input.TIMER_M): (TransactionState.TERMINATED, ()),
        (TransactionState.ACCEPTED, Input.TRANSPORT_ERROR): (TransactionState.TERMINATED, ()),
    },
)

CLIENT: Final = Machine(
    "client transaction",
    TransactionState.TRYING,
    {
        TransactionState.TRYING: Input.TIMER_F,
        TransactionState.PROCEEDING: Input.TIMER_F,
        TransactionState.COMPLETED: Input.TIMER_K,
    },
    {
        (TransactionState.TRYING, Input.PROVISIONAL): (
            TransactionState.PROCEEDING,
            (Effect.DELIVER,),
        ),
        (TransactionState.TRYING, Input.SUCCESS): (TransactionState.COMPLETED, (Effect.DELIVER,)),
        (TransactionState.TRYING, Input.FAILURE): (TransactionState.COMPLETED, (Effect.DELIVER,)),
        (TransactionState.TRYING, Input.TIMER_F): (
            TransactionState.TERMINATED,
            (Effect.TIMED_OUT,),
        ),
        (TransactionState.TRYING, Input.TRANSPORT_ERROR): (
            TransactionState.TERMINATED,
            (Effect.FLOW_LOST,),
        ),
        (TransactionState.PROCEEDING, Input.PROVISIONAL): (
            TransactionState.PROCEEDING,
            (Effect.DELIVER,),
        ),
        (TransactionState.PROCEEDING, Input.SUCCESS): (
            TransactionState.COMPLETED,
            (Effect.DELIVER,),
        ),
        (TransactionState.PROCEEDING, Input.FAILURE): (
            TransactionState.COMPLETED,
            (Effect.DELIVER,),
        ),
        (TransactionState.PROCEEDING, Input.TIMER_F): (
            TransactionState.TERMINATED,
            (Effect.TIMED_OUT,),
        ),
        (TransactionState.PROCEEDING, Input.TRANSPORT_ERROR): (
            TransactionState.TERMINATED,
            (Effect.FLOW_LOST,),
        ),
        (TransactionState.COMPLETED, Input.TIMER_K): (TransactionState.TERMINATED, ()),
        (TransactionState.COMPLETED, Input.TRANSPORT_ERROR): (TransactionState.TERMINATED, ()),
    },
)

INVITE_SERVER: Final = Machine(
    "INVITE server transaction",
    TransactionState.PROCEEDING,
    {
        TransactionState.COMPLETED: Input.TIMER_H,
        TransactionState.CONFIRMED: Input.TIMER_I,
        TransactionState.ACCEPTED: Input.TIMER_L,
    },
    {
        (TransactionState.PROCEEDING, Input.REQUEST): (
            TransactionState.PROCEEDING,
            (Effect.REPEAT,),
        ),
        (TransactionState.PROCEEDING, Input.SEND_PROVISIONAL): (
            TransactionState.PROCEEDING,
            (Effect.SEND,),
        ),
        (TransactionState.PROCEEDING, Input.SEND_SUCCESS): (
            TransactionState.ACCEPTED,
            (Effect.SEND,),
        ),
        (TransactionState.PROCEEDING, Input.SEND_FAILURE): (
            TransactionState.COMPLETED,
            (Effect.SEND,),
        ),
        (TransactionState.PROCEEDING, Input.TRANSPORT_ERROR): (
            TransactionState.TERMINATED,
            (Effect.FLOW_LOST,),
        ),
        (TransactionState.COMPLETED, Input.REQUEST): (TransactionState.COMPLETED, (Effect.REPEAT,)),
        (TransactionState.COMPLETED, Input.ACK): (TransactionState.CONFIRMED, ()),
        (TransactionState.COMPLETED, Input.TIMER_H): (TransactionState.TERMINATED, ()),
        (TransactionState.COMPLETED, Input.TRANSPORT_ERROR): (TransactionState.TERMINATED, ()),
        (TransactionState.CONFIRMED, Input.TIMER_I): (TransactionState.TERMINATED, ()),
        (TransactionState.CONFIRMED, Input.TRANSPORT_ERROR): (TransactionState.TERMINATED, ()),
        # RFC 6026 §7.1: the core repeats its 2xx, and gets an ACK that came by this branch.
        (TransactionState.ACCEPTED, Input.SEND_SUCCESS): (
            TransactionState.ACCEPTED,
            (Effect.SEND,),
        ),
        (TransactionState.ACCEPTED, Input.ACK): (TransactionState.ACCEPTED, (Effect.DELIVER,)),
        (TransactionState.ACCEPTED, Input.TIMER_L): (TransactionState.TERMINATED, ()),
        (TransactionState.ACCEPTED, Input.TRANSPORT_ERROR): (TransactionState.TERMINATED, ()),
    },
)

SERVER: Final = Machine(
    "server transaction",
    TransactionState.TRYING,
    {TransactionState.COMPLETED: Input.TIMER_J},
    {
        (TransactionState.TRYING, Input.SEND_PROVISIONAL): (
            TransactionState.PROCEEDING,
            (Effect.SEND,),
        ),
        (TransactionState.TRYING, Input.SEND_SUCCESS): (TransactionState.COMPLETED, (Effect.SEND,)),
        (TransactionState.TRYING, Input.SEND_FAILURE): (TransactionState.COMPLETED, (Effect.SEND,)),
        (TransactionState.TRYING, Input.TRANSPORT_ERROR): (
            TransactionState.TERMINATED,
            (Effect.FLOW_LOST,),
        ),
        (TransactionState.PROCEEDING, Input.REQUEST): (
            TransactionState.PROCEEDING,
            (Effect.REPEAT,),
        ),
        (TransactionState.PROCEEDING, Input.SEND_PROVISIONAL): (
            TransactionState.PROCEEDING,
            (Effect.SEND,),
        ),
        (TransactionState.PROCEEDING, Input.SEND_SUCCESS): (
            TransactionState.COMPLETED,
            (Effect.SEND,),
        ),
        (TransactionState.PROCEEDING, Input.SEND_FAILURE): (
            TransactionState.COMPLETED,
            (Effect.SEND,),
        ),
        (TransactionState.PROCEEDING, Input.TRANSPORT_ERROR): (
            TransactionState.TERMINATED,
            (Effect.FLOW_LOST,),
        ),
        (TransactionState.COMPLETED, Input.REQUEST): (TransactionState.COMPLETED, (Effect.REPEAT,)),
        (TransactionState.COMPLETED, Input.TIMER_J): (TransactionState.TERMINATED, ()),
        (TransactionState.COMPLETED, Input.TRANSPORT_ERROR): (TransactionState.TERMINATED, ()),
    },
)
