"""What the terminal sends, cut into keys, pastes, reports: never one made of the rest of another.

Once ESC and one of `[ O ] P ^ _ X` have come, everything to the final byte is one sequence
(ECMA-48 §5.4), however late the rest comes. What is not understood is dropped as a whole. No I/O:
bytes and the time go in, Textual's events come out.
"""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator, Mapping
from enum import Enum, auto
from time import monotonic
from typing import Final

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._keyboard_protocol import FUNCTIONAL_KEYS, MODIFIER_FUNCTIONAL_KEYS
from textual._xterm_parser import XTermParser
from textual.events import Key, Paste, Resize
from textual.keys import Keys
from textual.message import Message
from textual.messages import InBandWindowResize, TerminalSupportsSynchronizedOutput

from tui.text import without_controls

ESCAPE_WAIT: Final = 0.1
"""Seconds after which an ESC alone is the Escape key, where the terminal is on this machine."""
REMOTE_ESCAPE_WAIT: Final = 0.5
"""The same over a network, which may put a pause between the bytes of one key."""
LATE: Final = 2.0
"""Seconds after that in which an introducer still belongs to that ESC."""
STRING_SILENCE: Final = 30.0
"""Seconds without a byte after which a string or a paste without its end is over."""
PASTE_PAUSE: Final = 3.0
"""Seconds without a byte after which a key is one in spite of a paste that has no end yet."""
MOST: Final = 256
"""Bytes of a sequence that are kept; no known one is longer."""
MOST_ROWS: Final = 1000
MOST_COLUMNS: Final = 2000
"""Of a screen that a terminal says it has."""
MOST_PASTED: Final = 1 << 20
"""Bytes of a paste that are kept."""

_REMOTE: Final = ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY", "MOSH_IP", "REMOTEHOST")
_ESC, _BEL = 0x1B, 0x07
_CSI, _SS3 = ord("["), ord("O")
_STRINGS: Final = frozenset(b"]P^_X")
_NEVER_TYPED: Final = frozenset(b"[]")
"""Introducers that no agent types after Escape; the others are letters too."""
_NUMBERS: Final = frozenset(b"0123456789;")
_FINISH: Final = b"\x1b[201~"
_C1: Final = {0x8F: _SS3, 0x90: ord("P"), 0x98: ord("X"), 0x9B: _CSI, 0x9D: ord("]")}
"""The introducers as one character each, as they come in UTF-8 from few terminals."""

_PUTTY: Final = {f"\x1bO{final}": f"f{n}" for n, final in enumerate("TUVWXYZ[", 5)}
"""F5 to F12 of PuTTY in its VT100+ mode; F1 to F4 are everybody's."""
_MODE_REPORT: Final = re.compile(r"\x1b\[\?(\d+);(\d)\$y")
_RESIZE: Final = re.compile(r"\x1b\[48;(\d+)[\d:]*;(\d+)[\d:]*;(\d+)[\d:]*;(\d+)[\d:]*t")
_MOUSE: Final = re.compile(r"\x1b\[<(\d+);-?\d+;-?\d+[Mm]")
_WHEEL: Final = 0b1000000
_OTHER_BUTTON: Final = 0b10000011
"""Of a button's number: those of the middle, the right and all beyond."""
_RELEASED: Final = 0b11
"""How the oldest kind of report says that a button was let go; it does not say which."""
_KEY: Final = re.compile(
    r"\x1b\[(?P<code>\d*)(?::\d*(?::(?P<base>\d*))?)?"
    r"(?:;(?P<held>\d*)(?::(?P<kind>\d*))?)?(?:;(?P<text>[\d:]*))?(?P<final>[u~A-HPQRS])"
)
ALTERNATES: Final = "\x1b[=4;2u"
"""Asks a terminal with kitty's protocol to tell, besides what Textual asks for, which key it would
be on a Latin keyboard: to one who types Greek, Russian or Arabic the key with Ctrl is another."""
_HELD: Final = frozenset((*MODIFIER_FUNCTIONAL_KEYS, "caps_lock", "scroll_lock", "num_lock"))
"""Keys that are held while others are pressed, or switch something of the keyboard. A terminal with
kitty's protocol tells of each; alone they are nothing that somebody typed."""
ALT_ON: Final = "\x1b[?1036;1039h"
ALT_BY_ESCAPE: Final = "\x1b[?1036;1039s" + ALT_ON
"""Asks xterm to write Alt and a key as ESC and the key, as others do, and keeps what it did before:
left to itself it adds 128 to the letter, and Alt+N comes as "î"."""
ALT_AS_BEFORE: Final = "\x1b[?1036;1039r"
_CHORD: Final = 0b111110
"""Alt, Ctrl, Super, Hyper, Meta, as that protocol counts them."""
_OTHER_KEY: Final = re.compile(r"\x1b\[27;(\d+);(\d+)~")
"""How xterm's modifyOtherKeys writes a key that kitty's protocol writes as `CSI code;modifiers u`:
tmux (`extended-keys always`) and some terminals send it unasked."""
_STATUS: Final = "\x1b[0n"
_STRAY: Final = re.compile("[\udc80-\udcff]")
"""A byte that is no UTF-8, as it is decoded here; U+FFFD would not do: it can be pasted as well."""


