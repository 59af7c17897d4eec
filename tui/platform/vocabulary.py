"""The names of the control wire: codes, attributes and roots, each of which a platform may have
otherwise (`[messages]`).

Inside of `control` every message has the codes and attributes of the specification; here they are
turned into a platform's own, and back. A setting may hold several, separated by spaces: all are
read, the first is written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Final

from tui.platform.bad_setting import BadSetting

_NUMBER: Final = re.compile(r"\+?0*([0-9]+)(?:\.0*)?", re.ASCII)
_FULL_WIDTH: Final = {ord(wide): chr(ord(wide) - 0xFEE0) for wide in "０１２３４５６７８９＋．"}
_CODE: Final = re.compile(r"[!-~]{1,40}")
_XML_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,39}")

CODES: Final[Mapping[str, str]] = {
    "query": "22",
    "offline": "0",
    "threeway": "400",
    "threeway_response": "401",
    "threeway_result": "402",
    "group_call": "420",
    "supervise": "421",
    "supervise_response": "422",
    "idle": "1",
    "busy": "2",
    "after_call_work": "6",
    "transfer": "31",
    "transfer_done": "38",
    "transfer_failed": "39",
    "mobile": "51",
    "fixed": "52",
    "group": "53",
    "status_after_call": "87",
    "offer": "100",
    "cancel": "101",
    "answer": "102",
    "answered": "104",
    "end": "105",
    "hang_up": "106",
    "dial_outside": "200",
    "outside_response": "201",
    "dial_extension": "300",
    "extension_response": "301",
    "no_answer": "309",
    "not_for_us": "80",
}
"""Settings that hold a code of `<cc>`, and the code by which `control` knows it."""
HOLD_CODES: Final[Mapping[str, str]] = {"hold": "1", "resume": "2"}
"""The same of `<ch>`."""
ATTRIBUTES: Final[Mapping[str, str]] = {
    "code": "a",
    "ccnumber": "c",
    "party": "n",
    "reason": "r",
    "gid": "g",
    "attempt": "i",
    "switchnumber": "p",
    "callee": "t",
    "status": "s",
    "threeway_type": "type",
    "supervise_how": "how",
    "end_time": "endTime",
    "call_time": "callTime",
    "info": "info",
    "area": "area",
    "break_reason": "break",
}
"""Settings that hold an attribute of `<cc>`, and the name by which `control` knows it."""
HOLD_ATTRIBUTES: Final[Mapping[str, str]] = {
    "code": "a",
    "hold_number": "number",
    "hold_ccnumber": "cc",
}
KICK_ATTRIBUTES: Final[Mapping[str, str]] = {
    "kick_party": "n",
    "kick_name": "nm",
    "kick_reason": "r",
    "info": "info",
}
LISTED: Final = frozenset((*"abcdefgiklmnopqrstuvz", "nm"))
"""The attributes that the vendor's own reader takes, wherever they stand (platform.md)."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """What a platform calls things. The first fifteen are what nobody has published."""

    query: str = "22"
    """The query of the calls' state; said back without a ccNumber when there is no call."""
    offline: str = "0"
    """The platform's "your seat is offline", beside its 1 and 2."""
    threeway: str = "400"
    """Three-way request: ccNumber, `threeway_type`, the callee."""
    threeway_response: str = "401"
    """What a three-way request awaits: ccNumber, `r` 0 or 1, `info` the reason."""
    threeway_result: str = "402"
    """The outcome of a three-way call: ccNumber, `r` 0, 1 or 2."""
    threeway_type: str = "s"
    group_call: str = "420"
    """`repCallStatus`, to a supervisor: a call of the group begins, or is over. ccNumber, the
    caller as `party`, the callee, when it began as `call_time`, when it ended as `end_time`."""
    supervise: str = "421"
    """A supervisor's request: ccNumber, `supervise_how`."""
    supervise_response: str = "422"
    """What it awaits: ccNumber, `supervise_how`, `r` 0 done or 1 refused, `info` the reason."""
    supervise_how: str = "s"
    """1 listen, 2 stop listening, 3 join, 4 leave, 5 end the call."""
    end_time: str = "endTime"
    """When a call of the group ended; not there, or empty, where it begins."""
    call_time: str = "callTime"
    """The length of the call in seconds, in 105."""
    info: str = "info"
    """The platform's own words: why a call failed or ended, why the seat is as it is."""
    area: str = "area"
    """The area code of `call2`, in 200."""
    break_reason: str = ""
    """Why the seat is busy, in `busy`: the code of a named break. Without a name it is not said."""
    more_attributes: str = ""
    """Further attributes that a platform puts into its messages: skipped like all others, but not
    kept in the list of what was not understood."""
    idle: str = "1"
    busy: str = "2"
    after_call_work: str = "6"
    transfer: str = "31"
    transfer_done: str = "38"
    transfer_failed: str = "39"
    mobile: str = "51"
    fixed: str = "52"
    group: str = "53"
    status_after_call: str = "87"
    offer: str = "100"
    cancel: str = "101"
    answer: str = "102"
    answered: str = "104"
    end: str = "105"
    hang_up: str = "106"
    dial_outside: str = "200"
    outside_response: str = "201"
    dial_extension: str = "300"
    extension_response: str = "301"
    no_answer: str = "309"
    not_for_us: str = "80"
    """Codes that are no business of the agent's."""
    hold: str = "1"
    resume: str = "2"
    root: str = "cc"
    hold_root: str = "ch"
    kick: str = "o/a/u"
    """Where in a message stands who is signed out."""
    ignored: str = "mn o/m"
    """Roots, and places below a root, that are no business of the agent's."""
    code: str = "a"
    ccnumber: str = "c"
    party: str = "n"
    reason: str = "r"
    gid: str = "g"
    attempt: str = "i"
    switchnumber: str = "p"
    callee: str = "t"
    status: str = "s"
    hold_number: str = "number"
    hold_ccnumber: str = "cc"
    kick_party: str = "n"
    kick_name: str = "nm"
    kick_reason: str = "r"

    def overridden(self, values: Mapping[str, str]) -> Assumed:
        """The same with some values changed. Raises BadSetting for a name that is not here, for
        what is no code or no name of XML, and when two messages would have the same code."""
        names = {each.name for each in fields(self)}
        for name, value in values.items():
            if name not in names:
                raise BadSetting(name, "config.no_name", name=repr(name))
            _check(name, value)
        changed = replace(self, **values)
        for table in (CODES, HOLD_CODES):
            taken: dict[str, str] = {}
            # What is written otherwise comes last, so that the sentence is about it.
            for name in sorted(table, key=lambda each: each in values):
                for code in getattr(changed, name).split():
                    if code in taken:
                        other = taken[code]
                        raise BadSetting(name, "config.taken", given=repr(code), other=other)
                    taken[code] = name
        return changed


