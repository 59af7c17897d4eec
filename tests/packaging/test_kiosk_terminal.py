"""foot as a kiosk's only program, as foot reads its settings. Where there is no foot nobody can ask
it; what is shut is looked at everywhere."""

from __future__ import annotations

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

INI = Path(__file__).parents[2] / "packaging" / "kiosk" / "foot.ini"
STARTS_OR_KEEPS = (
    *("spawn-terminal", "show-urls-launch", "show-urls-copy", "show-urls-persistent"),
    *("pipe-visible", "pipe-scrollback", "pipe-selected", "search-start"),
    *("scrollback-up-page", "clipboard-copy", "clipboard-paste", "primary-paste"),
)
"""What would lead out, or carry something to the next agent."""


def test_nothing_leads_out_or_is_carried_to_the_next_agent() -> None:
    read = configparser.ConfigParser(interpolation=None)
    read.read(INI)
    keys = read["key-bindings"]
    assert {name: keys[name] for name in STARTS_OR_KEEPS} == dict.fromkeys(STARTS_OR_KEEPS, "none")
    assert set(read["mouse-bindings"].values()) == {"none"}
    assert read["scrollback"]["lines"] == "0"
    assert read["main"]["selection-target"] == "none"


@pytest.mark.skipif(shutil.which("foot") is None, reason="foot is not on this machine")
def test_foot_finds_nothing_wrong(tmp_path: Path) -> None:
    done = subprocess.run(
        ("foot", "--check-config", f"--config={INI}"),
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr
