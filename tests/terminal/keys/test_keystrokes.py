"""docs/keystrokes.md, pressed: what each task costs in keys, and a morning of 25 calls."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.terminal import scripted_port as s
from tests.terminal.threeway import called
from tui.port import commands as c
from tui.port import replace
from tui.port.commands import Command, Result
from tui.port.events import (
    CallChanged,
    CallRecorded,
    CallRemoved,
    NoticeChanged,
    SeatChanged,
    WrapUpChanged,
)
from tui.port.machines.call_machine import CallState, ThirdState
from tui.port.machines.seat_machine import Status
from tui.port.snapshot import Call, SeatStatus, Third
from tui.port.values import CallRecord, StatusWanted, ThirdKind, message

pytestmark = pytest.mark.once

TEXT = (Path(__file__).parents[3] / "docs/keystrokes.md").read_text("utf-8")
NOTE, NUMBER = "wants the invoice", "12000000001"
SENT_FOR = {
    "answer": [c.Answer()],
    "decline": [c.HangUp()],
    "busy": [c.SetStatus(StatusWanted.BUSY)],
    "hang up with outcome and note": [
        c.HangUp(),
        c.EditWrapUp(outcome="Call back"),
        c.EditWrapUp(note=NOTE),
        c.FinishWrapUp(),
    ],
    "dial": [c.Dial(NUMBER)],
    "redial": [c.Dial(NUMBER)],
    "hold and back": [c.Hold(), c.Resume()],
    "mute": [c.Mute(True)],
    "transfer to an idle colleague": [c.Transfer("1000000002", "1007", "Wang Fang")],
    "three-way and drop": [c.Threeway(ThirdKind.AGENT, "1007", "Wang Fang"), c.DropThird()],
}


def table(name: str) -> list[list[str]]:
    """The rows between two marks of the page."""
    found = re.search(rf"<!-- {name}: begin -->\n(.*?)<!-- {name}: end -->", TEXT, re.DOTALL)
    assert found is not None
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in found[1].split("\n")][
        2:-1
    ]


KEYS = {"F9": ["F9"], **{task: keys.split() for task, keys, _ in table("tasks")}}


def presses(task: str, note: str = NOTE, number: str = NUMBER) -> list[str]:
    """The keys of a task, one by one."""
    keys: list[str] = []
    for word in KEYS[task]:
        if re.fullmatch(r"F\d+|Enter|Up", word):
            keys.append(word.lower())
        else:
            keys += {"NOTE": note, "NUMBER": number}.get(word, word)
    return keys


def cost(task: str) -> int:
    """Keys besides the letters of a note and the digits of a number."""
    return sum(
        1 if re.fullmatch(r"F\d+|Enter|Up", word) else len(word)
        for word in KEYS[task]
        if word not in ("NOTE", "NUMBER")
    )


class Platform(s.ScriptedPort):
    """A port behind which everything that is asked happens at once."""

    async def execute(self, command: Command) -> Result:
        result = await super().execute(command)
        if result.ok:
            self._carry_out(command)
        return result

    def rings(self) -> None:
        self.happen(*(CallRemoved(call.key) for call in self.state.calls))
        self.happen(CallChanged(replace(s.RINGING, offers=1)))

    def talks(self) -> None:
        self.happen(CallChanged(s.TALKING))

    def _carry_out(self, command: Command) -> None:
        call = self.state.call or s.TALKING
        match command:
            case c.Answer():
                self.talks()
            case c.Dial(number):
                self.happen(*(CallRemoved(each.key) for each in self.state.calls))
                self.happen(CallChanged(replace(s.TALKING, number=number, outgoing=True)))
            case c.HangUp() | c.Transfer():
                self._over(call)
            case c.Hold() | c.Resume():
                held = isinstance(command, c.Hold)
                state = CallState.HOLDING if held else CallState.TALKING
                self.happen(CallChanged(replace(call, state=state)))
            case c.Mute(on):
                self.happen(CallChanged(replace(call, muted=on)))
            case c.Threeway(kind, callee, name):
                third = Third(ThirdState.JOINED, kind, callee, name, s.NOW, s.NOW)
                self.happen(CallChanged(replace(call, third=third)))
            case c.DropThird():
                assert call.third is not None
                gone = replace(call.third, state=ThirdState.LEFT)
                self.happen(CallChanged(replace(call, third=gone)))
            case c.EditWrapUp(outcome, note):
                wrapup = self.state.wrapup
                assert wrapup is not None
                changes = {"outcome": outcome, "note": note, "until": None if note else 0}
                known = {name: value for name, value in changes.items() if value not in (None, 0)}
                until = None if note else wrapup.until
                self.happen(WrapUpChanged(replace(wrapup, **{**known, "until": until})))
            case c.FinishWrapUp():
                self.happen(WrapUpChanged(None), SeatChanged(SeatStatus(Status.ONLINE, s.NOW)))
            case c.SetStatus(status):
                self.happen(SeatChanged(SeatStatus(Status(status), s.NOW)))
            case c.Dismiss():
                self.happen(NoticeChanged(None))

    def _over(self, call: Call | None) -> None:
        assert call is not None
        why = message("ended.26", code=26)
        number, out = call.number, call.outgoing
        self.happen(
            CallChanged(replace(call, state=CallState.ENDED, outcome=why)),
            CallRecorded(CallRecord(number, out, s.NOW, 9.0, why, ccnumber=call.ccnumber)),
        )
        if call.answered is not None:
            busy = SeatStatus(Status.BUSY, s.NOW)
            wrapup = replace(s.WRAPUP, call=call.key, until=None)
            self.happen(WrapUpChanged(wrapup), SeatChanged(busy))


async def do(con, task: str, **typed: str) -> int:
    """Press a task's keys as a hand does; what they cost."""
    for key in presses(task, **typed):
        con.clock.now += 0.4
        await con.press(key)
    return cost(task)


