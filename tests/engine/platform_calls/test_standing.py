"""What a platform holds of us is told after every registration on a new flow, and claimed only once
it is confirmed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.engine.desk import Desk, platform_calls
from tests.waiting import until
from tui import sip
from tui.engine.agent.seat import BUSY, IDLE, SeatController
from tui.engine.context import Limits
from tui.engine.outcome import Outcome
from tui.engine.platform_calls import standing
from tui.engine.platform_calls.standing import Announcements
from tui.platform import control as m
from tui.platform.base import PlatformError
from tui.port.events import AccountChanged, PhoneModeChanged
from tui.port.machines.seat_machine import Status
from tui.port.values import Account, Message, PhoneMode, Standing, message
from tui.sip.message.header_values import NameAddr


class CheckIns:
    """Of a platform what announcing needs."""

    def __init__(self) -> None:
        self.refuse = 0
        self.groups: list[str] = []

    async def check_in(self, gid: str) -> None:
        self.groups.append(gid)
        if self.refuse:
            self.refuse -= 1
            raise PlatformError(52000, "not now")


class Place(Desk):
    def __init__(self) -> None:
        super().__init__(Limits())
        self.platform = CheckIns()
        self.seat = SeatController(self.context, self.confirm, lambda: None)
        self.told = Announcements(self.context, self._send, self.platform, self.seat)  # type: ignore[arg-type]

    async def confirm(self, status: int, reason: str = "") -> None:
        await self._send(m.SetStatus(status))
        self.told.asked(status)

    def in_group(self, gid: str) -> None:
        self.context.emit(AccountChanged(Account("1001", "025", "", eid="70000", gid=gid)))

    @property
    def open(self) -> tuple[Standing, ...]:
        return self.context.snapshot.seat.unconfirmed

    async def confirmed(self) -> None:
        await until(lambda: not self.open)


@pytest.fixture
async def place(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    monkeypatch.setattr(standing, "WAITS", (0.01,))
    place = Place()
    place.in_group("12")
    yield place
    await place.context.close()


async def test_at_sign_in_status_mode_and_group_are_told(place: Place) -> None:
    place.told.begin(BUSY)
    assert place.open == (Standing.STATUS, Standing.MODE, Standing.GROUP)
    await place.confirmed()
    assert place.sent == [m.SetStatus(2), m.SetSeatMode(True), m.JoinGroup("12", "70000")]
    assert place.platform.groups == []  # before the registration


async def test_who_is_in_no_group_says_group_0(place: Place) -> None:
    place.in_group("0")
    place.told.begin(IDLE)
    await place.confirmed()
    assert place.sent[-1] == m.JoinGroup("0", "70000")


@pytest.mark.parametrize("status", [IDLE, BUSY])
async def test_on_a_new_flow_the_present_status_and_mode_are_told_and_checked_in_again(
    place: Place, status: int
) -> None:
    place.seat.platform_says(status)
    place.context.emit(PhoneModeChanged(PhoneMode.MOBILE))
    place.told.again()
    assert set(place.open) == set(Standing)
    place.seat.platform_says(1)  # of its own accord, as at every registration
    place.told.said(1)
    await place.confirmed()
    assert m.SetStatus(status) in place.sent or status == IDLE
    assert place.sent[-2:] == [m.SetSeatMode(False), m.JoinGroup("12", "70000")]
    assert place.platform.groups == ["12"]
    assert place.context.snapshot.seat.status is Status(status)


@pytest.mark.parametrize("answer", [Outcome(0), Outcome(503, "Busy")])
async def test_what_is_not_confirmed_is_said_once_and_told_until_it_is(
    place: Place, answer: Outcome
) -> None:
    place.answer = answer
    place.told.begin(IDLE)
    await until(lambda: place.sent.count(m.JoinGroup("12", "70000")) >= 3)
    assert place.open == (Standing.STATUS, Standing.MODE, Standing.GROUP)
    notice = place.context.snapshot.notice
    assert notice is not None
    assert notice.message.id == "standing.group"
    assert dict(notice.message.values)["info"] == ("503 Busy" if answer.status else "")
    place.answer = Outcome(200)
    await place.confirmed()
    notice = place.context.snapshot.notice
    assert notice is not None
    assert (notice.message.id, notice.serious) == ("standing.confirmed", False)


async def test_a_check_in_that_fails_is_tried_again_and_holds_up_nothing(place: Place) -> None:
    place.platform.refuse = 3
    place.seat.platform_says(1)
    place.told.again()
    await until(lambda: place.open == (Standing.CHECK_IN,))
    await place.confirmed()
    assert len(place.platform.groups) == 4


async def test_a_status_that_the_agent_asks_for_takes_the_place_of_the_old_one(
    place: Place,
) -> None:
    place.seat.platform_says(1)
    place.answer = Outcome(0)
    place.told.again()
    await until(lambda: m.JoinGroup("12", "70000") in place.sent)
    place.answer = Outcome(200)
    assert (await place.seat.set_status(BUSY)).ok
    await place.confirmed()
    assert place.context.snapshot.seat.status is Status.BUSY
    assert [each for each in place.sent if isinstance(each, m.SetStatus)][-1] == m.SetStatus(2)


async def test_a_status_that_the_platform_says_was_asked_for_takes_the_place_of_the_old_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(standing, "WAITS", (0.01,))
    desk = Desk(Limits())

    async def confirm(status: int, reason: str = "") -> Message | None:
        return await calls.confirm_status(status, reason)

    seat = SeatController(desk.context, confirm, lambda: None)
    calls = platform_calls(desk, seat)
    desk.answer = Outcome(0)
    seat.platform_says(BUSY)
    calls.begin(BUSY)
    await until(lambda: m.JoinGroup("0", "70000") in desk.sent)
    desk.gate = asyncio.Event()
    asking = asyncio.create_task(seat.set_status(IDLE))
    await until(lambda: m.SetStatus(IDLE) in desk.waiting)
    pbx = NameAddr(sip.parse_uri("sip:PBX@pbx.invalid"))
    said = m.encode(m.StatusChanged(IDLE))
    calls.sip_event(sip.MessageReceived(pbx, None, m.CONTENT_TYPE, said, "sip:1001@pbx.invalid"))
    assert (await asking).ok
    desk.answer = Outcome(200)
    desk.gate.set()
    await until(lambda: not desk.context.snapshot.seat.unconfirmed)
    assert desk.context.snapshot.seat.status is Status.ONLINE
    assert [each for each in desk.sent if isinstance(each, m.SetStatus)][-1] == m.SetStatus(IDLE)
    await desk.context.close()


async def test_whoever_keeps_the_seat_busy_when_idle_was_hardly_confirmed_has_the_last_word() -> (
    None
):
    desk = Desk(Limits())
    reason = message("seat.after_call_work")

    async def confirm(status: int, reason_code: str = "") -> Message | None:
        asyncio.get_running_loop().call_soon(seat.kept_busy, reason)
        return None

    seat = SeatController(desk.context, confirm, lambda: None)
    seat.platform_says(BUSY)
    result = await seat.set_status(IDLE)
    assert (result.ok, result.message) == (False, reason)
    now = desk.context.snapshot.seat
    assert (now.status, now.reason, now.pending) == (Status.BUSY, reason, None)
    await desk.context.close()


async def test_another_flow_or_the_end_of_the_session_ends_what_was_being_told(
    place: Place,
) -> None:
    place.answer = Outcome(0)
    place.told.begin(IDLE)
    await until(lambda: place.sent)
    place.told.end()
    place.seat.signed_out()
    await place.context.settle()
    count = len(place.sent)
    await asyncio.sleep(0)
    assert (len(place.sent), place.open) == (count, ())


async def test_offline_in_mid_shift_is_left_by_asking_for_idle(place: Place) -> None:
    assert not (await place.seat.set_status(IDLE)).ok  # not there yet
    place.seat.platform_says(1)
    place.seat.platform_says(0)
    assert (await place.seat.set_status(IDLE)).ok
    assert place.context.snapshot.seat.status is Status.ONLINE
