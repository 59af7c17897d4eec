"""Every sentence has its words, and the compiled catalogue is the written one."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import get_args

import pytest

from tui import i18n
from tui.actions import REGISTRY
from tui.catalogue import LOCALE, CatalogueError, build_mo, parse_po
from tui.engine.checks.shift import IDS
from tui.engine.lineevents import IDS as LINE_IDS
from tui.engine.state import Hearing, Leg, LineState, Message, VoiceState, message
from tui.media.pulse import Verdict
from tui.platform.codes import ALL_IDS
from tui.platform.plain import IDS as PLAIN_IDS

TUI = LOCALE.parent
PO = LOCALE / "en" / "LC_MESSAGES" / "yimi.po"
CALLS = {"message", "Message", "tr", "ok", "warn", "fail"}
ASKED = [
    *("dial", "answer", "hangup", "hold", "resume", "status"),
    *("threeway", "transfer", "next_status", "phone_mode"),
]
FILLED = {
    "line.{word}": [s.value for s in LineState if s is not LineState.REFUSED] + ["state_refused"],
    "voice.{voice.state.value}": [v.value for v in VoiceState if v is not VoiceState.OK],
    "leg.{call.leg.value}": ["awaited", "connecting", "failed", "lost"],
    "audio.{leg.value}": [Leg.FAILED.value, Leg.LOST.value],
    "hearing.{quality.hearing.value}": [h.value for h in Hearing if h is not Hearing.OK],
    "help.{action.id}": [action.id for action in REGISTRY],
    "pending.{call.pending}": ["hold", "resume"],
    "party.{way}": ["transfer", "bring", "hand", "ask_first", "connect", "join"],
    "party.{way}_happens": ["hand", "ask_first", "connect", "join"],
    "question.{question.kind}": ["refer", "refer_title", "redirect", "redirect_title"],
    "third.{third.state.value}": ["asked", "invited", "joined", "leaving", "failed", "left"],
    "pending.{word}": ["idle", "busy"],
    "wrapup.rule_{_rule(wrapup)}": ["required", "required_chosen", "timed", "strict", "open"],
    "group_state.{group.state_id}": ["0", "1", "2"],
    "kind.{kind}": ["platform2", "platform1", "sip"],
    "line_type.{kind}": ["2", "4", "5"],
    "unconfirmed.{what}": ASKED,
    "rejected.{what}": ASKED,
    "login.missing_{name}": ["un", "switchnumber", "number"],
    "check.title.{check.id}": list(IDS),
    "check.state.{check.state}": ["waiting", "running", "ok", "warn", "fail"],
    "check.sound.{self.state}": ["no-portaudio", "no-device", "device-lost", "failed"],
    "check.sound.{which}": ["no-portaudio", "nothing", "device-lost", "failed"],
    "sound.{stage}": ["warming", "stage_record", "stage_play", "stage_measure"],
    "pulse.{verdict}": [*get_args(Verdict), "gone"],
    "login.bad_{name}": ["un", "switchnumber", "number"],
}
"""What stands for the places of an id that is put together."""
FRONT = {"app.py", "actions.py", "keyring_store.py"}


def entries() -> dict[str, str]:
    return {key.partition("\0")[0]: text for key, text in parse_po(PO.read_text("utf-8")).items()}


def _as_template(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value)
            if isinstance(part, ast.Constant)
            else "{" + ast.unparse(part.value) + "}"
            for part in node.values
            if isinstance(part, ast.Constant | ast.FormattedValue)
        )
    if isinstance(node, ast.IfExp):
        return None
    return None


def used_ids() -> set[str]:
    """Every id that the code hands to `message`, `Message` or `tr`, both arms of a choice
    included; an id that is put together, with what can stand in its places."""
    found: set[str] = set()
    for path in sorted(TUI.rglob("*.py")):
        if "sandbox" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            if name not in CALLS:
                continue
            first = node.args[0]
            arms = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
            found |= {text for arm in arms if (text := _as_template(arm)) and "." in text}
    return found


def test_every_sentence_that_the_code_says_has_words() -> None:
    known = entries()
    missing = set()
    for template in used_ids():
        if "{" in template:
            assert template in FILLED, f"say what can stand in {template}"
            prefix = template[: template.index("{")]
            missing |= {prefix + value for value in FILLED[template]} - set(known)
        elif template not in known:
            missing.add(template)
    assert not missing


def test_every_code_of_the_platform_has_words() -> None:
    assert set(ALL_IDS) <= set(entries())


def test_every_end_of_a_line_and_every_fault_of_a_pbx_has_words() -> None:
    assert {*LINE_IDS, *PLAIN_IDS} <= set(entries())


def test_every_label_of_an_action_has_words() -> None:
    known = entries()
    labels = {
        text
        for path in (TUI / "actions.py", TUI / "widgets" / "call_panel.py")
        for text in re.findall(r'"((?:action|call|panel|cancelled)\.\w+)"', path.read_text("utf-8"))
    }
    assert len(labels) > 15
    assert labels <= set(known)
    assert {f"action.{action.id}" for action in REGISTRY if action.label is None} <= set(known)


def test_the_compiled_catalogues_are_the_written_ones() -> None:
    sources = sorted(LOCALE.glob("*/LC_MESSAGES/*.po"))
    assert PO in sources
    for source in sources:
        compiled = build_mo(parse_po(source.read_text("utf-8")))
        assert source.with_suffix(".mo").read_bytes() == compiled, "run python -m tui.catalogue"


def test_values_are_put_in_and_never_looked_at_again() -> None:
    said = i18n.render(message("refused.unknown", code=599, info="{code} {n} %s [/]"))
    assert said == "The call failed (599). {code} {n} %s [/]"


def test_a_missing_value_leaves_its_place() -> None:
    assert i18n.render(Message("ended.25")) == "The customer hung up."
    assert "{error}" in i18n.render(Message("keyring.failed"))


def test_an_unknown_id_is_shown_with_its_values() -> None:
    assert i18n.render(message("nobody.wrote_this", n=3, why="x")) == "nobody.wrote_this n=3 why=x"


def test_the_number_picks_the_plural() -> None:
    assert i18n.tr("signin.missing_fields", n=1) == "A field is missing."
    assert i18n.tr("signin.missing_fields", n=3) == "3 fields are missing."


def test_a_language_without_a_catalogue_is_english() -> None:
    i18n.set_language("xx")
    assert i18n.tr("state.idle") == "IDLE"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('msgid "a"\nmsgstr "1"\nmsgid "a"\nmsgstr "2"\n', "twice"),
        ('msgid "a"\nmsgid "b"\nmsgstr "2"\n', "no msgstr"),
        ('msgstr "2"\n', "out of place"),
        ('msgid "a\nmsgstr "2"\n', "not a string"),
    ],
)
def test_a_broken_catalogue_says_what_is_wrong(text: str, wrong: str) -> None:
    with pytest.raises(CatalogueError, match=wrong):
        parse_po(text)


def test_strings_go_on_over_lines(tmp_path: Path) -> None:
    assert parse_po('msgid ""\n"a.b"\nmsgstr "one "\n"two"\n') == {"a.b": "one two"}
