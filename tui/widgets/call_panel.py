"""The call panel: always at the same place, so that a call never covers anything.

What it says is computed by `describe`, a function of the view; `CallPanel` draws it and holds
the dial field under it.
"""

from __future__ import annotations

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message as TextualMessage
from textual.widgets import Input

from tui.actions import Action, View, key_name, own_lines
from tui.engine.state import Call, CallState, Leg, Levels
from tui.i18n import render, tr
from tui.widgets import sounding
from tui.widgets.dialing import DialField, redials
from tui.widgets.fields import Field
from tui.widgets.glyphs import glyphs
from tui.widgets.lines import waiting
from tui.widgets.parties import (
    PAIRED,
    ROOMY,
    asks,
    countdown,
    fitting,
    pick_up,
    stays,
    third_rows,
    tones,
)
from tui.widgets.rows import Row, Rows, cut, row, two_sided, width_of
from tui.widgets.words import Clocks, duration, fit, ordinal, spaced

BAR_CELLS = 10
HEIGHT = 6


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
) -> list[Row]:
    """The rows of the panel. `keys` are the printed keys of the actions, by id."""
    call = view.snapshot.call
    if call is None:
        return _no_call(view, keys)
    if not call.live:
        return [*_over(call, width, clocks), *_dial_hints(view)]
    match call.state:
        case CallState.RINGING:
            return _ringing(view, call, keys, width, clocks)
        case CallState.DIALING | CallState.PROCEEDING:
            return _calling(view, call, width)
        case _:
            return _up(view, call, keys, width, clocks)


def _no_call(view: View, keys: dict[str, str]) -> list[Row]:
    if not view.connected:
        return [(), row((tr("panel.no_engine"), "$bad")), row((tr("panel.no_engine_2"), "$dim"))]
    hint: Row = ()
    if "dial" in keys:
        hint = (("   ", ""), (keys["dial"], "bold $key"), (" " + tr("action.dial"), "$dim"))
    return [(), row((tr("panel.no_call"), "$dim"), *hint), *_dial_hints(view)]


def _dial_hints(view: View) -> list[Row]:
    """What else than a number can be typed into the dial field."""
    account = view.snapshot.account
    if not view.dialling or account is None or account.kind != "platform1":
        return []
    hints = ["dial.area_hint", *(["dial.encrypted_hint"] if account.encrypts else [])]
    return [row((tr(hint), "$dim")) for hint in hints]


def _title(view: View, call: Call, mark: str, style: str, width: int) -> Row:
    account = view.snapshot.account
    about = [tr("call.internal")] if call.internal else []
    if account is not None and account.group and not call.outgoing:
        about.append(tr("call.for_group", group=account.group))
    if call.offers > 1:
        about.append(tr("call.offer", ordinal=ordinal(call.offers), n=call.offers))
    if not call.verified and not call.outgoing:
        about.append(tr("call.unverified"))
    number = spaced(call.number) or tr("call.no_number")
    if call.name and call.name != call.number:
        number = f"{number}  {call.name}"
    who = row((f"{mark} {number}", style))
    score = sounding.mark(view.snapshot.quality)
    if not score:
        return two_sided(who, row((glyphs().between.join(about), "$dim")), width)
    gap = "   " if about else ""
    room = max(0, width - width_of(who) - width_of(score) - len(gap) - 1)
    beside = cut(row((glyphs().between.join(about), "$dim")), room)
    return two_sided(who, (*beside, (gap, ""), *score), width)


def _ringing(view: View, call: Call, keys: dict[str, str], width: int, clocks: Clocks) -> list[Row]:
    choices: list[tuple[str, str]] = []
    roomy = width >= ROOMY
    take = "panel.cannot_take" if roomy else "action.cannot_take"
    gap = "      " if roomy else "   "
    for id, label in (
        ("answer", "action.answer"),
        ("hangup", "action.decline"),
        ("cannot_take", take),
    ):
        if id in keys:
            choices += [(keys[id], "bold $ring"), (f" {tr(label)}{gap}", "")]
    title = _title(view, call, glyphs().ring, "bold $ring", width)
    account = view.snapshot.account
    aside = [countdown(call, clocks, keys.get("let_ring", "")), pick_up(account), *_outcome(call)]
    return [(), title, (), tuple(choices), *filter(None, aside)]


def _calling(view: View, call: Call, width: int) -> list[Row]:
    if own_lines(view):
        said = tr(_there(call))
    elif call.state is CallState.DIALING:
        said = tr("call.asking")
    elif call.leg is Leg.CONNECTED:
        said = tr("call.proceeding_heard")
    else:
        said = tr("call.proceeding")
    title = _title(view, call, glyphs().out, "bold $strong", width)
    ours = pick_up(view.snapshot.account)
    aside = [ours] if ours else []
    return [(), title, (), row((said, "")), *aside, *_audio(call), *_outcome(call)]


def _there(call: Call) -> str:
    """How far a call of one's own has come, as a message id."""
    if call.early:
        return "call.early"
    return "call.dialling" if call.state is CallState.DIALING else "call.ringing_there"


