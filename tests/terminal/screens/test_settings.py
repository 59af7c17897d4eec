"""The settings screen and its file: beside the config, checked, and never a reason not to start."""

from __future__ import annotations

import errno
import shutil
import stat
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from tests.terminal import scripted_port as s
from tui.config.schema import AudioSettings, Config, HistorySettings, NoticeSettings
from tui.config.user_settings import overlay, save, settings_file
from tui.console.theming import all_themes, theme_directories
from tui.port.commands import Answer, ListDevices, Result, SetDevices, SetVolume
from tui.port.events import CallChanged
from tui.port.values import Devices, message

OWN = Path(__file__).parents[3] / "themes"


USB = "device:USB Headset"
DEVICES = Devices(("Desk", "USB Headset"), ("Loudspeaker", "USB Headset"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return settings_file(tmp_path / "config.toml")


def kept(file: Path) -> dict[str, object]:
    return tomllib.loads(file.read_text())


# ---------------------------------------------------------------- the file


def test_the_file_counts_before_the_config(file: Path) -> None:
    file.write_text('[ui]\nlanguage = "zh"\n[keys]\nmute = "f11"\n[notices]\nosc777 = true\n')
    config, wrong = overlay(Config(keys={"hold": ("w",), "mute": ("q",)}), file)
    assert wrong == ()
    assert config.ui.language == "zh"
    assert config.ui.theme == "yimi-dark"
    assert config.notices == NoticeSettings(osc777=True)
    assert config.keys == {"hold": ("w",), "mute": ("f11",)}


def test_a_file_that_is_not_there_changes_nothing(file: Path) -> None:
    assert overlay(Config(), file) == (Config(), ())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("not toml", "settings.toml, line 1: a line is [section]"),
        ("[history]\nmask = false", "'history' does not belong there"),
        ("[audio]\nice_servers = []", "'ice_servers' of [audio] does not belong there"),
        ("[audio]\nvolume = 9000", "volume must be from 0 to 200"),
        ("ui = 3", "'ui' does not belong there"),
    ],
)
def test_what_is_wrong_in_it_is_left_out_and_said(file: Path, text: str, says: str) -> None:
    file.write_text(text)
    strict = Config(history=HistorySettings(mask=True))
    config, wrong = overlay(strict, file)
    assert config == strict
    assert says in str(wrong[0])


def test_one_mistake_does_not_take_the_rest_along(file: Path) -> None:
    file.write_text('[audio]\nvolume = "loud"\nring_volume = 40\n')
    config, wrong = overlay(Config(), file)
    assert config.audio.ring_volume == 40
    assert len(wrong) == 1


def test_saving_keeps_what_stands_there_and_shows_it_to_nobody_else(file: Path) -> None:
    save(file, {"ui": {"theme": "a"}})
    save(file, {"ui": {"language": "en"}, "audio": {"volume": 7}})
    assert kept(file) == {"ui": {"theme": "a", "language": "en"}, "audio": {"volume": 7}}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in file.parent.iterdir()] == ["settings.toml"]


# ---------------------------------------------------------------- the screen


def test_a_link_to_the_settings_stays_one(file: Path, tmp_path: Path) -> None:
    (kept := tmp_path / "elsewhere" / "settings.toml").parent.mkdir()
    kept.write_text("[ui]\nletters = true\n")
    file.symlink_to(kept)
    save(file, {"audio": {"volume": 50}})
    assert file.is_symlink()
    assert tomllib.loads(kept.read_text()) == {"ui": {"letters": True}, "audio": {"volume": 50}}


async def test_what_is_changed_is_written_and_counts_at_once(console, file: Path) -> None:
    config = file.with_name("config.toml")
    config.write_text("# mine\n")
    async with console(settings=file) as c:
        c.port.answers[ListDevices] = lambda command: Result(True, value=DEVICES)
        await c.press("ctrl+g", "right", "right")
        assert "USB Headset" in c.line("Microphone")
        assert c.port.sent[1:] == [SetDevices(input="device:Desk"), SetDevices(input=USB)]
        c.app.screen.volume.value = "80"
        c.app.screen.ticks["bell"].ticked = False
        await c.press("enter")
        assert kept(file) == {
            "audio": {"input": USB, "volume": 80},
            "notices": {"bell": False},
        }
        assert c.port.sent[3:] == [SetVolume(volume=80, ring=100)]
        assert "The settings are saved." in c.screen_text
        assert not c.app.attention.bell
        assert config.read_text() == "# mine\n"
        await c.press("ctrl+g")
        assert "USB Headset" in c.line("Microphone")


