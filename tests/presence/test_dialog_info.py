"""Who talks, as a notifier says it (RFC 4235), and what is made of several bodies."""

from __future__ import annotations

import pytest

from tui.presence.dialog_info import (
    DialogInfo,
    DialogParty,
    DialogState,
    DialogTable,
    PickUp,
    WatchedDialog,
    parse_dialog_info,
)
from tui.presence.errors import UnreadableBody
from tui.presence.lamp import Lamp

RINGING = """<?xml version="1.0"?>
<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" xmlns:s="urn:x" version="7" state="partial"
    entity="sip:1002@example.test">
  <dialog id="d1" call-id="c1@pbx" local-tag="lt" remote-tag="rt" direction="recipient">
    <state event="x" code="180">Early</state>
    <duration>9</duration>
    <local>
      <identity display="Li Na">sip:1002@example.test</identity>
      <target uri="sip:1002@phone.invalid"><param pname="+sip.rendering" pvalue="no"/>
        <param pname="+sip.other" pvalue="1"/></target>
    </local>
    <remote>
      <identity display="Wang \u202e Fang">sip:12000000001@example.test</identity>
      <target uri="sip:caller@pbx.invalid"/>
      <cseq>3</cseq>
    </remote>
  </dialog>
  <s:dialogue/>
</dialog-info>"""


def body(dialogs: str, version: int = 1, state: str = "full") -> bytes:
    return (
        f'<dialog-info version="{version}" state="{state}" entity="sip:1002@example.test">'
        f"{dialogs}</dialog-info>"
    ).encode()


def dialog(state: str, id: str = "d1", more: str = "") -> str:
    return f'<dialog id="{id}" {more}><state>{state}</state></dialog>'


def test_a_ringing_call_is_read_with_both_its_ends_and_how_to_take_it() -> None:
    info = parse_dialog_info(RINGING.encode())
    assert (info.entity, info.version, info.full) == ("sip:1002@example.test", 7, False)
    (call,) = info.dialogs
    assert (call.id, call.state, call.initiator) == ("d1", DialogState.EARLY, False)
    assert (call.ended_by, call.code) == ("x", 180)
    assert call.local == DialogParty(
        "sip:1002@example.test", "Li Na", "sip:1002@phone.invalid", held=True
    )
    assert call.remote == DialogParty(
        "sip:12000000001@example.test", "Wang Fang", "sip:caller@pbx.invalid"
    )
    assert call.pick_up == PickUp(
        "sip:12000000001@example.test", "c1@pbx;to-tag=rt;from-tag=lt;early-only"
    )


def test_what_nobody_knows_is_skipped_and_named_once() -> None:
    info = parse_dialog_info(RINGING.encode())
    assert info.skipped == (
        "dialog/duration",
        "target/param",
        "remote/cseq",
        "dialog-info/dialogue",
    )
    many = "".join(f"<odd{number}/>" for number in range(40))
    assert len(parse_dialog_info(body(many)).skipped) == 16


@pytest.mark.parametrize(
    ("target", "reached"),
    [
        ("", False),
        ("sip:1@abc.invalid;transport=ws;ob", False),
        ("sip:1@ABC.Invalid:5060", False),
        ("sip:1@abc.invalid.example", True),
        ("sip:1@192.0.2.1:5060;x=a.invalid", True),
    ],
)
def test_a_caller_whose_contact_leads_nowhere_is_reached_by_the_address(
    target: str, reached: bool
) -> None:
    remote = DialogParty("sip:1@example.test", target=target)
    rings = WatchedDialog("d", DialogState.EARLY, False, "c", "l", "r", remote=remote)
    assert rings.pick_up is not None
    assert rings.pick_up.target == (target if reached else "sip:1@example.test")


def test_a_whole_body_comes_to_a_lamp_by_itself() -> None:
    over = WatchedDialog("d", DialogState.TERMINATED)
    rings = WatchedDialog("e", DialogState.EARLY)
    talks = WatchedDialog("f", DialogState.CONFIRMED)
    for dialogs, lamp in (
        ((), Lamp.IDLE),
        ((over,), Lamp.IDLE),
        ((over, rings), Lamp.RINGING),
        ((rings, talks), Lamp.TALKING),
    ):
        assert DialogInfo("", 0, True, dialogs).lamp is lamp


@pytest.mark.parametrize(
    "changed",
    [
        {"state": DialogState.CONFIRMED},
        {"initiator": True},
        {"remote_tag": ""},
        {"local_tag": "a;early-only"},
        {"call_id": "c" * 201},
        {"remote": DialogParty()},
    ],
)
def test_only_what_rings_and_is_named_whole_can_be_taken(changed: dict[str, object]) -> None:
    values: dict[str, object] = {
        "id": "d",
        "state": DialogState.EARLY,
        "initiator": False,
        "call_id": "c",
        "local_tag": "l",
        "remote_tag": "r",
        "remote": DialogParty("sip:1@example.test"),
    }
    assert WatchedDialog(**values).pick_up is not None  # type: ignore[arg-type]
    assert WatchedDialog(**{**values, **changed}).pick_up is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b"<dialog-info",
        b"<dialog-info/>",
        b'<dialog-info version="-1"/>',
        '<dialog-info version="²"/>'.encode(),
        b'<dialog-info version="12345678901"/>',
        b'<presence version="1"/>',
        b'<!DOCTYPE x [<!ENTITY e "e">]><dialog-info version="1"/>',
        b'<dialog-info version="1">&e;<!ENTITY e "x"></dialog-info>',
        body("<a><b><c><d><e><f><g><h/></g></f></e></d></c></b></a>"),
        body(" " * 17000),
    ],
)
def test_what_is_none_or_may_do_harm_is_refused(given: bytes) -> None:
    with pytest.raises(UnreadableBody):
        parse_dialog_info(given)


