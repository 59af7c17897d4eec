"""The proof of the password, and the table of routes."""

from __future__ import annotations

import pytest

from tui.platform.bad_setting import BadSetting
from tui.platform.gen2.routes import ROUTES, Route
from tui.platform.gen2.signature import password_key, sign, verify
from tui.secrets import Secret

NONCE = "00112233445566778899aabbccddeeff"
BODY = {"switchnumber": "02500001234", "callintype": 2, "number": ""}
KEY = password_key(Secret("hush"))


def _headers(**changed: str) -> dict[str, str]:
    return sign(KEY, source="s", nonce=NONCE, username="1001", body=BODY) | changed


def test_the_proof_of_the_right_password_is_taken() -> None:
    assert verify(_headers(), BODY, KEY)


def test_the_key_is_the_sha256_of_the_sha256() -> None:
    # printf hush | sha256sum | cut -d" " -f1 | tr -d "\n" | sha256sum
    assert KEY.reveal() == "71b0b43712222e0574bae778e6fd6b0e0b28e75cbaa2eb8c86e74e7291adc94a"
    assert password_key(Secret("\ud800")) != KEY


@pytest.mark.parametrize(
    "changed",
    [
        {"signature": "0" * 64},
        {"signature": ""},
        {"signature": "é"},
        {"nonce": NONCE[::-1]},
        {"nonce": ""},
        {"username": "1002"},
        {"source": "t"},
        {"auth-type": "none"},
    ],
)
def test_a_proof_that_was_touched_is_not_taken(changed: dict[str, str]) -> None:
    assert not verify(_headers(**changed), BODY, KEY)


def test_a_proof_of_another_request_or_password_is_not_taken() -> None:
    assert not verify(_headers(), BODY | {"switchnumber": "02500009999"}, KEY)
    assert not verify(_headers(), BODY | {"switchnumber": "025000012342", "callintype": ""}, KEY)
    assert not verify(_headers(), BODY, password_key(Secret("Hush")))
    assert not verify({}, {}, KEY)


def test_a_short_nonce_is_not_taken() -> None:
    headers = sign(KEY, source="s", nonce="1", username="1001", body=BODY)
    assert not verify(headers, BODY, KEY)


def test_the_password_is_not_on_the_wire() -> None:
    sent = repr(_headers()) + repr(BODY)
    assert "hush" not in sent
    assert KEY.reveal() not in sent


def test_every_route_can_be_said_otherwise() -> None:
    routes = ROUTES.overridden({"user": "POST /api/v2/me?x=1", "sip_username": "u{un}"})
    assert routes.user == Route("POST", "api/v2/me?x=1")
    assert routes.sip_username == "u{un}"
    assert routes.sign_in == ROUTES.sign_in


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("usr", "GET x"),
        ("user", "x"),
        ("user", "DELETE x"),
        ("user", "GET https://elsewhere.example/x"),
        ("user", "GET //elsewhere.example/x"),
        ("user", "GET ../x"),
        ("user", "GET x\r\ny"),
        ("sip_username", "{password}"),
        ("user_agent", "{"),
        ("user_agent", "{gid.x}"),
    ],
)
def test_a_route_that_cannot_work_is_refused(name: str, value: str) -> None:
    with pytest.raises(BadSetting) as caught:
        ROUTES.overridden({name: value})
    assert caught.value.key == name
