"""SRTP of a peer whose numbers begin anew under the same keys, and of those who only repeat it."""

from __future__ import annotations

import struct
from typing import Any

import pylibsrtp
import pytest

from tui.media.transport.srtp import Srtp

KEY = bytes(range(30))
SSRC = 7


def session(kind: int) -> Any:
    profile = pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80
    policy = pylibsrtp.Policy(key=KEY, ssrc_type=kind, srtp_profile=profile)
    policy.allow_repeat_tx = True
    policy.window_size = 1024
    return pylibsrtp.Session(policy)


class Line:
    """We, and a peer that sends a packet in each 20 ms."""

    def __init__(self) -> None:
        self.now = 100.0
        kind = pylibsrtp.Policy
        self.us = Srtp(
            session(kind.SSRC_ANY_OUTBOUND),
            lambda: session(kind.SSRC_ANY_INBOUND),
            lambda: self.now,
        )
        self.begins_anew()

    def begins_anew(self) -> None:
        """The peer counts the rounds of its numbers from 0 again."""
        self.peer = session(pylibsrtp.Policy.SSRC_ANY_OUTBOUND)

    def packet(self, number: int, ssrc: int = SSRC) -> bytes:
        head = struct.pack("!BBHII", 0x80, 111, number & 0xFFFF, number * 960, ssrc)
        data: bytes = self.peer.protect(head + struct.pack("!I", number))
        return data

    def packets(self, numbers: range, ssrc: int = SSRC) -> list[bytes]:
        return [self.packet(number, ssrc) for number in numbers]

    def heard(self, packets: list[bytes], pause: float = 0.02) -> list[int]:
        """The numbers of those that can be read."""
        found = []
        for data in packets:
            self.now += pause
            if (packet := self.us.unprotect(data, rtcp=False)) is not None:
                found.append(struct.unpack("!I", packet[-4:])[0])
        return found


@pytest.mark.parametrize("anew", [0, 100, 27_000, 28_900, 64_000])
def test_numbers_that_begin_anew_are_heard_within_200_ms(anew: int) -> None:
    line = Line()
    assert len(line.heard(line.packets(range(30_000, 30_100)))) == 100
    line.begins_anew()
    heard = line.heard(line.packets(range(anew, anew + 50)))
    assert heard[-1] == anew + 49
    assert len(heard) >= 40


def test_a_peer_in_a_later_round_of_its_numbers_that_begins_anew_is_heard() -> None:
    line = Line()
    line.heard(line.packets(range(65_000, 66_000)))
    line.begins_anew()
    assert (
        len(line.heard(line.packets(range(700, 750)))) >= 40
    )  # ahead in this round, and not of it


def test_a_peer_that_returns_to_its_numbers_of_before_is_heard() -> None:
    line = Line()
    line.heard(line.packets(range(65_000, 66_000)))
    before = line.peer
    line.begins_anew()
    line.heard(line.packets(range(100, 200)))
    line.peer = before
    assert len(line.heard(line.packets(range(66_000, 66_100)))) >= 90


def test_packets_that_were_missed_do_not_keep_a_beginning_from_being_one() -> None:
    line = Line()
    line.heard(line.packets(range(30_000, 30_100)))
    line.begins_anew()
    assert len(line.heard([line.packet(n) for n in range(100, 250) if n % 3])) >= 85


def test_what_is_repeated_beside_the_stream_is_never_heard_again() -> None:
    line = Line()
    old = line.packets(range(20_000, 20_400))
    line.heard(old)
    stream = line.packets(range(22_000, 22_400))
    mixed = [data for pair in zip(stream, old, strict=True) for data in pair]
    assert line.heard(mixed, 0.01) == list(range(22_000, 22_400))
    burst = [*old[:40], line.packet(22_400)]
    assert line.heard(burst, 0.0004) == [22_400]  # all between two packets of the stream


def test_noise_in_a_row_is_counted_and_leaves_the_stream_as_it_was() -> None:
    line = Line()
    line.heard(line.packets(range(100)))
    noise = [data[:-1] + bytes([data[-1] ^ 1]) for data in line.packets(range(100, 160))]
    assert line.heard(noise) == []
    assert line.us.noise == 60
    assert len(line.heard(line.packets(range(160, 200)))) == 40


def test_each_source_has_numbers_of_its_own_after_one_began_anew() -> None:
    line = Line()
    line.heard(line.packets(range(30_000, 30_050)))
    line.heard(line.packets(range(50_000, 50_050), 9))
    line.begins_anew()
    assert len(line.heard(line.packets(range(100, 150)))) >= 40
    assert len(line.heard(line.packets(range(200, 250), 9))) == 50
