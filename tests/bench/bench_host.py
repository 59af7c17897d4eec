"""One host with many agents: what signed-in engines, and engines in calls, take of it.

    python tests/bench/bench_host.py [--agents 30] [--calls 5] [--seconds 30]

Each engine is `yimi engine`, as a service manager runs it, with directories of its own, at one
sandbox on the same host. Memory is proportional (PSS: what several processes share counts once),
the processor's time that of the engines alone; both as `yimi top` has them. Beside them, in the
same run, stands the anchor: a Python that has loaded aiortc and does nothing. All engines have one
runtime directory, as those of one user: `yimi top` finds them, and how long it takes is said.

Then customers call so many of them, two a second, and a tone is said each way. Of the time in which
the calls begin, and then of the measured one with all of them up, it is said:

- "packets, ms late": how far behind a grid of 20 ms each packet of an agent was when its engine
  sent it, by the kernel's stamp at the platform's socket and the packet's own timestamp.
  That is the engine's lateness: its tick, its waiting for a core, encoding, sending; not what the
  platform did then. A packet that is 20 ms late comes when the next one is due: these are counted,
  and there should be none. Fewer packets than are due are a platform that is too busy to read them
  all, or an engine that left some out (it does so beyond 200 ms).
- "missing at the platform": the time in which its listeners found nothing of an agent to take,
  after a cushion of 60 ms, for all calls together, and the longest such time of any call since it
  began. The platform's own lateness is in it: one process decodes and listens for all calls.
- "made up at an agent": the largest share, of an engine's last seconds, of sound that came too late
  or never, by `yimi metrics`. The platform's lateness in sending is in it.
- the processor's time of the engines in calls, and of the platform's one process.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.e2e.box import Box, running  # noqa: E402
from tests.waiting import until  # noqa: E402
from tui.cli.host.top import load_of  # noqa: E402
from tui.sandbox.fixtures import MORE_START  # noqa: E402

SMOKE = bool(os.environ.get("YIMI_BENCH_SMOKE"))
MB = 1024 * 1024
PATIENCE = 600.0
RUNTIME = "run"
ANCHOR = "import time, aiortc; print('ready', flush=True); time.sleep(1e6)"
CONFIG = """\
[audio]
input = "tone:{tone}"
output = "none"
ring = false
[offers]
auto_answer = 3
[wrapup]
mode = "off"
[profiles.box]
un = "{un}"
backend = "{backend}"
switchnumber = "{switchnumber}"
"""
TONE = 700
LATE = 20
"""Milliseconds: as late as the next packet."""
MEMORY, SHARING = 30.0, 50
"""Megabytes of an engine that waits, where at least so many share them."""
PACE = 0.5
"""Seconds from one call to the next."""
SETTLED = 2.0
"""Seconds after a look at their memory, which holds up whoever is looked at."""
KEPT = 120.0
"""Seconds for which the platform knows how late packets were."""


def engine(box: Box, folder: Path, un: str) -> subprocess.Popen[bytes]:
    """`yimi engine` of that extension."""
    home = folder / un
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text(
        CONFIG.format(tone=TONE, un=un, backend=box.http, switchnumber=box.ready["switchnumber"])
    )
    (home / "password").write_text(f"demo-{un}")
    places = {f"YIMI_{each.upper()}_DIR": str(home / each) for each in ("config", "state", "data")}
    environment = {
        **os.environ,
        **places,
        "YIMI_RUNTIME_DIR": str(folder / RUNTIME),
        "CREDENTIALS_DIRECTORY": str(home),
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with (home / "engine.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "tui.cli.main", "engine", "--profile", "box"],
            env=environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # As a service has: Linux shares the processor out between sessions first (autogroup).
            start_new_session=True,
        )


@contextlib.contextmanager
def ended(processes: Sequence[subprocess.Popen[bytes]]) -> Iterator[None]:
    """In the end all of them are over."""
    try:
        yield
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        end = time.monotonic() + 20
        for process in processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, end - time.monotonic()))
            process.kill()
            process.wait()


def used(processes: Sequence[subprocess.Popen[bytes]]) -> tuple[list[float], float]:
    """Megabytes of each, and seconds of the processor of all."""
    loads = [load_of(each.pid) for each in processes]
    return [(each.memory or 0) / MB for each in loads], sum(each.cpu or 0.0 for each in loads)


class Usage:
    """What processes take from now on until it is told, for each of them."""

    def __init__(self, processes: Sequence[subprocess.Popen[bytes]]) -> None:
        self._processes = processes
        self._before, self._began = used(processes)[1], time.monotonic()

    def told(self) -> dict[str, Any]:
        """Memory now, and the processor's time since the beginning."""
        seconds = time.monotonic() - self._began
        memory, after = used(self._processes)
        share = (after - self._before) / len(self._processes)
        return {
            "PSS of an engine, MB": round(statistics.mean(memory), 1),
            "CPU s of an engine in 30 s": round(share * 30 / seconds, 3),
        }


