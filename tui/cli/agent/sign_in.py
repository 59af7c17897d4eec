"""`yimi signin`: an engine started and signed in, without a screen."""

from __future__ import annotations

import asyncio
import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from tui.cli.agent.answers import answer, print_json
from tui.cli.agent.run import group_of
from tui.cli.exits import OK, USAGE, complain, complain_config, speak
from tui.config.paths import PathError, Paths
from tui.config.reader import load
from tui.config.schema import ConfigError, Profile
from tui.console.i18n import render, tr
from tui.console.parts.keyring_access import password_of
from tui.launcher.engine_process import Starting
from tui.launcher.find_engines import find_running
from tui.port.commands import JoinGroup, Result, SignIn, SignOut
from tui.port.values import LineType, Message, Phase, message
from tui.port.wire.client import EngineClient
from tui.secrets import Secret

if TYPE_CHECKING:
    from tui.config.schema import Config


def run(options: Namespace) -> int:
    """Run it; the exit code."""
    try:
        paths = Paths.find().prepare()
        file = Path(options.config or paths.config_file).absolute()
        config = load(file)
        profile = config.profile(options.profile) if options.profile else _only(config)
    except ConfigError as error:
        return complain_config(error)
    except PathError as error:
        return complain(str(error), USAGE)
    speak(config)
    return asyncio.run(sign_in(options, paths, file, _command(options, profile)))


async def sign_in(options: Namespace, paths: Paths, file: Path, command: SignIn) -> int:
    """The exit code. An engine that has the account already is left as it is."""
    if (missing := _missing(command)) is not None:
        return complain(render(missing), USAGE)
    found = await find_running(paths.runtime)
    if any(each.matches(command.un, command.switchnumber) for each in found.engines):
        return answer(Result(True), as_json=options.json, already=True)
    password = await _password(options, command)
    if isinstance(password, Message):
        return answer(Result(False, password), as_json=options.json)
    starting = Starting(paths.runtime, config=file, profile=command.profile)
    path = await starting.socket()
    starting.process.returncode = 0  # it outlives this command: nobody waits for it
    client = await EngineClient.connect(path, kind="script")
    try:
        return await _sign_in(options, client, _with(command, password))
    finally:
        await client.close()


def _only(config: Config) -> Profile:
    """The profile that a front end begins with; an empty one where there is none."""
    return config.profiles[0] if config.profiles else Profile()


def _command(options: Namespace, profile: Profile) -> SignIn:
    return SignIn(
        un=options.un or profile.un,
        pwd=Secret(),
        switchnumber=options.switchnumber or profile.switchnumber,
        callintype=LineType(profile.callintype),
        number=profile.number,
        backend=options.backend or profile.backend,
        kind=options.kind or profile.kind,
        profile=profile.name,
    )


def _missing(command: SignIn) -> Message | None:
    if not command.un:
        return message("cli.signin_who")
    if command.kind != "platform1" and not command.backend:
        return message("signin.no_server" if command.kind == "sip" else "signin.no_backend")
    return None


def _with(command: SignIn, password: Secret) -> SignIn:
    from tui.port import replace

    return replace(command, pwd=password)


async def _password(options: Namespace, command: SignIn) -> Secret | Message:
    """From the keyring where that is wanted, else asked for, else the first line that comes."""
    if options.keyring:
        return await password_of(command)
    if sys.stdin.isatty():
        from getpass import getpass

        try:
            typed = getpass(tr("check.cli.password", account=command.un))
        except EOFError:
            typed = ""
    else:
        typed = sys.stdin.readline().rstrip("\r\n")
    return Secret(typed) if typed else message("cli.signin_password")


async def _sign_in(options: Namespace, client: EngineClient, command: SignIn) -> int:
    result = await client.execute(command)
    if not result.ok:
        await client.execute(SignOut(end=True))  # the engine was only for this
        return answer(result, as_json=options.json)
    groups = client.snapshot().groups
    gid: str | Message = "0"
    if options.group:
        gid = group_of(groups, options.group)
    elif len(groups) == 1:
        gid = groups[0].gid
    elif groups:
        return _choose(options, client)
    if isinstance(gid, Message):
        await client.execute(SignOut(end=True))
        return answer(Result(False, gid), as_json=options.json)
    joined = await client.execute(JoinGroup(gid))
    if not joined.ok:
        await client.execute(SignOut(end=True))
    return answer(joined, as_json=options.json, gid=gid)


def _choose(options: Namespace, client: EngineClient) -> int:
    """Several groups and none named: signed in so far, the group is the next command."""
    names = ", ".join(group.name or group.gid for group in client.snapshot().groups)
    wanted = message("cli.signin_group", groups=names)
    if options.json:
        rows = [{"gid": each.gid, "name": each.name} for each in client.snapshot().groups]
        phase = Phase.CHOOSING_GROUP.value
        print_json({"ok": True, "phase": phase, "groups": rows, "message": render(wanted)})
        return OK
    return complain(render(wanted), OK)
