"""Clashes: minimal by trying every set of rules, and remedies that do what they say."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from ortools.sat.python import cp_model
from planning import brute_force
from planning.briefs import brief_for
from planning.test_plan import catalogues

from drillyard.planning import plan_model
from drillyard.planning.clash import explain, in_hours, minimal_core, minutes_needed
from drillyard.planning.graph import Catalogue
from drillyard.planning.plan import make_plan
from drillyard.planning.plan_model import build
from drillyard.planning.plan_problem import HOURS, pose
from drillyard.records import RoleNeed


def can_hold(catalogue: Catalogue, limit: int, rules: dict[str, set[str]], active: tuple[str, ...]) -> bool:
    """Say by trying every set of activities whether some rules can hold together."""
    needed = set().union(*(rules[name] for name in active if name != HOURS))
    return any(
        brute_force.holds(catalogue, chosen, needed) and (HOURS not in active or brute_force.minutes(chosen) <= limit)
        for chosen in brute_force.choices(catalogue)
    )


@given(catalogues(), st.integers(1, 120))
def test_the_clash_is_minimal(catalogue: Catalogue, limit: int) -> None:
    """The core cannot hold, and without any one of its rules it can; checked over every subset of the core."""
    need = RoleNeed(id="tester", head_count=1, hours=limit / 60)
    assume(brute_force.best_value(catalogue, need) is None)
    problem = pose(need, catalogue)
    rules = {rule.name: {o.id for o in rule.objectives} | ({rule.drill} - {""}) for rule in problem.rules}
    assert set().union(*rules.values()) == brute_force.required(catalogue)
    core, certain = minimal_core(lambda active: build(problem, active).model, problem.rule_names)
    assert certain and HOURS in core
    for subset in brute_force.subsets(core):
        assert can_hold(catalogue, limit, rules, subset) == (subset != core), subset
    clash = explain(need, catalogue)
    assert len(clash.rules) == len(clash.remedies) == len(core) and clash.minimal


@given(catalogues())
def test_minutes_needed_is_the_least(catalogue: Catalogue) -> None:
    """The fewest minutes are those of the shortest set of activities that holds what is required."""
    problem = pose(RoleNeed(id="tester", head_count=1, hours=1), catalogue)
    needed = brute_force.required(catalogue)
    shortest = min(
        brute_force.minutes(chosen)
        for chosen in brute_force.choices(catalogue)
        if brute_force.holds(catalogue, chosen, needed)
    )
    assert minutes_needed(problem, problem.rule_names) == shortest


@pytest.mark.parametrize(
    "need",
    [
        RoleNeed(id="engineer", head_count=1, hours=1),
        RoleNeed(id="engineer", head_count=1, hours=2.5),
        RoleNeed(id="support-lead", head_count=1, hours=2.5, without=("rate-severity",)),
        RoleNeed(id="product-manager", head_count=1, hours=0.7),
        RoleNeed(id="executive", head_count=1, hours=0.8),
        RoleNeed(id="executive", head_count=1, hours=0.1),
    ],
    ids=lambda need: f"{need.id} {need.hours:g}",
)
def test_remedies_do_what_they_say(need: RoleNeed) -> None:
    """Whoever follows a remedy gets a plan, or the clash that was announced, and frees the minutes that were said."""
    (clash,) = make_plan(brief_for(need)).clashes
    for remedy in clash.remedies:
        if given_up := re.search(r"without: \[(.*?)\]", remedy):
            tried = need.model_copy(update={"without": tuple(given_up[1].split(", "))})
            assert set(need.without) < set(tried.without)
        else:
            asked = re.match(r"give (?:(\d+) h)? ?(?:(\d+) min)? per person", remedy)
            assert asked
            minutes = 60 * int(asked[1] or 0) + int(asked[2] or 0)
            shorter = need.model_copy(update={"hours": (minutes - 1) / 60})
            assert make_plan(brief_for(shorter)).status == "clash"
            tried = need.model_copy(update={"hours": minutes / 60})
        expected = "fits" if "then everything fits" in remedy else "clash"
        assert make_plan(brief_for(tried)).status == expected, remedy


WITHOUT = ("interview-executive", "answer-the-board", "decide-with-a-stop-rule")


def test_a_clash_is_told_in_plain_words() -> None:
    """Four objectives, two of them in a drill; what each costs is known by hand, so the sentence is."""
    (clash,) = make_plan(brief_for(RoleNeed(id="executive", head_count=1, hours=0.8, without=WITHOUT))).clashes
    assert clash.summary == (
        "Executives: 4 objectives do not fit in 48 min (55 min needed); drop one of these or give more time"
    )
    assert clash.rules[-1] == "48 min per person"
    assert clash.remedies[-1] == "give 55 min per person instead of 48 min: then everything fits"
    assert (
        f"write 'without: [{', '.join(WITHOUT)}, assign-duties]' at the role: frees 15 min; then everything fits"
        in clash.remedies
    )


def test_one_role_that_clashes_leaves_the_others_planned() -> None:
    """The designer sees what fits beside what does not."""
    plan = make_plan(
        brief_for(
            RoleNeed(id="executive", head_count=1, hours=0.5), RoleNeed(id="product-manager", head_count=1, hours=6)
        )
    )
    assert plan.status == "clash"
    assert [role.role for role in plan.roles] == ["product-manager"]
    assert [clash.role for clash in plan.clashes] == ["executive"]


def golomb() -> cp_model.CpModel:
    """Return a model that takes long to decide: twelve marks on a short ruler, no distance twice."""
    model = cp_model.CpModel()
    marks = [model.new_int_var(0, 80, f"mark {i}") for i in range(12)]
    model.add_all_different([marks[i] - marks[j] for i in range(12) for j in range(12) if i != j])
    return model


def contradiction() -> cp_model.CpModel:
    """Return a model that is infeasible at first sight."""
    model = cp_model.CpModel()
    model.add_bool_or([])
    return model


@pytest.mark.parametrize("whole", [golomb, contradiction])
def test_running_out_of_time_is_said(whole: Callable[[], cp_model.CpModel], monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that the solver could not decide on stays in the clash, and the clash is then maybe not minimal."""
    monkeypatch.setattr(plan_model, "EFFORT", 1e-6)
    assert minimal_core(lambda active: whole() if len(active) == 2 else golomb(), ("a", "b")) == (("a", "b"), False)


@pytest.mark.parametrize(("minutes", "words"), [(0, "0 min"), (5, "5 min"), (60, "1 h"), (155, "2 h 35 min")])
def test_minutes_are_read_as_hours(minutes: int, words: str) -> None:
    """Times are written as people say them."""
    assert in_hours(minutes) == words
