"""Two desks in one queue of Asterisk, with the recipe of docs/queues.md as it stands there: at each
step what the desks say of the queue is what Asterisk says of them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.interop.asterisk_pbx import Asterisk
from tests.interop.asterisk_queue import CUSTOMERS, QUEUES, Queue, says
from tests.interop.our_desk import OurDesk, seated
from tests.interop.programs import started
from tests.interop.recipe import RECIPE, make_certificates
from tests.waiting import until
from tui.config.reader import parse
from tui.config.schema import Break, Person, QueueSettings
from tui.engine.context import Limits
from tui.port.commands import (
    Answer,
    CannotTake,
    Dial,
    FinishWrapUp,
    HangUp,
    SetStatus,
    SignOut,
    Supervise,
    Transfer,
)
from tui.port.machines.call_machine import CallState
from tui.port.machines.seat_machine import Status
from tui.port.queues import QueueCause, QueueState
from tui.port.supervision import SuperviseHow, SuperviseState
from tui.port.values import Phase, StatusWanted
from tui.port.work_commands import TakeBreak

PATIENCE = 20.0
WANG, LI, CUSTOMER = 1200, 900, 700
"""What they say, in hertz."""
LUNCH = (Break("lunch", "Lunch"),)


def queues_of(user: str) -> tuple[QueueSettings, ...]:
    """The queues of the recipe's profile, for that user."""
    found = re.search(r"<!-- desk: begin -->\n```toml\n(.*?)```", QUEUES.read_text(), re.DOTALL)
    assert found
    return parse(found[1].replace("1001", user)).profile("pbx").queues


@asynccontextmanager
async def at_work(
    pbx: Asterisk, folder: Path, user: str, hz: int, write_up: str = "off"
) -> AsyncIterator[OurDesk]:
    """That agent's desk, in the queue; not yet idle."""
    async with seated(
        pbx,
        folder,
        user,
        hz,
        queues=queues_of(user),
        breaks=LUNCH,
        write_up=write_up,
    ) as desk:
        yield desk


@pytest.fixture
async def pbx(tmp_path: Path) -> AsyncIterator[Asterisk]:
    """Asterisk with both recipes' files, and customers."""
    make_certificates(tmp_path)
    async with started(
        Asterisk(tmp_path, RECIPE.read_text(), QUEUES.read_text(), CUSTOMERS)
    ) as server:
        yield server


@pytest.fixture
def queue(pbx: Asterisk) -> Queue:
    return Queue(pbx)


PAUSED, IN = QueueState.PAUSED, QueueState.IN


async def test_a_shift_from_sign_in_to_sign_out_is_the_queues_too(
    pbx: Asterisk, queue: Queue, tmp_path: Path
) -> None:
    assert await queue.state("1001") is PAUSED
    async with at_work(pbx, tmp_path, "1001", WANG) as wang:
        await queue.step({wang: IN})
        await wang.do(TakeBreak("lunch"))
        await queue.step({wang: PAUSED})
        assert "paused:lunch" in await queue.member("1001")
        assert wang.snapshot.queues[0].reason == wang.snapshot.seat.reason
        await wang.do(SetStatus(StatusWanted.IDLE))
        await queue.step({wang: IN})
        await wang.do(SetStatus(StatusWanted.BUSY))
        await queue.step({wang: PAUSED})
        await wang.do(SetStatus(StatusWanted.IDLE))
        await wang.do(SignOut())
        assert wang.snapshot.failure is None
        assert await queue.state("1001") is PAUSED
        assert wang.snapshot.calls == ()


async def test_round_robin_gives_each_desk_its_turn_and_the_lamp_follows(
    pbx: Asterisk, queue: Queue, tmp_path: Path
) -> None:
    async with (
        at_work(pbx, tmp_path, "1001", WANG) as wang,
        at_work(pbx, tmp_path, "1002", LI) as li,
    ):
        await queue.step({wang: IN, li: IN})
        await wang.until(lambda: wang.snapshot.queues[0].free is True)
        await pbx.ring("support", CUSTOMER)
        first = await _who_rings(wang, li)
        await first.do(Answer())
        await first.hears(CUSTOMER)
        await pbx.ring("support", CUSTOMER)
        second = await _who_rings(*({wang, li} - {first}))
        await second.do(Answer())
        await second.hears(CUSTOMER)
        await queue.agrees(wang, li)
        await wang.until(lambda: wang.snapshot.queues[0].free is False)
        for desk in (first, second):
            await desk.do(HangUp())
            await desk.state(CallState.ENDED)
        await wang.until(lambda: wang.snapshot.queues[0].free is True)
        await queue.agrees(wang, li)


