"""What a terminal says is told from what a person types, however it comes."""

from __future__ import annotations

import os
import selectors
from collections.abc import Iterable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from textual.events import Key, MouseDown, MouseEvent, MouseScrollDown, MouseUp, Paste

from tui.console.terminal.driver import StopEvent
from tui.console.terminal.input import (
    ESCAPE_WAIT,
    PASTE_PAUSE,
    REMOTE_ESCAPE_WAIT,
    STRING_SILENCE,
    NotUtf8,
    TerminalInput,
    TerminalReady,
    escape_wait,
)
from tui.text import is_control

ANSWERS = {
    "DA1": b"\x1b[?62;22;52c",
    "DA2": b"\x1b[>41;388;0c",
    "OSC 11": b"\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\",
    "OSC 11, ended by BEL": b"\x1b]11;rgb:1e1e/1e1e/1e1e\x07",
    "XTVERSION": b"\x1bP>|XTerm(388)\x1b\\",
    "privacy message": b"\x1b^1234\x1b\\",
    "application": b"\x1b_G1;23\x1b\\",
    "start of string": b"\x1bX567\x1b\\",
    "window size": b"\x1b[8;24;80t",
    "cursor": b"\x1b[12;34R",
    "unknown key": b"\x1b[99999~",
    "key beyond Unicode": b"\x1b[99999999u",
    "other key beyond Unicode": b"\x1b[27;5;99999999~",
    "other key of too many parts": b"\x1b[27;5;53;55~",
    "a number of 5,000 digits": b"\x1b[" + b"7" * 5000 + b"u",
    "a mouse of the oldest kind beyond its last column": b"\x1b[M \x005",
    "the right button": b"\x1b[<2;20;5M",
    "the middle button": b"\x1b[<1;20;5M",
    "the middle button of the oldest kind": b"\x1b[M!45",
    "a button at the side": b"\x1b[<128;20;5M",
}
KEYS = {
    b"\x1b[17~": "f6",
    b"\x1b[19~": "f8",
    b"\x1bOP": "f1",
    b"\x1b[[A": "f1",
    b"\x1b[1;5B": "ctrl+down",
    b"\x1b[3$": "shift+delete",
    b"\x1b[51:35;130;35u": "number_sign",
    b"\x1b[27;5;121~": "ctrl+y",
    b"\x1b[27;3;104~": "alt+h",
    b"\x1b[27;5;13~": "ctrl+enter",
    b"\x1b[27;1;27~": "escape",
    b"\x1b[27;2;65~": "A",
    b"\x1b[27;2;13~": "shift+enter",
    b"\x1b[25~": "f13",
    b"\x1b[5A": "ctrl+up",
    b"\x1b[1079::112;5u": "ctrl+p",
    b"\x1b[1079:1047:104;3u": "alt+h",
    b"\x1b[1079::112;133u": "ctrl+p",
    b"\x1b[1079:1047:112;2;1047u": "З",
    b"\x1b[112::114;5u": "ctrl+p",
    b"\x1b[15;193~": "f5",
    b"\x1b[57414;129u": "enter",
    "你".encode(): "你",
    b"5": "5",
}


class _Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def _read(parts: Iterable[bytes], gap: float = 0.0, wait: float = ESCAPE_WAIT) -> list[str]:
    """What comes of the parts, `gap` seconds apart: the names of keys, pastes, other events."""
    clock = _Clock()
    terminal = TerminalInput(wait, clock)
    said: list[str] = []
    for part in parts:
        for each in (*terminal.feed(part), *terminal.tick()):
            said.append(_name(each))
        clock.now += gap
    clock.now += 5
    return [*said, *map(_name, terminal.tick())]


def _name(event: object) -> str:
    if isinstance(event, Key):
        return event.key
    if isinstance(event, Paste):
        return f"paste {event.text!r}"
    if isinstance(event, MouseEvent):
        return f"mouse {event.x} {event.y}"
    return type(event).__name__


def _each_byte(data: bytes) -> list[bytes]:
    return [data[n : n + 1] for n in range(len(data))]


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("gap", [0.0, 0.12, 1.5])
def test_an_answer_nobody_asked_for_makes_no_key_however_slowly_it_comes(
    name: str, gap: float
) -> None:
    answer = ANSWERS[name]
    for parts in ([answer], _each_byte(answer)):
        if len(parts) < 100:
            assert set(_read(parts, gap)) <= {"escape"}, parts
        assert _read([answer, b"5"]) == ["5"]


@pytest.mark.parametrize("data", KEYS)
def test_a_key_torn_after_its_first_two_bytes_is_that_key(data: bytes) -> None:
    for cut in range(2, len(data)):
        assert _read([data[:cut], data[cut:]], gap=10.0) == [KEYS[data]]


