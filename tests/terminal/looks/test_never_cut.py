"""What must never be cut is on the screen: at any size, in both languages, whatever is open."""

from __future__ import annotations

from typing import Any

import pytest

from tests.terminal import languages
from tests.terminal import scripted_port as s
from tests.terminal.seen import seen, tight
from tui.config.schema import Config, UiSettings
from tui.console.i18n import render, tr
from tui.console.widgets.formats import spaced
from tui.console.widgets.heading import state_word
from tui.console.widgets.room import CALL, HEADING, NEVER, NOTICE, SCREEN, Wanted, share
from tui.port import replace
from tui.port.snapshot import Snapshot
from tui.port.values import message

pytestmark = pytest.mark.once

SIZES = ((40, 12), (60, 20), (80, 24), (120, 40), (200, 60))
LONG = message("login.unverified")
OPENED: tuple[dict[str, Any], ...] = (
    {"history": True, "figures": True},
    {"directory": True, "figures": True, "notice": LONG},
    {},
)
"""What an agent can have open, and what may be said besides."""
NUMBER = spaced("12000000001")


def states(language: str) -> dict[str, Snapshot]:
    """Every state of a console, and some that come together."""
    found = {
        name: snapshot
        for name, (snapshot, _) in languages.states(language).items()
        if snapshot.account is not None and name not in ("groups", "kicked", "question", "checked")
    }
    muted_three = replace(found["three-way"].calls[0], muted=True)
    return {
        **found,
        "muted-three-way": replace(found["three-way"], calls=(muted_three,)),
        "wrap-up-and-ringing": replace(
            found["ringing"], wrapup=found["wrap-up"].wrapup, next_status=2
        ),
        "held-and-muted": replace(
            found["on-hold"], calls=(replace(found["on-hold"].calls[0], muted=True),)
        ),
    }


def missing(c: Any, snapshot: Snapshot) -> list[str]:
    """What of the screen's must-haves is not there."""
    screen, call = c.app.screen, snapshot.call
    drawn = screen._compositor.render_strips()
    heading = seen(c, screen.heading, drawn)
    wanted = [(heading, tr(state_word(snapshot)[0]))]
    if call is not None and call.live and call.muted:
        wanted.append((heading, tr("muted")))
    card = seen(c, screen.panel.card, drawn)
    if call is not None and call.live:
        wanted.append((card, spaced(call.number)))
        if call.state == "ringing":
            wanted += [
                (card, f"F5 {tr('action.answer')}"),
                (card, f"F8 {tr('action.decline')}"),
                (card, "F12"),
            ]
        if call.third is not None and call.third.present:
            since = c.app.clocks.time_of_day(call.third.joined or call.third.since)
            wanted += [
                (card, call.third.name),
                (card, tr(f"third.{call.third.state.value}", time=since)),
                (card, tr("stays.warn")),
                (card, tr("stays.together" if call.third.joined else "stays.coming")),
            ]
    lines = [each for each in snapshot.calls if each.live]
    if len(lines) > 1:
        rows = seen(c, screen.lines, drawn)
        wanted += [(rows, spaced(each.number)) for each in lines]
        wanted += [(rows, tr("lines.ringing")) for each in lines if each.state == "ringing"]
    if snapshot.wrapup is not None:
        wanted.append((seen(c, screen.wrapup.note, drawn), tr("wrapup.note")))
        wanted.append((seen(c, screen.wrapup.outcomes, drawn), tr("outcome.resolved")))
    return [f"{text!r} in {where!r}" for where, text in wanted if tight(text) not in where]


@pytest.mark.parametrize("language", languages.LANGUAGES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_in_every_state_whatever_is_open(console, language: str, size) -> None:
    every = states(language)
    config = Config(ui=UiSettings(language=language))
    port = languages.port(language, every["idle"])
    async with console(port=port, size=size, config=config) as c:
        c.app.screen._build_directory()
        for name, snapshot in every.items():
            for opened in OPENED:
                shut = {"figures": False, "directory": False, "history": False, "notice": None}
                c.app.change(**{**shut, "snapshot": snapshot, **opened})
                await c.settle()
                gone = missing(c, snapshot)
                assert not gone, f"{name} {opened}: {gone}\n{c.screen_text}"


@pytest.mark.parametrize("language", languages.LANGUAGES)
@pytest.mark.parametrize("size", SIZES[:3], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_choices_of_a_dialog_and_the_state_above_it(console, language: str, size) -> None:
    every = states(language)
    for name, keys in (
        ("muted-three-way", ("f8",)),
        ("held-and-muted", ("ctrl+q",)),
        ("idle", ("f10", "enter")),
    ):
        port = languages.port(language, every[name])
        config = Config(ui=UiSettings(language=language))
        async with console(port=port, size=size, config=config) as c:
            c.clock.now += 1
            for key in keys:
                await c.press(key)
                await c.rest()
            dialog = c.app.screen
            here = seen(c, dialog.options)
            for _, label in dialog._ways:
                assert tight(dialog.words(label)) in here, c.screen_text
            if every[name].call is not None:
                assert tight(tr("muted")) in tight("".join(c.screen_text.splitlines()[:2]))


async def test_a_field_to_type_in_is_there_in_the_smallest_terminal(console) -> None:
    async with console(size=(40, 12)) as c:
        await c.press("f2", *"1200")
        assert "1200" in c.line("Number")
        await c.press("f3")
        assert "1200" in c.line("Number")


async def test_a_long_name_is_folded_and_its_cut_is_seen(console) -> None:
    call = replace(s.RINGING, name="Ho " * 60)
    async with console(s.with_call(call), size=(40, 12)) as c:
        assert tight(NUMBER) in seen(c, c.app.screen.panel.card)
        assert "…" in c.screen_text
        assert "F5 Answer" in c.screen_text


async def test_wide_terminals_use_their_width(console) -> None:
    for width in (120, 160, 200):
        async with console(s.with_call(s.TALKING), size=(width, 40)) as c:
            panel = c.app.screen.panel.region
            assert panel.width >= min(96, width // 2)
            assert c.app.screen.recent.region.right == width


def test_the_order_is_one() -> None:
    for table in (CALL, HEADING, SCREEN):
        assert len(set(table)) == len(table)
        never = [name in NEVER for name in table]
        assert never == sorted(never)  # what never goes stands last
    assert set(CALL) | set(HEADING) | set(SCREEN) > NEVER


@pytest.mark.parametrize("rows", range(9, 58))
def test_rows_are_parted_by_the_order(rows: int) -> None:
    wanted = Wanted(call=9, call_needs=4, field=1, writeup=6, writeup_needs=3, list=4, notice=2)
    got = share(rows, wanted)
    assert got.call >= 4
    assert got.writeup >= 3
    assert got.call + got.writeup + got.notice + 1 + 4 * got.rules <= rows
    assert got.notice <= NOTICE
    if got.call > 4:
        assert got.writeup == 6


@pytest.mark.parametrize("language", languages.LANGUAGES)
@pytest.mark.parametrize("size", SIZES[1:3], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_why_a_call_is_over_is_said_to_its_end(console, language: str, size) -> None:
    why = message("unusable.no-encryption")
    over = s.IDLE.with_call(replace(s.ENDED, outcome=why))
    config = Config(ui=UiSettings(language=language))
    async with console(over, size=size, config=config) as c:
        assert tight(render(why)) in seen(c, c.app.screen.panel.card)
