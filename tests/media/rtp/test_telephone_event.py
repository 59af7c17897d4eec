"""Keys as telephone-event (RFC 4733), tick by tick."""

from __future__ import annotations

import pytest

from tui.media.rtp.telephone_event import (
    ENDS,
    GAP,
    MAX_WAITING,
    TelephoneEventReceiver,
    TelephoneEventSender,
)

Sent = tuple[bool, int, bytes]


def key_of(sender: TelephoneEventSender, clock: int = 8000, timestamp: int = 1000) -> list[Sent]:
    """All packets of the next key; the audio's timestamp moves on meanwhile."""
    found: list[Sent] = []
    while True:
        sent = sender.tick(timestamp, clock)
        if sent is None:
            if found:
                return found
        else:
            found.append(sent)
        timestamp += clock // 50


@pytest.mark.parametrize("clock", [8000, 48000])
def test_one_marker_one_timestamp_a_growing_duration_and_three_ends(clock: int) -> None:
    sender = TelephoneEventSender()
    sender.add("5", 0.1)
    packets = key_of(sender, clock)
    assert [marker for marker, _, _ in packets] == [True] + [False] * (len(packets) - 1)
    assert {timestamp for _, timestamp, _ in packets} == {1000}
    assert {payload[0] for _, _, payload in packets} == {5}
    durations = [int.from_bytes(payload[2:]) for _, _, payload in packets]
    step = clock // 50
    assert durations == [step, 2 * step, 3 * step, 4 * step, 5 * step, 5 * step, 5 * step]
    ends = [bool(payload[1] & 0x80) for _, _, payload in packets]
    assert ends == [False] * 4 + [True] * ENDS


def test_keys_wait_for_one_another_with_sound_between_them() -> None:
    sender = TelephoneEventSender()
    for key in "1#d":
        sender.add(key, 0.04)
    first = key_of(sender)
    silence = 1
    while sender.tick(5000, 8000) is None:
        silence += 1
    assert silence == round(GAP / 0.02)
    assert first[0][2][0] == 1
    assert key_of(sender, timestamp=5160)[0][2][0] == 11
    assert key_of(sender)[0][2][0] == 15
    assert not sender.busy


def test_a_long_key_is_as_long_as_one_packet_can_say() -> None:
    sender = TelephoneEventSender()
    sender.add("0", 60.0)
    packets = key_of(sender, 48000)
    durations = [int.from_bytes(payload[2:]) for _, _, payload in packets]
    assert durations == sorted(durations)
    assert 60_000 < durations[-1] <= 0xFFFF


@pytest.mark.parametrize("key", ["", "x", "12", "٣"])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="a key is"):
        TelephoneEventSender().add(key, 0.1)


def test_the_row_is_bounded() -> None:
    sender = TelephoneEventSender()
    for _ in range(MAX_WAITING):
        sender.add("1", 0.1)
    with pytest.raises(ValueError, match="too many"):
        sender.add("1", 0.1)


def heard(packets: list[Sent], ssrc: int = 7) -> list[str]:
    keys: list[str] = []
    hearer = TelephoneEventReceiver(keys.append)
    for marker, timestamp, payload in packets:
        hearer.take(ssrc, timestamp, marker, payload)
    return keys


def test_a_key_is_told_once_whatever_is_lost_or_comes_twice() -> None:
    sender = TelephoneEventSender()
    sender.add("7", 0.1)
    packets = key_of(sender)
    assert heard(packets) == ["7"]
    assert heard(packets[3:]) == ["7"]
    assert heard(packets[-1:]) == ["7"]
    assert heard(packets + packets[2:4]) == ["7"]


def test_the_same_key_twice_is_two_keys() -> None:
    sender = TelephoneEventSender()
    for _ in range(2):
        sender.add("7", 0.1)
    assert heard(key_of(sender) + key_of(sender, timestamp=9000)) == ["7", "7"]


def test_a_tone_in_segments_is_one_key() -> None:
    long = [
        (True, 1000, bytes([3, 10]) + (160).to_bytes(2)),
        (False, 1000, bytes([3, 10]) + (0xFFFF).to_bytes(2)),
        (False, 1000 + 0xFFFF, bytes([3, 10]) + (160).to_bytes(2)),
        (False, 1000 + 0xFFFF, bytes([3, 0x8A]) + (320).to_bytes(2)),
    ]
    assert heard(long) == ["3"]


def running(began: int, marked: bool) -> list[Sent]:
    """A tone of 100 ms as some write it: the timestamp runs on with its length, to the last end."""
    packets = []
    for number in range(7):
        flags = 0x8A if number >= 4 else 10
        length = 160 * (min(number, 4) + 1)
        payload = bytes([5, flags]) + length.to_bytes(2)
        packets.append((marked and not number, began + 160 * number, payload))
    return packets


@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("lost", [(), (0,), (1, 3), (4, 5, 6), (0, 1, 2, 3)])
def test_a_tone_whose_timestamp_runs_on_is_one_key_and_two_of_it_are_two(
    marked: bool, lost: tuple[int, ...]
) -> None:
    def tone(began: int) -> list[Sent]:
        return [each for n, each in enumerate(running(began, marked)) if n not in lost]

    assert heard(tone(1000)) == ["5"]
    assert heard([*tone(1000), *tone(1000 + 160 * 10)]) == ["5", "5"]
    assert heard([*tone(1000), *tone(1000 + 160 * 10), *tone(1000)]) == ["5", "5"]


@pytest.mark.parametrize(
    "payload", [b"", b"\x05", b"\x05\x0a\x00", b"\x10\x0a\x00\xa0", b"\xff" * 9]
)
def test_what_is_no_key_is_not_told(payload: bytes) -> None:
    assert heard([(True, 1, payload)]) == []
