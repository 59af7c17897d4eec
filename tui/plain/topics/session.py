"""Coming and going: sign-in, group, an engine that runs already, signed out by the platform."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final, TypeVar

from tui.console.actions.conditions import leaving, what_is_left
from tui.console.i18n import render, tr
from tui.console.parts.keyring_access import keep_password, password_of
from tui.console.parts.remote_pulse import is_far, own_server
from tui.console.sign_in_defaults import (
    SIP,
    AccountChoice,
    SignInPrefill,
)
from tui.console.view import LEFT
from tui.plain import sentences as say
from tui.plain.editor import InputEnded
from tui.plain.talk import AnswerInterrupted
from tui.platform.codes import KICKED_ADVICE
from tui.port import replace
from tui.port.commands import GetGroups, JoinGroup, SignIn, SignOut
from tui.port.values import VOIP, Group, GroupPage, LineType, Message, Phase, message
from tui.secrets import Secret

if TYPE_CHECKING:
    from tui.plain.desk import PlainDesk

T = TypeVar("T")
LINE_TYPES: Final = (VOIP, 5, 4)
KINDS: Final = ("platform2", "platform1", SIP)
MOST_PAGES: Final = 50
"""Of groups that are offered."""


async def open_sandbox(
    desk: PlainDesk, opens: Callable[[], Awaitable[SignInPrefill | Message]]
) -> None:
    """Start a sandbox, and know who may sign in there."""
    desk.talk.say(tr("sandbox.starting"))
    found = await opens()
    if isinstance(found, Message):
        desk.talk.say(say.dotted(render(found)))
    else:
        desk.prefill, desk.sandbox = found, True


async def choose_account(
    desk: PlainDesk,
    accounts: Sequence[AccountChoice],
    told: Callable[[AccountChoice | None], Awaitable[None]] | None,
) -> None:
    """Several engines run: which one."""
    labels = [account.label for account in accounts]
    other = tr("plain.enter_other")
    chosen = await _guarded(desk, desk.talk.choose(tr("accounts.title"), labels, otherwise=other))
    if told is not None:
        await told(None if chosen is None else accounts[chosen])


# ---------------------------------------------------------------- signing in


async def sign_in(desk: PlainDesk) -> None:
    """Ask what is not known, and sign in. Nothing typed is lost to a failure."""
    if desk.view.snapshot.failure is not None:
        desk.talk.say(say.dotted(render(desk.view.snapshot.failure)))
    form = desk.prefill
    if not form.un and not desk.sandbox and desk.config.profiles:
        form = await _of_profile(desk)
    if _whole(form):
        question = tr("plain.sign_in_as", who=_label(form))
        way = await _guarded(
            desk,
            desk.talk.choose(
                question, [tr("plain.sign_in_other")], otherwise=tr("plain.enter_sign_in")
            ),
        )
        if way is not None:
            form = await _asked(desk, form)
    else:
        form = await _asked(desk, form)
    desk.prefill = form
    command = SignIn(
        un=form.un,
        pwd=form.pwd,
        switchnumber="" if form.kind == SIP else form.switchnumber,
        callintype=LineType(form.callintype),
        number="" if form.callintype == VOIP else form.number,
        backend=form.backend,
        kind=form.kind,
        profile=form.profile,
        gateway=form.gateway,
    )
    await _sign_in(desk, form, command)


async def _sign_in(desk: PlainDesk, form: SignInPrefill, command: SignIn) -> None:
    typed = False
    if form.keyring and not command.pwd:
        found = await password_of(command)
        if isinstance(found, Message):
            desk.talk.say(say.dotted(render(found)))
        else:
            command = _with_password(command, found)
    if not command.pwd:
        password = await _words(desk, say.asked(tr("field.password")), hidden=True)
        if not password:
            desk.talk.say(tr("plain.no_password"))
            return
        command, typed = _with_password(command, Secret(password)), True
    desk.talk.say(tr("signin.busy"))
    result = await desk.engine.ask(command)
    if not result.ok:
        desk.engine.refused(result)
        # A password that was refused is asked for again; the rest stays as it was typed.
        desk.prefill = replace(form, pwd=Secret(), keyring=form.keyring and typed)
        return
    desk.memory.sign_in, desk.memory.gid = command, None
    desk.prefill = replace(form, pwd=Secret())
    await desk.engine.carry_voice(own_server() if is_far() and command.callintype == VOIP else "")
    if form.keyring and typed and (failure := await keep_password(command)) is not None:
        desk.talk.say(say.dotted(render(failure)))


def _with_password(command: SignIn, password: Secret) -> SignIn:
    return replace(command, pwd=password)


async def _of_profile(desk: PlainDesk) -> SignInPrefill:
    """The config's profile; of several the agent chooses."""
    profiles = desk.config.profiles
    at: int | None = 0
    if len(profiles) > 1:
        names = [profile.name for profile in profiles]
        otherwise = tr("plain.enter_first", name=names[0])
        asked = desk.talk.choose(tr("plain.which_profile"), names, otherwise=otherwise)
        at = await _guarded(desk, asked)
    profile = profiles[at or 0]
    policies = desk.config.with_profile(profile.name).policies
    desk.engine.change(may_decline=policies.decline)
    return SignInPrefill.of(profile)


