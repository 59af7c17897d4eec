"""Coming and going: sign-in, group, the engine that comes back, sign-out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from tui.console.lowest_screen import lowest
from tui.console.parts.attachment import Attachment
from tui.console.parts.drawing import Drawing
from tui.console.parts.keyring_access import keep_password, password_of
from tui.console.sign_in_defaults import AccountChoice, SignInMemory, SignInPrefill
from tui.console.view import LEFT, QUIT, SIGNED_OUT, ScreenName, View
from tui.port import replace
from tui.port.snapshot import Call, Snapshot
from tui.port.values import GroupPage, Message, Phase, message

if TYPE_CHECKING:
    from tui.config.schema import Config
    from tui.console.desk import Stage
    from tui.console.screens.dialogs.dialog import ChoiceDialog
    from tui.console.widgets.formats import Clocks
    from tui.port.commands import Command, SignIn

TellAccount = Callable[[AccountChoice | None], Awaitable[None]]
OpenSandbox = Callable[[], Awaitable[SignInPrefill | Message]]


class SessionFlow:
    """What lets the agent in and out."""

    def __init__(
        self,
        stage: Stage,
        drawing: Drawing,
        attachment: Attachment,
        memory: SignInMemory,
        config: Config | None,
        clocks: Clocks,
        *,
        prefill: SignInPrefill,
        sandbox: bool,
        on_account: TellAccount | None,
        on_sandbox: OpenSandbox | None,
    ) -> None:
        """`prefill` stands in the form; `sandbox`: it is for a sandbox. `on_account` is told
        which running engine was picked; `on_sandbox` starts a sandbox."""
        self.prefill, self.sandbox = prefill, sandbox
        self.memory = memory
        self.signing = False
        """A sign-in is under way."""
        self.joined_none = False
        """An agent without groups was signed in with "0": once, not again after a failure."""
        self._stage, self._drawing, self._attachment = stage, drawing, attachment
        self._config, self._clocks = config, clocks
        self._on_account, self._on_sandbox = on_account, on_sandbox
        self.sandbox_starting = False
        """A sandbox is on its way, and fills the form when it is up."""
        self._waiting: tuple[SignIn, bool] | None = None
        """A sign-in that waits for the engine, and whether by the keyring."""

    @property
    def _view(self) -> View:
        return self._drawing.view

    def follow(self, old: View, new: View) -> None:
        """The view has changed: say that the platform signed the agent out, or go on without a
        group."""
        if new.snapshot.phase is Phase.KICKED and not self._drawing.kicked_seen:
            self._drawing.kicked_seen = True
            self._show_kicked(new.snapshot)
        elif new.snapshot.phase is Phase.CHOOSING_GROUP and not new.snapshot.groups:
            self._join_none(new.snapshot)

    # ------------------------------------------------------------ the session

    def sign_in(self, command: SignIn, *, keyring: bool) -> None:
        """Enter on the sign-in screen. Waits for the engine when there is none yet."""
        if self.signing:
            return
        if self._attachment.port is None or not self._view.connected:
            self._waiting = (command, keyring)
            self._drawing.change(notice=message("engine.starting"))
            return
        self.signing = True
        self._drawing.change(notice=None)
        self._stage.run_worker(self._sign_in(command, keyring), name="sign-in")

    async def _sign_in(self, command: SignIn, keyring: bool) -> None:
        typed = bool(command.pwd)
        keyring &= not self._view.kiosk
        try:
            if keyring and not typed:
                found = await password_of(command)
                if isinstance(found, Message):
                    self._say(found)
                    return
                command = replace(command, pwd=found)
            assert self._attachment.port is not None
            self.joined_none = False  # a new sign-in is a new try
            result = await self._attachment.port.execute(command)
        finally:
            self.signing = False
        if not result.ok:
            self._say(result.message)
            return
        self.memory.sign_in, self.memory.gid = command, None
        self._stage.run_worker(self.lead(self.memory.server), name="voice")
        before = self.prefill
        self.prefill = replace(
            before,
            un=command.un,
            pwd=type(command.pwd)(),
            switchnumber=command.switchnumber,
            callintype=command.callintype,
            number=command.number,
            backend=command.backend,
            kind=command.kind,
            profile=command.profile,
            keyring=keyring,
            gateway=command.gateway,
            other=before if before.other and before.kind != command.kind else before.other,
        )
        if keyring and typed and (failure := await keep_password(command)) is not None:
            self._drawing.change(notice=failure)

    async def lead(self, server: str) -> None:
        """Have the engine carry the voice there; what is wrong is said, and stops nothing."""
        from tui.console.parts.remote_pulse import lead

        if self._attachment.port is not None:
            result = await lead(self._attachment.port, server, self._view.snapshot)
            if result is not None and not result.ok and result.message is not None:
                self._drawing.change(notice=result.message)

    def carry_voice(self, server: str) -> None:
        """The PulseAudio chosen at sign-in, "" for none: used once signed in."""
        self.memory.server = server

    def sign_in_waiting(self) -> None:
        """An engine is there: begin the sign-in that waits for one."""
        if self._waiting is not None:
            command, keyring = self._waiting
            self._waiting = None
            self.sign_in(command, keyring=keyring)

    def _say(self, failure: Message | None) -> None:
        from tui.console.screens.sign_in import SignInScreen

        screen = lowest(self._stage, SignInScreen)
        if screen is not None and screen.is_mounted:
            screen.say(failure)

    def join(self, gid: str) -> None:
        """Sign in to a group ("0" for none)."""
        self._stage.run_worker(self._join(gid), name="join")

    async def _join(self, gid: str) -> None:
        from tui.console.screens.list_screen import GroupScreen
        from tui.port.commands import JoinGroup

        if self._attachment.port is None:
            return
        result = await self._attachment.port.execute(JoinGroup(gid))
        if result.ok:
            self.memory.gid = gid
            return
        if (screen := lowest(self._stage, GroupScreen)) is not None:
            screen.fail(result.message)
        else:
            self._say(result.message)

    def _join_none(self, snapshot: Snapshot) -> None:
        """An agent in no group goes straight on with "0": once, not again after a failure."""
        if not self.joined_none and snapshot.failure is None and self._view.connected:
            self.joined_none = True
            self.join("0")

    async def resume(self) -> None:
        """A new engine after the old one died: sign it in as before. What became of a call it
        asks of the platform."""
        from tui.port.commands import JoinGroup

        command, gid = self.memory.sign_in, self.memory.gid
        assert command is not None
        self.joined_none = True
        failure: Message | None = None
        if self._attachment.port is not None:
            result = await self._attachment.port.execute(command)
            if result.ok and self.memory.server:
                await self.lead(self.memory.server)
            if result.ok and gid is not None and self._attachment.port is not None:
                result = await self._attachment.port.execute(JoinGroup(gid))
            failure = None if result.ok else result.message
        if failure is not None:
            self._drawing.resuming = self._attachment.port is None
        # Else until the event that says so is drawn: the answer may overtake it.
        self._drawing.change(notice=failure)
        if failure is not None:
            self._say(failure)

    def refresh_groups(self) -> None:
        """Look at the groups' states again."""
        if self._view.snapshot.phase is Phase.CHOOSING_GROUP and self._attachment.port is not None:
            self._stage.run_worker(
                self._refresh_groups(), name="groups", exclusive=True, group="groups"
            )

    async def _refresh_groups(self) -> None:
        from tui.console.screens.list_screen import GroupScreen
        from tui.port.commands import GetGroups

        fresh = {}
        page = last = 1
        while page <= last and self._attachment.port is not None:
            result = await self._attachment.port.execute(GetGroups(page))
            if not result.ok or not isinstance(result.value, GroupPage):
                return  # the states stay as they were; joining tells what is wrong
            fresh.update({group.gid: group for group in result.value.groups})
            page, last = page + 1, min(result.value.last_page, 50)
        if (screen := lowest(self._stage, GroupScreen)) is not None:
            screen.update_states(fresh)

    def use_profile(self, name: str) -> None:
        """A profile was chosen: its policies count."""
        if self._config is not None:
            policies = self._config.with_profile(name).policies
            self._drawing.change(may_decline=policies.decline)

    def choose_account(self, account: AccountChoice | None) -> None:
        """One of the running engines was picked, or None for a new sign-in."""
        name = ScreenName.SIGN_IN
        if account is not None:
            self._drawing.resuming = True
            name = ScreenName.CONSOLE
        self._drawing.view = replace(self._view, screen=name)
        self._drawing.go(self._view.screen)
        if self._on_account is not None:
            self._stage.run_worker(self._tell_account(account), name="account")

    async def _tell_account(self, account: AccountChoice | None) -> None:
        assert self._on_account is not None
        await self._on_account(account)

    def start_sandbox(self) -> None:
        if not self.sandbox_starting:
            self.sandbox_starting = True  # now: an Enter may be on its way already
            self._stage.run_worker(self._start_sandbox(), name="sandbox")

    async def _start_sandbox(self) -> None:
        assert self._on_sandbox is not None
        self._drawing.change(notice=message("sandbox.starting"))
        try:
            prefill = await self._on_sandbox()
        finally:
            self.sandbox_starting = False
        from tui.console.screens.sign_in import SignInScreen

        if isinstance(prefill, Message):
            # As a failure of the form: the engine that comes next must not wipe it off.
            self._drawing.change(notice=None)
            self._say(prefill)
            return

        self.prefill = prefill
        self.sandbox = True
        self._drawing.change(sandbox=True, sandbox_offered=False, notice=None)
        if (screen := lowest(self._stage, SignInScreen)) is not None:
            screen.fill(self.prefill)

    def back(self) -> None:
        from tui.port.commands import SignOut

        if self._view.screen is ScreenName.ACCOUNTS:
            self.choose_account(None)
        elif self._view.snapshot.phase is Phase.CHOOSING_GROUP:
            self.memory.forget()
            self._attachment.send(SignOut(end=False))

    # ------------------------------------------------------------ the ends

    def leave(self) -> None:
        from tui.console.screens.dialogs.dialog import ChoiceDialog
        from tui.console.screens.dialogs.leave import LeaveDialog

        if self._view.watching:
            self._stage.exit(QUIT)
        elif self._view.kiosk and self._view.screen is not ScreenName.CONSOLE:
            return
        elif (
            self._view.screen is not ScreenName.CONSOLE or self._view.snapshot.phase is Phase.KICKED
        ):
            self._stage.run_worker(self._quit(), name="quit")
        elif not isinstance(self._stage.screen, ChoiceDialog):
            self._stage.push_screen(LeaveDialog(self._view), self._leave)

    def _leave(self, way: str | None) -> None:
        from tui.console.screens.dialogs.leave import LeaveDialog

        if way == "leave":
            self._stage.exit(LEFT)
        elif way == "sign-out":
            if self._drawing.guarded:  # the call changed under the question: it is asked again
                self._stage.push_screen(LeaveDialog(self._view), self._leave)
                return
            call = self._view.snapshot.call
            if call is not None and call.live and call.third is not None and call.third.present:
                self._ask_who_stays(call)
            else:
                self._stage.run_worker(self._sign_out(None), name="sign-out")

    def _ask_who_stays(self, call: Call) -> None:
        """Signing out ends the call: for whom is asked as by the hang-up key."""
        from tui.console.screens.dialogs.who_stays import MOOT, WhoStaysDialog, command_of_way

        def answered(way: str | None) -> None:
            command = command_of_way(way)
            if command is not None or way == MOOT:
                self._stage.run_worker(self._sign_out(command), name="sign-out")

        self._stage.push_screen(WhoStaysDialog(call), answered)

    async def _sign_out(self, first: Command | None) -> None:
        from tui.port.commands import SignOut

        if first is not None and self._attachment.port is not None:
            result = await self._attachment.port.execute(first)
            if not result.ok:
                return  # the notice says why; nothing is ended in another way than was chosen
        self.memory.forget()
        self._drawing.leaving = True
        if self._attachment.port is not None:
            await self._attachment.port.execute(SignOut(end=True))
        self._stage.exit(SIGNED_OUT)

    async def _quit(self) -> None:
        """Nobody is signed in: the engine is of no use any more."""
        from tui.port.commands import SignOut

        if self._attachment.port is not None and self._view.connected:
            self._attachment.generation += 1
            await self._attachment.port.execute(SignOut(end=True))
        self._stage.exit(QUIT)

    def _show_kicked(self, snapshot: Snapshot) -> None:
        typed, account = self.memory.sign_in, snapshot.account
        self.memory.forget()
        if typed is not None:
            # The form as it was; what the keyring gave was not typed.
            self.prefill = replace(
                self.prefill,
                un=typed.un,
                pwd=self.prefill.pwd if self.prefill.keyring else typed.pwd,
                switchnumber=typed.switchnumber,
                callintype=typed.callintype,
                number=typed.number,
                backend=typed.backend,
                kind=typed.kind,
                profile=typed.profile,
                gateway=typed.gateway,
            )
        elif account is not None and account.un != self.prefill.un:
            # This console was attached to an engine: its form was never filled in.
            self.prefill = self.prefill.for_account(account)
        if self._drawing.drawn_once:
            self._stage.push_screen(self._kicked_dialog(snapshot), self._after_kick)

    def _kicked_dialog(self, snapshot: Snapshot) -> ChoiceDialog:
        from tui.console.screens.dialogs.dialog import kicked_dialog

        return kicked_dialog(snapshot, self._clocks, kiosk=self._view.kiosk)

    def _after_kick(self, way: str | None) -> None:
        if way == "quit" or self._view.kiosk:
            self._stage.run_worker(self._quit(), name="quit")
            return
        self._drawing.view = replace(self._view, screen=ScreenName.SIGN_IN, notice=None)
        self._drawing.go(ScreenName.SIGN_IN)
