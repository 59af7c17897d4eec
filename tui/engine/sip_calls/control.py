"""The calls of a session at a PBX, which SIP alone controls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tui import sip
from tui.engine.audio.legs import Legs
from tui.engine.call_control import SeatKeeper
from tui.engine.sip_calls.colleagues.features import PbxFeatures
from tui.engine.sip_calls.commands import SipCommands
from tui.engine.sip_calls.events import SipEvents
from tui.engine.sip_calls.feature_codes import FeatureCodes
from tui.engine.sip_calls.queues.queues import Queues
from tui.engine.sip_calls.spying import Spying
from tui.engine.sip_calls.subscriptions.keeper import SubscriptionKeeper
from tui.engine.sip_calls.take_back import TakeBack
from tui.engine.sip_calls.transfers import Transfers
from tui.platform.pbx.platform import parse_address
from tui.port.commands import PbxFeature, Result
from tui.port.snapshot import Call
from tui.port.supervision import SuperviseHow
from tui.port.values import Capability, ConnectionState, Message, message

if TYPE_CHECKING:
    from tui.config.schema import Break, Profile
    from tui.engine.session.crash_note import Remembered
    from tui.platform.base import Platform

_SPARE = 0.5
"""Seconds by which a status waits longer than the queues do: their reason says more than ours."""


class SipCalls:
    """A `CallControl` that is the phone itself. `address` is the agent's, whose domain is the
    PBX's; `platform` has the directory; `answer_after` answers a call by itself after so many
    seconds; `trace` is told of a call that was turned away unseen."""

    def __init__(
        self,
        legs: Legs,
        address: str,
        profile: Profile,
        platform: Platform,
        *,
        seat: SeatKeeper,
        answer_after: Callable[[Call, float], None],
        type_when_answered: Callable[[str, str], None],
        trace: Callable[[Call], None],
        breaks: Sequence[Break] = (),
    ) -> None:
        self.calls = legs.calls
        self.context = legs.context
        self._seat = seat
        domain = parse_address(address).host
        self.commands = SipCommands(legs, domain, type_when_answered)
        self.transfers = Transfers(self.commands)
        self.subscriptions = SubscriptionKeeper(self.context, legs.phone, domain)
        self.features = PbxFeatures(
            self.commands, self.transfers, self.subscriptions, platform, profile, address
        )
        self.codes = FeatureCodes(legs, domain)
        self.queues = Queues(
            self.context,
            self.subscriptions,
            self.codes,
            profile.queues,
            seat=seat,
            breaks=breaks,
        )
        self.spying = Spying(legs, domain, profile)
        self.take_back = TakeBack(self.commands)
        self.events = SipEvents(
            self.commands,
            self.transfers,
            self.take_back,
            answer_after,
            trusted_domain=profile.trusted_domain,
            let_in=profile.auto_answer == "trusted",
            trace=trace,
        )

    @property
    def status_seconds(self) -> float:
        """A PBX's queues take their time; where there are none, the status is ours."""
        limits = self.context.limits
        return limits.queues + _SPARE if self.queues else limits.status

    @property
    def capabilities(self) -> tuple[Capability, ...]:
        """What a PBX can do, and what the config has codes for."""
        supervises = (Capability.SUPERVISE,) if self.spying.allowed else ()
        return (Capability.LINES, *self.features.capabilities, *supervises)

    # ------------------------------------------------------------ one call

    async def dial(self, number: str, *, encrypted: bool = False, area: str = "") -> Result:
        """A number, a name or an address; an area code is part of the number here."""
        if encrypted:
            return Result(False, message("dial.not_encrypted"))
        if self.spying.now.call:
            return Result(False, message("supervise.leave_first"))
        return await self.commands.dial(number)

    async def answer(self, ccnumber: str) -> Result:
        """Take a call: the active one is held, and one that is listened to is left."""
        self.spying.let_go()
        return await self.commands.answer(ccnumber)

    async def hang_up(self, ccnumber: str, *, leave_them: bool = False) -> Result:
        """BYE, CANCEL, or 603. There is no third party whom it could leave."""
        return await self.commands.hang_up(ccnumber)

    async def decline_for_others(self, ccnumber: str) -> Result:
        """486."""
        return await self.commands.busy_here(ccnumber)

    async def hold(self, ccnumber: str) -> Result:
        """Hold a call by a re-INVITE."""
        return await self.commands.held.hold(ccnumber)

    async def resume(self, ccnumber: str) -> Result:
        """Take a call off hold: the active one is held."""
        return await self.commands.held.resume(ccnumber)

    def mute(self, ccnumber: str, on: bool) -> Result:
        """Cut the microphone."""
        return self.commands.held.mute(ccnumber, on)

    async def transfer(self, gid: str, number: str, name: str, ccnumber: str) -> Result:
        """REFER to a number or an address."""
        return await self.transfers.transfer(number, name, ccnumber)

    # ------------------------------------------------------------ several in one call

    async def invite_third(self, kind: int, callee: str, name: str, ccnumber: str) -> Result:
        """Nobody mixes a third party in but the agent herself."""
        return _join_instead()

    async def drop_third(self, ccnumber: str) -> Result:
        """Nobody mixes a third party in but the agent herself."""
        return _join_instead()

    async def end_for_all(self, ccnumber: str) -> Result:
        """Nobody mixes a third party in but the agent herself."""
        return _join_instead()

    async def supervise(self, how: SuperviseHow, call: str) -> Result:
        """By the codes of the config."""
        return await self.spying.ask(how, call)

    async def feature(self, command: PbxFeature) -> Result:
        """Pick-up, parking, the mailbox."""
        return await self.features.carry_out(command)

    # ------------------------------------------------------------ several calls

    def mark(self, key: str) -> Result:
        """The agent marks a call."""
        return self.commands.held.choose(key)

    async def join(self, on: bool) -> Result:
        """Mix all calls that are up, or part them again."""
        return await self.commands.held.join(on)

    async def connect(self, ccnumber: str, other: str) -> Result:
        """REFER with Replaces."""
        return await self.transfers.connect(ccnumber, other)

    async def answer_question(self, yes: bool) -> Result:
        """What the agent says to a REFER or a redirection."""
        return await self.transfers.answer(yes)

    # ------------------------------------------------------------ the seat

    async def confirm_status(self, status: int, reason: str = "", /) -> Message | None:
        """A PBX knows of no seat: the status is ours, and counts, once its queues confirm it."""
        return await self.queues.confirm(status, reason) if self.queues else None

    async def status_after_call(self, ccnumber: str, busy: bool) -> Message | None:
        """No queue offers a call between this one and its write-up: it is paused for it now."""
        return await self.queues.ahead(busy) if self.queues else None

    # ------------------------------------------------------------ what happens

    def sip_event(self, event: sip.Event) -> None:
        """One event of the user agent that the signalling did not keep for itself."""
        parts = (self.subscriptions, self.codes, self.spying)
        if not any(part.handle(event) for part in parts):
            self.events.handle(event)

    def call_changed(self, before: Call | None, call: Call) -> None:
        """The mark, the tones and the question follow the calls."""
        self.commands.call_changed(before, call)
        self.features.call_changed(before, call)
        self.queues.call_changed(before, call)
        if not call.live and (before is None or before.live):
            self.transfers.call_over(call.key)
            self.take_back.call_over(call.key)

    def begin(self, status: int) -> None:
        """A PBX says nothing of a seat: its status is what it is to be first, where no queue has
        to confirm that."""
        self.subscriptions.begin()
        self.spying.begin()
        if self.queues:
            self.queues.begin(status)
        else:
            self._seat.platform_says(status)
        self.features.begin()

    async def hang_up_all(self) -> Message | None:
        """Each leg says its own BYE; the queues are left, or paused: which one may still send
        calls. Of others nothing is shown any more."""
        self.features.end()
        if self.context.snapshot.connection.state is not ConnectionState.OK or not self.queues:
            return None
        return await self.queues.leave()

    async def end(self) -> None:
        """No question, no sound, no mark and no subscription are left."""
        self.spying.end()
        self.queues.end()
        self.features.end()
        self.subscriptions.end()
        self.transfers.close()
        await self.commands.sound.close()
        self.commands.held.mark("")

    # ------------------------------------------------------------ recovery

    def engine_died(self, remembered: Remembered) -> None:
        """The dialogs live on at the PBX: the calls are taken back, or ended there."""
        self.take_back.begin(remembered)

    def flow_is_back(self) -> None:
        """The legs are offered again, so that both sides know that they live; what was refused a
        subscription is asked once more."""
        self.subscriptions.flow_is_back()
        self.queues.flow_is_back()
        self.context.spawn(self.commands.legs.refresh())

    def renew_leg(self, key: str) -> None:
        """A call has its one leg, which is offered again by whoever watches the network."""


def _join_instead() -> Result:
    return Result(False, message("lines.join_instead"))
