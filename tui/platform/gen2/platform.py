"""Generation 2: sign-in with a token, seat check-in and check-out, user data and directory.

The engine alone imports this. What of the wire is assumed stands in `routes`.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import ssl
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from random import Random, SystemRandom
from typing import Any, Final, TypeVar

from tui.platform import codes
from tui.platform.arguments import check
from tui.platform.base import (
    Credentials,
    GroupPage,
    LineIdentities,
    MemberPage,
    PlatformError,
    SipAccount,
    ToCall,
    UserData,
)
from tui.platform.extensions import eid16
from tui.platform.gen2 import shapes
from tui.platform.gen2.fields import FIELDS
from tui.platform.gen2.routes import ROUTES, Route
from tui.platform.gen2.signature import NONCE_BYTES, password_key, sign
from tui.platform.gen2.token import PASSING, Token, TokenKeeper
from tui.platform.json_values import Skipped, left_out
from tui.platform.web.addresses import base_url
from tui.platform.web.client import Web
from tui.platform.web.cookies import Cookies
from tui.platform.web.reply import NO_SUCH_ROUTE, NoSuchRoute, Reply
from tui.secrets import Secret

T = TypeVar("T")
_HTTP: Final = (401, 403)
"""A status that is no code of the platform: its answer had none."""
_LISTED: Final = range(50000, 54000)
"""The codes of the specification, and their kin: none is about a token."""


class Platform2:
    """One signed-in agent at a platform of generation 2: a `tui.platform.base.Platform`.

    `routes` and `fields` say what the config has otherwise than the tables, `line` who may speak to
    us on the line. `time_limit` is for one request, in
    seconds. `clock` is monotonic. `skipped` hears of entries of lists that could not be read.
    """

    generation = 2
    sip_only = False
    proves_at_registration = False
    relays_by_profile = False
    threeway = True
    phone_modes = False
    supervises = False
    encrypts = False

    def __init__(
        self,
        *,
        routes: Mapping[str, str] | None = None,
        fields: Mapping[str, str] | None = None,
        line: LineIdentities | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        rng: Random | None = None,
        time_limit: float = 10.0,
        tls: ssl.SSLContext | None = None,
        skipped: Skipped = left_out,
    ) -> None:
        self._skipped = skipped
        self._overrides = dict(routes or {}), dict(fields or {})
        self._routes, self._fields = ROUTES, FIELDS
        self._identities = line or LineIdentities()
        self._rng = rng or SystemRandom()
        self._time_limit = time_limit
        self._tls = tls
        self._keeper = TokenKeeper(self._renewed, clock=clock, sleep=sleep, rng=self._rng)
        self._web: Web | None = None
        self._cookies = Cookies()
        self._without_life = False
        self._refused = Secret()
        """The last token that was not taken."""
        self._doubted = Secret()
        """The last token that was in force after a refusal of which nobody knows whether it was
        about the token."""
        self._credentials: Credentials | None = None
        self._user: UserData | None = None
        self._line: shapes.SipLine | None = None

    # ------------------------------------------------------------ in and out

    async def sign_in(self, credentials: Credentials) -> UserData:
        """`getUser2`: a token for the proof of the password, then the user data."""
        await self.close()
        check(credentials)
        base = base_url(credentials.backend)
        try:
            self._routes = ROUTES.overridden(self._overrides[0])
            self._fields = FIELDS.overridden(self._overrides[1])
        except ValueError as error:
            raise PlatformError(codes.BAD_ARGUMENT, str(error)) from None
        self._credentials = credentials
        self._web = Web(
            base,
            limit=self._time_limit,
            tls=self._tls,
            paths=self._fields,
            token_header=self._routes.token,
            cookies=self._cookies,
            skipped=self._skipped,
        )
        self._keeper.put(await self._fresh_token())
        reply = await self._call(self._routes.user)
        user, self._line = _read(
            reply, lambda body: shapes.read_user(body, self._fields, self._skipped)
        )
        self._user = shapes.as_signed_in(user, credentials.un)
        return self._user

    async def check_in(self, gid: str) -> None:
        """The seat check-in before SIP registration; refused when the bound SIP phone does not
        exist."""
        who = self._signed_in()
        names = self._fields
        body = {
            names.ask_gid: gid,
            names.ask_callintype: who.callintype,
            names.ask_number: who.number,
        }
        reply = await self._call(self._routes.check_in, body=body, must=False)
        if reply.status != 200:
            # An answer that is no fault of the server's, and has no code of its own.
            bare = reply.status == codes.SERVER_ERROR and reply.http < 300
            code = codes.ACTION_FAILED if reply.status in _HTTP or bare else reply.status
            own = "" if code == codes.SERVER_ERROR else codes.CHECK_IN_FAILED
            raise PlatformError(code, reply.info, own, reply.wait)

    async def check_out(self) -> None:
        """The seat check-out after un-registration. The token timer stops whatever comes."""
        try:
            self._signed_in()
            reply = await self._call(self._routes.check_out, body={}, must=False)
            if reply.status != 200:
                raise PlatformError(codes.LOGOUT_FAILED, reply.info)
        finally:
            await self._keeper.close()

    async def close(self) -> None:
        """Close sockets and timers; says nothing to the platform. What it knew is forgotten."""
        web, self._web = self._web, None
        self._cookies = Cookies()
        self._credentials = self._user = self._line = None
        await self._keeper.close()
        if web is not None:
            await web.close()

    def sip_account(self, gid: str) -> SipAccount:
        """As whom to register; `gid` goes into the User-Agent."""
        who = self._signed_in()
        if self._user is None or self._line is None:
            raise PlatformError(codes.BAD_ARGUMENT, "not signed in")
        user, line = self._user, self._line
        names = {"un": user.number, "eid": user.eid, "eid16": eid16(user.eid)}
        username = self._routes.sip_username.format(**names)
        # What stands in a comment of a header must not end it.
        group = re.sub(r"[^0-9A-Za-z_-]", "", gid)
        return SipAccount(
            aor=f"sip:{username}@{line.domain}",
            username=username,
            password=who.pwd,
            domain=line.domain,
            url=line.url,
            pbx=line.pbx,
            user_agent=self._routes.user_agent.format(gid=group, eid=user.eid),
            identities=self._identities,
        )

    def line_cookies(self) -> str:
        """Such as keep a client at one machine behind a gateway."""
        return "" if self._line is None else self._cookies.said(self._line.url)

    # ------------------------------------------------------------ the directory

    async def get_groups(self, page: int = 1) -> GroupPage:
        """`getGroups`; pages from 1."""
        page = max(1, page)
        reply = await self._call(self._routes.groups, query={self._fields.ask_page: str(page)})
        return _read(
            reply, lambda body: shapes.read_groups(body, page, self._fields, self._skipped)
        )

    async def get_group_members(self, gid: str, page: int = 1) -> MemberPage:
        """`getGroupMembers`; pages from 1."""
        page = max(1, page)
        query = {self._fields.ask_gid: gid, self._fields.ask_members_page: str(page)}
        reply = await self._call(self._routes.members, query=query)
        return _read(
            reply, lambda body: shapes.read_members(body, gid, page, self._fields, self._skipped)
        )

    # ------------------------------------------------------------ the token

    async def set_phone_mode(self, mode: str, number: str = "") -> None:
        """Calls go nowhere else: PlatformError 50001."""
        raise PlatformError(codes.BAD_ARGUMENT, "no phone modes")

    def to_call(self, text: str) -> ToCall | None:
        """None: there are no encrypted numbers."""
        return None

    def woke(self) -> None:
        """The token is renewed now, if its time has come."""
        self._keeper.look()

    def start_token_renewal(self, on_failure: Callable[[PlatformError], None]) -> None:
        """Renew in time until `check_out` or `close`."""
        self._keeper.start(on_failure)

    async def _fresh_token(self) -> Token:
        who = self._signed_in()
        names = self._fields
        body: dict[str, object] = {
            names.ask_switchnumber: who.switchnumber,
            names.ask_callintype: who.callintype,
            names.ask_number: who.number,
        }
        headers = self._prove(who, body)
        reply = await self._request(self._routes.sign_in, headers=headers, body=body)
        if reply.status in _HTTP:
            raise PlatformError(codes.WRONG_PASSWORD, reply.info)
        return self._token_of(reply)

    def _token_of(self, reply: Reply) -> Token:
        return _read(reply, lambda body: shapes.read_token(body, self._fields, self._skip_life))

    def _skip_life(self, error: PlatformError) -> None:
        """A life that is not said is told once, and not with each renewal."""
        if not self._without_life:
            self._without_life = True
            self._skipped(error)

    def _prove(self, who: Credentials, body: dict[str, object]) -> dict[str, str]:
        """The headers that prove the password; some proofs go into the body instead."""
        routes, names = self._routes, self._fields
        if routes.proof == "signature":
            asked = {
                "switchnumber": who.switchnumber,
                "callintype": who.callintype,
                "number": who.number,
            }
            nonce = f"{self._rng.getrandbits(8 * NONCE_BYTES):0{2 * NONCE_BYTES}x}"
            key = password_key(who.pwd)
            signed = sign(key, source=routes.source, nonce=nonce, username=who.un, body=asked)
            given = {
                "source": routes.header_source,
                "nonce": routes.header_nonce,
                "auth-type": routes.header_auth_type,
                "username": routes.header_username,
                "signature": routes.header_signature,
            }
            return {given[name]: value for name, value in signed.items()}
        if routes.proof == "basic":
            pair = f"{who.un}:{who.pwd.reveal()}".encode("utf-8", "surrogatepass")
            return {"Authorization": f"Basic {b64encode(pair).decode()}"}
        body[names.ask_un] = who.un
        body[names.ask_pwd] = _hashed(who.pwd, routes.proof)
        return {}

    async def _renewed(self, old: Secret) -> Token:
        """A new token for the old one; for the password when the old one is no good any longer,
        as after a night of sleep, or where tokens are not renewed. A yes without a token is about
        the old one, unless that was refused."""
        reply = await self._asked_to_renew(old)
        if reply is not None:
            if reply.status != 200 or shapes.has_token(reply.body, self._fields):
                return self._token_of(reply)
            if old != self._refused:
                return Token(old, shapes.life_of(reply.body, self._fields, self._skip_life))
        try:
            return await self._fresh_token()
        except PlatformError as error:
            raise PlatformError(error.code, error.info, codes.TOKEN_REFUSED, error.wait) from None

    async def _asked_to_renew(self, old: Secret) -> Reply | None:
        """The platform's answer; None where it has none for this token, and the password is to
        prove who asks."""
        try:
            reply = await self._request(self._routes.renew, token=old, body={})
        except NoSuchRoute:
            return None
        passing = reply.status in (200, *PASSING) and reply.http not in NO_SUCH_ROUTE
        # A no in words of its own to a token that was refused already is not the server's trouble.
        no = reply.status != 200 and reply.http < 300 and old == self._refused
        return reply if passing and not no and not reply.token_refused else None

    # ------------------------------------------------------------ requests

    async def _call(self, route: Route, *, must: bool = True, **asked: Any) -> Reply:
        """A request with the token: once more with a new one when it is not taken. With `must` a
        refusal is an error."""
        token = self._keeper.value
        reply = await self._request(route, token=token, **asked)
        if self._may_be_the_token(reply, token):
            reply = await self._again(reply, token, route, asked)
        elif reply.token_refused:
            self._refused = token
            await self._keeper.renew(token)
            reply = await self._request(route, token=self._keeper.value, **asked)
            if must and reply.token_refused:
                code = codes.WRONG_PASSWORD if reply.status in _HTTP else reply.status
                raise PlatformError(code, reply.info, codes.TOKEN_REFUSED)
        if must and reply.status != 200:
            raise PlatformError(reply.status, reply.info, wait=reply.wait)
        return reply

    def _may_be_the_token(self, reply: Reply, token: Secret) -> bool:
        """Whether a refusal has a code that nobody listed, and a new token was not tried yet: many
        platforms say 200 and a number of their own where a token is over."""
        listed = reply.status in _LISTED or reply.status in (200, *_HTTP)
        return not listed and not reply.token_refused and token != self._doubted

    async def _again(self, reply: Reply, token: Secret, route: Route, asked: Any) -> Reply:
        """What the same request gets with a new token; the refusal itself where there is none."""
        try:
            await self._keeper.renew(token)
        except PlatformError:
            return reply
        finally:
            self._doubted = self._keeper.value
        return await self._request(route, token=self._keeper.value, **asked)

    async def _request(self, route: Route, **asked: Any) -> Reply:
        if self._web is None:
            raise PlatformError(codes.BAD_ARGUMENT, "not signed in")
        bare = route in (self._routes.check_in, self._routes.check_out, self._routes.renew)
        form = self._routes.body == "form"
        return await self._web.request(route, form=form, bare=bare, **asked)

    def _signed_in(self) -> Credentials:
        if self._credentials is None:
            raise PlatformError(codes.BAD_ARGUMENT, "not signed in")
        return self._credentials


def _read(reply: Reply, read: Callable[[Any], T]) -> T:
    """The answer of a yes. What lacks in it is told with the platform's own words beside, which may
    say why."""
    if reply.status != 200:
        raise PlatformError(reply.status, reply.info, wait=reply.wait)
    try:
        return read(reply.body)
    except PlatformError as error:
        info = f"{reply.words}; {error.info}" if reply.words else error.info
        raise PlatformError(error.code, info, error.message_id) from None


def _hashed(password: Secret, proof: str) -> str:
    """The password as a proof in the body: itself, or its hash in hexadecimal."""
    if proof == "password":
        return password.reveal()
    given = password.reveal().encode("utf-8", "surrogatepass")
    return hashlib.new(proof, given, usedforsecurity=False).hexdigest()
