"""Several legs, one microphone: who hears whom, and that nothing waits longer than it must."""

from __future__ import annotations

import array

from tui.media.leg.mixer import KEPT, MOST, Mixer
from tui.media.pcm.levels import FRAME


def block(value: int) -> bytes:
    return array.array("h", [value] * FRAME).tobytes()


def value(pcm: bytes) -> int:
    found = set(array.array("h", pcm))
    assert len(found) == 1, "not one level"
    return found.pop()


class Desk:
    """A microphone that says 1, 2, 3 …, ears that remember, and three legs."""

    def __init__(self) -> None:
        self.count = 0
        self.heard: list[int] = []
        self.mixer = Mixer(lambda: self, lambda: self)
        self.a, self.b, self.c = (self.mixer.plug() for _ in range(3))

    def read(self, samples: int) -> bytes:
        assert samples == FRAME
        self.count += 1
        return block(self.count)

    def write(self, pcm: bytes) -> None:
        self.heard.append(value(pcm))


def test_one_leg_alone_has_the_microphone_and_the_ears() -> None:
    desk = Desk()
    desk.a.on = True
    desk.a.write(block(100))
    assert value(desk.a.read(FRAME)) == 1
    assert desk.heard == [100]


def test_a_leg_that_is_off_neither_takes_samples_nor_is_heard() -> None:
    desk = Desk()
    desk.a.on = True
    assert value(desk.b.read(FRAME)) == 0
    desk.b.write(block(7))
    assert value(desk.a.read(FRAME)) == 1
    assert desk.heard == []


def test_joined_legs_hear_us_and_one_another_but_not_themselves() -> None:
    desk = Desk()
    for plug in (desk.a, desk.b, desk.c):
        plug.on = True
    for plug, loud in ((desk.a, 100), (desk.b, 1000), (desk.c, 10000)):
        plug.write(block(loud))
    assert [value(plug.read(FRAME)) for plug in (desk.a, desk.b, desk.c)] == [11001, 10101, 1101]
    assert desk.count == 1, "one block of the microphone for all"
    assert desk.heard == [11100]


def test_ticks_that_drift_apart_lose_nothing() -> None:
    desk = Desk()
    desk.a.on = desk.b.on = True
    said: list[int] = []
    for turn in range(40):
        first, second = (desk.a, desk.b) if turn % 3 else (desk.b, desk.a)
        first.write(block(100))
        said.append(value(first.read(FRAME)) % 100)
        second.write(block(100))
        second.read(FRAME)
    assert desk.count == 40
    assert len(desk.heard) in (39, 40)
    assert set(desk.heard) <= {100, 200}
    assert desk.heard.count(200) >= 38


def test_a_leg_that_stalls_leaves_no_delay_behind() -> None:
    desk = Desk()
    desk.a.on = desk.b.on = True
    for _ in range(50):  # a second in which b neither reads nor brings anything
        desk.a.write(block(100))
        desk.a.read(FRAME)
    assert len(desk.heard) == 49
    assert max(map(len, (desk.b._spoken, desk.b._heard[desk.a], desk.a._said))) <= MOST
    # What b hears first is hardly older than now, and so it stays.
    assert value(desk.b.read(FRAME)) == 100 + 50 - KEPT + 1
    desk.a.write(block(100))
    desk.a.read(FRAME)
    assert value(desk.b.read(FRAME)) == 100 + 51 - KEPT + 1


def test_a_leg_that_leaves_takes_what_waited_along() -> None:
    desk = Desk()
    desk.a.on = desk.b.on = True
    desk.a.write(block(100))
    desk.a.close()
    assert value(desk.b.read(FRAME)) == 1
    desk.b.write(block(5))
    assert desk.heard == [5]
    desk.a.close()
    assert value(desk.a.read(FRAME)) == 0


def test_a_beep_lies_on_top_of_a_call_and_lengthens_nothing() -> None:
    desk = Desk()
    desk.a.on = True
    desk.a.write(block(100))
    desk.mixer.play(block(3) + block(3))
    for _ in range(3):
        desk.a.write(block(100))
    assert desk.heard == [100, 103, 103, 100]


def test_a_ringback_is_heard_before_the_call_brings_any_sound() -> None:
    desk = Desk()
    desk.a.on = True
    for _ in range(3):
        desk.mixer.play(block(3))
    assert desk.heard == [3, 3, 3]
    desk.a.write(block(100))
    desk.mixer.play(block(3))
    desk.a.write(block(100))
    assert desk.heard[3:] == [100, 103]


def test_a_beep_without_a_call_goes_straight_to_the_ears() -> None:
    desk = Desk()
    desk.mixer.play(block(3))
    assert desk.heard == [3]


def test_who_does_not_hear_us_hears_the_others_and_later_nothing_that_was_said_meanwhile() -> None:
    desk = Desk()
    desk.a.muted = True
    desk.a.on = True
    assert value(desk.a.read(FRAME)) == 0
    desk.b.on = True
    desk.b.write(block(1000))
    assert (value(desk.a.read(FRAME)), value(desk.b.read(FRAME))) == (1000, 2)
    desk.a.muted = False
    assert (value(desk.a.read(FRAME)), value(desk.b.read(FRAME))) == (3, 3)
