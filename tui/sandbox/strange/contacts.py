"""The 200 to a REGISTER as an edge proxy leaves it: other bindings, rewritten addresses, short
lives."""

from __future__ import annotations

from tui.sandbox.strange.dice import Dice
from tui.sip.message.header_values import NameAddr

SHORTEST, LONGEST = 12, 40
"""Seconds that a binding lives."""
GRACE = 5
"""Seconds for which the platform keeps a binding beyond the life that it told."""
OTHERS = (
    '"Desk phone" <sip:{user}@192.0.2.10:5060;transport=udp>;expires=3600;q=0.5',
    "<sip:{user}@192.0.2.11:5060transport=udp>;expires=1",
    '<sip:other@198.51.100.7;transport=ws>;expires=2;+sip.instance="<urn:uuid:{uuid}>"',
    "<sip:{user}@[2001:db8::7]:5061>;expires=3000",
    "sip:;;;",
)
"""Bindings of others: two of them malformed."""
UUID = "00000000-0000-4000-8000-00000000dead"


def granted(dice: Dice, un: str, asked: int) -> int:
    """The life of a binding, in seconds."""
    return min(asked, dice.roll("life", un).randint(SHORTEST, LONGEST))


def contact_lines(dice: Dice, un: str, contact: NameAddr, expires: int) -> list[tuple[str, str]]:
    """The Contact and Expires lines: ours, with its user and its `+sip.instance`, among others."""
    rng = dice.roll("contacts", un)
    user = contact.uri.user or ""
    address = str(contact.uri)
    if rng.random() < 0.6:
        address = f"sip:{user}@203.0.113.{rng.randint(1, 250)}:{rng.randint(1024, 60000)}"
        address += rng.choice((";transport=ws", ";transport=ws;ob", ";alias=203.0.113.9~5060~5"))
    params = [f"expires={expires}"]
    for name in ("+sip.instance", "reg-id"):
        if (value := contact.params.get(name)) is not None:
            quoted = name == "+sip.instance" and not value.startswith('"')
            params.append(f'{name}="{value}"' if quoted else f"{name}={value}")
    if rng.random() < 0.5:
        params.append('received="sip:127.0.0.1:5066;transport=ws"')
    rng.shuffle(params)
    ours = f"<{address}>;" + ";".join(params)
    others = [
        each.format(user=user, uuid=UUID) for each in rng.sample(OTHERS, rng.choice((0, 1, 2, 3)))
    ]
    bindings = [*others, ours]
    rng.shuffle(bindings)
    lines = [("Contact", each) for each in bindings]
    if rng.random() < 0.3:
        lines.append(("Expires", str(rng.choice((expires, 3600)))))
    return lines