async def test_ringall_rings_both_and_one_who_cannot_take_it_is_paused_first(
    pbx: Asterisk, queue: Queue, tmp_path: Path
) -> None:
    pbx.change("queues.conf", "rrmemory", "ringall")
    await pbx.cli("queue reload all")
    async with (
        at_work(pbx, tmp_path, "1001", WANG) as wang,
        at_work(pbx, tmp_path, "1002", LI) as li,
    ):
        await queue.step({wang: IN, li: IN})
        await pbx.ring("support", CUSTOMER)
        await wang.state(CallState.RINGING)
        await li.state(CallState.RINGING)
        await wang.do(CannotTake())
        await queue.step({wang: PAUSED, li: IN})
        await wang.state(CallState.ENDED)
        await li.do(Answer())
        await li.hears(CUSTOMER)
        await queue.agrees(wang, li)


async def test_a_call_that_rings_when_the_pause_is_confirmed_is_still_taken(
    pbx: Asterisk, queue: Queue, tmp_path: Path
) -> None:
    async with at_work(pbx, tmp_path, "1001", WANG) as wang:
        await queue.step({wang: IN})
        await pbx.ring("support", CUSTOMER)
        await wang.state(CallState.RINGING)
        await pbx.cli("queue pause member PJSIP/1001 queue support reason meeting")
        await queue.step({wang: PAUSED})
        assert wang.call.state is CallState.RINGING
        assert wang.snapshot.queues[0].cause is QueueCause.QUEUE
        await wang.do(Answer())
        await wang.hears(CUSTOMER)
        await wang.do(HangUp())
        await wang.state(CallState.ENDED)
        await queue.agrees(wang)
        await pbx.cli("queue unpause member PJSIP/1001 queue support")
        await queue.step({wang: IN})


async def test_whom_the_queue_pauses_for_not_answering_reads_that_and_comes_back_by_idle(
    pbx: Asterisk, queue: Queue, tmp_path: Path
) -> None:
    pbx.change("queues.conf", "timeout = 15", "timeout = 2")
    await pbx.cli("queue reload all")
    async with at_work(pbx, tmp_path, "1001", WANG) as wang:
        await queue.step({wang: IN})
        await pbx.ring("support", CUSTOMER)
        await wang.state(CallState.RINGING)
        await queue.step({wang: PAUSED})
        await wang.until(lambda: wang.snapshot.queues[0].cause is QueueCause.UNANSWERED)
        reason = wang.snapshot.seat.reason
        assert reason is not None
        assert reason.id == "queue.paused_unanswered"
        await wang.state(CallState.ENDED)
        await pbx.hang_up()
        await wang.do(SetStatus(StatusWanted.IDLE))
        await queue.step({wang: IN})


async def test_a_write_up_is_paused_while_the_call_lasts_and_no_call_comes_before_its_end(
    pbx: Asterisk, queue: Queue, tmp_path: Path
) -> None:
    async with at_work(pbx, tmp_path, "1001", WANG, "optional") as wang:
        await queue.step({wang: IN})
        await pbx.ring("support", CUSTOMER)
        await wang.state(CallState.RINGING)
        await wang.do(Answer())
        await wang.until(lambda: says(wang) is PAUSED)
        assert "paused:write-up" in await queue.member("1001")
        await pbx.ring("support", CUSTOMER)  # the next one waits
        await wang.do(HangUp())
        await wang.until(lambda: wang.snapshot.wrapup is not None)
        await queue.step({wang: PAUSED})
        assert wang.snapshot.shift.missed == 0
        await wang.do(FinishWrapUp())
        await wang.state(CallState.RINGING)
        await queue.agrees(wang)
        await wang.do(Answer())
        await wang.hears(CUSTOMER)


