"""A supervisor at a platform: told of the group's calls, listens, joins, leaves, ends.

The call that is listened to is nobody's call here: it has a leg with sound, and no panel, no
write-up, no history. What the platform reports of its ccNumber goes no further than this
(platform.md, "Supervisors"). While listening the microphone is cut here, whatever the platform
does.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from tui.engine.audio.leg_entry import LegEntry
from tui.engine.calls import Calls
from tui.engine.context import log
from tui.engine.outcome import Outcome, Send, answer_to, unconfirmed, words_of
from tui.engine.platform_calls.legs import PlatformLegs
from tui.platform import control
from tui.platform.control import SuperviseAct
from tui.platform.not_understood import SkippedKind
from tui.port import replace
from tui.port.commands import Result
from tui.port.events import GroupCallChanged, GroupCallRemoved, SupervisionChanged
from tui.port.supervision import (
    MAY_ASK,
    GroupCall,
    SuperviseHow,
    SuperviseInput,
    SuperviseState,
    Supervision,
    step_supervise,
)
from tui.port.values import VOIP, Leg, Message, message

KEY: Final = "supervised"
"""The key of its leg; calls are numbered."""
MOST_CALLS: Final = 500
"""Calls of a group that are kept."""
_ACTS: Final = {
    SuperviseHow.LISTEN: SuperviseAct.LISTEN,
    SuperviseHow.JOIN: SuperviseAct.JOIN,
    SuperviseHow.END: SuperviseAct.END,
}
_BACK: Final = {SuperviseAct.LISTEN: SuperviseAct.STOP, SuperviseAct.JOIN: SuperviseAct.LEAVE}
"""What takes back that the platform took on."""
_SOUND: Final = "sound supervised"
_NOT_YET: Final = ("", "0", "null", "undefined", "none")
"""How the time is written at which a call ended that has not."""


class Supervising:
    """`allowed`: the platform says that this agent may."""

    lasting = False
    key = KEY

    def __init__(self, calls: Calls, send: Send, legs: PlatformLegs, *, allowed: bool) -> None:
        self.calls = calls
        self.context = calls.context
        self._send = send
        self._legs = legs
        self._allowed = allowed
        self._asked: control.Supervise | None = None
        self._response: asyncio.Future[control.SuperviseResponse] | None = None

    @property
    def now(self) -> Supervision:
        """Where the supervisor stands."""
        return self.context.snapshot.supervision

    @property
    def active(self) -> bool:
        """Whether a call is supervised, or about to be."""
        return self.now.call != ""

    # ------------------------------------------------------------ asked

    async def ask(self, how: SuperviseHow, key: str) -> Result:
        """Carry out a supervisor's wish, or say why not."""
        if not self._allowed:
            return Result(False, message("supervise.not_allowed"))
        if refusal := self.calls.not_ready():
            return refusal
        if self._asked is not None:
            return Result(False, message("supervise.wait"))
        now = self.now
        key = key or now.call
        if not key:
            return Result(False, message("supervise.no_call"))
        if how is SuperviseHow.LISTEN:
            if refusal := await self._make_room(key):
                return refusal
        elif how is not SuperviseHow.END and key != now.call:
            return Result(False, message("supervise.not_listening"))
        elif key == now.call and how not in MAY_ASK[now.state]:
            return Result(False, message("supervise.already"))
        return await self._request(how, key)

    async def _make_room(self, key: str) -> Result | None:
        """Why this call cannot be listened to now; None when it can. Another one that is listened
        to is left for it."""
        now = self.now
        if self.calls.live:
            return Result(False, message("supervise.in_call"))
        if now.call == key:
            return Result(False, message("supervise.already"))
        if now.state is SuperviseState.JOINED:
            return Result(False, message("supervise.leave_first"))
        if now.call:
            left = await self._request(SuperviseHow.LEAVE, now.call)
            if not left.ok:
                return left
        return None

    async def let_go(self) -> None:
        """Leave the call that is supervised, whether or not the platform confirms it: whoever waits
        to be answered waits for that no longer than a moment."""
        if self.active:
            call = self.now.call
            if self._asked is None:
                leaving = self.context.spawn(self._leave(call))
                await asyncio.wait({leaving}, timeout=self.context.limits.let_go)
            if self.now.call == call:
                self._over(SuperviseInput.LEAVES)

    async def _leave(self, call: str) -> None:
        await self._request(SuperviseHow.LEAVE, call)

    async def _request(self, how: SuperviseHow, key: str) -> Result:
        act, way_out = _ACTS.get(how) or self._way_out(), self._way_out()
        held = key == self.now.call
        if how is SuperviseHow.LISTEN:
            self._begin(key)
        elif key == self.now.call:
            self._put(pending=how.value)
        answer = await self._answer(control.Supervise(key, act))
        mine = key == self.now.call
        refused = isinstance(answer, control.SuperviseResponse) and answer.result != 0
        if not mine and act in _BACK and not refused:
            # Given up here meanwhile, for a call of her own: nobody is to be thought to listen.
            self.context.spawn(self._tell(control.Supervise(key, _BACK[act])))
            own = bool(self.calls.live)
            return Result(False, message("supervise.in_call" if own else "supervise.over"))
        undone = how in (SuperviseHow.JOIN, SuperviseHow.END) and (
            refused or isinstance(answer, Message)
        )
        if held and not mine and undone:  # for the platform she is in it yet
            self.context.spawn(self._tell(control.Supervise(key, way_out)))
        if isinstance(answer, control.SuperviseResponse) and answer.result == 0:
            if mine:
                self._done(how)
            return Result(True)
        if isinstance(answer, Message) and mine and how is SuperviseHow.LISTEN:
            if self.now.leg is Leg.CONNECTED:
                self._done(how)  # its sound came: the platform took it, and the answer was lost
                return Result(True)
            self.context.spawn(self._tell(control.Supervise(key, SuperviseAct.STOP)))
        failure = answer if isinstance(answer, Message) else self._refused(answer)
        if mine and how is SuperviseHow.LEAVE and not isinstance(answer, Message):
            self._over(SuperviseInput.LEAVES)  # the platform knows of nothing to leave
            return Result(True)
        if mine and how is SuperviseHow.LISTEN:
            self._over(SuperviseInput.SOUND_GONE, failure)
        elif mine:
            self._put(pending="")
        return Result(False, failure, 0 if isinstance(answer, Message) else 1)

    def _way_out(self) -> SuperviseAct:
        joined = self.now.state is SuperviseState.JOINED
        return SuperviseAct.LEAVE if joined else SuperviseAct.STOP

    def _refused(self, answer: control.SuperviseResponse) -> Message:
        log.warning("supervising was refused: %s %s", answer.act.name, answer.info)
        call = self._known(answer.ccnumber)
        if call is not None and not call.certain:
            self.context.emit(GroupCallRemoved(call.key))  # it ended while the line was lost
        return message("supervise.refused", info=words_of(answer.info, answer.result))

    async def _answer(self, request: control.Supervise) -> control.SuperviseResponse | Message:
        self._asked = request
        self._response = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self.context.limits.supervise):
                answer = await answer_to(self._send(request), self._response)
            return unconfirmed("supervise", answer) if isinstance(answer, Outcome) else answer
        except TimeoutError:
            return message("supervise.no_reply")
        finally:
            self._asked = self._response = None

    async def _tell(self, request: control.Supervise) -> None:
        await self._send(request)

    # ------------------------------------------------------------ what follows

    def _begin(self, key: str) -> None:
        call = self._known(key)
        agent = "" if call is None else call.agent
        customer = ""
        if call is not None:
            customer = call.callee if call.agent == call.caller else call.caller
        self._emit(
            Supervision(
                call=key,
                agent=agent,
                customer=customer,
                since=self.context.clock(),
                pending=SuperviseHow.LISTEN.value,
                leg=Leg.AWAITED if self._voice_is_here() else Leg.NONE,
            )
        )
        self._legs.expect_apart(self)

    def _done(self, how: SuperviseHow) -> None:
        match how:
            case SuperviseHow.LISTEN:
                self._step(SuperviseInput.LISTENS)
                self._limit_sound()
            case SuperviseHow.JOIN:
                self._step(SuperviseInput.JOINS)
                self._legs.mute(KEY, False)
            case SuperviseHow.LEAVE:
                self._over(SuperviseInput.LEAVES)
            case SuperviseHow.END:
                self._over(SuperviseInput.CALL_OVER, message("supervise.ended"))

    def _step(self, given: SuperviseInput) -> None:
        self._put(state=step_supervise(self.now.state, given), pending="")

    def _over(self, given: SuperviseInput, outcome: Message | None = None) -> None:
        """No call is supervised any more."""
        log.info("supervising is over: %s", given.value)
        self.context.timers.cancel(_SOUND)
        self._legs.stop(KEY)
        state = step_supervise(self.now.state, given)
        self._emit(Supervision(state=state, since=self.context.clock(), outcome=outcome))

    def _put(self, **changes: Any) -> None:
        self._emit(replace(self.now, **changes))

    def _emit(self, supervision: Supervision) -> None:
        if supervision != self.now:
            self.context.emit(SupervisionChanged(supervision))

    def _voice_is_here(self) -> bool:
        account = self.context.snapshot.account
        return account is not None and account.callintype == VOIP

    def _known(self, key: str) -> GroupCall | None:
        calls = self.context.snapshot.group_calls
        return next((call for call in calls if call.key == key), None)

    # ------------------------------------------------------------ its leg

    @property
    def muted(self) -> bool:
        """Whether nothing of the microphone may leave."""
        return self.now.state is not SuperviseState.JOINED

    def is_of(self, ccnumber: str) -> bool:
        """Whether the leg is that of the call with this ccNumber."""
        return ccnumber == self.now.call

    def sounds(self, state: Leg) -> None:
        """How its leg stands: being set up, or heard."""
        if self.active:
            self._put(leg=state)
            if state is Leg.CONNECTED:
                self.context.timers.cancel(_SOUND)

    def renegotiated(self, leg: LegEntry) -> None:
        """Nothing follows from a description."""

    def leg_gone(self, leg: LegEntry, state: Leg) -> None:
        """Without its sound there is nothing to supervise. Most often the call's end is right
        behind, so that is waited for."""
        if self.active:
            self.context.timers.set(_SOUND, self.context.limits.leg_without_end, self._no_sound)

    def _limit_sound(self) -> None:
        if self._voice_is_here() and self.now.leg is not Leg.CONNECTED:
            self.context.timers.set(_SOUND, self.context.limits.leg, self._no_sound)

    def _no_sound(self) -> None:
        if self.active:
            self.context.spawn(self._tell(control.Supervise(self.now.call, self._way_out())))
            self._over(SuperviseInput.SOUND_GONE, message("supervise.no_sound"))

    # ------------------------------------------------------------ what the platform says

    def handle(self, report: control.PlatformMessage) -> bool:
        """Take one message. False when it is not about supervising."""
        match report:
            case control.GroupCallReport():
                if self._allowed:
                    self._told(report)
            case control.SuperviseResponse():
                self._responded(report)
            case control.Answered(ccnumber) | control.CancelCall(ccnumber):
                return self._is_no_call_of_ours(ccnumber)
            case control.Ended(ccnumber):
                if not self._is_no_call_of_ours(ccnumber):
                    return False
                self._call_over(ccnumber)
            case _:
                return False
        return True

    def _is_no_call_of_ours(self, ccnumber: str) -> bool:
        own = self.calls.by_ccnumber(ccnumber)
        return self.now.call == ccnumber and (own is None or not own.live)

    def _told(self, report: control.GroupCallReport) -> None:
        account = self.context.snapshot.account
        own = account is not None and account.un in (report.caller, report.callee)
        if report.end_time.casefold() not in _NOT_YET:
            self._call_over(report.ccnumber)
        elif own:
            return
        elif self._known(report.ccnumber) or len(self.context.snapshot.group_calls) < MOST_CALLS:
            self._began(report)
        else:
            what = f"more than {MOST_CALLS} calls of the group"
            self.context.not_understood.add(SkippedKind.REFUSED, what, where="cc")

    def _began(self, report: control.GroupCallReport) -> None:
        known = self._known(report.ccnumber)
        since = self.context.clock() if known is None else known.since
        agent = report.callee if report.callee_eid else report.caller if report.caller_eid else ""
        told = GroupCall(report.ccnumber, report.caller, report.callee, since, agent)
        if told != known:
            self.context.emit(GroupCallChanged(told))

    def _call_over(self, ccnumber: str) -> None:
        if self._known(ccnumber) is not None:
            self.context.emit(GroupCallRemoved(ccnumber))
        if self.now.call == ccnumber:
            self._over(SuperviseInput.CALL_OVER, message("supervise.over"))

    def _responded(self, report: control.SuperviseResponse) -> None:
        asked, response = self._asked, self._response
        same = asked is not None and (asked.ccnumber, asked.act) == (report.ccnumber, report.act)
        if same and response is not None:
            if not response.done():
                response.set_result(report)
            return
        log.info("an answer to a supervisor that nobody waits for")
        listens = report.act is SuperviseAct.LISTEN and report.result == 0
        if listens and report.ccnumber != self.now.call:
            # Given up here: nobody listens, so nobody is to be thought to.
            self.context.spawn(self._tell(control.Supervise(report.ccnumber, SuperviseAct.STOP)))

    # ------------------------------------------------------------ the line, the session

    def flow_is_back(self) -> None:
        """Calls may have begun and ended unheard."""
        for call in self.context.snapshot.group_calls:
            if call.certain:
                self.context.emit(GroupCallChanged(replace(call, certain=False)))

    async def signing_out(self) -> None:
        """The platform is told that nobody listens any more."""
        if self.active:
            await self._send(control.Supervise(self.now.call, self._way_out()))

    def end(self) -> None:
        """The session is over."""
        if self.active:
            self._over(SuperviseInput.SESSION_ENDED)
        for call in self.context.snapshot.group_calls:
            self.context.emit(GroupCallRemoved(call.key))
        self._emit(Supervision())
