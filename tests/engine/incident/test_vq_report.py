"""The figures of a call's report (RFC 6035) agree with one another."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from tui.engine.incident.vq_report import _metrics
from tui.port.values import Quality

SHARE = st.floats(0, 1)


@given(mos=st.floats(1, 4.5), concealed=SHARE, loss=SHARE, repaired=SHARE, delay=st.floats(0, 2000))
def test_with_delay_nothing_sounds_better_than_without(
    mos: float, concealed: float, loss: float, repaired: float, delay: float
) -> None:
    quality = Quality(
        mos=mos, concealed=concealed, loss=loss, repaired=repaired, delay=delay, codec="opus"
    )
    (line,) = (each for each in _metrics(quality) if each.startswith("QualityEst"))
    listening, talking = map(float, re.findall(r"MOS[LC]Q=([\d.]+)", line))
    assert 1 <= talking <= listening <= 4.5
