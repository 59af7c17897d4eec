"""Control messages <-> XML: the only place that knows the vocabulary of the control wire.

Both directions: a console encodes what agents say and decodes what the platform says; the sandbox
does the reverse. Each body is one XML element in a SIP MESSAGE. What nobody published is assumed,
stands in `Assumed` alone, and can be overridden in the config (`[messages]`).

Nothing but a message or ControlError comes out of the functions here, whatever the bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Final
from xml.sax.saxutils import escape

from tui.platform.messages import (
    AfterCallWork,
    AgentMessage,
    Answer,
    Answered,
    CallinFailed,
    CallinResponse,
    CalloutResponse,
    CallState,
    CancelCall,
    DialExtension,
    DialOutside,
    Ended,
    HangUp,
    Held,
    Hold,
    Ignored,
    JoinGroup,
    Kicked,
    NewCall,
    NoCall,
    PlatformMessage,
    QueryCall,
    Reason,
    Resume,
    Resumed,
    SetSeatMode,
    SetStatus,
    StatusAfterCall,
    StatusAfterCallResponse,
    StatusChanged,
    Threeway,
    ThreewayResponse,
    ThreewayResult,
    Transfer,
    TransferFailed,
    TransferSucceeded,
    Unknown,
)
from tui.platform.numbers import eid16, internal_number, split_number
from tui.platform.xmlbody import MAX_BYTES, MAX_DEPTH, ControlError, read
from tui.text import clean_text

__all__ = [
    "ASSUMED",
    "CONTENT_TYPE",
    "MAX_BYTES",
    "MAX_DEPTH",
    "AfterCallWork",
    "AgentMessage",
    "Answer",
    "Answered",
    "Assumed",
    "CallState",
    "CallinFailed",
    "CallinResponse",
    "CalloutResponse",
    "CancelCall",
    "ControlError",
    "DialExtension",
    "DialOutside",
    "Ended",
    "HangUp",
    "Held",
    "Hold",
    "Ignored",
    "JoinGroup",
    "Kicked",
    "NewCall",
    "NoCall",
    "PlatformMessage",
    "QueryCall",
    "Reason",
    "Resume",
    "Resumed",
    "SetSeatMode",
    "SetStatus",
    "StatusAfterCall",
    "StatusAfterCallResponse",
    "StatusChanged",
    "Threeway",
    "ThreewayResponse",
    "ThreewayResult",
    "Transfer",
    "TransferFailed",
    "TransferSucceeded",
    "Unknown",
    "decode",
    "decode_agent",
    "eid16",
    "encode",
    "encode_leg",
    "internal_number",
    "leg_of",
    "split_number",
]

CONTENT_TYPE: Final = "application/pidf+xml"


@dataclass(frozen=True, slots=True)
class Assumed:
    """The messages nothing public shows: values of `a`, and names of attributes."""

    query: str = "22"
    """The query of the calls' state; said back without `c` when there is no call."""
    offline: str = "0"
    """The platform's "your seat is offline", beside its 1 and 2."""
    threeway: str = "400"
    """Three-way request: `c`, `threeway_type`, `t` the callee."""
    threeway_response: str = "401"
    """What a three-way request awaits: `c`, `r` 0 or 1, `info` the reason."""
    threeway_result: str = "402"
    """The outcome of a three-way call: `c`, `r` 0, 1 or 2."""
    threeway_type: str = "s"
    call_time: str = "callTime"
    """The length of the call in seconds, in 105."""
    info: str = "info"
    """Why a call failed, in 201 and 301."""
    area: str = "area"
    """The area code of `call2`, in 200."""
    more_attributes: str = ""
    """Names, separated by spaces, of further attributes that a platform puts into `cc`: without
    this a message with an attribute that is not known is not obeyed."""

    def overridden(self, values: Mapping[str, str]) -> Assumed:
        """The same with some values changed. ValueError on a name that is not here, and when
        two messages would have the same code."""
        names = {each.name for each in fields(self)}
        for name in values:
            if name not in names:
                raise ValueError(f"there is no assumed message {name!r}")
        changed = replace(self, **values)
        taken = [
            *(changed.query, changed.offline, changed.threeway),
            *(changed.threeway_response, changed.threeway_result),
        ]
        if len({*taken, *_PUBLISHED}) != len(taken) + len(_PUBLISHED):
            raise ValueError("two control messages have the same code")
        return changed


