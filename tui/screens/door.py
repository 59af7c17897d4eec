"""The app's part for coming and going: sign-in, group, the engine that comes back, sign-out.

A part of the app by inheritance, because keys of the registry end in methods of the app.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tui.actions import Place, available
from tui.engine.state import GroupPage, Message, Phase, Snapshot, message
from tui.prefill import AccountChoice, Session, SignInPrefill
from tui.screens.hands import Hands

if TYPE_CHECKING:
    from tui.engine.commands import SignIn

QUIT, SIGNED_OUT, LEFT = "quit", "signed-out", "left"
"""How the app ended, its return value: without a session, signed out, or left running."""

GUARD: Final = 0.3
"""Seconds after a call changed state in which a destructive key is ignored."""


class Door(Hands):
    """What lets the agent in and out. The values are the app's; see `YimiApp.__init__`."""

    signing: bool
    _generation: int
    _joined_none: bool
    _on_account: Callable[[AccountChoice | None], Awaitable[None]] | None
    _on_sandbox: Callable[[], Awaitable[SignInPrefill | Message]] | None
    _pending: tuple[SignIn, bool] | None
    _session: Session

    # ------------------------------------------------------------ the session

    def sign_in(self, command: SignIn, *, keyring: bool) -> None:
        """Enter on the sign-in screen. Waits for the engine when there is none yet."""
        if self.signing:
            return
        if self._port is None or not self.view.connected:
            self._pending = (command, keyring)
            self._update(notice=message("engine.starting"))
            return
        self.signing = True
        self._update(notice=None)
        self.run_worker(self._sign_in(command, keyring), name="sign-in")

    async def _sign_in(self, command: SignIn, keyring: bool) -> None:
        typed = bool(command.pwd)
        try:
            if keyring and not typed:
                found = await self._from_keyring(command)
                if found is None:
                    return
                command = found
            assert self._port is not None
            self._joined_none = False  # a new sign-in is a new try
            result = await self._port.execute(command)
        finally:
            self.signing = False
        if not result.ok:
            self._say(result.message)
            return
        self._session.sign_in, self._session.gid = command, None
        self.run_worker(self._lead(self._session.server), name="voice")
        before = self._prefill
        self._prefill = replace(
            before,
            un=command.un,
            pwd=type(command.pwd)(),
            switchnumber=command.switchnumber,
            callintype=command.callintype,
            number=command.number,
            backend=command.backend,
            kind=command.kind,
            keyring=keyring,
            gateway=command.gateway,
            other=before if before.other and before.kind != command.kind else before.other,
        )
        if keyring and typed:
            await self._to_keyring(command)

    async def _lead(self, server: str) -> None:
        """Have the engine carry the voice there; what is wrong is said, and stops nothing."""
        from tui.screens.carrying import lead

        if self._port is not None:
            result = await lead(self._port, server, self.view.snapshot)
            if result is not None and not result.ok and result.message is not None:
                self._update(notice=result.message)

    def carry_voice(self, server: str) -> None:
        """The PulseAudio chosen at sign-in, "" for none: used once signed in."""
        self._session.server = server

    async def _from_keyring(self, command: SignIn) -> SignIn | None:
        from tui import keyring_store as store

        name = store.account_name(command.un, command.switchnumber, command.backend)
        try:
            password = await store.load(name)
        except store.KeyringUnavailable as error:
            self._say(error.message)
            return None
        if password is None:
            self._say(message("keyring.empty"))
            return None
        return replace(command, pwd=password)

    async def _to_keyring(self, command: SignIn) -> None:
        from tui import keyring_store as store

        name = store.account_name(command.un, command.switchnumber, command.backend)
        try:
            await store.save(name, command.pwd)
        except store.KeyringUnavailable as error:
            self._update(notice=error.message)

    def _say(self, failure: Message | None) -> None:
        from tui.screens.sign_in import SignInScreen

        screen = self.screen_stack[0]
        if isinstance(screen, SignInScreen) and screen.is_mounted:
            screen.say(failure)

    def join(self, gid: str) -> None:
        """Sign in to a group ("0" for none)."""
        self.run_worker(self._join(gid), name="join")

    async def _join(self, gid: str) -> None:
        from tui.engine.commands import JoinGroup
        from tui.screens.pick import GroupScreen

        if self._port is None:
            return
        result = await self._port.execute(JoinGroup(gid))
        if result.ok:
            self._session.gid = gid
            return
        screen = self.screen_stack[0]
        if isinstance(screen, GroupScreen):
            screen.fail(result.message)
        else:
            self._say(result.message)

    def _join_none(self, snapshot: Snapshot) -> None:
        """An agent in no group goes straight on with "0": once, not again after a failure."""
        if not self._joined_none and snapshot.failure is None and self.view.connected:
            self._joined_none = True
            self.join("0")

    async def _resume(self) -> None:
        """A new engine after the old one died: sign it in as before. What became of a call it
        asks of the platform."""
        from tui.engine.commands import JoinGroup

        command, gid = self._session.sign_in, self._session.gid
        assert command is not None
        self._joined_none = True
        failure: Message | None = None
        if self._port is not None:
            result = await self._port.execute(command)
            if result.ok and self._session.server:
                await self._lead(self._session.server)
            if result.ok and gid is not None and self._port is not None:
                result = await self._port.execute(JoinGroup(gid))
            failure = None if result.ok else result.message
        if failure is not None:
            self._resuming = self._port is None
        # Else until the event that says so is drawn: the answer may overtake it.
        self._update(notice=failure)
        if failure is not None:
            self._say(failure)

    def refresh_groups(self) -> None:
        """Look at the groups' states again."""
        if self.view.snapshot.phase is Phase.CHOOSING_GROUP and self._port is not None:
            self.run_worker(self._refresh_groups(), name="groups", exclusive=True, group="groups")

    async def _refresh_groups(self) -> None:
        from tui.engine.commands import GetGroups
        from tui.screens.pick import GroupScreen

        fresh = {}
        page = last = 1
        while page <= last and self._port is not None:
            result = await self._port.execute(GetGroups(page))
            if not result.ok or not isinstance(result.value, GroupPage):
                return  # the states stay as they were; joining tells what is wrong
            fresh.update({group.gid: group for group in result.value.groups})
            page, last = page + 1, min(result.value.last_page, 50)
        if isinstance(self.screen_stack[0], GroupScreen):
            self.screen_stack[0].update_states(fresh)

    def use_profile(self, name: str) -> None:
        """A profile was chosen: its policies count."""
        if self._config is not None:
            policies = self._config.with_profile(name).policies
            self._update(may_decline=policies.decline)

    def choose_account(self, account: AccountChoice | None) -> None:
        """One of the running engines was picked, or None for a new sign-in."""
        self.view = replace(self.view, place=Place.SIGN_IN)
        if account is not None:
            self._resuming = True
            self.view = replace(self.view, place=Place.CONSOLE)
        self.works = available(self.view)
        self._go(self.view.place)
        if self._on_account is not None:
            self.run_worker(self._tell_account(account), name="account")

    async def _tell_account(self, account: AccountChoice | None) -> None:
        assert self._on_account is not None
        await self._on_account(account)

    def _do_sandbox(self) -> None:
        self.run_worker(self._start_sandbox(), name="sandbox", exclusive=True, group="sandbox")

    async def _start_sandbox(self) -> None:
        assert self._on_sandbox is not None
        self._update(notice=message("sandbox.starting"))
        prefill = await self._on_sandbox()
        from tui.screens.sign_in import SignInScreen

        if isinstance(prefill, Message):
            # As a failure of the form: the engine that comes next must not wipe it off.
            self._update(notice=None)
            self._say(prefill)
            return

        self._prefill = prefill
        self._sandbox = True
        self._update(sandbox_offered=False, notice=None)
        screen = self.screen_stack[0]
        if isinstance(screen, SignInScreen):
            screen.fill(self._prefill)

    def _do_back(self) -> None:
        from tui.engine.commands import SignOut

        if self.view.place is Place.ACCOUNTS:
            self.choose_account(None)
        elif self.view.snapshot.phase is Phase.CHOOSING_GROUP:
            self._session.forget()
            self.send(SignOut(end=False))

    # ------------------------------------------------------------ the ends

    def _do_leave(self) -> None:
        from tui.screens.dialogs import Dialog, leave_dialog

        if self.view.place is not Place.CONSOLE or self.view.snapshot.phase is Phase.KICKED:
            self.run_worker(self._quit(), name="quit")
        elif not isinstance(self.screen, Dialog):
            self.push_screen(leave_dialog(self.view), self._leave)

    def _leave(self, way: str | None) -> None:
        if way == "leave":
            self.exit(LEFT)
        elif way == "sign-out":
            if self.clocks.monotonic() - self._changed_at < GUARD:
                return
            self.run_worker(self._sign_out(), name="sign-out")

    async def _sign_out(self) -> None:
        from tui.engine.commands import SignOut

        self._session.forget()
        if self._port is not None:
            await self._port.execute(SignOut(end=True))
        self.exit(SIGNED_OUT)

    async def _quit(self) -> None:
        """Nobody is signed in: the engine is of no use any more."""
        from tui.engine.commands import SignOut

        if self._port is not None and self.view.connected:
            self._generation += 1
            await self._port.execute(SignOut(end=True))
        self.exit(QUIT)

    def _show_kicked(self, snapshot: Snapshot) -> None:
        from tui.screens.dialogs import kicked_dialog

        self._session.forget()
        if self._drawn_once:
            self.push_screen(kicked_dialog(snapshot), self._after_kick)

    def _after_kick(self, way: str | None) -> None:
        if way == "quit":
            self.run_worker(self._quit(), name="quit")
            return
        self.view = replace(self.view, place=Place.SIGN_IN, notice=None)
        self.works = available(self.view)
        self._go(Place.SIGN_IN)
