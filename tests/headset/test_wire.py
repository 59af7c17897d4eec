"""The headset's frames: what is written is read, and whatever comes breaks nothing."""

from __future__ import annotations

import math
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.media.headset import wire
from tui.media.headset.wire import (
    LARGEST,
    NAMES,
    TEXT,
    BrokenWire,
    DevicesThere,
    Frame,
    FrameReader,
    Greeting,
    HeardUpTo,
    Ping,
    VoicePacket,
    ahead,
    encoded,
)

WORD = st.integers(0, 0xFFFF)
VOICE = st.builds(VoicePacket, WORD, WORD, WORD, st.binary(min_size=1, max_size=1275))
TOLD = st.one_of(*(st.from_type(kind) for kind in get_args(wire.AnyTold))).filter(
    # JSON has no infinity; no clock gives one.
    lambda told: all(
        math.isfinite(value) for value in msgspec.structs.astuple(told) if isinstance(value, float)
    )
)
FRAMES = st.lists(st.one_of(VOICE, st.builds(HeardUpTo, WORD), TOLD), max_size=8)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    """In pieces of these sizes, as a socket may bring them."""
    pieces, at = [], 0
    for size in sizes:
        pieces.append(data[at : at + size])
        at += size
    return [*pieces, data[at:]]


@given(FRAMES, st.lists(st.integers(0, 40), max_size=60))
def test_what_is_written_is_read_in_whatever_pieces_it_comes(
    frames: list[Frame], sizes: list[int]
) -> None:
    reader = FrameReader()
    data = b"".join(map(encoded, frames))
    found = [frame for piece in cut(data, sizes) for frame in reader.feed(piece)]
    assert found == frames
    assert reader.skipped == 0


@given(st.lists(st.binary(max_size=300), max_size=12))
def test_whatever_comes_is_read_skipped_or_ends_it_and_nothing_is_hoarded(
    pieces: list[bytes],
) -> None:
    reader = FrameReader()
    try:
        for piece in pieces:
            for frame in reader.feed(piece):
                assert encoded(frame)
            assert len(reader._data) <= LARGEST + 3
    except BrokenWire:
        pass


@given(st.integers(0, 255), st.binary(max_size=400), VOICE)
def test_a_frame_that_is_not_understood_is_skipped_and_the_next_is_read(
    kind: int, body: bytes, after: VoicePacket
) -> None:
    reader = FrameReader()
    strange = bytes([kind]) + len(body).to_bytes(2, "big") + body
    frames = reader.feed(strange + encoded(after))
    assert frames[-1] == after
    assert len(frames) - 1 + reader.skipped == 1


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text(max_size=5) | st.just("type"), inner, max_size=3)
        ),
    )
)
def test_json_of_any_shape_is_a_told_thing_or_skipped(value: object) -> None:
    body = msgspec.json.encode(value)
    reader = FrameReader()
    frames = reader.feed(b"\x03" + len(body).to_bytes(2, "big") + body)
    assert len(frames) + reader.skipped == 1


def test_deep_json_is_skipped() -> None:
    body = b"[" * 5000
    reader = FrameReader()
    assert reader.feed(b"\x03" + len(body).to_bytes(2, "big") + body) == []
    assert reader.skipped == 1


def test_a_frame_that_is_too_long_ends_it() -> None:
    with pytest.raises(BrokenWire):
        FrameReader().feed(b"\x01\xff\xff")
    with pytest.raises(ValueError, match="too long"):
        encoded(DevicesThere(inputs=("x" * LARGEST,)))


def test_the_longest_list_of_devices_fits() -> None:
    names = ("\U0001f3a7" * TEXT,) * NAMES
    told = DevicesThere(names, names, *(f"device:{names[0]}",) * 3)
    assert FrameReader().feed(encoded(told)) == [told]


def test_voice_without_sound_or_with_too_much_is_skipped() -> None:
    for size in (0, 5, 6, 6 + 1276):
        reader = FrameReader()
        assert reader.feed(b"\x01" + size.to_bytes(2, "big") + bytes(size)) == []
        assert reader.skipped == 1


def test_more_than_is_known_of_a_thing_is_left_aside() -> None:
    body = b'{"type":"ping","at":7,"colour":"red"}'
    assert FrameReader().feed(b"\x03\x00" + bytes([len(body)]) + body) == [Ping(7)]
    assert encoded(Greeting(1, "1.0", "ab")).startswith(b"\x03\x00")


@pytest.mark.parametrize(
    ("number", "of", "far"), [(5, 3, 2), (3, 5, -2), (1, 0xFFFF, 2), (0xFFFF, 0, -1), (7, 7, 0)]
)
def test_numbers_go_round(number: int, of: int, far: int) -> None:
    assert ahead(number, of) == far
