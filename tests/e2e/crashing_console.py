"""`yimi` with a defect: its screen crashes at F20.

Run it as `python -m tests.e2e.crashing_console [arguments]`, in `yimi`'s place.
"""

from __future__ import annotations

import sys

from textual.events import Key

from tui.cli.main import main
from tui.launcher.supervised_app import SupervisedApp

CRASH = b"\x1b[34~"
"""F20, as the terminal sends it."""


def _crash(app: SupervisedApp, event: Key) -> None:
    if event.key == "f20":
        raise RuntimeError("a defect of the screen")


if __name__ == "__main__":
    SupervisedApp.on_key = _crash  # type: ignore[attr-defined]
    sys.exit(main())