_PUBLISHED: Final = frozenset(
    map(str, (1, 2, 6, 31, 38, 39, 51, 52, 53, 87, 100, 101, 102, 104, 105, 106, 200, 201, 300))
) | {"301", "309"}
ASSUMED: Final = Assumed()

_AREA: Final = re.compile(r"[0-9]{6}")
_CC_ATTRIBUTES: Final = frozenset("acginprst")
_CH_ATTRIBUTES: Final = frozenset(("a", "number", "cc"))
_U_ATTRIBUTES: Final = frozenset(("n", "nm", "r"))
_OF_A_CALL: Final = frozenset(("100", "101", "104", "105", "309"))


# ---------------------------------------------------------------- writing


def encode(message: AgentMessage | PlatformMessage, assumed: Assumed = ASSUMED) -> bytes:
    """The body of a message, in UTF-8 and without an XML declaration.

    Raises ControlError when a field that the wire needs is empty, or holds what XML cannot.
    """
    if isinstance(message, AgentMessage):
        return _encode_agent(message, assumed)
    return _encode_platform(message, assumed)


def encode_leg(ccnumber: str) -> bytes:
    """The body of the INFO that ties an audio leg to its call."""
    return _element("i", n=ccnumber)


def _encode_agent(message: AgentMessage, assumed: Assumed) -> bytes:
    match message:
        case SetStatus(status):
            return _element("cc", a=_one_of(status, 1, 2))
        case SetSeatMode(fixed):
            return _element("cc", a="52" if fixed else "51")
        case JoinGroup(gid, eid):
            return _element("cc", a="53", g=_joined(gid, eid))
        case QueryCall():
            return _element("cc", a=assumed.query)
        case DialOutside(switchnumber, id, number, area):
            more = _given(**{assumed.area: _area(area)})
            return _element("cc", a="200", p=switchnumber, i=id, t="9" + _some(number), **more)
        case DialExtension(switchnumber, id, number, eid):
            return _element("cc", a="300", p=switchnumber, i=id, t=_internal(number, eid))
        case Answer(ccnumber):
            return _element("cc", a="102", c=ccnumber)
        case HangUp(ccnumber):
            return _element("cc", a="106", c=ccnumber)
        case Hold(ccnumber, own):
            return _element("ch", a="1", number=own, cc=ccnumber)
        case Resume(ccnumber, own):
            return _element("ch", a="2", number=own, cc=ccnumber)
        case Transfer(ccnumber, gid, number, eid):
            return _element("cc", a="31", c=ccnumber, g=_joined(gid, eid), n=_internal(number, eid))
        case StatusAfterCall(ccnumber, busy):
            return _element("cc", a="87", s="2" if busy else "-1", c=ccnumber)
        case _:
            which = {assumed.threeway_type: _one_of(message.type, 1, 2, 3, 4)}
            whom = {} if message.type == 4 else {"t": message.callee}
            return _element("cc", a=assumed.threeway, c=message.ccnumber, **which, **whom)


def _encode_platform(message: PlatformMessage, assumed: Assumed) -> bytes:
    match message:
        case StatusChanged(status):
            a = _one_of(status, 0, 1, 2)
            return _element("cc", a=a if status else assumed.offline)
        case AfterCallWork():
            return _element("cc", a="6")
        case CalloutResponse(r, ccnumber, number, info):
            more = _given(c=ccnumber, n=number) | _given(**{assumed.info: info})
            return _element("cc", a="201", r=str(r), **more)
        case CallinResponse(r, ccnumber, number, info, eid):
            more = _given(c=ccnumber, n=_party(number, eid)) | _given(**{assumed.info: info})
            return _element("cc", a="301", r=str(r), **more)
        case CallinFailed(ccnumber):
            return _element("cc", a="309", c=ccnumber)
        case NewCall(ccnumber, number, eid):
            return _element("cc", a="100", c=ccnumber, **_given(n=_party(number, eid)))
        case CancelCall(ccnumber):
            return _element("cc", a="101", c=ccnumber)
        case Answered(ccnumber, number, eid):
            return _element("cc", a="104", c=ccnumber, **_given(n=_party(number, eid)))
        case Ended(ccnumber, r, call_time):
            length = "" if call_time is None else str(call_time)
            more = _given(**{assumed.call_time: length})
            return _element("cc", a="105", c=ccnumber, r=str(r), **more)
        case TransferSucceeded(ccnumber):
            return _element("cc", a="38", **_given(c=ccnumber))
        case TransferFailed(ccnumber):
            return _element("cc", a="39", **_given(c=ccnumber))
        case StatusAfterCallResponse(r, ccnumber):
            return _element("cc", a="87", r=str(r), **_given(c=ccnumber))
        case ThreewayResponse(ccnumber, result, info):
            more = _given(**{assumed.info: info})
            return _element("cc", a=assumed.threeway_response, c=ccnumber, r=str(result), **more)
        case ThreewayResult(ccnumber, result):
            return _element("cc", a=assumed.threeway_result, c=ccnumber, r=str(result))
        case Held(ccnumber, own):
            return _element("ch", a="1", **_given(number=own), cc=ccnumber)
        case Resumed(ccnumber, own):
            return _element("ch", a="2", **_given(number=own), cc=ccnumber)
        case Kicked(number, name, r, eid):
            who = _element("u", n=_party(number, eid), **_given(nm=name), r=str(r))
            return b"<o><a>" + who + b"</a></o>"
        case CallState(ccnumber, state, number, eid):
            more = _given(n=_party(number, eid))
            return _element("cc", a=assumed.query, c=ccnumber, r=str(state), **more)
        case NoCall():
            return _element("cc", a=assumed.query)
        case _:
            return b"<o><m/></o>"


