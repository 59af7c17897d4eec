"""What was typed into the sign-in form, as it may be sent: numbers made plain, gaps said in words.
The factory knows which of the two forms a sign-in has filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tui.engine.numbers import NumberError, parse_number, parse_phone
from tui.platform.base import LINE_TYPES, VOIP, PlatformError
from tui.platform.codes import BAD_ARGUMENT, login_id
from tui.port import replace
from tui.port.commands import Result, SignIn
from tui.port.values import Message, message

if TYPE_CHECKING:
    from tui.config.schema import Config


def login_message(error: PlatformError) -> Message:
    """The sentence for a refused sign-in."""
    return message(login_id(error), code=error.code, info=error.info)


def refused(message_id: str) -> Result:
    """A field that cannot be sent (50001), as that sentence says."""
    return Result(False, message(message_id, code=BAD_ARGUMENT), BAD_ARGUMENT)


def platform_fields(command: SignIn) -> SignIn | Result:
    """Extension, enterprise and, where the voice goes to a telephone, its number; or what is wrong
    with them (50001)."""
    if command.callintype not in LINE_TYPES:
        return refused("login.bad_line_type")
    plain: dict[str, Any] = {}
    wanted = ["un", "switchnumber"] + (["number"] if command.callintype != VOIP else [])
    for name in wanted:
        text = getattr(command, name)
        if not text.strip():
            return refused(f"login.missing_{name}")
        try:
            plain[name] = parse_phone(text) if name == "number" else parse_number(text)
        except NumberError:
            return refused(f"login.bad_{name}")
    if not command.pwd:
        return refused("login.missing_pwd")
    return replace(command, backend=command.backend.strip(), **plain)


def one_spelling(command: SignIn) -> SignIn:
    """The same account, whose backend is written in one way only: what it is known by on this
    machine."""
    from tui.platform.web.addresses import base_url

    try:
        parts = urlsplit(base_url(command.backend))
    except PlatformError:  # none, or that of another kind of platform
        return command
    usual = {"http": 80, "https": 443}[parts.scheme]
    host = parts.netloc.removesuffix(f":{usual}")
    return replace(command, backend=f"{parts.scheme}://{host}{parts.path}")


def pbx_fields(config: Config, command: SignIn) -> SignIn | Result:
    """An address of record and a WebSocket, each as it is written in one way only; or what is wrong
    with them (50001)."""
    from tui.platform.pbx.platform import NO_WEBSOCKET, parse_address
    from tui.platform.web.addresses import socket_url

    try:
        uri = parse_address(command.un)
        un = str(uri).removeprefix("sip:")
        profile = config.profile_for(command.kind, command.profile, un)
        url = command.backend.strip() or profile.backend
        if not url:
            raise PlatformError(BAD_ARGUMENT, "no WebSocket address", NO_WEBSOCKET)
        socket_url(url)
    except PlatformError as error:
        return Result(False, login_message(error), error.code)
    if not command.pwd:
        return refused("login.missing_pwd")
    return replace(command, un=un, backend=url, switchnumber="", number="", callintype=VOIP)
