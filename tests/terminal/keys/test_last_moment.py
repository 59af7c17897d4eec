"""A front end ends in its time, though the thread that counts is held up."""

from __future__ import annotations

import subprocess
import sys

HELD = """
import threading
from tui.launcher.last_moment import end_by_itself

end_by_itself(129, 0.05)
threading.Event().wait()
"""


def test_it_ends_though_the_main_thread_waits_for_ever() -> None:
    assert subprocess.run([sys.executable, "-c", HELD], timeout=60, check=False).returncode == 129
