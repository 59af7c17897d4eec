"""The queues of a PBX: what is dialled, what counts as confirmed, what a queue does by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.engine.line_booth import Booth
from tests.waiting import until
from tui import sip
from tui.config.queues import QueueSettings
from tui.config.schema import Break, Profile
from tui.engine.context import Limits
from tui.engine.sip_calls.subscriptions import keeper
from tui.port import commands as c
from tui.port.commands import Result
from tui.port.machines.call_machine import CallState
from tui.port.machines.seat_machine import Status
from tui.port.queues import AgentQueue, QueueAsk, QueueCause, QueueState
from tui.port.values import Standing
from tui.presence.dialog_info import CONTENT_TYPE

DOMAIN = "pbx.example"
SUPPORT = QueueSettings(
    "Support",
    pause="*46",
    unpause="*47",
    paused_hint="p1",
    free_hint="f1",
    pauses={"lunch": "*461", "write-up": "*464"},
)
SALES = QueueSettings("Sales", pause="*56", unpause="*57", paused_hint="p2")
NIGHT = QueueSettings("Night", log_in="*1", log_out="*2", in_hint="i3")
BOTH = QueueSettings(
    "Both", log_in="*1", log_out="*2", in_hint="i4", pause="*3", unpause="*3", paused_hint="p4"
)

FLIPPED = QueueSettings("Flipped", pause="*6", unpause="*6", paused_hint="p5", free_hint="f5")


def body(on: bool, version: int) -> bytes:
    state = "confirmed" if on else "terminated"
    return (
        '<?xml version="1.0"?><dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" '
        f'version="{version}" state="full" entity="sip:x@pbx.example">'
        f'<dialog id="1"><state>{state}</state></dialog></dialog-info>'
    ).encode()


class QueueBooth(Booth):
    """A booth whose profile has queues; the test plays the PBX's hints and codes."""

    def __init__(self, *queues: QueueSettings, limits: Limits | None = None) -> None:
        breaks = (Break("lunch", "Lunch"), Break("tea", "Tea"))
        super().__init__(Profile(kind="sip", queues=queues), breaks=breaks)
        if limits is not None:
            self.context.limits = limits
        self._version = 0

    @property
    def queues(self) -> tuple[AgentQueue, ...]:
        return self.snapshot.queues

    @property
    def queue(self) -> AgentQueue:
        return self.queues[0]

    @property
    def status(self) -> Status:
        return self.snapshot.seat.status

    @property
    def reason(self) -> str:
        reason = self.snapshot.seat.reason
        return reason.id if reason is not None else ""

    def dialled(self) -> list[str]:
        """The codes that were dialled, in order."""
        return [what[0].removeprefix("sip:").partition("@")[0] for what in self.asked("invite")]

    def handle(self, hint: str) -> str:
        """The handle of the subscription to a hint."""
        return f"s{self._last('subscribe', hint)}"

    def _last(self, method: str, name: str) -> int:
        """Which of the requests of that method the last to that name was."""
        made = [what[0] for what in self.asked(method)]
        return max(n for n, target in enumerate(made, 1) if target == f"sip:{name}@{DOMAIN}")

    def out(self, code: str) -> str:
        """The handle of the call of a code, the last of several."""
        return f"out{self._last('invite', code)}"

    async def hint(self, hint: str, on: bool) -> None:
        """The PBX says that a hint is on, or off."""
        self._version += 1
        handle = self.handle(hint)
        await self.says(
            sip.SubscriptionActive(handle, "dialog", 600),
            sip.Notified(handle, "dialog", CONTENT_TYPE, body(on, self._version)),
        )

    async def until_dialled(self, *codes: str) -> None:
        await until(lambda: self.dialled() == list(codes), 10, what=self.dialled)

    async def begin(self, status: int = 1, **hints: bool) -> None:
        """The session begins, and the hints say how it stands."""
        self.control.begin(status)
        await self.settle()
        for hint, on in hints.items():
            await self.hint(hint, on)

    def ask(self, status: int, **more: Any) -> asyncio.Task[Result]:
        return asyncio.create_task(self.parts.seat.set_status(status, **more))


Make = Callable[..., QueueBooth]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    made: list[QueueBooth] = []

    def one(*queues: QueueSettings, **more: Any) -> QueueBooth:
        made.append(QueueBooth(*queues, **more))
        return made[-1]

    yield one
    for booth in made:
        await booth.close()


