"""What a new engine does with calls that a killed one left up at the PBX, address by address."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.line_booth import DOMAIN, SDP, Booth
from tui import sip
from tui.engine.session.crash_note import PERIOD, CrashNote, Remembered
from tui.port import commands as c
from tui.port.machines.call_machine import CallState
from tui.port.snapshot import Call

S = CallState
DIALOG = sip.KeptDialog(
    "id@pbx", "ours", "theirs", "<sip:1001@vm>;tag=ours", "<sip:5559@vm>;tag=theirs", "sip:x@vm"
)
LEFT = Remembered(
    "line-1", "5559", False, False, 40.0, 50.0, name="Zhao Lei", seen=90.0, dialog=DIALOG
)


async def left(booth: Booth, *remembered: Remembered) -> None:
    booth.control.engine_died(replace(remembered[0], others=remembered[1:]))
    await booth.until(lambda: len(booth.asked("invite")) == len(remembered))
    await booth.settle()


def targets(booth: Booth) -> list[str]:
    return [asked[0] for asked in booth.asked("invite")]


async def test_it_is_taken_back_by_an_invite_that_nobody_takes_for_a_new_call(
    booth: Booth,
) -> None:
    await left(booth, LEFT)
    ((target, *headers),) = booth.asked("invite")
    assert target == f"sip:5559@{DOMAIN}"
    assert headers == [
        ("Require", "replaces"),
        ("Replaces", "old id@pbx;to-tag=theirs;from-tag=ours"),
    ]
    await booth.says(sip.InviteAnswered("out1", SDP))
    call = booth.snapshot.calls[0]
    assert (call.state, call.name, call.answered) == (S.TALKING, "Zhao Lei", 50.0)
    assert booth.asked("bye") == [("old id@pbx",)]
    assert booth.snapshot.notice is not None
    assert booth.snapshot.notice.message.id == "lines.taken_back"


async def test_through_proxies_it_is_asked_for_where_the_dialog_is(booth: Booth) -> None:
    routed = replace(DIALOG, routes=("<sip:proxy;lr>",))
    await left(booth, replace(LEFT, dialog=routed))
    ((target, *headers),) = booth.asked("invite")
    assert (target, headers[0]) == ("sip:x@vm", ("Route", "<sip:proxy;lr>"))


async def test_an_address_that_the_pbx_does_not_know_is_not_the_last(booth: Booth) -> None:
    await left(booth, LEFT)
    await booth.says(sip.InviteRefused("out1", 404, ""))
    await booth.says(sip.InviteRefused("out2", 484, ""))
    assert targets(booth) == [f"sip:5559@{DOMAIN}", f"sip:1001@{DOMAIN}", "sip:x@vm"]
    assert booth.asked("bye") == []
    await booth.says(sip.InviteRefused("out3", 404, ""))
    assert booth.asked("bye") == [("old id@pbx",)]


@pytest.mark.parametrize("status", [420, 481, 486, 503, 603])
async def test_what_is_not_given_back_is_ended_and_its_talk_time_goes_to_what_is_known(
    booth: Booth, status: int
) -> None:
    await left(booth, LEFT)
    await booth.says(sip.InviteRefused("out1", status, ""))
    assert booth.asked("bye") == [("old id@pbx",)]
    over = booth.snapshot.calls[0]
    assert (over.state, over.end.talk_time) == (S.ENDED, 40.0)
    assert booth.snapshot.notice is not None
    assert booth.snapshot.notice.message.id == "lines.lost_with_engine"


async def test_a_pbx_that_says_nothing_is_waited_for_no_longer_than_the_limit(
    booth: Booth,
) -> None:
    await left(booth, LEFT)
    key = booth.snapshot.calls[0].key
    booth.context.timers._handles[f"take back {key}"]._callback()  # type: ignore[attr-defined]
    assert booth.asked("bye") == [("old id@pbx",)]
    assert booth.asked("cancel") == [("out1",)]


async def test_what_was_typed_in_it_is_still_there(booth: Booth) -> None:
    await left(booth, replace(LEFT, note="wants the invoice"))
    assert booth.snapshot.calls[0].note == "wants the invoice"


async def test_whoever_hangs_up_meanwhile_ends_both(booth: Booth) -> None:
    await left(booth, LEFT)
    await booth.do(c.HangUp())
    assert booth.asked("bye") == [("old id@pbx",)]
    assert booth.asked("cancel") == [("out1",)]
    assert booth.snapshot.calls[0].state is S.ENDED


async def test_of_several_each_is_taken_back_and_one_is_active(booth: Booth) -> None:
    second = replace(
        LEFT, number="5560", ccnumber="line-2", held=True, dialog=replace(DIALOG, call_id="id2")
    )
    await left(booth, LEFT, second)
    # Their sound is made ready at the same time: which is offered first is chance.
    assert sorted(targets(booth)) == [f"sip:5559@{DOMAIN}", f"sip:5560@{DOMAIN}"]
    await booth.says(sip.InviteAnswered("out1", SDP), sip.InviteAnswered("out2", SDP))
    assert [call.number for call in booth.snapshot.calls] == ["5559", "5560"]
    assert [call.state for call in booth.snapshot.calls] == [S.TALKING, S.HOLDING]
    assert [call.line for call in booth.snapshot.calls] == [1, 2]
    assert sorted(booth.asked("bye")) == [("old id2",), ("old id@pbx",)]


async def test_a_muted_call_comes_back_muted(booth: Booth) -> None:
    await left(booth, replace(LEFT, muted=True))
    assert booth.media[0].muted
    await booth.says(sip.InviteAnswered("out1", SDP))
    assert booth.snapshot.calls[0].muted
    assert booth.media[0].muted


async def test_one_that_is_killed_again_meanwhile_is_still_noted(booth: Booth) -> None:
    await left(booth, LEFT)
    assert next(iter(booth.legs.dialogs().values())).call_id == "old id@pbx"


# ---------------------------------------------------------------- the note


def talking(key: str, state: CallState = S.TALKING) -> Call:
    return Call(key, state, False, "5559", 60.0, 40.0, f"line-{key}", answered=50.0, name="Z")


async def test_the_note_brings_back_every_call_and_its_dialog(tmp_path: Path) -> None:
    note = CrashNote(tmp_path / "note")
    routed = replace(DIALOG, routes=("<sip:a;lr>", "<sip:b;lr>"), remote_cseq=7)
    note.keep(talking("1"), talking("2", S.HOLDING), seen=70.0, dialogs={"2": routed})
    found = CrashNote(tmp_path / "note").read()
    assert found is not None
    assert (found.ccnumber, found.seen, found.dialog) == ("line-1", 70.0, None)
    (other,) = found.others
    assert (other.ccnumber, other.held, other.dialog) == ("line-2", True, routed)


async def test_the_last_instant_is_kept_about_every_ten_seconds(tmp_path: Path) -> None:
    note = CrashNote(tmp_path / "note")
    for seen, kept in ((60.0, 60.0), (60.0 + PERIOD / 2, 60.0), (60.0 + PERIOD, 60.0 + PERIOD)):
        note.keep(talking("1"), seen=seen)
        found = CrashNote(tmp_path / "note").read()
        assert found is not None
        assert found.seen == kept
        assert found.talked(1000.0) == kept - 50.0