def _whole(form: SignInPrefill) -> bool:
    """Whether all but the password is known."""
    phone = form.callintype == VOIP or bool(form.number)
    where = bool(form.backend) or form.kind == "platform1"
    return bool(form.un) and where and phone and (form.kind == SIP or bool(form.switchnumber))


def _label(form: SignInPrefill) -> str:
    parts = [form.un, form.switchnumber, _kind(form.kind), form.backend]
    return tr("plain.comma").join(each for each in parts if each)


def _kind(kind: str) -> str:
    return tr(f"kind.{kind}")


def _line_type(kind: int) -> str:
    return tr(f"line_type.{kind}")


async def _asked(desk: PlainDesk, form: SignInPrefill) -> SignInPrefill:
    """The form, filled in by the agent. At a desk for whoever comes the config says where to sign
    in: only who it is, and what that leaves open, is asked."""
    if desk.guests is None:
        return await _ask_all(desk, form)
    own = form.kind == SIP
    un = await _field(desk, "field.address" if own else "field.extension", "")
    while own and "@" not in un.strip("@"):
        desk.talk.say(tr("signin.bad_address"))
        un = await _field(desk, "field.address", "")
    switch, backend, number = form.switchnumber, form.backend, form.number
    if not own and not switch:
        switch = await _field(desk, "field.switchnumber", "")
    if not backend and form.kind != "platform1":
        backend = await _field(desk, "field.server" if own else "field.backend", "")
    if not own and form.callintype != VOIP:
        number = await _field(desk, "field.phone", "")
    return replace(form, un=un, switchnumber=switch, backend=backend, number=number, pwd=Secret())


async def _ask_all(desk: PlainDesk, form: SignInPrefill) -> SignInPrefill:
    """Each field in its turn; Enter keeps what it has."""
    kinds = [_kind(kind) for kind in KINDS]
    kept = tr("plain.enter_keeps", value=_kind(form.kind))
    at = await _guarded(desk, desk.talk.choose(tr("plain.which_kind"), kinds, otherwise=kept))
    kind = form.kind if at is None else KINDS[at]
    if form.other is not None and form.other.kind == kind:
        form = replace(form.other, other=form)
    own = kind == SIP
    un = await _field(desk, "field.address" if own else "field.extension", form.un)
    while own and "@" not in un.strip("@"):
        desk.talk.say(tr("signin.bad_address"))
        un = await _field(desk, "field.address", "")
    switch = form.switchnumber
    if not own:
        switch = await _field(desk, "field.switchnumber", switch)
    backend = form.backend
    if kind != "platform1":
        backend = await _field(desk, "field.server" if own else "field.backend", backend)
    types = LINE_TYPES[:1] if own else LINE_TYPES
    callintype, number = form.callintype, form.number
    if not own:
        names = [_line_type(each) for each in types]
        kept = tr("plain.enter_keeps", value=_line_type(callintype))
        asking = desk.talk.choose(say.asked(tr("field.voice")), names, otherwise=kept)
        at = await _guarded(desk, asking)
        callintype = callintype if at is None else types[at]
        if callintype != VOIP:
            number = await _field(desk, "field.phone", number)
    keeps = [tr("plain.yes")]
    answer = desk.talk.choose(tr("plain.use_keyring"), keeps, otherwise=tr("plain.enter_no"))
    keyring = await _guarded(desk, answer) is not None
    return replace(
        form,
        un=un,
        switchnumber=switch,
        backend=backend,
        kind=kind,
        callintype=callintype,
        number=number,
        keyring=keyring,
        pwd=form.pwd if un == form.un else Secret(),
    )


async def _field(desk: PlainDesk, label: str, before: str) -> str:
    """One field, until something stands in it."""
    while True:
        text = await _words(desk, say.asked(tr(label)), before=before)
        if text:
            return text
        desk.talk.say(tr("plain.wanted", field=tr(label)))


async def _words(desk: PlainDesk, question: str, *, before: str = "", hidden: bool = False) -> str:
    return await _guarded(desk, desk.talk.words(question, before=before, hidden=hidden))


async def _guarded(desk: PlainDesk, asking: Awaitable[T]) -> T:
    """Ctrl+D before anybody is signed in: out."""
    try:
        return await asking
    except AnswerInterrupted as other:
        if isinstance(other.entry, InputEnded):
            await desk.quit()
        raise


# ---------------------------------------------------------------- the group