def _element(name: str, /, **attributes: str) -> bytes:
    written = "".join(f' {key}="{_quoted(value)}"' for key, value in attributes.items())
    return f"<{name}{written}/>".encode()


def _quoted(value: str) -> str:
    # What clean_text would not let in is not let out either: no control characters, surrogates
    # or non-characters, which XML has no way to write.
    if not value.isprintable() or len(value) > 1024:
        raise ControlError("a value cannot be written")
    return escape(_some(value), {'"': "&quot;"})


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


# ---------------------------------------------------------------- reading


def decode(body: bytes, assumed: Assumed = ASSUMED) -> PlatformMessage | Unknown:
    """What the platform says. ControlError when the body is not read at all; Unknown when it is
    read and not understood."""
    elements = read(body)
    root, text = elements[0], clean_text(body.decode(errors="replace"), 300)
    if root.name == "mn" or (root.name == "o" and any(e.path == ("o", "m") for e in elements)):
        return Ignored()
    if root.name == "o":
        return _kick([(e.path, e.attributes) for e in elements[1:]], text)
    a = clean_text(root.attributes.get("a", ""))
    if why := _strange(root.name, root.attributes, len(elements), ("cc", "ch"), assumed):
        return Unknown(a, text, why)
    given = {name: clean_text(value) for name, value in root.attributes.items()}
    if root.name == "ch":
        return _decode_held(a, given) or Unknown(a, text, "code, or what it needs")
    message = _decode_platform(a, given, assumed)
    return message or Unknown(a, text, "code, or what it needs")


def decode_agent(body: bytes, assumed: Assumed = ASSUMED) -> AgentMessage | Unknown:
    """What an agent says: for the sandbox. Errors as `decode`."""
    elements = read(body)
    root, text = elements[0], clean_text(body.decode(errors="replace"), 300)
    a = clean_text(root.attributes.get("a", ""))
    if why := _strange(root.name, root.attributes, len(elements), ("cc", "ch"), assumed):
        return Unknown(a, text, why)
    given = {name: clean_text(value) for name, value in root.attributes.items()}
    read_root = _decode_hold if root.name == "ch" else _decode_agent
    message = read_root(a, given, assumed)
    return message or Unknown(a, text, "code, or what it needs")


def leg_of(body: bytes) -> str | None:
    """The ccNumber of `<i n="CC"/>`, else None: the INFO is read by its body, for its
    Content-Type is not known."""
    try:
        root = read(body)[0]
    except ControlError:
        return None
    if root.name != "i" or set(root.attributes) != {"n"}:
        return None
    return clean_text(root.attributes["n"]) or None


def _strange(
    name: str, attributes: Mapping[str, str], count: int, roots: tuple[str, ...], assumed: Assumed
) -> str:
    """What is unknown in a root, or ""."""
    if name not in roots:
        return f"root {clean_text(name, 40)}"
    if count > 1:
        return "elements inside"
    known = _CH_ATTRIBUTES
    if name == "cc":
        known = _CC_ATTRIBUTES | {
            *(assumed.call_time, assumed.info, assumed.threeway_type, assumed.area)
        }
        known |= set(assumed.more_attributes.split())
    unknown = sorted(set(attributes) - known)
    return f"attribute {clean_text(unknown[0], 40)}" if unknown else ""


