"""The little of Markdown that a script for a call has, as styled text: headings, lists, emphasis,
quotes, rules. What is not known stands as it was written; a link is its text and its address.

Textual's own widget for Markdown takes longer to load than a call should wait for.
"""

from __future__ import annotations

import re
from typing import Final

from textual.content import Content

_HEADING: Final = re.compile(r"(#{1,6})\s+(.*?)\s*#*")
_BULLET: Final = re.compile(r"(\s*)[-*+]\s+(?:\[([ xX])\]\s+)?(.*)")
_NUMBERED: Final = re.compile(r"(\s*)(\d{1,3})[.)]\s+(.*)")
_QUOTE: Final = re.compile(r">\s?(.*)")
_RULE: Final = re.compile(r"([-*_])(?:\s*\1){2,}")
_INLINE: Final = re.compile(
    r"\\([!-/:-@\[-`{-~])"
    r"|\*\*(?=\S)(.+?)\*\*|__(?=\S)(.+?)__"
    r"|\*(?=\S)(.+?)\*|(?<!\w)_(?=\S)(.+?)_(?!\w)"
    r"|`([^`]+)`|\[([^\]]*)\]\(([^)\s]*)[^)]*\)|<((?:https?|mailto):[^>\s]+)>"
)
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~])")
_END: Final = ("\n", "")
Pieces = list[tuple[str, str]]


def escaped(value: str) -> str:
    """A value that is put into a text: nothing in it is a sign of Markdown."""
    return _SPECIAL.sub(r"\\\1", value)


def rendered(text: str, *, ascii_signs: bool = False) -> Content:
    """The text, a paragraph or a list item a line; whoever shows it folds the lines."""
    pieces: Pieces = []
    paragraph: list[str] = []

    def end_paragraph() -> None:
        if paragraph:
            pieces.extend(_inline(" ".join(paragraph), ""))
            pieces.append(_END)
            paragraph.clear()

    bullet = "-" if ascii_signs else "•"
    for line in text.replace("\t", "    ").splitlines():
        plain = line.rstrip()
        if not plain:
            end_paragraph()
            if pieces[-2:] not in ([], [_END, _END]):
                pieces.append(_END)
            continue
        block = _block(plain, bullet)
        if block is None:
            paragraph.append(plain.strip())
            continue
        end_paragraph()
        pieces += [*block, _END]
    end_paragraph()
    return Content.assemble(*pieces)


def _block(line: str, bullet: str) -> Pieces | None:
    """A line that is more than part of a paragraph."""
    if found := _HEADING.fullmatch(line):
        return _inline(found[2], "bold $strong")
    if _RULE.fullmatch(line.strip()):
        return [("─" * 20 if bullet != "-" else "-" * 20, "$rule")]
    if found := _BULLET.fullmatch(line):
        box = {None: "", " ": "[ ] "}.get(found[2], "[x] ")
        return [(f"{found[1]}{bullet} {box}", "$dim"), *_inline(found[3], "")]
    if found := _NUMBERED.fullmatch(line):
        return [(f"{found[1]}{found[2]}. ", "$dim"), *_inline(found[3], "")]
    if found := _QUOTE.fullmatch(line):
        return [("  ", ""), *_inline(found[1], "italic $dim")]
    return None


def _inline(text: str, style: str) -> Pieces:
    """Emphasis and the like; one within another is not looked for."""
    pieces: Pieces = []
    at = 0
    for found in _INLINE.finditer(text):
        pieces.append((text[at : found.start()], style))
        at = found.end()
        sign, strong, strong2, soft, soft2, code, label, address, link = found.groups()
        if sign:
            pieces.append((sign, style))
        elif strong or strong2:
            pieces.append((_plain(strong or strong2), f"bold {style}".strip()))
        elif soft or soft2:
            pieces.append((_plain(soft or soft2), f"italic {style}".strip()))
        elif code:
            pieces.append((code, f"bold {style}".strip()))
        else:
            shown = link or (f"{label} ({address})" if address and label != address else label)
            pieces.append((shown, f"underline {style}".strip()))
    pieces.append((text[at:], style))
    return [piece for piece in pieces if piece[0]]


def _plain(text: str) -> str:
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text)
