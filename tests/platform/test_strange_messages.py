"""Control messages as strangers write them: numbers, names, places and several in one body."""

from __future__ import annotations

import pytest

from tui.platform.control import (
    ASSUMED,
    AfterCallWork,
    CalloutResponse,
    CancelCall,
    ControlError,
    Ended,
    Held,
    Kicked,
    NewCall,
    NotForUs,
    PlatformMessage,
    StatusChanged,
    Unknown,
    decode,
    decode_agent,
    decode_all,
    leg_of,
)
from tui.platform.not_understood import NotUnderstoodList
from tui.text import clean_text

OURS = Kicked("1001", "", 895)


@pytest.mark.parametrize("code", ["100", " 100 ", "+100", "0100", "100.0", "１００", "+0100."])
def test_a_code_is_the_same_however_its_number_is_written(code: str) -> None:
    assert decode(f'<cc a="{code}" c="x" n="1"/>'.encode()) == NewCall("x", "1")


@pytest.mark.parametrize("code", ["-100", "1 00", "10O", "²", "100.5", "0x64", "1e2", "", "+", "."])
def test_what_is_another_number_is_another_code(code: str) -> None:
    assert isinstance(decode(f'<cc a="{code}" c="x" n="1"/>'.encode()), Unknown)


@pytest.mark.parametrize("r", ["200", "+200", "0200", " 200", "200.0", "２００"])
def test_a_reason_is_the_same_however_its_number_is_written(r: str) -> None:
    assert decode(f'<cc a="201" c="x" r="{r}"/>'.encode()) == CalloutResponse(200, "x")


def test_a_length_is_the_same_however_its_number_is_written() -> None:
    for length in ("62", "+62", "062", "62.0"):
        body = f'<cc a="105" c="x" r="+25" callTime="{length}"/>'
        assert decode(body.encode()) == Ended("x", 25, 62)


@pytest.mark.parametrize(
    "body",
    [
        '<CC A="100" C="x" N="1"/>',
        '<cc A="100" C="x" N="1"/>',
        '<Cc a="100" c="x" n="1"/>',
        '<q:cc xmlns:q="urn:x" q:a="100" q:c="x" q:n="1"/>',
        '<cc xmlns="urn:x" a="100" c="x" n="1"/>',
        '<x><CC A="100" C="x" N="1"/></x>',
    ],
)
def test_names_in_other_letters_or_with_prefixes_are_the_same_names(body: str) -> None:
    assert decode(body.encode()) == NewCall("x", "1")


def test_beside_names_as_they_should_be_other_letters_are_other_names() -> None:
    kept = NotUnderstoodList()
    message = decode(b'<cc a="100" c="x" n="1" N="2" C="y" xml:lang="en"/>', kept=kept)
    assert message == NewCall("x", "1")
    assert [item.what for item in kept.items()] == ["xml:lang", "C", "N"]


@pytest.mark.parametrize(
    "body",
    [
        '<x><o><a><u n="1001" r="895"/></a></o></x>',
        '<x><y><o><a><u n="1001" r="895"/></a></o></y></x>',
        '<O><A><U N="1001" R="895"/></A></O>',
        '<p:o xmlns:p="urn:x"><p:a><p:u p:n="1001" p:r="895"/></p:a></p:o>',
        '<?xml version="1.0"?><o><m/><a><u n="1001" r="895"/></a></o>',
        '<o><a/><a><u n="1001" r="+895"/></a></o>',
    ],
)
def test_a_kick_is_one_whatever_stands_around_it(body: str) -> None:
    assert decode_all(body.encode()) == (OURS,)


def test_a_kick_inside_of_a_message_that_we_know_is_none() -> None:
    body = b'<cc a="100" c="x"><o><a><u n="1001" r="895"/></a></o></cc>'
    assert decode_all(body) == (NewCall("x"),)


@pytest.mark.parametrize(
    ("body", "messages"),
    [
        ('<cc a="105" c="x" r="25"/><cc a="1"/>', (Ended("x", 25), StatusChanged(1))),
        (
            '<?xml version="1.0"?><cc a="101" c="x"/>\r\n<?xml version="1.0"?><cc a="6"/>',
            (CancelCall("x"), AfterCallWork()),
        ),
        ('<cc a="6"/> and <ch a="1" cc="x"/>', (AfterCallWork(), Held("x"))),
        ('<cc a="1"/><o><a><u n="1001" r="895"/></a></o>', (StatusChanged(1), OURS)),
        ('<o><a><u n="1001" r="895"/></a></o><cc a="1"/>', (OURS, StatusChanged(1))),
        ('<mn b="1"/><cc a="6"/>', (AfterCallWork(),)),
        ('<cc a="6"/><cc a="6"/>', (AfterCallWork(), AfterCallWork())),
    ],
)
def test_several_messages_in_one_body_are_each_acted_on_in_order(
    body: str, messages: tuple[PlatformMessage, ...]
) -> None:
    assert decode_all(body.encode()) == messages
    assert decode(body.encode()) == messages[0]


def test_beside_a_message_a_root_that_nobody_knows_is_kept() -> None:
    kept = NotUnderstoodList()
    assert decode_all(b'<news/><cc a="6"/><x><y/></x>', kept=kept) == (AfterCallWork(),)
    assert [(item.kind, item.what) for item in kept.items()] == [
        ("child", "x/y"),
        ("root", "x"),
        ("root", "news"),
    ]


