"""A phone of one's own in the tests: an account of kind "sip", and calls on several lines."""

from __future__ import annotations

from typing import Any

from tests.terminal import scripted_port as s
from tui.port import replace
from tui.port.machines.call_machine import CallState
from tui.port.snapshot import Call, Snapshot
from tui.port.values import Account, Capability, Leg

ACCOUNT = Account(
    "1001@pbx.example.com", "", "wss://pbx.example.com:8443/ws", kind="sip", can=(Capability.LINES,)
)
FREE = replace(s.IDLE, account=ACCOUNT, groups=())


def call(line: int, state: CallState, **more: Any) -> Call:
    """A call on that line, by key "LINE"."""
    up = state in (CallState.TALKING, CallState.HOLDING)
    values: dict[str, Any] = {
        "key": str(line),
        "state": state,
        "outgoing": False,
        "number": f"100{line + 1}",
        "since": s.NOW - 10 * line,
        "began": s.NOW - 10 * line,
        "ccnumber": f"line-{line}",
        "line": line,
        "answered": s.NOW - 10 * line if up else None,
        "leg": Leg.CONNECTED if up else Leg.NONE,
    }
    return Call(**{**values, **more})


TALKING = call(1, CallState.TALKING, name="Wang Fang")
WAITING = call(2, CallState.RINGING, number="12000000001", name="Bob", verified=False)
HELD = call(2, CallState.HOLDING, name="Zhao Lei")


def snapshot(*calls: Call, marked: str = "1", **more: Any) -> Snapshot:
    """Those calls, the first one marked unless it is said otherwise."""
    return replace(FREE, calls=calls, marked=marked, **more)
