"""`yimi` with a defect: its screen crashes when the terminal says that it has lost the focus.

Run it as `python -m tests.e2e.crashing_console [arguments]`, in `yimi`'s place.
"""

from __future__ import annotations

import sys

from textual.events import AppBlur

from tui.cli.main import main
from tui.launcher.supervised_app import SupervisedApp

CRASH = b"\x1b[O"
"""What the terminal says to crash it."""


def _crash(app: SupervisedApp, event: AppBlur) -> None:
    raise RuntimeError("a defect of the screen")


if __name__ == "__main__":
    SupervisedApp.on_app_blur = _crash  # type: ignore[attr-defined]
    sys.exit(main())
