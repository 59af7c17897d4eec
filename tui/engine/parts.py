"""The parts of an engine that have to do with calls, built in the order in which they need one
another, and the one place that says who controls a session's calls."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tui.config.schema import Profile
from tui.engine.agent.breaks import Breaks, feature_codes
from tui.engine.agent.call_log import CallLog
from tui.engine.agent.callbacks.book import CallbackBook
from tui.engine.agent.incoming_policy import IncomingPolicy
from tui.engine.agent.lookup.lookup import Lookup
from tui.engine.agent.own_actions import OwnActions
from tui.engine.agent.screen_pop import ScreenPop
from tui.engine.agent.seat import SeatController
from tui.engine.agent.status_ahead import StatusAhead
from tui.engine.agent.wrapup import WrapUpController
from tui.engine.audio.devices import SoundDevices
from tui.engine.audio.dtmf import Digits, Pace
from tui.engine.audio.legs import Legs, follow
from tui.engine.audio.network_watch import Flow, NetworkWatch
from tui.engine.audio.quality_monitor import QualityMonitor
from tui.engine.call_control import ActiveControl, CallControl
from tui.engine.calls import Calls
from tui.engine.context import EngineContext
from tui.engine.outcome import Send
from tui.engine.phone import Phone
from tui.engine.platform_calls.control import PlatformCalls
from tui.platform import control
from tui.port.values import Message, WrapUpMode

if TYPE_CHECKING:
    from tui.config.schema import Config
    from tui.platform.base import Platform


class Parts:
    """What an engine is made of around its calls. `send` sends the platform a control message;
    `connection` gives the signalling's, None when there is none; `runtime` is where sockets may be;
    `idle_refused` tells why the seat may not go idle yet, `kicked` is told of a sign-out by the
    platform."""

    def __init__(
        self,
        context: EngineContext,
        config: Config,
        phone: Phone,
        send: Send,
        connection: Callable[[], Flow | None],
        *,
        runtime: Path | None = None,
        idle_refused: Callable[[], Message | None],
        kicked: Callable[[control.Kicked], None],
    ) -> None:
        self._send = send
        self._assumed = control.ASSUMED.overridden(config.messages)
        self._kicked = kicked
        self._config_breaks = config.breaks
        self.control = ActiveControl()
        self.calls = Calls(context)
        self.devices = SoundDevices(context, config.audio, runtime)
        self.legs = Legs(self.calls, self.devices, phone)
        self.digits = Digits(
            self.calls, self.legs, Pace(config.dtmf.tone, config.dtmf.gap, config.dtmf.pause)
        )
        self.seat = SeatController(
            context,
            lambda *status: self.control.now.confirm_status(*status),
            idle_refused,
            lambda: self.control.now.status_seconds,
        )
        self.incoming = IncomingPolicy(
            self.calls,
            self.seat,
            self.control,
            self.devices.beep,
            seconds=config.offers.auto_answer,
            missed_limit=config.offers.missed_limit,
        )
        self.wrapup = WrapUpController(
            context,
            self.seat,
            WrapUpMode(config.wrapup.mode),
            float(config.wrapup.seconds),
            config.wrapup.outcomes,
            config.wrapup.call_back,
        )
        codes = feature_codes(config.breaks) | {
            profile.voicemail for profile in config.profiles if profile.voicemail
        }
        self.ahead = StatusAhead(self.calls, self.control, self.wrapup, self.seat, codes)
        self.quality = QualityMonitor(self.legs)
        self.call_log = CallLog(
            self.calls,
            self.incoming,
            self.wrapup,
            self.ahead,
            quality=self.quality.summary,
            pop=ScreenPop(self.calls, config.pop),
            codes=codes,
        )
        self.breaks = Breaks(
            context,
            self.seat,
            self.control,
            config.breaks,
            keep=self.call_log.keep_break,
            new_id=self.call_log.new_id,
            beep=self.devices.beep,
        )
        self.callbacks = CallbackBook(
            self.calls,
            self.control,
            keep=self.call_log.keep_callbacks,
            new_id=self.call_log.new_id,
            beep=self.devices.beep,
            mask=config.history.mask,
        )
        self.own_actions = OwnActions(self.calls, config.actions, config.pop.opener)
        self.lookup = Lookup(self.calls, config.lookup)
        self.network = NetworkWatch(
            self.legs,
            connection,
            lambda key: self.control.now.renew_leg(key),
        )
        for listener in (
            follow(context, self.legs),
            self.control.call_changed,
            self.ahead.call_changed,
            self.call_log.call_changed,
            self.callbacks.call_changed,
            self.lookup.call_changed,
            self.quality.call_changed,
            self.network.call_changed,
            self.digits.call_changed,
        ):
            self.calls.listen(listener)
        self.control.put(self.make_control(None))

    def make_control(
        self, platform: Platform | None, address: str = "", profile: Profile | None = None
    ) -> CallControl:
        """The call control of a session at this platform; None: nobody is signed in. At a PBX
        `address` is the agent's, and `profile` what the config says of it."""
        if platform is not None and platform.sip_only:
            # A desk at a contact-centre platform never holds a PBX's part in memory.
            from tui.engine.sip_calls.control import SipCalls

            return SipCalls(
                self.legs,
                address,
                profile or Profile(),
                platform,
                seat=self.seat,
                answer_after=self.incoming.answer_after,
                type_when_answered=self.digits.type_when_answered,
                trace=self.call_log.trace,
                breaks=self._config_breaks,
            )
        return PlatformCalls(
            self.legs,
            self._send,
            self._assumed,
            platform=platform,
            seat=self.seat,
            type_when_answered=self.digits.type_when_answered,
            kicked=self._kicked,
            explained=self.call_log.explain,
        )

    async def end_session(self) -> None:
        """The session is over: its call control ends, and nobody is signed in."""
        await self.control.now.end()
        self.control.put(self.make_control(None))
