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
from tui.platform.vocabulary import ASSUMED, Assumed, Names, names_of, plain_digits
from tui.text import clean_text
from tui.xml_body import Element, XmlError, read

_ACTS: Final = frozenset(str(int(act)) for act in SuperviseAct)
_ROOT_SETTINGS: Final = "[messages] root, hold_root, kick or ignored"
_IDS: Final = ("c", "cc")
"""Attributes that are said back as they came."""
_LONGEST_VALUE: Final = 1024
"""Characters of such a one, as many as are written (`writing`)."""
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
    if root.name.casefold() != "i":
        return None
    named = (value for name, value in root.attributes.items() if _local(name) == "n")
    return clean_text(next(named, ""), _LONGEST_VALUE) or None


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
        if not any(self._says_something(each.path) for each in self.elements):
            self.elements = tuple(
                replace(each, path=names.spelled(each.path)) for each in self.elements
            )
        self.root = self.elements[0]
        """The message that is being read, and which of the elements it is."""
        self._at = 0
        self._text = clean_text(body.decode(errors="replace"), 300)

    def of_platform(self) -> PlatformMessage | Unknown:
        return self.all_of_platform()[0]

    def all_of_platform(self) -> tuple[PlatformMessage | Unknown, ...]:
        """Each message and each kick, wherever it stands; what else stands around is skipped."""
        kicks = [each for each in self.elements if self.names.is_kick(each.path)]
        heads = [each for each in self.elements if self._is_head(each)]
        if not kicks and not heads:
            if any(self.names.is_ignored(each.path) for each in self.elements):
                return (NotForUs(),)
            return (self._unknown_root(),)
        self._skip_around(kicks, heads)
        messages: list[PlatformMessage | Unknown] = []
        places = {id(each) for each in heads}
        for at, each in enumerate(self.elements):
            if kicks and each is kicks[0]:
                messages.append(self._kick(kicks))
            elif id(each) in places:
                self.root, self._at = each, at
                messages.append(self._message(self._attributes(each, self.names.roots[each.name])))
        return tuple(messages)

    def _message(self, given: dict[str, str]) -> PlatformMessage | Unknown:
        ours = self.names.roots[self.root.name]
        decode_it = _decode_held if ours == "ch" else _decode_platform
        # The vendor's own reader takes attributes wherever they stand.
        message = decode_it(given) or decode_it(self._from_inside(ours))
        if isinstance(message, NewCall | Answered):
            said = {name: clean_text(value) for name, value in self.root.attributes.items()}
            message = replace(message, attributes=tuple(said.items()))
        if message is None and ours == "cc" and given["a"] in _OF_A_CALL and not given.get("c"):
            return self._nameless()
        return message or self._unknown_code()

    def _from_inside(self, ours: str) -> dict[str, str]:
        """What the elements in a message say: their attributes, and their own text. What it says
        itself counts before that."""
        depth = len(self.root.path)
        said = dict(self.root.attributes)
        for at in range(self._at + 1, len(self.elements)):
            each = self.elements[at]
            if len(each.path) <= depth:
                break
            if len(each.path) == depth + 1:
                for name, value in ((each.name, each.text), *each.attributes.items()):
                    said.setdefault(name, value)
        return self.names.read(ours, {name: clean_text(value) for name, value in said.items()})[0]

    def of_agent(self) -> AgentMessage | Unknown:
        heads = [each for each in self.elements if self._is_head(each)]
        if not heads:
            return self._unknown_root()
        self._skip_around([], heads)
        self.root = heads[0]
        given = self._attributes(self.root, self.names.roots[self.root.name])
        held = self.names.roots[self.root.name] == "ch"
        message = _decode_hold(given) if held else _decode_agent(given)
        return message or self._unknown_code()

    def _says_something(self, path: tuple[str, ...]) -> bool:
        known = path[-1] in self.names.roots or self.names.is_kick(path)
        return known or self.names.is_ignored(path)

    def _is_head(self, element: Element) -> bool:
        """Whether it is a message that we know, in none that we know, nor in what is ignored."""
        *around, name = element.path
        outermost = name in self.names.roots and not any(
            each in self.names.roots for each in around
        )
        return outermost and not self.names.is_ignored(element.path)

    def _unknown_root(self) -> Unknown:
        name = clean_text(self.root.name, 40)
        self._skip(SkippedKind.ROOT, name, _ROOT_SETTINGS)
        return Unknown(self._code(), self._text, f"root {name}")

    def _skip_around(self, kicks: list[Element], heads: list[Element]) -> None:
        """Keep what stands around and inside of messages and is none."""
        read = {id(each) for each in (*kicks, *heads)}
        leads = {each.path[:depth] for each in kicks for depth in range(1, len(each.path))}
        around = {each.path for each in heads}
        first = next(iter(heads), self.elements[0])
        for element in self.elements:
            path = element.path
            if id(element) in read or (path in leads and path[0] in self.names.kick_roots):
                continue
            if len(path) == 1:
                self.root = element
                self._skip(SkippedKind.ROOT, clean_text(element.name, 40), _ROOT_SETTINGS)
            elif path not in leads and not self._is_ignored(path, around):
                self.root = first
                self._skip(SkippedKind.CHILD, "/".join(path), "[messages] ignored")

    def _is_ignored(self, path: tuple[str, ...], messages: set[tuple[str, ...]]) -> bool:
        """Whether it is no business of the agent's: by its place in the body, or in its message."""
        inside = (path[depth - 1 :] for depth in range(1, len(path)) if path[:depth] in messages)
        return any(self.names.is_ignored(each) for each in (path, *inside))

    def _attributes(self, element: Element, ours: str) -> dict[str, str]:
        cleaned = {
            name: clean_text(value, _LONGEST_VALUE) for name, value in element.attributes.items()
        }
        given, unknown = self.names.read(ours, cleaned)
        for name in unknown:
            self._skip(SkippedKind.ATTRIBUTE, name, "[messages] more_attributes")
        return {name: value if name in _IDS else clean_text(value) for name, value in given.items()}

    def _kick(self, kicks: list[Element]) -> Kicked | Unknown:
        """Who is signed out: each element at its place that names somebody."""
        self.root = self.elements[0]
        named: list[Kicked] = []
        for element in kicks:
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

    def _nameless(self) -> Unknown:
        """What is said of a call, and not of which."""
        code = self._code()
        self._skip(SkippedKind.CODE, f"{code} without a ccNumber", "[messages] ccnumber")
        return Unknown(code, self._text, "code, or what it needs", of_a_call=True)

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


def _local(name: str) -> str:
    return name.rpartition(":")[2].casefold()


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
            return StatusChanged(int(a), info, *((number, eid) if eid else ()))
        case "6":
            return AfterCallWork(info, *((number, eid) if eid else ()))
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
            return ThreewayResponse(c, _plain_yes(r), info)
        case "402":
            return ThreewayResult(c, r, info)
        case "420":
            callee, callee_eid = split_number(given.get("t", ""))
            times = given.get("callTime", ""), given.get("endTime", "")
            return GroupCallReport(c, number, callee, *times, eid, callee_eid)
        case "422":
            act = _act(given)
            return None if act is None else SuperviseResponse(c, act, _plain_yes(r), info)
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


def _plain_yes(r: Reason) -> Reason:
    """Where 0 is yes, so is the 200 that all other answers of the platform have for it."""
    return 0 if r == 200 else r


def _digits(text: str) -> Reason:
    """A whole number as an integer, however it is written, anything else as it is. Nine digits hold
    every code and length; a longer run is a timestamp, and stays text."""
    plain = plain_digits(text)
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) <= 9 else text