async def test_letters_become_keys_at_once(console, file: Path) -> None:
    async with console(settings=file) as c:
        await c.press("ctrl+g")
        c.app.screen.letters.focus()
        await c.press("space", "enter")
        assert kept(file) == {"ui": {"letters": True}}
        await c.press("d", "a", "b")
        assert c.app.screen.focused.value == "ab"
    assert overlay(Config(), file)[0].ui.letters


async def test_a_chosen_device_that_is_not_there_is_kept_and_said(console, file: Path) -> None:
    audio = AudioSettings(output="device:Old Headset", ring_device="device:loudspeaker")
    async with console(config=replace(Config(), audio=audio), settings=file) as c:
        c.port.answers[ListDevices] = lambda command: Result(True, value=DEVICES)
        await c.press("ctrl+g")
        assert "Old Headset (not there now)" in c.line("Speaker")
        assert "not there" not in c.line("Rings")
        await c.press("enter")
        assert not file.exists()


async def test_devices_that_cannot_be_listed_are_said(console, file: Path) -> None:
    async with console(settings=file) as c:
        no = Result(False, message("check.sound.no-portaudio"), value=Devices())
        c.port.answers[ListDevices] = lambda command: no
        await c.press("ctrl+g")
        assert "libportaudio2" in c.screen_text


async def test_the_rings_volume_counts_at_once(console, file: Path) -> None:
    async with console(settings=file) as c:
        await c.press("ctrl+g")
        c.app.screen.ring_volume.value = "0"
        await c.press("enter")
        assert c.port.sent[-1] == SetVolume(volume=100, ring=0)
        assert kept(file) == {"audio": {"ring_volume": 0, "ring": False}}


async def test_esc_changes_nothing(console, file: Path) -> None:
    async with console(settings=file) as c:
        c.port.answers[ListDevices] = lambda command: Result(True, value=DEVICES)
        await c.press("ctrl+g", "tab", "left")
        c.app.screen.theme.selected += 1
        await c.settle()
        assert c.app.theme != "yimi-dark"
        await c.press("escape")
        assert c.port.sent[1:] == [SetDevices(output=USB), SetDevices(output="")]
        assert c.app.theme == "yimi-dark"
        assert not file.exists()


async def test_a_value_that_cannot_be_is_said_and_nothing_is_written(console, file: Path) -> None:
    async with console(settings=file) as c:
        await c.press("ctrl+g")
        c.app.screen.volume.value = "201"
        await c.press("enter")
        assert "volume must be from 0 to 200" in c.screen_text
        c.app.screen.ring_volume.value = "loud"
        await c.press("enter")
        assert "whole number" in c.screen_text
        assert not file.exists()


