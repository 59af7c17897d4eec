"""`yimi metrics`: the figures of every engine on this machine, as OpenMetrics text.

On standard output, or into a file for a collector that reads files (node_exporter's textfile),
which is put there whole. No engine is no failure: `yimi_engines` is 0 then. No number and no name
of a customer is in it; the label `agent` is the extension.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, NamedTuple

from tui.cli.exits import OK, REFUSED, USAGE, complain, speak_as_the_system
from tui.clock import instant
from tui.config.paths import PathError, Paths
from tui.launcher.find_engines import RunningEngine, find_running
from tui.port.snapshot import Snapshot
from tui.port.values import ConnectionState

CONTENT_TYPE: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"


class Metric(NamedTuple):
    """One family: `value` of a snapshot at an instant; None where there is nothing to tell."""

    name: str
    kind: str
    help: str
    value: Callable[[Snapshot, float], float | None]
    unit: str = ""


def _of_quality(name: str, scale: float = 1.0) -> Callable[[Snapshot, float], float | None]:
    def value(snapshot: Snapshot, _now: float) -> float | None:
        found = None if snapshot.quality is None else getattr(snapshot.quality, name)
        return None if found is None else found * scale

    return value


def _of_shift(name: str) -> Callable[[Snapshot, float], float | None]:
    return lambda snapshot, _now: float(getattr(snapshot.shift, name))


def _latency(snapshot: Snapshot, _now: float) -> float | None:
    return None if snapshot.connection.latency is None else snapshot.connection.latency / 1000


def _in_call(snapshot: Snapshot, _now: float) -> float:
    return float(sum(call.live for call in snapshot.calls))


METRICS: Final = (
    Metric(
        "yimi_line_up",
        "gauge",
        "1 while the agent is registered.",
        lambda snapshot, _now: float(snapshot.connection.state is ConnectionState.OK),
    ),
    Metric("yimi_line_latency_seconds", "gauge", "Round trip to the server.", _latency, "seconds"),
    Metric(
        "yimi_seat_state",
        "gauge",
        "As checkSeatState tells it.",
        lambda snapshot, _now: float(snapshot.seat_state),
    ),
    Metric(
        "yimi_seat_state_age_seconds",
        "gauge",
        "Since the seat's status changed.",
        lambda snapshot, now: max(0.0, now - snapshot.seat.since),
        "seconds",
    ),
    Metric("yimi_calls", "gauge", "Calls that ring or are up.", _in_call),
    Metric("yimi_call_mos", "gauge", "E-model score of the call that is up.", _of_quality("mos")),
    Metric("yimi_call_loss_ratio", "gauge", "Packets lost on their way here.", _of_quality("loss")),
    Metric(
        "yimi_call_remote_loss_ratio",
        "gauge",
        "Packets of ours that the peer missed.",
        _of_quality("remote_loss"),
    ),
    Metric(
        "yimi_call_concealed_ratio", "gauge", "Sound that was made up.", _of_quality("concealed")
    ),
    Metric(
        "yimi_call_jitter_seconds",
        "gauge",
        "Jitter of what comes.",
        _of_quality("jitter", 0.001),
        "seconds",
    ),
    Metric(
        "yimi_call_rtt_seconds",
        "gauge",
        "Round trip of the sound.",
        _of_quality("rtt", 0.001),
        "seconds",
    ),
    Metric("yimi_shift_calls", "counter", "Calls that were up.", _of_shift("talked")),
    Metric("yimi_shift_missed", "counter", "Offers that nobody answered.", _of_shift("missed")),
    Metric("yimi_shift_declined", "counter", "Offers that were declined.", _of_shift("declined")),
    Metric(
        "yimi_shift_line_lost", "counter", "Offers that went with the line.", _of_shift("line_lost")
    ),
    Metric("yimi_shift_talk_seconds", "counter", "Talk time.", _of_shift("talk_time"), "seconds"),
    Metric(
        "yimi_shift_hold_seconds", "counter", "Time on hold.", _of_shift("hold_time"), "seconds"
    ),
)


def run(options: Namespace) -> int:
    """Print or write them; the exit code."""
    try:
        found = asyncio.run(find_running(Paths.find().runtime))
    except (PathError, OSError) as error:
        return complain(str(error), USAGE)
    text = exposition(found.engines, instant())
    if options.output is None:
        sys.stdout.write(text)
        return OK
    try:
        put(options.output, text)
    except OSError as error:
        from tui.console.i18n import tr

        speak_as_the_system()
        why = error.strerror or type(error).__name__
        return complain(tr("bundle.not_written", path=options.output, why=why), REFUSED)
    return OK


def exposition(engines: Iterable[RunningEngine], now: float) -> str:
    """OpenMetrics text of these engines (openmetrics.io, version 1.0), `# EOF` at its end."""
    engines = tuple(engines)
    lines = [
        "# TYPE yimi_engines gauge",
        "# HELP yimi_engines Engines in which somebody is signed in.",
        f"yimi_engines {len(engines)}",
    ]
    for metric in METRICS:
        lines.append(f"# TYPE {metric.name} {metric.kind}")
        if metric.unit:
            lines.append(f"# UNIT {metric.name} {metric.unit}")
        lines.append(f"# HELP {metric.name} {metric.help}")
        suffix = "_total" if metric.kind == "counter" else ""
        for engine in engines:
            value = metric.value(engine.snapshot, now)
            if value is not None:
                agent = escaped(engine.account.un)
                lines.append(f'{metric.name}{suffix}{{agent="{agent}"}} {value:.10g}')
    return "\n".join((*lines, "# EOF", ""))


def escaped(label: str) -> str:
    """A label's value: backslash, quote and line feed are escaped."""
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def put(path: Path, text: str) -> None:
    """Write a file whole: who reads it has the one before or this one."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.absolute().parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            os.fchmod(file.fileno(), 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
