"""Whatever a body holds: a value or the one error, and every text in it may be shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.growth import LINEAR, growth
from tui.presence.dialog_info import DialogTable, parse_dialog_info
from tui.presence.errors import UnreadableBody
from tui.presence.message_summary import parse_message_summary
from tui.presence.pidf import parse_pidf
from tui.text import clean_text

PARSERS: tuple[Callable[[bytes], object], ...] = (
    parse_dialog_info,
    parse_pidf,
    parse_message_summary,
)
_PIECES = st.lists(
    st.sampled_from(
        [
            *('<dialog-info version="1">', "</dialog-info>", '<dialog id="1" ', "</dialog>", ">"),
            *("<state>early", "</state>", "<local>", "</local>", "<identity>", "</identity>"),
            *("<presence>", "</presence>", '<tuple id="1">', "</tuple>", "<note>", "</note>"),
            *("<person>", "<activities>", "<away/>", "</activities>", "</person>", "/>"),
            *("Messages-Waiting: yes\r\n", "Voice-Message: ", "9/9 (", "1/1)", ": ", "\r\n"),
            *("\x1b[2J", "\u202e", "\x00", "&#27;", "&#x202e;", "&lt;", "<!ENTITY a 'b'>", "&a;"),
            *("e\u0301\u0301\u0301", "<![CDATA[\x9b2J]]>", 'call-id="\u200b"', "direction='x'"),
        ]
    ),
    max_size=20,
).map(lambda parts: "".join(parts).encode())


def texts(value: object) -> Iterator[str]:
    """Every text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from texts(each)
    elif isinstance(value, dict):
        yield from texts((*value.keys(), *value.values()))
    elif is_dataclass(value):
        yield from texts(tuple(getattr(value, each.name) for each in fields(value)))


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.binary(max_size=300), _PIECES))
def test_any_bytes_are_a_value_or_an_unreadable_body_and_all_texts_are_clean(body: bytes) -> None:
    for parse in PARSERS:
        try:
            news = parse(body)
        except UnreadableBody:
            continue
        for text in texts(news):
            assert clean_text(text, 256) == text


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 9),
            st.sampled_from(["full", "partial"]),
            st.sampled_from("123"),
            st.sampled_from(["trying", "early", "confirmed", "terminated"]),
        ),
        max_size=12,
    )
)
def test_any_order_of_bodies_leaves_a_table_that_names_no_ended_call(
    said: list[tuple[int, str, str, str]],
) -> None:
    table = DialogTable()
    for version, state, id, what in said:
        body = (
            f'<dialog-info version="{version}" state="{state}"><dialog id="{id}">'
            f"<state>{what}</state></dialog></dialog-info>"
        )
        table.take(parse_dialog_info(body.encode()))
        assert all(each.state != "terminated" for each in table.dialogs.values())
        assert table.lamp != "unknown"


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize(
    "piece", [b"<a>", b"&amp;", b"<!--", b"Voice-Message: 1/1 (", b" : ", b"<a b='", b"]]>", b"\n"]
)
def test_16_kib_of_anything_are_read_or_refused_in_linear_time(
    parse: Callable[[bytes], object], piece: bytes
) -> None:
    def refused(body: bytes) -> None:
        with pytest.raises(UnreadableBody):
            parse(body)

    small, large = ((b"<presence>" + piece * size)[:size] for size in (2048, 16384))
    assert growth(refused, small, large, 8) < LINEAR
