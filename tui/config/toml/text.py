"""The text of a file that a person writes, and the tables in it."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any, Final

from tui.config.errors import END, ConfigError, Part
from tui.config.toml.not_toml import not_toml

_LONG: Final = re.compile(r"[0-9A-Fa-f_]{17}")
_DEEP: Final = re.compile(r"(?:[\[{][^\[\]{}]*){50}")


def text_of(path: Path) -> str:
    """The text of a file that a person writes: UTF-8, with a byte-order mark or without, whatever
    its ends of lines. Raises FileNotFoundError, and ConfigError with the line of what it is not, or
    for a link whose file is not there: somebody has put settings there."""
    try:
        if path.is_fifo() or path.is_socket():  # reading it would wait for ever
            raise ConfigError(("config.no_file", {"file": str(path)}))
        data = path.read_bytes()
    except FileNotFoundError:
        if not os.path.islink(path):
            raise
        where = {"file": str(path), "to": os.path.realpath(path)}
        raise ConfigError(("config.leads_nowhere", where)) from None
    except OSError as error:
        if isinstance(error, NotADirectoryError) and not os.path.lexists(path.parent):
            raise FileNotFoundError from None  # a home that is none, as of a service's user
        why = error.strerror or str(error)
        raise ConfigError(("config.unreadable", {"file": str(path), "error": why})) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = str(data.count(b"\n", 0, error.start) + 1)
        raise ConfigError(("config.not_utf8", {"file": path.name, "line": line})) from None
    text = text.replace("\r\n", "\n")
    return text if "\n" in text else text.replace("\r", "\n")


def table_of(text: str, name: str) -> dict[str, Any]:
    """The tables of a TOML text, whatever a person or a program left in it. Raises ConfigError."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise not_toml(text, name, str(error)) from None
    except RecursionError:
        raise _somewhere(text, name, _DEEP, "config.deep") from None
    except ValueError:  # an integer of more digits than Python converts
        raise _somewhere(text, name, _LONG, "config.long_number") from None
    waiting: list[Any] = [table]
    while waiting:
        value = waiting.pop()
        if isinstance(value, int) and value.bit_length() > 64:  # TOML has no longer ones
            raise _somewhere(text, name, _LONG, "config.long_number")
        if isinstance(value, dict | list):
            waiting.extend(value.values() if isinstance(value, dict) else value)
    return table


def _somewhere(text: str, name: str, pattern: re.Pattern[str], id: str) -> ConfigError:
    """With the first line that looks like it, where there is one."""
    line = next((n for n, each in enumerate(text.split("\n"), 1) if pattern.search(each)), 0)
    at: Part = ("config.at" if line else "config.in", {"file": name, "line": str(line)})
    return ConfigError(at, (id, {}), END)
