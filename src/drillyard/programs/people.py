"""Who is who: names for the opaque learners of a roster, read from a CSV and kept in a file of their own.

Results, attempts and the yard's database know learners by their ids alone; whoever deletes `people.json` makes them
nameless for good.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from drillyard.errors import BadInput, bad_input
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.roster import Learner
from drillyard.records import Plan
from drillyard.records.names import person_name, same_name

__all__ = ["Person", "name_learners", "read_people"]

_MOST_BYTES = 10_000_000
_HEADER = ["name", "role"]


@dataclass(frozen=True, kw_only=True)
class Person:
    """A row of the CSV."""

    name: str
    role: str


def read_people(path: Path, plan: Plan) -> list[Person]:
    """Read people from a CSV with the columns `name` and `role`.

    Raises:
        BadInput: no such file, other columns, a name that is none or stands there twice, a role that the plan has not,
            or more people of a role than the brief counts.
    """
    if not path.is_file():
        raise bad_input(f"no file {str(path)!r}", "a CSV with the columns name,role")
    if path.stat().st_size > _MOST_BYTES:
        raise bad_input(f"{path.stat().st_size:,} bytes in {path}", f"at most {_MOST_BYTES:,}")
    try:
        rows = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")), strict=True)
        if rows.fieldnames is None or sorted(map(str.strip, rows.fieldnames)) != _HEADER:
            raise bad_input(
                f"the columns {rows.fieldnames} in {path}", "name,role", "type 'name,role' as its first line"
            )
        people = [_person(row, f"{path}, line {rows.line_num}", plan) for row in rows]
    except (UnicodeDecodeError, csv.Error, OSError) as error:
        raise bad_input(f"{path} that cannot be read ({error})", "a CSV in UTF-8 with the columns name,role") from None
    _require_room(people, plan, path)
    return people


def name_learners(folder: ProgramFolder, people: Sequence[Person]) -> dict[str, str]:
    """Give people the places of their roles in the programme's roster, and return all names by learner id.

    Whoever has a place keeps it; new people take the next free ones.
    """
    with folder.changing_roster():
        names = dict(folder.people())
        known = {(learner.role, same_name(names[learner.id])) for learner in _named(folder, names)}
        free = [learner for learner in folder.roster().learners if learner.id not in names]
        for person in people:
            if (person.role, same_name(person.name)) in known:
                continue
            place = next((learner for learner in free if learner.role == person.role), None)
            if place is None:
                advice = "raise its head_count in the brief, or leave --learners out, which makes fewer places"
                raise bad_input(f"no free place for another {person.role}", "one for every line", advice)
            free.remove(place)
            names[place.id] = person.name
        folder.write_people(names)
    return names


def _named(folder: ProgramFolder, names: dict[str, str]) -> list[Learner]:
    return [learner for learner in folder.roster().learners if learner.id in names]


def _person(row: dict[str, str | None], where: str, plan: Plan) -> Person:
    fields = {str(key).strip(): value for key, value in row.items()}
    roles = [role.role for role in plan.roles]
    role = (fields["role"] or "").strip()
    if set(fields) != set(_HEADER):
        raise bad_input(f"{where}: more than two values", "name,role", "put a name with a comma in quotes")
    if role not in roles:
        raise bad_input(f"{where}: role {role[:100]!r}", f"one of: {', '.join(roles)}")
    try:
        return Person(name=person_name(fields["name"] or ""), role=role)
    except BadInput as error:
        raise BadInput(f"{where}: {error}") from None


def _require_room(people: Sequence[Person], plan: Plan, path: Path) -> None:
    heads = {role.role: role.head_count for role in plan.roles}
    for role, count in Counter(person.role for person in people).items():
        if count > heads[role]:
            how = "raise head_count in the brief and design again"
            raise bad_input(f"{count} people of the role {role} in {path}", f"at most {heads[role]}", how)
    for name, count in Counter(same_name(person.name) for person in people).items():
        if count > 1:
            raise bad_input(
                f"{ascii(name)} {count} times in {path}", "each person once", "add a word that tells them apart"
            )