def _up(view: View, call: Call, keys: dict[str, str], width: int, clocks: Clocks) -> list[Row]:
    mark = glyphs().out if call.outgoing else glyphs().into
    title = _title(view, call, mark, "bold $strong", width)
    bars = _bars(call, view.snapshot.levels) if call.leg is not Leg.NONE else []
    said = {
        CallState.ANSWERING: "call.answering",
        CallState.DECLINING: "call.declining",
        CallState.ENDING: "call.ending",
        CallState.HOLDING: "call.held_here" if own_lines(view) else "call.held",
    }.get(call.state, "call.own_phone" if call.leg is Leg.NONE else "")
    style = "$ring" if call.state is CallState.HOLDING else ""
    waits = pick_up(view.snapshot.account) if call.state is CallState.ANSWERING else ()
    recovered = row((tr("call.recovered"), "$dim")) if call.recovered else ()
    quality = view.snapshot.quality
    figures = sounding.figures(quality) if view.figures else []
    weighed: list[tuple[int, Row]] = [
        (9, title),
        *((8, line) for line in third_rows(call, clocks, width)),
        *((PAIRED, line) for line in bars),
        (6, row((tr(said), style)) if said else ()),
        (8, row((tr("call.peer_holds"), "$ring")) if call.peer_holds else ()),
        (8, waiting(view, keys.get("line_next", ""))),
        (6, waits),
        *((8, line) for line in _audio(call)),
        (8, sounding.hint(quality, keys)),
        *((8, line) for line in _outcome(call)),
        *((8, line) for line in figures),
        (7, stays(call, own=own_lines(view))),
        (4, asks(call, keys.get("hangup", ""), width)),
        (5, tones(call)),
        (2, recovered),
    ]
    return fitting(weighed, HEIGHT)


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


def _audio(call: Call) -> list[Row]:
    if call.leg in (Leg.AWAITED, Leg.CONNECTING) and call.state is not CallState.DIALING:
        return [row((tr(f"leg.{call.leg.value}"), "$dim"))]
    if call.leg in (Leg.FAILED, Leg.LOST):
        return [row((tr(f"leg.{call.leg.value}"), "bold $bad"))]
    return []


def _outcome(call: Call) -> list[Row]:
    """What went wrong with a call that still lives."""
    return [row((render(call.outcome), "$bad"))] if call.outcome is not None else []


def _over(call: Call, width: int, clocks: Clocks) -> list[Row]:
    number = spaced(call.number) or tr("call.no_number")
    mark = glyphs().out if call.outgoing else glyphs().into
    when = tr("call.over_at", time=clocks.time_of_day(call.since))
    title = two_sided(row((f"{mark} {number}", "$strong")), row((when, "$dim")), width)
    why = render(call.outcome) if call.outcome is not None else tr("ended.unknown")
    rows = [(), title, row(("  " + why, ""))]
    if call.talk_time is not None:
        rows.append(row(("  " + tr("call.lasted", time=duration(call.talk_time)), "")))
    return rows


class CallCard(Rows):
    """The part of the panel that describes the call."""

    DEFAULT_CSS = f"CallCard {{ height: {HEIGHT}; }}"


class CallPanel(Vertical):
    """The card, and the dial field that opens under it."""

    DEFAULT_CSS = f"""
    CallPanel {{
        height: {HEIGHT + 3};
        padding: 0 2;
        border-top: solid $rule;
        border-bottom: solid $rule;
    }}
    CallPanel.-ringing {{ border-top: double $ring; border-bottom: double $ring; }}
    CallPanel Field {{ display: none; }}
    CallPanel.-dialling #dial {{ display: block; }}
    CallPanel.-typing #tones {{ display: block; }}
    """

    class Dialled(TextualMessage):
        """Enter in the dial field."""

        def __init__(self, number: str) -> None:
            super().__init__()
            self.number = number

    class Typed(TextualMessage):
        """Enter in the field for a row of tones."""

        def __init__(self, tones: str) -> None:
            super().__init__()
            self.tones = tones

    class Refused(TextualMessage):
        """What is typed cannot be a number."""

    def __init__(self, clocks: Clocks) -> None:
        super().__init__(id="call-panel")
        self._clocks = clocks
        self.card = CallCard()
        self.dial = DialField()
        self.tones = Field("field.tones", id="tones")

    def compose(self) -> ComposeResult:
        yield self.card
        yield self.dial
        yield self.tones

    def show(self, view: View, works: tuple[Action, ...]) -> None:
        """Draw the view; `works` are the actions whose keys work now."""
        call = view.snapshot.call
        ringing = call is not None and call.state is CallState.RINGING
        self.set_class(ringing, "-ringing")
        self.set_class(view.dialling, "-dialling")
        self.set_class(view.typing and not view.dialling, "-typing")
        account = view.snapshot.account
        self.dial.names = own_lines(view) or (account is not None and account.encrypts)
        self.dial.before = redials(view)
        width = self.card.content_size.width
        if width:
            keys = {action.id: key_name(action.key) for action in works}
            rows = describe(view, keys, width, clocks=self._clocks)[:HEIGHT]
            self.card.draw(cut(line, width) for line in rows)

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        event.stop()
        if event.input is self.tones.input:
            if event.value.strip():
                self.post_message(self.Typed(event.value))
        elif event.value.strip() and not self.dial.complaint:
            self.post_message(self.Dialled(event.value))
