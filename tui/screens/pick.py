"""A screen that is a list: the agent's groups with their live states, or running accounts."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tui.actions import Place, View
from tui.engine.state import Group, Message, Phase
from tui.i18n import render, tr
from tui.prefill import AccountChoice
from tui.screens.base import YimiScreen
from tui.widgets.bars import KeyBar
from tui.widgets.rows import Rows, row, two_sided
from tui.widgets.words import fit

NAME_CELLS = 30
REFRESH = 5.0
"""Seconds between two looks at the groups' states."""


class PickScreen(YimiScreen):
    """Title, list, a line for what goes on, key bar."""

    DEFAULT_CSS = """
    PickScreen #pick-title { height: 4; padding: 0 1; }
    PickScreen OptionList, PickScreen OptionList:focus {
        height: 1fr; margin: 0 2; border: none; background: $background; padding: 0;
        background-tint: $foreground 0%; scrollbar-size-vertical: 1;
    }
    PickScreen #said { height: 3; padding: 0 3; text-wrap: wrap; }
    """
    TITLE_ID = ""

    def __init__(self) -> None:
        super().__init__()
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
        width = self.title_rows.content_size.width
        if width:
            account = view.snapshot.account
            who = f"{account.un} {account.displayname}".strip() if account else ""
            self.title_rows.draw(
                [
                    two_sided(row(("yimi", "bold $key")), row((who, "$strong")), width),
                    (),
                    row(("  " + tr(self.TITLE_ID), "bold $strong")),
                ]
            )
        self.keys.show(view, self.yimi.works)

    def _say(self, sentence: str, style: str) -> None:
        self.said.draw([row((sentence, style))] if sentence else [])
        self.said.refresh()  # it may wrap


class GroupScreen(PickScreen):
    """Which skill group to sign in to."""

    PLACE = Place.GROUPS
    TITLE_ID = "groups.title"

    def __init__(self) -> None:
        super().__init__()
        self._groups: tuple[Group, ...] = ()
        self._failure: Message | None = None

    def on_mount(self) -> None:
        super().on_mount()
        # The sign-in names the groups, not how they are. After the list is filled.
        self.call_after_refresh(self.yimi.refresh_groups)
        self.set_interval(REFRESH, self.yimi.refresh_groups)

    def show(self, view: View) -> None:
        super().show(view)
        if view.snapshot.groups != self._groups:
            self._fill(view.snapshot.groups)
        failure = self._failure or view.snapshot.failure or view.notice
        if view.snapshot.phase is Phase.REGISTERING:
            self._say(tr("groups.registering"), "$dim")
        elif failure is not None:
            self._say("! " + render(failure), "$ring")
        else:
            self._say("", "")

    def retranslate(self) -> None:
        """The language has changed."""
        for index, group in enumerate(self._groups):
            self.list.replace_option_prompt_at_index(index, _group_line(group))

    def fail(self, failure: Message | None) -> None:
        """Say why joining did not work."""
        self._failure = failure
        self.show(self.yimi.view)

    def update_states(self, fresh: dict[str, Group]) -> None:
        """Newer states, by gid; lines whose state is as it was stay as they are."""
        groups = tuple(fresh.get(group.gid, group) for group in self._groups)
        for index, (old, new) in enumerate(zip(self._groups, groups, strict=True)):
            if (old.state_id, old.state_name) != (new.state_id, new.state_name):
                self.list.replace_option_prompt_at_index(index, _group_line(new))
        self._groups = groups

    def _fill(self, groups: tuple[Group, ...]) -> None:
        before = self.list.highlighted or 0
        known = {group.gid: group for group in self._groups}
        self._groups = groups = tuple(
            group if group.state_id is not None or group.state_name else known.get(group.gid, group)
            for group in groups
        )
        self.list.clear_options()
        self.list.add_options([Option(_group_line(group)) for group in groups])
        self.list.highlighted = min(before, len(groups) - 1) if groups else None
        self.list.focus()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        if self.yimi.view.snapshot.phase is Phase.CHOOSING_GROUP:
            self._failure = None
            self.yimi.join(self._groups[event.option_index].gid)


def _group_line(group: Group) -> Content:
    styles = {0: "$dim", 1: "$good", 2: "$ring"}
    if group.state_id in styles:
        state, style = tr(f"group_state.{group.state_id}"), styles[group.state_id]
    else:
        state, style = group.state_name or tr("group_state.unknown"), "$dim"
    name = fit(group.name or group.gid, NAME_CELLS)
    return Content.assemble(" ", (name, ""), "  ", (state, style))


class AccountScreen(PickScreen):
    """Several engines run already: which one to look at."""

    PLACE = Place.ACCOUNTS
    TITLE_ID = "accounts.title"

    def __init__(self, accounts: tuple[AccountChoice, ...]) -> None:
        super().__init__()
        self._accounts = accounts

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
        self.yimi.choose_account(self._accounts[index] if index < len(self._accounts) else None)
