"""Why a call came to nothing, or is over, in words: by its status, by what the network says in a
Reason header (RFC 3326), and with what the other side says in words of its own."""

from __future__ import annotations

from typing import Final

from tui import sip
from tui.engine.outcome import with_info
from tui.port.values import Message, message
from tui.text import clean_text

_REFUSED: Final = {
    **dict.fromkeys((486, 600), "line.busy"),
    **dict.fromkeys((603, 607, 608), "line.declined"),
    **dict.fromkeys((404, 410, 414, 416, 484, 485, 604), "line.unknown_number"),
    **dict.fromkeys((408, 480, 487), "line.no_answer"),
    **dict.fromkeys((401, 403, 407), "line.not_allowed"),
    **dict.fromkeys((488, 606), "line.no_common_sound"),
    503: "line.unavailable",
}
_CAUSES: Final = {
    "unknown_number": "line.unknown_number",
    "no_route": "line.no_route",
    "busy": "line.busy",
    "no_answer": "line.no_answer",
    "not_reachable": "line.not_reachable",
    "declined": "line.declined",
    "number_changed": "line.number_changed",
    "answered_elsewhere": "line.elsewhere",
    "incomplete_number": "line.incomplete_number",
    "not_offered": "line.not_offered",
    "no_circuit": "line.no_circuit",
    "network_fault": "line.network_fault",
    "congestion": "line.congestion",
    "not_subscribed": "line.not_subscribed",
    "not_allowed": "line.cause_not_allowed",
    "no_common_sound": "line.no_common_sound",
    "timed_out": "line.timed_out",
    "protocol_fault": "line.protocol_fault",
}
"""What a Q.850 cause means (`tui.sip.Q850`), as a sentence. That the call was hung up (16, 31) says
no more than its end does."""
MOST_WORDS: Final = 100
"""Characters of the other side's own words."""
REFUSAL_IDS: Final = tuple(dict.fromkeys((*_REFUSED.values(), *_CAUSES.values())))
"""Sentences that are chosen from here, and from no other code."""


def cause(reasons: tuple[sip.Reason, ...]) -> Message | None:
    """What the network says in a Reason header, in words; None where that is nothing more than that
    the call is over."""
    for reason in reasons:
        if (found := _CAUSES.get(reason.id)) is not None:
            return message(found, status=reason.cause)
    return None


def with_words(said: Message, reasons: tuple[sip.Reason, ...]) -> Message:
    """A sentence, with what the other side says of it in words of its own behind it."""
    own = clean_text(next(filter(None, (each.own for each in reasons)), ""), MOST_WORDS)
    return with_info(said, own)


def own_words(status: int, reason: str) -> str:
    """The words of a refusal, where they are more than the usual ones of its status."""
    own = clean_text(reason, MOST_WORDS)
    return "" if own.casefold() == sip.phrase(status).casefold() else own


def refusal(status: int, reason: str, reasons: tuple[sip.Reason, ...] = ()) -> Message:
    """Why a call came to nothing, in words: the network's cause says it more closely than the
    status that a gateway made of it. What the other side says in words of its own stands behind."""
    own = own_words(status, reason)
    info = {"info": own} if own else {}
    if (said := cause(reasons)) is not None:
        said = message(said.id, **dict(said.values), **info)
    elif (found := _REFUSED.get(status)) is not None:
        said = message(found, status=status, **info)
    else:
        said = message("line.call_refused", status=status, reason=clean_text(reason, MOST_WORDS))
    return said if info else with_words(said, reasons)
