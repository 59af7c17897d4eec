"""A look at another's desk: told to the agent at any size, and without a hand in it."""

from __future__ import annotations

import pytest

from tests.terminal import scripted_port as s
from tui.cli.main import main
from tui.config.schema import Config, UiSettings
from tui.console import i18n
from tui.console.screens.console import ConsoleScreen
from tui.port.events import AccountChanged, CallChanged, PhaseChanged, WatchersChanged
from tui.port.values import Phase


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_the_agent_sees_who_looks_as_long_as_somebody_does(
    console, size: tuple[int, int], language: str
) -> None:
    config = Config(ui=UiSettings(language=language))
    async with console(s.IDLE, size=size, config=config) as c:
        await c.happen(WatchersChanged(("boss",)))
        word = i18n.tr("watched", names="boss")
        assert word in c.screen_text
        await c.happen(CallChanged(s.RINGING))
        assert word in c.screen_text
        await c.happen(WatchersChanged(()))
        assert word not in c.screen_text


async def test_many_or_long_names_leave_room_for_the_state(console) -> None:
    async with console(s.IDLE, size=(40, 12)) as c:
        await c.happen(WatchersChanged(("a-very-long-login-name", "boss")))
        assert "IDLE" in c.screen_text
        assert "watched by a-very-…" in c.screen_text


async def test_who_looks_can_do_nothing_and_is_told_whose_desk_it_is(console) -> None:
    async with console(s.with_call(s.RINGING)) as c:
        c.app.change(watching=True)
        await c.settle()
        assert "120 0000 0001" in c.screen_text
        assert "You look at the desk of 1001 Li Ming" in c.screen_text
        assert "F5" not in c.keys
        await c.press("f5", "f8", "f12", "f2", "f3", "f9", "f10", "ctrl+t", "ctrl+d", "5")
        assert c.port.sent == []
        await c.press("ctrl+q")
        assert c.app.return_value == "quit"


async def test_with_the_session_no_sign_in_follows(console) -> None:
    async with console(s.IDLE) as c:
        c.app.change(watching=True)
        await c.happen(PhaseChanged(Phase.SIGNED_OUT), AccountChanged(None))
        assert isinstance(c.app.screen, ConsoleScreen)


def test_where_nobody_can_be_looked_at_it_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    (tmp_path / "config.toml").write_text(f'[watch]\ndirectory = "{tmp_path}"\n')
    monkeypatch.setenv("YIMI_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert main(["watch", "1001"]) == 3
    assert "No desk of 1001 can be looked at here" in capsys.readouterr().err


def test_a_name_in_the_config_that_is_none_is_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    (tmp_path / "config.toml").write_text('[watch]\nallow = ["two words"]\n')
    monkeypatch.setenv("YIMI_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert main(["watch", "1001"]) == 2
    assert "two words" in capsys.readouterr().err
