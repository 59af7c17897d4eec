"""Digest authentication: the one who answers challenges, and the one who makes them.

RFC 7616, RFC 8760 for SIP's choice among several challenges, RFC 3261 §22 for the headers. No
clock and no source of chance of its own: both are arguments.
"""

from __future__ import annotations

import hmac
import random
import re
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Final

from tui.secrets import Secret
from tui.sip.credentials import (
    Challenge,
    digest_response,
    parse_challenge,
    read_algorithm,
    read_credentials,
)
from tui.sip.errors import RemoteProtocolError
from tui.sip.grammar import quote
from tui.sip.message import Request, Response

_REMEMBERED: Final = 16
"""Realms and nonces that a client keeps; a peer that invents more pushes the oldest out."""

_nonce_count = re.compile(r"[0-9A-Fa-f]{8}").fullmatch


class Refusal(StrEnum):
    """Why a challenge is not answered."""

    UNKNOWN = "no challenge that we know"
    REALM = "a realm that is not ours"
    WEAKER = "a weaker algorithm than before"
    REPEATED = "the credentials were refused"


class DigestRefused(RemoteProtocolError):
    """No credentials go out; `why` says what to tell the user."""

    def __init__(self, why: Refusal) -> None:
        super().__init__(str(why))
        self.why = why


class DigestClient:
    """Answers challenges for one account.

    Until `pin()` any realm is answered: nobody can know it before the first success. Then
    only that one is, so that a stranger's 401 gets nothing. The strongest algorithm that a
    realm has offered is remembered, and a weaker one refused unless `allow_weaker`.
    """

    def __init__(
        self,
        username: str,
        password: Secret,
        rng: random.Random,
        *,
        allow_weaker: bool = False,
        realm: str | None = None,
    ) -> None:
        self.username = username
        self.realm = realm
        self._password = password
        self._rng = rng
        self._allow_weaker = allow_weaker
        self._strongest: dict[str, int] = {}
        self._nonces: dict[str, tuple[int, str]] = {}

    def choose(self, challenges: Iterable[str]) -> Challenge:
        """The topmost challenge that may be answered (RFC 8760 §2.4), or DigestRefused."""
        known = [found for value in challenges if (found := parse_challenge(value)) is not None]
        if not known:
            raise DigestRefused(Refusal.UNKNOWN)
        ours = [each for each in known if self.realm in (None, each.realm)]
        if not ours:
            raise DigestRefused(Refusal.REALM)
        chosen = next((each for each in ours if self._is_strong(each)), None)
        for each in ours:
            strongest = max(each.strength, self._strongest.pop(each.realm, 0))
            self._strongest[each.realm] = strongest
        _trim(self._strongest)
        if chosen is None:
            raise DigestRefused(Refusal.WEAKER)
        return chosen

    def sign(self, challenge: Challenge, method: str, uri: str, body: bytes = b"") -> str:
        """The value of Authorization. The count starts at 1 for each nonce and then rises."""
        count, cnonce = self._nonces.pop(challenge.nonce, (0, ""))
        count += 1
        cnonce = cnonce or f"{self._rng.getrandbits(128):032x}"
        self._nonces[challenge.nonce] = (count, cnonce)
        _trim(self._nonces)
        digits = f"{count:08x}"
        response = digest_response(
            challenge.algorithm,
            (self.username, challenge.realm, self._password),
            session=challenge.session,
            nonce=(challenge.nonce, digits, cnonce, challenge.qop),
            request=(method, uri, body),
        )
        parts = [
            f"username={quote(self.username)}",
            f"realm={quote(challenge.realm)}",
            f"nonce={quote(challenge.nonce)}",
            f"uri={quote(uri)}",
            f'response="{response}"',
        ]
        if challenge.named:
            parts.append(f"algorithm={challenge.algorithm}{'-sess' if challenge.session else ''}")
        if challenge.opaque is not None:
            parts.append(f"opaque={quote(challenge.opaque)}")
        if challenge.qop:
            parts += (f"qop={challenge.qop}", f"nc={digits}", f'cnonce="{cnonce}"')
        return "Digest " + ", ".join(parts)

    def answer(
        self, response: Response, request: Request, answered: Sequence[int] = ()
    ) -> tuple[str, str]:
        """The header (name, value) that meets a 401 or 407, or DigestRefused.

        `request` is what goes out next: its method, Request-URI and body are signed.
        `answered` are the statuses that were met for it before. A second answer is given only
        to `stale=true` or to the other of the two; a third never.
        """
        proxy = response.status == 407
        name = "Proxy-Authenticate" if proxy else "WWW-Authenticate"
        challenge = self.choose(response.headers.get_all(name))
        again = response.status in answered and not challenge.stale
        if again or len(answered) > 1:
            raise DigestRefused(Refusal.REPEATED)
        value = self.sign(challenge, request.method, request.uri, request.body)
        return ("Proxy-Authorization" if proxy else "Authorization"), value

    def pin(self, realm: str) -> None:
        """The first success came from this realm: no other is answered from now on."""
        if self.realm is None:
            self.realm = realm

    def __repr__(self) -> str:
        return "<DigestClient>"

    def _is_strong(self, challenge: Challenge) -> bool:
        return self._allow_weaker or challenge.strength >= self._strongest.get(challenge.realm, 0)


