"""The dial plan: which number behaves how. Every refusal of the specification has one.

`look_up` is the only reader of the tables; `dial_plan_text` prints the same tables, so that help
and behaviour cannot part.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tui.sandbox.fixtures import LOGIN_FAULTS, SWITCHNUMBER, Fixtures

REFUSALS: dict[str, str] = {
    "470": "no SIP phone bound",
    "471": "SIP phone offline",
    "486": "SIP phone busy",
    "502": "wrong state",
    "503": "busy",
    "507": "switch number suspended",
    "508": "outside working hours",
    "509": "outside hours",
    "511": "no such switch number",
    "512": "the customer's daily limit",
    "1000": "no permission for that agent",
    "9999": "a code that no document lists",
}
"""`r` of a refused call, and the platform's `info` with it."""

_VOICE = re.compile(r"\A(?:speak|echo|silent|tone:[0-9]{2,4})\Z")


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the other party of a call does. All times in seconds, None = never.

    `voice`: "speak" (a spoken clip, over and over), "echo", "silent" or "tone:HZ".
    `refuse` is the `r` of the platform's answer, or "" when it takes the call; `reply_after` is
    when the platform answers the dial command at all; `answer_after` when the party answers;
    `hang_up_after` counts from the answer; `give_up_after` from the ringing of an incoming call;
    `call_back_after` from the end of the call. `leg` False: the audio leg is never built. `code`:
    the digits that a menu wants; then the party says `then`.
    """

    voice: str = "speak"
    refuse: str = ""
    info: str = ""
    reply_after: float | None = 0.0
    answer_after: float | None = 2.0
    hang_up_after: float | None = None
    give_up_after: float | None = None
    call_back_after: float | None = None
    leg: bool = True
    code: str = ""
    then: str = "speak"

    def __post_init__(self) -> None:
        for each in (self.voice, self.then):
            if not _VOICE.match(each):
                raise ValueError(f"voice is speak, echo, silent or tone:HZ, not {each!r}")


OUTSIDE: dict[str, tuple[Behaviour, str]] = {
    "12000000001": (Behaviour(), "answers after 2 s and speaks"),
    "12000000002": (Behaviour(voice="echo"), "answers after 2 s and sends back what it hears"),
    "12000000003": (Behaviour(voice="tone:440"), "answers after 2 s with a tone of 440 Hz"),
    "12000000004": (Behaviour(hang_up_after=5.0), "answers, speaks, hangs up after 5 s"),
    "12000000005": (Behaviour(answer_after=None), "never answers"),
    "12000000006": (
        Behaviour(answer_after=None),
        "declines, which an outside line cannot tell from no answer",
    ),
    "12000000007": (Behaviour(answer_after=15.0), "answers only after 15 s"),
    "12000000008": (Behaviour(voice="silent"), "answers after 2 s and says nothing"),
    "12000000009": (Behaviour(reply_after=None), "the platform never replies to the call"),
    "12000000010": (Behaviour(reply_after=20.0), "the platform replies after 20 s, too late"),
    "12000000011": (Behaviour(leg=False), "accepted, but the audio leg never comes"),
    "12000000020": (
        Behaviour(refuse="503", info="busy", call_back_after=3.0),
        "busy, and calls you back 3 s later",
    ),
    "12000000021": (
        Behaviour(answer_after=0.0, hang_up_after=1.0),
        "answers at once and hangs up after 1 s",
    ),
    "12000000030": (
        Behaviour(voice="tone:620", answer_after=0.5, code="8001#", then="tone:480"),
        "a menu that hums at 620 Hz until 8001# is typed, then 480 Hz",
    ),
}

_TONE = re.compile(r"\A1202000([0-9]{4})\Z")
_REFUSED = re.compile(r"\A1299999([0-9]{4})\Z")
_INSIDE_REFUSED = re.compile(r"\A1([45][0-9]{2})\Z")


def look_up(number: str) -> Behaviour:
    """How the outside number behaves; one that the plan does not list answers and speaks."""
    listed = OUTSIDE.get(number)
    if listed is not None:
        return listed[0]
    if (tone := _TONE.match(number)) and 50 <= int(tone[1]) <= 4000:
        return Behaviour(voice=f"tone:{int(tone[1])}")
    if refused := _REFUSED.match(number):
        code = str(int(refused[1]))
        return Behaviour(refuse=code, info=REFUSALS.get(code, "refused"))
    if not (number.isascii() and number.isdigit()):
        return Behaviour(refuse="511", info="not a number")
    return Behaviour()


def look_up_inside(number: str, fixtures: Fixtures) -> Behaviour | None:
    """How a simulated extension behaves; None for an agent whom somebody can sign in as."""
    seed = fixtures.agents.get(number)
    if seed is not None and not seed.simulated:
        return None
    if seed is not None:
        if seed.simulated == "answers":
            return Behaviour(voice="speak")
        if seed.simulated == "forbidden":
            return Behaviour(refuse="1000", info=REFUSALS["1000"])
        return Behaviour(answer_after=None)
    if (refused := _INSIDE_REFUSED.match(number)) and refused[1] in REFUSALS:
        return Behaviour(refuse=refused[1], info=REFUSALS[refused[1]])
    return Behaviour(refuse="404", info="no such extension")


def dial_plan_text(fixtures: Fixtures | None = None) -> str:
    """The dial plan as `yimi sandbox --help` prints it."""
    fixtures = fixtures or Fixtures()
    lines = [f"accounts (switch number {SWITCHNUMBER}):"]
    odd = {
        "1003": "at generation 1 a supervisor: the group has live calls to listen to",
        "1004": "in no group",
        "1005": "in 22 groups: more than one page",
        "1006": "its group comes without a live state",
        "1007": "token lives 20 s",
        "1008": "seat check-in is refused",
        "1009": "SIP registration is refused",
        "1010": "a hostile name",
    }
    for seed in fixtures.accounts():
        note = f"  {odd[seed.un]}" if seed.un in odd else ""
        lines.append(f"  {seed.un}  password {seed.pwd}{note}")
    lines.append("")
    lines.append("sign-in faults, by switch number (a wrong password is 50003, any other 50004):")
    lines += [f"  {number}  {code}" for number, code in LOGIN_FAULTS.items()]
    lines.append("")
    lines.append("outside numbers:")
    lines += [f"  {number}  {text}" for number, (_, text) in OUTSIDE.items()]
    lines.append("  1202000HHHH  answers after 2 s with a tone of HHHH Hz (0050 to 4000)")
    lines.append("  1299999CCCC  refused with code CCCC:")
    lines += [f"      1299999{int(code):04d}  {text}" for code, text in REFUSALS.items()]
    lines.append("  any other    answers after 2 s and speaks")
    lines.append("")
    lines.append("telephones of agents (line types 4 and 5), by the last digits of their number:")
    lines.append("  …0470  not bound, …0471 offline, …0486 busy: calls are refused so")
    lines.append("  …0999  never picked up by itself; any other is, 1 s after it began to ring")
    lines.append("")
    lines.append(f"extensions ({fixtures.extension_start} to {fixtures.extension_end}):")
    lines.append("  1001 to 1010  the accounts above: ring where they are signed in,")
    lines.append("                502 when offline, 503 when busy or in a call")
    lines.append("  1090          always answers and speaks")
    lines.append("  1091          never answers")
    lines.append("  1099          refused with 1000, no permission")
    lines.append("  14NN, 15NN    refused with 4NN, 5NN as above (1470, 1503 …)")
    lines.append("  any other     refused with 404, which no document lists")
    return "\n".join(lines)
