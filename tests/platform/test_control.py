"""The control vocabulary, against the bodies as the platform's description writes them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.platform import control, vocabulary
from tui.platform.control import (
    ASSUMED,
    AfterCallWork,
    AgentMessage,
    Answer,
    Answered,
    CallinFailed,
    CallinResponse,
    CalloutResponse,
    CallStateReport,
    CancelCall,
    ControlError,
    DialExtension,
    DialOutside,
    Ended,
    GroupCallReport,
    HangUp,
    Held,
    Hold,
    JoinGroup,
    Kicked,
    NewCall,
    NoCall,
    NotForUs,
    PlatformMessage,
    QueryCall,
    Resume,
    Resumed,
    SetSeatMode,
    SetStatus,
    StatusAfterCall,
    StatusAfterCallResponse,
    StatusChanged,
    Supervise,
    SuperviseAct,
    SuperviseResponse,
    Threeway,
    ThreewayResponse,
    ThreewayResult,
    Transfer,
    TransferFailed,
    TransferSucceeded,
    Unknown,
    decode,
    decode_agent,
    decode_all,
    encode,
    leg_of,
)
from tui.platform.not_understood import NotUnderstoodList
from tui.text import clean_text

CC = "1600000000000000conf_1600000000001"
ID = "1600000000000123"
SWITCH = "02500001234"
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'

# What a console sends, letter by letter.
FROM_AGENT: list[tuple[str, AgentMessage]] = [
    ('<cc a="1"/>', SetStatus(1)),
    ('<cc a="2"/>', SetStatus(2)),
    ('<cc a="52"/>', SetSeatMode(fixed=True)),
    ('<cc a="51"/>', SetSeatMode(fixed=False)),
    ('<cc a="53" g="1000000001_70000"/>', JoinGroup("1000000001", "70000")),
    ('<cc a="53" g="0_70000"/>', JoinGroup("0", "70000")),
    ('<cc a="22"/>', QueryCall()),
    (
        f'<cc a="200" p="{SWITCH}" i="{ID}" t="912000000001"/>',
        DialOutside(SWITCH, ID, "12000000001"),
    ),
    (
        f'<cc a="200" p="{SWITCH}" i="{ID}" t="912000000001" area="990101"/>',
        DialOutside(SWITCH, ID, "12000000001", "990101"),
    ),
    (
        f'<cc a="300" p="{SWITCH}" i="{ID}" t="0102_00011170"/>',
        DialExtension(SWITCH, ID, "0102", "70000"),
    ),
    (f'<cc a="102" c="{CC}"/>', Answer(CC)),
    (f'<cc a="106" c="{CC}"/>', HangUp(CC)),
    (f'<ch a="1" number="1001_00011170" cc="{CC}"/>', Hold(CC, "1001_00011170")),
    (f'<ch a="2" number="1001_00011170" cc="{CC}"/>', Resume(CC, "1001_00011170")),
    (f'<ch a="1" number="912000000002" cc="{CC}"/>', Hold(CC, "912000000002")),
    (
        f'<cc a="31" c="{CC}" g="1000000001_70000" n="1002_00011170"/>',
        Transfer(CC, "1000000001", "1002", "70000"),
    ),
    (f'<cc a="87" s="2" c="{CC}"/>', StatusAfterCall(CC, busy=True)),
    (f'<cc a="87" s="-1" c="{CC}"/>', StatusAfterCall(CC, busy=False)),
    (f'<cc a="400" c="{CC}" s="1" t="1002"/>', Threeway(CC, 1, "1002")),
    (f'<cc a="400" c="{CC}" s="2" t="1000000001"/>', Threeway(CC, 2, "1000000001")),
    (f'<cc a="400" c="{CC}" s="3" t="12000000002"/>', Threeway(CC, 3, "12000000002")),
    (f'<cc a="400" c="{CC}" s="4"/>', Threeway(CC, 4)),
    (f'<cc a="421" c="{CC}" s="1"/>', Supervise(CC, SuperviseAct.LISTEN)),
    (f'<cc a="421" c="{CC}" s="2"/>', Supervise(CC, SuperviseAct.STOP)),
    (f'<cc a="421" c="{CC}" s="3"/>', Supervise(CC, SuperviseAct.JOIN)),
    (f'<cc a="421" c="{CC}" s="4"/>', Supervise(CC, SuperviseAct.LEAVE)),
    (f'<cc a="421" c="{CC}" s="5"/>', Supervise(CC, SuperviseAct.END)),
]

# What a platform sends, letter by letter.
FROM_PLATFORM: list[tuple[str, PlatformMessage]] = [
    ('<cc a="0"/>', StatusChanged(0)),
    ('<cc a="1"/>', StatusChanged(1)),
    ('<cc a="2"/>', StatusChanged(2)),
    ('<cc a="6"/>', AfterCallWork()),
    (
        f'<cc a="201" r="200" c="{CC}" n="12000000001"/>',
        CalloutResponse(200, CC, "12000000001"),
    ),
    ('<cc a="201" r="503" info="busy"/>', CalloutResponse(503, info="busy")),
    (
        f'<cc a="301" r="200" c="{CC}" n="1002_00011170"/>',
        CallinResponse(200, CC, "1002", "", "70000"),
    ),
    ('<cc a="301" r="1000" n="1002"/>', CallinResponse(1000, "", "1002")),
    (f'<cc a="309" c="{CC}"/>', CallinFailed(CC)),
    (f'<cc a="100" c="{CC}" n="12000000001"/>', NewCall(CC, "12000000001")),
    (f'<cc a="100" c="{CC}" n="1002_00011170"/>', NewCall(CC, "1002", "70000")),
    (f'<cc a="100" c="{CC}"/>', NewCall(CC)),
    (f'<cc a="101" c="{CC}"/>', CancelCall(CC)),
    (f'<cc a="104" c="{CC}" n="12000000001"/>', Answered(CC, "12000000001")),
    (f'<cc a="105" c="{CC}" r="25" callTime="62"/>', Ended(CC, 25, 62)),
    (f'<cc a="105" c="{CC}" r="26" callTime="0"/>', Ended(CC, 26, 0)),
    (f'<cc a="105" c="{CC}" r="20"/>', Ended(CC, 20)),
    ('<cc a="38"/>', TransferSucceeded()),
    (f'<cc a="39" c="{CC}"/>', TransferFailed(CC)),
    ('<cc a="87" r="200"/>', StatusAfterCallResponse(200)),
    (f'<cc a="401" c="{CC}" r="0"/>', ThreewayResponse(CC, 0)),
    (f'<cc a="401" c="{CC}" r="1" info="not idle"/>', ThreewayResponse(CC, 1, "not idle")),
    (f'<cc a="402" c="{CC}" r="2"/>', ThreewayResult(CC, 2)),
    (
        f'<cc a="420" c="{CC}" n="12000000001" t="1002_00011170" callTime="1700000000"/>',
        GroupCallReport(CC, "12000000001", "1002", "1700000000", "", "", "70000"),
    ),
    (
        f'<cc a="420" c="{CC}" n="1002_00011170" t="12000000001" callTime="5" endTime="9"/>',
        GroupCallReport(CC, "1002", "12000000001", "5", "9", "70000", ""),
    ),
    (f'<cc a="422" c="{CC}" s="1" r="0"/>', SuperviseResponse(CC, SuperviseAct.LISTEN, 0)),
    (
        f'<cc a="422" c="{CC}" s="3" r="1" info="not listening"/>',
        SuperviseResponse(CC, SuperviseAct.JOIN, 1, "not listening"),
    ),
    (f'<ch a="1" number="1001_00011170" cc="{CC}"/>', Held(CC, "1001_00011170")),
    (f'<ch a="1" cc="{CC}"/>', Held(CC)),
    (f'<ch a="2" number="912000000002" cc="{CC}"/>', Resumed(CC, "912000000002")),
    (
        '<o><a><u n="1001_00011170" nm="Li Ming" r="895"/></a></o>',
        Kicked("1001", "Li Ming", 895, "70000"),
    ),
    ('<o><a><u n="1001" r="897"/></a></o>', Kicked("1001", "", 897)),
    (
        '<o><a><u n="1001" r="897" info="see Ms. Wu"/></a></o>',
        Kicked("1001", "", 897, info="see Ms. Wu"),
    ),
    (
        '<o><a><u n="1002_00011170" r="898"/><u n="1001_00011170" nm="Li Ming" r="895"/>'
        '<u n="1003" r="899"/></a></o>',
        Kicked(
            *("1002", "", 898, "70000"),
            others=(Kicked("1001", "Li Ming", 895, "70000"), Kicked("1003", "", 899)),
        ),
    ),
    ('<cc a="2" info="why"/>', StatusChanged(2, "why")),
    ('<cc a="6" info="why"/>', AfterCallWork("why")),
    (f'<cc a="309" c="{CC}" info="why"/>', CallinFailed(CC, "why")),
    (f'<cc a="101" c="{CC}" info="why"/>', CancelCall(CC, "why")),
    (f'<cc a="105" c="{CC}" r="25" callTime="5" info="why"/>', Ended(CC, 25, 5, "why")),
    (f'<cc a="39" c="{CC}" info="why"/>', TransferFailed(CC, "why")),
    (f'<cc a="87" r="500" c="{CC}" info="why"/>', StatusAfterCallResponse(500, CC, "why")),
    (f'<cc a="402" c="{CC}" r="1" info="why"/>', ThreewayResult(CC, 1, "why")),
    (f'<cc a="22" c="{CC}" r="104"/>', CallStateReport(CC, 104)),
    (f'<cc a="22" c="{CC}" n="1002_00011170" r="100"/>', CallStateReport(CC, 100, "1002", "70000")),
    ('<cc a="22"/>', NoCall()),
    ("<o><m/></o>", NotForUs()),
]


@pytest.mark.parametrize(("body", "message"), FROM_AGENT)
def test_what_an_agent_says_is_written_to_the_letter(body: str, message: AgentMessage) -> None:
    assert encode(message) == (DECLARATION + body).encode()


@pytest.mark.parametrize(("body", "message"), FROM_AGENT)
def test_what_an_agent_says_is_read(body: str, message: AgentMessage) -> None:
    assert decode_agent(body.encode()) == message
    assert decode_agent((DECLARATION + body).encode()) == message


@pytest.mark.parametrize(("body", "message"), FROM_PLATFORM)
def test_what_the_platform_says_is_read(body: str, message: PlatformMessage) -> None:
    assert decode(body.encode()) == message
    assert decode((DECLARATION + "\r\n" + body + "\r\n").encode()) == message
    assert decode(b"\xef\xbb\xbf" + body.encode()) == message
    assert decode(body.replace('"', "'").encode()) == message


@pytest.mark.parametrize(("body", "message"), FROM_PLATFORM)
def test_what_the_platform_says_is_written(body: str, message: PlatformMessage) -> None:
    written = encode(message)
    assert decode(written) == message
    assert sorted(written) == sorted(body.encode()), "the same letters, in any order of attributes"


def test_the_order_of_attributes_means_nothing() -> None:
    assert decode(f'<cc n="12000000001" c="{CC}" a="100"/>'.encode()) == NewCall(CC, "12000000001")
    assert decode(f'<cc  c = "{CC}"\n a="101" ></cc>'.encode()) == CancelCall(CC)


def test_call_time_counts_only_when_one_of_the_two_hung_up() -> None:
    for reason, counts in (("25", True), ("26", True), ("20", False), ("99", False)):
        message = decode(f'<cc a="105" c="{CC}" r="{reason}" callTime="1600000000"/>'.encode())
        assert isinstance(message, Ended)
        assert message.call_time is None, "ten digits are a timestamp"
        message = decode(f'<cc a="105" c="{CC}" r="{reason}" callTime="62"/>'.encode())
        assert isinstance(message, Ended)
        assert message.call_time == (62 if counts else None)
    for odd in ("", "-1", "1.5", "٣", "²", "1" * 5000):
        body = f'<cc a="105" c="{CC}" r="25" callTime="{odd}"/>'
        assert decode(body.encode()) == Ended(CC, 25, None)


def test_a_reason_that_is_not_digits_is_kept() -> None:
    assert decode(b'<cc a="201" r="busy"/>') == CalloutResponse("busy")
    assert decode(b'<cc a="201" r=""/>') == CalloutResponse("")
    assert decode(b'<cc a="201"/>') == CalloutResponse("")
    assert decode('<cc a="201" r="²"/>'.encode()) == CalloutResponse("²")
    assert decode(b'<cc a="201" r="-5"/>') == CalloutResponse("-5")


def test_what_stands_behind_an_extension_is_not_shown() -> None:
    assert decode(f'<cc a="100" c="{CC}" n="0101_zz"/>'.encode()) == NewCall(CC, "0101", "")


@pytest.mark.parametrize(
    "body",
    [
        "<o><m>text</m></o>",
        '<o><m><x y="1"/></m></o>',
        "<mn/>",
        '<mn a="100" c="1">text</mn>',
    ],
)
def test_what_is_not_for_the_agent_is_ignored(body: str) -> None:
    assert decode(body.encode()) == NotForUs()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ('<cc a="999"/>', "code"),
        ("<cc/>", "code"),
        ('<cc a="100"/>', "code"),
        ('<cc a="101" c=""/>', "code"),
        ('<cc a="104" n="1"/>', "code"),
        ('<cc a="105" r="25"/>', "code"),
        ('<cc a="309"/>', "code"),
        ('<cc a="401" r="0"/>', "code"),
        ('<cc a="402" r="0"/>', "code"),
        ('<ch a="1"/>', "code"),
        ('<ch a="3" number="1" cc="x"/>', "code"),
        ('<i n="x"/>', "root i"),
        ("<presence/>", "root presence"),
        ("<o/>", "root o"),
        ("<o><a/></o>", "root o"),
        ('<o><a><b><u n="1"/></b></a></o>', "root o"),
        ('<o><a><u r="895"/></a></o>', "nobody is named"),
    ],
)
def test_what_nobody_told_us_about_is_unknown(body: str, why: str) -> None:
    message = decode(body.encode())
    assert isinstance(message, Unknown)
    assert message.why.startswith(why)
    assert message.body == body


SKIPPED: list[tuple[str, PlatformMessage, list[tuple[str, str, str]]]] = [
    ('<ch a="2" cc="x" n="1"/>', Resumed("x"), []),
    ('<cc a="100" c="x" f="0"/>', NewCall("x"), []),
    ('<cc a="100" c="x" evil="y"/>', NewCall("x"), [("attribute", "evil", "cc 100")]),
    ('<cc xmlns="urn:x" a="6"/>', AfterCallWork(), []),
    ('<cc a="6" xml:lang="en"/>', AfterCallWork(), [("attribute", "xml:lang", "cc 6")]),
    ('<cc a="100" c="x"><mn b="1"/></cc>', NewCall("x"), [("child", "cc/mn", "cc 100")]),
    ('<cc a="6"><u/></cc>', AfterCallWork(), [("child", "cc/u", "cc 6")]),
    (
        '<o><a><u n="1001_00011170" a="o" nm="Li" r="895"/></a></o>',
        Kicked("1001", "Li", 895, "70000"),
        [],
    ),
    (
        '<o><a><u n="1" r="895"/><u n="2" r="1"/></a></o>',
        Kicked("1", "", 895, others=(Kicked("2", "", 1),)),
        [],
    ),
    ('<o><a><u r="895"/><u n="2"/></a></o>', Kicked("2", "", ""), [("child", "o/a/u", "o")]),
    ('<o><a><u n="1" x="2"/></a></o>', Kicked("1", "", ""), [("attribute", "x", "o")]),
    ('<o><t/><a><u n="1"/></a></o>', Kicked("1", "", ""), [("child", "o/t", "o")]),
    ('<cc a="80" c="x"/>', NotForUs(), []),
]


@pytest.mark.parametrize(("body", "message", "skipped"), SKIPPED)
def test_what_is_not_known_is_skipped_and_kept_and_the_rest_is_acted_on(
    body: str, message: PlatformMessage, skipped: list[tuple[str, str, str]]
) -> None:
    kept = NotUnderstoodList()
    assert decode(body.encode(), kept=kept) == message
    assert [(item.kind, item.what, item.where) for item in kept.items()] == skipped


@pytest.mark.parametrize("name", sorted(vocabulary.LISTED))
def test_the_attributes_that_the_vendors_reader_takes_are_no_news(name: str) -> None:
    kept = NotUnderstoodList()
    given = {"a": "100", "c": "x", name: "1"} | ({"a": "100"} if name == "a" else {})
    body = "<cc " + " ".join(f'{key}="{value}"' for key, value in given.items()) + "/>"
    assert isinstance(decode(body.encode(), kept=kept), NewCall)
    assert len(kept) == 0


def test_what_is_unknown_as_a_whole_is_kept_with_the_setting_that_would_let_it_in() -> None:
    kept = NotUnderstoodList()
    decode(b'<zz a="1" n="12000000001"/>', kept=kept)
    decode(b'<cc a="777"/>', kept=kept)
    with pytest.raises(ControlError):
        decode(b"<cc", kept=kept)
    refused, code, root = kept.items()
    assert (root.kind, root.what) == ("root", "zz")
    assert root.setting.startswith("[messages] root")
    assert root.body == '<zz a="1" n="•••••••••01"/>'
    assert (code.kind, code.what, code.where) == ("code", "777", "cc 777")
    assert (refused.kind, refused.setting) == ("refused", "")


@pytest.mark.parametrize(
    "body",
    [
        '<cc a="100" c="x"/>',
        '<cc a="53"/>',
        '<cc a="53" g="5"/>',
        '<cc a="53" g="_5"/>',
        '<cc a="200" t="9"/>',
        '<cc a="200" t="12000000001"/>',
        '<cc a="300" t="1002"/>',
        '<cc a="300" t="_00011170"/>',
        '<cc a="102"/>',
        '<cc a="106"/>',
        '<cc a="31" c="x" g="1_2"/>',
        '<cc a="87" c="x" s="1"/>',
        '<cc a="87" s="2"/>',
        '<cc a="400" c="x" s="5"/>',
        '<cc a="400" c="x" s="1"/>',
        '<cc a="400" s="4"/>',
        '<ch a="1" cc="x"/>',
        '<ch a="2" number="x"/>',
        '<ch a="3" cc="x" number="y"/>',
        "<mn/>",
        '<o><a><u n="1"/></a></o>',
    ],
)
def test_what_an_agent_may_not_say_is_unknown(body: str) -> None:
    assert isinstance(decode_agent(body.encode()), Unknown)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"text",
        b"<cc",
        b'<cc a="1" a="2"/>',
        b'<!DOCTYPE cc><cc a="1"/>',
        b'<!-- x --><!DOCTYPE cc><cc a="1"/>',
        b'<cc a="1"><!-- x </cc>',
        b'<!<!-- x -->DOCTYPE cc><cc a="1"/>',
        b'<![CDATA[<!DOCTYPE cc>]]><cc a="1"/>',
        b'<cc a="1"/></all><all>',
        b'<!DOCTYPE x [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><cc a="&c;"/>',
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><cc a="1"/>',
        '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE cc><cc a="1"/>'.encode("utf-16"),
        '<?xml version="1.0"?><!DOCTYPE cc><cc a="1"/>'.encode("utf-16-le"),
        b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE cc><cc a="1"/>',
        b"<a>" * 9 + b"</a>" * 9,
        b'<cc a="1"/>' + b" " * 16384,
    ],
)
def test_what_may_do_harm_is_refused(body: bytes) -> None:
    for read in (decode, decode_agent):
        with pytest.raises(ControlError):
            read(body)
    assert leg_of(body) is None


OFFER = '<cc a="100" c="x" n="1" nm="{name}"/>'


@pytest.mark.parametrize(
    "body",
    [
        b'<?xml version="1.0" encoding="GBK"?>' + OFFER.format(name="李明").encode("gbk"),
        b'<?xml version="1.0" encoding="gb2312"?>' + OFFER.format(name="镕").encode("gbk"),
        b'<?xml version="1.0" encoding="Big5"?>' + OFFER.format(name="電話").encode("big5"),
        b"<?xml version='1.0' encoding='utf-8'?>" + OFFER.format(name="李明").encode("gbk"),
        OFFER.format(name="李明").encode("gb18030"),
        OFFER.format(name="José").encode("latin-1"),
        OFFER.format(name="x").encode("utf-16"),
        OFFER.format(name="x").encode("utf-8-sig"),
        OFFER.format(name="\xff").encode("latin-1"),
        OFFER.format(name="\x1b[2J\x00").encode(),
        OFFER.format(name="R&D; A & B &nbsp;&#0;&#xD800;&#99999999;").encode(),
        OFFER.format(name="<Li>").encode(),
        OFFER.format(name="<!DOCTYPE>").encode(),
        OFFER.format(name="x").encode() + b"\x00",
        OFFER.format(name="x").encode() + b"\r\n-- \r\nsent by a gateway & co",
        b"<?xml version='1.1' encoding='nothing'?>\r\n<?page x?>" + OFFER.format(name="x").encode(),
        b"<!-- of today --><cc a='100' c='x' n='1'><!-- > --><![CDATA[&<>]]>&what;</cc>",
        b'<p:cc xmlns:p="urn:x" a="100" c="x" n="1"/>',
        b'<presence><tuple id="1"/><cc a="100" c="x" n="1"><mn b="1"/></cc></presence>',
    ],
)
def test_how_a_body_is_written_is_no_reason_not_to_read_it(body: bytes) -> None:
    assert decode(body) == NewCall("x", "1")


def test_a_root_that_nobody_knows_is_kept_and_what_it_holds_is_acted_on() -> None:
    kept = NotUnderstoodList()
    assert decode(b'<presence><x/><cc a="6"/></presence>', kept=kept) == AfterCallWork()
    assert [(item.kind, item.what) for item in kept.items()] == [
        ("child", "presence/x"),
        ("root", "presence"),
    ]


@pytest.mark.parametrize(
    ("body", "messages", "skipped"),
    [
        ('<cc a="6"/>', [AfterCallWork()], []),
        ('<all><cc a="6"/><cc a="1"/></all>', [AfterCallWork(), StatusChanged(1)], ["root"]),
        (
            '<all><x><cc a="6"/></x><y/><ch a="1" cc="x" number="1"/><cc a="777"/></all>',
            [AfterCallWork(), Held("x", "1"), "777"],
            ["code", "child", "child", "root"],
        ),
        ('<all><cc a="6"><cc a="1"/></cc></all>', [AfterCallWork()], ["child", "root"]),
        ("<all><x/></all>", [""], ["root"]),
        ('<o><a><u n="1" r="895"/></a></o>', [Kicked("1", "", 895)], []),
    ],
)
def test_of_several_messages_in_a_root_that_nobody_knows_each_is_acted_on(
    body: str, messages: list[object], skipped: list[str]
) -> None:
    kept = NotUnderstoodList()
    found = decode_all(body.encode(), kept=kept)
    assert [each.a if isinstance(each, Unknown) else each for each in found] == messages
    assert [item.kind for item in kept.items()] == skipped


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(codec="gb18030", exclude_characters='"\r\n\t'), max_size=12))
def test_no_name_in_any_encoding_refuses_a_call(name: str) -> None:
    for encoding in ("utf-8", "gb18030", "big5", "latin-1", "shift-jis"):
        body = OFFER.format(name=name).encode(encoding, "replace")
        assert decode(body) == NewCall("x", "1")


def test_the_limits_are_the_last_that_is_read() -> None:
    assert isinstance(decode(b"<a>" * 8 + b"</a>" * 8), Unknown)
    assert decode(b'<cc a="6"' + b" " * (16384 - 11) + b"/>") == AfterCallWork()


def test_an_encoding_that_a_body_declares_does_not_change_how_it_is_read() -> None:
    body = '<?xml version="1.0" encoding="GB2312"?><o><a><u n="1001" nm="李明" r="895"/></a></o>'
    assert decode(body.encode()) == Kicked("1001", "李明", 895)


def test_every_string_of_a_message_is_clean() -> None:
    number = "1&#x202E;20&#x9b;31m0 [/]"
    message = decode(f'<cc a="100" c="a&#x200b;b" n="{number}"/>'.encode())
    assert message == NewCall("ab", "1200 [/]")
    kicked = decode(
        f'<o><a><u n="1001" nm="B{"&#x300;" * 9}&#10;x" r="8&#x200b;95"/></a></o>'.encode()
    )
    assert kicked == Kicked("1001", "B\u0300\u0300 x", 895)
    unknown = decode("<cc a='9\u202e'>\u202e\u009b31m</cc>".encode())
    assert unknown == Unknown("9", "<cc a='9'></cc>", "code, or what it needs")
    kept = NotUnderstoodList()
    decode('<cc a="6" e\u0301\u0301\u0301="x"/>'.encode(), kept=kept)
    assert kept.items()[0].what == "é\u0301"


def test_the_leg_is_known_by_the_body_of_its_info() -> None:
    assert leg_of(f'<i n="{CC}"/>'.encode()) == CC
    assert leg_of(f'{DECLARATION}<i n="{CC}"></i>'.encode()) == CC
    assert leg_of(control.encode_leg(CC)) == CC
    assert leg_of(b'<i n="x" m="y"/>') == "x"
    for other in (b"<i/>", b'<i n=""/>', b'<j n="x"/>', b"Signal=5\r\n"):
        assert leg_of(other) is None


def test_the_reason_of_a_break_is_said_where_the_platform_has_a_field() -> None:
    assert encode(SetStatus(2, "LUNCH")).decode() == f'{DECLARATION}<cc a="2"/>'
    named = control.ASSUMED.overridden({"break_reason": "why"})
    body = encode(SetStatus(2, "LUNCH"), named)
    assert body.decode() == f'{DECLARATION}<cc a="2" why="LUNCH"/>'
    assert decode_agent(body, named) == SetStatus(2, "LUNCH")
    assert encode(SetStatus(2), named).decode() == f'{DECLARATION}<cc a="2"/>'


@pytest.mark.parametrize(
    "message",
    [
        SetStatus(0),
        SetStatus(3),
        StatusChanged(3),
        JoinGroup("", "70000"),
        JoinGroup("1", ""),
        DialOutside(SWITCH, ID, ""),
        DialOutside("", ID, "12000000001"),
        DialOutside(SWITCH, ID, "12000000001", "99010"),
        DialOutside(SWITCH, ID, "12000000001", "99010x"),
        DialExtension(SWITCH, ID, "1002", ""),
        DialExtension(SWITCH, ID, "", "70000"),
        DialExtension(SWITCH, ID, "1002", "abc"),
        Answer(""),
        Hold(CC, ""),
        Transfer(CC, "1000000001", "1002", "-1"),
        Threeway(CC, 5, "1"),
        Threeway(CC, 1),
        Answer("a\r\nb"),
        Answer("a\x00b"),
        Answer("a\ud800b"),
        Answer("a\ufffeb"),
        Answer("x" * 1025),
        NewCall(CC, "1002", "x"),
        Ended(CC, ""),
    ],
)
def test_what_the_wire_cannot_carry_is_not_written(message: AgentMessage | PlatformMessage) -> None:
    with pytest.raises(ControlError):
        encode(message)


def test_what_is_written_is_escaped() -> None:
    body = encode(Kicked("1001", "<!\"&'>", 895))
    assert decode(body) == Kicked("1001", "<!\"&'>", 895)
    assert b"<!" not in body


def test_every_assumed_message_can_be_said_otherwise() -> None:
    other = ASSUMED.overridden(
        {
            "query": "70",
            "offline": "71",
            "threeway": "72",
            "threeway_response": "73",
            "threeway_result": "74",
            "threeway_type": "kind",
            "call_time": "length",
            "info": "why",
            "area": "where",
            "more_attributes": "x y",
        }
    )
    assert encode(QueryCall(), other) == (DECLARATION + '<cc a="70"/>').encode()
    assert decode_agent(b'<cc a="70"/>', other) == QueryCall()
    assert decode(b'<cc a="70"/>', other) == NoCall()
    assert encode(StatusChanged(0), other) == b'<cc a="71"/>'
    assert decode(b'<cc a="71"/>', other) == StatusChanged(0)
    three = Threeway(CC, 3, "12000000001")
    assert (
        encode(three, other)
        == f'{DECLARATION}<cc a="72" c="{CC}" kind="3" t="12000000001"/>'.encode()
    )
    assert decode_agent(encode(three, other), other) == three
    assert decode(b'<cc a="73" c="x" r="1" why="y"/>', other) == ThreewayResponse("x", 1, "y")
    assert decode(b'<cc a="74" c="x" r="1"/>', other) == ThreewayResult("x", 1)
    far = DialOutside("1", "2", "3", "990101")
    written = f'{DECLARATION}<cc a="200" p="1" i="2" t="93" where="990101"/>'
    assert encode(far, other) == written.encode()
    assert decode_agent(encode(far, other), other) == far
    assert encode(Ended(CC, 25, 7), other) == f'<cc a="105" c="{CC}" r="25" length="7"/>'.encode()
    assert decode(b'<cc a="105" c="x" r="26" length="7" y=""/>', other) == Ended("x", 26, 7)
    assert isinstance(decode(b'<cc a="22"/>', other), Unknown)


def test_an_override_that_cannot_work_is_refused() -> None:
    with pytest.raises(ValueError, match="'querry'"):
        ASSUMED.overridden({"querry": "70"})
    for code in ("100", "309", "400"):
        with pytest.raises(ValueError, match=r"query: config\.taken"):
            ASSUMED.overridden({"query": code})


_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=20)
_XMLISH = st.lists(
    st.sampled_from(
        [
            *("<cc ", "<o>", "<a>", "<u ", "</a>", "</o>", "/>", ">", "<m/>", "<mn/>", "<!"),
            *('a="100" ', 'a="105" ', 'c="x" ', 'n="1_00011170" ', 'r="25" ', "&#0;", "\x00"),
        ]
    ),
    max_size=12,
).map(lambda parts: "".join(parts).encode())


@settings(max_examples=500, deadline=None)
@given(st.one_of(st.binary(max_size=200), _XMLISH))
def test_any_bytes_are_a_message_or_a_control_error(body: bytes) -> None:
    for read in (decode, decode_agent):
        try:
            read(body)
        except ControlError:
            continue
    leg_of(body)


@settings(max_examples=200, deadline=None)
@given(_TEXT, _TEXT, st.one_of(st.integers(0, 999_999_999), _TEXT))
def test_strings_survive_the_wire(ccnumber: str, name: str, r: int | str) -> None:
    try:
        body = encode(Kicked("1001", name, r, "70000"))
        dialled = encode(replace(Answer("x"), ccnumber=ccnumber))
    except ControlError:
        assert not ccnumber or r == "" or not (ccnumber + name + str(r)).isprintable()
        return
    kicked = decode(body)
    assert isinstance(kicked, Kicked)
    assert kicked.name == clean_text(name)
    answer = decode_agent(dialled)
    assert answer == Answer(clean_text(ccnumber)) or not clean_text(ccnumber)
