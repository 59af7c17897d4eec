"""The call panel: always at the same place, so that a call never covers anything.

What it says is computed by `describe`, a function of the view; `CallPanel` draws it and holds
the dial field under it.
"""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.geometry import Offset
from textual.message import Message as TextualMessage
from textual.widgets import Input

from tui.console.actions.action import Action, key_name
from tui.console.actions.conditions import line_lost, own_lines
from tui.console.actions.registry import find
from tui.console.i18n import render, tr
from tui.console.view import View
from tui.console.widgets.call import sound_quality as sounding
from tui.console.widgets.call.line_rows import waiting
from tui.console.widgets.call.parties import (
    ROOMY,
    asks,
    countdown,
    pick_up,
    stays,
    third_rows,
    tones,
)
from tui.console.widgets.form.dial_field import DialField, redials
from tui.console.widgets.form.fields import Field
from tui.console.widgets.formats import Clocks, duration, fit, ordinal, spaced
from tui.console.widgets.glyphs import glyphs
from tui.console.widgets.own_class import set_own_class
from tui.console.widgets.room import Ranked, fitting, gap
from tui.console.widgets.rows import Row, Rows, cut, flowing, folded, row, two_sided, width_of
from tui.port.machines.call_machine import CallState
from tui.port.snapshot import Call
from tui.port.values import Capability, Leg, Levels

BAR_CELLS = 10
_WITH_LETTERS: Final = {Capability.LINES, Capability.ENCRYPTED_NUMBERS}
"""What a session can do in which more than numbers is dialled."""
HEIGHT = 6
"""Rows of the card where there is room enough, so that nothing below it jumps."""
NAMED: Final = (
    *("answer", "hangup", "hold", "mute", "party", "status", "directory", "history"),
    *("help", "palette", "leave"),
)
"""The actions whose keys the tour names."""
SENTENCES: Final = 6
"""Of the tour."""
SAID_THERE: Final = frozenset(("line.says", "line.queued", "line.forwarded"))
"""What is said of a call while it rings there: nothing is wrong with it."""
MOST_OF_A_NAME: Final = 2
"""Lines that a number and a name may take."""
LEAST_BESIDE: Final = 8
"""Cells without which nothing stands beside who it is."""


def bar(level: int) -> Row:
    """A level bar of ten cells; filled and empty differ in shape, not in colour alone."""
    filled = max(0, min(BAR_CELLS, level))
    sign = glyphs()
    return row((sign.full * filled, "$bar"), (sign.empty * (BAR_CELLS - filled), "$dim"))


def describe(
    view: View,
    keys: dict[str, str],
    width: int,
    *,
    clocks: Clocks,
) -> list[Ranked]:
    """The rows of the panel, each by its name in `room.CALL`. `keys` are the printed keys of the
    actions, by id."""
    call = view.snapshot.call
    if call is None:
        return [*_no_call(view, keys), *_tour(view, keys, width)]
    if not call.live:
        return [*_over(call, width, clocks), *_dial_hints(view)]
    match call.state:
        case CallState.RINGING:
            return _ringing(view, call, keys, width, clocks)
        case CallState.DIALING | CallState.PROCEEDING:
            return _calling(view, call, width)
        case _:
            return _up(view, call, keys, width, clocks)


def _no_call(view: View, keys: dict[str, str]) -> list[Ranked]:
    if not view.connected:
        lost = row((tr("panel.no_engine"), "$bad")), row((tr("panel.no_engine_2"), "$dim"))
        return [gap(), ("failure", lost[0]), ("doing", lost[1])]
    hint: Row = ()
    if "dial" in keys:
        hint = (("   ", ""), (keys["dial"], "bold $key"), (" " + tr("action.dial"), "$dim"))
    return [gap(), ("doing", row((tr("panel.no_call"), "$dim"), *hint)), *_dial_hints(view)]


def _tour(view: View, keys: dict[str, str], width: int) -> list[Ranked]:
    """A sentence of the tour, with the keys that are in force."""
    if "tour_next" not in keys:
        return []
    values = {id: key_name(find(id).key) for id in NAMED}
    said = row((f"{view.tour}/{SENTENCES} ", "bold $key"), tr(f"tour.{view.tour}", **values))
    further = row(
        (keys["tour_next"], "bold $key"),
        (" " + tr("action.tour_next") + "   ", "$dim"),
        (keys.get("dismiss", ""), "bold $key"),
        (" " + tr("action.tour_skip"), "$dim"),
    )
    return [*(("how", line) for line in folded(said, width)), ("how", further)]


def _dial_hints(view: View) -> list[Ranked]:
    """What else than a number can be typed into the dial field."""
    if not view.dialling:
        return []
    hints = {
        Capability.AREA_CODE: "dial.area_hint",
        Capability.ENCRYPTED_NUMBERS: "dial.encrypted_hint",
    }
    can = view.snapshot.can
    return [("how", row((tr(hint), "$dim"))) for each, hint in hints.items() if each in can]