async def seated_idle(make: Make, *queues: QueueSettings, **more: Any) -> QueueBooth:
    """A booth whose first queue has said that the agent is in."""
    booth = make(*queues, **more)
    await booth.begin(p1=False)
    await booth.until(lambda: booth.status is Status.ONLINE)
    return booth


async def test_the_seat_is_not_idle_before_the_queue_has_said_so(make: Make) -> None:
    booth = make(SUPPORT)
    await booth.begin()
    assert (booth.status, booth.queue.state) == (Status.BUSY, QueueState.UNKNOWN)
    assert booth.snapshot.seat.unconfirmed == (Standing.STATUS,)
    assert booth.dialled() == []
    await booth.hint("p1", True)
    await booth.until_dialled("*47")
    assert (booth.status, booth.queue.ask) == (Status.BUSY, QueueAsk.UNPAUSE)
    await booth.hint("p1", False)
    await booth.until(lambda: booth.status is Status.ONLINE)
    assert (booth.queue.state, booth.queue.ask) == (QueueState.IN, QueueAsk.NONE)
    assert booth.snapshot.seat.unconfirmed == ()


async def test_a_call_rings_that_comes_before_the_queue_has_said_that_the_pause_is_over(
    make: Make,
) -> None:
    booth = make(SUPPORT)
    await booth.begin(p1=True)
    await booth.until_dialled("*47")
    await booth.rings("c1")
    assert booth.snapshot.calls[0].state is CallState.RINGING
    assert booth.asked("reject") == []
    await booth.hint("p1", False)
    await booth.until(lambda: booth.status is Status.ONLINE)


async def test_a_pause_that_comes_back_at_once_is_not_ended_again_and_the_seat_is_busy_for_it(
    make: Make,
) -> None:
    booth = await seated_idle(make, SUPPORT)
    await booth.hint("p1", True)
    idle = booth.ask(1)
    await booth.until_dialled("*47")
    handle = booth.handle("p1")
    off, on = (
        sip.Notified(handle, "dialog", CONTENT_TYPE, body(paused, version))
        for version, paused in ((90, False), (91, True))
    )
    await booth.says(off, on)  # read from the same flow, before anybody acts
    result = await idle
    assert not result.ok
    assert booth.dialled() == ["*47"]
    assert (booth.status, booth.reason) == (Status.BUSY, "queue.paused_there")
    assert (booth.queue.state, booth.queue.cause) == (QueueState.PAUSED, QueueCause.QUEUE)


async def test_where_the_queue_is_as_wished_nothing_is_dialled(make: Make) -> None:
    booth = await seated_idle(make, SUPPORT)
    assert booth.dialled() == []


async def test_a_break_is_dialled_by_its_own_code_and_shown_when_the_hint_follows(
    make: Make,
) -> None:
    booth = await seated_idle(make, SUPPORT)
    taking = asyncio.create_task(booth.parts.breaks.take("lunch"))
    await booth.until_dialled("*461")
    assert (booth.status, booth.queue.state) == (Status.ONLINE, QueueState.IN)
    await booth.says(sip.InviteRefused(booth.out("*461"), 603, "Declined"))
    assert (booth.status, booth.queue.state) == (Status.ONLINE, QueueState.IN)
    await booth.hint("p1", True)
    assert (await taking).ok
    assert (booth.status, booth.queue.state, booth.queue.cause) == (
        Status.BUSY,
        QueueState.PAUSED,
        QueueCause.AGENT,
    )
    assert booth.queue.reason == booth.snapshot.seat.reason


async def test_a_break_after_another_is_told_and_nothing_more_is_waited_for(make: Make) -> None:
    booth = make(SUPPORT)
    await booth.begin(2, p1=True)
    await booth.until(lambda: booth.snapshot.seat.pending is None)
    taking = asyncio.create_task(booth.parts.breaks.take("lunch"))
    await booth.until_dialled("*461")
    await booth.says(sip.CallEnded(booth.out("*461"), True, 200, ""))
    assert (await taking).ok
    assert (await booth.parts.breaks.take("tea")).ok  # without a code of its own
    assert booth.dialled() == ["*461"]
    assert booth.queue.reason is not None
    assert dict(booth.queue.reason.values) == {"name": "Tea"}


