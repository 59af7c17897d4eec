"""The log keeps no secrets, belongs to its owner, and does not grow without end."""

from __future__ import annotations

import logging
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui.log import get_logger, redact, setup
from tui.secrets import Secret


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[Path]:
    root, before = logging.getLogger(), list(logging.getLogger().handlers)
    level, raising = root.level, logging.raiseExceptions
    for handler in before:
        root.removeHandler(handler)
    setup(tmp_path / "state" / "yimi.log")
    yield tmp_path / "state" / "yimi.log"
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
    for handler in before:
        root.addHandler(handler)
    root.setLevel(level)
    logging.raiseExceptions = raising
    logging.getLogger("yimi").setLevel(logging.NOTSET)


@pytest.mark.parametrize(
    "line",
    [
        'Authorization: Digest username="1001_0001", response="sesame"',
        "proxy-authorization : Digest sesame",
        '{"un": "1001", "pwd": "sesame"}',
        "pwd=sesame&un=1001",
        "password: sesame",
        "{'token': 'sesame'}",
        "access_token=sesame;",
    ],
)
def test_what_looks_like_a_secret_is_starred(line: str) -> None:
    assert "sesame" not in redact(line)


def test_other_text_stays() -> None:
    assert redact("200 OK to REGISTER, expires 600") == "200 OK to REGISTER, expires 600"


def test_an_escape_sequence_does_not_reach_whoever_reads_the_log() -> None:
    assert "\x1b" not in redact("name \x1b]52;c;eA==\x07 and \x9b31m")


def test_the_file_is_for_its_owner_and_the_secret_is_not_in_it(log_file: Path) -> None:
    secret = Secret("open sesame")
    try:
        raise ValueError("no")
    except ValueError:
        get_logger("host").exception("could not use %s", secret)
    text = log_file.read_text()
    assert "ValueError: no" in text
    assert "yimi.host" in text
    assert "sesame" not in text
    assert stat.S_IMODE(log_file.stat().st_mode) == 0o600


def test_others_are_heard_from_warning_on(log_file: Path) -> None:
    logging.getLogger("elsewhere").info("chatter")
    logging.getLogger("elsewhere").warning("trouble")
    get_logger("engine").info("listens")
    text = log_file.read_text()
    assert "chatter" not in text
    assert "trouble" in text
    assert "listens" in text


def test_it_rotates_and_each_file_is_for_its_owner(log_file: Path) -> None:
    for _ in range(400):
        get_logger("engine").warning("x" * 20_000)
    files = sorted(log_file.parent.iterdir())
    assert 2 <= len(files) <= 4
    assert all(file.stat().st_size <= 1_000_000 for file in files)
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)


def test_a_log_that_cannot_be_written_is_no_reason_not_to_run(
    log_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    setup(tmp_path / "file" / "yimi.log")
    get_logger("engine").warning("lost")
