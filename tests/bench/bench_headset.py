"""The headset through ssh beside PulseAudio's tunnel: bytes, delay, recovery, CPU at both ends.

A real sshd and ssh on loopback, through the tests' relay, which counts what crosses, adds delay and
stalls; the ears of the computer one sits at are its microphone (a null sink's monitor), so that
what is said there comes back: all times are there and back. "Added" is that beyond the same sound
server without ssh, and beyond the relay's own delay, halved: one way. "Bare" is ours with no device
at either end, beside the same without ssh.

`python tests/bench/bench_headset.py [--seconds 20] [--delay 0.02]`; one JSON line at the end. Aims:
≤ 80 kbit/s both ways together, as bytes of the connection, while both talk; ≤ 6 kbit/s in silence;
≤ 60 ms added, one way; 2 s after a stall of 1 s under 100 ms added. Without PulseAudio (packages
pulseaudio, libportaudio2, libasound2-plugins) only the bare column is filled; without sshd nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.e2e.sshd import SYSTEM, Sshd, serving  # noqa: E402

SMOKE = bool(os.environ.get("YIMI_BENCH_SMOKE"))
ENDS = Path(__file__).with_name("headset_ends.py")
STALL = 1.0
SETTLED = 2.0
STALL_AT = 1.5 if SMOKE else 4.0
WARM = 1.0 if SMOKE else 3.0
BEFORE = 1.0 if SMOKE else 6.0
"""Seconds of silence before it is measured: the noise that a decoder makes in it comes back."""
ALSA = """</usr/share/alsa/alsa.conf>
pcm.!default { type pulse hint { show on description "default" } }
ctl.!default { type pulse }
"""
_TICKS = os.sysconf("SC_CLK_TCK")


def environment(room: Path, **more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "VIRTUAL_ENV")}
    room.mkdir(mode=0o700, exist_ok=True)
    return {
        **kept,
        "HOME": str(room),
        "XDG_RUNTIME_DIR": str(room),
        "PYTHONPATH": str(ROOT),
        **more,
    }


def used(process: asyncio.subprocess.Process | subprocess.Popen[bytes]) -> float:
    """CPU seconds of a process and its children that are there (sshd's)."""
    total, wanted = 0.0, {process.pid}
    for folder in sorted(Path("/proc").glob("[0-9]*"), key=lambda one: int(one.name)):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(folder.name) in wanted or int(fields[1]) in wanted:
            wanted.add(int(folder.name))
            total += (int(fields[11]) + int(fields[12])) / _TICKS
    return total


class Process:
    """A process that answers each line with a line of JSON."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def ask(self, line: str = "") -> dict[str, Any]:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(line.encode() + b"\n")
        await self.process.stdin.drain()
        answer: dict[str, Any] = json.loads(await self.process.stdout.readline())
        return answer


@asynccontextmanager
async def started(*line: str, env: dict[str, str], pipes: bool = True) -> AsyncIterator[Process]:
    pipe = asyncio.subprocess.PIPE if pipes else asyncio.subprocess.DEVNULL
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *line, env=env, stdin=pipe, stdout=pipe, stderr=quiet, limit=2**22
    )
    try:
        yield Process(process)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def there(path: Path) -> None:
    async with asyncio.timeout(20):
        while not path.exists():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def pulseaudio(room: Path) -> AsyncIterator[Process]:
    """A server with a null sink, as the computer one sits at has one."""
    loads = (
        "module-null-sink sink_name=ear rate=48000",
        f"module-native-protocol-unix auth-anonymous=1 socket={room}/native",
    )
    line = ["pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1"]
    for load in loads:
        line += ["-L", load]
    async with started(*line, env=environment(room), pipes=False) as server:
        await there(room / "native")
        yield server


async def straight(folder: Path, seconds: float) -> dict[str, Any]:
    """The same ears and microphone with nothing between."""
    env = environment(folder / "here", BENCH_BARE="1")
    async with started(sys.executable, str(ENDS), "far", env=env) as far:
        return await measured(far, None, seconds)


@asynccontextmanager
async def tunnel(sshd: Sshd, far: Path, near: Path) -> AsyncIterator[Process]:
    """ssh with a program on a terminal, as `yimi headset` and docs/guide.md use it: without one
    sshd leaves Nagle's algorithm on."""
    line = sshd.ssh("-tt", "-R", f"{far}:{near}", "desk", "sleep 3600")
    async with started(*line, env={**os.environ}, pipes=False) as ssh:
        await there(far)
        yield ssh


async def measured(far: Process, sshd: Sshd | None, seconds: float) -> dict[str, Any]:
    """Talk, silence, bursts, and bursts with a stall in their middle."""
    line = None if sshd is None else sshd.line
    figures: dict[str, Any] = {"seconds": seconds}
    await far.ask(f"run talk {WARM}")
    for what in ("talk", "silence"):
        if what == "silence":
            await far.ask(f"run silence {BEFORE}")
        before = 0 if line is None else line.there + line.back
        chunks = 0 if line is None else line.chunks
        done = await far.ask(f"run {what} {seconds}")
        if line is not None:
            figures[f"{what}_kbit"] = (line.there + line.back - before) * 8e-3 / seconds
            figures[f"{what}_packets"] = (line.chunks - chunks) / seconds
        figures[f"{what}_cpu"] = done["cpu"]
    done = await far.ask(f"run bursts {seconds}")
    delays = [delay for _, delay in done["delays"][4:]]
    figures["heard"] = len(done["delays"]) / (seconds / 0.5)
    figures["delay"] = statistics.median(delays) if delays else None
    if line is not None:
        loop = asyncio.get_running_loop()
        asked = loop.create_task(far.ask(f"run bursts {3 * STALL_AT}"))
        await asyncio.sleep(STALL_AT)
        line.stall(True)
        await asyncio.sleep(STALL)
        line.stall(False)
        over = loop.time()
        after = [(sent - over, delay) for sent, delay in (await asked)["delays"] if sent > over]
        figures["after"] = [(round(at, 2), round(delay, 3)) for at, delay in after]
    return figures


async def headset(
    folder: Path,
    sshd: Sshd,
    seconds: float,
    near_env: dict[str, str],
    server: Process | None = None,
) -> dict[str, Any]:
    """Ours, through ssh."""
    secret = secrets.token_hex(32)
    far_room = folder / f"far{secret[:4]}"
    far_room.mkdir(mode=0o700)
    local = Path(near_env["XDG_RUNTIME_DIR"]) / f"h{secret[:4]}"
    python = sys.executable
    async with (
        started(python, str(ENDS), "near", str(local), env=near_env) as near,
        started(python, str(ENDS), "far", env=environment(far_room)) as far,
    ):
        await near.ask(secret)
        async with tunnel(sshd, far_room / "s", local) as ssh:
            assert (await far.ask(f"headset {far_room}/s {secret}"))["ok"]
            await far.ask("run talk 1")

            def here() -> float:
                return used(ssh.process) + (0.0 if server is None else used(server.process))

            before = here(), (await near.ask())["cpu"], sshd_used(sshd)
            figures = await measured(far, sshd, seconds)
            after = here(), (await near.ask())["cpu"], sshd_used(sshd)
            figures["near_cpu"] = sum(after[:2]) - sum(before[:2])
            figures["sshd_cpu"] = after[2] - before[2]
            figures["per"] = 3 * (seconds + STALL_AT) + WARM + BEFORE
            return figures


def sshd_used(sshd: Sshd) -> float:
    assert sshd.process is not None
    return used(sshd.process)


async def pulse(
    folder: Path, sshd: Sshd | None, seconds: float, server: Process, room: Path
) -> dict[str, Any]:
    """PulseAudio's own protocol: through ssh, or straight."""
    name = "straight" if sshd is None else "tunnel"
    far_room = folder / name
    async with started(
        sys.executable, str(ENDS), "far", env=environment(far_room, PULSE_COOKIE="/dev/null")
    ) as far:
        if sshd is None:
            assert (await far.ask(f"pulse unix:{room}/native"))["ok"]
            return await measured(far, None, seconds)
        async with tunnel(sshd, far_room / "s", room / "native") as ssh:
            assert (await far.ask(f"pulse unix:{far_room}/s"))["ok"]
            await far.ask(f"run talk {WARM}")
            before = used(ssh.process) + used(server.process), sshd_used(sshd)
            figures = await measured(far, sshd, seconds)
            figures["near_cpu"] = used(ssh.process) + used(server.process) - before[0]
            figures["sshd_cpu"] = sshd_used(sshd) - before[1]
            figures["per"] = 3 * (seconds + STALL_AT) + WARM + BEFORE
            return figures


async def bench(seconds: float, delay: float) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory(prefix="b") as place:
        folder = Path(place)
        async with serving(folder / "ssh", delay=delay) as sshd:
            bare = environment(folder / "bare", BENCH_BARE="1")
            found["bare"] = await headset(folder, sshd, seconds, bare)
            found["straight bare"] = await straight(folder, seconds)
            if not shutil.which("pulseaudio"):
                return found
            room = folder / "pulse"
            room.mkdir(mode=0o700)
            (folder / "alsa.conf").write_text(ALSA)
            near = environment(
                room, PULSE_SERVER=f"unix:{room}/native", ALSA_CONFIG_PATH=f"{folder}/alsa.conf"
            )
            async with pulseaudio(room) as server:
                if not SMOKE:
                    found["straight"] = await pulse(folder, None, seconds, server, room)
                    found["headset"] = await headset(folder, sshd, seconds, near, server)
                found["tunnel"] = await pulse(folder, sshd, seconds, server, room)
    return found


def summary(found: dict[str, dict[str, Any]], delay: float) -> dict[str, dict[str, Any]]:
    """What is compared, of each column."""
    told = {}
    for name, one in found.items():
        if name.startswith("straight"):
            continue
        beside = found.get("straight bare" if name == "bare" else "straight", {})
        without = beside.get("delay") or 0.0

        def added(there_and_back: float | None, without: float = without) -> float | None:
            if there_and_back is None:
                return None
            return (there_and_back - without - 2 * delay) / 2 * 1000

        late = [added(late) or 0.0 for at, late in one["after"] if at >= SETTLED]
        told[name] = {
            "kbit/s, both talk": one["talk_kbit"],
            "kbit/s, silence": one["silence_kbit"],
            "ms there and back": None if one["delay"] is None else one["delay"] * 1000,
            "ms added, one way": added(one["delay"]),
            "ms added, 2 s after a stall of 1 s": max(late, default=None),
            "ms CPU a second, far": one["talk_cpu"] / one["seconds"] * 1000,
            "ms CPU a second, near: all of it": one["near_cpu"] / one["per"] * 1000,
            "ms CPU a second, sshd": one["sshd_cpu"] / one["per"] * 1000,
        }
    return told


AIMS = {
    "kbit/s, both talk": 80.0,
    "kbit/s, silence": 6.0,
    "ms added, one way": 60.0,
    "ms added, 2 s after a stall of 1 s": 100.0,
}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=2 if SMOKE else 20)
    parser.add_argument("--delay", type=float, default=0.02)
    options = parser.parse_args()
    if shutil.which("sshd", path=os.environ.get("PATH", "") + SYSTEM) is None:
        print("no sshd on this machine (Debian: openssh-server): nothing is measured")
        return 0
    found = asyncio.run(bench(options.seconds, options.delay))
    told = summary(found, options.delay)
    print(f"{'':36}" + "".join(f"{name:>12}" for name in told))
    for what in next(iter(told.values())):
        values = (one[what] for one in told.values())
        print(f"{what:36}" + "".join("           –" if v is None else f"{v:12.1f}" for v in values))
    print(json.dumps({"found": found, "summary": told}))
    if SMOKE:
        return 0
    ours = {name: told[name] for name in ("bare", "headset") if name in told}
    missed = [
        f"{name}: {what} {one[what]}"
        for name, one in ours.items()
        for what, aim in AIMS.items()
        if one[what] is None or one[what] > aim
    ]
    print("\n".join(["missed:", *missed]) if missed else "all aims met")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
