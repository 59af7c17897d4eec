"""Sound that stands in a device's ring is taken out, in a pause where there is one."""

from __future__ import annotations

from tui.headset.surplus import BLOCK, PATIENCE, WINDOW, Surplus
from tui.media.pcm.levels import FRAME, SILENCE
from tui.media.pcm.sources import ToneSource

LOUD = ToneSource(440).read(FRAME)


def test_what_comes_and_goes_is_let_be() -> None:
    surplus = Surplus(BLOCK)
    left = [surplus.leave_out(BLOCK * (1 + n % 5), SILENCE) for n in range(1000)]
    assert not any(left)


def test_what_stands_there_is_left_out_in_a_pause_and_no_more_than_that() -> None:
    surplus = Surplus(BLOCK)
    waiting = 4 * BLOCK
    for n in range(2 * WINDOW):
        pcm = SILENCE if n > WINDOW + 10 else LOUD
        if surplus.leave_out(waiting, pcm):
            assert n > WINDOW + 10
            waiting -= BLOCK
    for _ in range(5 * WINDOW):
        waiting -= BLOCK * surplus.leave_out(waiting, SILENCE)
    assert waiting < 2 * BLOCK
    assert waiting >= BLOCK
    assert surplus.left_out == 3


def test_without_a_pause_it_is_taken_out_of_the_voice() -> None:
    surplus = Surplus(BLOCK)
    waiting = 4 * BLOCK
    for _ in range((PATIENCE + 4) * WINDOW):
        waiting -= BLOCK * surplus.leave_out(waiting, LOUD)
    assert waiting < 2 * BLOCK