async def test_a_call_transferred_into_the_queue_comes_to_the_other_desk(
    pbx: Asterisk, queue: Queue, tmp_path: Path
) -> None:
    async with (
        at_work(pbx, tmp_path, "1001", WANG) as wang,
        at_work(pbx, tmp_path, "1002", LI) as li,
    ):
        await queue.step({wang: IN, li: IN})
        await pbx.ring("support", CUSTOMER)
        first = await _who_rings(wang, li)
        (other,) = {wang, li} - {first}
        await first.do(Answer())
        await first.hears(CUSTOMER)
        await first.do(Transfer("", "800"))
        await other.state(CallState.RINGING)
        await first.state(CallState.ENDED)
        await other.do(Answer())
        await other.hears(CUSTOMER)
        await queue.agrees(wang, li)


async def test_a_reload_keeps_the_pause_and_one_that_forgets_the_member_is_found_out(
    pbx: Asterisk, queue: Queue, tmp_path: Path
) -> None:
    async with at_work(pbx, tmp_path, "1001", WANG) as wang:
        await queue.step({wang: IN})
        await pbx.cli("queue reload all")
        await queue.agrees(wang)
        await wang.do(TakeBreak("lunch"))
        await pbx.cli("queue reload all")
        await queue.step({wang: PAUSED})
        await wang.do(SetStatus(StatusWanted.IDLE))
        await queue.step({wang: IN})
        pbx.change("queues.conf", "member => PJSIP/1001", ";member => PJSIP/1001")
        await pbx.cli("queue reload all")
        assert await queue.state("1001") is QueueState.OUT
        result = await wang.engine.execute(SetStatus(StatusWanted.BUSY))
        assert result.message is not None
        assert result.message.id == "queue.code_refused"
        assert dict(result.message.values)["status"] == "404"
        pbx.change("queues.conf", ";member => PJSIP/1001", "member => PJSIP/1001")
        await pbx.cli("queue reload all")
        await queue.step({wang: PAUSED})
        await wang.do(SetStatus(StatusWanted.IDLE))
        await queue.step({wang: IN})


async def test_whom_a_reload_takes_out_is_told_so_by_the_queues_lamp_and_who_is_in_is_not(
    pbx: Asterisk, queue: Queue, tmp_path: Path
) -> None:
    async with (
        at_work(pbx, tmp_path, "1001", WANG) as wang,
        at_work(pbx, tmp_path, "1002", LI) as li,
    ):
        desks = (wang, li)
        for desk in desks:
            desk.engine.context.limits = Limits(queue_calm=1.0)
        await queue.step({wang: IN, li: IN})
        await wang.until(lambda: all(desk.snapshot.queues[0].free for desk in desks))
        pbx.change("queues.conf", "member => PJSIP/1001", ";member => PJSIP/1001")
        await pbx.cli("queue reload all")
        await wang.until(lambda: wang.snapshot.queues[0].failure is not None)
        failure = wang.snapshot.queues[0].failure
        assert failure is not None
        assert (failure.id, dict(failure.values)["status"]) == ("queue.code_refused", "404")
        await queue.agrees(li)
        # Where she was asked too, the queue has said anew that somebody is free.
        await li.until(lambda: li.snapshot.queues[0].free is True)
        assert li.snapshot.queues[0].failure is None


async def test_a_restart_forgets_the_pause_and_is_told_again(
    pbx: Asterisk, queue: Queue, tmp_path: Path
) -> None:
    pbx.change("queues.conf", "member => PJSIP/1001,0,,,,,yes", "member => PJSIP/1001")
    await pbx.cli("queue reload all")
    async with (
        at_work(pbx, tmp_path, "1001", WANG) as wang,
        at_work(pbx, tmp_path, "1002", LI) as li,
    ):
        await queue.step({wang: IN, li: IN})
        await wang.do(TakeBreak("lunch"))
        await queue.step({wang: PAUSED})
        await pbx.end()
        await wang.until(lambda: says(wang) is QueueState.UNKNOWN)
        await li.until(lambda: says(li) is QueueState.UNKNOWN)
        await pbx.start()
        # A line that was refused is dialled again within half a minute.
        await wang.until(lambda: says(wang) is PAUSED, 90)
        # Of her the file says that she begins paused: that is the queue's word.
        await li.until(lambda: says(li) is PAUSED, 90)
        await queue.agrees(wang, li)
        assert "paused:lunch" in await queue.member("1001")
        await li.do(SetStatus(StatusWanted.IDLE))
        await queue.step({wang: PAUSED, li: IN})


