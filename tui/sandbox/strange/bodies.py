"""Control messages in another dress: what is known is there, in an order and among things that
nobody listed."""

from __future__ import annotations

import random
import re

from tui.platform.control import CONTENT_TYPE

_FORM = re.compile(r'((?:<\w+>)*)<(\w+)((?: \w+="[^"]*")*)/>((?:</\w+>)*)')
_ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')

DECLARATIONS = (
    '<?xml version="1.0" encoding="UTF-8"?>',
    "<?xml version='1.0' encoding='utf-8' standalone='yes'?>\n",
)
MORE_ATTRIBUTES = (
    *(("b", "1800000000123"), ("d", "0"), ("e", "0"), ("f", "0"), ("k", "-1"), ("l", "zh_CN")),
    *(("m", "1"), ("o", "2"), ("q", "3"), ("u", "77"), ("v", "2"), ("z", "x")),
    *(("ts", "1800000000"), ("trace-id", "5f0c"), ("w", "9"), ("x1", "a &amp; b")),
    ("level", ""),
)
"""Those of one letter are the vendor's, with values that ask nothing of the agent; nobody knows
the others."""
MORE_CHILDREN = (
    '<mn b="1800000000123"/>',
    '<ext><n t="1" c="9"/></ext>',
    "<note>hello</note>",
    '<u n="9999_00000001" r="895"/>',
    '<cc a="105" c="1"/>',
)
BESIDE_A_KICK = ('<m><c n="1" a="i"/></m>', '<b x="1"/>')
CONTENT_TYPES = (CONTENT_TYPE, f"{CONTENT_TYPE};charset=UTF-8", "Application/PIDF+XML")


def dress(body: bytes, rng: random.Random) -> bytes:
    """A body as `control.encode` makes it, dressed otherwise."""
    form = _FORM.fullmatch(body.decode())
    if form is None:
        return body
    before, name, given, after = form.groups()
    attributes = [(key, value) for key, value in _ATTRIBUTE.findall(given)]
    there = {key for key, _ in attributes}
    spare = [each for each in MORE_ATTRIBUTES if each[0] not in there]
    attributes += rng.sample(spare, rng.randint(0, 3))
    if name == "u":
        attributes.append(("a", "o"))
    rng.shuffle(attributes)
    gap = rng.choice((" ", " ", "  ", "\n\t"))
    quote = rng.choice(('"', '"', "'"))
    written = "".join(f"{gap}{key}={_quoted(value, quote)}" for key, value in attributes)
    children = "".join(rng.sample(MORE_CHILDREN, rng.choice((0, 0, 1, 2))))
    if name == "u":
        # A kick has one <u>: beside it, not in it, there is more.
        children = ""
        before = before.replace("<o>", "<o>" + rng.choice(("", *BESIDE_A_KICK)))
    space = rng.choice(("", "", "\n"))
    if children or rng.random() < 0.3:
        element = f"<{name}{written}>{space}{children}{space}</{name}>"
    else:
        element = f"<{name}{written}{rng.choice(('', ' '))}/>"
    declaration = rng.choice(("", *DECLARATIONS))
    return f"{declaration}{before}{element}{after}{space}".encode()


def _quoted(value: str, quote: str) -> str:
    return f'"{value}"' if "'" in value else f"{quote}{value}{quote}"


def content_type(rng: random.Random) -> str:
    """The same Content-Type, in another spelling."""
    return rng.choice(CONTENT_TYPES)


def not_for_the_agent(un: str, cc: str, eid16: str, rng: random.Random) -> bytes:
    """A message that asks nothing of this agent."""
    return rng.choice(
        (
            f'<o><m><c n="{cc}" a="i"/></m></o>',
            '<mn b="1800000000123"/>',
            f'<cc a="80" c="{cc}" s="3"/>',
            f'<cc a="9999" n="{un}_{eid16}"/>',
            "<notice><text>system message</text></notice>",
            f'<o><a><u n="9999_{eid16}" nm="Somebody" a="o" r="895"/></a></o>',
            f'<o><a><u n="{un}_00000001" nm="Somebody" a="o" r="895"/></a></o>',
            f'<sync v="2"><seat n="{un}_{eid16}" s="1"/></sync>',
        )
    ).encode()
