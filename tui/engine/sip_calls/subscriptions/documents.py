"""Bodies of NOTIFYs to documents, package by package."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from tui.engine.sip_calls.subscriptions.state import Document
from tui.presence import dialog_info, message_summary, pidf
from tui.presence.errors import UnreadableBody

DIALOG: Final = "dialog"
PRESENCE: Final = "presence"
MAILBOX: Final = "message-summary"

ACCEPTED: Final[dict[str, str]] = {
    DIALOG: dialog_info.CONTENT_TYPE,
    PRESENCE: pidf.CONTENT_TYPE,
    MAILBOX: message_summary.CONTENT_TYPE,
}
"""The type of a body by the package: what there is to watch."""

_SAYS_NOTHING: Final = frozenset({"", "text/plain", "text/xml", "application/xml"})
"""Types that any body of a package may be sent under."""
_READERS: Final[dict[str, Callable[[bytes], Document]]] = {
    dialog_info.CONTENT_TYPE: dialog_info.parse_dialog_info,
    pidf.CONTENT_TYPE: pidf.parse_pidf,
    message_summary.CONTENT_TYPE: message_summary.parse_message_summary,
}


class DocumentReader:
    """The bodies of one subscription. A new subscription counts anew: it wants a new reader."""

    def __init__(self) -> None:
        self._dialogs = dialog_info.DialogTable()

    def take(self, content_type: str, body: bytes, package: str = "") -> tuple[Document, bool]:
        """One body, put together with those before it, and whether none is missing in between. One
        whose type says nothing is of that of its `package`. UnreadableBody for one that nobody can
        read."""
        usual = ACCEPTED.get(package, "") if content_type in _SAYS_NOTHING else content_type
        reader = _READERS.get(usual)
        if reader is None:
            raise UnreadableBody(f"a body of {content_type}")
        document = reader(body)
        if not isinstance(document, dialog_info.DialogInfo):
            return document, True
        complete = self._dialogs.take(document)
        dialogs = tuple(self._dialogs.dialogs.values())
        unread = self._dialogs.unread
        return replace(document, full=True, dialogs=dialogs, unread=unread), complete
