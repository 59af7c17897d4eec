"""A call's quality as the body of a PUBLISH: a VQSessionReport (RFC 6035 §4.6), type
`application/vq-rtcpxr`. Values in, bytes out."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from tui.media.e_model import mos, rating
from tui.port.values import Quality

EVENT: Final = "vq-rtcpxr"
CONTENT_TYPE: Final = "application/vq-rtcpxr"
NO_GROUP: Final = "none"
_FRAME: Final = 20
"""Milliseconds of sound in a packet of ours."""
_RATES: Final = {"opus": 48000, "g722": 16000}
"""Samples a second, by codec; the others have 8000."""

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class ReportedEnds:
    """Whose sound it was: the dialog (RFC 3261), and both ends of the media."""

    call_id: str
    local_tag: str
    remote_tag: str
    local_uri: str
    remote_uri: str
    began_it: bool
    """Whether the dialog began with our INVITE."""
    local: Address
    remote: Address
    local_ssrc: int
    remote_ssrc: int


def session_report(
    ends: ReportedEnds, quality: Quality | None, *, start: float, stop: float, group: str = ""
) -> bytes:
    """The report of a call that is over, as this end heard it. `start` and `stop` are Unix time;
    without `quality` (too short to measure) the times stand alone."""
    origin = ends.local_uri if ends.began_it else ends.remote_uri
    lines = [
        "VQSessionReport: CallTerm",
        f"CallID: {ends.call_id}",
        f"LocalID: <{ends.local_uri}>",
        f"RemoteID: <{ends.remote_uri}>",
        f"OrigID: <{origin}>",
        f"LocalGroup: {group or NO_GROUP}",
        f"RemoteGroup: {NO_GROUP}",
        f"LocalAddr: {_address(ends.local, ends.local_ssrc)}",
        f"RemoteAddr: {_address(ends.remote, ends.remote_ssrc)}",
        "LocalMetrics:",
        f"Timestamps: START={_stamp(start)} STOP={_stamp(stop)}",
        *(() if quality is None else _metrics(quality)),
        f"DialogID: {ends.call_id};to-tag={ends.remote_tag};from-tag={ends.local_tag}",
    ]
    return "".join(f"{line}\r\n" for line in lines).encode()


def _metrics(quality: Quality) -> list[str]:
    codec = quality.codec
    # What was lost and not repaired is made up; so is what came too late, which is discarded.
    unheard = max(quality.concealed, quality.loss - quality.repaired)
    discarded = max(0.0, quality.concealed - max(0.0, quality.loss - quality.repaired))
    delay = [f"RTD={quality.rtt:.0f}"] if quality.rtt is not None else []
    delay += [f"ESD={quality.delay + _FRAME:.0f}", f"IAJ={quality.jitter:.0f}"]
    lines = []
    if codec:
        rate = _RATES.get(codec.lower(), 8000)
        lines.append(f"SessionDesc: PD={codec} SR={rate} FD={_FRAME} PPS={1000 // _FRAME} PLC=3")
    lines += [
        f"JitterBuffer: JBA=3 JBN={quality.delay:.0f}",
        f"PacketLoss: NLR={100 * quality.loss:.1f} JDR={100 * discarded:.1f}",
        "Delay: " + " ".join(delay),
    ]
    if quality.mos is not None:
        # What is shown holds still where little changes, and may be of a moment before; delay can
        # only take away from how it sounds, so that without it (MOSLQ) is never the less.
        listening = max(quality.mos, mos(rating(0.0, unheard, codec)))
        lines.append(f"QualityEst: MOSLQ={listening:.1f} MOSCQ={quality.mos:.1f} QoEEstAlg=G.107")
    return lines


def _address(address: Address, ssrc: int) -> str:
    return f"IP={address[0]} PORT={address[1]} SSRC=0x{ssrc:08x}"


def _stamp(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
