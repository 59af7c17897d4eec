"""The port's values cross as JSON without loss, and nothing else comes out of bad JSON."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.plain_value import PlainValue
from tui.port import commands, events
from tui.port import snapshot as state
from tui.port.commands import Result, SetStatus, SignIn
from tui.port.events import CallChanged, CallFinished
from tui.port.machines.call_machine import CallState
from tui.port.machines.seat_machine import Status
from tui.port.snapshot import Call, Snapshot
from tui.port.wire import codec
from tui.port.wire.codec import CodecError, from_json, to_json
from tui.port.wire.protocol import decode_line, encode_line
from tui.secrets import Secret

st.register_type_strategy(Secret, st.builds(Secret, st.text()))
TYPES = sorted(codec.known().values(), key=lambda cls: cls.__name__)


def values(cls: type[PlainValue]) -> st.SearchStrategy[PlainValue]:
    """Any value of the class: each field that has a default is given or left out."""
    fields = msgspec.structs.fields(cls)
    drawn = {f.name: st.from_type(f.type) for f in fields}
    needed = {f.name: drawn.pop(f.name) for f in fields if f.required}
    return st.fixed_dictionaries(needed, optional=drawn).map(lambda given: cls(**given))


for one in TYPES:
    st.register_type_strategy(one, values(one))


def there_and_back(value: object) -> Any:
    return from_json(decode_line(encode_line(to_json(value))))


def test_the_walk_finds_every_value_that_the_three_modules_define() -> None:
    defined = {
        value
        for module in (commands, events, state)
        for value in vars(module).values()
        if isinstance(value, type) and value.__module__ == module.__name__
        if issubclass(value, PlainValue)
    }
    assert defined <= set(TYPES)
    assert len(TYPES) > 40


@pytest.mark.parametrize("cls", TYPES, ids=lambda cls: cls.__name__)
def test_every_type_of_the_port_crosses_both_ways(cls: type) -> None:
    @given(st.from_type(cls).filter(lambda value: value == value))
    def crosses(value: object) -> None:
        back = there_and_back(value)
        assert type(back) is cls
        # NaN differs from itself in an equal value, so the forms are compared as text too.
        assert back == value or json.dumps(to_json(back)) == json.dumps(to_json(value))

    crosses()


def test_enums_come_back_as_enums_and_not_as_their_values() -> None:
    call = Call("k", CallState.TALKING, True, "1002", 1.0, 2)
    back = there_and_back(CallChanged(call)).call
    assert back.state is CallState.TALKING
    assert isinstance(back.began, float)
    assert there_and_back(Snapshot()).seat.status is Status.OFFLINE


def test_a_secret_crosses_and_stays_a_secret() -> None:
    back = there_and_back(SignIn("1001", Secret("open sesame"), "02500001234"))
    assert back.pwd == Secret("open sesame")
    assert "sesame" not in repr(back)


def test_a_time_that_json_cannot_say_crosses() -> None:
    assert there_and_back(CallFinished("c", 25, math.inf)).talk_time == math.inf


BAD: list[object] = [
    None,
    [],
    "SignIn",
    {},
    {"$": None},
    {"$": ["SignIn"]},
    {"$": "Nothing"},
    {"$": "Secret", "value": "x"},
    {"$": "SetStatus"},
    {"$": "SetStatus", "status": "1"},
    {"$": "SetStatus", "status": True},
    {"$": "SetStatus", "status": 1.0},
    {"$": "SetStatus", "status": 1, "more": 1},
    {"$": "SignIn", "un": "1", "pwd": "open sesame", "switchnumber": "2"},
    {"$": "SignIn", "un": "1", "pwd": {"$": "Secret", "value": 5}, "switchnumber": "2"},
    {"$": "Result", "ok": True, "value": {"$": "SignIn"}},
    {"$": "Result", "ok": True, "message": {"$": "Message", "id": "a", "values": [["a"]]}},
    {"$": "Result", "ok": True, "message": {"$": "Message", "id": "a", "values": "ab"}},
    {"$": "PhaseChanged", "phase": "nowhere"},
    {"$": "PhaseChanged", "phase": {}},
    {"$": "PhaseChanged", "phase": []},
    {"$": "CallFinished", "ccnumber": "c", "reason": 25, "talk_time": 10**400},
    {"$": "CallFinished", "ccnumber": "c", "reason": 25, "talk_time": {"$": "float", "value": "x"}},
    {"$": "CallFinished", "ccnumber": "c", "reason": 25, "talk_time": "Infinity"},
]


@pytest.mark.parametrize("data", BAD, ids=repr)
def test_what_is_not_of_the_port_is_a_codec_error_that_quotes_nothing(data: object) -> None:
    with pytest.raises(CodecError) as caught:
        from_json(data)
    assert "sesame" not in str(caught.value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["$", "id", "phase", "value", "status", "call", "un"]), inner
            )
            | st.builds(
                lambda name, rest: {**rest, "$": name},
                st.sampled_from([cls.__name__ for cls in TYPES]),
                st.dictionaries(st.sampled_from(["phase", "status", "call", "calls"]), inner),
            )
        ),
        max_leaves=8,
    )
)
def test_any_json_is_a_value_or_a_codec_error(data: object) -> None:
    try:
        value = from_json(data)
    except CodecError:
        return
    assert type(value) in TYPES


def test_what_is_not_of_the_port_is_not_encoded() -> None:
    for value in (5, "x", Secret("x"), object()):
        with pytest.raises(CodecError):
            to_json(value)


def test_a_wrong_value_inside_is_not_encoded() -> None:
    with pytest.raises(CodecError):
        to_json(SetStatus([1]))  # type: ignore[arg-type]
    with pytest.raises(CodecError):
        to_json(Result(True, value=object()))  # type: ignore[arg-type]
