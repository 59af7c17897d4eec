"""The settings, as numbered choices. Written where the settings screen writes them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from tui.config.layers import is_locked
from tui.console import i18n
from tui.console.i18n import tr
from tui.plain import sentences as say
from tui.port import replace
from tui.port.commands import ListDevices, SetDevices, SetVolume
from tui.port.values import Devices

if TYPE_CHECKING:
    from tui.plain.desk import PlainDesk

SETS: Final = (
    *(("audio", name) for name in ("input", "output", "ring_device", "volume", "ring_volume")),
    ("ui", "language"),
    ("notices", "bell"),
)
"""What each choice sets, by section and key."""
MOST: Final = 200
"""Per cent of a volume."""
DEVICES: Final = ("input", "output", "ring_device")


async def settings(desk: PlainDesk, rest: str) -> None:
    """Which one, then its value. What belongs to the screen's looks has no place here."""
    if desk.guests is not None and not await desk.guests.has_pin():
        return
    audio, notices = desk.config.audio, desk.config.notices
    language = desk.config.ui.language
    spoken = i18n.language_name(language) if language else tr("settings.system_language")
    rows = [
        (tr("settings.input"), audio.input or tr("settings.default_device")),
        (tr("settings.output"), audio.output or tr("settings.default_device")),
        (tr("settings.ring_device"), audio.ring_device or tr("settings.ring_same")),
        (tr("settings.volume"), str(audio.volume)),
        (tr("settings.ring_volume"), str(audio.ring_volume if audio.ring else 0)),
        (tr("settings.language"), spoken),
        (tr("settings.bell"), tr("plain.on" if notices.bell else "plain.off")),
    ]
    options = [say.named(label, value.removeprefix("device:")) for label, value in rows]
    at = await desk.talk.choose(say.asked(tr("settings.title")), options)
    if at is not None and is_locked(desk.config.locked, *SETS[at]):
        desk.talk.say(tr("settings.one_locked", what=rows[at][0]))
        return
    match at:
        case 0 | 1 | 2:
            await _device(desk, DEVICES[at], rows[at][0])
        case 3 | 4:
            await _volume(desk, ring=at == 4, label=rows[at][0])
        case 5:
            await _language(desk)
        case 6:
            _save(desk, "notices", bell=not notices.bell)


async def _device(desk: PlainDesk, name: str, label: str) -> None:
    result = await desk.engine.ask(ListDevices())
    if not result.ok:
        desk.engine.refused(result)
    found = result.value if isinstance(result.value, Devices) else Devices()
    there = found.inputs if name == "input" else found.outputs
    default = tr("settings.ring_same" if name == "ring_device" else "settings.default_device")
    at = await desk.talk.choose(say.asked(label), [default, *there])
    if at is None:
        return
    value = "" if at == 0 else f"device:{there[at - 1]}"
    command = {"input": "input", "output": "output", "ring_device": "ring"}[name]
    used = await desk.engine.ask(SetDevices(**{command: value}))
    if used.ok:
        _save(desk, "audio", **{name: value})
    else:
        desk.engine.refused(used)


async def _volume(desk: PlainDesk, *, ring: bool, label: str) -> None:
    audio = desk.config.audio
    before = (audio.ring_volume if audio.ring else 0) if ring else audio.volume
    text = await desk.talk.words(say.asked(label), before=str(before))
    if not (text.isascii() and text.isdecimal() and int(text[:9]) <= MOST):
        desk.talk.say(tr("settings.number"))
        return
    volume = int(text)
    if ring:
        await desk.send(SetVolume(ring=volume))
        _save(desk, "audio", ring_volume=volume, ring=volume > 0)
    else:
        await desk.send(SetVolume(volume=volume))
        _save(desk, "audio", volume=volume)


async def _language(desk: PlainDesk) -> None:
    codes: Sequence[str] = ("", *i18n.languages())
    names = [i18n.language_name(code) if code else tr("settings.system_language") for code in codes]
    at = await desk.talk.choose(say.asked(tr("settings.language")), names)
    if at is not None:
        i18n.set_language(codes[at] or i18n.from_locale(os.environ))
        _save(desk, "ui", language=codes[at])


def _save(desk: PlainDesk, section: str, **values: Any) -> None:
    """In force, and in the file, as far as there is one."""
    from tui.config.user_settings import save

    changed = replace(getattr(desk.config, section), **values)
    desk.config = replace(desk.config, **{section: changed})
    try:
        if desk.settings is not None:
            save(desk.settings, {section: values})
    except OSError as error:
        why = error.strerror or type(error).__name__
        desk.talk.say(say.dotted(tr("settings.not_saved", path=desk.settings, why=why)))
        return
    desk.talk.say(tr("settings.saved"))
