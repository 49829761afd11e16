"""Results as a table: a row per try at a drill, under opaque ids."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from drillyard.exports.leaks import keyed_hash
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.roster import try_number
from drillyard.records import Attempt

__all__ = ["FIELDS", "check_table", "tell_people", "write_table"]

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