async def test_a_code_that_nothing_follows_is_given_up_in_words(make: Make) -> None:
    booth = await seated_idle(make, SUPPORT, limits=Limits(queues=0.3))
    result = await booth.ask(2)
    assert result.message is not None
    assert (result.ok, result.message.id) == (False, "queue.not_confirmed")
    assert (booth.status, booth.queue.state, booth.queue.ask) == (
        Status.ONLINE,
        QueueState.IN,
        QueueAsk.NONE,
    )
    assert booth.queue.failure == result.message
    await booth.until(lambda: booth.asked("cancel") == [(booth.out("*46"),)])


async def test_a_refused_code_says_with_what(make: Make) -> None:
    booth = await seated_idle(make, SUPPORT)
    asked = booth.ask(2)
    await booth.until_dialled("*46")
    await booth.says(sip.InviteRefused(booth.out("*46"), 404, "Not Found"))
    result = await asked
    assert result.message is not None
    assert result.message.id == "queue.code_refused"
    assert dict(result.message.values)["status"] == "404"


async def test_a_queue_that_refuses_its_hint_is_never_dialled_blind(make: Make) -> None:
    booth = make(SUPPORT)
    await booth.begin()
    for hint in ("p1", "f1"):
        await booth.says(
            sip.SubscriptionEnded(booth.handle(hint), "dialog", "Not Found", 404, True, None)
        )
    await booth.until(lambda: booth.snapshot.seat.pending is None)
    assert (booth.status, booth.dialled()) == (Status.BUSY, [])
    assert booth.snapshot.notice is not None
    assert booth.snapshot.notice.message.id == "queue.unknown"
    assert booth.queue.failure is not None
    assert booth.queue.failure.id == "watch.no_such"


async def test_a_hint_that_a_starting_pbx_does_not_know_yet_is_asked_for_again(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "AGAIN", (0.1, 0.2, 0.3))
    booth = await seated_idle(make, SUPPORT)
    for _ in range(3):
        handle = booth.handle("p1")
        await booth.says(sip.SubscriptionEnded(handle, "dialog", "Not Found", 404, True, None))
        assert booth.queue.state is QueueState.UNKNOWN
        await booth.until(lambda handle=handle: booth.handle("p1") != handle)
    await booth.hint("p1", False)
    assert booth.queue.state is QueueState.IN


async def test_the_call_of_a_code_is_no_call_and_ends(make: Make) -> None:
    booth = make(SUPPORT)
    await booth.begin(p1=True)
    await booth.until_dialled("*47")
    out = booth.out("*47")
    await booth.says(
        sip.Progress(out, 183, b"v=0"),
        sip.InviteAnswered(out, b"v=0"),
        sip.InfoReceived(out, "application/dtmf-relay", b"Signal=1"),
        sip.ReferReceived(out, "sip:1002@pbx.example", None, None),
    )
    assert booth.snapshot.calls == ()
    assert booth.media[0].held
    assert booth.asked("reject_refer") == [(out, 603)]
    await booth.hint("p1", False)
    await booth.until(lambda: booth.status is Status.ONLINE)
    await booth.until(lambda: booth.asked("bye") == [(out,)])
    await booth.until(lambda: booth.media[0].closed)
    assert booth.legs._legs == {}


async def test_what_the_queue_pauses_after_an_unanswered_call_is_said_to_be_that(
    make: Make,
) -> None:
    booth = await seated_idle(make, SUPPORT)
    await booth.rings("c1")
    await booth.says(sip.InviteCancelled("c1"))
    await booth.hint("p1", True)
    assert (booth.queue.state, booth.queue.cause) == (QueueState.PAUSED, QueueCause.UNANSWERED)
    assert (booth.status, booth.reason) == (Status.BUSY, "queue.paused_unanswered")
    idle = booth.ask(1)
    await booth.until_dialled("*47")
    await booth.hint("p1", False)
    assert (await idle).ok
    assert booth.status is Status.ONLINE


async def test_the_same_where_the_pause_comes_before_the_end_of_the_call(make: Make) -> None:
    booth = await seated_idle(make, SUPPORT)
    await booth.rings("c1")
    await booth.hint("p1", True)
    assert booth.snapshot.calls[0].state is CallState.RINGING  # still an offer
    assert (booth.queue.cause, booth.reason) == (QueueCause.QUEUE, "queue.paused_there")
    await booth.says(sip.InviteCancelled("c1"))
    assert (booth.queue.cause, booth.reason) == (
        QueueCause.UNANSWERED,
        "queue.paused_unanswered",
    )


