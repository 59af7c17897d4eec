"""Words of the config with a call's values in them: for screen pops, look-ups, own actions.

Never through a shell, so that nothing in a number can become a command.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from tui.text import clean_text

if TYPE_CHECKING:
    from tui.engine.calls import Calls
    from tui.port.snapshot import Call

_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_PLACE: Final = re.compile(
    r"\{(number|ccnumber|group|reason|name|note|outcome|(?:header|attribute):[^{}\s]+)\}"
)


def arguments(
    template: tuple[str, ...], values: Mapping[str, str], opener: tuple[str, ...]
) -> tuple[str, ...]:
    """The program and its arguments. A template of one word that is a URL is given to `opener`.

    Inside a URL values are percent-encoded (RFC 3986 §2.1). The program itself is never filled in,
    and a value never makes an argument an option.
    """
    if len(template) == 1 and _URL.match(template[0]):
        return (*opener, filled(template[0], values))
    return (template[0], *(filled(word, values) for word in template[1:]))


def filled(word: str, values: Mapping[str, str], *, encode: bool = False) -> str:
    """One word with the values in their places; what is not known is empty. In a URL, and with
    `encode`, they are percent-encoded."""
    encode = encode or _URL.match(word) is not None

    def value(found: re.Match[str]) -> str:
        kind, colon, name = found[1].partition(":")
        place = f"header:{name.lower()}" if colon and kind == "header" else found[1]
        text = values.get(place, "")
        return quote(text, safe="") if encode else text

    text = _PLACE.sub(value, word)
    return text if word.startswith("-") else text.lstrip("-")


def values_of(calls: Calls, call: Call | None) -> dict[str, str]:
    """What can be put in about this call, and about the write-up that is open; cleaned."""
    snapshot = calls.context.snapshot
    account, wrapup = snapshot.account, snapshot.wrapup
    values: dict[str, str] = {}
    if wrapup is not None:
        values |= {"number": wrapup.number, "outcome": wrapup.outcome, "note": wrapup.note}
    values["group"] = "" if account is None else account.group
    if call is not None:
        reason = "" if call.outcome is None else call.outcome.id
        values |= calls.said(call)
        values |= {
            "number": call.number,
            "ccnumber": call.ccnumber,
            "group": call.group or values["group"],
            "reason": reason if call.end.reason is None else str(call.end.reason),
            "name": call.known or call.name,
        }
    return {name: clean_text(value) for name, value in values.items()}
