"""What somebody gave up is never carried out later, and what he does now waits behind nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sip.agents import PBX, XML, config
from tests.sip.registrar import Desk, answer
from tui.sip import Ignored, Request, RequestOutcome

OTHER = "sip:other@example.test"


class Sender(Desk):
    """An agent with a flow that sends messages to the PBX, which may not answer."""

    def __init__(self) -> None:
        super().__init__(config(register=False))
        self.sent: list[Request] = []

    def send(self, body: str, *, urgent: bool = False, target: str = PBX) -> str:
        agent = self.side.agent
        return agent.send_message(target, body.encode(), XML, self.now, urgent=urgent)

    def bodies(self) -> list[str]:
        """What goes out now."""
        requests = [each for each in self.side.messages() if isinstance(each, Request)]
        self.sent += requests
        return [request.body.decode() for request in requests]

    def ok(self, number: int) -> None:
        self.side.agent.receive_data(answer(self.sent[number], 200), self.now)


def test_one_under_way_that_is_given_up_is_ended_and_the_next_goes() -> None:
    desk = Sender()
    first, second = desk.send("hold"), desk.send("hang up")
    assert desk.bodies() == ["hold"]
    assert desk.side.agent.withdraw(first, desk.now)
    assert desk.bodies() == ["hang up"]
    desk.ok(0)
    assert not desk.side.all(Ignored), "a late answer to what was given up is no news"
    desk.ok(1)
    assert [outcome.id for outcome in desk.side.all(RequestOutcome)] == [second]
    assert desk.side.agent.next_deadline() is None


def test_a_late_answer_is_taken_without_a_word_for_the_newest_16_that_were_given_up() -> None:
    desk = Sender()
    for number in range(17):
        id = desk.send(str(number))
        desk.bodies()
        desk.side.agent.withdraw(id, desk.now)
    desk.ok(16)
    desk.ok(1)
    assert not desk.side.all(Ignored)
    desk.ok(0)
    assert desk.side.one(Ignored) == Ignored(
        "a 200 to a MESSAGE that nothing waits for", stray=True
    )


def test_one_that_waits_and_is_given_up_never_goes_out() -> None:
    desk = Sender()
    ids = [desk.send(body) for body in "abc"]
    assert desk.bodies() == ["a"]
    assert desk.side.agent.withdraw(ids[1], desk.now)
    assert desk.bodies() == []
    desk.ok(0)
    assert desk.bodies() == ["c"]
    desk.ok(1)
    assert [outcome.id for outcome in desk.side.all(RequestOutcome)] == [ids[0], ids[2]]


def test_what_is_over_or_was_never_there_cannot_be_given_up() -> None:
    desk = Sender()
    id = desk.send("a")
    desk.bodies()
    desk.ok(0)
    assert not desk.side.agent.withdraw(id, desk.now)
    assert not desk.side.agent.withdraw("nothing", desk.now)
    other = desk.send("b")
    desk.send("c", target=OTHER)
    assert not desk.side.agent.withdraw("nothing", desk.now)
    assert desk.side.agent.withdraw(other, desk.now)
    assert not desk.side.agent.withdraw(other, desk.now)


def test_an_answer_goes_out_at_once_beside_a_status_that_is_not_confirmed() -> None:
    desk = Sender()
    desk.send("busy")
    desk.send("group")
    assert desk.bodies() == ["busy"]
    urgent = desk.send("answer", urgent=True)
    assert desk.bodies() == ["answer"]
    desk.ok(1)
    assert desk.side.one(RequestOutcome).id == urgent
    assert desk.bodies() == []
    desk.ok(0)
    assert desk.bodies() == ["group"]


def test_an_urgent_one_with_nothing_before_it_keeps_its_place_in_the_queue() -> None:
    desk = Sender()
    desk.send("answer", urgent=True)
    desk.send("busy")
    assert desk.bodies() == ["answer"]
    desk.ok(0)
    assert desk.bodies() == ["busy"]


@pytest.mark.parametrize("method", ["OPTIONS", "SUBSCRIBE"])
def test_any_other_request_can_be_given_up_too(method: str) -> None:
    desk = Sender()
    if method == "OPTIONS":
        id = desk.side.agent.options(PBX, desk.now)
    else:
        id = desk.side.agent.send_request(method, PBX, (), b"", desk.now)
    desk.bodies()
    assert desk.side.agent.withdraw(id, desk.now)
    desk.ok(0)
    assert desk.side.all(RequestOutcome) == []
    assert desk.side.agent.next_deadline() is None


def test_what_waits_for_one_peer_does_not_stop_another() -> None:
    desk = Sender()
    desk.send("a")
    first = desk.send("b", target=OTHER)
    assert desk.bodies() == ["a", "b"]
    desk.side.agent.withdraw(first, desk.now)
    desk.send("c", target=OTHER)
    assert desk.bodies() == ["c"]


def test_one_given_up_after_the_flow_is_lost_takes_nothing_along() -> None:
    desk = Sender()
    ids = [desk.send(body) for body in "ab"]
    desk.bodies()
    desk.side.agent.connection_lost(desk.now)
    assert [outcome.status for outcome in desk.side.all(RequestOutcome)] == [503, 503]
    assert not any(desk.side.agent.withdraw(id, desk.now) for id in ids)


STEPS = st.lists(
    st.sampled_from(["send", "urgent", "give up oldest", "give up newest", "200", "503", "wait"]),
    max_size=40,
)


@given(STEPS)
def test_in_any_order_nothing_given_up_goes_out_later_and_no_queue_stands_still(
    steps: list[str],
) -> None:
    desk = Sender()
    alive: dict[str, str] = {}
    given_up: set[str] = set()
    answered: set[int] = set()
    for number, step in enumerate(steps):
        body = f"m{number}"
        if step in ("send", "urgent"):
            alive[body] = desk.send(body, urgent=step == "urgent")
        elif step.startswith("give up") and alive:
            chosen = list(alive)[0 if step.endswith("oldest") else -1]
            desk.side.agent.withdraw(alive.pop(chosen), desk.now)
            given_up.add(chosen)
        elif step in ("200", "503"):
            open_ = [n for n in range(len(desk.sent)) if n not in answered]
            if open_:
                answered.add(open_[0])
                wire = answer(desk.sent[open_[0]], int(step))
                desk.side.agent.receive_data(wire, desk.now)
        elif step == "wait":
            desk.now += 1.0
            desk.side.agent.handle_timeout(desk.now)
        went = desk.bodies()
        assert not given_up & set(went)
        over = {event.id for event in desk.side.all(RequestOutcome)}
        alive = {body: id for body, id in alive.items() if id not in over}
        sent = {request.body.decode() for request in desk.sent}
        assert not alive or sent & set(alive), "what waits has nobody before it"
