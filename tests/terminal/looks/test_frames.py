"""What is written is what differs, and what the terminal then shows is what was wanted."""

from __future__ import annotations

import re
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual._compositor import LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from tui.console.terminal.frames import Frames
from tui.text import is_control

WIDTH, HEIGHT = 12, 2
_MOVE = re.compile(r"\x1b\[(\d+);(\d+)H")
_STYLES = (Style.null(), Style.parse("red on blue"), Style.parse("bold green"))


class _Screen:
    """A terminal that understands what we write."""

    def __init__(self) -> None:
        self.rows = [[" "] * WIDTH for _ in range(HEIGHT)]
        self.pens = [[""] * WIDTH for _ in range(HEIGHT)]

    def take(self, data: str) -> None:
        x = y = 0
        pen = ""
        for part in re.split(r"(\x1b\[[\d;]*[A-Za-z])", data):
            if move := _MOVE.fullmatch(part):
                y, x = int(move[1]) - 1, int(move[2]) - 1
            elif part == "\x1b[2J":
                self.__init__()  # type: ignore[misc]
            elif part.startswith("\x1b["):
                pen = _pen_after(pen, part[2:-1])
            else:
                for character in part:
                    self.rows[y][x], self.pens[y][x] = character, pen
                    if cell_len(character) == 2:
                        self.rows[y][x + 1], self.pens[y][x + 1] = "", pen
                    x += cell_len(character)


def _pen_after(pen: str, codes: str) -> str:
    """The pen as sorted codes; a colour takes the place of the one before it."""
    now = set(filter(None, pen.split(";")))
    for code in codes.split(";"):
        if code == "0":
            now.clear()
        else:
            now = {old for old in now if old[0] != code[0] or len(code) == 1} | {code}
    return ";".join(sorted(now))


def _update(rows: list[list[tuple[str, int]]]) -> LayoutUpdate:
    strips: list[Iterable[Strip]] = []
    for row in rows:
        segments, left = [], WIDTH
        for text, style in row:
            if cell_len(text) <= left:
                segments.append(Segment(text, _STYLES[style]))
                left -= cell_len(text)
        strips.append([Strip([*segments, Segment(" " * left, _STYLES[0])])])
    return LayoutUpdate(strips, Region(0, 0, WIDTH, HEIGHT))


_ROW = st.lists(
    st.tuples(st.text(st.sampled_from("ab 你好"), max_size=5), st.integers(0, 2)), max_size=5
)
_ROWS = st.lists(_ROW, min_size=HEIGHT, max_size=HEIGHT)


@given(st.lists(_ROWS, min_size=1, max_size=5))
def test_the_differences_together_make_the_last_screen(
    screens: list[list[list[tuple[str, int]]]],
) -> None:
    frames, seen = Frames(ColorSystem.STANDARD), _Screen()
    for rows in screens:
        frames.want(_update(rows), WIDTH, HEIGHT)
        seen.take(frames.difference((0, 0)))
    fresh, at_once = Frames(ColorSystem.STANDARD), _Screen()
    fresh.want(_update(screens[-1]), WIDTH, HEIGHT)
    at_once.take(fresh.difference((0, 0)))
    assert (seen.rows, seen.pens) == (at_once.rows, at_once.pens)


@given(st.text(st.characters(max_codepoint=0x2FFF, exclude_categories=["Cs"]), max_size=20))
def test_nothing_that_a_terminal_would_act_on_is_drawn(text: str) -> None:
    frames = Frames(ColorSystem.TRUECOLOR)
    frames.want(LayoutUpdate([[Strip([Segment(text)])]], Region(0, 0, WIDTH, 1)), WIDTH, HEIGHT)
    drawn = re.sub(r"\x1b\[[\d;]*[A-Za-z]", "", frames.difference((0, 0)))
    assert not [each for each in drawn if is_control(each)]


def test_what_is_repainted_but_the_same_costs_nothing() -> None:
    frames = Frames(ColorSystem.TRUECOLOR)
    rows = [[("call", 1)], [("你好", 2)]]
    frames.want(_update(rows), WIDTH, HEIGHT)
    assert "call" in frames.difference((0, 0))
    frames.want(_update(rows), WIDTH, HEIGHT)
    assert frames.difference((0, 0)) == ""


def test_of_frames_that_had_to_wait_only_the_last_is_written() -> None:
    frames = Frames(None)
    for clock in ("0:01", "0:02", "0:03"):
        frames.want(_update([[(clock, 0)], []]), WIDTH, HEIGHT)
    written = frames.difference((0, 0))
    assert "0:03" in written
    assert "0:01" not in written


def test_a_terminal_without_colours_gets_none() -> None:
    frames = Frames(None)
    frames.want(_update([[("call", 1)], []]), WIDTH, HEIGHT)
    assert not re.search(r"\x1b\[[\d;]*[34]\d", frames.difference((0, 0)))
