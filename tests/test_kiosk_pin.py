"""The PIN of a kiosk: only its hash is kept."""

from __future__ import annotations

import io
import sys

import pytest

from tui.cli.main import main
from tui.config.errors import ConfigError
from tui.config.kiosk import fits, hashed
from tui.config.reader import parse


def typed(monkeypatch: pytest.MonkeyPatch, *pins: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{pin}\n" for pin in pins)))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


def test_what_is_printed_is_the_config_and_not_the_pin(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(monkeypatch, "4711", "4711")
    assert main(["kiosk", "pin"]) == 0
    printed = capsys.readouterr().out
    kept = parse(printed).kiosk
    assert "4711" not in printed.partition("scrypt")[0]
    assert fits("4711", kept.pin)
    assert not fits("4712", kept.pin)
    assert kept.pin not in repr(kept)


def test_two_desks_with_one_pin_have_two_hashes() -> None:
    assert hashed("4711", bytes(16)) != hashed("4711", bytes(15) + b"1")


def test_nothing_fits_where_no_pin_is_kept() -> None:
    assert not fits("", "")
    assert not fits("4711", "")


@pytest.mark.parametrize(
    ("pins", "says"), [(("123", "123"), "at least 4"), (("4711", "4712"), "not the same twice")]
)
def test_a_pin_that_is_short_or_mistyped_is_not_kept(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    pins: tuple[str, str],
    says: str,
) -> None:
    typed(monkeypatch, *pins)
    assert main(["kiosk", "pin"]) == 2
    said = capsys.readouterr()
    assert says in said.err
    assert said.out == ""


def test_a_pin_in_plain_text_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigError) as caught:
        parse('[kiosk]\npin = "4711"\n')
    assert "yimi kiosk pin" in str(caught.value)
    assert "4711" not in str(caught.value)
