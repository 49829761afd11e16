"""The report of a check: JSON, and one page for people."""

from __future__ import annotations

from pathlib import Path

from drillyard.errors import did_you_mean
from drillyard.guards.check import GuardCheck
from drillyard.records import Estimate
from drillyard.records.files import write_atomically, write_record
from drillyard.records.pages import fill
from drillyard.stats.shown import percent

__all__ = ["verdict", "write_report"]


def verdict(made: GuardCheck) -> str:
    """Say in a line what a check found, what speaks against the promise first, what was left out last."""
    return " ".join([_found(made), *(_left_out(made, code) for code in made.unknown)])


def _left_out(made: GuardCheck, code: str) -> str:
    hint = did_you_mean(code, made.behaviours)
    words = f"Left out: {made.unknown[code]} labelled {code!r}, which the guard was not taught"
    return f"{words}; {hint}" if hint else f"{words}."


def _found(made: GuardCheck) -> str:
    blocked, promised = (percent(one, digits=1) for one in (made.false_blocks.value, made.alpha))
    if made.drifted:
        beside = f", and {blocked} of sound replies are blocked, not {promised}" if made.false_blocks.n else ""
        return f"The promise is void here: scores have drifted from the calibration's{beside}. Calibrate on their kind."
    if not made.false_blocks.n:
        return f"{len(made.flagged)} of {made.n} replies are flagged; false alarms are unknown: none is labelled sound."
    if not made.holds:
        words = "These replies are not like the calibration's: calibrate on some of their kind."
        return f"The promise does not hold here: {blocked} of sound replies are blocked, not {promised}. {words}"
    failing = f"{percent(made.recall.value)} of {made.recall.n} failing ones are caught"
    caught = failing if made.recall.n else "none is labelled failing"
    return f"{blocked} of sound replies are blocked, in keeping with the promised {promised}; {caught}."


def write_report(made: GuardCheck, folder: Path) -> None:
    """Write check.json and check.html."""
    rows = [("all failing replies", made.recall), *made.by_behaviour.items()]
    rows += [(f"tactic {name}", share) for name, share in made.by_tactic.items()]
    rows.append(("sound replies (false alarms)", made.false_blocks))
    for name, null in made.null.items():
        rows += [(f"{name}: failing", null.recall), (f"{name}: sound", null.false_blocks)]
    shown = [(name, share, _places(share)) for name, share in rows if share.n]
    page = fill("guards", "check.html.j2", made=made, verdict=verdict(made), rows=shown, told=_told)
    write_record(folder / "check.json", made)
    write_atomically(folder / "check.html", page.encode())


def _told(share: Estimate) -> str:
    low, value, high = (f"{100 * part:.1f}" for part in (share.low, share.value, share.high))
    return f"{value} % ({low} to {high}), n = {share.n}"


def _places(share: Estimate) -> dict[str, float]:
    """Return where low, value and high of a share lie on an axis of 400 from 0 to 1."""
    return {name: 220 + 400 * getattr(share, name) for name in ("low", "value", "high")}
