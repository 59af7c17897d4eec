"""Who is there, as presence says it (RFC 3863, RFC 4480)."""

from __future__ import annotations

import pytest

from tui.presence.errors import UnreadableBody
from tui.presence.lamp import Lamp
from tui.presence.pidf import PresenceTuple, parse_pidf

ASTERISK = """<?xml version="1.0" encoding="UTF-8"?>
<presence entity="sip:1002@example.test" xmlns="urn:ietf:params:xml:ns:pidf"
  xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid">
 <note>Ready\u202e</note>
 <tuple id="1002"><status><basic>Open</basic></status>
  <contact priority="1">sip:1002@example.test</contact><odd/></tuple>
 <dm:person id="p"><rpid:activities><rpid:on-the-phone/></rpid:activities><rpid:mood/></dm:person>
 <service/>
</presence>"""


def test_a_presence_is_read_and_what_nobody_knows_is_named() -> None:
    news = parse_pidf(ASTERISK.encode())
    assert news.entity == "sip:1002@example.test"
    assert news.tuples == (PresenceTuple("1002", True, "sip:1002@example.test"),)
    assert news.activities == ("on-the-phone",)
    assert news.notes == ("Ready",)
    assert news.skipped == ("tuple/odd", "person/mood", "presence/service")
    assert news.lamp is Lamp.TALKING


@pytest.mark.parametrize(
    ("basics", "activity", "lamp"),
    [
        (["open"], "", Lamp.IDLE),
        (["closed"], "on-the-phone", Lamp.AWAY),
        (["closed", "open"], "", Lamp.IDLE),
        (["open"], "lunch", Lamp.AWAY),
        (["open"], "busy", Lamp.TALKING),
        (["perhaps"], "", Lamp.UNKNOWN),
        ([], "", Lamp.UNKNOWN),
        ([], "busy", Lamp.TALKING),
    ],
)
def test_the_lamp_shows_what_it_comes_to(basics: list[str], activity: str, lamp: Lamp) -> None:
    tuples = "".join(
        f'<tuple id="{number}"><status><basic>{basic}</basic></status></tuple>'
        for number, basic in enumerate(basics)
    )
    doing = f"<person><activities><{activity}/></activities></person>" if activity else ""
    assert parse_pidf(f"<presence>{tuples}{doing}</presence>".encode()).lamp is lamp


def test_their_number_has_a_limit() -> None:
    many = "".join(f'<tuple id="{number}"><note>{number}</note></tuple>' for number in range(50))
    news = parse_pidf(f"<presence>{many}<note> </note></presence>".encode())
    assert (len(news.tuples), len(news.notes)) == (32, 32)


@pytest.mark.parametrize(
    "given",
    [b"", b"<presence>", b"<dialog-info/>", b"<!DOCTYPE p><presence/>", b"\xff\xfe<presence/>"],
)
def test_what_is_none_or_may_do_harm_is_refused(given: bytes) -> None:
    with pytest.raises(UnreadableBody):
        parse_pidf(given)
