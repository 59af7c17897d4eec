"""Text: what may be shown of what others wrote, what is found in it, and CSV files of it."""

from __future__ import annotations

from tui.text.cleaning import (
    MARKS_PER_BASE,
    clean_text,
    decoded,
    is_control,
    mask_number,
    without_controls,
)

__all__ = [
    "MARKS_PER_BASE",
    "clean_text",
    "decoded",
    "is_control",
    "mask_number",
    "without_controls",
]
