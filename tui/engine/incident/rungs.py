"""What the recorder keeps of messages, as the steps of a ladder, masked as in a bundle."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from tui import sip
from tui.engine.incident.flight_recorder import OnWire, Row
from tui.engine.incident.masked import Mask
from tui.engine.session.control_messages import Sent
from tui.port.ladder import NEWEST, Rung, RungKind, answer_line, control_line, sip_line

_HEAD: Final = 4096
"""Bytes of a message in which its CSeq is looked for."""
_NEEDED: Final = re.compile(rb"(?im)^cseq[^\r\n]*")


def rungs_of(rows: Sequence[Row], mask: Mask) -> tuple[Rung, ...]:
    """The newest `NEWEST` messages among the rows, the oldest of them first."""
    found: list[Rung] = []
    for row in reversed(rows):
        rung = _rung(row, mask)
        if rung is not None:
            found.append(rung)
            if len(found) == NEWEST:
                break
    return tuple(reversed(found))


def _rung(row: Row, mask: Mask) -> Rung | None:
    match row.what:
        case OnWire(sent=sent, data=data):
            line = sip_line(mask.sip(_head(data)))
            return Rung(row.at, sent, RungKind.SIP, line) if line else None
        case Sent(name=name, body=body, outcome=None):
            return Rung(row.at, True, RungKind.CONTROL, control_line(name, _text(body, mask)))
        case Sent(name=name, outcome=outcome) if outcome is not None and not outcome.ok:
            answer = f"{outcome.status} {mask.text(outcome.reason)}".strip()
            return Rung(row.at, False, RungKind.CONTROL, answer_line(name, answer))
        case sip.MessageReceived(body=body):
            return Rung(row.at, False, RungKind.CONTROL, control_line("", _text(body, mask)))
        case sip.Ignored(what=what):
            return Rung(row.at, False, RungKind.CONTROL, answer_line("ignored", mask.text(what)))
    return None


def _head(data: bytes) -> bytes:
    """The first line and the CSeq: all that is shown, so all that is masked."""
    head = data[:_HEAD].lstrip()
    cseq = _NEEDED.search(head)
    return head.partition(b"\n")[0] + b"\n" + (cseq[0] if cseq is not None else b"")


def _text(body: bytes, mask: Mask) -> str:
    return mask.text(body[:_HEAD].decode("utf-8", "replace"))
