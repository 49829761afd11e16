"""Programmes: what is asked for (brief), what is planned (plan)."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from annotated_types import Ge, Le
from pydantic import Field, field_validator

from drillyard.records.base import Record
from drillyard.records.calendar import Aim, Calendar, PlanOption, Session
from drillyard.records.drill import Level

__all__ = [
    "AISystem",
    "Activity",
    "Brief",
    "Clash",
    "Competency",
    "Law",
    "Objective",
    "Plan",
    "Policy",
    "RoleNeed",
    "RolePlan",
    "Scheduled",
]


class RoleNeed(Record):
    """A role to train: how many people, how many hours each.

    `hours` may be written as hours and minutes, `1:30`. `without` names objectives or drills that the designer gives up
    for this role, knowingly. `systems` are the AI systems that the role works with; all where it names none.
    `shift` is the one of the calendar in which the role trains; the first where it names none. `level` is that of its
    drills, each in the form that its file states where it says nothing.
    """

    id: str
    head_count: int = Field(ge=1, le=100_000)
    hours: float = Field(gt=0, le=400)
    without: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    shift: str = ""
    level: Level | Literal[""] = ""

    @field_validator("hours", mode="before")
    @classmethod
    def _in_hours(cls, value: object) -> object:
        """Take `1:30` as one hour and thirty minutes."""
        if isinstance(value, str) and (told := re.fullmatch(r"(\d{1,3}):([0-5]\d)", value)):
            return int(told[1]) + int(told[2]) / 60
        return value


class AISystem(Record):
    """An AI system that the organisation runs, and the world its drills are built on.

    `world` is the name of one that ships, or the path of a folder, relative to the brief; then `world_sha256` tells all
    that stood in its files when the brief was read. `risks` are those of the competency model that the system brings:
    they add to what the roles that work with it must be able to do.
    """

    id: str
    name: str
    purpose: str
    world: str
    world_sha256: str = ""
    risks: tuple[str, ...] = ()


class Policy(Record):
    """A policy file of the organisation: path relative to the brief, title, SHA-256 of its bytes once read."""

    path: str
    title: str
    sha256: str = ""


class Law(Record):
    """A legal duty that the programme serves. Legal facts are data with a date, a source and how far to trust them."""

    id: str
    title: str = ""
    duty: str = ""
    as_of: str = ""
    source: str = ""
    trust: str = ""


class Brief(Record):
    """What a training designer hands in.

    `retries` says how often a learner who did not pass a drill may try it again on a fresh copy: as often as they like,
    so many times, or when the facilitator gives them one. `catalogue_sha256` tells all that stood in the designer's own
    catalogue beside the brief; it is empty without one. `calendar` says when, `aim` what the plan is to be best at.
    """

    title: str
    organisation: str
    roles: tuple[RoleNeed, ...] = Field(min_length=1)
    systems: tuple[AISystem, ...] = Field(min_length=1)
    policies: tuple[Policy, ...] = ()
    laws: tuple[Law, ...] = ()
    retries: Literal["unlimited", "facilitator"] | Annotated[int, Ge(0), Le(100)] = "unlimited"
    seed: int = Field(default=1, ge=0)
    catalogue_sha256: str = ""
    calendar: Calendar | None = None
    aim: Aim = "balanced"


class Competency(Record):
    """Something a role must be able to do.

    `sources` name the framework statements behind it, `after` what is learned before it, `part_of` the competency that
    it is a part of. `case_id` is the UUID under which another system knows it; empty where that follows from the id.
    """

    id: str
    title: str
    sources: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    part_of: str = ""
    case_id: str = ""


class Objective(Record):
    """An observable aim: verb, condition, criterion, kind of evidence that shows it; `case_id` as a competency's."""

    id: str
    competency: str
    verb: str
    statement: str
    condition: str
    criterion: str
    evidence: Literal["performance", "work-sample", "choice", "discussion"]
    bloom: Literal["remember", "understand", "apply", "analyse", "evaluate", "create"]
    case_id: str = ""


class Activity(Record):
    """Something to do in a programme; a `drill` activity names the drill that it runs.

    An activity of kind `lesson`, `pretest` or `posttest` has a lesson of its own name; a posttest comes after its
    pretest. `note` tells the facilitator what to do and bring; `ready` is false while the activity is not built yet.
    """

    id: str
    title: str
    kind: Literal[
        "reading", "lesson", "demo", "drill", "quiz", "discussion", "work-sample", "interview", "pretest", "posttest"
    ]
    minutes: int = Field(gt=0)
    objectives: tuple[str, ...]
    drill: str = ""
    after: tuple[str, ...] = ()
    note: str = ""
    ready: bool = True


class Scheduled(Record):
    """An activity with its place in a role's plan: minutes since the role's first session begins."""

    activity: Activity
    start: int = Field(ge=0)


class Clash(Record):
    """Why a plan cannot fit: a minimal set of rules that contradict each other, and what dropping each one frees.

    `role` is empty where the roles fit their hours and the calendar has no room for all of them.
    `remedies` has one line per rule, in the same order; `minimal` is false when the solver ran out of time.
    """

    role: str
    summary: str
    rules: tuple[str, ...]
    remedies: tuple[str, ...]
    minimal: bool = True


class RolePlan(Record):
    """The plan of one role. `because` says per competency which risk of which system asks for it, where one does.

    `gain` is how many objectives one of its people may be expected to master newly. `level` is that of its drills.
    """

    role: str
    title: str
    head_count: int
    hours: float
    competencies: tuple[Competency, ...]
    objectives: tuple[Objective, ...]
    activities: tuple[Scheduled, ...]
    left_out: tuple[str, ...] = ()
    level: Level | Literal[""] = ""
    because: dict[str, str] = {}
    gain: float = 0

    @property
    def minutes(self) -> int:
        """Planned minutes per person."""
        return sum(item.activity.minutes for item in self.activities)

    @property
    def drills(self) -> tuple[str, ...]:
        """The drills that this role takes, in the order of the plan."""
        return tuple(item.activity.drill for item in self.activities if item.activity.drill)


class Plan(Record):
    """A programme's plan: one part per role, or the clash that prevents it.

    `worlds` says per planned drill in which world it is given (empty for one without a model): the name of one that
    ships, or `worlds/NAME`, the copy in the programme folder. `unfit` says of drills why no system of the brief can
    hold them. `model` is the competency model, with its edition, that was planned from.
    `sessions` say who does what when, in the order of time, where the brief has a calendar; `options` weigh other ways.
    """

    title: str
    model: str = ""
    status: Literal["fits", "clash"]
    roles: tuple[RolePlan, ...]
    clashes: tuple[Clash, ...] = ()
    worlds: dict[str, str] = {}
    unfit: dict[str, str] = {}
    sessions: tuple[Session, ...] = ()
    options: tuple[PlanOption, ...] = ()
