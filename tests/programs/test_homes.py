"""Drills live in the world of the brief's system, whichever it is, and speak of no other."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from organisms.test_bases import own_base
from organisms.test_world_check import own_world
from planning.briefs import EXAMPLE

from drillyard.drills import load_drill, load_kit
from drillyard.errors import BadInput
from drillyard.exercises.too_permissive_too_censored.kit import TooPermissive
from drillyard.organisms.worlds.failures import catalogue
from drillyard.organisms.worlds.world import load_world
from drillyard.programs.create import create
from drillyard.programs.design import design
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.grading import grade_isolated, open_exam
from drillyard.programs.submission import example_submission

SHOP = re.compile(r"Brightwell|shop\b|Aurora|lamp|cordless|receipt|amber", re.IGNORECASE)


def brief_in(folder: Path, *worlds: str, roles: str = "{id: engineer, head_count: 1, hours: 6}") -> Path:
    """Write a brief with one system per world."""
    systems = "\n".join(f"  - {{id: s{n}, name: S, purpose: Answers, world: {w}}}" for n, w in enumerate(worlds))
    folder.mkdir(exist_ok=True)
    path = folder / "brief.yaml"
    path.write_text(f"title: T\norganisation: O\nroles: [{roles}]\nsystems:\n{systems}\n")
    return path


def test_a_hunt_in_the_clinic_speaks_of_the_clinic() -> None:
    """Task, kinds, hints and example are the clinic's; nothing in them is the shop's."""
    kit, world = load_kit("failure-hunt", "clinic"), load_world("clinic")
    exam = kit.materialise("hunt-1", "engineer", seed=5)
    assert exam.instance.world == "clinic" and exam.world is world
    assert {mode.id for mode in exam.truth.failures} <= {mode.id for mode in catalogue(world)}
    assert {"fee-rule", "longer-visit"} <= set(kit.drill.kinds) and "refund-rule" not in kit.drill.kinds
    assert "Larkmead" in kit.drill.task and "patient data" in kit.drill.task and "$" not in kit.drill.task
    told = [
        kit.drill.task,
        *(hint.text for hint in exam.truth.hints),
        example_submission(exam.instance, world).to_json(),
    ]
    assert not [SHOP.findall(text) for text in told if SHOP.search(text)]


def test_without_a_brief_a_drill_stays_at_home() -> None:
    """The drill's own world is the default."""
    drill = load_drill("failure-hunt")
    assert drill.world == "helpdesk" and "Brightwell help desk" in drill.task and "$" not in drill.task


def test_the_planner_says_where_each_drill_is_given_and_why_one_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first system that can hold a drill does; a desk needs none; what no system can hold is left out, with why."""
    roles = ", ".join(
        f"{{id: {role}, head_count: 1, hours: 9}}"
        for role in ("engineer", "alignment-engineer", "containment-engineer")
    )
    both = design(brief_in(tmp_path / "both", "clinic", "helpdesk", roles=roles), tmp_path / "prog")
    repair = "too-permissive-too-censored"
    papers = {"guard-duty": "", "interview-root-cause": "", "write-the-policy": ""}
    assert both.worlds == {"failure-hunt": "clinic", repair: "clinic", "contain-the-oracle": "", **papers}
    assert both.unfit == {}
    monkeypatch.setattr(f"{TooPermissive.__module__}.forbiddable", lambda world: ("blood", "dead"))
    one = design(brief_in(tmp_path / "one", "clinic", roles=roles), tmp_path / "prog1")
    assert one.worlds == {"failure-hunt": "clinic", "contain-the-oracle": "", **papers}
    assert "world 'clinic' has 2 sorts of harmless request" in one.unfit[repair]
    (align,) = (role for role in one.roles if role.role == "alignment-engineer")
    assert align.drills == ("write-the-policy",) and align.left_out[0].startswith(
        f"The drill {repair}: no system of the brief"
    )
    assert "Nobody takes it" in (tmp_path / "prog1" / "plan.html").read_text()


def test_a_world_of_ones_own_needs_its_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is written, one line says what to type."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    own_world(tmp_path / "mine")
    with pytest.raises(BadInput, match="no trained base for the world 'mine'.*drillyard organism build"):
        design(brief_in(tmp_path, "./mine"), tmp_path / "prog")
    assert not (tmp_path / "prog").exists()


def test_a_world_beside_the_brief_is_copied_into_the_programme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The path is relative to the brief, wherever one stands; a world that was changed since is another brief."""
    monkeypatch.chdir("/")
    own_base(own_world(tmp_path / "mine"), tmp_path / "mine" / "base")
    brief = brief_in(tmp_path, "./mine")
    plan = design(brief, tmp_path / "prog")
    assert plan.worlds == {"failure-hunt": "worlds/mine", "interview-root-cause": ""}
    copy = load_world(ProgramFolder(tmp_path / "prog").world("worlds/mine"))
    assert copy.files.digest == load_world(f"{tmp_path}/mine").files.digest
    assert load_drill("failure-hunt", copy.reference).world == copy.reference
    text = (tmp_path / "mine" / "world.yaml").read_text()
    (tmp_path / "mine" / "world.yaml").write_text(text.replace("Brightwell help desk", "Elsewhere"))
    with pytest.raises(BadInput, match="organism build"):
        design(brief, tmp_path / "prog")


@pytest.mark.walk
def test_a_programme_in_a_world_of_ones_own_can_be_moved(tmp_path: Path) -> None:
    """Created, moved elsewhere with the world's own folder gone, and graded there: the reference still passes."""
    own_base(own_world(tmp_path / "mine"), tmp_path / "mine" / "base")
    hunter = "{id: engineer, head_count: 1, hours: 6, without: [interview-root-cause]}"
    design(brief_in(tmp_path, "./mine", roles=hunter), tmp_path / "prog")
    (report,) = create(tmp_path / "prog", secret="5eed" * 16)
    assert report.released
    shutil.rmtree(tmp_path / "mine")
    folder = ProgramFolder((tmp_path / "prog").rename(tmp_path / "moved"))
    described = json.loads((folder.path / "instances" / report.instance / "instance.json").read_text())
    assert described["world"] == "worlds/mine"
    exam = open_exam(folder, report.instance)
    handed = load_kit("failure-hunt", exam.instance.world).submissions(exam)["reference"]
    assert grade_isolated(folder, handed).passed


def test_the_example_still_fits(tmp_path: Path) -> None:
    """The brief that ships takes place at the help desk."""
    found = design(EXAMPLE / "brief.yaml", tmp_path / "prog").worlds
    assert found == {"failure-hunt": "helpdesk", "investment-case": "", "judge-a-debate": "", "launch-gate-memo": ""}
