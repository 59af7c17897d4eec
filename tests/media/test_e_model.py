"""The E-model against what the Recommendations publish."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.media import e_model


def test_the_default_connection_is_rated_93_2() -> None:
    # G.107 §7.7: all parameters at their defaults.
    assert e_model.rating(0, 0, "PCMA") == pytest.approx(93.2, abs=0.05)
    assert e_model.mos(93.2) == pytest.approx(4.41, abs=0.005)


@pytest.mark.parametrize(
    ("r", "mos"), [(90, 4.34), (80, 4.03), (70, 3.60), (60, 3.10), (50, 2.58), (0, 1), (100, 4.5)]
)
def test_ratings_become_the_scores_of_annex_b(r: float, mos: float) -> None:
    assert e_model.mos(r) == pytest.approx(mos, abs=0.01)


@pytest.mark.parametrize(
    ("ie", "bpl", "loss", "tabulated", "within"),
    [
        # G.113 Appendix I: Ie against random loss, and the factors that replaced the tables.
        (11, 19.0, 0.02, 19, 0.5),  # G.729A with VAD
        (11, 19.0, 0.08, 36, 0.5),
        (11, 19.0, 0.16, 49, 0.5),
        (5, 10.0, 0.05, 33, 2.5),  # GSM EFR
        (0, 25.1, 0.10, 25, 2.5),  # G.711 with concealment
        (0, 25.1, 0.01, 5, 2.5),
    ],
)
def test_loss_costs_what_g_113_tabulates(
    ie: float, bpl: float, loss: float, tabulated: float, within: float
) -> None:
    assert e_model.effective_equipment(ie, bpl, loss) == pytest.approx(tabulated, abs=within)


def test_delay_costs_what_g_107_computes() -> None:
    assert e_model.delay_impairment(0) == pytest.approx(0.15, abs=0.01)
    assert e_model.delay_impairment(150) == pytest.approx(3.8, abs=0.1)
    # Idd alone: nothing up to 100 ms; at 200 ms X is 1.
    assert e_model._pure_delay(100) == 0
    at_200 = 25 * (2 ** (1 / 6) - 3 * (1 + 3**-6) ** (1 / 6) + 2)
    assert e_model._pure_delay(200) == pytest.approx(at_200)
    assert at_200 == pytest.approx(3.044, abs=0.001)


def test_the_delay_is_half_the_round_trip_the_playout_and_a_packet() -> None:
    assert e_model.one_way_delay(80, 45) == 40 + 45 + 20
    assert e_model.one_way_delay(None, 45, name="PCMU") == 65
    assert e_model.one_way_delay(80, 45, name="opus", ptime=40) == 40 + 45 + 40 + 6.5


def test_every_codec_that_is_offered_has_factors_with_a_source() -> None:
    for name in ("opus", "G722", "PCMU", "PCMA"):
        assert e_model.codec(name) is not e_model.UNKNOWN
        assert e_model.codec(name).source
    assert "assumed" in e_model.codec("opus").source
    assert e_model.codec("iLBC") is e_model.UNKNOWN


def test_bursts_are_told_from_random_loss() -> None:
    assert e_model.burst_ratio(50, 50, 1000) == 1.0  # single losses, as rare as chance has them
    assert e_model.burst_ratio(0, 0, 1000) == 1.0
    assert e_model.burst_ratio(10, 10, 10) == 1.0
    assert e_model.burst_ratio(15, 5, 1000) == pytest.approx(3 * 0.985)  # under 2 %: as it is
    assert (
        e_model.burst_ratio(150, 30, 1000) == e_model.MAX_BURST
    )  # above: as far as the model was checked
    assert e_model.rating(50, 0.05, "PCMA", burst=2) < e_model.rating(50, 0.05, "PCMA")


@given(st.floats(0, 2000), st.floats(0, 1), st.sampled_from(["opus", "PCMA", "G722", "what"]))
def test_the_score_is_always_between_1_and_4_5(delay: float, loss: float, name: str) -> None:
    score = e_model.mos(e_model.rating(delay, loss, name))
    assert 1.0 <= score <= e_model.BEST_MOS
    assert math.isfinite(score)


@given(st.floats(20, 1000), st.floats(0, 0.5), st.floats(0, 100), st.floats(0, 0.5))
def test_more_loss_or_more_delay_is_never_rated_better(
    delay: float, loss: float, later: float, more: float
) -> None:
    assert (
        e_model.rating(delay + later, loss + more, "opus")
        <= e_model.rating(delay, loss, "opus") + 1e-9
    )


def test_a_clean_call_is_good_and_a_broken_one_is_not() -> None:
    clean = e_model.rate(rtt=20, playout=45, loss=0, name="opus")
    lossy = e_model.rate(rtt=20, playout=45, loss=0.05, name="opus")
    late = e_model.rate(rtt=600, playout=200, loss=0, name="opus")
    assert clean > 4.3
    assert 3.5 < lossy < 4.0
    assert late < 3.5
