"""Who is who: names for the opaque learners of a roster, read from a CSV and kept in a file of their own.

Results, attempts and the yard's database know learners by their ids alone; whoever deletes `people.json` makes them
nameless for good.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from drillyard.errors import BadInput, bad_input
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.roster import CODE_FORM, Learner, Roster
from drillyard.records import Plan
from drillyard.records.names import person_name, same_name, visible_name

__all__ = [
    "Person",
    "name_learners",
    "parse_people",
    "read_list",
    "read_people",
    "rename",
    "require_own_names",
    "tell_apart",
]

_STAFF_WORDS = ("designer", "facilitator", "auditor")
_MOST_BYTES = 10_000_000
_HEADERS = (["name", "role"], ["name", "role", "team"])


@dataclass(frozen=True, kw_only=True)
class Person:
    """A row of the CSV."""

    name: str
    role: str
    team: str = ""


def read_people(path: Path, plan: Plan) -> list[Person]:
    """Read the people that a brief counts from a CSV.

    Raises:
        BadInput: as `read_list`, or more people of a role than the brief counts.
    """
    people = read_list(path, plan)
    _require_room(people, plan, path)
    return people


def read_list(path: Path, plan: Plan) -> list[Person]:
    """Read people from a CSV file. Raises `BadInput` where there is none, and as `parse_people`."""
    if not path.is_file():
        raise bad_input(f"no file {str(path)!r}", "a CSV with the columns name,role")
    if path.stat().st_size > _MOST_BYTES:
        raise bad_input(f"{path.stat().st_size:,} bytes in {path}", f"at most {_MOST_BYTES:,}")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (UnicodeDecodeError, OSError) as error:
        raise bad_input(f"{path} that cannot be read ({error})", "a CSV in UTF-8 with the columns name,role") from None
    return parse_people(text, str(path), plan)


def parse_people(text: str, where: str, plan: Plan) -> list[Person]:
    """Read people from the text of a CSV with the columns `name`, `role` and, where there are teams, `team`.

    Commas, semicolons or tabs part them, as spreadsheets copy and save; a byte order mark and capitals are no columns.

    Raises:
        BadInput: other columns, a name that is none or stands there twice, or a role that the plan has not.
    """
    try:
        text = text.removeprefix("\ufeff")
        first = text.partition("\n")[0]
        rows = csv.DictReader(io.StringIO(text), strict=True, delimiter=max(",;\t", key=first.count))
        if rows.fieldnames:
            rows.fieldnames = [one.strip().casefold() for one in rows.fieldnames]
        if rows.fieldnames is None or sorted(map(str.strip, rows.fieldnames)) not in _HEADERS:
            raise bad_input(
                f"the columns {rows.fieldnames} in {where}", "name,role", "type 'name,role' as its first line"
            )
        people = [_person(row, f"{where}, line {rows.line_num}", plan) for row in rows]
    except csv.Error as error:
        raise bad_input(f"{where} that cannot be read ({error})", "a CSV with the columns name,role") from None
    for name, number in Counter(same_name(person.name) for person in people).items():
        if number > 1:
            found = f"{ascii(name)} {number} times in {where}"
            raise bad_input(found, "each person once", "add a word that tells them apart")
    return people


def name_learners(folder: ProgramFolder, people: Sequence[Person]) -> dict[str, str]:
    """Give people the places of their roles in the programme's roster, and return all names by learner id.

    Whoever has a place keeps it; new people take the next free ones.
    """
    require_own_names(folder.roster(), (one.name for one in people))
    with folder.changing_roster():
        names, teams = dict(folder.people()), dict[str, str]()
        known = {
            (learner.role, same_name(names[learner.id])) for learner in _named(folder, names) if not learner.by_link
        }
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
            teams[place.id] = person.team
        folder.write_people(names)
        if any(teams.values()):
            roster = folder.roster()
            learners = tuple(one.model_copy(update={"team": teams.get(one.id) or one.team}) for one in roster.learners)
            folder.write_roster(roster.model_copy(update={"learners": learners}))
    return names


def rename(folder: ProgramFolder, learner_id: str, name: str, team: str | None = None) -> Learner:
    """Call a learner something else, and put them into a team, with an empty one into none, with `None` leave them.

    Raises:
        BadInput: no such learner, a name that is none or stands for the staff or an id, or a team that is none.
    """
    name = person_name(name)
    changed = {} if team is None else {"team": visible_name(team, "team", 60) if team.strip() else ""}
    with folder.changing_roster():
        roster = folder.roster()
        require_own_names(roster, [name])
        if all(one.id != learner_id for one in roster.learners):
            raise bad_input(f"learner {learner_id[:100]!r}", f"an id; list them: drillyard yard people {folder.path}")
        folder.write_people({**folder.people(), learner_id: name})
        learners = [one.model_copy(update=changed) if one.id == learner_id else one for one in roster.learners]
        folder.write_roster(roster.model_copy(update={"learners": tuple(learners)}))
    return next(one for one in learners if one.id == learner_id)


def tell_apart(names: Mapping[str, str]) -> dict[str, str]:
    """Return what each learner is called where somebody reads it: with their id where another is called the same."""
    alike = Counter(map(same_name, names.values()))
    return {one: f"{name} ({one})" if alike[same_name(name)] > 1 else name for one, name in names.items()}


def require_own_names(roster: Roster, names: Iterable[str]) -> None:
    """Refuse as a learner's name what stands for the staff or for an id. Raises `BadInput`, the same for both."""
    staff = {same_name(one) for one in (*_STAFF_WORDS, *(one.id for one in roster.staff))}
    ids = {one.id for one in roster.learners}
    for name in names:
        plain = same_name(name)
        if plain in staff or plain in ids or re.fullmatch(CODE_FORM, plain):
            found = f"{ascii(name)}, which stands for the staff or is formed like an id or a code"
            raise bad_input(found, "a name of one's own", "add a word that tells them apart")


def _named(folder: ProgramFolder, names: dict[str, str]) -> list[Learner]:
    return [learner for learner in folder.roster().learners if learner.id in names]


def _person(row: dict[str, str | None], where: str, plan: Plan) -> Person:
    fields = {str(key).strip(): value for key, value in row.items()}
    roles = [role.role for role in plan.roles]
    role = (fields["role"] or "").strip()
    if sorted(fields) not in _HEADERS:
        raise bad_input(f"{where}: more than two values", "name,role", "put a name with a comma in quotes")
    if role not in roles:
        raise bad_input(f"{where}: role {role[:100]!r}", f"one of: {', '.join(roles)}")
    try:
        team = (fields.get("team") or "").strip()
        name = person_name(fields["name"] or "")
        return Person(name=name, role=role, team=visible_name(team, "team", 60) if team else "")
    except BadInput as error:
        raise BadInput(f"{where}: {error}") from None


def _require_room(people: Sequence[Person], plan: Plan, path: Path) -> None:
    heads = {role.role: role.head_count for role in plan.roles}
    for role, count in Counter(person.role for person in people).items():
        if count > heads[role]:
            how = "raise head_count in the brief and design again"
            raise bad_input(f"{count} people of the role {role} in {path}", f"at most {heads[role]}", how)
