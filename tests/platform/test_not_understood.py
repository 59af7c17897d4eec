"""The list of what was not understood: bounded, counted, masked."""

from __future__ import annotations

import pytest

from tui.platform.not_understood import NotUnderstood, NotUnderstoodList, SkippedKind, masked


def test_the_newest_are_kept_and_all_are_counted() -> None:
    now = iter(range(1000))
    kept = NotUnderstoodList(clock=lambda: float(next(now)))
    heard: list[NotUnderstood] = []
    kept.on_added = heard.append
    for number in range(250):
        kept.add(SkippedKind.ATTRIBUTE, f"x{number}")
    kept.add(SkippedKind.REFUSED, "not XML", body=b"<cc")
    items = kept.items()
    assert len(items) == 200
    assert (items[0].kind, items[0].at, items[0].body) == (SkippedKind.REFUSED, 250.0, "<cc")
    assert items[-1].what == "x51"
    assert kept.counts() == {
        **dict.fromkeys(SkippedKind, 0),
        SkippedKind.ATTRIBUTE: 250,
        SkippedKind.REFUSED: 1,
    }
    assert len(kept) == 251
    assert len(heard) == 251


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('<cc a="100" n="12000000001"/>', '<cc a="100" n="•••••••••01"/>'),
        ('{"token": "abc.def", "x": 1}', '{"token": •••, "x": 1}'),
        ("Authorization: Bearer abc.def", "Authorization: •••"),
        ('nonce="ab1234cd", response="ff"', "nonce=•••, response=•••"),
        ("pwd=open&un=1001", "pwd=•••&un=••01"),
        ("\x1b[2J\u202eok", "ok"),
    ],
)
def test_secrets_and_numbers_are_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_a_message_of_which_much_is_kept_is_masked_once() -> None:
    class Body(bytes):
        decodings = 0

        def decode(self, *given: str, **named: str) -> str:
            Body.decodings += 1
            return super().decode(*given, **named)

    kept = NotUnderstoodList()
    body, other = Body(b'<cc n="12000000001" pwd="hush"/>'), Body(b'<cc n="12000000002"/>')
    for each in (*[body] * 100, other, body):
        kept.add(SkippedKind.ATTRIBUTE, "x", body=each)
    assert Body.decodings == 3
    newest, before, *rest = (item.body for item in kept.items())
    assert before == '<cc n="•••••••••02"/>'
    assert {newest, *rest} == {'<cc n="•••••••••01" pwd=•••/>'}
