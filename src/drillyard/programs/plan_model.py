"""One role's planning problem as a CP-SAT model: optional intervals, prerequisites, hours, rules that must hold."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ortools.sat.python import cp_model

from drillyard.programs.plan_problem import HOURS, Problem
from drillyard.records import Activity

__all__ = ["Built", "aim", "build", "make_solver"]

# Deterministic time, not seconds: the same brief gives the same plan on a slow machine as on a fast one.
EFFORT = 30.0


@dataclass(frozen=True, kw_only=True)
class Built:
    """A model with the variables that its reader needs."""

    model: cp_model.CpModel
    present: Mapping[str, cp_model.IntVar]
    start: Mapping[str, cp_model.IntVar]
    covered: Mapping[str, cp_model.IntVar]
    total: cp_model.IntVar


def make_solver() -> cp_model.CpSolver:
    """Return a solver whose answer depends on the model alone: one worker, fixed seed, deterministic time."""
    chosen = cp_model.CpSolver()
    chosen.parameters.num_workers = 1
    chosen.parameters.random_seed = 1
    chosen.parameters.max_deterministic_time = EFFORT
    return chosen


def build(problem: Problem, active: Collection[str]) -> Built:
    """Build the model with the named rules only, without an objective."""
    model = cp_model.CpModel()
    horizon = sum(activity.minutes for activity in problem.activities)
    total = model.new_int_var(0, horizon, "total")
    present = {a.id: model.new_bool_var(f"present {a.id}") for a in problem.activities}
    start = {a.id: model.new_int_var(0, horizon, f"start {a.id}") for a in problem.activities}
    intervals = []
    for activity in problem.activities:
        here, begin = present[activity.id], start[activity.id]
        size = activity.minutes
        intervals.append(model.new_optional_fixed_size_interval_var(begin, size, here, activity.id))
        # Everything ends within the planned minutes, so a plan has no gaps.
        model.add(begin + size <= total).only_enforce_if(here)
        model.add(begin == 0).only_enforce_if(~here)
        for first in activity.after:
            model.add_implication(here, present[first])
    model.add_no_overlap(intervals)
    model.add(total == sum(a.minutes * present[a.id] for a in problem.activities))
    _add_orders(problem, model, present, start)
    covered = {}
    for objective, shown_by in problem.shown_by.items():
        covered[objective] = model.new_bool_var(f"covered {objective}")
        model.add_max_equality(covered[objective], [present[a] for a in shown_by])
    for rule in problem.rules:
        if rule.name in active:
            model.add_bool_or(present[a] for a in rule.activities)
    if HOURS in active:
        model.add(total <= problem.limit)
    return Built(model=model, present=present, start=start, covered=covered, total=total)


def aim(problem: Problem, built: Built) -> cp_model.LinearExpr:
    """Return what to maximise: the worth of the covered objectives minus the price of time.

    Between plans of equal value: what prepares for an activity stands as close before it as it can.
    """
    horizon = sum(activity.minutes for activity in problem.activities)
    waits = [
        _wait(built, activity, first, horizon)
        for activity in problem.activities
        for first in problem.activities
        if first.id in activity.after
    ]
    value = sum(problem.worth[o] * covered for o, covered in built.covered.items()) - built.total
    return (1 + horizon * len(waits)) * value - sum(waits)


def _wait(built: Built, activity: Activity, first: Activity, horizon: int) -> cp_model.IntVar:
    """Return a variable of at least the minutes between the end of `first` and the start of `activity`."""
    wait = built.model.new_int_var(0, horizon, f"wait {first.id} {activity.id}")
    end = built.start[first.id] + first.minutes
    built.model.add(built.start[activity.id] - end <= wait).only_enforce_if(built.present[activity.id])
    return wait


def _add_orders(
    problem: Problem,
    model: cp_model.CpModel,
    present: Mapping[str, cp_model.IntVar],
    start: Mapping[str, cp_model.IntVar],
) -> None:
    minutes = {a.id: a.minutes for a in problem.activities}
    after = [(first, a.id) for a in problem.activities for first in a.after]
    for first, then in dict.fromkeys([*after, *problem.orders]):
        both = (present[first], present[then])
        model.add(start[first] + minutes[first] <= start[then]).only_enforce_if(both)
