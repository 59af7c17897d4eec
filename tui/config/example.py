"""The text of `config.example.toml`: every setting with its meaning and its default.

`python -m tui.config.example` prints it.
"""

from __future__ import annotations

import textwrap
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Final

from tui.config.schema import (
    WIRE,
    Break,
    Config,
    OwnAction,
    Profile,
    QueueSettings,
    wire_table,
)
from tui.config.toml.places import written

_HEAD: Final = """\
# yimi's settings. Every one stands here with its default; what is left out is the default.
# No password belongs in here: the system's keyring keeps it, when you ask for it at sign-in.
"""
_CRM: Final = "https://crm.example.com/find?phone={number}"
_TAIL: Final = """
# A named sign-in, as many as you like:
#
# [profiles.office]
{profile}#
# [profiles.office.policies]
# unattended_sign_out_after = 600.0

# platform1: which server knows which switch number, or the numbers that begin so. A host, or an
# address with its port:
#
# [servers]
# 02500001234 = "cc.example.com"
# 025 = "cc.example.com:1047"

# Any PBX that speaks SIP over WebSocket. The password is asked for, or in the keyring; ws:// is
# only for a PBX on this computer. The directory stands here, or in a file (people_file):
#
# [profiles.pbx]
# kind = "sip"
# un = "1001@pbx.example.com"
# backend = "wss://pbx.example.com:8443/ws"
# ice_servers = ["stun:pbx.example.com", "turn:pbx.example.com"]
# turn_renewal = ["https://pbx.example.com/turn?user=1001"]
#
# [[profiles.pbx.people]]
# name = "Wang Fang"
# number = "1007"
# group = "After-sales"
#
# # The queues that the agent works in there (docs/queues.md):
#
# [[profiles.pbx.queues]]
{queue}# pauses = {{ lunch = "*461", write-up = "*464" }}

# Keys by action, one or two each; what stands here replaces an action's own. `yimi keys` shows the
# actions, and what a terminal really sends:
#
# [keys]
# mute = "f11"
# hold = ["f6", "w"]

# Why a seat is busy: F9 asks which, by digit. With sip, a feature code can tell the PBX:
#
# [breaks.lunch]
{lunch}#
# [breaks.coffee]
# minutes = 10.0

# Actions of one's own, in the palette, the help and by their key. Never through a shell:
#
# [actions.crm]
{crm}#
# [actions.ticket]
# command = ["new-ticket", "--caller", "{{number}}", "--case", "{{header:X-Case}}"]
# when = "call"

# What to say in a call, by the name or the gid of its group: Markdown files beside this one.
#
# [scripts]
# Sales = "sales.md"
# "*" = "greeting.md"

# What nobody has published about the wire is assumed. Where a platform does otherwise, say so by
# these names, each with a text (docs/adapting.md):
# [routes]: {routes}
# [routes1]: {routes1}
# [fields]: {fields}
# [fields1]: {fields1}
# [messages]: {messages}
"""


def example() -> str:
    """The text of `config.example.toml`."""
    parts = [_HEAD]
    for section in fields(Config):
        defaults = section.default
        if defaults is not MISSING and is_dataclass(defaults):
            parts.append(f"\n# {type(defaults).__doc__}\n[{section.name}]\n{_listed(defaults)}")
    profile = _commented(Profile())
    lunch = Break(title="Lunch", minutes=45.0, code="LUNCH", dial="*781", dial_back="*780")
    crm = OwnAction(title="Customer in the CRM", key="Alt+K", url=_CRM, when="call")
    queue = QueueSettings(
        name="Support", pause="*46", unpause="*47", paused_hint="support-paused-1001"
    )
    own = {
        "queue": _commented(queue),
        "lunch": _commented(lunch),
        "crm": _commented(crm, "command"),
    }
    names = {name: tuple(each.name for each in fields(wire_table(name))) for name in WIRE}
    folded = {name: _folded(each) for name, each in names.items()}
    return "".join(parts) + _TAIL.format(profile=profile, **own, **folded)


def _folded(names: tuple[str, ...]) -> str:
    return "\n#   ".join(textwrap.wrap(", ".join(names), 80))


def _commented(values: Any, *without: str) -> str:
    return "".join(f"# {line}\n" for line in _listed(values, without).splitlines())


def _listed(values: Any, without: tuple[str, ...] = ()) -> str:
    lines = []
    for each in fields(values):
        if "doc" in each.metadata and each.name not in without:
            value = written(getattr(values, each.name), 1000)
            lines.append(f"# {each.metadata['doc']}\n{each.name} = {value}\n")
    return "".join(lines)


if __name__ == "__main__":
    print(example(), end="")
