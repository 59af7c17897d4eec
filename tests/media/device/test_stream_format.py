"""Devices that have one rate, or one number of channels: opened as they are, and converted."""

from __future__ import annotations

from array import array
from typing import Any

import pytest

from tests.media.card import Card, settle, stream_on
from tui.media.device.devices import SoundState
from tui.media.device.enumerate import entries_of, find, listed
from tui.media.device.stream_format import FromDevice, StreamFormat, ToDevice, formats
from tui.media.pcm.levels import FRAME, RATE, WIDTH, spread, to_mono
from tui.media.pcm.tones import strength, tone

FORMS = [
    *(StreamFormat(44_100, n) for n in (1, 2, 6)),
    *(StreamFormat(48_000, n) for n in (2, 4, 8)),
    *(StreamFormat(rate, 2) for rate in (8_000, 11_025, 16_000, 22_050, 32_000, 96_000, 192_000)),
]


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_what_a_device_gives_is_heard_at_its_pitch_and_in_its_time(form: StreamFormat) -> None:
    heard, one = b"", FromDevice(form)
    said = tone((1000,), form.rate, 1.0, fade=0)
    size = form.frames * WIDTH
    for at in range(0, len(said) - size + 1, size):
        heard += one.feed(spread(said[at : at + size], form.channels))
    assert abs(len(heard) // WIDTH - RATE) <= RATE // 50
    assert strength(heard[-RATE // 2 * WIDTH :], 1000) == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_what_a_device_takes_is_said_at_its_pitch_and_in_its_time(form: StreamFormat) -> None:
    said, taken = tone((1000,), RATE, 1.2, fade=0), 0

    def pull(size: int) -> bytes:
        nonlocal taken
        block = said[taken : taken + size]
        taken += size
        return block

    one, out = ToDevice(form, pull), b""
    for _ in range(50):
        block = one.take(form.frames)
        assert len(block) == form.frames * form.channels * WIDTH
        out += to_mono(block, form.channels)
    assert abs(taken // WIDTH - RATE) <= 2 * FRAME
    assert strength(out[-form.rate // 2 * WIDTH :], 1000, form.rate) == pytest.approx(0.3, abs=0.02)


def test_only_the_first_two_channels_are_used() -> None:
    six = array("h", [100, 300, 9, 9, 9, 9] * 4).tobytes()
    assert array("h", to_mono(six, 6)).tolist() == [200] * 4
    assert array("h", spread(array("h", [7, 8]).tobytes(), 4)).tolist() == [7, 7, 0, 0, 8, 8, 0, 0]


def test_the_first_thing_that_is_tried_is_what_we_like_the_last_what_the_device_says() -> None:
    entry = {"max_input_channels": 6, "default_samplerate": 44_100.0}
    tried = formats(entry, "input")
    assert tried[0] == StreamFormat(48_000, 1)
    assert tried[-1] == StreamFormat(44_100, 6)
    assert len(tried) == 6
    assert formats({"max_output_channels": 1}, "output") == (StreamFormat(),)


@pytest.mark.parametrize("kind", ["input", "output"])
@pytest.mark.parametrize("takes", [(44_100, 1), (44_100, 2), (48_000, 2), (16_000, 2), (96_000, 4)])
def test_a_device_with_one_format_is_opened_with_it_and_heard(
    kind: Any, takes: tuple[int, int]
) -> None:
    states: list[Any] = []
    card, now = Card(), [100.0]
    card.takes, card.rate, card.channels = {takes}, float(takes[0]), (takes[1], takes[1])
    stream = stream_on(card, kind, states, now)
    stream.use()
    settle(stream)
    assert states[-1][0] is SoundState.OK
    assert (stream.format.rate, stream.format.channels) == takes
    assert stream.rate_meter._nominal == takes[0]
    rate, channels = takes
    said = tone((1000,), rate if kind == "input" else RATE, 0.02, fade=0)
    out = b""
    for _ in range(10):
        if kind == "input":
            card.open[0].call(rate // 50, spread(said, channels))
            out += stream.ring.read(FRAME * WIDTH)
        else:
            stream.ring.write(said)
            out += to_mono(
                card.open[0].call(rate // 50, bytes(rate // 50 * channels * WIDTH)), channels
            )
    here = RATE if kind == "input" else rate
    assert strength(out[-here // 10 * WIDTH :], 1000, here) > 0.2


def test_the_ring_tone_is_converted_as_well() -> None:
    card, now = Card(), [100.0]
    card.takes, card.rate, card.channels = {(44_100, 2)}, 44_100.0, (2, 2)
    stream = stream_on(card, "output", [], now)
    stream.use()
    settle(stream)
    block = tone((500,), RATE, 0.02, fade=0)
    stream.tone = iter(lambda: block, None)
    out = b"".join(to_mono(card.open[0].call(882, bytes(882 * 4)), 2) for _ in range(20))
    assert strength(out[-4_410 * WIDTH :], 500, 44_100) > 0.2


def test_a_device_that_is_in_use_is_not_tried_in_every_format() -> None:
    states: list[Any] = []
    card, now = Card(), [100.0]
    card.fails = True
    stream = stream_on(card, "output", states, now)
    stream.use()
    settle(stream)
    assert states[-1][0] is SoundState.FAILED
    assert card.tried == []
    assert stream.format == StreamFormat()


class Foreign(Card):
    """One device of the list has a name that cannot be read."""

    def query_devices(self, name: Any = None, kind: Any = None) -> Any:
        entries = super().query_devices()
        if isinstance(name, int):
            if name == 1:
                raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
            if name >= len(entries):
                raise self.PortAudioError("no such device")
            return entries[name]
        if kind is None:
            raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
        return entries[0]


def test_one_device_that_cannot_be_read_does_not_cost_the_others() -> None:
    card = Foreign("Laptop", "\udcff", "Headset")
    assert [one["name"] for one in entries_of(card)] == ["Laptop", "Headset"]
    assert listed(card).inputs == ("Laptop", "Headset")
    found = find(entries_of(card), "headset", "output")
    assert found is not None
    assert found["index"] == 2
