"""Which of several parked calls to fetch. A digit takes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tui.console.i18n import tr
from tui.console.screens.base import LiveDialog
from tui.console.screens.dialogs.dialog import ChoiceDialog
from tui.console.view import View
from tui.console.widgets.formats import Clocks, spaced
from tui.port.colleagues import ParkingSlot, parked
from tui.port.commands import Command, FetchParked

_STAY: Final = "stay"


class ParkedDialog(LiveDialog, ChoiceDialog):
    """The result is the slot. It goes when nothing waits there any more."""

    DEFAULT_CSS = """
    ParkedDialog #box { padding: 0 2; }
    ParkedDialog OptionList, ParkedDialog OptionList:focus { margin: 0; }
    """

    def __init__(self, slots: Sequence[ParkingSlot], clocks: Clocks) -> None:
        self._slots = {each.slot: each for each in slots}
        self._time_of = clocks.time_of_day
        ways = [(_STAY, "park.stay"), *((slot, slot) for slot in self._slots)]
        super().__init__("park.which", [], "", ways, _STAY)

    def words(self, label: str) -> str:
        """A slot, who waits there, and since when."""
        slot = self._slots.get(label)
        if slot is None:
            return tr(label)
        who = f"  {spaced(slot.who)}" if slot.who else ""
        return f"{slot.slot}{who}  {tr('since', time=self._time_of(slot.since))}"

    def command_of(self, way: str | None) -> Command | None:
        """What a way out asks of the engine; None for staying."""
        return FetchParked(way) if way in self._slots and way is not None else None

    def show(self, view: View) -> None:
        """Others may fetch them as well."""
        still = {each.slot for each in parked(view.snapshot.parking)}
        if not still & set(self._slots):
            self.dismiss(_STAY)
