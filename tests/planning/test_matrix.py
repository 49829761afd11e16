"""The alignment matrix: the shipped catalogue passes, and each kind of hole in a catalogue is found."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest
import yaml
from planning.briefs import dump

from drillyard.drills import load_drill
from drillyard.errors import BadInput
from drillyard.planning.catalogue import load_catalogue, read_catalogue
from drillyard.planning.graph import EVIDENCE
from drillyard.planning.matrix import problems

SHIPPED = Path(str(resources.files("drillyard.planning") / "catalogue"))
Rows = dict[str, list[dict[str, object]]]


def row(rows: Rows, table: str, row_id: str) -> dict[str, object]:
    """Return one row of a table."""
    return next(one for one in rows[table] if one["id"] == row_id)


def changed(folder: Path, change: Callable[[Rows], object]) -> Path:
    """Copy the shipped catalogue with a change."""
    shutil.copytree(SHIPPED, folder, dirs_exist_ok=True)
    rows = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in folder.glob("*.yaml")}
    change(rows)
    for name, table in rows.items():
        (folder / f"{name}.yaml").write_text(dump(table), encoding="utf-8")
    return folder


def test_the_shipped_catalogue_is_sound() -> None:
    """Counted here by hand: eight roles, four objectives each, at least 60 % of the applied ones shown by doing."""
    catalogue = load_catalogue()
    assert problems(catalogue) == []
    roles = ["engineer", "alignment-engineer", "containment-engineer", "support-lead"]
    roles += ["guard-lead", "interpretability-engineer", "incident-engineer", "product-manager", "executive"]
    assert [role.id for role in catalogue.roles] == roles
    for role in catalogue.roles:
        mine = [o for o in catalogue.objectives if o.competency in role.competencies]
        applied = [o for o in mine if o.bloom in ("apply", "analyse", "evaluate", "create")]
        doing = [o for o in applied if o.evidence in ("performance", "work-sample")]
        assert len(mine) >= 4 and len(doing) >= 0.6 * len(applied)
        for objective in mine:
            assert any(
                activity.ready
                and objective.id in activity.objectives
                and EVIDENCE.get(activity.kind) == objective.evidence
                for activity in catalogue.activities
            )


def test_planned_activities_say_what_to_do() -> None:
    """Whatever is built has a note for the facilitator; whatever is not built is marked so."""
    for activity in load_catalogue().activities:
        assert bool(activity.note) == activity.ready, activity.id


def test_drill_activities_agree_with_their_drills() -> None:
    """A drill that is built takes the minutes that its own file says, and serves what it says that it shows."""
    for activity in load_catalogue().activities:
        if activity.ready and activity.drill:
            drill = load_drill(activity.drill)
            assert activity.minutes == drill.minutes
            assert set(drill.objectives) <= set(activity.objectives)


HOLES: list[tuple[Callable[[Rows], object], str]] = [
    (
        lambda r: row(r, "activities", "interval-sheet").update(objectives=["size-a-test"]),
        "'read-an-interval' is an orphan",
    ),
    (
        lambda r: row(r, "activities", "failure-hunt").update(ready=False),
        "'find-failures' is an orphan: no built activity",
    ),
    (lambda r: row(r, "roles", "executive")["competencies"].pop("accountability"), "no role needs 'accountability'"),
    (lambda r: row(r, "activities", "harm-map").update(objectives=[]), "activity 'harm-map' serves no objective"),
    (lambda r: row(r, "activities", "harm-map").update(drill="x"), "of kind 'work-sample' and names the drill 'x'"),
    (lambda r: row(r, "competencies", "failure-literacy").update(after=["repair-planning"]), "wait for each other:"),
    (lambda r: row(r, "activities", "watch-it-fail").update(after=["hunt-debrief"]), "activities wait for each other:"),
    (
        lambda r: row(r, "activities", "failure-kinds-quiz").update(after=["repair-memo"]),
        "the order of activities contradicts that of their competencies:",
    ),
    (
        lambda r: row(r, "objectives", "list-harms").update(verb="understand", statement="Understand harms"),
        "objective 'list-harms' uses 'understand'",
    ),
    (
        lambda r: row(r, "objectives", "list-harms").update(verb="Be aware of", statement="Be aware of harms"),
        "objective 'list-harms' uses 'be aware'",
    ),
    (lambda r: row(r, "objectives", "list-harms").update(verb="name"), "does not begin with its verb 'name'"),
    (
        lambda r: row(r, "objectives", "list-harms").update(competency="x"),
        "names the competency 'x', which does not exist",
    ),
    (lambda r: row(r, "activities", "harm-map").update(after=["x"]), "names the activity 'x', which does not exist"),
    (lambda r: row(r, "roles", "executive").update(drills=["x"]), "role 'executive' names the drill 'x'"),
    (
        lambda r: row(r, "roles", "executive").update(drills=["too-strict-too-loose"]),
        "'too-strict-too-loose', which is not built",
    ),
    (lambda r: row(r, "competencies", "accountability").update(sources=["x"]), "names the source 'x'"),
    (lambda r: r["objectives"].append(r["objectives"][0]), "'name-failure-kinds' is defined twice"),
    (lambda r: row(r, "roles", "engineer").update(drills=[]), "role 'engineer' can take no activity that shows"),
    (
        lambda r: row(r, "roles", "support-lead").update(competencies={"accountability": "critical"}, drills=[]),
        "role 'support-lead' has 2 objectives, at least 4 are needed",
    ),
    (
        lambda r: [
            row(r, "objectives", o).update(evidence="choice") or row(r, "activities", a).update(kind="quiz")
            for o, a in (
                ("decide-to-fund", "funding-decision"),
                ("estimate-exposure", "exposure-sheet"),
                ("assign-duties", "stop-list"),
            )
        ],
        "role 'executive': 40% of its objectives at Apply or above are assessed by doing, at least 60% are needed",
    ),
]


@pytest.mark.parametrize(("change", "line"), HOLES, ids=[line[:50] for _, line in HOLES])
def test_each_hole_is_found(tmp_path: Path, change: Callable[[Rows], object], line: str) -> None:
    """A catalogue with an orphan, a cycle, an unobservable verb … is refused when it is loaded."""
    folder = changed(tmp_path, change)
    with pytest.raises(BadInput) as caught:
        read_catalogue(folder)
    assert "fails the alignment matrix" in str(caught.value)
    rows = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in folder.glob("*.yaml")}
    catalogue = load_catalogue().model_validate(rows)
    assert any(line in problem for problem in problems(catalogue)), problems(catalogue)


def test_a_wrong_table_is_refused(tmp_path: Path) -> None:
    """A table that is no list, or a row with a wrong field, names its file."""
    folder = changed(tmp_path, lambda rows: row(rows, "activities", "harm-map").update(minutes=0))
    with pytest.raises(BadInput, match=r"activities.yaml, entry harm-map: activity: field 'minutes': found 0"):
        read_catalogue(folder)
    (folder / "activities.yaml").write_text("a: b")
    with pytest.raises(BadInput, match=r"found dict in activities.yaml, expected a list of activity entries"):
        read_catalogue(folder)
