"""What is fixed about the codecs, for whoever negotiates them and whoever makes them."""

from __future__ import annotations

from typing import Final

_BY_SAMPLES: Final = (10, 20, 30, 40, 60)
PTIMES: Final = {
    "opus": (10, 20, 40, 60),
    "pcmu": _BY_SAMPLES,
    "pcma": _BY_SAMPLES,
    "g722": _BY_SAMPLES,
}
"""Milliseconds that one packet may hold, by the codec's name in lower case."""
