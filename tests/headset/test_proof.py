"""Who is at the other end: only whoever knows this login's secret, and in the order of turns."""

from __future__ import annotations

import pytest

import tui
from tui.media.headset.proof import Doubt, FarProof, NearProof, NotBelieved, fresh_secret
from tui.media.headset.wire import Farewell, Greeting, Ping, Proven, Told, Welcome
from tui.secrets import Secret

SECRET = Secret("a secret of the tests")


def test_both_ends_believe_one_another_by_the_same_secret() -> None:
    far, near = FarProof(SECRET), NearProof(SECRET)
    welcome = near.take(far.begin())
    assert welcome is not None
    assert near.take(far.take(welcome)) is None
    # What crossed does not hold it.
    assert SECRET.reveal() not in f"{welcome} {far.take(welcome)}"
    assert fresh_secret() != fresh_secret()


def test_another_secret_is_found_out_by_the_first_who_can() -> None:
    far, near = FarProof(SECRET), NearProof(Secret("another"))
    welcome = near.take(far.begin())
    assert welcome is not None
    with pytest.raises(NotBelieved) as doubted:
        far.take(welcome)
    assert doubted.value.doubt is Doubt.SECRET
    with pytest.raises(NotBelieved) as doubted:
        near.take(Proven("00" * 32))
    assert doubted.value.last == Farewell("secret", tui.__version__)


def test_the_proof_of_one_end_is_not_the_others_and_not_another_days() -> None:
    near = NearProof(SECRET, lambda: "n")
    welcome = near.take(Greeting(1, "1", "f"))
    assert isinstance(welcome, Welcome)
    with pytest.raises(NotBelieved):
        near.take(Proven(welcome.proof))  # reflected
    said = FarProof(SECRET, lambda: "f").take(welcome)
    again = NearProof(SECRET, lambda: "n2")
    again.take(Greeting(1, "1", "f"))
    with pytest.raises(NotBelieved):
        again.take(said)  # replayed


def test_versions_that_do_not_go_together_are_told_with_their_names() -> None:
    with pytest.raises(NotBelieved) as doubted:
        NearProof(SECRET).take(Greeting(2, "9.9\x1b[2J", "f"))
    assert (doubted.value.doubt, doubted.value.theirs) == (Doubt.VERSION, "9.9")
    assert doubted.value.last == Farewell("version", tui.__version__)
    with pytest.raises(NotBelieved) as doubted:
        FarProof(SECRET).take(Welcome(0, "0.1", "n", "p"))
    assert doubted.value.doubt is Doubt.VERSION
    with pytest.raises(NotBelieved) as doubted:
        FarProof(SECRET).take(Farewell("version", "0.1"))
    assert (doubted.value.doubt, doubted.value.theirs) == (Doubt.VERSION, "0.1")
    with pytest.raises(NotBelieved) as doubted:
        FarProof(SECRET).take(Farewell("secret"))
    assert doubted.value.doubt is Doubt.SECRET


@pytest.mark.parametrize("told", [Ping(1), Proven("00"), Farewell("end"), Welcome(1, "", "", "")])
def test_who_speaks_out_of_turn_is_not_believed(told: Told) -> None:
    with pytest.raises(NotBelieved) as doubted:
        NearProof(SECRET).take(told)
    assert doubted.value.doubt is Doubt.ORDER


def test_a_second_greeting_is_out_of_turn_and_so_is_an_engine_that_is_greeted() -> None:
    near = NearProof(SECRET)
    near.take(Greeting(1, "1", "f"))
    with pytest.raises(NotBelieved):
        near.take(Greeting(1, "1", "f"))
    with pytest.raises(NotBelieved) as doubted:
        FarProof(SECRET).take(Greeting(1, "1", "f"))
    assert doubted.value.doubt is Doubt.ORDER


def test_odd_text_in_a_proof_is_only_wrong() -> None:
    near = NearProof(SECRET)
    near.take(Greeting(1, "1", "\udc80é"))
    with pytest.raises(NotBelieved):
        near.take(Proven("\udc80é"))
