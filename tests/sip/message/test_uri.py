"""URIs: RFC 3261 §19.1, RFC 3966."""

from __future__ import annotations

import pytest

from tui.sip import RemoteProtocolError, Uri, escape_user, parse_name_addr, parse_uri


def test_every_part_is_found() -> None:
    uri = parse_uri(
        "SIP:al%69ce:se;cret@[2001:db8::1]:5070;Transport=ws;lr?Subject=a%20b&x=".replace(
            "se;cret", "secret"
        )
    )
    assert uri == Uri(
        "sip",
        "al%69ce",
        "secret",
        "[2001:db8::1]",
        5070,
        {"transport": "ws", "lr": ""},
        {"subject": "a%20b", "x": ""},
    )
    assert uri.unescaped() == "alice"
    assert uri.aor() == "sip:al%69ce@[2001:db8::1]:5070"
    assert str(uri) == "sip:al%69ce:secret@[2001:db8::1]:5070;transport=ws;lr?subject=a%20b&x="


@pytest.mark.parametrize(
    "text",
    [
        "sip:example.com",
        "sip:example.com:5060",
        "sips:1001_1000000001@example.com",
        "sip:user;par=u%40example.net@example.com",
        "sip:*9#@example.com",
        "sip:host;x=1?a=b",
        "sip:+12000000001@example.com;user=phone;maddr=192.0.2.1;ttl=1;method=INVITE",
        "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com",
        "sip:null-%00-null@example.com",
        "tel:+1-200-000-0001;phone-context=example.com",
        "tel:110",
        "urn:service:sos",
        "nobodyknows:totally;opaque?content",
    ],
)
def test_a_uri_is_written_as_it_was_read(text: str) -> None:
    assert str(parse_uri(text)) == text


def test_other_schemes_are_kept_as_they_are() -> None:
    assert parse_uri("HTTP://example.com/x?y").opaque == "//example.com/x?y"
    assert parse_uri("urn:service:sos").aor() == "urn:service:sos"
    assert parse_uri("tel:+12;ext=3") == Uri("tel", "+12", params={"ext": "3"})


def test_a_user_that_is_empty_is_none_at_all() -> None:
    uri = parse_uri("sip:@example.com")
    assert uri == parse_uri("sip:example.com")
    assert str(uri) == "sip:example.com"


@pytest.mark.parametrize(
    "uri",
    [
        *("sip:p.test;lr;vsf=AAAA==", "sip:p.test;lr;ftag=a=b", "sip:a@b;p=c@d", "sip:a@b;p=c|d"),
        *("sip:a@b;tgrp={x};lr", "sip:a@b;p=c^d", "sip:a@b;p=c,d", "tel:+1555;p=a=b"),
    ],
)
def test_what_a_proxy_writes_into_its_route_comes_back_as_it_was(uri: str) -> None:
    assert str(parse_uri(uri)) == uri
    assert str(parse_name_addr(f"<{uri}>;tag=1").uri) == uri


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        ";",
        "*",
        "sip",
        "sip:",
        "sip:a@",
        "sip:a@b@c",
        "sip:a b@c",
        "sip:a@b c",
        "sip:a@b;",
        "sip:a@b;;x",
        "sip:a@b;x=1;x=2",
        "sip:a@b:",
        "sip:a@b:x",
        "sip:a@b:65536",
        "sip:a@b:123456",
        "sip:a%4@b",
        "sip:a%zz@b",
        "sip:a@b?x",
        "sip:ü@b",
        "sip:a@b>",
        'sip:"a"@b',
        "sip:a@b\n",
        "sips:[::1",
        "tel:",
        "tel:abc?",
        "tel:12 34",
        "1a:b",
        "x:",
        "x:a b",
        "x:<",
        "x:\x00",
    ],
)
def test_what_is_no_uri_is_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_uri(text)


def test_one_parameter_twice_is_taken_only_with_one_value() -> None:
    assert parse_uri("sip:a@b;ob;ob").params == {"ob": ""}


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("sip:%61lice@atlanta.example;transport=TCP", "sip:alice@AtlanTa.Example;Transport=tcp"),
        ("sip:carol@example.com", "sip:carol@example.com;newparam=5"),
        ("sip:carol@example.com;security=on", "sip:carol@example.com;newparam=5"),
        ("sip:a@example.com;x=1;y=2", "sip:a@example.com;y=2;x=1"),
        (
            "sip:b.example;transport=tcp;method=REGISTER?to=sip:b%40b.example",
            "sip:b.example;method=REGISTER;transport=tcp?to=sip:b%40b.example",
        ),
        (
            "sip:a@e.com?subject=project%20x&priority=urgent",
            "sip:a@e.com?priority=urgent&subject=project%20x",
        ),
        ("sip:a%3bb@e.com", "sip:a%3Bb@e.com"),
        ("sip:a%c3%bc@e.com", "sip:a%C3%BC@e.com"),
        ("urn:service:sos", "URN:service:sos"),
    ],
)
def test_these_are_equal_by_19_1_4(one: str, two: str) -> None:
    assert parse_uri(one).equals(parse_uri(two))
    assert parse_uri(two).equals(parse_uri(one))


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("SIP:ALICE@example.com", "sip:alice@example.com"),
        ("sip:bob@example.com", "sips:bob@example.com"),
        ("sip:bob@example.com", "sip:example.com"),
        ("sip:bob@example.com", "sip:bob:x@example.com"),
        ("sip:bob@example.com", "sip:bob@example.com:5060"),
        ("sip:bob@example.com", "sip:bob@example.com;transport=udp"),
        ("sip:bob@example.com;user=ip", "sip:bob@example.com"),
        ("sip:bob@example.com", "sip:bob@example.com;maddr=192.0.2.1"),
        ("sip:bob@example.com;x=1", "sip:bob@example.com;x=2"),
        ("sip:carol@example.com", "sip:carol@example.com?Subject=next%20meeting"),
        ("sip:bob@phone21.example.com", "sip:bob@192.0.2.4"),
        ("sip:a%3Bb@example.com", "sip:a;b@example.com"),
        ("urn:service:sos", "urn:service:police"),
    ],
)
def test_these_are_different_by_19_1_4(one: str, two: str) -> None:
    assert not parse_uri(one).equals(parse_uri(two))
    assert not parse_uri(two).equals(parse_uri(one))


def test_what_may_not_stand_in_a_uri_is_escaped_when_written() -> None:
    uri = Uri("sip", 'ü "<\r\n', "p;w", "h", params={"a b": "c;d", "f": ""}, headers={"x": "a&b"})
    assert str(uri) == "sip:%C3%BC%20%22%3C%0D%0A:p%3Bw@h;a%20b=c%3Bd;f?x=a%26b"
    assert parse_uri(str(uri)).unescaped() == 'ü "<\r\n'


def test_any_text_can_become_a_user() -> None:
    text = "a@b;c%d/ü"
    uri = Uri("sip", escape_user(text), host="h")
    assert str(uri) == "sip:a%40b%3Bc%25d%2F%C3%BC@h"
    assert parse_uri(str(uri)).unescaped() == text


def test_uris_that_are_the_same_hash_the_same() -> None:
    assert hash(parse_uri("sip:a@B;x=1")) == hash(parse_uri("sip:a@b;x=2"))
    assert len({parse_uri("sip:a@b"), parse_uri("sip:a@b")}) == 1
