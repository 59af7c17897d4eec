"""The page on which the sound is tried: which devices, where it goes, levels, three seconds of
oneself, and how long they took."""

from __future__ import annotations

from typing import Any, Final

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen

from tui.console.desk import Desk
from tui.console.i18n import render, tr
from tui.console.screens.base import LiveDialog
from tui.console.view import View
from tui.console.widgets.call.panel import bar
from tui.console.widgets.formats import fit
from tui.console.widgets.rows import Row, Rows, row
from tui.port.commands import ListDevices, TrySound
from tui.port.snapshot import Snapshot
from tui.port.values import HEADSET, Devices, Message, Voice, VoiceState

LABEL_CELLS: Final = 14


class SoundScreen(LiveDialog, ModalScreen[None]):
    """Enter tries, Esc closes. A try that runs ends with the page's call, not with the page."""

    MAKES_WAY = True
    """Nobody types here: it goes when a call begins to ring."""
    DEFAULT_CSS = """
    SoundScreen { align: center bottom; background: $background 0%; }
    SoundScreen #box {
        width: 76; max-width: 100%; height: auto; max-height: 100%; padding: 0 2;
        margin: 0 0 1 0; background: $surface; border: solid $key;
    }
    SoundScreen #sound-rows { height: 9; }
    SoundScreen #sound-said { height: 4; text-wrap: wrap; }
    """
    BINDINGS = [  # noqa: RUF012
        Binding("escape,q", "dismiss", show=False),
        Binding("enter", "try", show=False),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._rows = Rows(id="sound-rows")
        self._said = Rows(id="sound-said")
        self._devices: Devices | None = None
        self._result: tuple[Message, bool] | None = None
        self._trying = False

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="box", can_focus=False):
            yield self._rows
            yield self._said

    def on_mount(self) -> None:
        self.show(self._desk.view)
        self.run_worker(self._list(), name="devices")

    def retranslate(self) -> None:
        """The language has changed."""
        self.show(self._desk.view)

    def show(self, view: View) -> None:
        """Draw what the devices do now."""
        snapshot = view.snapshot
        self._rows.draw(self._facts(snapshot))
        self._said.draw([self._sentence(snapshot.voice)])
        self._said.refresh()  # it may wrap

    def _facts(self, snapshot: Snapshot) -> list[Row]:
        voice, devices = snapshot.voice, self._devices or Devices()
        default = tr("settings.default_device")
        rows = [row((tr("sound.title"), "bold $strong")), ()]
        for label, name in (
            ("settings.input", devices.input or default),
            ("settings.output", devices.output or default),
            ("settings.ring_device", devices.ring or tr("settings.ring_same")),
            ("sound.goes_to", _place(voice)),
        ):
            rows.append(row(_label(label), (name, "$strong")))
        rows.append(self._state(voice))
        levels = snapshot.levels if self._trying else None
        rows.append(row(_label("bar.you"), *bar(levels.you if levels else 0)))
        rows.append(row(_label("bar.them"), *bar(levels.them if levels else 0)))
        return rows

    def _state(self, voice: Voice) -> Row:
        if voice.state in (VoiceState.OFF, VoiceState.LOADING):
            return row(_label("sound.state"), (tr(f"voice.{voice.state.value}"), "$dim"))
        if voice.state is VoiceState.OK:
            return row(_label("sound.state"), (voice.device or tr("voice.default"), "$strong"))
        return row(_label("sound.state"), (tr(f"voice.{voice.state.value}"), "bold $bad"))

    def _sentence(self, voice: Voice) -> Row:
        if self._trying:
            stage = f"stage_{voice.trial}" if voice.trial else "warming"
            return row((tr(f"sound.{stage}"), "bold $ring"))
        if self._result is not None:
            sentence, good = self._result
            return row((render(sentence), "$strong" if good else "$bad"))
        return row((tr("sound.todo"), "$dim"))

    # ------------------------------------------------------------ what is asked

    async def _list(self) -> None:
        result = await self._desk.ask(ListDevices())
        if isinstance(result.value, Devices):
            self._devices = result.value
        if not result.ok and result.message is not None and self._result is None:
            self._result = result.message, False
        if self.is_mounted:
            self.show(self._desk.view)

    def action_try(self) -> None:
        """Enter: record, play back, measure."""
        if not self._trying:
            self._trying = True
            self.show(self._desk.view)
            self.run_worker(self._try(), name="try")

    async def _try(self) -> None:
        try:
            result: Any = await self._desk.ask(TrySound())
        finally:
            self._trying = False
        if result.message is not None:
            self._result = result.message, result.ok
        if self.is_mounted:
            self.show(self._desk.view)


def _label(id: str) -> tuple[str, str]:
    return fit(tr(id), LABEL_CELLS - 1) + " ", "$dim"


def _place(voice: Voice) -> str:
    if not voice.server:
        return tr("sound.here")
    if voice.server == HEADSET:
        if voice.delay is None:
            return tr("sound.headset")
        return tr("sound.headset_delay", delay=str(voice.delay))
    if voice.delay is None:
        return tr("sound.pulse", address=voice.server)
    return tr("sound.pulse_delay", address=voice.server, delay=str(voice.delay))
