"""Any PBX that speaks SIP over WebSocket: no web, no groups, no token. What a platform's web side
would say comes from the config: where to register, and who stands in the directory."""

from __future__ import annotations

import asyncio
import csv
import errno
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

from tui.platform import codes
from tui.platform.base import (
    Credentials,
    Group,
    GroupPage,
    MemberPage,
    PlatformError,
    Seat,
    SipAccount,
    ToCall,
    UserData,
)
from tui.platform.web.addresses import socket_url
from tui.sip.errors import RemoteProtocolError
from tui.sip.message.uri import Uri, parse_uri
from tui.text import clean_text, decoded

T = TypeVar("T")

PAGE: Final = 50
MOST_PEOPLE: Final = 20_000
"""Rows that are read of a directory file."""
BAD_ADDRESS: Final = "login.bad_address"
NO_WEBSOCKET: Final = "login.no_websocket"
UNREADABLE_PEOPLE: Final = "directory.unreadable"
IDS: Final = (BAD_ADDRESS, NO_WEBSOCKET, UNREADABLE_PEOPLE)
"""Message ids that come from here: a catalogue must have them all."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody in the directory."""

    name: str
    number: str
    group: str = ""


@dataclass(frozen=True, slots=True)
class PlainSettings:
    """What the config says of the PBX. `people_file`: a CSV file in place of, or besides,
    `people`."""

    url: str = ""
    auth_user: str = ""
    outbound_proxy: str = ""
    realms: tuple[str, ...] = ()
    people: tuple[Entry, ...] = ()
    people_file: Path | None = None


def parse_address(text: str) -> Uri:
    """An address of record, `USER@DOMAIN`, with or without `sip:`. PlatformError 50001."""
    plain = text.strip()
    if not plain.lower().startswith(("sip:", "sips:")):
        plain = f"sip:{plain}"
    try:
        uri = parse_uri(plain)
    except RemoteProtocolError:
        uri = Uri("")
    if not uri.user or not uri.host:
        raise PlatformError(codes.BAD_ARGUMENT, "no address of record", BAD_ADDRESS)
    return Uri("sip", uri.user, "", uri.host.lower(), uri.port)


