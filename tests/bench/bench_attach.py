"""How soon a call stands on the screen again: the front end killed in it, and started anew.

Run it: `python tests/bench/bench_attach.py [runs]`. A sandbox, an engine in a call, and `yimi` in a
pseudo-terminal of 80×24, as processes; in turns with an empty Textual app in the same
pseudo-terminal, so that both meet the same noise. The front end is killed (SIGKILL), the call goes
on in the engine; the count is from the start of the next one to the caller's number on the screen.
Prints one line of JSON for each figure; exits with 1 when the aim is missed by more than a quarter.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.bench_latency import CONFIG, PATIENCE, UN, Platform, sign_in, start_sandbox
from tests.bench.bench_screen import EMPTY, first_frame
from tests.bench.terminal import COMPILED

SMOKE = bool(os.environ.get("YIMI_BENCH_SMOKE"))
AIM = 2.0
"""Times an empty app."""
NUMBER = "13704927615"
SHOWN = NUMBER[-4:].encode()
"""Its last group of digits, which stands on the screen in one piece."""
CONSOLE = "from tui.cli.main import main; raise SystemExit(main([]))"


async def call_begins(http: str) -> None:
    """A customer calls, and the engine answers. It goes on until somebody hangs up."""
    from tui.config.paths import Paths
    from tui.launcher.find_engines import find_running
    from tui.port.commands import Answer
    from tui.port.machines.call_machine import CallState
    from tui.port.wire.client import EngineClient

    engine = (await find_running(Paths.find().runtime)).engines[0]
    client = await EngineClient.connect(engine.path)
    async with ClientSession() as session:
        await Platform(session, http).ask("ring", un=UN, number=NUMBER)
    end, asked = time.monotonic() + PATIENCE, False
    while time.monotonic() < end:
        call = client.snapshot().call
        if call is not None and call.state is CallState.TALKING:
            break
        if call is not None and call.state is CallState.RINGING and not asked:
            asked = True
            await client.execute(Answer())
        await asyncio.sleep(0.05)
    else:
        raise SystemExit("the call was never answered")
    await client.close()


async def measure(folder: Path, runs: int) -> tuple[list[float], list[float]]:
    """Seconds of the empty app, and of the call on the screen."""
    for name in ("CONFIG", "STATE", "RUNTIME", "DATA"):
        where = folder / name.lower()
        os.environ[f"YIMI_{name}_DIR"] = COMPILED[f"YIMI_{name}_DIR"] = str(where)
        where.mkdir(mode=0o700)
    (folder / "config" / "config.toml").write_text(CONFIG)
    (folder / "state" / "tour-seen").touch()
    ready_file = folder / "ready.json"
    sandbox = start_sandbox(ready_file)
    engine = 0
    try:
        end = time.monotonic() + PATIENCE
        while not ready_file.exists() and time.monotonic() < end:
            await asyncio.sleep(0.05)
        ready: dict[str, Any] = json.loads(ready_file.read_text())
        agent = next(one for one in ready["agents"] if one["un"] == UN)
        engine = await sign_in(ready["http"], ready["switchnumber"], agent)
        await call_begins(ready["http"])
        for program, word in ((EMPTY, b"FRAME"), (CONSOLE, SHOWN)):
            first_frame(program, word)  # compiles what is to be compiled
        empty, ours = [], []
        for _ in range(runs):
            empty.append(first_frame(EMPTY, b"FRAME"))
            ours.append(first_frame(CONSOLE, SHOWN))
        return empty, ours
    finally:
        if engine:
            with contextlib.suppress(ProcessLookupError):
                os.kill(engine, signal.SIGTERM)
                await asyncio.sleep(0.5)  # it signs out while the sandbox still answers
        sandbox.terminate()
        sandbox.wait(10)


def main() -> int:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 2 if SMOKE else 15
    with tempfile.TemporaryDirectory() as folder:
        empty, ours = asyncio.run(measure(Path(folder), runs))
    ratio = statistics.median(ours) / statistics.median(empty)
    print(json.dumps({"empty app, median seconds": round(statistics.median(empty), 4)}))
    print(json.dumps({"call on the screen, median seconds": round(statistics.median(ours), 4)}))
    print(json.dumps({"fastest, times an empty app": round(min(ours) / min(empty), 3)}))
    print(json.dumps({"call on the screen, times an empty app": round(ratio, 3), "aim": AIM}))
    return int(ratio > AIM * 1.25 and not SMOKE)


if __name__ == "__main__":
    sys.exit(main())