async def alone(box: Box, folder: Path, un: str) -> float:
    """Megabytes of one engine when there is no other."""
    processes = [engine(box, folder, un)]
    with ended(processes):
        await box.agent_has(un, "status", 1)
        await asyncio.sleep(3)
        return used(processes)[0][0]


def anchor() -> float:
    """Megabytes of a Python that has loaded aiortc."""
    process = subprocess.Popen([sys.executable, "-c", ANCHOR], stdout=subprocess.PIPE)
    with ended([process]):
        assert process.stdout is not None
        process.stdout.readline()
        found = used([process])[0][0]
        process.stdout.close()
        return found


async def online(box: Box, names: Sequence[str]) -> None:
    for un in names:

        async def so(un: str = un) -> bool:
            return bool((await box.control(f"agents/{un}"))["status"] == 1)

        await until(so, PATIENCE, what=f"{un} is online", interval=0.1)


async def said(folder: Path, *words: str) -> str:
    """What `yimi` says of the engines in there."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tui.cli.main", *words),
        env={**os.environ, "YIMI_RUNTIME_DIR": str(folder / RUNTIME)},
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    written, _ = await process.communicate()
    return written.decode()


async def top(folder: Path) -> dict[str, Any]:
    """How many engines `yimi top` shows, and how long it takes."""
    began = time.perf_counter()
    seen = json.loads(await said(folder, "top", "--json"))
    return {"engines in yimi top": len(seen), "s": round(time.perf_counter() - began, 1)}


async def metric(folder: Path, name: str) -> list[float]:
    """That figure of each engine that has one, by `yimi metrics`."""
    lines = (await said(folder, "metrics")).splitlines()
    return [float(line.split()[1]) for line in lines if line.startswith(name + "{")]


async def in_calls(
    box: Box,
    folder: Path,
    names: Sequence[str],
    processes: Sequence[subprocess.Popen[bytes]],
    seconds: float,
) -> dict[str, Any]:
    """Customers call these agents; so many seconds are measured once all are heard."""
    calls: dict[str, str] = {}
    for un in names:
        calls[un] = await box.ring(un)
        await asyncio.sleep(PACE)
    for cc in calls.values():

        async def here(cc: str = cc) -> bool:
            return await heard(box, cc)

        await until(here, PATIENCE, what=f"{cc} is heard", interval=0.2)
    beginning = await lateness(box, calls, KEPT)
    shown = {"calls": len(calls), "while they begin": {**beginning, **await missing(box, calls)}}
    print(json.dumps(shown), flush=True)
    usage = Usage(processes)
    await asyncio.sleep(SETTLED)
    missed, began = await missing(box, calls), load_of(box.pid)
    await asyncio.sleep(seconds)
    late = await lateness(box, calls, seconds)
    after, ended = await missing(box, calls), load_of(box.pid)
    taken = usage.told()
    made_up = await metric(folder, "yimi_call_concealed_ratio")
    after["missing at the platform, ms"] -= missed["missing at the platform, ms"]
    for cc in calls.values():
        await box.post(f"calls/{cc}/hangup")
    spent = (ended.cpu or 0.0) - (began.cpu or 0.0)
    return {
        **late,
        "packets due": round(seconds * 50) * len(calls),
        **after,
        "made up at an agent, share": max(made_up, default=None),
        **taken,
        "CPU s of the platform in 30 s": round(spent * 30 / seconds, 1),
    }


async def lateness(box: Box, calls: Mapping[str, str], seconds: float) -> dict[str, Any]:
    """How late the agents' packets of so many seconds were."""
    late: list[float] = []
    for un, cc in calls.items():
        late += (await box.control(f"calls/{cc}/late?ms={int(seconds * 1000)}"))[un]
    late.sort()
    places = {"p50": 0.5, "p99": 0.99, "most": 1.0}
    return {
        "packets": len(late),
        "packets, ms late": {name: at(late, share) for name, share in places.items()},
        f"{LATE} ms late or more": sum(each >= LATE for each in late),
    }


