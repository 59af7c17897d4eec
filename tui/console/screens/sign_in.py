"""Sign in: who, where, and by which line. Nothing typed is ever lost to a failure."""

from __future__ import annotations

from typing import Any

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from tui.console.actions.action import key_name
from tui.console.actions.registry import available, find
from tui.console.desk import Desk
from tui.console.i18n import render, tr
from tui.console.parts.remote_pulse import PULSE, is_far, own_server
from tui.console.screens.base import YimiScreen, reachable
from tui.console.sign_in_defaults import SIP, SignInPrefill
from tui.console.view import ScreenName, View
from tui.console.widgets.bars import KeyBar
from tui.console.widgets.form.fields import Choice, Field, Fold, Tick
from tui.console.widgets.form.rows import FormRow, Said, Title
from tui.console.widgets.form.stepping import step
from tui.console.widgets.glyphs import glyphs
from tui.console.widgets.rows import Rows, row, two_sided
from tui.port import replace
from tui.port.commands import SignIn
from tui.port.values import HEADSET, VOIP, LineType, Message, Phase, message
from tui.secrets import Secret

LINE_TYPES = (VOIP, 5, 4)
"""`callintype` in the order shown: audio here, a SIP phone, a callback phone (specification)."""
KINDS = ("platform2", "platform1", SIP)


