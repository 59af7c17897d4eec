"""The file of a probe: one JSON object a line, each a message with what became of it.

    {"at": 1.2, "from": "platform", "kind": "control", "body": "<cc a=…/>", "content_type": …,
     "means": "NewCall", "understood": true, "skipped": [{"kind": "attribute", "what": "stamp",
     "setting": "[messages] more_attributes"}], "refused": null}

`at` is in seconds from the beginning, `from` "platform", "agent" or "probe". Kinds of lines:

    probe     the first: who wrote it         control   a control message; those from the platform
    summary   the last                                  are what `yimi sandbox --replay` plays
    agent     as whom the probe signed in     request   refused before anybody read it
    outcome   the answer to one of ours       web       an answer of the web that was no use
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Final, TextIO

from tui import sip
from tui.engine.context import log
from tui.engine.not_understood import setting_of
from tui.engine.probe.masking import Masker
from tui.engine.session.control_messages import Overheard, Sent
from tui.platform import control
from tui.platform.extensions import internal_number
from tui.platform.not_understood import NotUnderstood, NotUnderstoodList, SkippedKind

LONGEST: Final = 16 * 1024
"""Characters of one body that are written."""
MOST: Final = 100_000
"""Lines of one file: a platform that never stops talking does not fill the disk."""


class Record:
    """Writes the lines. `clock` is in seconds."""

    def __init__(
        self,
        out: TextIO,
        masker: Masker,
        assumed: control.Assumed,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._out = out
        self._mask = masker
        self._assumed = assumed
        self._clock = clock
        self._began = clock()
        self._lines = 0
        self.trouble = ""
        """Why the file is not whole: the disk took no more of it."""
        self.heard = 0
        """Messages of the platform's."""
        self.skipped: Counter[str] = Counter()
        self.refused = 0
        self.settings: dict[tuple[str, str], str] = {}
        """What would help: the setting by the kind and the name of what was not understood."""

    def begin(self, **about: str) -> None:
        """The first line: who wrote it, and about what."""
        self._write(
            "probe", "probe", **{name: self._mask.text(text) for name, text in about.items()}
        )

    def agent(self, un: str, eid: str) -> None:
        """As whom it is signed in, written as the platform writes it."""
        if eid:
            party = self._assumed.party.split()[0]
            written = self._mask.text(f'{party}="{internal_number(un, eid)}"')
            self._write("probe", "agent", written.split('"')[1])

    def overhear(self, said: Overheard) -> None:
        """One message, or one request that was refused."""
        match said:
            case Sent(name=name, body=body, outcome=None):
                self._write("agent", "control", self._body(body), means=name)
            case Sent(name=name, outcome=outcome) if outcome is not None:
                answer = f"{outcome.status} {self._mask.text(outcome.reason)}".strip()
                self._write("platform", "outcome", to=name, answer=answer, understood=outcome.ok)
            case sip.MessageReceived():
                self._platform(said)
            case sip.Ignored():
                self._ignored(said)

    def web(self, code: int, info: str, kept: tuple[NotUnderstood, ...]) -> None:
        """A sign-in that the platform refused, or whose answer was no use."""
        settings = [each.setting for each in kept if each.kind is SkippedKind.FIELD]
        why = {"status": code, "why": self._mask.text(info)}
        self._refuse("web", "", why, settings[0] if settings else "")

    def end(self) -> None:
        """The last line."""
        self._lines = 0  # it has room always
        counts = {"heard": self.heard, "refused": self.refused, "skipped": dict(self.skipped)}
        helps = [
            {"kind": kind, "what": what, "setting": setting}
            for (kind, what), setting in self.settings.items()
        ]
        self._write("probe", "summary", counts=counts, settings=helps)

    # ------------------------------------------------------------ each

    def _platform(self, said: sip.MessageReceived) -> None:
        self.heard += 1
        kept = NotUnderstoodList()
        means, refused = "", None
        try:
            message = control.decode(said.body, self._assumed, kept)
            means = type(message).__name__
            understood = not isinstance(message, control.Unknown)
        except control.ControlError as error:
            understood, refused = False, {"why": str(error), "setting": ""}
            self.refused += 1
        skipped = [
            self._skipped(item) for item in kept.items()[::-1] if item.kind != SkippedKind.REFUSED
        ]
        self._write(
            "platform",
            "control",
            self._body(said.body),
            content_type=self._mask.text(said.content_type),
            means=means,
            understood=understood,
            skipped=skipped,
            refused=refused,
        )

    def _skipped(self, item: NotUnderstood) -> dict[str, str]:
        kind, what = item.kind.value, self._mask.text(item.what)
        self.skipped[kind] += 1
        if item.setting:
            self.settings.setdefault((kind, what), item.setting)
        return {"kind": kind, "what": what, "setting": item.setting}

    def _ignored(self, said: sip.Ignored) -> None:
        refused = said.refused
        if said.stray:
            self._write("platform", "stray", why=self._mask.text(said.what), refused=None)
            return
        if refused is None:
            self._refuse("request", "", {"why": self._mask.text(said.what)}, "")
            return
        why = {
            "status": refused.status,
            "why": refused.rule.value,
            "method": self._mask.text(refused.method),
            "given": [self._mask.address(each) for each in refused.given],
            "expected": [self._mask.address(each) for each in refused.expected],
        }
        is_message = refused.method == "MESSAGE"
        # One whose content was refused can be played back: it is refused again.
        kind = "control" if is_message and refused.rule is sip.Rule.CONTENT else "request"
        body = self._body(refused.body) if is_message else ""
        content_type = self._mask.text(refused.content_type)
        self._refuse(kind, body, why, setting_of(refused), content_type=content_type)

    def _refuse(
        self, kind: str, body: str, why: dict[str, Any], setting: str, **more: object
    ) -> None:
        self.refused += 1
        if setting:
            self.settings.setdefault(("refused", str(why["why"])), setting)
        refused = {**why, "setting": setting}
        self._write("platform", kind, body, **more, understood=False, skipped=[], refused=refused)

    def _body(self, body: bytes) -> str:
        return self._mask.text(body.decode("utf-8", "replace"))[:LONGEST]

    def _write(self, who: str, kind: str, body: str = "", **more: object) -> None:
        self._lines += 1
        if self._lines > MOST or self.trouble:
            return
        line = {
            "at": round(self._clock() - self._began, 3),
            "from": who,
            "kind": kind,
            "body": body,
            **more,
        }
        try:
            print(json.dumps(line, ensure_ascii=False), file=self._out, flush=True)
        except OSError as error:  # whoever is listened to is acted on all the same
            self.trouble = error.strerror or type(error).__name__
            log.warning("the probe's file is not whole: %s", self.trouble)

    def close(self) -> None:
        """Nothing more is written."""
        try:
            self._out.close()
        except OSError as error:
            self.trouble = self.trouble or error.strerror or type(error).__name__
