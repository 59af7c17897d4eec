"""Groups and their members, asked of the platform of the session."""

from __future__ import annotations

from tui.engine.context import EngineContext
from tui.engine.not_understood import note_missing
from tui.engine.session.sign_in_fields import login_message
from tui.platform.base import Platform, PlatformError
from tui.port.commands import GetGroupMembers, GetGroups, Result
from tui.port.values import message


async def look_up(
    context: EngineContext, platform: Platform | None, command: GetGroups | GetGroupMembers
) -> Result:
    """One page; `platform` is None where nobody is signed in."""
    if platform is None:
        return Result(False, message("engine.not_signed_in"))
    try:
        if isinstance(command, GetGroups):
            return Result(True, value=await platform.get_groups(command.page))
        return Result(True, value=await platform.get_group_members(command.gid, command.page))
    except PlatformError as error:
        note_missing(context.not_understood, error, "directory")
        return Result(False, login_message(error), error.code)
