"""Whatever a notifier does in whatever order: nothing is raised, nothing waits without an end, and
each handle ends once."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sip.notifier import Notifier
from tests.sip.registrar import answer
from tests.sip.ua.requests import ask
from tui.sip import Notified, Request, Response, SubscriptionEnded, parse_message
from tui.sip.message.subscription_state import read_subscription_state
from tui.sip.ua.subscription.usage import SubscriptionPhase

Step = Callable[["_Walk"], None]


class _Walk:
    """One subscription, and a notifier that does as it likes."""

    def __init__(self) -> None:
        self.us = Notifier(expires=120)
        self.asked: list[Request] = []
        self.cseq = 0
        self.up = True
        self.drain()

    def drain(self) -> None:
        for data in self.us.desk.side.take():
            message = parse_message(data)
            if isinstance(message, Request):
                assert message.method == "SUBSCRIBE"
                self.asked.append(message)
            else:
                assert isinstance(message, Response)

    def respond(self, age: int, status: int, lines: tuple[tuple[str, str], ...]) -> None:
        request = self.asked[-1 - age % len(self.asked)]
        self.us.agent.receive_data(answer(request, status, *lines), self.us.desk.now)

    def notify(self, age: int, state: str, tag: str, gap: int) -> None:
        self.cseq = max(1, self.cseq + gap)
        asked = self.asked[-1 - age % len(self.asked)]
        wire = ask(
            "NOTIFY",
            uri="sip:1001_00011170@aaaa.invalid;transport=ws",
            from_=f"<sip:1002@example.test>;tag={tag}",
            to=asked.headers.get("From") or "",
            call_id=asked.call_id,
            cseq=str(self.cseq),
            branch=f"z9hG4bK{len(self.us.desk.side.events)}-{self.cseq}-{tag}",
            lines=(("Event", "dialog"), ("Subscription-State", state)),
            body=b"x",
        )
        self.us.agent.receive_data(wire, self.us.desk.now)

    def flow(self) -> None:
        self.up = not self.up
        if self.up:
            self.us.agent.connection_made(self.us.desk.now)
        else:
            self.us.agent.connection_lost(self.us.desk.now)

    def refresh(self) -> None:
        if not self.over:
            self.us.agent.refresh_subscription(self.us.handle, self.us.desk.now)

    def leave(self) -> None:
        if not self.over:
            self.us.agent.unsubscribe(self.us.handle, self.us.desk.now)

    @property
    def over(self) -> bool:
        return any(each.final for each in self.us.desk.side.all(SubscriptionEnded))

    def check(self) -> None:
        self.drain()
        agent = self.us.agent
        left = list(agent._subscriptions._all.values())
        if left:
            assert (agent.next_deadline() is not None) is self.up
            assert self.over is (left[0].phase is SubscriptionPhase.LEAVING)
        else:
            assert self.over
            assert agent.next_deadline() is None
        ends = self.us.desk.side.all(SubscriptionEnded)
        assert [each.final for each in ends[:-1]] == [False] * (len(ends) - 1 if ends else 0)


_STATES = st.sampled_from(
    [
        *("active", "active;expires=0", "active;expires=60", "pending", "", "?;?;expires=x"),
        *("terminated", "terminated;reason=deactivated", "terminated;reason=timeout"),
        *("terminated;reason=rejected", "terminated;reason=giveup;retry-after=3"),
    ]
)
_LINES = st.sampled_from(
    [(), (("Expires", "60"),), (("Expires", "0"),), (("Min-Expires", "90"),),
     (("Retry-After", "5"),), (("Expires", "99999999999999"), ("Contact", "<<"))]
)  # fmt: skip
_STATUS = st.sampled_from([100, 200, 202, 204, 302, 403, 408, 423, 481, 489, 500, 503, 603])
_STEPS: st.SearchStrategy[Step] = st.one_of(
    st.builds(
        lambda age, status, lines: lambda walk: walk.respond(age, status, lines),
        st.integers(0, 2), _STATUS, _LINES,
    ),
    st.builds(
        lambda age, state, tag, gap: lambda walk: walk.notify(age, state, tag, gap),
        st.integers(0, 2), _STATES, st.sampled_from(["srv", "srv", "fork"]), st.integers(-1, 2),
    ),
    st.builds(lambda seconds: lambda walk: walk.us.go(seconds), st.sampled_from([1, 10, 32, 70])),
    st.just(_Walk.flow),
    st.just(_Walk.refresh),
    st.just(_Walk.leave),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(_STEPS, max_size=25))
def test_any_order_of_what_may_come_leaves_nothing_waiting(steps: list[Step]) -> None:
    walk = _Walk()
    for step in steps:
        step(walk)
        walk.check()
    if not walk.up:
        walk.flow()
    walk.leave()
    walk.us.go(100)
    walk.check()
    assert walk.us.left() == 0
    last = max(index for index, each in enumerate(walk.us.desk.side.events)
               if isinstance(each, SubscriptionEnded))  # fmt: skip
    assert not any(isinstance(each, Notified) for each in walk.us.desk.side.events[last:])


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80) | st.from_regex(r"[a-z]*(;[a-z-]+=[0-9a-z\"]*){0,4}", fullmatch=True))
def test_any_state_header_is_read(text: str) -> None:
    said = read_subscription_state(text)
    assert said.state
    for number in (said.expires, said.retry_after):
        assert number is None or 0 <= number < 10**10
