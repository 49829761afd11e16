"""Plans: order, hours and coverage hold for random briefs; small ones are as good as trying everything."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planning import brute_force
from planning.briefs import EXAMPLE, brief_for, small_catalogue

from drillyard.planning.brief import load_brief
from drillyard.planning.catalogue import load_catalogue
from drillyard.planning.graph import EVIDENCE, Catalogue
from drillyard.planning.plan import make_plan
from drillyard.records import RoleNeed, RolePlan

CATALOGUE = load_catalogue()
NAMES = {role.id: [*role.drills, *(o.id for o in CATALOGUE.objectives_of(role))] for role in CATALOGUE.roles}


@st.composite
def needs(draw: st.DrawFn) -> RoleNeed:
    """Return a role of the shipped catalogue with random hours and up to three things given up."""
    role = draw(st.sampled_from(sorted(NAMES)))
    without = draw(st.lists(st.sampled_from(NAMES[role]), max_size=3, unique=True))
    hours = draw(st.integers(1, 480)) / 60
    return RoleNeed(id=role, head_count=draw(st.integers(1, 9)), hours=hours, without=tuple(without))


@st.composite
def catalogues(draw: st.DrawFn) -> Catalogue:
    """Return a catalogue of two to six work samples and drills, with prerequisites and an order of competencies."""
    count = draw(st.integers(2, 6))
    numbers = st.lists(st.integers(0, count - 1), max_size=2)
    criticality = st.sampled_from(["critical", "important", "useful"])
    sheets = draw(
        st.lists(st.tuples(criticality, st.integers(5, 90), numbers, st.booleans()), min_size=count, max_size=count)
    )
    pairs = st.lists(
        st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)).filter(lambda p: p[0] > p[1]),
        max_size=3,
        unique=True,
    )
    return small_catalogue(sheets, after=draw(pairs), competency_after=draw(pairs))


def check_order(role: RolePlan, catalogue: Catalogue) -> None:
    """Assert that activities follow each other without a gap, after what they need, in the order of competencies."""
    end = {}
    clock = 0
    for item in role.activities:
        assert item.start == clock
        clock += item.activity.minutes
        assert set(item.activity.after) <= end.keys()
        end[item.activity.id] = clock
    assert clock == role.minutes <= role.hours * 60 + 0.5
    behind = {c.id: set(c.after) for c in catalogue.competencies}
    for _ in behind:
        behind = {c: before.union(*(behind[b] for b in before)) for c, before in behind.items()}
    competency = {o.id: o.competency for o in catalogue.objectives}
    tests = {"pretest": 0, "posttest": 2}
    ranks = [tests.get(item.activity.kind, 1) for item in role.activities]
    assert ranks == sorted(ranks)
    steps = [item for item in role.activities if item.activity.kind not in tests]
    for place, late in enumerate(steps):
        for early in steps[place + 1 :]:
            wrong = all(
                competency[a] in behind[competency[b]]
                for a in early.activity.objectives
                for b in late.activity.objectives
            )
            assert not wrong, f"{early.activity.id} should come before {late.activity.id}"


@given(needs())
@settings(max_examples=25)
def test_order_hours_and_coverage_hold(need: RoleNeed) -> None:
    """Whatever the brief, a plan that comes out keeps order and hours, and shows all that it must."""
    plan = make_plan(brief_for(need))
    role = CATALOGUE.role(need.id)
    for planned in plan.roles:
        check_order(planned, CATALOGUE)
        activities = [item.activity for item in planned.activities]
        assert all(activity.ready for activity in activities)
        shown = {o.id for o in planned.objectives}
        for objective in CATALOGUE.objectives_of(role):
            seen = any(objective.id in a.objectives and EVIDENCE.get(a.kind) == objective.evidence for a in activities)
            assert seen or objective.id not in shown
            critical = role.competencies[objective.competency] == "critical"
            if critical and not need.without:
                assert objective.id in shown
            if objective.id in shown:
                assert objective.id not in need.without
            else:
                assert any(f"({objective.id})" in line for line in planned.left_out)
        if not need.without:
            assert sorted(planned.drills) == sorted(role.drills)
        assert not set(planned.drills) & set(need.without)
    assert [clash.role for clash in plan.clashes] == ([] if plan.roles else [need.id])


@given(catalogues(), st.integers(1, 300))
def test_no_plan_is_better(catalogue: Catalogue, limit: int) -> None:
    """The value of a small plan is the best of all subsets of activities; a clash comes out exactly when none fits."""
    need = RoleNeed(id="tester", head_count=1, hours=limit / 60)
    plan = make_plan(brief_for(need), catalogue)
    best = brute_force.best_value(catalogue, need)
    assert (plan.status == "clash") == (best is None)
    for role in plan.roles:
        check_order(role, catalogue)
        chosen = tuple(item.activity for item in role.activities)
        assert {o.id for o in role.objectives} == brute_force.shown(catalogue, chosen)
        worth = {o.id: brute_force.WORTH[catalogue.roles[0].competencies[o.competency]] for o in role.objectives}
        assert sum(worth.values()) - brute_force.minutes(chosen) == best


def test_preparation_stands_close_to_what_it_prepares() -> None:
    """In the example, the briefing comes right before the failure hunt and the debrief right after it."""
    plan = make_plan(load_brief(EXAMPLE / "brief.yaml"))
    for role in plan.roles[:2]:
        order = [item.activity.id for item in role.activities]
        place = order.index("failure-hunt")
        assert order[place - 1 : place + 2] == ["drill-briefing", "failure-hunt", "hunt-debrief"]


def test_the_example_fits_and_engineers_and_support_leads_take_the_drill() -> None:
    """The shipped example is feasible; the drill is planned for the two roles that take it, and for no other."""
    plan = make_plan(load_brief(EXAMPLE / "brief.yaml"))
    assert plan.status == "fits"
    assert {role.role for role in plan.roles if "failure-hunt" in role.drills} == {"engineer", "support-lead"}
    assert all(len(role.objectives) >= 4 for role in plan.roles)


def test_what_is_not_built_is_said() -> None:
    """A drill of the catalogue that does not exist yet is named as such, and not planned."""
    plan = make_plan(brief_for(RoleNeed(id="engineer", head_count=1, hours=8)))
    assert plan.roles[0].drills == ("failure-hunt", "interview-root-cause")
    assert "Too permissive and too censored (drill, 60 min): not built yet" in plan.roles[0].left_out


def test_what_is_not_built_is_not_planned() -> None:
    """An activity that is not ready is never given to anybody, nor is one that comes after it."""
    sheets = [("critical", 10, [], False), ("useful", 10, [0], False), ("useful", 10, [], False)]
    catalogue = small_catalogue(sheets, after=[(1, 0)])
    not_built = catalogue.activities[0].model_copy(update={"ready": False})
    catalogue = catalogue.model_copy(update={"activities": (not_built, *catalogue.activities[1:])})
    assert [activity.id for activity in catalogue.open_to(catalogue.roles[0])] == ["a2"]


def test_what_is_given_up_is_said() -> None:
    """Giving up a drill gives up what only it shows and what builds on it; the plan says which is which."""
    plan = make_plan(brief_for(RoleNeed(id="engineer", head_count=1, hours=8, without=("failure-hunt", "size-a-test"))))
    lines = {
        line.rpartition(": ")[0].rpartition("(")[2].rstrip(")"): line.rpartition(": ")[2]
        for line in plan.roles[0].left_out
    }
    assert lines["size-a-test"] == "given up in the brief"
    assert lines["find-failures"] == lines["plan-the-retest"] == "needs a drill that is left out"


@pytest.mark.walk
@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_the_same_brief_gives_the_same_plan(hash_seed: str) -> None:
    """A fresh process, with sets and dictionaries in another order, plans the same to the byte."""
    code = (
        "import sys; from drillyard.planning.brief import load_brief; from drillyard.planning.plan import make_plan\n"
        "sys.stdout.write(make_plan(load_brief(sys.argv[1])).to_json())"
    )
    path = EXAMPLE / "brief.yaml"
    env = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONIOENCODING": "utf-8"}
    run = subprocess.run([sys.executable, "-c", code, path], capture_output=True, env=env, check=True)
    assert run.stdout.decode() == make_plan(load_brief(path)).to_json()


@pytest.mark.walk
@settings(max_examples=20)
@given(st.permutations(sorted(NAMES)))
def test_roles_do_not_disturb_each_other(order: list[str]) -> None:
    """A role's plan is the same whatever other roles the brief names, in whatever order."""
    plan = make_plan(brief_for(*(RoleNeed(id=role, head_count=1, hours=5) for role in order)))
    for role in plan.roles:
        assert (role,) == make_plan(brief_for(RoleNeed(id=role.role, head_count=1, hours=5))).roles
