"""Settings: what an agent changes. Written beside the config, which stays untouched.

Stands in the lower half, so that a call stays in sight and its keys work. A theme and
a device are used as soon as they are chosen; Esc takes everything back.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input

from tui.config.layers import is_locked
from tui.config.reader import parse
from tui.config.schema import Config, ConfigError
from tui.config.user_settings import save, values_of
from tui.console import i18n
from tui.console.desk import Desk
from tui.console.i18n import config_sentence, render, tr
from tui.console.screens.settings.devices import DevicePicks, SettingRow
from tui.console.theming import all_themes
from tui.console.widgets.form.fields import Choice, Field, Fold, Tick
from tui.console.widgets.form.stepping import step
from tui.console.widgets.rows import Rows, row
from tui.port import replace
from tui.port.commands import SetVolume
from tui.port.values import Message, message

_TICKS = {"bell": "bell", "title": "title_bar", "osc9": "osc9", "osc777": "osc777"}
NOTICES = tuple(_TICKS)


class SettingsScreen(ModalScreen[Config | None]):
    """Its result is the settings as they were saved; None when nothing was."""

    DEFAULT_CSS = """
    SettingsScreen { align: center bottom; background: $background 0%; }
    SettingsScreen #box {
        width: 76; max-width: 100%; height: auto; max-height: 100%; padding: 0 2;
        margin: 0 0 1 0; background: $surface; border: solid $key;
    }
    SettingsScreen #settings-said { height: 2; text-wrap: wrap; }
    SettingsScreen Field TextInput { width: 46; }
    SettingsScreen Field.-short TextInput { width: 8; }
    """
    BINDINGS = [Binding("escape", "way_out", show=False)]  # noqa: RUF012

    def __init__(self, desk: Desk, file: Path | None) -> None:
        """`file` is where it is saved; None: nowhere."""
        super().__init__()
        self._desk, self._file = desk, file
        self._before = config = desk.appearance.config
        self._keys: dict[str, tuple[str, ...]] = {}
        """Keys changed here, not saved yet."""
        self._locked: list[str] = []
        """Labels of what cannot be changed here."""
        audio, ui, notices = config.audio, config.ui, config.notices
        self.title_row = Rows()
        self.devices = DevicePicks(desk, audio)
        self.sound = Fold(id="set-sound")
        self.volume = Field("settings.volume", str(audio.volume), id="set-volume", classes="-short")
        self.ring_volume = Field(
            "settings.ring_volume",
            str(audio.ring_volume if audio.ring else 0),
            id="set-ring",
            classes="-short",
        )
        self._languages = ("", *i18n.languages())
        chosen = self._languages.index(ui.language) if ui.language in self._languages else 0
        self.language = Choice(self._language_names(), chosen, id="set-language", one_shown=True)
        self._themes: tuple[str, ...] = (ui.theme,)
        self.theme = Choice(self._themes, 0, id="set-theme", one_shown=True)
        self.ticks = {
            name: Tick(f"settings.{_TICKS[name]}", getattr(notices, name), id=f"set-{name}")
            for name in NOTICES
        }
        self.keys = Fold(id="set-keys")
        self.letters = Tick("settings.letters", ui.letters, id="set-letters")
        self.said = Rows(id="settings-said")

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="box", can_focus=False):
            yield self.title_row
            yield self.devices
            yield self.volume
            yield self.ring_volume
            yield SettingRow("settings.sound", self.sound)
            yield SettingRow("settings.theme", self.theme)
            yield SettingRow("settings.language", self.language)
            yield SettingRow("settings.notices", *self.ticks.values())
            yield SettingRow("settings.keys", self.keys, self.letters)
            yield self.said

    def on_mount(self) -> None:
        themes, wrong = all_themes(self._desk.appearance.theme_directories)
        self._themes = tuple(sorted({*themes, self._before.ui.theme}))
        self.theme.set_reactive(Choice.selected, self._themes.index(self._before.ui.theme))
        self.theme.relabel(self._themes)
        self._lock()
        self.retranslate()
        if wrong:
            self._say(message("themes.wrong", what=" ".join(wrong)), "$ring")
        self.devices.picks["input"].focus()
        self.run_worker(self._list_devices(), name="devices")

    def retranslate(self) -> None:
        """Draw the words again."""
        self.title_row.draw([row((tr("settings.title"), "bold $strong"))])
        self.language.relabel(self._language_names())
        self.theme.relabel(self._themes)
        self.keys.tell(tr("settings.keys_hint"))
        self.sound.tell(tr("settings.sound_hint"))
        if self._locked:
            named = ", ".join(self._locked_names())
            self._say(message("settings.locked", what=named), "$dim")
        else:
            self._say(message("settings.todo"), "$dim")

    def _lockable(self) -> dict[str, tuple[str, Widget]]:
        """By the config's name, each setting's label and where it is set."""
        return {
            **{f"audio.{n}": (f"settings.{n}", pick) for n, pick in self.devices.picks.items()},
            "audio.volume": ("settings.volume", self.volume),
            "audio.ring": ("settings.ring_volume", self.ring_volume),
            "audio.ring_volume": ("settings.ring_volume", self.ring_volume),
            "ui.theme": ("settings.theme", self.theme),
            "ui.language": ("settings.language", self.language),
            "ui.letters": ("settings.letters", self.letters),
            **{f"notices.{n}": (f"settings.{_TICKS[n]}", t) for n, t in self.ticks.items()},
            "keys": ("settings.keys", self.keys),
        }

    def _lock(self) -> None:
        """What the administrator's file locks is shown, and cannot be changed."""
        for name, (label, widget) in self._lockable().items():
            if is_locked(self._before.locked, *name.split(".")):
                widget.disabled = True
                self._locked.append(label)

    def _locked_names(self) -> list[str]:
        keys = [each.partition(".")[2] for each in self._before.locked if each.startswith("keys.")]
        own = [f"{tr('settings.keys')} ({', '.join(keys)})"] if keys else []
        return [*dict.fromkeys(map(tr, self._locked)), *own]

    def _language_names(self) -> list[str]:
        return [
            i18n.language_name(code) if code else tr("settings.system_language")
            for code in self._languages
        ]

    def _say(self, sentence: Message, style: str) -> None:
        self.said.draw([row((render(sentence), style))])
        self.said.refresh()  # it may wrap

    @on(Choice.Changed, "#set-theme")
    def _try_theme(self) -> None:
        self._desk.appearance.use_theme(self._themes[self.theme.selected])

    @on(Fold.Toggled)
    def _open_keys(self, event: Fold.Toggled) -> None:
        from tui.console.screens.settings.keys import KeysScreen

        event.stop()
        if self.sound.opened:
            self.sound.opened = False
            self._desk.pages.open_sound_test()
        elif self.keys.opened:
            self.keys.opened = False
            keys = {**self._before.keys, **self._keys}
            self.app.push_screen(KeysScreen(self._desk, keys), self._take_keys)

    async def _list_devices(self) -> None:
        if (wrong := await self.devices.refill()) is not None:
            self._say(wrong, "$bad")

    def _take_keys(self, keys: dict[str, tuple[str, ...]] | None) -> None:
        if keys is not None:
            locked = self._before.locked
            self._keys = {id: k for id, k in keys.items() if not is_locked(locked, "keys", id)}

    # ------------------------------------------------------------ the ends

    @on(Input.Submitted)
    def _enter(self, event: Input.Submitted) -> None:
        event.stop()
        self.submit()

    def on_key(self, event: events.Key) -> None:
        """Up and Down go from one line of the form to the next."""
        step(self, event)

    def key_enter(self) -> None:
        """Enter on a choice or a box saves as well; a field has said so by itself."""
        if not isinstance(self.focused, Input | Fold):
            self.submit()

    def _given(self) -> Config:
        """What stands on the screen, read as the config is. Raises ConfigError."""
        ring_volume = _number(self.ring_volume)
        changed: dict[str, dict[str, Any]] = {
            "audio": {
                **self.devices.to_keep,
                "volume": _number(self.volume),
                "ring_volume": ring_volume,
                "ring": ring_volume > 0,
            },
            "ui": {
                "theme": self._themes[self.theme.selected],
                "language": self._languages[self.language.selected],
                "letters": self.letters.ticked,
            },
            "notices": {name: tick.ticked for name, tick in self.ticks.items()},
        }
        import tomli_w

        checked = parse(tomli_w.dumps(changed), "settings.toml")
        config = self._before
        for section, values in changed.items():
            good = {name: getattr(getattr(checked, section), name) for name in values}
            config = replace(config, **{section: replace(getattr(config, section), **good)})
        return replace(config, keys={**config.keys, **self._keys})

    def submit(self) -> None:
        """Save what differs, or say what is wrong."""
        try:
            config = self._given()
        except ConfigError as error:
            self._say(message("settings.bad", what=config_sentence(error)), "$bad")
            return
        path = self._file
        old, new = values_of(self._before), values_of(config)
        changes: dict[str, dict[str, Any]] = {}
        for section, values in new.items():
            differing = {name: v for name, v in values.items() if old[section][name] != v}
            if differing:
                changes[section] = differing
        # Last of all: whatever way a value came, what is locked is not written.
        locked = self._before.locked
        changes = {
            section: kept
            for section, values in changes.items()
            if (kept := {n: v for n, v in values.items() if not is_locked(locked, section, n)})
        }
        if self._keys:
            changes["keys"] = {id: list(keys) for id, keys in self._keys.items()}
        try:
            if path is not None and changes:
                save(path, changes)
        except OSError as error:
            why = error.strerror or type(error).__name__
            self._say(message("settings.not_saved", path=path, why=why), "$bad")
            return
        audio = config.audio
        if {"volume", "ring_volume", "ring"} & set(changes.get("audio", {})):
            ring = audio.ring_volume if audio.ring else 0
            self._desk.send(SetVolume(volume=audio.volume, ring=ring))
        self.dismiss(config)

    def action_way_out(self) -> None:
        """Esc: as it was."""
        self._desk.appearance.use_theme(self._before.ui.theme)
        self.devices.take_back()
        self.dismiss(None)


def _number(field: Field) -> int:
    text = field.value.strip()
    if not (text.isascii() and text.isdecimal()):
        raise ConfigError(tr("settings.number"))
    return int(text[:9])
