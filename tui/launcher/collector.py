"""Python's garbage collector, kept out of the start and away from the keys.

What a screen is made of (modules, classes, style rules, widgets) lives as long as it, and a
collection goes through all of it: a sixteenth of the time to the first frame, and tens of
milliseconds at any moment later, into which a key may fall. So nothing is collected until a screen
stands and nobody types; what there is then is set aside, and collections look only at what came
since.
"""

from __future__ import annotations

import gc
from typing import Final

YOUNG: Final = 5_000
"""Objects after which the youngest are collected: a frame makes some thousands, which are gone
before the next one."""


def hold_off() -> None:
    """Collect nothing until `set_aside`."""
    gc.disable()


def go_on() -> None:
    """Collect as Python does."""
    gc.enable()


def set_aside() -> None:
    """Collect once, and from now on only what comes later."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])
    gc.enable()
