"""RTP and RTCP on the wire: what we write is read by aiortc, what it writes by us, and noise by
nobody."""

from __future__ import annotations

from aiortc.rtp import (
    RtcpByePacket,
    RtcpPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSrPacket,
    RtpPacket,
)
from hypothesis import given
from hypothesis import strategies as st

from tui.media.rtp import rtcp
from tui.media.rtp.packet import is_rtcp, pack, unpack
from tui.media.rtp.rtcp import ReportBlock, RtcpReport, SenderInfo, compose, parse

BLOCK = ReportBlock(ssrc=5, lost=12, total=-3, highest=0x12345, jitter=80, last=99, delay=77)


def test_a_sender_report_with_a_name_is_read_by_aiortc() -> None:
    data = compose(1, "abcd", rtcp.ntp(1_700_000_000.5), SenderInfo(960, 3, 240), BLOCK)
    report, name = RtcpPacket.parse(data)
    assert isinstance(report, RtcpSrPacket)
    assert (report.ssrc, report.sender_info.rtp_timestamp) == (1, 960)
    assert (report.sender_info.packet_count, report.sender_info.octet_count) == (3, 240)
    assert report.sender_info.ntp_timestamp >> 32 == 1_700_000_000 + 2_208_988_800
    assert report.sender_info.ntp_timestamp & 0xFFFFFFFF == 1 << 31
    block = report.reports[0]
    assert (block.ssrc, block.fraction_lost, block.packets_lost) == (5, 12, -3)
    assert (block.highest_sequence, block.jitter, block.lsr, block.dlsr) == (0x12345, 80, 99, 77)
    assert isinstance(name, RtcpSdesPacket)
    assert [(chunk.ssrc, chunk.items) for chunk in name.chunks] == [(1, [(1, b"abcd")])]


def test_a_receiver_report_says_nothing_of_what_was_not_sent() -> None:
    report, name = RtcpPacket.parse(compose(1, "x", 0, None, None))
    assert isinstance(report, RtcpRrPacket)
    assert report.reports == []
    assert isinstance(name, RtcpSdesPacket)


def test_aiortcs_reports_are_read_and_its_bye_is_skipped() -> None:
    info = RtcpSenderInfo(
        ntp_timestamp=7 << 32 | 9 << 16, rtp_timestamp=1, packet_count=2, octet_count=3
    )
    other = RtcpReceiverInfo(
        ssrc=5,
        fraction_lost=12,
        packets_lost=-3,
        highest_sequence=0x12345,
        jitter=80,
        lsr=99,
        dlsr=77,
    )
    compound = (
        bytes(RtcpSrPacket(ssrc=4, sender_info=info, reports=[other]))
        + bytes(RtcpByePacket(sources=[4]))
        + bytes(RtcpRrPacket(ssrc=6, reports=[other, other]))
    )
    assert list(parse(compound)) == [
        RtcpReport(4, 7 << 16 | 9, (BLOCK,)),
        RtcpReport(6, None, (BLOCK, BLOCK)),
    ]


def test_rtp_is_written_as_aiortc_reads_it() -> None:
    packet = RtpPacket.parse(pack(111, True, 65535, 0xFFFFFFFF, 3, b"sound"))
    assert (packet.payload_type, packet.marker) == (111, 1)
    assert (packet.sequence_number, packet.timestamp) == (65535, 0xFFFFFFFF)
    assert (packet.ssrc, packet.payload) == (3, b"sound")
    assert unpack(packet.serialize()) == (111, True, 65535, 0xFFFFFFFF, 3, b"sound")


def test_contributors_extension_and_padding_are_taken_off() -> None:
    head = bytes([0xB1, 111]) + bytes(10)
    body = b"CSRC" + b"\xbe\xde\x00\x01abcd" + b"sound" + b"\x00\x00\x03"
    fields = unpack(head + body)
    assert fields is not None
    assert fields[-1] == b"sound"


@given(st.binary(max_size=80))
def test_no_bytes_raise_anything(data: bytes) -> None:
    for first in (0x80, 0x81, 0x9F, 0xA0, 0xBF):
        for second in (111, 200, 201, 203):
            noise = bytes([first, second]) + data
            unpack(noise)
            list(parse(noise))
            is_rtcp(noise)
    unpack(data)
    list(parse(data))
    is_rtcp(data)
