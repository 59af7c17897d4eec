"""Whatever a peer sends: every read is 20 ms long, nothing raises, nothing grows."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tui.media.codec.codecs import Decoder, decoder, encoder
from tui.media.jitter.playout import Playout, RtpPacket
from tui.media.pcm.levels import FRAME
from tui.media.pcm.tones import tone

ENCODERS = {n: encoder(name, fmtp={"useinbandfec": "1"}) for n, name in
            ((111, "opus"), (9, "G722"), (0, "PCMU"))}  # fmt: skip
PCM = tone((300,), duration=0.02, fade=0)
GOOD = {number: one.encode(PCM) for number, one in ENCODERS.items()}
NAMES = {111: "opus", 9: "G722", 0: "PCMU"}


def decoder_of(number: int) -> Decoder | None:
    return decoder(NAMES[number]) if number in NAMES else None


payloads = st.one_of(st.sampled_from([*GOOD.values()]), st.binary(max_size=80))
packets = st.builds(
    RtpPacket,
    sequence=st.one_of(st.integers(0, 40), st.integers(0, 0xFFFF)),
    timestamp=st.one_of(st.integers(0, 40).map(lambda n: n * FRAME), st.integers(0, 0xFFFFFFFF)),
    payload_type=st.sampled_from([111, 9, 0, 13]),
    marker=st.booleans(),
    ssrc=st.sampled_from([1, 1, 1, 2]),
    payload=payloads,
)
steps = st.lists(st.one_of(packets, st.floats(0.0, 0.3), st.just(None), st.just(None)), max_size=60)


def check(one: Playout) -> None:
    decision, figures = one._decision, one.figures
    assert len(decision.store) <= 128
    assert len(decision.buffer) <= 4 * 5760
    assert len(one._fresh) <= 128
    for name in ("received", "lost", "late", "duplicate", "played", "repaired", "concealed"):
        assert getattr(figures, name) >= 0, name
    assert figures.concealed + figures.repaired <= figures.played + 5760 + 960
    assert 0 <= figures.jitter < 1


@settings(max_examples=150, deadline=None)
@given(steps=steps, leans=st.booleans())
def test_any_packets_at_any_time(steps: list[RtpPacket | float | None], leans: bool) -> None:
    one, now, leant = Playout(decoder_of), 100.0, 0.0
    for step in steps:
        if isinstance(step, RtpPacket):
            one.receive(step, now)
        elif step is None:
            leant += (lean := one.lean() if leans else 0.0)
            assert abs(lean) <= 0.0005
            assert abs(leant) <= 0.02
            now += 0.02 + lean
            assert len(one.read(now)) == FRAME * 2
            check(one)
        else:
            now += step
    for _ in range(30):
        now += 0.02
        assert len(one.read(now)) == FRAME * 2
    check(one)


@settings(max_examples=60, deadline=None)
@given(
    order=st.permutations(range(40)),
    lost=st.sets(st.integers(0, 39)),
    waits=st.lists(st.integers(0, 4), min_size=40, max_size=40),
)
def test_a_stream_in_any_order_with_any_part_of_it(
    order: list[int], lost: set[int], waits: list[int]
) -> None:
    one, now = Playout(decoder_of), 5.0
    for number, wait in zip(order, waits, strict=True):
        if number not in lost:
            one.receive(
                RtpPacket(65_520 + number & 0xFFFF, number * FRAME, 111, False, 1, GOOD[111]), now
            )
        for _ in range(wait):
            now += 0.02
            assert len(one.read(now)) == FRAME * 2
            check(one)
    figures = one.figures
    assert figures.received == 40 - len(lost)
    assert figures.duplicate == 0


def test_what_was_taken_for_lost_and_comes_after_all_is_lost_no_more() -> None:
    """One far ahead tells of a loss, and what it told of comes: no figure falls below nothing."""
    one, now = Playout(decoder_of), 5.0
    order = [0, 1, 33, *range(3, 33), 34, 2, *range(35, 40)]
    waits = {1: 3, 34: 1, 39: 1}
    for number in order:
        one.receive(
            RtpPacket(65_520 + number & 0xFFFF, number * FRAME, 111, False, 1, GOOD[111]), now
        )
        for _ in range(waits.get(number, 0)):
            now += 0.02
            one.read(now)
            check(one)
    assert one.figures.lost == 0
