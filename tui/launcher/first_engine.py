"""Which engine a front end begins with, and what it would sign in with where none runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tui.console.sign_in_defaults import AccountChoice, SignInPrefill
from tui.launcher.find_engines import RunningEngine, find_running
from tui.launcher.sandbox_process import RunningSandbox, SandboxFinder
from tui.port.errors import EngineUnavailable

if TYPE_CHECKING:
    from tui.config.paths import Paths
    from tui.config.schema import Config, Profile


@dataclass(frozen=True, slots=True)
class LaunchOptions:
    """What the command line asked for."""

    config_file: Path | None = None
    profile: str = ""
    sandbox: SignInPrefill | None = None
    """A sandbox is wanted: the account that stands in the form until it is up."""
    generation: int = 2
    """Of the sandbox's platform, to begin with."""
    account: str = ""


@dataclass(frozen=True, slots=True)
class Beginning:
    """What was found: the engines that fit, the sandbox that runs, the form's first values."""

    engines: tuple[RunningEngine, ...]
    sandbox: RunningSandbox | None
    prefill: SignInPrefill


async def find_beginning(
    options: LaunchOptions, config: Config, paths: Paths, finder: SandboxFinder
) -> Beginning:
    """One that runs is attached, of several one is picked. Raises EngineUnavailable when the one
    there is cannot be spoken to."""
    profile = _profile(options, config)
    found = await find_running(paths.runtime)
    wanted = [
        engine
        for engine in found.engines
        if engine.matches(options.account, profile.switchnumber, profile.backend)
    ]
    prefill = SignInPrefill.of(profile)
    sandbox = None
    if options.sandbox is not None:
        sandbox = finder.look()
        wanted, prefill = [], options.sandbox
        if sandbox is not None:
            prefill = free_agent(sandbox, found.engines, options.generation)
            # One that somebody looks at is another front end's: this one is a new one.
            wanted = [
                engine
                for engine in found.engines
                if _is_at(engine, sandbox, options.account)
                and (options.account or not engine.screens)
            ]
    elif wanted and (running := finder.look()) is not None:
        # Taken up again without --sandbox: it is one all the same.
        if all(_is_at(engine, running) for engine in wanted):
            sandbox = running
    elif not wanted and found.refused:
        raise EngineUnavailable(found.refused[0])
    return Beginning(tuple(wanted), sandbox, prefill)


def choices_of(engines: tuple[RunningEngine, ...]) -> tuple[AccountChoice, ...]:
    """The engines as somebody picks one: by the process, with a label for people."""
    return tuple(AccountChoice(str(engine.pid), _label(engine)) for engine in engines)


def free_agent(
    sandbox: RunningSandbox, engines: tuple[RunningEngine, ...], generation: int
) -> SignInPrefill:
    """An agent of the sandbox who is not signed in here."""
    taken = {each.account.un for each in engines if _is_at(each, sandbox)}
    return sandbox.free_agent(frozenset(taken), generation)


def _profile(options: LaunchOptions, config: Config) -> Profile:
    from tui.config.schema import Profile

    return config.profile(options.profile) if options.profile else Profile()


def _is_at(engine: RunningEngine, sandbox: RunningSandbox, un: str = "") -> bool:
    """Whether it is signed in at the sandbox, at one generation or the other."""
    return any(engine.matches(un, backend=each) for each in (sandbox.http, sandbox.http1))


def _label(engine: RunningEngine) -> str:
    account = engine.account
    name = f" {account.displayname}" if account.displayname else ""
    return f"{account.un}{name} · {account.switchnumber} · {account.backend}"
