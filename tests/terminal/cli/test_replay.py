"""A bundle's hour on the console again: forwards, back, with its messages."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.terminal import scripted_port as s
from tests.terminal.conftest import Console
from tests.waiting import until
from tui.cli.main import main
from tui.config.schema import Config, UiSettings
from tui.console.replay.app import ReplayApp
from tui.console.replay.player import Player
from tui.console.replay.recorded import NotReplayable, RecordedHour, read
from tui.engine.incident import bundle
from tui.engine.incident.flight_recorder import FlightRecorder
from tui.engine.session.control_messages import Sent
from tui.platform import control
from tui.platform.not_understood import NotUnderstoodList
from tui.port import replace
from tui.port.commands import Answer, GetLadder
from tui.port.events import CallAnswered, CallChanged
from tui.port.ladder import Ladder


def recording(path: Path) -> Path:
    """A bundle as an engine writes it: it rings at 1 s, is taken at 8 s, is over at 28 s."""
    now = [s.NOW]
    kept = FlightRecorder(s.IDLE, lambda: now[0])

    def at(second: float, *what: Any) -> None:
        now[0] = s.NOW + second
        for each in what:
            each()

    ringing = replace(s.RINGING, since=s.NOW + 1, began=s.NOW + 1, offers=1)
    talking = replace(s.TALKING, since=s.NOW + 8, answered=s.NOW + 8, began=s.NOW + 1)
    at(1.0, lambda: kept.wire(False, b"INVITE sip:1001@pbx.invalid SIP/2.0\r\n\r\n"))
    at(1.0, lambda: kept.event(CallChanged(ringing)))
    at(8.0, lambda: kept.wire(True, b"SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n\r\n"))
    at(8.0, lambda: kept.overhear(Sent("Answer", b'<cc what="answer"/>')))
    at(8.0, lambda: kept.event(CallAnswered("1conf_1", "12000000001")))
    at(8.0, lambda: kept.event(CallChanged(talking)))
    at(28.0, lambda: kept.wire(False, b"BYE sip:1001@pbx.invalid SIP/2.0\r\n\r\n"))
    at(28.0, lambda: kept.event(CallChanged(replace(s.ENDED, since=s.NOW + 28))))
    done = bundle.written(
        path,
        bundle.Contents(
            recording=kept.recording(),
            now=s.NOW + 40,
            wall=s.WALL + 40,
            checks=(),
            not_understood=NotUnderstoodList().report(),
            assumed=control.ASSUMED,
            config_file=path.parent / "config.toml",
            log_file=path.parent / "yimi.log",
        ),
    )
    assert done.ok
    return path


@asynccontextmanager
async def replaying(
    path: Path, *, size: tuple[int, int] = (80, 24), config: Config | None = None
) -> AsyncIterator[Console]:
    player = Player(read(path))
    app = ReplayApp(player, config or Config())
    async with app.run_test(size=size, notifications=True) as pilot:
        console = Console(app, player, None, pilot)  # type: ignore[arg-type]
        await console.settle()
        yield console


@pytest.fixture
def file(tmp_path: Path, console: object) -> Path:
    """`console` sets the tests' zone."""
    return recording(tmp_path / "bundle.zip")


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (120, 40)])
async def test_forwards_and_back_it_rings_talks_and_is_over(
    file: Path, size: tuple[int, int]
) -> None:
    async with replaying(file, size=size) as c:
        assert "IDLE" in c.screen_text
        await c.press("right")
        assert "RINGING" in c.screen_text
        assert "14:02:01.0" in c.keys
        assert ("CallChanged ringing" if size[0] > 40 else "CallChang…") in c.keys
        await c.press("right", "right")
        assert "TALKING" in c.screen_text
        assert "14:02:08.0" in c.keys
        await c.press("right")
        assert "TALKING" not in c.screen_text
        assert ("CallChanged ended" if size[0] > 40 else "CallChang…") in c.keys
        await c.press("left")
        assert "TALKING" in c.screen_text
        await c.press("left", "left")
        assert "RINGING" in c.screen_text
        await c.press("left", "left")
        assert "IDLE" in c.screen_text
        assert "14:02:00.0" in c.keys


async def test_the_clocks_stand_at_the_moment_that_is_shown(file: Path) -> None:
    async with replaying(file) as c:
        await c.press("pagedown", "pagedown")
        assert "TALKING" in c.screen_text
        assert "0:12" in c.line("TALKING")
        await c.press("pageup")
        assert "0:02" in c.line("TALKING")
        await c.press("end")
        assert "0:40/0:40" in c.keys
        await c.press("home", "down")
        assert "0:40/0:40" in c.keys
        await c.press("up")
        assert "0:00/0:40" in c.keys


async def test_it_plays_by_itself_stops_and_ends(file: Path) -> None:
    async with replaying(file) as c:
        await c.press("0", "space")
        await until(lambda: "60x" in c.keys or "4/4" in c.keys)
        await until(lambda: "4/4" in c.keys and "0:40/0:40" in c.keys)
        await until(lambda: "60x" not in c.keys)
        await c.press("1", "space")
        await until(lambda: "1x" in c.keys)
        await c.press("space")
        await until(lambda: "1x" not in c.keys)
        stood = c.keys
        await c.rest()
        assert c.keys == stood
        assert "1x" not in stood


