"""The history on the screen: searched, redialled, exported, and never in a call's way."""

from __future__ import annotations

from pathlib import Path

from tests.terminal import scripted_port as s
from tests.terminal.conftest import Console
from tests.terminal.scripted_history import ENTRIES, history
from tests.terminal.seen import seen, tight
from tui.port import replace
from tui.port.commands import Answer, Dial, ExportHistory, GetHistory, MendNote, Result
from tui.port.events import CallChanged, CallRecorded
from tui.port.values import message


def asked(c: Console) -> list[GetHistory]:
    return [each for each in c.port.sent if isinstance(each, GetHistory)]


async def test_the_history_opens_beside_nothing_else_and_closes(console) -> None:
    async with console() as c:
        history(c.port)
        await c.press("f10")
        assert "120 calls" in c.screen_text
        assert "page 1/3" in c.screen_text
        assert "wants the invoice" in c.screen_text
        assert "120 0000 0001" in c.line("▸")
        assert "missed" in c.line("120 0000 0003")
        assert "No call." in c.screen_text
        await c.press("escape")
        assert "page 1/3" not in c.screen_text
        assert "Today" in c.screen_text


async def test_it_is_searched_while_one_types(console) -> None:
    async with console() as c:
        history(c.port)
        await c.press("f10", *"0110")
        await c.rest()
        assert asked(c)[-1] == GetHistory("0110")
        assert "1 call " in c.screen_text
        assert "120 0000 0110" in c.line("▸")
        await c.press("9")
        await c.rest()
        assert "Nothing found." in c.screen_text


async def test_the_missed_are_listed_by_one_action(console) -> None:
    async with console() as c:
        history(c.port)
        await c.press("alt+m")
        await c.rest()
        last = asked(c)[-1]
        assert last.text == "missed"
        assert last.terms[0].missed
        assert c.app.screen.history.search.value == "missed"


async def test_a_day_and_the_words_of_an_end_are_asked_for(console) -> None:
    async with console() as c:
        history(c.port)
        await c.press("f10", *"01-02")
        await c.rest()
        (term,) = asked(c)[-1].terms
        assert term.since <= s.WALL < term.until


LONG = "asked for the invoice again, " * 12 + "and for nothing else"


async def test_a_long_note_is_read_in_full_and_mended(console) -> None:
    async with console() as c:
        history(c.port, (replace(ENTRIES[0], note=LONG),))
        await c.press("f10", "alt+e")
        assert seen(c, c.app.screen.note) == tight(LONG)
        await c.press("!", "\u3000", "enter")
        assert c.port.sent[-2:] == [MendNote(1, LONG + "!\u3000".strip()), GetHistory()]
        await c.press("alt+e", "x", "escape")
        assert not [each for each in c.port.sent[-1:] if isinstance(each, MendNote)]


async def test_the_mark_goes_on_to_the_next_page(console) -> None:
    async with console() as c:
        history(c.port)
        await c.press("f10", "up", "down")
        assert "120 0000 0002" in c.line("▸")
        await c.press(*["pagedown"] * 10)
        assert GetHistory("", 2) in c.port.sent
        assert "page 2/3" in c.screen_text
        await c.press(*["pageup"] * 12)
        assert "page 1/3" in c.screen_text


async def test_enter_asks_and_calls_the_marked_number(console) -> None:
    async with console() as c:
        history(c.port)
        await c.press("f10", "down", "enter")
        assert "This calls 120 0000 0002." in c.screen_text
        await c.press("escape")
        assert not [each for each in c.port.sent if isinstance(each, Dial)]
        await c.press("enter", "enter")  # pressed twice: nobody is called
        assert not [each for each in c.port.sent if isinstance(each, Dial)]
        await c.press("enter", "1")
        assert c.port.sent[-1] == Dial("12000000002")
        assert "page 1/3" not in c.screen_text


async def test_a_masked_number_cannot_be_called_and_says_so(console) -> None:
    async with console() as c:
        history(c.port, (replace(ENTRIES[0], number="120••••0001"),))
        await c.press("f10", "enter")
        assert "The number is hidden here" in c.screen_text


async def test_what_was_found_is_exported_to_a_file_of_ones_choice(console) -> None:
    async with console() as c:
        history(c.port)
        c.port.answers[ExportHistory] = lambda command: Result(
            True, message("history.exported", count=1, path=command.path), 1
        )
        await c.press("f10", *"invoice")
        await c.rest()
        await c.press("ctrl+o")
        assert "~/yimi-2026-01-02.csv" in c.line("File")
        await c.press(*["backspace"] * 4, ".", "x", "enter")
        sent = c.port.sent[-1]
        assert replace(sent, words=()) == ExportHistory(
            str(Path("~/yimi-2026-01-02.x").expanduser()), "invoice"
        )
        assert dict(sent.words)["ended.25"] == "The customer hung up."
        assert dict(sent.words)["Resolved"] == "Resolved"
        assert "The history was written to /" in c.screen_text
        assert "yimi-2026-01-02.x" in c.screen_text


async def test_why_an_export_failed_is_said(console) -> None:
    async with console() as c:
        history(c.port)
        refused = Result(
            False, message("history.not_exported", path="/x.csv", why="Permission denied")
        )
        c.port.answers[ExportHistory] = lambda command: refused
        await c.press("f10", "ctrl+o", "enter")
        assert "Permission denied" in c.screen_text


async def test_a_call_rings_above_the_history_and_is_answered(console) -> None:
    async with console() as c:
        history(c.port)
        await c.press("f10", "1")
        await c.happen(CallChanged(s.RINGING))
        assert "120 0000 0001" in c.line("▶")
        assert "page" in c.screen_text or "calls" in c.screen_text
        await c.press("f5")
        assert Answer() in c.port.sent


async def test_a_call_that_ends_is_looked_up(console) -> None:
    async with console() as c:
        history(c.port)
        await c.press("f10")
        before = len(asked(c))
        await c.happen(CallRecorded(replace(s.RECENT[0], ccnumber="new")))
        assert len(asked(c)) == before + 1


async def test_from_a_hundred_columns_on_it_stands_beside_the_call(console) -> None:
    async with console(size=(120, 40)) as c:
        history(c.port)
        await c.press("f10")
        assert c.app.screen.history.region.x >= 60
        assert "No call." in c.screen_text


async def test_the_figures_of_the_shift_stand_over_the_list_and_at_sign_out(console) -> None:
    async with console() as c:
        line = c.line("Today")
        assert "answered 2" in line
        assert "missed 1" in line
        assert "talk 11:43" in line
        assert "longest 7:33" in line
        await c.press("ctrl+q")
        said = "Today: answered 2, missed 1, talk 11:43, longest 7:33."
        assert said in c.screen_text.replace("\n", "")


async def test_a_history_that_cannot_be_read_says_why(console) -> None:
    async with console() as c:
        c.port.answers[GetHistory] = lambda command: Result(False, message("history.none"))
        await c.press("f10")
        assert "There is no history." in c.screen_text
