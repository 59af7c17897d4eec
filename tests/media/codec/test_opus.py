"""Opus by libopus: what PyAV cannot do, and what the peer's fmtp asks for."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.media.speech import speech
from tui.media.codec import codecs, opus
from tui.media.codec.opus_av import AvDecoder, AvEncoder
from tui.media.pcm.levels import audioop
from tui.media.pcm.tones import strength, tone

FEC = {"useinbandfec": "1"}
BLOCK = 1920


@pytest.fixture
def said() -> bytes:
    return speech(3, seed=5)


def blocks(pcm: bytes, size: int = BLOCK) -> list[bytes]:
    return [pcm[at : at + size] for at in range(0, len(pcm) - size + 1, size)]


def encoded(pcm: bytes, fmtp: dict[str, str] = FEC, ptime: int = 20) -> list[bytes]:
    one = opus.OpusEncoder(fmtp, ptime=ptime)
    return [one.encode(block) for block in blocks(pcm, ptime * 96)]


def error(one: bytes, other: bytes) -> float:
    return audioop.rms(audioop.add(one, audioop.mul(other, 2, -1), 2), 2)


def test_the_copy_of_libopus_in_pyavs_wheel_is_found() -> None:
    found = opus.library()
    assert found is not None
    assert found[1] in ("bundled", "system")
    assert codecs.opus_source() == f"{found[1]}: {found[2]}"
    assert "libopus" in found[2]


def test_a_library_that_is_none_of_libopus_is_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = [("bundled", "no-such-file.so"), ("system", "libc.so.6")]
    monkeypatch.setattr(opus, "_candidates", lambda: iter(found))
    assert opus.library.__wrapped__() is None


def test_the_systems_copy_comes_after_the_wheels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    assert list(opus._candidates())[-1] == ("system", "libopus.so.0")
    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setattr("ctypes.util.find_library", lambda name: f"lib{name}.0.dylib")
    assert list(opus._candidates())[-1] == ("system", "libopus.0.dylib")
    monkeypatch.setattr("ctypes.util.find_library", lambda name: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert not list(opus._candidates())


@pytest.mark.parametrize("deep", [(), ("second",), ("first", "second")])
def test_the_library_that_conceals_by_a_net_is_preferred(
    monkeypatch: pytest.MonkeyPatch, deep: tuple[str, ...]
) -> None:
    usual = opus.library()
    assert usual is not None
    path = usual.functions._name
    monkeypatch.setattr(opus, "_candidates", lambda: iter([("first", path), ("second", path)]))
    asked: list[bool] = []

    def conceals(library: object) -> bool:
        asked.append(True)
        return ("first", "second")[len(asked) - 1] in deep

    monkeypatch.setattr(opus, "_conceals_deeply", conceals)
    found = opus.library.__wrapped__()
    assert found is not None
    assert (found.source, found.deep) == (deep[0] if deep else "first", bool(deep))
    monkeypatch.setattr(opus, "library", lambda: found)
    assert codecs.opus_is_deep() is bool(deep)
    assert len(opus.OpusDecoder().conceal(960)) == BLOCK  # whatever complexity does there


def test_what_a_library_makes_up_is_the_same_each_time() -> None:
    """Else the comparison of two complexities would tell nothing."""
    found = opus.library()
    assert found is not None
    assert opus._made_up(found.functions, 0) == opus._made_up(found.functions, 0)
    assert len(opus._made_up(found.functions, 5)) == 2 * BLOCK
    assert opus._conceals_deeply(found.functions) is found.deep


def test_the_codecs_own_delay_is_known() -> None:
    assert opus.OpusEncoder({}).lookahead == 312


def test_a_tone_comes_out_as_it_went_in() -> None:
    pcm = tone((440,), duration=1.0, fade=0)
    one = opus.OpusDecoder()
    heard = b"".join(one.decode(payload) for payload in encoded(pcm))
    assert len(heard) == len(pcm)
    assert strength(heard[-19200:], 440) == pytest.approx(strength(pcm[-19200:], 440), rel=0.05)


def test_a_lost_packet_comes_back_from_the_next_and_better_than_it_is_guessed(said: bytes) -> None:
    payloads = encoded(said)
    whole = opus.OpusDecoder()
    truth = [whole.decode(payload) for payload in payloads]
    repaired = concealed = level = 0.0
    for lost in range(10, len(payloads) - 1, 9):
        if not opus.holds_fec(payloads[lost + 1]):
            continue
        one, other = opus.OpusDecoder(), opus.OpusDecoder()
        for payload in payloads[:lost]:
            one.decode(payload)
            other.decode(payload)
        copy = one.recover(payloads[lost + 1], 960)
        assert copy is not None
        assert len(copy) == BLOCK
        repaired += error(copy, truth[lost])
        concealed += error(other.conceal(960), truth[lost])
        level += audioop.rms(truth[lost], 2)
    assert repaired < 0.5 * concealed
    assert repaired < 0.5 * level


def test_a_packet_without_a_copy_is_not_asked_for_one(said: bytes) -> None:
    one = opus.OpusDecoder()
    plain = encoded(said, {})
    one.decode(plain[10])
    assert not any(opus.holds_fec(payload) for payload in plain)
    assert one.recover(plain[12], 960) is None
    assert not one.copies(plain[12])


@pytest.mark.parametrize("ptime", [10, 20, 40, 60])
def test_the_copy_is_seen_at_every_packet_length(said: bytes, ptime: int) -> None:
    payloads = encoded(said, FEC, ptime=ptime)
    assert {opus.samples_of(payload) for payload in payloads} == {ptime * 48}
    assert any(opus.holds_fec(payload) for payload in payloads)


def test_a_libopus_that_cannot_tell_of_copies_is_not_needed(
    said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    payloads = encoded(said)
    told = [opus.holds_fec(payload) for payload in payloads]
    monkeypatch.setattr(opus, "library", lambda: None)
    assert [opus.holds_fec(payload) for payload in payloads] == told
    assert not opus.holds_fec(bytes([payloads[50][0] | 1]) + payloads[50][1:])
    assert opus.holds_fec(bytes([payloads[50][0] | 4, 0b0001_0000]))  # the side channel's flag


def test_without_a_word_of_the_peer_there_are_no_copies_and_with_one_there_are(
    said: bytes,
) -> None:
    assert not any(opus.holds_fec(one) for one in encoded(said, {"useinbandfec": "0"}))
    assert sum(opus.holds_fec(one) for one in encoded(said, FEC)) > 75


def test_the_peers_bit_rate_is_kept_to(said: bytes) -> None:
    usual = sum(map(len, encoded(said)))
    low = sum(map(len, encoded(said, {"maxaveragebitrate": "12000"})))
    assert low < 0.6 * usual
    assert sum(map(len, encoded(said, {"maxaveragebitrate": "510000"}))) < 1.2 * usual


def test_the_peers_sampling_rate_is_kept_to(said: bytes) -> None:
    # RFC 6716 table 2: 0..3 is SILK narrow-band, 16..19 CELT narrow-band.
    for payload in encoded(said, {**FEC, "maxplaybackrate": "8000"}):
        assert payload[0] >> 3 in (0, 1, 2, 3, 16, 17, 18, 19)


def test_constant_bit_rate_is_constant(said: bytes) -> None:
    assert len({len(payload) for payload in encoded(said, {"cbr": "1"})[5:]}) == 1


@pytest.mark.parametrize("value", ["", "x", "-1", "٣", "99999999999999999999"])
def test_nonsense_in_fmtp_changes_nothing(value: str) -> None:
    opus.OpusEncoder({"maxaveragebitrate": value, "maxplaybackrate": value, "cbr": value})


def test_silence_need_not_be_sent_when_dtx_is_wanted() -> None:
    quiet = bytes(BLOCK * 100)
    for named, fmtp in (({"dtx": True}, {}), ({}, {"usedtx": "1"})):
        one = opus.OpusEncoder(fmtp, **named)
        sent = [one.encode(block) for block in blocks(quiet)]
        assert sum(1 for payload in sent if not payload) > 70
    assert all(encoded(quiet))


def test_a_reported_loss_makes_more_copies(said: bytes) -> None:
    few, many = opus.OpusEncoder(FEC, packet_loss=0), opus.OpusEncoder(FEC, packet_loss=0)
    many.set_packet_loss(250)  # whatever a report says
    count = [
        sum(opus.holds_fec(one.encode(block)) for block in blocks(said)) for one in (few, many)
    ]
    assert count[0] < count[1]


def test_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="samples"):
        opus.OpusEncoder({}).encode(bytes(10))


def test_concealment_goes_on_and_fades(said: bytes) -> None:
    one = opus.OpusDecoder()
    for payload in encoded(said)[:40]:
        one.decode(payload)
    made = [one.conceal(960) for _ in range(30)]
    assert all(len(block) == BLOCK for block in made)
    assert len(one.conceal(1)) == 240  # in multiples of 2.5 ms
    assert audioop.rms(made[-1], 2) < 100


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_garbage_is_refused_or_is_as_long_as_it_says(payload: bytes) -> None:
    one = opus.OpusDecoder()
    says = one.samples(payload)
    one.copies(payload)
    one.recover(payload, 960)
    try:
        pcm = one.decode(payload)
    except codecs.DecodeError:
        return
    assert len(pcm) == says * 2


def test_without_libopus_pyav_does_what_it_can(
    said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opus, "library", lambda: None)
    assert codecs.opus_source().startswith("pyav: ")
    one, other = codecs.encoder("opus", fmtp=FEC), codecs.decoder("opus")
    assert isinstance(one, AvEncoder)
    assert isinstance(other, AvDecoder)
    one.set_packet_loss(5)
    assert other.conceal(960) == bytes(BLOCK)  # nothing to go by yet
    pcm = tone((440,), duration=1.0, fade=0)
    payloads = [one.encode(block) for block in blocks(pcm)]
    heard = b"".join(other.decode(payload) for payload in payloads if payload)
    assert strength(heard[-19200:], 440) > 0.2
    assert strength(other.conceal(960), 440) > 0.03
    assert other.recover(payloads[-1], 960) is None
    assert not other.copies(payloads[-1])
    assert other.samples(payloads[-1]) == 960
    with pytest.raises(codecs.DecodeError):
        other.decode(b"")
    with pytest.raises(ValueError, match="samples"):
        one.encode(b"")
    with pytest.raises(OSError, match="libopus"):
        opus.OpusEncoder({})
    with pytest.raises(OSError, match="libopus"):
        opus.OpusDecoder()
