"""What is typed: keys become lines, and are shown as a terminal shows them."""

from __future__ import annotations

from collections.abc import Sequence

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


def lines(found: Sequence[object]) -> list[str]:
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
        ("\x1bOT", "f5"),
        ("\x1bOW", "f8"),
        ("\x1bO[", "f12"),
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


@pytest.mark.parametrize("begun", ["[", "[1", "[1;5", "O", "[["])
def test_a_control_ends_a_sequence_that_has_no_end_and_is_itself(begun: str) -> None:
    keys = Keys()
    found = keys.type(f"one\x1b{begun}\rtwo\r")
    assert lines(found) == ["one", "two"]
    assert keys.type(f"\x1b{begun}\x1b[15~") == [Pressed("f5")]
    assert keys.editor.text == ""


@pytest.mark.parametrize("key", ["\x12", "\x0c"])
def test_the_line_comes_again_when_somebody_attaches_or_asks(key: str) -> None:
    keys = Keys()
    keys.type(f"half{key}")
    assert keys.shown == "half\nhalf"
    assert keys.editor.text == "half"


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
    assert keys.editor.end() == [Entered("state", 1.0), InputEnded(final=True)]


def test_a_line_without_end_stops_growing() -> None:
    keys = Keys()
    keys.type("x" * (MOST + 50))
    assert len(keys.editor.text) == MOST


@pytest.mark.parametrize(
    "answer",
    [
        "\x1b]11;rgb:1e1e/1e1e/1e1e\x07",
        "\x1b]4;1;rgb:00/11/22\x1b\\",
        "\x1bP>|XTerm(388)\x1b\\",
        "\x1b_Gi=1;OK\x1b\\",
        "\x1b[?62;22;52c",
    ],
)
def test_an_answer_of_the_terminal_is_nothing_that_was_typed(answer: str) -> None:
    keys = Keys()
    assert lines(keys.type("12" + answer + "3\r")) == ["123"]
    assert keys.shown == "123"


def test_what_begins_like_an_answer_and_is_typed_by_hand_takes_no_key_along() -> None:
    keys = Keys()
    keys.type("ha\x1bP")
    keys.now += 0.2
    assert lines(keys.type("llo\r")) == ["hallo"]
    assert keys.type("\x1bP\x1b[15~") == [Pressed("f5")]


def test_what_is_typed_is_read_in_the_encoding_of_the_terminal() -> None:
    shown: list[str] = []
    editor = LineEditor(shown.append, lambda: 1.0, "gbk")
    first, second = "你好".encode("gbk")[:3], "你好\r".encode("gbk")[3:]
    assert lines([*editor.feed(first), *editor.feed(second)]) == ["你好"]
    assert not editor.strange


def test_bytes_that_are_none_of_the_encoding_are_seen_and_known() -> None:
    keys = Keys()
    assert lines(keys.editor.feed("好\r".encode("gbk"))) == ["\ufffd\ufffd"]
    assert keys.editor.strange
