"""`yimi desktop` writes one file into the user's own directory, and takes it away."""

from __future__ import annotations

import configparser
from argparse import Namespace
from pathlib import Path

import pytest

from tui.cli.shell import desktop


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's directories, and no programs of a desktop."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path / "share" / "applications" / "yimi.desktop"


def run(what: str, *, default: bool = False) -> int:
    return desktop.run(Namespace(what=what, default=default))


def test_it_is_put_in_and_taken_away(home: Path) -> None:
    assert run("install") == 0
    read = configparser.ConfigParser(interpolation=None, strict=True)
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read(home, "utf-8")
    entry = read["Desktop Entry"]
    assert entry["Exec"].endswith(" dial %u")
    types = entry["MimeType"].split(";")
    assert types == [*(f"x-scheme-handler/{scheme}" for scheme in desktop.SCHEMES), ""]
    assert run("install") == 0
    assert run("remove") == 0
    assert not home.exists()
    assert run("remove") == 0


def test_without_the_program_for_it_no_default_is_claimed(home: Path) -> None:
    assert run("install", default=True) == 1
    assert home.exists()


def test_a_path_with_blanks_and_signs_is_one_word() -> None:
    rows = desktop.entry(("/opt/my phone/$x/yimi", "100%")).splitlines()
    (line,) = [row for row in rows if row.startswith("Exec=")]
    # Read twice: as a string of the file, then as a word in quotes.
    assert line == 'Exec="/opt/my phone/\\\\$x/yimi" 100%% dial %u'


def test_a_relative_directory_does_not_count(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "share")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert desktop.applications() == tmp_path / ".local" / "share" / "applications"


def test_a_directory_that_cannot_be_written_is_said(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home.parent.parent.mkdir(parents=True)
    home.parent.write_text("in the way")
    assert run("install") == 1
    assert "could not be written" in capsys.readouterr().err
