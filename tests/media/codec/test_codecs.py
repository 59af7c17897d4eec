"""The codecs by name: lengths, bands, and whatever a wire brings."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.media.codec import codecs
from tui.media.pcm.levels import rms
from tui.media.pcm.tones import strength, tone


def through(name: str, pcm: bytes, ptime: int = 20) -> bytes:
    one, other = codecs.encoder(name, fmtp={}, ptime=ptime), codecs.decoder(name)
    size = ptime * 96
    out = b""
    for at in range(0, len(pcm) - size + 1, size):
        payload = one.encode(pcm[at : at + size])
        block = other.decode(payload)
        assert other.samples(payload) * 2 == len(block) == size
        out += block
    return out


@pytest.mark.parametrize("ptime", [10, 20, 40, 60])
@pytest.mark.parametrize("name", codecs.NAMES)
def test_a_tone_comes_through_every_codec(name: str, ptime: int) -> None:
    pcm = tone((1000,), duration=0.6, fade=0)
    heard = through(name, pcm, ptime)
    assert strength(heard[-19200:], 1000) == pytest.approx(strength(pcm[-19200:], 1000), rel=0.1)


@pytest.mark.parametrize(
    ("name", "heard", "cut"), [("PCMU", 3000, 5200), ("PCMA", 3000, 5200), ("G722", 6000, 9500)]
)
def test_what_a_codec_has_no_room_for_does_not_fold_back(name: str, heard: int, cut: int) -> None:
    fits = through(name, tone((heard,), duration=0.6, fade=0))
    assert strength(fits[-19200:], heard) > 0.2
    assert rms(through(name, tone((cut,), duration=0.6, fade=0))[-19200:]) < 0.01


@pytest.mark.parametrize("name", ["opus", "OPUS", "g722", "pcmu", "PcmA"])
def test_names_are_taken_without_case(name: str) -> None:
    assert codecs.encoder(name, fmtp={}).name.lower() == name.lower()
    assert codecs.decoder(name).name.lower() == name.lower()


def test_the_rtp_clock_is_the_one_that_sdp_says() -> None:
    assert [codecs.decoder(name).clock for name in codecs.NAMES] == [48_000, 8_000, 8_000, 8_000]


def test_what_is_no_codec_is_refused() -> None:
    with pytest.raises(ValueError, match="G729"):
        codecs.encoder("G729", fmtp={})
    with pytest.raises(ValueError, match="telephone"):
        codecs.decoder("telephone-event")
    with pytest.raises(ValueError, match="30 ms"):
        codecs.encoder("opus", fmtp={}, ptime=30)
    with pytest.raises(ValueError, match="25 ms"):
        codecs.encoder("PCMU", fmtp={}, ptime=25)


@pytest.mark.parametrize("name", ["PCMU", "G722"])
def test_the_narrow_ones_take_whole_packets_and_have_no_copies(name: str) -> None:
    one, other = codecs.encoder(name, fmtp={}), codecs.decoder(name)
    one.set_packet_loss(20)
    with pytest.raises(ValueError, match="samples"):
        one.encode(bytes(100))
    assert other.conceal(960) is None
    assert other.recover(bytes(160), 960) is None
    assert not other.copies(bytes(160))


@pytest.mark.parametrize("name", ["PCMU", "PCMA", "G722"])
@settings(deadline=None)
@given(payload=st.binary(max_size=1200))
def test_any_payload_is_decoded_or_refused(name: str, payload: bytes) -> None:
    one = codecs.decoder(name)
    says = one.samples(payload)
    if not says:
        with pytest.raises(codecs.DecodeError):
            one.decode(payload)
    else:
        assert len(one.decode(payload)) == says * 2
