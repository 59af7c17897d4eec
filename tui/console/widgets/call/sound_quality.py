"""How a call sounds, in words: one figure with a word beside the call, who does not hear whom
and the key for it, and the details. Rows for the call panel; a line for the history."""

from __future__ import annotations

from typing import Final

from tui.console.i18n import tr
from tui.console.widgets.rows import Row, row
from tui.port.values import Hearing, HistoryEntry, Quality

_WORDS: Final = (
    (4.0, "quality.good", "$dim"),
    (3.6, "quality.fair", "$ring"),
    (3.1, "quality.poor", "bold $bad"),
)
"""From which score on a word holds: R = 80, 70 and 60 of ITU-T G.109, as MOS (G.107 Annex B)."""
_NOTHING: Final = (Hearing.HEARS_NOTHING, Hearing.GONE)
_KEYS: Final = {
    Hearing.NOT_HEARD: ("rebuild", "action.rebuild"),
    Hearing.HEARS_NOTHING: ("rebuild", "action.rebuild"),
    Hearing.MUTED_SPEAKING: ("mute", "action.unmute"),
    Hearing.GONE: ("close_call", "action.close_call"),
}


def word_of(mos: float) -> tuple[str, str]:
    """The message id of a score, and its style. Rounded first, so that figure and word agree."""
    shown = round(mos, 1)
    for least, word, style in _WORDS:
        if shown >= least:
            return word, style
    return "quality.bad", "bold $bad"


def mark(quality: Quality | None) -> Row:
    """One number and a word; nothing before there is a score, or where nothing is heard."""
    if quality is None or quality.mos is None or quality.hearing in _NOTHING:
        return ()
    word, style = word_of(quality.mos)
    return row((tr("quality.mark", mos=f"{quality.mos:.1f}") + " ", "$dim"), (tr(word), style))


def hint(quality: Quality | None, keys: dict[str, str]) -> Row:
    """Who does not hear whom, and the key that helps, where it works now."""
    if quality is None or quality.hearing is Hearing.OK:
        return ()
    said = row((tr(f"hearing.{quality.hearing.value}"), "bold $bad"))
    id, label = _KEYS[quality.hearing]
    if id not in keys:
        return said
    return (*said, ("   ", ""), (keys[id], "bold $key"), (" " + tr(label), "$dim"))


def figures(quality: Quality | None) -> list[Row]:
    """The details. Figures stand right-aligned, so that nothing beside them jumps."""
    if quality is None:
        return [row((tr("figures.none"), "$dim"))]
    path = tr(
        "figures.path",
        codec=quality.codec or "–",
        rtt="  –" if quality.rtt is None else f"{quality.rtt:>3.0f}",
        delay=f"{quality.delay:>3.0f}",
        jitter=f"{quality.jitter:>2.0f}",
    )
    loss = tr("figures.loss", here=_per_cent(quality.loss), there=_per_cent(quality.remote_loss))
    mended = tr(
        "figures.mended",
        repaired=_per_cent(quality.repaired),
        concealed=_per_cent(quality.concealed),
    )
    return [row((text, "$dim")) for text in (path, loss, mended)]


def summary(entry: HistoryEntry) -> str:
    """How a call of the history sounded; "" where nothing was measured."""
    quality = entry.quality
    if quality is None or quality.mos is None:
        return ""
    word, _ = word_of(quality.mos)
    return tr(
        "history.sounded",
        mos=f"{quality.mos:.1f}",
        word=tr(word),
        loss=_per_cent(quality.loss).strip(),
        codec=quality.codec,
    )


def _per_cent(share: float) -> str:
    return f"{share * 100:>4.1f}"
