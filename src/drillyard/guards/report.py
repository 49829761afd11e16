"""The report of a check: JSON, and one page for people."""

from __future__ import annotations

from pathlib import Path

from drillyard.guards.check import GuardCheck
from drillyard.records import Estimate
from drillyard.records.files import write_atomically, write_record
from drillyard.records.pages import fill
from drillyard.stats.shown import percent

__all__ = ["verdict", "write_report"]


def verdict(made: GuardCheck) -> str:
    """Say in one sentence what a check found."""
    if made.drifted:
        return "Scores have drifted from those of the calibration: the promise is void until it is calibrated again."
    if not made.false_blocks.n:
        return f"{len(made.flagged)} of {made.n} replies are flagged; false alarms are unknown: none is labelled sound."
    held = "in keeping with" if made.holds else "more than"
    return (
        f"{made.false_blocks.value:.2%} of sound replies are blocked, {held} the promised {made.alpha:.2%}; "
        f"{percent(made.recall.value)} of the failing ones are caught."
    )


def write_report(made: GuardCheck, folder: Path) -> None:
    """Write check.json and check.html."""
    rows = [("all failing replies", made.recall), *made.by_behaviour.items()]
    rows += [(f"tactic {name}", share) for name, share in made.by_tactic.items()]
    rows.append(("sound replies (false alarms)", made.false_blocks))
    shown = [(name, share, _places(share)) for name, share in rows if share.n]
    page = fill("guards", "check.html.j2", made=made, verdict=verdict(made), rows=shown)
    write_record(folder / "check.json", made)
    write_atomically(folder / "check.html", page.encode())


def _places(share: Estimate) -> dict[str, float]:
    """Return where low, value and high of a share lie on an axis of 400 from 0 to 1."""
    return {name: 220 + 400 * getattr(share, name) for name in ("low", "value", "high")}