def _check(name: str, value: str) -> None:
    parts = value.split()
    if name in CODES or name in HOLD_CODES:
        if not parts or not all(_CODE.fullmatch(part) for part in parts):
            raise BadSetting(name, "config.code", given=repr(value))
        return
    steps = [step for part in parts for step in part.split("/")]
    empty = not parts and name not in ("more_attributes", "ignored", "break_reason")
    if empty or not all(_XML_NAME.fullmatch(step) for step in steps):
        raise BadSetting(name, "config.xml_name", given=repr(value))


ASSUMED: Final = Assumed()


class Names:
    """The two directions of one vocabulary, made once (`names_of`)."""

    def __init__(self, assumed: Assumed) -> None:
        self.roots = {
            **dict.fromkeys(assumed.hold_root.split(), "ch"),
            **dict.fromkeys(assumed.root.split(), "cc"),
        }
        """The roots that are read, and which of ours each is."""
        self.kick = [tuple(path.split("/")) for path in assumed.kick.split()]
        self.kick_roots = {path[0] for path in self.kick}
        self.ignored = [tuple(path.split("/")) for path in assumed.ignored.split()]
        self.known = LISTED | set(assumed.more_attributes.split())
        self._attributes_in = {
            "cc": _read(assumed, ATTRIBUTES),
            "ch": _read(assumed, HOLD_ATTRIBUTES),
            "u": _read(assumed, KICK_ATTRIBUTES),
        }
        self._codes_in = {"cc": _read(assumed, CODES), "ch": _read(assumed, HOLD_CODES)}
        self._attributes_out = {
            "cc": _written(assumed, ATTRIBUTES),
            "ch": _written(assumed, HOLD_ATTRIBUTES),
            "u": _written(assumed, KICK_ATTRIBUTES),
        }
        self._codes_out = {"cc": _written(assumed, CODES), "ch": _written(assumed, HOLD_CODES)}
        self._names_folded = {
            root: {name.casefold(): name for name in names}
            for root, names in self._attributes_in.items()
        }
        paths = (*self.kick, *self.ignored)
        steps = (*self.roots, *(step for path in paths for step in path))
        self._steps_folded = {step.casefold(): step for step in steps}
        self._roots_out = {
            "cc": assumed.root.split()[0],
            "ch": assumed.hold_root.split()[0],
            "u": self.kick[0][-1],
        }

    def read(self, root: str, given: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
        """A platform's attributes by our names, the code as ours ("" when it is none), and the
        attributes that nobody knows."""
        names, codes = self._attributes_in[root], self._codes_in.get(root)
        first = "n" if codes is None else "a"
        if not any(first in names.get(name, ()) for name in given):
            given = self._spelled(root, given)
        ours = {each: value for name, value in given.items() for each in names.get(name, ())}
        if codes is not None:
            code = ours.get("a", "")
            found = codes.get(code) or codes.get(plain_digits(code), ("",))
            ours["a"] = found[0]
        unknown = [
            name
            for name in given
            if name not in names and name not in self.known and name.partition(":")[0] != "xmlns"
        ]
        return ours, unknown

    def _spelled(self, root: str, given: Mapping[str, str]) -> dict[str, str]:
        """The attributes of a message in which the one that tells what it is has a prefix, or is
        written in other letters, small or capital: then so are the others."""
        folded = self._names_folded[root]
        found: dict[str, str] = {}
        for name, value in given.items():
            local = name if name.startswith(("xmlns", "xml:")) else name.rpartition(":")[2]
            found.setdefault(folded.get(local.casefold(), name), value)
        return found

    def spelled(self, path: tuple[str, ...]) -> tuple[str, ...]:
        """Where an element stands, by the names that we know, whatever the case of their
        letters."""
        return tuple(self._steps_folded.get(step.casefold(), step) for step in path)

    def is_kick(self, path: tuple[str, ...]) -> bool:
        """Whether somebody who is signed out stands there, whatever is around, but no message that
        we know."""
        return any(
            path[-len(kick) :] == kick
            and not any(step in self.roots for step in path[: -len(kick)])
            for kick in self.kick
        )

    def is_ignored(self, path: tuple[str, ...]) -> bool:
        """Whether it is no business of the agent's, or stands in what is none."""
        return any(path[: len(each)] == each for each in self.ignored)

    def is_code(self, name: str) -> bool:
        """Whether an attribute holds the code of a message."""
        return any("a" in self._attributes_in[root].get(name, ()) for root in ("cc", "ch"))

    def write(self, root: str, ours: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """The root, and the attributes with the code, as the platform has them."""
        names, codes = self._attributes_out[root], self._codes_out.get(root, {})
        given = {
            names[name]: codes[value] if name == "a" else value
            for name, value in ours.items()
            if name in names  # else the platform has no field for it
        }
        return self._roots_out[root], given


def plain_digits(text: str) -> str:
    """A whole number as it is written on this wire, however else it came: with a sign, leading
    zeros, a fraction of nothing, or the digits of another width. Anything else as it is."""
    found = _NUMBER.fullmatch(text[:40].translate(_FULL_WIDTH))
    return found[1] if found else text


@cache
def names_of(assumed: Assumed) -> Names:
    """The names of a vocabulary."""
    return Names(assumed)


def _read(assumed: Assumed, table: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """What each name of theirs stands for; one of theirs may stand for several of ours."""
    found: dict[str, tuple[str, ...]] = {}
    for name, ours in table.items():
        for theirs in getattr(assumed, name).split():
            found[theirs] = (*found.get(theirs, ()), ours)
    return found


def _written(assumed: Assumed, table: Mapping[str, str]) -> dict[str, str]:
    named = {ours: getattr(assumed, name).split() for name, ours in table.items()}
    return {ours: theirs[0] for ours, theirs in named.items() if theirs}