async def test_a_file_that_cannot_be_written_is_said(console, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    async with console(settings=tmp_path / "file" / "settings.toml") as c:
        await c.press("ctrl+g")
        c.app.screen.volume.value = "80"
        await c.press("enter")
        assert "could not be written" in c.screen_text
        assert c.app.screen.volume.value == "80"


async def test_the_language_changes_at_once(console, file: Path) -> None:
    async with console(settings=file) as c:
        await c.press("ctrl+g")
        screen = c.app.screen
        screen.language.selected = screen._languages.index("zh")
        await c.press("enter")
        assert kept(file) == {"ui": {"language": "zh"}}
        assert "IDLE" not in c.screen_text


async def test_a_key_is_changed_by_pressing_it(console, file: Path) -> None:
    async with console(s.with_call(s.RINGING), settings=file) as c:
        await c.press("ctrl+g")
        c.app.screen.keys.focus()
        await c.press("space")
        answer = c.app.screen.list.get_option_index("answer")
        c.app.screen.list.highlighted = answer
        await c.press("enter", "f8")
        assert "hangup have the same key" in c.screen_text
        await c.press("enter", "f11")
        assert "F11 it is" in c.screen_text
        c.app.screen.list.highlighted = c.app.screen.list.get_option_index("mute")
        await c.press("enter", "ctrl+e")
        await c.press("escape", "shift+tab", "enter")
        assert kept(file) == {"keys": {"answer": ["f11"], "mute": ["ctrl+e"]}}
        await c.press("f5")
        assert Answer() not in c.port.sent
        await c.press("f11")
        assert c.port.sent[-1] == Answer()


async def test_a_call_stays_in_sight_over_the_settings_and_its_keys_work(
    console, file: Path
) -> None:
    async with console(settings=file) as c:
        await c.press("ctrl+g", "tab", "tab", "tab", *"80")
        await c.happen(CallChanged(s.RINGING))
        assert "120 0000 0001" in c.line("▶")
        await c.press("f5")
        assert c.port.sent[-1] == Answer()
        assert c.app.screen.volume.value == "10080"


async def test_settings_that_were_left_out_are_said_once(console, file: Path) -> None:
    file.write_text('[keys]\nanwser = "f11"\n[audio]\nvolume = -1\n')
    async with console(settings=file) as c:
        assert "Did you mean answer?" in c.screen_text
        assert "volume" in c.screen_text


# ---------------------------------------------------------------- themes


async def test_the_settings_page_shows_what_is_locked_and_leaves_it(
    console, tmp_path: Path
) -> None:
    locked = ("audio.volume", "ui.theme", "keys.mute", "notices.bell")
    file = tmp_path / "settings.toml"
    async with console(config=Config(locked=locked), settings=file) as c:
        await c.press("ctrl+g")
        assert "Locked by the administrator: Volume %, Theme, Bell, Keys (mute)." in " ".join(
            c.screen_text.split()
        )
        screen = c.app.screen
        assert screen.volume.disabled
        assert screen.theme.disabled
        assert screen.ticks["bell"].disabled
        assert not screen.language.disabled
        screen._take_keys({"mute": ("f11",), "hold": ("f12",)})
        screen.volume.value = "80"
        screen.ring_volume.value = "60"
        await c.press("enter")
        assert tomllib.loads(file.read_text()) == {
            "audio": {"ring_volume": 60},
            "keys": {"hold": ["f12"]},
        }


async def test_every_theme_is_drawn_live_and_ascii_borders_with_it(console) -> None:
    names = set(all_themes(theme_directories())[0])
    assert {"yimi-dark", "yimi-light", "high-contrast", "ansi-16"} <= names
    async with console() as c:
        for name in sorted(names - {"yimi-dark"}):
            assert c.app.appearance.use_theme(name) == ()
            await c.settle()
            assert c.app.theme == name
            assert ("─" in c.screen_text) is (name != "ansi-16")
        c.app.appearance.use_theme("yimi-dark")
        await c.settle()
        assert "─" in c.screen_text


async def test_a_theme_that_was_edited_is_read_again(console, tmp_path: Path) -> None:
    mine = tmp_path / "yimi-dark.toml"
    shutil.copy(OWN / "yimi-dark.toml", mine)
    async with console(themes=tmp_path) as c:
        mine.write_text(
            mine.read_text().replace('background = "#15191e"', 'background = "#112233"')
        )
        c.app.appearance.reload_themes()
        await c.settle()
        assert c.app.screen.styles.background.hex == "#112233"
        assert "The themes were read again." in c.screen_text


async def test_themes_that_fail_give_one_notice_and_the_look_stays(console, tmp_path: Path) -> None:
    async with console(themes=tmp_path) as c:
        for name, text in (("bad", "x ="), ("worse", "dark = 1\n"), ("yimi-dark", "[colours]")):
            (tmp_path / f"{name}.toml").write_text(text)
        c.app.appearance.reload_themes()
        await c.settle()
        for name in ("bad.toml", "worse.toml", "yimi-dark.toml"):
            assert name in c.app.view.notice.values[0][1]
        assert c.app.screen.styles.background.hex == "#15191E"


async def test_a_broken_theme_does_not_keep_the_console_from_starting(
    console, tmp_path: Path
) -> None:
    (tmp_path / "mine.toml").write_text("[colours]\nprimary = 'no colour'\n")
    config = Config(ui=replace(Config().ui, theme="mine"))
    async with console(config=config, themes=tmp_path) as c:
        assert "mine.toml" in c.screen_text
        assert "IDLE" in c.screen_text


def test_a_colour_that_is_none_is_found_before_it_is_drawn(tmp_path: Path) -> None:
    text = (OWN / "yimi-dark.toml").read_text().replace('ring = "#f0c674"', 'ring = "reddish"')
    (tmp_path / "mine.toml").write_text(text)
    assert "ring is not a colour: 'reddish'" in all_themes([tmp_path])[1][0]


@pytest.mark.parametrize("stands", [b"[ui]\ntheme = 'a", b"\xff\xfe", b"volume = = 7"])
def test_what_somebody_wrote_and_cannot_be_read_is_kept_beside_it(
    tmp_path: Path, stands: bytes
) -> None:
    file = settings_file(tmp_path / "config.toml")
    file.write_bytes(stands)
    save(file, {"audio": {"volume": 7}})
    assert tomllib.loads(file.read_text()) == {"audio": {"volume": 7}}
    assert (tmp_path / f"{file.name}.unreadable").read_bytes() == stands


def test_a_file_that_cannot_be_read_just_now_is_not_taken_for_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = settings_file(tmp_path / "config.toml")
    save(file, {"ui": {"theme": "a"}})

    def no_room(self: Path) -> bytes:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as at:
        at.setattr(Path, "read_bytes", no_room)
        with pytest.raises(OSError, match="Too many"):
            save(file, {"audio": {"volume": 7}})
    assert tomllib.loads(file.read_text()) == {"ui": {"theme": "a"}}
