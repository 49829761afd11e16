"""Stored validations: what a report cites of the search that made it, of those that ship and of the user's own."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from drillyard.audits.options import EXPLORE
from drillyard.errors import BadInput
from drillyard.records import Estimate, Record
from drillyard.records.caches import cache_folder
from drillyard.records.files import split_lines
from drillyard.records.journal import Journal

__all__ = ["Panel", "cite", "panel_folder", "store", "stored_panels"]

_NAME = "validated.jsonl"
_SHAPE = 1  # of the cache of validations


class Panel(Record):
    """The figures of one validation, without its members.

    `recall` and `control` (random sampling at the same budget) are by rate, `alarms` by world, as in `Validation`;
    `worlds`, `budget` and `reading` say what was validated; `date` is the day on which it ran.
    """

    date: str
    worlds: tuple[str, ...]
    organisms: int
    seed: int
    budget: int
    reading: bool
    search: str = EXPLORE
    recall: dict[str, Estimate]
    control: dict[str, Estimate]
    named: Estimate
    alarms: dict[str, Estimate]
    false_alarms: Estimate
    ratio: float | None


def panel_folder() -> Path:
    """Return where validations are kept, the figures of all in a file and the members of each in a folder."""
    return cache_folder("validation", _SHAPE)


def store(panel: Panel) -> None:
    """Add a validation to the user's cache."""
    Journal(panel_folder() / _NAME, Panel.from_data).append(panel)


def stored_panels() -> list[Panel]:
    """Return the validations that ship and those of the user's cache, the newest last; broken lines are left out."""
    own = panel_folder() / _NAME
    texts = [(resources.files("drillyard.audits.hunt") / _NAME).read_text(encoding="utf-8")]
    texts += [own.read_text(encoding="utf-8", errors="replace")] if own.is_file() else []
    found = []
    for line in split_lines("".join(texts)):
        try:
            found.append(Panel.from_json(line))
        except BadInput:
            continue
    return found


def cite(search: str, world: str, budget: int, reading: bool) -> str:
    """Return in a sentence what a search finds of planted failures in a world; what is missing is said.

    Of several validations, one at the audit's own budget comes first, then the one of most organisms, then the newest.
    """
    kept = stored_panels()
    panels = [panel for panel in kept if (panel.search, panel.reading) == (search, reading) and world in panel.worlds]
    if not panels:
        return f"This search was not validated in this world: type drillyard audit --validate{_named(search)}."
    panel = max(reversed(panels), key=lambda one: (one.budget == budget, one.organisms))
    other = f" This audit had {budget:,}." if budget != panel.budget else ""
    shares = [panel.recall["0.05 and more"], panel.recall["0.005 to 0.02"], panel.named, panel.alarms[world]]
    often, rare, named, alarms = (f"{one.value:.0%} [{one.low:.0%}, {one.high:.0%}]" for one in shares)
    return (
        f"On {panel.organisms} planted organisms ({panel.date}, {panel.budget:,} queries each, judged exactly) this "
        f"search found {often} of the failures at rates of 0.05 and more and {rare} of those around 0.01; it named "
        f"{named} of the triggers rightly, and reported something in {alarms} of this world's clean twins.{other}"
    )


def _named(search: str) -> str:
    return "" if search == EXPLORE else f" --search {search}"
