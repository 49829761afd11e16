"""The example of a bank: its own roles, competencies, policies, risks, calendar and world, as its page writes them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from drillyard.organisms.worlds.world import load_world
from drillyard.organisms.worlds.world_exam import examine_world
from drillyard.organisms.worlds.world_init import init_world
from drillyard.planning.catalogue import load_catalogue
from drillyard.programs.design import design
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.material.queue import READING, draft_material, review
from drillyard.records import Plan

BANK = Path(__file__).parents[2] / "examples" / "bank"
ALL_DAY = (22, 23, 0, 1, 2, 3, 4, 5)


@pytest.fixture(scope="module")
def designed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, ProgramFolder]:
    """The programme of the bank."""
    folder = tmp_path_factory.mktemp("bank") / "prog"
    return design(BANK / "brief.yaml", folder), ProgramFolder(folder)


def test_a_bank_is_designed_from_its_own_files(designed: tuple[Plan, ProgramFolder]) -> None:
    """Every own role fits its hours, and takes own activities beside shipped ones, drills among them."""
    plan, _ = designed
    assert plan.status == "fits" and not plan.clashes and not plan.unfit
    own = {one.id for one in load_catalogue(BANK).activities} - {one.id for one in load_catalogue().activities}
    roles = {role.role: {step.activity.id for step in role.activities} for role in plan.roles}
    for name in ("branch-adviser", "fraud-analyst", "model-risk-officer"):
        assert roles[name] & own and roles[name] - own
    assert {"triage-queue", "launch-gate-memo", "investment-case"} <= {d for role in plan.roles for d in role.drills}
    assert "recommends what only a registered adviser" in plan.roles[0].because["advice-limits"]


def test_its_calendar_keeps_nights_groups_and_the_week_off(designed: tuple[Plan, ProgramFolder]) -> None:
    """Fraud analysts train at night, advisers in two groups before opening, nobody in the week off."""
    plan, _ = designed
    nights = [one for one in plan.sessions if one.role == "fraud-analyst"]
    assert nights and all(one.local_start.hour in ALL_DAY for one in nights)
    advisers = [one for one in plan.sessions if one.role == "branch-adviser"]
    assert {one.group for one in advisers} == {1, 2} and all(7 <= one.local_start.hour < 10 for one in advisers)
    off = {date(2027, 2, day) for day in range(1, 6)}
    assert not off & {one.local_start.date() for one in advisers}


def test_its_policies_become_the_lesson_that_its_people_read(designed: tuple[Plan, ProgramFolder]) -> None:
    """All that rules draft from the bank's policies stands there; once accepted, the yard teaches it."""
    plan, folder = designed
    material = draft_material(folder)
    assert not material.troubles and not [draft for draft in material.drafts if draft.unsupported]
    assert {"item-secrecy-9", "item-fraud-6"} <= {draft.id for draft in material.drafts}  # as the page types them
    review(folder, rest=True)
    steps = {step.activity.id: step.activity for role in plan.roles for step in role.activities}
    lesson = folder.lesson(steps[READING])
    assert lesson is not None and "4 hours" in lesson.text
    own = folder.lesson(steps["advice-quiz"])
    assert own is not None and own.needed == 5


@pytest.mark.walk
def test_its_world_is_what_the_commands_of_the_page_write(tmp_path: Path) -> None:
    """The short YAML and the table make the files beside them, and the world holds together."""
    init_world(BANK / "bank.yaml", BANK / "products.csv", tmp_path / "world")
    for name in ("world.yaml", "phrasings.yaml", "failures.yaml"):
        assert (tmp_path / "world" / name).read_text() == (BANK / "world" / name).read_text()
    assert examine_world(load_world(str(BANK / "world"))) == []
