"""`yimi signin`: an engine started and signed in, without a screen."""

from __future__ import annotations

import asyncio
import sys
from argparse import Namespace
from pathlib import Path

from tui.cli.agent.answers import answer, print_json, unasked
from tui.cli.agent.which_group import group_of
from tui.cli.exits import OK, USAGE, complain
from tui.cli.opened import opened
from tui.config.paths import Paths
from tui.config.schema import Profile
from tui.console.i18n import render, tr
from tui.console.parts.keyring_access import password_of
from tui.launcher.engine_process import Starting
from tui.launcher.find_engines import find_running
from tui.port import replace
from tui.port.commands import JoinGroup, Result, SignIn, SignOut
from tui.port.values import Message, Phase, message
from tui.port.wire.client import EngineClient
from tui.secrets import Secret


def run(options: Namespace) -> int:
    """Run it; the exit code."""
    found = opened(options, profile=True)
    if isinstance(found, int):
        return found
    command = _command(options, found.profile)
    return asyncio.run(sign_in(options, found.paths, found.file, command))


async def sign_in(options: Namespace, paths: Paths, file: Path, command: SignIn) -> int:
    """The exit code. An engine that has the account already is left as it is."""
    if (missing := _missing(command)) is not None:
        return unasked(missing, USAGE, options)
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


def _command(options: Namespace, profile: Profile) -> SignIn:
    return replace(
        SignIn.of(profile, Secret()),
        un=options.un or profile.un,
        switchnumber=options.switchnumber or profile.switchnumber,
        backend=options.backend or profile.backend,
        kind=options.kind or profile.kind,
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
