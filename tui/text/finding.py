"""Whether a text is found in others: full-width letters and digits are folded, and a Chinese name
is found by the initials of its pinyin too ("wf" for 王芳).

The standard GB 2312 has its 3755 common characters in the order of their pinyin, so where one
stands in its encoding tells its initial. Those of names beyond them are listed here. A character
that is in neither, a traditional one for instance, has no initial.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

_INITIALS: Final = "abcdefghjklmnopqrstwxyz"
_BEGINS: Final = (
    *(0xB0A1, 0xB0C5, 0xB2C1, 0xB4EE, 0xB6EA, 0xB7A2, 0xB8C1, 0xB9FE, 0xBBF7, 0xBFA6, 0xC0AC),
    *(0xC2E8, 0xC4C3, 0xC5B6, 0xC5BE, 0xC6DA, 0xC8BB, 0xC8F6, 0xCBFA, 0xCDDA, 0xCEF4, 0xD1B9),
    0xD4D1,
)
"""Where the characters of each initial begin in GB 2312, level 1."""
_END: Final = 0xD7F9
_OF_NAMES: Final = {
    "b": "蓓邶犇葆",
    "c": "琛宸晟褚谌婵岑丞翀",
    "d": "笪娣黛岱",
    "f": "霏酆斐芙馥妃",
    "g": "罡杲珪",
    "h": "昊晗泓瀚晖邗珩颢灏郇浣",
    "j": "婧婕瑾珺璟菁骥稷暨筠",
    "k": "珂锴恺阚蒯岢",
    "l": "璐蔺岚栾郦逯俪鸾珑",
    "m": "旻缪茗汨",
    "n": "楠",
    "p": "濮逄霈",
    "q": "琪覃瞿麒淇荃祺芊谯璩",
    "r": "睿芮嵘",
    "s": "姝姗佘莘",
    "t": "佟婷仝昙",
    "w": "雯炜邬隗玮",
    "x": "鑫昕娴曦馨璇荀胥冼骁暄萱郗潇筱",
    "y": "瑜妍煜熠烨媛懿钰嫣晏鄢庾弋妤奕宥羿玥昱彧瑛翊赟",
    "z": "梓臧昝竺芷峥喆仉禛",
}
"""Characters of names that stand elsewhere in it."""
_BESIDE: Final = {
    "单": "ds",
    "曾": "cz",
    "解": "jx",
    "仇": "cq",
    "区": "qo",
    "朴": "p",
    "查": "cz",
    "盖": "g",
    "乐": "ly",
    "尉": "wy",
    "覃": "qt",
    "谌": "cs",
    "翟": "dz",
    "缪": "m",
    "召": "zs",
    "种": "zc",
    "长": "cz",
    "重": "cz",
    "行": "xh",
    "茜": "xq",
    "晟": "sc",
    "莘": "sx",
    "藏": "cz",
    "石": "s",
}
"""Characters that are read in two ways: both initials."""
_EXTRA: Final = {each: initial for initial, every in _OF_NAMES.items() for each in every}


def folded(text: str) -> str:
    """The text as it is compared: one width, one case."""
    return unicodedata.normalize("NFKC", text).casefold()


def words_of(text: str) -> list[str]:
    """The words of a search, folded."""
    return folded(text).split()


def initial(character: str) -> str:
    """The initials by which a Chinese character may be read, most often one; "" for others."""
    if (several := _BESIDE.get(character)) is not None:
        return several
    if (known := _EXTRA.get(character)) is not None:
        return known
    try:
        code = int.from_bytes(character.encode("gb2312"))
    except UnicodeEncodeError:
        return ""
    if not _BEGINS[0] <= code <= _END:
        return ""
    return _INITIALS[bisect_right(_BEGINS, code) - 1]


@lru_cache(maxsize=4096)
def initials(text: str) -> tuple[str, ...]:
    """The initials of the Chinese characters in a text, in each way to read them."""
    every = [""]
    for read in filter(None, map(initial, text)):
        every = [before + each for before in every for each in read][:16]
    return tuple(each for each in every if each)


def found(word: str, *where: str) -> bool:
    """Whether a folded word is found in one of those."""
    return found_in(word, folded(" ".join(where)), where)


def found_in(word: str, text: str, where: Iterable[str]) -> bool:
    """The same, where `text` is all of them folded already, with blanks between: for many words."""
    if word in text:
        return True
    if not (word.isascii() and word.isalpha()):
        return False
    return any(word in each for text in where if not text.isascii() for each in initials(text))


def all_found(text: str, *where: str) -> bool:
    """Whether every word of the text is found in one of those."""
    return all(found(word, *where) for word in words_of(text))
