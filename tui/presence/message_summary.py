"""`application/simple-message-summary` (RFC 3842): what waits in a mailbox."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from tui.presence.errors import UnreadableBody
from tui.text import clean_text

CONTENT_TYPE: Final = "application/simple-message-summary"
MAX_BYTES: Final = 16 * 1024
_LINES: Final = 64
_KINDS: Final = (
    *("voice-message", "fax-message", "pager-message", "multimedia-message", "text-message"),
    "none",
)
_SAID: Final = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_line = re.compile(r"([A-Za-z\-]{1,40}+)[ \t]*+:[ \t]*+(.*+)").fullmatch
_counts = re.compile(
    r"([0-9]{1,9}+)[ \t]*+/[ \t]*+([0-9]{1,9}+)"
    r"(?:[ \t]*+\([ \t]*+([0-9]{1,9}+)[ \t]*+/[ \t]*+([0-9]{1,9}+)[ \t]*+\))?[ \t]*+"
).fullmatch


@dataclass(frozen=True, slots=True)
class MailCount:
    """Messages of one kind: new, old, and how many of each are urgent."""

    new: int = 0
    old: int = 0
    urgent_new: int = 0
    urgent_old: int = 0


@dataclass(frozen=True, slots=True)
class MailboxNews:
    """One body. `account` is the mailbox, "" where it is not said; `counts` by kind in lower case
    (`voice-message` …). `waiting` may be true without any count."""

    waiting: bool
    account: str = ""
    counts: dict[str, MailCount] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()

    @property
    def voice(self) -> MailCount:
        """Those that were spoken."""
        return self.counts.get("voice-message", MailCount())


def parse_message_summary(body: bytes) -> MailboxNews:
    """One body; UnreadableBody unless it says whether something waits. A line that nobody knows,
    or a count that is none, is skipped and named."""
    if len(body) > MAX_BYTES:
        raise UnreadableBody("the body is over 16 KiB")
    waiting: bool | None = None
    account = ""
    counts: dict[str, MailCount] = {}
    skipped: dict[str, None] = {}
    for line in body.decode("utf-8-sig", "replace").splitlines()[:_LINES]:
        found = _line(line)
        if found is None:
            continue
        name, value = found[1].lower(), found[2].strip()
        if (
            name == "messages-waiting"
            and (word := value.partition(";")[0].strip().lower()) in _SAID
        ):
            waiting = _SAID[word]
        elif name == "message-account":
            account = clean_text(value, 256)
        elif name in _KINDS and (numbers := _counts(value)) is not None:
            counts[name] = MailCount(*(int(each or 0) for each in numbers.groups()))
        else:
            skipped[name] = None
    if waiting is None:
        raise UnreadableBody("the body does not say whether messages wait")
    return MailboxNews(waiting, account, counts, tuple(skipped)[:16])