def test_a_dialog_that_cannot_be_read_takes_no_other_with_it() -> None:
    given = dialog("lunch") + '<dialog><state>early</state></dialog><dialog id="x"/>'
    info = parse_dialog_info(body(given + dialog("confirmed", "good")))
    assert [each.id for each in info.dialogs] == ["good"]
    assert info.skipped == ("dialog-info/dialog",)
    assert info.lamp is Lamp.TALKING


@pytest.mark.parametrize("given", [dialog("lunch"), "<dialog><state>confirmed</state></dialog>"])
def test_who_has_a_call_that_cannot_be_read_is_not_shown_as_free(given: str) -> None:
    assert lamp_of(body(given)) == (Lamp.UNKNOWN, [True])
    assert parse_dialog_info(body(given)).lamp is Lamp.UNKNOWN
    assert lamp_of(body(given), body("", 2)) == (Lamp.IDLE, [True, True])
    # Of one that has changed the whole is asked for.
    told = lamp_of(body(dialog("early"), 3), body(given, 4, "partial"))
    assert told == (Lamp.RINGING, [True, False])


def test_a_version_may_have_32_bits() -> None:
    assert parse_dialog_info(body("", 4_294_967_295)).version == 4_294_967_295


def test_their_number_has_a_limit() -> None:
    many = "".join(dialog("confirmed", f"{number}") for number in range(80))
    info = parse_dialog_info(body(many))
    assert len(info.dialogs) == 64
    table = DialogTable()
    assert table.take(info)
    extra = WatchedDialog("extra", DialogState.CONFIRMED)
    assert table.take(DialogInfo("", 2, False, (extra,)))
    assert len(table.dialogs) == 64


# ---------------------------------------------------------------- several bodies


def lamp_of(*bodies: bytes) -> tuple[Lamp, list[bool]]:
    table = DialogTable()
    taken = [table.take(parse_dialog_info(each)) for each in bodies]
    return table.lamp, taken


@pytest.mark.parametrize(
    ("given", "lamp"),
    [
        ("", Lamp.IDLE),
        (dialog("terminated"), Lamp.IDLE),
        (dialog("early"), Lamp.RINGING),
        (dialog("trying", more='direction="recipient"'), Lamp.RINGING),
        (dialog("early", more='direction="initiator"'), Lamp.TALKING),
        (dialog("confirmed"), Lamp.TALKING),
        (dialog("confirmed") + dialog("early", "d2"), Lamp.TALKING),
    ],
)
def test_the_lamp_shows_what_the_calls_come_to(given: str, lamp: Lamp) -> None:
    assert lamp_of(body(given)) == (lamp, [True])


def of_freeswitch(version: int, state: str, rendering: str = "yes") -> bytes:
    """What it tells of 1002, whom 1003 has called."""
    return f"""<?xml version="1.0"?>
<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="{version}" state="full" \
entity="sip:1002@example.test">
<dialog id="d991939e-3f35-4e73-9ecd-ee3b3e77357b" direction="recipient">
<state>{state}</state>
<local>
<identity display="1002">sip:1002@example.test</identity>
<target uri="sip:1002@example.test">
<param pname="+sip.rendering" pvalue="{rendering}"/>
</target>
</local>
<remote>
<identity display="Chen Wei">sip:1003@example.test</identity>
<target uri="sip:**1002@example.test"/>
</remote>
</dialog>
</dialog-info>
""".encode()


def test_a_call_that_freeswitch_says_is_early_and_held_was_answered_and_does_not_ring() -> None:
    told = [of_freeswitch(1, "early"), of_freeswitch(2, "confirmed")]
    assert lamp_of(*told[:1])[0] is Lamp.RINGING
    assert lamp_of(*told)[0] is Lamp.TALKING
    held = of_freeswitch(3, "early", "no")
    assert lamp_of(*told, held)[0] is Lamp.TALKING
    assert lamp_of(held)[0] is Lamp.TALKING
    (call,) = parse_dialog_info(held).dialogs
    assert not call.rings


def test_nothing_told_is_unknown() -> None:
    assert DialogTable().lamp is Lamp.UNKNOWN


def test_partial_news_change_what_they_name_and_a_full_one_replaces_all() -> None:
    bodies = [body(dialog("early") + dialog("confirmed", "d2"), 3)]
    bodies.append(body(dialog("terminated", "d2"), 4, "partial"))
    assert lamp_of(*bodies) == (Lamp.RINGING, [True, True])
    bodies.append(body("", 9))
    assert lamp_of(*bodies) == (Lamp.IDLE, [True, True, True])


def test_a_gap_is_told_and_a_repeat_changes_nothing() -> None:
    first = body(dialog("early"), 3)
    assert lamp_of(first, body(dialog("confirmed"), 5, "partial")) == (Lamp.TALKING, [True, False])
    assert lamp_of(first, body(dialog("confirmed"), 3, "partial")) == (Lamp.RINGING, [True, True])
    assert lamp_of(body(dialog("confirmed"), 0, "partial")) == (Lamp.TALKING, [False])


@pytest.mark.parametrize("version", [0, 2, 3])
def test_a_notifier_that_never_counts_or_counts_anew_freezes_no_lamp(version: int) -> None:
    first = body(dialog("early"), 3)
    assert lamp_of(first, body(dialog("confirmed"), version)) == (Lamp.TALKING, [True, True])
    # What has changed since a version that we never had is asked for whole.
    anew = body(dialog("confirmed"), min(version, 2), "partial")
    assert lamp_of(first, anew) == (Lamp.RINGING, [True, False])
