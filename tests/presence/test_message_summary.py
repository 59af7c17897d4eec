"""What waits in a mailbox (RFC 3842)."""

from __future__ import annotations

import pytest

from tui.presence.errors import UnreadableBody
from tui.presence.message_summary import MailCount, parse_message_summary

BODY = b"""Messages-Waiting: yes\r
Message-Account: sip:1001@\x1b[2Jexample.test\r
Voice-Message: 2/8 (0/2)\r
fax-message : 1 / 0\r
Text-Message: many\r
Colour: blue\r
no line at all\r
\r
To: <sip:1001@example.test>\r
"""


def test_a_summary_is_read_and_what_nobody_knows_is_named() -> None:
    news = parse_message_summary(BODY)
    assert news.waiting
    assert news.account == "sip:1001@example.test"
    assert news.voice == MailCount(2, 8, 0, 2)
    assert news.counts["fax-message"] == MailCount(1, 0)
    assert news.skipped == ("text-message", "colour", "to")


@pytest.mark.parametrize(
    ("said", "waiting"),
    [("yes", True), ("No ", False), ("true", True), ("0", False), ("YES ;x=1", True)],
)
def test_it_may_say_no_more_than_whether_something_waits(said: str, waiting: bool) -> None:
    news = parse_message_summary(f"messages-waiting:{said}\n".encode())
    assert news.waiting is waiting
    assert news.voice == MailCount()


@pytest.mark.parametrize(
    "given",
    [b"", b"Voice-Message: 1/0\r\n", b"Messages-Waiting: perhaps\r\n", b"\xff" * 100,
     b"Messages-Waiting: yes\r\n" + b"x" * 16384],
)  # fmt: skip
def test_what_does_not_say_it_is_refused(given: bytes) -> None:
    with pytest.raises(UnreadableBody):
        parse_message_summary(given)
