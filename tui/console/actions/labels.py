"""What an action whose label changes is called now: message ids, by the action's id."""

from __future__ import annotations

from tui.console.actions import conditions as when
from tui.console.view import ScreenName, View
from tui.port.machines.call_machine import CallState, ThirdState
from tui.port.machines.seat_machine import Status
from tui.port.supervision import SuperviseState


def hold(view: View) -> str:
    return "action.resume" if when.state_of(view) is CallState.HOLDING else "action.hold"


def mute(view: View) -> str:
    call = view.snapshot.call
    return "action.unmute" if call is not None and call.muted else "action.mute"


def hangup(view: View) -> str:
    return "action.decline" if when.state_of(view) is CallState.RINGING else "action.hangup"


def party(view: View) -> str:
    if when.third_of(view) is ThirdState.INVITED:
        return "action.party_cancel"
    return "action.party_transfer" if when.transfers_only(view) else "action.party"


def phone_mode(view: View) -> str:
    mobile = view.snapshot.phone_mode == "mobile"
    return "action.phone_mode_fixed" if mobile else "action.phone_mode"


def join(view: View) -> str:
    return "action.part" if when.joined(view) else "action.join"


def directory(view: View) -> str:
    return "action.directory_close" if view.directory else "action.directory"


def after(view: View) -> str:
    return "action.next_idle" if view.snapshot.next_status == 2 else "action.next_busy"


def history(view: View) -> str:
    return "action.history_close" if view.history else "action.history"


def status(view: View) -> str:
    if when.writing_up(view):
        return "action.ready"
    return "action.idle" if view.snapshot.seat.status is Status.BUSY else "action.busy"


def supervise(view: View) -> str:
    state = view.snapshot.supervision.state
    words = {
        SuperviseState.LISTENING: "_listening",
        SuperviseState.WHISPERING: "_whispering",
        SuperviseState.JOINED: "_joined",
    }
    return "action.supervise" + words.get(state, "")


def figures(view: View) -> str:
    return "action.figures_close" if view.figures else "action.figures"


def dismiss(view: View) -> str:
    if when.can_go_on(view):
        return "action.tour_skip"
    return "action.close" if view.dialling or view.typing else "action.dismiss"


def leave(view: View) -> str:
    if view.kiosk:
        return when.leaving(view, "leave.sign_out")
    return "action.leave" if view.screen is ScreenName.CONSOLE else "action.quit"
