"""Nothing waits without an end: each state of each machine but the resting ones has a deadline, and
an agent that nobody answers comes to rest by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.sip.agents import ANSWER, OFFER, PBX, XML, Side, config
from tests.sip.notifier import Notifier
from tests.sip.registrar import Desk, answer
from tests.sip.ua.calls import CONTACT, SDP, Called, Caller
from tests.sip.ua.requests import ask
from tui.sip import InviteRefused, ReinviteRefused, Request, parse_message
from tui.sip.transaction.machines import (
    CLIENT,
    DURATION,
    INVITE_CLIENT,
    INVITE_SERVER,
    SERVER,
    TransactionState,
)
from tui.sip.ua.call import CallPhase
from tui.sip.ua.registration import RegistrationState
from tui.sip.ua.subscription.usage import SubscriptionPhase

LONG = 2 * 3600.0
"""Seconds after which an agent that nobody answers has long come to rest."""


def called(**changes: object) -> Called:
    return Called(session_expires=0, transfers=True, **changes)


def refer(callee: Called) -> None:
    callee.inside("REFER", lines=(("Refer-To", "<sip:third@example.test>"),))


def _calling() -> Side:
    return Caller().side


def _ringing(*statuses: int) -> Side:
    caller = Caller()
    for status in statuses:
        caller.hear(status)
    return caller.side


def _cancelled(*statuses: int) -> Side:
    caller = Caller()
    for status in statuses:
        caller.hear(status)
    caller.side.agent.cancel(caller.call, caller.now)
    return caller.side


def _offered_late() -> Side:
    desk = Desk(config(register=False, session_expires=0))
    desk.side.agent.invite("sip:1002@example.test", None, desk.now)
    ok = answer(desk.request(), 200, CONTACT, SDP, body=OFFER)
    desk.side.agent.receive_data(ok, desk.now)
    return desk.side


def _answered() -> Side:
    caller = Caller()
    caller.hear_ok()
    return caller.side


def _invited(command: Callable[[Called, str], object] | None = None) -> Side:
    callee = called()
    call = callee.invite()
    if command is not None:
        command(callee, call)
    return callee.us


def _rings_unconfirmed() -> Side:
    callee = called()
    call = callee.invite(lines=(("Require", "100rel"),))
    callee.us.agent.ring(call, 0.0)
    return callee.us


def _confirmed() -> Side:
    caller = Caller()
    caller.hear(180, ("Require", "100rel"), ("RSeq", "7"), CONTACT)
    assert caller.methods() == ["PRACK"]
    return caller.side


def _hung_up_early(callee: Called, call: str) -> None:
    callee.us.agent.accept(call, ANSWER, 0.0)
    callee.us.agent.bye(call, 0.0)


def _up(*commands: Callable[[Called, str], object]) -> Side:
    callee = called()
    call = callee.up()
    for command in commands:
        command(callee, call)
    return callee.us


def _reinvite(callee: Called, call: str) -> None:
    callee.us.agent.reinvite(call, OFFER, 0.0)


def _hear(status: int) -> Callable[[Called, str], object]:
    def hear(callee: Called, call: str) -> None:
        requests = [each for each in callee.us.messages() if isinstance(each, Request)]
        callee.us.agent.receive_data(answer(requests[-1], status), 0.0)

    return hear


def _theirs(callee: Called, call: str) -> None:
    callee.inside("INVITE")


def _message(count: int) -> Side:
    desk = Desk(config(register=False))
    for _ in range(count):
        desk.side.agent.send_message(PBX, b"<cc/>", XML, desk.now)
    return desk.side


def _registering(*steps: Any) -> Side:
    desk = Desk()
    for step in steps:
        step(desk)
    return desk.side


def _surfaced() -> Side:
    side = Side(config(register=False, registrar_role=True), via_host="aaaa.invalid")
    side.agent.connection_made(0.0)
    side.agent.receive_data(ask("OPTIONS"), 0.0)
    return side


def _progressing() -> Side:
    side = _surfaced()
    ((id, _),) = side.agent._incoming._surfaced.items()
    side.agent.respond(id, 100, 0.0)
    return side


def _subscribed(*steps: Callable[[Notifier], object]) -> Side:
    notifier = Notifier()
    for step in steps:
        step(notifier)
    return notifier.desk.side


def _refuse(notifier: Notifier) -> None:
    notifier.hear()
    notifier.say(503)


def _forked() -> Side:
    caller = Caller()
    caller.hear_ok("one")
    caller.hear_ok("two")
    return caller.side


STATES: dict[str, Callable[[], Side]] = {
    "our INVITE has no answer": _calling,
    "our INVITE got 100": lambda: _ringing(100),
    "our INVITE rings": lambda: _ringing(180),
    "our INVITE rings for long": lambda: _ringing(100, 180, 183),
    "our CANCEL waits for a 1xx": _cancelled,
    "our CANCEL is sent": lambda: _cancelled(180),
    "the 2xx brought an offer": _offered_late,
    "our INVITE is answered": _answered,
    "our INVITE is answered twice": _forked,
    "an INVITE came": _invited,
    "an INVITE rings": lambda: _invited(lambda callee, call: callee.us.agent.ring(call, 0.0)),
    "an INVITE rings and nobody confirms it": _rings_unconfirmed,
    "our PRACK has no answer": _confirmed,
    "an INVITE has early media": lambda: _invited(
        lambda callee, call: callee.us.agent.ring(call, 0.0, ANSWER)
    ),
    "our 2xx waits for its ACK": lambda: _invited(
        lambda callee, call: callee.us.agent.accept(call, ANSWER, 0.0)
    ),
    "our refusal waits for its ACK": lambda: _invited(
        lambda callee, call: callee.us.agent.reject(call, 486, 0.0)
    ),
    "our BYE waits for the ACK": lambda: _invited(_hung_up_early),
    "our BYE is sent": lambda: _up(lambda callee, call: callee.us.agent.bye(call, 0.0)),
    "our re-INVITE has no answer": lambda: _up(_reinvite),
    "our re-INVITE got a 1xx": lambda: _up(_reinvite, _hear(100)),
    "our re-INVITE got 491": lambda: _up(_reinvite, _hear(491)),
    "our re-INVITE is to come again": lambda: _up(
        _reinvite,
        lambda callee, call: callee.us.agent.receive_data(
            answer(callee.us.only(), 500, ("Retry-After", "5")), 0.0
        ),
    ),
    "their re-INVITE waits": lambda: _up(_theirs),
    "our 2xx to their re-INVITE waits for its ACK": lambda: _up(
        _theirs, lambda callee, call: callee.us.agent.accept_reinvite(call, ANSWER, 0.0)
    ),
    "our INFO has no answer": lambda: _up(
        lambda callee, call: callee.us.agent.info(call, "a/b", b"", 0.0)
    ),
    "our INFO got a 1xx": lambda: _up(
        lambda callee, call: callee.us.agent.info(call, "a/b", b"", 0.0), _hear(100)
    ),
    "our REFER has no answer": lambda: _up(
        lambda callee, call: callee.us.agent.refer(call, "sip:3@example.test", 0.0)
    ),
    "our REFER has no NOTIFY": lambda: _up(
        lambda callee, call: callee.us.agent.refer(call, "sip:3@example.test", 0.0), _hear(202)
    ),
    "their REFER is undecided": lambda: _up(lambda callee, call: refer(callee)),
    "their REFER is accepted": lambda: _up(
        lambda callee, call: refer(callee),
        lambda callee, call: callee.us.agent.accept_refer(call, 0.0),
    ),
    "our MESSAGE has no answer": lambda: _message(1),
    "our MESSAGEs wait behind one": lambda: _message(4),
    "a surfaced request waits": _surfaced,
    "a surfaced request got a 1xx": _progressing,
}
REGISTRATIONS: dict[str, Callable[[], Side]] = {
    "asking": _registering,
    "registered": lambda: _registering(Desk.registered),
    "waiting": lambda: _registering(lambda desk: desk.reply(desk.request(), 503)),
    "leaving": lambda: _registering(
        Desk.registered, lambda desk: desk.side.agent.unregister(desk.now)
    ),
}

SUBSCRIPTIONS: dict[str, Callable[[], Side]] = {
    "asking": _subscribed,
    "active": lambda: _subscribed(Notifier.active),
    "waiting": lambda: _subscribed(_refuse),
    "leaving": lambda: _subscribed(
        Notifier.active, lambda each: each.agent.unsubscribe(each.handle, each.desk.now)
    ),
}


@pytest.mark.parametrize("name", STATES)
def test_left_alone_every_state_comes_to_rest_by_its_own_deadlines(name: str) -> None:
    side = STATES[name]()
    agent = side.agent
    assert agent.next_deadline() is not None
    while (due := agent.next_deadline()) is not None:
        assert due < LONG, "it never comes to rest"
        agent.handle_timeout(due)
        side.take()
    context, book = agent._context, agent._book
    assert context.transactions._clients == {}
    assert context.transactions._servers == {}
    outside = agent._out_of_dialog
    assert (outside._queues, outside._under_way) == ({}, {})
    assert (agent._refer_uac._subscriptions, agent._refer_uas._referrals) == ({}, {})
    for call in book:
        assert call.phase is CallPhase.UP
        pending = (call.ours, call.ours_waits, call.theirs, call.unacked, call.unsent_ack)
        assert pending == (None,) * 5


@pytest.mark.parametrize("name", REGISTRATIONS)
def test_every_state_of_a_registration_but_the_resting_one_has_a_deadline(name: str) -> None:
    side = REGISTRATIONS[name]()
    assert side.agent._registration.state is RegistrationState(name)
    assert side.agent.next_deadline() is not None


@pytest.mark.parametrize("name", SUBSCRIPTIONS)
def test_every_state_of_a_subscription_has_a_deadline_while_there_is_a_flow(name: str) -> None:
    side = SUBSCRIPTIONS[name]()
    (subscription,) = side.agent._subscriptions._all.values()
    assert subscription.phase is SubscriptionPhase(name)
    assert side.agent.next_deadline() is not None


def test_the_walk_visits_every_state_that_there_is() -> None:
    seen: set[tuple[str, TransactionState]] = set()
    phases: set[CallPhase] = set()
    for make in STATES.values():
        agent = make().agent
        layer = agent._context.transactions
        for transaction in (*layer._clients.values(), *layer._servers.values()):
            seen.add((transaction._machine.name, transaction.state))
        phases |= {call.phase for call in (*agent._book, *agent._book._leaving)}
    for machine in (CLIENT, SERVER, INVITE_CLIENT, INVITE_SERVER):
        for state in {state for state, _ in machine.table}:
            timer = machine.timers.get(state)
            if timer is not None and not DURATION[timer]:
                continue  # passed through at once
            if (machine, state) == (SERVER, TransactionState.TRYING):
                continue  # the same owner as PROCEEDING: "a surfaced request waits"
            assert (machine.name, state) in seen, (machine.name, state)
    assert phases == set(CallPhase)
    assert {RegistrationState(name) for name in REGISTRATIONS} | {RegistrationState.IDLE} == set(
        RegistrationState
    )
    assert {SubscriptionPhase(name) for name in SUBSCRIPTIONS} == set(SubscriptionPhase)


def test_a_peer_that_answers_491_for_ever_has_refused_our_reinvite() -> None:
    callee = called()
    call = callee.up()
    callee.us.agent.reinvite(call, OFFER, 0.0)
    tries = 0
    while invites := [data for data in callee.us.take() if data.startswith(b"INVITE ")]:
        for data in invites:
            request = parse_message(data)
            assert isinstance(request, Request)
            callee.us.agent.receive_data(answer(request, 491), 0.0)
            tries += 1
        due = callee.us.agent.next_deadline()
        assert due is not None
        callee.us.agent.handle_timeout(due)
    assert callee.us.one(ReinviteRefused).status == 491
    assert tries == 65


def test_a_peer_that_raises_the_session_interval_for_ever_is_refused() -> None:
    caller = Caller()
    for number in range(9):
        caller.hear(422, ("Min-SE", str(1000 + number)))
        *_, last = caller.side.messages()
        if isinstance(last, Request) and last.method == "INVITE":
            caller.invite = last
    assert caller.side.one(InviteRefused).status == 422
