"""Briefs and small catalogues that the tests of planning share."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import yaml

from drillyard.planning.graph import Catalogue, Role
from drillyard.records import Activity, AISystem, Brief, Competency, Objective, RoleNeed

EXAMPLE = Path(str(resources.files("drillyard.programs") / "examples" / "helpdesk"))
SYSTEM = AISystem(id="chat", name="Chat", purpose="Answers customers", world="helpdesk")


def example_copy(folder: Path, text: str | None = None, **changes: object) -> Path:
    """Copy the example brief into a folder, with some of its fields changed, or with another text altogether."""
    shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True)
    path = folder / "brief.yaml"
    if text is None:
        data = {**yaml.safe_load(path.read_text(encoding="utf-8")), **changes}
        text = dump({key: value for key, value in data.items() if value is not ...})
    path.write_text(text, encoding="utf-8")
    return path


def dump(data: object) -> str:
    """Return data as YAML without aliases, which YAML writes for a value that stands twice."""
    return yaml.safe_dump(json.loads(json.dumps(data)), sort_keys=False)


def brief_for(*needs: RoleNeed) -> Brief:
    """Return a brief for some roles."""
    return Brief(title="Test", organisation="Test", roles=needs, systems=(SYSTEM,))


def small_catalogue(
    sheets: Sequence[tuple[str, int, Sequence[int], bool]],
    after: Sequence[tuple[int, int]] = (),
    competency_after: Sequence[tuple[int, int]] = (),
) -> Catalogue:
    """Return a catalogue of work samples for one role `tester`.

    Sheet number i is (criticality, minutes, served objectives, is it a drill?); objective j belongs to competency j,
    which has the criticality of sheet j. `after` holds pairs (sheet, earlier sheet), `competency_after` likewise.
    """
    count = len(sheets)
    return Catalogue(
        roles=(
            Role(
                id="tester",
                title="Testers",
                description="Test.",
                competencies={f"c{i}": sheet[0] for i, sheet in enumerate(sheets)},
                drills=tuple(f"d{i}" for i, sheet in enumerate(sheets) if sheet[3]),
            ),
        ),
        competencies=tuple(
            Competency(id=f"c{i}", title=f"C{i}", after=tuple(f"c{b}" for a, b in competency_after if a == i))
            for i in range(count)
        ),
        objectives=tuple(
            Objective(
                id=f"o{i}",
                competency=f"c{i}",
                verb="do",
                statement=f"Do {i}",
                condition="",
                criterion="",
                evidence="performance" if sheet[3] else "work-sample",
                bloom="apply",
            )
            for i, sheet in enumerate(sheets)
        ),
        activities=tuple(
            Activity(
                id=f"a{i}",
                title=f"A{i}",
                kind="drill" if drill else "work-sample",
                drill=f"d{i}" if drill else "",
                minutes=minutes,
                objectives=tuple(f"o{j}" for j in sorted({i, *serves})),
                after=tuple(f"a{b}" for a, b in after if a == i),
            )
            for i, (_, minutes, serves, drill) in enumerate(sheets)
        ),
        laws=(),
        sources=(),
    )
