"""Encrypted numbers, against what openssl made of the same seed and the same texts."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from hypothesis import given
from hypothesis import strategies as st

from tui.platform import control
from tui.platform.gen1.encrypted_numbers import (
    LONGEST,
    ToCall,
    decrypt,
    key_of,
    to_call,
)
from tui.platform.messages import NewCall
from tui.secrets import Secret
from tui.text import clean_text

SEED = Secret("00112233445566778899aabbccddeeff")
KEY = Secret("f0e7270d060804e8815c6152627157db")
KNOWN = {
    "12000000001": "2b8swg646z7IUtSDg9r8AQ==",
    "02500001234": "GLybBDHVfKLThokb_r0lsg==",
    "12000000003": "OOBlaL_vBbkg6alwAZPIDQ==",
    "1200000000112345": "LW6CnleioK3e2I2aWn8uu6_Eh4xLnj-eXKTQ35pG-Xg=",
    "call me": "gsw6nD_a5H1vXy5liT-vJw==",
}


def encrypt(text: str, key: Secret) -> str:
    """As the enterprise's own web page does: base64url, with its padding."""
    padder = PKCS7(128).padder()
    padded = padder.update(text.encode()) + padder.finalize()
    encryptor = Cipher(algorithms.AES(bytes.fromhex(key.reveal())), modes.ECB()).encryptor()
    return base64.urlsafe_b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def test_the_key_is_the_double_sha1_of_the_seed() -> None:
    assert key_of(SEED) == KEY
    assert key_of(Secret(f" {SEED.reveal()}\n")) == KEY


@pytest.mark.parametrize("seed", ["", "0011", "g" * 32, "0" * 33, "０" * 32])
def test_a_seed_is_32_hexadecimal_digits(seed: str) -> None:
    with pytest.raises(ValueError, match="32 hexadecimal digits") as caught:
        key_of(Secret(seed))
    assert not seed or seed not in str(caught.value)


@pytest.mark.parametrize(("text", "encrypted"), KNOWN.items())
def test_numbers_that_openssl_encrypted_are_read(text: str, encrypted: str) -> None:
    assert encrypt(text, KEY) == encrypted
    assert decrypt(encrypted, KEY) == text
    assert decrypt(encrypted.rstrip("="), KEY) == text


@given(st.from_regex(r"[0-9]{1,32}", fullmatch=True))
def test_every_number_comes_back(number: str) -> None:
    encrypted = encrypt(number, KEY)
    assert len(encrypted) <= LONGEST
    assert to_call(encrypted, KEY) == ToCall(number, number)


@pytest.mark.parametrize("number", ["12000000003", "12000000001", "1200000000112345"])
def test_an_encrypted_number_crosses_the_control_wire_whole(number: str) -> None:
    offer = NewCall("1600000000000000conf_1600000000001", encrypt(number, KEY))
    found = control.decode(control.encode(offer))
    assert isinstance(found, NewCall)
    assert decrypt(found.number, KEY) == number


def test_anything_but_digits_is_no_call_and_comes_back_as_text() -> None:
    assert to_call(KNOWN["call me"], KEY) == ToCall("", "call me")
    assert to_call(encrypt("１２", KEY), KEY).digits == ""
    assert to_call(encrypt("", KEY), KEY) == ToCall("", "")
    assert to_call("12000000001", KEY) == ToCall("", "12000000001")


@pytest.mark.parametrize(
    "text",
    [
        *("", "=", "AAAA", "12000000001", "2b8swg646z7IUtSDg9r8AQ", "no text", "é" * 22),
        *("2b8swg646z7IUtSDg9r8A", "AA==AA==", "A" * 10_000, "A" * 21),
    ],
)
def test_what_another_key_made_or_nobody_is_not_read(text: str) -> None:
    assert decrypt(text, key_of(Secret("f" * 32))) is None


@given(st.text(max_size=60) | st.from_regex(r"[A-Za-z0-9_-]{22}(==)?", fullmatch=True))
def test_no_text_breaks_the_reader_and_what_it_says_is_clean(text: str) -> None:
    found = to_call(text, KEY)
    assert found.text == clean_text(found.text)
    assert found.digits in ("", found.text)
