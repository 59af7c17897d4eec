"""Bell and title: once for each offer, and the terminal is left as it was."""

from __future__ import annotations

from tui.console.attention import Attention, osc9, osc777, set_title


def test_a_call_rings_once_and_the_title_comes_back() -> None:
    written: list[str] = []
    attention = Attention(written.append)
    attention.call("120 is calling")
    attention.call("120 is calling")
    assert written == ["\x1b[22;2t\x1b]0;120 is calling\a\a"]
    attention.calm()
    attention.calm()
    assert written[1:] == ["\x1b]0;yimi\a\x1b[23;2t"]


def test_another_offer_rings_again() -> None:
    written: list[str] = []
    attention = Attention(written.append)
    attention.call("a")
    attention.calm()
    attention.call("a")
    assert len(written) == 3
    assert written[2].endswith("\a\a")


def test_without_a_bell_the_title_alone_says_it() -> None:
    written: list[str] = []
    Attention(written.append, bell=False).call("a")
    assert written[0].count("\a") == 1


def test_a_title_cannot_end_early() -> None:
    title = set_title("Bob\x07\x1b]52;c;QUJD\x07\x9d0;x\x9c rings")
    assert title == "\x1b]0;Bob rings\a"


def test_notifications_are_sent_each_in_its_own_way() -> None:
    written: list[str] = []
    attention = Attention(written.append, bell=False, title=False, osc9=True, osc777=True)
    attention.call("120 is calling")
    assert written == ["\x1b]9;120 is calling\a\x1b]777;notify;yimi;120 is calling\a"]
    attention.calm()
    assert len(written) == 1


def test_notifications_go_through_tmux_in_its_envelope_and_bell_and_title_beside_it() -> None:
    written: list[str] = []
    Attention(written.append, osc9=True, tmux=True).call("a")
    assert written == ["\x1b[22;2t\x1b]0;a\a\a\x1bPtmux;\x1b\x1b]9;a\a\x1b\\"]


def test_everything_off_writes_nothing() -> None:
    written: list[str] = []
    attention = Attention(written.append, bell=False, title=False)
    attention.call("a")
    attention.tell("missed")
    attention.calm()
    assert written == []


def test_a_name_cannot_turn_a_notification_into_something_else() -> None:
    assert osc9("4;1;50\x1b\\\a") == "\x1b]9;4,1,50\a"
    assert osc777("a;b\x07c").count("\a") == 1
