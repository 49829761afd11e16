"""The FMEA as files: JSON, a table for spreadsheets, and one self-contained page."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from drillyard.audits.fmea import TRAFFIC, Fmea, FmeaRow, Side
from drillyard.audits.scales import DETECTION, OCCURRENCE
from drillyard.records.charts import mark, number, span
from drillyard.records.files import write_atomically
from drillyard.records.pages import fill

__all__ = ["fmea_csv", "fmea_page", "verdict", "write_fmea"]

_ENDS = ("value", "low", "high")
_ESTIMATES = ("rate", "exposure", "per_period", "miss", "loss")
_SCORES = ("occurrence", "detection", "priority")


def write_fmea(fmea: Fmea, folder: Path, command: str) -> list[Path]:
    """Write fmea.json, fmea.csv and fmea.html; `command` is printed at the foot of the page."""
    files = {"json": fmea.to_json(indent=2) + "\n", "csv": fmea_csv(fmea), "html": fmea_page(fmea, command)}
    paths = []
    for ending, text in files.items():
        paths.append(folder / f"fmea.{ending}")
        write_atomically(paths[-1], text.encode())
    return paths


def verdict(fmea: Fmea) -> str:
    """Say in one sentence what comes first, and what mitigation did to it."""
    if not fmea.rows:
        return "Nothing was audited, so nothing can be ranked."
    first = fmea.rows[0]
    side = first.after or first.before
    if side.loss.value > 0:
        loss = f"an expected loss of {number(side.loss.value)} ({number(side.loss.low)} to {number(side.loss.high)})"
        behind = f"rank {first.by_loss.best} to {first.by_loss.worst} of {len(fmea.rows)}"
        words = f"First: {first.mode}, with {loss} in {fmea.uses:,} uses ({behind})."
    else:
        words = f"{_quiet(fmea)} Bounds are left; the largest: {first.behaviour}, an expected loss of at most"
        words += f" {number(side.loss.high)} in {fmea.uses:,} uses."
    if not fmea.after_target:
        return words
    better = sum(_lowered(row) for row in fmea.rows if row.found)
    found = sum(row.found for row in fmea.rows)
    return f"{words} Mitigation lowered {better} of {found} confirmed failures beyond their intervals."


def _quiet(fmea: Fmea) -> str:
    """Say why no loss has a value above zero: no failure, or none that passed the detector."""
    if any((row.after or row.before).per_period.value > 0 for row in fmea.rows):
        return "No failure was seen to get past the detector."
    return "No failure is left to see." if fmea.after_target else "No failure is seen."


def _lowered(row: FmeaRow) -> bool:
    """Say whether a failure is rarer, or what passes unseen costs less, than any doubt can explain."""
    if row.after is None:
        return False
    pairs = ((row.before.per_period, row.after.per_period), (row.before.loss, row.after.loss))
    return any(after.high < before.low for before, after in pairs)


def fmea_csv(fmea: Fmea) -> str:
    """Return one line per row and side, every estimate with both its ends."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(next(_lines(fmea), {"id": ""})), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(_lines(fmea))
    return text.getvalue()


def fmea_page(fmea: Fmea, command: str) -> str:
    """Return the page: verdict, plot, table, method."""
    sides = [side for row in fmea.rows for side in (row.before, row.after) if side]
    axis = span([side.loss for side in sides])
    drawn = [(row, mark(axis, row.before.loss), mark(axis, row.after.loss) if row.after else None) for row in fmea.rows]
    return fill(
        "audits",
        "fmea.html.j2",
        fmea=fmea,
        verdict=verdict(fmea),
        state="failed" if any((row.after or row.before).rate.low > 0 for row in fmea.rows) else "unknown",
        plot=f"Expected loss of {len(fmea.rows)} failure modes",
        axis=axis,
        rows=drawn,
        traffic=f"{TRAFFIC:,}",
        occurrence=OCCURRENCE,
        detection=DETECTION,
        command=command,
    )


def _lines(fmea: Fmea) -> Iterator[dict[str, object]]:
    for row in fmea.rows:
        for when, side in (("before", row.before), ("after", row.after)):
            if side is not None:
                yield _line(row, when, side)


def _line(row: FmeaRow, when: str, side: Side) -> dict[str, object]:
    names = ("id", "mode", "trigger", "behaviour", "found", "severity", "severity_source")
    line: dict[str, object] = {"when": when} | {name: _safe(getattr(row, name)) for name in names}
    for name in _ESTIMATES:
        estimate = getattr(side, name)
        line |= {f"{name}_{end}": repr(getattr(estimate, end)) for end in _ENDS} | {f"{name}_n": estimate.n}
    for name in _SCORES:
        line |= {f"{name}_{end}": getattr(getattr(side, name), end) for end in _ENDS}
    for name, ranks in (("loss", row.by_loss), ("priority", row.by_priority), ("severity", row.by_severity)):
        line |= {f"rank_by_{name}_{end}": getattr(ranks, end) for end in ("best", "value", "worst")}
    return line | {"note": side.note}


def _safe(value: object) -> object:
    """Keep a spreadsheet from taking text for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") else value
