"""The PBX, sans I/O: control messages, reports of legs and timers in, actions out.

`receive`, `ring`, `leg_up` and the like take the instant as an argument and queue actions; the
caller drains `actions()` and asks `next_deadline()`. The flows are those of the specification's
charts, the edges those that this project assumes: every 100 and 101 goes out twice, a call
declined by the only idle agent comes straight back, "idle" follows every call.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from tui.platform import messages as m
from tui.sandbox.calls import (
    BUSY,
    IDLE,
    OFFLINE,
    Action,
    Call,
    CloseLeg,
    LegState,
    OpenLeg,
    Party,
    Phase,
    ProbeLeg,
    Route,
    Say,
    Seat,
    Timers,
    Times,
)
from tui.sandbox.dialplan import Behaviour, look_up, look_up_inside
from tui.sandbox.world import World

CUSTOMER_HUNG_UP, AGENT_HUNG_UP, NOT_CONNECTED = "25", "26", "20"
VOIP = 2
KEEP_ENDED = 50
"""How many ended calls the control API can still tell of."""


class Pbx:
    """Seats, calls, queues. `wall` gives milliseconds since 1970, for names and time stamps."""

    def __init__(
        self,
        world: World,
        *,
        rng: random.Random,
        times: Times | None = None,
        auto_call: float | None = None,
        wall: Callable[[], int] = lambda: int(time.time() * 1000),
    ) -> None:
        self.world = world
        self.times = times or Times()
        self.auto_call = auto_call
        self.seats = {seed.un: Seat(seed.un) for seed in world.accounts()}
        self.calls: dict[str, Call] = {}
        self.mute_dial = False
        """A fault: dial commands get their 200 and nothing else."""
        self._rng = rng
        self._wall = wall
        self._timers = Timers()
        self._actions: deque[Action] = deque()

    # ------------------------------------------------------------ draining

    def actions(self) -> list[Action]:
        """What is to be done, in order; drained."""
        drained = list(self._actions)
        self._actions.clear()
        return drained

    def next_deadline(self) -> float | None:
        """When `handle_timeout` wants to be called."""
        return self._timers.next()

    def handle_timeout(self, now: float) -> None:
        """Run every timer that has passed."""
        while (name := self._timers.due(now)) is not None:
            kind, subject = name[0], name[1]
            match kind:
                case "online":
                    self._online(self.seats[subject], now)
                case "auto-call":
                    self.ring("12000000001", Behaviour(), now, target=subject)
                case "call-back":
                    self.ring(name[2], Behaviour(), now, target=subject)
                case "orphan":
                    self._leave(subject, name[2], now)
                case _:
                    call = self.calls.get(subject)
                    if call is not None and call.phase is not Phase.ENDED:
                        self._call_timeout(kind, call, name, now)

    def _call_timeout(self, kind: str, call: Call, name: tuple[str, ...], now: float) -> None:
        match kind:
            case "distribute":
                self._distribute(now)
            case "offer":
                self._withdraw(call, now, declined=True)
            case "give-up" | "queue":
                self.customer_hangs_up(call.cc, now)
            case "leg":
                self.leg_failed(call.cc, name[2], now)
            case "reply":
                self._accept_dial(call, now)
            case "answer":
                self._customer_answers(call, now)
            case "hang-up":
                self.customer_hangs_up(call.cc, now)
            case "ring" if call.kind == "internal":
                self._say(call.caller, m.CallinFailed(call.cc))
                self._cancel_offer(call)
                self._finish(call, NOT_CONNECTED, "", now)
            case "ring":
                if self._inside(call):
                    self._say(call.caller, m.CallinFailed(call.cc))
                self._finish(call, NOT_CONNECTED, "", now)

    # ------------------------------------------------------------ seats

    def registered(self, un: str, now: float, *, fresh: bool) -> None:
        """An agent's registration. `fresh`: a first one, or one over a new connection; a mere
        refresh changes nothing."""
        seat = self.seats[un]
        seat.reachable = True
        if seat.registered and not fresh:
            return
        seat.registered = True
        self._timers.set(now + self.times.online, "online", un)
        call = self.calls.get(seat.call)
        if call and call.parties[un].leg is LegState.UP:
            self._timers.drop("orphan", call.cc, un)

    def _online(self, seat: Seat, now: float) -> None:
        if not seat.registered:
            return
        if seat.status == OFFLINE:
            seat.status = IDLE
        self._say(seat.un, m.StatusChanged(seat.status))
        self._became_idle(seat, now)

    def _became_idle(self, seat: Seat, now: float) -> None:
        if seat.status != IDLE:
            return
        seat.idle_since = now
        if not seat.been_idle and self.auto_call is not None:
            seat.been_idle = True
            self._timers.set(now + self.auto_call, "auto-call", seat.un)
        self._distribute(now)

    def unregistered(self, un: str, now: float) -> None:
        """Signed out, expired or kicked: calls of the seat end, offers go on to others."""
        seat = self.seats[un]
        self._timers.drop("online", un)
        self._timers.drop("auto-call", un)
        if seat.call:
            self._leave(seat.call, un, now)
        seat.registered = seat.reachable = seat.busy_after = False
        seat.status, seat.gid, seat.fixed, seat.been_idle = OFFLINE, "0", True, False
        seat.call = ""

    def kick(self, un: str, r: str, now: float) -> None:
        """Sign an agent out: 895 someone else signed in, 897, 898, 899."""
        seed = self.world.agents[un]
        seat = self.seats[un]
        if seat.call:
            self._leave(seat.call, un, now)
        self._say(un, m.Kicked(un, seed.name, r, self.world.eid))
        self.unregistered(un, now)

    def flow(self, un: str, up: bool, now: float) -> None:
        """The agent's WebSocket came or went; the registration stands."""
        self.seats[un].reachable = up
        if up:
            self._distribute(now)

    def set_status(self, un: str, status: int, now: float) -> None:
        """The platform itself sets a status, and says so."""
        seat = self.seats[un]
        seat.status = status
        self._say(un, m.StatusChanged(status))
        self._became_idle(seat, now)

    # ------------------------------------------------------------ what agents send

    def receive(self, un: str, message: m.AgentMessage, now: float) -> None:
        """A control message from a registered agent."""
        seat = self.seats[un]
        match message:
            case m.SetStatus(status):
                seat.status = BUSY if status == BUSY else IDLE
                self._became_idle(seat, now)
            case m.SetSeatMode(fixed):
                seat.fixed = fixed
            case m.JoinGroup(gid, _):
                seat.gid = gid if gid in self.world.agents[un].gids else "0"
                self._distribute(now)
            case m.QueryCall():
                self._query(seat)
            case m.DialOutside():
                self._dial(seat, message.number, look_up(message.number), "out", now)
            case m.DialExtension():
                inside = look_up_inside(message.number, self.world)
                if inside is None:
                    self._dial_agent(seat, message.number, now)
                else:
                    self._dial(seat, message.number, inside, "inside", now)
            case m.StatusAfterCall(cc, busy):
                known = bool(seat.call) and cc in ("", seat.call)
                seat.busy_after = busy if known else seat.busy_after
                self._say(un, m.StatusAfterCallResponse("200" if known else "502", cc))
            case m.Transfer(cc):
                self._say(un, m.TransferFailed(cc))
            case m.Threeway(cc):
                self._say(un, m.ThreewayResponse(cc, "1", "not offered by this sandbox"))
            case m.Answer(cc) | m.HangUp(cc) | m.Hold(cc) | m.Resume(cc):
                call = self.calls.get(cc)
                if call is None or un not in call.parties or call.phase is Phase.ENDED:
                    return
                self._about_call(seat, call, message, now)

    def _about_call(self, seat: Seat, call: Call, message: m.AgentMessage, now: float) -> None:
        match message:
            case m.Answer() if call.phase is Phase.OFFERED and call.callee == seat.un:
                call.phase = Phase.CONNECTING
                self._timers.drop("offer", call.cc)
                self._timers.drop("give-up", call.cc)
                self._timers.drop("queue", call.cc)
                self._timers.drop("ring", call.cc)
                self._open(call, seat.un, now)
            case m.HangUp() if call.phase is Phase.OFFERED and call.callee == seat.un:
                if call.kind == "internal":
                    self._cancel_offer(call)
                    self._finish(call, NOT_CONNECTED, "", now)
                else:
                    self._withdraw(call, now, declined=True)
            case m.HangUp() if call.phase is Phase.UP:
                self._finish(call, AGENT_HUNG_UP, seat.un, now)
            case m.HangUp():
                self._cancel_offer(call)
                self._finish(call, NOT_CONNECTED, seat.un, now)
            case m.Hold() | m.Resume() if call.phase is Phase.UP:
                call.parties[seat.un].holding = isinstance(message, m.Hold)
                self._actions.append(Route(call.cc))

    def _query(self, seat: Seat) -> None:
        call = self.calls.get(seat.call)
        if call is None:
            self._say(seat.un, m.NoCall())
        elif call.phase is Phase.UP:
            self._say(seat.un, m.Answered(call.cc, *self._shown(call, seat.un)))
            party = call.parties[seat.un]
            if party.leg is LegState.LOST:
                party.leg = LegState.OPENING
                self._actions.append(OpenLeg(call.cc, seat.un))
            elif party.leg is LegState.UP:
                self._actions.append(ProbeLeg(call.cc, seat.un))
        elif call.caller == seat.un:
            self._respond_dial(call, "200", "")
        else:
            self._say(seat.un, m.NewCall(call.cc, *self._shown(call, seat.un)))

    # ------------------------------------------------------------ calls to agents

    def ring(
        self, number: str, behaviour: Behaviour, now: float, *, target: str = "", gid: str = ""
    ) -> str:
        """A customer calls one agent, or a group; the ccNumber. With both, others of the group
        get the call when the agent declines."""
        call = self._new_call("in", number, behaviour, now)
        call.target, call.gid = target, gid
        self._timers.set(now + self.times.queue, "queue", call.cc)
        if behaviour.give_up_after is not None:
            self._timers.set(now + behaviour.give_up_after, "give-up", call.cc)
        self._distribute(now)
        return call.cc

    def _idle(self, seat: Seat) -> bool:
        return (
            seat.registered
            and seat.reachable
            and seat.status == IDLE
            and seat.fixed
            and not seat.call
        )

    def _distribute(self, now: float) -> None:
        for call in list(self.calls.values()):
            if call.phase is not Phase.QUEUED or call.kind != "in":
                continue
            idle = [
                seat
                for seat in self.seats.values()
                if self._idle(seat)
                and (seat.un == call.target or (call.gid and seat.gid == call.gid))
            ]
            fresh = [seat for seat in idle if seat.un not in call.declined] or idle
            fresh.sort(key=lambda seat: (seat.un != call.target, seat.idle_since))
            if fresh:
                self._offer(call, fresh[0], now)

    def _offer(self, call: Call, seat: Seat, now: float) -> None:
        call.phase, call.callee = Phase.OFFERED, seat.un
        call.offers += 1
        call.parties[seat.un] = Party(seat.un)
        seat.call = call.cc
        self._say(seat.un, m.NewCall(call.cc, *self._shown(call, seat.un)), 2)
        if call.kind == "in":
            self._timers.set(now + self.times.offer, "offer", call.cc)

    def _cancel_offer(self, call: Call) -> None:
        """101 to whom it is being offered, if anybody."""
        if call.phase is Phase.OFFERED and call.callee:
            self._say(call.callee, m.CancelCall(call.cc), 2)
            self.seats[call.callee].call = ""
            call.parties.pop(call.callee)
            call.callee = ""

    def _withdraw(self, call: Call, now: float, *, declined: bool) -> None:
        """The offer is over here; the call goes on to others, or straight back."""
        if declined:
            call.declined.add(call.callee)
        self._cancel_offer(call)
        self._timers.drop("offer", call.cc)
        call.phase = Phase.QUEUED
        self._timers.set(now + self.times.reoffer, "distribute", call.cc)

    def customer_hangs_up(self, cc: str, now: float) -> bool:
        """The customer gives up, or hangs up; False when there is no such call any more."""
        call = self.calls.get(cc)
        if call is None or call.phase is Phase.ENDED or call.kind == "internal":
            return False
        self._cancel_offer(call)
        self._finish(call, CUSTOMER_HUNG_UP if call.phase is Phase.UP else NOT_CONNECTED, "", now)
        return True

    # ------------------------------------------------------------ calls by agents

    def _dial(self, seat: Seat, number: str, how: Behaviour, kind: str, now: float) -> None:
        """To a customer ("out"), or to a simulated extension ("inside")."""
        if self.mute_dial or how.reply_after is None:
            return
        call = self._new_call(kind, number, how, now)
        call.caller = seat.un
        if seat.call or not seat.registered:
            self._refuse_dial(call, "502", "wrong state", now)
        elif how.refuse:
            if how.call_back_after is not None:
                self._timers.set(now + how.call_back_after, "call-back", seat.un, number)
            self._refuse_dial(call, how.refuse, how.info, now)
        else:
            self._claim(call, seat)
            self._timers.set(now + how.reply_after, "reply", call.cc)
            if how.reply_after == 0:
                self._timers.drop("reply", call.cc)
                self._accept_dial(call, now)

    def _dial_agent(self, seat: Seat, number: str, now: float) -> None:
        if self.mute_dial:
            return
        call = self._new_call("internal", number, Behaviour(voice="silent"), now)
        call.caller = seat.un
        other = self.seats[number]
        if seat.call or not seat.registered:
            self._refuse_dial(call, "502", "wrong state", now)
        elif not (other.registered and other.reachable):
            self._refuse_dial(call, "502", "the extension is offline", now)
        elif other is seat or not self._idle(other):
            self._refuse_dial(call, "503", "busy", now)
        else:
            self._claim(call, seat)
            self._accept_dial(call, now)

    def _claim(self, call: Call, seat: Seat) -> None:
        seat.call = call.cc
        call.parties[seat.un] = Party(seat.un)

    def _accept_dial(self, call: Call, now: float) -> None:
        call.phase = Phase.DIALING
        self._respond_dial(call, "200", "")
        self._open(call, call.caller, now)

    def _refuse_dial(self, call: Call, r: str, info: str, now: float) -> None:
        self._respond_dial(call, r, info)
        call.phase, call.ended_at, call.reason = Phase.ENDED, now, r

    def _respond_dial(self, call: Call, r: str, info: str) -> None:
        number, eid = self._shown(call, call.caller)
        if eid:
            self._say(call.caller, m.CallinResponse(r, call.cc, number, info, eid))
        else:
            self._say(call.caller, m.CalloutResponse(r, call.cc, number, info))

    def _customer_answers(self, call: Call, now: float) -> None:
        if call.phase is Phase.RINGING:
            self._timers.drop("ring", call.cc)
            self._connect(call, now)

    # ------------------------------------------------------------ legs

    def _open(self, call: Call, un: str, now: float) -> None:
        if self.seats[un].line != VOIP:
            # The agent's own telephone rings and is picked up: no leg of ours.
            call.parties[un].leg = LegState.UP
            self._leg_is_up(call, un, now)
            return
        call.parties[un].leg = LegState.OPENING
        self._timers.set(now + self.times.leg, "leg", call.cc, un)
        if call.behaviour.leg:
            self._actions.append(OpenLeg(call.cc, un))

    def leg_up(self, cc: str, un: str, now: float) -> None:
        """The leg is there: answered, acknowledged, and tied to its call."""
        call = self.calls.get(cc)
        if call is None or un not in call.parties or call.phase is Phase.ENDED:
            self._actions.append(CloseLeg(cc, un))
            return
        call.parties[un].leg = LegState.UP
        self._timers.drop("leg", cc, un)
        self._timers.drop("orphan", cc, un)
        self._leg_is_up(call, un, now)

    def _leg_is_up(self, call: Call, un: str, now: float) -> None:
        if call.phase is Phase.DIALING:
            call.phase = Phase.RINGING
            self._actions.append(Route(call.cc))
            if call.kind == "internal":
                self._timers.set(now + self.times.ring_inside, "ring", call.cc)
                other = self.seats[call.number]
                if self._idle(other):
                    self._offer(call, other, now)
                return
            patience = self.times.ring_inside if self._inside(call) else self.times.ring
            self._timers.set(now + patience, "ring", call.cc)
            if call.behaviour.answer_after is not None:
                self._timers.set(now + call.behaviour.answer_after, "answer", call.cc)
        elif call.phase is Phase.CONNECTING:
            self._connect(call, now)
        else:
            self._actions.append(Route(call.cc))

    def _connect(self, call: Call, now: float) -> None:
        call.phase, call.up_at = Phase.UP, now
        for un in call.parties:
            self._say(un, m.Answered(call.cc, *self._shown(call, un)))
        self._actions.append(Route(call.cc))
        if call.behaviour.hang_up_after is not None:
            self._timers.set(now + call.behaviour.hang_up_after, "hang-up", call.cc)

    def leg_failed(self, cc: str, un: str, now: float) -> None:
        """The leg was refused, or did not come up in time."""
        call = self.calls.get(cc)
        if call is None or call.phase is Phase.ENDED or un not in call.parties:
            return
        if call.phase is Phase.UP:
            self.leg_lost(cc, un, now)
        else:
            self._finish(call, NOT_CONNECTED, "", now)

    def leg_lost(self, cc: str, un: str, now: float) -> None:
        """Audio from the agent has stopped for good. The call waits for the agent to ask."""
        call = self.calls.get(cc)
        if call is None or call.phase is not Phase.UP or un not in call.parties:
            return
        call.parties[un].leg = LegState.LOST
        self._timers.set(now + self.times.orphan, "orphan", cc, un)
        self._actions += [CloseLeg(cc, un), Route(cc)]

    def leg_asked_again(self, cc: str, un: str, now: float) -> None:
        """A probe that a query caused found no audio: build the leg anew."""
        call = self.calls.get(cc)
        if call is None or call.phase is not Phase.UP or un not in call.parties:
            return
        self.leg_lost(cc, un, now)
        call.parties[un].leg = LegState.OPENING
        self._actions.append(OpenLeg(cc, un))

    def leg_hung_up(self, cc: str, un: str, now: float) -> None:
        """The agent's end said BYE: as good as a hang-up."""
        call = self.calls.get(cc)
        if call is not None and call.phase is not Phase.ENDED and un in call.parties:
            call.parties[un].leg = LegState.NONE
            self._leave(cc, un, now)

    # ------------------------------------------------------------ the end

    def _leave(self, cc: str, un: str, now: float) -> None:
        """The agent is gone from the call, whatever its phase."""
        call = self.calls.get(cc)
        if call is None or call.phase is Phase.ENDED or un not in call.parties:
            return
        if call.phase is Phase.OFFERED and call.callee == un and call.kind == "in":
            self._withdraw(call, now, declined=True)
        else:
            reason = AGENT_HUNG_UP if call.phase is Phase.UP else NOT_CONNECTED
            self._cancel_offer(call)
            self._finish(call, reason, un, now)

    def _finish(self, call: Call, reason: str, by: str, now: float) -> None:
        """End a call. `by` is the agent who hung up, "" for the customer or a time-out; the other
        agent of an internal call hears 25: for that one the far side hung up."""
        call.phase, call.ended_at, call.reason = Phase.ENDED, now, reason
        self._timers.drop("orphan", call.cc)
        for kind in ("offer", "give-up", "queue", "leg", "reply", "answer", "ring", "hang-up"):
            self._timers.drop(kind, call.cc)
        length = None if call.up_at is None else int(now - call.up_at)
        for un, party in call.parties.items():
            seat = self.seats[un]
            mine = reason
            if reason == AGENT_HUNG_UP and by and un != by:
                mine = CUSTOMER_HUNG_UP
            stamp = self._wall() // 1000 if length is None else length
            self._say(un, m.Ended(call.cc, mine, stamp))
            if party.leg is not LegState.NONE:
                self._actions.append(CloseLeg(call.cc, un))
            seat.call = ""
            if seat.registered:
                seat.status = BUSY if seat.busy_after else IDLE
                seat.busy_after = False
                self._say(un, m.StatusChanged(seat.status))
        self._actions.append(Route(call.cc))
        for un in list(call.parties):
            if self.seats[un].registered:
                self._became_idle(self.seats[un], now)
        if call.behaviour.call_back_after is not None and (who := call.caller or call.callee):
            when = now + call.behaviour.call_back_after
            self._timers.set(when, "call-back", who, call.number)
        self._forget()

    # ------------------------------------------------------------ small things

    def _new_call(self, kind: str, number: str, behaviour: Behaviour, now: float) -> Call:
        digits = self._rng.randrange(10**4)
        cc = f"{self._wall()}{digits:04d}conf_{self._wall()}"
        call = Call(cc, kind, number, replace(behaviour), now)
        self.calls[cc] = call
        return call

    def _forget(self) -> None:
        ended = [call.cc for call in self.calls.values() if call.phase is Phase.ENDED]
        for cc in ended[:-KEEP_ENDED]:
            del self.calls[cc]

    def _inside(self, call: Call) -> bool:
        return call.kind in ("inside", "internal")

    def _shown(self, call: Call, un: str) -> tuple[str, str]:
        """The other side as this agent is told: number, and the id of an extension."""
        if call.kind == "internal":
            return (call.number if un == call.caller else call.caller), self.world.eid
        return call.number, self.world.eid if call.kind == "inside" else ""

    def _say(self, un: str, message: m.PlatformMessage, copies: int = 1) -> None:
        self._actions.append(Say(un, message, copies))
