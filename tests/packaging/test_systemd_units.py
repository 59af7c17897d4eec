"""The units as systemd reads them. Where there is no systemd-analyze nobody can ask it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tui.engine.own_account import NOT_LET_IN

UNITS = Path(__file__).parents[2] / "packaging" / "systemd"
KIOSK = UNITS / "system" / "yimi-kiosk@.service"
PHONE = UNITS / "user" / "yimi@.service"
pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on this machine"
)


def analyze(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (runtime := folder / "runtime").mkdir(mode=0o700, exist_ok=True)
    return subprocess.run(
        ("systemd-analyze", *arguments),
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "XDG_RUNTIME_DIR": str(runtime)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def instance(unit: Path, folder: Path, name: str) -> Path:
    """The template as it is when it is started for somebody."""
    started = folder / unit.name.replace("@", f"@{name}")
    shutil.copy(unit, started)
    return started


@pytest.mark.parametrize(
    ("unit", "name", "manager"), [(KIOSK, "tty1", "--system"), (PHONE, "office", "--user")]
)
def test_systemd_finds_nothing_wrong(unit: Path, name: str, manager: str, tmp_path: Path) -> None:
    done = analyze(tmp_path, "verify", manager, str(instance(unit, tmp_path, name)))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("unit", "name", "worst"), [(KIOSK, "tty1", 25), (PHONE, "office", 88)])
def test_what_they_leave_open_stays_as_little(
    unit: Path, name: str, worst: int, tmp_path: Path
) -> None:
    """In tenths of systemd's points. The phone's is what a user's manager can shut without
    shutting out the browser that [pop] opens."""
    started = str(instance(unit, tmp_path, name))
    done = analyze(tmp_path, "security", "--offline=yes", f"--threshold={worst}", started)
    assert done.returncode == 0, done.stdout[-300:]


def test_a_wrong_password_is_not_tried_again() -> None:
    assert f"RestartPreventExitStatus=2 {NOT_LET_IN}\n" in PHONE.read_text()
