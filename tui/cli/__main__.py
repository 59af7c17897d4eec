"""Where `yimi` begins: what the installed command calls, and `python -m tui.cli`."""

from __future__ import annotations

import sys

from tui.cli import interrupts


def main() -> int:
    """Run the command line; the exit code."""
    interrupts.end_at_once()
    from tui.cli.main import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
