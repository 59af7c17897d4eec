"""The settings of an agent's work: named breaks, who is calling, actions of one's own."""

from __future__ import annotations

from typing import Final

from tui.config.frozen import frozen
from tui.config.setting import setting

WHEN: Final = ("always", "idle", "ringing", "call", "write-up")
"""When an action of one's own can be done."""


@frozen
class Break:
    """[breaks.NAME]: one of the reasons for which a seat is busy."""

    name: str = ""
    title: str = setting("", "What it is called on the screen; NAME if nothing stands here.")
    minutes: float = setting(0.0, "Minutes that it may last; 0 = no limit.", low=0, high=1440)
    warning: float = setting(
        2.0, "Minutes before the limit in which it is announced.", low=0, high=120
    )
    code: str = setting(
        "",
        "What the platform is told, where [messages] break_reason names a field; NAME if nothing"
        " stands here.",
        like=r"[!-~]{0,40}",
    )
    dial: str = setting(
        "", "sip: the feature code that is dialled when it begins.", like=r"[0-9*#]{0,32}"
    )
    dial_back: str = setting(
        "", "sip: the feature code that is dialled when it is over.", like=r"[0-9*#]{0,32}"
    )

    @property
    def words(self) -> str:
        """What it is called on the screen."""
        return self.title or self.name


@frozen
class LookupSettings:
    """Who is calling: asked of the agent's own lists, answered within 300 ms or not at all."""

    csv: str = setting(
        "", "A CSV file with the columns number and name; further columns stand behind the name."
    )
    vcard: str = setting("", "A vCard file, as address books export it.")
    command: tuple[str, ...] = setting(
        (), "The words of a command whose first line is the name; {number} is replaced."
    )
    url: str = setting(
        "",
        "A web address that answers with a line of text, or JSON with name and detail; {number} is"
        " replaced.",
        like=r"|https?://[!-~]+",
    )
    region: str = setting(
        "CN", "The country of numbers without a country code, two letters.", like=r"[A-Z]{2}"
    )


@frozen
class OwnAction:
    """[actions.NAME]: a command or a URL by a key and in the palette."""

    name: str = ""
    title: str = setting("", "What it is called on the screen; NAME if nothing stands here.")
    key: str = setting("", "Its key, such as Alt+K; without one it is in the palette.")
    command: tuple[str, ...] = setting(
        (), "The words of a command; {number} and the like are replaced in each, never by a shell."
    )
    url: str = setting(
        "", "Or a URL to open; what is put in is escaped.", like=r"|[A-Za-z][A-Za-z0-9+.-]*:\S+"
    )
    when: str = setting("always", "When it can be done.", choices=WHEN)

    @property
    def words(self) -> str:
        """What it is called on the screen."""
        return self.title or self.name
