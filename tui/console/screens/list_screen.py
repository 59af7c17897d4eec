"""A screen that is a list: the agent's groups with their live states, or running accounts."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tui.console.actions.registry import available
from tui.console.desk import Desk
from tui.console.i18n import render, tr
from tui.console.screens.base import YimiScreen, reachable
from tui.console.sign_in_defaults import AccountChoice
from tui.console.view import ScreenName, View
from tui.console.widgets.bars import KeyBar
from tui.console.widgets.formats import fit
from tui.console.widgets.rows import Rows, row, two_sided
from tui.port.values import Group, Message, Phase

NAME_CELLS = 30
REFRESH = 5.0
"""Seconds between two looks at the groups' states."""


class ListPage(Vertical):
    """Title, list, a row for what goes on, key bar: all of a screen that is a list."""

    DEFAULT_CSS = """
    ListPage #pick-title { height: 4; padding: 0 1; }
    ListPage OptionList, ListPage OptionList:focus {
        height: 1fr; margin: 0 2; border: none; background: $background; padding: 0;
        background-tint: $foreground 0%; scrollbar-size-vertical: 1;
    }
    ListPage #said { height: 3; padding: 0 3; text-wrap: wrap; }
    """

    def __init__(self, title: str) -> None:
        """`title` is a message id."""
        super().__init__()
        self._title_id = title
        self.title_rows = Rows(id="pick-title")
        self.list = OptionList(markup=False)
        self.said = Rows(id="said")
        self.keys = KeyBar()

    def compose(self) -> ComposeResult:
        yield self.title_rows
        yield self.list
        yield self.said
        yield self.keys

    def show(self, view: View) -> None:
        """Draw title and keys."""
        width = self.title_rows.content_size.width
        if width:
            account = view.snapshot.account
            who = f"{account.un} {account.displayname}".strip() if account else ""
            self.title_rows.draw(
                [
                    two_sided(row(("yimi", "bold $key")), row((who, "$strong")), width),
                    (),
                    row(("  " + tr(self._title_id), "bold $strong")),
                ]
            )
        self.keys.show(view, reachable(self.screen, available(view)))

    def say(self, sentence: str, style: str) -> None:
        """Draw a sentence under the list."""
        self.said.draw([row((sentence, style))] if sentence else [])
        self.said.refresh()  # it may wrap


class GroupScreen(YimiScreen):
    """Which skill group to sign in to."""

    PLACE = ScreenName.GROUPS

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._page = ListPage("groups.title")
        self.list = self._page.list
        self._groups: tuple[Group, ...] = ()
        self._failure: Message | None = None

    def compose(self) -> ComposeResult:
        yield self._page

    def on_mount(self) -> None:
        super().on_mount()
        # The sign-in names the groups, not how they are. After the list is filled.
        self.call_after_refresh(self.desk.session.refresh_groups)
        self.set_interval(REFRESH, self.desk.session.refresh_groups)

    def show(self, view: View) -> None:
        self._page.show(view)
        if view.snapshot.groups != self._groups:
            self._fill(view.snapshot.groups)
        failure = self._failure or view.snapshot.failure or view.notice
        if view.snapshot.phase is Phase.REGISTERING:
            self._page.say(tr("groups.registering"), "$dim")
        elif failure is not None:
            self._page.say("! " + render(failure), "$ring")
        else:
            self._page.say("", "")

    def retranslate(self) -> None:
        """The language has changed."""
        for index, group in enumerate(self._groups):
            self.list.replace_option_prompt_at_index(index, _group_row(group))

    def fail(self, failure: Message | None) -> None:
        """Say why joining did not work."""
        self._failure = failure
        self.show(self.desk.view)

    def update_states(self, fresh: dict[str, Group]) -> None:
        """Newer states, by gid; lines whose state is as it was stay as they are."""
        groups = tuple(fresh.get(group.gid, group) for group in self._groups)
        for index, (old, new) in enumerate(zip(self._groups, groups, strict=True)):
            if (old.state_id, old.state_name) != (new.state_id, new.state_name):
                self.list.replace_option_prompt_at_index(index, _group_row(new))
        self._groups = groups

    def _fill(self, groups: tuple[Group, ...]) -> None:
        before = self.list.highlighted or 0
        known = {group.gid: group for group in self._groups}
        self._groups = groups = tuple(
            group if group.state_id is not None or group.state_name else known.get(group.gid, group)
            for group in groups
        )
        self.list.clear_options()
        self.list.add_options([Option(_group_row(group)) for group in groups])
        self.list.highlighted = min(before, len(groups) - 1) if groups else None
        self.list.focus()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        if self.desk.view.snapshot.phase is Phase.CHOOSING_GROUP:
            self._failure = None
            self.desk.session.join(self._groups[event.option_index].gid)


def _group_row(group: Group) -> Content:
    styles = {0: "$dim", 1: "$good", 2: "$ring"}
    if group.state_id in styles:
        state, style = tr(f"group_state.{group.state_id}"), styles[group.state_id]
    else:
        state, style = group.state_name or tr("group_state.unknown"), "$dim"
    name = fit(group.name or group.gid, NAME_CELLS)
    return Content.assemble(" ", (name, ""), "  ", (state, style))


class AccountScreen(YimiScreen):
    """Several engines run already: which one to look at."""

    PLACE = ScreenName.ACCOUNTS

    def __init__(self, desk: Desk, accounts: tuple[AccountChoice, ...]) -> None:
        super().__init__(desk)
        self._page = ListPage("accounts.title")
        self.list = self._page.list
        self._accounts = accounts

    def compose(self) -> ComposeResult:
        yield self._page

    def show(self, view: View) -> None:
        self._page.show(view)

    def on_mount(self) -> None:
        super().on_mount()
        for account in self._accounts:
            self.list.add_option(Option(Content.assemble(" ", account.label)))
        self.list.add_option(Option(Content.assemble(" ", tr("accounts.other"))))
        self.list.highlighted = 0
        self.list.focus()

    def retranslate(self) -> None:
        """The language has changed."""
        other = Content.assemble(" ", tr("accounts.other"))
        self.list.replace_option_prompt_at_index(len(self._accounts), other)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        index = event.option_index
        self.desk.session.choose_account(
            self._accounts[index] if index < len(self._accounts) else None
        )