def _title(view: View, call: Call, mark: str, style: str, width: int) -> list[Ranked]:
    """Who, never cut; beside it what there is room for."""
    account = view.snapshot.account
    about = [tr("call.internal")] if call.internal else []
    if account is not None and account.group and not call.outgoing:
        about.append(tr("call.for_group", group=account.group))
    if call.offers > 1:
        about.append(tr("call.offer", ordinal=ordinal(call.offers), n=call.offers))
    if not call.verified and not call.outgoing:
        about.append(tr("call.unverified"))
    number = spaced(call.number) or tr("call.no_number")
    said = call.name if call.name != call.number else ""
    for name in dict.fromkeys(filter(None, (said, call.known))):
        number = f"{number}  {name}"
    who = row((f"{mark} {number}", style))
    score = sounding.mark(view.snapshot.quality)
    space = "   " if about and score else ""
    room = width - width_of(who) - width_of(score) - len(space) - 1
    if width_of(who) > width or (score and room < 0):
        return [("who", line) for line in folded(who, width, MOST_OF_A_NAME)]
    beside = row((glyphs().between.join(about), "$dim"))
    if width_of(beside) > room < LEAST_BESIDE:
        beside, space = (), ""
    return [("who", two_sided(who, (*cut(beside, room), (space, ""), *score), width))]


def _ringing(
    view: View, call: Call, keys: dict[str, str], width: int, clocks: Clocks
) -> list[Ranked]:
    roomy = width >= ROOMY
    take = "panel.cannot_take" if roomy else "action.cannot_take"
    choices = [
        row((keys[id], "bold $ring"), (f" {tr(label)}", ""))
        for id, label in (
            ("answer", "action.answer"),
            ("hangup", "action.decline"),
            ("cannot_take", take),
        )
        if id in keys
    ]
    counted = countdown(call, clocks, keys.get("let_ring", ""), calm=view.calm)
    return [
        gap(),
        *_title(view, call, glyphs().ring, "bold $ring", width),
        gap(),
        *(("choices", each) for each in flowing(choices, width, "      " if roomy else "   ")),
        *(("countdown", each) for each in folded(counted, width) if counted),
        ("pick up", pick_up(view.snapshot.account)),
        *_outcome(call, width),
    ]


def _calling(view: View, call: Call, width: int) -> list[Ranked]:
    if own_lines(view):
        said = tr(_there(call))
    elif call.state is CallState.DIALING:
        said = tr("call.asking")
    elif call.leg is Leg.CONNECTED:
        said = tr("call.proceeding_heard")
    else:
        said = tr("call.proceeding")
    return [
        gap(),
        *_title(view, call, glyphs().out, "bold $strong", width),
        gap(),
        ("doing", row((said, ""))),
        ("pick up", pick_up(view.snapshot.account)),
        *_audio(call),
        *_outcome(call, width),
    ]


def _there(call: Call) -> str:
    """How far a call of one's own has come, as a message id."""
    if call.early:
        return "call.early"
    return "call.dialling" if call.state is CallState.DIALING else "call.ringing_there"


def _up(view: View, call: Call, keys: dict[str, str], width: int, clocks: Clocks) -> list[Ranked]:
    mark = glyphs().out if call.outgoing else glyphs().into
    meters = call.leg is not Leg.NONE and not view.calm
    bars = _bars(call, view.snapshot.levels) if meters else []
    said = {
        CallState.ANSWERING: "call.answering",
        CallState.DECLINING: "call.declining",
        CallState.ENDING: "call.ending",
        CallState.HOLDING: "call.held_here" if own_lines(view) else "call.held",
    }.get(call.state, "call.own_phone" if call.leg is Leg.NONE else "")
    style = "$ring" if call.state is CallState.HOLDING else ""
    waits = pick_up(view.snapshot.account) if call.state is CallState.ANSWERING else ()
    quality = view.snapshot.quality
    figures = sounding.figures(quality) if view.figures else []
    other = waiting(view, keys.get("line_next", ""))
    stay = stays(call, own=own_lines(view), lost=line_lost(view))
    return [
        *_title(view, call, mark, "bold $strong", width),
        *third_rows(call, clocks, width),
        *(("bars", line) for line in bars),
        ("doing", row((tr(said), style)) if said else ()),
        ("held there", row((tr("call.peer_holds"), "$ring")) if call.peer_holds else ()),
        *(("other call", line) for line in folded(other, width)),
        ("pick up", waits),
        *_audio(call),
        ("hearing", sounding.hint(quality, keys)),
        *_outcome(call, width),
        *(("figures", line) for line in figures),
        *(("stays", line) for line in folded(stay, width)),
        *(("asks", line) for line in asks(call, keys.get("hangup", ""), width)),
        ("tones", tones(call)),
        ("recovered", row((tr("call.recovered"), "$dim")) if call.recovered else ()),
    ]


