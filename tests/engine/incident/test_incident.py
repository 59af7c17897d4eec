"""What an engine keeps of its last hour, and the file that it makes of it."""

from __future__ import annotations

import json
import random
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui import sip
from tui.engine.incident import bundle
from tui.engine.incident.flight_recorder import FlightRecorder
from tui.engine.incident.masked import Mask
from tui.engine.incident.rungs import rungs_of
from tui.engine.outcome import Outcome
from tui.engine.probe.masking import HIDDEN
from tui.engine.session.control_messages import Sent
from tui.platform import control
from tui.platform.not_understood import NotUnderstoodList
from tui.port.events import CallChanged, CallRemoved, Event, NoticeChanged, apply
from tui.port.ladder import NEWEST, RungKind
from tui.port.machines.call_machine import CallState
from tui.port.snapshot import Call, Snapshot, Tones
from tui.port.values import Check, CheckState, Notice, Quality, message
from tui.sip.message.header_values import parse_name_addr


class Clock:
    """Seconds that a test moves on."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def call(key: str, note: str = "") -> Call:
    return Call(key, CallState.TALKING, False, "12000000001", 1.0, 1.0, ccnumber=f"cc{key}")


@given(
    st.lists(
        st.tuples(
            st.floats(0, 40),
            st.sampled_from(("a", "b", "c", "gone a", "gone b", "notice", "wire", "sound")),
        ),
        max_size=60,
    ),
    st.integers(1, 20),
    st.integers(1, 4000),
    st.integers(1, 8),
)
def test_the_screen_of_now_can_always_be_made_from_what_is_kept(
    steps: list[tuple[float, str]], most_rows: int, most_bytes: int, together: int
) -> None:
    clock, truth = Clock(), Snapshot()
    bounds = {"most_rows": most_rows, "most_bytes": most_bytes, "together": together}
    kept = FlightRecorder(truth, clock, period=60, **bounds)
    for pause, what in steps:
        clock.now += pause
        event: Event | None = None
        match what.split():
            case ["gone", key]:
                event = CallRemoved(key)
            case ["notice"]:
                event = NoticeChanged(Notice(message("call.none"), clock.now))
            case ["wire"]:
                kept.wire(True, b"x" * 700)
            case ["sound"]:
                kept.sound("a", Quality(mos=4.0))
            case [key]:
                event = CallChanged(call(key))
        if event is not None:
            truth = apply(truth, event)
            kept.event(event)
    recording = kept.recording()
    made = recording.begin
    for row in recording.rows:
        assert clock.now - row.at <= 60
        if isinstance(row.what, CallChanged | CallRemoved | NoticeChanged):
            made = apply(made, row.what)
    assert made == truth
    assert len(recording.rows) <= most_rows


def test_a_long_message_is_cut_and_says_so() -> None:
    kept = FlightRecorder(Snapshot(), Clock())
    kept.wire(False, b"y" * 20_000)
    (row,) = kept.recording().rows
    assert len(row.what.data) == 16 * 1024  # type: ignore[union-attr]
    assert row.what.cut  # type: ignore[union-attr]


def planted() -> list[str]:
    """Forty secrets and numbers, none of which is part of another."""
    rng = random.Random(7)
    numbers = ["".join(rng.choices("123456789", k=11)) for _ in range(20)]
    words = ["".join(rng.choices("bcdfghkmnpqrstvwxz", k=14)) for _ in range(20)]
    return numbers + words


def test_of_forty_planted_secrets_and_numbers_none_is_in_a_bundle(tmp_path: Path) -> None:
    secrets = planted()
    n, w = iter(secrets[:20]), iter(secrets[20:])
    (tmp_path / "config.toml").write_text(
        f'[profiles.a]\nun = "{next(n)}"\nturn_password = "{next(w)}"\n'
        f'[turn]\ncredential = "{next(w)}"\nnumber = {next(n)}\n[provision]\npin = "{next(w)}"\n'
    )
    (tmp_path / "yimi.log").write_text(
        f"2026-11-29 10:00:00.000 INFO tui.engine[1] dialled {next(n)}\n"
        f"2026-11-29 10:00:01.000 INFO tui.engine[1] token={next(w)} password: {next(w)}\n"
    )
    clock = Clock()
    kept = FlightRecorder(Snapshot(), clock)
    number, name, note = next(n), next(w), next(w)
    kept.event(
        CallChanged(
            Call(
                "k1",
                CallState.TALKING,
                True,
                number,
                1.0,
                1.0,
                ccnumber=next(n),
                name=name,
                tones=Tones(next(n), next(n)),
            )
        )
    )
    kept.event(NoticeChanged(Notice(message("dial.failed", number=next(n), name=note), 1.0)))
    kept.overhear(Sent("Dial", f'<cc a="1" number="{next(n)}" name="{next(w)}"/>'.encode()))
    from_ = parse_name_addr("<sip:pbx@pbx.invalid>")
    body = f'<cc a="100" c="{next(n)}" n="{next(n)}" agentName="{next(w)}" token="{next(w)}"/>'
    kept.overhear(sip.MessageReceived(from_, None, control.CONTENT_TYPE, body.encode(), "sip:a"))
    kept.wire(
        True,
        (
            f"INVITE sip:{next(n)}@pbx.invalid SIP/2.0\r\n"
            f'From: "{next(w)}" <sip:{next(n)}@pbx.invalid>;tag=1\r\n'
            f"To: {next(w)} <sip:{next(n)}@pbx.invalid>\r\n"
            f'Authorization: Digest username="{next(n)}", response="{next(w)}"\r\n'
            f"Subject: {next(w)}\r\nX-Token: {next(w)}\r\n\r\n"
            f"a=ice-pwd:{next(w)}\r\na=ice-ufrag:{next(w)}\r\nSignal={next(n)}\r\n"
        ).encode(),
    )
    kept.sound("k1", Quality(mos=4.1, codec="opus"))
    contents = bundle.Contents(
        recording=kept.recording(),
        now=clock.now,
        wall=1_700_000_000.0,
        checks=(Check("line", CheckState.FAIL, message("check.x", number=next(n), name=next(w))),),
        not_understood=NotUnderstoodList().report(),
        assumed=control.ASSUMED,
        config_file=tmp_path / "config.toml",
        log_file=tmp_path / "yimi.log",
        secrets=(next(w),),
    )
    path = tmp_path / "bundle.zip"
    assert bundle.written(path, contents).ok
    with zipfile.ZipFile(path) as made:
        texts = {name: made.read(name).decode() for name in made.namelist()}
    found = [(secret, name) for secret in secrets for name, text in texts.items() if secret in text]
    assert not found
    assert {"about.json", "events.jsonl", "sip.jsonl", "messages.jsonl"} <= set(texts)
    assert "2026-11-29 10:00:00.000" in texts["log.txt"]
    assert "INVITE sip:" in texts["sip.jsonl"]
    assert "4.1,opus" in texts["quality.csv"]
    means = [json.loads(line).get("means") for line in texts["messages.jsonl"].splitlines()]
    assert "NewCall" in means
    assert (path.stat().st_mode & 0o777) == 0o600


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    path.write_text("mine")
    result = bundle.written(path, _empty(tmp_path))
    assert not result.ok
    assert result.message is not None
    assert result.message.id == "bundle.exists"
    assert path.read_text() == "mine"


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    result = bundle.written(tmp_path / "none" / "bundle.zip", _empty(tmp_path))
    assert result.message is not None
    assert result.message.id == "bundle.not_written"


@pytest.mark.parametrize("text", ["", "not = [toml", '\x00"'])
def test_settings_that_cannot_be_read_are_a_comment(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    made = bundle.config_text(file, Mask())
    assert made == "" or made.startswith("#")


def test_the_same_number_is_masked_alike_in_every_place() -> None:
    mask = Mask()
    plain = mask.plain({"number": "12000000001"})["number"]
    assert plain.endswith("01")
    assert mask.sip(b"To: <sip:12000000001@pbx.invalid>") == f"To: <sip:{plain}@pbx.invalid>"


def test_who_a_notify_tells_of_is_left_out() -> None:
    body = (
        b"NOTIFY sip:1001@x SIP/2.0\r\nEvent: dialog\r\n\r\n<dialog-info><remote>"
        b'<identity display="Zhao Lei">sip:12000000008@pbx.invalid</identity></remote>'
        b"<p:note xml:lang='en'>gone to Zhao\r\nLei</p:note><note/></dialog-info>"
    )
    said = Mask().sip(body)
    assert "Zhao" not in said
    assert "Lei" not in said
    assert "12000000008" not in said
    assert "<note/>" in said
    assert Mask().plain({"who": "Zhao Lei", "slot": "701"}) == {"who": HIDDEN, "slot": "701"}


def _empty(folder: Path) -> bundle.Contents:
    clock = Clock()
    return bundle.Contents(
        recording=FlightRecorder(Snapshot(), clock).recording(),
        now=clock.now,
        wall=0.0,
        checks=(),
        not_understood=NotUnderstoodList().report(),
        assumed=control.ASSUMED,
        config_file=folder / "config.toml",
        log_file=folder / "yimi.log",
    )


def test_the_ladder_is_the_newest_messages_masked_and_no_event() -> None:
    clock = Clock()
    kept = FlightRecorder(Snapshot(), clock)
    mask = Mask(("hunter2secret",))
    number = "12000054321"
    for n in range(NEWEST):
        clock.now += 1
        kept.wire(True, f"OPTIONS sip:{n} SIP/2.0\r\n\r\n".encode())
    kept.event(CallChanged(call("a")))
    kept.wire(True, b"\r\n\r\n")
    kept.wire(True, f"INVITE sip:{number}@pbx.invalid SIP/2.0\r\nCSeq: 3 INVITE\r\n\r\n".encode())
    kept.wire(False, b"SIP/2.0 486 Busy Here\r\nCSeq: 3 INVITE\r\n\r\n")
    kept.overhear(Sent("Answer", f'<cc switchNumber="{number}" p="hunter2secret"/>'.encode()))
    kept.overhear(Sent("Answer", b"", Outcome(200, "OK")))
    kept.overhear(Sent("Answer", b"", Outcome(0)))
    rungs = rungs_of(kept.recording().rows, mask)
    assert len(rungs) == NEWEST
    assert rungs[0].text == "OPTIONS sip:4"
    invite, busy, answer, nothing = rungs[-4:]
    assert invite.text.startswith("INVITE sip:")
    assert (busy.text, busy.sent) == ("486 Busy Here (INVITE)", False)
    assert (answer.kind, answer.sent) == (RungKind.CONTROL, True)
    assert (nothing.text, nothing.sent) == ("Answer: 0", False)
    assert not [each for each in rungs if number in each.text or "hunter2" in each.text]


def test_of_a_masked_answer_the_status_can_be_read() -> None:
    said = Mask().sip(b"SIP/2.0 407 Proxy 12000054321\r\nCSeq: 3 INVITE\r\n\r\n")
    assert said.startswith("SIP/2.0 407 Proxy ")
    assert "12000054321" not in said