async def test_the_messages_stand_beside_it_where_it_is_wide(file: Path) -> None:
    async with replaying(file, size=(120, 40)) as c:
        assert "INVITE" not in c.screen_text
        await c.press("right")
        assert "◀" in c.line("INVITE sip:")
        assert "200 OK" not in c.screen_text
        await c.press("right")
        assert "▶│" in c.line("200 OK (INVITE)")
        assert "▶│" in c.line("Answer <cc")
        await c.press("end")
        assert "BYE sip:" in c.screen_text
        await c.press("home")
        assert "INVITE" not in c.screen_text


async def test_the_messages_are_a_page_by_a_key_where_it_is_narrow(file: Path) -> None:
    async with replaying(file, size=(40, 12)) as c:
        await c.press("right")
        assert "INVITE" not in c.screen_text
        await c.press("l")
        await c.shows("INVITE sip:")
        await c.press("right")
        await c.shows("200 OK (INVITE)")
        await c.press("escape")
        assert "200 OK" not in c.screen_text
        assert "TALKING" not in c.line("RINGING")


async def test_nothing_can_be_done_in_the_past_and_it_says_so(file: Path) -> None:
    player = Player(read(file))
    refused = await player.execute(Answer())
    assert not refused.ok
    assert refused.message is not None
    assert refused.message.id == "replay.refused"
    assert isinstance((await player.execute(GetLadder())).value, Ladder)
    async with replaying(file) as c:
        await c.press("right", "f5", "f8", "ctrl+t", "f2")
        assert "RINGING" in c.screen_text
        await c.press("q")
        await until(lambda: not c.app.is_running)


async def test_what_is_not_playing_costs_no_byte_and_no_timer(file: Path) -> None:
    async with replaying(file) as c:
        await c.press("right", "right", "right")
        assert "TALKING" in c.screen_text
        assert not c.app.drawing._ticking


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_its_keys_are_told_in_both_languages(file: Path, language: str) -> None:
    config = Config(ui=UiSettings(language=language))
    async with replaying(file, config=config) as c:
        assert "PgUp PgDn" in c.screen_text
        assert "0/4" in c.keys


def changed(file: Path, **texts: str | None) -> Path:
    """The same bundle with other files in it; None: without."""
    other = file.with_name("other.zip")
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            key = re.sub(r"\W", "_", name)
            if key not in texts:
                new.writestr(name, old.read(name))
            elif (text := texts[key]) is not None:
                new.writestr(name, text)
    return other


def why_not(path: Path) -> str:
    with pytest.raises(NotReplayable) as refused:
        read(path)
    return refused.value.sentence.id


def test_a_foreign_or_broken_file_is_one_sentence(file: Path, tmp_path: Path) -> None:
    assert why_not(tmp_path / "nowhere.zip") == "replay.no_file"
    assert why_not(tmp_path) == "replay.no_file"
    (tmp_path / "letter.txt").write_text("Dear …")
    assert why_not(tmp_path / "letter.txt") == "replay.no_bundle"
    cut = tmp_path / "cut.zip"
    cut.write_bytes(file.read_bytes()[:-200])
    assert why_not(cut) == "replay.no_bundle"
    assert why_not(changed(file, begin_json=None)) == "replay.no_bundle"
    assert why_not(changed(file, about_json="[]")) == "replay.no_bundle"
    about = json.dumps({"bundle": 2})
    assert why_not(changed(file, about_json=about)) == "replay.other_form"
    begin = json.dumps({"$": "Snapshot", "moods": []})
    assert why_not(changed(file, begin_json=begin)) == "replay.other_version"
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as photos:
        photos.writestr("a.jpg", b"x")
    assert why_not(tmp_path / "photos.zip") == "replay.no_bundle"


async def test_lines_of_another_version_are_left_out_and_counted(file: Path) -> None:
    with zipfile.ZipFile(file) as old:
        lines = old.read("events.jsonl").decode()
    more = '{"at": 3, "event": {"$": "MoodChanged"}}\nnonsense\n{"at": 4, "event": 7}\n'
    async with replaying(changed(file, events_jsonl=more + lines)) as c:
        assert "3 lines of this bundle" in c.screen_text
        await c.press("right")
        assert "RINGING" in c.screen_text


async def test_a_bundle_from_anywhere_writes_no_escapes_to_the_terminal(file: Path) -> None:
    with zipfile.ZipFile(file) as old:
        lines = old.read("events.jsonl").decode().replace("conf_", "\\u001b[2Jconf_")
        sip = '{"at": 1, "from": "us", "message": "BYE sip:\\u001b]0;x\\u0007a", "cut": false}\n'
    other = changed(file, events_jsonl=lines, sip_jsonl=sip)
    assert "\x1b" not in repr(read(other).events)
    async with replaying(other, size=(120, 40)) as c:
        await c.press("end")
        assert "\x1b" not in c.screen_text
        assert "BYE sip:a" in c.screen_text


def test_any_count_of_events_gives_the_snapshot_that_follows_from_them(file: Path) -> None:
    recorded: RecordedHour = read(file)
    events = recorded.events * 50
    long = RecordedHour(recorded.snapshot(0), events, (), began=0, began_unix=0, ended=9)
    for count in (199, 3, 64, 128, 0, 200):
        assert long.snapshot(count) == recorded.snapshot(0 if not count else (count - 1) % 4 + 1)


def test_the_command_says_what_is_wrong_with_the_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("YIMI_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    (tmp_path / "letter.txt").write_text("Dear …")
    assert main(["replay", str(tmp_path / "letter.txt")]) == 1
    said = capsys.readouterr().err.strip()
    assert said.endswith("is no bundle of yimi: make one with yimi bundle.")
    assert len(said.splitlines()) == 1