class Verdict(StrEnum):
    """What a server makes of credentials."""

    GOOD = "good"
    STALE = "stale"
    """The password is right, the nonce is not: challenge again with `stale=true`."""
    WRONG = "wrong"


class DigestServer:
    """Makes challenges and checks what comes back, for a registrar.

    A nonce serves `lifetime` seconds; its counts must rise, so that nothing can be replayed.
    At most `max_nonces` are alive: the oldest goes first, and its owner hears `stale`.
    """

    def __init__(
        self,
        realm: str,
        rng: random.Random,
        *,
        algorithms: Sequence[str] = ("SHA-256", "MD5"),
        qop: str = "auth",
        lifetime: float = 300.0,
        max_nonces: int = 1024,
    ) -> None:
        self.realm = realm
        self._rng = rng
        self._algorithms = tuple(algorithms)
        self._qop = qop
        self._lifetime = lifetime
        self._max_nonces = max_nonces
        self._nonces: dict[str, tuple[float, int]] = {}

    def challenges(self, now: float, *, stale: bool = False) -> list[str]:
        """The values of WWW-Authenticate, the one that we like best first, under one nonce."""
        nonce = f"{self._rng.getrandbits(128):032x}"
        self._nonces[nonce] = (now, 0)
        _trim(self._nonces, self._max_nonces)
        tail = f', qop="{self._qop}"' if self._qop else ""
        tail += ", stale=true" if stale else ""
        head = f"Digest realm={quote(self.realm)}"
        return [f'{head}, nonce="{nonce}", algorithm={name}{tail}' for name in self._algorithms]

    def verify(
        self,
        value: str,
        method: str,
        password: Callable[[str], Secret | None],
        now: float,
        body: bytes = b"",
    ) -> Verdict:
        """Judge the value of an Authorization header. `password` knows a user's, or None."""
        try:
            params = read_credentials(value)
        except RemoteProtocolError:
            return Verdict.WRONG
        secret = password(params.get("username", ""))
        algorithm, session = read_algorithm(params)
        offered = algorithm + ("-SESS" if session else "")
        nonce, uri, qop = (params.get(name, "") for name in ("nonce", "uri", "qop"))
        digits, cnonce = params.get("nc", ""), params.get("cnonce", "")
        if (
            secret is None
            or params.get("realm") != self.realm
            or offered not in (name.upper() for name in self._algorithms)
            or qop not in self._qop.replace(" ", "").split(",")
            or (qop and (_nonce_count(digits) is None or not cnonce))
        ):
            return Verdict.WRONG
        expected = digest_response(
            algorithm,
            (params["username"], self.realm, secret),
            session=session,
            nonce=(nonce, digits, cnonce, qop),
            request=(method, uri, body),
        )
        if not hmac.compare_digest(expected, _ascii(params.get("response", ""))):
            return Verdict.WRONG
        return self._judge(nonce, int(digits, 16) if qop else None, now)

    def _judge(self, nonce: str, count: int | None, now: float) -> Verdict:
        issued, last = self._nonces.get(nonce, (-self._lifetime - 1 + now, 0))
        if now - issued > self._lifetime or (count is not None and count <= last):
            return Verdict.STALE
        self._nonces[nonce] = (issued, last if count is None else count)
        return Verdict.GOOD


def _ascii(text: str) -> str:
    """For a comparison in constant time, which takes ASCII only."""
    return text.lower() if text.isascii() else ""


def _trim(
    memory: dict[str, tuple[int, str]] | dict[str, int] | dict[str, tuple[float, int]],
    limit: int = _REMEMBERED,
) -> None:
    """Forget the oldest beyond the limit."""
    while len(memory) > limit:
        del memory[next(iter(memory))]
