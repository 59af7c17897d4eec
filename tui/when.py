"""When a key works: conditions on what a screen is drawn from."""

from __future__ import annotations

from typing import Final

from tui.engine.state import (
    VOIP,
    CallState,
    Hearing,
    Leg,
    Phase,
    Status,
    ThirdState,
    WrapUpMode,
)
from tui.view import Place, View


def state_of(view: View) -> CallState | None:
    call = view.snapshot.call
    return call.state if call is not None and call.live else None


def on_console(view: View) -> bool:
    return view.place is Place.CONSOLE and view.connected


def signed_in(view: View) -> bool:
    return on_console(view) and view.snapshot.phase is Phase.SIGNED_IN


SIP: Final = "sip"
"""The kind of account with a phone of one's own: lines, and no platform."""
LINES: Final = 4
UP: Final = (CallState.TALKING, CallState.HOLDING)


def own_lines(view: View) -> bool:
    """Whether there can be several calls at once."""
    account = view.snapshot.account
    return account is not None and account.kind == SIP


def _live(view: View) -> int:
    return sum(call.live for call in view.snapshot.calls)


def _ups(view: View) -> int:
    return sum(call.state in UP for call in view.snapshot.calls)


def can_dial(view: View) -> bool:
    free = _live(view) < LINES if own_lines(view) else state_of(view) is None
    return signed_in(view) and free and not view.dialling


def can_mark(view: View) -> bool:
    return on_console(view) and own_lines(view) and _live(view) > 1


def can_join(view: View) -> bool:
    return signed_in(view) and own_lines(view) and _ups(view) > 1


def can_answer(view: View) -> bool:
    return on_console(view) and state_of(view) is CallState.RINGING


def can_hold(view: View) -> bool:
    call = view.snapshot.call
    up = state_of(view) in (CallState.TALKING, CallState.HOLDING)
    return on_console(view) and up and call is not None and not call.pending and not third_of(view)


def third_of(view: View) -> ThirdState | None:
    """The third party's state, if it is in the call or on its way."""
    call = view.snapshot.call
    third = call.third if call is not None and call.live else None
    return third.state if third is not None and third.present else None


def can_add(view: View) -> bool:
    """Another party: the call is up between two and nothing is under way; or one is on its way
    and can be called back."""
    call = view.snapshot.call
    up = state_of(view) in UP
    free = third_of(view) in (None, ThirdState.INVITED)
    if call is not None and call.internal and transfers_only(view):
        return False  # an internal call is not handed over, and nobody can be brought in
    return signed_in(view) and up and call is not None and not call.transfer and free


def transfers_only(view: View) -> bool:
    """Whether a call can be handed over, but nobody be brought in: generation 1."""
    account = view.snapshot.account
    return account is not None and account.kind == "platform1"


def can_go_mobile(view: View) -> bool:
    """Generation 1 alone knows a mobile mode; a call is finished where it began."""
    return transfers_only(view) and signed_in(view) and state_of(view) is None


def can_type(view: View) -> bool:
    """Tones: the line is up, or the platform's ringing is heard on it. With a phone of the agent's
    own (line types 4 and 5) they are typed there."""
    account = view.snapshot.account
    here = account is None or account.callintype == VOIP
    return here and on_console(view) and state_of(view) in (CallState.TALKING, CallState.PROCEEDING)


def can_refuse(view: View) -> bool:
    return can_answer(view) and view.may_decline


def can_let_ring(view: View) -> bool:
    call = view.snapshot.call
    return can_answer(view) and call is not None and call.auto_answer is not None


def can_look_up(view: View) -> bool:
    return signed_in(view) and not writing_up(view)


def can_mute(view: View) -> bool:
    call = view.snapshot.call
    here = call is not None and call.leg in (Leg.AWAITED, Leg.CONNECTING, Leg.CONNECTED)
    # With a phone of the agent's own (line types 4 and 5) the microphone is not ours to cut.
    return on_console(view) and here and state_of(view) not in (None, CallState.RINGING)


def can_rebuild(view: View) -> bool:
    """The sound of a call that is up here, whatever has become of it."""
    call = view.snapshot.call
    up = state_of(view) in (CallState.TALKING, CallState.HOLDING)
    return signed_in(view) and up and call is not None and call.leg is not Leg.NONE


def is_gone(view: View) -> bool:
    quality = view.snapshot.quality
    gone = quality is not None and quality.hearing is Hearing.GONE
    return on_console(view) and state_of(view) is not None and gone


def can_hang_up(view: View) -> bool:
    if state_of(view) is CallState.RINGING and not view.may_decline:
        return False
    return on_console(view) and state_of(view) not in (None, CallState.ENDING, CallState.DECLINING)


def writing_up(view: View) -> bool:
    return signed_in(view) and view.snapshot.wrapup is not None and state_of(view) is None


def can_keep_open(view: View) -> bool:
    wrapup = view.snapshot.wrapup
    strict = wrapup is not None and wrapup.mode is WrapUpMode.TIMED_STRICT
    return writing_up(view) and wrapup is not None and wrapup.until is not None and not strict


def can_redial(view: View) -> bool:
    return signed_in(view) and view.history and not view.dialling and state_of(view) is None


def can_set_next(view: View) -> bool:
    up = (CallState.TALKING, CallState.HOLDING)
    return signed_in(view) and (state_of(view) in up or writing_up(view))


def can_switch(view: View) -> bool:
    if writing_up(view):
        wrapup = view.snapshot.wrapup
        strict = wrapup is not None and wrapup.mode is WrapUpMode.TIMED_STRICT
        return not (strict and wrapup is not None and wrapup.until is not None)
    seat = view.snapshot.seat
    asked = seat.pending is not None or seat.status is Status.OFFLINE
    return signed_in(view) and state_of(view) is None and not asked


def can_check(view: View) -> bool:
    """The check before the shift: at the sign-in, and in a session between calls."""
    free = state_of(view) is None
    return view.connected and view.place in (Place.SIGN_IN, Place.CONSOLE) and free


def can_dismiss(view: View) -> bool:
    over = view.snapshot.call is not None and state_of(view) is None
    open = view.dialling or view.typing
    return on_console(view) and (open or view.notice is not None or over)
