"""How a sandbox is started."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tui.sandbox.replay import Recorded


LANGUAGES: Final = ("en", "zh")


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """Times in seconds; `auto_call` None = nobody calls by themselves."""

    port: int = 0
    auto_call: float | None = 4.0
    token_life: float = 1800.0
    seed: int | None = None
    big_directory: bool = False
    """A group of ten thousand members."""
    agents: int = 0
    """So many more accounts, from extension 1200 on."""
    language: str = "en"
    """In which the platform says why it refuses (`tui.sandbox.language`)."""
    replay: tuple[Recorded, ...] = ()
    """What the platform says, in place of all else (`tui.sandbox.replay`); () = no recording."""
    strange: int | None = None
    """The seed of a platform that is as unlike as it may be (`tui.sandbox.strange`); None = not."""
