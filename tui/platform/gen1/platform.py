"""Generation 1: sign-in by switch number, the line type, the directory, encrypted numbers.

No token: every request carries extension, MD5 of the password and enterprise. No seat check-in.
The engine alone imports this. The wire stands in `routes1`.
"""

from __future__ import annotations

import hashlib
import json
import re
import ssl
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote, urlsplit

from tui.plain_value import replace
from tui.platform import codes
from tui.platform.arguments import check
from tui.platform.base import (
    CALLBACK_PHONE,
    SIP_PHONE,
    VOIP,
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
from tui.platform.gen1 import encrypted_numbers as crypto
from tui.platform.gen1 import shapes as shapes1
from tui.platform.gen1.fields import FIELDS1
from tui.platform.gen1.routes import ROUTES1, server_of
from tui.platform.gen2.routes import Route
from tui.platform.gen2.shapes import as_signed_in
from tui.platform.json_values import Skipped, left_out
from tui.platform.web.addresses import base_url, socket_url
from tui.platform.web.client import Web
from tui.platform.web.cookies import Cookies
from tui.platform.web.reply import Reply
from tui.secrets import Secret

PAGE: Final = 10
"""Members on one page: the `length` that the vendor's clients ask for."""
FIXED, MOBILE = "fixed", "mobile"
_NO_GROUP: Final = "0"
_SEARCH_NO_GROUP: Final = "-1"
_VERIFIED_ELSEWHERE: Final = re.compile(r"A.*Z", re.DOTALL)
"""A callback number written like this is not asked about (the vendor's own clients)."""


class Platform1:
    """One signed-in agent at a platform of generation 1: a `tui.platform.base.Platform`.

    `gateway` is the address of the SIP line (`socketUri`). The server of a switch number is the
    backend given at sign-in, else the entry in `servers` (by switch number or by what it begins
    with), else what the `directory` answers: an address with `{switchnumber}` in it. `seed`: for
    encrypted numbers. `routes` and `fields` say what the config has otherwise than the tables,
    `line` who may speak to us on the line. `time_limit` is for one request, in seconds. `skipped`
    hears of entries of lists that could not be read.
    """

    generation = 1
    sip_only = False
    proves_at_registration = False
    relays_by_profile = False
    threeway = False
    phone_modes = True

    def __init__(
        self,
        *,
        gateway: str,
        servers: Mapping[str, str] | None = None,
        directory: str = "",
        seed: Secret | None = None,
        routes: Mapping[str, str] | None = None,
        fields: Mapping[str, str] | None = None,
        line: LineIdentities | None = None,
        time_limit: float = 10.0,
        tls: ssl.SSLContext | None = None,
        skipped: Skipped = left_out,
    ) -> None:
        self._skipped = skipped
        self._gateway = gateway
        self._servers = dict(servers or {})
        self._directory = directory
        self._seed = seed or Secret()
        self._overrides = dict(routes or {}), dict(fields or {})
        self._routes, self._fields = ROUTES1, FIELDS1
        self._identities = line or LineIdentities()
        self._time_limit = time_limit
        self._tls = tls
        self._web: Web | None = None
        self._cookies = Cookies()
        self._credentials: Credentials | None = None
        self._user: UserData | None = None
        self._found: shapes1.Found | None = None
        self._proof = Secret()
        self._key: Secret | None = None
        self._verify = True
        self._names: dict[str, str] = {}

    # ------------------------------------------------------------ in and out

    async def sign_in(self, credentials: Credentials) -> UserData:
        """`getUser2`: server, getinfo, the enterprise's profile, the member, the line type."""
        await self.close()
        check(credentials)
        self._settle()
        base = await self._server(credentials)
        self._proof = _proof(credentials.pwd)
        found = shapes1.read_info(
            await self._once(
                base,
                self._routes.route("getinfo"),
                {
                    "un": credentials.un,
                    "pwd": self._proof.reveal(),
                    "switchNumber": credentials.switchnumber,
                    "cFlag": "1",
                },
            ),
            self._fields,
        )
        self._web = Web(
            self._web_base(base, found),
            limit=self._time_limit,
            tls=self._tls,
            paths=self._fields,
            cookies=self._cookies,
            skipped=self._skipped,
        )
        self._credentials, self._found = credentials, found
        enterprise = shapes1.read_profile(await self._call("profile"), self._fields, self._skipped)
        self._verify = enterprise.verify
        reply = await self._call("member")
        user = shapes1.read_member(reply, found, enterprise, self._fields, self._skipped)
        user = as_signed_in(user, credentials.un)
        await self._set_line(credentials.callintype, credentials.number)
        self._names = {group.gid: group.name for group in user.groups}
        self._user = user
        return user

    def _settle(self) -> None:
        """What the config says, or PlatformError 50001 where it cannot be."""
        try:
            self._routes = ROUTES1.overridden(self._overrides[0])
            self._fields = FIELDS1.overridden(self._overrides[1])
            self._key = crypto.key_of(self._seed) if self._seed else None
        except ValueError as error:
            raise PlatformError(codes.BAD_ARGUMENT, str(error)) from None
        if not self._gateway.strip():
            raise PlatformError(codes.BAD_ARGUMENT, "no gateway", codes.NO_GATEWAY)
        try:
            socket_url(self._gateway.strip())
        except PlatformError as error:
            # Here the address is the agent's own, not the platform's.
            raise PlatformError(codes.BAD_ARGUMENT, error.info, error.message_id) from None

    async def _server(self, who: Credentials) -> str:
        """The address where getinfo is asked."""
        name = who.backend.strip() or server_of(who.switchnumber, self._servers)
        if name:
            return self._address(name)
        if not self._directory.strip():
            raise PlatformError(codes.NO_SERVER, "no server", codes.NO_SERVER_KNOWN)
        name = await self._ask_directory(who.switchnumber)
        try:
            return self._address(name)
        except PlatformError as error:
            raise PlatformError(codes.NO_SERVER, error.info, error.message_id) from None

    def _address(self, server: str) -> str:
        return base_url(
            server if _is_address(server) else self._routes.server.format(server=server)
        )

    async def _ask_directory(self, switchnumber: str) -> str:
        asked = self._directory.strip().replace("{switchnumber}", quote(switchnumber))
        # Its own answer: a query may stand in the template, which `base_url` lets no backend have.
        address, _, query = asked.partition("?")
        base = base_url(address)
        route = Route("GET", f"?{query}" if query else "")
        return shapes1.read_server(await self._once(base.rstrip("/"), route, {}), self._fields)

    def _web_base(self, base: str, found: shapes1.Found) -> str:
        names = {
            "scheme": urlsplit(base).scheme,
            "real_domain": found.real_domain,
            "http_port": found.http_port,
            "http_ports": found.http_ports,
        }
        try:
            return base_url(self._routes.web.format(**names))
        except PlatformError as error:
            # The platform's own answer leads there, so that is what cannot be read.
            raise PlatformError(codes.UNREADABLE_LOGIN, error.info, error.message_id) from None

    @property
    def supervises(self) -> bool:
        """Whether `duty` says so, and the enterprise allows it."""
        return self._user is not None and self._user.supervisor

    async def check_in(self, gid: str) -> None:
        """Nothing: this generation has no seat check-in."""
        self._signed_in()

    async def check_out(self) -> None:
        """Nothing: this generation has no seat check-out, and no token."""
        self._signed_in()

    async def close(self) -> None:
        """Close sockets; says nothing to the platform. What it knew is forgotten."""
        web, self._web = self._web, None
        self._cookies = Cookies()
        self._credentials = self._user = self._found = self._key = None
        self._proof = Secret()
        if web is not None:
            await web.close()

    def sip_account(self, gid: str) -> SipAccount:
        """As whom to register: `sip:EXT_EID16@DOMAIN`, with the clear password, at the gateway."""
        who, user, found = self._credentials, self._user, self._found
        if who is None or user is None or found is None:
            raise _not_signed_in()
        domain = found.domain
        names = {"un": user.number, "eid": user.eid, "eid16": eid16(user.eid)}
        username = self._routes.sip_username.format(**names)
        return SipAccount(
            aor=f"sip:{username}@{domain}",
            username=username,
            password=who.pwd,
            domain=domain,
            url=self._gateway.strip(),
            pbx=f"sip:PBX@{domain}",
            user_agent=self._routes.user_agent,
            identities=self._identities,
        )

    def line_cookies(self) -> str:
        """Such as keep a client at one machine behind a gateway."""
        return self._cookies.said(self._gateway.strip())

    def woke(self) -> None:
        """Nothing here lives by the clock."""

    def start_token_renewal(self, on_failure: Callable[[PlatformError], None]) -> None:
        """Nothing: there is no token."""

    # ------------------------------------------------------------ the line

    async def set_phone_mode(self, mode: str, number: str = "") -> None:
        """ "mobile": the calls go to the phone `number`, by line type 4; "fixed": the line is again
        what it was at sign-in. The engine says 51 after the one, 52 and idle after the other."""
        who = self._signed_in()
        if mode == MOBILE and number.strip():
            await self._set_line(CALLBACK_PHONE, number)
        elif mode == FIXED:
            await self._set_line(who.callintype, who.number)
        else:
            raise PlatformError(codes.BAD_ARGUMENT, "number" if mode == MOBILE else "mode")

    async def _set_line(self, callintype: int, number: str) -> None:
        """Verify a callback phone, then tell the line type."""
        number = number.strip()
        if callintype == CALLBACK_PHONE:
            await self._verify_phone(number)
        data: dict[str, object] = {"callintype": callintype}
        if callintype != VOIP:
            data["sip_telephone" if callintype == SIP_PHONE else "telephone"] = number
        reply = await self._call("update", {"jsonStr": json.dumps({"data": data})})
        shapes1.answer_of(reply, codes.ACTION_FAILED, codes.LINE_REFUSED)

    async def _verify_phone(self, number: str) -> None:
        if self._verify and not _VERIFIED_ELSEWHERE.fullmatch(number):
            reply = await self._call("check_phone", {"mobile": number})
            shapes1.answer_of(reply, codes.NOT_VERIFIED)

    # ------------------------------------------------------------ the directory

    async def get_groups(self, page: int = 1) -> GroupPage:
        """`getGroups`: this generation gives all groups at once, which is one page."""
        page = max(1, page)
        reply = await self._call("groups")
        found = shapes1.read_groups(reply, page, self._fields, self._skipped)
        self._names |= {group.gid: group.name for group in found.groups}
        return found

    async def get_group_members(self, gid: str, page: int = 1) -> MemberPage:
        """`searchEpMembers`; pages from 1, `gid` "0" for who is in no group."""
        page = max(1, page)
        asked = {
            "start": str((page - 1) * PAGE),
            "length": str(PAGE),
            "searchGid": _SEARCH_NO_GROUP if gid == _NO_GROUP else gid,
        }
        reply = await self._call("members", asked)
        name = self._names.get(gid, "")
        found = shapes1.read_members(reply, gid, name, page, PAGE, self._fields, self._skipped)
        return await self._with_call_states(found)

    async def _with_call_states(self, page: MemberPage) -> MemberPage:
        """`getMemberCallStates` of a page. Without it the members are shown all the same."""
        uids = [seat.id for seat in page.seats if seat.id]
        if not uids or not self._routes.member_states:
            return page
        try:
            reply = await self._call("member_states", {"uid": ",".join(uids)})
            states = shapes1.read_states(reply, self._fields)
        except PlatformError as error:
            code = codes.UNREADABLE_STATES
            return replace(page, states_code=code, states_info=error.info)
        seats = tuple(shapes1.with_call_state(seat, states.get(seat.id)) for seat in page.seats)
        return replace(page, seats=seats)

    # ------------------------------------------------------------ encrypted numbers

    @property
    def encrypts(self) -> bool:
        """Whether numbers may be encrypted: the config has a seed."""
        return self._key is not None

    def to_call(self, text: str) -> ToCall:
        """`call(number, type)` for an encrypted number: what to call, or the text to give back."""
        if self._key is None:
            return ToCall("", text)
        return crypto.to_call(text, self._key)

    # ------------------------------------------------------------ requests

    async def _call(self, name: str, asked: Mapping[str, str] | None = None) -> Reply:
        """A request as the agent: extension, MD5 of the password, enterprise."""
        who, web, found = self._credentials, self._web, self._found
        if who is None or web is None or found is None:
            raise _not_signed_in()
        query = {"un": who.un, "pwd": self._proof.reveal(), "eid": found.eid}
        return await web.request(self._routes.route(name), query={**query, **(asked or {})})

    async def _once(self, base: str, route: Route, query: Mapping[str, str]) -> Reply:
        """One request to a server that nothing else is asked of."""
        web = Web(
            base,
            limit=self._time_limit,
            tls=self._tls,
            paths=self._fields,
            cookies=self._cookies,
            skipped=self._skipped,
        )
        try:
            return await web.request(route, query=query)
        finally:
            await web.close()

    def _signed_in(self) -> Credentials:
        if self._credentials is None:
            raise _not_signed_in()
        return self._credentials


def _not_signed_in() -> PlatformError:
    return PlatformError(codes.BAD_ARGUMENT, "not signed in")


def _proof(password: Secret) -> Secret:
    """The MD5 of the password, in hexadecimal: what the platform wants in its place. As good as the
    password for signing in, so it is a secret as well."""
    given = password.reveal().encode("utf-8", "surrogatepass")
    return Secret(hashlib.md5(given, usedforsecurity=False).hexdigest())


def _is_address(server: str) -> bool:
    """Whether a server is written with its scheme or its port, and so takes the whole place of the
    table's address."""
    return "://" in server or re.search(r":[0-9]+(?:/.*)?$", server) is not None
