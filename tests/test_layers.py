"""The administrator's file below the user's, and what it locks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.cli.main import main
from tui.config.reader import load, parse
from tui.config.schema import Config, ConfigError
from tui.config.user_settings import overlay

SYSTEM = """\
locked = ["audio.volume", "profiles.office.backend", "policies"]
[audio]
volume = 70
ring_volume = 50
[policies]
unattended_sign_out_after = 600.0
[profiles.office]
switchnumber = "02500001234"
backend = "https://cc.example.com"
[[profiles.office.people]]
name = "Wang Fang"
number = "1007"
[breaks.lunch]
minutes = 45.0
[keys]
mute = "f11"
[tls]
ca_file = "ca.pem"
"""


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("CONFIG", "STATE", "RUNTIME", "DATA"):
        monkeypatch.setenv(f"YIMI_{name}_DIR", str(tmp_path / name.lower()))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    file = tmp_path / "etc" / "config.toml"
    file.parent.mkdir()
    file.write_text(SYSTEM)
    monkeypatch.setenv("YIMI_SYSTEM_CONFIG", str(file))
    return file


@pytest.fixture
def user(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def sentences(user: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(user)
    return [str(each) for each in (caught.value, *caught.value.others)]


def test_the_system_s_counts_where_the_user_says_nothing(system: Path, user: Path) -> None:
    for path in (user, None):
        config = load(path)
        assert (config.audio.volume, config.audio.ring_volume) == (70, 50)
        assert config.keys == {"mute": ("f11",)}
        assert config.tls.ca_file == str(system.parent / "ca.pem")


def test_the_user_s_counts_where_both_say_something(system: Path, user: Path) -> None:
    user.write_text(
        '[audio]\nring_volume = 20\n[keys]\nhold = "f6"\n[breaks.lunch]\ntitle = "Lunch"\n'
        '[breaks.tea]\n[profiles.mine]\n[profiles.office]\nswitchnumber = "02500005678"\n'
    )
    config = load(user)
    assert (config.audio.volume, config.audio.ring_volume) == (70, 20)
    assert config.keys == {"mute": ("f11",), "hold": ("f6",)}
    assert [(each.name, each.title, each.minutes) for each in config.breaks] == [
        ("lunch", "Lunch", 45.0),
        ("tea", "", 0.0),
    ]
    assert [each.name for each in config.profiles] == ["mine", "office"]
    office = config.profile("office")
    assert (office.switchnumber, office.backend) == ("02500005678", "https://cc.example.com")
    assert office.people[0].name == "Wang Fang"


def test_what_is_locked_cannot_be_said_otherwise(system: Path, user: Path) -> None:
    user.write_text(
        "[audio]\nvolume = 9\nring_volume = 3\n[policies]\nunattended_sign_out_after = 60.0\n"
        '[profiles.office]\nbackend = "https://other.example.com"\n'
    )
    assert sentences(user) == [
        f"config.toml, line 2: audio.volume is locked by {system}; take it out here.",
        f"config.toml, line 4: policies is locked by {system}; take it out here.",
        f"config.toml, line 7: profiles.office.backend is locked by {system}; take it out here.",
    ]


def test_the_settings_page_s_file_cannot_either_and_stops_nobody(
    system: Path, user: Path, tmp_path: Path
) -> None:
    (settings := tmp_path / "settings.toml").write_text("[audio]\nvolume = 9\nring_volume = 3\n")
    config, wrong = overlay(load(user), settings)
    assert (config.audio.volume, config.audio.ring_volume) == (70, 3)
    assert [str(each) for each in wrong] == [
        f"settings.toml: audio.volume is locked by {system}; take it out here."
    ]


def test_a_user_s_file_locks_nothing(system: Path, user: Path) -> None:
    user.write_text('locked = ["audio"]\n')
    only = f"config.toml, line 1: only {system} can lock settings; take this out."
    assert sentences(user) == [only]


@pytest.mark.parametrize(
    ("locked", "says"),
    [
        ('["audio.volum"]', "no setting 'volum' in [audio]. Did you mean 'volume'?"),
        ('["adio"]', "no section or setting 'adio'. Did you mean 'audio'?"),
        ('"audio"', "locked must be a list of texts"),
    ],
)
def test_a_wrong_lock_is_said_with_the_file_s_path(
    system: Path, user: Path, locked: str, says: str
) -> None:
    system.write_text(f"locked = {locked}\n")
    (said,) = sentences(user)
    assert said.startswith(f"{system}, line 1: ")
    assert says in said


def test_without_a_system_file_nothing_is_locked(user: Path) -> None:
    assert parse("[audio]\nvolume = 9\n").locked == Config().locked == ()


def test_the_check_and_the_paths_show_it(
    system: Path, user: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    user.write_text("[ui]\ncalm = true\n")
    system.write_text('locked = ["audio.volume"]\n[audio]\nvolume = 7\n')
    assert main(["--config", str(user), "config", "check"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == (
        f"{system} comes first, and locks audio.volume."
    )
    assert main(["paths"]) == 0
    assert f"system   {system}" in capsys.readouterr().out
    user.write_text("[audio]\nvolume = 9\n")
    assert main(["--config", str(user), "config", "check"]) == 2
    assert "line 2: audio.volume is locked by" in capsys.readouterr().err
