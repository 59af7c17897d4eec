"""When a key works: conditions on what a screen is drawn from."""

from __future__ import annotations

from typing import Final

from tui.console.view import ScreenName, View
from tui.port.colleagues import parked, ringing_first
from tui.port.machines.call_machine import CallState, ThirdState
from tui.port.machines.seat_machine import Status
from tui.port.snapshot import MOST_LINES
from tui.port.values import (
    VOIP,
    Capability,
    Hearing,
    Leg,
    Phase,
    VoiceState,
    WrapUpMode,
)


def state_of(view: View) -> CallState | None:
    call = view.snapshot.call
    return call.state if call is not None and call.live else None


def on_console(view: View) -> bool:
    """On the console of a desk of one's own: who only looks at another's can do nothing there."""
    return view.screen is ScreenName.CONSOLE and view.connected and not view.watching


def signed_in(view: View) -> bool:
    return on_console(view) and view.snapshot.phase is Phase.SIGNED_IN


def own_desk(view: View) -> bool:
    """Not at a desk for whoever comes, from which nothing is taken along."""
    return not view.kiosk


UP: Final = (CallState.TALKING, CallState.HOLDING)


def line_lost(view: View) -> bool:
    """What is said to the other side does not go out now: who is in a call cannot end it there."""
    return not (view.connected and view.snapshot.connection.state.carries)


def what_is_left(view: View) -> str:
    """The id of what is said to somebody who is about to leave: what is up, and what leaving now
    cannot end."""
    state = state_of(view)
    if state is None:
        return "leave.what"
    if state is CallState.RINGING:
        return "leave.what_ringing"
    return "leave.what_call_lost" if line_lost(view) else "leave.what_call"


def leaving(view: View, id: str) -> str:
    """The id of what leaving or signing out does: with a call it does more."""
    return id if state_of(view) is None else f"{id}_call"


def own_lines(view: View) -> bool:
    """Whether there can be several calls at once."""
    return Capability.LINES in view.snapshot.can


def _live(view: View) -> int:
    return sum(call.live for call in view.snapshot.calls)


def _ups(view: View) -> int:
    return sum(call.state in UP for call in view.snapshot.calls)


def can_dial(view: View) -> bool:
    free = _live(view) < MOST_LINES if own_lines(view) else state_of(view) is None
    return signed_in(view) and free and not view.dialling


def can_mark(view: View) -> bool:
    return on_console(view) and own_lines(view) and _live(view) > 1


def joined(view: View) -> bool:
    """Whether lines are joined here."""
    return any(call.joined for call in view.snapshot.calls)


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
        return False  # an internal call is not transferred, and nobody can be brought in
    return signed_in(view) and up and call is not None and not call.transfer and free


def transfers_only(view: View) -> bool:
    """Whether the platform transfers a call, and brings nobody into it."""
    can = view.snapshot.can
    return Capability.GROUPS in can and Capability.THREEWAY not in can


def can_go_mobile(view: View) -> bool:
    """Calls can go to a mobile phone. A call ends where it began."""
    return Capability.PHONE_MODE in view.snapshot.can and signed_in(view) and state_of(view) is None


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
    there = view.snapshot.voice.state not in (VoiceState.NO_DEVICE, VoiceState.NO_PORTAUDIO)
    return signed_in(view) and up and there and call is not None and call.leg is not Leg.NONE


def is_gone(view: View) -> bool:
    quality = view.snapshot.quality
    gone = quality is not None and quality.hearing is Hearing.GONE
    return on_console(view) and state_of(view) is not None and gone


def can_hang_up(view: View) -> bool:
    if state_of(view) is CallState.RINGING and not view.may_decline:
        return False
    return on_console(view) and state_of(view) not in (None, CallState.ENDING, CallState.DECLINING)


def _line_free(view: View) -> bool:
    return signed_in(view) and own_lines(view) and _live(view) < MOST_LINES and not view.dialling


def can_pick_up(view: View) -> bool:
    """Something rings at a colleague, and can be taken from here."""
    return _line_free(view) and bool(ringing_first(view.snapshot.colleagues))


def can_park(view: View) -> bool:
    call = view.snapshot.call
    there = Capability.PARKING in view.snapshot.can
    return signed_in(view) and there and state_of(view) in UP and not (call and call.transfer)


def can_fetch(view: View) -> bool:
    """A call waits in a slot of the PBX."""
    return _line_free(view) and bool(parked(view.snapshot.parking))


def can_call_mailbox(view: View) -> bool:
    mailbox = view.snapshot.mailbox
    return _line_free(view) and mailbox is not None and bool(mailbox.number)


def can_supervise(view: View) -> bool:
    """The group's calls, while none of one's own goes on."""
    can = Capability.SUPERVISE in view.snapshot.can
    return signed_in(view) and can and state_of(view) is None


def writing_up(view: View) -> bool:
    return signed_in(view) and view.snapshot.wrapup is not None and state_of(view) is None


def can_note(view: View) -> bool:
    """What is typed goes into a note: the call's, unless it only rings here, or that of the
    write-up."""
    state = state_of(view)
    rings = state in (None, CallState.RINGING, CallState.DECLINING)
    return signed_in(view) and (view.snapshot.wrapup is not None or not rings)


def can_begin_note(view: View) -> bool:
    """The same, where nothing on the screen says so yet."""
    call = view.snapshot.call
    return can_note(view) and view.snapshot.wrapup is None and call is not None and not call.note


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


def can_break(view: View) -> bool:
    """A break can begin: from idle, out of a write-up, or in place of another."""
    return bool(view.snapshot.breaks) and can_switch(view)


def can_plan(view: View) -> bool:
    """There is a call to be called back."""
    return signed_in(view) and (view.snapshot.call is not None or writing_up(view))


def can_read_script(view: View) -> bool:
    return view.scripts and signed_in(view) and (state_of(view) is not None or writing_up(view))


def between_calls(view: View) -> bool:
    return signed_in(view) and state_of(view) is None


def can_check(view: View) -> bool:
    """The check before the shift: at the sign-in, and in a session between calls."""
    free = state_of(view) is None
    there = view.screen in (ScreenName.SIGN_IN, ScreenName.CONSOLE) and not view.watching
    return view.connected and there and free


def can_go_on(view: View) -> bool:
    """The tour is shown: nothing else stands in its place, and nothing else takes Enter."""
    other = view.dialling or view.history or view.directory or view.snapshot.wrapup is not None
    return on_console(view) and bool(view.tour) and view.snapshot.call is None and not other


def can_dismiss(view: View) -> bool:
    over = view.snapshot.call is not None and state_of(view) is None
    open = view.dialling or view.typing or can_go_on(view)
    return on_console(view) and (open or view.notice is not None or over)
