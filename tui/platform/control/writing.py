"""Control messages as XML: what an agent says, and, for the sandbox, what a platform says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Final

from tui.platform.control.errors import ControlError
from tui.platform.extensions import internal_number
from tui.platform.messages import (
    AfterCallWork,
    AgentMessage,
    Answer,
    Answered,
    CallinFailed,
    CallinResponse,
    CalloutResponse,
    CallStateReport,
    CancelCall,
    DialExtension,
    DialOutside,
    Ended,
    GroupCallReport,
    HangUp,
    Held,
    Hold,
    JoinGroup,
    Kicked,
    NewCall,
    NoCall,
    PlatformMessage,
    QueryCall,
    Resume,
    Resumed,
    SetSeatMode,
    SetStatus,
    StatusAfterCall,
    StatusAfterCallResponse,
    StatusChanged,
    Supervise,
    SuperviseResponse,
    ThreewayResponse,
    ThreewayResult,
    Transfer,
    TransferFailed,
    TransferSucceeded,
)
from tui.platform.vocabulary import ASSUMED, Assumed, Names, names_of

_AREA: Final = re.compile(r"[0-9]{6}")
_DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8"?>'
"""What every body of an agent begins with (platform.md)."""


def encode(message: AgentMessage | PlatformMessage, assumed: Assumed = ASSUMED) -> bytes:
    """The body of a message, in UTF-8; what an agent says begins with an XML declaration.

    Raises ControlError when a field that the wire needs is empty, or holds what XML cannot.
    """
    if isinstance(message, AgentMessage):
        return _DECLARATION + _encode_agent(message, names_of(assumed))
    return _encode_platform(message, names_of(assumed))


def encode_leg(ccnumber: str) -> bytes:
    """The body of the INFO that ties an audio leg to its call."""
    return _tag("i", {"n": ccnumber})


def _encode_agent(message: AgentMessage, names: Names) -> bytes:
    match message:
        case SetStatus(status, reason):
            more = _given(**{"break": reason})
            return _element(names, "cc", a=_one_of(status, 1, 2), **more)
        case SetSeatMode(fixed):
            return _element(names, "cc", a="52" if fixed else "51")
        case JoinGroup(gid, eid):
            return _element(names, "cc", a="53", g=_joined(gid, eid))
        case QueryCall():
            return _element(names, "cc", a="22")
        case DialOutside(switchnumber, id, number, area):
            more = _given(area=_area(area))
            return _element(
                names, "cc", a="200", p=switchnumber, i=id, t="9" + _some(number), **more
            )
        case DialExtension(switchnumber, id, number, eid):
            return _element(names, "cc", a="300", p=switchnumber, i=id, t=_internal(number, eid))
        case Answer(ccnumber):
            return _element(names, "cc", a="102", c=ccnumber)
        case HangUp(ccnumber):
            return _element(names, "cc", a="106", c=ccnumber)
        case Hold(ccnumber, own):
            return _element(names, "ch", a="1", number=own, cc=ccnumber)
        case Resume(ccnumber, own):
            return _element(names, "ch", a="2", number=own, cc=ccnumber)
        case Transfer(ccnumber, gid, number, eid):
            return _element(
                names, "cc", a="31", c=ccnumber, g=_joined(gid, eid), n=_internal(number, eid)
            )
        case StatusAfterCall(ccnumber, busy):
            return _element(names, "cc", a="87", s="2" if busy else "-1", c=ccnumber)
        case Supervise(ccnumber, act):
            return _element(names, "cc", a="421", c=ccnumber, how=str(int(act)))
        case _:
            which = {"type": _one_of(message.type, 1, 2, 3, 4)}
            whom = {} if message.type == 4 else {"t": message.callee}
            return _element(names, "cc", a="400", c=message.ccnumber, **which, **whom)


def _encode_platform(message: PlatformMessage, names: Names) -> bytes:
    match message:
        case StatusChanged(status, info):
            return _element(names, "cc", a=_one_of(status, 0, 1, 2), **_given(info=info))
        case AfterCallWork(info):
            return _element(names, "cc", a="6", **_given(info=info))
        case CalloutResponse(r, ccnumber, number, info, id):
            more = _given(c=ccnumber, n=number, info=info, i=id)
            return _element(names, "cc", a="201", r=str(r), **more)
        case CallinResponse(r, ccnumber, number, info, eid, id):
            more = _given(c=ccnumber, n=_party(number, eid), info=info, i=id)
            return _element(names, "cc", a="301", r=str(r), **more)
        case CallinFailed(ccnumber, info):
            return _element(names, "cc", a="309", c=ccnumber, **_given(info=info))
        case NewCall(ccnumber, number, eid):
            return _element(names, "cc", a="100", c=ccnumber, **_given(n=_party(number, eid)))
        case CancelCall(ccnumber, info):
            return _element(names, "cc", a="101", c=ccnumber, **_given(info=info))
        case Answered(ccnumber, number, eid):
            return _element(names, "cc", a="104", c=ccnumber, **_given(n=_party(number, eid)))
        case Ended(ccnumber, r, call_time, info):
            length = "" if call_time is None else str(call_time)
            more = _given(callTime=length, info=info)
            return _element(names, "cc", a="105", c=ccnumber, r=str(r), **more)
        case TransferSucceeded(ccnumber):
            return _element(names, "cc", a="38", **_given(c=ccnumber))
        case TransferFailed(ccnumber, info):
            return _element(names, "cc", a="39", **_given(c=ccnumber, info=info))
        case StatusAfterCallResponse(r, ccnumber, info):
            return _element(names, "cc", a="87", r=str(r), **_given(c=ccnumber, info=info))
        case ThreewayResponse(ccnumber, result, info):
            more = _given(info=info)
            return _element(names, "cc", a="401", c=ccnumber, r=str(result), **more)
        case ThreewayResult(ccnumber, result, info):
            more = _given(info=info)
            return _element(names, "cc", a="402", c=ccnumber, r=str(result), **more)
        case GroupCallReport():
            caller = _party(message.caller, message.caller_eid)
            callee = _party(message.callee, message.callee_eid)
            times = _given(callTime=message.call_time, endTime=message.end_time)
            parties = _given(n=caller, t=callee)
            return _element(names, "cc", a="420", c=message.ccnumber, **parties, **times)
        case SuperviseResponse(ccnumber, act, result, info):
            what = {"how": str(int(act)), "r": str(result), **_given(info=info)}
            return _element(names, "cc", a="422", c=ccnumber, **what)
        case Held(ccnumber, own):
            return _element(names, "ch", a="1", **_given(number=own), cc=ccnumber)
        case Resumed(ccnumber, own):
            return _element(names, "ch", a="2", **_given(number=own), cc=ccnumber)
        case Kicked():
            who = b"".join(_kicked(names, each) for each in (message, *message.others))
            path = names.kick[0][:-1]
            around = "".join(f"<{name}>" for name in path), "".join(f"</{n}>" for n in path[::-1])
            return around[0].encode() + who + around[1].encode()
        case CallStateReport(ccnumber, state, number, eid):
            more = _given(n=_party(number, eid))
            return _element(names, "cc", a="22", c=ccnumber, r=str(state), **more)
        case NoCall():
            return _element(names, "cc", a="22")
        case _:
            return b"<o><m/></o>"


def _kicked(names: Names, who: Kicked) -> bytes:
    party = _party(who.number, who.eid)
    more = _given(info=who.info)
    return _element(names, "u", n=party, **_given(nm=who.name), r=str(who.r), **more)


def _element(names: Names, root: str, /, **attributes: str) -> bytes:
    return _tag(*names.write(root, attributes))


def _tag(name: str, attributes: Mapping[str, str]) -> bytes:
    written = "".join(f' {key}="{_quoted(value)}"' for key, value in attributes.items())
    return f"<{name}{written}/>".encode()


def _quoted(value: str) -> str:
    # What clean_text would not let in is not let out either: no control characters, surrogates
    # or non-characters, which XML has no way to write.
    if not value.isprintable() or len(value) > 1024:
        raise ControlError("a value cannot be written")
    return escape(_some(value), quote=False).replace('"', "&quot;")


def _some(value: str) -> str:
    if not value:
        raise ControlError("a value is missing")
    return value


def _one_of(value: int, *allowed: int) -> str:
    if value not in allowed:
        raise ControlError(f"{value} is none of {allowed}")
    return str(value)


def _given(**attributes: str) -> dict[str, str]:
    return {name: value for name, value in attributes.items() if value}


def _area(area: str) -> str:
    if area and not _AREA.fullmatch(area):
        raise ControlError("an area code has six digits")
    return area


def _joined(gid: str, eid: str) -> str:
    return f"{_some(gid)}_{_some(eid)}"


def _internal(number: str, eid: str) -> str:
    try:
        return internal_number(_some(number), eid)
    except ValueError as error:
        raise ControlError(str(error)) from None


def _party(number: str, eid: str) -> str:
    return _internal(number, eid) if eid else number
