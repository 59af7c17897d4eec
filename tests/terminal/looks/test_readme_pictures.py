"""The README's pictures: there, small, and fetching nothing."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

FOLDER = Path(__file__).parents[3] / "docs" / "pictures"
PICTURES = sorted(FOLDER.glob("*.svg"))
LARGEST = 40_000
"""Bytes of one picture; the recording has one for each of its states."""


def test_the_main_states_have_a_picture() -> None:
    names = {picture.stem for picture in PICTURES}
    assert {"sign-in", "incoming", "talking", "three-way", "wrap-up", "talking-zh", "call"} <= names


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.stem)
def test_a_picture_is_small_and_says_nothing_of_the_machine_it_was_drawn_on(picture) -> None:
    text = picture.read_text("utf-8")
    assert ElementTree.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"
    frames = max(1, text.count('class="frame"'))
    assert len(text.encode()) < LARGEST * frames
    assert not re.search(r"/(home|root|tmp|work|Users)/|file:|@import|url\((?!#)|href=", text)
