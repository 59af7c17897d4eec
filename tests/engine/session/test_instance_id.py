"""The account's `+sip.instance` (RFC 5626 §4.1): one per account and machine, for good."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from tui.engine.session.sign_in import instance_id


def test_it_is_made_once_and_kept_on_disk_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "instances" / "one"
    first = instance_id(path)
    assert uuid.UUID(first.removeprefix("urn:uuid:")).version == 4
    assert instance_id(path) == first
    assert instance_id(tmp_path / "instances" / "two") != first
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_is_none_is_made_anew_and_a_disk_that_cannot_be_written_costs_no_sign_in(
    tmp_path: Path,
) -> None:
    path = tmp_path / "one"
    path.write_text("nonsense")
    fresh = instance_id(path)
    assert fresh.startswith("urn:uuid:")
    assert path.read_text().strip() == fresh
    path.write_text("")
    blocked = path / "below a file"
    assert instance_id(blocked).startswith("urn:uuid:")


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\x00",
        b"urn:uuid:",
        b"urn:uuid:nonsense",
        b'urn:uuid:" ;x=y',
        b"urn:uuid:00000000-0000-4000-8000-000000000001\nX: y",
        b"\x00" * 5000,
    ],
)
def test_whatever_stands_in_its_file_costs_no_sign_in(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "one"
    path.write_bytes(content)
    fresh = instance_id(path)
    assert uuid.UUID(fresh.removeprefix("urn:uuid:")).urn == fresh
    assert instance_id(path) == fresh
