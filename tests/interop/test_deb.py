"""The package for Debian 12 (packaging/deb/build): built, installed into a tree of its own, run
from there, and removed without a trace.

Needs Debian's python3.11, dpkg, and root or sudo.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.interop.programs import need

ROOT = Path(__file__).parents[2]
RUNS = ("usr", "lib", "yimi", "bin", "python3")


def run(*command: str | Path) -> str:
    done = subprocess.run(
        [str(word) for word in command],
        cwd="/",
        env={name: os.environ[name] for name in os.environ if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.timeout(300)
def test_the_deb_is_built_installed_run_and_removed_without_a_trace(tmp_path: Path) -> None:
    need("python3.11", "python3.11")
    package, tree = tmp_path / "yimi.deb", tmp_path / "tree"
    (tree / "var" / "lib" / "dpkg").mkdir(parents=True)
    (tree / "var" / "lib" / "dpkg" / "status").touch()
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    dpkg = [*as_root, "dpkg", f"--root={tree}", "--force-depends", f"--log={tmp_path}/log"]
    run(ROOT / "packaging" / "deb" / "build", package, sys.executable)
    run(*dpkg, "--install", package)
    paths = run(tree.joinpath(*RUNS), "-m", "tui.cli", "paths")
    assert "yimi.log" in paths
    brought = run(tree.joinpath(*RUNS), "-c", "import textual, av, pylibsrtp; print(av.__file__)")
    assert brought.startswith(str(tree)), "what it brings, and not what is here"
    for file in ("bin/yimi", "share/man/man1/yimi.1.gz", "lib/systemd/user/yimi@.service"):
        assert (tree / "usr" / file).is_file(), file
    run(*dpkg, "--purge", "yimi")
    assert not (tree / "usr").exists()
