"""The console as one sees it who only looks at another user's desk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tui.config.schema import Config, NoticeSettings
from tui.launcher.supervised_app import SupervisedApp
from tui.port.engine_port import EnginePort

_QUIET = NoticeSettings(bell=False, title=False, osc9=False, osc777=False)


def watching_app(port: EnginePort, config: Config, themes: Path | None = None) -> SupervisedApp:
    """Nothing rings here, and nothing can be done: it is another's desk."""
    quiet = replace(config, notices=_QUIET)
    app = SupervisedApp(port, quiet, resuming=True, themes=themes, when_ready=lambda: None)
    app.change(watching=True)
    return app