class SignInScreen(YimiScreen):
    """The form."""

    PLACE = ScreenName.SIGN_IN
    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    SignInScreen #form { height: 1fr; padding: 1 3; overflow-y: auto; }
    SignInScreen #heading-1 { margin: 0 0 1 0; }
    SignInScreen .more { display: none; }
    SignInScreen .-opened .more { display: block; }
    SignInScreen.-sandbox .-opened .-profiles { display: none; }
    SignInScreen.-own .platform { display: none; }
    SignInScreen.-own.-here .voice { display: none; }
    SignInScreen.-short #form { padding: 0 1; }
    SignInScreen.-short #heading-1 { display: none; }
    SignInScreen.-short Said { dock: bottom; height: auto; max-height: 3; margin: 0; }
    """

    def __init__(
        self, desk: Desk, prefill: SignInPrefill, *, sandbox: bool, profiles: tuple[Any, ...]
    ) -> None:
        super().__init__(desk)
        if profiles and not sandbox and prefill == SignInPrefill():
            prefill = SignInPrefill.of(profiles[0])
        self._sandbox = sandbox
        self._profiles = profiles
        self._said: Message | None = None
        self._busy = False
        self._entered = False
        """Enter came before the sandbox whose account it is meant for."""
        self._show_hint = not prefill.backend and not sandbox
        self._prefill = prefill
        self.title_row = Title()
        self._form = Vertical(id="form")
        self.heading = Rows(id="heading-1")
        self.un = Field("field.extension", prefill.un, id="un")
        self.pwd = Field("field.password", prefill.pwd.reveal(), password=True, id="pwd")
        self.switch = Field(
            "field.switchnumber", prefill.switchnumber, id="switchnumber", classes="platform"
        )
        self._server = own_server()
        self._line_types = (PULSE, *LINE_TYPES) if self._server else LINE_TYPES
        self.line_type = Choice(
            self._line_type_names(), self._line_type_of(prefill), id="callintype"
        )
        self.number = Field("field.phone", prefill.number, id="number", classes="platform")
        self.fold = Fold(id="more")
        kind = KINDS.index(prefill.kind) if prefill.kind in KINDS else 0
        self.kind = Choice([tr(f"kind.{kind}") for kind in KINDS], kind, id="kind")
        self.backend = Field("field.backend", prefill.backend, id="backend", classes="more -long")
        names = [profile.name for profile in profiles]
        chosen = names.index(prefill.profile) if prefill.profile in names else 0
        self.profile = Choice(names, chosen, id="profile")
        self.keyring = Tick("field.keyring", prefill.keyring, id="keyring")
        self.said = Said(id="said")
        self.keys = KeyBar()

    def compose(self) -> ComposeResult:
        yield self.title_row
        with self._form:
            yield self.heading
            yield self.un
            yield self.pwd
            yield self.switch
            yield FormRow("field.voice", self.line_type, classes="voice")
            yield self.number
            yield FormRow("field.more", self.fold)
            if len(self._profiles) > 1:
                yield FormRow("field.profile", self.profile, classes="more -profiles")
            yield FormRow("field.kind", self.kind, classes="more")
            yield self.backend
            yield FormRow("", self.keyring)
            yield self.said
        yield self.keys

    def on_mount(self) -> None:
        super().on_mount()
        self._draw_title()
        self._line_type_chosen()
        self.set_class(self._sandbox, "-sandbox")
        self._show_kind()
        if profile := self._chosen_profile():
            self.desk.session.use_profile(profile)
        self.keyring.display = not self.desk.view.kiosk  # whose would it be?
        self._summarise()
        for field in (self.un, self.pwd, *(() if self._own else (self.switch,))):
            if not field.value:
                field.focus_input()
                break
        else:
            self.pwd.focus_input()

    @property
    def takes_keys(self) -> bool:
        return self.focused is not None

    # ------------------------------------------------------------ drawing

    def _draw_title(self) -> None:
        self.heading.draw([row((tr("signin.title"), "bold $strong"))])

    def retranslate(self) -> None:
        """The language has changed; what is typed stays."""
        self._draw_title()
        self._show_kind()
        self.kind.relabel([tr(f"kind.{kind}") for kind in KINDS])
        self._summarise()

    @property
    def _kind(self) -> str:
        return KINDS[self.kind.selected]

    @property
    def _own(self) -> bool:
        """A phone of one's own at any PBX: an address in place of a platform's numbers."""
        return self._kind == SIP

    def _show_kind(self) -> None:
        """The fields and words of the kind that is chosen."""
        self.set_class(self._own, "-own")
        self.set_class(not self._server, "-here")
        self.un.relabel("field.address" if self._own else "field.extension")
        self.backend.relabel("field.server" if self._own else "field.backend")
        names = self._line_type_names()
        if self._own and self.line_type.selected >= len(names) - 2:
            self.line_type.selected = 0
        self.line_type.relabel(names[:-2] if self._own else names)

    def _line_type_names(self) -> list[str]:
        """Three fit as they are; with a fourth, the first two are short. The last two are phones
        that a platform rings."""
        if not self._server:
            return [tr(f"line_type.{kind}") for kind in self._line_types]
        headset = self._server == HEADSET
        carried = tr("line_type.headset" if headset else "line_type.pulse")
        short = [carried, tr("line_type.local")]
        return short + [tr(f"line_type.{kind}") for kind in self._line_types[2:]]

    def _line_type_of(self, prefill: Any) -> int:
        """Of a prefill or a profile. Whoever names a PulseAudio far away means it to be used."""
        kind: int = prefill.callintype if prefill.callintype in LINE_TYPES else VOIP
        return self._line_types.index(PULSE if kind == VOIP and is_far() else kind)

    def _chosen_line_type(self) -> int:
        chosen = self._line_types[self.line_type.selected]
        return VOIP if chosen == PULSE else chosen

    def show(self, view: View) -> None:
        width = self.title_row.content_size.width
        if width:
            right = row((tr("signin.sandbox"), "bold $ring")) if self._sandbox else ()
            self.title_row.draw([two_sided(row(("yimi", "bold $key")), right, width)])
        self._busy = view.snapshot.phase in (Phase.SIGNING_IN, Phase.REGISTERING)
        self._draw_said(view)
        self.keys.show(view, reachable(self, available(view)))

    def say(self, sentence: Message | None) -> None:
        """Show a failure, or take it back."""
        self._said = sentence
        if sentence is not None:
            self._entered = False
        self._draw_said(self.desk.view)

    def _draw_said(self, view: View) -> None:
        failure = self._said or view.snapshot.failure
        if self._busy:
            rows = [row((tr("signin.busy"), "$dim"))]
        elif failure is not None:
            rows = [
                row((f"{glyphs().wrong} ", "bold $bad"), (render(failure), "$bad")),
                row(("  " + tr("signin.kept"), "$dim")),
            ]
        elif view.notice is not None:
            rows = [row(("! ", "bold $ring"), (render(view.notice), "$ring"))]
        elif self._show_hint:
            hint = "signin.hint_server" if self._own else "signin.hint_backend"
            rows = [row((tr(hint), "$dim"))]
            if view.sandbox_offered:
                key = key_name(find("sandbox").key)
                rows.append(row((key, "bold $key"), (" " + tr("signin.hint_sandbox"), "$dim")))
        elif self._sandbox and self._profiles:
            rows = [row((tr("signin.sandbox_profiles"), "$dim"))]
        elif self._line_types[self.line_type.selected] == PULSE:
            said = tr("signin.pulse", address=self._server)
            if self._server == HEADSET:
                said = tr("signin.headset")
            rows = [row((said, "$dim"))]
        else:
            rows = []
        self.said.draw(rows)
        self.said.refresh()  # its lines may wrap

    # ------------------------------------------------------------ the form

    @on(Choice.Changed, "#callintype")
    def _line_type_chosen(self) -> None:
        self.number.input.disabled = self._chosen_line_type() == VOIP
        self._draw_said(self.desk.view)

    @on(Choice.Changed, "#profile")
    def _profile_chosen(self) -> None:
        profile = self._profiles[self.profile.selected]
        self.backend.value = profile.backend
        # What a profile leaves open stays as it was typed.
        self.switch.value = profile.switchnumber or self.switch.value
        self.un.value = profile.un or self.un.value
        self.number.value = profile.number or self.number.value
        self.line_type.selected = self._line_type_of(profile)
        self.kind.selected = KINDS.index(profile.kind) if profile.kind in KINDS else 0
        self.keyring.ticked = profile.keyring
        self.desk.session.use_profile(profile.name)

    @on(Choice.Changed, "#kind")
    def _kind_chosen(self) -> None:
        """The sandbox is of both generations, each at an address of its own."""
        other = self._prefill.other
        if other is not None and other.kind == self._kind:
            self._prefill = replace(other, other=self._prefill)
            self.backend.value = other.backend
        self._show_kind()
        self._draw_said(self.desk.view)

    @on(Choice.Changed, "#kind")
    @on(Input.Changed)
    def _edited(self) -> None:
        self._summarise()
        for field in (self.un, self.pwd, self.switch, self.number):
            if field.complaint and field.value:
                field.complain("")

    @on(Fold.Toggled)
    def _fold(self) -> None:
        self._form.set_class(self.fold.opened, "-opened")
        self._summarise()

    def _summarise(self) -> None:
        nowhere = tr("signin.sandbox" if self._sandbox else "signin.nowhere")
        parts = [self.kind.options[self.kind.selected], self.backend.value or nowhere]
        if len(self._profiles) > 1 and not self._sandbox:
            parts.insert(0, self.profile.options[self.profile.selected])
        self.fold.tell("" if self.fold.opened else glyphs().between.join(parts))

    def _chosen_profile(self) -> str:
        """The name of the profile in force: its policies, and at generation 1 its gateway, count.
        The sandbox has none."""
        if self._sandbox or not self._profiles:
            return ""
        return str(self._profiles[self.profile.selected].name)

    def fill(self, prefill: SignInPrefill) -> None:
        """A sandbox is up: put its account in. Over another account as a whole; over that of the
        sandbox, shown since the first frame, only where nothing else was typed."""
        if not self.is_mounted:
            self.call_later(self.fill, prefill)
            return
        before, fresh = self._prefill, not self._sandbox
        other = prefill.other
        if not fresh and other is not None and other.kind == self._kind:
            prefill = replace(other, other=prefill)
        self._show_hint = not prefill.backend
        self._sandbox, self._prefill = True, prefill
        self.set_class(True, "-sandbox")
        for field, was, value in (
            (self.un, before.un, prefill.un),
            (self.pwd, before.pwd.reveal(), prefill.pwd.reveal()),
            (self.switch, before.switchnumber, prefill.switchnumber),
            (self.number, before.number, prefill.number),
            (self.backend, before.backend, prefill.backend),
        ):
            if (fresh or field.value == was) and field.value != value:
                field.value = value
        if fresh:
            self.line_type.selected = self._line_type_of(prefill)
            self.kind.selected = KINDS.index(prefill.kind)
            self.pwd.focus_input()
        self.say(None)
        self._summarise()
        self.show(self.desk.view)
        if self._entered:
            self._entered = False
            self.call_after_refresh(self.submit)

    @on(Input.Submitted)
    def _enter(self, event: Input.Submitted) -> None:
        event.stop()
        self.submit()

    def on_key(self, event: events.Key) -> None:
        """Up and Down go from one line of the form to the next."""
        step(self, event)

    def key_enter(self) -> None:
        """Enter on a choice or a box signs in as well; a field has said so by itself."""
        if not isinstance(self.focused, Input):
            self.submit()

    def submit(self) -> None:
        """Sign in with what stands in the form, or say what is missing."""
        if self._busy:
            return
        if self.desk.session.sandbox_starting:
            self._entered = True  # signs in when the sandbox is up
            return
        callintype = self._chosen_line_type()
        needed = (self.un,) if self._own else (self.un, self.switch)
        missing = [field for field in needed if not field.value.strip()]
        if not self.pwd.value and not self.keyring.ticked:
            missing.insert(1 if self.un in missing else 0, self.pwd)
        if callintype != VOIP and not self.number.value.strip():
            missing.append(self.number)
        for field in (self.un, self.pwd, self.switch, self.number):
            field.complain(tr("signin.missing") if field in missing else "")
        if missing:
            self.say(message("signin.missing_fields", n=len(missing)))
            missing[0].focus_input()
            return
        if self._own and "@" not in self.un.value.strip().strip("@"):
            self.say(message("signin.bad_address"))
            self.un.focus_input()
            return
        # Generation 1 finds its server by the switch number.
        if self._kind != "platform1" and not self.backend.value.strip():
            self.say(message("signin.no_server" if self._own else "signin.no_backend"))
            self.fold.opened = True
            self.backend.focus_input()
            return
        self.say(None)
        self.desk.session.carry_voice(self.carrier)
        self.desk.session.sign_in(self.typed(), keyring=self.keyring.ticked)

    @property
    def carrier(self) -> str:
        """The PulseAudio that is chosen to carry the voice; "" for another way."""
        return self._server if self._line_types[self.line_type.selected] == PULSE else ""

    def typed(self) -> SignIn:
        """What stands in the form, whole or not."""
        callintype, number = self._chosen_line_type(), self.number.value.strip()
        return SignIn(
            un=self.un.value.strip(),
            pwd=Secret(self.pwd.value),
            switchnumber="" if self._own else self.switch.value.strip(),
            callintype=LineType(callintype),
            number="" if callintype == VOIP else number,
            backend=self.backend.value.strip(),
            kind=self._kind,
            profile=self._chosen_profile(),
            gateway=self._prefill.gateway if self._kind == self._prefill.kind else "",
        )
