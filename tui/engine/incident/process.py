"""`python -m tui.engine.incident.process CONFIG LOG PATH`: a bundle where no engine runs.

It has the settings and the log. What became of it goes out as one line of JSON, a `Result`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from tui.clock import instant
from tui.engine.incident import bundle
from tui.engine.incident.flight_recorder import FlightRecorder
from tui.platform import control
from tui.platform.not_understood import NotUnderstoodList
from tui.port.snapshot import Snapshot
from tui.port.wire.codec import to_json


def main() -> int:
    """Write it; 0 when it is written."""
    config, log, path = map(Path, sys.argv[1:4])
    os.umask(0o077)
    contents = bundle.Contents(
        recording=FlightRecorder(Snapshot(), instant).recording(),
        now=instant(),
        wall=time.time(),
        checks=(),
        not_understood=NotUnderstoodList().report(),
        assumed=control.ASSUMED,
        config_file=config,
        log_file=log,
    )
    result = bundle.written(path, contents)
    print(json.dumps(to_json(result)))
    return 0 if result.ok else 1


if __name__ == "__main__":
    sys.exit(main())