async def test_an_engine_that_is_gone_leaves_the_queue_and_the_next_one_finds_it_as_it_is(
    pbx: Asterisk, queue: Queue, tmp_path: Path
) -> None:
    async with at_work(pbx, tmp_path, "1001", WANG) as wang:
        await queue.step({wang: IN})
    assert wang.snapshot.phase is Phase.SIGNED_OUT
    assert await queue.state("1001") is PAUSED


async def _who_rings(*desks: OurDesk) -> OurDesk:
    """The desk that a call rings at."""

    def ringing() -> list[OurDesk]:
        calls = ((desk, desk.snapshot.call) for desk in desks)
        return [desk for desk, call in calls if call and call.state is CallState.RINGING]

    (desk,) = await until(ringing, PATIENCE)
    return desk


async def test_a_member_who_logs_in_is_in_the_queue_from_then_on_and_out_when_she_signs_out(
    pbx: Asterisk, queue: Queue, tmp_path: Path
) -> None:
    pbx.change("queues.conf", "member => PJSIP/1001", ";member => PJSIP/1001")
    await pbx.cli("queue reload all")
    logged = replace(queues_of("1001")[0], log_in="*45", log_out="*44", in_hint="support-in-1001")
    async with seated(pbx, tmp_path, "1001", WANG, queues=(logged,), breaks=LUNCH) as wang:
        await queue.step({wang: IN})
        await wang.do(TakeBreak("lunch"))
        await queue.step({wang: PAUSED})
        await wang.do(SetStatus(StatusWanted.IDLE))
        await queue.step({wang: IN})
        await pbx.ring("support", CUSTOMER)
        await wang.state(CallState.RINGING)
        await wang.do(Answer())
        await wang.hears(CUSTOMER)
        await wang.do(HangUp())
        await wang.do(SignOut())
        assert await queue.state("1001") is QueueState.OUT


SUPERVISOR = """
```ini
; pjsip.conf
[1003](agent)
context = supervisors
auth = 1003
aors = 1003
callerid = Zhao Lei <1003>
[1003](password)
username = 1003
password = three-plain-words
[1003](place)
```

```ini
; extensions.conf
[supervisors]
include => agents
```
"""
BOSS = 400
EAR = {
    "people": (Person("Wang Fang", "1001"), Person("Li Na", "1002")),
    "listen": "*33{number}",
    "whisper": "*34{number}",
    "join": "*35{number}",
}


@pytest.fixture
async def supervised(tmp_path: Path) -> AsyncIterator[Asterisk]:
    """Asterisk with the recipes' files, and a supervisor's account."""
    make_certificates(tmp_path)
    async with started(
        Asterisk(tmp_path, RECIPE.read_text(), QUEUES.read_text(), SUPERVISOR)
    ) as server:
        yield server