async def test_a_pause_is_not_for_a_call_that_was_declined_before_the_seat_was_idle_again(
    make: Make,
) -> None:
    booth = await seated_idle(make, SUPPORT)
    await booth.rings("c1")
    call = booth.snapshot.calls[0]
    refused = asyncio.create_task(booth.parts.incoming.cannot_take(call.ccnumber))
    await booth.until_dialled("*46")
    await booth.hint("p1", True)
    assert (await refused).ok
    idle = booth.ask(1)
    await booth.until_dialled("*46", "*47")
    await booth.hint("p1", False)
    assert (await idle).ok
    await booth.rings("c2")
    await booth.hint("p1", True)
    assert (booth.queue.cause, booth.reason) == (QueueCause.QUEUE, "queue.paused_there")


async def test_a_pause_of_somebody_elses_is_said_to_be_that_and_so_is_its_end(make: Make) -> None:
    booth = await seated_idle(make, SUPPORT)
    await booth.hint("p1", True)
    assert (booth.status, booth.reason) == (Status.BUSY, "queue.paused_there")
    await booth.hint("p1", False)
    assert booth.status is Status.ONLINE
    assert booth.snapshot.notice is not None
    assert booth.snapshot.notice.message.id == "queue.in_there"
    assert booth.dialled() == []


async def test_a_call_that_rings_when_the_pause_is_confirmed_is_still_an_offer(make: Make) -> None:
    booth = await seated_idle(make, SUPPORT)
    asked = booth.ask(2)
    await booth.until_dialled("*46")
    await booth.rings("c1")
    await booth.hint("p1", True)
    assert (await asked).ok
    assert booth.snapshot.calls[0].state is CallState.RINGING
    assert (await booth.do(c.Answer())).ok
    assert booth.snapshot.calls[0].state is CallState.TALKING


async def test_a_call_out_of_a_pause_changes_nothing_of_what_the_pause_is_for(make: Make) -> None:
    booth = await seated_idle(make, SUPPORT)
    await booth.rings("c1")
    await booth.hint("p1", True)
    assert (await booth.do(c.Answer())).ok
    await booth.settle()
    await booth.says(sip.CallEnded("c1", True, 200, ""))
    await booth.until(lambda: booth.snapshot.seat.pending is None)
    assert (booth.queue.cause, booth.queue.reason) == (QueueCause.QUEUE, None)
    assert (booth.status, booth.reason) == (Status.BUSY, "queue.paused_there")
    assert booth.dialled() == []


async def test_a_call_out_of_a_break_leaves_the_break_as_it_is(make: Make) -> None:
    booth = await seated_idle(make, SUPPORT)
    lunch = asyncio.create_task(booth.parts.breaks.take("lunch"))
    await booth.until_dialled("*461")
    await booth.hint("p1", True)
    assert (await lunch).ok
    taken = booth.snapshot.seat.taken
    handle = await booth.up()
    await booth.says(sip.CallEnded(handle, True, 200, ""))
    await booth.until(lambda: booth.snapshot.seat.pending is None)
    assert taken is not None
    assert booth.snapshot.seat.taken == taken
    assert booth.queue.reason == booth.snapshot.seat.reason
    assert booth.dialled() == ["*461", "1002"]


async def test_cannot_take_it_pauses_first_and_declines_then(make: Make) -> None:
    booth = await seated_idle(make, SUPPORT)
    call = await booth.rings("c1")
    declining = asyncio.create_task(booth.parts.incoming.cannot_take(call.ccnumber))
    await booth.until_dialled("*46")
    assert booth.asked("reject") == []
    await booth.hint("p1", True)
    assert (await declining).ok
    assert booth.asked("reject") == [("c1", 486)]
    assert booth.reason == "seat.cannot_take"


