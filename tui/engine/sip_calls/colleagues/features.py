"""Pick-up, parking and the mailbox of one session at a PBX, by what it tells and by its codes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

from tui.engine.context import log
from tui.engine.numbers import NumberError
from tui.engine.sip_calls.addresses import parse_destination
from tui.engine.sip_calls.colleagues.lamps import Lamps
from tui.engine.sip_calls.colleagues.mailbox import MailboxLamp
from tui.engine.sip_calls.colleagues.parking import Parking
from tui.engine.sip_calls.commands import SipCommands
from tui.engine.sip_calls.subscriptions.keeper import SubscriptionKeeper
from tui.engine.sip_calls.transfers import Transfers
from tui.platform.base import PlatformError, Seat
from tui.port import commands as c
from tui.port.colleagues import Lamp
from tui.port.commands import Result
from tui.port.values import Capability, message

if TYPE_CHECKING:
    from tui.config.schema import Profile
    from tui.platform.base import Platform
    from tui.port.snapshot import Call

_NUMBER: Final = "{number}"
_PAGES: Final = 200
"""Pages of the directory that are read for whom to ask about."""


class PbxFeatures:
    """`own` is the address of record; `platform` has the directory."""

    def __init__(
        self,
        commands: SipCommands,
        transfers: Transfers,
        keeper: SubscriptionKeeper,
        platform: Platform,
        profile: Profile,
        own: str,
    ) -> None:
        self.commands = commands
        self.context = commands.context
        self.transfers = transfers
        self.lamps = Lamps(self.context, keeper, profile.lamps, code=bool(profile.pick_up))
        self.mailbox = MailboxLamp(self.context, keeper, profile.voicemail)
        self.parking = Parking(self.context, keeper, profile.park, profile.fetch)
        self._platform, self._profile, self._own = platform, profile, own
        self._open = False

    @property
    def capabilities(self) -> tuple[Capability, ...]:
        """What the config gives codes for."""
        return (Capability.PARKING,) if self._profile.park else ()

    def begin(self) -> None:
        """The line is registered: ask the PBX about all of it."""
        self._open = True
        self.mailbox.begin(self._profile.mailbox, self._own)
        self.parking.begin(self._profile.park_slots)
        if self._profile.lamps:
            self.context.spawn(self._begin_lamps())

    async def _begin_lamps(self) -> None:
        people: list[Seat] = []
        try:
            async for seat in everybody(self._platform):
                people.append(seat)
                if len(people) > 4 * self._profile.lamps:
                    break  # some of them may be nobody to ask about
        except PlatformError as error:
            log.warning("the directory cannot be read: %s", error)  # the directory says so itself
        if self._open and people:
            self.lamps.begin(people, self._own)

    def end(self) -> None:
        """The session is over: nothing is known any more."""
        if not self._open:
            return
        self._open = False
        for each in (self.lamps, self.mailbox, self.parking):
            each.end()

    def call_changed(self, before: Call | None, call: Call) -> None:
        """Told of every change of a call."""
        self.parking.call_changed(before, call)

    # ------------------------------------------------------------ what is asked

    async def carry_out(self, command: c.PbxFeature) -> Result:
        """Do one of them."""
        match command:
            case c.PickUpCall(number):
                return await self._pick_up(number)
            case c.ParkCall(slot, ccnumber):
                return await self._park(slot, ccnumber)
            case c.FetchParked(slot):
                target = self.parking.fetch_target(slot)
                if target is None:
                    return Result(False, message("park.nothing_waits"))
                return await self._call(*target)
            case c.CallMailbox():
                known = self.context.snapshot.mailbox
                if known is None or not known.number:
                    return Result(False, message("mailbox.no_number"))
                return await self.commands.dial(known.number)

    async def _call(self, code: str, name: str) -> Result:
        """Call a code of the PBX, behind which this person is."""
        try:
            target = parse_destination(code, self.commands.domain)
        except NumberError as error:
            return Result(False, message(error.message_id, found=error.found))
        return await self.commands.call(target, name="" if name == target.shown else name)

    async def _pick_up(self, number: str) -> Result:
        known = self.context.snapshot.colleagues
        colleague = next((each for each in known if each.number == number), None)
        if colleague is None or colleague.lamp is not Lamp.RINGING:
            name = number if colleague is None else colleague.name or number
            return Result(False, message("pickup.nothing_rings", name=name))
        if self._profile.pick_up:
            return await self._call(self._profile.pick_up.replace(_NUMBER, number), colleague.who)
        way = self.lamps.way_to(number)
        if way is None:
            return Result(False, message("pickup.no_way", name=colleague.name or number))
        target, replaces = way
        name = "" if colleague.who == target.shown else colleague.who
        headers = (("Require", "replaces"), ("Replaces", replaces))
        return await self.commands.call(target, name=name, headers=headers)

    async def _park(self, wanted: str, ccnumber: str) -> Result:
        if not self._profile.park:
            return Result(False, message("park.no_code"))
        slot = self.parking.free_slot(wanted)
        if slot is None:
            return Result(False, message("park.full"))
        call = self.commands.calls.find(ccnumber)
        # The slot's hint may be quicker than the answer to our REFER.
        if call is not None:
            self.parking.transferred(call, slot)
        shown = slot or self._profile.park
        result = await self.transfers.transfer(self.parking.target(slot), shown, ccnumber)
        if not result.ok:
            self.parking.not_transferred()
        return result


async def everybody(platform: Platform) -> AsyncIterator[Seat]:
    """All people of the directory, group by group, each once."""
    seen: set[str] = set()
    page, last, left = 1, 1, _PAGES
    while page <= last and left > 0:
        groups = await platform.get_groups(page)
        page, last, left = page + 1, groups.last_page, left - 1
        for group in groups.groups:
            number, final = 1, 1
            while number <= final and left > 0:
                found = await platform.get_group_members(group.gid, number)
                number, final, left = number + 1, found.last_page, left - 1
                for seat in found.seats:
                    if seat.number not in seen:
                        seen.add(seat.number)
                        yield seat
