"""Catalogues of sentences: a small reader of gettext's `.po`, and a writer of its `.mo`.

`python -m tui.console.catalogue` compiles every catalogue in `locale` beside it, and lists the ids
that one language has and another has not. Only what our catalogues use is understood: comments,
`msgid`, `msgid_plural`, `msgstr`, `msgstr[n]`, continued strings.
"""

from __future__ import annotations

import ast
import struct
from pathlib import Path

from tui.console.i18n import DOMAIN, LOCALE


class CatalogueError(ValueError):
    """A `.po` file that cannot be read; says the line."""


def parse_po(text: str) -> dict[str, str]:
    """Entries by msgid. Of a plural entry the key is `singular\\0plural`, the value the forms
    with a NUL between, as in a `.mo` file. Raises CatalogueError, also for an id given twice."""
    entries: dict[str, str] = {}
    fields: dict[str, str] = {}
    current = ""

    def finish(line: int) -> None:
        if "msgid" not in fields:
            return
        key = fields["msgid"]
        if "msgid_plural" in fields:
            key += "\0" + fields["msgid_plural"]
        forms = [fields[name] for name in sorted(fields) if name.startswith("msgstr")]
        if not forms:
            raise CatalogueError(f"line {line}: no msgstr for {key!r}")
        if key in entries:
            raise CatalogueError(f"line {line}: {key!r} twice")
        entries[key] = "\0".join(forms)
        fields.clear()

    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if not line.startswith('"'):
            keyword, _, line = line.partition(" ")
            if keyword == "msgid":
                finish(number)
            elif not keyword.startswith(("msgstr", "msgid_plural")) or not fields:
                raise CatalogueError(f"line {number}: {keyword!r} is out of place")
            current = keyword
            fields[current] = ""
        try:
            fields[current] += str(ast.literal_eval(line.strip()))
        except (SyntaxError, ValueError, KeyError) as error:
            raise CatalogueError(f"line {number}: not a string") from error
    finish(0)
    return entries


def build_mo(entries: dict[str, str]) -> bytes:
    """The `.mo` file (GNU gettext manual, "The Format of GNU MO Files") of those entries."""
    pairs = sorted((key.encode(), value.encode()) for key, value in entries.items())
    count = len(pairs)
    offset = 28 + 16 * count
    keys, values, blob = b"", b"", b""
    for index, table in ((0, "keys"), (1, "values")):
        rows = b""
        for pair in pairs:
            rows += struct.pack("<2I", len(pair[index]), offset + len(blob))
            blob += pair[index] + b"\0"
        if table == "keys":
            keys = rows
        else:
            values = rows
    header = struct.pack("<7I", 0x950412DE, 0, count, 28, 28 + 8 * count, 0, 0)
    return header + keys + values + blob


def missing(folder: Path = LOCALE) -> dict[str, list[str]]:
    """By language, the ids that some other catalogue has and this one has not, or has empty."""
    known: dict[str, set[str]] = {}
    for source in sorted(folder.glob(f"*/LC_MESSAGES/{DOMAIN}.po")):
        entries = parse_po(source.read_text("utf-8"))
        known[source.parents[1].name] = {key.partition("\0")[0] for key in entries if entries[key]}
    every = set().union(*known.values())
    return {language: sorted(every - ids) for language, ids in known.items() if every - ids}


def main() -> None:
    """Compile each `.po` beside itself, and list what a language has no sentence for yet."""
    for source in sorted(LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.po")):
        source.with_suffix(".mo").write_bytes(build_mo(parse_po(source.read_text("utf-8"))))
    for language, ids in missing().items():
        print(f"{language} has no words for:", *ids, sep="\n  ")


if __name__ == "__main__":
    main()
