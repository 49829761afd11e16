"""One role's planning problem as a CP-SAT model: which activities are planned, and the rules that must hold.

Order needs no variables: one person does one thing at a time and prerequisites form no circle, so any set that holds
what each of its members comes after can be put in order, which `ordering` does afterwards. Sixty activities take
hundredths of a second so; with start times in the model they took minutes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ortools.sat.python import cp_model

from drillyard.planning.gain import KNOWN, learning, straight_lines
from drillyard.planning.plan_problem import HOURS, Problem
from drillyard.records import Aim

__all__ = ["Built", "aim", "build", "make_solver"]

# Deterministic time, not seconds: the same brief gives the same plan on a slow machine as on a fast one.
EFFORT = 30.0
_GAIN = 1000  # points of one objective that is surely mastered


@dataclass(frozen=True, kw_only=True)
class Built:
    """A model with the variables that its reader needs."""

    model: cp_model.CpModel
    present: Mapping[str, cp_model.IntVar]
    covered: Mapping[str, cp_model.IntVar]
    total: cp_model.IntVar


def make_solver(effort: float | None = None) -> cp_model.CpSolver:
    """Return a solver whose answer depends on the model alone: one worker, fixed seed, deterministic time."""
    chosen = cp_model.CpSolver()
    chosen.parameters.num_workers = 1
    chosen.parameters.random_seed = 1
    chosen.parameters.max_deterministic_time = EFFORT if effort is None else effort
    return chosen


def build(problem: Problem, active: Collection[str]) -> Built:
    """Build the model with the named rules only, without an objective."""
    model = cp_model.CpModel()
    total = model.new_int_var(0, sum(activity.minutes for activity in problem.activities), "total")
    present = {a.id: model.new_bool_var(f"present {a.id}") for a in problem.activities}
    for activity in problem.activities:
        for first in activity.after:
            model.add_implication(present[activity.id], present[first])
    model.add(total == sum(a.minutes * present[a.id] for a in problem.activities))
    covered = {}
    for objective, shown_by in problem.shown_by.items():
        covered[objective] = model.new_bool_var(f"covered {objective}")
        model.add_max_equality(covered[objective], [present[a] for a in shown_by])
    for rule in problem.rules:
        if rule.name in active:
            model.add_bool_or(present[a] for a in rule.activities)
    if HOURS in active:
        model.add(total <= problem.limit)
    return Built(model=model, present=present, covered=covered, total=total)


def aim(problem: Problem, built: Built, best: Aim = "balanced") -> cp_model.LinearExpr:
    """Return what to maximise; between equals, the other measure decides.

    Args:
        problem: the role's.
        built: its model; variables for the gain are added to it.
        best: what the plan is to be best at. An earliest end is a matter of the calendar: here it is balanced.
    """
    worth = sum(problem.worth[o] * covered for o, covered in built.covered.items())
    if best == "least-hours":
        return worth - (1 + sum(problem.worth.values())) * built.total
    if best == "most-gain":
        most = 1 + sum(activity.minutes for activity in problem.activities)
        return most * sum(_gains(problem, built).values()) - built.total
    return worth - built.total


def _gains(problem: Problem, built: Built) -> dict[str, cp_model.IntVar]:
    """Return per objective a variable of at most its expected gain, which is concave in what serves it."""
    gains = {}
    for objective in problem.shown_by:
        serving = [(learning(a.kind), built.present[a.id]) for a in problem.activities if objective in a.objectives]
        gain = gains[objective] = built.model.new_int_var(0, round(_GAIN * (1 - KNOWN)), f"gain {objective}")
        served = sum(strength * here for strength, here in serving)
        for slope, height in straight_lines(sum(strength for strength, _ in serving)):
            built.model.add(1_000_000 * gain <= slope * served + height)
    return gains
