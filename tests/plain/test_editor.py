"""What is typed: keys become lines, and are shown as a terminal shows them."""

from __future__ import annotations

import pytest

from tui.plain.editor import MOST, Entered, InputEnded, LineEditor, Pressed


class Keys:
    """An editor with a clock of its own."""

    def __init__(self) -> None:
        self.now = 1.0
        self.shown = ""
        self.editor = LineEditor(self._show, lambda: self.now)

    def _show(self, text: str) -> None:
        self.shown += text

    def type(self, text: str) -> list[object]:
        return list(self.editor.feed(text.encode()))


def lines(found: list[object]) -> list[str]:
    return [each.text for each in found if isinstance(each, Entered)]


def test_a_line_ends_by_return_newline_or_both() -> None:
    assert lines(Keys().type("one\rtwo\nthree\r\nfour\r")) == ["one", "two", "three", "four"]


def test_a_letter_may_come_in_pieces() -> None:
    keys = Keys()
    first, second = "王".encode()[:2], "王".encode()[2:]
    assert not keys.editor.feed(first)
    assert not keys.editor.feed(second)
    assert keys.editor.text == keys.shown == "王"


def test_backspace_takes_as_many_cells_as_the_letter_had() -> None:
    keys = Keys()
    keys.type("a王\x7f")
    assert keys.editor.text == "a"
    assert keys.shown == "a王\b\b  \b\b"
    keys.type("\b\b\b")
    assert keys.editor.text == ""
    assert keys.shown.endswith("\b\b  \b\b\b \b")


def test_control_u_takes_the_line_and_control_w_the_word() -> None:
    keys = Keys()
    keys.type("note one two\x17")
    assert keys.editor.text == "note one "
    keys.type("\x15")
    assert keys.editor.text == ""


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ("\x1b[15~", "f5"),
        ("\x1b[19~", "f8"),
        ("\x1bOP", "f1"),
        ("\x1b[[E", "f5"),
        ("\x1b[24~", "f12"),
    ],
)
def test_function_keys_are_known_however_the_terminal_spells_them(sent: str, key: str) -> None:
    keys = Keys()
    assert keys.type("hal" + sent + "lo\r") == [Pressed(key), Entered("hallo", 1.0)]
    assert "\x1b" not in keys.shown


@pytest.mark.parametrize("sent", ["\x1b[A", "\x1b[200~", "\x1b[1;5C", "\x1bx"])
def test_other_keys_are_dropped(sent: str) -> None:
    keys = Keys()
    assert lines(keys.type("ha" + sent + "llo\r")) == ["hallo"]
    assert keys.shown == "hallo"


def test_an_escape_alone_takes_nothing_along() -> None:
    keys = Keys()
    keys.type("\x1b")
    keys.now += 2
    assert lines(keys.type("hold\r")) == ["hold"]


def test_a_line_knows_when_its_first_key_came() -> None:
    keys = Keys()
    keys.type("1")
    keys.now = 9.0
    assert keys.type("\r") == [Entered("1", 1.0)]


def test_control_d_ends_on_an_empty_line_only() -> None:
    keys = Keys()
    assert keys.type("a\x04\r") == [Entered("a", 1.0)]
    assert keys.type("\x04") == [InputEnded()]


def test_the_last_line_of_a_pipe_needs_no_end() -> None:
    keys = Keys()
    keys.type("state")
    assert keys.editor.end() == [Entered("state", 1.0), InputEnded()]


def test_a_line_without_end_stops_growing() -> None:
    keys = Keys()
    keys.type("x" * (MOST + 50))
    assert len(keys.editor.text) == MOST
