"""Results as tables, under opaque ids: a row per try at a drill, and one per activity that a facilitator recorded."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from drillyard.exports.leaks import keyed_hash
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.roster import try_number
from drillyard.records import Attempt
from drillyard.registrar.led import OUTCOMES
from drillyard.registrar.tables import LedRow

__all__ = ["FIELDS", "LED_FIELDS", "check_led", "check_table", "tell_people", "write_led", "write_table"]

FIELDS = (
    "learner",
    "role",
    "team",
    "drill",
    "try",
    "minutes",
    "hints",
    "score",
    "final",
    "passed",
    "submission",
    "grader",
)

LED_FIELDS = ("learner", "role", "team", "activity", "kind", "outcome", "at")

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_table(programme: ProgramFolder, attempts: list[Attempt]) -> bytes:
    """Return the table as CSV in UTF-8; a try without a grade has empty cells."""
    held = io.StringIO()
    out = csv.writer(held)
    out.writerow(FIELDS)
    teams = {learner.id: learner.team for learner in programme.roster().learners}
    for one in attempts:
        grade = one.grade
        result = (
            (
                f"{grade.score:.4f}",
                f"{grade.final:.4f}",
                "yes" if grade.passed else "no",
                keyed_hash(programme, grade.submission_hash),
                grade.grader_hash,
            )
            if grade
            else ("",) * 5
        )
        minutes = "" if one.minutes is None else f"{one.minutes:.2f}"
        row = (
            one.learner,
            one.role,
            teams.get(one.learner, ""),
            one.drill,
            try_number(one.instance, one.learner),
            minutes,
            one.hints,
            *result,
        )
        out.writerow([_plain(str(cell)) for cell in row])
    return held.getvalue().encode()


def write_led(programme: ProgramFolder, led: Iterable[LedRow]) -> bytes:
    """Return what was recorded of activities that are led as CSV, without the notes; times are UTC."""
    held = io.StringIO()
    out = csv.writer(held)
    out.writerow(LED_FIELDS)
    learners = {learner.id: learner for learner in programme.roster().learners}
    kinds = {step.activity.id: step.activity.kind for role in programme.plan().roles for step in role.activities}
    for row in led:
        one = learners.get(row.learner)
        at = datetime.fromtimestamp(row.at, UTC).isoformat(timespec="seconds")
        who = (row.learner, one.role if one else "", one.team if one else "")
        cells = (*who, row.activity, kinds.get(row.activity, ""), row.outcome, at)
        out.writerow([_plain(cell) for cell in cells])
    return held.getvalue().encode()


def check_led(data: bytes) -> Iterator[str]:
    """Yield what is wrong with a table of activities that are led."""
    rows = list(csv.reader(io.StringIO(data.decode()), strict=True))
    if not rows or tuple(rows[0]) != LED_FIELDS:
        yield "its columns are others"
        return
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(LED_FIELDS):
            yield f"line {number}: {len(row)} cells"
        elif any(cell.startswith(_FORMULA) for cell in row):
            yield f"line {number}: a cell that a spreadsheet would run"
        elif row[5] not in OUTCOMES or not row[5]:
            yield f"line {number}: outcome is {row[5]!r:.40}"
    keys = [(row[0], row[3]) for row in rows[1:] if len(row) == len(LED_FIELDS)]
    if len(set(keys)) < len(keys):
        yield "an activity twice"


def check_table(data: bytes) -> Iterator[str]:
    """Yield what is wrong with a table."""
    rows = list(csv.reader(io.StringIO(data.decode()), strict=True))
    if not rows or tuple(rows[0]) != FIELDS:
        yield "its columns are others"
        return
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(FIELDS):
            yield f"line {number}: {len(row)} cells"
            continue
        cells = dict(zip(FIELDS, row, strict=True))
        if any(cell.startswith(_FORMULA) for cell in row):
            yield f"line {number}: a cell that a spreadsheet would run"
        for name in ("score", "final"):
            if cells[name] and not 0 <= float(cells[name]) <= 1:
                yield f"line {number}: {name} {cells[name]}"
        if cells["passed"] not in ("yes", "no", ""):
            yield f"line {number}: passed is {cells['passed']!r:.40}"
    keys = [(row[0], row[3], row[4]) for row in rows[1:] if len(row) == len(FIELDS)]
    if len(set(keys)) < len(keys):
        yield "a try twice"


def tell_people(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield what a table tells of people, with its place: their ids and what their team is called."""
    for number, row in enumerate(csv.DictReader(io.StringIO(data.decode())), 2):
        yield from ((f"line {number}, {name}", row.get(name) or "") for name in ("learner", "team"))


def _plain(cell: str) -> str:
    """Keep a spreadsheet from running a cell."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
