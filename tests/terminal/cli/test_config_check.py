"""`yimi config check`: everything that is wrong, at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.cli.main import main
from tui.config.errors import ConfigError
from tui.config.reader import parse

WRONG = """\
[ui]
thme = "x"
calm = 3
[wrapup]
seconds = -4
[policy]
x = 1
[profiles.a]
kind = "platform3"
name = "b"
[keys]
answer = 3
[routes]
nothing = "GET x"
"""


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    for name in ("CONFIG", "STATE", "RUNTIME", "DATA"):
        monkeypatch.setenv(f"YIMI_{name}_DIR", str(tmp_path / name.lower()))


def check(file: Path) -> int:
    return main(["--config", str(file), "config", "check"])


def test_every_mistake_is_told_with_its_line(tmp_path: Path, capsys) -> None:
    (file := tmp_path / "config.toml").write_text(WRONG)
    assert check(file) == 2
    told = capsys.readouterr().err.splitlines()
    assert [line.split(",")[1].split(":")[0] for line in told] == [
        f" line {n}" for n in (2, 3, 5, 6, 9, 10, 12, 14)
    ]
    assert "Did you mean 'theme'?" in told[0]


def test_a_start_tells_them_all_as_well() -> None:
    with pytest.raises(ConfigError) as caught:
        parse(WRONG)
    assert len(caught.value.others) == 7


def test_a_good_one_is_said_to_be(tmp_path: Path, capsys) -> None:
    (file := tmp_path / "config.toml").write_text("[ui]\ncalm = true\n")
    assert check(file) == 0
    assert "nothing is wrong" in capsys.readouterr().out


def test_keys_themes_and_files_are_looked_at_too(tmp_path: Path, capsys) -> None:
    (file := tmp_path / "config.toml").write_text(
        '[ui]\ntheme = "nobodys"\n[keys]\nmute = "f5"\nhang = "x"\n[tls]\nca_file = "none.pem"\n'
    )
    assert check(file) == 2
    told = capsys.readouterr().err
    assert "answer and mute have the same key" in told
    assert "'nobodys'" in told
    assert "none.pem" in told
    assert "hang" in told


def test_what_the_settings_page_wrote_is_told_of_its_own_file(tmp_path: Path, capsys) -> None:
    (file := tmp_path / "config.toml").write_text('[keys]\nhold = "{f5}"\n')
    (tmp_path / "settings.toml").write_text('[ui]\ntheme = "nobodys"\n[keys]\nmute = "f5"\n')
    assert check(file) == 2
    told = capsys.readouterr().err.splitlines()
    assert [line.partition(": ")[2].split(",")[0] for line in told] == [
        "config.toml",
        *["settings.toml"] * 2,
    ]
    assert "{f5}" in told[0].casefold()


def test_every_file_that_the_config_names_is_looked_for(tmp_path: Path, capsys) -> None:
    (file := tmp_path / "config.toml").write_text(
        '[lookup]\ncsv = "a.csv"\nvcard = "b.vcf"\n[scripts]\nSales = "c.md"\n'
    )
    assert check(file) == 2
    told = capsys.readouterr().err
    assert [name for name in ("a.csv", "b.vcf", "c.md") if name in told] == [
        "a.csv",
        "b.vcf",
        "c.md",
    ]


def test_a_file_that_is_not_there_is_said(tmp_path: Path, capsys) -> None:
    assert check(tmp_path / "none.toml") == 2
    assert "There is no file" in capsys.readouterr().err
