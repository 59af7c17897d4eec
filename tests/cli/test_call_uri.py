"""What a link wants to call."""

from __future__ import annotations

import pytest

from tui.cli.agent.call_uri import is_uri, number_of
from tui.port.values import Message


@pytest.mark.parametrize(
    ("uri", "platform", "pbx"),
    [
        ("tel:02500001234", "02500001234", "02500001234"),
        ("tel:+86-25-0000-1234", "00862500001234", "+862500001234"),
        ("TEL:1200%200000%20001", "12000000001", "12000000001"),
        ("tel:1090;phone-context=example.invalid", "1090", "1090"),
        ("sip:1090@pbx.invalid", "1090", "1090@pbx.invalid"),
        ("sips:1090@pbx.invalid;transport=tcp?Subject=x", "1090", "sips:1090@pbx.invalid"),
        ("callto:(025) 0000-1234", "02500001234", "02500001234"),
        ("callto://1090", "1090", "1090"),
        ("sip:%31%30%39%30@pbx.invalid", "1090", "1090@pbx.invalid"),
    ],
)
def test_a_link_is_a_number_or_an_address(uri: str, platform: str, pbx: str) -> None:
    assert is_uri(uri)
    assert number_of(uri, addresses=False) == platform
    assert number_of(uri, addresses=True) == pbx


@pytest.mark.parametrize(
    "uri", ["tel:", "tel:%0d%0a1", "sip:wang@pbx.invalid", "callto:a b", "tel:" + "1" * 200]
)
def test_what_is_no_number_is_refused_at_a_platform(uri: str) -> None:
    assert isinstance(number_of(uri, addresses=False), Message)


@pytest.mark.parametrize("text", ["12000000001", "telephone", "mailto:x@y.invalid", "sip"])
def test_a_number_is_no_link(text: str) -> None:
    assert not is_uri(text)
