"""Which binding in the 200 to REGISTER is ours, and how long it lives (RFC 3261 §10.2.4, RFC 5626).

Theory of operation. A registrar lists every binding of the account: those of other devices, which
are none of our business and may be unreadable, and ours, which it may have rewritten to where our
packets come from. Ours is looked for by what is most certain first, and the first that finds
anything decides:

    1. our `+sip.instance`, and our `reg-id` where one is given, at the host of our own Contact
    2. the same at another host, as one that was rewritten, or that an earlier run of ours left
    3. the host of our own Contact, a random name
    4. our user part
    5. the only binding that there is

Of several that fit the shortest life counts: to refresh too early costs one request, too late costs
calls. Where none fits any of them may be ours. A life of 0 is none: that binding was just removed,
as an older one of this very account may be in the answer that takes the new one. Where nothing else
is listed, the registrar has said yes and kept nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tui.sip.errors import RemoteProtocolError
from tui.sip.message.header_values import parse_name_addr, read_seconds
from tui.sip.message.headers import Headers
from tui.sip.message.uri import Uri

_REG_ID: Final = "1"
_LONGEST: Final = 3600
"""Seconds that a binding is believed without being asked about, whatever a registrar grants: some
say for ever, and forget it with their next restart."""
_leading_seconds = re.compile(r"[ \t]*+([0-9]{1,10}+)(?![0-9])").match
_rough_expires = re.compile(r';[ \t]*+expires[ \t]*+=[ \t]*+"?([0-9]{1,10}+)', re.I).search


@dataclass(frozen=True, slots=True)
class _Binding:
    """One Contact of the response; `uri` is None where it cannot be read."""

    text: str
    uri: Uri | None
    reg_id: str | None
    expires: int | None


def _read(text: str) -> _Binding:
    try:
        contact = parse_name_addr(text)
    except RemoteProtocolError:
        rough = _rough_expires(text)
        return _Binding(text, None, None, int(rough[1]) if rough else None)
    found = _leading_seconds(contact.params.get("expires", ""))
    expires = int(found[1]) if found else None
    return _Binding(text, contact.uri, contact.params.get("reg-id"), expires)


def granted(headers: Headers, *, instance: str, host: str, user: str, asked: int) -> int | None:
    """The life of our binding in seconds, at least 1: its own `expires`, else Expires, else what
    was `asked` for. None where no binding is kept, though some are listed. `instance` is our
    `+sip.instance` without brackets, `host` that of our Contact.
    """
    named = Uri("sip", user).unescaped()
    usual = read_seconds(headers, "Expires") or asked
    listed = [_read(text) for text in headers.get_all("Contact")]
    bindings = [each for each in listed if each.expires != 0]
    if listed and not bindings:
        return None

    def by_instance(each: _Binding) -> bool:
        return (
            bool(instance)
            and instance.lower() in each.text.lower()
            and each.reg_id in (None, _REG_ID)
        )

    def by_host(each: _Binding) -> bool:
        return each.uri is not None and each.uri.host.lower() == host.lower()

    tests: tuple[Callable[[_Binding], bool], ...] = (
        lambda each: by_instance(each) and by_host(each),
        by_instance,
        by_host,
        lambda each: each.uri is not None and each.uri.unescaped() == named,
    )
    for is_ours in tests:
        ours = [each for each in bindings if is_ours(each)]
        if ours:
            bindings = ours
            break
    lives = [usual if each.expires is None else each.expires for each in bindings]
    return min(min(lives, default=usual), max(asked, _LONGEST))