async def test_a_supervisor_listens_whispers_joins_and_leaves_each_confirmed_by_sound(
    supervised: Asterisk, tmp_path: Path
) -> None:
    async with (
        seated(supervised, tmp_path, "1001", WANG) as wang,
        seated(supervised, tmp_path, "1002", LI) as li,
        seated(supervised, tmp_path, "1003", BOSS, profile=EAR) as boss,
    ):
        await li.do(Dial("1001"))
        await wang.state(CallState.RINGING)
        await wang.do(Answer())
        await wang.hears(LI)
        await boss.until(lambda: {call.key for call in boss.snapshot.group_calls} >= {"1001"})
        await boss.do(Supervise(SuperviseHow.LISTEN, "1001"))
        assert boss.snapshot.supervision.state is SuperviseState.LISTENING
        await boss.until(lambda: heard(boss, WANG, LI))
        await wang.goes_on_hearing(LI)  # nobody is told
        await boss.do(Supervise(SuperviseHow.WHISPER))
        await wang.until(lambda: heard(wang, LI, BOSS))
        await li.goes_on_hearing(WANG)  # the other side is not
        await boss.do(Supervise(SuperviseHow.JOIN))
        await li.until(lambda: heard(li, WANG, BOSS))
        await wang.until(lambda: heard(wang, LI, BOSS))
        await boss.do(Supervise(SuperviseHow.LEAVE))
        assert boss.snapshot.supervision.state is SuperviseState.NONE
        await wang.goes_on_hearing(LI)
        assert boss.snapshot.calls == ()
        await boss.do(Supervise(SuperviseHow.LISTEN, "1001"))
        await li.do(HangUp())
        await boss.until(lambda: boss.snapshot.supervision.state is SuperviseState.NONE)
        outcome = boss.snapshot.supervision.outcome
        assert outcome is not None
        assert outcome.id == "supervise.over"


async def test_a_call_that_nothing_is_heard_of_is_not_listened_to(
    supervised: Asterisk, tmp_path: Path
) -> None:
    async with seated(supervised, tmp_path, "1003", BOSS, profile=EAR) as boss:
        boss.engine.context.limits = Limits(leg=2.0)
        result = await boss.engine.execute(Supervise(SuperviseHow.LISTEN, "1001"))
        assert result.message is not None
        assert result.message.id in ("supervise.not_heard", "supervise.over")
        assert boss.snapshot.supervision.state is SuperviseState.NONE


def heard(desk: OurDesk, *tones: int) -> bool:
    """Whether the last part of what a desk hears is these tones, mixed."""
    return all(desk.part_of(hz) > 0.2 for hz in tones)


SALES = """
```ini
; queues.conf
[sales]
strategy = ringall
ringinuse = no
member => PJSIP/1001,0,,,,,yes
```

```ini
; extensions.conf
[agents]
exten => _*56,1,PauseQueueMember(sales,PJSIP/${CHANNEL(endpoint)})
 same => n,Hangup(16)
exten => _*57,1,UnpauseQueueMember(sales,PJSIP/${CHANNEL(endpoint)})
 same => n,Hangup(16)
exten => sales-paused-1001,hint,Queue:sales_pause_PJSIP/1001
```
"""


async def test_of_two_queues_each_has_its_own_state_and_the_seat_is_idle_while_one_sends_calls(
    tmp_path: Path,
) -> None:
    make_certificates(tmp_path)
    pbx = Asterisk(tmp_path, RECIPE.read_text(), QUEUES.read_text(), CUSTOMERS, SALES)
    sales = QueueSettings("Sales", pause="*56", unpause="*57", paused_hint="sales-paused-1001")
    both = (*queues_of("1001"), sales)

    def states(desk: OurDesk) -> list[QueueState]:
        return [queue.state for queue in desk.snapshot.queues]

    try:
        await pbx.start()
        async with seated(pbx, tmp_path, "1001", WANG, queues=both, breaks=LUNCH) as wang:
            await wang.until(lambda: states(wang) == [IN, IN])
            await pbx.cli("queue pause member PJSIP/1001 queue sales")
            await wang.until(lambda: states(wang) == [IN, PAUSED])
            assert wang.snapshot.seat.status is Status.ONLINE
            assert wang.snapshot.queues[1].cause is QueueCause.QUEUE
            await pbx.cli("queue pause member PJSIP/1001 queue support")
            await wang.until(lambda: states(wang) == [PAUSED, PAUSED])
            assert wang.snapshot.seat.status is Status.BUSY
            await wang.do(SetStatus(StatusWanted.IDLE))
            assert states(wang) == [IN, IN]
            await wang.do(TakeBreak("lunch"))
            assert states(wang) == [PAUSED, PAUSED]
            told = await pbx.cli("queue show")
            assert told.count("PJSIP/1001") == told.count("(paused") - told.count("PJSIP/1002")
    finally:
        await pbx.end()