async def choose_group(desk: PlainDesk) -> None:
    """Which group to sign in to; an agent without one goes on with none."""
    groups = await _with_states(desk, desk.view.snapshot.groups)
    gid = "0"
    if desk.view.snapshot.failure is not None:
        desk.talk.say(say.dotted(render(desk.view.snapshot.failure)))
    if groups:
        options = [tr("plain.comma").join(filter(None, _group(group))) for group in groups]
        otherwise = tr("plain.enter_first", name=groups[0].name or groups[0].gid)
        try:
            at = await desk.talk.choose(
                tr("groups.title"),
                options,
                otherwise=otherwise,
                valid=lambda: desk.view.snapshot.phase is Phase.CHOOSING_GROUP,
            )
        except AnswerInterrupted as other:
            if isinstance(other.entry, InputEnded):
                desk.memory.forget()
                if desk.guests is not None:
                    await desk.begin_anew()
                await desk.engine.ask(SignOut(end=False))
                return
            raise
        gid = groups[at or 0].gid
    desk.talk.say(tr("groups.registering"))
    result = await desk.engine.ask(JoinGroup(gid))
    if result.ok:
        desk.memory.gid = gid
        return
    desk.engine.refused(result)
    if not groups:
        # Once, not again and again: back to the sign-in.
        desk.memory.forget()
        await desk.engine.ask(SignOut(end=False))


def _group(group: Group) -> tuple[str, str]:
    state = group.state_name
    if group.state_id in (0, 1, 2):
        state = tr(f"group_state.{group.state_id}")
    return group.name or group.gid, state


async def _with_states(desk: PlainDesk, groups: Sequence[Group]) -> list[Group]:
    """The groups as they are now; the sign-in names them, not how they are."""
    fresh: dict[str, Group] = {}
    page = last = 1
    while groups and page <= min(last, MOST_PAGES):
        result = await desk.engine.ask(GetGroups(page))
        if not result.ok or not isinstance(result.value, GroupPage):
            break
        fresh.update({group.gid: group for group in result.value.groups})
        page, last = page + 1, result.value.last_page
    return [fresh.get(group.gid, group) for group in groups]


# ---------------------------------------------------------------- going


async def leave(desk: PlainDesk, *, asked: bool = True) -> None:
    """Leave with the phone running, or sign out; before a session there is nothing to ask.
    `asked`: by somebody who can say which."""
    from tui.plain.desk import Left

    snapshot = desk.view.snapshot
    if snapshot.phase is not Phase.SIGNED_IN or not desk.view.connected:
        await desk.quit()
    if desk.guests is not None:
        await _leave_to_the_next(desk)
        return
    if not asked:
        raise Left(LEFT)
    ways = (leaving(desk.view, id) for id in ("leave.leave", "leave.sign_out"))
    options = [say.bare(tr(id)) for id in ways]
    try:
        said = tr(what_is_left(desk.view))
        way = await desk.talk.choose(said, options, otherwise=tr("plain.enter_stay"))
    except AnswerInterrupted as other:
        if isinstance(other.entry, InputEnded):
            raise Left(LEFT) from None  # twice: the phone goes on
        raise
    if way == 0:
        raise Left(LEFT)
    if way == 1:
        await end_session(desk)


async def _leave_to_the_next(desk: PlainDesk) -> None:
    """At a desk for whoever comes there is only the sign-out."""
    said = " ".join((tr(what_is_left(desk.view)), tr("kiosk.leave_todo")))
    options = [say.bare(tr(leaving(desk.view, "leave.sign_out")))]
    if await desk.talk.choose(said, options, otherwise=tr("plain.enter_stay")) == 0:
        await end_session(desk)


async def end_session(desk: PlainDesk) -> None:
    """Sign out; while three are in the call, for whom it ends is asked first."""
    from tui.plain.topics.parties import who_stays

    call = desk.view.snapshot.call
    if call is not None and call.live and call.third is not None and call.third.present:
        command = await who_stays(desk, call)
        if command is None:
            return
        await desk.sign_out(command)
    else:
        await desk.sign_out()


async def kicked(desk: PlainDesk) -> None:
    """The platform signed the agent out: why, what to do, and what now."""
    snapshot = desk.view.snapshot
    desk.memory.forget()
    why = snapshot.failure
    if why is None and snapshot.notice is not None:
        why = snapshot.notice.message
    why = why or message("kicked.unknown", code="")
    account = snapshot.account
    if account is not None and account.un != desk.prefill.un:
        desk.prefill = SignInPrefill().for_account(account)
    said = [tr("kicked.title"), render(why), tr(KICKED_ADVICE.get(why.id, "kicked.todo"))]
    question = " ".join(say.dotted(each) for each in said)
    if desk.guests is not None:
        while await desk.talk.choose(question, [tr("kicked.sign_in")]) is None:
            pass
        await desk.begin_anew()
    ways = [tr("kicked.sign_in"), tr("kicked.quit")]
    way = await _guarded(
        desk, desk.talk.choose(question, ways, otherwise=tr("plain.enter_first", name=ways[0]))
    )
    if way == 1:
        await desk.quit()
    desk.engine.forget_snapshot()
