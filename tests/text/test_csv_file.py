"""CSV files: no formula in any column, a byte-order mark where wanted, nothing written over."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from tui.text.csv_file import cell, create, write


@pytest.mark.parametrize("sign", [*"=+-@|%", "＝", "＋", "－", "＠", "\t", "\r", "\n"])
def test_what_begins_like_a_formula_stands_behind_a_quote(sign: str) -> None:
    assert cell(f"{sign}SUM(A1)") == f"'{sign}SUM(A1)"
    rows = [("plain", f"{sign}1"), (f"{sign}2", "plain")]
    file = io.StringIO(newline="")
    write(file, rows)
    found = list(csv.reader(io.StringIO(file.getvalue(), newline="")))
    assert found == [["plain", f"'{sign}1"], [f"'{sign}2", "plain"]]


def test_spaces_hide_no_formula_and_other_texts_stay_as_they_are() -> None:
    assert cell("  =1") == "'  =1"
    assert cell("\u3000=1") == "'\u3000=1"
    for text in ("", "Li", "a=b", "120 0000 0001", "售后"):
        assert cell(text) == text


def test_a_byte_order_mark_stands_first_where_it_is_wanted(tmp_path: Path) -> None:
    file, path = create(tmp_path / "x.csv")
    with file:
        write(file, [("售后",)], bom=True)
    assert path.read_bytes() == b"\xef\xbb\xbf" + "售后\r\n".encode()


def test_a_file_that_is_there_is_not_written_over_unless_that_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("mine and longer")
    with pytest.raises(FileExistsError):
        create(path)
    file, beside = create(path, beside=True)
    file.close()
    assert beside == tmp_path / "x-2.csv"
    file, again = create(path, over=True)
    with file:
        file.write("new")
    assert (again, path.read_text()) == (path, "new")


@pytest.mark.parametrize("how", [{}, {"over": True}, {"beside": True}])
def test_a_directory_is_no_file_to_write_into(tmp_path: Path, how: dict[str, bool]) -> None:
    with pytest.raises(IsADirectoryError):
        create(tmp_path, **how)
    assert not list(tmp_path.parent.glob(f"{tmp_path.name}-*"))


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("mine")
    (tmp_path / "x.csv").symlink_to(secret)
    for over in (False, True):
        with pytest.raises(OSError, match=r"."):
            create(tmp_path / "x.csv", over=over)
    assert secret.read_text() == "mine"
