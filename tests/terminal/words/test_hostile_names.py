"""Names that a stranger chose, as caller, agent, group, reason: on every screen only text."""

from __future__ import annotations

import pytest

from tests.terminal import scripted_port as s
from tui.port import replace
from tui.port.commands import GetGroupMembers, GetGroups, GetHistory, Result
from tui.port.events import (
    CallChanged,
    CallRemoved,
    PhaseChanged,
    QuestionChanged,
    WrapUpChanged,
)
from tui.port.machines.call_machine import CallState, ThirdState
from tui.port.snapshot import Third
from tui.port.values import (
    Account,
    CallRecord,
    Capability,
    Check,
    CheckState,
    Group,
    GroupPage,
    HistoryEntry,
    HistoryPage,
    MemberPage,
    Notice,
    Phase,
    Question,
    QuestionKind,
    Seat,
    ThirdKind,
    WrapUp,
    WrapUpMode,
    message,
)
from tui.text import clean_text

pytestmark = pytest.mark.once

NAMES = {
    "markup": "Bob [/] x",
    "link": "[@click=app.quit]Boss[/]",
    "escape": "\x1b]52;c;QUJD\x07Eve\x1b[31m",
    "c1": "Ann\x9b31m\x85\x9d0;t\x9c",
    "bidi": "ab\u202ecd\u2066",
    "combining": "e" + "\u0301" * 2048,
    "wide": "王小明" * 30,
    "braces": "{code} {n} {0.__class__} %s",
}


@pytest.mark.parametrize("raw", NAMES.values(), ids=NAMES.keys())
async def test_a_name_is_only_ever_text(console, raw: str) -> None:
    name = clean_text(raw)  # as the engine hands it over
    account = replace(s.ACCOUNT, displayname=name, group=name)
    groups = tuple(Group(str(n), name, state_id=None, state_name=name) for n in range(3))
    record = CallRecord(name, False, s.NOW, 1.0, message("refused.unknown", code=1, info=name))
    notice = Notice(message("rejected.hold", status=500, reason=name), s.NOW)
    snapshot = replace(s.IDLE, account=account, groups=groups, recent=(record,), notice=notice)
    call = replace(s.RINGING, number=name)
    shown = name[:8].strip()

    async with console(snapshot) as c:
        screens = [c.screen_text]
        links: list[str] = []
        for state in CallState:
            ended = state is CallState.ENDED
            outcome = message("refused.unknown", code=9, info=name) if ended else None
            await c.happen(CallChanged(replace(call, state=state, outcome=outcome)))
            screens.append(c.screen_text)
            links += c.links
        for key in ("f1", "escape", "ctrl+p", "escape", "ctrl+q", "escape", "f2"):
            await c.press(key)
            screens.append(c.screen_text)
            links += c.links
        await c.happen(PhaseChanged(Phase.KICKED, message("kicked.unknown", code=name)))
        screens.append(c.screen_text)
        assert c.app.is_running
    async with console(replace(snapshot, phase=Phase.CHOOSING_GROUP)) as c:
        screens.append(c.screen_text)
        links += c.links
    assert not links
    for text in screens:
        assert not [ch for ch in text if ch != "\n" and (ord(ch) < 32 or 127 <= ord(ch) < 160)]
        assert "\u202e" not in text
        for line in text.splitlines():
            assert "\u0301" * 3 not in line
    assert any(shown in text for text in screens)


@pytest.mark.parametrize("raw", NAMES.values(), ids=NAMES.keys())
async def test_a_name_is_only_ever_text_in_what_lies_beside_the_call(console, raw: str) -> None:
    """The directory, the history, whom to bring in, who is in, the write-up."""
    name = clean_text(raw)
    gid = "1000000001"
    groups = GroupPage(1, 1, 1, (Group(gid, name, state_name=name),))
    seat = Seat("1007", name, work_number=name, state_id=2, state_name=name)
    members = MemberPage(gid, name, 1, 1, 1, (seat,))
    entry = HistoryEntry(1, s.WALL, name, False, group=name, outcome=name, note=name)
    third = Third(ThirdState.JOINED, ThirdKind.AGENT, "1007", name, s.NOW, joined=s.NOW)
    wrapup = WrapUp(
        1, name, False, 1.0, None, s.NOW, None, WrapUpMode.OPTIONAL, name, name, (name, "x")
    )
    screens: list[str] = []
    links: list[str] = []
    async with console(replace(s.IDLE, calls=())) as c:
        c.port.answers[GetGroups] = lambda command: Result(True, value=groups)
        c.port.answers[GetGroupMembers] = lambda command: Result(True, value=members)
        page = HistoryPage((entry,), 1)
        c.port.answers[GetHistory] = lambda command: Result(True, value=page)

        def look() -> None:
            screens.append(c.screen_text)
            links.extend(c.links)

        for key in ("f3", "escape", "f10", "escape"):
            await c.press(key)
            look()
        await c.happen(CallChanged(replace(s.TALKING, third=third)))
        look()
        await c.press("f8")  # asks what becomes of whom
        look()
        await c.press("escape")
        await c.happen(CallChanged(replace(s.TALKING, transfer=name)))
        look()
        await c.happen(CallChanged(s.TALKING))
        await c.press("f4")
        look()
        await c.press("escape")
        await c.happen(CallChanged(s.ENDED), WrapUpChanged(wrapup))
        look()
        assert c.app.is_running
    assert not links
    for text in screens:
        assert not [ch for ch in text if ch != "\n" and (ord(ch) < 32 or 127 <= ord(ch) < 160)]
        assert "\u202e" not in text
        assert "\u0301" * 3 not in text
    seen = sum(name[:8].strip() in text for text in screens)
    assert seen >= 6, seen  # it was there to do harm


@pytest.mark.parametrize("raw", NAMES.values(), ids=NAMES.keys())
async def test_a_name_is_only_ever_text_on_a_line(console, raw: str) -> None:
    """Callers that name themselves, whom a peer wants called, whom a call is handed to."""
    name = clean_text(raw)
    account = Account(name, "", "wss://pbx.example.com", kind="sip", can=(Capability.LINES,))
    calls = tuple(
        replace(
            s.TALKING,
            key=str(line),
            ccnumber=str(line),
            line=line,
            number=name,
            name=name,
            verified=False,
            state=state,
            transfer=name if line == 3 else "",
        )
        for line, state in enumerate((CallState.TALKING, CallState.RINGING, CallState.HOLDING), 1)
    )
    checks = (Check("tls", CheckState.FAIL, message("check.tls.refused", host=name, why=name)),)
    snapshot = replace(s.IDLE, account=account, groups=(), calls=calls, marked="1", checks=checks)
    screens: list[str] = []
    links: list[str] = []
    async with console(snapshot) as c:

        def look() -> None:
            screens.append(c.screen_text)
            links.extend(c.links)

        look()
        await c.press("f4", "enter")
        look()
        await c.press("escape", "escape")
        for kind in QuestionKind:
            await c.happen(QuestionChanged(Question(kind, "1", name, name)))
            look()
        await c.happen(QuestionChanged(None), *(CallRemoved(call.key) for call in calls))
        await c.press("ctrl+t")
        look()
        assert c.app.is_running
    assert not links
    for text in screens:
        assert not [ch for ch in text if ch != "\n" and (ord(ch) < 32 or 127 <= ord(ch) < 160)]
        assert "\u202e" not in text
        assert "\u0301" * 3 not in text
    assert sum(name[:8].strip() in text for text in screens) == len(screens)