def at(values: Sequence[float], share: float) -> float:
    """That quantile of sorted values."""
    return values[min(len(values) - 1, int(len(values) * share))]


async def missing(box: Box, calls: Mapping[str, str]) -> dict[str, int]:
    """What the platform's listeners missed since the calls began."""
    shown = [await box.control(f"calls/{cc}") for cc in calls.values()]
    return {
        "missing at the platform, ms": sum(each["missing"] for each in shown),
        "longest, ms": max(each["longest_missing"] for each in shown),
    }


async def heard(box: Box, cc: str) -> bool:
    return (await box.control(f"calls/{cc}"))["phase"] == "up" and await box.heard(cc, TONE) > 0.5


async def measure(agents: int, calls: int, seconds: float) -> None:
    names = [str(MORE_START + number) for number in range(agents)]
    with tempfile.TemporaryDirectory(prefix="yimi-host-") as place:
        folder = Path(place)
        (folder / "box").mkdir()
        async with running(folder / "box", "--agents", str(agents + 1)) as box:
            base = anchor()
            one = await alone(box, folder, str(MORE_START + agents))
            print(json.dumps({"anchor, PSS MB": round(base, 1), "one engine alone": round(one, 1)}))
            began = time.perf_counter()
            processes = [engine(box, folder, un) for un in names]
            with ended(processes):
                await online(box, names)
                took = time.perf_counter() - began
                print(json.dumps({"agents": agents, "s until all are online": round(took, 1)}))
                await asyncio.sleep(3)
                usage = Usage(processes)
                await asyncio.sleep(seconds)
                idle = usage.told()
                idle["times the anchor"] = round(idle["PSS of an engine, MB"] / base, 2)
                print(json.dumps({"idle": idle}), flush=True)
                print(json.dumps(await top(folder)), flush=True)
                found = await in_calls(box, folder, names[:calls], processes[:calls], seconds)
                if not SMOKE:
                    print(verdicts(agents, idle, found))
                print(json.dumps({"calls": calls, **found}), flush=True)


def verdicts(agents: int, idle: Mapping[str, Any], in_calls: Mapping[str, Any]) -> str:
    """Which aims are met; that of the memory is one for fifty engines."""
    late, memory = in_calls[f"{LATE} ms late or more"], idle["PSS of an engine, MB"]
    found = [f"no packet {LATE} ms late: {'missed' if late else 'met'}"]
    if agents >= SHARING:
        found.append(f"an engine ≤ {MEMORY} MB: {'met' if memory <= MEMORY else 'missed'}")
    return "aims: " + "; ".join(found)


def main() -> int:
    parser = argparse.ArgumentParser(description="What many engines take of one host.")
    parser.add_argument("--agents", type=int, default=2 if SMOKE else 30)
    parser.add_argument("--calls", type=int, default=1 if SMOKE else 5)
    parser.add_argument("--seconds", type=float, default=3.0 if SMOKE else 30.0)
    options = parser.parse_args()
    asyncio.run(measure(options.agents, options.calls, options.seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
