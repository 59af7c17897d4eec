"""The PBX, sans I/O: control messages, reports of legs and timers in, actions out.

`receive`, `ring`, `leg_up` and the like take the instant as an argument and queue actions; the
caller drains `actions()` and asks `next_deadline()`. The flows are those of the specification's
charts, the edges those that this project assumes: every 100 and 101 goes out twice, a call
declined by the only idle agent comes straight back, "idle" follows every call.
"""

from __future__ import annotations

from tui.platform import messages as m
from tui.sandbox.calls import (
    BUSY,
    IDLE,
    OFFLINE,
    VOIP,
    Call,
    GuestState,
    LegState,
    OpenLeg,
    Phase,
    ProbeLeg,
    Route,
    Seat,
    Speak,
)
from tui.sandbox.dialplan import Behaviour, look_up, look_up_inside
from tui.sandbox.keys import heard
from tui.sandbox.offers import AGENT_HUNG_UP, CUSTOMER_HUNG_UP, NOT_CONNECTED
from tui.sandbox.phones import Phones


class Pbx(Phones):
    """The whole of it: timers, seats, and what agents send."""

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
                case "handover":
                    self._handed_over(subject, name[2], now)
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
            case "pick-up":
                self.phone_picks_up(name[2], now)
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
            case "guest-ring":
                self._guest_fails(call, now)
            case "guest-answer":
                self.third_answers(call, now)
            case "guest-hang-up":
                self.third_hangs_up(call, now)
            case "left":
                self._finish(call, CUSTOMER_HUNG_UP, "", now)

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
        if call and un in call.parties and call.parties[un].leg is LegState.UP:
            self._timers.drop("orphan", call.cc, un)

    def _online(self, seat: Seat, now: float) -> None:
        if not seat.registered:
            return
        if seat.status == OFFLINE:
            seat.status = IDLE
        self._say(seat.un, m.StatusChanged(seat.status))
        self._became_idle(seat, now)

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

    def after_call_work(self, un: str) -> None:
        """The platform keeps the seat out of the queue, and says so (6)."""
        self.seats[un].status = BUSY
        self._say(un, m.AfterCallWork())

    def digit(self, cc: str, un: str, digit: str, ms: int, now: float) -> None:
        """The agent typed a digit. A party with a menu puts through who types its code."""
        call = self.calls.get(cc)
        if call is None or call.phase is Phase.ENDED or un not in call.parties:
            return
        call.keys.append(heard(call.keys, un, digit, ms, now))
        typed = "".join(key.digit for key in call.keys if key.taken)
        how = call.behaviour
        if call.phase is Phase.UP and how.code and not call.through and typed.endswith(how.code):
            call.through = True
            self._actions.append(Speak(cc, how.then))

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
                if self.fault("next-status", un):
                    return
                known = bool(seat.call) and cc in ("", seat.call)
                seat.busy_after = busy if known else seat.busy_after
                self._say(un, m.StatusAfterCallResponse("200" if known else "502", cc))
            case m.Transfer():
                self._transfer(seat, message, now)
            case m.Threeway() if seat.generation == 1:
                return  # nobody there knows such a message
            case m.Threeway():
                self._threeway(seat, message, now)
            case m.Answer(cc) | m.HangUp(cc) | m.Hold(cc) | m.Resume(cc):
                call = self.calls.get(cc)
                if call is None or un not in call.parties or call.phase is Phase.ENDED:
                    return
                self._about_call(seat, call, message, now)

    def _about_call(self, seat: Seat, call: Call, message: m.AgentMessage, now: float) -> None:
        guest = call.guest
        match message:
            case m.Answer() if guest is not None and guest.un == seat.un:
                if guest.state is GuestState.RINGING:
                    self._agent_joins(call, guest, now)
            case m.HangUp() if guest is not None:
                self._leave(call.cc, seat.un, now)
            case m.Hold() if guest is not None:
                pass  # refused: see `refuses`
            case m.Answer() if call.phase is Phase.OFFERED and call.callee == seat.un:
                self._answer_offer(call, seat.un, now)
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
        if call is None or seat.un not in call.parties:
            self._say(seat.un, m.NoCall())
        elif call.third == seat.un and call.parties[seat.un].leg is LegState.NONE:
            self._say(seat.un, m.NewCall(call.cc, *self._shown(call, seat.un)))
        elif call.phase is Phase.UP:
            self._say(seat.un, m.Answered(call.cc, *self._shown(call, seat.un)))
            party = call.parties[seat.un]
            if party.leg is LegState.LOST:
                party.leg = LegState.OPENING
                self._actions.append(OpenLeg(call.cc, seat.un))
            elif party.leg is LegState.UP and seat.line == VOIP:
                self._actions.append(ProbeLeg(call.cc, seat.un))
        elif call.caller == seat.un:
            self._respond_dial(call, "200", "")
        else:
            self._say(seat.un, m.NewCall(call.cc, *self._shown(call, seat.un)))
