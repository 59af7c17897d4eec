"""A setting of the wire that cannot be used; `tui.config.errors` has the sentences."""

from __future__ import annotations


class BadSetting(ValueError):
    """`key` is the setting; `id` and `values` are the sentence, for the person who wrote it."""

    def __init__(self, key: str, id: str, **values: str) -> None:
        self.key = key
        self.id = id
        self.values = {"key": key, **values}
        super().__init__(f"{key}: {id} {', '.join(values.values())}")
