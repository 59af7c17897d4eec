"""After a call its quality goes to a collector: PUBLISH with a VQSessionReport (RFC 6035)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.line_desk import LineDesk
from tests.e2e.switch import DOMAIN, Switch
from tests.waiting import until
from tui.config.schema import QualitySettings
from tui.engine.incident.vq_report import ReportedEnds, session_report
from tui.port import commands as c
from tui.port.machines.call_machine import CallState
from tui.port.values import NotUnderstoodReport, Quality

COLLECTOR: Final = f"sip:collector@{DOMAIN}"
_NUMBER: Final = r"\d{1,3}(?:\.\d{1,3})?"
_STAMP: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)"
_ADDRESS: Final = r"IP=[0-9A-Fa-f.:]+ PORT=\d{1,5} SSRC=0x[0-9A-Fa-f]{1,8}"
_WORD: Final = r"[\w.!%*+`'~()<>:\\/\"\[\]?{}-]+"
_CALL_ID: Final = rf"{_WORD}(?:@{_WORD})?"
_ID: Final = r"(?:[^<]*)<sips?:[^>]+>"
GRAMMAR: Final = (
    ("VQSessionReport", True, "CallTerm"),
    ("CallID", True, _CALL_ID),
    ("LocalID", True, _ID),
    ("RemoteID", True, _ID),
    ("OrigID", True, _ID),
    ("LocalGroup", True, _WORD),
    ("RemoteGroup", True, _WORD),
    ("LocalAddr", True, _ADDRESS),
    ("RemoteAddr", True, _ADDRESS),
    ("LocalMetrics", True, ""),
    ("Timestamps", True, rf"START={_STAMP} STOP={_STAMP}"),
    (
        "SessionDesc",
        False,
        r"(?:PT=\d+ ?)?(?:PD=[\w.-]+ ?)?(?:SR=\d+ ?)?(?:FD=\d+ ?)?(?:PPS=\d+ ?)?(?:PLC=[0-3])?",
    ),
    ("JitterBuffer", False, r"(?:JBA=[0-3] ?)?(?:JBR=\d+ ?)?(?:JBN=\d+ ?)?(?:JBM=\d+ ?)?"),
    ("PacketLoss", False, rf"(?:NLR={_NUMBER} ?)?(?:JDR={_NUMBER})?"),
    ("Delay", False, r"(?:RTD=\d+ ?)?(?:ESD=\d+ ?)?(?:SOWD=\d+ ?)?(?:IAJ=\d+)?"),
    (
        "QualityEst",
        False,
        r"(?:MOSLQ=\d(?:\.\d{1,3})? ?)?(?:MOSCQ=\d(?:\.\d{1,3})? ?)?QoEEstAlg=\S+",
    ),
    ("DialogID", False, rf"{_CALL_ID};to-tag=\S+?;from-tag=\S+"),
)
"""The lines of a report in their order: name, whether it must be there, what stands in it."""


def parsed(body: bytes) -> dict[str, str]:
    """A report by the grammar of RFC 6035 §4.6.1; AssertionError where it does not fit."""
    text = body.decode()
    assert text.endswith("\r\n")
    lines = text.removesuffix("\r\n").split("\r\n")
    found: dict[str, str] = {}
    for name, must, form in GRAMMAR:
        head, colon, value = lines[0].partition(":") if lines else ("", "", "")
        if head.strip() != name:
            assert not must, f"{name} is missing before {lines[:1]}"
            continue
        assert colon
        assert re.fullmatch(form, value.strip()), lines[0]
        found[name] = value.strip()
        lines.pop(0)
    assert not lines
    return found


@pytest.fixture
async def phone(switch: Switch, tmp_path: Path) -> AsyncIterator[LineDesk]:
    """Whose config names a collector."""
    phone = LineDesk(switch, tmp_path, quality=QualitySettings(publish=COLLECTOR))
    yield phone
    await phone.engine.close()


async def call(switch: Switch, phone: LineDesk) -> None:
    """A call that is long enough to be measured."""
    far = await switch.ring()
    await phone.one(CallState.RINGING)
    await phone.do(c.Answer())
    await until(lambda: phone.snapshot.quality is not None and phone.snapshot.quality.mos)
    await phone.do(c.HangUp())
    await until(far.over.is_set)


async def test_a_collector_gets_one_report_of_each_call(switch: Switch, phone: LineDesk) -> None:
    await phone.sign_in()
    await call(switch, phone)
    await until(lambda: switch.published)
    request = switch.published[0]
    assert request.uri == COLLECTOR
    assert request.headers.get("Event") == "vq-rtcpxr"
    assert request.headers.get("Content-Type") == "application/vq-rtcpxr"
    report = parsed(request.body)
    assert report["LocalID"] == f"<sip:1001@{DOMAIN}>"
    assert report["OrigID"] == report["RemoteID"] != report["LocalID"]
    assert report["DialogID"].startswith(report["CallID"])
    assert "IP=127.0.0.1" in report["LocalAddr"]
    assert "SSRC=0x00000000" not in report["RemoteAddr"]
    assert "PD=opus SR=48000" in report["SessionDesc"]
    listening, talking = re.findall(r"MOS[LC]Q=([\d.]+)", report["QualityEst"])
    assert 1 <= float(talking) <= float(listening) <= 4.5
    start, stop = re.findall(_STAMP, report["Timestamps"])
    assert start <= stop
    await call(switch, phone)
    await until(lambda: len(switch.published) == 2)
    assert parsed(switch.published[1].body)["CallID"] != report["CallID"]
    assert len(switch.published) == 2


async def test_a_refusal_is_told_once_and_takes_nothing_along(
    switch: Switch, phone: LineDesk
) -> None:
    switch.refuse_publish = 489
    await phone.sign_in()
    await call(switch, phone)
    await until(lambda: len(switch.published) == 1)
    await call(switch, phone)
    await until(lambda: len(switch.published) == 2)

    async def told() -> list[str]:
        report = (await phone.do(c.GetNotUnderstood())).value
        assert isinstance(report, NotUnderstoodReport)
        return [each.what for each in report.items if each.where == "PUBLISH"]

    await until(told)
    await phone.engine.context.settle()
    assert await told() == ["489 Bad Event"]
    report = (await phone.do(c.GetNotUnderstood())).value
    assert isinstance(report, NotUnderstoodReport)
    assert {e.setting for e in report.items if e.where == "PUBLISH"} == {"[quality] publish"}


async def test_without_a_collector_in_the_config_nothing_is_published(
    switch: Switch, tmp_path: Path
) -> None:
    phone = LineDesk(switch, tmp_path)
    try:
        await phone.sign_in()
        await call(switch, phone)
        await phone.engine.context.settle()
        assert not switch.published
    finally:
        await phone.engine.close()


ENDS: Final = ReportedEnds(
    "a84b4c@127.0.0.1",
    "t1",
    "t2",
    f"sip:1001@{DOMAIN}",
    f"sip:1002@{DOMAIN}",
    True,
    ("::1", 40000),
    ("127.0.0.1", 40002),
    0x1A2B,
    0,
)


def test_what_was_not_measured_is_left_out_and_the_rest_fits_the_grammar() -> None:
    short = parsed(session_report(ENDS, None, start=1000.0, stop=1001.0))
    assert "PacketLoss" not in short
    assert short["OrigID"] == short["LocalID"]
    assert short["LocalAddr"] == "IP=::1 PORT=40000 SSRC=0x00001a2b"
    assert short["Timestamps"] == "START=1970-01-01T00:16:40Z STOP=1970-01-01T00:16:41Z"
    blind = parsed(session_report(ENDS, Quality(), start=0.0, stop=1.0))
    assert "RTD" not in blind["Delay"]
    assert "QualityEst" not in blind


def test_what_came_too_late_is_discarded_and_what_was_repaired_is_no_loss_to_the_ear() -> None:
    late = Quality(mos=3.2, codec="PCMU", loss=0.02, concealed=0.05, rtt=80.4, delay=60.0)
    report = parsed(session_report(ENDS, late, start=0.0, stop=9.0, group="1000000001"))
    assert report["PacketLoss"] == "NLR=2.0 JDR=3.0"
    assert report["Delay"] == "RTD=80 ESD=80 IAJ=0"
    assert report["LocalGroup"] == "1000000001"
    mended = Quality(mos=4.1, codec="opus", loss=0.05, repaired=0.05)
    better = parsed(session_report(ENDS, mended, start=0.0, stop=9.0))
    assert better["PacketLoss"] == "NLR=5.0 JDR=0.0"
    clean = parsed(session_report(ENDS, Quality(mos=4.1, codec="opus"), start=0.0, stop=9.0))
    assert better["QualityEst"] == clean["QualityEst"]