@pytest.mark.parametrize("data", [data for data in KEYS if data[:1] == b"\x1b"])
@pytest.mark.parametrize("gap", [0.12, 0.3, 1.5])
def test_a_key_torn_right_after_its_escape_gives_no_letter_and_no_digit(
    data: bytes, gap: float
) -> None:
    assert _read([data[:1], data[1:]], gap) == ["escape", KEYS[data]]


def test_a_remote_terminal_has_longer_for_the_rest_of_an_escape() -> None:
    assert escape_wait({}) == ESCAPE_WAIT
    assert escape_wait({"SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}) == REMOTE_ESCAPE_WAIT
    assert _read([b"\x1b", b"[17~"], 0.3, REMOTE_ESCAPE_WAIT) == ["f6"]


_PIECE = st.one_of(
    st.sampled_from([*KEYS, *ANSWERS.values()]),
    st.sampled_from([b"\x1b[<35;20;5M", b"\x1b[I", b"\x1b[0n", b"\x1b[200~12\r3\x1b[201~"]),
    st.binary(max_size=6),
)


@given(st.lists(_PIECE, max_size=6), st.data())
def test_any_stream_cut_anywhere_gives_the_same(pieces: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(pieces)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=8)))
    parts = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert _read(parts) == _read([stream])


@given(st.lists(st.sampled_from([*ANSWERS.values(), b"\x1b[17~", b"\x1b[<35;20;5M"]), max_size=5))
def test_no_sequence_leaks_a_digit_at_any_speed(pieces: list[bytes]) -> None:
    parts = [byte for piece in pieces if len(piece) < 100 for byte in _each_byte(piece)]
    for name in _read(parts, gap=0.2):
        assert name in ("escape", "f6") or name.startswith("mouse"), name


@given(st.binary(max_size=60))
def test_no_bytes_end_the_reading(data: bytes) -> None:
    terminal = TerminalInput()
    list(terminal.feed(data))
    list(terminal.feed(b"\x18\x1b[201~\x07"))  # ends whatever it was in
    assert _name(list(terminal.feed(b"\x1b[17~"))[-1]) == "f6"


def test_a_terminal_that_is_not_in_utf8_is_told_once_and_ends_nothing() -> None:
    clock = _Clock()
    terminal = TerminalInput(clock=clock)
    said = [each for _ in range(6) for each in terminal.feed("你好".encode("gbk"))]
    assert sum(isinstance(each, NotUtf8) for each in said) == 1
    assert _name(list(terminal.feed(b"\x1b[17~"))[-1]) == "f6"


def test_a_replacement_character_that_came_as_utf_8_is_a_character() -> None:
    terminal = TerminalInput()
    typed, pasted = terminal.feed("\ufffd\x1b[200~\ufffd\x1b[201~".encode())
    assert isinstance(typed, Key)
    assert isinstance(pasted, Paste)
    assert (typed.character, pasted.text) == ("\ufffd", "\ufffd")


def test_bytes_of_a_paste_that_are_no_utf_8_are_told_and_marked() -> None:
    told, pasted = TerminalInput().feed(b"\x1b[200~a\xffb\x1b[201~")
    assert isinstance(told, NotUtf8)
    assert isinstance(pasted, Paste)
    assert pasted.text == "a\ufffdb"


@pytest.mark.parametrize("key", [57358, 57360, *range(57441, 57455)])
@pytest.mark.parametrize("held", [1, 2, 5, 129])
def test_a_key_that_is_only_held_is_nothing_that_was_typed(key: int, held: int) -> None:
    assert _read([b"\x1b[%d;%du" % (key, held), b"\x1b[15;%d~" % held])[0].endswith("f5")


def test_puttys_keys_in_its_vt100_mode_are_known() -> None:
    finals = "TUVWXYZ["
    read = [_read([f"\x1bO{final}".encode()]) for final in finals]
    assert read == [[f"f{number}"] for number in range(5, 13)]


@pytest.mark.parametrize("size", [b"", b"\x1b[48;24;80;0;0t", b"\x1b[48;24;80;480;640t"])
@pytest.mark.parametrize("report", [b"\x1b[<0;20;5M", b"\x1b[M 4%"])
def test_a_click_is_in_its_cell_whatever_a_terminal_says_of_its_size(
    size: bytes, report: bytes
) -> None:
    assert _read([size, report])[-1] == "mouse 19 4"
    assert _read([size, *_each_byte(report)], gap=0.05)[-1] == "mouse 19 4"


def test_a_press_and_its_end_of_the_oldest_kind_are_one_click() -> None:
    down, up, wheel = TerminalInput().feed(b"\x1b[M 4%\x1b[M#4%\x1b[Ma4%")
    assert isinstance(down, MouseDown)
    assert isinstance(up, MouseUp)
    assert (down.button, up.button) == (1, 1)
    assert isinstance(wheel, MouseScrollDown)


