"""`yimi desktop`: an entry in the desktop's menu that opens `tel:`, `sip:` and `callto:` links.

Freedesktop's Desktop Entry, Base Directory and MIME Applications specifications. Nothing outside
of the user's own directories is written.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from argparse import Namespace
from pathlib import Path
from typing import Final

from tui.cli.exits import OK, REFUSED, complain
from tui.console import i18n
from tui.console.i18n import tr

NAME: Final = "yimi.desktop"
SCHEMES: Final = ("tel", "sip", "sips", "callto")


def run(options: Namespace) -> int:
    """Install it, or take it away; the exit code."""
    i18n.set_language(i18n.from_locale(os.environ))
    path = applications() / NAME
    try:
        if options.what == "remove":
            path.unlink(missing_ok=True)
            _tell_desktop(path.parent)
            print(tr("desktop.removed", path=path))
            return OK
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{NAME}.{os.getpid()}")
        fresh.write_text(entry(), "utf-8")
        fresh.replace(path)
    except OSError as error:
        why = error.strerror or type(error).__name__
        return complain(tr("desktop.not_written", path=path, why=why), REFUSED)
    _tell_desktop(path.parent)
    print(tr("desktop.installed", path=path))
    if options.default and not _make_default():
        return complain(tr("desktop.no_default"), REFUSED)
    return OK


def applications() -> Path:
    """Where a user's own entries are (XDG Base Directory; a relative path does not count)."""
    given = os.environ.get("XDG_DATA_HOME", "")
    home = Path(given) if given.startswith("/") else Path.home() / ".local" / "share"
    return home / "applications"


def entry(command: tuple[str, ...] | None = None) -> str:
    """The entry; `command` is how `yimi` is started, else as it was started now."""
    words = " ".join(_quoted(word) for word in command or command_line())
    types = "".join(f"x-scheme-handler/{scheme};" for scheme in SCHEMES)
    return f"""\
[Desktop Entry]
Type=Application
Name=yimi
GenericName=Call-centre phone
GenericName[zh_CN]=呼叫中心软电话
Comment=Calls the number of a link, once you have said so
Comment[zh_CN]=呼叫链接中的号码，先征得您同意
Exec={words} dial %u
Terminal=false
NoDisplay=true
Categories=Network;Telephony;
MimeType={types}
"""


def command_line() -> tuple[str, ...]:
    """How to start what runs now: the script beside this Python, else the module."""
    script = Path(sys.executable).with_name("yimi")
    found = str(script) if script.is_file() else shutil.which("yimi")
    return (found,) if found else (sys.executable, "-m", "tui.cli")


def _quoted(word: str) -> str:
    """As the Exec key wants it: quotes, backslashes and field codes are escaped."""
    word = word.replace("%", "%%")
    if not any(character in word for character in " \t\n\"'\\><~|&;$*?#()`"):
        return word
    word = word.replace("\\", "\\" * 4)
    for character in '"`$':
        word = word.replace(character, "\\" * 2 + character)
    return f'"{word}"'


def _tell_desktop(folder: Path) -> None:
    """Have the cache of handlers made anew, where there is the program for it."""
    if program := shutil.which("update-desktop-database"):
        subprocess.run([program, "-q", str(folder)], check=False)  # noqa: S603 - found on PATH


def _make_default() -> bool:
    """Have the links opened by it; whether that could be done."""
    program = shutil.which("xdg-mime")
    if program is None:
        return False
    types = [f"x-scheme-handler/{scheme}" for scheme in SCHEMES]
    done = subprocess.run([program, "default", NAME, *types], check=False)  # noqa: S603
    return done.returncode == 0
