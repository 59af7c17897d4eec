"""How a call sounded, as the history keeps it: columns of the file, and of the export."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tui.port.values import HistoryEntry, Quality

_FIGURES: Final = ("mos", "loss", "remote_loss", "jitter", "rtt", "delay", "repaired", "concealed")
COLUMNS: Final = ("codec", "worst_mos", *_FIGURES)
SCHEMA: Final = ";".join(
    (
        "ALTER TABLE calls ADD COLUMN codec TEXT NOT NULL DEFAULT ''",
        *(f"ALTER TABLE calls ADD COLUMN {name} REAL" for name in COLUMNS[1:]),
    )
)
"""From version 1 of the file to version 2. NULL: it was not measured."""
CSV_HEAD: Final = (
    *("mos", "worst_mos", "codec", "loss_percent", "remote_loss_percent", "jitter_ms"),
    *("round_trip_ms", "delay_ms", "repaired_percent", "concealed_percent"),
)


def values(entry: HistoryEntry) -> tuple[object, ...]:
    """The columns of a call."""
    quality = entry.quality
    if quality is None:
        return ("", entry.worst_mos, *(None for _ in _FIGURES))
    return (quality.codec, entry.worst_mos, *(getattr(quality, name) for name in _FIGURES))


def read(row: Sequence[object]) -> tuple[Quality | None, float | None]:
    """The columns as they were written: the call as a whole, and its worst score."""
    codec, worst, *figures = row
    numbers: dict[str, Any] = {
        name: float(str(figure))
        for name, figure in zip(_FIGURES, figures, strict=True)
        if figure is not None
    }
    lowest = None if worst is None else float(str(worst))
    if "mos" not in numbers:
        return None, lowest
    return Quality(codec=str(codec), **numbers), lowest


def written(entry: HistoryEntry) -> tuple[str, ...]:
    """The fields of the export, in the order of its head; empty where nothing was measured."""
    quality = entry.quality
    if quality is None:
        return ("",) * len(CSV_HEAD)
    return (
        _number(quality.mos, 2),
        _number(entry.worst_mos, 2),
        quality.codec,
        _number(quality.loss * 100, 2),
        _number(quality.remote_loss * 100, 2),
        _number(quality.jitter, 1),
        _number(quality.rtt, 1),
        _number(quality.delay, 1),
        _number(quality.repaired * 100, 2),
        _number(quality.concealed * 100, 2),
    )


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