class Plain:
    """One agent at one PBX. `generation` 0: none of the platform's."""

    generation = 0
    sip_only = True
    proves_at_registration = True
    relays_by_profile = True
    threeway = False
    phone_modes = False
    supervises = False
    encrypts = False

    def __init__(self, settings: PlainSettings, *, user_agent: str = "yimi") -> None:
        self._settings = settings
        self._user_agent = user_agent
        self._account: SipAccount | None = None
        self._people: dict[str, list[Seat]] | None = None
        self._domain = ""
        self._left_out = 0

    async def sign_in(self, credentials: Credentials) -> UserData:
        """Nothing is asked of anybody: the registration will say whether the password is right.
        PlatformError when the address or the WebSocket's is none."""
        uri = parse_address(credentials.un)
        url = credentials.backend.strip() or self._settings.url
        if not url:
            raise PlatformError(codes.NO_SERVER, "no WebSocket address", NO_WEBSOCKET)
        socket_url(url)
        self._domain = uri.host
        self._account = SipAccount(
            aor=str(uri),
            username=self._settings.auth_user or uri.unescaped(),
            password=credentials.pwd,
            domain=uri.host if uri.port is None else f"{uri.host}:{uri.port}",
            url=url,
            pbx="",
            user_agent=self._user_agent,
            route=self._settings.outbound_proxy,
            realms=self._settings.realms,
        )
        shown = clean_text(uri.unescaped())
        return UserData(number=shown, displayname=shown, eid="", groups=())

    async def check_in(self, gid: str) -> None:
        """A PBX has no seats."""

    async def check_out(self) -> None:
        """A PBX has no seats."""

    def sip_account(self, gid: str) -> SipAccount:
        """After sign_in: as whom to register."""
        assert self._account is not None
        return self._account

    # ------------------------------------------------------------ the directory

    async def get_groups(self, page: int = 1) -> GroupPage:
        """The groups that the directory names; who has none stands under the PBX's domain."""
        people = await self._directory()
        groups = [Group(gid=name, name=name) for name in sorted(people)]
        part, last = _page(groups, page)
        return GroupPage(page, last, len(groups), part, self._left_out)

    async def get_group_members(self, gid: str, page: int = 1) -> MemberPage:
        """The entries of a group, by name. Nobody knows their state."""
        seats = (await self._directory()).get(gid, [])
        part, last = _page(seats, page)
        return MemberPage(gid, gid, page, last, len(seats), part)

    async def _directory(self) -> dict[str, list[Seat]]:
        if self._people is None:
            entries = [*self._settings.people]
            if (path := self._settings.people_file) is not None:
                loop = asyncio.get_running_loop()
                read, self._left_out = await loop.run_in_executor(None, read_people, path)
                entries += read
            self._people = {}
            for entry in entries:
                entry = _clean(entry)
                if entry.number:
                    seat = Seat(entry.number, entry.name or entry.number)
                    self._people.setdefault(entry.group or self._domain, []).append(seat)
            for seats in self._people.values():
                seats.sort(key=lambda seat: (seat.displayname.casefold(), seat.number))
        return self._people

    async def set_phone_mode(self, mode: str, number: str = "") -> None:
        """Calls go nowhere else: PlatformError 50001."""
        raise PlatformError(codes.BAD_ARGUMENT, "no phone modes")

    def to_call(self, text: str) -> ToCall | None:
        """None: there are no encrypted numbers."""
        return None

    def line_cookies(self) -> str:
        """None: there is no web."""
        return ""

    def woke(self) -> None:
        """Nothing here lives by the clock."""

    def start_token_renewal(self, on_failure: Callable[[PlatformError], None]) -> None:
        """There is no token."""

    async def close(self) -> None:
        """Nothing is open."""


def read_people(path: Path) -> tuple[list[Entry], int]:
    """A CSV file with the columns name, number, group (RFC 4180, or with semicolons or tabs, in the
    encoding of the system that wrote it; a first row that says so decides their order), and how
    many rows beyond MOST_PEOPLE were left out. PlatformError when it cannot be read, is no text, or
    is no regular file."""
    try:
        if not path.is_file():  # what is no file may make us wait for ever
            path.stat()
            raise OSError(errno.EINVAL, "not a regular file")
        text = decoded(path.read_bytes())
        if "\x00" in text:
            raise OSError(errno.EINVAL, "not a text file")
        reader = csv.reader(StringIO(text, newline=""), delimiter=_separator(text))
        rows = list(islice(reader, MOST_PEOPLE + 1))
        more = sum(1 for _ in reader)
    except (OSError, MemoryError, csv.Error) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        info = f"{path.name}: {why}"
        raise PlatformError(codes.NO_SERVER, info, UNREADABLE_PEOPLE) from None
    columns = ["name", "number", "group"]
    if rows and "number" in (head := [cell.strip().lower() for cell in rows[0]]):
        columns, rows = head, rows[1:]
    found = []
    for row in rows[:MOST_PEOPLE]:
        values = dict(zip(columns, row, strict=False))
        found.append(
            Entry(values.get("name", ""), values.get("number", ""), values.get("group", ""))
        )
    return found, more + max(0, len(rows) - MOST_PEOPLE)


def _separator(text: str) -> str:
    """What stands between the cells: spreadsheets write what their country has."""
    first = text.partition("\n")[0]
    return next((each for each in ",;\t" if each in first), ",")


def _clean(entry: Entry) -> Entry:
    return replace(
        entry,
        name=clean_text(entry.name),
        number=clean_text(entry.number),
        group=clean_text(entry.group),
    )


def _page(values: Sequence[T], page: int) -> tuple[tuple[T, ...], int]:
    """One page of them, from 1, and which page is the last."""
    start = (page - 1) * PAGE
    return tuple(values[start : start + PAGE]), max(1, -(-len(values) // PAGE))