async def test_of_several_queues_each_has_its_state_and_idle_is_one_that_sends_calls(
    make: Make,
) -> None:
    booth = make(SUPPORT, SALES)
    await booth.begin(p1=True, p2=True)
    await until(lambda: sorted(booth.dialled()) == ["*47", "*57"], 10)
    await booth.hint("p1", False)
    await booth.says(sip.InviteRefused(booth.out("*57"), 403, "Forbidden"))
    await booth.until(lambda: booth.status is Status.ONLINE)
    assert [queue.state for queue in booth.queues] == [QueueState.IN, QueueState.PAUSED]
    assert booth.queues[1].failure is not None
    assert booth.snapshot.notice is not None
    assert booth.snapshot.notice.message.id == "queue.code_refused"
    await booth.hint("p1", True)  # the only one that sent calls
    assert (booth.status, booth.reason) == (Status.BUSY, "queue.paused_there")


async def test_one_queue_of_two_that_pauses_by_itself_leaves_the_seat_idle(make: Make) -> None:
    booth = make(SUPPORT, SALES)
    await booth.begin(p1=False, p2=False)
    await booth.until(lambda: booth.status is Status.ONLINE)
    await booth.hint("p2", True)
    assert booth.status is Status.ONLINE
    assert booth.snapshot.notice is not None
    assert dict(booth.snapshot.notice.message.values) == {"name": "Sales"}


async def test_two_queues_with_one_code_are_dialled_once(make: Make) -> None:
    twin = QueueSettings("Twin", pause="*46", unpause="*47", paused_hint="p5")
    booth = make(SUPPORT, twin)
    await booth.begin(p1=True, p5=True)
    await booth.until_dialled("*47")
    await booth.hint("p1", False)
    await booth.hint("p5", False)
    await booth.until(lambda: [q.state for q in booth.queues] == 2 * [QueueState.IN])
    assert booth.dialled() == ["*47"]


async def test_a_lost_connection_makes_all_unknown_and_what_was_so_counts_on(make: Make) -> None:
    booth = await seated_idle(make, SUPPORT)
    taking = asyncio.create_task(booth.parts.breaks.take("lunch"))
    await booth.until_dialled("*461")
    await booth.hint("p1", True)
    assert (await taking).ok
    since = booth.queue.since
    booth.now += 5
    handle = booth.handle("p1")
    await booth.says(sip.SubscriptionEnded(handle, "dialog", "", 503, False, None))
    assert (booth.queue.state, booth.queue.reason) == (QueueState.UNKNOWN, None)
    assert booth.snapshot.seat.unconfirmed == (Standing.STATUS,)
    booth.control.flow_is_back()
    await booth.hint("p1", True)
    assert (booth.queue.state, booth.queue.cause, booth.queue.since) == (
        QueueState.PAUSED,
        QueueCause.AGENT,
        since,
    )
    assert booth.snapshot.seat.unconfirmed == ()
    assert booth.dialled() == ["*461"]


async def test_a_pbx_that_forgot_the_pause_is_told_again(make: Make) -> None:
    booth = make(SUPPORT)
    await booth.begin(2, p1=True)
    await booth.until(lambda: booth.snapshot.seat.pending is None)
    handle = booth.handle("p1")
    await booth.says(sip.SubscriptionEnded(handle, "dialog", "", 503, False, None))
    booth.control.flow_is_back()
    await booth.hint("p1", False)
    await booth.until_dialled("*46")
    await booth.hint("p1", True)
    assert (booth.status, booth.queue.cause) == (Status.BUSY, QueueCause.AGENT)


async def test_a_seat_that_the_queue_paused_meanwhile_is_not_taken_for_idle(make: Make) -> None:
    booth = await seated_idle(make, SUPPORT)
    handle = booth.handle("p1")
    await booth.says(sip.SubscriptionEnded(handle, "dialog", "", 503, False, None))
    booth.control.flow_is_back()
    await booth.hint("p1", True)
    assert (booth.status, booth.reason) == (Status.BUSY, "queue.paused_there")
    assert booth.dialled() == []


async def test_a_pause_that_was_said_once_is_not_said_again_after_a_lost_connection(
    make: Make,
) -> None:
    booth = await seated_idle(make, SUPPORT)
    await booth.hint("p1", True)
    notice = booth.snapshot.notice
    assert notice is not None
    booth.now += 5
    handle = booth.handle("p1")
    await booth.says(sip.SubscriptionEnded(handle, "dialog", "", 503, False, None))
    booth.control.flow_is_back()
    await booth.hint("p1", True)
    assert (booth.queue.state, booth.queue.cause) == (QueueState.PAUSED, QueueCause.QUEUE)
    assert booth.snapshot.notice == notice


