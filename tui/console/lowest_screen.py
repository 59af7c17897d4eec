"""The screen beneath all others: the form, the list of groups, or the console."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from textual.screen import Screen

AnyScreen = TypeVar("AnyScreen", bound=Screen[Any])


class HasScreens(Protocol):
    """So much of Textual's App as has to be known here."""

    @property
    def screen_stack(self) -> list[Screen[Any]]: ...


def lowest(stage: HasScreens, kind: type[AnyScreen]) -> AnyScreen | None:
    """That screen, where it is of that kind; None where it is not, and before the first screen and
    after the last: what was asked for may be answered when the app is over."""
    screen = next(iter(stage.screen_stack), None)
    return screen if isinstance(screen, kind) else None
