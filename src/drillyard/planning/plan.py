"""Planning: which activities each role does, in which order, within its hours, and when, where there is a calendar."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate

from ortools.sat.python import cp_model

from drillyard.planning.catalogue import load_catalogue
from drillyard.planning.clash import explain
from drillyard.planning.gain import expected_gain
from drillyard.planning.graph import Catalogue
from drillyard.planning.homes import Homes
from drillyard.planning.jobs import PREPARES, RECALL, RECALL_MINUTES, Job, list_jobs
from drillyard.planning.ordering import order
from drillyard.planning.placing import make_room, place, sessions_of
from drillyard.planning.placing_clash import explain_calendar
from drillyard.planning.plan_model import aim, build, make_solver
from drillyard.planning.plan_problem import Problem, pose
from drillyard.planning.requirements import add_risks, reasons
from drillyard.psychometrics.recall import Recalled, Review, review, still_known
from drillyard.records import (
    Aim,
    Brief,
    Clash,
    Competency,
    Objective,
    Plan,
    PlanOption,
    RoleNeed,
    RolePlan,
    Scheduled,
    Session,
)

__all__ = ["make_plan"]


@dataclass(frozen=True, kw_only=True)
class _Draft:
    """One way to plan a brief: roles or why they do not fit, sessions or None where the calendar has no room."""

    aim: Aim
    roles: tuple[RolePlan, ...]
    clashes: tuple[Clash, ...]
    sessions: tuple[Session, ...] | None = ()


def make_plan(brief: Brief, catalogue: Catalogue | None = None, homes: Homes | None = None) -> Plan:
    """Plan every role of a brief, or say which rules clash. The same brief gives the same plan.

    Roles that fit are planned even when another one does not. A role whose problem the solver could not decide is
    reported as a clash that is maybe not minimal. `homes` says in which world each drill is given; one that no world
    can hold is planned for nobody, and the plan says why. Other ways to plan the brief are weighed in `options`.
    """
    whole, homes = catalogue or load_catalogue(), homes or Homes()
    widened = add_risks(whole, brief)
    chosen = _draft(brief, widened, homes.unfit, brief.aim)
    clashes = chosen.clashes
    if chosen.sessions is None and brief.calendar:
        roles, calendar = _shifts(brief, chosen.roles), brief.calendar
        clashes = (explain_calendar(lambda recalls: list_jobs(roles, calendar, widened, recalls), calendar),)
    needs = {need.id: need for need in brief.roles}
    return Plan(
        title=brief.title,
        status="clash" if clashes else "fits",
        model=f"{whole.model.title} {whole.model.edition}",
        roles=tuple(
            role.model_copy(update={"because": reasons(whole, needs[role.role], brief)}) for role in chosen.roles
        ),
        clashes=clashes,
        worlds=dict(homes.worlds),
        unfit=dict(homes.unfit),
        sessions=chosen.sessions or (),
        options=() if chosen.clashes else tuple(_options(brief, widened, homes.unfit, chosen)),
    )


def _draft(brief: Brief, catalogue: Catalogue, unfit: Mapping[str, str], best: Aim) -> _Draft:
    """Plan a brief in one way. An earliest end leaves the recalls out."""
    recalls = brief.calendar.recall if brief.calendar and best != "earliest-end" else 0
    planned = [_plan_role(need, catalogue, unfit, best, recalls * RECALL_MINUTES) for need in brief.roles]
    roles = tuple(part for part in planned if isinstance(part, RolePlan))
    clashes = tuple(part for part in planned if isinstance(part, Clash))
    if brief.calendar is None or clashes:
        return _Draft(aim=best, roles=roles, clashes=clashes)
    jobs = list_jobs(_shifts(brief, roles), brief.calendar, catalogue, recalls)
    return _Draft(aim=best, roles=roles, clashes=(), sessions=_place(brief, jobs))


def _place(brief: Brief, jobs: Sequence[Job]) -> tuple[Session, ...] | None:
    if brief.calendar is None or not jobs:
        return ()
    room = make_room(jobs, brief.calendar)
    starts = place(room)
    return None if starts is None else sessions_of(room, starts)


def _shifts(brief: Brief, roles: Sequence[RolePlan]) -> list[tuple[RolePlan, str]]:
    shifts = {need.id: need.shift for need in brief.roles}
    return [(role, shifts[role.role]) for role in roles]


def _options(brief: Brief, catalogue: Catalogue, unfit: Mapping[str, str], chosen: _Draft) -> Iterator[PlanOption]:
    """Weigh the chosen plan against the others."""
    aims: tuple[Aim, ...] = ("balanced", "least-hours", "most-gain", *(("earliest-end",) if brief.calendar else ()))
    for one in aims:
        draft = chosen if one == chosen.aim else _draft(brief, catalogue, unfit, one)
        if not draft.clashes:
            yield _option(draft, chosen.aim)


def _option(draft: _Draft, chosen: Aim) -> PlanOption:
    heads = sum(role.head_count for role in draft.roles)
    sessions = draft.sessions or ()
    recalled = sum(one.minutes * one.people for one in sessions if one.activity == RECALL)
    last = max(sessions, key=lambda one: one.starts, default=None)
    return PlanOption(
        aim=draft.aim,
        chosen=draft.aim == chosen,
        hours=round((sum(role.head_count * role.minutes for role in draft.roles) + recalled) / 60, 2),
        objectives=sum(len(role.objectives) for role in draft.roles),
        gain=round(sum(role.head_count * role.gain for role in draft.roles) / heads, 2),
        activities=sum(len(role.activities) for role in draft.roles),
        kept=round(_kept(sessions), 3),
        recalls=sum(one.activity == RECALL for one in sessions),
        facilitator_hours=round(sum(one.minutes for one in sessions if one.facilitated) / 60, 2),
        last_day=last.local_start.date().isoformat() if last else "",
        fits=draft.sessions is not None,
    )


def _kept(sessions: Sequence[Session]) -> float:
    """Return which share of what was read is recalled 30 days after the last session, by FSRS-6, over people."""
    groups: dict[tuple[str, int], list[Session]] = {}
    for one in sessions:
        if one.kind in (*PREPARES, RECALL):
            groups.setdefault((one.role, one.group), []).append(one)
    total = people = 0.0
    for own in groups.values():
        last: Review | None = None
        for one in own:  # what was read earlier counts from the last reading on
            last = review(last if one.kind == RECALL else None, Recalled.GOOD, one.starts)
        if last:
            at = max(one.starts for one in sessions) + timedelta(days=30)
            total, people = total + own[0].people * still_known(last, at), people + own[0].people
    return total / people if people else 0.0


def _plan_role(
    asked: RoleNeed, catalogue: Catalogue, unfit: Mapping[str, str], best: Aim, reserved: int
) -> RolePlan | Clash:
    homeless = [drill for drill in catalogue.role(asked.id).drills if drill in unfit and drill not in asked.without]
    need = asked.model_copy(update={"without": (*asked.without, *homeless)})
    problem = pose(need, catalogue, reserved)
    built = build(problem, problem.rule_names)
    built.model.maximize(aim(problem, built, best))
    chosen = make_solver()
    if chosen.solve(built.model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return explain(need, catalogue, reserved)
    picked = [activity for activity in problem.activities if chosen.boolean_value(built.present[activity.id])]
    steps = order(picked, problem.orders)
    starts = accumulate((step.minutes for step in steps), initial=0)
    scheduled = (Scheduled(activity=step, start=start) for step, start in zip(steps, starts, strict=False))
    covered = {objective for objective, var in built.covered.items() if chosen.boolean_value(var)}
    role = catalogue.role(need.id)
    objectives = tuple(o for o in catalogue.objectives_of(role) if o.id in covered)
    return RolePlan(
        role=role.id,
        title=role.title,
        head_count=need.head_count,
        hours=need.hours,
        level=need.level,
        competencies=_competencies(objectives, catalogue),
        objectives=objectives,
        activities=tuple(scheduled),
        gain=round(expected_gain(picked, (o for o in catalogue.objectives if o.id in problem.shown_by)), 3),
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
