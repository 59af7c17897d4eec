"""The file that somebody means who types its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.text.typed_path import typed_path


def test_a_home_is_one_and_other_names_count_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    assert typed_path("~/calls.csv") == tmp_path / "home" / "calls.csv"
    assert typed_path("calls.csv") == tmp_path / "calls.csv"
    assert typed_path("/there/calls.csv") == Path("/there/calls.csv")


def test_a_user_whom_nobody_knows_is_a_name_like_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert typed_path("~nobody-of-that-name/x.csv") == tmp_path / "~nobody-of-that-name" / "x.csv"


def test_a_directory_that_was_deleted_under_us_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (gone := tmp_path / "gone").mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert typed_path("calls.csv") == Path("calls.csv")