def test_a_string_without_an_end_is_over_with_the_next_function_key() -> None:
    assert _read([b"\x1b]11;rgb:12", b"\x1b[17~", b"5"]) == ["f6", "5"]


def test_a_paste_is_one_whatever_is_in_it() -> None:
    pasted = b"\x1b[200~1\x1b[17~2\r3\x1b[201~"
    assert _read(_each_byte(pasted)) == ["paste '12\\r3'"]


@settings(max_examples=200, deadline=None)
@example("\ufffd")
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_nothing_that_a_terminal_would_act_on_comes_out_of_a_paste(text: str) -> None:
    bare = text.replace("\x1b[201~", "")
    (pasted,) = TerminalInput().feed(b"\x1b[200~" + bare.encode() + b"\x1b[201~")
    assert isinstance(pasted, Paste)
    assert not [each for each in pasted.text if each not in "\t\n\r" and is_control(each)]
    if text.isprintable():
        assert pasted.text == text


@pytest.mark.parametrize(("rows", "columns"), [(0, 80), (24, 0), (60000, 80), (24, 10**30)])
def test_a_screen_that_cannot_be_is_no_resize(rows: int, columns: int) -> None:
    assert _read([b"\x1b[48;%d;%d;0;0t" % (rows, columns)]) == []
    assert _read([b"\x1b[48;24;80;480;640t"]) == ["Resize"]


def test_the_terminal_says_that_it_is_ready() -> None:
    assert [type(each) for each in TerminalInput().feed(b"\x1b[0n")] == [TerminalReady]


@pytest.mark.parametrize(
    ("begun", "wait"),
    [
        (b"", None),
        (b"5", None),
        (b"\x1b[1;5", None),
        (b"\x1b", ESCAPE_WAIT),
        (b"\x1b]11;rgb", STRING_SILENCE),
        (b"\x1b]11;rgb\x1b", STRING_SILENCE),
        (b"\x1b[200~pasted", STRING_SILENCE),
    ],
)
def test_the_time_is_looked_at_when_it_completes_something_and_not_before(
    begun: bytes, wait: float | None
) -> None:
    clock = _Clock()
    terminal = TerminalInput(clock=clock)
    list(terminal.feed(begun))
    assert terminal.due == (None if wait is None else pytest.approx(wait))
    if wait is not None:
        clock.now += wait / 2
        assert terminal.due == pytest.approx(wait / 2)
        assert not list(terminal.tick())
        clock.now += wait
        assert terminal.due == 0
        list(terminal.tick())
        assert terminal.due is None


@pytest.mark.parametrize("cut", [b"", b"\x1b", b"\x1b[20", b"tail"])
def test_after_a_pause_a_key_ends_a_paste_whose_end_was_lost(cut: bytes) -> None:
    clock = _Clock()
    terminal = TerminalInput(clock=clock)
    assert not list(terminal.feed(b"\x1b[200~1002" + cut))
    clock.now += PASTE_PAUSE / 2
    assert not list(terminal.feed(b"\x1b[19~"))  # pasted: nothing paused
    for _ in range(2):
        clock.now += PASTE_PAUSE
        assert not list(terminal.feed(b"typed"))  # what is no key is still pasted
    clock.now += PASTE_PAUSE
    pasted, key = terminal.feed(b"\x1b[17~")
    assert isinstance(pasted, Paste)
    assert pasted.text.startswith("1002")
    assert pasted.text.endswith("typedtyped")
    assert isinstance(key, Key)
    assert key.key == "f6"


@pytest.mark.parametrize("cut", range(1, 6))
def test_a_pause_before_or_in_the_end_of_a_paste_is_none_of_its_text(cut: int) -> None:
    clock = _Clock()
    terminal = TerminalInput(clock=clock)
    list(terminal.feed(b"\x1b[200~1002"))
    clock.now += PASTE_PAUSE
    assert not list(terminal.feed(b"\x1b[201~"[:cut]))
    clock.now += PASTE_PAUSE
    (pasted,) = terminal.feed(b"\x1b[201~"[cut:])
    assert isinstance(pasted, Paste)
    assert pasted.text == "1002"


def test_a_stop_wakes_whoever_waits_for_input_or_it() -> None:
    stop = StopEvent()
    with selectors.SelectSelector() as selector:
        selector.register(stop, selectors.EVENT_READ)
        for _ in range(2):
            assert not selector.select(0)
            stop.set()
            stop.set()
            assert selector.select(0)
            stop.clear()
            stop.clear()
    stop.close()
    with os.fdopen(os.open(os.devnull, os.O_RDONLY)) as other:
        stop.close()  # once is enough: the number may be another file's by now
        assert not other.read()
