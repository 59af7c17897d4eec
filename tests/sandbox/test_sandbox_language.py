"""A platform that speaks Chinese: whatever words it has for a refusal."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import tui.sandbox
from tests.e2e.box import Desk, running
from tui.platform import messages as m
from tui.sandbox.language import CHINESE, in_chinese, message_in_chinese
from tui.sandbox.pbx.dialplan import REFUSALS
from tui.secrets import Secret

PLACE = Path(tui.sandbox.__file__).parent


def said() -> Iterator[str]:
    """Every text that the sandbox gives as the reason of a refusal."""
    yield from REFUSALS.values()
    for file in (*PLACE.glob("web/*.py"), *PLACE.glob("pbx/**/*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                texts = [each for each in node.args if isinstance(each, ast.Constant)]
                texts += [
                    each.value
                    for each in node.keywords
                    if each.arg == "info" and isinstance(each.value, ast.Constant)
                ]
                if name in ("_no", "_refuse", "Behaviour"):
                    yield from (
                        each.value for each in texts if isinstance(each.value, str) and each.value
                    )


@pytest.mark.parametrize("text", sorted(set(said()) - {"callintype"}))
def test_each_reason_has_its_chinese_words(text: str) -> None:
    assert in_chinese(text) != text


def test_nothing_is_translated_that_nobody_says() -> None:
    sources = "".join(file.read_text("utf-8") for file in PLACE.rglob("*.py"))
    assert [text for text in CHINESE if sources.count(f'"{text}"') < 2] == []


def test_a_number_in_a_sentence_stays() -> None:
    assert in_chinese("this switch number always answers 50001") == "该总机号始终返回 50001"
    assert in_chinese("whatever") == "whatever"


def test_a_message_without_words_stays_as_it_is() -> None:
    plain = m.CalloutResponse("200", "cc", "12000000001")
    assert message_in_chinese(plain) is plain
    refused = m.CalloutResponse("503", "cc", "12000000001", "busy")
    assert message_in_chinese(refused) == m.CalloutResponse("503", "cc", "12000000001", "忙")


async def test_a_sign_in_is_refused_in_the_platforms_language(tmp_path: Path) -> None:
    async with running(tmp_path, "--language", "zh") as box:
        desk = Desk(box, tmp_path)
        try:
            refused = await desk.engine.execute(desk.sign_in_command(pwd=Secret("wrong")))
            assert refused.message is not None
            assert ("info", "分机号或密码错误") in refused.message.values
        finally:
            await desk.engine.close()
