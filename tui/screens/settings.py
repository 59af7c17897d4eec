"""Settings: what an agent changes. Written beside the config, which stays untouched.

Stands in the lower half, so that a call stays in sight and its keys work. A theme and
a device are used as soon as they are chosen; Esc takes everything back.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input

from tui import i18n
from tui.config import Config, ConfigError, parse
from tui.engine.commands import SetVolume
from tui.engine.state import Message, message
from tui.i18n import config_sentence, render, tr
from tui.screens.devices import DevicePicks, Part, Pick
from tui.settings import save, values_of
from tui.theming import all_themes
from tui.widgets.fields import Choice, Field, Fold, Tick
from tui.widgets.rows import Rows, row

if TYPE_CHECKING:
    from tui.app import YimiApp

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

    def __init__(self, config: Config) -> None:
        super().__init__()
        self._before = config
        self._keys: dict[str, tuple[str, ...]] = {}
        """Keys changed here, not saved yet."""
        audio, ui, notices = config.audio, config.ui, config.notices
        self.title_row = Rows()
        self.devices = DevicePicks(audio)
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
        self.language = Pick(self._language_names(), chosen, id="set-language")
        self._themes: tuple[str, ...] = (ui.theme,)
        self.theme = Pick(self._themes, 0, id="set-theme")
        self.ticks = {
            name: Tick(f"settings.{_TICKS[name]}", getattr(notices, name), id=f"set-{name}")
            for name in NOTICES
        }
        self.keys = Fold(id="set-keys")
        self.said = Rows(id="settings-said")

    @property
    def yimi(self) -> YimiApp:
        """The app, by its own type."""
        return cast("YimiApp", self.app)

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="box", can_focus=False):
            yield self.title_row
            yield self.devices
            yield self.volume
            yield self.ring_volume
            yield Part("settings.sound", self.sound)
            yield Part("settings.theme", self.theme)
            yield Part("settings.language", self.language)
            yield Part("settings.notices", *self.ticks.values())
            yield Part("settings.keys", self.keys)
            yield self.said

    def on_mount(self) -> None:
        looks, wrong = all_themes(self.yimi.theme_directories)
        self._themes = tuple(sorted({*looks, self._before.ui.theme}))
        self.theme.set_reactive(Pick.selected, self._themes.index(self._before.ui.theme))
        self.theme.relabel(self._themes)
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
        self._say(message("settings.todo"), "$dim")

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
        self.yimi.use_theme(self._themes[self.theme.selected])

    @on(Fold.Toggled)
    def _open_keys(self, event: Fold.Toggled) -> None:
        from tui.screens.keys import KeysScreen

        event.stop()
        if self.sound.opened:
            self.sound.opened = False
            self.yimi.do("sound")
        elif self.keys.opened:
            self.keys.opened = False
            keys = {**self._before.keys, **self._keys}
            self.app.push_screen(KeysScreen(keys), self._take_keys)

    async def _list_devices(self) -> None:
        if (wrong := await self.devices.refill()) is not None:
            self._say(wrong, "$bad")

    def _take_keys(self, keys: dict[str, tuple[str, ...]] | None) -> None:
        self._keys = keys if keys is not None else self._keys

    # ------------------------------------------------------------ the ends

    @on(Input.Submitted)
    def _enter(self, event: Input.Submitted) -> None:
        event.stop()
        self.submit()

    def key_enter(self) -> None:
        """Enter on a choice or a box saves as well; a field has said so by itself."""
        if not isinstance(self.focused, Input | Fold):
            self.submit()

    def _given(self) -> Config:
        """What stands on the screen, read as the config is. Raises ConfigError."""
        ring_volume = _number(self.ring_volume)
        changed: dict[str, dict[str, Any]] = {
            "audio": {
                **self.devices.chosen,
                "volume": _number(self.volume),
                "ring_volume": ring_volume,
                "ring": ring_volume > 0,
            },
            "ui": {
                "theme": self._themes[self.theme.selected],
                "language": self._languages[self.language.selected],
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
        path = self.yimi.settings
        old, new = values_of(self._before), values_of(config)
        changes: dict[str, dict[str, Any]] = {}
        for section, values in new.items():
            differing = {name: v for name, v in values.items() if old[section][name] != v}
            if differing:
                changes[section] = differing
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
            self.yimi.send(SetVolume(volume=audio.volume, ring=ring))
        self.dismiss(config)

    def action_way_out(self) -> None:
        """Esc: as it was."""
        self.yimi.use_theme(self._before.ui.theme)
        self.devices.take_back()
        self.dismiss(None)


def _number(field: Field) -> int:
    text = field.value.strip()
    if not (text.isascii() and text.isdecimal()):
        raise ConfigError(tr("settings.number"))
    return int(text[:9])