def _bars(call: Call, levels: Levels) -> list[Row]:
    column = max(cell_len(tr("bar.you")), cell_len(tr("bar.them"))) + 3
    note = ("  " + tr("bar.muted"), "$bad") if call.muted else ("", "")
    return [
        row(
            (fit(tr("bar.you"), column), "$dim"),
            *bar(0 if call.muted else levels.you),
            note,
        ),
        row((fit(tr("bar.them"), column), "$dim"), *bar(levels.them)),
    ]


def _audio(call: Call) -> list[Ranked]:
    if call.leg in (Leg.AWAITED, Leg.CONNECTING) and call.state is not CallState.DIALING:
        return [("sound", row((tr(f"leg.{call.leg.value}"), "$dim")))]
    if call.leg in (Leg.FAILED, Leg.LOST):
        return [("sound", row((tr(f"leg.{call.leg.value}"), "bold $bad")))]
    return []


def _outcome(call: Call, width: int) -> list[Ranked]:
    """What went wrong with a call that still lives, or is said of one that rings there."""
    if call.outcome is None:
        return []
    style = "" if call.outcome.id in SAID_THERE else "$bad"
    return [("failure", line) for line in folded(row((render(call.outcome), style)), width)]


def _over(call: Call, width: int, clocks: Clocks) -> list[Ranked]:
    number = spaced(call.number) or tr("call.no_number")
    mark = glyphs().out if call.outgoing else glyphs().into
    when = tr("call.over_at", time=clocks.time_of_day(call.since))
    title = two_sided(row((f"{mark} {number}", "$strong")), row((when, "$dim")), width)
    why = render(call.outcome) if call.outcome is not None else tr("ended.unknown")
    lines = folded(row(why), width - 2)
    rows = [gap(), ("who", title), *(("failure", row("  ", *line)) for line in lines)]
    if call.end.talk_time is not None:
        lasted = tr("call.lasted", time=duration(call.end.talk_time))
        rows.append(("doing", row(("  " + lasted, ""))))
    return rows


class CallCard(Rows):
    """The part of the panel that describes the call."""

    DEFAULT_CSS = "CallCard { height: 1fr; }"

    def on_click(self, event: events.Click) -> None:
        """A click on a printed key is as good as the key."""
        self.press(event.x - self.gutter.left, event.y - self.gutter.top)


class CallPanel(Vertical):
    """The card, and the dial field that opens under it."""

    DEFAULT_CSS = f"""
    CallPanel {{
        height: {HEIGHT + 3};
        padding: 0 2;
        border-top: solid $rule;
        border-bottom: solid $rule;
    }}
    CallPanel.-flat {{ border: none; }}
    CallPanel.-ringing {{ border-top: double $ring; border-bottom: double $ring; }}
    CallPanel.-ringing.-flat {{ border: none; }}
    CallPanel Field {{ display: none; }}
    CallPanel.-dialling #dial {{ display: block; }}
    CallPanel.-typing #tones {{ display: block; }}
    """

    class NumberEntered(TextualMessage):
        """Enter in the dial field."""

        def __init__(self, number: str) -> None:
            super().__init__()
            self.number = number

    class TonesEntered(TextualMessage):
        """Enter in the field for a row of tones."""

        def __init__(self, tones: str) -> None:
            super().__init__()
            self.tones = tones

    def __init__(self, clocks: Clocks) -> None:
        super().__init__(id="call-panel")
        self._clocks = clocks
        self.card = CallCard()
        self.dial = DialField()
        self.tones = Field("field.tones", id="tones")
        self._who = ""
        """Whom the card is about."""

    def compose(self) -> ComposeResult:
        yield self.card
        yield self.dial
        yield self.tones

    def cursor_place(self) -> Offset | None:
        """The field that is typed in; else who it is."""
        if isinstance(self.screen.focused, Input):
            return None
        return self.card.place_of(self._who)

    def rows(self, view: View, works: tuple[Action, ...]) -> list[Ranked]:
        """What there is to say, however much room there is; `works` are the actions whose keys
        work now."""
        width = self.card.content_size.width
        if not width:
            return []
        keys = {action.id: key_name(action.key) for action in works}
        return describe(view, keys, width, clocks=self._clocks)

    def show(self, view: View, rows: list[Ranked], room: int, *, rules: bool) -> None:
        """Draw the view: so many of the rows, with lines around them or without."""
        call = view.snapshot.call
        ringing = call is not None and call.state is CallState.RINGING
        set_own_class(self, ringing, "-ringing")
        set_own_class(self, not rules, "-flat")
        self.set_class(view.dialling, "-dialling")
        self.set_class(view.typing and not view.dialling, "-typing")
        self.dial.names = bool(_WITH_LETTERS & view.snapshot.can)
        self.dial.before = redials(view)
        self._who = (spaced(call.number) or tr("call.no_number")) if call is not None else ""
        if rows:
            self.card.draw(fitting(rows, room))

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        event.stop()
        if event.input is self.tones.input:
            if event.value.strip():
                self.post_message(self.TonesEntered(event.value))
        elif event.value.strip() and not self.dial.complaint:
            self.post_message(self.NumberEntered(event.value))
