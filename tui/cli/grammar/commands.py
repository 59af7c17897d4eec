"""The names of the commands, and what the help says of each.

The first frame waits for this: what only the agent's commands take is in `agent`, which a named
command loads.
"""

from __future__ import annotations

from typing import Final

from tui.cli.grammar.work import COMMANDS as WORK

COMMANDS: Final = {
    "status": "who is signed in, the seat, the call",
    "events": "what happens, as JSON lines, until the engine ends",
    "dial": "call an extension or an outside line",
    "answer": "answer the call that rings",
    "hangup": "hang up, or decline the call that rings",
    "hold": "put the call on hold",
    "resume": "take the call off hold",
    "mute": "cut the microphone (on, the default) or open it again (off)",
    "idle": "ready for calls",
    "busy": "no calls",
    **WORK,
    "signout": "sign out and end the engine",
    "engine": "an engine in the foreground, for a service manager",
    "doctor": "the check before the shift: line, account, sound, disk",
    "probe": "sign in, listen, and write down what the platform says, masked",
    "bundle": "one file with the last hour, masked, for whoever helps",
    "replay": "the console as it was, from a bundle, forwards and back",
    "metrics": "figures of every engine on this machine, as OpenMetrics text",
    "top": "every engine on this machine: state, call, sound, memory, processor",
    "watch": "look at another user's desk, where the config there permits it",
    "paths": "where files live",
    "config": "check the config: every mistake at once, with its line",
    "headset": "yimi on another machine, with the headset of this one, through ssh",
    "provision": "fetch the administrator's settings now",
    "kiosk": "a desk for whoever comes, without a way out; kiosk pin makes its PIN",
    "keys": "which key does what, and what this terminal really sends",
    "sandbox": "a call platform in a box, alone (yimi sandbox --help)",
}
AGENT: Final = (
    *("signin", "group", "transfer", "threeway", "drop", "end-for-all", "tones"),
    *("pickup", "park", "fetch", "voicemail"),
    *("note", "outcome", "next", "history", "members"),
)
"""The commands of `tui.cli.agent` (their words: `tui.cli.grammar.agent`)."""
SHELL: Final = ("desktop", "completions", "man")
"""The commands of `tui.cli.shell`."""
WHO_STAYS: Final = {
    "all": "in a three-way call: end it for all",
    "drop": "in a three-way call: take the third party out, and stay",
    "leave": "in a three-way call: leave the other two talking",
}
"""What `yimi hangup` takes where three are in the call."""
