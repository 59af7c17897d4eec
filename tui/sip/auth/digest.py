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
from typing import Final, TypeAlias

from tui.secrets import Secret
from tui.sip.auth.credentials import (
    Challenge,
    asked_for,
    digest_response,
    parse_challenge,
    read_algorithm,
    read_credentials,
    split_challenges,
)
from tui.sip.errors import RemoteProtocolError
from tui.sip.message.grammar import quote
from tui.sip.message.message import Request, Response

Held: TypeAlias = tuple[tuple[int, Challenge], ...]
"""Challenges, each with the status that it came with."""

_ANSWERS: Final = {401: "Authorization", 407: "Proxy-Authorization"}
_ASKS: Final = {401: "WWW-Authenticate", 407: "Proxy-Authenticate"}
_TIMES: Final = 2
"""Answers to one realm in one request."""
_HOPS: Final = 4
"""Realms that one request answers: a peer that goes on inventing them gets no more."""
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
    """No credentials go out; `why` says what to tell the user, and `asked` what was asked for where
    that is nothing we know, or by which realms: from the wire."""

    def __init__(self, why: Refusal, asked: str = "") -> None:
        super().__init__(f"{why} ({asked})" if asked else str(why))
        self.why = why
        self.asked = asked


class DigestClient:
    """Answers challenges for one account.

    Until `pin()` the registration may answer any realm, and no other request may: nobody can know
    it before the first success. Then only those that were met for it are answered, and those that
    the user has named (`also`), so that a stranger's 401 gets nothing. The strongest algorithm that
    a realm has offered is remembered, and a weaker one refused unless `allow_weaker`.
    """

    def __init__(
        self,
        username: str,
        password: Secret,
        rng: random.Random,
        *,
        allow_weaker: bool = False,
        realms: Iterable[str] = (),
        also: Iterable[str] = (),
    ) -> None:
        self.username = username
        self.realms = frozenset(realms)
        """The realms of the first success; none: there was none that asked."""
        self._also = frozenset(also)
        self._password = password
        self._rng = rng
        self._allow_weaker = allow_weaker
        self._strongest: dict[str, int] = {}
        self._nonces: dict[str, tuple[int, str]] = {}

    def choose(self, challenges: Iterable[str]) -> Challenge:
        """The topmost challenge that may be answered (RFC 8760 §2.4), or DigestRefused."""
        return self.choose_all(challenges)[0]

    def choose_all(self, challenges: Iterable[str], *, first: bool = True) -> list[Challenge]:
        """Of each realm the topmost challenge that may be answered, or DigestRefused: several
        hops may each ask in one response (RFC 3261 §22.3). `first`: of a registration, which
        may answer any realm before the first success."""
        each_alone = [each for value in challenges for each in split_challenges(value)]
        known = [found for each in each_alone if (found := parse_challenge(each)) is not None]
        if not known:
            asked = dict.fromkeys(asked_for(each) for each in each_alone[:_HOPS])
            raise DigestRefused(Refusal.UNKNOWN, ", ".join(filter(None, asked)))
        any_realm = first and not self.realms
        ours = [each for each in known if any_realm or each.realm in self.realms | self._also]
        if not ours:
            asked_by = dict.fromkeys(each.realm for each in known[:_HOPS])
            raise DigestRefused(Refusal.REALM, ", ".join(filter(None, asked_by)))
        chosen: dict[str, Challenge] = {}
        for each in ours:
            if self._is_strong(each):
                chosen.setdefault(each.realm, each)
        for each in ours:
            strongest = max(each.strength, self._strongest.pop(each.realm, 0))
            self._strongest[each.realm] = strongest
        _trim(self._strongest)
        if not chosen:
            raise DigestRefused(Refusal.WEAKER)
        return list(chosen.values())

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

    def pin(self, *realms: str) -> None:
        """The first success came from these realms: no other is answered from now on."""
        self.realms = self.realms or frozenset(realms)

    def __repr__(self) -> str:
        return "<DigestClient>"

    def _is_strong(self, challenge: Challenge) -> bool:
        return self._allow_weaker or challenge.strength >= self._strongest.get(challenge.realm, 0)


class DigestCredentials:
    """What the hops on the way of one request have asked for, and what goes into its next try.

    Each realm is held by the status that asked (401 or 407), so a proxy and a registrar, or two
    proxies, each get theirs in the same request (RFC 3261 §22.3). Each is answered once, and once
    more when it says `stale=true`: never more than twice.
    """

    def __init__(self, client: DigestClient, held: Held = (), *, first: bool = True) -> None:
        """`held`: challenges met by an earlier request, answered before they are asked. `first`:
        this request may answer a realm that no success has pinned yet."""
        self._client = client
        self._first = first
        self._held = {(status, challenge.realm): challenge for status, challenge in held}
        self._answered: dict[tuple[int, str], int] = {}

    @property
    def held(self) -> Held:
        """The challenges that the next try answers, each with its status."""
        return tuple((status, challenge) for (status, _), challenge in self._held.items())

    def meet(self, response: Response) -> None:
        """Take a 401 or 407. DigestRefused when there is nothing new to say to it. Either may ask
        by both headers: where a proxy forks, it puts the challenges of all branches into one
        response (RFC 3261 §16.7)."""
        new = False
        for status, challenge in self._asked(response):
            key = (status, challenge.realm)
            times = self._answered.get(key, 0)
            may = challenge.stale and times < _TIMES if times else len(self._answered) < _HOPS
            if may:
                self._answered[key] = times + 1
                new = True
            if may or key in self._held:
                self._held[key] = challenge
        if not new:
            raise DigestRefused(Refusal.REPEATED)

    def _asked(self, response: Response) -> Held:
        """What a response asks for that may be answered, by the status that its header is usual
        with; DigestRefused where nothing may, for the reason of the header that is usual here."""
        asked = {status: response.headers.get_all(name) for status, name in _ASKS.items()}
        first = response.status
        if not any(asked.values()):
            self._client.choose_all(())
        found: list[tuple[int, Challenge]] = []
        why: DigestRefused | None = None
        for status in sorted(asked, key=lambda each: each != first):
            if not asked[status]:
                continue
            try:
                chosen = self._client.choose_all(asked[status], first=self._first)
                found += [(status, each) for each in chosen]
            except DigestRefused as refused:
                why = why or refused
        if why is not None and not found:
            raise why
        return tuple(found)

    def forget(self) -> bool:
        """Leave out what this request was not asked for: whether there was any. A challenge of
        before may count no longer, and the next try is to be asked anew."""
        kept = {key: each for key, each in self._held.items() if key in self._answered}
        had, self._held = len(self._held), kept
        return len(kept) < had

    def lines(self, request: Request) -> list[tuple[str, str]]:
        """The header lines for this request: its method, Request-URI and body are signed."""
        return [
            (
                _ANSWERS[status],
                self._client.sign(challenge, request.method, request.uri, request.body),
            )
            for status, challenge in self.held
        ]


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
