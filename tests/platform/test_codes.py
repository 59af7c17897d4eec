"""The platform's codes, as the specification lists them."""

from __future__ import annotations

import re

import pytest

from tui.platform import codes
from tui.platform.base import PlatformError


@pytest.mark.parametrize("code", [*range(50000, 50011), 51000, 51001, *range(52000, 52013), 53000])
def test_every_code_of_a_sign_in_has_a_sentence_of_its_own(code: int) -> None:
    own = "login.52000" if code in range(52000, 52013) else f"login.{code}"
    assert codes.login_id(PlatformError(code)) == own


@pytest.mark.parametrize("code", [503, 507, 508, 512, 1000, 470, 471, 486, 502, 509, 511])
def test_every_refusal_of_a_call_has_a_sentence_of_its_own(code: int) -> None:
    assert codes.REFUSED[code] == f"refused.{code}"


def test_every_end_and_every_kick_has_a_sentence_of_its_own() -> None:
    assert {r: f"ended.{r}" for r in (20, 25, 26)} == codes.ENDED
    assert {r: f"kicked.{r}" for r in (895, 897, 898, 899)} == codes.KICKED


@pytest.mark.parametrize("code", [0, 1, 999999999, -1])
def test_an_unknown_code_has_a_general_sentence(code: int) -> None:
    assert codes.login_id(PlatformError(code)) == "login.unknown"


def test_an_error_with_a_sentence_of_its_own_keeps_it() -> None:
    assert codes.login_id(PlatformError(50002)) == "login.50002"
    assert codes.login_id(PlatformError(50002, "", codes.NO_BACKEND)) == "login.no-backend"


def test_every_id_is_listed_once_and_reads_as_an_id() -> None:
    assert len(set(codes.ALL_IDS)) == len(codes.ALL_IDS)
    assert all(re.fullmatch(r"[a-z]+\.[a-z0-9-]+", each) for each in codes.ALL_IDS)
    named = {
        value for name, value in vars(codes).items() if name.isupper() and isinstance(value, str)
    }
    assert named <= set(codes.ALL_IDS)
