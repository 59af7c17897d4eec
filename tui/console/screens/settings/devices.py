"""Which sound devices: chosen by name of those there are, in force as soon as they are chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from tui.console.desk import Desk
from tui.console.i18n import tr
from tui.console.widgets.form.fields import Choice, Label
from tui.console.widgets.rows import Rows
from tui.port.commands import ListDevices, SetDevices
from tui.port.values import HEADSET, Devices, Message

if TYPE_CHECKING:
    from tui.config.schema import AudioSettings

COMMAND_NAMES: Final = {"input": "input", "output": "output", "ring_device": "ring"}
"""By the config's name, what `SetDevices` calls it."""


class SettingRow(Horizontal):
    """A label and what is chosen."""

    DEFAULT_CSS = "SettingRow { height: 1; } SettingRow Tick { width: auto; min-width: 13; }"

    def __init__(self, label: str, *widgets: Rows) -> None:
        super().__init__()
        self._parts = (Label(label), *widgets)

    def compose(self) -> ComposeResult:
        yield from self._parts


class DevicePicks(Vertical):
    """Microphone, speaker, ring device."""

    DEFAULT_CSS = "DevicePicks { height: auto; }"

    def __init__(self, desk: Desk, audio: AudioSettings) -> None:
        super().__init__()
        self._desk = desk
        self._before = {name: str(getattr(audio, name)) for name in COMMAND_NAMES}
        self.chosen = dict(self._before)
        """In the config's words."""
        self._offered: dict[str, tuple[str, ...]] = {n: (v,) for n, v in self.chosen.items()}
        self._there: Devices | None = None
        self._asked_far = False
        self.picks = {
            name: Choice(self._labels(name), id=f"set-{name}", one_shown=True)
            for name in COMMAND_NAMES
        }

    def compose(self) -> ComposeResult:
        for name, pick in self.picks.items():
            yield SettingRow(f"settings.{name}", pick)

    def retranslate(self) -> None:
        """The language has changed."""
        for name, pick in self.picks.items():
            pick.relabel(self._labels(name))

    async def refill(self) -> Message | None:
        """Ask which devices there are, and offer them; what is wrong, if something is."""
        result = await self._desk.ask(ListDevices())
        if not self.is_mounted:
            return None
        if isinstance(result.value, Devices):
            self._there = result.value
            self._take_far(result.value)
            for name, pick in self.picks.items():
                now = self.chosen[name]
                offered = ("", *(f"device:{each}" for each in self._known(name)))
                self._offered[name] = offered if now in offered else (*offered, now)
                pick.set_reactive(Choice.selected, self._offered[name].index(now))
            self.retranslate()
        return None if result.ok else result.message

    @property
    def to_keep(self) -> dict[str, str]:
        """What belongs into this machine's settings: another computer keeps its own devices."""
        return {} if self._far else self.chosen

    @property
    def _far(self) -> bool:
        return self._desk.view.snapshot.voice.server == HEADSET

    def _take_far(self, there: Devices) -> None:
        """What is in force is what the computer of the headset says, where there is one."""
        if not self._far or self._asked_far:
            return
        self._asked_far = True
        named = {"input": there.input, "output": there.output, "ring_device": there.ring}
        self._before = {name: value and f"device:{value}" for name, value in named.items()}
        self.chosen = dict(self._before)

    def take_back(self) -> None:
        """What was in force at first is again."""
        for name, value in self._before.items():
            if self.chosen[name] != value:
                self._use(name, value)

    # ------------------------------------------------------------

    def _known(self, name: str) -> tuple[str, ...]:
        there = self._there or Devices()
        return there.inputs if name == "input" else there.outputs

    def _labels(self, name: str) -> list[str]:
        return [self._said_as(name, value) for value in self._offered[name]]

    def _said_as(self, name: str, value: str) -> str:
        if not value:
            return tr("settings.ring_same" if name == "ring_device" else "settings.default_device")
        plain = value.removeprefix("device:")
        if plain == value or self._there is None:
            return plain
        if any(plain.casefold() in each.casefold() for each in self._known(name)):
            return plain
        return tr("settings.missing_device", name=plain)

    @on(Choice.Changed)
    def _changed(self, event: Choice.Changed) -> None:
        event.stop()
        for name, pick in self.picks.items():
            if pick is event.choice:
                self._use(name, self._offered[name][pick.selected])

    def _use(self, name: str, value: str) -> None:
        self.chosen[name] = value
        self._desk.send(SetDevices(**{COMMAND_NAMES[name]: value}))