class TerminalReady(Message):
    """The answer to `READY_QUERY`: all that was written before it has been taken."""


READY_QUERY: Final = "\x1b[5n"
"""DSR 5, which every terminal answers."""


class NotUtf8(Message):
    """What is typed does not come in UTF-8. Sent once."""


class _State(Enum):
    GROUND = auto()
    ESCAPE = auto()
    """ESC has come."""
    CSI = auto()
    SS3 = auto()
    STRING = auto()
    STRING_ESCAPE = auto()
    """ESC within a string: its end, if a backslash follows."""
    MOUSE = auto()
    """Three bytes of a mouse report of the oldest kind follow."""
    PASTE = auto()


def escape_wait(environment: Mapping[str, str]) -> float:
    """Seconds to wait after an ESC for the rest of a key: longer where the terminal is remote."""
    return REMOTE_ESCAPE_WAIT if any(map(environment.get, _REMOTE)) else ESCAPE_WAIT


class TerminalInput:
    """`feed` takes bytes, `tick` the time; both give what is understood by then, in order.

    `wait` in seconds as `escape_wait` has it; `clock` in seconds, monotonic."""

    def __init__(self, wait: float = ESCAPE_WAIT, clock: Callable[[], float] = monotonic) -> None:
        self._wait, self._clock = wait, clock
        self._tables = XTermParser()
        self._state = _State.GROUND
        self._sequence = bytearray()
        self._pasted = bytearray()
        self._left = 0
        """Bytes that are still to come of an old mouse report."""
        self._alt = False
        """ESC came before the character that is being read."""
        self._since = 0.0
        """When the last byte came."""
        self._escaped: float | None = None
        """When an ESC alone was taken for a key, if nothing came since."""
        self._new_decoder()
        self._told = False

    def _new_decoder(self) -> None:
        self._decode = getincrementaldecoder("utf-8")("surrogateescape").decode

    @property
    def due(self) -> float | None:
        """Seconds until `tick` is needed; None while time alone completes nothing."""
        match self._state:
            case _State.ESCAPE:
                wait = self._wait
            case _State.STRING | _State.STRING_ESCAPE | _State.PASTE:
                wait = STRING_SILENCE
            case _:
                return None
        return max(0.0, self._since + wait - self._clock())

    def feed(self, data: bytes) -> Iterator[Message]:
        """The keys and reports that the bytes complete."""
        yield from self.tick()
        if self._state is _State.PASTE and self._is_key(data):
            yield from self._end_paste()
        self._since = self._clock()
        for byte in data:
            yield from self._take(byte)

    def _is_key(self, data: bytes) -> bool:
        """Whether this comes, after a pause in a paste, from somebody at the keys: its end was
        lost, and no key would do anything till then."""
        paused = self._clock() - self._since >= PASTE_PAUSE
        ends = data[: len(_FINISH)] == _FINISH[: len(data)]
        return paused and data[:1] == b"\x1b" and not self._pasted.endswith(b"\x1b") and not ends

    def tick(self) -> Iterator[Message]:
        """What the time alone completes: an ESC that nothing followed."""
        silent = self._clock() - self._since
        if self._state is _State.ESCAPE and silent >= self._wait:
            self._state = _State.GROUND
            self._escaped = self._clock()
            yield Key("escape", "\x1b")
        elif silent >= STRING_SILENCE and self._state is _State.PASTE:
            yield from self._end_paste()
        elif silent >= STRING_SILENCE and self._state in (_State.STRING, _State.STRING_ESCAPE):
            self._state = _State.GROUND

    # ------------------------------------------------------------ a byte

    def _take(self, byte: int) -> Iterator[Message]:
        match self._state:
            case _State.GROUND:
                yield from self._ground(byte)
            case _State.ESCAPE:
                yield from self._after_escape(byte)
            case _State.CSI:
                yield from self._in_csi(byte)
            case _State.SS3:
                yield from self._in_ss3(byte)
            case _State.STRING:
                yield from self._in_string(byte)
            case _State.STRING_ESCAPE:
                self._state = _State.GROUND
                if byte != ord("\\"):
                    yield from self._after_escape(byte)
            case _State.MOUSE:
                self._sequence.append(byte)
                self._left -= 1
                if not self._left:
                    yield from self._old_mouse()
            case _State.PASTE:
                yield from self._in_paste(byte)

    def _ground(self, byte: int) -> Iterator[Message]:
        escaped, self._escaped = self._escaped, None
        if byte == _ESC:
            yield from self._characters(self._decode(b"", True))
            self._new_decoder()
            self._state = _State.ESCAPE
        elif (
            escaped is not None
            and self._clock() - escaped < (STRING_SILENCE if byte in _NEVER_TYPED else LATE)
            and (byte in (_CSI, _SS3) or byte in _STRINGS)
        ):
            # The ESC was no key: the rest of its sequence was late.
            self._begin(byte)
        else:
            yield from self._characters(self._decode(bytes((byte,))))

    def _after_escape(self, byte: int) -> Iterator[Message]:
        if byte == _ESC:
            self._state = _State.ESCAPE
            yield Key("escape", "\x1b")
        elif byte in (_CSI, _SS3) or byte in _STRINGS:
            self._begin(byte)
        else:
            self._state, self._alt = _State.GROUND, True
            yield from self._characters(self._decode(bytes((byte,))))

    def _begin(self, byte: int) -> None:
        self._sequence[:] = (_ESC, byte)
        if byte in _STRINGS:
            self._state = _State.STRING
        else:
            self._state = _State.CSI if byte == _CSI else _State.SS3

    def _in_csi(self, byte: int) -> Iterator[Message]:
        if not 0x20 <= byte < 0x7F:
            yield from self._broken(byte)
            return
        if len(self._sequence) < MOST:
            self._sequence.append(byte)
        if self._sequence == b"\x1b[M":
            self._state, self._left = _State.MOUSE, 3
            return
        linux_key = self._sequence == b"\x1b[["  # F1 to F5 of the Linux console: one more comes
        rxvt_key = byte == ord("$") and self._sequence.decode() in ANSI_SEQUENCES_KEYS
        if rxvt_key or (byte >= 0x40 and not linux_key):
            yield from self._whole()

    def _in_ss3(self, byte: int) -> Iterator[Message]:
        if not 0x20 <= byte < 0x7F:
            yield from self._broken(byte)
            return
        if len(self._sequence) < MOST:
            self._sequence.append(byte)
        if byte not in _NUMBERS:
            yield from self._whole()

    def _in_string(self, byte: int) -> Iterator[Message]:
        if byte == _ESC:
            self._state = _State.STRING_ESCAPE
        elif byte == _BEL:
            self._state = _State.GROUND
        elif byte < 0x20:
            # No answer holds another control: a key, after an introducer that was Alt and a letter.
            yield from self._broken(byte)

    def _broken(self, byte: int) -> Iterator[Message]:
        """A byte that cannot be in the sequence: the sequence is dropped, the byte is not."""
        self._state = _State.GROUND
        if byte not in (0x18, 0x1A):  # CAN and SUB do nothing but that
            yield from self._ground(byte)

    def _in_paste(self, byte: int) -> Iterator[Message]:
        self._pasted.append(byte)
        if self._pasted.endswith(_FINISH):
            del self._pasted[-len(_FINISH) :]
            yield from self._end_paste()
        elif len(self._pasted) > MOST_PASTED + len(_FINISH):
            del self._pasted[MOST_PASTED]  # the end is looked for, the rest is dropped

    def _end_paste(self) -> Iterator[Message]:
        self._state = _State.GROUND
        text = self._pasted.decode("utf-8", "surrogateescape")
        self._pasted.clear()
        yield from self._not_utf8(text)
        yield Paste(without_controls(_STRAY.sub("\ufffd", text)))

    # ------------------------------------------------------------ what it means

    def _characters(self, text: str) -> Iterator[Message]:
        yield from self._not_utf8(text)
        for character in text:
            alt, self._alt = self._alt, False
            if _STRAY.match(character):
                continue  # nobody typed that
            if 0x80 <= ord(character) < 0xA0:
                if (introducer := _C1.get(ord(character))) is not None:
                    self._begin(introducer)
                continue
            known = alt and ANSI_SEQUENCES_KEYS.get("\x1b" + character)
            code = "\x1b" + character if known else character
            yield from self._keys(code, alt=alt and not known)

    def _not_utf8(self, text: str) -> Iterator[Message]:
        if not self._told and _STRAY.search(text):
            self._told = True
            yield NotUtf8()

    def _whole(self) -> Iterator[Message]:
        """The sequence is complete: what it means, or nothing."""
        self._state = _State.GROUND
        if len(self._sequence) >= MOST:
            return
        code = self._sequence.decode("ascii")
        if code == "\x1b[200~":
            self._state = _State.PASTE
            return
        try:
            # All of it, before any of it is believed.
            found = [*self._report(code)] or [*self._pressed(code)]
        except (ValueError, OverflowError):
            return
        yield from found

    def _report(self, code: str) -> Iterator[Message]:
        tables = self._tables
        if code == _STATUS:
            yield TerminalReady()
        elif mouse := _MOUSE.fullmatch(code):
            button = int(mouse[1])
            if not button & _WHEEL and button & _OTHER_BUTTON:
                return  # who wants to paste, or slipped, presses no key that is printed there
            if (event := tables.parse_mouse_code(code)) is not None:
                yield event
        elif size := _RESIZE.fullmatch(code):
            height, width, pixel_height, pixel_width = map(int, size.groups())
            if not (0 < height <= MOST_ROWS and 0 < width <= MOST_COLUMNS):
                return  # no screen is like that; drawing it would take all the memory there is
            resize = Resize.from_dimensions((width, height), (pixel_width, pixel_height))
            yield resize
        elif mode := _MODE_REPORT.fullmatch(code):
            if mode[1] == "2026" and mode[2] != "0":
                yield TerminalSupportsSynchronizedOutput()
            elif mode[1] == "2048":
                yield InBandWindowResize.from_setting_parameter(int(mode[2]))

    def _old_mouse(self) -> Iterator[Message]:
        """A report of terminals that know no other: button, column and row in a byte each."""
        self._state = _State.GROUND
        button, column, row = (byte - 32 for byte in self._sequence[-3:])
        if min(button, column - 1, row - 1) < 0:
            return  # beyond what a byte can say
        up = not button & _WHEEL and button & _RELEASED == _RELEASED
        if up:
            button &= ~_RELEASED
        yield from self._report(f"\x1b[<{button};{column};{row}{'m' if up else 'M'}")

    def _pressed(self, code: str) -> Iterator[Message]:
        if (name := _PUTTY.get(code)) is not None:
            yield Key(name, None)
        elif (named := _named(code)) is not None:
            for each in named:
                yield Key(each.value, None)
        elif code in ANSI_SEQUENCES_KEYS:
            yield from self._keys(code)
        elif other := _OTHER_KEY.fullmatch(code):
            held, typed = map(int, other.groups())
            if held <= 2 and _is_character(typed) and chr(typed).isprintable():
                yield from self._keys(chr(typed))  # Shift is in it already
            else:
                yield from self._pressed(f"\x1b[{typed};{held}u")
        elif part := _KEY.fullmatch(code):
            number, base, modifiers, kind, text, final = part.groups()
            if kind == "3":
                return  # let go
            point = int(number or 1)
            if base and not text and point > 127 and (int(modifiers or 1) - 1) & _CHORD:
                point = int(base)
            known = f"{point}{final}" in FUNCTIONAL_KEYS
            points = [point, *map(int, filter(None, (text or "").split(":")))]
            strange = any(not _is_character(each) for each in points)
            if not known and (final != "u" or strange):
                return
            # Without the alternates, which Textual's own table cannot read.
            parts = (str(point), modifiers or "", text or "")
            yield from self._keys(f"\x1b[{';'.join(parts).rstrip(';')}{final}")

    def _keys(self, code: str, *, alt: bool = False) -> Iterator[Message]:
        for key in self._tables._sequence_to_key_events(code, alt=alt):
            if key.key != Keys.Ignore and key.key.rpartition("+")[2] not in _HELD:
                yield key


def _named(code: str) -> tuple[Keys, ...] | None:
    """The keys of a sequence whose number Textual would read as a character's, as it knows it from
    kitty's protocol: F13 of the older terminals, and their arrows with Ctrl."""
    part = _KEY.fullmatch(code)
    if part is None or part["final"] == "u":
        return None
    if f"{int(part['code'] or 1)}{part['final']}" in FUNCTIONAL_KEYS:
        return None
    known = ANSI_SEQUENCES_KEYS.get(code)
    return known if isinstance(known, tuple) else None


def _is_character(point: int) -> bool:
    private = 0xE000 <= point < 0xF900  # kitty's keys that have no name here
    return point < 0x110000 and not 0xD800 <= point < 0xE000 and not private
