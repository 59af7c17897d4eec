"""Nobody can be found in what a probe writes, and its digits stay digits."""

from __future__ import annotations

import errno
import io
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui import sip
from tui.engine.probe.masking import Masker
from tui.engine.probe.record import Record
from tui.platform import control
from tui.sip.message.header_values import parse_name_addr

PARTIES = ("n", "t", "p", "number")


@given(st.lists(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), min_size=1, unique=True))
def test_a_number_keeps_its_last_two_digits_and_two_numbers_are_never_one(
    numbers: list[str],
) -> None:
    masker = Masker(parties=PARTIES)
    masked = [masker.text(f'<cc a="100" n="{number}"/>') for number in numbers]
    for number, text in zip(numbers, masked, strict=True):
        assert number not in text
        assert f'{number[-2:]}"' in text
        assert 'a="100"' in text
    assert len(set(masked)) == len(numbers)
    assert [masker.text(f'<cc a="100" n="{number}"/>') for number in numbers] == masked


@pytest.mark.parametrize(
    "text",
    [
        "call 138 0013-8000 back",
        "+86 (138) 0013 8000",
        '{"mobile": 13800138000}',
        '<cc n="&#49;&#51;&#56;00138000"/>',
        '<cc n="&#x31;3800138000"/>',
        "<note>13800138000</note>",
    ],
)
def test_a_number_is_found_however_it_is_written(text: str) -> None:
    masked = Masker().text(text)
    digits = "".join(each for each in masked if each.isdigit())
    assert "138001380" not in digits
    assert "00" in masked


@pytest.mark.parametrize(
    "text",
    [
        '<x password="hunter-2"/>',
        "<x PWD='hunter-2' a=\"1\"/>",
        '{"access_token": "hunter-2"}',
        '{\\"pwd\\": \\"hunter-2\\"}',
        "pwd=hunter-2&un=1",
        "<token>hunter-2</token>",
        "Authorization: Bearer hunter-2",
        "Bearer hunter-2",
        "sip:me:hunter-2@example.test",
        '<x info="token&quot;:&quot;hunter-2&quot;"/>',
        'Digest username="u", response="hunter-2"',
    ],
)
def test_a_secret_is_found_by_its_name(text: str) -> None:
    assert "hunter-2" not in Masker().text(text)


def test_a_secret_that_is_known_is_found_anywhere() -> None:
    assert "horse" not in Masker(["correct horse"]).text('<cc info="it is correct horse, no?"/>')


def test_a_digest_has_no_digit_of_its_own_left_and_stays_told_apart() -> None:
    masker = Masker()
    one, other = masker.text("a" * 31 + "1"), masker.text("b" * 40)
    assert "aaaa" not in one
    assert "bbbb" not in other
    assert one != other


def test_short_extensions_are_masked_where_a_party_stands_and_codes_are_not() -> None:
    masked = Masker(parties=PARTIES).text('<cc a="201" r="486" n="801_00011170" t="9801"/>')
    assert 'a="201" r="486"' in masked
    assert "801" not in masked.replace('a="201"', "")
    assert 'n="001_' in masked


def recorded(*said: object) -> list[dict[str, object]]:
    out = io.StringIO()
    record = Record(out, Masker(["word"], PARTIES), control.ASSUMED, lambda: 5.0)
    for each in said:
        record.overhear(each)  # type: ignore[arg-type]
    record.end()
    return [json.loads(line) for line in out.getvalue().splitlines()]


def message_of(body: bytes) -> sip.MessageReceived:
    who = parse_name_addr("<sip:PBX@example.test>")
    return sip.MessageReceived(who, None, control.CONTENT_TYPE, body, "sip:1001@example.test")


def test_each_message_says_what_was_skipped_and_what_would_let_it_in() -> None:
    heard, summary = recorded(message_of(b'<cc a="100" c="x" stamp="12"><mx/></cc>'))
    assert heard["means"] == "NewCall"
    assert heard["understood"] is True
    assert heard["skipped"] == [
        {"kind": "child", "what": "cc/mx", "setting": "[messages] ignored"},
        {"kind": "attribute", "what": "stamp", "setting": "[messages] more_attributes"},
    ]
    assert summary["counts"] == {"heard": 1, "refused": 0, "skipped": {"child": 1, "attribute": 1}}


def test_what_belongs_to_nothing_of_ours_stands_there_and_is_no_refusal() -> None:
    stray, summary = recorded(sip.Ignored("a 200 to a MESSAGE that nothing waits for", stray=True))
    assert (stray["kind"], stray["why"]) == ("stray", "a 200 to a MESSAGE that nothing waits for")
    assert summary["counts"] == {"heard": 0, "refused": 0, "skipped": {}}


def test_a_body_that_is_not_read_is_refused_with_the_reason() -> None:
    heard, _ = recorded(message_of(b'<!DOCTYPE x><cc a="1"/>'))
    assert heard["understood"] is False
    assert heard["refused"] == {"why": "the body has a declaration", "setting": ""}


@pytest.mark.parametrize(
    ("rule", "method", "setting", "kind"),
    [
        (sip.Rule.SENDER, "MESSAGE", "[platform] pbx", "request"),
        (sip.Rule.SENDER, "INVITE", "[platform] callers", "request"),
        (sip.Rule.ADDRESS, "MESSAGE", "[routes] sip_username", "request"),
        (sip.Rule.CONTENT, "MESSAGE", "[platform] content_types", "control"),
    ],
)
def test_a_refused_request_names_what_came_what_was_expected_and_the_setting(
    rule: sip.Rule, method: str, setting: str, kind: str
) -> None:
    given, expected = ("sip:13800138000@h.test:5060",), ("sip:PBX@h.test",)
    refused = sip.Refused(rule, method, 403, given, expected, "text/xml", b'<cc n="13800138000"/>')
    line, summary = recorded(sip.Ignored("why", refused))
    assert line["kind"] == kind
    why = line["refused"]
    assert isinstance(why, dict)
    assert (why["setting"], why["expected"]) == (setting, ["sip:PBX@h.test"])
    assert why["given"] == ["sip:00000000000@h.test:5060"]
    assert "138001" not in json.dumps(line)
    assert summary["settings"] == [{"kind": "refused", "what": rule.value, "setting": setting}]


def test_a_disk_that_takes_no_more_is_told_and_ends_nothing() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no device that is always full")
    record = Record(full.open("w", encoding="utf-8"), Masker(), control.ASSUMED)
    sender = parse_name_addr("<sip:PBX@platform.invalid>")
    body = control.encode(control.NewCall("1conf_1", "12000000001"))
    for _ in range(3):
        record.overhear(sip.MessageReceived(sender, None, control.CONTENT_TYPE, body, ""))
    record.end()
    record.close()
    assert record.trouble == os.strerror(errno.ENOSPC)
    assert record.heard == 3, "what came is counted, and acted on"
