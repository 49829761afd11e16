"""Loading the catalogue as data: roles, competencies, objectives, activities, risks, laws and sources.

What ships with Drillyard is joined by the designer's own: a folder `catalogue` beside the brief with the same tables,
any of which may be left out, and lessons. Own entries add to what ships and may name it; none takes its place.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import yaml

from drillyard import registry
from drillyard.errors import BadInput, bad_input, did_you_mean
from drillyard.planning.forms import TESTS, check_parallel, pairs_of
from drillyard.planning.graph import Catalogue, CompetencyModel, Risk, Role, Source
from drillyard.planning.lessons import check_lesson, read_lesson
from drillyard.planning.matrix import problems
from drillyard.records import Activity, Competency, Law, Objective, Record
from drillyard.records.files import write_atomically
from drillyard.records.yaml_file import read_yaml, read_yaml_record

__all__ = ["OWN", "catalogue_digest", "catalogue_files", "load_catalogue", "read_catalogue", "write_tables"]

OWN = "catalogue"
"""The folder of a designer's own entries, beside the brief and in the programme folder."""

_TABLES: dict[str, type[Record]] = {
    "roles": Role,
    "competencies": Competency,
    "objectives": Objective,
    "activities": Activity,
    "laws": Law,
    "sources": Source,
    "risks": Risk,
}
_MODEL = "model"
_MUST_TEACH = ("lesson", *TESTS)


def load_catalogue(beside: Path | None = None) -> Catalogue:
    """Return the catalogue that ships with Drillyard, with the designer's own entries where there are any.

    Args:
        beside: the folder of a brief, or of a programme.

    Raises:
        BadInput: a table or a lesson of the folder `catalogue` there is wrong, or the whole fails the alignment matrix.
    """
    if beside is None or not (beside / OWN).is_dir():
        return _shipped()
    return _joined(beside / OWN)


def read_catalogue(folder: Path | Traversable) -> Catalogue:
    """Read a whole catalogue from a folder with one YAML list per table, such as `roles.yaml`, and its lessons.

    Raises:
        BadInput: a table or a lesson is missing or wrong, or the catalogue fails the alignment matrix.
    """
    tables = {name: _rows(folder / f"{name}.yaml", kind) for name, kind in _TABLES.items()}
    model = read_yaml_record(folder / f"{_MODEL}.yaml", CompetencyModel)
    catalogue = Catalogue.model_validate({**tables, _MODEL: model})
    _require_sound(catalogue, folder.name)
    lessons = {
        activity.id: read_lesson(folder / "lessons" / f"{activity.id}.yaml")
        for activity in catalogue.activities
        if activity.kind in _MUST_TEACH
    }
    for first, then in pairs_of(catalogue.activities):
        check_parallel(lessons[first], lessons[then])
    return catalogue


def catalogue_files(beside: Path) -> tuple[str, ...]:
    """Return the designer's own tables and lessons, as paths relative to a brief's folder.

    Raises:
        BadInput: a YAML file that is none of them; the line asks whether another was meant.
    """
    home = beside / OWN
    if not home.is_dir():
        return ()
    known = (*(f"{name}.yaml" for name in _TABLES), f"{_MODEL}.yaml")
    for path in sorted([*home.glob("*.yaml"), *home.glob("*.yml")]):
        if path.name not in known:
            raise bad_input(f"{OWN}/{path.name}", f"one of: {', '.join(known)}", did_you_mean(path.name, known))
    names = [*(name for name in known if (home / name).is_file()), *_lesson_names(home)]
    for name in names:
        if not (home / name).resolve().is_relative_to(home.resolve()):
            raise bad_input(f"{OWN}/{name}, a link to elsewhere", f"a file in {str(home)!r}", "copy the file there")
    return tuple(f"{OWN}/{name}" for name in names)


def catalogue_digest(beside: Path) -> str:
    """Return one SHA-256 of the designer's own tables and lessons; empty where there are none."""
    files = catalogue_files(beside)
    digest = hashlib.sha256()
    for name in files:
        data = (beside / name).read_bytes()
        digest.update(f"{name}\n{len(data)}\n".encode() + data)
    return digest.hexdigest() if files else ""