def before(port: Platform, task: str) -> None:
    """What stands on the screen when the task begins."""
    if task in ("answer", "decline"):
        port.rings()
    elif task == "redial":
        record = CallRecord(NUMBER, True, s.NOW, 9.0, None, ccnumber="9conf_9")
        port.happen(CallRecorded(record))
    elif task not in ("busy", "dial"):
        port.talks()


def about(port: Platform) -> list[Command]:
    """What was sent, but the reading of the directory; of a note the last."""
    sent: list[Command] = []
    for each in port.sent:
        if isinstance(each, c.GetGroups | c.GetGroupMembers):
            continue
        typed = isinstance(each, c.EditWrapUp) and each.note is not None
        if typed and sent and isinstance(sent[-1], c.EditWrapUp) and sent[-1].note is not None:
            sent.pop()
        sent.append(each)
    return sent


@pytest.mark.parametrize("task", SENT_FOR)
async def test_each_task_is_done_by_the_keys_that_the_page_counts(console, task: str) -> None:
    (said,) = [count for name, _, count in table("tasks") if name == task]
    assert int(said.split()[0]) == cost(task)
    port = Platform()
    called(port)
    async with console(port=port) as con:
        before(port, task)
        await con.settle()
        await do(con, task)
        assert about(port) == SENT_FOR[task]


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("calls", "what", "each"), table("morning"), ids=lambda cell: cell[-30:])
async def test_the_calls_of_a_morning_cost_the_keys_that_the_page_says(
    console, calls: str, what: str, each: str
) -> None:
    port = Platform()
    called(port)
    port.happen(CallRecorded(CallRecord(NUMBER, True, s.NOW, 9.0, None, ccnumber="9conf_9")))
    incoming, _, tasks = what.rpartition(": ")
    async with console(port=port) as con:
        for _ in range(int(calls)):
            keys = 0
            if incoming:
                port.rings()
                await con.settle()
            for task in tasks.split(", "):
                keys += await do(con, task, note="ok", number="1002")
            assert keys == int(each)
            assert not any(call.live for call in port.state.calls)
            assert port.state.wrapup is None
            con.clock.now += 1.0
    answered = "decline" not in what
    assert len([one for one in port.sent if isinstance(one, c.FinishWrapUp)]) == (
        int(calls) * answered
    )


def test_the_morning_is_25_calls_and_costs_what_the_page_says() -> None:
    rows = [(int(calls), int(each)) for calls, _, each in table("morning")]
    assert sum(calls for calls, _ in rows) == 25
    total = re.search(r"<!-- total: begin -->(\d+)<!-- total: end -->", TEXT)
    assert total is not None
    assert sum(calls * each for calls, each in rows) == int(total[1])


def test_the_page_counts_the_ten_commonest_tasks() -> None:
    assert [task for task, _, _ in table("tasks")] == list(SENT_FOR)
