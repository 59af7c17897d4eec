"""XML as control messages: what a platform says, and, for the sandbox, what an agent says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from tui.platform.control.errors import ControlError
from tui.platform.extensions import split_number
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
    NotForUs,
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
    Supervise,
    SuperviseAct,
    SuperviseResponse,
    Threeway,
    ThreewayResponse,
    ThreewayResult,
    Transfer,
    TransferFailed,
    TransferSucceeded,
    Unknown,
)
from tui.platform.not_understood import NotUnderstoodList, SkippedKind
from tui.platform.vocabulary import ASSUMED, Assumed, Names, names_of
from tui.text import clean_text
from tui.xml_body import Element, XmlError, read

_ACTS: Final = frozenset(str(int(act)) for act in SuperviseAct)
_OF_A_CALL: Final = frozenset(("100", "101", "104", "105", "309", "401", "402", "420", "422"))


def decode(
    body: bytes, assumed: Assumed = ASSUMED, kept: NotUnderstoodList | None = None
) -> PlatformMessage | Unknown:
    """What the platform says. ControlError when the body is not read at all; Unknown when it is
    read and there is nothing in it that we know. What was skipped, or refused, goes to `kept`."""
    return _Reading(body, names_of(assumed), kept).of_platform()


def decode_all(
    body: bytes, assumed: Assumed = ASSUMED, kept: NotUnderstoodList | None = None
) -> tuple[PlatformMessage | Unknown, ...]:
    """As `decode`, and whatever else stands beside it in a root that nobody knows, in order."""
    return _Reading(body, names_of(assumed), kept).all_of_platform()


def decode_agent(
    body: bytes, assumed: Assumed = ASSUMED, kept: NotUnderstoodList | None = None
) -> AgentMessage | Unknown:
    """What an agent says: for the sandbox. As `decode`."""
    return _Reading(body, names_of(assumed), kept).of_agent()


def leg_of(body: bytes) -> str | None:
    """The ccNumber of `<i n="CC"/>`, else None: the INFO is read by its body, for its
    Content-Type is not known."""
    try:
        root = read(body)[0]
    except XmlError:
        return None
    return clean_text(root.attributes.get("n", "")) or None if root.name == "i" else None


class _Reading:
    """One body being read. Raises ControlError when it cannot be."""

    def __init__(self, body: bytes, names: Names, kept: NotUnderstoodList | None) -> None:
        self.names = names
        self._body = body
        self._kept = kept
        try:
            self.elements = read(body)
        except XmlError as error:
            self._skip(SkippedKind.REFUSED, str(error))
            raise ControlError(str(error)) from None
        self.root = self.elements[0]
        self._more: list[Element] = []
        """What stands beside the root, where both stand in one that nobody knows."""
        self._text = clean_text(body.decode(errors="replace"), 300)

    def of_platform(self) -> PlatformMessage | Unknown:
        paths = [element.path for element in self.elements]
        if any(path in self.names.kick for path in paths):
            return self._kick()
        if any(path in self.names.ignored for path in paths):
            return NotForUs()
        given = self._given()
        return given if isinstance(given, Unknown) else self._message(given)

    def all_of_platform(self) -> tuple[PlatformMessage | Unknown, ...]:
        messages = [self.of_platform()]
        for root in self._more:
            self.root = root
            messages.append(self._message(self._attributes(root, self.names.roots[root.name])))
        return tuple(messages)

    def _message(self, given: dict[str, str]) -> PlatformMessage | Unknown:
        held = self.names.roots[self.root.name] == "ch"
        message = _decode_held(given) if held else _decode_platform(given)
        if isinstance(message, NewCall | Answered):
            said = {name: clean_text(value) for name, value in self.root.attributes.items()}
            message = replace(message, attributes=tuple(said.items()))
        return message or self._unknown_code()

    def of_agent(self) -> AgentMessage | Unknown:
        given = self._given()
        if isinstance(given, Unknown):
            return given
        held = self.names.roots[self.root.name] == "ch"
        message = _decode_hold(given) if held else _decode_agent(given)
        return message or self._unknown_code()

    def _given(self) -> dict[str, str] | Unknown:
        """The attributes of the root by our names, cleaned; what nobody knows is skipped."""
        name = clean_text(self.root.name, 40)
        if self.root.name not in self.names.roots:
            self._skip(SkippedKind.ROOT, name, "[messages] root, hold_root, kick or ignored")
            inside = [each for each in self.elements if self._is_outermost(each)]
            if not inside:
                return Unknown(self._code(), self._text, f"root {name}")
            self.root, *self._more = inside
        for child in self.elements[1:]:
            if child is not self.root and child not in self._more:
                self._skip(SkippedKind.CHILD, "/".join(child.path), "[messages] ignored")
        return self._attributes(self.root, self.names.roots[self.root.name])

    def _is_outermost(self, element: Element) -> bool:
        """Whether it is a root that we know, in none that we know."""
        *around, name = element.path
        return name in self.names.roots and not any(each in self.names.roots for each in around)

    def _attributes(self, element: Element, ours: str) -> dict[str, str]:
        cleaned = {name: clean_text(value) for name, value in element.attributes.items()}
        given, unknown = self.names.read(ours, cleaned)
        for name in unknown:
            self._skip(SkippedKind.ATTRIBUTE, name, "[messages] more_attributes")
        return given

    def _kick(self) -> Kicked | Unknown:
        """Who is signed out: each element at its place that names somebody. What else stands
        around them is skipped."""
        named: list[Kicked] = []
        for element in self.elements:
            if element.path not in self.names.kick:
                if not any(path[: len(element.path)] == element.path for path in self.names.kick):
                    self._skip(SkippedKind.CHILD, "/".join(element.path), "[messages] ignored")
                continue
            given = self._attributes(element, "u")
            number, eid = split_number(given.get("n", ""))
            if number:
                r = _digits(given.get("r", ""))
                info = given.get("info", "")
                named.append(Kicked(number, given.get("nm", ""), r, eid, info=info))
            else:
                self._skip(SkippedKind.CHILD, "/".join(element.path), "[messages] kick_party")
        if not named:
            return Unknown("", self._text, "nobody is named")
        return replace(named[0], others=tuple(named[1:]))

    def _unknown_code(self) -> Unknown:
        code = self._code()
        self._skip(SkippedKind.CODE, code or "no code, or not what it needs", "[messages] CODE")
        return Unknown(code, self._text, "code, or what it needs")

    def _code(self) -> str:
        """The code as it came; "" where there is none."""
        for name, value in self.root.attributes.items():
            if self.names.is_code(name):
                return clean_text(value, 40)
        return ""

    def _skip(self, kind: SkippedKind, what: str, setting: str = "") -> None:
        if self._kept is not None:
            where = (
                "" if kind is SkippedKind.REFUSED else f"{self.root.name} {self._code()}".strip()
            )
            self._kept.add(kind, what, where=where, setting=setting, body=self._body)


def _decode_platform(given: Mapping[str, str]) -> PlatformMessage | None:
    a, c, info = given["a"], given.get("c", ""), given.get("info", "")
    r = _digits(given.get("r", ""))
    number, eid = split_number(given.get("n", ""))
    if not c and a in _OF_A_CALL:
        return None
    match a:
        case "22":
            return CallStateReport(c, r, number, eid) if c else NoCall()
        case "0" | "1" | "2":
            return StatusChanged(int(a), info)
        case "6":
            return AfterCallWork(info)
        case "201":
            return CalloutResponse(r, c, number, info, given.get("i", ""))
        case "301":
            return CallinResponse(r, c, number, info, eid, given.get("i", ""))
        case "309":
            return CallinFailed(c, info)
        case "100":
            return NewCall(c, number, eid)
        case "101":
            return CancelCall(c, info)
        case "104":
            return Answered(c, number, eid)
        case "105":
            length = _digits(given.get("callTime", ""))
            talked = length if r in (25, 26) and isinstance(length, int) else None
            return Ended(c, r, talked, info)
        case "38":
            return TransferSucceeded(c)
        case "39":
            return TransferFailed(c, info)
        case "80":
            return NotForUs()
        case "87":
            return StatusAfterCallResponse(r, c, info)
        case "401":
            return ThreewayResponse(c, r, info)
        case "402":
            return ThreewayResult(c, r, info)
        case "420":
            callee, callee_eid = split_number(given.get("t", ""))
            times = given.get("callTime", ""), given.get("endTime", "")
            return GroupCallReport(c, number, callee, *times, eid, callee_eid)
        case "422":
            act = _act(given)
            return None if act is None else SuperviseResponse(c, act, r, info)
        case _:
            return None


def _decode_agent(given: Mapping[str, str]) -> AgentMessage | None:
    c, t, s = given.get("c", ""), given.get("t", ""), given.get("s", "")
    gid, _, eid = given.get("g", "").partition("_")
    number, number_eid = split_number(given.get("n", ""))
    callee, callee_eid = split_number(t)
    switchnumber, id = given.get("p", ""), given.get("i", "")
    type = given.get("type", "")
    match given["a"]:
        case "1" | "2" as a:
            return SetStatus(int(a), given.get("break", ""))
        case "52" | "51" as a:
            return SetSeatMode(a == "52")
        case "53" if gid and eid:
            return JoinGroup(gid, eid)
        case "200" if t[:1] == "9" and t[1:]:
            return DialOutside(switchnumber, id, t[1:], given.get("area", ""))
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
        case "22":
            return QueryCall()
        case "400" if c and type == "4":
            return Threeway(c, 4)
        case "400" if c and t and type in ("1", "2", "3"):
            return Threeway(c, int(type), t)
        case "421" if c and (act := _act(given)) is not None:
            return Supervise(c, act)
        case _:
            return None


def _decode_hold(given: Mapping[str, str]) -> AgentMessage | None:
    own, ccnumber = given.get("number", ""), given.get("cc", "")
    match given["a"]:
        case "1" if own and ccnumber:
            return Hold(ccnumber, own)
        case "2" if own and ccnumber:
            return Resume(ccnumber, own)
        case _:
            return None


def _decode_held(given: Mapping[str, str]) -> PlatformMessage | None:
    """[A] What the agent did on the phone itself, in the words of the agent's own hold."""
    own, ccnumber = given.get("number", ""), given.get("cc", "")
    match given["a"]:
        case "1" if ccnumber:
            return Held(ccnumber, own)
        case "2" if ccnumber:
            return Resumed(ccnumber, own)
        case _:
            return None


def _act(given: Mapping[str, str]) -> SuperviseAct | None:
    text = given.get("how", "")
    return SuperviseAct(int(text)) if text in _ACTS else None


def _digits(text: str) -> Reason:
    """Digits as an integer, anything else as it is. Nine digits hold every code and length; a
    longer run is a timestamp, and stays text."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else text
