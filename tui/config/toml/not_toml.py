"""What keeps a text from being TOML, said to the person who wrote it: where, what, and what to do.

The parser's own sentences are for programmers, and in English.
"""

from __future__ import annotations

import re
from typing import Final

from tui.config.errors import END, ConfigError, Part

_WHERE: Final = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)
_MEANINGS: Final = (
    ("Cannot ", "twice"),
    ("Duplicate ", "twice"),
    ("Invalid value", "value"),
    ("Invalid statement", "line"),
    ("Invalid initial character", "line"),
    ("Expected '='", "line"),
    ("Expected newline", "behind"),
    ("Expected ']", "bracket"),
    ("Unclosed array", "list"),
    ("Unclosed inline table", "braces"),
    ("Unterminated string", "text"),
    ("Illegal character", "text"),
    ("Found invalid character", "text"),
    ("Expected \"'", "text"),
    ("Unescaped", "backslash"),
    ("Invalid hex", "backslash"),
    ("Escaped character", "backslash"),
)
"""How the sentences of `tomllib` begin, and what they mean for whoever writes a config."""
_OPENS: Final = re.compile(r"""[^#=]*=\s*('''|\"\"\"|'|")(.*)""")
_ABOUT_A_SIGN: Final = ("value", "line", "behind", "bracket", "text")


def not_toml(text: str, name: str, said: str) -> ConfigError:
    """`said` is the parser's sentence about the text of the file of that name. What stands there is
    not quoted, but for one sign that no keyboard of ours has: it may be a password."""
    where = _WHERE.fullmatch(said)
    meaning = next((to for begins, to in _MEANINGS if said.startswith(begins)), None)
    if where is None or meaning is None:
        return ConfigError(("config.not_toml", {"file": name, "error": said}))
    lines = text.split("\n")
    line, column = int(where[2] or _left_open(lines)), int(where[3] or 0)
    at: Part = ("config.at", {"file": name, "line": str(line)})
    sign = lines[line - 1][column - 1 : column] if column else ""  # "" at the end of a line, too
    if meaning in _ABOUT_A_SIGN and sign and not (sign.isascii() and sign.isprintable()):
        if sign.isalpha():
            return ConfigError(at, ("config.toml.name", {"sign": sign}), END)
        code = f"U+{ord(sign):04X}"
        shown = f"{sign} ({code})" if sign.isprintable() else code
        return ConfigError(at, ("config.toml.sign", {"sign": shown}), END)
    return ConfigError(at, (f"config.toml.{meaning}", {}), END)


def _left_open(lines: list[str]) -> int:
    """Where something begins that the end of the file is too early for: the last text that does not
    end on its line, else the last line that holds something."""
    opens = [(number, _OPENS.match(line)) for number, line in enumerate(lines, 1)]
    open_ones = [number for number, found in opens if found and found[1] not in found[2]]
    held = [number for number, line in enumerate(lines, 1) if line.strip()]
    return max(open_ones or held or [1])
