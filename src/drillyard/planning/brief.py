"""Reading a brief: what a training designer asks for, with errors that say what to type next."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args
from zoneinfo import available_timezones

from pydantic import ValidationError

from drillyard.errors import BadInput, bad_input, did_you_mean, tell
from drillyard.organisms.worlds.world import World, load_world
from drillyard.planning.catalogue import catalogue_digest, load_catalogue
from drillyard.planning.graph import Catalogue
from drillyard.planning.lessons import world_reference
from drillyard.planning.matrix import problems
from drillyard.planning.requirements import add_risks
from drillyard.records import Aim, AISystem, Brief, Calendar, Law, Level, Policy, Record, RoleNeed, Shift, Weekday
from drillyard.records.yaml_file import read_yaml

__all__ = ["load_brief", "policy_bytes", "world_of"]

MAX_POLICY_BYTES = 5_000_000
_MOST_DAYS = 730
_TOP = "the top level"

# What to type where a field is missing, and what a field holds.
_EXAMPLES = {
    "title": "title: Safe answers at the helpdesk",
    "organisation": "organisation: Brightwell",
    "roles": "roles: [{id: engineer, head_count: 4, hours: 6}]",
    "systems": "systems: [{id: chat, name: Helpdesk chat, purpose: Answers customers, world: helpdesk}]",
    "id": "id: NAME",
    "head_count": "head_count: 4",
    "hours": "hours: 6",
    "name": "name: Helpdesk chat",
    "purpose": "purpose: Answers customers",
    "world": "world: helpdesk",
    "path": "path: policies/refunds.md",
    "retries": "retries: 2",
    "first_day": "first_day: 2026-12-07",
    "last_day": "last_day: 2027-01-29",
    "time_zone": "time_zone: Europe/Berlin",
    "shifts": "shifts: [{id: mornings, days: [mon, tue, wed], starts: '09:00', ends: '12:00'}]",
    "days": "days: [mon, tue, wed]",
    "starts": "starts: '09:00'",
    "ends": "ends: '12:00'",
}
_EXPECTED = {
    "head_count": "a whole number of people from 1 to 100000",
    "hours": "hours per person, such as 6, 1.5 or 1:30, above 0 and at most 400",
    "seed": "a whole number from 0",
    "without": "a list of objective or drill ids",
    "risks": "a list of ids of risks",
    "systems": "a list of ids of systems",
    "aim": f"one of: {', '.join(get_args(Aim))}",
    "level": f"one of: {', '.join(get_args(Level))}",
    "first_day": "a day that exists, such as 2026-12-07",
    "last_day": "a day that exists, such as 2027-01-29",
    "days_off": "a list of days that exist, such as 2026-12-25 or 2026-12-24..2027-01-03",
    "days": f"a list of: {', '.join(get_args(Weekday))}",
    "starts": "a time of day, such as '09:00'",
    "ends": "a time of day, such as '17:30'",
    "hours_a_day": "hours above 0 and at most 24",
    "group": "a whole number of people from 1",
    "facilitators": "a whole number from 0 to 1000",
    "machines": "a whole number of places from 0",
    "recall": "a whole number from 0 to 5",
    "retries": "unlimited, facilitator, or a whole number of further tries from 0 to 100",
}
_Entry = TypeVar("_Entry", bound=Record)


def load_brief(path: str | Path) -> Brief:
    """Read a brief from YAML, with its policies hashed and its legal facts filled in.

    Raises:
        BadInput: one line with what was found, what was expected and what to type next.
    """
    path = Path(path)
    if path.is_dir():
        raise bad_input(f"a folder {str(path)!r}", "a brief, which is a YAML file", f"try {path / 'brief.yaml'}")
    data = read_yaml(path)
    try:
        catalogue = load_catalogue(path.parent)
        fields = _mapping(data, Brief, _TOP)
        fields["roles"] = _entries(fields["roles"], RoleNeed, "roles")
        fields["systems"] = _entries(fields["systems"], AISystem, "systems")
        fields["policies"] = _entries(fields.get("policies") or [], Policy, "policies", key="path")
        fields["laws"] = _laws(fields.get("laws") or [], catalogue)
        fields["catalogue_sha256"] = catalogue_digest(path.parent)
        _check_names(fields["roles"], fields["systems"], catalogue)
        if fields.get("calendar") is not None:
            fields["calendar"] = _calendar(fields["calendar"])
        _check_shifts(fields["roles"], fields.get("calendar"))
        fields["systems"] = [_in_world(path.parent, number, one) for number, one in enumerate(fields["systems"])]
        fields["policies"] = [_hashed(path.parent, policy) for policy in fields["policies"]]
        brief = _record(Brief, fields, _TOP)
        _check_roles(brief, add_risks(catalogue, brief))
        return brief
    except BadInput as error:
        raise BadInput(f"{path.name}: {error}") from None


def world_of(folder: Path, system: AISystem) -> World:
    """Return the world of a system; a path is relative to the folder of its brief. Raises `BadInput`."""
    return load_world(world_reference(folder, system.world))


def policy_bytes(folder: Path, policy: Policy) -> bytes:
    """Return the bytes of a policy file; it lies in the folder `policies` beside the brief.

    Raises:
        BadInput: no such file, a file elsewhere (through `..` or a link), or a file that is too large.
    """
    try:
        return _policy_bytes(folder, policy.path)
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise bad_input(f"policy {policy.path!r} that cannot be read ({error})", "a readable file") from None


def _policy_bytes(folder: Path, name: str) -> bytes:
    path, home = folder / name, folder / "policies"
    if ".." in Path(name).parts or not path.resolve().is_relative_to(home.resolve()):
        advice = f"copy the file there and type 'path: policies/{Path(name).name}'"
        raise bad_input(f"policy {name!r}", f"a file in the folder {str(home)!r}", advice)
    if not path.is_file():
        near = did_you_mean(name, (p.relative_to(folder).as_posix() for p in home.rglob("*")))
        raise bad_input(f"no policy file {name!r}", f"a file in {str(home)!r}", near or "correct its path")
    if (size := path.stat().st_size) > MAX_POLICY_BYTES:
        raise bad_input(f"policy {name!r} of {size} bytes", f"at most {MAX_POLICY_BYTES} bytes")
    return path.read_bytes()


def _hashed(folder: Path, policy: Policy) -> Policy:
    return policy.model_copy(update={"sha256": hashlib.sha256(policy_bytes(folder, policy)).hexdigest()})


def _mapping(data: object, kind: type[Record], where: str) -> dict[str, Any]:
    """Return a mapping whose keys are fields of a record, with every required one filled."""
    if not isinstance(data, dict):
        example = _EXAMPLES["title"] if kind is Brief else "id: NAME"
        raise bad_input(f"{tell(data)} at {where}", "lines such as key: value", f"type {example!r} and so on")
    known = kind.model_fields.keys() - {"sha256", "world_sha256", "catalogue_sha256"}  # computed here, never typed
    for key in data:
        if key not in known:
            listed = ", ".join(name for name in kind.model_fields if name in known)
            raise bad_input(f"key {tell(key)} at {where}", f"one of: {listed}", did_you_mean(str(key), known))
    for name, field in kind.model_fields.items():
        value = data.get(name)
        if field.is_required() and (value is None or value == [] or (isinstance(value, str) and not value.strip())):
            raise bad_input(f"no {name!r} at {where}", f"a value for {name!r}", f"type {_EXAMPLES[name]!r}")
    return dict(data)


def _entries(data: object, kind: type[_Entry], section: str, key: str = "id") -> list[_Entry]:
    """Return one record per list entry; no two may share their key."""
    if not isinstance(data, list):
        raise bad_input(f"{tell(data)} at {section}", "a list", "begin each entry with '- '")
    entries, seen = [], set[str]()
    for number, raw in enumerate(data):
        where = f"{section}[{number}]"
        entry = _record(kind, _mapping(raw, kind, where), where)
        name = getattr(entry, key)
        if name in seen:
            raise bad_input(f"{name!r} twice in {section}", f"each {key} once", f"remove or merge {where}")
        seen.add(name)
        entries.append(entry)
    return entries


def _record(kind: type[_Entry], fields: Mapping[str, Any], where: str) -> _Entry:
    """Build a record; strictly, so that `hours: yes` or `id: 3` is refused rather than converted."""
    tuples = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
    try:
        return kind.model_validate(tuples, strict=True)
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0])
        value, expected = fields[name], _EXPECTED.get(name, "text")
        advice = f"type {_EXAMPLES[name]!r}" if name in _EXAMPLES else ""
        if expected == "text" and not isinstance(value, (str, list, dict)):
            advice = f"put it in quotes: {name}: '{value}'"
        raise bad_input(f"{tell(value)} at {name if where == _TOP else f'{where}.{name}'}", expected, advice) from None


def _laws(data: object, catalogue: Catalogue) -> list[Law]:
    known = {law.id: law for law in catalogue.laws}
    if not isinstance(data, list):
        raise bad_input(f"{tell(data)} at laws", f"a list of: {', '.join(known)}")
    for number, law in enumerate(data):
        if not isinstance(law, str) or law not in known:
            raise bad_input(f"law {tell(law)}", f"one of: {', '.join(known)}", did_you_mean(str(law), known))
        if law in data[:number]:
            raise bad_input(f"{law!r} twice in laws", "each law once", f"remove laws[{number}]")
    return [known[law] for law in data]


def _calendar(data: object) -> Calendar:
    """Return a calendar whose days and time zones exist."""
    fields = _mapping(data, Calendar, "calendar")
    fields["shifts"] = _entries(fields["shifts"], Shift, "calendar.shifts")
    calendar = _record(Calendar, fields, "calendar")
    for name in (calendar.time_zone, *(shift.time_zone for shift in calendar.shifts if shift.time_zone)):
        if name not in (known := available_timezones()):
            raise bad_input(f"time zone {name!r}", "one such as Europe/Berlin", did_you_mean(name, known))
    if not 0 <= (calendar.last_day - calendar.first_day).days <= _MOST_DAYS:
        found = f"a calendar from {calendar.first_day} to {calendar.last_day}"
        raise bad_input(found, f"a last day that is not before the first, at most {_MOST_DAYS} days after it")
    return calendar


def _check_shifts(needs: Iterable[RoleNeed], calendar: Calendar | None) -> None:
    for need in needs:
        if need.shift and calendar is None:
            raise bad_input(f"shift {need.shift!r} of {need.id!r}", "a calendar with shifts", "add 'calendar:'")
        if need.shift and calendar:
            _one_of(f"shift of {need.id!r}", need.shift, [shift.id for shift in calendar.shifts])


def _check_names(needs: Iterable[RoleNeed], systems: Sequence[AISystem], catalogue: Catalogue) -> None:
    """Refuse roles and risks that the catalogue has not, and systems that the brief has not."""
    roles, risks = [role.id for role in catalogue.roles], [risk.id for risk in catalogue.risks]
    for need in needs:
        _one_of("role", need.id, roles)
        for name in need.systems:
            _one_of(f"system of {need.id!r}", name, [system.id for system in systems])
    for system in systems:
        for name in system.risks:
            _one_of(f"risk of {system.id!r}", name, risks)


def _one_of(what: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        raise bad_input(f"{what} {name!r}", f"one of: {', '.join(known)}", did_you_mean(name, known))


def _check_roles(brief: Brief, catalogue: Catalogue) -> None:
    """Refuse what a role gives up without having it, and risks after which a role could not be shown able."""
    for need in brief.roles:
        role = catalogue.role(need.id)
        givable = [*role.drills, *(objective.id for objective in catalogue.objectives_of(role))]
        for name in need.without:
            if name not in givable:
                expected = f"objectives or drills of the role: {', '.join(givable)}"
                raise bad_input(f"{name!r} in 'without' of {need.id!r}", expected, did_you_mean(name, givable))
    if any(system.risks for system in brief.systems) and (found := problems(catalogue)):
        raise BadInput(f"with the risks of its systems, {found[0]}")


def _in_world(folder: Path, number: int, system: AISystem) -> AISystem:
    try:
        files = world_of(folder, system).files
    except BadInput as error:
        raise BadInput(f"systems[{number}].world: {error}") from None
    return system if files.shipped else system.model_copy(update={"world_sha256": files.digest})
