"""How generation 2 proves the password without sending it [A].

The proof is SHA-256 over all that is asked, a nonce, and SHA-256(SHA-256(password)); the vendor's
web console signs in with the same headers. Console and sandbox share this file: `sign` is the one's
side, `verify` the other's. Whoever verifies must refuse a nonce that was used before.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

from tui.secrets import Secret

AUTH_TYPE: Final = "signature"
NONCE_BYTES: Final = 16


def password_key(password: Secret) -> Secret:
    """SHA-256 of the hexadecimal SHA-256 of the password, in hexadecimal: what a platform keeps in
    place of the password. As good as the password for signing in, so it is a secret as well."""
    # Whatever a terminal let in, lone surrogates too, has bytes.
    once = hashlib.sha256(password.reveal().encode("utf-8", "surrogatepass")).hexdigest()
    return Secret(hashlib.sha256(once.encode()).hexdigest())


def sign(
    key: Secret, *, source: str, nonce: str, username: str, body: Mapping[str, object]
) -> dict[str, str]:
    """The headers of a sign-in: `source`, `nonce`, `auth-type`, `username`, `signature`.

    `body` is the request's JSON object: its switchnumber, callintype and number are signed too.
    The nonce is 16 random bytes in hexadecimal, never used twice.
    """
    asked = [str(body.get(name, "")) for name in ("switchnumber", "callintype", "number")]
    parts = [source, nonce, AUTH_TYPE, username, *asked]
    # Each part's length stands before it, so that nothing can move from one part to the next.
    text = "".join(f"{len(part)}:{part}" for part in parts) + key.reveal()
    signature = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return {
        "source": source,
        "nonce": nonce,
        "auth-type": AUTH_TYPE,
        "username": username,
        "signature": signature,
    }


def verify(headers: Mapping[str, str], body: Mapping[str, object], key: Secret) -> bool:
    """Whether the headers of a sign-in prove the password that `key` was made from. Header names
    in lower case, or a mapping that does not mind. Takes the same time however wrong they are."""
    nonce = headers.get("nonce", "")
    expected = sign(
        key,
        source=headers.get("source", ""),
        nonce=nonce,
        username=headers.get("username", ""),
        body=body,
    )
    given = headers.get("signature", "").encode("utf-8", "surrogatepass")
    proved = hmac.compare_digest(given, expected["signature"].encode())
    return proved and headers.get("auth-type") == AUTH_TYPE and len(nonce) >= 2 * NONCE_BYTES