async def test_who_is_taken_out_while_a_pause_is_asked_for_needs_none(make: Make) -> None:
    booth = make(BOTH)
    await booth.begin(i4=True, p4=False)
    await booth.until(lambda: booth.status is Status.ONLINE)
    asked = booth.ask(2)
    await booth.until_dialled("*3")
    await booth.hint("i4", False)
    assert (await asked).ok
    assert (booth.status, booth.queue.state) == (Status.BUSY, QueueState.OUT)


async def test_one_wish_waits_for_the_other(make: Make) -> None:
    booth = await seated_idle(make, SUPPORT)
    ahead = asyncio.create_task(booth.control.status_after_call("c", True))
    await booth.until_dialled("*464")
    asked = booth.ask(2)
    await booth.settle()
    await booth.hint("p1", True)
    assert await ahead is None
    assert (await asked).ok
    assert booth.dialled() == ["*464"]


async def test_log_in_is_confirmed_by_its_own_hint_and_the_pause_ends_after_it(make: Make) -> None:
    booth = make(BOTH)
    await booth.begin(i4=False, p4=True)
    await booth.until_dialled("*1")
    assert (booth.queue.state, booth.queue.ask) == (QueueState.OUT, QueueAsk.LOG_IN)
    await booth.hint("i4", True)
    await booth.until_dialled("*1", "*3")
    await booth.hint("p4", False)
    await booth.until(lambda: booth.status is Status.ONLINE)
    left = asyncio.create_task(booth.control.hang_up_all())
    await booth.until_dialled("*1", "*3", "*2")
    await booth.hint("i4", False)
    assert await left is None
    assert booth.queue.state is QueueState.OUT


async def test_who_is_paused_while_logging_in_is_idle_when_that_pause_is_ended(make: Make) -> None:
    booth = make(BOTH)
    await booth.begin(i4=False, p4=False)
    await booth.until_dialled("*1")
    told = (
        sip.Notified(booth.handle(hint), "dialog", CONTENT_TYPE, body(True, 90))
        for hint in ("i4", "p4")
    )
    await booth.says(*told)  # read from the same flow, before anybody acts
    assert (booth.status, booth.reason) == (Status.BUSY, "queue.paused_there")
    await booth.until_dialled("*1", "*3")
    await booth.hint("p4", False)
    assert booth.queue.state is QueueState.IN
    await booth.until(lambda: booth.status is Status.ONLINE)


async def test_a_queue_without_pauses_is_left_for_busy(make: Make) -> None:
    booth = make(NIGHT)
    await booth.begin(i3=True)
    await booth.until(lambda: booth.status is Status.ONLINE)
    asked = booth.ask(2)
    await booth.until_dialled("*2")
    await booth.hint("i3", False)
    assert (await asked).ok
    assert booth.queue.state is QueueState.OUT
    idle = booth.ask(1)
    await booth.until_dialled("*2", "*1")
    await booth.hint("i3", True)
    assert (await idle).ok
    await booth.hint("i3", False)
    assert (booth.status, booth.reason) == (Status.BUSY, "queue.out_there")


async def test_a_sign_out_that_a_queue_does_not_confirm_says_so(make: Make) -> None:
    booth = await seated_idle(make, SUPPORT, limits=Limits(queues=0.3, status=0.3))
    left = await booth.control.hang_up_all()
    assert left is not None
    assert (left.id, dict(left.values)) == ("queue.left_in", {"name": "Support"})


async def test_a_call_that_is_to_be_written_up_pauses_while_it_lasts(make: Make) -> None:
    booth = await seated_idle(make, SUPPORT)
    ahead = asyncio.create_task(booth.control.status_after_call("c", True))
    await booth.until_dialled("*464")
    await booth.hint("p1", True)
    assert await ahead is None
    assert booth.status is Status.ONLINE
    assert booth.queue.reason is not None
    assert booth.queue.reason.id == "seat.wrapup"
    back = asyncio.create_task(booth.control.status_after_call("c", False))
    await booth.until_dialled("*464", "*47")
    await booth.hint("p1", False)
    assert await back is None


