"""What the platform says and is not understood is skipped, kept and logged with its setting."""

from __future__ import annotations

import time
from random import Random

import pytest

from tui import sip
from tui.engine.context import EngineContext, Limits
from tui.engine.not_understood import (
    LINES,
    REFILL,
    LoggedItems,
    note_left_out,
    note_missing,
    note_refused,
    shown,
)
from tui.platform import control
from tui.platform.base import PlatformError
from tui.platform.not_understood import NotUnderstoodList, SkippedKind


def test_each_item_is_logged_with_its_setting_and_its_masked_body(
    caplog: pytest.LogCaptureFixture,
) -> None:
    context = EngineContext(clock=time.monotonic, rng=Random(1), limits=Limits())
    control.decode(b'<cc a="100" c="x" evil="12000000001"/>', kept=context.not_understood)
    assert context.not_understood.counts()[SkippedKind.ATTRIBUTE] == 1
    (line,) = caplog.messages
    assert "attribute evil in cc 100" in line
    assert "[messages] more_attributes" in line
    assert 'evil="•••••••••01"' in line


def test_what_an_answer_of_the_web_lacks_is_kept_with_its_setting() -> None:
    kept = NotUnderstoodList()
    note_missing(kept, PlatformError(50005, "data.token ([fields] token)"), "sign-in")
    note_missing(kept, PlatformError(50003, "wrong password"), "sign-in")
    (item,) = kept.items()
    assert (item.kind, item.what, item.where) == (SkippedKind.FIELD, "data.token", "sign-in")
    assert item.setting == "[fields] token"


def test_what_belongs_to_nothing_of_ours_is_stray_and_nobody_is_refused() -> None:
    kept = NotUnderstoodList()
    note_refused(kept, sip.Ignored("a 200 to a MESSAGE that nothing waits for", stray=True))
    note_refused(kept, sip.Ignored("malformed: no Call-ID"))
    assert kept.counts()[SkippedKind.STRAY] == 1
    assert kept.counts()[SkippedKind.REFUSED] == 1


def test_who_sends_the_unknown_without_end_turns_no_log_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = 0.0
    kept = NotUnderstoodList()
    kept.on_added = LoggedItems(lambda: now)
    for number in range(1000):
        kept.add(SkippedKind.ATTRIBUTE, f"x{number}")
    assert len(caplog.messages) == LINES
    now += 2 * REFILL
    for number in range(1000):
        kept.add(SkippedKind.ATTRIBUTE, f"y{number}")
    assert len(caplog.messages) == LINES + 2
    assert kept.counts()[SkippedKind.ATTRIBUTE] == 2000


def test_of_an_address_the_number_is_masked_and_the_host_and_port_stay() -> None:
    assert shown("<sip:13800138000@h.test:5060>") == "<sip:•••••••••00@h.test:5060>"
    assert shown("sip:PBX@127.0.0.1:5060") == "sip:PBX@127.0.0.1:5060"


@pytest.mark.parametrize(
    ("info", "what", "setting"),
    [
        ("gid ([fields] group_gid)", "gid", "[fields] group_gid"),
        ("group", "group", ""),
        ("3 entries beyond the first 10", "3 entries beyond the first 10", ""),
    ],
)
def test_what_is_left_out_of_a_list_is_kept_whether_a_setting_is_named_or_not(
    info: str, what: str, setting: str
) -> None:
    kept = NotUnderstoodList()
    note_left_out(kept, PlatformError(50005, info))
    (item,) = kept.items()
    assert (item.what, item.where, item.setting) == (what, "answer", setting)
