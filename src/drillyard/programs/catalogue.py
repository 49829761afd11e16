"""Loading the catalogue: roles, competencies, objectives, activities, laws and sources, as data."""

from __future__ import annotations

import functools
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from drillyard.errors import BadInput, bad_input
from drillyard.programs.graph import Catalogue, Role, Source
from drillyard.programs.lessons import read_lesson
from drillyard.programs.matrix import problems
from drillyard.records import Activity, Competency, Law, Objective, Record
from drillyard.records.yaml_file import read_yaml

__all__ = ["load_catalogue", "read_catalogue"]

_TABLES: dict[str, type[Record]] = {
    "roles": Role,
    "competencies": Competency,
    "objectives": Objective,
    "activities": Activity,
    "laws": Law,
    "sources": Source,
}


@functools.cache
def load_catalogue() -> Catalogue:
    """Return the catalogue that ships with Drillyard."""
    return read_catalogue(resources.files("drillyard.programs") / "catalogue")


def read_catalogue(folder: Path | Traversable) -> Catalogue:
    """Read a catalogue from a folder with one YAML list per table, such as `roles.yaml`, and its lessons.

    Raises:
        BadInput: a table or a lesson is missing or wrong, or the catalogue fails the alignment matrix.
    """
    tables = {name: _rows(folder / f"{name}.yaml", kind) for name, kind in _TABLES.items()}
    catalogue = Catalogue.model_validate(tables)
    if found := problems(catalogue):
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise BadInput(f"catalogue {folder.name!r} fails the alignment matrix: {found[0]}{more}")
    for activity in catalogue.activities:
        if activity.kind == "lesson":
            read_lesson(folder / "lessons" / f"{activity.id}.yaml")
    return catalogue


def _rows(path: Path | Traversable, kind: type[Record]) -> list[Record]:
    rows = read_yaml(path)
    if not isinstance(rows, list):
        raise bad_input(f"{type(rows).__name__} in {path.name}", f"a list of {kind.record_name()} entries")
    try:
        return [kind.from_data(row) for row in rows]
    except BadInput as error:
        raise BadInput(f"{path.name}: {error}") from None