async def test_the_lamp_of_the_queue_says_whether_somebody_is_free(make: Make) -> None:
    booth = make(SUPPORT)
    await booth.begin(p1=False)
    assert booth.queue.free is None
    await booth.hint("f1", True)
    assert booth.queue.free is False
    await booth.hint("f1", False)
    assert booth.queue.free is True


async def test_whom_a_reload_took_out_is_told_so_by_what_the_lamp_cannot_say(make: Make) -> None:
    booth = make(SUPPORT, limits=Limits(queue_calm=0.05))
    await booth.begin(p1=False, f1=False)
    await booth.until(lambda: booth.status is Status.ONLINE)
    await booth.hint("f1", True)  # nobody is free, and we are
    await booth.until_dialled("*47")
    await booth.says(sip.InviteRefused(booth.out("*47"), 404, "Not Found"))
    await booth.until(lambda: booth.queue.failure is not None)
    assert booth.queue.failure is not None
    assert booth.queue.failure.id == "queue.code_refused"
    assert booth.snapshot.notice is not None
    assert booth.snapshot.notice.message.id == "queue.code_refused"
    assert booth.queue.state is QueueState.IN  # what its hint says
    await booth.hint("p1", False)
    await booth.hint("f1", True)
    await booth.until(lambda: "queue still in Support" not in booth.context.timers)
    assert booth.dialled() == ["*47"]  # once, until the lamp has said that somebody is free


@pytest.mark.parametrize("status", [0, 603])  # Asterisk's of a code that worked and hung up
async def test_who_is_in_after_a_reload_is_told_nothing(make: Make, status: int) -> None:
    booth = make(SUPPORT, limits=Limits(queue_calm=0.05))
    await booth.begin(p1=False, f1=True)
    await booth.until_dialled("*47")
    call = booth.out("*47")
    over = (
        sip.InviteRefused(call, status, "Decline") if status else sip.CallEnded(call, True, 200, "")
    )
    await booth.says(over)
    await booth.hint("f1", False)
    assert (booth.queue.failure, booth.queue.free) == (None, True)
    assert booth.status is Status.ONLINE
    await booth.hint("f1", True)
    await booth.until_dialled("*47", "*47")


async def test_a_lamp_that_another_desk_has_brought_back_is_asked_about_all_the_same(
    make: Make,
) -> None:
    booth = make(SUPPORT, limits=Limits(queue_calm=0.4))
    await booth.begin(p1=False, f1=False)
    await booth.until(lambda: booth.status is Status.ONLINE)
    await booth.hint("f1", True)
    await booth.until(lambda: booth.control.queues._still_in._doubted)
    await booth.hint("f1", False)
    await booth.until_dialled("*47")
    await booth.says(sip.InviteRefused(booth.out("*47"), 404, "Not Found"))
    await booth.until(lambda: booth.queue.failure is not None)


async def test_while_there_is_a_reason_for_nobody_being_free_no_queue_is_asked(make: Make) -> None:
    booth = make(SUPPORT, FLIPPED)
    await booth.begin(p1=False, p5=False)
    await booth.until(lambda: booth.status is Status.ONLINE)
    handle = await booth.dial("1002")
    await booth.hint("f1", True)
    await booth.hint("f5", True)
    doubts, (member, flipped) = booth.control.queues._still_in, booth.control.queues._members
    assert "queue still in Support" in booth.context.timers
    # A code that switches to and fro would pause whoever is in.
    assert "queue still in Flipped" not in booth.context.timers
    doubts._doubt(member)
    doubts._due(member)
    await booth.says(sip.InviteRefused(handle, 486, ""))
    doubts._due(member)  # it was only just over
    assert booth.dialled() == ["1002"]
    assert "queue still in Support" in booth.context.timers
    await booth.hint("f1", False)
    assert "queue still in Support" not in booth.context.timers
    assert flipped.value.free is False


async def test_without_queues_the_status_is_ours_and_counts(make: Make) -> None:
    booth = make()
    await booth.begin()
    assert (booth.status, booth.queues) == (Status.ONLINE, ())
    assert (await booth.ask(2)).ok
    assert await booth.control.hang_up_all() is None


async def test_with_the_session_the_queues_are_gone(make: Make) -> None:
    booth = make(SUPPORT)
    await booth.begin(p1=True)
    await booth.until_dialled("*47")
    await booth.control.end()
    assert booth.queues == ()
    await booth.until(lambda: booth.legs._legs == {})
