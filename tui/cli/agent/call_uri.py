"""What a link wants to call: `tel:` (RFC 3966), `sip:` and `sips:` (RFC 3261), `callto:`.

A page or a letter has written it, so it is only ever a number or an address, and the agent is
asked before it is called.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from tui.port.values import Message, message

SCHEMES: Final = ("tel", "sip", "sips", "callto")
_SCHEME: Final = re.compile(r"(?i)(tel|sips?|callto):(.*)", re.DOTALL)
_SEPARATORS: Final = str.maketrans("", "", "-.() ")
ABROAD: Final = "00"
"""What stands for the "+" of a number at a platform, which takes digits only."""


def is_uri(text: str) -> bool:
    """Whether it is a link of one of those kinds."""
    return _SCHEME.match(text.strip()) is not None


def number_of(uri: str, *, addresses: bool) -> str | Message:
    """What to dial; `addresses`: names and addresses can be called, as at a PBX. Parameters and
    headers of the link are left out: they are for programs, and could ask for anything."""
    found = _SCHEME.match(uri.strip())
    if found is None:
        return message("cli.bad_uri", uri=uri)
    scheme = found[1].lower()
    rest = unquote(re.split("[;?]", found[2].lstrip("/"), maxsplit=1)[0])
    if not rest.strip() or not rest.isprintable() or len(rest) > 128:
        return message("cli.bad_uri", uri=uri)
    rest = rest.strip()
    if "@" in rest and scheme != "tel":
        if addresses:
            return f"{scheme}:{rest}" if scheme == "sips" else rest
        rest = rest.partition("@")[0]
    number = rest.translate(_SEPARATORS)
    if re.fullmatch(r"\+?[0-9*#]+", number) is None:
        return rest if addresses and " " not in rest else message("cli.bad_uri", uri=uri)
    if number.startswith("+") and not addresses:
        number = ABROAD + number[1:]
    return number
