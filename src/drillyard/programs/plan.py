"""Planning: which activities each role does, in which order, within its hours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ortools.sat.python import cp_model

from drillyard.programs.catalogue import load_catalogue
from drillyard.programs.clash import explain
from drillyard.programs.graph import Catalogue
from drillyard.programs.homes import Homes
from drillyard.programs.plan_model import aim, build, make_solver
from drillyard.programs.plan_problem import Problem, pose
from drillyard.programs.requirements import add_risks, reasons
from drillyard.records import Brief, Clash, Competency, Objective, Plan, RoleNeed, RolePlan, Scheduled

__all__ = ["make_plan"]


def make_plan(brief: Brief, catalogue: Catalogue | None = None, homes: Homes | None = None) -> Plan:
    """Plan every role of a brief, or say which rules clash. The same brief gives the same plan.

    Roles that fit are planned even when another one does not. A role whose problem the solver could not decide is
    reported as a clash that is maybe not minimal. `homes` says in which world each drill is given; one that no world
    can hold is planned for nobody, and the plan says why.
    """
    whole, homes = catalogue or load_catalogue(), homes or Homes()
    catalogue = add_risks(whole, brief)
    planned = [_plan_role(need, catalogue, homes.unfit) for need in brief.roles]
    clashes = tuple(part for part in planned if isinstance(part, Clash))
    return Plan(
        title=brief.title,
        status="clash" if clashes else "fits",
        model=f"{whole.model.title} {whole.model.edition}",
        roles=tuple(
            part.model_copy(update={"because": reasons(whole, need, brief)})
            for need, part in zip(brief.roles, planned, strict=True)
            if isinstance(part, RolePlan)
        ),
        clashes=clashes,
        worlds=dict(homes.worlds),
        unfit=dict(homes.unfit),
    )


def _plan_role(asked: RoleNeed, catalogue: Catalogue, unfit: Mapping[str, str]) -> RolePlan | Clash:
    homeless = [drill for drill in catalogue.role(asked.id).drills if drill in unfit and drill not in asked.without]
    need = asked.model_copy(update={"without": (*asked.without, *homeless)})
    problem = pose(need, catalogue)
    built = build(problem, problem.rule_names)
    built.model.maximize(aim(problem, built))
    chosen = make_solver()
    if chosen.solve(built.model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return explain(need, catalogue)
    scheduled = sorted(
        (
            Scheduled(activity=activity, start=chosen.value(built.start[activity.id]))
            for activity in problem.activities
            if chosen.boolean_value(built.present[activity.id])
        ),
        key=lambda item: item.start,
    )
    covered = {objective for objective, var in built.covered.items() if chosen.boolean_value(var)}
    role = catalogue.role(need.id)
    objectives = tuple(o for o in catalogue.objectives_of(role) if o.id in covered)
    return RolePlan(
        role=role.id,
        title=role.title,
        head_count=need.head_count,
        hours=need.hours,
        competencies=_competencies(objectives, catalogue),
        objectives=objectives,
        activities=tuple(scheduled),
        left_out=(
            *(f"The drill {drill}: {unfit[drill]}" for drill in homeless),
            *_left_out(problem, need, covered, catalogue),
        ),
    )


def _competencies(objectives: tuple[Objective, ...], catalogue: Catalogue) -> tuple[Competency, ...]:
    served = {objective.competency for objective in objectives}
    return tuple(competency for competency in catalogue.competencies if competency.id in served)


def _left_out(problem: Problem, need: RoleNeed, covered: set[str], catalogue: Catalogue) -> Iterator[str]:
    """Say in plain words what the role could have had, and why it has not."""
    role = catalogue.role(need.id)
    wanted = catalogue.objectives_of(role)
    for objective in wanted:
        if objective.id in covered:
            continue
        if objective.id in need.without:
            reason = "given up in the brief"
        elif objective.id not in problem.shown_by:
            reason = "needs a drill that is left out"
        else:
            reason = "the hours do not hold it, or it costs more time than it is worth"
        yield f"{objective.statement} ({objective.id}): {reason}"
    ids = {objective.id for objective in wanted}
    for activity in catalogue.activities:
        if not activity.ready and ids & set(activity.objectives):
            yield f"{activity.title} ({activity.kind}, {activity.minutes} min): not built yet"
