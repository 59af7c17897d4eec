"""A Secret never prints."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback
from dataclasses import asdict, dataclass

import pytest

from tui.secrets import Secret


@dataclass(frozen=True)
class Holder:
    pwd: Secret


HUSH = Secret("hush")


@pytest.mark.parametrize(
    "shown",
    [
        str(HUSH),
        repr(HUSH),
        f"{HUSH}",
        f"{HUSH!r:>40}",
        f"{HUSH:>40}",
        "%s" % HUSH,  # noqa: UP031 - it is the operator that is tested
        "{}".format(HUSH),  # noqa: UP032
        repr([HUSH]),
        repr({HUSH: HUSH}),
        repr(Holder(HUSH)),
        str(vars(Holder(HUSH))),
    ],
)
def test_no_way_of_printing_shows_it(shown: str) -> None:
    assert "hush" not in shown
    assert "•" in shown


def test_only_reveal_gives_it_back() -> None:
    assert HUSH.reveal() == "hush"
    assert not hasattr(HUSH, "__dict__")
    assert not hasattr(HUSH, "__len__"), "its length is a hint"


def test_it_is_not_written_to_disk_or_to_json() -> None:
    for write in (pickle.dumps, copy.deepcopy, copy.copy):
        with pytest.raises(TypeError, match=r"not written"):
            write(HUSH)
    with pytest.raises(TypeError):
        json.dumps({"pwd": HUSH})
    with pytest.raises(TypeError):
        asdict(Holder(HUSH))


def test_a_traceback_and_a_log_line_show_stars(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise ValueError(f"refused {HUSH}", HUSH)
    except ValueError as error:
        told = traceback.TracebackException.from_exception(error, capture_locals=True)
        text = "".join(told.format())
    logging.getLogger("x").warning("%s", HUSH)
    assert "'hush'" not in text
    assert "hush" not in caplog.text


def test_an_empty_one_is_false_and_shows_as_empty() -> None:
    assert not Secret()
    assert Secret("x")
    assert repr(Secret()) == "Secret('')"


def test_equality_is_by_value_and_only_among_secrets() -> None:
    assert Secret("hush") == HUSH
    assert Secret("Hush") != HUSH
    assert HUSH != "hush"
    assert len({HUSH, Secret("hush"), Secret("x")}) == 2


def test_what_no_keyboard_sends_is_compared_all_the_same() -> None:
    assert Secret("\udc80") == Secret("\udc80")
    assert Secret("\udc80") != HUSH
