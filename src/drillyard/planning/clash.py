"""Why a plan does not fit: a minimal set of rules that contradict each other, and what dropping each one frees."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from ortools.sat.python import cp_model

from drillyard.planning.graph import Catalogue
from drillyard.planning.plan_model import build, make_solver
from drillyard.planning.plan_problem import HOURS, PlanRule, Problem, pose
from drillyard.records import Clash, RoleNeed

__all__ = ["explain", "in_hours", "minimal_core", "minutes_needed"]


def explain(need: RoleNeed, catalogue: Catalogue, reserved: int = 0) -> Clash:
    """Explain in plain words why no plan of a role fits, with what each remedy, once followed, would free.

    Args:
        need: the role's.
        catalogue: with what the risks of its systems ask for.
        reserved: minutes of its hours that recalls take.
    """
    problem = pose(need, catalogue, reserved)
    core, minimal = minimal_core(lambda active: build(problem, active).model, problem.rule_names)
    rules = {rule.name: rule for rule in problem.rules}
    kept = [rules[name] for name in core if name != HOURS]
    needed = minutes_needed(problem, rules)
    lines = [(_words(rule), _remedy(rule, need, needed, catalogue, reserved)) for rule in kept]
    if HOURS in core:
        asked, given = in_hours(needed + reserved), in_hours(problem.limit + reserved)
        lines.append((f"{given} per person", f"give {asked} per person instead of {given}: then everything fits"))
    return Clash(
        role=problem.role,
        summary=_summary(problem, kept, minutes_needed(problem, [rule.name for rule in kept]), reserved),
        rules=tuple(rule for rule, _ in lines),
        remedies=tuple(remedy for _, remedy in lines),
        minimal=minimal,
    )


def minimal_core(
    model_of: Callable[[Collection[str]], cp_model.CpModel], names: Sequence[str], effort: float | None = None
) -> tuple[tuple[str, ...], bool]:
    """Return rules that clash, and whether each one is certainly needed for the clash.

    A deletion pass: a rule without which the rest is still infeasible is left out. The models carry no objective.
    Where the solver, within its effort, cannot tell (UNKNOWN is not INFEASIBLE) the rule stays, and the answer may not
    be minimal.
    """
    core, certain = list(names), make_solver(effort).solve(model_of(names)) == cp_model.INFEASIBLE
    for name in names:
        rest = [kept for kept in core if kept != name]
        status = make_solver(effort).solve(model_of(rest))
        if status == cp_model.INFEASIBLE:
            core = rest
        elif status == cp_model.UNKNOWN:
            certain = False
    return tuple(core), certain


def minutes_needed(problem: Problem, rules: Collection[str]) -> int:
    """Return the fewest minutes per person in which the named rules hold, whatever the hours are.

    Should the solver stop early, that is a number which is certainly not enough to go below.
    """
    built = build(problem, [name for name in rules if name != HOURS])
    built.model.minimize(built.total)
    chosen = make_solver()
    chosen.solve(built.model)
    return round(chosen.best_objective_bound)


def in_hours(minutes: int) -> str:
    """Return minutes as `2 h 35 min`."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def _summary(problem: Problem, core: Sequence[PlanRule], needed: int, reserved: int) -> str:
    count = sum(len(rule.objectives) or 1 for rule in core)
    things, them = ("1 objective does", "it") if count == 1 else (f"{count} objectives do", "them")
    drop = "one of these" if len(core) > 1 else them
    given, asked = in_hours(problem.limit + reserved), in_hours(needed + reserved)
    return f"{problem.title}: {things} not fit in {given} ({asked} needed); drop {drop} or give more time"


def _words(rule: PlanRule) -> str:
    shown = "; ".join(objective.statement for objective in rule.objectives)
    if rule.drill:
        return f"the drill {rule.drill}" + (f" ({shown})" if shown else "")
    return shown


def _remedy(rule: PlanRule, need: RoleNeed, needed: int, catalogue: Catalogue, reserved: int) -> str:
    """Say what the brief would have to give up and, from a fresh pose of the problem, what that frees."""
    dropped = [rule.drill] if rule.drill else [objective.id for objective in rule.objectives]
    without = (*need.without, *dropped)
    left = pose(need.model_copy(update={"without": without}), catalogue, reserved)
    rest = minutes_needed(left, left.rule_names)
    then = f"still {in_hours(rest - left.limit)} too long" if rest > left.limit else "then everything fits"
    return f"write 'without: [{', '.join(without)}]' at the role: frees {in_hours(needed - rest)}; {then}"
