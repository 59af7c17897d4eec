"""What reaches an agent who looks elsewhere: the terminal's bell, its title, its notifications.

Everything here is bytes for the terminal; whoever owns the terminal writes them. The title is
put on the terminal's own stack first (XTWINOPS 22/23), so that it comes back as it was. tmux
passes on what it does not know only in an envelope, and only with `allow-passthrough on`.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping

from tui.text import clean_text

BELL = "\a"
_PUSH = "\x1b[22;2t"
_POP = "\x1b[23;2t"
_SCREENS = 500
"""Characters that go into one envelope of GNU screen."""


def set_title(text: str) -> str:
    """OSC 0. The text is cleaned again: a title that ends early would run as commands."""
    return f"\x1b]0;{clean_text(text, 60)}\a"


def osc9(text: str) -> str:
    """A notification as iTerm2, kitty, WezTerm and others know it. A semicolon would make
    something else of it (ConEmu's progress)."""
    return f"\x1b]9;{_plain(text)}\a"


def osc777(text: str) -> str:
    """A notification as rxvt-unicode, foot, Ghostty and others know it."""
    return f"\x1b]777;notify;yimi;{_plain(text)}\a"


def osc52(text: str) -> str:
    """The clipboard, as most terminals know it that let it be set."""
    return f"\x1b]52;c;{b64encode(text.encode()).decode()}\a"


def through_tmux(data: str) -> str:
    """In tmux's envelope: every ESC doubled (tmux(1), "allow-passthrough")."""
    return "\x1bPtmux;" + data.replace("\x1b", "\x1b\x1b") + "\x1b\\"


def through_screen(data: str) -> str:
    """In GNU screen's envelope (screen(1), "Device Control String"), which it swallows where it is
    long: what is in several arrives as one."""
    parts = (data[at : at + _SCREENS] for at in range(0, len(data), _SCREENS))
    return "".join(f"\x1bP{part}\x1b\\" for part in parts)


def envelope_of(environment: Mapping[str, str]) -> Callable[[str], str]:
    """What a program within the terminal wants around what is for the terminal itself."""
    if environment.get("TMUX"):
        return through_tmux
    return through_screen if environment.get("STY") else str


def _plain(text: str) -> str:
    return clean_text(text, 120).replace(";", ",")


class Attention:
    """One terminal's bell, title and notifications, each of which can be off. `write` takes what
    goes to the terminal as it is; `envelope` is what goes around a notification."""

    def __init__(
        self,
        write: Callable[[str], None],
        *,
        bell: bool = True,
        title: bool = True,
        osc9: bool = False,
        osc777: bool = False,
        envelope: Callable[[str], str] = str,
    ) -> None:
        self._write = write
        self.bell, self.title, self.osc9, self.osc777 = bell, title, osc9, osc777
        self._envelope = envelope
        self._pushed = False
        self._said = ""

    def call(self, title: str) -> None:
        """A call rings: once for each, by all that is on."""
        if title == self._said:
            return
        self._said = title
        data = ""
        if self.title:
            data += ("" if self._pushed else _PUSH) + set_title(title)
            self._pushed = True
        self._send(data + (BELL if self.bell else "") + self._notification(title))

    def tell(self, text: str) -> None:
        """Something that can wait until the agent looks: a missed call."""
        self._send(self._notification(text))

    def calm(self) -> None:
        """Nothing rings any more: the title is what it was. A terminal without a title stack
        keeps our plain name."""
        if self._pushed:
            self._write(set_title("yimi") + _POP)
        self._pushed, self._said = False, ""

    def _notification(self, text: str) -> str:
        data = (osc9(text) if self.osc9 else "") + (osc777(text) if self.osc777 else "")
        return self._envelope(data) if data else ""

    def _send(self, data: str) -> None:
        if data:
            self._write(data)
