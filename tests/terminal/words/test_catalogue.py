"""Every sentence has its words, and the compiled catalogue is the written one."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import get_args

import pytest

from tui.cli.host.top import COLUMNS
from tui.console import i18n
from tui.console.actions.registry import REGISTRY
from tui.console.catalogue import CatalogueError, build_mo, parse_po
from tui.console.i18n import LOCALE
from tui.engine.checks.shift_check import IDS
from tui.engine.sip_calls.events import IDS as LINE_IDS
from tui.engine.sip_calls.legs import UNUSABLE
from tui.engine.sip_calls.queues.queues import IDS as QUEUE_IDS
from tui.engine.sip_calls.subscriptions.state import IDS as WATCH_IDS
from tui.media.device.pulse import Verdict
from tui.platform.codes import ALL_IDS
from tui.platform.pbx.platform import IDS as PLAIN_IDS
from tui.port.queues import QueueAsk, QueueState
from tui.port.values import ConnectionState, Hearing, Leg, Message, VoiceState, message
from tui.sip.transport.flow import FlowFault

TUI = LOCALE.parents[1]
PO = LOCALE / "en" / "LC_MESSAGES" / "yimi.po"
CALLS = {"message", "Message", "tr", "ok", "warn", "fail"}
ASKED = [
    *("dial", "answer", "hangup", "hold", "resume", "status"),
    *("threeway", "transfer", "next_status", "phone_mode", "supervise"),
]
FILLED = {
    "line.{word}": [s.value for s in ConnectionState if s is not ConnectionState.REFUSED]
    + ["state_refused"],
    "voice.{voice.state.value}": [v.value for v in VoiceState if v is not VoiceState.OK],
    "leg.{call.leg.value}": ["awaited", "connecting", "failed", "lost"],
    "audio.{state.value}": [Leg.FAILED.value, Leg.LOST.value],
    "hearing.{quality.hearing.value}": [h.value for h in Hearing if h is not Hearing.OK],
    "help.{action.id}": [action.id for action in REGISTRY],
    "shift.{id}": ["answered_in", "answered_out", "missed", "talk", "longest", "hold"],
    "shift.kind_{kind}": ["group", "outcome"],
    "shift.csv_{id}": [
        *("from", "to", "kind", "name", "answered_in", "answered_out", "missed", "talk_seconds"),
        *("longest_seconds", "hold_seconds", "count", "break_seconds", "too_long"),
    ],
    "callbacks.{what}": ["call", "move", "close", "read_in", "back"],
    "pending.{call.pending}": ["hold", "resume"],
    "queue.ask.{queue.ask.value}": [ask.value for ask in QueueAsk if ask],
    "queue.state.{queue.state.value}": [state.value for state in QueueState],
    "party.{way}": ["transfer", "bring", "hand", "ask_first", "connect", "join"],
    "party.{way}_happens": ["hand", "ask_first", "connect", "join"],
    "question.{question.kind}": [
        "refer",
        "refer_title",
        "redirect",
        "redirect_title",
        "dial",
        "dial_title",
    ],
    "third.{third.state.value}": ["asked", "invited", "joined", "leaving", "failed", "left"],
    "pending.{word}": ["idle", "busy"],
    "wrapup.rule_{_rule(wrapup)}": ["required", "required_chosen", "timed", "strict", "open"],
    "group_state.{group.state_id}": ["0", "1", "2"],
    "kind.{kind}": ["platform2", "platform1", "sip"],
    "line_type.{kind}": ["2", "4", "5"],
    "unconfirmed.{what}": ASKED,
    "rejected.{what}": ASKED,
    "login.missing_{name}": ["un", "switchnumber", "number"],
    "check.title.{check.id}": [*IDS, "understood"],
    "check.state.{check.state}": ["waiting", "running", "ok", "warn", "fail"],
    "check.sound.{self.state}": ["no-portaudio", "no-device", "device-lost", "failed"],
    "check.sound.{which}": ["no-portaudio", "nothing", "device-lost", "failed"],
    "tour.{view.tour}": [str(n + 1) for n in range(6)],
    "sound.{stage}": ["warming", "stage_record", "stage_play", "stage_measure"],
    "pulse.{verdict}": [*get_args(Verdict), "gone"],
    "unusable.{why}": list(UNUSABLE),
    "login.ws-{error.why}": [each for each in FlowFault if each is not FlowFault.OTHER],
    "lines.sound_{state.value}": ["failed", "lost"],
    "plain.supervise.{how}": ["listen", "join", "leave", "end"],
    "man.code_{code}": list("01234"),
    "login.bad_{name}": ["un", "switchnumber", "number"],
    "top.{name}": [name for name, _ in COLUMNS],
}
"""What stands for the places of an id that is put together."""
FRONT = {"app.py", "registry.py", "keyring_store.py"}


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
    assert {*LINE_IDS, *PLAIN_IDS, *WATCH_IDS, *QUEUE_IDS} <= set(entries())


def test_every_label_of_an_action_has_words() -> None:
    known = entries()
    labels = {
        text
        for path in (
            TUI / "console" / "actions" / "labels.py",
            TUI / "console" / "widgets" / "call" / "panel.py",
        )
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
        assert source.with_suffix(".mo").read_bytes() == compiled, (
            "run python -m tui.console.catalogue"
        )


def test_values_are_put_in_and_never_looked_at_again() -> None:
    said = i18n.render(message("refused.unknown", code=599, info="{code} {n} %s [/]"))
    assert said == "The call failed (599). {code} {n} %s [/]"


def test_a_missing_value_leaves_its_place() -> None:
    assert i18n.render(Message("ended.25")) == "The customer hung up."
    assert "{error}" in i18n.render(Message("keyring.failed"))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_value_that_is_empty_leaves_no_gap(language: str) -> None:
    i18n.set_language(language)
    said = i18n.tr("callback.planned", number="12000000001", name="", when="10:00")
    assert "  " not in said
    assert i18n.tr("callback.planned", number="1", name="Wang", when="10:00").startswith("1 Wang ")


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


@pytest.mark.parametrize(
    ("language", "info"), [("en", "WRONG extension or password"), ("zh", "分机号或密码错误")]
)
def test_a_platform_that_says_the_same_is_not_repeated(language: str, info: str) -> None:
    i18n.set_language(language)
    said = i18n.render(message("login.50003", code=50003, info=info))
    assert said.casefold().count(info.casefold()) == 1


@pytest.mark.parametrize("id", ["refused.503", "refused.1000", "login.50000", "login.50005"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_platforms_own_words_stand_beside_ours(id: str, language: str) -> None:
    i18n.set_language(language)
    own, said = "客户已列入黑名单", i18n.render(message(id, code=1, info=""))
    assert own not in said
    assert i18n.render(message(id, code=1, info=own)).startswith(said)
    assert own in i18n.render(message(id, code=1, info=own))