@pytest.mark.parametrize(
    "body",
    [
        '<cc a="100"><call c="x" n="1"/></cc>',
        '<cc><head a="100"/><call c="x" n="1"/></cc>',
        "<cc><a>100</a><c>x</c><n>1</n></cc>",
        '<cc a="100" n="1"><c> x </c></cc>',
        '<cc a="100"><call c="x" n="1"><deeper c="y"/></call></cc><news c="z"/>',
    ],
)
def test_what_a_message_lacks_may_stand_in_an_element_of_it(body: str) -> None:
    assert decode(body.encode()) == NewCall("x", "1")


def test_what_a_message_says_itself_counts_before_what_stands_in_it() -> None:
    assert decode(b'<cc a="100" c="x" n="1"><m c="y" n="2"/></cc>') == NewCall("x", "1")
    assert decode(b'<cc a="100" n="1"><m c="y" n="2"/><m c="z"/></cc>') == NewCall("y", "1")


@pytest.mark.parametrize("ignored", ["mn o/m cc/mn", "mn o/m mn/b cc/mn/b cc/mn"])
def test_an_element_that_is_ignored_takes_its_message_along_nowhere(ignored: str) -> None:
    assumed = ASSUMED.overridden({"ignored": ignored})
    kept = NotUnderstoodList()
    for body in ('<cc a="100" c="x"><mn b="1"/></cc>', '<x><cc a="100" c="x"><mn b="1"/></cc></x>'):
        assert decode(body.encode(), assumed, kept) == NewCall("x")
    assert [item.kind for item in kept.items()] == ["root"]


def test_what_stands_in_a_root_that_is_ignored_is_not_for_us() -> None:
    assert decode_all(b'<mn><cc a="100" c="x"/></mn>') == (NotForUs(),)
    assert decode_all(b'<o><m><cc a="100" c="x"/></m></o>') == (NotForUs(),)


def test_a_call_that_is_named_at_length_keeps_its_whole_name() -> None:
    name = "9" * 1000
    assert decode(f'<cc a="100" c="{name}" n="{name}"/>'.encode()) == NewCall(
        name, clean_text(name)
    )
    assert leg_of(f'<i n="{name}"/>'.encode()) == name


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"a": "100", "c": "x"}', "it begins with no element"),
        (b'&lt;cc a="100" c="x"/&gt;', "it begins with no element"),
        (b"<?only this?>", "no element in it"),
        (b'<cc a="100" c="x">', "mismatched tag"),
        (b'<cc a="100" c="x" c="y"/>', "duplicate attribute"),
        (b"<cc a=100 a=105 c=x>", "not well-formed (invalid token)"),
        (b'<cc a=100 c="x/>', "not well-formed (invalid token)"),
        (b'</all><cc a="100" c="x"/><all>', "junk after document element"),
    ],
)
def test_what_is_refused_says_why(body: bytes, why: str) -> None:
    for read in (decode, decode_all, decode_agent):
        kept = NotUnderstoodList()
        with pytest.raises(ControlError):
            read(body, kept=kept)
        assert [(item.kind, item.what) for item in kept.items()] == [
            ("refused", f"the body is not XML: {why}")
        ]


@pytest.mark.parametrize(
    "body",
    [
        "<cc a=100 c=42conf_17 n=12000000001/>",
        "<cc a=100 c=42conf_17 n=12000000001 />",
        "<cc a='100' c=42conf_17 n = 12000000001></cc>",
        '<cc a="100"c="42conf_17"n="12000000001"/>',
        '<cc a="100" c="42conf_17" n="12000000001" c="42conf_17"/>',
        '<cc a="100" new c="42conf_17" n="12000000001"/>',
        "<cc a=100 c=42conf_17 n=12000000001><mn b=1 b=1/></cc>",
        '<?xml version=1.0?><x><cc a=100 c="42conf_17" n=12000000001/></x>',
        '<cc a=100 c="42conf_17" n=12000000001 url=http://a/b/c?d />',
        "<cc a=100 c=42conf_17 n=12000000001 who='\"Li\" & <Wang>'/>",
    ],
)
def test_tags_as_html_allows_them_are_read(body: str) -> None:
    assert decode(body.encode()) == NewCall("42conf_17", "12000000001")


def test_a_body_of_nothing_but_beginnings_costs_no_time() -> None:
    for body in ('<a "' * 4000, "<a b=" * 3000, "<a " + "b " * 8000, "<a b='" + "x=" * 8000):
        with pytest.raises(ControlError):
            decode(body.encode()[: 16 * 1024])


@pytest.mark.parametrize(
    "body",
    ['<cc a="401" c="1conf_1" r="%s"/>', '<cc a="422" c="1conf_1" s="1" r="%s"/>'],
    ids=["a three-way request", "a supervisor"],
)
def test_a_yes_to_whoever_awaits_an_answer_is_0_or_200(body: str) -> None:
    answers = {r: decode((body % r).encode()) for r in ("0", "200", " 200.0 ", "1", "486", "")}
    assert answers["0"] == answers["200"] == answers[" 200.0 "]
    assert getattr(answers["0"], "result", None) == 0
    assert [getattr(answers[r], "result", None) for r in ("1", "486", "")] == [1, 486, ""]