def _decode_platform(a: str, given: Mapping[str, str], assumed: Assumed) -> PlatformMessage | None:
    c, r, info = given.get("c", ""), _digits(given.get("r", "")), given.get(assumed.info, "")
    number, eid = split_number(given.get("n", ""))
    if not c and a in _OF_A_CALL | {assumed.threeway_response, assumed.threeway_result}:
        return None
    if a == assumed.query:
        return CallState(c, r, number, eid) if c else NoCall()
    if a == assumed.offline:
        return StatusChanged(0)
    if a == assumed.threeway_response:
        return ThreewayResponse(c, r, info)
    if a == assumed.threeway_result:
        return ThreewayResult(c, r)
    match a:
        case "1" | "2":
            return StatusChanged(int(a))
        case "6":
            return AfterCallWork()
        case "201":
            return CalloutResponse(r, c, number, info)
        case "301":
            return CallinResponse(r, c, number, info, eid)
        case "309":
            return CallinFailed(c)
        case "100":
            return NewCall(c, number, eid)
        case "101":
            return CancelCall(c)
        case "104":
            return Answered(c, number, eid)
        case "105":
            length = _digits(given.get(assumed.call_time, ""))
            return Ended(c, r, length if r in (25, 26) and isinstance(length, int) else None)
        case "38":
            return TransferSucceeded(c)
        case "39":
            return TransferFailed(c)
        case "87":
            return StatusAfterCallResponse(r, c)
        case _:
            return None


def _decode_agent(a: str, given: Mapping[str, str], assumed: Assumed) -> AgentMessage | None:
    c, t, s = given.get("c", ""), given.get("t", ""), given.get("s", "")
    gid, _, eid = given.get("g", "").partition("_")
    number, number_eid = split_number(given.get("n", ""))
    callee, callee_eid = split_number(t)
    switchnumber, id = given.get("p", ""), given.get("i", "")
    type = given.get(assumed.threeway_type, "")
    match a:
        case "1" | "2":
            return SetStatus(int(a))
        case "52" | "51":
            return SetSeatMode(a == "52")
        case "53" if gid and eid:
            return JoinGroup(gid, eid)
        case "200" if t[:1] == "9" and t[1:]:
            return DialOutside(switchnumber, id, t[1:], given.get(assumed.area, ""))
        case "300" if callee and callee_eid:
            return DialExtension(switchnumber, id, callee, callee_eid)
        case "102" if c:
            return Answer(c)
        case "106" if c:
            return HangUp(c)
        case "31" if c and gid and number and number_eid:
            return Transfer(c, gid, number, number_eid)
        case "87" if c and s in ("2", "-1"):
            return StatusAfterCall(c, s == "2")
        case assumed.query:
            return QueryCall()
        case assumed.threeway if c and type == "4":
            return Threeway(c, 4)
        case assumed.threeway if c and t and type in ("1", "2", "3"):
            return Threeway(c, int(type), t)
        case _:
            return None


def _decode_hold(a: str, given: Mapping[str, str], _assumed: Assumed) -> AgentMessage | None:
    own, ccnumber = given.get("number", ""), given.get("cc", "")
    match a:
        case "1" if own and ccnumber:
            return Hold(ccnumber, own)
        case "2" if own and ccnumber:
            return Resume(ccnumber, own)
        case _:
            return None


def _decode_held(a: str, given: Mapping[str, str]) -> PlatformMessage | None:
    """[A] What the agent did on the phone itself, in the words of the agent's own hold."""
    own, ccnumber = given.get("number", ""), given.get("cc", "")
    match a:
        case "1" if ccnumber:
            return Held(ccnumber, own)
        case "2" if ccnumber:
            return Resumed(ccnumber, own)
        case _:
            return None


def _kick(inside: list[tuple[tuple[str, ...], dict[str, str]]], text: str) -> Kicked | Unknown:
    """`<o><a><u …/></a></o>`, with exactly one `u`."""
    if [path for path, _ in inside] != [("o", "a"), ("o", "a", "u")]:
        return Unknown("", text, "elements inside o")
    attributes = inside[1][1]
    if set(attributes) - _U_ATTRIBUTES or "n" not in attributes:
        return Unknown("", text, "attributes of u")
    number, eid = split_number(clean_text(attributes["n"]))
    name, r = clean_text(attributes.get("nm", "")), clean_text(attributes.get("r", ""))
    return Kicked(number, name, _digits(r), eid)


def _digits(text: str) -> Reason:
    """Digits as an integer, anything else as it is. Nine digits hold every code and length; a
    longer run is a timestamp, and stays text."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else text
