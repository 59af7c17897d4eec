"""Every code of the platform, to the id of a sentence. The sentences live in the catalogues.

A code that is not listed has a general sentence, which shows the code and the platform's own text.
"""

from __future__ import annotations

from typing import Final

from tui.platform.base import PlatformError

SERVER_ERROR: Final = 50000
BAD_ARGUMENT: Final = 50001
NO_SERVER: Final = 50002
WRONG_PASSWORD: Final = 50003
NO_ENTERPRISE: Final = 50004
UNREADABLE_LOGIN: Final = 50005
NOT_VERIFIED: Final = 50006
UNKNOWN_REQUEST: Final = 50007
UNREADABLE_GROUPS: Final = 50008
UNREADABLE_MEMBERS: Final = 50009
UNREADABLE_STATES: Final = 50010
REGISTRATION_FAILED: Final = 51000
WEBSOCKET_FAILED: Final = 51001
ACTION_FAILED: Final = 52000
LOGOUT_FAILED: Final = 53000

LOGIN: Final[dict[int, str]] = {
    50000: "login.50000",  # server error
    50001: "login.50001",  # bad argument
    50002: "login.50002",  # no server found
    50003: "login.50003",  # wrong extension or password
    50004: "login.50004",  # no such enterprise
    50005: "login.50005",  # login data could not be read
    50006: "login.50006",  # callback phone not verified
    50007: "login.50007",  # unknown request
    50008: "login.50008",  # groups could not be read
    50009: "login.50009",  # members could not be read
    50010: "login.50010",  # states could not be read
    51000: "login.51000",  # SIP registration failed
    51001: "login.51001",  # WebSocket failed
    **dict.fromkeys(range(52000, 52013), "login.52000"),  # an action failed
    53000: "login.53000",  # logout failed
}
LOGIN_UNKNOWN: Final = "login.unknown"

NO_BACKEND: Final = "login.no-backend"
"""No backend was given, and there is none to fall back on. Code 50002."""
INSECURE_BACKEND: Final = "login.insecure-backend"
"""`http://` to another machine. Code 50001."""
INSECURE_LINE: Final = "login.insecure-line"
"""The login data want `ws://` to another machine. Code 50005."""
SERVER_DOWN: Final = "login.server-down"
"""Nothing listens at the backend's address, or nothing answers in time. Code 50000."""
NO_PROXY: Final = "login.proxy"
"""The proxy that the environment names does not lead to the backend. Code 50000."""
UNVERIFIED: Final = "login.unverified"
"""The backend's certificate cannot be verified. Code 50000."""
NO_TLS: Final = "login.no-tls"
"""The backend does not speak TLS there. Code 50000."""
CHECK_IN_FAILED: Final = "login.check-in"
"""The seat check-in was refused: with line type 5 the bound SIP phone does not exist. Code 52000,
or the platform's."""
NO_SERVER_KNOWN: Final = "login.no-server-known"
"""Generation 1: no server stands in the config for the switch number. Code 50002."""
NO_GATEWAY: Final = "login.no-gateway"
"""Generation 1: the config names no SIP gateway. Code 50001."""
LINE_REFUSED: Final = "login.line-refused"
"""Generation 1: the platform does not take the line type, or its phone. Code 52000."""
TOKEN_REFUSED: Final = "login.token-refused"  # noqa: S105
"""The platform takes the token no longer, and gives no other. Code 50003, or the platform's."""

REFUSED: Final[dict[int, str]] = {
    470: "refused.470",  # no SIP phone bound
    471: "refused.471",  # SIP phone offline
    486: "refused.486",  # SIP phone busy
    502: "refused.502",  # wrong state
    503: "refused.503",  # busy
    507: "refused.507",  # switch number suspended
    508: "refused.508",  # outside working hours
    509: "refused.509",  # outside hours
    511: "refused.511",  # no such switch number
    512: "refused.512",  # the customer's daily limit
    1000: "refused.1000",  # no permission for that agent
}
"""`r` of calloutResponse and callinResponse other than 200."""
REFUSED_UNKNOWN: Final = "refused.unknown"

ENDED: Final[dict[int, str]] = {
    20: "ended.20",  # not connected
    25: "ended.25",  # the customer hung up
    26: "ended.26",  # the agent hung up
}
"""`r` of endPBXCall."""
ENDED_UNKNOWN: Final = "ended.unknown"
"""Nothing is said."""
ENDED_CODE: Final = "ended.code"
"""A reason that the specification does not list."""

KICKED: Final[dict[int, str]] = {
    895: "kicked.895",  # someone else signed in
    897: "kicked.897",  # registration expired
    898: "kicked.898",  # account expired, deleted or changed; or the enterprise stopped
    899: "kicked.899",  # the enterprise stopped
}
"""`r` of kickedOffLine."""
KICKED_UNKNOWN: Final = "kicked.unknown"
KICKED_ADVICE: Final[dict[str, str]] = {
    "kicked.897": "kicked.todo-897",
    "kicked.898": "kicked.todo-898",
    "kicked.899": "kicked.todo-899",
}
"""What to do, by the sentence; what is not listed has "kicked.todo"."""

SERVICE: Final[dict[int, str]] = {
    0: "service.0",  # offline
    1: "service.1",  # idle
    2: "service.2",  # away
    3: "service.3",  # message request
    4: "service.4",  # call request
    5: "service.5",  # in a call
    6: "service.6",  # after-call work
}
"""`service_control` of a member, generation 1: a number without the platform's word for it."""

CALL_STATE: Final[dict[int, str]] = {
    0: "service.0",  # offline
    1: "service.1",  # idle
    2: "service.2",  # busy
    3: "service.ringing",
    4: "service.5",  # talking
    5: "service.holding",
}
"""A member's `state` of `getMemberCallStates`, generation 1, as `checkSeatState` numbers it
[assumed]."""

ALL_IDS: Final[tuple[str, ...]] = tuple(
    dict.fromkeys(
        [
            *(*LOGIN.values(), LOGIN_UNKNOWN, NO_BACKEND, INSECURE_BACKEND, INSECURE_LINE),
            *(SERVER_DOWN, NO_PROXY, UNVERIFIED, NO_TLS),
            *(CHECK_IN_FAILED, NO_SERVER_KNOWN, NO_GATEWAY, LINE_REFUSED, *SERVICE.values()),
            *CALL_STATE.values(),
            *(TOKEN_REFUSED, *REFUSED.values(), REFUSED_UNKNOWN),
            *(
                *ENDED.values(),
                ENDED_UNKNOWN,
                ENDED_CODE,
                *KICKED.values(),
                KICKED_UNKNOWN,
                *KICKED_ADVICE.values(),
            ),
            *CALL_STATE.values(),
        ]
    )
)
"""Every id that comes out of this module: a catalogue must have them all."""


def login_id(error: PlatformError) -> str:
    """The sentence for a failed sign-in, sign-out or web call: the error's own where it has one,
    else that of its code."""
    return error.message_id or LOGIN.get(error.code, LOGIN_UNKNOWN)
