"""Which wire the headset speaks (`tui.media.headset.wire`): here, since the command line compares
it and never loads what carries sound."""

from __future__ import annotations

from typing import Final

VERSION: Final = 1
"""Goes up when an older end would not understand the newer one."""