def write_tables(folder: Path, tables: Mapping[str, Sequence[Record]]) -> tuple[str, ...]:
    """Write own tables, such as imported ones, and return their names.

    Raises:
        BadInput: the folder holds one of them already.
    """
    for name in tables:
        if (folder / f"{name}.yaml").exists():
            advice = "choose another folder with -o, or move the file away"
            raise bad_input(f"{name}.yaml in {str(folder)!r} already", "a folder without it", advice)
    for name, rows in tables.items():
        data = [row.model_dump(mode="json", exclude_defaults=True) for row in rows]
        text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120)
        write_atomically(folder / f"{name}.yaml", text.encode())
    return tuple(f"{name}.yaml" for name in tables)


@functools.cache
def _shipped() -> Catalogue:
    return read_catalogue(resources.files("drillyard.planning") / "catalogue")


def _joined(own: Path) -> Catalogue:
    shipped = _shipped()
    files = [name.removeprefix(f"{OWN}/") for name in catalogue_files(own.parent)]
    added = {name: _rows(own / f"{name}.yaml", kind) for name, kind in _TABLES.items() if f"{name}.yaml" in files}
    for name, rows in added.items():
        _require_new(name, rows, [one.id for one in getattr(shipped, name)])
    tables = {name: (*getattr(shipped, name), *added.get(name, ())) for name in _TABLES}
    if f"{_MODEL}.yaml" in files:
        model = read_yaml_record(own / f"{_MODEL}.yaml", CompetencyModel)
    else:
        model = shipped.model.model_copy(update={"edition": f"{shipped.model.edition} and {own.parent.name}"})
    catalogue = Catalogue.model_validate({**tables, _MODEL: model})
    _require_sound(catalogue, OWN)
    _require_drills(added.get("activities", []))
    _require_lessons(own, added.get("activities", []))
    return catalogue


def _require_new(table: str, rows: list[Record], shipped: list[str]) -> None:
    for row in rows:
        if (name := getattr(row, "id", "")) in shipped:
            found = f"{name!r} in {OWN}/{table}.yaml, an id of Drillyard's own"
            raise bad_input(found, "a new one: own entries add to what ships", f"call it 'own-{name}' or so")


def _require_sound(catalogue: Catalogue, where: str) -> None:
    if found := problems(catalogue):
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise BadInput(f"catalogue {where!r} fails the alignment matrix: {found[0]}{more}")


def _require_drills(activities: list[Record]) -> None:
    drills = registry.cards("drills")
    for activity in activities:
        drill = getattr(activity, "drill", "")
        if drill and drill not in drills:
            found = f"the drill {drill!r} in {OWN}/activities.yaml"
            raise bad_input(found, f"an installed one: {', '.join(drills)}", did_you_mean(drill, drills))


def _require_lessons(own: Path, activities: list[Record]) -> None:
    """Read every own lesson; each belongs to an activity, and each activity of the kind has one."""
    kinds = {one.id: one.kind for one in activities if isinstance(one, Activity)}
    taught = [name for name, kind in kinds.items() if kind in ("quiz", *_MUST_TEACH)]
    for file in _lesson_names(own):
        if Path(file).stem not in taught:
            near = did_you_mean(Path(file).stem, taught)
            raise bad_input(f"{OWN}/{file}", "an own activity of kind lesson, quiz, pretest or posttest", near)
        check_lesson(read_lesson(own / file), own.parent)
    for name in (name for name, kind in kinds.items() if kind in _MUST_TEACH):
        if not (own / "lessons" / f"{name}.yaml").is_file():
            raise bad_input(f"no {OWN}/lessons/{name}.yaml", f"it there, for the activity {name!r} is a {kinds[name]}")
    for pair in pairs_of(one for one in activities if isinstance(one, Activity)):
        check_parallel(*(read_lesson(own / "lessons" / f"{name}.yaml") for name in pair))


def _lesson_names(home: Path) -> Iterator[str]:
    yield from sorted(f"lessons/{path.name}" for path in (home / "lessons").glob("*.yaml"))


def _rows(path: Path | Traversable, kind: type[Record]) -> list[Record]:
    rows = read_yaml(path)
    if not isinstance(rows, list):
        raise bad_input(f"{type(rows).__name__} in {path.name}", f"a list of {kind.record_name()} entries")
    return [_row(path.name, number, row, kind) for number, row in enumerate(rows)]


def _row(name: str, number: int, row: object, kind: type[Record]) -> Record:
    try:
        return kind.from_data(row)
    except BadInput as error:
        told = row.get("id", number + 1) if isinstance(row, dict) else number + 1
        raise BadInput(f"{name}, entry {told}: {error}") from None
